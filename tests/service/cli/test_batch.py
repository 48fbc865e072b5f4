"""`fairquota batch`: a service at an address of its own, and commands that call it."""

import json
import re
import shlex
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI, routing
from starlette.testclient import TestClient
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from service.allocations.versions.usecases import solving
from service.cli.batch import calling
from service.cli.batch.calling import service_at
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.db import Database
from service.kit.idempotency import IdempotencyKey
from service.kit.settings import Settings
from service.main import connect
from service.operations import runs
from tests.commands import on_a_terminal, started
from tests.service.allocations.plans import FY27, a_plan, four_reps
from tests.service.apps import database_at, serving
from tests.service.callers import a_key
from tests.service.conftest import LOOPBACK
from tests.service.guides.pages import examples, guide
from tests.service.operations.long_solves import long_solves
from tests.service.served import served
from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")

FORWARD = ("--inputs", "rolled_forward")
UNDER_WAY = "is under way (Ctrl-C leaves it to go on)."


class Company:
    """A service with plans, at an address that commands find in their environment."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.client = TestClient(app, base_url=LOOPBACK)
        self._serving = ExitStack()
        self.address = self._serving.enter_context(served(app))

    def plan(self, name: str, **changes: Any) -> str:
        return a_plan(self.client, four_reps(**changes), name=name).removeprefix("/v1/plans/")

    def without_inputs(self, name: str, **terms: Any) -> str:
        facts = FY27 | {"name": name} | terms
        plan: str = self.client.post("/v1/plans", json=facts).json()["id"]
        return plan

    def next_quarter(self, name: str) -> str:
        """A plan without inputs, after one that has some."""
        q1, q2 = (
            {"period": {"start": f"2027-{first}", "end": f"2027-{last}"}}
            for first, last in (("01-01", "03-31"), ("04-01", "06-30"))
        )
        a_plan(self.client, name=name, **q1)
        return self.without_inputs(name, **q2)

    def versions(self, plan: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client.get(f"/v1/plans/{plan}/versions").json()["items"]
        return items

    def batches(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client.get("/v1/operations").json()["items"]
        return items

    def stop(self) -> None:
        self._serving.close()

    def start_again(self) -> None:
        """At the same address, as a process that knows what is stored and nothing else."""
        settings = self.app.state.settings
        connect(self.app, settings, database_at(settings.database_url))
        port = int(self.address.rpartition(":")[2])
        self._serving.enter_context(served(self.app, port))


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """What commands say does not depend on the database."""
    shutil.copy(sqlite_template, tmp_path / "batches.db")
    return f"sqlite:///{tmp_path / 'batches.db'}"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Else the service's log is printed where the command prints."""
    with capture_logs():
        yield


