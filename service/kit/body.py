"""Reading JSON bodies: quickly, with every fault named, and never a 500.

How a route uses it:

    def allocate(body: Annotated[AllocationIn, json_body(AllocationIn)], …) -> …:

`AllocationIn` is anything pydantic can validate (model, TypedDict, list); `openapi.py` documents it
as the request body. Name the body before the session, so that a slow upload holds no session.
Write money as `MoneyIn` and measurements as `Number`, which refuse NaN and infinities by name;
forbid unknown fields with `extra="forbid"`. A rule that pydantic cannot say is raised afterwards
as `InvalidInput([Fault("/reps/3/unit", "names no unit", "wets")])`.

* 413 more than `max_body_bytes`, announced or counted while the body streams in
* 415 the content type is not JSON
* 400 the bytes are not well-formed JSON in UTF-8: what, and at which line and column
* 422 the values are wrong: the first 100 faults and, in `more`, how many others were seen

Why `validate_json` on the bytes: for 10,000 reps (3.1 MB, 18 columns, two shared cores) it took
42-44 ms into TypedDict, dataclass or model rows, `json.loads` + `validate_python` 60-85 ms and
`orjson.loads` + `validate_python` 62-100 ms.

Why lists stop at their first wrong row, and a second look then finds the others: 25 MB of `{}` rows
are 8 million faults, which took pydantic a minute and 8 GB to tell.
"""

import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, cast

from fastapi import Depends, Request, params
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import (
    CoreConfig,
    CoreSchema,
    ErrorDetails,
    SchemaValidator,
    from_json,
    to_json,
)

from service.kit.errors import (
    MAX_FAULTS,
    BodyTooLarge,
    Fault,
    InvalidInput,
    MalformedBody,
    UnsupportedMediaType,
    pointer,
)

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


_ROWS_AT_ONCE = 1_000
_FAULTS_COUNTED = 10_000
_SHORT = 80
_BOM = b"\xef\xbb\xbf"


async def read_json_bytes(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not re.fullmatch(r"application/.+\+json", media_type):
        raise UnsupportedMediaType(
            f"Send the body as application/json, not as {media_type[:_SHORT]}."
            if media_type
            else "Send the header Content-Type: application/json."
        )
    limit: int = request.app.state.settings.max_body_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise BodyTooLarge(f"The body has more than {limit:,} bytes.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge(f"The body has more than {limit:,} bytes.")
    return bytes(body)


class JsonReader[T]:
    """A dependency that answers the body as a valid `schema`."""

    def __init__(self, schema: type[T]) -> None:
        self.schema = schema
        adapter = TypeAdapter(schema)
        config = cast("CoreConfig | None", getattr(adapter, "_config", None))
        # without _use_prebuilt=False, models inside would keep their own, patient lists
        self._first_fault = SchemaValidator(
            _stopping_at_first_row(adapter.core_schema), config, _use_prebuilt=False
        )
        self._every_fault = adapter

    def __call__(self, raw: Annotated[bytes, Depends(read_json_bytes)]) -> T:
        return self.parse(raw)  # not async, so FastAPI runs it in a thread

    def parse(self, raw: bytes) -> T:
        """Raises MalformedBody and InvalidInput."""
        raw = raw.removeprefix(_BOM)
        try:
            value: T = self._first_fault.validate_json(raw)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            if first["type"] == "json_invalid":
                raise _malformed(raw, first["ctx"]["error"]) from None
            raise self._invalid(raw) from None
        _refuse_what_json_cannot_say(raw)
        return value

    def _invalid(self, raw: bytes) -> InvalidInput:
        """Look again, at a thousand rows of every list at a time, and gather the faults."""
        faults: dict[str, Fault] = {}
        for part, first_row in _parts(from_json(raw)):
            try:
                self._every_fault.validate_json(to_json(part, inf_nan_mode="constants"))
            except ValidationError as error:
                for fault in _faults(error, part, first_row):
                    faults.setdefault(fault.pointer, fault)
            if len(faults) >= _FAULTS_COUNTED:
                break
        return InvalidInput(list(faults.values())[:MAX_FAULTS], count=len(faults))


def json_body[T](schema: type[T]) -> params.Depends:
    """The dependency that answers the request's body as a valid `schema`."""
    return cast("params.Depends", Depends(JsonReader(schema)))


def _stopping_at_first_row(schema: CoreSchema) -> CoreSchema:
    def walk(part: Any) -> Any:
        if isinstance(part, dict):
            copy = {key: part[key] if key == "metadata" else walk(part[key]) for key in part}
            return copy | {"fail_fast": True} if part.get("type") == "list" else copy
        if isinstance(part, list | tuple):
            return type(part)(walk(item) for item in part)
        return part

    return cast("CoreSchema", walk(schema))


def _malformed(raw: bytes, reason: str) -> MalformedBody:
    if not raw.strip():
        return MalformedBody("The body is empty; send a JSON document.")
    place = re.search(r"(.*?) at line (\d+) column (\d+)$", reason)
    if place is None:
        return MalformedBody(f"The body is not JSON: {reason}.")
    line, column = int(place[2]), int(place[3])
    what = {
        "recursion limit exceeded": "more than 200 levels of brackets",
        "invalid unicode code point": "bytes that are not UTF-8",
        "number out of range": "a number with thousands of digits",
    }.get(place[1], place[1])
    return MalformedBody(
        f"The body is not JSON that can be read: line {line}, column {column}: {what}.",
        line=line,
        column=column,
    )


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?Infinity|NaN|-?[0-9][0-9.eE+-]*')
_DIGITS_AS_0 = bytes(
    ord("0") if chr(byte).isdigit() and byte < 128 else ord("e") if byte == ord("E") else byte
    for byte in range(256)
)


def _refuse_what_json_cannot_say(raw: bytes) -> None:
    """NaN, Infinity and 1e400 in places whose type is free; typed numbers were refused before.

    The three quick searches (5 ms for 3 MB) find too much, never too little.
    """
    if b"NaN" not in raw and b"Infinity" not in raw:
        shape = raw.translate(_DIGITS_AS_0, b"+")
        if b"0e000" not in shape and b"0.e000" not in shape and b"0" * 309 not in shape:
            return
    for token in _TOKEN.finditer(raw):
        text = token[0]
        if text[:1] != b'"' and not math.isfinite(float(text)):
            before = raw[: token.start()]
            line = before.count(b"\n") + 1
            column = len(before) - (before.rfind(b"\n") + 1) + 1
            shown = text[:20].decode()
            raise MalformedBody(
                f"Line {line}, column {column}: {shown} is no finite number.",
                line=line,
                column=column,
            )


def _parts(document: Any) -> Iterator[tuple[Any, int]]:
    """The document with each of its lists cut to rows 0-999, then 1000-1999, …

    A list that has ended keeps its first row, so that it is never missed or called too short.
    """
    if isinstance(document, list):
        for rows, first_row in _parts({"": document}):
            yield rows[""], first_row
        return
    if not isinstance(document, dict):
        yield document, 0
        return
    lists = {key: rows for key, rows in document.items() if isinstance(rows, list)}
    rest = {key: _cut(value) for key, value in document.items() if key not in lists}
    longest = max(map(len, lists.values()), default=0)
    for start in range(0, max(longest, 1), _ROWS_AT_ONCE):
        yield (
            rest
            | {
                key: [_cut(row) for row in rows[start : start + _ROWS_AT_ONCE] or rows[:1]]
                for key, rows in lists.items()
            },
            start,
        )


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(value[key]) for key in list(value)[:_ROWS_AT_ONCE]}
    if isinstance(value, list):
        return [_cut(item) for item in value[:_ROWS_AT_ONCE]]
    return value


_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_pattern_mismatch": "must not contain control characters",
    "finite_number": "must be a finite number",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dataclass_type": "must be an object",
    "list_type": "must be a list",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
}


