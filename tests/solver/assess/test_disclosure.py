"""Sums that are told, and whose figures follow from them."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.assess import audit
from solver.assess.disclosure import somebody_found
from tests.solver.assess.people import a_team


def parts(*attributes: str) -> list[np.ndarray]:
    """One letter a person: the part of the attribute that the person belongs to."""
    return [np.array([sorted(set(told)).index(one) for one in told]) for told in attributes]


def test_groups_of_five_find_nobody() -> None:
    assert not somebody_found(parts("AAAAABBBBB"))
    assert not somebody_found(parts("AAAAABBBBB", "XXXXXYYYYY"))


def test_a_team_less_a_site_that_lacks_one_of_it_finds_this_one() -> None:
    assert somebody_found(parts("AAAAAABBBBB", "XXXXXYYYYYY"))


def test_two_teams_less_the_site_that_has_all_but_one_of_them_find_this_one() -> None:
    """Teams of ten: A and B sit in X, but for one person, and five others sit in Z."""
    teams = "A" * 10 + "B" * 10 + "C" * 10 + "D" * 10
    sites = "Y" + "X" * 19 + "Y" * 15 + "Z" * 5

    assert somebody_found(parts(teams, sites))


def test_four_who_sit_elsewhere_are_as_few_and_five_are_not() -> None:
    teams = "A" * 10 + "B" * 10 + "C" * 10 + "D" * 10

    assert somebody_found(parts(teams, "Y" * 4 + "X" * 16 + "Y" * 10 + "Z" * 10))
    assert not somebody_found(parts(teams, "Y" * 5 + "X" * 15 + "Y" * 10 + "Z" * 10))


def test_two_who_changed_places_learn_of_each_other() -> None:
    """The sums of the two teams differ by what one of them has more than the other."""
    assert somebody_found(parts("AAAAAAAABBBBBBBB", "XXXXXXXYXYYYYYYY"))


def test_nobody_and_nothing_told() -> None:
    assert not somebody_found([])
    assert not somebody_found([np.zeros(0, np.int64)])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from("ABC"), min_size=9, max_size=9).map("".join),
        min_size=1,
        max_size=3,
    )
)
def test_somebody_is_found_exactly_where_a_row_of_few_follows_from_those_told(
    attributes: list[str],
) -> None:
    told = parts(*attributes)
    rows = np.array([part == number for part in told for number in range(part.max() + 1)], float)
    rank = np.linalg.matrix_rank(rows)

    follows = any(
        np.linalg.matrix_rank(np.vstack((rows, _row(people, (1, *signs), 9)))) == rank
        for few in range(1, 5)
        for people in combinations(range(9), few)
        for signs in product((1, -1), repeat=few - 1)
    )

    assert somebody_found(told) == follows


def _row(people: tuple[int, ...], signs: tuple[int, ...], n: int) -> np.ndarray:
    row = np.zeros(n)
    row[list(people)] = signs
    return row


def test_an_audit_keeps_an_attribute_back_that_would_tell_of_one_person_with_the_others() -> None:
    """No two sums differ by fewer than five here; two teams less a site differ by one person."""
    people = a_team(40, effort=np.linspace(0.5, 1.5, 40))
    teams = dict(zip(people.ids, "A" * 10 + "B" * 10 + "C" * 10 + "D" * 10, strict=True))
    sites = dict(zip(people.ids, "Y" + "X" * 19 + "Y" * 15 + "Z" * 5, strict=True))

    site, team = audit(people, {"site": sites, "team": teams}).tables

    assert site.reason is None
    assert (team.reason, team.groups) == ("subtraction", ())
