"""Reading a body so that faults of its shape do not hide those between its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, params
from pydantic_core import from_json

from service.kit.body import JsonReader, read_json_bytes
from service.kit.errors import Fault, InvalidInput

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Sent:
    """A body and what is wrong with its shape.

    With faults, `document` is what is left of it without the faulty values; the checks that need
    the whole document go over it and report everything together. Without, it has the schema.
    """

    document: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()


class PatientReader[T](JsonReader[T]):
    """A dependency that answers `Sent`: for routes that have more to check than the shape."""

    def __init__(self, schema: type[T], parts: Mapping[str, type] | None = None) -> None:
        """`parts`: members that are objects of these; of one that was sent a level too high the
        fault says where it belongs.
        """
        super().__init__(schema)
        own = schema.__annotations__
        self._home = {
            f"/{field}": name
            for name, part in (parts or {}).items()
            for field in part.__annotations__
            if field not in own
        }

    def __call__(self, raw: Annotated[bytes, Depends(read_json_bytes)]) -> Any:
        return self.read(raw)

    def read(self, raw: bytes) -> Sent:
        """Raises MalformedBody, and InvalidInput where the faults are too many to go on."""
        try:
            valid: Any = self.parse(raw)
        except InvalidInput as error:
            document = from_json(raw.removeprefix(_BOM))
            if "more" in error.context or not isinstance(document, dict):
                raise
            for fault in error.faults:
                _remove(document, fault.pointer)
            return Sent(document, tuple(map(self._placed, error.faults)))
        return Sent(valid)

    def _placed(self, fault: Fault) -> Fault:
        if (home := self._home.get(fault.pointer)) is None:
            return fault
        return replace(fault, detail=f"is a member of `{home}`: put it there")


def patient_body[T](schema: type[T], **parts: type) -> params.Depends:
    """What stands behind `sent: Annotated[Sent, …]` in a route; parts as in `PatientReader`."""
    depends: params.Depends = Depends(PatientReader(schema, parts))
    return depends


def _remove(document: dict[str, Any], place: str) -> None:
    """Take the faulty value out; rows keep their numbers, and texts stay known as ids."""
    *parents, last = [
        part.replace("~1", "/").replace("~0", "~") for part in place.split("/")[1:]
    ] or [""]
    here: Any = document
    for part in parents:
        here = here[int(part)] if isinstance(here, list) else here.get(part, {})
    if isinstance(here, list):
        here[int(last)] = {}
    elif isinstance(here, dict) and not (last == "id" and isinstance(here.get(last), str)):
        here.pop(last, None)
