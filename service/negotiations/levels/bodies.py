"""What the API takes of whoever freezes a unit, works inside it and puts units together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AwareDatetime, Field

from service.kit.body import InputModel, Line, Note
from service.kit.errors import Fault, InvalidInput
from service.kit.examples import examples
from service.kit.money import InvalidMoney, MoneyIn, to_minor
from service.negotiations.levels.domain.limits import Asked
from solver.policy import Fairness

_Key = Annotated[str, Field(min_length=1, max_length=128)]


@examples({"With a note": {"note": "As agreed on Monday."}})
class NoteIn(InputModel):
    """Why, where somebody says so."""

    note: Note | None = None


@examples(
    {
        "The amount that was agreed": {
            "envelope": 562000,
            "deadline": "2026-12-18T17:00:00Z",
            "note": "As agreed on Monday.",
        }
    }
)
class FreezeIn(NoteIn):
    """A unit to freeze. What it carries is what the version says."""

    envelope: MoneyIn | None = Field(
        default=None,
        description="The amount that was agreed, to be sure: another one than the version's is "
        "refused",
    )

    deadline: AwareDatetime | None = Field(
        default=None,
        description="When the owner should have signed; nothing happens by itself",
        examples=["2026-12-18T17:00:00Z"],
    )

    effective: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")] | None = Field(
        default=None,
        description="The first month that moves, where months of the period are over; left out: "
        "all of them, or as the frozen unit around it",
        examples=["2027-04"],
    )


class LimitIn(InputModel):
    """The owner's own limits of a rep, for this solve."""

    rep: _Key = Field(examples=["r1"])
    min: MoneyIn | None = None
    max: MoneyIn | None = None


@examples(
    {
        "As the version was": {},
        "With limits of the owner's own": {
            "limits": [{"rep": "r1", "max": 285000}],
            "note": "r1 has a large account to save",
        },
    }
)
class SolveIn(NoteIn):
    """How to solve a unit again; left out: as the version was."""

    limits: list[LimitIn] = Field(
        default=[],
        max_length=100_000,
        description="Floors and caps of the own reps, within those of the version; each solve "
        "states its own",
    )
    fairness: Fairness | None = Field(
        default=None, description="Another idea of evenness inside the unit"
    )

    def asked(self, digits: int) -> list[Asked]:
        """Raises InvalidInput."""
        faults: list[Fault] = []
        found = [
            Asked(
                row.rep,
                f"/limits/{number}",
                ends=(
                    _minor(row.min, digits, f"/limits/{number}/min", faults),
                    _minor(row.max, digits, f"/limits/{number}/max", faults),
                ),
            )
            for number, row in enumerate(self.limits)
        ]
        return _or_refused(found, faults)


class AdjustmentIn(InputModel):
    """A rep's quota as the owner wants it, and why."""

    rep: _Key = Field(examples=["r1"])
    quota: MoneyIn = Field(examples=[280000])
    reason: Line = Field(examples=["key account lost"])


@examples(
    {
        "The others of the unit carry it": {
            "adjustments": [{"rep": "r1", "quota": 280000, "reason": "key account lost"}]
        },
        "Solves may change it again": {"release": ["r1"]},
    }
)
class AdjustIn(NoteIn):
    """What to move inside a unit. The other reps carry what is not balanced by itself."""

    adjustments: list[AdjustmentIn] = Field(default=[], max_length=100_000)
    release: list[_Key] = Field(
        default=[],
        max_length=100_000,
        description="Reps who were adjusted here, and may be solved again",
        examples=[["r9"]],
    )

    def asked(self, digits: int) -> list[Asked]:
        """Raises InvalidInput."""
        faults: list[Fault] = []
        if not self.adjustments and not self.release:
            faults.append(Fault("", "names nobody to adjust or to release"))
        found = [
            Asked(
                row.rep,
                f"/adjustments/{number}",
                quota=_minor(row.quota, digits, f"/adjustments/{number}/quota", faults),
                reason=row.reason,
            )
            for number, row in enumerate(self.adjustments)
        ]
        return _or_refused(found, faults)


@examples(
    {
        "All have signed": {"note": "West and east together"},
        "One unit is not waited for": {"exceptions": ["east"]},
    }
)
class AssembleIn(NoteIn):
    """Put the work of all signed units together."""

    exceptions: list[_Key] = Field(
        default=[],
        max_length=100_000,
        description="Frozen units that nobody waits for: their rows stay as in this version",
        examples=[["unit-x"]],
    )


def _minor(value: MoneyIn | None, digits: int, pointer: str, faults: list[Fault]) -> int | None:
    if value is None:
        return None
    try:
        amount = to_minor(value, digits)
    except InvalidMoney as fault:
        faults.append(Fault(pointer, str(fault), value))
        return None
    if amount < 0:
        faults.append(Fault(pointer, "must be 0 or more", value))
    return amount


def _or_refused(found: list[Asked], faults: Sequence[Fault]) -> list[Asked]:
    if faults:
        raise InvalidInput(faults)
    return found
