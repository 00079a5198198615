"""Paths compiled to functions: `*req.Cust.Tags[0]`, `*accounts.<~*req.Account>.BalanceMap.*monetary[0].Value`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.errors import NotFound, Wrong
from cgrd.fields.missing import MISSING
from cgrd.fields.phones import prepare_phones, read_phone
from cgrd.fields.reading import Roots, descend, split_path

Read = Callable[[Roots], Any]
Resolver = Callable[[str, str], Awaitable[Any]]
"""(tenant, id) → the object that `*accounts.<id>` and its kin read in; raises NotFound or answers MISSING when there is none."""

FETCHED = frozenset({"*accounts", "*resources", "*stats", "*trends", "*rankings", "*ips"})
"""Prefixes whose objects live in other subsystems and are asked for before an evaluation."""


class Fetch(msgspec.Struct, frozen=True):
    """One object of another subsystem that a path reads: the prefix, and the id as a constant or read from the roots."""

    prefix: str
    id_of: Callable[[Roots], str | None]

    async def into(self, roots: Roots, tenant: str, resolvers: Mapping[str, Resolver]) -> None:
        """Ask the subsystem, once an evaluation, and lay the answer (or MISSING) into the roots."""
        wanted = self.id_of(roots)
        found = roots.setdefault(self.prefix, {})
        if wanted is None or wanted in found:
            return
        resolver = resolvers.get(self.prefix)
        try:
            found[wanted] = MISSING if resolver is None else await resolver(tenant, wanted)
        except NotFound:
            found[wanted] = MISSING


class Path(msgspec.Struct, frozen=True):
    """A path ready to be read; `fetches` is empty unless it leads into another subsystem."""

    text: str
    read: Read
    fetches: tuple[Fetch, ...] = ()


def compile_path(text: str, *, compile_part: Callable[[str], Any] | None = None) -> Path:
    """The reader of a path without its `~`. `compile_part` compiles what stands inside `<…>` (a value of the rule language).

    The reader answers MISSING when nothing is there.

    Raises:
        CgrdError: an inner rule is wrong.
    """
    prefix, *names = split_path(text)
    if prefix == "*libphonenumber":
        prepare_phones(names)
    if compile_part is not None and "<" in text:
        return _dynamic(text, prefix, names, compile_part)
    fetches = (Fetch(prefix=prefix, id_of=_constant(names[0])),) if prefix in FETCHED and names else ()
    return Path(text=text, read=_reader(prefix, names), fetches=fetches)


def _constant(value: str) -> Callable[[Roots], str | None]:
    return lambda roots: value


def _reader(prefix: str, names: list[str]) -> Read:
    if prefix in _SPECIAL:
        special = _SPECIAL[prefix]
        return lambda roots: special(roots, names)
    if not names:
        return lambda roots: roots.get(prefix, MISSING)
    if len(names) == 1 and not names[0].endswith("]"):
        return _one_name(prefix, names[0])
    return lambda roots: descend(roots.get(prefix, MISSING), names)


def _one_name(prefix: str, name: str) -> Read:
    names = [name]

    def read(roots: Roots) -> Any:
        # Nearly every rule reads a field of a map: no more than two look-ups then, whether it is there or not.
        holder = roots.get(prefix, MISSING)
        return holder.get(name, MISSING) if type(holder) is dict else descend(holder, names)

    return read


def _dynamic(text: str, prefix: str, names: list[str], compile_part: Callable[[str], Any]) -> Path:
    makers = [_name_maker(name, compile_part) for name in names]
    inner = tuple(fetch for _, fetches in makers for fetch in fetches)
    atomic = prefix in FETCHED or prefix in _SPECIAL

    def read(roots: Roots) -> Any:
        found = [make(roots) for make, _ in makers]
        if None in found:
            return MISSING
        # What a field holds may itself be a path, except where it is an id or a number.
        made = found if atomic else split_path(".".join(found))
        return _SPECIAL[prefix](roots, made) if prefix in _SPECIAL else descend(roots.get(prefix, MISSING), made)

    own = (Fetch(prefix=prefix, id_of=makers[0][0]),) if prefix in FETCHED and makers else ()
    return Path(text=text, read=read, fetches=inner + own)


def _name_maker(name: str, compile_part: Callable[[str], Any]) -> tuple[Callable[[Roots], Any], tuple[Fetch, ...]]:
    """How one name of a dynamic path is made: literal pieces and values between them; None when a value is missing."""
    if "<" not in name:
        return _constant(name), ()
    pieces: list[Any] = []
    rest = name
    while "<" in rest:
        literal, _, rest = rest.partition("<")
        inner, closed, rest = rest.partition(">")
        if not closed:
            raise Wrong(f"invalid dynamic path: <{name}>", explain="a < without its >")
        pieces += [literal, compile_part(inner)]
    pieces.append(rest)

    def make(roots: Roots) -> str | None:
        found = [piece if type(piece) is str else piece.find(roots) for piece in pieces]
        return None if None in found else "".join(found)

    return make, tuple(fetch for piece in pieces[1::2] for fetch in piece.fetches)


def _read_phone(roots: Roots, names: list[str]) -> Any:
    return read_phone(names)


def _read_statistic(roots: Roots, names: list[str]) -> Any:
    # A metric's name may hold dots itself: *sum#~*req.Cost.
    return descend(roots.get("*stats", MISSING), [names[0], ".".join(names[1:])] if len(names) > 2 else names)


def _read_resource(roots: Roots, names: list[str]) -> Any:
    """A resource as ResourceSv1.GetResourceWithConfig tells it, and two facts that follow from it: TotalUsage and Available."""
    found = descend(roots.get("*resources", MISSING), names)
    if found is not MISSING or len(names) != 2 or names[1] not in ("TotalUsage", "Available"):
        return found
    resource = descend(roots.get("*resources", MISSING), names[:1])
    usages = descend(resource, ["Usages"])
    if resource is MISSING:
        return MISSING
    units = [descend(usage, ["Units"]) for usage in usages.values()] if isinstance(usages, Mapping) else []
    total = sum(Decimal(unit) for unit in units if isinstance(unit, (int, Decimal)))
    if names[1] == "TotalUsage":
        return total
    limit = descend(resource, ["Config", "Limit"])
    return limit - total if isinstance(limit, (int, Decimal)) else MISSING


def _read_summary(roots: Roots, names: list[str]) -> Any:
    """`*asm` is the account summary of the event, unless the roots hold one."""
    if "*asm" in roots:
        return descend(roots["*asm"], names)
    request = roots.get("*req", MISSING)
    if descend(request, ["AccountSummary"]) is MISSING:
        raise Wrong(f"unsupported field prefix: <{names[0] if names else ''}>", explain="the event holds no AccountSummary, which *asm reads")
    return descend(request, ["AccountSummary", *names])


def _read_cost(roots: Roots, names: list[str]) -> Any:
    """`*ec` is the event's cost, unless the roots hold one."""
    return descend(roots["*ec"], names) if "*ec" in roots else descend(roots.get("*req", MISSING), ["CostDetails", *names])


_SPECIAL: dict[str, Callable[[Roots, list[str]], Any]] = {
    "*libphonenumber": _read_phone,
    "*stats": _read_statistic,
    "*resources": _read_resource,
    "*asm": _read_summary,
    "*ec": _read_cost,
}


async def prefetch(fetches: Iterable[Fetch], roots: Roots, *, tenant: str, resolvers: Mapping[str, Resolver]) -> None:
    """Ask other subsystems for what the following evaluations read and lay it into the roots; inner parts of paths first."""
    for fetch in fetches:
        await fetch.into(roots, tenant, resolvers)
