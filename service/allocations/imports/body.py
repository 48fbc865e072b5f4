"""A plan made by hand as it comes: JSON, or a form with a file and its options.

    multipart/form-data
        file        CSV, XLSX or Parquet
        options     JSON: what a JSON body says beside `quotas`; may be left out

The whole body is read before it is taken apart, so that the limit of bodies holds for files, too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, cast

from fastapi import Depends, Request, params
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.allocations.imports.domain.sent import FileRows, JsonRows, Source
from service.allocations.imports.schemas import ImportIn, ImportOptions
from service.allocations.imports.usecases import Options
from service.kit.body import read_bytes, read_json_bytes
from service.kit.errors import MalformedBody
from service.kit.patient_body import PatientReader
from service.roster.files import Planned, read_planned

_FORM: Final = "multipart/form-data"
_FIELDS: Final = ("file", "options")


@dataclass(frozen=True, slots=True)
class Received:
    """A body before it is read: JSON, or the parts of a form."""

    json: bytes
    file: tuple[str, bytes] | None = None
    """Name and content."""


@dataclass(frozen=True, slots=True)
class SentPlan:
    """A plan made by hand, and how it is to be taken."""

    source: Source
    options: Options
    sheet: Planned | None = None
    """Where it came as a file."""


async def receive(request: Request) -> Received:
    """Raises UnsupportedMediaType, BodyTooLarge and MalformedBody."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM:
        return Received(await read_json_bytes(request))
    raw = await read_bytes(request)

    async def stream() -> AsyncGenerator[bytes]:
        yield raw

    try:
        parser = MultiPartParser(
            request.headers, stream(), max_files=1, max_fields=2, max_part_size=len(raw) + 1
        )
        form = await parser.parse()
    except (MultiPartException, KeyError) as reason:
        detail = getattr(reason, "message", "it names no boundary")
        raise MalformedBody(f"The form cannot be read: {detail}") from None
    try:
        return await _parts(form)
    finally:
        await form.close()


async def _parts(form: FormData) -> Received:
    others = [name for name, _ in form.multi_items() if name not in _FIELDS]
    if others:
        raise MalformedBody(f"The form has a field {others[0][:80]!r}; it takes file and options.")
    file, options = form.get("file"), form.get("options")
    if not isinstance(file, UploadFile):
        raise MalformedBody("The form needs a file in the field `file`, with a name.")
    if isinstance(options, UploadFile):
        raise MalformedBody("The field `options` is JSON, not a file.")
    return Received((options or "{}").encode(), (file.filename or "file", await file.read()))


class ImportReader(PatientReader[Any]):
    """A dependency that answers `SentPlan`."""

    other_forms: ClassVar[Mapping[str, Any]] = {
        _FORM: {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {
                    "type": "string",
                    "format": "binary",
                    "description": "CSV, Parquet, or an XLSX workbook whose first sheet counts. "
                    "Columns: `rep_id` (销售员编号, 工号 …), `quota` (目标, 指标 …), and months "
                    "such as `2027-01`; all others are left alone",
                },
                "options": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "description": "What the JSON body says beside `quotas`",
                },
            },
        }
    }

    def __init__(self) -> None:
        super().__init__(ImportIn)
        self._options = PatientReader(ImportOptions)

    def __call__(self, received: Annotated[Received, Depends(receive)]) -> SentPlan:  # type: ignore[override]
        if received.file is None:
            sent = self.read(received.json)
            return SentPlan(JsonRows.of(sent.document), Options.of(sent.document, sent.faults))
        sent = self._options.read(received.json)
        sheet = read_planned(*received.file)
        return SentPlan(FileRows(sheet), Options.of(sent.document, sent.faults), sheet)


def sent_plan() -> params.Depends:
    return cast("params.Depends", Depends(ImportReader()))
