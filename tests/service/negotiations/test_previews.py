"""What granting would do is shown before anybody decides, to each as far as it is theirs to see."""

import pytest
from starlette.testclient import TestClient

from tests.service.callers import Callers
from tests.service.negotiations.requests import Document, a_published_plan, a_request, answer
from tests.service.negotiations.teams import RESERVES, three_teams


@pytest.fixture
def plan(client: TestClient) -> str:
    return a_published_plan(client, three_teams())


def preview(client: TestClient, request: str, **params: str) -> Document:
    told = client.get(f"{request}/preview", params=params)
    assert told.status_code == 200, told.text
    document: Document = told.json()
    return document


def test_tells_who_would_carry_it_and_what_it_does_to_whom(client: TestClient, plan: str) -> None:
    request = a_request(client, plan, "ann", 100)

    told = preview(client, request, funding="siblings")

    assert told["carriers"] == [
        {"rep": "bob", "unit": "west", "from": 110, "to": 115},
        {"rep": "cyd", "unit": "west", "from": 110, "to": 115},
    ]
    assert told["relative_change"] == pytest.approx(10 / 220)
    assert (told["stretch_before"], told["stretch_after"]) == (0.1, 0)
    assert told["attainment_probability_before"] < told["attainment_probability_after"]
    assert told["carriers_stretch_before"] == {"least": 0.1, "most": 0.1}
    assert told["carriers_stretch_after"] == {"least": 0.15, "most": 0.15}
    before, after = (told[f"carriers_probability_{when}"] for when in ("before", "after"))
    assert before["least"] > after["most"]
    assert len(client.get(f"{plan}/versions").json()["items"]) == 1


def test_accepting_does_what_was_shown(client: TestClient, plan: str) -> None:
    request = a_request(client, plan, "ann", 100)
    told = preview(client, request, amount="104", funding="parent")

    answer(client, request, "accept", amount=104, funding="parent").raise_for_status()

    items = client.get(f"{plan}/versions/2/quotas").json()["items"]
    quotas = {row["rep"]: row["quota"] for row in items}
    assert {each["rep"]: each["to"] for each in told["carriers"]} == {
        rep: quotas[rep] for rep in ("bob", "cyd", "dan", "eve")
    }


def test_without_a_funding_all_ways_are_told_the_one_taken_first(client: TestClient) -> None:
    plan = a_published_plan(client, three_teams(), **RESERVES)
    request = a_request(client, plan, "dan", 70)

    told = preview(client, request)

    assert told["funding"] == "parent"
    ways = {way["funding"]: way for way in told["ways"]}
    assert told["ways"][0]["funding"] == "parent"
    assert {name: (way["possible"], way["at_most"]) for name, way in ways.items()} == {
        "parent": (True, 70),
        "reserve": (False, 90),
        "siblings": (False, 80),
        "unfunded": (True, 70),
    }
    assert ways["siblings"]["limits"] == [{"rule": "rep:eve:cap", "value": 140}]
    assert told["reserve"] == {"unit": "north", "amount": 20, "left": 20}


def test_a_way_that_is_closed_says_why_in_words(client: TestClient, plan: str) -> None:
    request = a_request(client, plan, "ann", 100)

    ways = {way["funding"]: way for way in preview(client, request)["ways"]}

    assert ways["reserve"]["reason"] == "neither a unit above nor the company has a reserve"
    assert ways["siblings"]["reason"] is None


def test_a_decided_request_has_no_preview(client: TestClient, plan: str) -> None:
    request = a_request(client, plan, "ann", 100)
    answer(client, request, "reject").raise_for_status()

    assert client.get(f"{request}/preview").status_code == 409


@pytest.mark.parametrize(
    "params", [{"amount": "x"}, {"amount": "120"}, {"effective": "2020-01-01"}]
)
def test_faulty_questions_are_refused(
    client: TestClient, plan: str, params: dict[str, str]
) -> None:
    request = a_request(client, plan, "ann", 100)

    assert client.get(f"{request}/preview", params=params).status_code == 422


