"""What a version hands down to those that are solved on it: locks, and envelopes of units.

A lock is one amount for a rep, an envelope one for the sum of a unit: the solve keeps both like any
other limit. Who is no longer in the inputs has no lock any more, which is told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from service.allocations.assemble import Case
from service.allocations.infeasible import in_words
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.domain.ledger.replay import LEDGER
from service.allocations.versions.domain.written.content import Content, Row
from service.allocations.versions.domain.written.manifest import FrozenPart, LockPart
from service.plans.policy import Reserve
from service.roster.domain import Inputs
from solver.allocation import Allocation
from solver.problem import NOT_SET, Problem


@dataclass(frozen=True, slots=True)
class Handed:
    """Amounts in minor units."""

    locks: Sequence[LockPart] = ()
    frozen: Sequence[FrozenPart] = ()
    dropped: Sequence[str] = ()
    """Reps whose lock was dropped, because they are not there any more."""

    @classmethod
    def of(cls, manifest: Mapping[str, Any], *, locks: bool = True) -> Self:
        """What a version hands down; `locks`: or only the envelopes. A new solve has its reserves
        unspent, so a unit carries all that it has agreed on.
        """
        kept = manifest.get("locks", ()) if locks else ()
        whole: list[FrozenPart] = [
            {"unit": own["unit"], "amount": own["amount"]} for own in manifest.get("frozen", ())
        ]
        return cls(tuple(kept), tuple(whole))

    def __bool__(self) -> bool:
        return bool(self.locks or self.frozen)

    @property
    def locked(self) -> frozenset[str]:
        """Whose quotas are locked."""
        return frozenset(own["rep"] for own in self.locks)

    def without(self, released: Collection[str]) -> Self:
        """Without the locks of these reps."""
        return replace(self, locks=[own for own in self.locks if own["rep"] not in released])

    def with_locks(self, locks: Sequence[LockPart]) -> Self:
        """With these as well; of a rep who has one, it is the new one."""
        kept = {own["rep"]: own for own in (*self.locks, *locks)}
        return replace(self, locks=[kept[rep] for rep in sorted(kept)])

    def among(self, inputs: Inputs) -> Self:
        """As far as it is about reps who are there.

        Raises EnvelopeNotKept where a frozen unit is not there any more.
        """
        reps, units = set(inputs.reps.id), set(inputs.units.id)
        if gone := [own["unit"] for own in self.frozen if own["unit"] not in units]:
            raise EnvelopeNotKept(
                "Frozen in the version that this is made of, and no units of the inputs any more: "
                f"{', '.join(gone[:20])}. Unfreeze them there first.",
                units=gone,
            )
        return replace(
            self,
            locks=[own for own in self.locks if own["rep"] in reps],
            dropped=[own["rep"] for own in self.locks if own["rep"] not in reps],
        )

    def held_in(self, case: Case) -> Case:
        """The case whose solve keeps it."""
        return replace(case, problem=self._held_in(case.problem)) if self else case

    def check_kept_by(self, plan: Allocation, digits: int) -> None:
        """Raises EnvelopeNotKept where limits gave way (`on_infeasible`, `relax`) and a frozen unit
        does not carry what it has agreed on. `digits`: of the currency.
        """
        carried = dict(zip(plan.problem.units.ids, plan.unit_quota.tolist(), strict=True))
        if lost := [own for own in self.frozen if carried[own["unit"]] != own["amount"]]:
            told = "; ".join(
                f"unit {own['unit']} at {in_words(own['amount'], digits)}, which would carry "
                f"{in_words(carried[own['unit']], digits)}"
                for own in lost[:5]
            )
            raise EnvelopeNotKept(
                "Limits gave way, and frozen units would not carry what they have agreed on: "
                f"{told}. Change other limits, or unfreeze the unit and agree on another amount.",
                units=[own["unit"] for own in lost],
            )

    def _held_in(self, problem: Problem) -> Problem:
        reps, units = problem.reps, problem.units
        fixed = reps.fixed.copy()
        row_of = {rep: row for row, rep in enumerate(reps.ids)}
        for lock in self.locks:
            fixed[row_of[lock["rep"]]] = lock["quota"]
        least, most, target = units.min.copy(), units.max.copy(), units.target.copy()
        row_of = {unit: row for row, unit in enumerate(units.ids)}
        for envelope in self.frozen:
            row = row_of[envelope["unit"]]
            least[row] = most[row] = envelope["amount"]
            target[row] = NOT_SET
        return replace(
            problem,
            reps=replace(reps, fixed=fixed),
            units=replace(units, min=least, max=most, target=target),
        )


def handing(content: Content, handed: Handed, reserves: Sequence[Reserve]) -> Content:
    """A solved plan that says what it keeps, and what may be given back of it.

    A plan without any of it is stored as it is.
    """
    members: Row = {
        "locks": [{**own} for own in handed.locks],
        "frozen": [{**own} for own in handed.frozen],
        "reserves": [{"unit": own.unit, "amount": own.amount, "used": 0} for own in reserves],
    }
    if handed.dropped:
        members["dropped_locks"] = [*handed.dropped]
    if not any(members.values()):
        return content
    facts: Row = {**content.facts, **{name: [] for name in LEDGER}, **members}
    if reserves:
        stated = [{"unit": own.unit, "amount": own.amount} for own in reserves]
        facts["policy"] = {**facts["policy"], "reserves": stated}
    return replace(content, facts=facts)
