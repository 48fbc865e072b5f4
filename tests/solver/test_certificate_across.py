"""The proof of plans whose rules cross the tree: what holds, and what does not any more."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from solver.certificate import AcrossTheTree, Certificate, check
from solver.coupled.coupling import Coupling
from solver.policy import Group, Policy
from solver.problem import UNLIMITED
from tests.solver.builders import a_problem, coupling_of


def a_certificate() -> Certificate:
    """Ada of west and cyn of east make a group that must carry 230.00 of 440.00.

    Everybody expects 100.00 with a reach of 100.00. So ada and cyn stand at 0.15, bob and dan at
    0.05: the level of all is 0.05 and the group adds 0.10. One more cent for the group lifts the
    largest stretch by 1 / 200.00.
    """
    units: dict[str, Any] = {"east": {}, "west": {}}
    reps = {
        "ada": {"unit": "west"},
        "bob": {"unit": "west"},
        "cyn": {"unit": "east"},
        "dan": {"unit": "east"},
    }
    problem = a_problem(44_000, reps, units)
    policy = Policy(groups=(Group("overlay", ("ada", "cyn"), min=23_000),))
    across = AcrossTheTree(
        coupling=coupling_of(problem, policy),
        row_level=np.array([0.10]),
        largest=0.15,
        node_price=np.zeros(3),
        row_price=np.array([1 / 20_000]),
    )
    quota = np.array([11_500, 10_500, 11_500, 10_500])
    return Certificate(
        total=44_000,
        increment=1,
        company_level=0.05,
        parent=np.array([-1, -1]),
        unit_min=np.zeros(2, dtype=np.int64),
        unit_max=np.full(2, UNLIMITED),
        unit_level=np.full(2, 0.05),
        unit=np.array([0, 0, 1, 1]),
        floor=np.zeros(4, dtype=np.int64),
        cap=np.full(4, UNLIMITED),
        anchor=np.full(4, 10_000.0),
        yardstick=np.full(4, 10_000.0),
        unrounded=quota.astype(np.float64),
        quota=quota,
        across=across,
    )


def changed(certificate: Certificate, **columns: Any) -> Certificate:
    """The same with other columns, of the certificate, its rules or the part across the tree."""
    rules = {k: v for k, v in columns.items() if k in _RULES}
    across = {k: v for k, v in columns.items() if k in _ACROSS}
    rest = {k: v for k, v in columns.items() if k not in _RULES and k not in _ACROSS}
    assert certificate.across
    coupling = replace(certificate.across.coupling, **rules)
    return replace(
        certificate, **rest, across=replace(certificate.across, coupling=coupling, **across)
    )


_RULES = [field.name for field in fields(Coupling)]
_ACROSS = [field.name for field in fields(AcrossTheTree) if field.name != "coupling"]


def test_an_untouched_plan_is_proven() -> None:
    checks = check(a_certificate())

    assert checks.valid
    assert checks.kind == "least-squares-lp"
    assert list(checks.by_name) == ["sums", "bounds", "rows", "largest", "squares"]


def moved(*amounts: float) -> Any:
    return lambda column: column + np.array(amounts, dtype=column.dtype)


@pytest.mark.parametrize(
    ("column", "change", "broken"),
    [
        ("quota", moved(1, 0, 0, 0), {"sums"}),
        ("quota", moved(-1, 1, 0, 0), {"rows"}),
        ("quota", moved(1, 0, -1, 0), {"bounds"}),
        ("floor", moved(0, 10_501, 0, 0), {"bounds", "squares"}),
        ("floor", moved(11_501, 0, 0, 0), {"bounds", "squares", "largest"}),
        ("cap", lambda cap: cap - UNLIMITED + 11_499, {"bounds", "squares"}),
        ("unit_max", moved(21_999 - UNLIMITED, 0), {"sums", "squares"}),
        ("company_level", lambda level: level + 1e-6, {"squares"}),
        ("unit_level", moved(1e-6, 0), {"squares"}),
        ("row_level", moved(-1e-6), {"squares"}),
        ("row_level", moved(-0.2), {"squares"}),
        ("anchor", moved(0, 1, 0, 0), {"squares"}),
        ("yardstick", moved(0, 1, 0, 0), {"squares"}),
        ("unrounded", moved(0.4, -0.4, 0, 0), {"squares"}),
        ("min", moved(-1), {"squares", "largest"}),
        ("min", moved(1), {"rows", "squares"}),
        ("max", moved(22_999 - UNLIMITED), {"rows", "squares"}),
        ("largest", lambda largest: largest - 1e-6, {"squares"}),
        ("largest", lambda largest: largest + 1e-6, {"largest"}),
        ("row_price", moved(-1 / 20_000), {"largest"}),
        ("row_price", moved(-1), {"largest"}),
        ("node_price", moved(1e-6, 0, 0), {"largest"}),
        ("coefficient", moved(1e-3, 0), {"squares", "largest"}),
        ("rep", moved(1, 0), {"rows", "squares"}),
    ],
)
def test_every_column_counts(column: str, change: Any, broken: set[str]) -> None:
    certificate = a_certificate()
    assert certificate.across
    holder: Any = next(
        part
        for part in (certificate, certificate.across, certificate.across.coupling)
        if hasattr(part, column)
    )

    checks = check(changed(certificate, **{column: change(getattr(holder, column))}))

    assert {name for name, held in checks.by_name.items() if not held} >= broken
    assert not checks.valid


def test_a_plan_that_is_even_needs_no_level_of_a_rule_that_does_not_bind() -> None:
    """Everybody at 0.10, and the group anywhere between 200.00 and 230.00."""
    even = np.full(4, 11_000)
    plan = changed(
        a_certificate(), quota=even, unrounded=even.astype(np.float64), company_level=0.1,
        unit_level=np.full(2, 0.1), row_level=np.zeros(1), largest=0.1,
        min=np.array([20_000]), max=np.array([23_000]),
        row_price=np.zeros(1), node_price=np.array([1 / 40_000, 0, 0]),
    )  # fmt: skip

    assert check(plan).valid
    assert not check(changed(plan, row_level=np.array([1e-3]))).squares


def test_a_plan_of_the_least_largest_stretch_alone_is_not_the_least_squares() -> None:
    """Ada could carry 120.00 and cyn 110.00 as well, bob 110.00 and dan 100.00; t* is 0.15."""
    quota = np.array([11_500, 11_000, 11_500, 10_000])
    plan = replace(a_certificate(), quota=quota, unrounded=quota.astype(np.float64))

    checks = check(plan)

    assert (checks.sums, checks.rows, checks.largest) == (True, True, True)
    assert not checks.squares


def test_a_rep_may_stand_above_the_largest_stretch_by_nothing_but_the_own_floor() -> None:
    plan = a_certificate()
    floor = np.array([0, 0, 0, 10_500])

    assert check(replace(plan, floor=floor)).valid
    assert not check(replace(plan, floor=floor + np.array([0, 0, 0, 1_001]))).largest


@pytest.mark.parametrize("name", [*_RULES, *_ACROSS])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: None,
        lambda _: "many",
        lambda _: np.nan,
        lambda _: [[1], [1, 2]],
        lambda column: np.asarray(column)[..., None],
        lambda column: np.append(column, column),
        lambda column: np.asarray(column, dtype=object),
        lambda column: np.asarray(column, dtype=np.complex128),
    ],
)
def test_columns_that_cannot_be_read_prove_nothing(name: str, spoil: Any) -> None:
    certificate = a_certificate()
    assert certificate.across
    holder: Any = certificate.across.coupling if name in _RULES else certificate.across
    if name in ("tolerance", "even"):
        return  # where the limits of a parity come from, is not what is checked here

    try:
        spoilt = spoil(getattr(holder, name))
    except (TypeError, ValueError):
        return  # no such thing can be made of this column

    assert not check(changed(certificate, **{name: spoilt})).valid


@pytest.mark.parametrize(
    "columns",
    [
        {"start": np.array([1, 2])},
        {"start": np.array([0, 1])},
        {"start": np.array([0, 3])},
        {"start": np.array([0, -(2**63)])},
        {"rep": np.array([2, 0])},
        {"rep": np.array([0, 0])},
        {"rep": np.array([-1, 2])},
        {"rep": np.array([0, 4])},
        {"coefficient": np.array([1.0, 0.0])},
        {"coefficient": np.array([1.0, 1e300])},
        {"name": ("b", "a"), "peers": (None, None), "start": np.array([0, 1, 2]),
         "min": np.zeros(2, dtype=np.int64), "max": np.full(2, UNLIMITED),
         "row_level": np.zeros(2), "row_price": np.zeros(2)},
        {"reps": 5},
        {"max": np.array([2**62])},
    ],
)  # fmt: skip
def test_rules_that_are_not_in_order_prove_nothing(columns: dict[str, Any]) -> None:
    assert not any(check(changed(a_certificate(), **columns)).by_name.values())


def test_whatever_numbers_a_stranger_writes_are_answered() -> None:
    extremes = [-(2**63), -2, -1, 2**62, 2**63 - 1, np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324]
    noise = np.random.default_rng(7)
    plan = a_certificate()
    assert plan.across
    parts: list[Any] = [plan, plan.across, plan.across.coupling]
    columns = [
        (name.name, getattr(part, name.name))
        for part in parts
        for name in fields(part)
        if isinstance(getattr(part, name.name), np.ndarray | float | int)
    ]
    for _ in range(1_000):
        changes: dict[str, Any] = {}
        for chosen in noise.choice(len(columns), int(noise.integers(1, 4)), replace=False):
            name, value = columns[int(chosen)]
            column = np.array(value)
            known = [v for v in extremes if column.dtype.kind == "f" or isinstance(v, int)]
            if column.size:
                column.flat[int(noise.integers(column.size))] = known[
                    int(noise.integers(len(known)))
                ]
            changes[name] = column if column.ndim else column.item()

        checks = check(changed(plan, **changes))  # warnings are errors here

        if checks.valid:
            quota = changes.get("quota", plan.quota)
            assert quota.tolist() == plan.quota.tolist()
