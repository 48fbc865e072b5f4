"""Take a plan made by hand as a version, and mend what it breaks.

The plan's inputs are solved first; what people carry by hand goes into the ledger of that even plan
(kind `import`, funded by nobody). So a version by hand is proved, explained and audited like every
other one, and says of each quota what the even plan would have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.imports.domain.beside import Beside, beside
from service.allocations.imports.domain.repair import repair_of
from service.allocations.imports.domain.sent import RowFault, Source
from service.allocations.imports.domain.wanted import ByHand, Missing, read_wanted
from service.allocations.infeasible import Infeasible, in_words
from service.allocations.months import month_names
from service.allocations.patience import Patience
from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.closed_of_measure import ClosedMonthsNotKept
from service.allocations.versions.domain.deciding.decide import decide
from service.allocations.versions.domain.deciding.decision import Decision, Refusal, Refused
from service.allocations.versions.domain.deciding.opened import opened, whole
from service.allocations.versions.domain.ledger.beyond import beyond
from service.allocations.versions.domain.ledger.handed import Handed
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.domain.written.content import Parent, Row
from service.allocations.versions.lanes.usecases.keeping import handed_down
from service.allocations.versions.usecases import amending
from service.allocations.versions.usecases.closing import closed_months, closing_of
from service.allocations.versions.usecases.solving import (
    parent_of,
    solved_content,
    terms_of,
    unknown_base,
)
from service.allocations.versions.usecases.storing import Draft, Made, record_version
from service.kit.auth import Caller
from service.kit.errors import Conflict, Fault, InvalidInput
from service.kit.ids import new_id
from service.plans.inputs import InputsMissing
from service.plans.policy import Named, to_policy
from service.plans.repository import Plans, PlanVersions
from service.plans.tables import Plan
from service.roster.domain import Inputs
from service.roster.usecases import load_snapshot
from solver.errors import InfeasibleProblem


class NothingToRepair(Conflict):
    """The version keeps every limit and every sum."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan by hand is to be taken. `policy` is a `PolicyBody`."""

    policy: Mapping[str, Any]
    missing: Missing | None = None
    base_version: int | None = None
    note: str | None = None
    repair: bool = False
    faults: Sequence[Fault] = ()
    """What was found wrong with the shape of the body that says this."""

    @classmethod
    def of(cls, body: Mapping[str, Any], faults: Sequence[Fault]) -> Self:
        policy = {
            name: said for name, said in (body.get("policy") or {}).items() if said is not None
        }
        return cls(
            {"on_infeasible": "gap"} | policy,
            body.get("missing"),
            body.get("base_version"),
            body.get("note"),
            bool(body.get("repair")),
            faults,
        )


@dataclass(frozen=True, slots=True)
class Imported:
    """A plan by hand as a version; money is in minor units."""

    digits: int
    reference: str
    by_hand: ByHand
    beside: Beside
    beyond: Sequence[Row]
    """The limits that it breaks."""
    made: Made
    repaired: Made | None


def import_plan(
    sessions: sessionmaker[Session],
    caller: Caller,
    plan_id: str,
    source: Source,
    options: Options,
    *,
    now: datetime,
    patience: Patience | None = None,
) -> Imported:
    """A new draft with these quotas, and with `repair` a second one that keeps all limits.

    Raises PlanNotFound, InputsMissing, what solving a version raises, and the source's refusal with
    every fault of its rows. No transaction is open while the solver works.
    """
    with sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id)
        faults = [*options.faults, *unknown_base(session, plan, options.base_version)]
        if plan.inputs_hash is None:
            raise InputsMissing(f"Send them first: PUT /v1/plans/{plan.id}/inputs.")
        inputs = load_snapshot(session, caller.workspace_id, plan.inputs_hash)
        terms = terms_of(plan)
        handed = _envelopes(session, plan, options.base_version).among(inputs)
        closed = closed_months(session, plan, now.date())
    patience = (patience or Patience()).from_now_on()
    faults = _with_faults_of_policy(options.policy, inputs, terms.digits, faults)
    period = {"start": plan.period_start.isoformat(), "end": plan.period_end.isoformat()}
    by_hand = read_wanted(
        source,
        inputs.reps.id,
        month_names(period),
        terms.digits,
        missing=options.missing,
        known=faults,
    )
    even = solved_content(inputs, terms, options.policy, handed, closed, patience=patience)
    before, reference = opened(even), new_id("imp")
    open_from = closed.first_open(month_names(period)) if closed else None
    after = _with_hand(before, reference, by_hand, source, open_from)
    broken = beyond(after.stands.plan, after.book)
    mended = None
    if options.repair and broken:
        mended = Draft.of(whole(even, _mended(after, new_id("rpr"), open_from, patience)))
    draft, note = Draft.of(whole(even, after)), options.note
    with sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id, lock=True)
        parent = parent_of(session, plan, options.base_version)
        made = _stored(session, caller, plan, draft, parent, note=note, now=now)
        repaired = None
        if mended is not None:
            parent = Parent(made.version.number, made.version.hash)
            repaired = _stored(session, caller, plan, mended, parent, note=note, now=now)
    told = beside(before, after)
    return Imported(terms.digits, reference, by_hand, told, broken, made, repaired)


