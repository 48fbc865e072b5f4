"""The same inputs and policy make the same bytes: later, for somebody else, in another process."""

import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.allocations.versions.domain.written.canonical import canonical, digest
from service.allocations.versions.usecases.replaying import replay
from service.allocations.versions.usecases.solving import Order, solve_version
from service.cli.demo import read_examples
from service.kit.auth import DEFAULT_WORKSPACE, Caller, Role
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.money import minor_digits
from service.kit.resources import examples_folder
from service.plans.inputs import put_inputs
from service.plans.tables import Plan, PlanVersion
from service.roster.files.read import read_files
from tests.service.allocations.amended import solved, two_teams
from tests.service.allocations.plans import Document, a_plan, a_version
from tests.service.allocations.test_versions_tampering import tamper

EXAMPLES = ("adventureworks", "huadong_manufacturer", "iowa_counties")


def replayed(client: TestClient, plan: str, number: int) -> Document:
    answer = client.post(f"{plan}/versions/{number}/replay")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


SOMEBODY = Caller(DEFAULT_WORKSPACE, Role.PLANNER, "somebody", "key_1")
SAME = {"same": True, "differences": []}


def a_company(seed: int) -> tuple[Document, Document]:
    """Inputs with history, potential, products, a second measure and absences; and a policy."""
    noise = random.Random(seed)
    people = [f"r{k:02}" for k in range(noise.randint(4, 9))]
    units = ["west", "east"]
    reps: list[Document] = [
        {"id": rep, "unit": noise.choice([*units, None]), "potential": noise.randint(500, 5_000),
         "last_year": noise.randint(50, 400), "cohorts": {"role": noise.choice("AB")},
         "sigma": noise.choice([0.1, 0.25]), "max": noise.choice([None, 900])}
        for rep in people
    ]  # fmt: skip
    history: list[Document] = [
        {"rep": rep, "period": f"{year}-{month:02}", "actual": round(noise.uniform(3, 40), 2),
         "product": product, "customer_type": kind}
        for rep in people for year in (2025, 2026) for month in range(1, 13)
        for product, kind in (("A", "existing"), ("B", noise.choice(["new", "existing"])))
    ]  # fmt: skip
    sold = sum(row["actual"] for row in history) / 2
    history += [{"rep": rep, "period": "2026-06", "actual": 12, "measure": "gross_margin"}
                for rep in people]  # fmt: skip
    targets: list[Document] = [
        {"amount": round(sold * 1.08, 2)},
        {"amount": round(sold * 0.3, 2), "product": "A"},
        {"amount": 150, "measure": "gross_margin"},
    ]
    noise.shuffle(history)
    body = {"targets": targets, "units": [{"id": unit} for unit in units], "reps": reps,
            "history": history}  # fmt: skip
    policy: Document = {
        "fairness": noise.choice(["equal_stretch", "equal_growth", "equal_potential_share"]),
        "over_assignment": noise.choice([0, 0.05]),
        "groups": [{"id": "g", "reps": people[:2], "max": round(sold, 2)}],
        "season": noise.choice(["learned", "even", [1, 2, 3, 4]]),
        "country": noise.choice([None, "CN", "US"]),
        "on_infeasible": noise.choice(["relax", "gap"]),
    }
    return body, policy


@pytest.mark.parametrize("seed", range(3))
def test_a_version_of_everything_is_reproduced(client: TestClient, seed: int) -> None:
    """Months, lines of products, two measures, rules across teams, limits that give way."""
    body, policy = a_company(seed)
    plan = a_plan(client, body)
    a_version(client, plan)
    a_version(client, plan, policy=policy, note="second")
    client.patch(plan, json={"increment": 5})  # of later versions

    assert replayed(client, plan, 1) == SAME
    assert replayed(client, plan, 2) == SAME


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_reproduced(database: Database, name: str) -> None:
    example = next(e for e in read_examples(examples_folder()) if e.folder.name == name)
    digits = minor_digits(example.currency)
    read = read_files(example.folder, target=example.target, digits=digits, start=example.period[0])
    with database.sessions.begin() as session:
        plan = Plan(
            id="plan_01k9z3q8f2m7x0c5d6e7f8g9ha", workspace_id=DEFAULT_WORKSPACE, name=name,
            currency=example.currency, increment=int(example.increment) * 10**digits,
            period_start=example.period[0], period_end=example.period[1],
            created_at=utc_now(), updated_at=utc_now(),
        )  # fmt: skip
        session.add(plan)
        session.flush()
        put_inputs(session, SOMEBODY, plan.id, read.inputs, now=utc_now())
    sessions, reading = database.sessions, database.reading
    solve_version(sessions, reading, SOMEBODY, plan.id, Order(example.policy), now=utc_now())

    assert replay(database.reading, DEFAULT_WORKSPACE, plan.id, 1).differences == ()


