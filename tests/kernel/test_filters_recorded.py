"""The reference's recorded answers about filters, asked of the pure language: rules, refusals, index contents, candidates."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cgrd import codec
from cgrd.errors import CgrdError, MandatoryMissing, NotFound
from cgrd.filters import Filter, FilterContext, Filters, Index, IndexSettings
from cgrd.instants import Instant

SHARED = Path(os.environ.get("CGRD_CASES", Path(__file__).parents[3] / "shared" / "conformance" / "cases"))
CASES = sorted((SHARED / "filters").glob("*.json"))
pytestmark = pytest.mark.skipif(not CASES, reason="the recorded answers are not beside this checkout (CGRD_CASES)")

PREFIXES = {"DST_DE": ("+49", "0049"), "DST_100": ("100",), "DST_UK": ("44",)}
# An address in memory: the reference prints a pointer.
POINTER = "Empty field path  for filter <&{"
KINDS = {
    "SetAttributeProfile": ("attributes", "AttributeProfile"),
    "SetThresholdProfile": ("thresholds", "ThresholdProfile"),
    "SetStatQueueProfile": ("stats", "StatQueueProfile"),
    "SetRouteProfile": ("routes", "RouteProfile"),
    "SetChargerProfile": ("chargers", "ChargerProfile"),
    "SetResourceProfile": ("resources", "ResourceProfile"),
}
# Not GetResourcesForEvent: the case repeats one usage id, and the reference answers from what it remembered of the first.
ASKING = {
    "GetThresholdsForEvent": "thresholds",
    "GetStatQueuesForEvent": "stats",
    "GetRouteProfilesForEvent": "routes",
    "GetChargersForEvent": "chargers",
    "GetAttributeForEvent": "attributes",
}
OUTSIDE = ("*resources", "*stats.", "*accounts", "*trends", "*rankings")


class Timing:
    def __init__(self, holds: Callable[[Any], bool]) -> None:
        self.holds = holds

    def contains(self, moment: Instant) -> bool:
        return self.holds(moment.datetime())


TIMINGS = {
    "TM_WORK": Timing(lambda at: at.isoweekday() < 6 and at.hour >= 8),
    "TM_WEEKEND": Timing(lambda at: at.isoweekday() > 5),
    "TM_2019": Timing(lambda at: at.year == 2019),
    "TM_NIGHT": Timing(lambda at: at.hour >= 20 or at.hour < 6),
}


def destinations(number: str) -> set[str]:
    return {name for name, prefixes in PREFIXES.items() if number.startswith(prefixes)}


class Replay:
    """Just enough of a daemon to ask the language what the case asked the reference."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.config = json.loads(case["config"]["cgrates.json"])
        self.stored: dict[tuple[str, str], Filter] = {}
        context = FilterContext(destinations=destinations, timing=TIMINGS.get)
        self.filters = Filters(context=context, lookup=lambda tenant, name: self.stored.get((tenant, name)))
        self.profiles: dict[str, dict[str, Any]] = {}
        self.indexes: dict[tuple[str, str], Index] = {}
        self.unsure: set[str] = set()

    def index(self, section: str, context: str = "") -> Index:
        settings = IndexSettings.of(self.config.get(section, {}))
        return self.indexes.setdefault((section, context), self.filters.index("cgrates.org", settings))

    def set_filter(self, params: dict[str, Any]) -> str:
        record = codec.convert({key: value for key, value in params.items() if key != "APIOpts"}, Filter)
        record.Tenant = record.Tenant or "cgrates.org"
        if not record.ID:
            raise MandatoryMissing("ID")
        self.filters.compile_rules(record)
        self.stored[record.Tenant, record.ID] = record
        self.filters.changed(record.Tenant, record.ID, record)
        for index in self.indexes.values():
            index.refresh(record.ID)
        return "OK"

    def set_profile(self, section: str, params: dict[str, Any]) -> str:
        self.filters.check("cgrates.org", params["ID"], params.get("FilterIDs"))
        self.profiles.setdefault(section, {})[params["ID"]] = params
        contexts = (params.get("Contexts") or ["*any"]) if section == "attributes" else [""]
        for context in contexts:
            self.index(section, context).set(params["ID"], params.get("FilterIDs"))
        return "OK"

    def remove_profile(self, section: str, id: str) -> None:
        self.profiles.get(section, {}).pop(id, None)
        for (of, _), index in self.indexes.items():
            if of == section:
                index.remove(id)

    def roots(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"*req": params.get("Event") or {}, "*opts": params.get("APIOpts") or {}, "*vars": {"*processRuns": 0}}

    def passes(self, section: str, id: str, params: dict[str, Any]) -> str:
        profile = self.profiles[section][id]
        matcher = self.filters.compile("cgrates.org", profile.get("FilterIDs"))
        return "passes" if matcher.passes(self.roots(params)) else "NOT_FOUND"


def answer(call: Callable[..., str], *args: Any) -> str:
    try:
        return call(*args)
    except (MandatoryMissing, NotFound) as error:
        return str(error)
    except CgrdError as error:
        return f"SERVER_ERROR: {error}"


