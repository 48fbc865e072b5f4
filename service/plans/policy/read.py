"""From the policy as the API says it to the solver's, with every fault named by its place.

Rules come out sorted by what they are called, so that the order in which a caller lists them
changes neither the plan nor the hash of a version. How quotas are spread over months is no part of
the solver's policy (`spreading.py`), but its faults are told with the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Self

import solver.errors
from service.kit.errors import Fault, InvalidInput, pointer
from service.kit.money import MAX_MINOR, InvalidMoney, to_minor
from service.plans.policy.spreading import spreading_faults
from solver.errors import InvalidProblem
from solver.policy import Group, LinearRow, MarginFloor, Parity, Policy, Relax
from solver.problem import UNLIMITED

type Path = tuple[str | int, ...]
type Row = Mapping[str, Any]

PARITY = "parity:"
"""How the rules begin whose value is a tolerance, not an amount."""
ROW = "row:"
"""How the rules begin whose value may be below 0."""
_LEASTS = (":min", ":floor")
"""How the rules end that say the least; where they are lifted, nothing is too little."""
_SIGNED = (ROW, "margin:")
"""How those of them begin whose sums may be below 0."""


@dataclass(frozen=True, slots=True)
class Named:
    """The ids of reps and units that rules may name; None: they are not known."""

    reps: Container[str] | None
    units: Container[str] | None

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Self:
        """The ids in a body of facts; where rows have none that can be read, they are not known."""
        found: list[set[str] | None] = []
        for table in ("reps", "units"):
            ids = {row.get("id") for row in body.get(table) or ()}
            found.append(None if None in ids else ids)
        return cls(*found)


@dataclass(frozen=True, slots=True)
class Reserve:
    """What may be given back of the quotas under a unit (None: the company), in minor units."""

    unit: str | None
    amount: int


def read_reserves(body: Mapping[str, Any] | None, digits: int) -> tuple[Reserve, ...]:
    """The reserves of a policy in which `to_policy` finds no fault, by unit; they are no part of
    the solver's policy, for no quota depends on them.
    """
    rows = (body or {}).get("reserves") or ()
    found = (Reserve(row["unit"], to_minor(row["amount"], digits)) for row in rows)
    return tuple(sorted(found, key=lambda reserve: (reserve.unit is not None, reserve.unit or "")))


def to_policy(
    body: Mapping[str, Any] | None,
    *,
    digits: int,
    named: Named | None = None,
    path: Path = ("policy",),
    known: Sequence[Fault] = (),
) -> Policy:
    """The solver's policy; left out and null mean the default.

    `digits`: the minor digits of the currency. `named`: who is there to be named. `path`: where the
    policy stands in the caller's document. `known`: what was found wrong with the shape before;
    then `body` is what is left without the faulty values, and of rules that had any only the names
    are looked at. Raises `InvalidInput` with them and every other fault.
    """
    given = {name: value for name, value in (body or {}).items() if value is not None}
    reading = _Reading(digits, path, frozenset(fault.pointer for fault in known), list(known))
    reading.faults.extend([*spreading_faults(given, path), *_crossed(given, path)])
    if named is not None:
        reading.faults.extend(_unknown_names(given, named, path))
    values = {name: value for name, value in given.items() if name in Policy.__slots__}
    for name, read in _RULES.items():
        values[name] = reading.rules(name, given.get(name) or (), read)
    reading.faults.extend(_reserved_twice(given.get("reserves") or (), path))
    reading.rules("reserves", given.get("reserves") or (), _reserve)
    try:
        policy = Policy(**values)
    except InvalidProblem as error:
        faults = [*reading.faults, *map(reading.placed, error.faults)]
        raise InvalidInput(faults) from None
    if reading.faults:
        raise InvalidInput(reading.faults)
    return _sorted(policy)


@dataclass(frozen=True, slots=True)
class _Reading:
    digits: int
    path: Path
    known: frozenset[str]
    faults: list[Fault]
    places: dict[str, list[int]] = field(default_factory=dict)
    """Where each rule that could be read stands in the caller's list."""

    def rules[Rule](
        self, name: str, rows: Sequence[Row], read: Callable[[_Reading, Row, Path], Rule]
    ) -> tuple[Rule, ...]:
        found: list[Rule] = []
        places = self.places[name] = []
        broken = self._broken_rows(name)
        for place, row in enumerate(rows):
            if place in broken:
                continue
            before = len(self.faults)
            rule = read(self, row, (*self.path, name, place))
            if len(self.faults) == before:
                found.append(rule)
                places.append(place)
        return tuple(found)

    def _broken_rows(self, name: str) -> set[int]:
        start = pointer((*self.path, name)) + "/"
        below = [place.removeprefix(start) for place in self.known if place.startswith(start)]
        return {int(place.partition("/")[0]) for place in below}

    def amount(self, row: Row, name: str, at: Path, *, signed: bool = False) -> int | None:
        """Minor units; None where nothing was given."""
        value = row.get(name)
        if value is None:
            return None
        try:
            amount = to_minor(value, self.digits)
        except InvalidMoney as reason:
            self.faults.append(Fault(pointer((*at, name)), str(reason), value))
            return None
        if amount < 0 and not signed:
            self.faults.append(Fault(pointer((*at, name)), "must be 0 or more", value))
        return amount

    def limit(self, rule: str, row: Row, name: str, at: Path) -> float | None:
        """The limit of a rule of this name; None where nothing was given."""
        if row.get(name) is None:
            return None
        if rule.startswith(PARITY):
            return self._tolerance(row, name, at)
        if rule == "target" or rule.endswith(":target"):
            return self._target(row, name, at)
        return self.amount(row, name, at, signed=rule.startswith(ROW))

    def _target(self, row: Row, name: str, at: Path) -> float | None:
        """Some amounts to assign are those of no whole target, so it may have any decimals."""
        value = row[name]
        if isinstance(value, float) and 0 <= value * 10**self.digits <= MAX_MINOR:
            exact = Decimal(repr(value)).scaleb(self.digits)
            return int(exact) if exact == int(exact) else float(exact)
        return self.amount(row, name, at)

    def _tolerance(self, row: Row, name: str, at: Path) -> float:
        value = row[name]
        try:
            tolerance = float(value)
        except (ValueError, OverflowError):
            tolerance = math.nan
        if not 0 <= tolerance < math.inf:
            reason = "must be a tolerance: a finite share, 0 or more"
            self.faults.append(Fault(pointer((*at, name)), reason, value))
        return tolerance

    def placed(self, fault: solver.errors.Fault) -> Fault:
        """A fault that the solver found in the policy, at its place in the caller's document."""
        if fault.row is None:
            return Fault(pointer((*self.path, fault.field)), fault.reason)
        place = self.places[fault.table][fault.row]
        return Fault(pointer((*self.path, fault.table, place, fault.field)), fault.reason)


