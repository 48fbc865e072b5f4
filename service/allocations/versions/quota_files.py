"""The quotas of a version as files: CSV, XLSX and Parquet with a row for each rep, NDJSON with
the rows of the JSON pages.

A file is written whole before the first byte is sent, outside memory where it is large: so it is
never cut off by something that is found damaged, and a slow reader keeps no transaction open.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, ClassVar, Final, cast
from urllib.parse import quote

import orjson
from anyio import Semaphore
from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.usecases.reading import Quotas, unknown
from service.kit.errors import Unavailable
from service.kit.headers import CONTENT_DISPOSITION, VERSION_HASH, sent
from service.kit.negotiation import JSON, VARY, answer_in
from service.kit.pages import PageDep, PageRequest
from service.kit.parquet import Kind, write_parquet
from service.kit.spreadsheets import Cell, write_csv, write_xlsx
from service.plans.tables import Plan, PlanVersion

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET: Final = "application/vnd.apache.parquet"
_SUFFIXES: Final = {CSV: "csv", XLSX: "xlsx", PARQUET: "parquet", NDJSON: "ndjson"}
_TEXT: Final = {"type": "string", "description": "One line for each row, all of them"}
_BINARY: Final = {"type": "string", "format": "binary"}
_CONTENT: Final = {
    CSV: {"schema": _TEXT},
    NDJSON: {"schema": _TEXT},
    XLSX: {"schema": _BINARY},
    PARQUET: {"schema": _BINARY},
}
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page as JSON, or all rows as a file",
        "headers": sent(CONTENT_DISPOSITION, VERSION_HASH),
        "content": _CONTENT,
    }
}
"""For `responses=`."""
AT_ONCE: Final = 2
"""How many files of a process are written at once; more would only wait for each other."""
_IN_MEMORY: Final = 1_000_000
_PIECE: Final = 65_536
_LONGEST: Final = 60
"""Characters of a plan's name in a file's: systems take 255 bytes, four for some characters."""
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
"""In names of files, on one system or another."""
_OF_REPS: Final = (
    "baseline", "growth", "over_last_year", "effort", "attainment_probability", "floor", "cap",
)  # fmt: skip
_TEXTS: Final = frozenset({"rep", "unit", "product", "customer_type", "binding"})
_FIGURES: Final = frozenset(_OF_REPS) - {"floor", "cap"}

MediaTypeDep = Annotated[str, answer_in(JSON, *_SUFFIXES)]


async def take_a_turn(request: Request) -> AsyncIterator[None]:
    """Files one after the other: sixty that were written at once kept a page waiting for a minute.

    Raises NobodyWaits, so that callers who lost patience and ask again do not wait for themselves.
    """
    async with cast("Semaphore", request.app.state.turns_of_files):
        if await request.is_disconnected():
            raise NobodyWaits("The caller has gone away before the file was begun.")
        yield


async def take_turns(request: Request, media_type: MediaTypeDep) -> AsyncIterator[None]:
    """The same for answers that may be files."""
    if media_type == JSON:
        yield
        return
    async with asynccontextmanager(take_a_turn)(request):
        yield


# scope="function" ends the turn when the file is written, not when it was sent
TurnDep = Annotated[None, Depends(take_turns, scope="function")]
FileTurnDep = Annotated[None, Depends(take_a_turn, scope="function")]


async def page_or_all(
    request: Request, page: PageDep, media_type: MediaTypeDep
) -> PageRequest | None:
    for name in ("cursor", "limit"):
        if media_type != JSON and name in request.query_params:
            raise unknown(name, f"is for {JSON}: a file has all rows")
    return page if media_type == JSON else None


PageOrAllDep = Annotated[PageRequest | None, Depends(page_or_all)]


class NobodyWaits(Unavailable):
    """Nobody waits for this answer any more."""


@dataclass(frozen=True, slots=True)
class QuotaSheet:
    """A row for each rep, or with `lines_alone` for each of the lines that were asked for. Amounts
    have all digits of the currency; the columns have the names that `fairquota allocate` uses.
    """

    quotas: Quotas
    shown: Callable[[Row], Row]
    """A stored row as the caller sees it in JSON."""
    lines_alone: bool = False
    name: ClassVar = "quotas"
    formats: ClassVar[Mapping[int, str]] = {}

    @property
    def columns(self) -> Sequence[str]:
        part = () if self.quotas.part is None else ("part",)
        if self.lines_alone:
            own = "rep", "unit", "product", "customer_type", "quota", *part
        else:
            own = "rep", "unit", "quota", *part, *_OF_REPS, "binding"
        return *own, *self.quotas.months

    @property
    def rows(self) -> Iterator[Sequence[Cell]]:
        of = self._of_lines if self.lines_alone else self._of_rep
        for row in self.quotas.rows:
            yield from of(row)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The columns with what stands in them."""
        return {
            name: str if name in _TEXTS else float if name in _FIGURES else self.quotas.digits
            for name in self.columns
        }

    def _of_rep(self, row: Row) -> Iterator[Sequence[Cell]]:
        shown = self.shown(row)
        months = row["months"] if self.quotas.months else ()
        amounts = {name: self._amount(row[name]) for name in ("floor", "cap")}
        yield (
            row["rep"],
            row["unit"],
            self._amount(row["quota"]),
            *self._part(months),
            *((shown | amounts)[name] for name in _OF_REPS),
            " ".join(row["binding"]),
            *map(self._amount, months),
        )

    def _of_lines(self, row: Row) -> Iterator[Sequence[Cell]]:
        for number, amounts in row["lines"]:
            line = (self.quotas.lines or [])[number]
            yield (
                row["rep"],
                row["unit"],
                line["product"],
                line["customer_type"],
                self._amount(sum(amounts)),
                *self._part(amounts),
                *map(self._amount, amounts if self.quotas.months else ()),
            )

    def _part(self, months: Sequence[int]) -> Iterator[Cell]:
        if self.quotas.part is not None:
            yield self._amount(sum(months[k] for k in self.quotas.part))

    def _amount(self, minor: int | None) -> Cell:
        return None if minor is None else Decimal(minor).scaleb(-self.quotas.digits)


