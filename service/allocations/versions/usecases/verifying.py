"""Check a stored version again: its bytes, its row, its history and its numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import orjson
import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy.orm import Session

from service.allocations.versions.domain.proof.examine import examine, nothing_holds, proof
from service.allocations.versions.domain.written.canonical import digest
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import Manifest, read_manifest
from service.allocations.versions.domain.written.measures import manifest_of, rows_of_measure
from service.allocations.versions.repository import Chunks
from service.kit.metrics import COUNTED
from service.plans.repository import Plans, PlanVersions
from service.plans.tables import PlanVersion
from service.roster.repository import SnapshotDamaged, SnapshotNotFound, Snapshots

UNREADABLE: Final = (ValueError, TypeError, LookupError, sa.exc.DBAPIError)
"""What reading a row raises when its values are none of its columns any more."""

_VERIFIED: Final = Counter(
    "fairquota_versions_verified",
    "Versions that were checked, by whether everything of them held.",
    ["outcome"],
    registry=COUNTED,
)
_VERIFIED.labels("invalid")  # from 0 on: Prometheus does not see the first of its kind


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether each check held, and in words what did not."""

    checks: dict[str, bool]
    faults: tuple[str, ...]

    @property
    def valid(self) -> bool:
        return all(self.checks.values())


class SharedRows:
    """The rows of the version that was looked at last, where all of them had their hashes.

    Versions share most of their chunks with the one they were made of. Whoever checks one after the
    other reads and hashes a shared chunk once; everything that follows from its rows is checked for
    each version.
    """

    def __init__(self) -> None:
        self.intact: dict[str, list[Any]] = {}
        self._seen: dict[str, list[Any]] = {}

    def see(self, chunk: str, rows: list[Any]) -> None:
        self._seen[chunk] = rows

    def keep(self, *, intact: bool) -> None:
        """Go on to the next version, with what was seen of this one if it is `intact`."""
        self.intact, self._seen = self._seen if intact else {}, {}


def verify(
    session: Session,
    workspace_id: str,
    plan_id: str,
    number: int,
    shared: SharedRows | None = None,
) -> Verification:
    """Check everything that is stored of a version against its hash and seal, and the plan against
    its own limits.

    hash: manifest, row, inputs and every chunk are what they were. parent: so is every version it
    builds on, up to the first. The others: see `domain.proof`; what cannot be read any more does
    not hold. `shared`: what is known of the version that was checked before this one.
    """
    shared = shared or SharedRows()
    plan = Plans(session).get(workspace_id, plan_id)
    try:
        version = PlanVersions(session).get(plan.id, number)
        found = _verify(session, workspace_id, version, shared)
    except UNREADABLE as reason:
        found = _nothing_holds(f"a row cannot be read: {in_short(reason)}")
    shared.keep(intact=found.checks["hash"])
    _VERIFIED.labels("valid" if found.valid else "invalid").inc()
    return found


def _verify(
    session: Session, workspace_id: str, version: PlanVersion, shared: SharedRows
) -> Verification:
    chunks = Chunks(session, workspace_id)
    try:
        manifest = read_manifest(orjson.loads(version.manifest))
        entries = manifest.get("measures", [])
        others = [read_manifest(manifest_of({**manifest}, entry)) for entry in entries]
    except (UnreadableProof, orjson.JSONDecodeError) as reason:
        return _nothing_holds(f"the manifest cannot be read: {reason}")
    altered = [*_altered_row(version, manifest)]
    altered += _lost_inputs(session, workspace_id, manifest["inputs"])
    broken = [*_broken_chain(session, version)]
    main = _StoredRows.of(chunks, manifest, shared)
    further = [_StoredRows.of(chunks, other, shared) for other in others]
    lost = [sentence for rows in (main, *further) for sentence in (*rows.lost, *rows.lost_index)]
    if main.lost or any(rows.lost for rows in further):
        checks = {"hash": False, "parent": not broken, **nothing_holds(manifest)}
        return Verification(checks, (*altered, *lost, *broken))
    names = [entry["measure"] for entry in entries]
    measures = [
        rows_of_measure(name, rows.units, rows.quotas, rows.rules)
        for name, rows in zip(names, further, strict=True)
    ]
    whole = proof(manifest, main.units, main.quotas, main.rules, measures)
    found = examine(whole, shared.intact)
    checks = {"hash": True, "parent": not broken} | found.checks
    checks["hash"] &= not altered and not lost
    return Verification(checks, (*altered, *lost, *broken, *found.faults))


