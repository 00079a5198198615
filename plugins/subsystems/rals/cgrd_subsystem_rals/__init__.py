"""RALs: what a use costs, what an account can pay, and what happens to its balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cgrd import Component, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_rals.service import RALs

    return [RALs]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_rals import stages

    return stages_of(vars(stages))


@hookimpl
def cgrd_words() -> Mapping[str, Mapping[str, object]]:
    from cgrd_subsystem_rals.vocabulary import words

    return words()
