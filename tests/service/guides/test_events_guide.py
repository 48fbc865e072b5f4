"""What the guide to events shows is what the service answers."""

from starlette.testclient import TestClient

from tests.service.allocations.plans import Document
from tests.service.guides.pages import documents, guide
from tests.service.negotiations.happenings import accept, in_force, propose

GUIDE = guide("events")
LEAVE, FUNDING, HIRE = documents(GUIDE)


def a_team(client: TestClient) -> str:
    reps = [
        {"id": rep, "unit": "west", "baseline": 1000, "reach": 1000}
        for rep in ("ann", "bob", "cyd")
    ]
    return in_force(client, {"target": 3600, "units": [{"id": "west"}], "reps": reps})


def people(consequence: Document) -> dict[str, tuple[float, float]]:
    return {row["rep"]: (row["from"], row["to"]) for row in consequence["people"]}


def test_the_guide_tells_what_comes_of_its_examples(client: TestClient) -> None:
    plan = a_team(client)

    leave = propose(client, plan, **LEAVE)
    shown = leave["consequence"]
    preview = client.get(f"{plan}/events/{leave['id']}/preview", params=FUNDING).json()
    accept(client, plan, leave, **FUNDING)
    hire = propose(client, plan, **HIRE)
    carried = accept(client, plan, hire, **FUNDING)["consequence"]

    assert people(shown) == {"ann": (1200, 600)}
    assert "| ann | 1200 | 600 |" in GUIDE
    company = shown["units"][0]
    assert f"| the company | {company['from']} | {company['to']} |" in GUIDE
    assert f"{shown['open'][0]['amount']:.0f} in the west" in GUIDE
    assert people(preview) == {"ann": (1200, 600), "bob": (1200, 1500), "cyd": (1200, 1500)}
    assert "Bob and Cyd go from 1200 to 1500" in GUIDE
    assert people(carried)["dee"] == (0, 75)
    assert "The seat carries 300 from October on" in GUIDE
    assert "Dee carries 75 of it" in GUIDE
    row = client.get(f"{plan}/versions/3/quotas/dee").json()
    assert row["solved"] is None


def test_the_guide_names_every_kind_and_every_funding() -> None:
    for word in ("leave", "hire", "transfer", "swap", "fte", "target"):
        assert f"| `{word}` |" in GUIDE
    for word in ("siblings", "parent", "reserve", "unfunded"):
        assert f"| `{word}` |" in GUIDE
