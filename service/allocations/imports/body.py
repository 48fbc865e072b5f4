"""A plan made by hand as it comes: JSON, or a form with a file and its options.

    multipart/form-data
        file        CSV, XLSX or Parquet
        options     JSON: what a JSON body says beside `quotas`; may be left out

The limit of JSON bodies holds for files, too: such a sheet has a line for each person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, cast

from fastapi import Depends, Request, params

from service.allocations.imports.domain.sent import FileRows, JsonRows, Source
from service.allocations.imports.schemas import ImportIn, ImportOptions
from service.allocations.imports.usecases import Options
from service.kit.body import read_json_bytes
from service.kit.examples import shown
from service.kit.forms import MULTIPART, open_form
from service.kit.patient_body import PatientReader
from service.roster.files import Planned, read_planned


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
    if media_type != MULTIPART:
        return Received(await read_json_bytes(request))
    limit: int = request.app.state.settings.max_body_bytes
    async with open_form(request, limit, files=1, texts={"options": limit}) as form:
        (file,) = form.files
        content = await file.read()
        return Received(form.texts.get("options", "{}").encode(), (file.filename or "", content))


class ImportReader(PatientReader[Any]):
    """A dependency that answers `SentPlan`."""

    other_forms: ClassVar[Mapping[str, Any]] = {
        MULTIPART: {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "CSV, Parquet, or an XLSX workbook whose first sheet "
                        "counts. Columns: `rep_id` (销售员编号, 工号 …), `quota` (目标, 指标 …), "
                        "and months such as `2027-01`; all others are left alone",
                    },
                    "options": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "description": "What the JSON body says beside `quotas`",
                    },
                },
            },
            "examples": shown(
                {
                    "plan.csv": {
                        "file": 'rep_id,name,quota\nr1,Ada Lovelace,"310,000"\n',
                        "options": '{"missing": "as_solved", "note": "the planner\'s own"}',
                    }
                }
            ),
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
