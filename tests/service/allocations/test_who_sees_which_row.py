"""Ten thousand pairs of a caller and a row, against a slow oracle: no leak, no wrong refusal.

Five thousand on each database, of other companies, callers and calls on each.

Two workspaces with plans whose trees and people change from version to version, versions in every
state, callers of every role and scope, all asking over HTTP. The oracle is written from the table
of roles alone: it walks parents one by one and knows nothing of the service's own code. Ids of reps
and units are words that occur nowhere else, so whatever an answer says of somebody (in rows, names,
problems, links, cursors, pages) can be found in its text.
"""

import base64
import json
import random
import re
from dataclasses import dataclass, field

import pytest
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from tests.service.allocations.plans import Document, a_plan, a_version
from tests.service.callers import Callers
from tests.service.steps import approved, publish, take

SEED = 20_261_122
WORKSPACES = {"a": DEFAULT_WORKSPACE, "b": "wsp_other"}
PLANS = "aab"
STATES = ("superseded", "published", "approved", "submitted", "draft")
REPS, UNITS = 100, 8
PAIRS = 5_000
REP, UNIT = re.compile(r"rep\d\d[ab]"), re.compile(r"unit\d\d[ab]")


@dataclass(frozen=True)
class Version:
    """What the oracle knows of a version: its state, its tree, and in which unit who sits."""

    workspace: str
    plan: str
    number: int
    state: str
    parent_of: dict[str, str | None]
    unit_of: dict[str, str]

    @property
    def address(self) -> str:
        return f"{self.plan}/versions/{self.number}"


@dataclass(frozen=True)
class Asker:
    workspace: str
    role: str
    client: TestClient = field(compare=False, repr=False)
    unit: str | None = None
    rep: str | None = None


def lies_in(unit: str | None, top: str | None, parent_of: dict[str, str | None]) -> bool:
    while unit is not None:
        if unit == top:
            return True
        unit = parent_of[unit]
    return False


def sees_row(asker: Asker, version: Version, rep: str) -> bool:
    """The table of roles, word for word."""
    if asker.workspace != version.workspace or rep not in version.unit_of:
        return False
    match asker.role:
        case "admin" | "planner" | "auditor":
            return True
        case "hr" | "integration":
            return version.state in ("published", "superseded")
        case "manager":
            return lies_in(version.unit_of[rep], asker.unit, version.parent_of)
        case "rep":
            return rep == asker.rep and version.state != "draft"
    raise AssertionError(asker.role)


def sees_unit(asker: Asker, version: Version, unit: str) -> bool:
    if asker.role == "manager" and asker.workspace == version.workspace:
        return unit in version.parent_of and lies_in(unit, asker.unit, version.parent_of)
    if asker.role == "rep":
        own = asker.rep in version.unit_of and sees_row(asker, version, asker.rep or "")
        return own and version.unit_of[asker.rep or ""] == unit
    return any(sees_row(asker, version, rep) for rep in version.unit_of)


def reads_inputs(asker: Asker, version: Version) -> bool:
    """What an integration hands in it reads back, also of people whom only drafts have."""
    roles = {"admin", "planner", "auditor", "integration"}
    return asker.role in roles and asker.workspace == version.workspace


def sees_version(asker: Asker, version: Version) -> bool:
    """Somebody who sees a row or a unit of it; a unit may be without reps."""
    return any(sees_row(asker, version, rep) for rep in version.unit_of) or any(
        sees_unit(asker, version, unit) for unit in version.parent_of
    )


@pytest.fixture
def noise(database: Database) -> random.Random:
    return random.Random(f"{SEED} {database.engine.dialect.name}")


