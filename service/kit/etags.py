"""ETag and If-Match: a lost race is refused, not overwritten (RFC 9110, RFC 6585)."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Response

from service.kit.errors import PreconditionFailed, PreconditionRequired


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The states the caller is willing to change; None: any."""

    header: str | None = None

    def check(self, etag: str) -> None:
        """Raises PreconditionFailed if the resource has left those states."""
        if self.header is None or self.header.strip() == "*":
            return
        if etag not in [tag.strip() for tag in self.header.split(",")]:
            raise PreconditionFailed(
                "Somebody else changed it since you read it. Read it again and decide anew.",
                etag=etag,
            )


def etag_of(state: object) -> str:
    return f'"{state}"'


def send_etag(response: Response, etag: str) -> None:
    response.headers["ETag"] = etag


async def if_match(header: Annotated[str | None, Header(alias="If-Match")] = None) -> IfMatch:
    return IfMatch(header)


async def required_if_match(
    header: Annotated[
        str | None, Header(alias="If-Match", description="Required: the ETag you have read")
    ] = None,
) -> IfMatch:
    if header is None:
        raise PreconditionRequired(
            "Send the ETag of what you have read as If-Match, so that nobody's change is lost."
        )
    return IfMatch(header)


IfMatchDep = Annotated[IfMatch, Depends(if_match)]
RequiredIfMatchDep = Annotated[IfMatch, Depends(required_if_match)]
