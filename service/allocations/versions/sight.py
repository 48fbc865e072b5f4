"""The question that every route about a version asks first: what does the caller see of it?"""

from typing import Annotated

from fastapi import Depends

from service.allocations.versions.usecases.visible import see_version
from service.kit.auth import CallerDep
from service.kit.db import ReadSessionDep
from service.plans.router import NumberPath, PlanIdPath
from service.plans.sight import Sight


def look_at_version(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: ReadSessionDep
) -> Sight:
    _, sight = see_version(session, caller, plan_id, number)
    return sight


SightDep = Annotated[Sight, Depends(look_at_version)]
