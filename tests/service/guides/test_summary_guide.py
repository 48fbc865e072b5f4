"""What the guide to the summary shows is what the service answers."""

from __future__ import annotations

from starlette.testclient import TestClient

from service.allocations.summary.schemas import SummaryOut
from tests.service.allocations.plans import a_plan, a_version
from tests.service.guides.pages import documents, guide

GUIDE = guide("summary")


def test_the_page_of_a_version(client: TestClient) -> None:
    inputs, shown = documents(GUIDE)
    plan = a_plan(client, inputs)
    a_version(client, plan)

    found = client.get(f"{plan}/versions/1/summary").json()

    assert {name: found[name] for name in shown} == shown


def test_names_every_member_that_needs_words() -> None:
    plain = {"plan", "name", "version", "parent_hash", "measure", "currency", "counted_in"}
    told = SummaryOut.model_fields.keys() - plain - {"period_start", "period_end"}

    assert {name for name in told if f"`{name}`" not in GUIDE} == set()
