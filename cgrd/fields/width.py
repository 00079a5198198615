"""Fixed widths of exported and replied fields: what is cut from longer texts and what shorter ones are filled with."""

from __future__ import annotations

from collections.abc import Callable

from cgrd.errors import Wrong

_STRIPS: dict[str, Callable[[str, int], str]] = {
    "*right": lambda text, width: text[:width],
    "*xright": lambda text, width: text[: width - 1] + "x",
    "*left": lambda text, width: text[len(text) - width :],
    "*xleft": lambda text, width: "x" + text[len(text) - width + 1 :],
}
_PADS: dict[str, Callable[[str, int], str]] = {
    "*right": lambda text, width: text.ljust(width),
    "*left": lambda text, width: text.rjust(width),
    "*zeroleft": lambda text, width: text.rjust(width, "0"),
}


def fit(text: str, *, tag: str, width: int, strip: str = "", padding: str = "") -> str:
    """The text in exactly `width` characters; 0 leaves it as it is.

    Raises:
        Wrong: it is longer and no strip, or shorter and no padding, is configured.
    """
    if width <= 0 or len(text) == width:
        return text
    if len(text) > width:
        if strip not in _STRIPS:
            raise Wrong(f"Value {text} is too long for field {tag} of width {width}", explain="give the field a strip: *right, *xright, *left, *xleft")
        return _STRIPS[strip](text, width)
    if padding not in _PADS:
        raise Wrong(f"Value {text} is too short for field {tag} of width {width}", explain="give the field a padding: *right, *left, *zeroleft")
    return _PADS[padding](text, width)
