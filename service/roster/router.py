"""Empty files over HTTP."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from service.kit.access import Permission, needs
from service.kit.errors import NotFound
from service.kit.headers import CONTENT_DISPOSITION, CONTENT_LANGUAGE, sent
from service.kit.languages import preferred_language
from service.kit.problems import problems
from service.roster.files.columns import CHINESE, ENGLISH
from service.roster.files.templates import (
    WHOLE,
    file_name,
    find_template,
    template,
    template_names,
)

router = APIRouter(prefix="/templates", tags=["inputs"])

_MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The empty file",
        "headers": sent(CONTENT_DISPOSITION, CONTENT_LANGUAGE),
        "content": {
            _MEDIA_TYPES[".xlsx"]: {"schema": {"type": "string", "format": "binary"}},
            _MEDIA_TYPES[".csv"]: {"schema": {"type": "string"}},
        },
    }
}


class TemplateNotFound(NotFound):
    """There is no such template."""


@router.get(
    "/{file}",
    response_class=Response,
    responses=_FILES | problems(TemplateNotFound),
    dependencies=[Depends(needs(Permission.WRITE_INPUTS))],
)
def get_template(
    file: Annotated[
        str, Path(max_length=100, examples=["plan.xlsx"], description="plan.xlsx, reps.csv, …")
    ],
    *,
    lang: Annotated[
        Literal["en", "zh"] | None, Query(description="Left out: as `Accept-Language` says")
    ] = None,
    accept_language: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """An empty file to fill in and send to `…/inputs/files`: `plan.xlsx` with a sheet for each
    table, or one table as XLSX or CSV. Headers are English or Chinese; a workbook has a sheet that
    explains every column.
    """
    found = find_template(file)
    if found is None:
        raise TemplateNotFound(
            f"There is no template {file!r}. There are: {', '.join(template_names())}."
        )
    language = lang or preferred_language(accept_language or "", (ENGLISH, CHINESE))
    tables, kind = found
    name = quote(file_name(tables, kind, language), safe="")
    plain = (tables[0].name if len(tables) == 1 else WHOLE) + kind
    return Response(
        template(tables, kind, language),
        media_type=_MEDIA_TYPES[kind],
        headers={
            CONTENT_DISPOSITION: f"attachment; filename=\"{plain}\"; filename*=UTF-8''{name}",
            CONTENT_LANGUAGE: language,
            "Vary": "Accept-Language",
        },
    )
