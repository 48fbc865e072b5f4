"""What the pages read: plans, a version with all its quotas, its history. They write nothing."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from service.allocations.months import compares_years, month_names
from service.allocations.versions.domain.proof.examine import examine
from service.allocations.versions.repository import Chunks, StoredVersion
from service.allocations.versions.shown_ledger import ShownLedger
from service.allocations.versions.usecases import visible
from service.allocations.versions.usecases.reading import certificate
from service.kit.auth import Caller
from service.kit.money import minor_digits
from service.kit.pages import PageRequest
from service.negotiations.change_requests.repository import ChangeRequests
from service.negotiations.change_requests.tables import ChangeRequest
from service.negotiations.events.repository import Events
from service.plans.repository import Plans, PlanVersions
from service.plans.sight import Sight
from service.plans.tables import Plan, PlanVersion
from service.roster.usecases import load_snapshot
from service.web.deciders import new_target_of
from service.web.decisions import Amended, decisions_in
from service.web.domain.cards import Granted, PlanCard, PlanRow, VersionCard
from service.web.domain.quotas import Rep, Unit
from service.web.domain.version import NO_EFFORT, Evenness, VersionView
from service.web.measures import measures_of
from service.web.rules import Gap, GaveWay, crossing_rules

_VERSIONS_LISTED = 50

type Seen = tuple[PlanVersion, Sight]
"""A version, and how much of it somebody sees."""


def list_plans(
    session: Session, caller: Caller, page: PageRequest
) -> tuple[list[PlanRow], str | None]:
    """Plans, newest first, each with the version that counts; and the cursor of older ones."""
    plans, cursor = Plans(session).page(caller.workspace_id, page)
    return [_plan_row(session, caller, plan) for plan in plans], cursor


def _plan_row(session: Session, caller: Caller, plan: Plan) -> PlanRow:
    found = _version_that_counts(session, caller, plan.id)
    if found is None:
        return PlanRow(_plan_card(plan))
    version, sight = found
    facts: Mapping[str, Any] = StoredVersion(version, Chunks(session, caller.workspace_id)).manifest
    new_target = new_target_of(session, caller, plan.id, decisions_in(facts))
    return PlanRow(
        _plan_card(plan),
        _version_card(version, sight),
        target=new_target.amount if new_target else facts["target"],
        assigned=facts["assigned"],
        growth=facts["common"]["growth"],
        reps=facts["reps"] if sight.is_whole else None,
    )


def _version_that_counts(session: Session, caller: Caller, plan_id: str) -> Seen | None:
    """Of what the caller sees the published version, else the newest one."""
    published = PlanVersions(session).published(plan_id)
    if published and (sight := visible.sight_of(session, caller, published)):
        return published, sight
    return next(iter(_seen_versions(session, caller, plan_id)), None)


def _seen_versions(session: Session, caller: Caller, plan_id: str) -> list[Seen]:
    """The newest ones, newest first."""
    page = PageRequest(limit=_VERSIONS_LISTED)
    _, seen, _ = visible.page_of_versions(session, caller, plan_id, page)
    return seen


def find_plan(session: Session, caller: Caller, plan_id: str) -> PlanCard:
    return _plan_card(Plans(session).get(caller.workspace_id, plan_id))


def list_versions(session: Session, caller: Caller, plan_id: str) -> list[VersionCard]:
    """The newest versions that the caller sees something of, newest first."""
    return _version_cards(session, plan_id, _seen_versions(session, caller, plan_id))


def find_version(
    session: Session, caller: Caller, plan_id: str, number: int | None
) -> VersionCard | None:
    """The version of this number, else the one that counts; None where nothing is to be seen."""
    if number is not None:
        return _version_cards(
            session, plan_id, [visible.see_version(session, caller, plan_id, number)]
        )[0]
    found = _version_that_counts(session, caller, plan_id)
    return None if found is None else _version_cards(session, plan_id, [found])[0]


def read_version(session: Session, caller: Caller, plan_id: str, card: VersionCard) -> VersionView:
    """What the caller sees of a version, checked while it is read. Raises VersionDamaged.

    A version never changes, so what was read once is kept for the next page.
    """
    place = caller.workspace_id, plan_id, card.number
    key = PlanVersions(session).get(plan_id, card.number).hash
    view = _SHELF.get(key)
    if view is None:
        view = _read(session, *place)
        _SHELF.put(key, view)
    return view.within(card.sight)


class Shelf:
    """Versions by the hash of their content, which is the same for whoever may see them."""

    def __init__(self, most_reps: int) -> None:
        """Holds versions of together at most so many reps, and always the last one."""
        self._most_reps = most_reps
        self._views: dict[str, VersionView] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> VersionView | None:
        return self._views.get(key)

    def put(self, key: str, view: VersionView) -> None:
        with self._lock:
            self._views[key] = view
            while len(self._views) > 1 and self._reps() > self._most_reps:
                del self._views[next(iter(self._views))]

    def _reps(self) -> int:
        return sum(len(view.reps) for view in self._views.values())


_SHELF: Final = Shelf(most_reps=100_000)


def _read(session: Session, workspace_id: str, plan_id: str, number: int) -> VersionView:
    document = certificate(session, workspace_id, plan_id, number)
    manifest = document["manifest"]
    inputs = load_snapshot(session, workspace_id, manifest["inputs"])
    ledger = ShownLedger.of(manifest)
    years = compares_years(manifest.get("period"))
    called = dict(zip(inputs.units.id, inputs.units.name, strict=True))
    return VersionView(
        hash=document["hash"],
        target=manifest["target"],
        assigned=manifest["assigned"],
        fairness=manifest["policy"]["fairness"],
        over_assignment=manifest["policy"]["over_assignment"],
        level=manifest["level"],
        response=manifest.get("response", "linear"),
        increment=manifest["increment"],
        engine=manifest["engine"],
        evenness=_evenness(manifest),
        checks=examine(document).checks,
        units=[_unit(row, called.get(row["id"])) for row in document["units"]],
        reps=[_rep(row, ledger, years=years) for row in document["quotas"]],
        amended=sum(part["change"] for part in manifest.get("amendments", ())),
        decisions=decisions_in(manifest),
        estimate=manifest["estimate"],
        prices=manifest.get("prices"),
        padding=manifest.get("over_assignment", ()),
        risk=manifest.get("risk"),
        rules=crossing_rules(document),
        gave_way=[
            GaveWay(change["rule"], change["from"], change["to"])
            for change in manifest.get("relaxed", ())
        ],
        gaps=[Gap(gap["unit"], gap["amount"]) for gap in manifest.get("gaps", ())],
        month_names=month_names(manifest.get("period")),
        months=manifest.get("months"),
        season=manifest.get("season"),
        lines=manifest.get("lines") or (),
        part_targets=manifest.get("part_targets", ()),
        measures=measures_of(document),
        standards=manifest.get("standards", ()),
        compares=manifest["common"]["stretch"] is not None,
    )


def _evenness(manifest: Mapping[str, Any]) -> Evenness:
    facts, common = manifest["fairness"], manifest["common"]["stretch"]
    ends = (facts["stretch_min"], facts["stretch_max"])
    linear = manifest.get("response", "linear") == "linear"
    told = linear and common is not None and abs(common) > NO_EFFORT
    low, high = sorted(end / common for end in ends) if told else (None, None)
    return Evenness(
        effort_min=low,
        effort_max=high,
        gini=facts["gini"],
        theil=facts["theil"],
        reps_at_common_stretch=facts["reps_at_common_stretch"],
    )


def _unit(row: Mapping[str, Any], name: str | None) -> Unit:
    return Unit(
        id=row["id"],
        name=name or row["id"],
        parent=row["parent"],
        minimum=row["min"],
        maximum=row["max"],
        quota=row["quota"],
        binding=tuple(row["binding"]),
        is_priced=row.get("price", 0) is not None,
    )


def _rep(row: Mapping[str, Any], ledger: ShownLedger, *, years: bool) -> Rep:
    """`years`: whether quotas are of a year, as last year's sales are."""
    anchor, effort_amount, rounding = row["explanation"]
    return Rep(
        id=row["rep"],
        unit=row["unit"],
        baseline=row["baseline"],
        reach=row["reach"],
        quota=row["quota"],
        growth=row["growth"],
        over_last_year=row["over_last_year"] if years else None,
        effort=row["effort"],
        floor=row["floor"],
        cap=row["cap"],
        binding=tuple(row["binding"]),
        anchor=anchor,
        effort_amount=effort_amount,
        rounding=rounding,
        yardstick=row["yardstick"],
        chance=row["attainment_probability"],
        estimate=row["estimate"],
        counted_by=tuple(int(place) for place, _ in row.get("rules", ())),
        months=tuple(row["months"]) if row.get("months") else None,
        lines={number: sum(months) for number, months in row.get("lines", ())} or None,
        amended=tuple(Amended(*term) for term in ledger.terms(row)),
        lock=ledger.locks.get(row["rep"], ""),
    )


