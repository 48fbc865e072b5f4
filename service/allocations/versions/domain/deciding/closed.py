"""Months that stay as they are when a plan is solved again in the middle of its period.

Each measure keeps its own (`closed_of_measure.py`): a further one is a plan of its own inside the
same version, with a ledger of its own. Of a measure that is new closed months carry nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from service.allocations.assemble import Case
from service.allocations.months import month_names
from service.allocations.versions.domain.deciding.closed_of_measure import (
    KIND,
    ClosedMonthsNotKept,
    ClosedOfMeasure,
    lines_in_months,
)
from service.allocations.versions.domain.written.content import Content, Row
from service.allocations.versions.domain.written.measures import entry_of, manifest_of
from service.roster.domain import Inputs
from service.roster.domain.measures import REVENUE

_NAMED: Final = 20
"""People whom a refusal names."""


@dataclass(frozen=True, slots=True)
class ClosedMonths:
    """What the closed months of a plan carry."""

    through: str
    """The last closed month, `2027-05`."""
    count: int
    """How many months of the period are closed; at least one month is open."""
    measures: Mapping[str, ClosedOfMeasure]
    """Of each measure that they carry anything of."""

    @classmethod
    def kept_by(cls, measures: Iterable[tuple[Mapping[str, Any], Iterable[Row]]]) -> Self | None:
        """What the solve of a version had to keep, by its manifests and rows of quotas, measure by
        measure; None where it planned the whole period.
        """
        found = {
            manifest.get("measure", REVENUE): own
            for manifest, quotas in measures
            if (own := _kept_by(manifest, quotas)) is not None
        }
        if not found:
            return None
        one = next(iter(found.values()))
        return cls(one.through, one.count, found)

    def first_open(self, months: Sequence[str]) -> str:
        """The first open month of the period."""
        return months[self.count]

    def check(self, inputs: Inputs) -> None:
        """Raises `ClosedMonthsNotKept`, with all reasons, where inputs of this shape cannot keep
        them.
        """
        reasons = [*self._of_parts(inputs), *self._of_measures(inputs)]
        lost = self._lost({*inputs.reps.id})
        more: dict[str, Any] = {}
        if lost:
            named = ", ".join(lost[:_NAMED])
            others = f" and {len(lost) - _NAMED} others" if len(lost) > _NAMED else ""
            reasons.append(
                f"{named}{others} carried a part of them: keep their rows in the inputs, with an "
                "absence from the day on which they left."
            )
            more["reps"] = lost[:_NAMED]
        if reasons:
            raise ClosedMonthsNotKept(
                f"Months through {self.through} are closed. {' '.join(reasons)}",
                closed_through=self.through,
                **more,
            )

    def _of_parts(self, inputs: Inputs) -> Iterator[str]:
        if not len(inputs.parts):
            return
        units = (*inputs.units.id, None)  # row -1, the company
        home = dict(zip(inputs.reps.id, (units[row] for row in inputs.reps.unit), strict=True))
        if moved := self._of(inputs.measures.main.id).elsewhere(home):
            named = ", ".join(moved[:_NAMED])
            yield (
                f"Of {named} they carry something for another unit than today's, and targets of "
                "parts do not know of which unit it is: leave out these targets, or use events, "
                "adjustments and change requests for the rest of the period."
            )

    def _of_measures(self, inputs: Inputs) -> Iterator[str]:
        known = _counted(inputs)
        for measure, own in self.measures.items():
            if not own.carries:
                continue
            if measure not in known:
                yield (
                    f"They carry {measure}, which has no target any more: keep its target in the "
                    "inputs; one of just what they carry asks nobody for more."
                )
            elif known[measure] != (own.counted_in, own.digits):
                yield (
                    f"They carry {measure}, counted in {own.counted_in or 'money'} with "
                    f"{own.digits} decimals: count it as before, as the main measure or beside it."
                )

    def _lost(self, known: Collection[str]) -> list[str]:
        """Who carried something and is not there any more."""
        lost = {
            rep
            for own in self.measures.values()
            for rep in own.carried
            if rep not in known and own.of_rep(rep)
        }
        return sorted(lost)

    def held_in(self, case: Case) -> Case:
        """The case whose solve leaves everybody at least what the closed months carry of its
        measure.
        """
        return self._of(case.inputs.measures.main.id).held_in(case)

    def kept_in(self, content: Content) -> Content:
        """The solved plan with an amendment in the ledger of each measure.

        Raises `ClosedMonthsNotKept`.
        """
        facts, chunks = {**content.facts}, {**content.chunks}
        if "measures" in facts:
            entries = []
            for entry in facts["measures"]:
                own = Content(manifest_of(facts, entry), content.chunks)
                after = self._of(entry["measure"]).kept_in(own)
                entries.append(entry_of(after.facts))
                chunks |= after.chunks
            facts["measures"] = entries
        main = replace(content, facts=facts, chunks=chunks)
        return self._of(facts.get("measure", REVENUE)).kept_in(main)

    def _of(self, measure: str) -> ClosedOfMeasure:
        return self.measures.get(measure) or ClosedOfMeasure(self.through, self.count)


def _counted(inputs: Inputs) -> dict[str, tuple[str | None, int]]:
    """In what, and with how many decimals, the additive measures are counted."""
    main, further = inputs.measures.main, (each.measure for each in inputs.measures.further)
    found = {each.id: (each.counted_in, each.digits(inputs.digits)) for each in further}
    return {main.id: (main.counted_in, inputs.digits)} | found


def _kept_by(manifest: Mapping[str, Any], quotas: Iterable[Row]) -> ClosedOfMeasure | None:
    for part in manifest.get("amendments", ()):
        if part["kind"] == KIND:
            count = month_names(manifest["period"]).index(part["through"]) + 1
            solved = [row for row in quotas if row.get("solved", 0) is not None]
            carried = {row["rep"]: {row["unit"]: row["months"][:count]} for row in solved}
            lines: Sequence[Mapping[str, Any]] = manifest.get("lines") or ()
            by_line = {
                row["rep"]: lines_in_months(row, lines, range(count)) for row in solved if lines
            }
            return ClosedOfMeasure(
                part["through"],
                count,
                carried,
                manifest.get("counted_in"),
                manifest["digits"],
                by_line,
            )
    return None
