"""The cohort audit: comparisons of groups, and nobody to be found in them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact

from solver.assess import Audit, AuditTable, audit, banded
from solver.assess.four_fifths import false_alarms, four_fifths
from solver.errors import InvalidProblem
from tests.solver.assess.people import a_team, halves, ids, shuffled


def only_table(found: Audit) -> AuditTable:
    (table,) = found.tables
    return table


def by_effort(n: int) -> AuditTable:
    """Effort of `n` reps by the first half and the second."""
    return only_table(audit(a_team(n, effort=np.arange(n) / n + 0.5), {"sex": halves(n)}))


def test_two_groups_are_compared_once() -> None:
    """The 12 lower efforts against the 12 higher ones: no other deal is as far apart."""
    table = by_effort(24)

    assert [(group.group, group.n) for group in table.groups] == [("F", 12), ("M", 12)]
    (told,) = table.comparisons
    assert told.against == "F"
    assert told.effect == pytest.approx(-0.5)
    assert told.shown()


def test_chances_are_compared_where_they_are_known() -> None:
    people = a_team(12, probability=[0.4] * 6 + [0.6] * 6)

    table = only_table(audit(people, {"sex": halves(12)}))

    assert table.measure == "probability"
    assert table.comparisons[0].effect == pytest.approx(-0.2)
    assert table.comparisons[0].p == 2 / 924  # two of the ways to choose 6 of 12


def test_invariant_32_false_alarms_are_at_most_alpha_on_shuffled_groups() -> None:
    """32: fairness report's false alarms <= alpha on shuffled data; the audit is part of it."""
    alarms = 0
    rng = np.random.default_rng(32)
    for seed in range(150):
        people = shuffled(30, seed)
        sexes, sites = rng.permutation(30) % 2, rng.permutation(30) % 3
        groups = {
            "sex": dict(zip(people.ids, map(str, sexes), strict=True)),
            "site": dict(zip(people.ids, map(str, sites), strict=True)),
        }
        tables = audit(people, groups, seed=seed).tables
        assert {table.measure for table in tables} == {"probability", "log_attainment"}
        alarms += any(
            any(told.shown() for told in table.comparisons)
            or (table.four_fifths is not None and (table.four_fifths.p_adjusted or 1) <= 0.05)
            for table in tables
        )

    assert alarms <= binom.ppf(0.999, 150, 0.05)


