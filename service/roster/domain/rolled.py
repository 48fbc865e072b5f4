"""The facts of a plan, rolled forward into the plan of a later period.

The company, its people and their past go along: units, reps, territories and who holds them, sales
with those of the period that has ended, definitions of measures. What is said of one period alone
stays behind: targets, forecasts, ranges of units, limits and locked quotas of reps, expected sales.
Whoever is away until further notice since before the new period stays behind as well.

Two facts are said anew: `capacity` by the number of months, and `last_year` where the sales of all
twelve months are known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np

from service.kit.errors import Fault, InvalidInput
from service.roster.domain.columns import NONE
from service.roster.domain.inputs import Inputs
from service.roster.domain.measures import REVENUE
from service.roster.domain.patch import patched_inputs
from service.roster.domain.periods import YEAR, months_between
from service.roster.domain.read import read_inputs
from service.roster.domain.reading import Row

type Period = tuple[date, date]

_OF_UNITS: Final = ("parent", "over_assignment")
_OF_REPS: Final = (
    "unit", "vacant", "sigma", "potential", "margin", "fte", "hired", "cohorts", "absences",
)  # fmt: skip
_OF_PEOPLE: Final = ("name", "attributes", "owner")
"""May be erased, or kept in one of the plans only: what is not said takes nothing away."""
_OF_ONE_PERIOD: Final = {
    "units": ("min", "max", "target"),
    "reps": ("baseline", "reach", "min", "max", "fixed", "last_year"),
}
_AWAY: Final = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Rows of a table that did not go along, or what they say in one field."""

    table: str
    field: str | None
    """None: the whole rows."""
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rolled:
    """The facts of the later plan, and what of the earlier one is not in them."""

    inputs: Inputs
    left_behind: tuple[LeftBehind, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Facts, as rows (`present`), of a plan and its period."""

    inputs: Inputs
    document: Row
    period: Period


def rolled_inputs(
    earlier: Shown, own: Shown | None, stated: Mapping[str, Any], *, period: Period, at: str
) -> Rolled:
    """The inputs of a plan of this `period`: those of an `earlier` plan, upserted into its `own`.

    `stated`: `target` or `targets`, of the shape `InputsBody`; upserted as well. The documents are
    changed. Raises InvalidInput, at `/target…`, or `at` the pointer of what is wrong with the
    earlier facts. With facts of its own a plan needs no other target.
    """
    if own is None and not any(stated.get(name) for name in ("target", "targets")):
        detail = "say what is to be sold in this period: an earlier target is of its own period"
        raise InvalidInput([Fault("/target", detail)])
    rolling = _Rolling(earlier, period, _planned(own, stated), at)
    facts = {**rolling.facts(), **{name: of for name, of in stated.items() if of is not None}}
    try:
        if own is None:
            inputs = read_inputs(
                facts, digits=earlier.inputs.digits, period=period, shares="report"
            )
        else:
            inputs = patched_inputs(own.inputs, own.document, facts, period=period, shares=0)
    except InvalidInput as error:
        raise InvalidInput([_placed(fault, at) for fault in error.faults]) from None
    kept = () if own is None else _only_in(own.inputs, facts)
    return Rolled(replace(inputs, warnings=(*inputs.warnings, *kept)), (*rolling.left_behind(),))


def _placed(fault: Fault, at: str) -> Fault:
    """At what the caller said, or at the plan whose facts they are."""
    if fault.pointer.startswith("/target"):
        return fault
    return replace(fault, pointer=at, detail=f"{fault.pointer[1:]}: {fault.detail}")


def _planned(own: Shown | None, stated: Mapping[str, Any]) -> set[str]:
    """The measures that have a target in the new period."""
    named = {row.get("measure") or REVENUE for row in stated.get("targets") or ()}
    if stated.get("target") is not None:
        named.add(REVENUE)
    if own is not None:
        measures = own.inputs.measures
        named.add(measures.main.id)
        named.update(each.measure.id for each in measures.further)
        named.update(each.measure.id for each in measures.ratios)
    return named


def _only_in(own: Inputs, facts: Mapping[str, Any]) -> Iterator[Fault]:
    """Rows that the earlier plan does not have."""
    for table in ("units", "reps", "territories"):
        rolled = {row["id"] for row in facts[table]}
        only = [key for key in getattr(own, table).id if key not in rolled]
        if only:
            told = f"{', '.join(only[:5])}{', …' if len(only) > 5 else ''}"
            one = len(only) == 1
            stays = (
                "is not in the earlier plan and stays as it was"
                if one
                else ("are not in the earlier plan and stay as they were")
            )
            yield Fault(f"/{table}", f"{len(only)} {stays}: {told}")


@dataclass(slots=True)
class _Rolling:
    earlier: Shown
    period: Period
    planned: Collection[str]
    at: str

    def facts(self) -> Row:
        """What goes along, of the shape `InputsPatch`. Raises InvalidInput."""
        document, gone, dropped = self.earlier.document, self.gone, self.dropped
        main = self.earlier.inputs.measures.main.id
        facts: Row = {
            "units": [_kept(row, _OF_UNITS) for row in document["units"]],
            "reps": [*self._reps(document["reps"])],
            "territories": [*self._territories(document["territories"])],
            "history": [
                {"measure": main} | row
                for row in document["history"]
                if row.get("rep") not in gone and row.get("measure", main) not in dropped
            ],
        }
        if measures := [*self._measures(document.get("measures", ()))]:
            facts["measures"] = measures
        return facts

    @property
    def gone(self) -> set[str]:
        """Who is away in all of the period, and until further notice."""
        inputs, start = self.earlier.inputs, self.period[0].toordinal()
        absences = inputs.absences
        ended = (absences.last == NONE) & (absences.first <= start) & (absences.share >= _AWAY)
        return {inputs.reps.id[rep] for rep in absences.rep[ended].tolist()}

    @property
    def dropped(self) -> set[str]:
        """Measures without a target, which no facts may list."""
        return {row["id"] for row in self.earlier.document.get("measures", ())} - {*self.planned}

    def _reps(self, rows: Sequence[Row]) -> Iterator[Row]:
        gone, sold = self.gone, self._last_year()
        before, after = (len(months_between(own)) for own in (self.earlier.period, self.period))
        for row in rows:
            if (key := row["id"]) in gone:
                continue
            kept = _kept(row, _OF_REPS)
            if (capacity := row.get("capacity")) is not None:
                kept["capacity"] = round(capacity * after / before, self.earlier.inputs.digits)
            if "last_year" in row and key in sold:
                kept["last_year"] = sold[key]
            yield kept

    def _last_year(self) -> dict[str, float]:
        """What those sold in the twelve months before the period of whom every month is known."""
        inputs, start = self.earlier.inputs, months_between(self.period)[0]
        sales = inputs.history
        recent = (sales.rep != NONE) & (sales.month >= start - YEAR) & (sales.month < start)
        rep, month = sales.rep[recent], sales.month[recent] - (start - YEAR)
        there = np.zeros((len(inputs.reps), YEAR), np.bool_)
        there[rep, month] = True
        sums = np.bincount(rep, sales.actual[recent], minlength=len(inputs.reps))
        known = np.flatnonzero(there.all(axis=1)).tolist()
        return {inputs.reps.id[k]: round(float(sums[k]), inputs.digits) for k in known}

    def _territories(self, rows: Sequence[Row]) -> Iterator[Row]:
        """Without those who are gone: their days lie before the period."""
        gone, start = self.gone, self.period[0].isoformat()
        for row in rows:
            holders: list[Row] = row.get("holders", [])
            left = [own for own in holders if own["rep"] in gone]
            if left:
                last = max(own.get("to") or "9999" for own in left)
                holders = [
                    own | {"from": max(own.get("from") or start, start)}
                    for own in holders
                    if own["rep"] not in gone and (own.get("to") or start) >= start
                ]
                if holders and last >= start:
                    reason = (
                        f"territories: {left[-1]['rep']}, who is away until further notice, holds "
                        f"a part of {row['id']}; say in the earlier plan who holds it now"
                    )
                    raise InvalidInput([Fault(self.at, reason, row["id"])])
            yield {"id": row["id"], "potential": row.get("potential"), "holders": holders}

    def _measures(self, rows: Sequence[Row]) -> Iterator[Row]:
        for row in rows:
            if row["id"] in self.planned:
                yield {name: said for name, said in row.items() if name != "forecast"}

    def left_behind(self) -> Iterator[LeftBehind]:
        """By table and field; targets and forecasts of the company always are."""
        document, gone, sold = self.earlier.document, self.gone, self._last_year()
        for table, names in _OF_ONE_PERIOD.items():
            rows = [row for row in document[table] if row["id"] not in gone]
            for name in names:
                known: Collection[str] = sold if name == "last_year" else ()
                said = (row["id"] for row in rows if name in row and row["id"] not in known)
                if ids := tuple(said):
                    yield LeftBehind(table, name, ids)
        if gone:
            yield LeftBehind("reps", None, tuple(sorted(gone)))
        if dropped := self.dropped:
            yield LeftBehind("measures", None, tuple(sorted(dropped)))


def _kept(row: Row, names: Sequence[str]) -> Row:
    """These of its members, null where they are not said, and what it says of people."""
    kept: Row = {name: row[name] for name in ("id", *_OF_PEOPLE) if name in row}
    return kept | {name: row.get(name) for name in names}