def test_the_hash_does_not_depend_on_who_solved_when_or_on_the_order_of_rows(
    client: TestClient, database: Database
) -> None:
    body, policy = a_company(7)
    first = a_version(client, a_plan(client, body), policy=policy, note="in the morning")
    other = a_plan(client, shuffled(body))
    later = datetime(2031, 5, 5, tzinfo=UTC)

    sessions, reading, plan = database.sessions, database.reading, other.removeprefix("/v1/plans/")
    again = solve_version(sessions, reading, SOMEBODY, plan, Order(policy), now=later)

    assert again.version.hash == first["hash"]


def shuffled(body: Document) -> Document:
    other = {name: list(rows) for name, rows in body.items()}
    for rows in other.values():
        random.Random(1).shuffle(rows)
    return other


@pytest.mark.parametrize("threads", ["1", "4"])
def test_the_hash_does_not_depend_on_the_process_or_its_threads(threads: str) -> None:
    """Sums of floating-point numbers may come out otherwise on more threads, sets in any order."""
    body, policy = a_company(3)
    code = (
        "import sys, orjson; from tests.service.allocations.amended import solved; "
        "from service.allocations.versions.domain.written.canonical import digest; "
        "print(digest(solved(*orjson.loads(sys.stdin.buffer.read())).manifest(None)))"
    )
    told = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        input=orjson.dumps([body, policy]),
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": threads},
    )

    assert told.stdout.decode().strip() == digest(solved(body, policy).manifest(None))


def test_what_is_kept_since_the_solve_is_not_taken_for_what_it_was_handed(
    client: TestClient,
) -> None:
    """The solve of version 2 was handed Ann's lock; Bob's and the envelopes came after it."""
    plan = a_plan(client, two_teams())
    a_version(client, plan)
    adjusted(client, f"{plan}/versions/1", {"ann": 105}, "everyone")
    adjusted(client, f"{plan}/versions/2", {"bob": 114}, "siblings")
    agreed(client, f"{plan}/versions/3", "west")
    agreed(client, f"{plan}/versions/1", "east")

    assert [replayed(client, plan, number) for number in range(1, 6)] == [SAME] * 5


def adjusted(client: TestClient, version: str, quotas: dict[str, int], funding: str) -> None:
    rows = [{"rep": rep, "quota": quota, "reason": "-"} for rep, quota in quotas.items()]
    body = {"adjustments": rows, "funding": funding}
    answer = client.patch(f"{version}/quotas", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 201, answer.text


def agreed(client: TestClient, version: str, unit: str) -> None:
    """Frozen and signed off as it stands."""
    for step in (f"units/{unit}/freeze", f"units/{unit}/sign-off", "assemble"):
        answer = client.post(f"{version}/{step}", json={}, headers={"If-Match": "*"})
        assert answer.is_success, answer.text


def test_what_comes_out_otherwise_is_named(client: TestClient, database: Database) -> None:
    """As if an engine had answered otherwise: another snapshot stands under the version's name."""
    plan = a_plan(client, two_teams())
    a_version(client, plan)
    other = a_plan(client, two_teams(target=551))
    theirs = client.get(other).json()["inputs_hash"]
    with database.reading.begin() as session:
        manifest = orjson.loads(session.scalars(sa.select(PlanVersion.manifest)).one())
    forged = canonical(manifest | {"inputs": theirs})
    tamper(
        database,
        sa.update(PlanVersion).values(manifest=forged, hash=digest(forged), inputs_hash=theirs),
    )

    found = replayed(client, plan, 1)

    assert not found["same"]
    assert "assigned comes out differently" in found["differences"]
    assert "inputs comes out differently" not in found["differences"]