def test_groups_below_five_are_not_shown() -> None:
    groups = {rep: "ABC"[min(place // 8, 2)] for place, rep in enumerate(ids(20))}
    table = only_table(audit(a_team(20), {"site": groups}))

    assert [(group.group, group.n) for group in table.groups] == []  # A 8, B 8, C 4: see below
    assert (table.reason, table.not_shown) == ("too_few", 20)


def test_who_is_left_after_subtraction_is_five_or_more() -> None:
    """Sizes 9, 8, 6 and 3: without the 3 alone, they would follow from the mean of all."""
    sizes = {"A": 9, "B": 8, "C": 6, "D": 3}
    labels = [name for name, size in sizes.items() for _ in range(size)]
    table = only_table(audit(a_team(26), {"site": dict(zip(ids(26), labels, strict=True))}))

    assert [group.group for group in table.groups] == ["A", "B"]
    assert table.not_shown == 9


def test_reps_whose_group_nobody_states_cannot_be_found_either() -> None:
    stated = {rep: group for rep, group in halves(20).items() if rep != ids(20)[0]}

    assert only_table(audit(a_team(20), {"sex": stated})).reason == "too_few"


def test_a_second_attribute_that_differs_by_a_few_reps_is_not_shown() -> None:
    people = a_team(20, effort=np.linspace(0.5, 1.5, 20))
    first, second = audit(people, {"sex": halves(20), "zone": halves(20, 11)}).tables

    assert first.reason is None
    assert (second.reason, second.groups) == ("subtraction", ())


def test_the_mirror_image_of_groups_finds_nobody() -> None:
    people = a_team(20)
    told = audit(people, {"sex": halves(20), "zone": halves(20, names=("z", "y"))}).tables

    assert [table.reason for table in told] == [None, None]


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(["A", "B", "C", "D", ""]), min_size=1, max_size=40),
    st.lists(st.sampled_from(["X", "Y", "Z", ""]), min_size=40, max_size=40),
)
def test_no_sum_of_fewer_than_five_follows_from_two_tables(one: list[str], two: list[str]) -> None:
    """Any group shown, and everybody less the groups shown, and their pairwise differences."""
    people = a_team(len(one))
    stated = {
        "one": {rep: g for rep, g in zip(people.ids, one, strict=True) if g},
        "two": {rep: g for rep, g in zip(people.ids, two, strict=False) if g},
    }
    everybody = frozenset(people.ids)
    sets: list[list[frozenset[str]]] = []
    for table in audit(people, stated).tables:
        groups = stated[table.attribute]
        own = [frozenset(r for r in groups if groups[r] == g.group) for g in table.groups]
        assert table.not_shown == len(everybody.difference(*own))
        if own:
            sets.append([*own, everybody.difference(*own) or everybody])
    for group in (group for own in sets for group in own):
        assert len(group) >= 5
    for mine, other in product(*sets) if len(sets) == 2 else ():
        for small, large in ((mine, other), (other, mine), (everybody - mine, other)):
            if small <= large:
                assert len(large - small) == 0 or len(large - small) >= 5


def test_who_has_no_sales_told_is_not_counted_in_a_group() -> None:
    """Six in each group, but the sales of only four of the first are known."""
    sold = [110.0] * 4 + [np.nan] * 2 + [100.0] * 6
    _, after = audit(a_team(12, actual=sold), {"sex": halves(12)}).tables

    assert (after.measure, after.n, after.reason) == ("log_attainment", 10, "too_few")


def test_the_four_fifths_ratio_stands_with_fishers_test_and_its_false_alarms() -> None:
    """Four of ten attain against eight of ten: a ratio of one half, and p = .17."""
    sold = [110.0] * 4 + [90.0] * 6 + [120.0] * 8 + [90.0] * 2
    *_, after = audit(a_team(20, actual=sold), {"sex": halves(20)}).tables
    told = after.four_fifths

    assert told is not None
    assert (told.lowest, told.highest, told.ratio, told.alarm) == ("F", "M", 0.5, True)
    assert told.p == pytest.approx(fisher_exact([[4, 6], [8, 2]]).pvalue)
    assert told.false_alarms == pytest.approx(0.503, abs=0.001)  # at 12 of 20
    assert told.low is not None
    assert told.high is not None
    assert told.low < 1 < told.high


def test_ten_against_ten_alarm_falsely_in_53_of_100_cases() -> None:
    assert false_alarms([10, 10], 0.55) == pytest.approx(0.53, abs=0.005)


def test_false_alarms_are_those_of_every_outcome_counted_one_by_one() -> None:
    sizes, share = [4, 6, 3], 0.6
    counted = 0.0
    for outcome in product(*(range(n + 1) for n in sizes)):
        rates = [count / n for count, n in zip(outcome, sizes, strict=True)]
        chance = np.prod([binom.pmf(k, n, share) for k, n in zip(outcome, sizes, strict=True)])
        counted += float(chance) * (min(rates) < 0.8 * max(rates) - 1e-9)

    assert false_alarms(sizes, share) == pytest.approx(counted)


def test_hundreds_of_reps_alarm_rarely() -> None:
    assert false_alarms([1_000, 1_000], 0.5) < 1e-5


def test_the_pair_that_was_picked_out_of_three_groups_pays_for_it() -> None:
    two = four_fifths({"A": (3, 10), "C": (8, 10)})
    three = four_fifths({"A": (3, 10), "B": (5, 10), "C": (8, 10)})

    assert two is not None
    assert three is not None
    assert three.p == pytest.approx(3 * two.p)


@pytest.mark.parametrize("attaining", [{}, {"A": (3, 10)}, {"A": (0, 10), "B": (0, 10)}])
def test_no_ratio_without_two_groups_and_somebody_attaining(
    attaining: dict[str, tuple[int, int]],
) -> None:
    assert four_fifths(attaining) is None


def test_nobody_attaining_in_one_group_is_a_ratio_of_nothing() -> None:
    told = four_fifths({"A": (0, 10), "B": (5, 10)})

    assert told is not None
    assert (told.ratio, told.low) == (0, None)


def test_equal_effort_shows_no_difference_and_says_why() -> None:
    table = only_table(audit(a_team(20), {"sex": halves(20)}))

    assert table.comparisons[0].reason == "all_equal"


def test_numbers_become_bands_that_begin_with_their_edges() -> None:
    born = {"a": 1969.0, "b": 1970.0, "c": 1985.0}

    assert banded(born, [1980, 1970]) == {
        "a": "under 1970",
        "b": "1970 to under 1980",
        "c": "1980 and over",
    }


def test_days_of_birth_as_numbers_keep_bands_of_their_own() -> None:
    """Told with six digits, two of these bands would have the same name and be one."""
    born = {"a": 19700115.0, "b": 19700215.0, "c": 0.25}

    assert banded(born, [19700101, 19700201, 19700301]) == {
        "a": "19700101 to under 19700201",
        "b": "19700201 to under 19700301",
        "c": "under 19700101",
    }
    assert banded({"a": 0.3}, [0.25, 2]) == {"a": "0.25 to under 2"}


def test_a_figure_that_is_no_group_is_refused() -> None:
    born = {rep: str(place) for place, rep in enumerate(ids(60))}

    with pytest.raises(InvalidProblem, match="60 groups"):
        audit(a_team(60), {"born": born})


def test_invariant_22_flipping_a_protected_attribute_changes_no_report() -> None:
    """22: flipping a protected attribute changes nothing: the report does not even take one, and
    an audit of flipped groups turns the sign of the difference and nothing else.
    """
    people = replace(shuffled(30, seed=4), actual=np.full(30, np.nan))
    flipped = halves(30, names=("M", "F"))
    (one,), (other,) = (
        audit(people, {"sex": halves(30)}).tables,
        audit(people, {"sex": flipped}).tables,
    )
    first, second = one.comparisons[0], other.comparisons[0]

    assert first.effect is not None
    assert second.effect == pytest.approx(-first.effect)
    assert second.p == pytest.approx(first.p, abs=0.02)


def test_strangers_among_the_attributes_are_not_counted() -> None:
    table = only_table(audit(a_team(20), {"sex": {**halves(20), "stranger": "F"}}))

    assert [group.n for group in table.groups] == [10, 10]
