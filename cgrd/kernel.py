"""One daemon: the nursery tree, the order of starting, reload, and a stop that loses nothing.

Start: configuration → plugins → store → profiles → components → listeners. Stop: listeners first, then components, then the
store commits what is queued. A reload assembles everything anew beside what runs and swaps it; what cannot be assembled changes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, cast

import structlog
import trio

from cgrd.assembly import House, build, end_watches, flows_of, served_by
from cgrd.background import Background
from cgrd.cache import Cache
from cgrd.clock import Clock, SystemClock
from cgrd.component import Component, Served
from cgrd.config import ConfigService, Schemas, Tree, load
from cgrd.durations import SECOND
from cgrd.errors import ConfigurationError, PluginError
from cgrd.graph import Graph
from cgrd.instants import zone_of
from cgrd.listening import Listeners, limits_of
from cgrd.lookups import filter_language, use_profiles, widen
from cgrd.plugins import Plugins
from cgrd.profiles import Profiles
from cgrd.profiles.tables import all_kinds
from cgrd.profiles.watching import Watches
from cgrd.rpc.pool import Pools
from cgrd.services import Services
from cgrd.store import SqliteStore, Store

log = structlog.get_logger("kernel")


def schemas_of(plugins: Plugins) -> Schemas:
    """The sections of the kernel and of every installed plugin, and the edges that plugins add to drivers (`x-edges` of their schema)."""
    schemas = Schemas.kernel()
    for plugin in plugins.found:
        schemas.add_plugin(plugin)
    for plugin in plugins.found:
        for driver in (plugin.schema() or {}).get("x-edges", ()):
            edge = {"type": "array", "items": {"type": "string"}, "default": [], "description": f"connections to {plugin.name}"}
            schemas.add_key(driver, f"{plugin.name}_conns", edge)
    return schemas


def read(path: Path, plugins: Plugins) -> Tree:
    """The checked configuration at `path`, plugins loaded as it asks.

    Raises:
        ConfigurationError: what is wrong, a line each.
        PluginError: a plugin that it asks for cannot be used.
    """
    tree = load(path, schemas_of(plugins))
    load_plugins(plugins, tree)
    return tree


def load_plugins(plugins: Plugins, tree: Tree) -> None:
    """Import what the configuration asks for.

    Raises:
        PluginError: one of them cannot be used and `plugins.on_start_error` is not "skip".
    """
    plugins.load(tree.sections)
    broken = plugins.broken()
    if broken and not goes_on_without(tree):
        raise PluginError("\n".join(f"{plugin.distribution} cannot be loaded: {plugin.why}" for plugin in broken))


def goes_on_without(tree: Tree) -> bool:
    """Whether a plugin that cannot be used is left out (`plugins.on_start_error = "skip"`) instead of ending the start."""
    return bool(tree.sections.get("plugins", {}).get("on_start_error", "stop") == "skip")


def _left_out(error: PluginError) -> None:
    """Name a plugin without which the daemon goes on."""
    log.error("left out", error=str(error), explain=error.explain)


class Started:
    """The task status of a component's first start; later ones find nobody who waits."""

    def __init__(self, first: trio.TaskStatus[None]) -> None:
        self.done = False
        self._first = first

    def started(self, value: None = None) -> None:
        """The component serves."""
        if not self.done:
            self.done = True
            self._first.started()


