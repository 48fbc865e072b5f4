"""Count who asks for changes and what is granted, for those who watch for bias."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from service.allocations.fairness_report.traits import traits_of
from service.allocations.fairness_report.usecases import period_of
from service.allocations.versions.repository import StoredVersion
from service.allocations.versions.usecases.reading import open_version
from service.allocations.versions.usecases.visible import see_version, statuses_seen
from service.kit.auth import Caller
from service.negotiations.change_requests.domain.life import UNDECIDED, ChangeRequestStatus
from service.negotiations.change_requests.domain.statistics import (
    TENURE_YEARS,
    Decision,
    Statistics,
    fifths,
    statistics,
)
from service.negotiations.change_requests.repository import ChangeRequests
from service.negotiations.change_requests.tables import ChangeRequest
from service.plans.domain import VersionNotFound
from service.plans.repository import Plans, PlanVersions
from service.plans.tables import Plan
from service.roster.domain import Inputs
from service.roster.usecases import load_snapshot
from solver.assess import banded


@dataclass(frozen=True, slots=True)
class Counted:
    """The requests about one version."""

    version: int
    statuses: Mapping[ChangeRequestStatus, int]
    statistics: Statistics


def count(session: Session, caller: Caller, plan_id: str, number: int | None) -> Counted:
    """Of the requests about one version; None: the newest that any is about and the caller sees.

    Raises PlanNotFound and VersionNotFound, also where there are no requests at all.
    """
    plan = Plans(session).get(caller.workspace_id, plan_id)
    requests = ChangeRequests(session, plan.id)
    number = number or _newest(session, caller, plan, requests.versions())
    if number is None:
        raise VersionNotFound(f"There are no change requests in plan {plan_id}.")
    see_version(session, caller, plan.id, number)
    workspace_id = caller.workspace_id
    stored = open_version(session, workspace_id, plan.id, number)
    inputs = load_snapshot(session, workspace_id, stored.manifest["inputs"])
    found = requests.about(number)
    quotas = {row["rep"]: row["quota"] for row in stored.quotas()}
    return Counted(
        number,
        {status: sum(each.status == status for each in found) for status in ChangeRequestStatus},
        statistics(
            [*quotas],
            frozenset(each.rep for each in found if each.rep in quotas),
            [*_decisions(found)],
            _attributes(stored, inputs, quotas),
        ),
    )


def _newest(session: Session, caller: Caller, plan: Plan, numbers: Sequence[int]) -> int | None:
    versions, seen = PlanVersions(session), statuses_seen(caller.role)
    return max((n for n in numbers if versions.get(plan.id, n).status in seen), default=None)


def _decisions(requests: Sequence[ChangeRequest]) -> Iterator[Decision]:
    for each in requests:
        if each.status in UNDECIDED or each.status == ChangeRequestStatus.WITHDRAWN:
            continue
        accepted = each.status == ChangeRequestStatus.ACCEPTED
        amount = each.amount if accepted and each.amount is not None else each.quota
        yield Decision(each.rep, each.proposed - each.quota, amount - each.quota, accepted)


def _attributes(
    stored: StoredVersion, inputs: Inputs, quotas: Mapping[str, int]
) -> dict[str, dict[str, str]]:
    """Tenure, the fifth of the quota, and each peer group of the inputs, by name."""
    traits = traits_of(inputs, period_of(stored))
    years = zip(traits.ids, traits.tenure.tolist(), strict=True)
    tenure = banded({rep: year for rep, year in years if not np.isnan(year)}, TENURE_YEARS)
    found = {"tenure_years": tenure, "quota_fifth": fifths(quotas)}
    for rep, cohorts in zip(inputs.reps.id, inputs.reps.cohorts, strict=True):
        for name, value in (cohorts or {}).items():
            if value:
                found.setdefault(f"cohort:{name}", {})[rep] = value
    return {
        name: {rep: group for rep, group in groups.items() if rep in quotas}
        for name, groups in sorted(found.items())
    }
