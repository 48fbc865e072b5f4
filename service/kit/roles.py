"""What a caller can be to the company; `access.py` says what each may do."""

from enum import StrEnum
from typing import Final, Literal


class Role(StrEnum):
    ADMIN = "admin"
    PLANNER = "planner"
    MANAGER = "manager"
    REP = "rep"
    HR = "hr"
    AUDITOR = "auditor"
    INTEGRATION = "integration"


type Scope = Literal["unit", "rep"]

_DECIDING: Final = frozenset({Role.ADMIN, Role.PLANNER, Role.MANAGER})
"""They may say which rep they are themselves, so that they do not decide on their own quota."""
_SCOPES: Final[dict[Scope, Role]] = {"unit": Role.MANAGER, "rep": Role.REP}


def scope_fault(role: Role, scope: Scope, value: str | None) -> str | None:
    """What is wrong with the unit or rep of a caller of this role; None if nothing is."""
    if role is _SCOPES[scope]:
        return f"is required: a {role} has one {scope}" if value is None else None
    if scope == "rep" and role in _DECIDING:
        return None
    return None if value is None else f"is for the role {_SCOPES[scope]}, not for {role}"
