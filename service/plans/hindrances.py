"""What keeps a version from being handed in or published, said by features that `plans` does not
know.

`main` lists them, so that nothing calls upwards: units that are frozen and not signed, and whatever
else others must have finished.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from service.kit.errors import Conflict
from service.plans.tables import PlanVersion

type Hindrance = Callable[[Session, PlanVersion], Sequence[str]]
"""Sentences about what is unfinished; it sees to it that they stay true until the session ends."""


class VersionUnfinished(Conflict):
    """Others have not finished their part of the version."""


def refuse_unfinished(
    session: Session, version: PlanVersion, hindrances: Sequence[Hindrance]
) -> None:
    """Raises VersionUnfinished with everything that is in the way."""
    found = [reason for look in hindrances for reason in look(session, version)]
    if found:
        raise VersionUnfinished(" ".join(found), unfinished=found)


async def hindrances_of(request: Request) -> Sequence[Hindrance]:
    return cast("Sequence[Hindrance]", request.app.state.hindrances)


async def hindrances_of_submitting(request: Request) -> Sequence[Hindrance]:
    return cast("Sequence[Hindrance]", request.app.state.hindrances_of_submitting)


HindrancesDep = Annotated[Sequence[Hindrance], Depends(hindrances_of)]
"""Of publishing a version."""
SubmitHindrancesDep = Annotated[Sequence[Hindrance], Depends(hindrances_of_submitting)]
