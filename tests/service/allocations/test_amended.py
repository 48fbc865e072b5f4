"""Versions whose quotas were amended: what they say, and that it is proved."""

from __future__ import annotations

from typing import Any

import pytest

from service.allocations.versions.domain.deciding.decide import decide
from service.allocations.versions.domain.deciding.decision import (
    Decision,
    NotCarried,
    Refused,
    Wanted,
)
from service.allocations.versions.domain.proof.examine import examine
from tests.service.allocations.amended import (
    a_decision,
    amend,
    opened,
    proved,
    quotas,
    solved,
    two_teams,
)


def test_the_siblings_carry_an_adjustment_and_the_rest_keep_their_bytes() -> None:
    before = solved()
    after, document = amend(before, a_decision({"ann": 10_000}))
    assert quotas(document) == {
        "ann": 10_000, "bob": 11_500, "cyd": 11_500, "dan": 11_000, "eve": 11_000,
    }  # fmt: skip
    verdict = examine(document)
    assert verdict.valid, verdict.faults
    assert verdict.checks["ledger"]
    old, new = (
        {chunk["unit"]: chunk["chunk"] for chunk in of.facts["quotas"]} for of in (before, after)
    )
    assert old["east"] == new["east"]
    assert old["west"] != new["west"]
    assert after.facts["index"] == before.facts["index"]
    assert len(after.chunks) == 2  # rows of units, and of west


def test_a_solved_version_has_no_ledger() -> None:
    document = proved(solved())
    assert "amendments" not in document["manifest"]
    assert "ledger" not in examine(document).checks


@pytest.mark.parametrize("season", ["even", [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5], [1, 2, 3, 4]])
def test_months_that_are_over_keep_what_they_carry(season: Any) -> None:
    before = proved(solved(policy={"season": season}))
    _, document = amend(
        solved(policy={"season": season}), a_decision({"ann": 10_000}, effective="2027-04")
    )
    assert examine(document).valid, examine(document).faults
    was, now = ({row["rep"]: row for row in of["quotas"]} for of in (before, document))
    for rep in ("ann", "bob"):
        assert now[rep]["months"][:3] == was[rep]["months"][:3]
        assert sum(now[rep]["months"]) == now[rep]["quota"]
    assert document["manifest"]["months"] == [
        sum(of) for of in zip(*_months(document), strict=True)
    ]
    assert now["dan"] == was["dan"]


def _months(document: dict[str, Any]) -> list[list[int]]:
    return [row["months"] for row in document["quotas"]]


def test_amendments_add_up_one_after_the_other() -> None:
    _, once = amend(solved(), a_decision({"ann": 10_000}))
    after = opened(once)
    assert after.book.quota.tolist() == [11_000, 11_000, 10_000, 11_500, 11_500]
    _, document = amend(
        solved(), a_decision({"ann": 10_000}), a_decision({"dan": 10_900}, "parent")
    )
    assert examine(document).valid, examine(document).faults
    assert sum(quotas(document).values()) == 55_000
    assert document["quotas"][2]["amended"][0] == [0, -1_000]


def test_levels_lines_and_rules_are_told_of_what_stands() -> None:
    body = two_teams(
        measures=[{"id": "revenue", "levels": {"floor": 0.8, "stretch": 1.2}}],
    )
    _, document = amend(solved(body), a_decision({"ann": 10_000}))
    verdict = examine(document)
    assert verdict.valid, verdict.faults


def test_a_reserve_takes_the_difference_until_it_is_used_up() -> None:
    policy = {"reserves": [{"unit": "west", "amount": 12}]}
    _, document = amend(solved(policy=policy), a_decision({"ann": 10_000}, "reserve"))
    assert document["manifest"]["reserves"] == [{"unit": "west", "amount": 1_200, "used": 1_000}]
    assert document["manifest"]["assigned"] == 54_000
    assert examine(document).valid, examine(document).faults
    with pytest.raises(Refused, match="has 200 of 1,200 left, and 1,000 is wanted"):
        amend(
            solved(policy=policy),
            a_decision({"ann": 10_000}, "reserve"),
            a_decision({"bob": 10_000}, "reserve"),
        )


def test_a_reserve_takes_back_only_what_it_gave() -> None:
    policy = {"reserves": [{"unit": "west", "amount": 12}]}
    lower, back = a_decision({"ann": 10_000}, "reserve"), a_decision({"ann": 11_000}, "reserve")
    _, document = amend(solved(policy=policy), lower, back)
    assert document["manifest"]["reserves"] == [{"unit": "west", "amount": 1_200, "used": 0}]
    assert examine(document).valid, examine(document).faults
    with pytest.raises(Refused, match="only what was taken"):
        amend(solved(policy=policy), a_decision({"ann": 11_500}, "reserve"))