def _group(reading: _Reading, row: Row, at: Path) -> Group:
    least, most = (reading.amount(row, end, at) for end in ("min", "max"))
    return Group(row["id"], tuple(row["reps"]), least or 0, UNLIMITED if most is None else most)


def _parity(_: _Reading, row: Row, _at: Path) -> Parity:
    return Parity(row["cohort"], row["tolerance"])


def _margin_floor(reading: _Reading, row: Row, at: Path) -> MarginFloor:
    return MarginFloor(row["id"], reading.amount(row, "min", at) or 0, row.get("unit"))


def _own_row(reading: _Reading, row: Row, at: Path) -> LinearRow:
    least, most = (reading.amount(row, end, at, signed=True) for end in ("min", "max"))
    return LinearRow(row["id"], tuple(row["coefficients"].items()), least, most)


def _reserve(reading: _Reading, row: Row, at: Path) -> Reserve:
    return Reserve(row["unit"], reading.amount(row, "amount", at) or 0)


def _reserved_twice(rows: Sequence[Row], path: Path) -> Iterator[Fault]:
    seen: set[str | None] = set()
    for place, row in enumerate(rows):
        unit = row.get("unit", "")
        if unit in seen:
            where = pointer((*path, "reserves", place, "unit"))
            yield Fault(where, "has a reserve already", unit)
        seen.add(unit)


def _relax(reading: _Reading, row: Row, at: Path) -> Relax:
    rule = row["rule"]
    reading.limit(rule, row, "from", at)  # compared once the facts are known
    to = reading.limit(rule, row, "to", at)
    return Relax(rule, lifted(rule) if to is None else to)


def lifted(rule: str) -> float:
    """The limit at which a rule says nothing any more."""
    if not rule.endswith(_LEASTS) or rule.startswith(PARITY):
        return math.inf
    return -math.inf if rule.startswith(_SIGNED) else 0


_RULES: dict[str, Callable[[_Reading, Row, Path], Any]] = {
    "groups": _group,
    "parity": _parity,
    "margin_floors": _margin_floor,
    "rows": _own_row,
    "relax": _relax,
}


def _sorted(policy: Policy) -> Policy:
    """The same policy whatever the order it was listed in."""
    groups = (replace(group, reps=tuple(sorted(group.reps))) for group in policy.groups)
    rows = (
        replace(row, coefficients=tuple(sorted(pair for pair in row.coefficients if pair[1])))
        for row in policy.rows
    )
    return replace(
        policy,
        groups=tuple(sorted(groups, key=lambda group: group.id)),
        parity=tuple(sorted(policy.parity, key=lambda rule: rule.cohort)),
        margin_floors=tuple(sorted(policy.margin_floors, key=lambda floor: floor.id)),
        rows=tuple(sorted(rows, key=lambda row: row.id)),
        relax=tuple(sorted(policy.relax, key=lambda relax: relax.rule)),
    )


def _unknown_names(given: Row, named: Named, path: Path) -> Iterator[Fault]:
    """Reps and units that are not there. What is left of rules with faults is looked at as well."""
    for place, row in enumerate(given.get("groups", ())):
        for at, rep in enumerate(row.get("reps") or ()):
            if named.reps is not None and isinstance(rep, str) and rep not in named.reps:
                yield _nobody((*path, "groups", place, "reps", at), rep)
    for place, row in enumerate(given.get("rows", ())):
        for rep in row.get("coefficients") or ():
            if named.reps is not None and rep not in named.reps:
                yield _nobody((*path, "rows", place, "coefficients", rep), rep)
    for table in ("margin_floors", "reserves"):
        for place, row in enumerate(given.get(table, ())):
            unit = row.get("unit")
            if named.units is not None and unit is not None and unit not in named.units:
                where = pointer((*path, table, place, "unit"))
                yield Fault(where, "names no unit of `units`", unit)


def _nobody(path: Path, rep: str) -> Fault:
    return Fault(pointer(path), "names no rep of `reps`", rep)


def _crossed(given: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    for limited in ("over_baseline", "over_last_year", "probability"):
        low, high = given.get(f"min_{limited}"), given.get(f"max_{limited}")
        if low is not None and high is not None and low > high:
            detail = f"must not exceed max_{limited}"
            yield Fault(pointer((*path, f"min_{limited}")), detail, low)