@pytest.fixture
def versions(callers: Callers, database: Database, noise: random.Random) -> list[Version]:
    with database.sessions.begin() as session:
        session.add(Workspace(id=WORKSPACES["b"], name="Somebody else", created_at=utc_now()))
    found = []
    for workspace in PLANS:
        admin = callers("admin", workspace_id=WORKSPACES[workspace])
        plan = a_plan(admin)
        for number, state in enumerate(STATES, start=1):
            parent_of, unit_of = an_organisation(workspace, noise)
            sent = admin.put(f"{plan}/inputs", json=inputs(parent_of, unit_of, noise))
            assert sent.status_code == 200, sent.text
            a_version(admin, plan)
            own = Version(workspace, plan, number, state, parent_of, unit_of)
            bring(admin, own)
            found.append(own)
    return found


def an_organisation(
    workspace: str, noise: random.Random
) -> tuple[dict[str, str | None], dict[str, str]]:
    """Another tree and other seats each time; some units have no reps, some reps are missing."""
    units = [f"unit{k:02}{workspace}" for k in range(UNITS)]
    parent_of: dict[str, str | None] = {}
    for unit in noise.sample(units, UNITS - noise.randrange(2)):
        parent_of[unit] = noise.choice([None, *parent_of])
    people = [f"rep{k:02}{workspace}" for k in range(REPS)]
    present = noise.sample(people, REPS - noise.randrange(3))
    return parent_of, {rep: noise.choice([*parent_of]) for rep in present}


def inputs(
    parent_of: dict[str, str | None], unit_of: dict[str, str], noise: random.Random
) -> Document:
    reps = [
        {"id": rep, "name": f"Name of {rep}", "unit": unit, "baseline": noise.randint(80, 120),
         "reach": 50, "sigma": 0.2, "attributes": {"phone": f"of {rep}"}}
        for rep, unit in unit_of.items()
    ]  # fmt: skip
    units = [{"id": unit, "name": f"Team {unit}", "parent": parent, "owner": f"Boss of {unit}"}
             for unit, parent in parent_of.items()]  # fmt: skip
    return {"target": 110 * len(reps), "units": units, "reps": reps}


def bring(admin: TestClient, version: Version) -> None:
    """To its state; the first one is superseded when the second is published."""
    match version.state:
        case "superseded" | "published":
            publish(admin, version.address).raise_for_status()
        case "approved":
            approved(admin, version.address)
        case "submitted":
            take(admin, version.address, "submit").raise_for_status()


@pytest.fixture
def askers(callers: Callers, noise: random.Random, versions: list[Version]) -> list[Asker]:
    assert versions  # after the workspaces were made
    found = []
    for workspace, at in WORKSPACES.items():
        found += [
            Asker(workspace, role, callers(role, workspace_id=at))
            for role in ("admin", "planner", "hr", "auditor", "integration")
        ]
        for unit in [*noise.sample([f"unit{k:02}{workspace}" for k in range(UNITS)], 5), "unit00a"]:
            client = callers("manager", unit=unit, workspace_id=at)
            found.append(Asker(workspace, "manager", client, unit=unit))
        for rep in [*noise.sample([f"rep{k:02}{workspace}" for k in range(REPS)], 4), "rep00a"]:
            client = callers("rep", rep=rep, workspace_id=at)
            found.append(Asker(workspace, "rep", client, rep=rep))
    return found


def test_five_thousand_pairs(
    askers: list[Asker], versions: list[Version], noise: random.Random
) -> None:
    judged = granted = 0
    for version in versions:
        own = [each for each in versions if each.plan == version.plan]
        for asker in noise.sample(askers, 4):
            granted += sum(sees_row(asker, version, rep) for rep in version.unit_of)
            judged += listing(asker, version, limit=noise.choice([40, 1000]))
            for rep in noise.sample([*version.unit_of], 2):
                single(asker, version, rep)
            nothing_leaks(asker, version, own, noise)

    assert judged >= PAIRS
    assert 0.1 < granted / judged < 0.6  # the oracle is no yes-man, and no nay-sayer


