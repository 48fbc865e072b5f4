"""Managers in their own units: what they see and may do, two hundred of them at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from starlette.testclient import TestClient

from service.kit.db import Database
from tests.service.allocations.plans import a_plan, a_version, quotas
from tests.service.callers import Callers
from tests.service.negotiations.levels.teams import a_draft, adjust, at, freeze, in_lane, step
from tests.service.steps import take

type Document = dict[str, Any]

THREADS = 32
TEAMS = {"postgresql": 200, "sqlite": THREADS + 8}
"""Where one writes at a time, more of them would only wait longer; some begin after others end."""


class TestWhatAManagerMay:
    def test_other_units_do_not_exist(self, callers: Callers) -> None:
        planner, west = callers("planner"), callers("manager", unit="west")
        version = a_draft(planner)
        freeze(planner, version, "west")
        freeze(planner, version, "east")
        listed = west.get(f"{version}/units").json()["items"]
        assert [row["unit"] for row in listed] == ["west"]
        assert west.get(at(version, "east")).status_code == 404
        assert west.get(at(version, "east")).json() | {"instance": "", "request_id": ""} == (
            west.get(at(version, "west-")).json()
            | {"instance": "", "request_id": "", "detail": "Version 1 has no unit east."}
        )
        for action in ("freeze", "unfreeze", "solve", "sign-off", "reopen"):
            answer = west.post(
                f"{at(version, 'east')}/{action}", json={}, headers={"If-Match": '"1-1"'}
            )
            assert answer.status_code == 404, action
        patched = west.patch(
            f"{at(version, 'east')}/quotas",
            json={"release": ["eve"]},
            headers={"If-Match": '"1-1"'},
        )
        assert patched.status_code == 404

    def test_of_what_was_put_together_they_are_told_the_own_part(self, callers: Callers) -> None:
        planner = callers("planner")
        version = a_draft(planner)
        for unit in ("east", "west"):
            freeze(planner, version, unit)
        step(planner, version, "east", "sign-off").raise_for_status()
        made = planner.post(
            f"{version}/assemble", json={"exceptions": ["west"], "note": "west is late"}
        ).headers["location"]
        take(planner, made, "submit").raise_for_status()

        told = {
            who: client.get(f"{made}/units").json()["assembled"]
            for who, client in (
                ("all", planner),
                ("east", callers("manager", unit="east")),
                ("west", callers("manager", unit="west")),
                ("ann", callers("rep", rep="ann")),
            )
        }

        parts = {who: (own["units"], own["exceptions"], own["note"]) for who, own in told.items()}
        assert parts == {
            "all": (["east"], ["west"], "west is late"),
            "east": (["east"], [], None),
            "west": ([], ["west"], None),
            "ann": ([], [], None),
        }

    def test_the_own_unit_is_worked_on_and_signed(self, callers: Callers) -> None:
        planner, west = callers("planner"), callers("manager", unit="west")
        version = a_draft(planner)
        freeze(planner, version, "west")
        assert step(west, version, "west", "solve").status_code == 200
        assert adjust(west, version, "west", bob=1085).status_code == 200
        assert step(west, version, "west", "sign-off").status_code == 200
        assert step(west, version, "west", "reopen").status_code == 403
        assert step(planner, version, "west", "reopen").status_code == 200
        assert west.post(f"{version}/assemble", json={}).status_code == 403

    def test_five_per_cent_of_the_version_is_all(self, callers: Callers) -> None:
        """Of the version's quota: twice four is not eight."""
        planner, west = callers("planner"), callers("manager", unit="west")
        version = a_draft(planner)
        freeze(planner, version, "west")
        assert adjust(west, version, "west", bob=1056, dan=1144).status_code == 200
        refused = adjust(west, version, "west", bob=1014)
        assert refused.status_code == 403
        assert refused.json()["type"] == "/problems/beyond-managers-limit"
        assert refused.json()["reps"] == ["bob"]
        assert adjust(planner, version, "west", bob=1014).status_code == 200
        limits = [{"rep": "cyd", "min": 1160}]  # 5 % are 1,155
        assert step(west, version, "west", "solve", limits=limits).status_code == 403
        assert step(planner, version, "west", "solve", limits=limits).status_code == 200

    def test_nobody_decides_on_the_own_quota(self, callers: Callers) -> None:
        planner, bob = callers("planner"), callers("manager", unit="west", rep="bob")
        version = a_draft(planner)
        freeze(planner, version, "west")
        assert adjust(planner, version, "west", bob=1099, dan=1101).status_code == 200

        for refused in (
            adjust(bob, version, "west", bob=1095),
            step(bob, version, "west", "quotas", release=["bob"]),
            step(bob, version, "west", "solve", limits=[{"rep": "bob", "max": 1099}]),
        ):
            assert refused.status_code == 403
            assert refused.json()["type"] == "/problems/own-quota"
        assert step(bob, version, "west", "quotas", release=["dan"]).status_code == 200

    def test_nor_is_it_moved_by_what_a_manager_asks_of_others(self, callers: Callers) -> None:
        planner, bob = callers("planner"), callers("manager", unit="west", rep="bob")
        version = a_draft(planner)
        freeze(planner, version, "west")

        for refused in (
            adjust(bob, version, "west", cyd=1120),
            step(bob, version, "west", "solve", limits=[{"rep": "cyd", "min": 1120}]),
        ):
            assert refused.status_code == 403
            assert refused.json()["type"] == "/problems/own-quota"
        assert adjust(bob, version, "west", cyd=1120, dan=1080).status_code == 200
        assert step(bob, version, "west", "solve").status_code == 200

    def test_nobody_is_pushed_further_by_what_is_asked_of_all_the_others(
        self, callers: Callers
    ) -> None:
        planner, west = callers("planner"), callers("manager", unit="west")
        version = a_draft(planner)
        freeze(planner, version, "west")

        refused = [
            adjust(west, version, "west", ann=998, bob=1046, cyd=1046),
            step(west, version, "west", "solve", limits=[{"rep": "ann", "max": 998},
                 {"rep": "bob", "max": 1046}, {"rep": "cyd", "max": 1046}]),
        ]  # fmt: skip

        assert [answer.status_code for answer in refused] == [403, 403]
        assert [answer.json()["reps"] for answer in refused] == [["dan"], ["dan"]]
        assert in_lane(west, version, "west")["dan"] == 1100
        assert adjust(planner, version, "west", ann=998, bob=1046, cyd=1046).status_code == 200

    def test_teams_are_frozen_inside_the_own_region(self, callers: Callers) -> None:
        planner, east = callers("planner"), callers("manager", unit="east")
        version = a_draft(planner)
        refused = east.post(f"{at(version, 'east/1')}/freeze", json={})
        assert refused.status_code == 403
        assert refused.json()["type"] == "/problems/not-inside-own"
        freeze(planner, version, "east")
        freeze(east, version, "east/1")
        team = callers("manager", unit="east/1")
        assert adjust(team, version, "east/1", fay=1120).status_code == 200
        assert step(team, version, "east/1", "sign-off").status_code == 200
        assert step(team, version, "east/1", "reopen").status_code == 403
        assert step(east, version, "east/1", "reopen").status_code == 200
        assert step(east, version, "east/1", "unfreeze").status_code == 200
        assert step(east, version, "east", "unfreeze").status_code == 403

    def test_reps_have_no_part_in_it(self, callers: Callers) -> None:
        planner, ann = callers("planner"), callers("rep", rep="ann")
        version = a_draft(planner)
        freeze(planner, version, "west")
        assert ann.get(f"{version}/units").status_code == 404  # a draft
        auditor = callers("auditor")
        assert len(auditor.get(f"{version}/units").json()["items"]) == 4
        assert auditor.get(at(version, "west")).status_code == 200
        assert step(auditor, version, "west", "solve").status_code == 403
        assert ann.post(f"{at(version, 'west')}/solve", json={}).status_code == 403


