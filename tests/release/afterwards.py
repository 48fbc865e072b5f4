"""What has to be there afterwards, and nothing else: looked up by the API and by `db verify`."""

import subprocess
from contextlib import closing
from typing import Any

import httpx2
import sqlalchemy as sa

from service.kit.audit import AuditEntry
from service.kit.db import open_database
from service.kit.outbox import OutboxEvent
from service.operations.tables import Operation
from tests.commands import FAIRQUOTA, environment
from tests.release.callers import Told


def all_is_there(address: str, told: Told) -> None:
    """Every plan and version that was told, as it was told, and no other one."""
    with httpx2.Client(base_url=address, timeout=60) as client:
        plans = _all_of(client, "/v1/plans")
        assert {f"/v1/plans/{plan['id']}" for plan in plans} == set(told.versions)
        for plan, versions in told.versions.items():
            found = {own["number"]: own for own in _all_of(client, f"{plan}/versions")}
            assert sorted(found) == sorted(versions) == [*range(1, len(versions) + 1)]
            for number, known in versions.items():
                assert known in (None, found[number]["hash"])
            if last := told.published.get(plan):
                assert found[last]["status"] == "published"
            verified = client.get(f"{plan}/verify").json()
            assert verified["valid"], verified


def _all_of(client: httpx2.Client, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": "1000"} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=params).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def each_once(owners_url: str, told: Told) -> None:
    """Each version was solved and submitted once, by the trail, and announced once; no other one
    was, and no operation is left.
    """
    trail = sa.select(AuditEntry.subject)
    with closing(open_database(owners_url)) as database, database.reading.begin() as session:
        solved = session.scalars(trail.filter_by(action="version.solve")).all()
        submitted = session.scalars(trail.filter_by(action="version.submit")).all()
        announced = session.scalars(sa.select(OutboxEvent)).all()
        left = session.scalars(sa.select(Operation.id).filter_by(done_at=None)).all()
    versions = sorted(
        f"{plan.removeprefix('/v1/plans/')}/versions/{number}"
        for plan, numbers in told.versions.items()
        for number in numbers
    )
    assert sorted(solved) == sorted(submitted) == versions
    assert {event.kind for event in announced} == {"version.submitted"}
    of_versions = (event.payload for event in announced)
    assert sorted(f"{own['plan']}/versions/{own['number']}" for own in of_versions) == versions
    assert left == []


def holds(owners_url: str) -> None:
    """As whoever runs the service would check it, with nothing running."""
    done = subprocess.run(  # noqa: S603 - our own command
        [FAIRQUOTA, "db", "verify"],
        env=environment(FAIRQUOTA_DATABASE_URL=owners_url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