def listing(asker: Asker, version: Version, limit: int) -> int:
    """The rows that are listed are those that the oracle sees, and the pages tell no more."""
    wanted = {rep for rep in version.unit_of if sees_row(asker, version, rep)}
    listed: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = asker.client.get(f"{version.address}/quotas", params=params)
        assert answer.status_code == (200 if sees_version(asker, version) else 404), (
            asker, version.address, answer.text,
        )  # fmt: skip
        silent(asker, [version], answer.text)
        if answer.status_code == 404:
            assert wanted == set()
            break
        page = answer.json()
        listed += [row["rep"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert place_in(cursor) < len(wanted)
    assert sorted(listed) == sorted(wanted), (asker, version.address)
    return len(version.unit_of)


def place_in(cursor: str) -> int:
    """What a cursor says besides its check: at most how many rows its reader has seen."""
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    place = json.loads(raw[6:])
    assert isinstance(place, int)
    return place


def single(asker: Asker, version: Version, rep: str) -> None:
    """One row is there, or is told of like one that nobody has."""
    answer = asker.client.get(f"{version.address}/quotas/{rep}")
    if sees_row(asker, version, rep):
        assert answer.status_code == 200, (asker, version.address, rep, answer.text)
        assert answer.json()["rep"] == rep
        silent(asker, [version], answer.text)
        return
    nobody = asker.client.get(f"{version.address}/quotas/nobody")
    assert answer.status_code == nobody.status_code == 404, (asker, version.address, rep)
    assert told(answer.json(), rep) == told(nobody.json(), "nobody")


def told(problem: Document, asked: str) -> str:
    text = json.dumps({name: own for name, own in problem.items() if name != "request_id"})
    return text.replace(asked, "…")


ELSEWHERE = (
    ("", "/months", "/weeks", "/weeks?limit=3", "/fairness", "/prices", "/rules", "/certificate",
     "/history", "/verify", "/summary", "/units", "/adjustments", "/diff/1", "/diff/5"),
    ("", "/versions", "/published", "/inputs", "/verify", "/events", "/change-requests"),
)  # fmt: skip
PAGES = ("?version={number}", "/rows?version={number}", "/fairness?version={number}",
         "/reps/{rep}?version={number}")  # fmt: skip


def nothing_leaks(
    asker: Asker, version: Version, of_plan: list[Version], noise: random.Random
) -> None:
    """A call about the version, one about its plan, and a page say nothing of who is not seen."""
    about_one, about_all = ELSEWHERE
    call = noise.choice(about_one)
    both = [of_plan[int(call[-1]) - 1]] if call.startswith("/diff/") else []
    silent_at(asker, [version, *both], version.address + call)
    call = noise.choice(about_all)
    if call != "/inputs" or not reads_inputs(asker, version):
        silent_at(asker, of_plan, version.plan + call)
    page = noise.choice(PAGES).format(number=version.number, rep=noise.choice([*version.unit_of]))
    silent_at(asker, [version], version.plan.removeprefix("/v1") + page)


def silent_at(asker: Asker, versions: list[Version], address: str) -> None:
    """What is said is of somebody whom the asker sees in one of these versions."""
    answer = asker.client.get(address)
    assert answer.status_code < 500, (address, answer.text)
    if not all(sees_version(asker, version) for version in versions) and len(versions) < len(
        STATES
    ):
        assert answer.status_code in (403, 404), (asker, address, answer.text[:200])
    text = answer.text
    for asked in tokens(address):
        text = text.replace(asked, "")  # who asked about somebody knows that name
    silent(asker, versions, text, also=address)


def tokens(text: str) -> set[str]:
    return {*REP.findall(text), *UNIT.findall(text)}


def silent(asker: Asker, versions: list[Version], text: str, also: str = "") -> None:
    for word in tokens(text):
        sees = sees_row if REP.match(word) else sees_unit
        where = text[max(0, text.index(word) - 200) : text.index(word) + 100]
        assert any(sees(asker, version, word) for version in versions), (
            f"{asker} is told of {word} of {[version.address for version in versions]} "
            f"by {also}: {where}"
        )
