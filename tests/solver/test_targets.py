"""Targets at any level: whether they agree, and which of them do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.errors import InvalidProblem
from solver.problem import AMOUNT_LIMIT, COMPANY, Units
from solver.targets import Agreed, Disagreement, Target, agree

JANUARY = 2027 * 12
YEAR = range(JANUARY, JANUARY + 12)
FIRST_HALF, SECOND_HALF = range(JANUARY, JANUARY + 6), range(JANUARY + 6, JANUARY + 12)
UNITS = Units.of(["east", "west", "shanghai", "hangzhou"], parent=[COMPANY, COMPANY, 0, 0])
STAFFED = np.array([1, 2, 3])


def agreed(*targets: Target) -> Agreed:
    found = agree(targets, UNITS, STAFFED, YEAR)
    assert isinstance(found, Agreed)
    return found


def disagreeing(*targets: Target) -> Disagreement:
    found = agree(targets, UNITS, STAFFED, YEAR)
    assert isinstance(found, Disagreement)
    return found


class TestTargetsThatAgree:
    def test_one_target_is_the_whole(self) -> None:
        assert agreed(Target(100)) == Agreed(100, {}, ())

    def test_units_that_are_all_there_are_make_the_whole(self) -> None:
        found = agreed(Target(60, "east"), Target(40, "west"))

        assert found == Agreed(100, {"east": 60, "west": 40}, ())

    def test_so_do_all_months(self) -> None:
        found = agreed(Target(60, months=FIRST_HALF), Target(40, months=SECOND_HALF))

        assert found.total == 100

    def test_a_target_of_all_months_is_one_of_the_period(self) -> None:
        assert agreed(Target(100, months=YEAR)) == Agreed(100, {}, ())

    def test_products_may_leave_something_for_those_that_no_target_names(self) -> None:
        core = Target(60, product="core")

        assert agreed(Target(100), core) == Agreed(100, {}, (core,))

    def test_east_by_a_new_product_in_the_first_half(self) -> None:
        part = Target(20, "east", "new", None, FIRST_HALF)

        found = agreed(Target(100), Target(60, "east"), Target(30, product="new"), part)

        assert found.of_units == {"east": 60}
        assert found.margins == (Target(30, product="new"), part)


class TestTargetsThatDoNot:
    def test_units_below_the_company(self) -> None:
        found = disagreeing(Target(100), Target(60, "east"), Target(30, "west"))

        assert found.targets == (0, 1, 2)
        [(changed, amount)] = found.mended
        assert (changed, amount) in {(0, 90), (1, 70), (2, 40)}

    def test_products_above_the_company(self) -> None:
        found = disagreeing(Target(100), Target(60, product="core"), Target(50, product="new"))

        assert found.targets == (0, 1, 2)

    def test_a_part_above_its_whole_is_named_and_nobody_else(self) -> None:
        found = disagreeing(
            Target(100),
            Target(60, "east"),
            Target(55, product="new"),
            Target(25, product="new", months=FIRST_HALF),
            Target(35, "east", "new", None, SECOND_HALF),
        )

        assert found.targets == (2, 3, 4)

    def test_two_amounts_for_the_same(self) -> None:
        assert disagreeing(Target(100), Target(90)).targets == (0, 1)
        same = Target(10, "east", "new"), Target(12, "east", "new")
        assert disagreeing(Target(100), *same).targets == (1, 2)


class TestTargetsThatMakeNoSense:
    def faults(self, *targets: Target, months: range = YEAR) -> list[tuple[int | None, str]]:
        with pytest.raises(InvalidProblem) as error:
            agree(targets, UNITS, np.array([1, 2]), months)
        return [(fault.row, fault.field) for fault in error.value.faults]

    def test_every_one_is_named(self) -> None:
        targets = (
            Target(-1),
            Target(AMOUNT_LIMIT + 1),
            Target(5, "north"),
            Target(5, "hangzhou"),
            Target(5, months=range(JANUARY - 1, JANUARY + 2)),
            Target(5, months=range(JANUARY, JANUARY)),
        )
        assert self.faults(*targets) == [
            (0, "amount"), (1, "amount"), (2, "unit"), (3, "unit"), (4, "period"), (5, "period"),
        ]  # fmt: skip

    def test_a_unit_without_reps_may_have_the_target_nothing(self) -> None:
        nothing = agree([Target(9), Target(0, "hangzhou")], UNITS, np.array([1, 2]), YEAR)

        assert nothing == Agreed(9, {"hangzhou": 0}, ())

    def test_there_is_at_least_one(self) -> None:
        assert self.faults() == [(None, "targets")]

    @pytest.mark.parametrize(
        "targets",
        [
            [Target(60, "east")],
            [Target(60, product="core"), Target(40, product="new")],
            [Target(60, months=FIRST_HALF)],
            [Target(60, "east"), Target(10, "west", months=FIRST_HALF)],
        ],
    )
    def test_the_whole_has_to_be_known(self, targets: list[Target]) -> None:
        with pytest.raises(InvalidProblem, match="add one for everything"):
            agree(targets, UNITS, STAFFED, YEAR)


PRODUCTS, KINDS = ("core", "new"), ("existing", "new")
PERIODS = (FIRST_HALF, SECOND_HALF, *(range(month, month + 3) for month in YEAR[::3]))


@dataclass(frozen=True)
class Sold:
    """Sales of shanghai, hangzhou and west by products, kinds of customers and months."""

    table: np.ndarray[tuple[int, int, int, int], np.dtype[np.int64]]

    def target(
        self, unit: str | None, product: str | None, kind: str | None, months: range | None
    ) -> Target:
        units = {None: [0, 1, 2], "east": [0, 1], "shanghai": [0], "hangzhou": [1], "west": [2]}
        products = range(3) if product is None else [PRODUCTS.index(product)]
        kinds = range(3) if kind is None else [KINDS.index(kind)]
        part = [month - JANUARY for month in months or YEAR]
        cells = self.table[np.ix_(units[unit], list(products), list(kinds), part)]
        return Target(int(cells.sum()), unit, product, kind, months)


parts = st.tuples(
    st.sampled_from([None, "east", "shanghai", "hangzhou", "west"]),
    st.sampled_from([None, *PRODUCTS]),
    st.sampled_from([None, *KINDS]),
    st.sampled_from([None, *PERIODS]),
)


@st.composite
def sums_of_a_table(draw: st.DrawFn) -> list[Target]:
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    largest = draw(st.sampled_from([1, 10, 10**6, 10**11]))
    sold = Sold(random.integers(0, largest, (3, 3, 3, 12), endpoint=True))
    return [sold.target(*part) for part in [(None,) * 4, *draw(st.lists(parts, max_size=12))]]


@given(sums_of_a_table())
def test_sums_of_one_table_agree(targets: list[Target]) -> None:
    assert agreed(*targets).total == targets[0].amount


@given(sums_of_a_table(), st.data())
def test_what_disagrees_is_irreducible_and_can_be_mended(
    targets: list[Target], data: st.DataObject
) -> None:
    wrong = data.draw(st.integers(0, len(targets) - 1))
    change = data.draw(st.integers(1, 50))
    targets[wrong] = replace(targets[wrong], amount=targets[wrong].amount + change)
    found = agree(targets, UNITS, STAFFED, YEAR)
    if isinstance(found, Agreed):  # there is room for it
        return

    assert isinstance(found, Disagreement)
    named = [targets[k] for k in found.targets]
    assert not _agree(named)
    for k in range(len(named)):
        assert _agree(named[:k] + named[k + 1 :])
    mended = [replace(t, amount=dict(found.mended).get(k, t.amount)) for k, t in enumerate(targets)]
    assert _agree(mended)


@settings(max_examples=30)
@given(sums_of_a_table(), st.randoms(use_true_random=False))
def test_the_order_of_targets_does_not_matter(targets: list[Target], random: Random) -> None:
    targets[-1] = replace(targets[-1], amount=targets[-1].amount + 7)
    found = agree(targets, UNITS, STAFFED, YEAR)
    shuffled = random.sample(range(len(targets)), len(targets))
    again = agree([targets[k] for k in shuffled], UNITS, STAFFED, YEAR)

    if isinstance(found, Agreed):
        assert isinstance(again, Agreed)
        assert again.total == found.total
        return
    assert isinstance(again, Disagreement)
    assert {targets[shuffled[k]] for k in again.targets} == {targets[k] for k in found.targets}


def _agree(targets: Sequence[Target]) -> bool:
    """Whether they can hold together, whatever the whole."""
    try:
        return isinstance(agree(targets, UNITS, STAFFED, YEAR), Agreed)
    except InvalidProblem:  # they do not say what the whole is, once one of them is left out
        return True
