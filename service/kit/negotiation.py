"""In which of its formats a call answers: as `Accept` says (RFC 9110, section 12.5.1)."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final, cast

from fastapi import Depends, Request, params

from service.kit.errors import NotAcceptable

JSON: Final = "application/json"
VARY: Final = {"Vary": "Accept"}
"""The headers of an answer that comes in several formats, for caches."""
_QUALITY: Final = re.compile(r"0?\.[0-9]+|0\.?|1(\.0*)?")
"""More than the RFC has: Java asks for `*/*; q=.2`."""
_SHOWN: Final = 80


def answer_in(*offered: str) -> params.Depends:
    """A dependency: the media type to answer in. Of equally welcome ones it is the first."""

    async def negotiate(request: Request) -> str:
        accept = ",".join(request.headers.getlist("accept"))
        if (found := preferred(accept, offered)) is not None:
            return found
        refusal = NotAcceptable(
            f"{accept[:_SHOWN]} is not available: this answer comes as {', '.join(offered)}."
        )
        refusal.headers = VARY
        raise refusal

    return cast("params.Depends", Depends(negotiate))


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """The most welcome of these media types; None where none is. No wish: the first.

    Parameters of media types other than `q` change nothing; ranges that are none are passed over.
    """
    if not accept.strip():
        return offered[0]
    ranges = dict(_ranges(accept))
    best = max(offered, key=lambda own: _quality(own, ranges))  # of equals the first
    return best if _quality(best, ranges) > 0 else None


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        told = [own.partition("=")[2] for own in parameters if own.startswith("q=")]
        if all(_QUALITY.fullmatch(quality) for quality in told):
            yield name, min(map(float, told), default=1.0)


def _quality(media_type: str, ranges: dict[str, float]) -> float:
    """What the most specific range says; below nothing where none fits."""
    kind = media_type.partition("/")[0]
    fitting = (ranges[name] for name in (media_type, f"{kind}/*", "*/*") if name in ranges)
    return next(fitting, -math.inf)
