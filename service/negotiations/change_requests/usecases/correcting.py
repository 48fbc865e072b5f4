"""Correct an input that the evidence says is wrong, and solve again under the unchanged policy.

Everybody's quota follows, so only planners and administrators do it. Locks and agreed envelopes
stay. What a solve would undo stands in its way: sums that were changed on purpose (reserves, gaps),
events, imports, and months that are over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy.orm import Session

from service.allocations.adjustments.usecases import terms_of_version
from service.allocations.assemble import Terms
from service.allocations.patience import Patience
from service.allocations.versions.domain.ledger.handed import Handed
from service.allocations.versions.domain.written.content import Content, Row
from service.allocations.versions.usecases import amending
from service.allocations.versions.usecases.amending import Fetched
from service.allocations.versions.usecases.solving import solved_content
from service.allocations.versions.usecases.storing import Draft, record_version
from service.kit.errors import Conflict, Fault, InvalidInput
from service.negotiations.change_requests.domain.correction import (
    Correction,
    corrected,
    correction_faults,
    stated_by,
)
from service.negotiations.change_requests.domain.evidence import CORRECTING, Evidence, EvidenceKind
from service.negotiations.change_requests.domain.funding import NotTheFunder
from service.negotiations.change_requests.domain.life import Action
from service.negotiations.change_requests.tables import ChangeRequest
from service.negotiations.change_requests.usecases.granting import (
    Doors,
    Grant,
    check_counts,
    locked_again,
    until_stored,
)
from service.negotiations.change_requests.usecases.turn import RequestStep, Turn
from service.negotiations.repository import Renegotiations
from service.plans.inputs import point_at
from service.plans.policy import present_policy
from service.plans.repository import PlanVersions
from service.plans.tables import PlanVersion
from service.roster.domain import Inputs, InvalidInputs, read_inputs
from service.roster.present import present
from service.roster.usecases import load_snapshot, store_snapshot
from solver.amend import CARRYING

_KEPT_BY_LOCKS: Final = frozenset({"adjustment", "change_request"})


class SolveWouldUndo(Conflict):
    """Solving again would undo what was decided or has happened since."""


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """An accepted request, and whether the plan's working inputs were corrected as well."""

    request: ChangeRequest
    inputs_follow: bool
    """They do not where they are other facts by now."""


def accept_corrected(
    doors: Doors,
    step: RequestStep,
    grant: Grant,
    correction: Correction,
    patience: Patience | None = None,
) -> Corrected:
    """Accept by correcting inputs: a new draft, solved from them without a transaction.

    Raises NotTheFunder, SolveWouldUndo, InvalidInput, VersionDoesNotCount, TooBusy, and what
    solving raises.
    """
    if grant.amount is not None or grant.says_how or grant.resources is not None:
        raise InvalidInput([Fault("/correct", "stands alone: nobody funds a corrected input")])

    def attempt() -> Corrected | None:
        with doors.reading.begin() as session:
            turn = Turn.of(session, step, Action.ACCEPT, lock=False)
            check_counts(session, turn.plan, turn.request.version)
            case = correcting(session, turn, correction)
        return _stored(doors, turn, case, Draft.of(case.solved(patience)))

    return until_stored(doors, step, attempt)


def _stored(doors: Doors, read: Turn, case: Correcting, draft: Draft) -> Corrected | None:
    """None where somebody else has amended the same draft meanwhile."""
    with doors.writing.begin() as session:
        turn = locked_again(session, read, case.found.number)
        if turn is None:
            return None
        step, plan, request = turn.step, turn.plan, turn.request
        version = _store_version(session, turn, case, draft)
        Renegotiations(session, plan.workspace_id, plan.id).advance(request.version, version.number)
        follows = plan.inputs_hash == case.inputs_hash
        if follows:
            key = case.inputs.hash
            point_at(session, step.caller, plan, key, action="inputs.put", now=step.now)
        request.amount = rows_in(draft.content)[request.rep]["quota"]
        request.funding = request.effective = None
        request.granted_in = version.number
        return Corrected(turn.take(session), follows)


@dataclass(frozen=True, slots=True, eq=False)
class Correcting:
    """A version, its inputs corrected, and what the solve keeps."""

    found: Fetched
    inputs_hash: str
    """Of the inputs as they were."""
    inputs: Inputs
    terms: Terms
    policy: Row
    handed: Handed

    def solved(self, patience: Patience | None) -> Content:
        return solved_content(
            self.inputs, self.terms, self.policy, self.handed.among(self.inputs), patience=patience
        )