@pytest.fixture
def company(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    company = Company(app)
    monkeypatch.setenv("FAIRQUOTA_URL", company.address)
    yield company
    company.stop()


def rows(printed: str) -> list[list[str]]:
    """Without the names of columns."""
    return [line.split("\t") for line in printed.splitlines()[1:]]


def named(*plans: str) -> list[str]:
    return [word for plan in plans for word in ("--plan", plan)]


class TestRun:
    def test_solves_the_plans_of_a_file_and_says_what_became_of_each(
        self, company: Company
    ) -> None:
        first, second = company.plan("BU East"), company.plan("BU West")
        Path("plans.txt").write_text(f"# the second quarter\n{second}\n\n {first}\n")

        said = run("batch", "run", "--file", "plans.txt", "--note", "Q2", "--priority", "high")

        assert said.exit_code == 0, said.stderr
        assert said.stdout.splitlines()[0] == "plan\tstate\tversion\tproblem\tdetail"
        assert rows(said.stdout) == [
            [second, "solved", "1", "", ""],
            [first, "solved", "1", "", ""],
        ]
        assert "finished=2 total=2 failed=0 per_second=" in said.stderr
        assert "2 of 2 plans are solved.\n" in said.stderr
        assert company.versions(first)[0]["note"] == "Q2"

    def test_what_failed_is_told_and_can_be_tried_again(self, company: Company) -> None:
        company.plan("BU East")
        west = company.without_inputs("BU West")

        said = run("batch", "run", "--filter", "BU*")

        assert said.exit_code == 1
        assert rows(said.stdout)[1] == [
            west,
            "failed",
            "",
            "inputs-missing",
            f"The plan has no inputs yet. Send them first: PUT /v1/plans/{west}/inputs.",
        ]
        (batch,) = company.batches()
        assert "1 of 2 plans are solved, 1 failed." in said.stderr
        assert said.stderr.endswith(f"fairquota batch retry {batch['id']}\n")
        assert run("batch", "status", batch["id"]).exit_code == 1
        company.client.put(f"/v1/plans/{west}/inputs", json=four_reps()).raise_for_status()

        again = run("batch", "retry", batch["id"])
        ended = failed(run("batch", "cancel", batch["id"]), 2)

        assert again.exit_code == 0, again.stderr
        assert [row[1:3] for row in rows(again.stdout)] == [["solved", "1"]] * 2
        done = f"{batch['id']} is done: 2 of 2 plans are solved."
        assert f"There is nothing to cancel: {done}" in ended
        assert "All plans of" in failed(run("batch", "retry", batch["id"]), 2)

    def test_a_fault_of_ours_is_told_with_the_request_id_under_which_the_log_has_it(
        self, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(solving, "solve_measures", fail)
        with capture_logs(processors=[merge_contextvars]) as lines:
            said = run("batch", "run", *named(company.plan("BU East")))

        (row,) = rows(said.stdout)
        (request_id,) = re.findall(r"\((req_\w+)\)$", row[4])
        events = [line["event"] for line in lines if line.get("request_id") == request_id]
        assert {"operation_accepted", "operation_begun", "unexpected_error"} <= {*events}

    def test_of_rules_that_conflict_it_is_told_what_would_mend_them(self, company: Company) -> None:
        plan = company.plan("BU East")
        Path("policy.yaml").write_text("max_over_baseline: 0.05\n")

        said = run("batch", "run", *named(plan), "--policy", "policy.yaml")

        ((*_, kind, why),) = rows(said.stdout)
        assert kind == "infeasible"
        assert why.startswith("The rules cannot all hold. ")
        assert why.endswith(" The smallest change that mends it: target: 441 -> 420.")

    def test_reads_policies_from_files(self, company: Company) -> None:
        first, second = company.plan("BU East"), company.plan("BU West")
        own = {"plan": first, "policy": {"fairness": "equal_growth"}}
        Path("plans.json").write_text(json.dumps([own, second]))
        Path("policy.yaml").write_text("fairness: equal_amount\n")

        said = run("batch", "run", "--file", "plans.json", "--policy", "policy.yaml")

        assert said.exit_code == 0, said.stderr
        assert [
            company.client.get(f"/v1/plans/{plan}/versions/1").json()["policy"]["fairness"]
            for plan in (first, second)
        ] == ["equal_growth", "equal_amount"]

    def test_begins_a_quarter_with_the_facts_of_the_one_before(self, company: Company) -> None:
        plan = company.next_quarter("BU East")
        Path("plans.json").write_text(json.dumps([{"plan": plan, "target": 420}]))

        aimed = run(
            *("batch", "run", "--file", "plans.json", *FORWARD, "--then", "submit"),
            *("--deadline", "2999-01-31T18:00:00Z"),
        )

        assert aimed.exit_code == 0, aimed.stderr
        (version,) = company.versions(plan)
        assert (version["status"], version["assigned"]) == ("submitted", 420)

    def test_targets_that_are_missing_are_sent_before_it_is_tried_again(
        self, company: Company
    ) -> None:
        plan = company.next_quarter("BU East")
        address = f"/v1/plans/{plan}/inputs/roll-forward"

        aimless = run("batch", "run", "--filter", "BU*", "--period", "2027-04-01..", *FORWARD)
        company.client.post(address, json={"target": 420}).raise_for_status()
        again = run("batch", "retry", aimless.stderr.split()[-1])

        assert [row[:2] for row in rows(aimless.stdout)] == [[plan, "failed"]]
        assert "targets by POST /v1/plans/{plan}/inputs/roll-forward; then:" in aimless.stderr
        assert again.exit_code == 0, again.stderr
        assert company.versions(plan)[0]["assigned"] == 420

    def test_faults_are_told_where_they_stand(self, company: Company) -> None:
        plan = company.plan("BU East")
        Path("plans.txt").write_text(f"{plan}\nplan_1\n{plan}\n")
        Path("plans.json").write_text('[{"plan": "plan_1", "policy": {"fairness": "luck"}}]')

        lines = failed(run("batch", "run", "--file", "plans.txt"), 2)
        policy = failed(run("batch", "run", "--file", "plans.json"), 2)
        typed = failed(run("batch", "run", *named("plan_1"), "--note", "x" * 20_000), 2)
        nobody = failed(run("batch", "run", "--filter", "Nobody"), 2)

        assert "\n  plans.txt, line 2 (plan_1): names no plan\n" in lines
        assert f"line 3 ({plan}): names the same plan as plans.txt, line 1 ({plan})" in lines
        assert "plans.json, entry 1 (plan_1)/policy/fairness: " in policy
        assert "--note: " in typed
        assert "--filter: matches the name of no plan" in nobody
        assert company.batches() == []

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            ("{}", "plans.json is no list"),
            ("[", "plans.json is no JSON"),
            ("[1]", "plans.json, entry 1: is neither an id nor an object with a `plan`"),
            ("[]", "plans.json names no plan"),
        ],
    )
    def test_a_file_that_is_no_list_of_plans(self, content: str, fault: str) -> None:
        Path("plans.json").write_text(content)

        assert fault in failed(run("batch", "run", "--file", "plans.json"), 2)

    def test_plans_are_named_by_their_ids(self) -> None:
        Path("plans.txt").write_text("plan_1\nBU West\n")
        Path("plans.json").write_text('[{"plan": "BU West"}]')

        typed = failed(run("batch", "run", *named("BU West")), 2)
        lines = failed(run("batch", "run", "--file", "plans.txt"), 2)
        entries = failed(run("batch", "run", "--file", "plans.json"), 2)

        assert "--plan BU West is no id. " in typed
        assert "plans.txt, line 2 (BU West) is no id. " in lines
        assert "plans.json, entry 1 (BU West) is no id. " in entries

    def test_options_that_need_another_one_say_so(self) -> None:
        Path("plans.json").write_text('[{"plan": "plan_1", "target": 420}]')

        targets = failed(run("batch", "run", "--file", "plans.json"), 2)
        deadline = failed(run("batch", "run", *named("plan_1"), "--deadline", "tomorrow"), 2)

        assert "entry 1 (plan_1) has a `target`" in targets
        assert "add --inputs rolled_forward" in targets
        assert "add --then submit" in deadline

    def test_a_choice_that_is_none_is_told_without_the_words_of_a_library(self) -> None:
        said = failed(run("batch", "run", *named("plan_1"), "--then", "publish"), 2)

        assert "'--then': 'publish' is not one of 'draft', " in said

    @pytest.mark.parametrize("moment", ["tomorrow", "2027-04-09", "2027-04-09T18:00:00"])
    def test_a_deadline_is_a_moment_with_its_offset(self, moment: str) -> None:
        submitted = ("--then", "submit", "--deadline", moment)

        said = failed(run("batch", "run", *named("plan_1"), *submitted), 2)

        assert f"--deadline {moment} is no moment " in said
        assert "such as 2027-04-09T18:00:00Z" in said

    def test_which_plans_has_to_be_said_in_one_way(self) -> None:
        assert "Which plans?" in failed(run("batch", "run"), 2)
        assert "leave --plan" in failed(run("batch", "run", "--filter", "*", *named("plan_1")), 2)
        period = ("--period", "2027-04-01..")
        assert "goes with --filter" in failed(run("batch", "run", *named("plan_1"), *period), 2)
        assert "is not of the form" in failed(
            run("batch", "run", "--filter", "*", "--period", "2027"), 2
        )

    def test_the_same_key_follows_the_same_batch(self, company: Company, database_url: str) -> None:
        """Also where the service died before it kept its answer."""
        typed = ("batch", "run", *named(company.plan("BU East")), "--idempotency-key", "Q2")
        assert run(*typed).exit_code == 0

        again = run(*typed)
        with database_at(database_url).of(DEFAULT_WORKSPACE).sessions.begin() as session:
            session.execute(sa.update(IdempotencyKey).values(body=None, headers=None))
        once_more = run(*typed)

        assert [again.exit_code, once_more.exit_code] == [0, 0], once_more.stderr
        assert len(company.batches()) == 1

    def test_can_be_left_alone_from_the_beginning(self, company: Company) -> None:
        plan = company.plan("BU East")

        batch = run("batch", "run", *named(plan), "--detach").stdout.strip()
        followed = run("batch", "status", batch, "--follow")
        listed = run("batch", "list").stdout

        assert followed.exit_code == 0, followed.stderr
        assert [row[1] for row in rows(followed.stdout)] == ["solved"]
        assert [row[:5] for row in rows(listed)] == [[batch, "done", "1", "1", "0"]]

    def test_follows_by_looking_where_too_many_listen(
        self, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runs, "MOST_FOLLOW", 0)
        monkeypatch.setattr(calling, "_LONGEST_PAUSE", 0.01)

        assert run("batch", "run", *named(company.plan("BU East"))).exit_code == 0

    def test_whoever_listens_hears_also_that_there_is_no_news(
        self, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(routing, "_PING_INTERVAL", 0.01)
        plan = company.plan("BU East")
        with long_solves():
            batch = run("batch", "run", *named(plan), "--detach").stdout.strip()
            service = service_at(company.address, None)
            heard = service.events("operations", batch, "events")

            assert next(told for told in heard if told)["done"] is False
            assert None in heard


class TestAProcess:
    def test_goes_on_following_a_service_that_is_started_again(self, company: Company) -> None:
        plan = company.plan("BU East")
        with (
            long_solves() as gate,
            started("batch", "run", *named(plan), until=UNDER_WAY, FAIRQUOTA_URL=company.address)
            as (process, _),
        ):  # fmt: skip
            gate.reached.wait()
            company.stop()
            company.start_again()
            gate.opened.set()
            said, _ = process.communicate(timeout=60)

        assert process.returncode == 0, said
        assert f"{plan}\tsolved\t1" in said

    def test_ctrl_c_leaves_the_batch_which_can_then_be_cancelled(self, company: Company) -> None:
        plans = company.plan("BU East"), company.plan("BU West")
        told = {"until": UNDER_WAY, "FAIRQUOTA_URL": company.address}
        with long_solves() as gate, started("batch", "run", *named(*plans), **told) as (process, _):
            gate.reached.wait()
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)
            (batch,) = company.batches()
            cancelled = run("batch", "cancel", batch["id"])
            status = run("batch", "status", batch["id"])

        assert process.returncode == 130
        assert "Traceback" not in said
        assert f"fairquota batch cancel {batch['id']}" in said
        assert batch["done"] is False
        assert cancelled.stderr.endswith("was cancelled: 0 of 2 plans are solved.\n")
        assert status.exit_code == 1
        assert [row[1] for row in rows(status.stdout)] == ["cancelled"] * 2
        assert company.versions(plans[0]) == []

    def test_a_terminal_shows_a_bar_and_what_failed_as_the_guide_has_it(
        self, company: Company
    ) -> None:
        company.plan("BU East")
        west = company.without_inputs("BU West")
        page = guide("batches")
        (command,), (table,) = examples(page, "console"), examples(page, "text")

        typed = shlex.split(command.removeprefix("$ fairquota "))
        shown = on_a_terminal(*typed, FAIRQUOTA_URL=company.address)

        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown).replace("\r\n", "\n")
        assert re.search("━━━━━.* 2 of 2 plans, 1 failed", plain)
        assert table.replace("plan_01kaz3q8f2m7x0c5d6e7f8g9ha", west) in plain


