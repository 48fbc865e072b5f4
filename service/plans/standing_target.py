"""The company's target as it stands for a version, said by a feature that `plans` does not know.

A version says which target it was solved for. Events make it another one later, and `main` names
who knows of them, so that nothing calls upwards.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from sqlalchemy.orm import Session

type NewTarget = Callable[[Session, str, Mapping[str, Any]], int | None]
"""Of a plan, by its id, and the manifest of a version: what its target has become since the solve,
in minor units; None where it is the one that was solved for."""


async def new_target_of(request: Request) -> NewTarget:
    return cast("NewTarget", request.app.state.new_target)


NewTargetDep = Annotated[NewTarget, Depends(new_target_of)]
