"""The bias watch counts what was decided, and nobody is found in it."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from service.negotiations.change_requests.domain.statistics import (
    Decision,
    Statistics,
    fifths,
    statistics,
)


def reps(count: int, prefix: str = "r") -> list[str]:
    return [f"{prefix}{number:02d}" for number in range(count)]


def split(first: int, second: int) -> tuple[list[str], dict[str, str]]:
    """People of two groups, a and b."""
    groups = dict.fromkeys(reps(first, "a"), "a") | dict.fromkeys(reps(second, "b"), "b")
    return list(groups), groups


def granted(rep: str, part: float = 1.0) -> Decision:
    return Decision(rep, -100, round(-100 * part), accepted=part > 0)


def of(decisions: list[Decision], people: list[str], **attributes: dict[str, str]) -> Statistics:
    asked = frozenset(each.rep for each in decisions)
    return statistics(people, asked, decisions, attributes)


def test_counts_requests_grants_and_the_part_that_was_granted() -> None:
    people, groups = split(10, 20)
    decisions = [granted(rep) for rep in people[:3]] + [granted(rep, 0) for rep in people[3:5]]
    decisions += [granted(rep, 0.5) for rep in people[10:20]]

    found = of(decisions, people, site=groups)

    (table,) = found.tables
    a, b = table.groups
    assert (a.group, a.asking.count, a.asking.n) == ("a", 5, 10)
    assert (b.asking.count, b.asking.n) == (10, 20)
    assert a.decided is not None
    assert b.decided is not None
    assert (a.decided.granted.count, a.decided.granted.n, a.decided.mean_share) == (3, 5, 0.6)
    assert (b.decided.granted.count, b.decided.granted.n, b.decided.mean_share) == (10, 10, 0.5)
    assert found.decided is not None
    assert found.decided.granted.count == 13


def test_a_rate_of_few_decisions_has_a_wide_interval() -> None:
    people, groups = split(5, 5)
    found = of([granted(rep) for rep in people], people, site=groups)

    (a, _) = found.tables[0].groups
    assert a.decided is not None
    assert a.decided.granted.share == 1.0
    assert a.decided.granted.low is not None
    assert 0.56 < a.decided.granted.low < 0.57  # Wilson: 5 / (5 + 1.96²)


def test_groups_of_fewer_than_five_are_not_told_nor_what_would_tell_them() -> None:
    people, groups = split(10, 10)
    small = groups | dict.fromkeys(people[:4], "c")

    (table,) = of([granted(rep) for rep in people], people, site=small).tables

    # c has 4, a 6, b 10: with a told, c would be all less a and b
    assert table.groups == ()
    assert table.reason == "too_few"
    assert table.not_told == 20


def test_what_was_decided_about_fewer_than_five_people_is_not_told() -> None:
    people, groups = split(10, 20)
    decisions = [granted(rep) for rep in [*people[:4], *people[10:20]]]

    (table,) = of(decisions, people, site=groups).tables

    assert [each.decided for each in table.groups] == [None, None]
    assert [each.asking.count for each in table.groups] == [4, 10]


def test_several_requests_of_one_person_are_one_person() -> None:
    people, _ = split(10, 10)

    assert of([granted(people[0])] * 9, people).decided is None


def test_groups_of_two_attributes_do_not_tell_somebody_together() -> None:
    people = reps(20)
    half = {rep: "low" if number < 10 else "high" for number, rep in enumerate(people)}
    shifted = {rep: "low" if number < 11 else "high" for number, rep in enumerate(people)}
    decisions = [granted(rep) for rep in people]

    first, second = of(decisions, people, one=half, other=shifted).tables

    assert len(first.groups) == 2
    assert (second.groups, second.reason) == ((), "subtraction")


def test_more_than_was_asked_for_counts_as_all_and_the_contrary_as_nothing() -> None:
    assert Decision("r", -100, -150, accepted=True).share == 1.0
    assert Decision("r", -100, 20, accepted=True).share == 0.0


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_fifths_go_by_rank_and_equals_go_together(quotas: list[int]) -> None:
    by_rep = {f"r{number}": quota for number, quota in enumerate(quotas)}
    found = fifths(by_rep)

    ranks = {rep: int(name[0]) for rep, name in found.items()}
    for one, quota in by_rep.items():
        for other, its in by_rep.items():
            assert (quota <= its) or ranks[one] >= ranks[other]
            assert (quota != its) or ranks[one] == ranks[other]
    if len(set(quotas)) == len(quotas) and len(quotas) % 5 == 0:
        assert set(Counter(ranks.values()).values()) == {len(quotas) // 5}


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.booleans(), st.booleans()),
        max_size=40,
    )
)
def test_nothing_is_told_of_fewer_than_five(rows: list[tuple[str, str, bool, bool]]) -> None:
    people = reps(len(rows))
    site = {rep: row[0] for rep, row in zip(people, rows, strict=True)}
    role = {rep: row[1] for rep, row in zip(people, rows, strict=True)}
    decisions = [
        granted(rep, float(yes))
        for rep, (_, _, asked, yes) in zip(people, rows, strict=True)
        if asked
    ]

    found = of(decisions, people, site=site, role=role)

    for table in found.tables:
        assert table.not_told == 0 or table.not_told >= 5 or not table.groups
        for group in table.groups:
            assert group.asking.n >= 5
            assert group.decided is None or group.decided.requests >= 5
