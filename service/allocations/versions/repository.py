"""Stored chunks, as if they were a dictionary of bytes by their hash, and versions made of them."""

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from copy import copy
from itertools import batched
from typing import Any, Self

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.allocations.months import month_names
from service.allocations.versions.domain.written.canonical import digest
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import (
    ListedChunk,
    Manifest,
    QuotasChunk,
    read_manifest,
)
from service.allocations.versions.domain.written.measures import manifest_of
from service.allocations.versions.shown_ledger import ShownLedger
from service.allocations.versions.tables import Chunk
from service.kit.errors import AppError
from service.kit.seals import seal_of
from service.plans.tables import PlanVersion
from service.roster.domain.measures import REVENUE

# Level 6 of zlib took 54 ms and 0.80 MB for 10,000 rows in chunks of 20, level 1 38 ms and 0.85.
_LEVEL = 6
_AT_ONCE = 500
_IN_MEMORY = 10_000
"""Rows that are looked at together, where all are gone through, or those of one chunk."""


def pack(chunks: Mapping[str, bytes]) -> dict[str, bytes]:
    """What will be stored; done before a transaction begins."""
    return {key: zlib.compress(data, _LEVEL) for key, data in chunks.items()}


def unpack(data: bytes) -> bytes | None:
    """The bytes before compression; None for what `pack` cannot have made."""
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data)
    except zlib.error:
        return None
    whole = stream.eof and not stream.unused_data
    return plain if whole else None


