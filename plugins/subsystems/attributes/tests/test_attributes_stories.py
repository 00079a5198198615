"""Stories of AttributeS, told to a daemon in memory."""

from __future__ import annotations

from typing import Any

import pytest

from cgrd import CGREvent
from cgrd.errors import MandatoryMissing, NotFound, ServerError, Wrong
from cgrd.kernel import Kernel
from cgrd.testing import call, kernel_in_memory

SECTIONS: dict[str, Any] = {
    "attributes": {"enabled": True},
    "apiers": {"enabled": True},
    "resources": {"enabled": True},
    "filters": {"resources_conns": ["*internal"]},
}


async def profile(kernel: Kernel, id: str, *changes: tuple[str, str, str], filters: list[str] | None = None, weight: int = 0, **more: Any) -> None:
    attributes = [{"Path": path, "Type": kind, "Value": value} for path, kind, value in changes]
    await call(kernel, "APIerSv2.SetAttributeProfile", ID=id, Attributes=attributes, FilterIDs=filters or [], Weight=weight, **more)


async def process(kernel: Kernel, fields: dict[str, Any], **options: Any) -> dict[str, Any]:
    given = {f"*{name}": value for name, value in options.items()}
    answer: dict[str, Any] = await call(kernel, "AttributeSv1.ProcessEvent", ID="e", Event=fields, APIOpts=given)
    return answer


async def test_the_heaviest_profile_that_matches_changes_the_event() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "LIGHT", ("*req.A", "*constant", "light"), weight=1)
        await profile(kernel, "HEAVY", ("*req.A", "*constant", "heavy"), weight=2)
        await profile(kernel, "OTHER", ("*req.A", "*constant", "other"), filters=["*string:~*req.Account:1002"], weight=3)
        answer = await process(kernel, {"Account": "1001"})
        assert (answer["MatchedProfiles"], answer["AlteredFields"], answer["Event"]) == (["cgrates.org:HEAVY"], ["*req.A"], {"Account": "1001", "A": "heavy"})


async def test_each_run_sees_the_runs_before_and_no_profile_follows_itself() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P1", ("*req.Way", "*composed", "1"), weight=2)
        await profile(kernel, "P2", ("*req.Way", "*composed", "2"), weight=1)
        answer = await process(kernel, {}, attrProcessRuns=5)
        assert answer["Event"]["Way"] == "12121"


async def test_a_blocker_is_the_last() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P1", ("*req.Way", "*composed", "1"), weight=2, Blocker=True)
        await profile(kernel, "P2", ("*req.Way", "*composed", "2"), weight=1)
        assert (await process(kernel, {}, attrProcessRuns=5))["Event"]["Way"] == "1"


async def test_the_event_of_the_caller_is_left_as_it_was() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P", ("*req.Cust.Name", "*constant", "Bob"), ("*opts.X", "*constant", "1"))
        event = CGREvent(Tenant="cgrates.org", ID="e", Event={"Cust": {"Name": "Ann", "Age": 5}}, APIOpts={})
        service: Any = kernel.house.components["attributes"]
        answer = service.process_event(event)
        assert event.Event == {"Cust": {"Name": "Ann", "Age": 5}}
        assert event.APIOpts == {}
        assert answer.Event == {"Cust": {"Name": "Bob", "Age": 5}}
        assert answer.APIOpts == {"X": "1"}


async def test_contexts_decide_who_is_looked_at() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "ANY", ("*req.A", "*constant", "any"), Contexts=["*any"], weight=1)
        await profile(kernel, "SES", ("*req.A", "*constant", "ses"), Contexts=["*sessions"], weight=2)
        assert (await process(kernel, {}, context="*sessions"))["Event"]["A"] == "ses"
        assert (await process(kernel, {}, context="*cdrs"))["Event"]["A"] == "any"


async def test_without_any_context_those_under_any_are_the_last_resort() -> None:
    sections = {**SECTIONS, "attributes": {"enabled": True, "any_context": False}}
    async with kernel_in_memory(sections) as kernel:
        await profile(kernel, "ANY", ("*req.A", "*constant", "any"), Contexts=["*any"], weight=9)
        await profile(kernel, "SES", ("*req.A", "*constant", "ses"), filters=["*string:~*req.Account:1001"], Contexts=["*sessions"], weight=1)
        assert (await process(kernel, {"Account": "1001"}, context="*sessions"))["Event"]["A"] == "ses"
        assert (await process(kernel, {"Account": "1002"}, context="*sessions"))["Event"]["A"] == "any"


