"""CSV, in the encodings that spreadsheets save."""

from __future__ import annotations

import codecs
import csv
import io
from typing import BinaryIO, Final

from service.roster.files import rows as limits
from service.roster.files.rows import Rows, refuse, too_many_rows
from service.roster.files.sources import Source

_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PIECE: Final = 1 << 20


def csv_rows(source: Source) -> Rows:
    """Raises `FileFaults`."""
    with source.open() as stream:
        encoding = _encoding(source.name, stream)
        stream.seek(0)
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            return _rows(source.name, text, encoding)
        finally:
            text.detach()  # whoever opened the stream closes it


def _rows(name: str, text: io.TextIOWrapper, encoding: str) -> Rows:
    header, cells, lines = None, [], []
    reader = csv.reader(text, strict=True)
    before = size = 0
    try:
        for row in reader:
            size += len(row) or 1
            if any(row):
                if header is None:
                    header = row, before + 1
                else:
                    cells.append(row)
                    lines.append(before + 1)
            before = reader.line_num
            if len(cells) > limits.MOST_ROWS or size > limits.MOST_CELLS:
                raise too_many_rows(name)
    except csv.Error as error:
        raise refuse(name, f"is not CSV: {error}", before + 1) from None
    except UnicodeDecodeError:
        raise refuse(name, f"is not {encoding.upper()} to its end", before + 1) from None
    notes = () if encoding == "utf-8-sig" else (f"was read as {encoding.upper()}",)
    return Rows(header and header[0], cells, lines, header and header[1], notes)


def _encoding(name: str, stream: BinaryIO) -> str:
    """UTF-8, UTF-16 with its mark, or GB18030 where what it says is mostly common Chinese."""
    if stream.read(2) in _MARKS:
        return "utf-16"
    try:
        _read_through(stream, "utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8-sig"
    try:
        strange, common = _read_through(stream, "gb18030")
    except UnicodeDecodeError:
        strange, common = 1, 0
    # Texts of western Europe can be read as rare characters that no Chinese would write.
    if common >= strange:
        return "gb18030"
    reason = "is not UTF-8 and not GB18030: save the file as CSV UTF-8"
    raise refuse(name, reason, _first_line_not_utf_8(stream))


def _read_through(stream: BinaryIO, encoding: str) -> tuple[int, int]:
    """How many characters beyond ASCII are none of GB 2312's, and how many are."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    strange = common = 0
    while piece := stream.read(_PIECE):
        text = decoder.decode(piece)
        if encoding != "utf-8":
            plain = len(text.encode("ascii", "ignore"))
            chinese = len(text.encode("gb2312", "ignore").decode("gb2312"))
            strange, common = strange + len(text) - chinese, common + chinese - plain
    decoder.decode(b"", final=True)
    return strange, common


def _first_line_not_utf_8(stream: BinaryIO) -> int:
    stream.seek(0)
    for line, raw in enumerate(stream, start=1):
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            return line
    return 1
