"""The lines of the table of quotas."""

import pytest

from service.web.domain.quotas import COMPANY, Unit
from service.web.domain.version import VersionView
from service.web.tree import LINES_AT_ONCE, children, found, lines_of
from tests.web.builders import a_rep, a_version

NAMES = {"r7": "Ada Lovelace"}


def west_and_east(reps: int) -> VersionView:
    """Reps in a team of the west; the east is empty; one rep hangs on the company."""
    units = [Unit("west", "West", None), Unit("team", "Team", "west"), Unit("east", "East", None)]
    inside = [a_rep(f"r{number}", unit="team") for number in range(reps)]
    return a_version([*inside, a_rep("solo")], units)


def shown(
    version: VersionView, opened: str | None = None, offset: int = 0
) -> list[tuple[str, int]]:
    lines = lines_of(version, NAMES, opened, offset)
    return [(line.name or line.kind, line.level) for line in lines]


def test_a_small_company_is_open() -> None:
    assert shown(west_and_east(2)) == [
        ("company", 0),
        ("West", 1),
        ("Team", 2),
        ("r0", 3),
        ("r1", 3),
        ("East", 1),
        ("solo", 1),
    ]


def test_a_large_one_is_closed_but_for_the_unit_asked_for() -> None:
    version = west_and_east(80)

    assert shown(version) == [("company", 0), ("West", 1), ("East", 1), ("solo", 1)]
    assert len(shown(version, "team")) == 5 + 80


def test_many_reps_come_in_pages_without_a_gap() -> None:
    version = west_and_east(250)

    seen, offset = [], 0
    while True:
        page = children(version, NAMES, "team", offset)
        seen += [line.id for line in page if line.kind == "rep"]
        if page[-1].kind != "more":
            break
        assert page[-1].reps == 250 - len(seen)
        assert len(page) == LINES_AT_ONCE + 1
        offset = page[-1].offset

    assert seen == [f"r{number}" for number in range(250)]


def test_a_unit_shows_the_sums_of_everybody_below() -> None:
    lines = {line.name: line for line in lines_of(west_and_east(3), NAMES)}

    assert (lines["West"].quota, lines["West"].reps) == (330_00, 3)
    assert lines["West"].effort == pytest.approx(1.0)
    assert (lines["East"].quota, lines["East"].growth, lines["East"].effort) == (0, None, None)


def test_a_unit_of_one_rep_stands_at_the_effort_of_that_rep() -> None:
    """The rep was rounded up from 111.00 to 112.00; both are told before rounding."""
    team = Unit("team", "Team", None)
    rep = a_rep("ada", unit="team", quota=112_00, effort_amount=11_00, rounding=1_00, effort=1.1)

    version = a_version([rep], [team])

    assert version.effort_of("team") == pytest.approx(rep.effort)


def test_year_on_year_of_a_unit_needs_everybodys_last_year() -> None:
    known = a_rep("known", over_last_year=0.1)

    assert a_version([known, a_rep("new")]).totals[COMPANY].over_last_year is None
    assert a_version([known]).totals[COMPANY].over_last_year == pytest.approx(0.1)


@pytest.mark.parametrize(("text", "ids"), [("LOVE", ["r7"]), (" r1", ["r1"]), ("nobody", [])])
def test_people_are_found_by_name_or_id(text: str, ids: list[str]) -> None:
    lines, count = found(west_and_east(9), NAMES, text)

    assert [line.id for line in lines] == ids
    assert count == len(ids)