class Kernel:
    """A daemon that is not running yet; `run` starts it.

    Args:
        tree: the configuration.
        plugins: loaded as the configuration asks.
        store: open; the kernel closes it.
        clock: the only source of time.
    """

    def __init__(self, *, tree: Tree, plugins: Plugins, store: Store, clock: Clock | None = None) -> None:
        self.tree = tree
        self.plugins = plugins
        self.store = store
        self.clock = clock or SystemClock(zone_of(str(tree.general["default_timezone"])))
        self.config_service = ConfigService(tree=tree, apply=self.apply)
        self.profiles = Profiles(
            kinds=all_kinds(left_out=_left_out if goes_on_without(tree) else None), store=store, clock=self.clock,
            zone=zone_of(str(tree.general["default_timezone"])), default_tenant=str(tree.general["default_tenant"]),
        )  # fmt: skip
        self.node_id = str(tree.general["node_id"]) or "cgrd"
        self.listeners = Listeners()
        self.house = self._assemble(tree, running=None)
        self._handed = [self.house.services]
        self._scopes: dict[str, trio.CancelScope] = {}
        self._nursery: trio.Nursery | None = None

    @classmethod
    def from_path(cls, path: Path, *, state: Path | None = None, clock: Clock | None = None) -> Kernel:
        """Read, check and assemble; nothing is started.

        Raises:
            ConfigurationError, PluginError, StoreError: what prevents it.
        """
        plugins = Plugins.installed()
        tree = read(path, plugins)
        folder = state or Path(str(tree.sections["store"]["path"]))
        folder.mkdir(parents=True, exist_ok=True)
        store = SqliteStore.open(folder / "cgrd.sqlite", durability=tree.sections["store"].get("durability", "normal"))
        try:
            return cls(tree=tree, plugins=plugins, store=store, clock=clock)
        except BaseException:
            store.close()
            raise

    @property
    def services(self) -> Services:
        return self.house.services

    def _assemble(self, tree: Tree, *, running: House | None) -> House:
        filters = running.services.filters if running else filter_language(tree, self.profiles, self.plugins, self.clock)
        services = Services(
            config=tree,
            clock=self.clock,
            store=self.store,
            graph=self._graph(tree),
            caches=running.services.caches if running else Cache.of(tree.sections["caches"]["partitions"], self.clock),
            filters=filters,
            plugins=self.plugins,
            profiles=self.profiles,
            flows=flows_of(self.plugins.stages()),
            node_id=self.node_id,
            background=running.services.background if running else Background(),
        )
        if running is None:
            use_profiles(self.profiles, filters, services)
            self.profiles.load()
        else:
            widen(filters.types, self.plugins)
        left_out = _left_out if goes_on_without(tree) else None
        house = House(services, build(self.plugins.components(), services, running=running.components if running else None, left_out=left_out))
        services.components = house.components
        try:
            self._collect(house)
        except BaseException:
            end_watches(house.components, kept=running.components if running else {})
            raise
        return house

    def _collect(self, house: House) -> None:
        house.graph.serve(served_by(house.components.values(), self._own_methods(house)))

    def _graph(self, tree: Tree) -> Graph:
        watchers: list[Any] = [implementation.function for implementation in self.plugins.manager.hook.cgrd_hop.get_hookimpls()]
        pools = Pools(
            rpc_conns=tree.sections["rpc_conns"],
            general=tree.general,
            tls=tree.sections["tls"],
            clock=self.clock,
            directory=self.listeners.agents,
            limits=limits_of(tree),
        )
        return Graph(pools=pools, store=self.store, clock=self.clock, caps=int(tree.sections["cores"]["caps"]), watchers=watchers)

    async def _serve_pools(self, house: House, *, task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope() as scope:
            self._scopes[f"*pools {id(house)}"] = scope
            await cast("Pools", house.graph.pools).serve(task_status=task_status)

    def _own_methods(self, house: House) -> Iterable[Served]:
        yield from self.config_service.served()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled.

        Raises:
            ConfigurationError: an address cannot be listened on.
            PluginError: a component cannot be started.
        """
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                self.services.background.open(nursery)
                await nursery.start(partial(self.store.run))
                await nursery.start(self.services.caches.run)
                await nursery.start(self._serve_pools, self.house)
                await self.listeners.follow(self.house)
                for section, component in self.house.components.items():
                    await self._start(section, component)
                await self.listeners.open(self.house, nursery)
                task_status.started()
        finally:
            self.store.close()

    async def _start(self, section: str, component: Component) -> None:
        assert self._nursery is not None
        try:
            await self._nursery.start(self._serve, section, component)
        except (ConfigurationError, PluginError):
            raise
        except Exception as error:
            if not goes_on_without(self.tree):
                raise PluginError(f"{section} cannot be started: {error}", explain=getattr(error, "explain", "")) from error
            self.services.log("kernel").error("component not started", section=section, error=str(error))

    async def _serve(self, section: str, component: Component, *, task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope() as scope:
            self._scopes[section] = scope
            await self._served(section, component, task_status)

    async def _served(self, section: str, component: Component, task_status: trio.TaskStatus[None]) -> None:
        started = Started(task_status)
        while True:
            watches = Watches()
            try:
                with watches:
                    await component.serve(task_status=started)
                return
            except Exception:
                if not started.done:
                    raise
                self.services.log("kernel").exception("a component failed while serving; it is served again", section=section)
            finally:
                watches.end()
            await self.clock.sleep(SECOND)

    async def apply(self, tree: Tree) -> None:
        """Go on with another configuration, whole or not at all.

        Raises:
            ConfigurationError, PluginError: it cannot be used; the old one goes on.
        """
        load_plugins(self.plugins, tree)
        fresh = self._assemble(tree, running=self.house)
        async with AsyncExitStack() as undo:
            undo.callback(end_watches, fresh.components, kept=self.house.components)
            await self._reload_changed(fresh, undo)
            await self._start_new(fresh, undo)
            undo.pop_all()
        old, self.house, self.tree = self.house, fresh, tree
        end_watches(old.components, kept=fresh.components)
        self._renew_services(fresh)
        self._collect(fresh)
        self.profiles.use(fresh.services.filters, sections=tree.sections)
        await self.listeners.follow(fresh)
        for section in (*(old.components.keys() - fresh.components.keys()), f"*pools {id(old)}"):
            self._end(section)

    def _renew_services(self, fresh: House) -> None:
        """Components and their parts keep the object they were built with: every one that was handed out becomes the new one."""
        self._handed.append(fresh.services)
        present = dict(vars(fresh.services))
        for services in self._handed:
            vars(services).clear()  # what was computed of the old configuration goes, too
            vars(services).update(present)

    async def _reload_changed(self, fresh: House, undo: AsyncExitStack) -> None:
        for section, component in fresh.components.items():
            wanted = fresh.services.config.sections[section]
            if self.house.components.get(section) is component and component.config != wanted:
                undo.push_async_callback(component.reload, component.config)
                await component.reload(wanted)

    async def _start_new(self, fresh: House, undo: AsyncExitStack) -> None:
        assert self._nursery is not None
        undo.callback(self._end, f"*pools {id(fresh)}")
        await self._nursery.start(self._serve_pools, fresh)
        for section in fresh.components.keys() - self.house.components.keys():
            undo.callback(self._end, section)
            await self._start(section, fresh.components[section])

    def _end(self, name: str) -> None:
        """Cancel what was started under that name; nothing when it did not come so far."""
        if (scope := self._scopes.pop(name, None)) is not None:
            scope.cancel()


async def serve(make: Callable[[], Kernel], *, task_status: trio.TaskStatus[Kernel] = trio.TASK_STATUS_IGNORED) -> None:
    """Make a daemon and run it; the kernel is handed to whoever started this when it serves."""
    kernel = make()
    async with trio.open_nursery() as nursery:
        await nursery.start(kernel.run)
        task_status.started(kernel)
