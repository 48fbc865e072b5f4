"""A version as one document, and the check of it that needs neither database nor solver.

    {"format": …, "hash": "sha256:…", "manifest": {…}, "units": […], "rules": […], "quotas": […],
     "measures": [{"measure": …, "units": […], "rules": […], "quotas": […]}]}

Whoever holds the document can check
    hash      the manifest has the stated hash, and the rows are those that the manifest lists
    sums      target and over-assignment make the amount assigned, but for stated gaps; the quotas
              add up to it, and in every unit to the unit's own sum, which lies in its range; all in
              whole minor units
    bounds    every quota keeps floor and cap and is what rounding makes of the unrounded plan
and then, of a plan without rules across the tree,
    leximin   the unrounded plan is the leximin plan
or, of a plan with such rules,
    rows      every rule holds, exactly
    largest   the largest stretch is the least possible one
    squares   at that stretch, the unrounded plan has the least sum of squares
    (all of them: `solver.certificate`); of a plan that was amended since it was solved
    ledger    who carries which change follows from the decisions (`ledger/`); the checks before
              are those of the plan as it was solved, which is cut out of it

The rows are written flat, units parents first and quotas unit by unit; the manifest says how many
make a chunk. Values count, not bytes: white space and the order of keys may change on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from service.allocations.versions.domain.ledger.replay import CHECK
from service.allocations.versions.domain.proof.amended import has_ledger, solved_part
from service.allocations.versions.domain.proof.claim import certificate_of
from service.allocations.versions.domain.proof.statement import Stated, read_statement
from service.allocations.versions.domain.written.canonical import canonical, digest
from service.allocations.versions.domain.written.content import Row, index_of
from service.allocations.versions.domain.written.document import (
    ProofDocument,
    UnreadableProof,
    read_document,
)
from service.allocations.versions.domain.written.manifest import (
    ListedChunk,
    Manifest,
    read_manifest,
)
from service.allocations.versions.domain.written.measures import other_plans, proofs_of
from service.allocations.versions.domain.written.rows import read_quotas, read_rules, read_units
from solver.allocation import Allocation
from solver.certificate import Checks, Kind, check

PROOF_FORMAT: Final = "fairquota.proof/1"


type Known = Mapping[str, Sequence[Row]]
"""The rows of chunks, by their hashes."""

NOTHING_KNOWN: Final[Known] = {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, whether it held, and in words where it did not."""

    checks: dict[str, bool]
    faults: tuple[str, ...] = ()
    plan: Allocation | None = None
    """The plan as it was when it had been solved; None where the proof does not hold."""
    of_measures: tuple[tuple[Row, Verdict], ...] = ()
    """Where there are several measures, the proof and the verdict of each, the main one first."""

    @property
    def valid(self) -> bool:
        return all(self.checks.values())


def proof(
    manifest: Mapping[str, Any],
    units: Sequence[Row],
    quotas: Sequence[Row],
    rules: Sequence[Row] = (),
    measures: Sequence[Row] = (),
) -> Row:
    """The document of a version whose manifest and rows are at hand; `measures`: the rows of each
    further measure.
    """
    return {
        "format": PROOF_FORMAT,
        "hash": digest(canonical(dict(manifest))),
        "manifest": dict(manifest),
        "units": list(units),
        "rules": list(rules),
        "quotas": list(quotas),
        **({"measures": list(measures)} if measures else {}),
    }


def examine(document: Any, known: Known = NOTHING_KNOWN) -> Verdict:
    """Check a proof from its own numbers. Raises `UnreadableProof` for what is no proof at all.

    `known`: rows that are known to have the hashes of their chunks, and need not be hashed again.
    """
    whole = read_document(document)
    if "is_further" in whole["manifest"]:
        raise UnreadableProof("its manifest is that of a further measure")
    main = _examine_one(whole, known)
    try:
        further = [*proofs_of(whole)]
    except RecursionError:
        raise UnreadableProof(_TOO_DEEP) from None
    if not further:
        return main
    checks, faults, of_measures = dict(main.checks), list(main.faults), [(dict(whole), main)]
    for measure, own in further:
        found = _examine_one(read_document(own), known)
        of_measures.append((own, found))
        others = [*other_plans(whole, own)]
        for name, held in found.checks.items():
            checks[name] = checks.get(name, True) and held
        checks["sums"] &= not others
        faults += [f"{measure}: {fault}" for fault in (*found.faults, *others)]
    plan = None if faults else main.plan
    return Verdict(checks, tuple(faults), plan, tuple(of_measures))


def _examine_one(proof: ProofDocument, known: Known) -> Verdict:
    """Check the proof of one measure."""
    manifest = read_manifest(proof["manifest"])
    try:
        faults = [] if digest(canonical(proof["manifest"])) == proof["hash"] else [_FORGED]
        faults += _unlisted(manifest, proof, known)
    except RecursionError:
        raise UnreadableProof(_TOO_DEEP) from None
    plan = _examine_numbers(manifest, proof)
    return Verdict({"hash": not faults} | plan.checks, (*faults, *plan.faults), plan.plan)


