"""Whatever happens, in whatever order: closed months stay, and parts add up to wholes."""

from random import Random
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.service.allocations.plans import Document, a_plan, a_version, publish
from tests.service.negotiations.happenings import accept, given_today

TEAMS = {"east": ["cyd", "dan", "eve"], "west": ["ann", "bob"], "west/2": ["fay", "gus", "hal"]}


def a_company(client: TestClient, **policy: Any) -> str:
    """Three teams, one below another; a plan of odd amounts is in force."""
    units = [{"id": "east"}, {"id": "west"}, {"id": "west/2", "parent": "west"}]
    reps = [
        {"id": rep, "unit": unit, "baseline": 1000 + 37 * place, "reach": 300, "fte": 1.0}
        for unit, team in TEAMS.items()
        for place, rep in enumerate(team)
    ]
    path = a_plan(client, {"target": 9_876.54, "units": units, "reps": reps})
    a_version(client, path, policy=policy)
    assert publish(client, f"{path}/versions/1").status_code == 200
    return path


class Company:
    """What a random season needs to know to propose what is likely to be possible."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.there = [rep for team in TEAMS.values() for rep in team]
        self.gone: list[str] = []
        self.hired = 0

    def next(self, month: int) -> Document:  # noqa: PLR0911 - one per kind
        draw = self.random
        day = {"from": f"2027-{month:02d}-{draw.randint(1, 28):02d}"}
        kind = draw.choice(["leave", "away", "hire", "back", "transfer", "swap", "fte", "target"])
        rep, other = draw.sample(self.there, 2)
        match kind:
            case "leave" if len(self.there) > 4:
                self.there.remove(rep)
                self.gone.append(rep)
                return {"kind": "leave", "rep": rep, **day}
            case "away":
                return {"kind": "leave", "rep": rep, "to": "2027-11-15", **day}
            case "hire" if self.gone:
                left = self.gone.pop()
                self.hired += 1
                self.there.append(f"new{self.hired}")
                return {
                    "kind": "hire",
                    "rep": {"id": f"new{self.hired}"},
                    "takes_over": left,
                    **day,
                }
            case "back" if self.gone:
                left = self.gone.pop()
                self.there.append(left)
                return {"kind": "hire", "rep": {"id": left}, "takes_over": left, **day}
            case "transfer":
                return {"kind": "transfer", "rep": rep, "to_unit": draw.choice([*TEAMS]), **day}
            case "swap":
                return {"kind": "swap", "reps": [rep, other], **day}
            case "target":
                return {"kind": "target", "amount": draw.randint(9_000, 11_000), **day}
        return {"kind": "fte", "rep": rep, "share": draw.choice([0.5, 0.8, 1.0]), **day}


def rows_of(client: TestClient, version: str) -> dict[str, Document]:
    items = client.get(f"{version}/quotas").json()["items"]
    return {row["rep"]: row for row in items}


def cents(amount: float) -> int:
    return round(amount * 100)


def adds_up(client: TestClient, version: str) -> None:
    """Reps to units, units to the company, months to quotas."""
    rows, told = rows_of(client, version), client.get(f"{version}/months").json()
    for row in rows.values():
        assert sum(map(cents, row["months"].values())) == cents(row["quota"])
    for month, amount in told["months"].items():
        assert sum(cents(row["months"][month]) for row in rows.values()) == cents(amount)
        top = sum(cents(u["months"][month]) for u in told["units"] if u["id"] != "west/2")
        assert top == cents(amount)


@pytest.mark.parametrize("seed", range(2))
def test_a_season_of_events_adds_up_and_leaves_closed_months_alone(
    app: FastAPI, client: TestClient, seed: int
) -> None:
    given_today(app, "2026-12-01")
    path = a_company(client)
    company, head, happened = Company(seed), 1, 0
    for month in (2, 4, 6, 8, 10):
        given_today(app, f"2027-{month:02d}-15")
        before = rows_of(client, f"{path}/versions/{head}")
        answer = client.post(f"{path}/events", json=company.next(month))
        if answer.status_code == 409:  # nothing changes
            assert answer.json()["type"] == "/problems/nothing-changes", answer.text
            continue
        assert answer.status_code == 201, answer.text
        event = accept(client, path, answer.json(), funding="parent")
        head, happened = event["accepted_in"], happened + 1
        after = rows_of(client, f"{path}/versions/{head}")

        adds_up(client, f"{path}/versions/{head}")
        for rep, row in before.items():
            closed = [name for name in row["months"] if name < f"2027-{month:02d}"]
            assert [after[rep]["months"][k] for k in closed] == [row["months"][k] for k in closed]
        for row in event["consequence"]["people"]:
            assert cents(row["to"]) == cents(after[row["rep"]]["quota"])
            if row["segments"] is not None:
                assert sum(cents(own["amount"]) for own in row["segments"]) == cents(row["to"])
    assert happened >= 3
