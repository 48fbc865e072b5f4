"""Files by their names, wherever they are: in a folder, or sent with a form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import BinaryIO, Final

from service.roster.files.columns import table_named

_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its name without folders, and how it is opened when its turn comes."""

    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]]

    @property
    def suffix(self) -> str:
        return PurePath(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        return PurePath(self.name).stem


def on_disk(path: Path) -> Source:
    return Source(path.name, lambda: path.open("rb"))


def sent(name: str | None, stream: BinaryIO) -> Source:
    """A file of a form; only the last part of its name counts, whoever made it up."""
    plain = PurePath((name or "").replace("\\", "/")).name
    shown = "".join(sign for sign in _known(plain) if sign.isprintable())
    return Source(shown[-_LONGEST:] or "file", partial(_rewound, stream))


def _known(name: str) -> str:
    """A Chinese name that a form brought in GB18030, where it is that of a table."""
    try:
        restored = name.encode("latin-1").decode("gb18030")
    except UnicodeError:
        return name
    return name if table_named(PurePath(restored).stem) is None else restored


@contextmanager
def _rewound(stream: BinaryIO) -> Iterator[BinaryIO]:
    stream.seek(0)
    yield stream
