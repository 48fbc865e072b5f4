"""Solve many policies side by side on the working inputs of a plan.

Each scenario is solved exactly as a version would be, and gives the same quotas. A conflict of its
rules is its result, not a fault of the request. Nothing is stored unless that is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session, sessionmaker

from service.allocations.assemble import Case
from service.allocations.measures.solving import SolvedMeasure
from service.allocations.patience import Patience
from service.allocations.scenarios.cases import read_cases
from service.allocations.scenarios.domain.axes import Scenario
from service.allocations.scenarios.domain.figures import Figures, figures
from service.allocations.scenarios.domain.frontier import Standing, beaten_by
from service.allocations.solving import SolveTookTooLong
from service.allocations.stated import Stated
from service.allocations.versions.describe import describe
from service.allocations.versions.domain.ledger.handed import Handed, handing
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.domain.written.content import Parent
from service.allocations.versions.lanes.usecases.keeping import handed_down
from service.allocations.versions.repository import Chunks, StoredVersion
from service.allocations.versions.usecases.solving import solve_handed, terms_of, unknown_base
from service.allocations.versions.usecases.storing import Draft, record_version
from service.kit.auth import Caller
from service.kit.errors import AppError, Fault, InvalidInput, Unavailable, Unprocessable
from service.plans.inputs import InputsMissing
from service.plans.policy import read_reserves
from service.plans.repository import Plans, PlanVersions
from service.plans.tables import Plan
from service.roster.domain import Inputs
from service.roster.usecases import load_snapshot, store_snapshot

type Row = dict[str, Any]

TIMES: Final = 4
"""All scenarios of a request together have the time of so many solves."""
MOVERS: Final = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller wants compared. `body` has the shape of `ScenariosIn`, less its faults."""

    body: Mapping[str, Any]
    faults: Sequence[Fault] = ()

    @property
    def base_version(self) -> int | None:
        return self.body.get("base_version")

    @property
    def stores(self) -> bool:
        return bool(self.body.get("store"))


