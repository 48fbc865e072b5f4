"""Policies as the API says them: what is taken over, and what is refused by name."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from service.kit.errors import InvalidInput
from service.plans.policy import PolicyBody, to_policy
from solver.policy import Policy

BODY = TypeAdapter(PolicyBody)


def test_nothing_and_nulls_are_the_default() -> None:
    nulls = dict.fromkeys(PolicyBody.__annotations__)

    assert to_policy(None) == to_policy({}) == to_policy(nulls) == Policy()


def test_the_defaults_may_be_written_out() -> None:
    defaults = {
        "fairness": "equal_stretch",
        "groups": [],
        "parity": [],
        "relax": [],
        "season": "learned",
        "on_infeasible": "refuse",
        "engine": "auto",
    }

    assert to_policy(defaults) == Policy()


def test_every_parameter_that_is_built_reaches_the_solver() -> None:
    given: dict[str, Any] = {
        "fairness": "equal_growth",
        "over_assignment": 0.05,
        "min_over_baseline": -0.1,
        "max_over_baseline": 0.2,
        "min_over_last_year": 0.0,
        "max_over_last_year": 0.3,
        "engine": "lp",
    }

    assert to_policy(BODY.validate_python(given)) == Policy(**given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fairness", "equal_probability"),
        ("groups", [{"id": "overlay"}]),
        ("parity", [{"cohort": "role"}]),
        ("relax", [{"rule": "target"}]),
        ("min_probability", 0.4),
        ("max_probability", 0.6),
        ("season", "even"),
        ("season", {"q4": 0.4}),
        ("on_infeasible", "relax"),
        ("on_infeasible", "gap"),
    ],
)
def test_what_is_not_built_is_refused_by_name(name: str, value: object) -> None:
    body = BODY.validate_python({name: value})

    with pytest.raises(InvalidInput) as refused:
        to_policy(body, path=("plan", "policy"))

    [fault] = refused.value.faults
    assert fault.pointer == f"/plan/policy/{name}"
    assert "not available yet" in fault.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("over_assignment", -0.95),
        ("over_assignment", 11.0),
        ("min_over_baseline", -1.5),
        ("engine", "magic"),
        ("fairness", "fair"),
        ("typo", 1),
    ],
)
def test_values_that_make_no_sense_have_the_wrong_shape(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        BODY.validate_python({name: value})


def test_a_least_growth_above_the_largest_is_a_slip() -> None:
    with pytest.raises(InvalidInput):
        to_policy({"min_over_baseline": 0.2, "max_over_baseline": 0.1})
