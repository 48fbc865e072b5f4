"""Show what granting a request would do, before anybody decides; nothing is stored.

A rep is told how much the others would carry together, and nothing of a single one of them: what
all of them come to is told where it tells of no fewer than five whom the caller does not see.
Chances of attaining are not shown to reps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.patience import Patience
from service.allocations.versions.usecases.amending import (
    Fetched,
    Preview,
    Touched,
)
from service.kit.auth import Role
from service.kit.errors import AppError, Unprocessable
from service.negotiations.change_requests.domain.correction import Correction
from service.negotiations.change_requests.domain.funding import IN_ORDER
from service.negotiations.change_requests.domain.life import Action
from service.negotiations.change_requests.usecases.correcting import (
    correcting,
    rows_in,
    stated_correction,
)
from service.negotiations.change_requests.usecases.funding import (
    Change,
    Option,
    best,
    option,
)
from service.negotiations.change_requests.usecases.granting import Grant, terms_of
from service.negotiations.change_requests.usecases.scope import Scope
from service.negotiations.change_requests.usecases.turn import RequestStep, Turn
from service.negotiations.change_requests.usecases.ways import Reserve, Way, reserve_of, way_of
from solver.assess.review import LEAST

type Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Carrier:
    """Somebody who would carry a part; in minor units."""

    rep: str
    unit: str | None
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class BeforeAfter[T]:
    """A figure as it stands, and as it would."""

    before: T | None = None
    after: T | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """What correcting the input would do instead, as far as the evidence says what is right."""

    correct: Correction
    """As `accept` takes it."""
    quota: BeforeAfter[int]
    stretch: BeforeAfter[float]
    probability: BeforeAfter[float]
    moved: int
    """How many others would have another quota."""
    reason: str | None
    """Why it cannot be done."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What granting a request in the first of the `ways` would do."""

    version: int
    """The one that would be amended."""
    digits: int
    change: Change
    ways: tuple[Way, ...]
    carriers: tuple[Carrier, ...] | None
    """Those whom the caller sees; None for reps."""
    carrying: int
    """How many would carry a part."""
    relative_change: float | None
    stretch: BeforeAfter[float]
    probability: BeforeAfter[float]
    carriers_stretch: BeforeAfter[Range]
    carriers_probability: BeforeAfter[Range]
    reserve: Reserve | None
    correction: Corrected | None
    """For those who may correct inputs."""


def preview(
    reading: sessionmaker[Session],
    step: RequestStep,
    grant: Grant,
    patience: Patience | None = None,
) -> Shown:
    """What accepting now would do. Where no funding is named, the first of `ways` is the one that
    would be taken, and the others are told beside it. Raises what accepting does of a request that
    is decided, an odd amount or a version that does not count.
    """
    with reading.begin() as session:
        turn = Turn.of_anybody(session, step, Action.ACCEPT)
        terms = terms_of(session, turn, grant)
        corrects = turn.scope.is_planner
        correction = stated_correction(session, turn) if corrects else {}
    found, change, signer = terms.found, terms.change, terms.signer
    wanted = (terms.funding,) if terms.funding else (*IN_ORDER, "unfunded")
    options = [option(found, change, funding, signer) for funding in wanted]
    taken = best([each for each in options if each.funding in {*IN_ORDER, terms.funding}])
    others = [each for each in options if each is not taken]
    scope = turn.scope
    ways = [way_of(found, change, scope, each) for each in (taken, *others)]
    shown = _shown(found, change, scope, taken, ways)
    if not correction:
        return shown
    return replace(shown, correction=_corrected(reading, step, found, correction, patience))


def _corrected(
    reading: sessionmaker[Session],
    step: RequestStep,
    found: Fetched,
    correction: Correction,
    patience: Patience | None,
) -> Corrected:
    with reading.begin() as session:
        turn = Turn.of_anybody(session, step, Action.ACCEPT)
        rep = turn.request.rep
        before = next(row for row in found.version.quotas if row["rep"] == rep)
        try:
            case = correcting(session, turn, correction)
        except AppError as refused:
            return _not_corrected(correction, before, refused)
    try:
        rows = rows_in(case.solved(patience))
    except Unprocessable as refused:  # infeasible, or a figure that the policy lacks
        return _not_corrected(correction, before, refused)
    quotas = {row["rep"]: row["quota"] for row in found.version.quotas}
    after = rows[rep]
    return Corrected(
        correction,
        BeforeAfter(before["quota"], after["quota"]),
        BeforeAfter(before["stretch"], after["stretch"]),
        BeforeAfter(before["attainment_probability"], after["attainment_probability"]),
        sum(row["quota"] != quotas.get(key) for key, row in rows.items() if key != rep),
        None,
    )


def _not_corrected(
    correction: Correction, before: Mapping[str, Any], refused: AppError
) -> Corrected:
    nothing: BeforeAfter[float] = BeforeAfter()
    quota = BeforeAfter(before["quota"], None)
    return Corrected(correction, quota, nothing, nothing, 0, refused.detail)


def _shown(
    found: Fetched, change: Change, scope: Scope, taken: Option, ways: Sequence[Way]
) -> Shown:
    would = Preview([], [], []) if taken.after is None else found.preview(taken.after)
    is_rep = scope.caller.role is Role.REP
    own, others = would.about, would.carriers
    together = [] if _tells_of_few(change, scope, others) else others
    return Shown(
        found.number,
        found.digits,
        change,
        tuple(ways),
        None if is_rep else tuple(_carriers(others, scope)),
        len(others),
        would.relative_change if together else None,
        _of_one(own, "stretch"),
        BeforeAfter() if is_rep else _of_one(own, "attainment_probability"),
        _ranges(together, "stretch"),
        BeforeAfter() if is_rep else _ranges(together, "attainment_probability"),
        None if is_rep else reserve_of(found, change, scope),
        None,
    )


def _tells_of_few(change: Change, scope: Scope, touched: Sequence[Touched]) -> bool:
    """Whether figures of all of them would tell of fewer than five people whom the caller does not
    see: of siblings, or, less those, of whom other teams have.
    """
    unseen = [row for row in touched if not scope.sees(row.rep, row.unit)]
    siblings = sum(row.unit == change.unit for row in unseen)
    return any(0 < count < LEAST for count in (siblings, len(unseen) - siblings))


def _carriers(touched: Iterable[Touched], scope: Scope) -> Iterator[Carrier]:
    for row in touched:
        if scope.sees(row.rep, row.unit):
            yield Carrier(row.rep, row.unit, row.before["quota"], row.after["quota"])


def _of_one(touched: Sequence[Touched], figure: str) -> BeforeAfter[float]:
    return BeforeAfter(touched[0].before[figure], touched[0].after[figure]) if touched else (
        BeforeAfter()
    )  # fmt: skip


def _ranges(touched: Sequence[Touched], figure: str) -> BeforeAfter[Range]:
    return BeforeAfter(
        _range(row.before[figure] for row in touched), _range(row.after[figure] for row in touched)
    )


def _range(values: Iterable[float | None]) -> Range | None:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None