def _nothing_holds(fault: str) -> Verification:
    return Verification(dict.fromkeys(("hash", "parent", "sums", "bounds"), False), (fault,))


def in_short(reason: Exception) -> str:
    """The first line: databases tell more than anybody wants to read."""
    return str(reason).partition("\n")[0]


def _altered_row(version: PlanVersion, manifest: Manifest) -> Iterator[str]:
    """What the version's row says that its manifest does not."""
    if not version.is_intact:
        yield "the version's row (its state, dates, authors, note) is not what was written"
    if digest(version.manifest) != version.hash:
        yield "the manifest does not have the version's hash"
    said: dict[str, Any] = dict(manifest)
    columns = {
        "inputs_hash": (version.inputs_hash, said["inputs"]),
        "parent_hash": (version.parent_hash, said["parent"]),
        "base_version": (version.base_version, said["base_version"]),
        "policy": (version.policy, said["policy"]),
        "engine": (version.engine, said["engine"]),
        "assigned": (version.assigned, said["assigned"]),
        "fairness": (version.fairness, said.get("fairness")),
    }
    for column, (stored, stated) in columns.items():
        if stored != stated:
            yield f"{column} of the version's row is not what its manifest says"


def _lost_inputs(session: Session, workspace_id: str, key: str) -> Iterator[str]:
    try:
        Snapshots(session, workspace_id).get(key, sealed=True)
    except (SnapshotNotFound, SnapshotDamaged):
        yield "the inputs it was solved from are damaged or missing"


def _broken_chain(session: Session, version: PlanVersion) -> Iterator[str]:
    """Follow the parents' hashes up to the first version."""
    query = sa.select(PlanVersion.number, PlanVersion.manifest).where(
        PlanVersion.plan_id == version.plan_id, PlanVersion.number < version.number
    )
    earlier = dict(session.execute(query).all())
    child, manifest = version.number, version.manifest
    while True:
        try:
            stated = read_manifest(orjson.loads(manifest))
        except (UnreadableProof, orjson.JSONDecodeError):
            yield f"the manifest of version {child} cannot be read"
            return
        if stated["parent"] is None:
            return
        parent = stated["base_version"]
        if parent is None or parent not in earlier:
            yield f"the parent of version {child} is missing"
            return
        manifest = earlier.pop(parent)
        if digest(manifest) != stated["parent"]:
            yield f"version {parent} is not what it was when version {child} was made of it"
            return
        child = parent


@dataclass(frozen=True, slots=True)
class _StoredRows:
    """The rows of one measure, as far as they are intact, and a sentence for each lost chunk."""

    units: list[Row]
    quotas: list[Row]
    rules: list[Row]
    lost: list[str]
    lost_index: list[str]

    @classmethod
    def of(cls, chunks: Chunks, manifest: Manifest, shared: SharedRows) -> Self:
        units, lost_units = _rows(chunks, manifest["units"], "units", shared)
        rules, lost_rules = _rows(chunks, manifest.get("rules", []), "rules", shared)
        quotas, lost_quotas = _rows(chunks, manifest["quotas"], "quotas", shared)
        _, lost_index = _rows(chunks, manifest["index"], "index", shared)
        return cls(units, quotas, rules, [*lost_units, *lost_rules, *lost_quotas], lost_index)


def _rows(
    chunks: Chunks, listed: list[Any], name: str, shared: SharedRows
) -> tuple[list[Row], list[str]]:
    """The rows of all chunks that are intact, and a sentence for each that is not."""
    keys = [chunk["chunk"] for chunk in listed]
    found = chunks.get((key for key in keys if key not in shared.intact), sealed=True)
    rows: list[Row] = []
    lost: list[str] = []
    for number, key in enumerate(keys, start=1):
        own = shared.intact.get(key)
        if own is None and (data := found.get(key)) is not None:
            own = orjson.loads(data)
        if own is None:
            lost.append(f"{name}: chunk {number} is damaged or missing")
        else:
            shared.see(key, own)
            rows += own
    return rows, lost
