"""A solved plan as bytes: chunks of rows that name themselves, and the manifest that lists them.

    manifest    {format, parent, base_version, inputs, policy, engine, …, units, rules, quotas,
                 index}
      units     chunks of units, parents first, at most 1,000 rows each
      rules     chunks of the rules that cross the units, by name, at most 1,000 rows each
      quotas    chunks of quota rows: one per unit, in the order of the units, split at 1,000
      index     chunks of [rep, number of the quotas chunk], by rep, at most 1,000 rows each

A chunk is the canonical JSON list of its rows and is named by its SHA-256, so a re-solve that
changes one unit stores one new chunk. A version is named by the SHA-256 of its manifest, which
names the chunks and the parent: the hash covers every row and the whole history. Who made the
version, when, and in which words stands beside the chain, never in it; so do the names of people.
All money is in minor units.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from service.allocations.versions.domain.written.canonical import canonical, digest

type Row = dict[str, Any]

FORMAT: Final = "fairquota.version/1"
ENGINE_VERSION: Final = 1
"""Goes up when the same inputs and policy get another answer than before."""
ROWS: Final = 1_000
"""The most rows in one chunk; a page of quotas reads one or two of them."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The version that a new one builds on."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Content:
    """What one solved plan says, before it is told its parent."""

    facts: Mapping[str, Any]
    """The manifest's members that follow from inputs and policy alone."""
    chunks: Mapping[str, bytes]
    """Canonical bytes by their hash."""

    def manifest(self, parent: Parent | None) -> bytes:
        """The canonical manifest; its digest is the version's hash."""
        return canonical(
            {
                **self.facts,
                "format": FORMAT,
                "parent": parent.hash if parent else None,
                "base_version": parent.number if parent else None,
            }
        )


def content(
    facts: Mapping[str, Any],
    units: Sequence[Row],
    quotas: Sequence[Row],
    rules: Sequence[Row] = (),
) -> Content:
    """Cut a plan into chunks.

    `units` stand parents first; `quotas` side by side per unit, each with `rep` and `unit`.
    """
    chunks: dict[str, bytes] = {}

    def chunk(rows: Sequence[Any]) -> dict[str, Any]:
        data = canonical(rows)
        key = digest(data)
        chunks[key] = data
        return {"chunk": key, "rows": len(rows)}

    per_unit = list(_per_unit(quotas))
    placed = index_of(per_unit)
    listed = {
        "units": [chunk(rows) for rows in _split(units)],
        "rules": [chunk(rows) for rows in _split(rules)],
        "quotas": [{"unit": rows[0]["unit"], **chunk(rows)} for rows in per_unit],
        "index": [{"first": rows[0][0], **chunk(rows)} for rows in _split(placed)],
    }
    return Content({**facts, "engine_version": ENGINE_VERSION, **listed}, chunks)


def revised(
    facts: Mapping[str, Any],
    units: Sequence[Row],
    quotas: Sequence[Row],
    touched: Container[str | None],
) -> Content:
    """A stored plan of which only quotas of the `touched` units, and rows of units, have changed.

    `facts` are its manifest's, its own lists of chunks among them; units are those that they list,
    and so are reps, unless somebody has joined. Chunks of other units are named again and not made
    again.
    """
    chunks: dict[str, bytes] = {}

    def chunk(rows: Sequence[Any]) -> dict[str, Any]:
        data = canonical(rows)
        key = digest(data)
        chunks[key] = data
        return {"chunk": key, "rows": len(rows)}

    listed, start = [], 0
    for own in facts["quotas"]:
        end = start + own["rows"]
        listed.append(own | chunk(quotas[start:end]) if own["unit"] in touched else own)
        start = end
    parts = {"units": [chunk(rows) for rows in _split(units)], "quotas": listed}
    if start < len(quotas):  # whose row is in no chunk yet, and moves the places of others
        per_unit = list(_per_unit(quotas))
        parts["quotas"] = [{"unit": rows[0]["unit"], **chunk(rows)} for rows in per_unit]
        placed = index_of(per_unit)
        parts["index"] = [{"first": rows[0][0], **chunk(rows)} for rows in _split(placed)]
    return Content({**facts, **parts}, chunks)


def index_of(chunks: Iterable[Sequence[Row]]) -> list[tuple[str, int]]:
    """Each rep and the number of the chunk that holds the rep's row, by rep."""
    return sorted((row["rep"], number) for number, rows in enumerate(chunks) for row in rows)


def _per_unit(quotas: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for _, rows in groupby(quotas, key=lambda row: row["unit"]):
        yield from _split(list(rows))


def _split[T](rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]
