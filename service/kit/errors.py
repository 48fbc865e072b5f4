"""What can go wrong, as the caller sees it.

The problem document (RFC 9457) follows from the class: name -> `type`, first line of the docstring
-> `title`, and the class carries the status. Features derive their own errors from these.

* AppError                     500
  x BadRequest                 400
    + MalformedBody
    + MalformedForm
  x NotAuthenticated           401
  x NotPermitted               403
    + CrossSiteRequest
    + ForeignHost
  x NotFound                   404
  x MethodNotAllowed           405
  x NotAcceptable              406
  x Conflict                   409
  x PreconditionFailed         412
  x BodyTooLarge               413
  x UnsupportedMediaType       415
  x Unprocessable              422
    + InvalidInput             with `errors`: every fault with its JSON pointer
  x PreconditionRequired       428
  x TooManyRequests            429
  x Unavailable                503
    + DatabaseUnavailable
"""

import inspect
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

MAX_FAULTS = 100
_SHORT = 80
_LONGEST_POINTER = 500


def short_value(value: object) -> str | float | None:
    """What the caller sent, if that is short and can be said in JSON."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if abs(value) < 2**53:
            return value
        if isinstance(value, int) or math.isfinite(value):  # isfinite fails on a huge int
            return str(value)[:_SHORT]
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return value if len(value) <= _SHORT else value[:_SHORT] + "…"
    return None


class AppError(Exception):
    """The request could not be carried out."""

    status: ClassVar[int] = 500

    def __init__(self, detail: str, **context: object) -> None:
        """`context`: extra members of the problem document, JSON values."""
        super().__init__(detail)
        self.detail = detail
        self.context = context
        self.headers: dict[str, str] = {}

    @classmethod
    def type_path(cls) -> str:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__)
        return f"/problems/{words.lower()}"

    @classmethod
    def title(cls) -> str:
        return (inspect.getdoc(cls) or "").partition("\n")[0]


class BadRequest(AppError):
    """The request cannot be understood."""

    status = 400


class MalformedBody(BadRequest):
    """The body is not well-formed JSON."""


class MalformedForm(BadRequest):
    """The form cannot be taken apart."""


class NotAuthenticated(AppError):
    """A valid API key is needed."""

    status = 401

    def __init__(self, detail: str, **context: object) -> None:
        super().__init__(detail, **context)
        self.headers = {"WWW-Authenticate": 'Bearer realm="fairquota"'}


class NotPermitted(AppError):
    """The caller may not do this."""

    status = 403


class CrossSiteRequest(NotPermitted):
    """A page of another site may not write here."""


class ForeignHost(NotPermitted):
    """In local mode the service answers under loopback names only."""


class NotFound(AppError):
    """There is no such thing."""

    status = 404


class MethodNotAllowed(AppError):
    """The method is not allowed here."""

    status = 405


class NotAcceptable(AppError):
    """The answer does not come in this format."""

    status = 406


class Conflict(AppError):
    """The present state does not allow this."""

    status = 409


class PreconditionFailed(AppError):
    """The resource has changed in the meantime."""

    status = 412


class BodyTooLarge(AppError):
    """The body is too large."""

    status = 413


class UnsupportedMediaType(AppError):
    """The content type is not supported."""

    status = 415


class Unprocessable(AppError):
    """The request is understood but cannot be carried out."""

    status = 422


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend in a body: where (RFC 6901, `""` is the whole body), what, and its value.

    `value` as it came: the document shows what `short_value` makes of it.
    """

    pointer: str
    detail: str
    value: object = None

    @property
    def shown_pointer(self) -> str:
        """Without the megabytes that an unknown field may be called."""
        whole = len(self.pointer) <= _LONGEST_POINTER
        return self.pointer if whole else self.pointer[:_LONGEST_POINTER] + "…"

    def as_json(self) -> dict[str, object]:
        member: dict[str, object] = {"pointer": self.shown_pointer, "detail": self.detail}
        if (shown := short_value(self.value)) is not None:
            member["value"] = shown
        return member


class InvalidInput(Unprocessable):
    """The input has faults."""

    def __init__(self, faults: Sequence[Fault], *, count: int | None = None) -> None:
        """`faults` must not be empty; `count`: how many there are if `faults` is cut short."""
        self.faults = tuple(faults)
        total = max(count or 0, len(self.faults))
        shown = self.faults[:MAX_FAULTS]
        place = shown[0].shown_pointer
        first = f"{place}: {shown[0].detail}" if place else shown[0].detail
        super().__init__(
            first if total == 1 else f"{total} faults; the first is {first}",
            errors=[fault.as_json() for fault in shown],
            **({"more": total - len(shown)} if total > len(shown) else {}),
        )


class PreconditionRequired(AppError):
    """This call needs an If-Match header."""

    status = 428


class TooManyRequests(AppError):
    """Too many requests came in a short time."""

    status = 429

    def __init__(self, detail: str, *, seconds: int) -> None:
        """`seconds`: when it is worth to come again."""
        super().__init__(detail)
        self.headers = {"Retry-After": str(seconds)}


class Unavailable(AppError):
    """The service cannot answer just now."""

    status = 503

    def __init__(self, detail: str, **context: object) -> None:
        super().__init__(detail, **context)
        self.headers = {"Retry-After": "5"}


class NeedsMoreMemory(Unavailable):
    """It needs more memory than the process may have."""

    def __init__(self, detail: str, **context: object) -> None:
        super().__init__(detail, **context)
        self.headers = {}  # asking again in five seconds would end in the same way


class DatabaseUnavailable(Unavailable):
    """The database cannot be used just now."""


def pointer(parts: Iterable[str | int]) -> str:
    """The RFC 6901 pointer of a path: `("reps", 3, "min")` -> `/reps/3/min`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