@dataclass(frozen=True, slots=True)
class Mover:
    """Somebody who would carry another quota than in the version that is compared with."""

    rep: str
    unit: str | None
    before: int | None
    after: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one scenario."""

    scenario: Scenario
    seconds: float
    problem: AppError | None = None
    """Why there is no plan."""
    found: Figures | None = None
    relaxed: Sequence[Row] = ()
    quotas: Mapping[str, int] | None = None
    movers: Sequence[Mover] = ()
    moved: int | None = None
    """The sum of all differences of quotas; None without a version to compare with."""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """All of them, and who beats whom."""

    base_version: int | None
    digits: int
    outcomes: Sequence[Outcome]
    beaten_by: Mapping[int, Sequence[int]]

    @property
    def same_as(self) -> dict[int, int]:
        """The first scenario with the very same quotas, where that is another one."""
        first: dict[tuple[tuple[str, int], ...], int] = {}
        found = {}
        for outcome in self.outcomes:
            if outcome.quotas is not None:
                number = outcome.scenario.number
                earlier = first.setdefault(tuple(sorted(outcome.quotas.items())), number)
                if earlier != number:
                    found[number] = earlier
        return found


def compare(
    sessions: sessionmaker[Session],
    caller: Caller,
    plan_id: str,
    question: Question,
    *,
    now: datetime,
    patience: Patience | None = None,
) -> Compared:
    """Raises PlanNotFound, InputsMissing, InvalidInput with every fault of every policy at its
    place in the request, and CallerLeft.
    """
    with sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id)
        if plan.inputs_hash is None:
            raise InputsMissing(f"Send them first: PUT /v1/plans/{plan.id}/inputs.")
        inputs = load_snapshot(session, caller.workspace_id, plan.inputs_hash)
        base, parent, handed = _bases(session, plan, question)
        handed = handed.among(inputs)
        terms = terms_of(plan)
        before = _standing(session, caller.workspace_id, plan_id, base)
    if question.faults:
        raise InvalidInput(question.faults)
    cases = read_cases(question.body, inputs, terms)
    patience = patience or Patience()
    last = patience.clock() + TIMES * patience.seconds
    outcomes: list[Outcome] = []
    drafts: list[_Draft] = []
    for scenario, case in cases:
        start = patience.clock()
        if start >= last:
            outcomes.append(Outcome(scenario, 0.0, _out_of_time(patience)))
            continue
        own = replace(patience, end=min(start + patience.seconds, last))
        outcome, solved = _solved(scenario, case, handed, own)
        outcome = replace(outcome, seconds=patience.clock() - start)
        if solved is not None:
            outcome = _beside(outcome, solved, before)
            if question.stores:
                drafts.append(_Draft.of(scenario, solved, handed))
        outcomes.append(outcome)
    if drafts:
        made = _store(sessions, caller, plan_id, parent, drafts, now=now)
        outcomes = [replace(own, version=made.get(own.scenario.number)) for own in outcomes]
    plans = {
        outcome.scenario.number: Standing.of(outcome.found, gave_way=bool(outcome.relaxed))
        for outcome in outcomes
        if outcome.found is not None
    }
    return Compared(base, terms.digits, outcomes, beaten_by(plans))


def _out_of_time(patience: Patience) -> AppError:
    return SolveTookTooLong(
        f"The scenarios before it took all of the {TIMES * patience.seconds:g} s that those of one "
        "request have: ask for it by itself, or for fewer at once."
    )


def _solved(
    scenario: Scenario, case: Case, handed: Handed, patience: Patience
) -> tuple[Outcome, SolvedMeasure | None]:
    """A scenario without a plan says why."""
    case = handed.held_in(case)
    try:
        solved = solve_handed(case, handed, patience)
    except (Unprocessable, Unavailable, EnvelopeNotKept) as problem:
        return Outcome(scenario, 0.0, problem), None
    plan = solved.allocation
    ids = case.problem.reps.ids
    return (
        Outcome(
            scenario,
            0.0,
            found=figures(case, plan),
            relaxed=Stated(case, plan.told.cuts if plan.told else ()).given_way(plan),
            quotas=dict(zip(ids, plan.quota.tolist(), strict=True)),
        ),
        solved,
    )


def _beside(outcome: Outcome, solved: SolvedMeasure, before: Mapping[str, int] | None) -> Outcome:
    """With who would move most against the version that it is compared with."""
    if before is None:
        return outcome
    problem = solved.case.problem
    ids, after = problem.reps.ids, solved.allocation.quota
    was = np.array([before.get(rep, 0) for rep in ids], dtype=np.int64)
    away = np.abs(after - was)
    gone = before.keys() - set(ids)
    order = sorted(np.flatnonzero(away).tolist(), key=lambda row: (-int(away[row]), ids[row]))
    units = [*problem.units.ids, None]
    movers = [
        Mover(ids[row], units[int(problem.reps.unit[row])], before.get(ids[row]), int(after[row]))
        for row in order[:MOVERS]
    ]
    moved = int(away.sum()) + sum(before[rep] for rep in gone)
    return replace(outcome, movers=movers, moved=moved)


def _bases(
    session: Session, plan: Plan, question: Question
) -> tuple[int | None, Parent | None, Handed]:
    """The version to compare with (the published one, else the newest, where none is named), the
    parent that a version would have (the newest one), and what it hands down.
    """
    versions = PlanVersions(session)
    newest = versions.newest_number(plan.id)
    named = question.base_version
    if unknown := [*unknown_base(session, plan, named)]:
        raise InvalidInput([*question.faults, *unknown])
    published = versions.published(plan.id)
    base = named or (published.number if published else newest)
    if (number := named or newest) is None:
        return base, None, Handed()
    parent = versions.get(plan.id, number)
    handed = handed_down(session, plan.workspace_id, parent)
    return base, Parent(number, parent.hash), handed


def _standing(
    session: Session, workspace_id: str, plan_id: str, number: int | None
) -> dict[str, int] | None:
    """The quotas of a version by rep."""
    if number is None:
        return None
    version = PlanVersions(session).get(plan_id, number)
    stored = StoredVersion(version, Chunks(session, workspace_id))
    return {row["rep"]: row["quota"] for row in stored.quotas()}


@dataclass(frozen=True, slots=True)
class _Draft:
    """The plan of a scenario that is to be kept."""

    scenario: Scenario
    draft: Draft
    inputs: Inputs | None
    """A target of its own is a snapshot of inputs of its own, not the plan's working inputs."""

    @classmethod
    def of(cls, scenario: Scenario, solved: SolvedMeasure, handed: Handed) -> _Draft:
        content = describe(solved.case, solved.allocation, solved.further, locked=handed.locked)
        reserves = read_reserves(scenario.policy, solved.case.terms.digits)
        inputs = None if scenario.target is None else solved.case.inputs
        return cls(scenario, Draft.of(handing(content, handed, reserves)), inputs)


def _store(
    sessions: sessionmaker[Session],
    caller: Caller,
    plan_id: str,
    parent: Parent | None,
    drafts: Sequence[_Draft],
    *,
    now: datetime,
) -> dict[int, int]:
    """All of them with one parent, or none: whoever leaves while others are solved leaves no part.
    Answers the number of the new version by that of the scenario.
    """
    made = {}
    with sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id, lock=True)
        for own in drafts:
            if own.inputs is not None:
                store_snapshot(session, caller.workspace_id, own.inputs)
            version = own.draft.store(
                session, caller, plan.id, parent, note=own.scenario.name, now=now
            )
            told = {"scenario": True}  # its name is the note, which can be erased
            record_version(session, caller, "version.solve", version, now=now, facts=told)
            made[own.scenario.number] = version.number
    return made
