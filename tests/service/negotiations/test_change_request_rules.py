"""What is allowed in a change request, as pure functions."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kit.errors import Fault
from service.negotiations.change_requests.domain.asking import (
    VersionDoesNotCount,
    amount_faults,
    check_version,
    grant_faults,
)
from service.negotiations.change_requests.domain.evidence import (
    FIELDS,
    Evidence,
    EvidenceKind,
    read_evidence,
)
from service.negotiations.change_requests.domain.life import (
    UNDECIDED,
    Action,
    ChangeRequestIsDecided,
    ChangeRequestStatus,
    NotTheDecider,
    NotTheRequester,
    Side,
    advance,
    is_overdue,
    side_for,
)
from service.plans.domain import VersionStatus

DECISIONS = [action for action in Action if action != Action.FILE]


class TestLife:
    @pytest.mark.parametrize("status", sorted(set(ChangeRequestStatus) - UNDECIDED))
    @pytest.mark.parametrize("action", DECISIONS)
    def test_what_is_decided_stays_so(self, status: ChangeRequestStatus, action: Action) -> None:
        with pytest.raises(ChangeRequestIsDecided) as refused:
            advance(status, action)

        assert refused.value.context == {"request_status": status}

    def test_a_withdrawn_request_cannot_be_accepted(self) -> None:
        with pytest.raises(ChangeRequestIsDecided, match=r"A withdrawn .* cannot be accepted;"):
            advance(ChangeRequestStatus.WITHDRAWN, Action.ACCEPT)

    def test_an_accepted_request_cannot_be_withdrawn_nor_accepted_again(self) -> None:
        with pytest.raises(ChangeRequestIsDecided, match=r"An accepted .* cannot be withdrawn;"):
            advance(ChangeRequestStatus.ACCEPTED, Action.WITHDRAW)
        with pytest.raises(ChangeRequestIsDecided, match="cannot be accepted again;"):
            advance(ChangeRequestStatus.ACCEPTED, Action.ACCEPT)

    @given(st.sampled_from(sorted(UNDECIDED)), st.lists(st.sampled_from(DECISIONS), max_size=6))
    def test_every_course_ends_at_its_first_decision(
        self, status: ChangeRequestStatus, actions: list[Action]
    ) -> None:
        for action in actions:
            if status not in UNDECIDED:
                with pytest.raises(ChangeRequestIsDecided):
                    advance(status, action)
                continue
            status = advance(status, action)
        assert status in ChangeRequestStatus

    @pytest.mark.parametrize("status", sorted(UNDECIDED))
    def test_who_asked_withdraws_and_accepts_nothing_but_a_counter(
        self, status: ChangeRequestStatus
    ) -> None:
        asked = [Side.REQUESTER]

        assert side_for(status, Action.WITHDRAW, asked) == Side.REQUESTER
        if status == ChangeRequestStatus.COUNTERED:
            assert side_for(status, Action.ACCEPT, asked) == Side.REQUESTER
        else:
            with pytest.raises(NotTheDecider, match="may accept a counter, and there is none"):
                side_for(status, Action.ACCEPT, asked)
        for action in (Action.COUNTER, Action.REJECT, Action.ESCALATE):
            with pytest.raises(NotTheDecider):
                side_for(status, action, asked)

    @pytest.mark.parametrize("status", sorted(UNDECIDED))
    def test_who_decides_does_all_but_withdraw(self, status: ChangeRequestStatus) -> None:
        for action in (Action.COUNTER, Action.ACCEPT, Action.REJECT, Action.ESCALATE):
            assert side_for(status, action, [Side.DECIDER]) == Side.DECIDER
        with pytest.raises(NotTheRequester):
            side_for(status, Action.WITHDRAW, [Side.DECIDER])

    def test_who_is_neither_does_nothing(self) -> None:
        for action in DECISIONS:
            with pytest.raises((NotTheDecider, NotTheRequester)):
                side_for(ChangeRequestStatus.COUNTERED, action, [])

    def test_a_request_is_overdue_on_the_day_after_its_last(self) -> None:
        last = date(2027, 2, 15)

        assert not is_overdue(
            ChangeRequestStatus.OPEN, last, datetime(2027, 2, 15, 23, 59, tzinfo=UTC)
        )
        assert is_overdue(ChangeRequestStatus.OPEN, last, datetime(2027, 2, 16, tzinfo=UTC))
        assert not is_overdue(ChangeRequestStatus.REJECTED, last, datetime(2027, 3, 1, tzinfo=UTC))


LOST = {
    "kind": "account_lost", "reference": "A-17", "amount": 30000, "date": date(2027, 2, 1),
}  # fmt: skip
WHOLE: dict[EvidenceKind, dict[str, Any]] = {
    EvidenceKind.ACCOUNT_LOST: LOST,
    EvidenceKind.ACCOUNT_WON: LOST | {"kind": "account_won"},
    EvidenceKind.POTENTIAL_ERROR: {
        "kind": "potential_error", "amount": "1.50", "reference": "census",
    },
    EvidenceKind.HISTORY_ERROR: {
        "kind": "history_error", "period": "2026-03", "amount": 12, "reference": "ledger",
    },
    EvidenceKind.ABSENCE: {
        "kind": "absence", "date": date(2027, 3, 1), "until": date(2027, 4, 30),
    },
    EvidenceKind.TERRITORY_ERROR: {
        "kind": "territory_error", "territory": "t1", "reference": "map",
    },
    EvidenceKind.PRODUCT_DELAY: {
        "kind": "product_delay", "product": "p", "amount": 5, "date": date(2027, 7, 1),
    },
    EvidenceKind.OTHER: {"kind": "other", "note": "the road is closed"},
}  # fmt: skip


def faults_of(*rows: dict[str, Any]) -> dict[str, str]:
    faults: list[Fault] = []
    read_evidence(rows, 2, faults)
    return {fault.pointer: fault.detail for fault in faults}


class TestEvidence:
    @pytest.mark.parametrize("kind", list(EvidenceKind))
    def test_each_kind_that_says_what_it_needs_is_read(self, kind: EvidenceKind) -> None:
        faults: list[Fault] = []
        (piece,) = read_evidence([WHOLE[kind]], 2, faults)

        assert not faults
        assert piece.kind == kind
        assert Evidence.of_stored(piece.stored()) == piece

    @pytest.mark.parametrize("kind", list(EvidenceKind))
    def test_each_missing_field_is_named(self, kind: EvidenceKind) -> None:
        needed = {f"/evidence/0/{name}" for name in FIELDS[kind].needed}

        assert set(faults_of({"kind": kind})) == needed

    @pytest.mark.parametrize("kind", list(EvidenceKind))
    def test_a_field_that_a_kind_does_not_say_is_refused_by_name(self, kind: EvidenceKind) -> None:
        everything = {"amount", "reference", "date", "until", "period", "territory", "product",
                      "share"}  # fmt: skip
        foreign = sorted(everything - FIELDS[kind].known)
        values = {name: WHOLE[EvidenceKind.ABSENCE].get(name, "x") for name in foreign}

        found = faults_of(WHOLE[kind] | values)

        assert set(found) == {f"/evidence/0/{name}" for name in foreign}

    def test_every_fault_of_every_piece_is_told_at_once(self) -> None:
        found = faults_of(
            {"kind": "account_lost", "amount": -1},
            {"kind": "absence", "date": date(2027, 3, 2), "until": date(2027, 3, 1), "share": 0.5},
            {"kind": "other", "note": "  "},
            LOST | {"amount": 0.001},
        )

        assert found == {
            "/evidence/0/date": "is needed: account_lost says amount, date and reference",
            "/evidence/0/reference": "is needed: account_lost says amount, date and reference",
            "/evidence/0/amount": "must not be negative",
            "/evidence/1/share": "is not said by absence, which says date, note and until",
            "/evidence/1/until": "must not be before date",
            "/evidence/2/note": "must say something",
            "/evidence/3/amount": "has more than 2 decimals",
        }

    def test_nothing_is_no_evidence_and_neither_is_a_flood(self) -> None:
        assert faults_of() == {"/evidence": "must say at least one thing"}
        assert "/evidence" in faults_of(*[LOST] * 21)

    def test_notes_are_no_part_of_what_is_stored_of_the_evidence(self) -> None:
        faults: list[Fault] = []
        (piece,) = read_evidence([LOST | {"note": "Mr. Li has died"}], 2, faults)

        assert piece.stored() == {
            "kind": "account_lost", "reference": "A-17", "amount": 3000000, "date": "2027-02-01",
        }  # fmt: skip


ROW = {"rep": "ann", "quota": 300, "floor": 200, "cap": 350}


def asked(proposed: int, *kinds: EvidenceKind) -> list[str]:
    evidence = [Evidence(kind) for kind in kinds]
    return [fault.detail for fault in amount_faults(proposed, ROW, evidence, 0)]


class TestAsking:
    def test_what_lies_between_floor_and_cap_may_be_asked_for(self) -> None:
        assert asked(200) == asked(350) == []

    def test_what_cannot_be_granted_is_refused_with_the_limit(self) -> None:
        assert asked(199) == ["is below the floor of ann in this version, 200"]
        assert asked(351) == ["is above the cap of ann in this version, 350"]
        assert asked(-1) == ["must not be negative"]
        assert asked(300) == ["is the quota as it stands; ask for another"]

    def test_evidence_of_a_wrong_input_may_move_the_limits(self) -> None:
        assert asked(100, EvidenceKind.POTENTIAL_ERROR) == []
        assert asked(100, EvidenceKind.ACCOUNT_LOST) != []

    @given(st.integers(0, 500), st.integers(0, 500), st.integers(-50, 550))
    def test_a_grant_goes_towards_what_was_asked_for_and_never_beyond(
        self, quota: int, proposed: int, amount: int
    ) -> None:
        allowed = not list(grant_faults(amount, quota, proposed, 0))

        change, wanted = amount - quota, proposed - quota
        assert allowed == (change * wanted > 0 and abs(change) <= abs(wanted))

    def test_only_the_newest_version_that_people_were_shown_counts(self) -> None:
        check_version(3, VersionStatus.PUBLISHED, 3)
        for status, what in [
            (VersionStatus.SUPERSEDED, "Version 1 is superseded; version 3 counts now."),
            (VersionStatus.DRAFT, "Version 1 is a draft; version 3 counts now."),
            (VersionStatus.PUBLISHED, "Version 1 is not the newest any more; version 3 counts"),
        ]:
            with pytest.raises(VersionDoesNotCount, match=what) as refused:
                check_version(1, status, 3)
            assert refused.value.context == {"version": 3}