def test_a_rep_is_told_nothing_of_a_single_colleague(callers: Callers) -> None:
    plan = a_published_plan(callers("admin"), three_teams())
    ann = callers("rep", rep="ann")
    request = a_request(ann, plan, "ann", 100)

    told = preview(ann, request)

    assert told["carriers"] is None
    assert told["carrying"] == 2
    assert told["relative_change"] is None  # it would tell what bob and cyd carry together
    assert (told["carriers_stretch_before"], told["carriers_stretch_after"]) == (None, None)
    assert told["stretch_after"] == 0
    hidden = [name for name, value in told.items() if "probability" in name and value is not None]
    assert hidden == []
    assert all(way["limits"] == [] for way in told["ways"])


def test_a_manager_is_told_how_far_of_the_ways_that_the_own_unit_may_sign(
    callers: Callers,
) -> None:
    plan = a_published_plan(callers("admin"), three_teams(), **RESERVES)
    request = a_request(callers("rep", rep="dan"), plan, "dan", 70)

    ways = {
        name: {
            way["funding"]: way for way in preview(callers("manager", unit=name), request)["ways"]
        }
        for name in ("east", "north")
    }

    far = {name: way["reserve"]["at_most"] for name, way in ways.items()}
    assert far["east"] is None  # the reserve is north's
    assert far["north"] is not None
    assert ways["east"]["reserve"]["reason"] == "not so much can be funded in this way"
    assert ways["north"]["reserve"]["reason"].startswith("the reserve of unit north has ")


def test_a_rep_is_told_whether_a_way_is_open_and_not_how_far(callers: Callers) -> None:
    """Eve alone sits beside dan: how much she could carry is her cap less her quota."""
    plan = a_published_plan(callers("admin"), three_teams(), **RESERVES)
    dan = callers("rep", rep="dan")
    request = a_request(dan, plan, "dan", 70)

    ways = {way["funding"]: way for way in preview(dan, request)["ways"]}

    told = {name: (way["possible"], way["at_most"]) for name, way in ways.items()}
    assert told == {
        "parent": (True, 70), "unfunded": (True, 70),
        "siblings": (False, None), "reserve": (False, None),
    }  # fmt: skip
    assert ways["siblings"]["reason"].endswith("cannot carry the difference inside the limits.")
    assert ways["reserve"]["reason"] == "not so much can be funded in this way"


def test_figures_of_colleagues_tell_of_five_at_least_however_they_are_asked_for(
    callers: Callers,
) -> None:
    inputs = three_teams()
    for rep in ("zac", "zed", "zoe"):
        inputs["reps"].append(inputs["reps"][0] | {"id": rep})
    inputs["target"] += 330
    plan = a_published_plan(callers("admin"), inputs)
    ann, west = callers("rep", rep="ann"), callers("manager", unit="west")
    request = a_request(ann, plan, "ann", 100)

    siblings, with_east = (preview(ann, request, funding=own) for own in ("siblings", "parent"))
    own_people = preview(west, request, funding="siblings")

    assert (siblings["carrying"], with_east["carrying"]) == (5, 7)
    assert siblings["relative_change"] == pytest.approx(10 / 550)
    assert siblings["carriers_stretch_before"] == {"least": 0.1, "most": 0.1}
    assert with_east["relative_change"] is None  # less the siblings' it is that of dan and eve
    assert own_people["relative_change"] == siblings["relative_change"]


def test_a_manager_is_told_of_the_own_people_alone(callers: Callers) -> None:
    plan = a_published_plan(callers("admin"), three_teams())
    west = callers("manager", unit="west")
    request = a_request(callers("rep", rep="ann"), plan, "ann", 100)

    told = preview(west, request, funding="parent")

    assert [each["rep"] for each in told["carriers"]] == ["bob", "cyd"]
    assert told["carrying"] == 4
    assert told["relative_change"] is None  # of dan and eve the manager knows nothing
    assert told["ways"][0]["may_sign"] is False
