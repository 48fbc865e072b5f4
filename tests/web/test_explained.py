"""The waterfall of one quota: its terms add up to it, under every policy."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.web.decisions import Amended
from service.web.explained import Term, terms
from tests.web.builders import a_rep, a_version

money = st.integers(-(10**12), 10**12)


def amounts(steps: list[Term]) -> dict[str, int]:
    return {step.name: step.amount for step in steps}


def test_a_free_rep_carries_the_expected_sales_and_the_common_effort() -> None:
    ada = a_rep("ada", quota=111_67, effort_amount=11_666, anchor=100_00, rounding=-10_499)

    assert amounts(terms(a_version([ada]), ada)) == {
        "baseline": 100_00,
        "effort": 11_666,
        "rounding": -10_499,
        "quota": 111_67,
    }


def test_a_rule_is_told_apart_from_the_effort_it_stops() -> None:
    held = a_rep("ada", quota=105_00, effort_amount=5_00, binding=("cap",), cap=105_00)

    assert amounts(terms(a_version([held, a_rep("bob")]), held)) == {
        "baseline": 100_00,
        "effort": 10_00,
        "rule": -5_00,
        "quota": 105_00,
    }


def test_where_nobody_is_free_there_is_no_common_effort_to_tell_apart() -> None:
    held = a_rep("ada", quota=105_00, effort_amount=5_00, binding=("fixed",))

    assert amounts(terms(a_version([held]), held)) == {
        "baseline": 100_00,
        "asked": 5_00,
        "quota": 105_00,
    }


def test_what_was_decided_since_the_solve_comes_after_what_was_solved() -> None:
    given = (Amended("adjustment", -4_00), Amended("funding", 1_00))
    ada = a_rep("ada", quota=107_00, amended=given)

    assert amounts(terms(a_version([ada]), ada)) == {
        "baseline": 100_00,
        "effort": 10_00,
        "adjustment": -4_00,
        "funding": 1_00,
        "quota": 107_00,
    }


def test_a_policy_without_anchor_is_told_from_the_expected_sales_on() -> None:
    """Equal growth: anchor 0, and the whole quota is stretch."""
    ada = a_rep("ada", quota=110_00, anchor=0, effort_amount=110_00)

    assert amounts(terms(a_version([ada], fairness="equal_growth", level=1.1), ada)) == {
        "baseline": 100_00,
        "effort": 10_00,
        "quota": 110_00,
    }


def test_where_chances_are_even_the_effort_is_what_the_common_chance_asks() -> None:
    """Ada's even chance is at 99.50 and the common one at 99.50 x e^(0.1 x 0.5) = 104.60."""
    chances: dict[str, Any] = {
        "fairness": "equal_probability",
        "response": "lognormal",
        "level": 0.5,
    }
    held = a_rep(
        "ada", quota=102_00, anchor=99_50, effort_amount=2_50, yardstick=0.1, binding=("cap",)
    )

    assert amounts(terms(a_version([held, a_rep("bob")], **chances), held)) == {
        "baseline": 100_00,
        "effort": 4_60,
        "rule": -2_60,
        "quota": 102_00,
    }


def test_nobody_is_asked_for_more_than_all() -> None:
    """Where only reps without expected sales can carry more, the common chance is all but none."""
    nearly_none: dict[str, Any] = {
        "fairness": "equal_probability",
        "response": "lognormal",
        "level": 1e9,
    }
    held = a_rep("ada", quota=102_00, anchor=99_50, effort_amount=2_50, binding=("cap",))
    version = a_version([held, a_rep("bob")], **nearly_none)

    assert version.common_effort(held) == version.assigned - 99_50


@given(
    baseline=st.floats(0, 1e12),
    anchor=money,
    effort=money,
    rounding=money,
    rule=st.sampled_from(["cap", "floor", ""]),
)
def test_the_terms_always_add_up_and_their_bars_stay_in_the_picture(
    baseline: float, anchor: int, effort: int, rounding: int, rule: str
) -> None:
    rep = a_rep(
        "ada",
        baseline=baseline,
        anchor=anchor,
        effort_amount=effort,
        rounding=rounding,
        quota=anchor + effort + rounding,
        binding=(rule,) if rule else (),
    )

    *parts, quota = terms(a_version([rep, a_rep("bob")]), rep)

    assert sum(part.amount for part in parts) == quota.amount == rep.quota
    assert all(0 <= bar.start <= bar.end <= 100 for bar in [*parts, quota])