class TestWhoCannotBeCalled:
    def test_nobody_is_there(self) -> None:
        said = failed(run("batch", "list", "--url", "http://127.0.0.1:9"), 1)

        assert "http://127.0.0.1:9 cannot be reached: Connection refused." in said

    def test_somebody_else_is_there(self) -> None:
        with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as other:
            thread = Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            url = f"http://127.0.0.1:{other.server_port}"
            said = failed(run("batch", "list", "--url", url), 2)
            other.shutdown()
            thread.join()

        assert f"{url} answers 404, but not as FairQuota does." in said

    @pytest.mark.parametrize(
        "url",
        [
            "127.0.0.1:8000",
            "ftp://h",
            "http://",
            "http://h:p",
            "http://ab@h",
            "http://h?a",
            "http://[::1",
            "http://h/v1",
            "http://h/fairquota/v1/",
        ],
    )
    def test_an_address_that_is_none(self, url: str) -> None:
        assert "--url" in failed(run("batch", "list", "--url", url), 2)

    def test_a_key_is_asked_for_and_is_read_from_a_file(
        self, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving(Settings(database_url=database_url, access="keys")) as app, served(app) as url:
            database: Database = app.state.database
            _, _, key = a_key(database, "planner")["Authorization"].partition(" ")
            Path("key").write_text(f"{key}\n")
            monkeypatch.setenv("FAIRQUOTA_URL", url)
            without = failed(run("batch", "list"), 2)
            monkeypatch.setenv("FAIRQUOTA_KEY", "fq_wrong")
            wrong = failed(run("batch", "list"), 2)
            from_file = run("batch", "list", "--key-file", "key")
            monkeypatch.setenv("FAIRQUOTA_KEY", key)
            from_environment = run("batch", "list")

        assert "FAIRQUOTA_KEY" in without
        assert "FAIRQUOTA_KEY" in wrong
        assert (from_file.exit_code, from_environment.exit_code) == (0, 0)