def many_teams(count: int) -> Document:
    """Teams of four in ten regions: baselines and limits differ from team to team."""
    units: list[Document] = [{"id": f"region-{k}"} for k in range(10)]
    reps: list[Document] = []
    for team in range(count):
        units.append({"id": f"team-{team:03d}", "parent": f"region-{team % 10}"})
        reps += [
            {
                "id": f"r{team:03d}-{k}",
                "unit": f"team-{team:03d}",
                "baseline": 1000 + 7 * team + 50 * k,
                "reach": 300 + 3 * team + 10 * k,
                **({"max": 1250 + 7 * team} if k == 0 else {}),
            }
            for k in range(4)
        ]
    return {
        "target": round(1.13 * sum(rep["baseline"] for rep in reps)),
        "units": units,
        "reps": reps,
    }


def two_moves(k: int, before: dict[str, float]) -> Document:
    """What the others of the team carry of 11."""
    first, second = f"r{k:03d}-1", f"r{k:03d}-2"
    wanted = {first: before[first] - 20, second: before[second] + 9}
    rows = [{"rep": rep, "quota": quota, "reason": "agreed"} for rep, quota in wanted.items()]
    return {"adjustments": rows}


def side_by_side(work: Callable[[int], None], teams: int) -> None:
    """`work(k)` for every team, many at once; the first ones begin at the same moment."""
    start = Barrier(THREADS)

    def one(k: int) -> None:
        if k < THREADS:
            start.wait(60)
        work(k)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(one, k) for k in range(teams)]:
            done.result()