def check_may_correct(turn: Turn) -> None:
    """Raises NotTheFunder, and InvalidInput where no evidence says that an input is wrong."""
    if not turn.scope.is_planner:
        raise NotTheFunder(
            "Correcting an input moves everybody's quota: escalate the request.",
            escalate=True,
            unit=None,
        )
    kinds = {EvidenceKind(piece["kind"]) for piece in turn.request.evidence}
    if not kinds & CORRECTING:
        said = ", ".join(sorted(CORRECTING))
        raise InvalidInput([Fault("/correct", f"needs evidence of a wrong input: {said}")])


def correcting(session: Session, turn: Turn, correction: Correction) -> Correcting:
    """Raises NotTheFunder, SolveWouldUndo and InvalidInput with every fault."""
    check_may_correct(turn)
    plan, request = turn.plan, turn.request
    head = Renegotiations(session, plan.workspace_id, plan.id).head(request.version)
    found = amending.fetch(session, plan.workspace_id, plan.id, head)
    version = PlanVersions(session).get(plan.id, head)
    terms = terms_of_version(plan, found)
    manifest: Mapping[str, Any] = {**found.version.manifest}
    _check_nothing_is_undone(manifest, terms, turn.step.now)
    before = load_snapshot(session, plan.workspace_id, version.inputs_hash)
    return Correcting(
        found,
        version.inputs_hash,
        _corrected(before, correction, terms),
        terms,
        present_policy(version.policy, terms.digits),
        Handed.of(manifest).without({request.rep}),
    )


def _check_nothing_is_undone(manifest: Mapping[str, Any], terms: Terms, now: datetime) -> None:
    if terms.period is not None and now.date() > terms.period[0]:
        raise SolveWouldUndo("The period has begun, and months that are over never change.")
    if undone := [*_undone(manifest)]:
        raise SolveWouldUndo(
            f"It would undo {', '.join(undone)}. Correct the inputs and solve again, or "
            "grant money.",
            references=undone,
        )


def _undone(manifest: Mapping[str, Any]) -> Iterator[str]:
    for part in manifest.get("amendments", ()):
        if part["kind"] not in _KEPT_BY_LOCKS or part["funding"] not in CARRYING:
            yield part["reference"]


def _corrected(before: Inputs, correction: Correction, terms: Terms) -> Inputs:
    document = present(before)
    faults = [*correction_faults(document, correction)]
    if faults:
        raise InvalidInput(faults)
    try:
        return read_inputs(
            corrected(document, correction), digits=terms.digits, period=terms.period
        )
    except InvalidInputs as refused:
        raise InvalidInput(
            [
                Fault("/correct", f"makes {fault.pointer} wrong: it {fault.detail}")
                for fault in refused.faults
            ]
        ) from None


def stated_correction(session: Session, turn: Turn) -> Correction:
    """What the evidence says would be right, of the inputs that would be corrected; empty where it
    does not say.
    """
    plan, request = turn.plan, turn.request
    head = Renegotiations(session, plan.workspace_id, plan.id).head(request.version)
    key = PlanVersions(session).get(plan.id, head).inputs_hash
    document = present(load_snapshot(session, plan.workspace_id, key))
    evidence = [Evidence.of_stored(piece) for piece in request.evidence]
    return stated_by(evidence, request.rep, document, turn.digits)


def rows_in(content: Content) -> dict[str, Row]:
    """The quota rows of a solve, by rep."""
    chunks = (content.chunks[listed["chunk"]] for listed in content.facts["quotas"])
    return {row["rep"]: row for data in chunks for row in orjson.loads(data)}


def _store_version(session: Session, turn: Turn, case: Correcting, draft: Draft) -> PlanVersion:
    """The corrected inputs, and the new draft that they were solved to. The plan is locked.

    No name is stored: people may be called otherwise by now, or be forgotten.
    """
    caller, now, plan = turn.step.caller, turn.step.now, turn.plan
    note = f"Inputs corrected as {turn.request.rep} asked ({turn.request.id})"
    store_snapshot(session, caller.workspace_id, case.inputs)
    parent = case.found.as_parent
    version = draft.store(session, caller, plan.id, parent, note=note, now=now)
    record_version(session, caller, "version.solve", version, now=now)
    return version
