"""A problem that contradicts itself cannot be built, and every fault is named at once."""

from __future__ import annotations

import numpy as np
import pytest

from solver.errors import InvalidProblem
from solver.policy import Policy
from solver.problem import AMOUNT_LIMIT, Problem, Reps, Units, padded

NOBODY = Units.of([])


def faults(target: int, reps: Reps, units: Units = NOBODY, increment: int = 1) -> list[str]:
    with pytest.raises(InvalidProblem) as refused:
        Problem(target, reps, units, increment)
    return [str(fault).split(":")[0] for fault in refused.value.faults]


def test_every_fault_is_named_and_not_only_the_first() -> None:
    reps = Reps.of(
        ["a", "b", "a"], baseline=[-1, np.nan, 0], reach=[0, 0, np.inf], unit=[5, -1, -1]
    )

    assert faults(-1, reps, increment=0) == [
        "target", "increment", "reps[2].id", "reps[0].baseline", "reps[1].baseline",
        "reps[2].reach", "reps[0].unit",
    ]  # fmt: skip


def test_nobody_cannot_carry_a_target() -> None:
    assert faults(1, Reps.of([])) == ["reps"]


def test_units_in_a_circle_are_refused_together_with_what_hangs_on_them() -> None:
    units = Units.of(["a", "b", "c"], parent=[1, 0, 1])

    assert faults(1, Reps.of(["r"]), units) == [f"units[{row}].parent" for row in range(3)]


def test_an_organisation_is_at_most_256_levels_deep() -> None:
    chain = Units.of([f"u{k}" for k in range(258)], parent=np.arange(258) - 1)

    assert faults(1, Reps.of(["r"]), chain) == ["units[256].parent", "units[257].parent"]


def test_a_target_beside_a_range_is_refused() -> None:
    units = Units.of(["a", "b"], target=[5, 5], min=[1, 0], max=[AMOUNT_LIMIT, 7])

    assert faults(1, Reps.of(["r"]), units) == ["units[0].target", "units[1].target"]


def test_columns_must_have_one_entry_per_row() -> None:
    with pytest.raises(InvalidProblem, match="shape"):
        Reps.of(["a", "b"], baseline=[1.0])


def test_a_policy_knows_its_fairness_and_its_engine() -> None:
    with pytest.raises(InvalidProblem, match=r"fairness.*engine") as refused:
        Policy(fairness="equal_misery", engine="cbc", over_assignment=float("nan"))  # type: ignore[arg-type]

    assert len(refused.value.faults) == 3


@pytest.mark.parametrize(
    ("amount", "over", "assigned"),
    [
        (100, 0.1, 110),
        (5, 0.1, 6),
        (15, 0.1, 16),
        (25, 0.1, 28),
        (1_000_000_007, 0.07, 1_070_000_007),
    ],
)
def test_over_assignment_rounds_half_to_even_in_exact_decimals(
    amount: int, over: float, assigned: int
) -> None:
    assert padded(amount, over) == assigned


def test_columns_cannot_be_changed_afterwards() -> None:
    baseline = np.array([1.0])
    reps = Reps.of(["a"], baseline=baseline)
    baseline[0] = 2.0

    assert reps.baseline[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        reps.baseline[0] = 3.0
