"""The life of a lane, and lanes inside lanes, without a database."""

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from service.allocations.adjustments.domain import BeyondManagersLimit
from service.allocations.versions.lanes.domain.lane import Lane, LaneStatus, Tree
from service.allocations.versions.lanes.domain.work import Work
from service.negotiations.levels.domain.life import (
    LaneAction,
    LaneNotAllowed,
    LanesInTheWay,
    after,
    may_move_inside,
    may_sign,
    may_unfreeze,
)
from service.negotiations.levels.domain.limits import (
    Asked,
    Member,
    faults_of,
    keep_within,
)

FROZEN, SIGNED, UNFROZEN = LaneStatus.FROZEN, LaneStatus.SIGNED, LaneStatus.UNFROZEN
UNITS: list[dict[str, Any]] = [
    {"id": "east", "parent": None},
    {"id": "e1", "parent": "east"},
    {"id": "e1a", "parent": "e1"},
    {"id": "e2", "parent": "east"},
    {"id": "west", "parent": None},
]


def a_tree(**lanes: LaneStatus) -> Tree:
    return Tree.of(UNITS, [Lane(unit, status, 100, 1) for unit, status in lanes.items()])


class TestTheLifeOfALane:
    def test_it_is_frozen_worked_on_signed_and_reopened(self) -> None:
        status = after(None, LaneAction.FREEZE, "west")
        for action in (LaneAction.SOLVE, LaneAction.ADJUST, LaneAction.SIGN_OFF):
            status = after(status, action, "west")
        assert status is SIGNED
        assert after(status, LaneAction.REOPEN, "west") is FROZEN
        assert after(FROZEN, LaneAction.UNFREEZE, "west") is UNFROZEN
        assert after(UNFROZEN, LaneAction.FREEZE, "west") is FROZEN

    @pytest.mark.parametrize(
        ("status", "action", "state", "possible"),
        [
            (None, LaneAction.SOLVE, "open", "freeze"),
            (UNFROZEN, LaneAction.SOLVE, "open", "freeze"),
            (SIGNED, LaneAction.ADJUST, "signed", "reopen"),
            (FROZEN, LaneAction.FREEZE, "frozen", "adjust, sign off, solve, unfreeze"),
        ],
    )
    def test_what_is_not_possible_is_refused_with_what_is(
        self, status: LaneStatus | None, action: LaneAction, state: str, possible: str
    ) -> None:
        with pytest.raises(LaneNotAllowed) as refused:
            after(status, action, "west")
        assert refused.value.detail == (
            f"Cannot {action} unit west, which is {state}; what is possible now: {possible}."
        )

    def test_who_has_not_signed_by_the_deadline_is_overdue(self) -> None:
        due, later = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
        assert Lane("west", FROZEN, 1, 1, due).overdue(later)
        assert not Lane("west", SIGNED, 1, 1, due).overdue(later)
        assert not Lane("west", FROZEN, 1, 1, due).overdue(due)
        assert not Lane("west", FROZEN, 1, 1).overdue(later)


class TestLanesInsideLanes:
    def test_every_rep_is_in_the_hands_of_the_innermost_lane(self) -> None:
        tree = a_tree(east=FROZEN, e1a=FROZEN)
        assert tree.own("east") == ["east", "e1", "e2"]
        assert tree.own("e1a") == ["e1a"]
        assert [lane.unit for lane in tree.inside("east")] == ["e1a"]
        assert [lane.unit for lane in tree.all_around("e1a")] == ["east"]

    def test_only_the_next_lane_counts(self) -> None:
        tree = a_tree(east=FROZEN, e1=FROZEN, e1a=FROZEN)
        assert [lane.unit for lane in tree.inside("east")] == ["e1"]
        assert [lane.unit for lane in tree.all_around("e1a")] == ["e1", "east"]

    def test_an_unfrozen_lane_is_none(self) -> None:
        assert a_tree(east=UNFROZEN).around("e1") is None

    def test_nothing_is_frozen_inside_what_is_signed(self) -> None:
        with pytest.raises(LanesInTheWay, match="lies in east, which is signed"):
            may_move_inside(a_tree(east=SIGNED), "e1a", {"east"}.__contains__)
        may_move_inside(a_tree(east=FROZEN), "e1a", {"east"}.__contains__)

    def test_whose_unit_lies_in_two_signed_ones_is_told_of_the_one_that_is_seen(self) -> None:
        with pytest.raises(LanesInTheWay, match="lies in e1, which is signed") as refused:
            may_move_inside(a_tree(east=SIGNED, e1=SIGNED), "e1a", {"e1", "e1a"}.__contains__)
        assert refused.value.context == {"units": ["e1"]}

    def test_a_lane_is_signed_after_those_inside_it(self) -> None:
        with pytest.raises(LanesInTheWay, match="not signed yet: e2"):
            may_sign(a_tree(east=FROZEN, e1=SIGNED, e2=FROZEN), "east")
        may_sign(a_tree(east=FROZEN, e1=SIGNED, e2=SIGNED), "east")

    def test_an_envelope_that_was_agreed_inside_is_not_left_alone(self) -> None:
        tree = a_tree(east=FROZEN, e1=FROZEN)
        with pytest.raises(LanesInTheWay, match="envelopes of e1 were agreed inside unit east"):
            may_unfreeze(tree, "east", {"e1": 90})
        may_unfreeze(tree, "east", {"e1": 100})


