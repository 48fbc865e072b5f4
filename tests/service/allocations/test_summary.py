"""The one page of a version: each number follows from what other calls tell."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.allocations.summary.domain.movers import Movers
from service.allocations.summary.domain.sums import Seat, Tree, sums_of
from service.kit.db import Database
from tests.service.allocations.plans import Document, a_plan, a_version, decided, four_reps, publish
from tests.service.callers import Callers
from tests.service.negotiations.happenings import (
    from_july,
    given_today,
    happens,
    in_force,
    twelve_hundred_each,
)
from tests.service.steps import take

MORE: dict[str, Document] = {
    "ann": {"last_year": 90, "fte": 0.5, "sigma": 0.2},
    "bob": {"last_year": 150, "sigma": 0.2},
    "cyd": {"sigma": 0.2},
    "d/d": {"last_year": 100, "vacant": True, "sigma": 0.2},
}
INPUTS = four_reps(reps=[row | MORE[row["id"]] for row in four_reps()["reps"]])
"""Nobody knows what cyd sold last year, ann works half of the week, and d/d is to be hired."""


def summary(client: TestClient, version: str, **params: Any) -> Document:
    answer = client.get(f"{version}/summary", params=params)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


@pytest.fixture
def amended(client: TestClient, database: Database) -> str:
    """Cyd carries 10 less than was solved, and d/d that much more."""
    plan = a_plan(client, INPUTS)
    reserve = {"reserves": [{"unit": None, "amount": 20}]}
    a_version(client, plan, policy={"over_assignment": 0.0} | reserve)
    return f"{plan}/versions/{decided(database, plan, 1, {'cyd': 102}, locks=True)}"


def test_every_number_follows_from_what_other_calls_tell(client: TestClient, amended: str) -> None:
    found = summary(client, amended)

    version = client.get(amended).json()
    rows = client.get(f"{amended}/quotas").json()["items"]
    inputs = client.get(f"{amended.partition('/versions')[0]}/inputs").json()
    stated = {row["id"]: row for row in inputs["reps"]}
    units = client.get(f"{amended}/months").json()["units"]
    total = found["total"]
    assert found["company"] == {
        "target": inputs["target"],
        "solved_target": inputs["target"],
        "assigned": version["assigned"],
        "gap": version["gap"],
        "growth": client.get(f"{amended}/quotas/cyd").json()["growth_beside"]["company"],
    }
    assert total["quota"] == version["assigned"] == sum(row["quota"] for row in rows)
    assert total["reps"] == len(rows) == total["people"]["reps"] + total["vacant"]["reps"]
    assert total["people"]["quota"] + total["vacant"]["quota"] == total["quota"]
    assert total["baseline"] == math.fsum(row["baseline"] for row in rows)
    assert total["growth"] == pytest.approx(total["quota"] / total["baseline"] - 1)
    known = [row for row in rows if stated[row["rep"]].get("last_year") is not None]
    assert total["year_on_year"]["last_year"] == sum(
        stated[row["rep"]]["last_year"] for row in known
    )
    assert total["year_on_year"]["quota"] == sum(row["quota"] for row in known)
    assert {row["unit"]: row["quota"] for row in found["units"]} == {
        row["id"]: row["quota"] for row in units
    }
    assert {row["rep"]: row["growth"] for row in found["movers"]["up"]} == {
        row["rep"]: row["over_last_year"] for row in known if row["over_last_year"] > 0
    }
    kinds = Counter(
        "amended" if "solved" in row else (row["binding"] or ["none"])[0] for row in rows
    )
    assert {kind: count for kind, count in found["held"].items() if count} == kinds
    assert found["locked"] == len(version["ledger"]["locks"]) == 1
    assert found["limits"] == {"kept": True, "beyond": 0, "relaxed": 0}
    (reserve,) = version["ledger"]["reserves"]
    assert found["reserves"] == {name: reserve[name] for name in ("amount", "used", "left")}
    assert (found["hash"], found["life"]["status"]) == (version["hash"], "draft")


def test_says_what_it_comes_to_for_people_and_against_last_year(
    client: TestClient, amended: str
) -> None:
    total = summary(client, amended)["total"]

    assert total["people"] == {"reps": 3, "quota": 319, "per_head": pytest.approx(319 / 3)}
    assert total["vacant"] == {"reps": 1, "quota": 122}
    assert total["full_time"] == {"reps": 3, "fte": 2.5, "quota": 319, "per_fte": 127.6}
    assert total["year_on_year"] == {
        "reps": 3,  # without cyd
        "last_year": 340,
        "quota": 339,
        "change": -1,
        "growth": round(339 / 340 - 1, 9),
    }
    assert total["chance"]["target"] == 441
    assert 0 < total["chance"]["reaching"] < 1


def test_says_who_moved_and_what_was_decided(client: TestClient, amended: str) -> None:
    found = summary(client, amended)

    up, down = found["movers"]["up"], found["movers"]["down"]
    assert [(row["rep"], row["change"]) for row in up] == [("d/d", 22), ("ann", 15)]
    assert [(row["rep"], row["change"]) for row in down] == [("bob", -38)]
    (decision,) = found["decided"]
    assert decision == {
        "kind": "adjustment", "decisions": 1, "reps": 2, "raised": 10, "lowered": -10, "change": 0,
    }  # fmt: skip
    assert [row["rep"] for row in summary(client, amended, limit=1)["movers"]["up"]] == ["d/d"]


def test_without_anything_of_last_year_there_is_nothing_to_compare(client: TestClient) -> None:
    plan = a_plan(client)
    a_version(client, plan)

    found = summary(client, f"{plan}/versions/1")

    assert {row["year_on_year"] for row in [found["total"], *found["units"]]} == {None}
    assert {row["chance"] for row in [found["total"], *found["units"]]} == {None}
    assert found["movers"] == {"up": [], "down": []}
    assert found["decided"] == []


def test_quotas_of_half_a_year_are_not_set_beside_sales_of_a_whole_one(client: TestClient) -> None:
    half = {"period": {"start": "2027-01-01", "end": "2027-06-30"}}
    plan = a_plan(client, INPUTS, **half)
    a_version(client, plan)

    found = summary(client, f"{plan}/versions/1")

    assert [row["year_on_year"] for row in [found["total"], *found["units"]]] == [None] * 4
    assert found["movers"] == {"up": [], "down": []}
    page = client.get(plan.removeprefix("/v1"))
    assert page.status_code == 200
    assert "Year on year" not in page.text


def test_a_gap_stands_at_its_unit_and_above(client: TestClient) -> None:
    reps = [row | {"max": 105} for row in four_reps()["reps"]]
    units = [{"id": "east"}, {"id": "east/1", "parent": "east", "target": 230}, {"id": "west"}]
    plan = a_plan(client, four_reps(reps=reps, units=units))
    a_version(client, plan, policy={"on_infeasible": "gap"})

    found = summary(client, f"{plan}/versions/1")

    gaps = {row["unit"]: row["gap"] for row in found["units"]}
    booked = client.get(f"{plan}/versions/1").json()["gaps"]
    assert booked
    assert found["total"]["gap"] == found["company"]["gap"] == sum(gap["amount"] for gap in booked)
    assert gaps["east"] == gaps["east/1"] == sum(
        gap["amount"] for gap in booked if gap["unit"] in ("east", "east/1")
    )  # fmt: skip


def test_counts_who_came_and_moved_since_in_the_units_of_their_quotas(
    app: FastAPI, client: TestClient
) -> None:
    given_today(app, "2027-06-15")
    inputs = twelve_hundred_each()
    inputs["reps"][1] |= {"vacant": True}  # bob's seat
    plan = in_force(client, inputs)
    new = {"id": "new", "unit": "west"}
    happens(client, plan, **from_july(kind="hire", rep=new, takes_over="bob"))
    publish(client, f"{plan}/versions/2").raise_for_status()
    happens(client, plan, **from_july(kind="transfer", rep="ann", to_unit="east"))
    happened = f"{plan}/versions/3"

    found = summary(client, happened)

    units = {row["id"]: row["quota"] for row in client.get(f"{happened}/months").json()["units"]}
    assert {row["unit"]: row["quota"] for row in found["units"]} == units
    assert units == {"east": 3000, "west": 1800}  # with half of ann's, whose row is of the west
    of_units = Counter(row["unit"] for row in client.get(f"{happened}/quotas").json()["items"])
    assert {row["unit"]: row["reps"] for row in found["units"]} == of_units
    total = found["total"]
    assert (total["quota"], total["reps"]) == (4800, 5)
    assert (total["people"]["reps"], total["people"]["quota"]) == (4, 4200)
    assert total["vacant"] == {"reps": 1, "quota": 600}  # until June
    assert total["full_time"]["reps"] == 3  # the FTE of whoever came since is not known
    assert found["decided"] == [
        {
            "kind": "event",
            "decisions": 2,
            "reps": 3,
            "raised": 600,  # who was hired; ann carries as much as before, elsewhere
            "lowered": -600,
            "change": 0,
        }
    ]


def test_tells_the_target_that_stands_and_the_one_that_was_solved_for(
    app: FastAPI, client: TestClient
) -> None:
    given_today(app, "2027-06-15")
    plan = in_force(client, twelve_hundred_each())
    happens(client, plan, **from_july(kind="target", amount=5400))
    happens(client, plan, **from_july(kind="target", amount=6000))
    happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))

    targets = [
        [found["company"][name] for name in ("target", "solved_target", "assigned")]
        for found in (summary(client, f"{plan}/versions/{number}") for number in (1, 2, 3, 4))
    ]

    assert targets == [[4800] * 3, [5400, 4800, 5400], [6000, 4800, 6000], [6000, 4800, 6000]]


def test_what_it_cannot_tell_is_refused_by_name(client: TestClient) -> None:
    plan = a_plan(client)
    a_version(client, plan)

    for params in ("limit=0", "limit=101", "measure=volume", "movers=3"):
        refused = client.get(f"{plan}/versions/1/summary?{params}")
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["parameter"] == params.partition("=")[0]


def test_a_manager_reads_it_of_the_own_units_and_others_as_far_as_they_see(
    callers: Callers,
) -> None:
    admin, east, rep = callers("admin"), callers("manager", unit="east"), callers("rep", rep="cyd")
    plan = a_plan(admin, INPUTS)
    a_version(admin, plan)
    version = f"{plan}/versions/1"
    whole, mine = summary(admin, version), summary(east, version)

    assert mine["company"] == whole["company"]
    assert mine["units"] == [row for row in whole["units"] if row["unit"] != "west"]
    assert mine["total"] == mine["units"][0]
    assert {row["rep"] for way in mine["movers"].values() for row in way} == {"d/d"}
    assert sum(mine["held"].values()) == 2
    east_1 = summary(callers("manager", unit="east/1"), version)
    assert [(row["unit"], row["parent"]) for row in east_1["units"]] == [("east/1", None)]
    take(admin, version, "submit").raise_for_status()
    assert rep.get(f"{version}/summary").status_code == 403
    assert callers("hr").get(f"{version}/summary").status_code == 404
    assert callers("manager", unit="north").get(f"{version}/summary").status_code == 404
    take(admin, version, "withdraw").raise_for_status()
    publish(admin, version).raise_for_status()
    published = summary(callers("hr"), version)
    assert published["total"] == whole["total"]
    assert published["life"]["status"] == "published"


def test_a_manager_is_told_of_limits_that_the_own_people_are_beyond(
    callers: Callers, database: Database
) -> None:
    admin = callers("admin")
    plan = a_plan(admin, INPUTS)
    a_version(admin, plan)
    version = f"{plan}/versions/{decided(database, plan, 1, {'ann': 109}, beyond=True)}"

    limits = {
        unit: summary(callers("manager", unit=unit), version)["limits"] for unit in ("west", "east")
    }

    kept = {"kept": True, "beyond": 0, "relaxed": 0}
    assert summary(admin, version)["limits"] == {"kept": False, "beyond": 1, "relaxed": 0}
    assert limits == {"west": {"kept": False, "beyond": 1, "relaxed": 0}, "east": kept}


UNITS: list[Document] = [
    {"id": "all", "parent": None},
    {"id": "east", "parent": "all"},
    {"id": "west", "parent": "all"},
    {"id": "far", "parent": "west"},
]
AMOUNTS = st.integers(0, 10**12)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "rep": st.text("abc", min_size=1, max_size=3),
            "unit": st.sampled_from([None, "all", "east", "west", "far"]),
            "quota": AMOUNTS,
            "baseline": AMOUNTS.map(float),
            "last_year": st.none() | AMOUNTS.map(float),
        }
    ),
    max_size=8,
    unique_by=lambda row: row["rep"],
)


@given(ROWS, st.randoms(use_true_random=False))
def test_units_add_up_to_the_company_in_any_order(rows: list[Document], noise: Any) -> None:
    seats = {"a": Seat(vacant=True, fte=1.0), "b": Seat(fte=0.5), "c": Seat(fte=1.0)}
    tree = Tree.of(UNITS)
    found = sums_of(rows, tree, seats)
    shuffled = noise.sample(rows, len(rows))

    assert sums_of(shuffled, tree, seats) == found
    assert Movers.of(shuffled, 3) == Movers.of(rows, 3)
    assert found[None].expected.quota == sum(row["quota"] for row in rows)
    own = sum(row["quota"] for row in rows if row["unit"] == "west")
    assert found["west"].expected.quota == own + found["far"].expected.quota
    assert found[None].people.quota + found[None].vacant.quota == found[None].expected.quota
