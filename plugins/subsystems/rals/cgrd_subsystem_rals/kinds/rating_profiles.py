"""RatingProfiles.csv: which plan a tenant, category and subject is rated by, from when on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from cgrd.errors import CgrdError, MandatoryMissing, NotFound, Wrong
from cgrd.instants import parse_instant
from cgrd.profiles import Api, Draft, Items, Kind, Method, PaginatorWithTenant, Profiles, Reading, Refused, TpApi, column, page
from cgrd_subsystem_rals.rating.records import RatingPlanActivation, RatingProfile, profile_key


def activation(row: Any, *, tenant: str, category: str, subject: str, reading: Reading) -> RatingPlanActivation:
    """The activation of a row; fallback subjects are of the same tenant and category, the subject itself is none.

    Raises:
        Wrong: the time cannot be read.
    """
    keys = [profile_key(tenant, category, each) for each in row.FallbackSubjects.split(";") if each and each != subject]
    at = parse_instant(row.ActivationTime, zone=reading.zone, now=reading.now)
    return RatingPlanActivation(ActivationTime=at, RatingPlanId=row.RatingPlanId, FallbackKeys=keys or None)


def build(row: Any, draft: Draft) -> RatingProfile:
    """The profile of its rows, activations in the order of time.

    Raises:
        Refused: a time that is none, or a plan that is nowhere.
    """
    found = []
    for each in row.RatingPlanActivations:
        try:
            made = activation(each, tenant=row.Tenant, category=row.Category, subject=row.Subject, reading=draft.reading)
        except Wrong as error:
            raise Refused(f"cannot parse activation time from {each.ActivationTime}", explain=error.explain) from error
        if not draft.has("RatingPlan", made.RatingPlanId):
            text = f'could not load rating plans for tag: "{made.RatingPlanId}"'
            raise Refused(text, explain="neither in RatingPlans.csv nor loaded before")
        found.append(made)
    found.sort(key=lambda each: each.ActivationTime)
    return RatingProfile(Id=profile_key(row.Tenant, row.Category, row.Subject), RatingPlanActivations=found)


class TPRatingActivation(msgspec.Struct):
    """An activation as SetRatingProfile takes it."""

    ActivationTime: str = ""
    RatingPlanId: str = ""
    FallbackSubjects: str = ""


class SetRatingProfile(msgspec.Struct):
    """Arguments of APIerSv1.SetRatingProfile."""

    Tenant: str = ""
    Category: str = ""
    Subject: str = ""
    Overwrite: bool = False
    RatingPlanActivations: list[TPRatingActivation] | None = None
    APIOpts: dict[str, Any] | None = None


class RatingProfileKey(msgspec.Struct):
    """Arguments of GetRatingProfile and RemoveRatingProfile."""

    Tenant: str = ""
    Category: str = ""
    Subject: str = ""
    APIOpts: dict[str, Any] | None = None


def methods(profiles: Profiles) -> Iterable[Method]:
    """The API of rating profiles."""
    table = profiles["RatingProfile"]

    def get(args: RatingProfileKey) -> RatingProfile:
        """The rating profile of a category and subject."""
        if missing := [name for name in ("Category", "Subject") if not getattr(args, name)]:
            raise MandatoryMissing(*missing)
        found: RatingProfile = table.get("", profile_key(args.Tenant or profiles.default_tenant, args.Category, args.Subject))
        return found

    def set_profile(args: SetRatingProfile) -> str:
        """Store activations of a rating profile beside those that there are, or with `Overwrite` in their place."""
        if missing := [name for name in ("Subject", "RatingPlanActivations") if not getattr(args, name)]:
            raise MandatoryMissing(*missing)
        tenant = args.Tenant or profiles.default_tenant
        made = [_checked(each, args, tenant, profiles) for each in args.RatingPlanActivations or ()]
        key = profile_key(tenant, args.Category, args.Subject)
        old = table.find(key)
        kept = [] if args.Overwrite or old is None else [a for a in old.RatingPlanActivations if a not in made]
        both = sorted([*kept, *made], key=lambda each: each.ActivationTime)
        table.set(RatingProfile(Id=key, RatingPlanActivations=both), why="APIerSv1.SetRatingProfile")
        return "OK"

    def remove(args: RatingProfileKey) -> str:
        """Delete a rating profile."""
        key = profile_key(args.Tenant or profiles.default_tenant, args.Category, args.Subject)
        if key in table:
            table.remove("", key, why="APIerSv1.RemoveRatingProfile")
        return "OK"

    def ids(args: PaginatorWithTenant) -> list[str]:
        """Category and subject of a tenant's rating profiles."""
        prefix = f"*out:{args.Tenant or profiles.default_tenant}:"
        found = [key[len(prefix) :] for key in table.ids(search=prefix + args.Search)]
        if not found:
            raise NotFound(explain="the tenant has no rating profile")
        return page(found, args)

    yield Method("APIerSv1.GetRatingProfile", RatingProfileKey, get)
    yield Method("APIerSv1.SetRatingProfile", SetRatingProfile, set_profile)
    yield Method("APIerSv1.RemoveRatingProfile", RatingProfileKey, remove)
    yield Method("APIerSv1.GetRatingProfileIDs", PaginatorWithTenant, ids)


def _checked(row: TPRatingActivation, args: SetRatingProfile, tenant: str, profiles: Profiles) -> RatingPlanActivation:
    if missing := [name for name in ("ActivationTime", "RatingPlanId") if not getattr(row, name)]:
        raise CgrdError(f"MANDATORY_IE_MISSING:RatingPlanActivation:[{' '.join(missing)}]")
    if row.RatingPlanId not in profiles["RatingPlan"]:
        raise NotFound.of(f"RatingPlanId:{row.RatingPlanId}", explain="no such rating plan is loaded")
    try:
        return activation(row, tenant=tenant, category=args.Category, subject=args.Subject, reading=profiles.reading())
    except Wrong as error:
        raise CgrdError(f"SERVER_ERROR:Cannot parse activation time from {row.ActivationTime}", explain=error.explain) from error


RATING_PROFILE = Kind(
    name="RatingProfile",
    record=RatingProfile,
    file="RatingProfiles.csv",
    model="RatingProfileMdl",
    order=60,
    columns=(
        column("Tenant"),
        column("Category"),
        column("Subject"),
        column("ActivationTime", item="RatingPlanActivations"),
        column("RatingPlanTag", into="RatingPlanId", item="RatingPlanActivations"),
        column("FallbackSubjects", item="RatingPlanActivations"),
    ),
    key=("Tenant", "Category", "Subject"),
    tenant_table=False,
    items=Items(field="RatingPlanActivations"),
    early=True,
    cache="*rating_profiles",
    api=Api(derive=False, extra=methods),
    tp=TpApi(
        noun="RatingProfile",
        ids="RatingProfileIds",
        mandatory=("LoadId", "Category", "Subject", "RatingPlanActivations"),
        key="RatingProfileID",
        load_id=True,
    ),
    build=build,
    export=False,
    docs="Which plan rates a tenant's category and subject, from when on, and whose rates are asked where it has none. A profile is called "
    "`*out:tenant:category:subject` in the API and in explanations: `*out` (the direction, there is only this one) is put before it, no row writes it. A "
    "subject without a profile has that of `*any`; one that has its own has `*any`'s rates only where its FallbackSubjects name `*any`.",
)