_TOO_DEEP: Final = "its values are nested too deeply"
_FORGED: Final = "the manifest does not have the hash that the document states"


def _unlisted(manifest: Manifest, document: ProofDocument, known: Known) -> list[str]:
    """What differs between the rows and the chunks that the manifest lists."""
    units, quotas, rules = document["units"], document["quotas"], document.get("rules", [])
    quota_chunks = list(_cut(quotas, manifest["quotas"]))
    try:
        index = index_of(quota_chunks)
    except (KeyError, TypeError):
        return ["a quota row does not name its rep"]
    listed_rules = manifest.get("rules", [])
    checks = (
        ("units", units, list(_cut(units, manifest["units"])), manifest["units"]),
        ("rules", rules, list(_cut(rules, listed_rules)), listed_rules),
        ("quotas", quotas, quota_chunks, manifest["quotas"]),
        ("index", index, list(_cut(index, manifest["index"])), manifest["index"]),
    )
    faults = []
    for name, rows, chunks, listed in checks:
        if len(rows) != sum(chunk["rows"] for chunk in listed):
            faults.append(f"{name}: {len(rows)} rows, but the manifest lists another number")
        faults += [
            f"{name}: the rows of chunk {number + 1}{_of_unit(chunk)} have been changed"
            for number, (part, chunk) in enumerate(zip(chunks, listed, strict=True))
            if part != known.get(chunk["chunk"]) and digest(canonical(part)) != chunk["chunk"]
        ]
    return [*faults, *_misplaced(manifest, quota_chunks, index)]


def _misplaced(
    manifest: Manifest, quotas: Sequence[Sequence[Row]], index: Sequence[tuple[str, int]]
) -> Iterator[str]:
    """The chunks that are listed under another unit, or another first rep, than that of their rows.

    These names are what a quota is found by.
    """
    for chunk, rows in zip(manifest["quotas"], quotas, strict=True):
        if any(row.get("unit") != chunk["unit"] for row in rows):
            yield f"quotas: rows of another unit are listed under {chunk['unit']}"
    for page, entries in zip(manifest["index"], _cut(index, manifest["index"]), strict=True):
        if entries and entries[0][0] != page["first"]:
            yield f"index: {page['first']} is listed in the place of {entries[0][0]}"


def _of_unit(chunk: Any) -> str:
    return f" (unit {chunk['unit']})" if chunk.get("unit") else ""


def _cut[T](rows: Sequence[T], listed: Sequence[ListedChunk]) -> Iterator[Sequence[T]]:
    start = 0
    for chunk in listed:
        yield rows[start : start + chunk["rows"]]
        start += chunk["rows"]


_SENTENCES: Final = {
    "sums": "the quotas do not add up to the company's and every unit's sum",
    "bounds": "a quota lies beyond its floor or cap, or is not what the unrounded plan rounds to",
    "leximin": "the unrounded plan is not the leximin plan of these limits",
    "rows": "a rule across the units does not hold",
    "largest": "the largest stretch is not shown to be the least possible one",
    "squares": "the unrounded plan is not the one with the least squares within these limits",
}


def nothing_holds(manifest: Manifest) -> dict[str, bool]:
    """The checks of the numbers of such a plan, none of which holds."""
    across = bool(manifest.get("rules")) or manifest.get("across") is not None
    kind: Kind = "least-squares-lp" if across else "leximin-tree"
    checks = Checks.failed(kind).by_name
    return checks | {CHECK: False} if has_ledger(manifest) else checks


def _examine_numbers(manifest: Manifest, document: ProofDocument) -> Verdict:
    """Check the numbers of a plan; its hashes are not looked at."""
    try:
        units, rules = read_units(document["units"]), read_rules(document.get("rules", []))
        quotas = read_quotas(document["quotas"])
        solved, rows = solved_part(manifest, quotas)
        certificate = certificate_of(solved, units, rules, rows)
    except UnreadableProof as reason:
        return Verdict(nothing_holds(manifest), (str(reason),))
    checks = check(certificate).by_name
    faults = [_SENTENCES[name] for name, held in checks.items() if not held]
    proved = all(checks.values())
    if has_ledger(manifest):
        checks[CHECK] = proved
    stated = Stated(manifest, certificate, units, rules, quotas, proved)
    with np.errstate(all="ignore"):  # forged amounts may pass every number
        statement = read_statement(stated)
    for name, fault in statement.faults:
        # evenness is one check on the tree, and the last of them across it
        own = name if name in checks else [of for of in checks if of != CHECK][-1]
        checks[own] = False
        faults.append(fault)
    return Verdict(checks, tuple(faults), None if faults else statement.plan)
