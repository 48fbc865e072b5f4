"""Forms with files (multipart/form-data), taken apart while they stream in.

Of each file a megabyte is kept in memory and the rest on disk; the limit is counted on the way, so
that nobody fills the disk. Files stand in the field `file`, as often as there are files.

* 413 the whole form is larger than the limit, announced or counted
* 415 it is no such form, or it is compressed
* 400 it cannot be taken apart, has a field that the call does not take, or no file
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.kit.body import announces_more
from service.kit.errors import BodyTooLarge, MalformedForm, UnsupportedMediaType

MULTIPART: Final = "multipart/form-data"
FILE: Final = "file"
_SHORT: Final = 80


class _TooLarge(MultiPartException):
    """Raised inside the parser, which then closes what it has opened."""


@dataclass(frozen=True, slots=True)
class Form:
    """What came: files that are open as long as the form is, and texts by their field."""

    files: list[UploadFile]
    texts: Mapping[str, str]


@asynccontextmanager
async def open_form(
    request: Request, limit: int, *, files: int, texts: Mapping[str, int]
) -> AsyncIterator[Form]:
    """`limit`: bytes of the whole; `files`: how many at most; `texts`: the other fields that there
    may be, and how many bytes each may have.

    Raises UnsupportedMediaType, BodyTooLarge and MalformedForm.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MULTIPART:
        raise UnsupportedMediaType(
            f"Send files as a form, {MULTIPART}, in the field `{FILE}`, not as "
            f"{media_type[:_SHORT] or 'nothing that is named'}."
        )
    form = await _parsed(request, limit, files, texts)
    try:
        yield _sorted_out(form, texts)
    finally:
        await form.close()


async def _parsed(request: Request, limit: int, files: int, texts: Mapping[str, int]) -> FormData:
    too_large = BodyTooLarge(
        f"The form has more than {limit:,} bytes. Leave out what is not needed, add history up to "
        "one row per rep and month, send Parquet, or have the server's limit raised."
    )
    if announces_more(request, limit):
        raise too_large

    async def counted() -> AsyncGenerator[bytes]:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise _TooLarge("it is too large")
            yield piece

    try:
        return await MultiPartParser(
            request.headers,
            counted(),
            max_files=files,
            max_fields=len(texts),
            max_part_size=max(texts.values(), default=1024),
        ).parse()
    except _TooLarge:
        raise too_large from None
    except (MultiPartException, KeyError) as reason:
        detail = getattr(reason, "message", "it names no boundary")
        raise MalformedForm(f"The form cannot be taken apart: {detail}") from None


def _sorted_out(form: FormData, texts: Mapping[str, int]) -> Form:
    found = Form([], told := {})
    takes = " and ".join((FILE, *texts))
    for name, value in form.multi_items():
        if name not in {FILE, *texts}:
            raise MalformedForm(f"The form has a field {name[:_SHORT]!r}; it takes {takes}.")
        if isinstance(value, UploadFile):
            if name != FILE:
                raise MalformedForm(f"The field `{name}` is no file.")
            found.files.append(value)
        elif name == FILE:
            raise MalformedForm(f"The field `{FILE}` is a file, with a name.")
        elif name in told:
            raise MalformedForm(f"The field `{name}` stands twice.")
        else:
            told[name] = value
    if not found.files:
        raise MalformedForm(f"The form needs a file in the field `{FILE}`, with a name.")
    return found
