"""Whatever is decided one after the other, the version proves it, and nobody else moves."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.allocations.versions.domain.deciding.decide import decide
from service.allocations.versions.domain.deciding.decision import (
    Decision,
    NotCarried,
    Refused,
    Wanted,
)
from service.allocations.versions.domain.proof.examine import examine
from solver.amend import Funding
from tests.service.allocations.amended import (
    a_decision,
    amend,
    opened,
    proved,
    solved,
    two_teams,
)

REPS = ("ann", "bob", "cyd", "dan", "eve")
TARGETS = [
    {"product": None, "customer_type": None, "amount": 550},
    {"product": "new", "amount": 120},
]


def company(kind: str) -> dict[str, Any]:
    body = two_teams()
    for number, row in enumerate(body["reps"]):
        row["max"] = 118 + number
        row["min"] = 90 - number
    if kind == "targets":
        body["units"][2]["target"] = 330
    if kind == "levels":
        body["measures"] = [{"id": "revenue", "levels": {"floor": 0.8, "stretch": 1.2}}]
    if kind == "lines":
        history = [
            {"rep": rep, "product": product, "period": f"2026-{month:02}", "actual": amount}
            for rep in REPS
            for product, amount in (("new", 3.0), ("old", 7.0))
            for month in range(1, 13)
        ]
        del body["target"]
        body |= {"targets": TARGETS, "history": history}
    return body


KINDS = ("plain", "targets", "levels", "lines", "rules")
POLICIES: dict[str, dict[str, Any]] = {
    "rules": {"groups": [{"id": "duo", "reps": ["ann", "dan"], "min": 222}]},
    "plain": {"season": "even", "reserves": [{"unit": "all", "amount": 20}]},
}


@cache
def made(kind: str) -> Any:
    return solved(company(kind), POLICIES.get(kind, {}), increment=100)


@st.composite
def decisions(draw: st.DrawFn) -> list[Decision]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        who = draw(st.lists(st.sampled_from(REPS), min_size=1, max_size=3, unique=True))
        wanted = [Wanted(rep, draw(st.integers(8_800, 12_200))) for rep in who]
        funding: Funding = draw(
            st.sampled_from(("siblings", "parent", "everyone", "reserve", "unfunded"))
        )
        month = draw(st.sampled_from((None, "2027-01", "2027-05", "2027-12")))
        locks, beyond = draw(st.booleans()), draw(st.booleans())
        found.append(
            Decision(
                "adjustment", f"adj_{number}", wanted, funding, month, locks=locks, beyond=beyond
            )
        )
    return found


@pytest.mark.parametrize("kind", KINDS)
@given(steps=decisions())
@settings(max_examples=12)
def test_every_chain_of_decisions_is_proved(kind: str, steps: list[Decision]) -> None:
    content = made(kind)
    after = before = opened(proved(content))
    kept = 0
    for step in steps:
        try:
            after = decide(after, step)
        except (Refused, NotCarried):
            continue
        kept += 1
    if not kept:
        return
    found = after.content()
    document = proved(found, before=content)
    verdict = examine(document)
    assert verdict.valid, verdict.faults
    stored = {row["rep"]: row for row in before.quotas}
    for row in document["quotas"]:
        if "amended" not in row:
            assert row == stored[row["rep"]]
    again = opened(document)
    assert again.book.quota.tolist() == after.book.quota.tolist()


def test_efforts_compare_with_the_solve_s_common_stretch_where_nobody_is_there() -> None:
    """Rules across teams: whether there is one to compare with is said by the solve."""
    policy = {"groups": [{"id": "duo", "reps": ["ann", "dan"], "min": 222}]}
    everybody = {rep: 11_500 + place for place, rep in enumerate(REPS)}
    first, *others = everybody.items()

    _, document = amend(
        solved(policy=policy),
        a_decision(dict([first]), "unfunded"),
        a_decision(dict(others), "unfunded"),
    )

    assert document["manifest"]["fairness"]["reps_at_common_stretch"] == 0
    assert all(row["effort"] is not None for row in document["quotas"])
    verdict = examine(document)
    assert verdict.valid, verdict.faults