class TestWork:
    def work(self) -> Work:
        return Work.begun("sha256:f", "west", {"ann": 105, "bob": 112, "cyd": 112})

    def test_bytes_come_back_as_they_were(self) -> None:
        work = self.work().solved({"ann": 100, "bob": 117}, "equal_growth", {"bob": (90, None)})
        work = work.adjusted({"ann": 103, "bob": 114}, {"ann": 103}, frozenset())
        again = Work.of_bytes(work.as_bytes())
        assert again == work
        assert again.hash == work.hash

    def test_locks_are_the_adjustments_that_nobody_released(self) -> None:
        work = self.work().adjusted({"ann": 107, "bob": 110}, {"ann": 107}, frozenset())
        work = work.adjusted({"bob": 115, "cyd": 107}, {"bob": 115}, frozenset({"ann"}))
        assert work.locks == {"bob": 115}
        assert work.changes == {"ann": 2, "bob": 3, "cyd": -5}

    def test_quotas_that_do_not_fill_the_envelope_cannot_be_written(self) -> None:
        with pytest.raises(ValueError, match="do not fill its envelope"):
            self.work().solved({"ann": 106}, None, {})

    def test_the_same_work_has_the_same_bytes_whatever_the_order(self) -> None:
        other = Work.begun("sha256:f", "west", {"cyd": 112, "bob": 112, "ann": 105})
        assert other.hash == self.work().hash


class TestWhatMayBeAsked:
    members: ClassVar = {
        "ann": Member(100, 80, 120),
        "bob": Member(200, 0, None, lock="adj_1"),
        "cyd": Member(100, 0, None, lane="e1"),
        "dan": Member(1000, 0, None),
    }
    told: ClassVar = {"floor:ann": "80.00", "cap:ann": "120.00"}

    def faults(self, *asked: Asked) -> list[tuple[str, str]]:
        found = faults_of(asked, self.members, "east", self.told)
        return [(fault.pointer, fault.detail) for fault in found]

    def test_every_fault_is_named_at_once(self) -> None:
        assert self.faults(
            Asked("ann", "/a/0", quota=130),
            Asked("ann", "/a/1", quota=70),
            Asked("bob", "/a/2", quota=200),
            Asked("cyd", "/a/3", quota=100),
            Asked("eve", "/a/4", quota=100),
        ) == [
            ("/a/0/quota", "is more than rep:ann:cap, 120.00"),
            ("/a/1/rep", "stands twice"),
            ("/a/1/quota", "is less than rep:ann:floor, 80.00"),
            ("/a/2/rep", "is locked by adj_1 in the version itself; release that first"),
            ("/a/3/rep", "is in the hands of unit e1, which is frozen inside"),
            ("/a/4/rep", "is no rep of unit east"),
        ]

    def test_limits_contradict_neither_each_other_nor_the_version(self) -> None:
        assert self.faults(Asked("ann", "/l/0", ends=(110, 90))) == [
            ("/l/0/min", "is more than max")
        ]
        assert self.faults(Asked("ann", "/l/0", ends=(70, 130))) == [
            ("/l/0/min", "is less than rep:ann:floor, 80.00"),
            ("/l/0/max", "is more than rep:ann:cap, 120.00"),
        ]

    def keeps_within(self, before: dict[str, int], after: dict[str, int]) -> None:
        keep_within(before, after, self.members, 0.05)

    def test_a_manager_moves_nobody_by_more_than_five_per_cent(self) -> None:
        stands = {"dan": 1000, "ann": 100}
        self.keeps_within(stands, stands | {"dan": 1050})
        self.keeps_within(stands, stands | {"dan": 950})
        with pytest.raises(BeyondManagersLimit, match=r"at most 5.0%.*beyond that: ann, dan"):
            self.keeps_within(stands, {"dan": 1051, "ann": 94})

    def test_whom_a_planner_has_moved_further_a_manager_moves_back_alone(self) -> None:
        self.keeps_within({"dan": 900}, {"dan": 900})
        self.keeps_within({"dan": 900}, {"dan": 920})
        with pytest.raises(BeyondManagersLimit):
            self.keeps_within({"dan": 900}, {"dan": 899})
        with pytest.raises(BeyondManagersLimit):
            self.keeps_within({"dan": 900}, {"dan": 1101})
