"""ChargerSv1: which chargers match an event, and the event of each of their runs.

Source: spec/tariffplans.md §5, spec/observed_events.md (Chargers).
"""

from __future__ import annotations

from typing import Any

from cgrd import AlteredEvent, CGREvent, EventArgs, Subsystem, method
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, ServerError
from cgrd_subsystem_chargers.answer import ChargerAnswer
from cgrd_subsystem_chargers.kinds import ChargerProfile

RUN_ID = "*req.RunID"
CONTEXT = "*context"


class ChargerS(Subsystem, section="chargers"):
    """Every charger whose filters pass makes a run, best weight first."""

    async def matching(self, event: EventArgs) -> list[ChargerProfile]:
        """The chargers for an event.

        Raises:
            NotFound: none matches.
        """
        roots = {"*req": event.Event or {}, "*opts": event.APIOpts or {}}
        tenant = event.Tenant or self.services.default_tenant
        found = self.services.profiles["ChargerProfile"].begin_matching(roots, tenant=tenant, at=event.Time)
        if not isinstance(found, list):
            found = await found
        if not found:
            raise NotFound(explain=f"no charger of tenant {tenant} matches the event; load one with Chargers.csv or APIerSv1.SetChargerProfile")
        return found

    @method("ChargerSv1.GetChargersForEvent")
    async def chargers_for_event(self, args: EventArgs) -> list[ChargerProfile]:
        """The chargers that would make a run."""
        try:
            return await self.matching(args)
        except CgrdError as error:
            raise ServerError.unless_known(error) from error

    @method("ChargerSv1.ProcessEvent")
    async def process_event(self, args: EventArgs) -> list[ChargerAnswer]:
        """The runs of an event, their attributes applied."""
        if args.Event is None:
            raise MandatoryMissing("Event")
        try:
            runs = []
            for charger in await self.matching(args):
                forked = self._forked(charger, args)
                if charger.AttributeIDs == ["*none"]:
                    runs.append(ChargerAnswer(ChargerSProfile=charger.ID, AlteredFields=[RUN_ID], CGREvent=forked))
                else:
                    runs.append(await self._enriched(charger, forked))
            return runs
        except CgrdError as error:
            raise ServerError.unless_known(error) from error

    def _forked(self, charger: ChargerProfile, event: EventArgs) -> CGREvent:
        """The event of one charger's run."""
        return CGREvent(
            Tenant=event.Tenant or self.services.default_tenant,
            ID=event.ID,
            Time=event.Time,
            Event={**(event.Event or {}), "RunID": charger.RunID},
            APIOpts={**(event.APIOpts or {}), "*subsys": "*chargers"},
        )

    async def _enriched(self, charger: ChargerProfile, forked: CGREvent) -> ChargerAnswer:
        """A run with its attributes applied, in the context of ChargerS where the event names none."""
        given: dict[str, Any] = {**forked.options(), "*attrProfileIDs": charger.AttributeIDs}
        lent = CONTEXT not in given
        asked = _with_options(forked, {CONTEXT: "*chargers", **given} if lent else given)
        changed: AlteredEvent | None = await self.call_or_none("attributes", "AttributeSv1.ProcessEvent", asked, AlteredEvent)
        if changed is None:
            return ChargerAnswer(ChargerSProfile=charger.ID, AttributeSProfiles=[], AlteredFields=[RUN_ID], CGREvent=_with_options(forked, given))
        options = changed.options()
        return ChargerAnswer(
            ChargerSProfile=charger.ID,
            AttributeSProfiles=changed.MatchedProfiles,
            AlteredFields=[RUN_ID, *(changed.AlteredFields or ())],
            CGREvent=_with_options(changed, {name: value for name, value in options.items() if name != CONTEXT} if lent else options),
        )


def _with_options(event: CGREvent, options: dict[str, Any]) -> CGREvent:
    return CGREvent(Tenant=event.Tenant, ID=event.ID, Time=event.Time, Event=event.Event, APIOpts=options)
