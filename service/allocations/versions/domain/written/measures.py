"""The further measures of a version: each is a plan of its own inside the same manifest.

    manifest.measures[]   what the manifest says of such a plan, but for what is the whole version's
    proof.measures[]      its rows: measure, units, rules, quotas

A further measure is checked as the main one is, from a proof of its own that is cut out of the
whole. Besides, its reps hang on the same units, and its policy is the main one's, less what only
the main measure keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from service.allocations.measures.shared import NOT_SHARED, left_out
from service.allocations.versions.domain.written.canonical import canonical, digest
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.document import ProofDocument, UnreadableProof

_OF_THE_VERSION: Final = ("format", "inputs", "currency", "period", "engine_version")
"""Members that a version says once for all its measures."""
_OF_ITS_OWN: Final = ("parent", "base_version", "is_further")
"""Members that the manifest which a further measure would have by itself says besides."""


def entry_of(manifest: Mapping[str, Any]) -> Row:
    """What a manifest says of a further measure that by itself would have this one."""
    alone = {*_OF_THE_VERSION, *_OF_ITS_OWN}
    return {name: said for name, said in manifest.items() if name not in alone}


def rows_of_measure(
    measure: str, units: Sequence[Row], quotas: Sequence[Row], rules: Sequence[Row]
) -> Row:
    """The rows of a further measure as a proof has them."""
    return {
        "measure": measure,
        "units": list(units),
        "rules": list(rules),
        "quotas": list(quotas),
    }


def manifest_of(whole: Mapping[str, Any], entry: Mapping[str, Any]) -> Row:
    """The manifest that a further measure would have by itself."""
    common = {name: whole[name] for name in _OF_THE_VERSION if name in whole}
    return {**entry, **common, "parent": None, "base_version": None, "is_further": True}


def proofs_of(document: ProofDocument) -> Iterator[tuple[str, Row]]:
    """Each further measure and its own proof. Raises `UnreadableProof` where rows are missing."""
    whole = document["manifest"]
    entries, rows = whole.get("measures", []), document.get("measures", [])
    if [entry.get("measure") for entry in entries] != [own["measure"] for own in rows]:
        raise UnreadableProof("the rows of measures are not those that the manifest lists")
    for entry, own in zip(entries, rows, strict=True):
        manifest = manifest_of(whole, entry)
        yield (
            own["measure"],
            {
                "format": document["format"],
                "hash": digest(canonical(manifest)),
                "manifest": manifest,
                **{name: own[name] for name in ("units", "rules", "quotas")},
            },
        )


def other_plans(whole: ProofDocument, own: Row) -> Iterator[str]:
    """Sentences for what a further measure's proof has another than the main one's."""
    if _organisation(whole) != _organisation(own):
        yield "its reps and units are not those of the plan"
    policy = whole["manifest"]["policy"]
    alone = (*NOT_SHARED, "reserves")
    shared = {name: said for name, said in policy.items() if name not in alone}
    stated = own["manifest"]["policy"]
    if left_out(stated) or any(stated.get(name) != said for name, said in shared.items()):
        yield "its policy is not what it shares with the plan"


def _organisation(proof: Mapping[str, Any]) -> tuple[Sequence[Any], ...]:
    return (
        [(row.get("id"), row.get("parent")) for row in proof["units"]],
        [
            (row.get("rep"), row.get("unit"))
            for row in proof["quotas"]
            if row.get("solved", 0) is not None  # who is new since has quotas of the main one alone
        ],
    )