def sentence(error: ErrorDetails) -> str:
    """What pydantic found, as the rest of a sentence that begins with the place."""
    if error["type"] in _SENTENCES:
        return _SENTENCES[error["type"]]
    message = error["msg"].removeprefix("Value error, ")
    if message.startswith("Input should "):
        return "must " + message.removeprefix("Input should ")
    return message[:1].lower() + message[1:]


def _either(sentences: list[str]) -> str:
    first, *others = sentences
    return " or ".join([first, *(other.removeprefix("must be ") for other in others)])


def short_value(value: object) -> str | float | None:
    """What the caller sent, if that is short and can be said in JSON."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if math.isfinite(value):
            return value if abs(value) < 2**53 else str(value)[:_SHORT]
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return value if len(value) <= _SHORT else value[:_SHORT] + "…"
    return None


def _faults(error: ValidationError, document: Any, first_row: int) -> Iterator[Fault]:
    """One fault for every place; the branches of a union are said together."""
    places: dict[tuple[str | int, ...], tuple[list[str], object]] = {}
    for detail in error.errors(include_url=False, include_context=False):
        sentences, _ = places.setdefault(_path(detail, document), ([], detail["input"]))
        said = sentence(detail)
        if said not in sentences:
            sentences.append(said)
    for path, (sentences, value) in places.items():
        row_at = 0 if isinstance(document, list) else 1
        shown = list(path)
        rows_in = document if row_at == 0 else document.get(path[0]) if path else None
        if len(path) > row_at and isinstance(shown[row_at], int) and isinstance(rows_in, list):
            shown[row_at] = cast("int", shown[row_at]) + first_row
        yield Fault(pointer(shown), _either(sentences), short_value(value))


def _path(detail: ErrorDetails, document: Any) -> tuple[str | int, ...]:
    """The place of an error, without the names of union branches that pydantic puts into it."""
    path: list[str | int] = []
    here = document
    for part in detail["loc"]:
        if _holds(here, part):
            here = here[part]
            path.append(part)
        elif detail["type"] == "missing" and part == detail["loc"][-1]:
            path.append(part)
    return tuple(path)


def _holds(container: Any, key: str | int) -> bool:
    if isinstance(container, list):
        return isinstance(key, int) and key < len(container)
    return isinstance(container, dict) and key in container