async def test_inline_profiles_need_no_record() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        answer = await process(kernel, {"A": "x"}, attrProfileIDs=["*variable:*req.B:~*req.A&-y;*constant:*req.C:1"])
        assert answer["Event"] == {"A": "x", "B": "x-y", "C": "1"}
        with pytest.raises(ServerError, match="empty path in inline AttributeProfile"):
            await process(kernel, {}, attrProfileIDs=["*constant::x"])


async def test_remove_takes_a_field_away_and_tenant_moves_the_event() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P", ("*req.A", "*composed", "*remove"), ("*tenant", "*constant", "other.org"))
        answer = await process(kernel, {"A": "1"})
        assert answer["Event"] == {}
        assert answer["Tenant"] == "other.org"
        assert answer["AlteredFields"] == ["*req.A", "*tenant"]


async def test_a_missing_field_in_the_first_run_is_not_found_and_later_ends_the_runs() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P1", ("*req.B", "*variable", "~*req.A"), weight=1)
        with pytest.raises(NotFound):
            await process(kernel, {}, attrProcessRuns=3)
        await profile(kernel, "P2", ("*req.C", "*constant", "c"), weight=2)
        assert (await process(kernel, {}, attrProcessRuns=3))["MatchedProfiles"] == ["cgrates.org:P2"]


async def test_a_field_that_profiles_were_to_fill_in_must_be_filled_in() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P", ("*req.A", "*constant", "a"))
        assert (await process(kernel, {"A": "*attributes"}))["Event"] == {"A": "a"}
        with pytest.raises(MandatoryMissing, match=r"\[Password\]"):
            await process(kernel, {"Password": "*attributes"})


async def test_an_event_without_fields_is_one_and_no_event_is_none() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P", ("*req.A", "*constant", "a"))
        assert (await process(kernel, {}))["Event"] == {"A": "a"}
        with pytest.raises(MandatoryMissing, match=r"\[Event\]"):
            await call(kernel, "AttributeSv1.ProcessEvent", ID="e")


async def test_a_changed_profile_and_a_changed_filter_hold_at_once() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await call(kernel, "APIerSv1.SetFilter", ID="F", Rules=[{"Type": "*string", "Element": "~*req.A", "Values": ["1"]}])
        await profile(kernel, "P", ("*req.B", "*constant", "old"), filters=["F"])
        assert (await process(kernel, {"A": "1"}))["Event"]["B"] == "old"
        await profile(kernel, "P", ("*req.B", "*constant", "new"), filters=["F"])
        assert (await process(kernel, {"A": "1"}))["Event"]["B"] == "new"
        await call(kernel, "APIerSv1.SetFilter", ID="F", Rules=[{"Type": "*string", "Element": "~*req.A", "Values": ["2"]}])
        with pytest.raises(NotFound):
            await process(kernel, {"A": "1"})


async def test_rules_that_ask_another_subsystem_are_waited_for() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await call(kernel, "APIerSv1.SetResourceProfile", ID="R", Limit=5, UsageTTL=-1)
        await profile(kernel, "P", ("*req.Tenant", "*variable", "~*resources.R.Tenant"), filters=["*string:~*resources.R.ID:R"])
        assert (await process(kernel, {}, attrProfileIDs=["P"]))["Event"] == {"Tenant": "cgrates.org"}


async def test_options_that_cannot_be_read_are_told_in_the_words_of_the_reference() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        for option, text in (("attrProcessRuns", "ParseInt"), ("attrProfileIDs", r"\[\]string"), ("attrProfileIgnoreFilters", "ParseBool")):
            with pytest.raises(Wrong, match=text):
                await process(kernel, {}, **{option: "x"})


async def test_neither_runs_nor_texts_grow_without_end() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P1", ("*req.A", "*composed", "~*req.A"), weight=1)
        await profile(kernel, "P2", ("*req.A", "*composed", "~*req.A"), weight=2)
        with pytest.raises(Wrong, match="too many"):
            await process(kernel, {"A": "x"}, attrProcessRuns=1_000_000)
        with pytest.raises(ServerError, match="too long"):
            await process(kernel, {"A": "x"}, attrProcessRuns=1000)


async def test_a_variable_does_not_grow_without_end() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P", *[("*req.A", "*variable", "~*req.A;~*req.A")] * 40)
        with pytest.raises(ServerError, match="too long"):
            await process(kernel, {"A": "x"})


async def test_the_profile_for_an_event_is_shown_without_being_applied() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "P", ("*req.A", "*constant", "a"), filters=["*string:~*req.Account:1001"])
        found = await call(kernel, "AttributeSv1.GetAttributeForEvent", ID="e", Event={"Account": "1001"})
        assert found["ID"] == "P"
        with pytest.raises(NotFound):
            await call(kernel, "AttributeSv1.GetAttributeForEvent", ID="e", Event={"Account": "1002"})
