"""What goes along into a version that is made of a draft with frozen units, without a database."""

from typing import Any

from service.allocations.versions.lanes.domain.agreed import agreed
from service.allocations.versions.lanes.domain.along import Going, Lost, Side, along
from service.allocations.versions.lanes.domain.lane import Lane, LaneStatus, Tree

type Row = dict[str, Any]

FROZEN, UNFROZEN = LaneStatus.FROZEN, LaneStatus.UNFROZEN


def units(**quotas: int) -> list[Row]:
    """e1 and e2 lie in the east; nobody has a range."""
    own = {"east": 300, "e1": 100, "e2": 200, "west": 400} | quotas
    parents = {"e1": "east", "e2": "east"}
    return [
        {"id": unit, "parent": parents.get(unit), "min": 0, "max": None, "quota": quota}
        for unit, quota in own.items()
    ]


def people(**quotas: int) -> list[Row]:
    """One in each unit without units below."""
    own = {"e1": 100, "e2": 200, "west": 400} | quotas
    return [
        {"rep": f"rep of {unit}", "unit": unit, "quota": quota, "floor": 0, "cap": None}
        for unit, quota in own.items()
    ]


def lanes(**envelopes: int) -> list[Lane]:
    return [Lane(unit, FROZEN, envelope, 1) for unit, envelope in envelopes.items()]


def gone(before: list[Lane], *, after: list[Row], organisation: list[Row] | None = None) -> Row:
    """By unit: whether its work goes along, or what is carried instead of its envelope."""
    organisation = units() if organisation is None else organisation
    was, now = Side(units(), people()), Side(organisation, after)
    tree = Tree.of(organisation, ())
    found = along(Tree.of(units(), before), tree, now.moved_from(was), tree.carried_below(after))
    return {
        own.lane.unit: own.as_it_stands if isinstance(own, Going) else own.carried for own in found
    }


class TestGoingAlong:
    def test_a_unit_in_which_nobody_moved_goes_along(self) -> None:
        assert gone(lanes(east=300, west=400), after=people(west=410)) == {
            "east": True, "west": 410,
        }  # fmt: skip

    def test_a_unit_in_which_somebody_moved_begins_anew_where_it_carries_the_same(self) -> None:
        after = people(e1=90, e2=210)
        assert gone(lanes(east=300, west=400), after=after) == {"east": False, "west": True}

    def test_limits_count_and_what_a_row_tells_besides_does_not(self) -> None:
        after = people()
        after[2] |= {"effort": 1.2}
        assert gone(lanes(west=400), after=after) == {"west": True}
        after[2] |= {"cap": 450}
        assert gone(lanes(west=400), after=after) == {"west": False}

    def test_an_envelope_that_stands_in_the_work_around_it_goes_where_that_goes(self) -> None:
        inside = lanes(east=300, e1=120)
        assert gone(inside, after=people(west=410)) == {"east": True, "e1": True}
        assert gone(inside, after=people(e1=90, e2=210)) == {"east": False, "e1": 90}
        # nobody moved in e1, but the work of the east that it was agreed in begins anew
        east = lanes(east=250, e1=120)
        assert gone(east, after=people(e2=150)) == {"east": False, "e1": 100}

    def test_a_unit_that_is_gone_is_lost(self) -> None:
        rest = [row for row in units() if row["id"] != "west"]
        left = [row for row in people() if row["unit"] != "west"]
        assert gone(lanes(west=400), after=left, organisation=rest) == {"west": None}
        assert isinstance(
            next(along(Tree.of(units(), lanes(west=400)), Tree.of(rest, ()), set(), {})), Lost
        )


class TestEnvelopes:
    def test_what_is_frozen_here_is_kept_beside_what_was_agreed_before(self) -> None:
        kept = agreed([{"unit": "west", "amount": 400}], units(), lanes(e1=100))
        assert kept == [{"unit": "e1", "amount": 100}, {"unit": "west", "amount": 400}]

    def test_what_was_given_up_is_not(self) -> None:
        given_up = [Lane("west", UNFROZEN, 400, 2)]
        assert agreed([{"unit": "west", "amount": 400}], units(), given_up) == []

    def test_what_only_the_work_around_it_says_is_not_the_version_s(self) -> None:
        kept = agreed([], units(), lanes(east=300, e1=120, e2=200))
        assert [own["unit"] for own in kept] == ["east", "e2"]
