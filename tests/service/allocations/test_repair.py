"""Plans made by hand, as documents: whatever was sent is proved, and mended without a fault."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.allocations.imports.domain.beside import beside
from service.allocations.imports.domain.repair import repair_of
from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decide import decide
from service.allocations.versions.domain.deciding.decision import Decision, Wanted
from service.allocations.versions.domain.ledger.beyond import beyond
from service.allocations.versions.domain.proof.examine import examine
from solver.errors import InfeasibleProblem
from tests.service.allocations.amended import (
    Document,
    amend,
    opened,
    proved,
    solved,
    two_teams,
)

REPS = ("ann", "bob", "cyd", "dan", "eve")


def by_hand(quotas: dict[str, int]) -> Decision:
    wanted = [Wanted(rep, quota) for rep, quota in quotas.items()]
    return Decision("import", "imp_1", wanted, "unfunded", whole=True, beyond=True)


def broken(plan: Amendable) -> list[str]:
    return [row["rule"] for row in beyond(plan.stands.plan, plan.book)]


@st.composite
def companies(draw: st.DrawFn) -> Document:
    body = two_teams()
    for row in body["reps"]:
        if draw(st.booleans()):
            row["max"] = draw(st.integers(110, 200))
        if draw(st.booleans()):
            row["min"] = draw(st.integers(0, 100))
    for row in body["units"][1:]:
        if draw(st.booleans()):
            row["max"] = draw(st.integers(360, 500))
    return body


@settings(max_examples=40, deadline=None)
@given(
    companies(),
    st.lists(st.integers(0, 30_000), min_size=5, max_size=5),
    st.sampled_from(["equal_stretch", "equal_growth"]),
)
def test_any_plan_by_hand_is_proved_and_mended(
    body: Document, amounts: list[int], fairness: str
) -> None:
    even = solved(body, {"fairness": fairness, "on_infeasible": "gap"})
    before = opened(proved(even))
    decision = by_hand(dict(zip(REPS, amounts, strict=True)))
    after = decide(before, decision)

    _, document = amend(even, decision)
    assert examine(document).valid
    told = beside(before, after)
    assert told.imported == sum(amounts)
    assert told.above.amount + told.below.amount == told.imported - told.solved
    assert told.above.reps + told.below.reps + told.same == len(REPS)

    repair = repair_of(after, "rpr_2")
    mended = decide(after, repair)
    assert broken(mended) == []
    assert bool(repair.wanted) == bool(broken(after))
    _, document = amend(even, decision, repair)
    assert examine(document).valid


def test_who_is_locked_is_not_moved() -> None:
    even = solved(two_teams())
    lock = Decision("adjustment", "adj_1", [Wanted("ann", 9_000)], "siblings", locks=True)
    locked = decide(opened(proved(even)), lock)
    after = decide(locked, by_hand({"bob": 5_000}))

    mended = decide(after, repair_of(after, "rpr_2"))

    assert mended.book.quota[mended.names.rep["ann"]] == 9_000
    assert broken(mended) == []


def test_locks_that_break_limits_themselves_cannot_be_kept() -> None:
    even = solved(two_teams(target=500))
    lock = Decision(
        "adjustment", "adj_1", [Wanted(rep, 9_000) for rep in REPS], "unfunded",
        locks=True, beyond=True,
    )  # fmt: skip
    after = decide(opened(proved(even)), lock)

    with pytest.raises(InfeasibleProblem):
        repair_of(after, "rpr_1")