def _plan_card(plan: Plan) -> PlanCard:
    return PlanCard(
        id=plan.id,
        name=plan.name,
        currency=plan.currency,
        digits=minor_digits(plan.currency),
        start=plan.period_start,
        end=plan.period_end,
    )


def _version_cards(session: Session, plan_id: str, seen: Sequence[Seen]) -> list[VersionCard]:
    """With the event or change request that made them, to whom notes are told."""
    cards = [_version_card(*own) for own in seen]
    told = [card.number for card in cards if card.note is not None]
    if not told:
        return cards
    events = Events(session, plan_id).that_made(told)
    requests = ChangeRequests(session, plan_id).that_made(told)
    facts = {number: event.facts for number, event in events.items()}
    granted = {number: _granted(request) for number, request in requests.items()}
    return [
        replace(card, event=facts.get(card.number), granted=granted.get(card.number))
        for card in cards
    ]


def _granted(request: ChangeRequest) -> Granted:
    since = request.effective and date.fromisoformat(f"{request.effective}-01")
    # A correction is a new solve, which nobody has to carry.
    return Granted(request.rep, request.amount if request.funding else None, since or None)


def _version_card(version: PlanVersion, sight: Sight) -> VersionCard:
    return VersionCard(
        number=version.number,
        status=version.status.value,
        created_at=version.created_at,
        published_at=version.published_at,
        deadline=version.deadline,
        effective_from=version.effective_from,
        effective_to=version.effective_to,
        note=version.note if sight.is_whole else None,
        sight=sight,
    )
