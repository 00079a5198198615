"""ExtraParameters as lists by `;`: placeholders are filled in from the event and the account, and there must be so many.

Source: spec/tariffplans.md (dynamic formats).
"""

from __future__ import annotations

import re
from typing import Any

from cgrd.codec import plain_tree
from cgrd.errors import Wrong
from cgrd.fields import compile_value
from cgrd_subsystem_rals.actions.doing import Doing

_PLACE = re.compile(r"<(~[^<>]*)>")
# What stands between form feeds is one parameter, whatever is in it.
_PART = re.compile(r"\f([^\f]*)\f(?:;|\Z)|([^;]*)(?:;|\Z)")


def parameters(doing: Doing, count: int) -> list[str]:
    """The parameters of an action.

    Raises:
        Wrong: there are not so many, or a placeholder cannot be read.
    """
    found = split(doing.action.ExtraParameters)
    if len(found) != count:
        raise Wrong(f"invalid number of parameters <{len(found)}> expected {count}", explain=f"{doing.action.ActionType} takes {count}, with ; between")
    roots = roots_of(doing)
    return [filled(part, roots) for part in found]


def split(text: str) -> list[str]:
    """The parts of a text between `;`; a part in form feeds may hold some."""
    found, at = [], 0
    while True:
        match = _PART.match(text, at)
        assert match is not None
        found.append(match[1] if match[1] is not None else match[2])
        at = match.end()
        if not match[0].endswith(";"):
            return found
        if at == len(text):
            return [*found, ""]


def filled(text: str, roots: dict[str, Any]) -> str:
    """The text with what `<~*req.Account>` names; `<~*req.A+_+~*req.B>` puts values one behind the other.

    Raises:
        CgrdError: a value cannot be read.
    """
    return _PLACE.sub(lambda match: "".join(compile_value(part).text(roots) for part in match[1].split("+")), text)


def roots_of(doing: Doing) -> dict[str, Any]:
    """What placeholders read: the event under `*req` (the account, where no event set the action off), the account under `*acnt`."""
    account = plain_tree(doing.account()) if doing.key else {}
    return {"*req": dict(doing.event) if doing.event else account, "*acnt": account, "*opts": {}}


def tenant_of(doing: Doing, text: str) -> str:
    """The tenant that a parameter names; "" and `*tenant` are that of the event or account, else the default one."""
    if text and text != "*tenant":
        return text
    return str((doing.event or {}).get("Tenant") or doing.key.partition(":")[0] or doing.desk.services.default_tenant)


def listed(text: str) -> list[str]:
    """The members of an inner list, `&` between them."""
    return [part for part in text.split("&") if part]
