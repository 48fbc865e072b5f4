"""Many plans solved together: each once, whatever becomes of the others; on both databases."""

from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from service.batches.domain import MOST_PLANS, matching
from service.kit.audit import AuditEntry
from service.kit.auth import DEFAULT_WORKSPACE, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.ids import new_id
from service.operations.carrying import Carrier
from service.operations.claiming import Left, Turns
from service.operations.repository import UNCLAIMED, Ending, Operations
from service.operations.tables import Operation
from tests.service.allocations.plans import a_plan, four_reps
from tests.service.callers import Callers
from tests.service.operations.following import begun, done, events, settle
from tests.service.operations.long_solves import long_solves

type Document = dict[str, Any]

TOO_MUCH = {"policy": {"groups": [{"id": "g", "reps": ["ann"], "min": 400}]}}


def plans(client: TestClient, *names: str) -> list[str]:
    """Their ids."""
    return [a_plan(client, name=name).removeprefix("/v1/plans/") for name in names]


def started(client: TestClient, **body: Any) -> str:
    """The path of the operation."""
    answer = client.post("/v1/batches", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/operations/{answer.json()['id']}"
    return answer.headers["location"]


def refused(client: TestClient, body: Any) -> list[tuple[str, str]]:
    answer = client.post("/v1/batches", json=body)
    assert answer.status_code == 422, answer.text
    assert client.get("/v1/operations").json()["items"] == []
    return [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]]


def versions(client: TestClient, plan: str) -> list[Document]:
    items: list[Document] = client.get(f"/v1/plans/{plan}/versions").json()["items"]
    return items


def items_of(client: TestClient, operation: str, **params: Any) -> list[Document]:
    batch = operation.replace("/operations/", "/batches/")
    items: list[Document] = client.get(f"{batch}/items", params=params).json()["items"]
    return items


