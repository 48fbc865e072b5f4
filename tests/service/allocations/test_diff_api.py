"""Two versions side by side over HTTP, on a real database."""

from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.allocations.versions.tables import Chunk
from service.kit.db import Database
from tests.service.allocations.plans import (
    Document,
    a_plan,
    a_version,
    decided,
    four_reps,
    publish,
    quotas,
)
from tests.service.callers import Callers


def put(client: TestClient, plan: str, inputs: Document) -> None:
    answer = client.put(f"{plan}/inputs", json=inputs)
    assert answer.status_code == 200, answer.text


def diff(client: TestClient, plan: str, one: int, other: int, **params: Any) -> Document:
    answer = client.get(f"{plan}/versions/{one}/diff/{other}", params=params)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def with_bob(**fields: Any) -> Document:
    inputs = four_reps()
    reps = [row | fields if row["id"] == "bob" else row for row in inputs["reps"]]
    return inputs | {"reps": reps}


class TestDiff:
    def test_tells_who_changed_by_how_much_and_why(self, client: TestClient) -> None:
        """bob's reach is halved, so 36 beyond 300 are spread 50:100:100; ann is at her cap."""
        plan = a_plan(client)
        a_version(client, plan)
        put(client, plan, with_bob(reach=50))
        a_version(client, plan)

        found = diff(client, plan, 1, 2)

        assert found["from"] == 1
        assert found["to"] == 2
        assert found["measure"] == "revenue"
        assert [(row["rep"], row["from"], row["to"]) for row in found["changed"]] == [
            ("cyd", 112, 115), ("d/d", 112, 114), ("bob", 112, 107),
        ]  # fmt: skip
        cyd, _, bob = found["changed"]
        assert bob == {
            "rep": "bob",
            "unit": "west",
            "unit_before": "west",
            "from": 112,
            "to": 107,
            "change": -5,
            "reasons": ["input:reach"],
            "why": ["The rep's headroom (`reach`) went from 100 to 50."],
            "follows_from": [],
        }
        assert cyd["reasons"] == ["consequence"]
        assert cyd["follows_from"] == ["rep:bob"]
        assert cyd["why"] == ["Nothing of the rep's own was changed: it follows from `rep:bob`."]
        assert found["units"] == [
            {"id": "east", "from": 224, "to": 229, "change": 5},
            {"id": "east/1", "from": 224, "to": 229, "change": 5},
            {"id": "west", "from": 217, "to": 212, "change": -5},
        ]
        assert found["company"] == {"from": 441, "to": 441, "change": 0}
        assert found["unchanged"] == 1
        assert found["next_cursor"] is None

    def test_the_other_way_round_is_its_mirror(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        put(client, plan, with_bob(reach=50))
        a_version(client, plan)

        there, back = diff(client, plan, 1, 2), diff(client, plan, 2, 1)

        mirrored = [
            row | {"from": row["to"], "to": row["from"], "change": -row["change"]}
            for row in back["changed"]
        ]
        for rows in (mirrored, there["changed"]):
            for row in rows:
                del row["why"]
        assert mirrored == there["changed"]
        assert back["unchanged"] == there["unchanged"]

    def test_of_two_that_say_the_same_is_empty(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        a_version(client, plan)

        found = diff(client, plan, 1, 2)

        assert found["changed"] == found["units"] == []
        assert found["unchanged"] == 4
        assert diff(client, plan, 2, 2)["unchanged"] == 4

    def test_pages_hold_all_rows_once_and_totals_are_those_of_the_whole(
        self, client: TestClient
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        put(client, plan, four_reps(target=481))
        a_version(client, plan)
        whole = diff(client, plan, 1, 2)
        rows: list[Document] = []
        cursor = None
        while True:
            page = diff(client, plan, 1, 2, limit=1, **({"cursor": cursor} if cursor else {}))
            rows += page["changed"]
            assert page["units"] == whole["units"]
            assert page["unchanged"] == whole["unchanged"] == 1
            if (cursor := page["next_cursor"]) is None:
                break

        assert rows == whole["changed"]
        assert len(rows) == 3
        other = client.get(
            f"{plan}/versions/2/diff/1",
            params={"cursor": diff(client, plan, 1, 2, limit=1)["next_cursor"]},
        )
        assert other.status_code == 422

    def test_does_not_read_what_both_versions_share(
        self, client: TestClient, database: Database
    ) -> None:
        """The west's quotas are lost; both versions have them, so nothing is missed."""
        inputs = four_reps()
        inputs["units"][0]["target"] = 224  # the east's
        plan = a_plan(client, inputs)
        client.patch(plan, json={"period": {"end": "2027-01-31"}})  # so that no month is rounded
        a_version(client, plan)
        inputs["reps"][2]["reach"] = 50  # cyd's
        put(client, plan, inputs)
        a_version(client, plan)
        listed = [
            client.get(f"{plan}/versions/{number}/certificate").json()["manifest"]["quotas"]
            for number in (1, 2)
        ]
        [shared] = [chunk for chunk in listed[0] if chunk in listed[1]]
        with database.sessions.begin() as session:
            session.execute(sa.delete(Chunk).where(Chunk.hash == shared["chunk"]))

        found = diff(client, plan, 1, 2)

        assert shared["unit"] == "west"
        assert [row["rep"] for row in found["changed"]] == ["cyd", "d/d"]
        assert found["changed"][1]["follows_from"] == ["rep:cyd"]
        assert found["unchanged"] == 2
        assert client.get(f"{plan}/versions/2/quotas").status_code == 500

    def test_tells_who_came_who_left_and_who_moved(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        inputs = four_reps()
        ann, bob, cyd, _ = inputs["reps"]
        eve = {"id": "eve", "unit": "west", "baseline": 100, "reach": 100}
        put(client, plan, inputs | {"reps": [ann, bob | {"unit": "east/1"}, cyd, eve]})
        a_version(client, plan)

        found = {row["rep"]: row for row in diff(client, plan, 1, 2)["changed"]}

        assert found.keys() == {"bob", "d/d", "eve"}
        assert (found["eve"]["from"], found["eve"]["to"]) == (None, 112)
        assert found["eve"]["reasons"] == ["input:new"]
        assert (found["d/d"]["from"], found["d/d"]["to"]) == (112, None)
        assert found["d/d"]["reasons"] == ["input:gone"]
        assert (found["bob"]["unit_before"], found["bob"]["unit"]) == ("west", "east/1")
        assert found["bob"]["change"] == 0
        assert found["bob"]["reasons"] == ["input:unit"]

    def test_tells_what_moved_in_each_month(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        put(client, plan, with_bob(reach=50))
        a_version(client, plan)

        rows = diff(client, plan, 1, 2, months=True)["changed"]

        for row in rows:
            assert sum(row["months"].values()) == row["change"]
            assert row["months"].keys() <= {f"2027-{month:02d}" for month in range(1, 13)}

    def test_of_another_measure(self, client: TestClient) -> None:
        inputs = four_reps()
        del inputs["target"]
        for row, potential in zip(inputs["reps"], (10, 20, 30, 40), strict=True):
            row["potential"] = potential
        targets: list[Document] = [{"amount": 441}, {"measure": "new_customers", "amount": 100}]
        plan = a_plan(client, inputs | {"targets": targets})
        a_version(client, plan)
        targets[1]["amount"] = 110
        put(client, plan, inputs | {"targets": targets})
        a_version(client, plan)

        customers = diff(client, plan, 1, 2, measure="new_customers")

        assert diff(client, plan, 1, 2)["changed"] == []
        assert customers["company"] == {"from": 100, "to": 110, "change": 10}
        assert {tuple(row["reasons"]) for row in customers["changed"]} == {("input:target",)}
        refused = client.get(f"{plan}/versions/1/diff/2", params={"measure": "volume"})
        assert refused.status_code == 422

    def test_what_is_not_there_is_not_found(self, client: TestClient) -> None:
        plan, other = a_plan(client), a_plan(client)
        a_version(client, plan)

        assert client.get(f"{plan}/versions/1/diff/2").status_code == 404
        assert client.get(f"{plan}/versions/2/diff/1").status_code == 404
        assert client.get(f"{other}/versions/1/diff/1").status_code == 404
        assert client.get(f"{plan}/versions/1/diff/x").status_code == 422
        assert quotas(client, f"{plan}/versions/1")


class TestAmendedVersions:
    def test_tell_the_adjustment_of_the_rep_and_of_those_who_carry_it(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        decided(database, plan, 1, {"cyd": 100})

        found = diff(client, plan, 1, 2)

        assert [(row["rep"], row["change"]) for row in found["changed"]] == [
            ("cyd", -12), ("d/d", 12),
        ]  # fmt: skip
        adjusted, carrier = found["changed"]
        (reason,) = adjusted["reasons"]
        name = reason.partition(":")[2]
        assert reason.startswith("adjustment:adj_")
        assert (adjusted["why"], adjusted["follows_from"]) == (
            [f"A manual adjustment ({name})."],
            [],
        )
        assert carrier["reasons"] == [reason, "consequence"]
        assert carrier["why"] == [
            f"A part of a manual adjustment ({name}).",
            "Nothing of the rep's own was changed: it follows from `rep:cyd`.",
        ]
        assert carrier["follows_from"] == ["rep:cyd"]
        assert found["unchanged"] == 2
        back = [row["why"][0] for row in diff(client, plan, 2, 1)["changed"]]
        assert back == [
            f"No more a manual adjustment ({name}).",
            f"No more a part of a manual adjustment ({name}).",
        ]

    def test_tell_of_one_decision_in_two_teams_who_carries_for_whom(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        decided(database, plan, 1, {"ann": 100, "cyd": 110})

        found = {row["rep"]: row["follows_from"] for row in diff(client, plan, 1, 2)["changed"]}

        assert found == {"ann": [], "bob": ["rep:ann"], "cyd": [], "d/d": ["rep:cyd"]}

    def test_tell_a_lock_that_a_later_solve_keeps(
        self, client: TestClient, database: Database
    ) -> None:
        """Against the first version: cyd is locked at 100, the others carry the rest."""
        plan = a_plan(client)
        a_version(client, plan)
        decided(database, plan, 1, {"cyd": 100}, locks=True)
        a_version(client, plan)

        found = {row["rep"]: row for row in diff(client, plan, 1, 3)["changed"]}

        assert found.keys() == {"bob", "cyd", "d/d"}
        (reason,) = found["cyd"]["reasons"]
        assert reason.startswith("adjustment:adj_")
        assert found["cyd"]["why"] == ["The quota is locked."]
        assert found["bob"]["follows_from"] == found["d/d"]["follows_from"] == ["rep:cyd"]


class TestWhoSeesWhatOfIt:
    @pytest.fixture
    def plan(self, callers: Callers) -> str:
        """bob's reach is halved, cyd moves to the west, and a group holds ann and d/d."""
        planner = callers("planner")
        plan = a_plan(planner)
        a_version(planner, plan)
        inputs = with_bob(reach=50)
        inputs["reps"][2]["unit"] = "west"
        put(planner, plan, inputs)
        a_version(planner, plan)
        return plan

    def test_a_manager_the_own_subtree_of_each_version(self, callers: Callers, plan: str) -> None:
        west = diff(callers("manager", unit="west"), plan, 1, 2)
        east = diff(callers("manager", unit="east"), plan, 1, 2)

        assert [row["rep"] for row in west["changed"]] == ["bob", "cyd"]
        cyd = west["changed"][1]
        assert (cyd["from"], cyd["unit_before"]) == (None, "west")
        assert cyd["reasons"] == ["input:unit"]
        assert "east" not in str(west)
        assert [unit["id"] for unit in west["units"]] == ["west"]
        assert west["unchanged"] == 1

        assert [row["rep"] for row in east["changed"]] == ["cyd", "d/d"]
        assert east["changed"][0]["to"] is None
        dd = east["changed"][1]
        assert dd["reasons"] == ["consequence"]
        assert dd["follows_from"] == ["rep:cyd"]
        assert dd["why"][0].endswith("and something outside of what you may see.")
        assert "bob" not in str(east)
        assert east["unchanged"] == 0

    def test_a_rep_the_own_row_of_what_was_proposed(self, callers: Callers, plan: str) -> None:
        rep, planner = callers("rep", rep="d/d"), callers("planner")
        assert rep.get(f"{plan}/versions/1/diff/2").status_code == 404
        for number in (1, 2):
            assert publish(callers("admin"), f"{plan}/versions/{number}").status_code == 200

        found = diff(rep, plan, 1, 2)

        whole = {row["rep"]: row for row in diff(planner, plan, 1, 2)["changed"]}
        assert [(row["rep"], row["change"]) for row in found["changed"]] == [
            ("d/d", whole["d/d"]["change"])
        ]
        assert found["units"] == []
        assert found["unchanged"] == 0
        assert not {"ann", "bob", "cyd"} & set(str(found).split("'"))

    def test_nobody_a_version_that_they_may_not_see(self, callers: Callers, plan: str) -> None:
        hr = callers("hr")
        assert publish(callers("admin"), f"{plan}/versions/1").status_code == 200

        assert hr.get(f"{plan}/versions/1/diff/2").status_code == 404
        assert hr.get(f"{plan}/versions/2/diff/1").status_code == 404
        assert hr.get(f"{plan}/versions/1/diff/1").status_code == 200