def _with_hand(
    before: Amendable, reference: str, by_hand: ByHand, source: Source, open_from: str | None
) -> Amendable:
    """With what people carry by hand. Raises the source's refusal where months that are closed
    would change, and EnvelopeNotKept: such a plan may break limits, but no agreement.
    """
    decision = Decision(
        "import", reference, by_hand.wanted, "unfunded", open_from, whole=True, beyond=True
    )
    try:
        return decide(before, decision)
    except Refused as refused:
        digits = before.manifest["digits"]
        if not any(reason.rep for reason in refused.reasons):
            raise _not_kept(refused.reasons, digits) from None
        faults = [
            RowFault(by_hand.row_of.get(reason.rep or ""), "quota",
                     reason.told(lambda amount: in_words(amount, digits)), reason.rep)
            for reason in refused.reasons
        ]  # fmt: skip
        raise source.refusal(faults, ()) from None


def _not_kept(reasons: Sequence[Refusal], digits: int) -> EnvelopeNotKept:
    told = [reason.told(lambda amount: in_words(amount, digits)) for reason in reasons]
    return EnvelopeNotKept(
        "The plan by hand gives units another amount than they have agreed on: "
        f"{'; '.join(told[:5])}. Unfreeze them first, or import it on another `base_version`.",
        rules=[reason.rule for reason in reasons],
    )


def _envelopes(session: Session, plan: Plan, base_version: int | None) -> Handed:
    """What units have agreed on in the version that this one builds on."""
    versions = PlanVersions(session)
    newest = versions.newest_number(plan.id)
    number = base_version or newest
    if newest is None or number is None or not 1 <= number <= newest:
        return Handed()
    version = versions.get(plan.id, number)
    return handed_down(session, plan.workspace_id, version, locks=False)


def repair_version(
    sessions: sessionmaker[Session],
    caller: Caller,
    plan_id: str,
    number: int,
    *,
    note: str | None,
    now: datetime,
    patience: Patience | None = None,
) -> Made:
    """A new draft that keeps all limits and sums, nearest to this version.

    Raises PlanNotFound, VersionNotFound, VersionDamaged, NothingToRepair, and Infeasible where
    locks or frozen envelopes break limits themselves.
    """
    with sessions.begin() as session:
        found = amending.fetch(session, caller.workspace_id, plan_id, number)
        plan = Plans(session).get(caller.workspace_id, plan_id)
        open_from = closing_of(session, plan, now.date()).first_open
    if not beyond(found.version.stands.plan, found.version.book):
        raise NothingToRepair(f"Version {number} breaks none, so there is nothing to change.")
    patience = (patience or Patience()).from_now_on()
    mended = _mended(found.version, new_id("rpr"), open_from, patience)
    written = amending.write(found, mended)
    with sessions.begin() as session:
        version = amending.store(session, caller, written, note=note, now=now)
        return Made.of(session, Plans(session).get(caller.workspace_id, plan_id), version)


def _mended(
    standing: Amendable, reference: str, open_from: str | None, patience: Patience
) -> Amendable:
    """`open_from`: the first month that may change; None: all of them."""
    try:
        repair = repair_of(standing, reference, patience.watch())
        return decide(standing, replace(repair, effective=open_from))
    except Refused as refused:
        raise ClosedMonthsNotKept(
            f"Months before {open_from} are closed, and the smallest repair would change them: "
            f"{refused}. Adjust quotas of the open months instead.",
        ) from None
    except InfeasibleProblem as error:
        conflict = [{"rule": rule.name} for rule in error.infeasibility.conflict]
        raise Infeasible(
            "Locks or frozen envelopes of the version break limits themselves: release them first.",
            conflict=conflict,
        ) from None


def _stored(
    session: Session,
    caller: Caller,
    plan: Plan,
    draft: Draft,
    parent: Parent | None,
    *,
    note: str | None,
    now: datetime,
) -> Made:
    """A new draft with its audit entry."""
    version = draft.store(session, caller, plan.id, parent, note=note, now=now)
    references = sorted({part["reference"] for part in draft.content.facts["amendments"]})
    facts = {"references": references}
    record_version(session, caller, "version.import", version, now=now, facts=facts)
    return Made.of(session, plan, version)


def _with_faults_of_policy(
    body: Mapping[str, Any], inputs: Inputs, digits: int, known: list[Fault]
) -> list[Fault]:
    """Those that are known and those of the policy, so that they are told with those of rows."""
    named = Named(frozenset(inputs.reps.id), frozenset(inputs.units.id))
    try:
        to_policy(body, digits=digits, named=named, known=known)
    except InvalidInput as error:
        return [*error.faults]
    return known