def test_two_hundred_managers_work_side_by_side(callers: Callers, database: Database) -> None:
    """Nobody meets anybody's ETag, every unit keeps its envelope to the cent, and nobody else
    moves.
    """
    planner, teams = callers("planner"), TEAMS[database.engine.dialect.name]
    plan = a_plan(planner, many_teams(teams))
    version = f"{plan}/versions/{a_version(planner, plan)['number']}"
    managers = [callers("manager", unit=f"team-{k:03d}") for k in range(teams)]
    moved = teams - 5  # five teams are not frozen at all

    before = all_quotas(planner, version)

    def manage(k: int) -> None:
        unit, manager = f"team-{k:03d}", managers[k]
        if k >= moved:
            return
        freeze(planner, version, unit)
        read = manager.get(at(version, unit))
        etag = read.headers["etag"]
        assert {row["rep"]: row["quota"] for row in read.json()["items"]} == {
            rep: before[rep] for rep in before if rep.startswith(f"r{k:03d}-")
        }
        for method, action, body in (
            ("POST", "solve", {}),
            ("PATCH", "quotas", two_moves(k, before)),
            ("POST", "sign-off", {}),
        ):
            answer = manager.request(
                method, f"{at(version, unit)}/{action}", json=body, headers={"If-Match": etag}
            )
            assert answer.status_code == 200, answer.text
            etag = answer.headers["etag"]

    side_by_side(manage, teams)

    made = planner.post(f"{version}/assemble", json={"note": "all have signed"})
    assert made.status_code == 201, made.text
    assembled = made.headers["location"]
    assert all_quotas(planner, version) == before
    after = all_quotas(planner, assembled)
    for k in range(teams):
        team = [f"r{k:03d}-{place}" for place in range(4)]
        assert sum(before[rep] for rep in team) == sum(after[rep] for rep in team)
        if k < moved:
            assert after[team[1]] == before[team[1]] - 20
            assert after[team[2]] == before[team[2]] + 9
        else:
            assert [after[rep] for rep in team] == [before[rep] for rep in team]
    assert planner.get(f"{assembled}/verify").json()["valid"]


def test_two_managers_of_one_unit_who_move_the_same_rep(callers: Callers) -> None:
    planner = callers("planner")
    version = a_draft(planner)
    freeze(planner, version, "west")
    both = [callers("manager", unit="west") for _ in range(2)]
    etag = both[0].get(at(version, "west")).headers["etag"]
    start = Barrier(2)

    def move(k: int) -> int:
        start.wait(60)
        body = {"adjustments": [{"rep": "bob", "quota": 1090 + k, "reason": "mine"}]}
        answer = both[k].patch(
            f"{at(version, 'west')}/quotas", json=body, headers={"If-Match": etag}
        )
        return answer.status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(move, range(2))) == [200, 412]
    assert len(both[0].get(at(version, "west")).json()["steps"]) == 2


def test_units_frozen_at_once_inside_each_other_still_add_up(callers: Callers) -> None:
    planner = callers("planner")
    version = a_draft(planner)
    units = ["east", "east/1", "east/2"]
    start = Barrier(len(units))

    def cold(unit: str) -> None:
        start.wait(60)
        freeze(planner, version, unit)

    with ThreadPoolExecutor(len(units)) as pool:
        for done in [pool.submit(cold, unit) for unit in units]:
            done.result()
    outer = planner.get(at(version, "east")).json()
    assert outer["carried"] + sum(unit["envelope"] for unit in outer["inside_it"]) == 5500
    assert outer["left"] == 0


def all_quotas(client: TestClient, version: str) -> dict[str, float]:
    return quotas(client, version, limit=1000)
