"""Reading JSON bodies: quickly, with every fault named, and never a 500.

How a route uses it:

    def allocate(body: Annotated[AllocationIn, json_body(AllocationIn)], …) -> …:

`AllocationIn` is anything pydantic can validate (model, TypedDict, list); `openapi.py` documents it
as the request body. Name the body before the session, so that a slow upload holds no session.
Write money as `MoneyIn` and measurements as `Number`, which refuse NaN and infinities by name;
forbid unknown fields with `extra="forbid"`. A rule that pydantic cannot say is raised afterwards
as `InvalidInput([Fault("/reps/3/unit", "names no unit", "wets")])`.

* 413 more than `max_body_bytes`, announced or counted while the body streams in
* 415 the content type is not JSON, or the body is compressed
* 400 the bytes are not well-formed JSON, 422 the values are wrong (`documents.py`)
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, cast

from fastapi import Depends, Request, params
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from service.kit.documents import DocumentReader
from service.kit.errors import BodyTooLarge, UnsupportedMediaType

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A measurement: any decimals, but a number."""

Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"
    ),
]
"""A name or title; control characters are refused (PostgreSQL cannot store a NUL)."""

Note = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
"""Free text."""


class InputModel(BaseModel):
    """The base of small bodies: unknown fields, lax types, NaN and infinities are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


_SHORT = 80


async def read_json_bytes(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not re.fullmatch(r"application/.+\+json", media_type):
        raise UnsupportedMediaType(
            f"Send the body as application/json, not as {media_type[:_SHORT]}."
            if media_type
            else "Send the header Content-Type: application/json."
        )
    return await read_bytes(request)


async def read_bytes(request: Request, limit: int | None = None) -> bytes:
    """The body whatever it is; raises UnsupportedMediaType where it is compressed, BodyTooLarge.

    It may be read again, by whomever. `limit`: bytes, `max_body_bytes` where left out.
    """
    if limit is None:
        limit = cast("int", request.app.state.settings.max_body_bytes)
    if announces_more(request, limit):
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    request._body = whole = bytes(body)  # noqa: SLF001 # where Request.body() keeps it
    return whole


def announces_more(request: Request, limit: int) -> bool:
    """Whether the header says so; raises UnsupportedMediaType where the body is compressed."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise UnsupportedMediaType(
            f"Send the body as it is, without Content-Encoding: {coding[:_SHORT]}."
        )
    announced = request.headers.get("content-length", "")
    return announced.isdecimal() and (len(announced) > 15 or int(announced) > limit)


async def read_json_bytes_if_any(request: Request) -> bytes | None:
    """None where the request has no body at all."""
    headers = request.headers
    if "transfer-encoding" not in headers and headers.get("content-length", "0") == "0":
        return None
    return await read_json_bytes(request)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body has more than {limit:,} bytes. Leave out what is null, add history up to one "
        "row per rep and month, or have the server's FAIRQUOTA_MAX_BODY_BYTES raised."
    )


class JsonReader[T](DocumentReader[T]):
    """A dependency that answers the body as a valid `schema`."""

    required: ClassVar[bool] = True
    other_forms: ClassVar[Mapping[str, Any]] = {}
    """Other content types that it reads, as the OpenAPI document has them."""

    def __call__(self, raw: Annotated[bytes, Depends(read_json_bytes)]) -> T:
        return self.parse(raw)  # not async, so FastAPI runs it in a thread


class OptionalJsonReader[T](JsonReader[T]):
    """The same, and `schema()` where there is no body."""

    required = False

    def __call__(self, raw: Annotated[bytes | None, Depends(read_json_bytes_if_any)]) -> T:
        return self.schema() if raw is None else self.parse(raw)


def json_body[T](schema: type[T]) -> params.Depends:
    """The dependency that answers the request's body as a valid `schema`."""
    return cast("params.Depends", Depends(JsonReader(schema)))


def optional_json_body[T](schema: type[T]) -> params.Depends:
    """The same of a request that may have none; all members of `schema` have defaults."""
    return cast("params.Depends", Depends(OptionalJsonReader(schema)))
