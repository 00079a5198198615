"""The reference's recorded answers about attribute types and converters, asked of the pure language."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cgrd import codec
from cgrd.errors import CgrdError, MandatoryMissing, NotFound
from cgrd.fields import Source, Value, compile_rules, compile_value, field_type, text_of

SHARED = Path(os.environ.get("CGRD_CASES", Path(__file__).parents[3] / "shared" / "conformance" / "cases"))
CASES = sorted((SHARED / "attributes").glob("*.json"))
pytestmark = pytest.mark.skipif(not CASES, reason="the recorded answers are not beside this checkout (CGRD_CASES)")

REMOVED = "<removed>"
# The noise of the reference's binary floats; decimals are exact here.
NOISE = {"3.3000000000000003": "3.3"}


def values_of(params: dict[str, Any]) -> list[tuple[dict[str, Any], Value]]:
    found = []
    for attribute in params.get("Attributes") or []:
        value = attribute.get("Value")
        if not attribute.get("Path"):
            raise MandatoryMissing("Path")
        if not value:
            raise MandatoryMissing("Value")
        found.append((attribute, compile_value(value) if isinstance(value, str) else compile_rules([rule["Rules"] for rule in value])))
    return found


def set_profile(params: dict[str, Any], profiles: dict[str, Any]) -> str:
    try:
        profiles[params["ID"]] = values_of(params)
    except CgrdError as error:
        profiles.pop(params["ID"], None)
        return f"SERVER_ERROR: {error}"
    return "OK"


def is_ours(step: dict[str, Any]) -> bool:
    """Whether the recorded refusal is about the language, not about the request's shape."""
    other = ("json:", "filter", "parsing time", "[ID]", "[Attributes]")
    return isinstance(step["params"], dict) and "ID" in step["params"] and not any(word in str(step["error"]) for word in other)


def only_attribute(params: Any, profiles: dict[str, Any]) -> tuple[dict[str, Any], Value] | None:
    """The attribute of the one profile that is asked, where it is the only one and unconditional."""
    options = params.get("APIOpts") if isinstance(params, dict) else None
    if not isinstance(options, dict) or options.get("*attrProcessRuns", 1) != 1 or not isinstance(params.get("Event"), dict):
        return None
    ids = options.get("*attrProfileIDs")
    found = profiles.get(ids[0]) if isinstance(ids, list) and len(ids) == 1 else None
    if not found or len(found) != 1 or found[0][0].get("FilterIDs") or str(found[0][0].get("Type")).startswith("*http"):
        return None
    attribute, value = found[0]
    return (attribute, value) if attribute["Path"].split(".")[0] in ("*req", "*opts", "*tenant") else None


def run(attribute: dict[str, Any], value: Value, params: dict[str, Any]) -> str:
    variables = {"*processRuns": 1, "*processedProfileIDs": {}}
    roots = {"*req": params["Event"], "*opts": params["APIOpts"], "*vars": variables, "*tenant": params.get("Tenant")}
    there = compile_value("~" + attribute["Path"])
    name = attribute.get("Type") or "*variable"
    try:
        kind = field_type(name)
        made = text_of(kind.maker(Source(type=name, value=value))(roots, lambda: there.find(roots)))
    except NotFound as error:
        return str(error)
    except CgrdError as error:
        return f"SERVER_ERROR: {error}"
    if value.rule == "*remove":
        return REMOVED
    return (there.find(roots) or "") + made if kind.mode == "append" else made


def recorded(attribute: dict[str, Any], step: dict[str, Any]) -> str:
    if step["error"]:
        return str(step["error"])
    path, result = attribute["Path"], step["result"]
    if path == "*tenant":
        return str(result["Tenant"])
    if path.endswith("]"):
        return str(result["Event"][path.partition(".")[2]])
    found = compile_value(f"~{path}").find({"*req": result["Event"], "*opts": result["APIOpts"]})
    return REMOVED if found is None else NOISE.get(found, found)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_values_are_made_as_recorded(path: Path) -> None:
    profiles: dict[str, Any] = {}
    wrong = []
    for number, step in enumerate(codec.decode(path.read_bytes())["steps"]):
        method, params = step["method"].partition(".")[2], step["params"]
        if method == "SetAttributeProfile" and is_ours(step):
            got, wanted = set_profile(params, profiles), step["error"] or step["result"]
        elif method == "ProcessEvent" and "[A]" not in str(step["error"]) and (found := only_attribute(params, profiles)):
            got, wanted = run(*found, params), recorded(found[0], step)
        else:
            continue
        if got != wanted:
            wrong.append(f"step {number} {method} {params}: {got!r}, recorded {wanted!r}")
    assert not wrong, "\n".join(wrong)
