"""What one can do: draw years around the plan of a body, or around a stored version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.patience import Patience
from service.allocations.risk import Market, market_of
from service.allocations.simulation.asked import Asked, read_asked
from service.allocations.simulation.told import Found, told
from service.allocations.solving import CallerLeft, SolveTookTooLong, allocate
from service.allocations.usecases import read_case, read_terms
from service.allocations.versions.domain.proof.examine import examine
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.usecases.reading import certificate
from service.kit.errors import Fault, InvalidInput, Unprocessable
from service.kit.patient_body import Sent
from solver.allocation import Allocation
from solver.errors import SolveStopped, TimeIsUp
from solver.risk import risk
from solver.simulate import TargetPay, simulate

type Document = dict[str, Any]
type Place = tuple[str, str, int]
"""Workspace, plan, number of the version."""

_MOST_TOTALS: Final = 20_000_000
"""Draws times targets whose sales are kept until they are counted: 160 MB."""


class NothingToDraw(Unprocessable):
    """No rep's uncertainty is known."""


def simulate_once(sent: Sent, patience: Patience) -> Document:
    """Solve a body and draw. Raises what `allocate` and `drawn` do, and `InvalidInput` with the
    faults of all parts of the body.
    """
    document = sent.document
    digits = read_terms(document, []).digits
    asked, faults = read_asked(document, digits, _reps_of(document), sent.faults)
    case = read_case(replace(sent, faults=tuple(faults)))
    begun = patience.clock()
    plan = allocate(case, patience)
    left = replace(patience, seconds=patience.seconds - (patience.clock() - begun))
    return drawn(plan, market_of(case.estimate), asked, case.terms.digits, left)


def simulate_version(
    sessions: sessionmaker[Session], place: Place, sent: Sent, patience: Patience
) -> Document:
    """Draw around the quotas of a version as they are. No transaction is open while it draws.

    Raises `InvalidInput`, `VersionDamaged` where its proof does not hold, and what `drawn` does.
    """
    with sessions.begin() as session:
        proof = certificate(session, *place)
    verdict = examine(proof)
    if verdict.plan is None:
        raise VersionDamaged(f"Version {place[2]} is not proved: {'; '.join(verdict.faults)}.")
    manifest, plan = proof["manifest"], verdict.plan
    digits = manifest["digits"]
    known = {rep: row for row, rep in enumerate(plan.problem.reps.ids)}
    asked, faults = read_asked(sent.document, digits, known, sent.faults)
    if faults:
        raise InvalidInput(faults)
    return drawn(plan, _market(manifest), asked, digits, patience)


def drawn(
    plan: Allocation, market: Market, asked: Asked, digits: int, patience: Patience
) -> Document:
    """Raises `NothingToDraw`, `InvalidInput` where the draws are too many for the plan's targets,
    `SolveTookTooLong` and `CallerLeft` as `patience` has it.
    """
    formula = risk(plan, market.sigma)
    if formula is None:
        raise NothingToDraw(
            "There is nothing to draw around: no rep has a `sigma`, and none could be estimated. "
            "State it with the reps, or leave `baseline` out and send a longer history."
        )
    room = _MOST_TOTALS // len(formula.totals)
    if asked.draws > room:
        reason = f"is too many for a plan of {len(formula.totals):,} targets; {room:,} is the most"
        raise InvalidInput([Fault("/draws", reason, asked.draws)])
    pay = None
    if asked.curve is not None:
        pay = TargetPay(asked.curve, asked.amounts(plan.problem.reps.ids))
    try:
        found = simulate(
            plan,
            draws=asked.draws,
            seed=asked.seed,
            market_sigma=market.sigma,
            pay=pay,
            watch=patience.watch(),
        )
    except TimeIsUp:
        raise SolveTookTooLong(
            f"The plan was found, but its {asked.draws:,} draws were not done in time. Fewer "
            "`draws` take less; the server's FAIRQUOTA_SOLVE_TIME_LIMIT gives more seconds."
        ) from None
    except SolveStopped:
        raise CallerLeft("The draws were stopped; nothing is stored in any case.") from None
    assert found is not None  # noqa: S101 - the formulas know somebody's sigma as well
    return told(Found(plan, market, formula, found, pay, asked, digits))


def _market(manifest: Mapping[str, Any]) -> Market:
    """What the version's risk was told with; proofs of before have none."""
    stated = manifest.get("risk")
    return Market(stated["market_sigma"], stated["market_errors"]) if stated else Market()


def _reps_of(document: Mapping[str, Any]) -> dict[str, int] | None:
    """The ids of the reps and their rows; None where not every row has one that can be read."""
    rows = document.get("reps") or []
    known = {row["id"]: place for place, row in enumerate(rows) if isinstance(row.get("id"), str)}
    return known if len(known) == len(rows) else None
