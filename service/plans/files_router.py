"""The inputs of a plan as files over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import SessionsDep
from service.kit.errors import (
    BodyTooLarge,
    MalformedForm,
    PreconditionFailed,
    UnsupportedMediaType,
)
from service.kit.etags import IfMatchDep, etag_of, send_etag
from service.kit.examples import shown
from service.kit.forms import MULTIPART, open_form
from service.kit.headers import ETAG
from service.kit.problems import problems
from service.plans import files as usecases
from service.plans.domain import PlanNotFound
from service.plans.inputs import CurrencyChanged
from service.plans.inputs_router import Counts, Remark
from service.plans.router import PlanIdPath
from service.roster.file_schemas import FileNote, notes_of
from service.roster.files import FileFaults, sent
from service.roster.files.columns import TABLES

router = APIRouter(prefix="/plans", tags=["inputs"])

MOST_TOLD: Final = 1000
_LONGEST_TEXT: Final = 1024
_REPS: Final = """rep_id,name,unit,baseline,reach
r1,Ada Lovelace,west,"250,000","50,000"
r2,Grace Hopper,west,"230,000","50,000"
"""
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "CSV, XLSX or Parquet, each named like its table "
                            "(`reps.csv`, `history.parquet`, 销售员.xlsx …), or one workbook of "
                            "any other name with a sheet for each table",
                        },
                        "target": {
                            "type": "string",
                            "description": "The company's. Left out, a table of targets tells it",
                            "examples": ["1080000"],
                        },
                        "forecast": {"type": "string", "examples": ["1000000"]},
                    },
                },
                "examples": shown(
                    {
                        "reps.csv": {
                            "file": [_REPS],
                            "target": "562000",
                        }
                    }
                ),
            }
        },
    }
}


class FilesTaken(BaseModel):
    """What became of the files. Of each list the first thousand."""

    applied: bool = Field(description="Whether the plan has these inputs now")
    hash: str | None = Field(
        description="Of the content, as of inputs that are put; null where there is none",
        examples=["sha256:0c0f…"],
    )
    counts: Counts | None
    warnings: list[Remark]
    notes: list[str] = Field(
        description="What was made of the whole",
        examples=[["reps.csv: columns not read: shoe_size"]],
    )
    repaired: list[FileNote] = Field(description="Cells read otherwise than they stand there")
    refused: list[FileNote] = Field(
        description="Rows that cannot be read, and with `good_rows_only` rows that depend on them"
    )
    more_repaired: int = Field(examples=[0])
    more_refused: int = Field(examples=[0])

    @classmethod
    def of(cls, taken: usecases.Taken) -> Self:
        read = taken.read
        repaired = () if read is None else read.repaired
        warnings = () if read is None else read.inputs.warnings
        return cls(
            applied=taken.applied,
            hash=read and read.inputs.hash,
            counts=read and Counts(**read.inputs.counts),
            warnings=[Remark(pointer=own.pointer, detail=own.detail) for own in warnings],
            notes=[] if read is None else list(read.notes),
            repaired=notes_of(repaired[:MOST_TOLD]),
            refused=notes_of(taken.refused[:MOST_TOLD]),
            more_repaired=max(0, len(repaired) - MOST_TOLD),
            more_refused=max(0, len(taken.refused) - MOST_TOLD),
        )


async def receive(
    request: Request,
    *,
    good_rows_only: Annotated[
        bool,
        Query(description="Leave out rows that cannot be read, and all that depends on them"),
    ] = False,
    dry_run: Annotated[bool, Query(description="Tell what would become of it, no more")] = False,
) -> AsyncIterator[usecases.Upload]:
    """The form, whose files are open until the call is answered."""
    limit: int = request.app.state.settings.max_upload_bytes
    texts = {"target": _LONGEST_TEXT, "forecast": _LONGEST_TEXT}
    async with open_form(request, limit, files=2 * len(TABLES), texts=texts) as form:
        yield usecases.Upload(
            [sent(file.filename, file.file) for file in form.files],
            target=form.texts.get("target", "").strip() or None,
            forecast=form.texts.get("forecast", "").strip() or None,
            good_rows_only=good_rows_only,
            dry_run=dry_run,
        )


_TAKEN: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {
            ETAG: {
                "description": "Of the inputs that were taken; not with `dry_run`",
                "schema": {"type": "string"},
            }
        }
    }
}


@router.post(
    "/{plan_id}/inputs/files",
    responses=problems(
        PlanNotFound,
        CurrencyChanged,
        PreconditionFailed,
        FileFaults,
        MalformedForm,
        BodyTooLarge,
        UnsupportedMediaType,
    )
    | _TAKEN,
    openapi_extra=_BODY,
    dependencies=[Depends(needs(Permission.WRITE_INPUTS))],
)
def put_input_files(
    plan_id: PlanIdPath,
    *,
    upload: Annotated[usecases.Upload, Depends(receive)],
    response: Response,
    caller: CallerDep,
    sessions: SessionsDep,
    expected: IfMatchDep,
    now: NowDep,
) -> FilesTaken:
    """Replace the facts of a plan as one whole, as `PUT …/inputs` does, by what files say.

    What was read otherwise than it stands there is told by file, line and column. One row that
    cannot be read refuses the whole, unless the good rows are enough.
    """
    taken = usecases.put_files(sessions, caller, plan_id, upload, now=now, expected=expected)
    if taken.read is not None:
        send_etag(response, etag_of(taken.read.inputs.hash))
    return FilesTaken.of(taken)
