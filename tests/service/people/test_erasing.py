"""A person is erased: nothing that anybody stored names them any more, and everything still holds.

Cyd Larsen carries a quota as `cyd` and calls with a key of her own. Her name stands wherever this
service lets people write it.
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.allocations.verification.usecases import verify_workspace
from service.kit.audit import AuditEntry
from service.kit.auth import DEFAULT_WORKSPACE, LOCAL_ADMINISTRATOR, Workspace
from service.kit.clock import utc_now
from service.kit.db import Base, Database
from service.kit.forgetting import Forgotten
from service.kit.idempotency import Answer, AnswerNotKept, claim
from service.people.usecases import erase_person
from service.plans.tables import PlanVersion
from tests.service.allocations.plans import Document, a_plan, a_version, four_reps
from tests.service.callers import Callers
from tests.service.negotiations.levels.teams import a_draft, freeze, nine_reps, step
from tests.service.negotiations.requests import LOST, a_request, answer
from tests.service.operations.following import begun, done
from tests.service.operations.long_solves import long_solves
from tests.service.steps import at_once, publish, take

NAME = "Cyd Larsen"
MAIL = "cyd@example.com"
SUBJECT = "okta|cyd.larsen"
WORDS = (NAME, MAIL, "Cyd L.", SUBJECT, "hospital", "is ill")
ANY = {"If-Match": "*"}
NOTED = LOST | {"reference": f"mail of {MAIL}", "note": f"{NAME} lost it"}


def named() -> Document:
    inputs = four_reps()
    inputs["reps"][2] |= {"name": NAME, "attributes": {"mail": MAIL}}
    inputs["units"][1]["owner"] = NAME
    return inputs


def erase(client: TestClient, rep: str = "cyd") -> Document:
    answer = client.delete(f"/v1/people/{rep}")
    assert answer.status_code == 200, answer.text
    told: Document = answer.json()
    return told


def texts(database: Database) -> Iterator[tuple[str, str]]:
    """Everything that is stored, as text, with where it stands."""
    with database.reading.begin() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(sa.select(table)):
                for column, value in row._mapping.items():
                    if isinstance(value, bytes):
                        value = zlib.decompress(value) if value[:1] == b"\x78" else value  # noqa: PLW2901 -- the same, to be read
                    yield f"{table.name}.{column}", str(value)


def places_of(database: Database, *words: str) -> list[str]:
    said = ((place, text.casefold()) for place, text in texts(database))
    return sorted({place for place, text in said if any(own.casefold() in text for own in words)})


@pytest.fixture
def plan(callers: Callers) -> str:
    """In which Cyd was written about, asked, adjusted others and signed."""
    admin = callers("admin")
    key = {"name": NAME, "role": "rep", "rep": "cyd", "person": SUBJECT}
    own = _client(callers, admin.post("/v1/keys", json=key).json()["key"])
    boss = {"name": "Cyd L.", "role": "planner", "person": SUBJECT}
    planner = _client(callers, admin.post("/v1/keys", json=boss).json()["key"])
    plan = a_plan(admin, named())
    kept = {"Idempotency-Key": "k-1"}
    admin.put(f"{plan}/inputs", json=named(), headers=kept).raise_for_status()
    answered = admin.get(f"{plan}/inputs").text
    assert NAME in answered
    a_version(planner, plan, note=f"as {NAME} wanted")
    publish(admin, f"{plan}/versions/1").raise_for_status()
    request = a_request(own, plan, "cyd", 108, note=f"I, {NAME}", evidence=[NOTED])
    answer(admin, request, "counter", amount=110, note=f"dear {NAME}").raise_for_status()
    a_request(admin, plan, "bob", 104, note=f"Bob works with {NAME}")
    body = {"adjustments": [{"rep": "cyd", "quota": 111, "reason": "is ill"}]}
    a_version(planner, plan, base_version=1)
    planner.patch(f"{plan}/versions/2/quotas", json=body, headers=ANY).raise_for_status()
    take(planner, f"{plan}/versions/3", "submit", note=f"{NAME}, please").raise_for_status()
    hire = {"id": "eve", "name": "Eve New", "unit": "west", "baseline": 100, "reach": 100}
    event = {"kind": "hire", "rep": hire, "from": "2027-07-01", "takes_over": None}
    planner.post(f"{plan}/events", json=event).raise_for_status()
    leave = {"kind": "leave", "rep": "cyd", "from": "2027-07-01"}
    left = planner.post(f"{plan}/events", json=leave).json()["id"]
    reason = {"reason": "she is back from hospital"}
    planner.post(f"{plan}/events/{left}/reject", json=reason, headers=ANY).raise_for_status()
    tried = {"policies": [{"name": f"without {NAME}", "policy": {}}], "store": True}
    admin.post(f"{plan}/scenarios", json=tried).raise_for_status()
    return plan


def _client(callers: Callers, key: str) -> TestClient:
    client = callers("admin")
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def test_nothing_names_the_person_any_more(callers: Callers, database: Database, plan: str) -> None:
    admin = callers("admin")
    page = f"/plans/{_id(plan)}?version=3"
    assert NAME in admin.get(page).text
    assert len(places_of(database, *WORDS)) > 10

    told = erase(admin)

    assert places_of(database, *WORDS) == []
    assert told["erased"] | {"trail": 0, "signatures": 0} == {
        "people": 2,
        "notes": 6,
        "references": 1,
        "reasons": 1,
        "signatures": 0,
        "keys": 2,
        "answers": 1,
        "trail": 0,
    }
    shown = admin.get(page).text
    assert "cyd" in shown
    assert NAME not in shown
    check_trail(admin, f"{_id(plan)}/versions/3", told)
    assert erase(admin)["erased"] == dict.fromkeys(told["erased"], 0)


def test_nothing_of_the_person_is_left_in_the_pages_of_the_file(
    callers: Callers, database: Database, plan: str
) -> None:
    """What a database no longer shows may stand in its file all the same."""
    del plan
    if database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps files of its own; VACUUM overwrites them")
    assert NAME.encode() in _file_of(database)

    erase(callers("admin"))

    whole = _file_of(database)
    assert [word for word in WORDS if word.encode() in whole] == []
    with database.engine.connect() as connection:  # also where SQLite does not do so by itself
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_nothing_of_what_was_done_in_a_frozen_unit_names_the_person(
    callers: Callers, database: Database
) -> None:
    """Cyd manages the west, too, and the notes of its steps say so."""
    admin = callers("admin")
    person = {"name": NAME, "person": SUBJECT}
    admin.post("/v1/keys", json=person | {"role": "rep", "rep": "cyd"}).raise_for_status()
    key = admin.post("/v1/keys", json=person | {"role": "manager", "unit": "west"}).json()["key"]
    own = _client(callers, key)
    inputs = nine_reps()
    inputs["reps"][2] |= {"name": NAME}
    version = a_draft(admin, inputs)
    freeze(admin, version, "west", note=f"{NAME} wants it")
    reasons = {"bob": f"for {NAME}", "cyd": "is ill"}
    adjusted = [
        {"rep": rep, "quota": quota, "reason": reasons[rep]}
        for rep, quota in (("bob", 1150), ("cyd", 1050))
    ]
    step(own, version, "west", "quotas", adjustments=adjusted, note=NAME).raise_for_status()
    step(own, version, "west", "sign-off", note=f"as {NAME}").raise_for_status()
    step(admin, version, "west", "reopen", note=f"no, {NAME}").raise_for_status()
    step(own, version, "west", "sign-off").raise_for_status()
    whole = {"note": f"with {NAME}"}
    admin.post(f"{version}/assemble", json=whole).raise_for_status()
    assert len(places_of(database, *WORDS)) > 6

    erase(admin)

    assert places_of(database, *WORDS) == []
    with database.reading.begin() as session:
        assert not verify_workspace(session, DEFAULT_WORKSPACE).faults


def _file_of(database: Database) -> bytes:
    """With what was waiting to be written into it."""
    path = database.engine.url.database or ""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(path).read_bytes()


def check_trail(admin: TestClient, submitted: str, told: Document) -> None:
    """It says that it was done and not to whom, and has ids in place of names."""
    items = admin.get("/v1/audit", params={"limit": 1000}).json()["items"]
    assert (items[0]["action"], items[0]["subject"]) == ("person.erase", "people")
    assert items[0]["facts"] == {"rep": "cyd", "erased": told["erased"]}
    last = next(own for own in items if own["subject"] == submitted)
    assert (last["action"], last["reason"]) == ("version.submit", None)
    assert last["actor_name"] == last["actor"]
    assert last["actor"].startswith("key_")
    others = {own["actor_name"] for own in items if not own["actor_name"].startswith("key_")}
    assert others == {"a admin"}


def test_every_hash_proof_and_replay_still_holds(
    callers: Callers, database: Database, plan: str
) -> None:
    """Of somebody who is to be hired, too."""
    admin = callers("admin")
    versions = [f"{plan}/versions/{number}" for number in (1, 2, 3)]
    before = [admin.get(f"{own}/certificate").content for own in versions]

    assert erase(admin, "eve")["erased"]["people"] == 1
    assert places_of(database, "Eve New") == []
    assert NAME in admin.get(f"{plan}/inputs").text
    erase(admin)

    with database.reading.begin() as session:
        found = verify_workspace(session, DEFAULT_WORKSPACE)
        assert not found.faults
        assert all(own.valid for own in found.plans.values())
    assert [admin.get(f"{own}/certificate").content for own in versions] == before
    assert admin.get(f"{versions[2]}/verify").json()["valid"]
    assert admin.post(f"{versions[0]}/replay").json()["same"]


def _id(plan: str) -> str:
    return plan.rpartition("/")[2]


def test_a_key_with_a_slash_is_a_key(callers: Callers, database: Database) -> None:
    admin = callers("admin")
    inputs = four_reps()
    inputs["reps"][3]["name"] = "Dee Slash"
    a_plan(admin, inputs)

    assert erase(admin, "d%2Fd")["erased"]["people"] == 1
    assert places_of(database, "Dee Slash") == []


def test_another_company_keeps_its_own(callers: Callers, database: Database) -> None:
    with database.sessions.begin() as session:
        session.add(Workspace(id="wsp_other", name="Other", created_at=utc_now()))
    other = callers("admin", workspace_id="wsp_other")
    plan = a_plan(other, named())

    assert erase(callers("admin"))["erased"]["people"] == 0

    assert NAME in other.get(f"{plan}/inputs").text


def test_what_is_put_into_a_plan_afterwards_brings_the_name_back(client: TestClient) -> None:
    plan = a_plan(client, named())
    before = client.get(plan).json()["inputs_hash"]
    erase(client)
    assert NAME not in client.get(f"{plan}/inputs").text

    client.put(f"{plan}/inputs", json=named()).raise_for_status()

    assert client.get(plan).json()["inputs_hash"] == before
    assert NAME in client.get(f"{plan}/inputs").text
    assert erase(client)["erased"]["people"] == 2


def test_keys_go_on_working_and_one_person_stays_one(callers: Callers) -> None:
    admin = callers("admin")
    for role in ("rep", "planner"):
        key = {"name": NAME, "role": role, "rep": "cyd", "person": SUBJECT}
        admin.post("/v1/keys", json=key).raise_for_status()

    erase(admin)

    keys = admin.get("/v1/keys").json()["items"]
    own = [key for key in keys if key["name"] == key["id"]]
    assert {key["role"] for key in own} == {"rep", "planner"}
    assert len({key["person"] for key in own} - {SUBJECT, None}) == 1
    assert [key["revoked_at"] for key in own] == [None, None]


def test_the_trail_gives_up_a_name_only_after_an_entry_that_says_so(
    client: TestClient, database: Database
) -> None:
    client.post("/v1/keys", json={"name": NAME, "role": "planner"}).raise_for_status()
    with pytest.raises(sa.exc.DBAPIError, match="the audit trail only grows"):
        _change_entries(database, facts={})
    erase(client, "nobody")

    refused: list[dict[str, Any]] = [
        {"actor_name": "Eve"},
        {"reason": "another one"},
        {"actor": "key_eve"},
        {"facts": {}},
        {"after": "published"},
    ]
    for changes in refused:
        with pytest.raises(sa.exc.DBAPIError, match="the audit trail only grows"):
            _change_entries(database, **changes)


def _change_entries(database: Database, **changes: Any) -> None:
    with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        where = AuditEntry.action == "key.create"
        session.execute(sa.update(AuditEntry).where(where).values(**changes))


def test_a_damaged_row_is_still_seen_to_be_damaged(client: TestClient, database: Database) -> None:
    plan = a_plan(client, named())
    a_version(client, plan, note=f"as {NAME} wanted")
    with database.sessions.begin() as session:
        session.execute(sa.update(PlanVersion).values(status="approved"))

    assert erase(client)["erased"]["notes"] == 1

    with database.reading.begin() as session:
        [row] = session.scalars(sa.select(PlanVersion))
        assert (row.is_intact, row.note) == (False, None)


def test_who_writes_at_the_same_time_comes_before_or_after(
    callers: Callers, database: Database
) -> None:
    """Two ask, one solves and one adjusts while somebody is erased: what came before is erased."""
    admin = callers("admin")
    plan = a_plan(admin, named())
    a_version(admin, plan)
    publish(admin, f"{plan}/versions/1").raise_for_status()
    adjusted = {"adjustments": [{"rep": "cyd", "quota": 111, "reason": NAME}]}
    tries: list[Callable[[], object]] = [
        lambda: a_request(admin, plan, "cyd", 108, note=NAME),
        lambda: a_request(admin, plan, "bob", 104, note=NAME),
        lambda: a_version(admin, plan, note=NAME),
        lambda: admin.patch(f"{plan}/versions/1/quotas", json=adjusted, headers=ANY),
        lambda: erase(admin),
    ]

    at_once(lambda do: do(), tries)

    items = admin.get("/v1/audit", params={"limit": 1000}).json()["items"]
    newest_first = [own["action"] for own in items]
    after = newest_first[: newest_first.index("person.erase")]
    left = {
        "change_request_note.text": after.count("change_request.file"),
        "plan_version.note": after.count("version.solve"),
        "quota_adjustment.reason": after.count("version.adjust"),
    }
    found = [place for place, text in texts(database) if NAME in text]
    assert {place: found.count(place) for place in left} == left
    assert "personal_data.name" not in found


def test_an_answer_that_is_kept_late_is_not_kept(database: Database) -> None:
    """What somebody did just before the erasure was stored, and its answer was not yet."""
    now = utc_now()
    own = database.of(DEFAULT_WORKSPACE)
    attempt = claim(own, LOCAL_ADMINISTRATOR, "k", "sha", now=now)
    with own.sessions.begin() as session:
        attempt.stamp(session, "event.propose", "plan_1/events/evt_1")
    with own.sessions.begin() as session:
        erase_person(session, LOCAL_ADMINISTRATOR, "cyd", now=now)

    with own.sessions.begin() as session:  # as scenarios do, one version after the other
        attempt.stamp(session, "event.propose", "plan_1/events/evt_2")
    attempt.finish(Answer(201, (), NAME.encode()))

    assert places_of(database, NAME) == []
    with pytest.raises(AnswerNotKept, match=r"event\.propose"):
        claim(own, LOCAL_ADMINISTRATOR, "k", "sha", now=now)


def test_a_call_that_goes_on_while_somebody_is_erased_ends_and_is_not_begun_again(
    client: TestClient,
) -> None:
    versions = f"{a_plan(client, named())}/versions"
    key = {"Idempotency-Key": "k"}

    with long_solves():
        first = begun(client, versions, **key)
        erase(client)
        again = begun(client, versions, **key)

    assert again == first
    assert done(client, first)["problem"]["type"] == "/problems/ended-by-erasure"
    assert client.get(versions).json()["items"] == []


@pytest.mark.parametrize(
    ("name", "text", "is_named"),
    [
        ("Mark", "MARK was ill", True),
        ("Mark", "the market grows", False),
        ("Ann Lee", "says Ann Lee.", True),
        ("张伟", "经理张伟请假", True),
        ("张伟", "张伟业请假", True),  # Chinese has no spaces: rather too much than too little
        ("A", "A plan", False),  # one letter is no name to look for
        ("a+b", "a+b", True),
        ("JÜRGEN ŁUK", "Jürgen Łuk", True),
        ("Jürgen", "Ju\u0308rgen was here", True),  # an accent of its own
        ("IŞIK", "yes, I\u015f\u0131k", True),
        ("Ann Lee", "Ann\n  Lee is ill", True),  # a mail breaks its lines
    ],
)
def test_a_text_names_somebody_by_whole_words(name: str, text: str, *, is_named: bool) -> None:
    assert Forgotten("w", "r1", names=frozenset({name})).is_named_in(text) == is_named


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MÜLLER, JÜRGEN", "Müller, Jürgen is ill"),
        ("Жанна Лебедева", "спросите ЖАННА ЛЕБЕДЕВА"),
        ("IŞIK ÇELİK", "yes, I\u015f\u0131k \u00c7elik"),
        ("Zoë 100%_/", "zoe\u0308 100%_/ told me"),
        ("Ann Lee", "she is Ann\nLee"),
        ("张伟", "经理张伟请假"),
    ],
)
def test_every_database_finds_a_name_however_it_is_written(
    client: TestClient, database: Database, name: str, said: str
) -> None:
    inputs = four_reps()
    inputs["reps"][2] |= {"name": name}
    plan = a_plan(client, inputs)
    a_version(client, plan, note=said)
    a_version(client, plan, note="of nobody")

    assert erase(client)["erased"]["notes"] == 1

    stored = [text for place, text in texts(database) if place == "plan_version.note"]
    assert sorted(stored) == ["None", "of nobody"]


def test_the_key_itself_is_not_looked_for_in_texts() -> None:
    assert not Forgotten("w", "cyd", names=frozenset({"cyd"})).is_named_in("cyd is ill")
