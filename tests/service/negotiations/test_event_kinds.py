"""What each kind of event has to say, and what is wrong with what it says."""

from datetime import date
from typing import Any

import pytest

from service.kit.errors import InvalidInput
from service.negotiations.events.domain.kinds import Event, EventKind, Known, named_in, read_event

KNOWN = Known(
    units={"east", "west"},
    reps={"ann", "bob"},
    period=(date(2027, 1, 1), date(2027, 12, 31)),
    digits=2,
)


def said(**body: Any) -> Event:
    return read_event({"from": date(2027, 5, 1)} | body, KNOWN)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "leave"}, "/rep"),
        ({"kind": "leave", "rep": "zoe"}, "/rep"),
        ({"kind": "leave", "rep": {"id": "ann"}}, "/rep"),
        ({"kind": "leave", "rep": "ann", "to": date(2027, 4, 30)}, "/to"),
        ({"kind": "leave", "rep": "ann", "share": 0.5}, "/share"),
        ({"kind": "leave", "rep": "ann", "from": date(2028, 1, 1)}, "/from"),
        ({"kind": "leave", "rep": "ann", "from": date(2026, 12, 31)}, "/from"),
        ({"kind": "hire", "rep": "new", "takes_over": None}, "/rep"),
        ({"kind": "hire", "rep": {"id": "new"}}, "/takes_over"),
        ({"kind": "hire", "rep": {"id": "ann"}, "takes_over": None}, "/rep/id"),
        ({"kind": "hire", "rep": {"id": "x", "unit": "north"}, "takes_over": None}, "/rep/unit"),
        ({"kind": "swap", "reps": ["ann", "ann"]}, "/reps"),
        ({"kind": "swap", "reps": ["ann"]}, "/reps"),
        ({"kind": "swap", "reps": ["ann", "zoe"]}, "/reps/1"),
        ({"kind": "transfer", "rep": "ann"}, "/to_unit"),
        ({"kind": "transfer", "rep": "ann", "to_unit": "north"}, "/to_unit"),
        ({"kind": "transfer", "rep": "ann", "to_unit": "east", "hands_to": "ann"}, "/hands_to"),
        ({"kind": "fte", "rep": "ann"}, "/share"),
        ({"kind": "target", "amount": -1}, "/amount"),
        ({"kind": "target", "amount": 4800.123}, "/amount"),
        ({"kind": "target"}, "/amount"),
    ],
)
def test_what_is_missing_or_wrong_is_named(body: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        said(**body)

    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_somebody_who_comes_back_takes_over_the_own_seat() -> None:
    event = said(kind="hire", rep={"id": "ann"}, takes_over="ann")

    assert (event.kind, event.rep, event.takes_over) == (EventKind.HIRE, "ann", "ann")


def test_everybody_who_is_named_is_concerned() -> None:
    body = {"kind": "transfer", "rep": "ann", "to_unit": "east", "takes_over": "bob"}

    assert said(**body).concerned == {"ann", "bob"} == named_in(body)
    assert said(kind="swap", reps=["ann", "bob"]).concerned == {"ann", "bob"}


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "leave", "rep": "ann", "to": date(2027, 6, 1)},
        {"kind": "hire", "rep": {"id": "new", "fte": 0.5}, "takes_over": "ann", "ramp": False},
        {"kind": "swap", "reps": ["ann", "bob"]},
        {"kind": "target", "amount": "4800.50"},
    ],
)
def test_an_event_can_be_stored_and_read_again(body: dict[str, Any]) -> None:
    event = said(**body)

    assert Event.of_stored(event.stored()) == event
