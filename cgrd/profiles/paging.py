"""Parts of long answers: limit, offset and search, as every `Get…IDs` takes them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Paginator(msgspec.Struct, kw_only=True):
    """Which part of a list; None = all of it."""

    Limit: int | None = None
    Offset: int | None = None


class PaginatorWithTenant(Paginator, kw_only=True):
    """Which ids of a tenant, those that begin with `Search`."""

    Tenant: str = ""
    Search: str = ""
    APIOpts: dict[str, Any] | None = None


class TpPaginator(Paginator, kw_only=True):
    """Which ids of a stored tariff plan, those that hold `Search`."""

    TPid: str = ""
    Tenant: str = ""
    Search: str = ""


def page(found: list[T], args: Paginator) -> list[T]:
    """The part of the list that was asked for; a limit of 0 is none."""
    start = max(0, args.Offset or 0)
    return found[start : start + args.Limit] if args.Limit and args.Limit > 0 else found[start:]
