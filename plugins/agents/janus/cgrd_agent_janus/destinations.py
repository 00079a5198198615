"""Which messages of which plugin name where a call goes: the rooms, mountpoints, numbers and people behind a plugin. Pure.

Source: the plugin pages of Janus 1.x; spec of the agent: "any message that names a destination".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class _Naming(NamedTuple):
    """How a plugin's message names a destination: in `field` of requests called one of `requests`; `bare` = without the plugin's name."""

    requests: frozenset[str]
    field: str
    verb: str = "request"
    bare: bool = False


def _naming(requests: str, field: str, *, verb: str = "request", bare: bool = False) -> _Naming:
    return _Naming(frozenset(requests.split()), field, verb, bare)


_NAMINGS: Mapping[str, tuple[_Naming, ...]] = {
    "videoroom": (_naming("join joinandconfigure", "room"),),
    "audiobridge": (_naming("join changeroom", "room"),),
    "streaming": (_naming("watch switch", "id"),),
    "textroom": (_naming("join", "room", verb="textroom"), _naming("join", "room")),
    "videocall": (_naming("call", "username"),),
    "recordplay": (_naming("play", "id"),),
    "sip": (_naming("call transfer", "uri", bare=True), _naming("message", "uri", bare=True)),
}

_FAREWELLS: Mapping[str, Mapping[str, str]] = {
    # Plugins whose other side must hear a goodbye before the media is cut: a SIP BYE, the end for the called person.
    "sip": {"request": "hangup"},
    "videocall": {"request": "hangup"},
}


def short_name(plugin: str) -> str:
    """`echotest` of `janus.plugin.echotest`; the whole name of a plugin that is named otherwise."""
    return plugin.removeprefix("janus.plugin.")


def names_destinations(plugin: str) -> bool:
    """Whether messages of the plugin say where the call goes, so that attaching to it says nothing final yet."""
    return short_name(plugin) in _NAMINGS


def destination_of(plugin: str, body: Mapping[str, Any]) -> str:
    """The destination that a message names (`videoroom:1234`, the user part of a SIP URI); "" when it names none."""
    short = short_name(plugin)
    for naming in _NAMINGS.get(short, ()):
        request, value = body.get(naming.verb), body.get(naming.field)
        if isinstance(request, str) and request in naming.requests and isinstance(value, (str, int)) and value != "":
            return _sip_user(str(value)) if naming.bare else f"{short}:{value}"
    return ""


def _sip_user(uri: str) -> str:
    """The user part of a SIP or tel URI: +49123 of `sip:+49123;phone-context=x@example.org`."""
    scheme, colon, rest = uri.partition(":")
    address = rest if colon and scheme.lower() in ("sip", "sips", "tel") else uri
    return address.partition("@")[0].partition(";")[0]


def farewell(plugin: str) -> Mapping[str, str] | None:
    """The message that ends a call politely for the other side too; None where the plugin needs none."""
    return _FAREWELLS.get(short_name(plugin))
