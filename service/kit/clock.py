"""The time of a request, handed to the use cases as a fact."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends


def utc_now() -> datetime:
    return datetime.now(UTC)


async def time_of_request() -> datetime:
    return utc_now()


NowDep = Annotated[datetime, Depends(time_of_request)]
