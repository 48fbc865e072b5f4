"""HTTP for callers that must cost little beside what they measure."""

import asyncio
from dataclasses import dataclass
from typing import Any, Self

import orjson


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def document(self) -> Any:
        """Raises AssertionError where it is no success."""
        assert self.is_success, self.body[:500].decode()
        return orjson.loads(self.body)


class Connection:
    """One connection, kept alive; answers have to announce their length, as the service's do."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(
        self, method: str, path: str, document: object = None, key: str | None = None
    ) -> Answer:
        """`key`: an Idempotency-Key."""
        body = b"" if document is None else orjson.dumps(document)
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "If-Match: *",
            *([f"Idempotency-Key: {key}"] if key else []),
        ]
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return Answer(int(head[9:12]), await self._reader.readexactly(length))
