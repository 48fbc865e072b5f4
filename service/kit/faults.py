"""Naming what is wrong with a body: every fault with its place (RFC 6901), in words for people."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json, to_json

from service.kit.errors import MAX_FAULTS, Fault, InvalidInput, pointer

_ROWS_AT_ONCE = 1_000
_FAULTS_COUNTED = 10_000


def every_fault(adapter: TypeAdapter[Any], raw: bytes, first: ValidationError) -> InvalidInput:
    """The faults of a well-formed JSON body that `adapter` refuses, a thousand rows at a time.

    Looking ends with the rows in which the count passes 10,000. Of an object with more members,
    those with a name that some field has are looked at, and a thousand others; of a list inside a
    row, a thousand rows. Where nothing is wrong with all that, the faults are those of `first`.
    """
    faults: dict[str, Fault] = {}
    known = frozenset(_field_names(adapter.core_schema))
    document = from_json(raw)
    for part, first_rows in _parts(document, known):
        try:
            adapter.validate_json(to_json(part, inf_nan_mode="constants"))
        except ValidationError as error:
            for fault in _faults(error, part, first_rows):
                faults.setdefault(fault.pointer, fault)
        if len(faults) >= _FAULTS_COUNTED:
            break
    if not faults:
        faults = {fault.pointer: fault for fault in _faults(first, document, {})}
    return InvalidInput(list(faults.values())[:MAX_FAULTS], count=len(faults))


def _field_names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        fields = schema.get("fields")
        if isinstance(fields, dict):
            yield from fields
        for key in schema.keys() - {"metadata"}:
            yield from _field_names(schema[key])
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _field_names(part)


def _parts(document: Any, known: frozenset[str]) -> Iterator[tuple[Any, dict[str, int]]]:
    """The document with each of its lists cut to rows 0-999, then 1000-1999, …

    Beside it: which row each list begins with (under "" if the document is itself a list). A list
    that has ended keeps its first row, so that it is never missed or called too short.
    """
    if isinstance(document, list):
        for rows, first_rows in _parts({"": document}, known | {""}):
            yield rows[""], first_rows
        return
    if not isinstance(document, dict):
        yield document, {}
        return
    shown = _members(document, known)
    lists = {key: rows for key, rows in shown.items() if isinstance(rows, list)}
    rest = {key: _cut(value, known) for key, value in shown.items() if key not in lists}
    longest = max(map(len, lists.values()), default=0)
    for start in range(0, max(longest, 1), _ROWS_AT_ONCE):
        yield (
            rest
            | {
                key: [_cut(row, known) for row in rows[start : start + _ROWS_AT_ONCE] or rows[:1]]
                for key, rows in lists.items()
            },
            {key: start if start < len(rows) else 0 for key, rows in lists.items()},
        )


def _cut(value: Any, known: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _cut(member, known) for key, member in _members(value, known).items()}
    if isinstance(value, list):
        return [_cut(item, known) for item in value[:_ROWS_AT_ONCE]]
    return value


def _members(value: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    if len(value) <= _ROWS_AT_ONCE:
        return value
    kept = {*islice((key for key in value if key not in known), _ROWS_AT_ONCE), *known}
    return {key: member for key, member in value.items() if key in kept}


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
    message = error["msg"].removeprefix("Value error, ").replace(" after validation", "")
    _, should, what = message.partition(" should ")
    if should:
        return f"must {what}"
    return message[:1].lower() + message[1:]


def _either(sentences: list[str]) -> str:
    first, *others = sentences
    return " or ".join([first, *(other.removeprefix("must be ") for other in others)])


def _faults(error: ValidationError, document: Any, first_rows: dict[str, int]) -> Iterator[Fault]:
    """One fault for every place; the branches of a union are said together."""
    places: dict[tuple[str | int, ...], tuple[list[str], object]] = {}
    for detail in error.errors(include_url=False, include_context=False):
        sentences, _ = places.setdefault(_path(detail, document), ([], detail["input"]))
        said = sentence(detail)
        if said not in sentences:
            sentences.append(said)
    for path, (sentences, value) in places.items():
        yield Fault(pointer(_in_whole(path, document, first_rows)), _either(sentences), value)


def _in_whole(
    path: tuple[str | int, ...], part: Any, first_rows: dict[str, int]
) -> tuple[str | int, ...]:
    """The path in the whole document of a place in one of its parts."""
    match path:
        case (int(row), *rest) if isinstance(part, list):
            return (row + first_rows[""], *rest)
        case (str(key), int(row), *rest) if key in first_rows:
            return (key, row + first_rows[key], *rest)
    return path


def _path(detail: ErrorDetails, document: Any) -> tuple[str | int, ...]:
    """The place of an error, without the names of union branches that pydantic puts into it."""
    path: list[str | int] = []
    here = document
    for part in detail["loc"]:
        if _holds(here, part):
            here = here[part]
            path.append(part)
        elif _is_left_out(detail, here, part):
            path.append(part)
    return tuple(path)


def _is_left_out(detail: ErrorDetails, container: Any, part: str | int) -> bool:
    """Whether the fault is about a member that is not there: required, or needed beside others."""
    said = detail["type"] in ("missing", "value_error") and isinstance(container, dict)
    return said and part == detail["loc"][-1]


def _holds(container: Any, key: str | int) -> bool:
    if isinstance(container, list):
        return isinstance(key, int) and key < len(container)
    return isinstance(container, dict) and key in container
