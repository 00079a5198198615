"""Checks of the whole configuration: links that lead nowhere, settings that cannot work, listeners that are open to anybody.

Source: the reference's checks at start (spec/config.md §5); DESIGN.md §9 for listeners.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from cgrd.config.check import dotted
from cgrd.config.tree import Tree

_SELF = ("*internal", "*birpc_internal")
_OUTWARD = {"replication_conns", "remote_conns", "registrars_conns"}
_ALWAYS_WITH_SESSIONS = (
    "freeswitch_agent",
    "kamailio_agent",
    "asterisk_agent",
    "diameter_agent",
    "dns_agent",
    "sip_agent",
    "janus_agent",
)


def check(tree: Tree) -> tuple[list[str], list[str]]:
    """Errors and warnings of a merged tree."""
    errors = [*_links(tree), *_sessions(tree), *_others(tree), *_replication(tree)]
    dangers = [*_unserved(tree), *_public(tree)]
    if tree.dialect == "toml":
        return [*errors, *dangers], []
    return errors, [*dangers, *_defaults(tree)]


def name_of(tree: Tree, section: str) -> str:
    """What messages call the service of a section."""
    return str(tree.schemas[section].get("title", section)) if section in tree.schemas else section


def section_of(tree: Tree, edge: str) -> str:
    """The section that serves an edge: `scheduler` is served by `schedulers`."""
    return edge if edge in tree.sections or f"{edge}s" not in tree.sections else f"{edge}s"


def _edges(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """(section, key, connection id) of every link of what is enabled."""
    for section, value in tree.sections.items():
        if section == "loader" or not (tree.enabled(section) or (isinstance(value, dict) and "enabled" not in value)):
            continue
        for holder in value if isinstance(value, list) else [value]:
            for key, conns in holder.items():
                if key.endswith("_conns") and isinstance(conns, list):
                    yield from ((section, key, conn) for conn in conns if isinstance(conn, str))


def _links(tree: Tree) -> Iterator[str]:
    for section, key, conn in _edges(tree):
        wanted = section_of(tree, key.removesuffix("_conns"))
        if conn.partition(":")[0] in _SELF:
            if key not in _OUTWARD and wanted in tree.sections and not tree.enabled(wanted):
                yield _at(
                    tree,
                    section,
                    key,
                    f"<{name_of(tree, wanted)}> not enabled but requested by <{name_of(tree, section)}> component",
                )
        elif conn not in tree.sections.get("rpc_conns", {}):
            yield _at(tree, section, key, f"<{name_of(tree, section)}> connection with id: <{conn}> not defined")


def _sessions(tree: Tree) -> Iterator[str]:
    for section in _ALWAYS_WITH_SESSIONS:
        if tree.enabled(section) and not tree.value(section, "sessions_conns"):
            yield _at(tree, section, "sessions_conns", f"<{name_of(tree, section)}> no SessionS connections defined")
    if not tree.enabled("sessions"):
        return
    sessions = tree.sections["sessions"]
    if sessions["terminate_attempts"] < 1:
        yield _at(tree, "sessions", "terminate_attempts", "<SessionS> terminate_attempts should be at least 1")
    if tree.value("caches", "partitions", "*closed_sessions", "limit") == 0:
        yield _at(
            tree,
            "caches",
            ("partitions", "*closed_sessions", "limit"),
            "<CacheS> *closed_sessions needs to be != 0, received: 0; SessionS keeps what it has closed there",
        )
    for field in sessions["alterable_fields"]:
        if field in ("CGRID", "OriginHost", "OriginID", "Usage"):
            yield _at(
                tree,
                "sessions",
                "alterable_fields",
                f"<SessionS> the following protected field can't be altered by session: <{field}>",
            )


def _others(tree: Tree) -> Iterator[str]:
    if tree.enabled("attributes") and tree.sections["attributes"]["opts"]["*processRuns"] < 1:
        yield _at(tree, "attributes", ("opts", "*processRuns"), "<AttributeS> *processRuns needs to be bigger than 0")
    if tree.enabled("cdrs") and tree.enabled("ees") and "*internal" in tree.sections["cdrs"]["ees_conns"]:
        known = {exporter.get("id") for exporter in tree.sections["ees"]["exporters"]}
        for exporter in tree.sections["cdrs"]["online_cdr_exports"]:
            if exporter not in known:
                yield _at(
                    tree,
                    "cdrs",
                    "online_cdr_exports",
                    f"<CDRs> cannot find exporter with ID: <{exporter}>; ees.exporters has {sorted(map(str, known))}",
                )


def _replication(tree: Tree) -> Iterator[str]:
    """Stored kinds that are fetched from or sent to peers need peers."""
    found = tree.sections.get("data_db", {})
    for flag, key in (("remote", "remote_conns"), ("replicate", "replication_conns")):
        wants = [name for name, item in found.get("items", {}).items() if item.get(flag)]
        if wants and not found.get(key):
            yield _at(
                tree,
                "data_db",
                ("items", wants[0], flag),
                f"<DataDB> {wants[0]} is {flag}: true, but {key} names no connection",
            )
        for conn in found.get(key, ()):
            if conn.partition(":")[0] in _SELF:
                yield _at(tree, "data_db", key, f"<DataDB> {key} cannot be {conn}: it would be this daemon")


def _unserved(tree: Tree) -> Iterator[str]:
    for section in tree.sections:
        package = tree.schemas.package_for(section)
        if package and section not in ("caches", "cores") and tree.enabled(section):
            yield _at(tree, section, "enabled", f"no installed plugin serves this section: install {package}, or disable it")


def _public(tree: Tree) -> Iterator[str]:
    for section, value in tree.sections.items():
        shapes = tree.schemas[section].get("properties", {}) if section in tree.schemas else {}
        if not isinstance(value, dict) or not value.get("enabled", True):
            continue
        for key, shape in shapes.items():
            if shape.get("format") != "listener" or shape.get("x-not-served") or not is_public(str(value.get(key, ""))):
                continue
            needs = shape.get("x-public-needs", [])
            if not any(tree.value(*need.split(".")) for need in needs):
                mend = f"set {' or '.join(needs)}, or listen on 127.0.0.1" if needs else "listen on 127.0.0.1"
                yield _at(tree, section, key, f"{value[key]} is open to the network without authentication; {mend}")


def is_public(address: str) -> bool:
    """Whether "host:port" can be reached from other machines; a name other than localhost may be."""
    if not address:
        return False
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def _defaults(tree: Tree) -> Iterator[str]:
    """The reference's defaults that are taken as they are and should be known."""
    for section in ("data_db", "stor_db"):
        if section in tree.sections and not tree.is_set(section, "db_type"):
            yield f"{section}.db_type is not set: the embedded store is used, where the reference would look for {tree.sections[section]['db_type']}"
    if tree.dialect == "cgrates":
        yield from _dangers(tree)


def _dangers(tree: Tree) -> Iterator[str]:
    """Defaults of the reference that can cost money, in sections that are on (`x-danger` of their schema)."""
    for section in tree.sections:
        if not tree.enabled(section):
            continue
        for key, node in tree.schemas[section].get("properties", {}).items():
            if (danger := node.get("x-danger")) and not tree.is_set(section, key):
                yield f"{section}.{key} has the reference's default: {danger}"


def _at(tree: Tree, section: str, key: str | tuple[str, ...], text: str) -> str:
    keys = (key,) if isinstance(key, str) else key
    origin = tree.origin(section, *keys)
    where = f"{origin}: " if origin != "default" else ""
    return f"{where}{dotted((section, *keys))}: {text}"