class TestWhatIsSolved:
    def test_every_plan_of_a_list_has_a_new_draft(self, client: TestClient) -> None:
        ids = plans(client, "BU1", "BU2", "BU3")

        told = done(client, started(client, plans=ids, note="Q2"))

        assert told["kind"] == "create_batch"
        items = [{"plan": plan, "version": 1} for plan in ids]
        assert told["result"] == {"items": items, "next_cursor": None}
        assert told["progress"].pop("per_second") > 0
        assert told["progress"] == {
            "total": 3,
            "finished": 3,
            "failed": 0,
            "stage": None,
            "steps": 0,
        }
        assert [version["note"] for plan in ids for version in versions(client, plan)] == ["Q2"] * 3

    def test_as_it_would_be_alone(self, client: TestClient) -> None:
        (plan,) = plans(client, "BU1")
        policy = {"fairness": "equal_growth"}
        client.post(f"/v1/plans/{plan}/versions", json={"policy": policy})

        done(client, started(client, plans=[plan], policy=policy))

        difference = client.get(f"/v1/plans/{plan}/versions/1/diff/2").json()
        assert (difference["changed"], difference["unchanged"]) == ([], 4)
        assert versions(client, plan)[0]["number"] == 2

    def test_under_a_policy_of_its_own_where_it_has_one(self, client: TestClient) -> None:
        first, second = plans(client, "BU1", "BU2")
        items = [{"plan": first, "policy": {"fairness": "equal_growth"}}, {"plan": second}]

        done(client, started(client, items=items, policy={"fairness": "equal_amount"}))

        fairness = [
            client.get(f"/v1/plans/{plan}/versions/1").json()["policy"]["fairness"]
            for plan in (first, second)
        ]
        assert fairness == ["equal_growth", "equal_amount"]

    def test_those_whose_names_match(self, client: TestClient) -> None:
        ids = plans(client, "BU one", "bu two", "B_ three", "Other")

        told = done(client, started(client, filter={"name": "BU*"}))

        assert [own["plan"] for own in told["result"]["items"]] == ids[:2]
        only = done(client, started(client, filter={"name": "b_*"}))
        assert [own["plan"] for own in only["result"]["items"]] == [ids[2]]

    def test_one_that_fails_stops_no_other(self, client: TestClient) -> None:
        good, bad = plans(client, "BU1", "BU2")
        empty = client.post(
            "/v1/plans",
            json={"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}},
        ).json()["id"]
        items = [{"plan": bad} | TOO_MUCH, {"plan": empty}, {"plan": good}]

        told = done(client, started(client, items=items))

        infeasible, no_inputs, solved = told["result"]["items"]
        assert infeasible["problem"]["type"] == "/problems/infeasible"
        assert no_inputs["problem"]["type"] == "/problems/inputs-missing"
        assert solved == {"plan": good, "version": 1}
        assert (told["progress"]["finished"], told["progress"]["failed"]) == (3, 2)
        assert (told["status"], told["problem"]) == (200, None)
        assert versions(client, bad) == []

    def test_the_same_key_starts_one_batch(self, client: TestClient) -> None:
        ids = plans(client, "BU1")
        keyed = {"Idempotency-Key": "Q2"}

        first, again = (
            client.post("/v1/batches", json={"plans": ids}, headers=keyed) for _ in range(2)
        )

        assert again.json()["id"] == first.json()["id"]
        assert again.headers["idempotent-replayed"] == "true"
        done(client, first.headers["location"])
        assert len(versions(client, ids[0])) == 1

    def test_the_trail_says_who_started_it_and_what_came_of_it(
        self, client: TestClient, database: Database
    ) -> None:
        ids = plans(client, "BU1", "BU2")
        told = done(client, started(client, plans=ids))

        query = sa.select(AuditEntry).where(
            AuditEntry.action.in_(["batch.create", "version.solve"])
        )
        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            entries = session.scalars(query.order_by(AuditEntry.sequence)).all()

        assert [(own.action, own.actor) for own in entries] == [
            ("batch.create", "local"),
            ("version.solve", "local"),
            ("version.solve", "local"),
        ]
        assert (entries[0].subject, entries[0].facts) == (told["id"], {"plans": 2})


class TestBadLists:
    def test_no_plan_at_all(self, client: TestClient) -> None:
        assert refused(client, {}) == [
            ("", "wants one of plans, items, filter: none of them is there")
        ]
        assert refused(client, {"plans": []})[0][0] == "/plans"
        assert refused(client, {"filter": {"name": "BU*"}}) == [
            ("/filter/name", "matches the name of no plan")
        ]

    def test_several_lists(self, client: TestClient) -> None:
        (plan,) = plans(client, "BU1")

        body = {"plans": [plan], "filter": {"name": "BU*"}}

        assert refused(client, body) == [
            ("", "wants one of plans, items, filter: plans and filter")
        ]

    def test_plans_that_are_unknown_or_stand_twice(self, client: TestClient) -> None:
        (plan,) = plans(client, "BU1")

        faults = refused(client, {"plans": [plan, new_id("plan"), "BU1", "\0", plan]})

        assert faults == [
            ("/plans/1", "names no plan"),
            ("/plans/2", "names no plan"),
            ("/plans/3", "names no plan"),
            ("/plans/4", "names the same plan as /plans/0"),
        ]

    def test_more_plans_than_may_be(self, client: TestClient) -> None:
        faults = refused(client, {"plans": ["plan_1"] * (MOST_PLANS + 1)})

        assert [pointer for pointer, _ in faults] == ["/plans"]

    def test_a_policy_that_is_none(self, client: TestClient) -> None:
        (plan,) = plans(client, "BU1")
        items = [{"plan": plan, "policy": {"fairness": "luck"}}]

        assert [pointer for pointer, _ in refused(client, {"items": items})] == [
            "/items/0/policy/fairness"
        ]


NAMES = st.text(st.characters(exclude_characters="\x00*", exclude_categories=["Cs"]), max_size=20)


@given(NAMES, NAMES)
def test_a_star_stands_for_anything_and_nothing_else_does(name: str, more: str) -> None:
    assert matching(name)(name)
    assert matching(f"{name}*")(name + more)
    assert matching(more)(name) == (name.casefold() == more.casefold())


def test_capital_letters_are_small_ones_in_every_language() -> None:
    assert matching("ä*")("ÄRZTE")


class TestCancelling:
    def test_leaves_what_is_stored_and_stores_nothing_more(
        self, client: TestClient, app: FastAPI
    ) -> None:
        ids = plans(client, *(f"BU{number}" for number in range(5)))
        with long_solves() as gate:
            operation = started(client, plans=ids)
            gate.reached.wait()
            told = client.post(f"{operation}/cancel").json()

        assert (told["done"], told["cancelled"]) == (True, True)
        settle(client, app)
        assert [versions(client, plan) for plan in ids] == [[]] * 5
        assert [own["cancelled"] for own in items_of(client, operation)] == [True] * 5
        ended = client.get(operation).json()["result"]["items"]
        assert ended == [{"plan": plan, "cancelled": True} for plan in ids]
        batch = operation.replace("/operations/", "/batches/")
        again = client.post(f"{batch}/retry")
        assert (again.status_code, again.json()["type"]) == (409, "/problems/batch-was-cancelled")


class TestRetrying:
    def test_waits_since_then_and_its_log_leads_to_whoever_asked_for_it(
        self, client: TestClient, database: Database
    ) -> None:
        (plan,) = plans(client, "BU1")
        names = {"X-Request-Id": "at-first"}
        body = {"items": [{"plan": plan} | TOO_MUCH]}
        operation = client.post("/v1/batches", json=body, headers=names).headers["location"]
        first = done(client, operation)["result"]["items"][0]["problem"]
        with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
            session.execute(sa.update(Operation).values(started_at=UNCLAIMED))

        retried = operation.replace("/operations/", "/batches/") + "/retry"
        with capture_logs(processors=[merge_contextvars]) as lines:
            assert client.post(retried, headers={"X-Request-Id": "again"}).status_code == 202
        assert ("operation_accepted", "again") in [
            (line["event"], line.get("request_id")) for line in lines
        ]

        second = done(client, operation)["result"]["items"][0]["problem"]
        assert (first["request_id"], second["request_id"]) == ("at-first", "again")
        (item,) = items_of(client, operation)
        part = client.get(f"/v1/operations/{item['operation']}").json()
        assert not part["started"].startswith("1970")

    def test_solves_what_failed_and_nothing_else(self, client: TestClient) -> None:
        good, mended = plans(client, "BU1", "BU2")
        client.put(f"/v1/plans/{mended}/inputs", json=four_reps(target=1_000_000_000_000))
        policy = {"max_over_baseline": 0.5}
        operation = started(client, plans=[good, mended], policy=policy)
        batch = operation.replace("/operations/", "/batches/")
        assert done(client, operation)["progress"]["failed"] == 1
        (failed,) = items_of(client, operation, failed=True)
        assert (failed["plan"], failed["version"]) == (mended, None)

        client.put(f"/v1/plans/{mended}/inputs", json=four_reps())
        answer = client.post(f"{batch}/retry")

        assert answer.status_code == 202, answer.text
        told = done(client, operation)
        assert told["progress"]["failed"] == 0
        assert [len(versions(client, plan)) for plan in (good, mended)] == [1, 1]
        nothing = client.post(f"{batch}/retry")
        assert (nothing.status_code, nothing.json()["type"]) == (409, "/problems/nothing-failed")

    def test_is_for_later_while_it_is_under_way(self, client: TestClient) -> None:
        ids = plans(client, "BU1")
        with long_solves():
            operation = started(client, plans=ids)
            batch = operation.replace("/operations/", "/batches/")
            answer = client.post(f"{batch}/retry")

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/batch-is-under-way")


class TestFollowing:
    def test_its_parts_are_in_no_list_and_have_their_own_address(self, client: TestClient) -> None:
        ids = plans(client, "BU1", "BU2")
        operation = started(client, plans=ids)
        done(client, operation)

        assert len(client.get("/v1/operations").json()["items"]) == 1
        first, second = items_of(client, operation)
        assert [own["plan"] for own in (first, second)] == ids
        part = client.get(f"/v1/operations/{first['operation']}").json()
        assert part["stored"]["subject"] == f"{ids[0]}/versions/1"

    def test_items_come_in_pages(self, client: TestClient) -> None:
        ids = plans(client, "BU1", "BU2", "BU3")
        operation = started(client, plans=ids)
        done(client, operation)
        path = f"{operation.replace('/operations/', '/batches/')}/items"

        page = client.get(path, params={"limit": 2}).json()
        rest = client.get(path, params={"limit": 2, "cursor": page["next_cursor"]}).json()

        assert [own["plan"] for own in page["items"] + rest["items"]] == ids

    def test_events_count(self, client: TestClient) -> None:
        ids = plans(client, "BU1", "BU2")

        kind, last = events(client, started(client, plans=ids))[-1]

        assert (kind, last["progress"]["finished"]) == ("done", 2)
        assert "result" not in last

    def test_an_end_is_expected_once_something_is_done(
        self, client: TestClient, database: Database
    ) -> None:
        ids = plans(client, "BU1", "BU2", "BU3", "BU4")
        with long_solves():
            operation = started(client, plans=ids)
            assert client.get(operation).json()["expected_end"] is None
            with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
                part = sa.update(Operation).where(Operation.place == 3)
                session.execute(part.values(done_at=utc_now(), status=422))
            told = client.get(operation).json()

        assert told["expected_end"] > told["started"]
        assert told["progress"]["finished"] == 1

    def test_is_the_business_of_who_started_it(self, callers: Callers) -> None:
        planner, other = callers("planner"), callers("planner")
        operation = started(planner, plans=plans(planner, "BU1"))
        batch = operation.replace("/operations/", "/batches/")

        for path in (batch, f"{batch}/items"):
            assert planner.get(path).status_code == 200
            assert other.get(path).status_code == 404
        assert other.post(f"{batch}/retry").status_code == 404

    def test_whoever_may_follow_operations_may_follow_batches(self, callers: Callers) -> None:
        unknown = f"/v1/batches/{new_id('op')}"

        for role in ("planner", "manager", "rep", "auditor", "integration", "hr"):
            caller = callers(role, **({"rep": "ann"} if role == "rep" else {}))
            expected = 403 if role == "hr" else 404
            for path in (unknown, f"{unknown}/items", unknown.replace("batches", "operations")):
                assert caller.get(path).status_code == expected, role
            tried_again = caller.post(f"{unknown}/retry").status_code
            assert tried_again == (404 if role == "planner" else 403), role

    def test_what_is_no_batch_is_told_apart_from_what_is_not_there(
        self, client: TestClient, callers: Callers
    ) -> None:
        (plan,) = plans(client, "BU1")
        operation = begun(client, f"/v1/plans/{plan}/versions")
        done(client, operation)
        batch, own = operation.replace("/operations/", "/batches/"), operation.split("/")[-1]
        somebody = callers("planner")

        for caller, detail in (
            (client, f"{own} is an operation, but no batch: look at GET {operation}."),
            (somebody, f"There is no batch {own}."),
        ):
            answers = caller.get(batch), caller.get(f"{batch}/items"), caller.post(f"{batch}/retry")
            for answer in answers:
                assert answer.status_code == 404
                assert answer.json()["type"] == "/problems/batch-not-found"
                assert answer.json()["detail"] == detail


def test_a_call_comes_first_then_the_higher_priority(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: Carrier) -> None:
        """Whatever is left."""

    monkeypatch.setattr(Carrier, "take_over", nothing)
    low, normal, high = plans(client, "low", "normal", "high")
    started(client, plans=[low], priority="low")
    started(client, plans=[normal])
    started(client, plans=[high], priority="high")
    with long_solves() as gate:
        begun(client, f"/v1/plans/{low}/versions")
        gate.reached.wait()
        _leave_alone(app.state.database)
    settle(client, app)

    database: Database = app.state.database
    with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
        left = Operations(session, DEFAULT_WORKSPACE).left_alone(utc_now(), limit=10)
        turns = [session.get_one(Operation, own).about for own in left]  # None: of no batch

    assert turns == [None, high, normal, low]


def test_workspaces_take_turns(
    callers: Callers, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many plans one of them has."""
    claimed: list[str] = []
    monkeypatch.setattr(Carrier, "_begin", lambda _, left: claimed.append(left.caller.workspace_id))
    with database.sessions.begin() as session:
        session.add(Workspace(id="wsp_small", name="Small", created_at=utc_now()))
    large, small = callers("planner"), callers("planner", workspace_id="wsp_small")
    started(large, plans=plans(large, "BU1", "BU2", "BU3", "BU4"))
    started(small, plans=plans(small, "BU1", "BU2"))
    carrier = Carrier(callers.app, at_once=1)

    for _ in range(6):
        callers.portal.call(carrier.take_over)

    assert claimed == [DEFAULT_WORKSPACE, "wsp_small"] * 2 + [DEFAULT_WORKSPACE] * 2


def test_a_workspace_that_has_its_share_leaves_workers_to_others(
    callers: Callers, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many workers look, on whatever machine."""
    claimed: list[str] = []
    monkeypatch.setattr(Carrier, "_begin", lambda _, left: claimed.append(left.caller.workspace_id))
    with database.sessions.begin() as session:
        session.add(Workspace(id="wsp_small", name="Small", created_at=utc_now()))
    large, small = callers("planner"), callers("planner", workspace_id="wsp_small")
    app = callers.app
    app.state.settings = app.state.settings.model_copy(update={"workspace_at_once": 2})
    workers = [Carrier(app, at_once=1) for _ in range(4)]

    started(large, plans=[_empty_plan(large) for _ in range(40)], priority="high")
    for worker in workers:
        callers.portal.call(worker.take_over)
    started(small, plans=[_empty_plan(small)], priority="low")
    for worker in workers:
        callers.portal.call(worker.take_over)
    assert claimed == [DEFAULT_WORKSPACE] * 2 + ["wsp_small"]

    _end_one(database, claimed.pop(0))
    callers.portal.call(workers[0].take_over)
    assert claimed == [DEFAULT_WORKSPACE, "wsp_small", DEFAULT_WORKSPACE]


def test_a_process_that_was_slower_takes_the_next_plan(
    callers: Callers, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not look again, which it would do after seconds."""
    planner = callers("planner")
    started(planner, plans=plans(planner, "BU1", "BU2"))
    look, claimed = Operations.left_alone, list[Left]()

    def while_another_one_claims(*what: Any, **more: Any) -> Any:
        found = look(*what, **more)
        monkeypatch.setattr(Operations, "left_alone", look)
        claimed.extend(Turns(database, utc_now).claim(1, everywhere=True))
        return found

    monkeypatch.setattr(Operations, "left_alone", while_another_one_claims)
    claimed.extend(Turns(database, utc_now).claim(1, everywhere=True))

    assert len({left.held.id for left in claimed}) == 2


def _empty_plan(client: TestClient) -> str:
    period = {"start": "2027-01-01", "end": "2027-12-31"}
    plan: str = client.post("/v1/plans", json={"name": "BU", "period": period}).json()["id"]
    return plan


def _leave_alone(database: Database) -> None:
    """As if the process that carries out a call had left it to others."""
    with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        left = {"token": None, "claimed_until": UNCLAIMED}
        session.execute(sa.update(Operation).where(Operation.token.is_not(None)).values(left))


def _end_one(database: Database, workspace_id: str) -> None:
    """Of those that somebody carries out there."""
    with database.of(workspace_id).sessions.begin() as session:
        held = sa.select(Operation.token).filter_by(workspace_id=workspace_id)
        token = session.scalars(held.where(Operation.token.is_not(None)).limit(1)).one()
        assert Operations(session, workspace_id).finish(str(token), Ending(422), utc_now())
