"""What nobody carries of a version, and who has signed that it is so.

Gaps come of a solve (`on_infeasible: gap`) and of amendments that nobody funds. The owner of the
unit, or whoever makes the plan, signs that it was seen; a version with unsigned gaps is not
published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.allocations.adjustments.tables import GapSignature
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.usecases.visible import see_version
from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import Conflict, NotFound
from service.plans.outcome import gaps_of
from service.plans.repository import Plans
from service.plans.tables import PlanVersion
from service.roster.usecases import owners_of

COMPANY = ""
"""How the company's own gap is kept and addressed."""


class GapNotFound(NotFound):
    """The version has no gap there."""


class GapIsSettled(Conflict):
    """The version is published: what it says is binding."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What nobody carries of a unit (None: the company), in minor units; below 0: what is carried
    beyond what was solved for.
    """

    unit: str | None
    amount: int
    owner: str | None
    signature: GapSignature | None


def _amounts(version: PlanVersion) -> dict[str | None, int]:
    try:
        return {gap["unit"]: gap["amount"] for gap in gaps_of(orjson.loads(version.manifest))}
    except orjson.JSONDecodeError:
        raise VersionDamaged(f"The manifest of version {version.number} cannot be read.") from None


def list_gaps(session: Session, caller: Caller, plan_id: str, number: int) -> list[Gap]:
    """Those that the caller sees, the company's first."""
    version, sight = see_version(session, caller, plan_id, number)
    amounts = _amounts(version)
    owners = owners_of(session, caller.workspace_id, version.plan_id) if amounts else {}
    signed = _signed(session, version)
    return [
        Gap(unit, amounts[unit], owners.get(unit or COMPANY), signed.get(unit or COMPANY))
        for unit in sorted(amounts, key=lambda unit: unit or COMPANY)
        if sight.sees_place({"unit": unit})
    ]


def sign_gap(
    session: Session, caller: Caller, place: tuple[str, int], unit: str | None, *, now: datetime
) -> Gap:
    """Sign the gap of a unit (None: the company) of a version (`place`: plan, number).

    Of a unit its manager may, of the company whoever sees all of it. A second signature changes
    nothing. Raises GapNotFound, also where the caller may not sign, and GapIsSettled.
    """
    Plans(session).get(caller.workspace_id, place[0], lock=True)  # of two who sign, one is second
    version, sight = see_version(session, caller, *place)
    may = sight.is_whole if unit is None else sight.sees_unit(unit)
    amount = _amounts(version).get(unit) if may else None
    if amount is None:
        where = f"unit {unit[:128]}" if unit else "the company"
        raise GapNotFound(f"Version {version.number} has no gap of {where}.")
    owners = owners_of(session, caller.workspace_id, version.plan_id)
    signature = _signed(session, version).get(unit or COMPANY)
    if signature is None:
        if version.published_at is not None:
            raise GapIsSettled("It was published before gaps had to be signed.")
        signature = GapSignature(
            plan_id=version.plan_id,
            version=version.number,
            unit=unit or COMPANY,
            workspace_id=caller.workspace_id,
            amount=amount,
            signed_at=now,
            signed_by=caller.name,
        )
        session.add(signature)
        session.flush()
        subject = f"{version.plan_id}/versions/{version.number}"
        facts = {"unit": unit, "amount": amount, "hash": version.hash}
        record(session, caller, "version.sign_gap", subject, now=now, facts=facts)
    return Gap(unit, amount, owners.get(unit or COMPANY), signature)


def unsigned_gaps(session: Session, version: PlanVersion) -> list[str | None]:
    """The units whose gap nobody has signed; None is the company."""
    signed = _signed(session, version)
    amounts = _amounts(version)
    return [unit for unit in amounts if (unit or COMPANY) not in signed]


def gaps_in_the_way(session: Session, version: PlanVersion) -> list[str]:
    """Sentences for what keeps a version from being published (`plans/hindrances.py`)."""
    at = f"…/versions/{version.number}/gaps"
    return [
        f"Nobody has signed the gap of unit {unit}: POST {at}/{unit}/sign."
        if unit
        else f"Nobody has signed the company's gap: POST {at}/sign."
        for unit in unsigned_gaps(session, version)
    ]


def _signed(session: Session, version: PlanVersion) -> dict[str, GapSignature]:
    query = sa.select(GapSignature).filter_by(plan_id=version.plan_id, version=version.number)
    return {row.unit: row for row in session.scalars(query)}
