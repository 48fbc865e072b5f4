"""Lines of business and targets of parts on pages, in both languages."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan, a_version

DASH = "\N{THIN SPACE}–\N{THIN SPACE}"


def solved(client: TestClient, inputs: dict[str, Any], **policy: Any) -> str:
    """The page of a plan with one version."""
    plan = a_plan(client, inputs)
    a_version(client, plan, policy=policy)
    return plan.removeprefix("/v1")


def inputs(most: int | None = None) -> dict[str, Any]:
    rep = {"baseline": 250_000, "reach": 100_000, "max": most}
    return {
        "units": [{"id": "east", "name": "East"}, {"id": "west", "name": "West"}],
        "reps": [{"id": "ann", "unit": "east", **rep}, {"id": "bob", "unit": "west", **rep}],
        "targets": [
            {"amount": 600_000},
            {"product": "new", "amount": 200_000},
            {"unit": "east", "product": "new", "period": "H1", "amount": 90_000},
        ],
    }


def test_a_plan_tells_what_is_carried_of_products_and_of_their_targets(client: TestClient) -> None:
    page = client.get(solved(client, inputs()), params={"lang": "en"}).text

    section = page[page.index('id="business"') :]
    assert "Everything else" in section
    assert "<h3>Targets of parts</h3>" in section
    assert 'title="$200,000.00"' in section
    assert f"East × new × Jan{DASH}Jun 2027" in section
    assert "wanted" not in section[: section.index("</section>")]


def test_a_rep_tells_the_own_lines(client: TestClient) -> None:
    page = client.get(f"{solved(client, inputs())}/reps/ann", params={"lang": "zh"}).text

    section = page[page.index('id="business"') :]
    assert "产品与客户" in section
    assert "其余业务" in section


def test_kinds_of_customers_and_months_speak_the_reader_s_language(client: TestClient) -> None:
    """A product may be called new as well."""
    targets = [
        {"amount": 600_000},
        {"product": "new", "customer_type": "new", "period": "2027-03", "amount": 20_000},
        {"customer_type": "key accounts", "amount": 50_000},
    ]
    place = solved(client, inputs() | {"targets": targets})

    english = client.get(place, params={"lang": "en"}).text
    chinese = client.get(place, params={"lang": "zh"}).text

    assert "new × new customers × Mar 2027" in english
    assert "new × 新客户 × 2027年3月" in chinese
    for page in (english, chinese):
        assert "key accounts" in page


def test_what_targets_lost_is_said(client: TestClient) -> None:
    targets = [{"amount": 600_000}, {"unit": "east", "product": "new", "amount": 400_000}]
    facts = inputs(most=310_000) | {"targets": targets}
    page = solved(client, facts, on_infeasible="relax")

    english = client.get(page, params={"lang": "en"}).text
    chinese = client.get(page, params={"lang": "zh"}).text

    assert "$90,000.00 less than wanted" in english
    assert "比要求少" in chinese


def test_plans_without_such_targets_have_no_such_section(client: TestClient) -> None:
    plain = {**inputs(), "targets": [{"amount": 600_000}]}

    assert 'id="business"' not in client.get(solved(client, plain)).text
