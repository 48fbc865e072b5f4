"""The addresses of the pages. In keys mode they ask for a key like the API does.

/                                the plans
/plans/{plan}                    a version: the published one, else the newest draft
/plans/{plan}/rows               lines of its table, for units that are opened in place
/plans/{plan}/fairness           how even a version is, and for whom it is more
/plans/{plan}/reps/{rep}         one rep's quota and why it is that number
/assets/{file}                   style, script, icon
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from service.allocations.fairness_report.usecases import report
from service.kit.access import Permission, may, needs
from service.kit.auth import Caller, CallerDep
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep
from service.kit.errors import NotFound
from service.kit.pages import PageRequest
from service.roster.usecases import names_of, owners_of
from service.web import usecases
from service.web.deciders import new_target_of, said_of
from service.web.decision_words import SHOWN
from service.web.domain.cards import VersionCard
from service.web.i18n import Language
from service.web.pages import PageRoute, asset_response, language_of, page
from service.web.views.fairness import fairness_page
from service.web.views.opened import Opened
from service.web.views.plan import Asked, empty_plan_page, hold_named, plan_page, rows_fragment
from service.web.views.plans import plans_page
from service.web.views.rep import rep_page

router = APIRouter(include_in_schema=False, route_class=PageRoute)
of_a_plan = APIRouter(prefix="/plans/{plan_id}", route_class=PageRoute)

_PLANS_AT_ONCE = 50
_MOST = 10**6

Number = Annotated[int | None, Query(ge=1, le=_MOST)]
Offset = Annotated[int, Query(ge=0, le=_MOST)]


class RepNotFound(NotFound):
    """The version has no such rep."""


class UnitNotFound(NotFound):
    """The version has no such unit."""


@router.get("/plans")
def plans_by_another_name() -> Response:
    return RedirectResponse("/")


@router.get("/")
def plans(
    request: Request, caller: CallerDep, session: ReadSessionDep, cursor: str | None = None
) -> Response:
    rows, older = usecases.list_plans(session, caller, PageRequest(_PLANS_AT_ONCE, cursor))
    return page(request, "plans.html", plans_page(language_of(request), rows, older))


class PlanReader:
    """Opens versions of one plan for one reader, as far as they may see them."""

    def __init__(self, session: Session, caller: Caller, plan_id: str, language: Language) -> None:
        """Raises PlanNotFound."""
        self.session = session
        self.caller = caller
        self.place = caller.workspace_id, plan_id
        self.language = language
        self.plan = usecases.find_plan(session, caller, plan_id)

    def card(self, number: int | None) -> VersionCard | None:
        return usecases.find_version(self.session, self.caller, self.plan.id, number)

    def versions(self) -> list[VersionCard]:
        return usecases.list_versions(self.session, self.caller, self.plan.id)

    def open(self, card: VersionCard) -> Opened:
        version = usecases.read_version(self.session, self.caller, self.plan.id, card)
        decisions = (version.whole or version).decisions
        return Opened(
            language=self.language,
            plan=self.plan,
            card=card,
            version=version,
            reads_proofs=may(self.caller, Permission.READ_PROOFS),
            reads_fairness=may(self.caller, Permission.READ_FAIRNESS),
            new_target=new_target_of(self.session, self.caller, self.plan.id, decisions),
            names=names_of(self.session, *self.place),
            owners=owners_of(self.session, *self.place),
        )

    def with_decisions(self, opened: Opened, references: Collection[str]) -> Opened:
        """With who made these decisions, when and why, as far as the reader may know."""
        place = opened.plan.id, opened.card.number
        said = said_of(self.session, self.caller, place, opened.version, references)
        return replace(opened, said=said)

    def open_number(self, number: int | None) -> Opened:
        card = self.card(number)
        if card is None:
            raise NotFound("Nothing has been solved for this plan yet.")
        return self.open(card)


async def read_plan(
    request: Request, caller: CallerDep, session: ReadSessionDep, plan_id: str
) -> PlanReader:
    return PlanReader(session, caller, plan_id, language_of(request))


ReaderDep = Annotated[PlanReader, Depends(read_plan)]


@of_a_plan.get("")
def plan(
    request: Request,
    reader: ReaderDep,
    *,
    version: Number = None,
    unit: str | None = None,
    offset: Offset = 0,
    find: Annotated[str, Query(max_length=200)] = "",
    held: str | None = None,
    now: NowDep,
) -> Response:
    card = reader.card(version)
    if card is None:
        sends_inputs = may(reader.caller, Permission.WRITE_INPUTS)
        empty = empty_plan_page(reader.language, reader.plan, sends_inputs=sends_inputs)
        return page(request, "plan.html", empty)
    opened = reader.open(card)
    if card.sight.rep is not None:
        return RedirectResponse(opened.addresses.rep(card.sight.rep), status_code=303)
    _known_unit(opened, unit)
    shown = opened.version.decisions[-SHOWN:]
    opened = reader.with_decisions(opened, [own.reference for own in shown])
    asked = Asked(unit, offset, find, hold_named(held))
    return page(request, "plan.html", plan_page(opened, reader.versions(), asked, now))


@of_a_plan.get("/rows")
def rows(
    request: Request,
    reader: ReaderDep,
    *,
    version: Number = None,
    unit: str | None = None,
    offset: Offset = 0,
    level: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    opened = reader.open_number(version)
    _known_unit(opened, unit)
    return page(request, "_lines.html", rows_fragment(opened, unit, offset, level))


@of_a_plan.get("/fairness", dependencies=[Depends(needs(Permission.READ_FAIRNESS))])
def fairness(request: Request, reader: ReaderDep, version: Number = None) -> Response:
    opened = reader.open_number(version)
    told = report(reader.session, (*reader.place, opened.card.number))
    return page(request, "fairness.html", fairness_page(opened, told))


@of_a_plan.get("/reps/{rep_id:path}")
def rep(request: Request, reader: ReaderDep, rep_id: str, version: Number = None) -> Response:
    opened = reader.open_number(version)
    found = opened.version.rep_by_id.get(rep_id)
    if found is None:
        raise RepNotFound(f"Version {opened.card.number} has no quota for rep {rep_id[:128]}.")
    opened = reader.with_decisions(opened, found.decided)
    return page(request, "rep.html", rep_page(opened, found))


@router.get("/assets/{name}")
def asset(name: str) -> Response:
    return asset_response(name)


def _known_unit(opened: Opened, unit: str | None) -> None:
    if unit is not None and all(unit != known.id for known in opened.version.units):
        raise UnitNotFound(f"Version {opened.card.number} has no unit {unit[:128]}.")


router.include_router(of_a_plan)
