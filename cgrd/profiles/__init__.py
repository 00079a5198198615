"""Profiles: records declared once as kinds; the kernel derives loading, storage, API, indexes and documentation."""

from cgrd.profiles.api import all_methods, crud_methods, set_method
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
    read_integer,
    read_number,
    split_list,
)
from cgrd.profiles.draft import Draft
from cgrd.profiles.export import file_text, row_of_record
from cgrd.profiles.faults import Fault, PlanRefused, Refused, every
from cgrd.profiles.holdings import Holding, ProfileHoldings
from cgrd.profiles.kind import Api, Column, FilterIndex, Items, Kind, Method, Side, TpApi, column
from cgrd.profiles.load_api import Loaded, load_folder
from cgrd.profiles.paging import Paginator, PaginatorWithTenant, page
from cgrd.profiles.places import suggested
from cgrd.profiles.plan import Load, LoadOptions, in_pieces, load_files
from cgrd.profiles.progress import FileProgress, Progress
from cgrd.profiles.scope import Scope
from cgrd.profiles.states import ProfileStates
from cgrd.profiles.table import Change, MissingProfile, ProfileTable
from cgrd.profiles.tables import Profiles, all_kinds

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
    "FileProgress",
    "FilterIndex",
    "Holding",
    "Items",
    "Kind",
    "Load",
    "LoadOptions",
    "Loaded",
    "Method",
    "MissingProfile",
    "Paginator",
    "PaginatorWithTenant",
    "PlanRefused",
    "ProfileHoldings",
    "ProfileStates",
    "ProfileTable",
    "Profiles",
    "Progress",
    "Reading",
    "Refused",
    "Scope",
    "Side",
    "TpApi",
    "all_kinds",
    "all_methods",
    "column",
    "crud_methods",
    "every",
    "file_text",
    "in_pieces",
    "join_list",
    "load_files",
    "load_folder",
    "page",
    "read_integer",
    "read_number",
    "row_of_record",
    "set_method",
    "split_list",
    "suggested",
]
