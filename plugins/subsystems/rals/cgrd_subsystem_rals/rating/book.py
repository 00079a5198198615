"""The rating book: every destination, plan and profile in force, indexed for looking up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cgrd_subsystem_rals.rating.lasting import Lasting
from cgrd_subsystem_rals.rating.policy import RatingPolicy
from cgrd_subsystem_rals.rating.records import Destination, RatingPlan, RatingProfile
from cgrd_subsystem_rals.rating.tables import PlanTables


class RatingBook:
    """What calls are rated by. Records are put in and taken out one by one; a look-up never walks over them.

    Destinations are also held reversed, prefix → their ids, so a number is matched by its prefixes, longest first. `lasting` is for those
    who look up to keep what does not depend on the time; every change of a record empties it.
    """

    def __init__(self, policy: RatingPolicy) -> None:
        self.policy = policy
        self.destinations: dict[str, Destination] = {}
        self.plans: dict[str, RatingPlan] = {}
        self.profiles: dict[str, RatingProfile] = {}
        self._ids_of_prefix: dict[str, tuple[str, ...]] = {}
        self._longest_prefix = 0
        self._tables: dict[str, PlanTables] = {}
        self.lasting = Lasting()

    def put_destination(self, destination: Destination) -> None:
        """Add a destination or replace the one of its id."""
        self.drop_destination(destination.Id)
        self.destinations[destination.Id] = destination
        for prefix in dict.fromkeys(destination.Prefixes):
            self._longest_prefix = max(self._longest_prefix, len(prefix))
            self._ids_of_prefix[prefix] = (*self._ids_of_prefix.get(prefix, ()), destination.Id)

    def drop_destination(self, destination_id: str) -> bool:
        """Remove a destination; whether there was one."""
        self.lasting.forget()
        destination = self.destinations.pop(destination_id, None)
        if destination is None:
            return False
        for prefix in set(destination.Prefixes):
            left = tuple(known for known in self._ids_of_prefix.get(prefix, ()) if known != destination_id)
            if left:
                self._ids_of_prefix[prefix] = left
            else:
                self._ids_of_prefix.pop(prefix, None)
        return True

    def put_plan(self, plan: RatingPlan) -> None:
        """Add a rating plan or replace the one of its id; its tables are made when first used."""
        self.lasting.forget()
        self.plans[plan.Id] = plan
        self._tables.pop(plan.Id, None)

    def drop_plan(self, plan_id: str) -> bool:
        """Remove a rating plan; whether there was one."""
        self.lasting.forget()
        self._tables.pop(plan_id, None)
        return self.plans.pop(plan_id, None) is not None

    def tables(self, plan_id: str) -> PlanTables | None:
        """The tables of a plan, None when the plan is unknown."""
        made = self._tables.get(plan_id)
        if made is None and (plan := self.plans.get(plan_id)) is not None:
            made = self._tables[plan_id] = PlanTables(plan)
        return made

    def put_profile(self, profile: RatingProfile) -> None:
        """Add a rating profile or replace the one of its id; its activations are sorted by time."""
        self.lasting.forget()
        ordered = sorted(profile.RatingPlanActivations, key=lambda activation: activation.ActivationTime)
        self.profiles[profile.Id] = RatingProfile(Id=profile.Id, RatingPlanActivations=ordered)

    def drop_profile(self, profile_id: str) -> bool:
        """Remove a rating profile; whether there was one."""
        self.lasting.forget()
        return self.profiles.pop(profile_id, None) is not None

    def profile(self, key: str) -> RatingProfile | None:
        """The profile of a key; with `subject_prefix_matching` also of its subject cut at the end, the longest that is known."""
        found = self.profiles.get(key)
        if found is not None or not self.policy.subject_prefix_matching or key.endswith("*any"):
            return found
        head, _, subject = key.rpartition(":")
        cuts = (self.profiles.get(f"{head}:{subject[:length]}") for length in range(len(subject) - 1, 0, -1))
        return next((profile for profile in cuts if profile is not None), None)

    @property
    def ids_of_prefix(self) -> Mapping[str, tuple[str, ...]]:
        """Prefix → the ids of the destinations that have it."""
        return self._ids_of_prefix

    @property
    def longest_prefix(self) -> int:
        """No prefix has more digits than this; what follows in a number, however long, is not looked at."""
        return self._longest_prefix

    def prefix_of(self, number: str) -> str:
        """The longest prefix of a number that some destination has; "" when none has any."""
        known, number = self.ids_of_prefix, number[: self.longest_prefix]
        while number and number not in known:
            number = number[:-1]
        return number

    def destinations_of(self, number: str) -> Iterable[tuple[str, tuple[str, ...]]]:
        """The prefixes of a number that some destination has, longest first, with the destinations' ids."""
        while number := self.prefix_of(number):
            yield number, self.ids_of_prefix[number]
            number = number[:-1]
