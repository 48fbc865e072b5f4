"""A plan that was just solved, amended before it is stored for the first time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.written.content import Content, Row


def opened(content: Content) -> Amendable:
    """A solved plan that has not been stored, as one that can be amended."""
    manifest = orjson.loads(content.manifest(None))

    def rows(name: str) -> list[Row]:
        chunks = (content.chunks[listed["chunk"]] for listed in manifest[name])
        return [row for data in chunks for row in orjson.loads(data)]

    return Amendable.of(manifest, rows("units"), rows("quotas"), rows("rules"))


def whole(solved: Content, after: Amendable) -> Content:
    """An amended plan with all chunks that it lists, those of the solved plan among them."""
    content = after.content()
    chunks = {**solved.chunks, **content.chunks}
    return replace(content, chunks={key: chunks[key] for key in {*_listed(content.facts)}})


def _listed(facts: Mapping[str, Any]) -> Iterator[str]:
    for name in ("units", "rules", "quotas", "index"):
        yield from (listed["chunk"] for listed in facts[name])
    for further in facts.get("measures", ()):
        yield from _listed(further)
