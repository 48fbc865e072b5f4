"""Whose time is up when the plan is found, but not yet what one more unit costs whom."""

from dataclasses import dataclass

import orjson
import pytest

from service.allocations.answer import OUT_OF_TIME, answer, answer_in_json
from service.allocations.assemble import Case
from service.allocations.measures.solving import solve_and_price_measures
from service.allocations.patience import Patience
from service.allocations.schemas import AllocationBody, AllocationOut
from service.allocations.solving import CallerLeft, allocate_and_price
from service.allocations.usecases import allocate_once, read_case
from service.allocations.versions.describe import describe
from service.kit.patient_body import PatientReader, Sent
from solver.watch import Stage
from tests.service.allocations.plans import Document

GROUP: Document = {"id": "overlay", "reps": ["ann", "bob"], "max": 150_000}
TEAM: Document = {
    "target": 400_000,
    "units": [{"id": "west", "max": 120_000}],
    "reps": [
        {"id": "ann", "unit": "west", "baseline": 100_000},
        *({"id": name, "baseline": 100_000} for name in ("bob", "cid", "dan", "eve")),
    ],
    "policy": {"fairness": "equal_growth", "groups": [GROUP]},
}


def sent(body: Document) -> Sent:
    return PatientReader(AllocationBody).read(orjson.dumps(body))


def case_of(body: Document) -> Case:
    return read_case(sent(body))


@dataclass
class UpAt:
    """Time that stands still until the solver says that it has come so far."""

    stage: Stage
    done: int = 0
    up: bool = False

    def hear(self, stage: Stage, done: int) -> None:
        self.up |= (stage, done) == (self.stage, self.done)

    @property
    def patience(self) -> Patience:
        return Patience(1.0, tell=self.hear, clock=lambda: 2.0 if self.up else 0.0)


@pytest.mark.parametrize("found", [0, 1, 11])
def test_the_plan_is_answered_without_prices_and_says_why(found: int) -> None:
    told = orjson.loads(allocate_once(sent(TEAM), UpAt("prices", found).patience))

    assert told["prices"] is None
    assert [unit["price"] for unit in told["units"]] == [None]
    assert told["warnings"] == [{"pointer": "", "detail": OUT_OF_TIME}]
    with_prices = orjson.loads(allocate_once(sent(TEAM)))
    assert told["quotas"] == with_prices["quotas"]
    assert with_prices["prices"]["target"] is not None
    assert with_prices["warnings"] == []


def test_prices_of_a_plan_on_the_tree_are_no_work_and_are_told_in_any_case() -> None:
    told = orjson.loads(allocate_once(sent(TEAM | {"policy": {}}), UpAt("rounding").patience))

    assert told["prices"]["target"] is not None
    assert told["warnings"] == []


def test_a_version_has_its_prices_however_long_they_take() -> None:
    """Its hash follows from inputs and policy alone, not from how busy the machine was."""
    case = case_of(TEAM)
    allocation, late = allocate_and_price(case, UpAt("prices").patience)

    assert not late.in_time
    assert describe(case, allocation).facts["prices"]["target"] is not None


def test_a_caller_who_leaves_while_prices_are_looked_for_stops_that() -> None:
    at = UpAt("prices", 1)

    with pytest.raises(CallerLeft):
        allocate_and_price(case_of(TEAM), Patience(stopped=lambda: at.up, tell=at.hear))

    assert at.up


def test_the_answer_of_many_reps_is_the_same_in_parts_and_as_a_whole() -> None:
    reps = [{"id": f"r{k}", "baseline": 100 + k} for k in range(1_001)]
    case = case_of({"target": 1_000_000, "reps": reps})
    solved = solve_and_price_measures(case)

    written = answer_in_json(solved)

    assert orjson.loads(written) == orjson.loads(orjson.dumps(answer(solved)))
    assert len(AllocationOut.model_validate_json(written).quotas) == 1_001


def test_what_looks_like_a_mistake_in_the_facts_is_told_with_the_plan() -> None:
    nobodys = {"id": "t1", "potential": 10, "holders": []}

    told = orjson.loads(allocate_once(sent(TEAM | {"territories": [nobodys]})))

    assert [warning["pointer"] for warning in told["warnings"]] == ["/territories"]
