"""What one can ask of a stored version: how even it is, before and after, and for which groups.

Attributes of people come with the question. They are read into nothing that is stored, and the
answer names nobody by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from service.allocations.fairness_report.present import Document, present_audit, present_report
from service.allocations.fairness_report.traits import Measured, measured, traits_of
from service.allocations.versions.repository import StoredVersion
from service.allocations.versions.usecases.reading import open_version
from service.kit.errors import Fault, InvalidInput
from service.kit.money import MAX_MINOR
from service.roster.usecases import load_snapshot
from solver.assess import assess, audit, banded
from solver.assess.cohorts import MOST_GROUPS

type Actuals = Sequence[Mapping[str, Any]]
"""Rows {rep, actual}: sales of the plan's period, in the currency itself."""
type Cohorts = Sequence[Mapping[str, Any]]
"""Rows {rep, attributes}."""

ATTRIBUTES: Final = 20


def report(
    session: Session, place: tuple[str, str, int], actuals: Actuals | None = None
) -> Document:
    """`place`: workspace, plan, number of the version. Raises InvalidInput for wrong actuals."""
    found, digits = _measured(session, place, actuals or ())
    return present_report(assess(found.people), found, digits)


def cohort_audit(
    session: Session,
    place: tuple[str, str, int],
    cohorts: Cohorts,
    bands: Mapping[str, Sequence[float]],
    actuals: Actuals | None = None,
) -> Document:
    """Raises InvalidInput with the faults of attributes, bands and actuals."""
    found, _ = _measured(session, place, actuals or ())
    groups = groups_of(cohorts, bands, set(found.people.ids))
    return present_audit(audit(found.people, groups))


def groups_of(
    cohorts: Cohorts, bands: Mapping[str, Sequence[float]], reps: set[str]
) -> dict[str, dict[str, str]]:
    """Each attribute as the group of each rep. Raises InvalidInput; no fault tells a value."""
    faults = [*_rep_faults(cohorts, "/cohorts", reps)]
    stated: dict[str, dict[str, Any]] = {}
    for row in cohorts:
        for name, value in row["attributes"].items():
            if value is not None:
                stated.setdefault(name, {})[row["rep"]] = value
    faults += [
        Fault(f"/bands/{name}", "names no attribute of anybody")
        for name in bands.keys() - stated.keys()
    ]
    groups = {name: _grouped(values, bands.get(name)) for name, values in stated.items()}
    for name, found in groups.items():
        if len(found) < len(stated[name]):
            faults.append(Fault(f"/bands/{name}", "needs numbers, and not all values are"))
        if (values := len(set(found.values()))) > MOST_GROUPS:
            reason = f"{name} has {values} values, and at most {MOST_GROUPS} compare: give it bands"
            faults.append(Fault("/bands", reason))
    if len(stated) > ATTRIBUTES:
        faults.append(Fault("/cohorts", f"has {len(stated)} attributes, at most {ATTRIBUTES}"))
    if faults:
        raise InvalidInput(sorted(faults, key=lambda fault: fault.pointer))
    return groups


def _grouped(values: Mapping[str, Any], bands: Sequence[float] | None) -> dict[str, str]:
    """Values as groups; with bands, only those that are numbers."""
    if bands is None:
        return {rep: _name(value) for rep, value in values.items()}
    return banded(
        {rep: value for rep, value in values.items() if isinstance(value, int | float)}, bands
    )


def _name(value: Any) -> str:
    """1 and 1.0 are one group."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def sales_by_rep(actuals: Actuals, reps: set[str], digits: int) -> dict[str, float]:
    """Sales of the period in minor units. Raises InvalidInput."""
    faults = [*_rep_faults(actuals, "/actuals", reps)]
    faults += [
        Fault(f"/actuals/{number}/actual", "is too large", row["actual"])
        for number, row in enumerate(actuals)
        if abs(row["actual"]) * 10**digits > MAX_MINOR
    ]
    if faults:
        raise InvalidInput(faults)
    return {row["rep"]: row["actual"] * 10**digits for row in actuals}


def _rep_faults(rows: Sequence[Mapping[str, Any]], at: str, reps: set[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, row in enumerate(rows):
        rep = row["rep"]
        if rep not in reps:
            yield Fault(f"{at}/{number}/rep", "has no quota in this version", rep)
        elif rep in seen:
            yield Fault(f"{at}/{number}/rep", "stands twice", rep)
        seen.add(rep)


def _measured(
    session: Session, place: tuple[str, str, int], actuals: Actuals
) -> tuple[Measured, int]:
    workspace_id, plan_id, number = place
    stored = open_version(session, workspace_id, plan_id, number)
    inputs = load_snapshot(session, workspace_id, stored.manifest["inputs"])
    rows = stored.quotas()
    sold = sales_by_rep(actuals, {row["rep"] for row in rows}, stored.digits)
    return measured(rows, traits_of(inputs, period_of(stored)), sold), stored.digits


def period_of(stored: StoredVersion) -> tuple[date, date] | None:
    """First and last day of the plan; None where nothing in it depended on dates."""
    manifest: Mapping[str, Any] = {**stored.manifest}
    if (period := manifest.get("period")) is None:
        return None
    return date.fromisoformat(period["start"]), date.fromisoformat(period["end"])
