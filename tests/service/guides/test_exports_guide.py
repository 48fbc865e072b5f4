"""What the guide to exports shows stands in the golden files, and its calls are answered."""

import re

from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from service.exports.domain.formats import FORMATS
from service.exports.router import router
from tests.service.allocations.plans import a_plan, a_version, publish
from tests.service.exports.season import three_people_and_a_seat
from tests.service.exports.test_exports import golden
from tests.service.guides.pages import examples, guide

GUIDE = guide("exports")


def test_every_line_of_its_tables_is_one_of_a_golden_file() -> None:
    lines = {line for name in FORMATS for line in golden(name).splitlines()}

    shown = [line for table in examples(GUIDE, "csv") for line in table.splitlines()]

    assert len(shown) == 13
    assert [line for line in shown if line not in lines] == []


def test_its_calls_are_answered(client: TestClient) -> None:
    plan = a_plan(client, three_people_and_a_seat())
    a_version(client, plan)
    publish(client, f"{plan}/versions/1").raise_for_status()

    calls = [line.removeprefix("GET ").strip() for line in examples(GUIDE, "http")]
    own = plan.rpartition("/")[2]
    answers = {call: client.get(call.replace("PLAN", own)).status_code for call in calls}

    assert answers == dict.fromkeys(answers, 200)
    assert {call.split("/")[3].partition("?")[0] for call in calls} == {*FORMATS}


def test_it_has_every_format_and_every_parameter() -> None:
    [route] = router.routes
    assert isinstance(route, APIRoute)

    for name in FORMATS:
        assert f"| `{name}` |" in GUIDE
    for parameter in route.dependant.query_params:
        assert re.search(rf"\| `{parameter.alias}[`=]", GUIDE)