def write_quotas(media_type: str, sheet: QuotaSheet, plan: Plan, version: PlanVersion) -> BinaryIO:
    """An open file, as `written` answers it."""

    def write(stream: BinaryIO) -> None:
        if media_type == CSV:
            write_csv(sheet, stream)
        elif media_type == XLSX:
            write_xlsx([sheet], stream)
        elif media_type == PARQUET:
            write_parquet(sheet.kinds, sheet.rows, _told(sheet.quotas, plan, version), stream)
        else:
            shown = map(sheet.shown, sheet.quotas.rows)
            stream.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in shown)

    return written(write)


def written(write: Callable[[BinaryIO], None]) -> BinaryIO:
    """What is written to it as an open file, at its end; it is removed when it is closed."""
    file = _Spooled(_IN_MEMORY)
    stream = cast("BinaryIO", file)
    try:
        write(stream)
    except BaseException:
        stream.close()
        raise
    return stream


def _told(quotas: Quotas, plan: Plan, version: PlanVersion) -> dict[str, str]:
    """What a file says of its rows, for who finds it without its name."""
    told = {
        "plan": plan.id,
        "plan_name": plan.name,
        "version": str(version.number),
        "version_hash": version.hash,
        "measure": quotas.measure,
    } | dict([quotas.counted])
    if quotas.part is not None:
        told["part"] = " ".join(quotas.months[k] for k in quotas.part)
    return {f"fairquota.{name}": value for name, value in told.items()}


class _Spooled(SpooledTemporaryFile[bytes]):
    def writelines(self, lines: Iterable[Any]) -> None:
        """One by one: the inherited way keeps all of them in memory until the last."""
        for line in lines:
            self.write(line)


def file_of_version(
    version: PlanVersion,
    plan: Plan,
    media_type: str,
    file: BinaryIO,
    *,
    kind: str | None = None,
    more: Mapping[str, str] = VARY,
) -> Response:
    """The file as it is to be saved: under the plan's name, the version's number, and its kind.

    `more`: headers.
    """
    suffix = f"{kind}.{_SUFFIXES[media_type]}" if kind else _SUFFIXES[media_type]
    called = "".join(filter(str.isprintable, _UNSAFE.sub("-", plan.name)))[:_LONGEST].strip(" .")
    name = quote(f"{called or plan.id}-{version.number}.{suffix}", safe="")
    plain = f"{plan.id}-{version.number}.{suffix}"
    headers = {
        CONTENT_DISPOSITION: f"attachment; filename=\"{plain}\"; filename*=UTF-8''{name}",
        "Content-Length": str(file.tell()),
        VERSION_HASH: version.hash,
        **more,
    }
    return _FileResponse(file, media_type=media_type, headers=headers)


class _FileResponse(StreamingResponse):
    """Closes what it sends, also where the caller goes away: else it took room on the disk until
    Python looked for what nobody uses.
    """

    def __init__(self, file: BinaryIO, *, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(_pieces(file), media_type=media_type, headers=headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file:
            await super().__call__(scope, receive, send)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(0)
    while piece := stream.read(_PIECE):
        yield piece
