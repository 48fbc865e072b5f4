"""What a simulation is asked for: draws, a seed, and what people are paid for their quotas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from service.kit.errors import Fault
from service.kit.money import InvalidMoney, to_minor
from service.roster.domain.reading import UNKNOWN, Findings, Path, Rows
from solver.errors import InvalidProblem
from solver.pay import PayCurve
from solver.problem import NOT_SET, FloatArray

type Document = Mapping[str, Any]

DRAWS: Final = 10_000
SEED: Final = 1
LEAST_DRAWS: Final = 100
"""Fewer say nothing of how far their figures may stray."""
MOST_DRAWS: Final = 1_000_000
MOST_SEED: Final = 2**53 - 1
_CURVE: Final = "pay_curve"
_PAY: Final = "target_pay"


@dataclass(frozen=True, slots=True)
class Asked:
    """One simulation."""

    draws: int = DRAWS
    seed: int = SEED
    curve: PayCurve | None = None
    everyone: int | None = None
    """Target pay in minor units of whoever has no own one."""
    own: Mapping[str, int] = field(default_factory=dict)
    """Target pay by rep."""

    @property
    def tells_amounts(self) -> bool:
        return self.everyone is not None or bool(self.own)

    def amounts(self, reps: Sequence[str]) -> FloatArray:
        """(n,) target pay, nan where none is stated; 1 for everybody where none is at all, so
        that pay is told in target pays.
        """
        if not self.tells_amounts:
            return np.ones(len(reps))
        other = np.nan if self.everyone is None else float(self.everyone)
        return np.array([self.own.get(rep, other) for rep in reps], dtype=np.float64)


def read_asked(
    body: Document,
    digits: int,
    known: Mapping[str, int] | None,
    faults: Sequence[Fault] = (),
) -> tuple[Asked, list[Fault]]:
    """What a body asks for, and all its faults beside those of its shape.

    `known`: the ids of the reps, where all are known. Where something is wrong, the first answer
    is of no use.
    """
    found = Findings(faults)
    curve, pay = body.get(_CURVE), body.get(_PAY)
    everyone, own = _target_pay(pay or {}, digits, known, found)
    if pay is not None and curve is None and f"/{_CURVE}" not in {f.pointer for f in faults}:
        found.add((_PAY,), f"needs a {_CURVE}, which says what is paid of it")
    seed = body.get("seed")
    asked = Asked(
        draws=body.get("draws") or DRAWS,
        seed=SEED if seed is None else seed,
        curve=_curve(curve, found),
        everyone=everyone,
        own=own,
    )
    return asked, found.faults


def read_curve(stated: Document, refuse: Callable[[Path, str], None]) -> PayCurve | None:
    """The curve that is stated; None where `refuse` was told what is wrong with it."""
    knots = stated.get("knots") or []
    try:
        return PayCurve.of(
            [(knot["attainment"], knot["pay"]) for knot in knots], stated.get("beyond") or 0.0
        )
    except InvalidProblem as error:
        for fault in error.faults:
            place: Path = (fault.field,) if fault.row is None else ("knots", fault.row, fault.field)
            refuse(place, fault.reason)
        return None


def _curve(stated: Document | None, found: Findings) -> PayCurve | None:
    """None as well where its shape is wrong already."""
    if stated is None or any(f.pointer.startswith(f"/{_CURVE}") for f in found.faults):
        return None
    return read_curve(stated, lambda place, reason: found.add((_CURVE, *place), reason))


def _target_pay(
    stated: Document, digits: int, known: Mapping[str, int] | None, found: Findings
) -> tuple[int | None, dict[str, int]]:
    everyone = None
    if (amount := stated.get("everyone")) is not None:
        try:
            everyone = to_minor(amount, digits)
            if everyone < 0:
                found.add((_PAY, "everyone"), "must be 0 or more", amount)
        except InvalidMoney as fault:
            found.add((_PAY, "everyone"), str(fault), amount)
    listed = [dict(row) for row in stated.get("reps") or []]
    rows = Rows(listed, lambda row: (_PAY, "reps", row), digits, found)
    minor = rows.amounts("amount")
    if known is not None:
        strange = rows.references("rep", known) == UNKNOWN
        rows.refuse(strange, "rep", "names no rep of the plan")
    for row, rep in _again(rows.column("rep")):
        found.add((_PAY, "reps", row, "rep"), "stands twice", rep)
    pairs = zip(rows.column("rep"), minor.tolist(), strict=True)
    return everyone, {rep: amount for rep, amount in pairs if amount != NOT_SET}


def _again(reps: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    seen = set()
    for row, rep in enumerate(reps):
        if rep is not None and rep in seen:
            yield row, rep
        seen.add(rep)
