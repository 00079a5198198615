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
                if charger.AttributeIDs == ["*none"]:
                    runs.append(ChargerAnswer(ChargerSProfile=charger.ID, AlteredFields=[RUN_ID], CGREvent=self._forked(charger, args, {})))
                else:
                    runs.append(await self._enriched(charger, args))
            return runs
        except CgrdError as error:
            raise ServerError.unless_known(error) from error

    def _forked(self, charger: ChargerProfile, event: EventArgs, options: dict[str, Any]) -> CGREvent:
        """The event of one charger's run, with these options besides its own."""
        return CGREvent(
            Tenant=event.Tenant or self.services.default_tenant,
            ID=event.ID,
            Time=event.Time,
            Event={**(event.Event or {}), "RunID": charger.RunID},
            APIOpts={**(event.APIOpts or {}), "*subsys": "*chargers", **options},
        )

    async def _enriched(self, charger: ChargerProfile, event: EventArgs) -> ChargerAnswer:
        """A run with its attributes applied, in the context of ChargerS where the event names none."""
        lent = {} if CONTEXT in (event.APIOpts or {}) else {CONTEXT: "*chargers"}
        asked = self._forked(charger, event, {"*attrProfileIDs": charger.AttributeIDs, **lent})
        changed: AlteredEvent | None = await self.call_or_none("attributes", "AttributeSv1.ProcessEvent", asked, AlteredEvent)
        made = asked if changed is None else changed
        options = dict(made.APIOpts or {})
        if lent:
            options.pop(CONTEXT, None)
        return ChargerAnswer(
            ChargerSProfile=charger.ID,
            AttributeSProfiles=[] if changed is None else changed.MatchedProfiles,
            AlteredFields=[RUN_ID] if changed is None else [RUN_ID, *(changed.AlteredFields or ())],
            CGREvent=CGREvent(Tenant=made.Tenant, ID=made.ID, Time=made.Time, Event=made.Event, APIOpts=options),
        )
