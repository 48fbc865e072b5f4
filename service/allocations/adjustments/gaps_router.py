"""Gaps of a version over HTTP: what nobody carries, and who has signed it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from service.allocations.adjustments import gaps
from service.allocations.adjustments.gaps import GapIsSettled, GapNotFound
from service.allocations.versions.repository import VersionDamaged
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep, SessionDep
from service.kit.money import MoneyOut, from_minor, minor_digits
from service.kit.problems import problems
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.repository import Plans
from service.plans.router import NumberPath, PlanIdPath

router = APIRouter(prefix="/plans/{plan_id}/versions/{number}/gaps", tags=["versions"])

_MISSING = problems(PlanNotFound, VersionNotFound, VersionDamaged)
_SIGNING = _MISSING | problems(GapNotFound, GapIsSettled)
_LEADERS = [Depends(needs(Permission.WORK_UNIT))]


class SignedGapOut(BaseModel):
    """What nobody carries of a unit, and who has signed it."""

    unit: str | None = Field(description="null: the company", examples=["west"])
    amount: MoneyOut = Field(
        description="Below 0: what is carried beyond what was solved for", examples=[30000]
    )
    owner: str | None = Field(description="Who answers for the unit, where that is known")
    signed_at: datetime | None
    signed_by: str | None

    @classmethod
    def of(cls, gap: gaps.Gap, digits: int) -> Self:
        own = gap.signature
        return cls(
            unit=gap.unit,
            amount=from_minor(gap.amount, digits),
            owner=gap.owner,
            signed_at=None if own is None else own.signed_at,
            signed_by=None if own is None else own.signed_by,
        )


class SignedGapsOut(BaseModel):
    """The gaps of a version, the company's first."""

    items: list[SignedGapOut]


@router.get("", responses=_MISSING, dependencies=_LEADERS)
def list_gaps(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: ReadSessionDep
) -> SignedGapsOut:
    """What nobody carries of a version: of its solve, and of amendments that nobody funds."""
    found = gaps.list_gaps(session, caller, plan_id, number)
    digits = minor_digits(Plans(session).get(caller.workspace_id, plan_id).currency)
    return SignedGapsOut(items=[SignedGapOut.of(gap, digits) for gap in found])


@router.post("/sign", responses=_SIGNING, dependencies=_LEADERS)
def sign_gap_of_the_company(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: SessionDep, now: NowDep
) -> SignedGapOut:
    """Sign that the company's own gap was seen; a version with unsigned gaps is not published."""
    return _sign(session, caller, (plan_id, number), None, now)


@router.post(
    "/{unit:path}/sign",
    responses=_MISSING | problems(GapNotFound, GapIsSettled),
    dependencies=_LEADERS,
)
def sign_gap(
    plan_id: PlanIdPath,
    number: NumberPath,
    unit: str,
    *,
    caller: CallerDep,
    session: SessionDep,
    now: NowDep,
) -> SignedGapOut:
    """Sign that the gap of a unit was seen: its manager, or whoever makes the plan."""
    return _sign(session, caller, (plan_id, number), unit, now)


def _sign(
    session: SessionDep, caller: CallerDep, place: tuple[str, int], unit: str | None, now: datetime
) -> SignedGapOut:
    gap = gaps.sign_gap(session, caller, place, unit, now=now)
    digits = minor_digits(Plans(session).get(caller.workspace_id, place[0]).currency)
    return SignedGapOut.of(gap, digits)
