"""Flows: the order of stages, who is asked, how runs become one answer, what a failure does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from cgrd import CGREvent, Component, Flow, Run, Stage, stage, stages_of
from cgrd.errors import CgrdError, ConfigurationError, NotFound, Wrong
from cgrd.flows import ordered, settled, travel


class Driver:
    """A component that is linked to `edges`, with the inner flow `runs`."""

    section = "driver"

    def __init__(self, *edges: str, runs: tuple[Stage, ...] = ()) -> None:
        self.edges = edges
        self.services = SimpleNamespace(flows={"runs": runs})

    def linked(self, edge: str) -> bool:
        return edge in self.edges


def flow(*, asked: dict[str, dict[str, Any]], driver: Driver | None = None, runs: int = 0) -> Flow:
    made = Flow(name="event", driver=cast("Any", driver or Driver()), event=CGREvent(ID="e"), asked=asked)
    made.runs = [Run(id=f"run{number}", event=made.event) for number in range(runs)]
    return made


def say(flag: str, value: Any = None, **rest: Any) -> Stage:
    async def run(*_: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return value

    stage(flag, of=rest.pop("of", "event"), **rest)(run)
    (made,) = stages_of({"run": run})
    return made


def names(*stages: Stage) -> list[str]:
    return [made.called for made in ordered("event", stages)]


def test_stages_stand_after_and_before_the_ones_they_name() -> None:
    assert names(say("*c", after="*b"), say("*b", after="*a"), say("*a")) == ["*a", "*b", "*c"]
    assert names(say("*a"), say("*b"), say("*stranger", after="*a", before="*b")) == ["*a", "*stranger", "*b"]


def test_who_is_named_and_not_there_changes_nothing() -> None:
    assert names(say("*b", after="*nobody"), say("*a", before="*nobody")) == ["*b", "*a"]


def test_a_circle_is_told_with_its_stages() -> None:
    with pytest.raises(ConfigurationError, match=r"\*a"):
        ordered("event", [say("*a", after="*b"), say("*b", after="*a")])


def test_stages_of_other_flows_are_left_out() -> None:
    assert names(say("*a"), say("*b", of="cdr")) == ["*a"]


async def test_only_what_was_asked_for_runs_and_its_value_is_the_reply() -> None:
    stages = [say("*a", 1, reply="A"), say("*b", 2, reply="B"), say("*c", None, reply="C")]
    done = await travel(stages, flow(asked={"*a": {}, "*c": {}}))
    assert done.reply == {"A": 1}


async def test_an_option_chooses_among_stages_of_one_flag_and_may_stand_in_for_another() -> None:
    stages = [say("*r", 1, option="*authorize", reply="X"), say("*r", 2, option="*allocate", unless="*authorize", reply="Y")]
    assert (await travel(stages, flow(asked={"*r": {"*allocate": []}}))).reply == {"Y": 2}
    assert (await travel(stages, flow(asked={"*r": {"*allocate": [], "*authorize": []}}))).reply == {"X": 1}
    assert (await travel(stages, flow(asked={"*r": {}}))).reply == {}


async def test_runs_give_one_answer_by_merging() -> None:
    values = iter([30, 10, 20])

    async def usage(_: Flow, __: Run) -> int:
        return next(values)

    stage("*u", of="event", per="run", reply="MaxUsage", merge=min)(usage)
    done = await travel(stages_of({"usage": usage}), flow(asked={"*u": {}}, runs=3))
    assert done.reply == {"MaxUsage": 10}
    assert done.by_run == {"MaxUsage": {"run0": 30, "run1": 10, "run2": 20}}


async def test_what_is_asked_for_and_not_linked_is_told() -> None:
    with pytest.raises(CgrdError, match=r"^NOT_CONNECTED: ResourceS$"):
        await travel([say("*r", edge="resources", service="ResourceS")], flow(asked={"*r": {}}))
    with pytest.raises(Wrong, match=r"^ChargerS is disabled$"):
        await travel([say("*c", edge="chargers", unlinked="ChargerS is disabled")], flow(asked={"*c": {}}))


async def test_what_runs_always_needs_no_link_when_nobody_asks() -> None:
    done = await travel([say("*s", 1, edge="stats", always=True, reply="S")], flow(asked={}))
    assert done.reply == {}
    done = await travel([say("*s", 1, edge="stats", always=True, reply="S")], flow(asked={}, driver=Driver("stats")))
    assert done.reply == {"S": 1}


async def test_an_error_ends_the_flow_with_its_prefix() -> None:
    with pytest.raises(CgrdError, match=r"^RALS_ERROR:NO$"):
        await travel([say("*r", Wrong("NO"), errors="RALS_ERROR"), say("*never", Wrong("never"))], flow(asked={"*r": {}, "*never": {}}))


async def test_a_tolerant_stage_lets_the_flow_go_on_and_is_told_at_the_end() -> None:
    stages = [say("*t", Wrong("NO"), tolerant=True, errors="THRESHOLDS_ERROR"), say("*a", 1, reply="A")]
    done = await travel(stages, flow(asked={"*t": {}, "*a": {}}))
    assert done.reply == {"A": 1}
    with pytest.raises(CgrdError, match=r"^PARTIALLY_EXECUTED$") as told:
        settled(done)
    assert told.value.explain == "THRESHOLDS_ERROR:NO"


async def test_a_strict_flow_tolerates_nothing() -> None:
    strict = flow(asked={"*t": {}}, runs=1)
    strict.strict = True
    with pytest.raises(CgrdError, match=r"^CDRS_ERROR:NO$"):
        await travel([say("*t", Wrong("NO"), tolerant=True, per="run", errors="CDRS_ERROR")], strict)


async def test_one_run_that_fails_tolerably_does_not_keep_the_others() -> None:
    answers = iter([Wrong("NO"), 2])

    async def each(_: Flow, __: Run) -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return cast("int", answer)

    stage("*t", of="event", per="run", reply="T", tolerant=True, errors="X")(each)
    done = await travel(stages_of({"each": each}), flow(asked={"*t": {}}, runs=2))
    assert (done.by_run, [str(error) for error in done.partial]) == ({"T": {"run1": 2}}, ["X:NO"])


async def test_an_event_is_forked_by_the_inner_flow() -> None:
    async def fork(inner: Flow) -> None:
        inner.runs = [Run(id="one", event=inner.event), Run(id="two", event=inner.event)]

    stage("*chargers", of="runs", edge="chargers", forks=True)(fork)
    outer = flow(asked={}, driver=Driver("chargers", runs=tuple(stages_of({"fork": fork}))))
    assert [run.id for run in await outer.forked(CGREvent(ID="other"))] == ["one", "two"]
    assert outer.runs == []


class Counting(Component):
    """A driver whose StatS answers what `answer` is."""

    def __init__(self, answer: list[str] | CgrdError) -> None:
        self.answer = answer
        self.sent: list[Any] = []

    async def call(self, edge: str, method: str, args: object, reply: Any = Any) -> Any:
        self.sent.append((edge, method, cast("CGREvent", args).options()))
        if isinstance(self.answer, CgrdError):
            raise self.answer
        return self.answer


def asking(driver: Counting) -> Flow:
    made = Flow(name="event", driver=driver, event=CGREvent(ID="e", APIOpts={"*ids": ["OWN"]}), asked={"*stats": {}})
    made.stage = say("*stats", edge="stats")
    return made


async def test_profiles_are_asked_for_by_id_where_some_are_named() -> None:
    driver = Counting(["A"])
    made = asking(driver)
    assert await made.matched("StatSv1.ProcessEvent", made.event, option="*ids", ids=["A"]) == ["A"]
    assert await made.matched("StatSv1.ProcessEvent", made.event, option="*ids", ids=None) == ["A"]
    assert driver.sent == [("stats", "StatSv1.ProcessEvent", {"*ids": ["A"]}), ("stats", "StatSv1.ProcessEvent", {"*ids": ["OWN"]})]


async def test_that_nothing_is_found_is_no_failure_for_who_asks_in_passing_but_that_a_named_thing_is_missing_is() -> None:
    for error, passes in ((NotFound(), True), (NotFound.of("SQ_1"), False), (Wrong("NO"), False)):
        made = asking(Counting(error))
        if passes:
            assert await made.matched("StatSv1.ProcessEvent", made.event, option="*ids", ids=None) is None
        else:
            with pytest.raises(CgrdError) as told:
                await made.call_or_none("StatSv1.ProcessEvent", made.event)
            assert told.value is error
