"""Profiles: records declared once as kinds; the kernel derives loading, storage, API, indexes and documentation."""

from cgrd.profiles.cells import (
    AMOUNT,
    DURATION,
    EACH,
    FLAG,
    INTEGER,
    INTERVAL,
    LIST,
    NUMBER,
    TEXT,
    ActivationInterval,
    Cell,
    Reading,
    join_list,
    read_flag,
    read_integer,
    read_number,
    split_list,
)
from cgrd.profiles.draft import Draft
from cgrd.profiles.faults import Fault, PlanRefused, Refused
from cgrd.profiles.kind import Api, Column, FilterIndex, Items, Kind, Method, Side, TpApi, column
from cgrd.profiles.paging import Paginator, PaginatorWithTenant, page
from cgrd.profiles.scope import Scope
from cgrd.profiles.table import Change, MissingProfile, ProfileTable
from cgrd.profiles.tables import Profiles

__all__ = [
    "AMOUNT",
    "DURATION",
    "EACH",
    "FLAG",
    "INTEGER",
    "INTERVAL",
    "LIST",
    "NUMBER",
    "TEXT",
    "ActivationInterval",
    "Api",
    "Cell",
    "Change",
    "Column",
    "Draft",
    "Fault",
    "FilterIndex",
    "Items",
    "Kind",
    "Method",
    "MissingProfile",
    "Paginator",
    "PaginatorWithTenant",
    "PlanRefused",
    "ProfileTable",
    "Profiles",
    "Reading",
    "Refused",
    "Scope",
    "Side",
    "TpApi",
    "column",
    "join_list",
    "page",
    "read_flag",
    "read_integer",
    "read_number",
    "split_list",
]
