"""ChargerSv1: which chargers match an event, and the event of each of their runs.

Source: spec/tariffplans.md §5, spec/observed_events.md (Chargers).
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from cgrd import AlteredEvent, CGREvent, EventArgs, Subsystem, method
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, ServerError
from cgrd_subsystem_chargers.answer import ChargerAnswer
from cgrd_subsystem_chargers.kinds import ChargerProfile

RUN_ID = "*req.RunID"


class ChargerS(Subsystem, section="chargers"):
    """Every charger whose filters pass makes a run, best weight first."""

    async def matching(self, event: EventArgs) -> list[ChargerProfile]:
        """The chargers for an event.

        Raises:
            NotFound: none matches.
        """
        roots = {"*req": event.Event or {}, "*opts": event.APIOpts or {}}
        tenant = event.Tenant or self.services.default_tenant
        table = self.services.profiles["ChargerProfile"]
        found: list[ChargerProfile] = await table.matching_after_fetch(roots, tenant=tenant, at=event.Time)
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
            return [await self.run_of(charger, args) for charger in await self.matching(args)]
        except CgrdError as error:
            raise ServerError.unless_known(error) from error

    async def run_of(self, charger: ChargerProfile, event: EventArgs) -> ChargerAnswer:
        """One charger's run."""
        forked = CGREvent(
            Tenant=event.Tenant or self.services.default_tenant,
            ID=event.ID,
            Time=event.Time,
            Event={**(event.Event or {}), "RunID": charger.RunID},
            APIOpts={**(event.APIOpts or {}), "*subsys": "*chargers"},
        )
        answer = ChargerAnswer(ChargerSProfile=charger.ID, AlteredFields=[RUN_ID], CGREvent=forked)
        if charger.AttributeIDs != ["*none"]:
            await self._apply_attributes(charger, answer)
        return answer

    async def _apply_attributes(self, charger: ChargerProfile, answer: ChargerAnswer) -> None:
        sent = answer.CGREvent
        answer.AttributeSProfiles = []
        options: dict[str, Any] = {**sent.options(), "*attrProfileIDs": charger.AttributeIDs}
        answer.CGREvent = replace(sent, APIOpts=options)
        lent = {"*context": "*chargers", **options}
        asked = replace(sent, APIOpts=lent)
        changed: AlteredEvent | None = await self.call_or_none("attributes", "AttributeSv1.ProcessEvent", asked, AlteredEvent)
        if changed is None:
            return
        kept = changed.options() if "*context" in options else {name: value for name, value in changed.options().items() if name != "*context"}
        answer.AttributeSProfiles = changed.MatchedProfiles
        answer.AlteredFields = [RUN_ID, *(changed.AlteredFields or ())]
        answer.CGREvent = CGREvent(Tenant=changed.Tenant, ID=changed.ID, Time=changed.Time, Event=changed.Event, APIOpts=kept)