class Chunks:
    """The chunks of one workspace."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self.session = session
        self.workspace_id = workspace_id

    def put(self, packed: Mapping[str, bytes]) -> None:
        """Store what is not there yet.

        In the order of the hashes: of two writers that share chunks one waits for the other,
        instead of both for each other.
        """
        rows = [
            {"workspace_id": self.workspace_id, "hash": key, "data": packed[key]}
            for key in sorted(packed)
        ]
        rows = [row | {"seal": seal_of(row)} for row in rows]
        dialect = self.session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        self.session.execute(insert(Chunk).on_conflict_do_nothing(), rows)

    def hashes(self) -> Sequence[str]:
        """The hashes of all chunks."""
        query = sa.select(Chunk.hash).filter_by(workspace_id=self.workspace_id)
        return self.session.scalars(query.order_by(Chunk.hash)).all()

    def get(self, keys: Iterable[str], *, sealed: bool = False) -> dict[str, bytes]:
        """The chunks whose bytes still have their hash; missing or damaged ones are left out.

        `sealed`: what is stored is looked at as well, not only what is read from it: some bits of
        compressed data say nothing, or the same as others.
        """
        found: dict[str, bytes] = {}
        for some in batched(dict.fromkeys(keys), _AT_ONCE):
            query = sa.select(Chunk.hash, Chunk.data, Chunk.seal).where(
                Chunk.workspace_id == self.workspace_id, Chunk.hash.in_(some)
            )
            for key, data, seal in self.session.execute(query):
                plain = unpack(data)
                if plain is None or digest(plain) != key:
                    continue
                row = {"workspace_id": self.workspace_id, "hash": key, "data": data}
                if not sealed or seal is None or seal == seal_of(row):
                    found[key] = plain
        return found


class VersionDamaged(AppError):
    """The stored version is not what it was when it was made."""


class StoredVersion:
    """The content of one version, read chunk by chunk; what is damaged is never handed out."""

    def __init__(self, version: PlanVersion, chunks: Chunks) -> None:
        """Raises VersionDamaged."""
        self.number = version.number
        self._chunks = chunks
        if digest(version.manifest) != version.hash:
            raise self._damaged("manifest")
        try:
            self.manifest: Manifest = read_manifest(orjson.loads(version.manifest))
        except (UnreadableProof, orjson.JSONDecodeError) as reason:
            raise self._damaged("manifest") from reason

    @property
    def measures(self) -> list[str]:
        """The additive measures, the main one first."""
        manifest: Row = {**self.manifest}
        main = manifest.get("measure", REVENUE)
        return [main, *(entry["measure"] for entry in manifest.get("measures", ()))]

    def of_measure(self, measure: str) -> Self:
        """The same version as far as it is about one of its `measures`."""
        number = self.measures.index(measure)
        if number == 0:
            return self
        one = copy(self)
        manifest: Row = {**self.manifest}
        one.manifest = read_manifest(manifest_of(manifest, manifest["measures"][number - 1]))
        return one

    @property
    def digits(self) -> int:
        """Minor digits of the currency that the rows count in."""
        return self.manifest["digits"]

    @property
    def months(self) -> tuple[str, ...]:
        """The names of the months that quotas have; none in versions of before, and where nothing
        depended on dates.
        """
        period: Any = self.manifest.get("period")
        return month_names(period) if self.manifest.get("months") else ()

    @property
    def ledger(self) -> ShownLedger:
        """What amended its quotas since it was solved."""
        return ShownLedger.of(self.manifest)

    @property
    def lines(self) -> list[Row] | None:
        """The lines of business that quotas are told by; None where there are none."""
        lines = self.manifest.get("lines")
        return None if lines is None else [{**line} for line in lines]

    def units(self) -> list[Row]:
        """Every unit, parents first."""
        return self._rows(self.manifest["units"])

    def quotas(self, *, without: Container[str] = ()) -> list[Row]:
        """Every quota: unit by unit in the order of the units, reps by id.

        Chunks whose hashes are in `without` are not read, and their rows left out.
        """
        listed = self.manifest["quotas"]
        return self._rows([chunk for chunk in listed if chunk["chunk"] not in without])

    def each_quota(self, units: Container[str | None] | None = None) -> Iterator[Row]:
        """The same one by one, of these `units` alone: some are in memory at a time."""
        some: list[QuotasChunk] = []
        rows = 0
        for chunk in self._quotas_of(units):
            if rows + chunk["rows"] > _IN_MEMORY:
                yield from self._rows(some)
                some, rows = [], 0
            some.append(chunk)
            rows += chunk["rows"]
        yield from self._rows(some)

    def rules(self) -> list[Row]:
        """Every rule across the units, by name; versions of the first release have none."""
        return self._rows(self.manifest.get("rules", []))

    def page(
        self, first: int, limit: int, units: Container[str | None] | None = None
    ) -> tuple[list[tuple[int, Row]], bool]:
        """Rows from place `first` on with their places, and whether more follow.

        `units` keeps the reps of these units; places count these alone, so that none tells how
        many others there are. Only the chunks that the page lies in are read.
        """
        chosen: list[tuple[int, ListedChunk]] = []
        start = rows = 0
        for chunk in self._quotas_of(units):
            end = start + chunk["rows"]
            if end > first:
                if rows >= limit:
                    rows += 1  # the page is full: one row more is all there is to know
                    break
                chosen.append((start, chunk))
                rows += end - max(start, first)
            start = end
        places = [place for at, chunk in chosen for place in range(at, at + chunk["rows"])]
        read = zip(places, self._rows([chunk for _, chunk in chosen]), strict=True)
        found = [(place, row) for place, row in read if place >= first]
        return found[:limit], rows > limit

    def chunk_from(
        self, first: int, units: Container[str | None] | None = None
    ) -> tuple[int, list[Row], bool]:
        """The rows that are stored together with the first one from place `first` on, their own
        first place, and whether chunks of `units` follow. Rows of one chunk are of one unit.
        """
        start, chosen = 0, None
        for chunk in self._quotas_of(units):
            end = start + chunk["rows"]
            if end > first:
                if chosen is not None:
                    return *chosen, True
                chosen = start, self._rows([chunk])
            start = end
        return (*chosen, False) if chosen else (start, [], False)

    def _quotas_of(self, units: Container[str | None] | None) -> Iterator[QuotasChunk]:
        for chunk in self.manifest["quotas"]:
            if units is None or chunk["unit"] in units:
                yield chunk

    def quota_of(self, rep: str) -> Row | None:
        """One rep's row, by reading one chunk of the index and one of quotas."""
        return next((row for row in self.together_with(rep) if row["rep"] == rep), None)

    def together_with(self, rep: str) -> list[Row]:
        """The rows that are stored in one chunk with a rep's; none where there is no such rep."""
        listed = self.manifest["index"]
        page = bisect_right([chunk["first"] for chunk in listed], rep) - 1
        if page < 0:
            return []
        index = self._rows(listed[page : page + 1])
        place = bisect_left(index, rep, key=lambda entry: entry[0])
        if place == len(index) or index[place][0] != rep:
            return []
        return self._rows([self.manifest["quotas"][index[place][1]]])

    def _rows(self, listed: Sequence[ListedChunk]) -> list[Any]:
        found = self._chunks.get(chunk["chunk"] for chunk in listed)
        rows: list[Any] = []
        for chunk in listed:
            data = found.get(chunk["chunk"])
            if data is None:
                raise self._damaged(f"chunk {chunk['chunk']}")
            rows += orjson.loads(data)
        return rows

    def _damaged(self, what: str) -> VersionDamaged:
        return VersionDamaged(
            f"The {what} of version {self.number} does not have its hash any more. "
            f"GET …/versions/{self.number}/verify tells what else is damaged."
        )
