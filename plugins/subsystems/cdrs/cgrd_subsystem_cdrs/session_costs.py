"""Which kept costs of sessions filters mean: rules on `~*sc.<field>` as conditions on the columns of `session_costs`.

Source: spec/tariffplans.md (*remove_session_costs), spec/ops.md (table session_costs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import Any, Final

import msgspec

from cgrd import Instant
from cgrd.durations import parse_duration
from cgrd.errors import NotFound, Wrong
from cgrd.filters import Filter, Rule, is_inline, parse_inline
from cgrd.instants import parse_instant
from cgrd.store import Condition

ROOT: Final = "~*sc."
TEXTS: Final = {"CGRID": "cgrid", "RunID": "run_id", "OriginHost": "origin_host", "OriginID": "origin_id", "CostSource": "cost_source"}
AMOUNTS: Final = {"Usage": "usage", "CreatedAt": "created_at"}
ALIKE: Final = {"*string": "in", "*notstring": "not in", "*prefix": "prefix", "*notprefix": "not prefix"}
COMPARED: Final = {"*gt": ">", "*gte": ">=", "*lt": "<", "*lte": "<="}


class RemoveCosts(msgspec.Struct, kw_only=True):
    """Filters that the costs of sessions must meet to be removed; without any, all do."""

    Tenant: str = ""
    FilterIDs: list[str] | None = None
    APIOpts: dict[str, Any] | None = None


def rules_of(tenant: str, filter_ids: Iterable[str], stored: Callable[[str, str], Filter | None]) -> Iterator[Rule]:
    """The rules of filters, written out or stored.

    Raises:
        NotFound: there is no such filter.
        Wrong: it is written wrongly.
    """
    for filter_id in filter_ids:
        found = parse_inline(tenant, filter_id) if is_inline(filter_id) else stored(tenant, filter_id)
        if found is None:
            raise NotFound.of(filter_id, explain=f"no filter {filter_id} is stored for tenant {tenant}")
        yield from found.Rules or ()


def cost_conditions(rules: Iterable[Rule], *, zone: tzinfo, now: Instant) -> list[Condition]:
    """What rows must meet.

    Raises:
        Wrong: a rule cannot be asked of the costs of sessions.
    """
    return [condition for rule in rules for condition in _conditions(rule, zone, now)]


def _conditions(rule: Rule, zone: tzinfo, now: Instant) -> Sequence[Condition]:
    field = rule.Element.removeprefix(ROOT)
    values = rule.Values or []
    if rule.Element.startswith(ROOT) and values:
        if field in TEXTS and rule.Type in ALIKE:
            return [Condition(TEXTS[field], ALIKE[rule.Type], values)]  # type: ignore[arg-type]
        if field in AMOUNTS and rule.Type in COMPARED:
            # Of several values one is enough.
            bounds = [parse_duration(text) if field == "Usage" else parse_instant(text, zone=zone, now=now) for text in values]
            bound = min(bounds) if rule.Type.startswith("*g") else max(bounds)
            return [Condition(AMOUNTS[field], COMPARED[rule.Type], bound)]  # type: ignore[arg-type]
    known = f"{', '.join(ALIKE)} of {', '.join(ROOT + name for name in TEXTS)}; {', '.join(COMPARED)} of {', '.join(ROOT + name for name in AMOUNTS)}"
    raise Wrong(f"costs of sessions cannot be asked for {rule.Type}:{rule.Element}:{'|'.join(values)}", explain=f"there are {known}")
