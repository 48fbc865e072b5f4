"""Whatever goes wrong, nothing that is secret stands in a log, a metric or an answer."""

import hashlib
import sqlite3
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.commands import FAIRQUOTA, address_in, environment, started

IN_A_HEADER = "marked-in-a-header"
IN_A_QUERY = "marked-in-a-query"
IN_A_BODY = "marked-in-a-body"

PLAN: dict[str, Any] = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


@dataclass
class Failures:
    """Everything that was answered, and which secrets there were."""

    client: httpx2.Client
    key: str
    secrets: set[str] = field(default_factory=set)
    statuses: set[int] = field(default_factory=set)
    answers: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, **how: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | how.pop("headers", {})
        answer = self.client.request(method, path, headers=headers, **how)
        self.statuses.add(answer.status_code)
        return answer

    def fail(self, method: str, path: str, **how: Any) -> None:
        answer = self.call(method, path, **how)
        assert answer.status_code >= 400
        self.answers.append(f"{answer.headers} {answer.text}")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "secrets.db"


def test_no_failure_tells_a_secret(database: Path) -> None:
    settings = {
        "FAIRQUOTA_DATABASE_URL": f"sqlite:///{database}",
        "FAIRQUOTA_ACCESS": "keys",
        "FAIRQUOTA_LOG_LEVEL": "debug",
        "FAIRQUOTA_MAX_BODY_BYTES": "20000",
    }
    with started("serve", "--port", "0", **settings) as (process, said):
        key = _made_key(settings)
        with httpx2.Client(base_url=address_in(said)) as client:
            failures = Failures(client, key, {key})
            _fail_in_every_way(failures, database)
            metrics = client.get("/metrics").text
        process.terminate()
        assert process.stdout is not None
        logs = said + process.stdout.read()

    assert failures.statuses >= {400, 401, 403, 404, 405, 413, 415, 422, 503}
    assert logs.count('"event": "request"') > 20
    secrets = {*failures.secrets, *map(_fingerprint, failures.secrets)}
    assert _found({*secrets, IN_A_HEADER, IN_A_QUERY, IN_A_BODY}, logs, metrics) == set()
    assert _found({*secrets, IN_A_HEADER, IN_A_QUERY}, *failures.answers) == set()


def _made_key(settings: dict[str, str]) -> str:
    made = subprocess.run(  # noqa: S603 - our own command
        [FAIRQUOTA, "keys", "create"],
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def _fail_in_every_way(failures: Failures, database: Path) -> None:
    call, fail = failures.call, failures.fail
    for text in (f"Bearer fq_{IN_A_HEADER}", f"Bearer {IN_A_HEADER}", f"Basic {IN_A_HEADER}"):
        fail("GET", "/v1/plans", headers={"Authorization": text})
        fail("GET", f"/?key={IN_A_QUERY}", headers={"Authorization": text})
    fail("POST", "/v1/plans", json={}, headers={"Idempotency-Key": IN_A_HEADER})
    fail("GET", f"/v1/plans?api_key={IN_A_QUERY}", headers={"Cookie": f"session={IN_A_HEADER}"})
    fail("GET", f"/v1/nothing?key={IN_A_QUERY}")
    fail("PUT", f"/v1/plans?key={IN_A_QUERY}", json=PLAN)
    fail("POST", "/v1/plans", json={"name": IN_A_BODY, IN_A_BODY: IN_A_BODY})
    fail("POST", "/v1/plans", content=f'{{"name": "{IN_A_BODY}', headers=_json())
    fail("POST", "/v1/plans", content=IN_A_BODY, headers={"Content-Type": "text/plain"})
    fail("POST", "/v1/plans", json=PLAN | {"name": IN_A_BODY * 2000})
    fail("POST", "/v1/keys", json={"name": IN_A_BODY, "role": IN_A_BODY})

    made = call("POST", "/v1/keys", json={"name": "HR", "role": "hr"}).json()
    rotated = call("POST", f"/v1/keys/{made['id']}/rotate", json={}).json()
    failures.secrets |= {made["key"], rotated["key"]}
    for text in (made["key"], rotated["key"]):
        fail("POST", "/v1/plans", json=PLAN, headers={"Authorization": f"Bearer {text}"})
    call("DELETE", f"/v1/keys/{made['id']}")
    fail("GET", "/v1/plans", headers={"Authorization": f"Bearer {rotated['key']}"})

    with sqlite3.connect(database) as connection:
        connection.execute("ALTER TABLE plan RENAME TO lost")
    connection.close()
    fail("POST", "/v1/plans", json=PLAN | {"name": IN_A_BODY})


def _json() -> dict[str, str]:
    return {"Content-Type": "application/json"}


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _found(secrets: set[str], *texts: str) -> set[str]:
    return {secret for secret in secrets if any(secret in text for text in texts)}