def by_id(params: dict[str, Any], replay: Replay) -> str | None:
    """The one profile that is asked by its id, where that is so and no other subsystem is needed."""
    options = params.get("APIOpts")
    ids = options.get("*attrProfileIDs") if isinstance(options, dict) else None
    if options is None or not isinstance(ids, list) or len(ids) != 1 or "*attrProfileIgnoreFilters" in options or not isinstance(params.get("Event"), dict):
        return None
    profile = replay.profiles.get("attributes", {}).get(ids[0])
    outside = profile is None or any(word in str(profile["FilterIDs"]) for word in OUTSIDE)
    return None if outside else ids[0]


def load(path: Path) -> dict[str, Any]:
    case: dict[str, Any] = codec.decode(path.read_bytes())
    return case


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_rules_answer_as_recorded(path: Path) -> None:
    case = load(path)
    replay = Replay(case)
    asked, wrong = 0, []
    for number, step in enumerate(case["steps"]):
        method, params = step["method"].partition(".")[2], step["params"]
        wanted = step["error"] or step["result"]
        if not isinstance(params, dict) or str(wanted).startswith("json:"):
            continue
        if method == "SetFilter":
            got = answer(replay.set_filter, params)
        elif method == "SetAttributeProfile":
            got = answer(replay.set_profile, "attributes", params)
        elif method == "GetAttributeForEvent" and (name := by_id(params, replay)):
            got = answer(replay.passes, "attributes", name, params)
            wanted = step["error"] or "passes"
        else:
            continue
        asked += 1
        if got != wanted and POINTER not in str(wanted):
            wrong.append(f"step {number} {method} {params}: {got}, recorded {wanted}")
    assert not wrong, "\n".join(wrong)
    assert asked


def of_event(replay: Replay, section: str, params: dict[str, Any]) -> set[str]:
    context = str((params.get("APIOpts") or {}).get("*context", "*any")) if section == "attributes" else ""
    found = set(replay.index(section, context).candidates(replay.roots(params)))
    if section == "attributes":
        found |= replay.index(section, "*any").candidates(replay.roots(params))
    return {id for id in found if answer(replay.passes, section, id, params) == "passes" and active(replay.profiles[section][id], params)}


def active(profile: dict[str, Any], params: dict[str, Any]) -> bool:
    interval, at = profile.get("ActivationInterval") or {}, params.get("Time")
    return at is None or (interval.get("ActivationTime", "") <= at and at < interval.get("ExpiryTime", "9999"))


def cut(replay: Replay, section: str, found: set[str]) -> list[str]:
    """Best weight first, up to one that blocks; only the best for attributes."""
    profiles = sorted((replay.profiles[section][id] for id in found), key=lambda profile: -Decimal(profile.get("Weight", 0)))
    ids: list[str] = []
    for profile in profiles[:1] if section == "attributes" else profiles:
        ids.append(profile["ID"])
        if profile.get("Blocker"):
            break
    return ids


def recorded_ids(step: dict[str, Any]) -> list[str]:
    result = step["result"] or []
    items = result if isinstance(result, list) else [result]
    return [item["ID"] if isinstance(item, dict) else item for item in items]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_index_finds_who_the_reference_found(path: Path) -> None:
    case = load(path)
    replay = Replay(case)
    wrong = []
    for number, step in enumerate(case["steps"]):
        method, params = step["method"].partition(".")[2], step["params"]
        if not isinstance(params, dict):
            continue
        if method == "ComputeFilterIndexes":
            break  # the reference loses profiles there (suspected bug 5)
        if method == "SetFilter" and not step["error"]:
            replay.set_filter(params)
        elif method in KINDS and not step["error"]:
            replay.set_profile(KINDS[method][0], params)
        elif method.startswith("Remove") and method.endswith("Profile"):
            replay.remove_profile({kind: section for section, kind in KINDS.values()}[method[6:]], params["ID"])
        elif method == "RemoveFilterIndexes" and not step["error"]:
            replay.index(params["ItemType"][1:], params.get("Context", "")).clear()
        elif method == "GetFilterIndexes" and params.get("Tenant", "cgrates.org") == "cgrates.org" and not str(step["error"]).startswith("MANDATORY"):
            index = replay.index(params["ItemType"][1:], params.get("Context", ""))
            got: Any = index.listing(kind=params.get("FilterType", ""), field=params.get("FilterField", ""), value=params.get("FilterValue", ""))
            if got != sorted(step["result"] or []):
                wrong.append(f"step {number} {method} {params}: {got}, recorded {step['result']}")
        elif method in ASKING and "*attrProfileIDs" not in str(params) and params.get("Tenant") == "cgrates.org" and not odd(step):
            section = ASKING[method]
            got = cut(replay, section, of_event(replay, section, params))
            if got != recorded_ids(step):
                wrong.append(f"step {number} {method} {params}: {got}, recorded {recorded_ids(step)} {step['error']}")
    assert not wrong, "\n".join(wrong)


def odd(step: dict[str, Any]) -> bool:
    return bool(step["error"]) and step["error"] != "NOT_FOUND"


def test_inline_filters_are_shown_as_records() -> None:
    record = Filters().parse("cgrates.org", "*string:~*req.Account:1001|1002")
    assert msgspec.to_builtins(record) == {
        "Tenant": "cgrates.org",
        "ID": "*string:~*req.Account:1001|1002",
        "Rules": [{"Type": "*string", "Element": "~*req.Account", "Values": ["1001", "1002"]}],
        "ActivationInterval": None,
    }