def test_what_nobody_carries_is_booked() -> None:
    _, document = amend(solved(), a_decision({"ann": 10_000}, "unfunded"))
    assert document["manifest"]["assigned"] == 54_000
    assert [row["rule"] for row in document["manifest"]["beyond"]] == ["target"]
    assert examine(document).valid, examine(document).faults


def test_an_import_may_leave_limits_and_says_so() -> None:
    body = two_teams()
    body["reps"][0]["max"] = 112
    wanted = [Wanted("ann", 12_000), Wanted("dan", 10_000)]
    _, document = amend(
        solved(body), Decision("import", "imp_1", wanted, "unfunded", unit="all", beyond=True)
    )
    beyond = {row["rule"] for row in document["manifest"]["beyond"]}
    assert beyond == {"rep:ann:cap"} | (beyond & {"target"})
    assert examine(document).valid, examine(document).faults


def test_every_fault_of_a_decision_is_told_at_once() -> None:
    body = two_teams()
    body["reps"][0]["max"] = 112
    with pytest.raises(Refused) as caught:
        amend(
            solved(body),
            Decision(
                "adjustment", "adj_1",
                [Wanted("ann", 12_000), Wanted("nobody", 1), Wanted("dan", -1), Wanted("dan", 5)],
                "siblings",
            ),
        )  # fmt: skip
    assert [(reason.rep, reason.rule) for reason in caught.value.reasons] == [
        ("ann", "rep:ann:cap"), ("nobody", None), ("dan", None), ("dan", None),
    ]  # fmt: skip


def test_what_the_others_cannot_carry_says_how_much_they_could() -> None:
    body = two_teams()
    for row in body["reps"]:
        row["max"] = 112
    with pytest.raises(NotCarried) as caught:
        amend(solved(body), a_decision({"ann": 10_000}))
    assert caught.value.could == {"ann": 10_600}
    assert {stop.name for stop in caught.value.stops} == {"rep:bob:cap", "rep:cyd:cap"}


def test_a_lock_is_kept_by_what_is_decided_later() -> None:
    _, document = amend(
        solved(),
        a_decision({"ann": 10_000}, locks=True),
        a_decision({"bob": 11_000}),
    )
    assert quotas(document)["ann"] == 10_000
    assert document["manifest"]["locks"] == [{"rep": "ann", "quota": 10_000, "reference": "adj_1"}]
    assert document["manifest"]["amendments"][1]["held"] == ["ann"]
    assert examine(document).valid, examine(document).faults


def test_what_moves_to_another_unit_is_counted_there() -> None:
    before = proved(solved(policy={"season": "even"}))
    ann = next(row for row in before["quotas"] if row["rep"] == "ann")
    months = [own if k < 6 else own + 100 for k, own in enumerate(ann["months"])]
    decision = Decision(
        "event", "evt_1", [Wanted("ann", 11_600, tuple(months), unit="east")], None, "2027-07"
    )
    _, document = amend(solved(policy={"season": "even"}), decision)
    assert examine(document).valid, examine(document).faults
    units = {row["id"]: row for row in document["units"]}
    assert (units["east"]["quota"], units["west"]["quota"]) == (22_600, 33_000)
    assert units["all"]["quota"] == 55_600
    assert [
        new - old for new, old in zip(units["east"]["months"], _of_unit(before), strict=True)
    ] == ([0] * 6 + [100] * 6)


def _of_unit(document: dict[str, Any]) -> list[int]:
    months: list[int] = next(row for row in document["units"] if row["id"] == "east")["months"]
    return months


def test_a_unit_carries_no_less_than_nothing_because_somebody_works_elsewhere() -> None:
    """Ann is alone in the south. She carries as much for the east, then too little for her own."""
    body = two_teams()
    body["units"].append({"id": "south", "parent": "all"})
    body["reps"][0]["unit"] = "south"
    before = opened(proved(solved(body, {"season": "even"})))
    carried = before.book.of_rep(before.names.rep["ann"]).tolist()
    moved, back = (
        Decision("event", f"evt_{n}", [Wanted("ann", sum(months), months, unit)], None)
        for n, months, unit in (
            (1, [2 * own for own in carried], "east"),
            (2, [own // 2 for own in carried], None),
        )
    )
    with pytest.raises(Refused, match="unit south would carry less than nothing"):
        decide(decide(before, moved), back)
