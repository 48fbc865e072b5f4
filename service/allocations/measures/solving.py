"""Solving every measure of a plan, one after the other, in the time that one solve may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from service.allocations.assemble import Case
from service.allocations.figures import impact_of
from service.allocations.measures.cases import further_cases
from service.allocations.measures.naming import naming
from service.allocations.patience import Patience
from service.allocations.prices import Impact
from service.allocations.solving import allocate, allocate_and_price, examine
from solver.allocation import Allocation


@dataclass(frozen=True, slots=True, eq=False)
class SolvedMeasure:
    """A measure with its plan."""

    case: Case
    allocation: Allocation
    impact: Impact | None = None
    """What more would cost whom, as far as the time reached; None: not looked for."""
    further: tuple[SolvedMeasure, ...] = ()
    """Of the main measure: the other additive ones, by id."""

    @property
    def all(self) -> tuple[SolvedMeasure, ...]:
        """This one and the further ones."""
        return (self, *self.further)

    @property
    def priced(self) -> Impact:
        """Its impact, looked for now where it was not before."""
        return self.impact or impact_of(self.allocation, self.case.terms.digits)

    @property
    def in_time(self) -> bool:
        """Whether all prices were found that were looked for."""
        return all(each.impact is None or each.impact.in_time for each in self.all)

    def with_all_prices(self) -> SolvedMeasure:
        """The same where prices are found however long that takes."""
        further = tuple(each.with_all_prices() for each in self.further)
        if self.impact is not None and not self.impact.in_time:
            impact = impact_of(self.allocation, self.case.terms.digits)
            return replace(self, impact=impact, further=further)
        return replace(self, further=further)


def solve_measures(
    case: Case,
    patience: Patience | None = None,
    held_in: Callable[[Case], Case] | None = None,
) -> SolvedMeasure:
    """All plans without prices; `held_in`: the case of a further measure with what its solve has to
    keep. Raises what `allocate` does, naming a further measure.
    """
    patience = (patience or Patience()).from_now_on()
    main = allocate(case, patience)
    further = []
    for each in further_cases(case):
        own = each if held_in is None else held_in(each)
        with naming(own.inputs.measures.main.id):
            further.append(SolvedMeasure(own, allocate(own, patience)))
    return SolvedMeasure(case, main, further=tuple(further))


def solve_and_price_measures(case: Case, patience: Patience | None = None) -> SolvedMeasure:
    """All plans with their prices."""
    patience = (patience or Patience()).from_now_on()
    main = allocate_and_price(case, patience)
    further = []
    for each in further_cases(case):
        with naming(each.inputs.measures.main.id):
            further.append(SolvedMeasure(each, *allocate_and_price(each, patience)))
    return SolvedMeasure(case, *main, further=tuple(further))


def examine_measures(case: Case, patience: Patience | None = None) -> dict[str, Any]:
    """Whether the rules of every measure can hold: of the first one whose cannot, why not."""
    patience = (patience or Patience()).from_now_on()
    found = examine(case, patience) | {"measure": None}
    for each in further_cases(case) if found["feasible"] else ():
        measure = each.inputs.measures.main.id
        with naming(measure):
            other = examine(each, patience)
        if not other["feasible"]:
            return other | {"measure": measure, "detail": f"{measure}: {other['detail']}"}
    return found
