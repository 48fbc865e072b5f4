"""What a caller sees of a version: decided here, for the API and the pages.

The subtree is that of the version's own tree, never of today's inputs. A version of which a caller
sees nothing answers 404, like one that does not exist.
"""

from contextlib import suppress
from typing import Final

from sqlalchemy.orm import Session

from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.repository import Chunks, StoredVersion, VersionDamaged
from service.kit.auth import Caller, Role
from service.kit.pages import PageRequest
from service.plans.domain import VersionNotFound, VersionStatus
from service.plans.repository import Plans, PlanVersions
from service.plans.sight import EVERYTHING, Sight
from service.plans.tables import Plan, PlanVersion

_PUBLISHED: Final = frozenset({VersionStatus.PUBLISHED, VersionStatus.SUPERSEDED})
_PROPOSED: Final = frozenset(VersionStatus) - {VersionStatus.DRAFT}


def see_version(
    session: Session, caller: Caller, plan_id: str, number: int
) -> tuple[PlanVersion, Sight]:
    """A version and how much of it the caller sees.

    Raises PlanNotFound, VersionNotFound, and VersionDamaged where that hides its tree.
    """
    plan = Plans(session).get(caller.workspace_id, plan_id)
    version = PlanVersions(session).get(plan.id, number)
    sight = sight_of(session, caller, version)
    if sight is None:
        raise VersionNotFound(f"Plan {plan_id} has no version {number}.")
    return version, sight


def page_of_versions(
    session: Session,
    caller: Caller,
    plan_id: str,
    page: PageRequest,
    status: VersionStatus | None = None,
) -> tuple[Plan, list[tuple[PlanVersion, Sight]], str | None]:
    """The plan, those of a page of its versions that the caller sees, newest first, and the
    cursor of older ones. Raises PlanNotFound.
    """
    plan = Plans(session).get(caller.workspace_id, plan_id)
    seen = statuses_seen(caller.role)
    statuses = seen if status is None else seen & {status}
    versions, next_cursor = PlanVersions(session).page(plan.id, page, statuses=statuses)
    listed = []
    for version in versions:
        with suppress(VersionDamaged):  # a tree that cannot be read shows nobody's part of it
            if sight := sight_of(session, caller, version):
                listed.append((version, sight))
    return plan, listed, next_cursor


def sight_of(
    session: Session, caller: Caller, version: PlanVersion, units: list[Row] | None = None
) -> Sight | None:
    """None: the version does not exist for this caller. `units`: its rows, where they are at hand.

    Raises VersionDamaged.
    """
    if version.status not in statuses_seen(caller.role):
        return None
    if caller.role not in (Role.MANAGER, Role.REP):
        return EVERYTHING
    if caller.role is Role.REP:
        stored = StoredVersion(version, Chunks(session, caller.workspace_id))
        known = caller.rep is not None and stored.quota_of(caller.rep) is not None
        return Sight(frozenset(), caller.rep) if known else None
    if caller.unit is None:
        return None
    rows = units or StoredVersion(version, Chunks(session, caller.workspace_id)).units()
    seen = unit_and_below(rows, caller.unit)
    return Sight(frozenset(seen)) if seen else None


def statuses_seen(role: Role) -> frozenset[VersionStatus]:
    if role in (Role.HR, Role.INTEGRATION):
        return _PUBLISHED
    return _PROPOSED if role is Role.REP else frozenset(VersionStatus)


def unit_and_below(units: list[Row], unit: str) -> set[str]:
    """The ids of a unit and of all below it, of rows with parents first; none if it is unknown."""
    found = {unit} & {row["id"] for row in units}
    for row in units:
        if row["parent"] in found:
            found.add(row["id"])
    return found
