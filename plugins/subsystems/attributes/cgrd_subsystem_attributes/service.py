"""AttributeSv1: the best profile for an event, and the event after its changes.

Source: spec/tariffplans.md §4, spec/observed_events.md (Attributes).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from cgrd import AlteredEvent, EventArgs, Subsystem, method
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, ServerError
from cgrd.filters import Matcher
from cgrd_subsystem_attributes.book import Book
from cgrd_subsystem_attributes.compiling import Ready
from cgrd_subsystem_attributes.events import Draft, MustWait
from cgrd_subsystem_attributes.kinds import AttributeProfile
from cgrd_subsystem_attributes.options import Asked, configured, read_options

if TYPE_CHECKING:
    from cgrd.services import Services

WANTED = "*attributes"
"""A field with this value must have been filled in by a profile."""


class AttributeS(Subsystem, section="attributes"):
    """Applies one profile a run, the best that matches; each run sees what the ones before have made."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.book = Book(services=services)
        self._configured = configured(config["opts"])

    async def reload(self, config: dict[str, Any]) -> None:
        await super().reload(config)
        self._configured = configured(config["opts"])

    @method("AttributeSv1.GetAttributeForEvent")
    async def attribute_for_event(self, args: EventArgs) -> AttributeProfile:
        """The profile that would be applied first."""
        asked = read_options(args.APIOpts or {}, self._configured)
        draft = Draft(args, tenant=args.Tenant or self.services.default_tenant, may_wait=True)
        draft.begin_run(0)
        del draft.roots["*tenant"]
        try:
            return (await self._best(draft, asked, last="")).record
        except CgrdError as error:
            raise ServerError.unless_known(error) from error

    @method("AttributeSv1.ProcessEvent")
    def process_event(self, args: EventArgs) -> AlteredEvent | Coroutine[Any, Any, AlteredEvent]:
        """The changed event; at once where no rule asks somebody else, else as a coroutine. Raises as `changed`."""
        trial = self.changed(args, may_wait=False)
        try:
            trial.send(None)
            trial.close()
        except StopIteration as done:
            answer: AlteredEvent = done.value
            return answer
        except MustWait:
            pass
        return self.changed(args, may_wait=True)

    async def changed(self, args: EventArgs, *, may_wait: bool) -> AlteredEvent:
        """The event after as many runs as are asked for and find a profile.

        Raises:
            NotFound: no profile matches, or one that does reads a field that is not there.
            MandatoryMissing: a field is still `*attributes`.
            ServerError: a filter or value cannot be evaluated.
            MustWait: somebody else has to be asked, and it may not wait; nothing has happened.
        """
        if args.Event is None:
            raise MandatoryMissing("Event")
        asked = read_options(args.APIOpts or {}, self._configured)
        draft = Draft(args, tenant=args.Tenant or self.services.default_tenant, may_wait=may_wait)
        try:
            applied = await self._runs(draft, asked)
        except CgrdError as error:
            raise ServerError.unless_known(error) from error
        if WANTED in draft.fields.values():
            field = next(name for name, value in draft.fields.items() if value == WANTED)
            raise MandatoryMissing(field, explain=f"{field} is {WANTED}: a profile was to fill it in, and none that matched did")
        return AlteredEvent(
            MatchedProfiles=applied, AlteredFields=list(draft.altered),
            Tenant=draft.tenant, ID=args.ID, Time=args.Time, Event=draft.fields, APIOpts=draft.options,
        )  # fmt: skip

    async def _runs(self, draft: Draft, asked: Asked) -> list[str]:
        """Names of the profiles applied, in order."""
        applied: list[str] = []
        for number in range(1, asked.process_runs + 1):
            draft.begin_run(number)
            try:
                ready = await self._best(draft, asked, last=applied[-1] if applied else "")
                await self._apply(ready, draft)
            except NotFound:
                if not applied:
                    raise
                break
            applied.append(ready.name)
            draft.times[ready.name] = draft.times.get(ready.name, 0) + 1
            if ready.record.Blocker:
                break
        return applied

    async def _best(self, draft: Draft, asked: Asked, *, last: str) -> Ready:
        """The matching profile of the greatest weight that was not the last one; equal weights in the order that they were named in, else by ID.

        Raises:
            NotFound: none matches.
        """
        context = draft.context
        for ready in self.book.candidates(draft.roots, draft.tenant, context, asked.ids):
            if ready.name == last or not ready.meant_for(context) or 0 < asked.profile_runs <= draft.times.get(ready.name, 0):
                continue
            interval = ready.record.ActivationInterval
            if interval is not None and draft.time is not None and not interval.active_at(draft.time):
                continue
            if (asked.ids and asked.ignore_filters) or ready.matcher is None or await _passes(ready.matcher, draft):
                return ready
        raise NotFound(explain=f"no attribute profile of tenant {draft.tenant} matches the event in context {context}")

    async def _apply(self, ready: Ready, draft: Draft) -> None:
        for change in ready.changes:
            if change.filters is not None and not await _passes(change.filters, draft):
                continue
            for asking in change.asks:
                draft.wait()
                await asking.into(draft.roots, draft.tenant, self.services.filters.context.resolvers)
            change.apply(draft)


async def _passes(matcher: Matcher, draft: Draft) -> bool:
    if not matcher.needs_fetch:
        return matcher.passes(draft.roots)
    draft.wait()
    return await matcher.passes_after_fetch(draft.roots)
