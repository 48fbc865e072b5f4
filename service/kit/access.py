"""What each role may do: one table, and one question that every route asks before anything else.

    @router.post("/{plan_id}", dependencies=[Depends(needs(Permission.WRITE_PLANS))])

A permission opens a door; how much of a version a caller then sees (a manager the own subtree, a
rep the own row) is the question of `allocations/versions/usecases/visible.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.kit.auth import Caller, CallerDep, Role
from service.kit.errors import NotPermitted


class Permission(StrEnum):
    """The value ends the sentence "may …"."""

    ALLOCATE = "allocate, simulate and backtest without a plan"
    READ_PLANS = "read plans"
    READ_INPUTS = "read the inputs of plans"
    WRITE_PLANS = "make, change and delete plans"
    WRITE_INPUTS = "change the inputs of plans"
    SOLVE = "make versions"
    READ_QUOTAS = "read quotas"
    EXPORT = "export published quotas to other systems"
    READ_SUMMARY = "read summaries of versions"
    READ_FAIRNESS = "read fairness reports"
    READ_PROOFS = "read proofs, prices and rules of versions"
    ADJUST = "adjust quotas"
    SUBMIT = "submit versions"
    APPROVE = "approve versions"
    PUBLISH = "publish versions"
    FREEZE = "freeze what a unit carries"
    WORK_UNIT = "work inside a frozen unit"
    REQUEST_CHANGE = "request changes of quotas"
    DECIDE_CHANGE = "decide on requested changes"
    READ_CHANGES = "read requested changes"
    COUNT_CHANGES = "read statistics of requested changes"
    WRITE_EVENTS = "record events"
    MANAGE_KEYS = "manage API keys"
    MANAGE_WEBHOOKS = "manage webhooks"
    FOLLOW_OPERATIONS = "follow and cancel operations"
    READ_AUDIT = "read the audit log"
    ERASE = "erase personal data"


_EVERYBODY = frozenset(Role)
_ADMIN = frozenset({Role.ADMIN})
_PLANNERS = _ADMIN | {Role.PLANNER}
_LEADERS = _PLANNERS | {Role.MANAGER}

ALLOWED: Mapping[Permission, frozenset[Role]] = {
    Permission.ALLOCATE: _LEADERS | {Role.INTEGRATION},
    Permission.READ_PLANS: _EVERYBODY,
    Permission.READ_INPUTS: _PLANNERS | {Role.AUDITOR, Role.INTEGRATION},
    Permission.WRITE_PLANS: _PLANNERS,
    Permission.WRITE_INPUTS: _PLANNERS | {Role.INTEGRATION},
    Permission.SOLVE: _PLANNERS,
    Permission.READ_QUOTAS: _EVERYBODY,
    Permission.EXPORT: _EVERYBODY - {Role.MANAGER, Role.REP},
    Permission.READ_SUMMARY: _EVERYBODY - {Role.REP},
    Permission.READ_FAIRNESS: _PLANNERS | {Role.HR, Role.AUDITOR},
    Permission.READ_PROOFS: _PLANNERS | {Role.AUDITOR},
    Permission.ADJUST: _LEADERS,
    Permission.SUBMIT: _PLANNERS,
    Permission.APPROVE: _ADMIN,
    Permission.PUBLISH: _ADMIN,
    Permission.FREEZE: _LEADERS,
    Permission.WORK_UNIT: _LEADERS,
    Permission.REQUEST_CHANGE: _LEADERS | {Role.REP},
    Permission.DECIDE_CHANGE: _LEADERS,
    Permission.READ_CHANGES: _LEADERS | {Role.REP, Role.AUDITOR},
    Permission.COUNT_CHANGES: _PLANNERS | {Role.HR, Role.AUDITOR},
    Permission.WRITE_EVENTS: _PLANNERS | {Role.INTEGRATION},
    Permission.MANAGE_KEYS: _ADMIN,
    Permission.MANAGE_WEBHOOKS: _ADMIN,
    Permission.FOLLOW_OPERATIONS: _EVERYBODY - {Role.HR},  # whose calls are all answered at once
    Permission.READ_AUDIT: _ADMIN | {Role.AUDITOR},
    Permission.ERASE: _ADMIN,
}


def may(caller: Caller, permission: Permission) -> bool:
    return caller.role in ALLOWED[permission]


def require(caller: Caller, permission: Permission) -> None:
    """Raises NotPermitted, which says who may."""
    if not may(caller, permission):
        roles = ", ".join(role for role in Role if role in ALLOWED[permission])
        raise NotPermitted(f"The role {caller.role} may not {permission}; who may: {roles}.")


@dataclass(frozen=True, slots=True)
class Needs:
    """A route's dependency: the caller may do this, or the answer is 403."""

    permission: Permission

    async def __call__(self, caller: CallerDep) -> None:
        require(caller, self.permission)


def needs(permission: Permission) -> Needs:
    return Needs(permission)
