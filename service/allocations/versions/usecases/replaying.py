"""Solve a stored version's inputs and policy again: the same bytes must come out.

Everything that a solve reads is in the version: inputs by their hash, policy, currency, rounding,
period, and the locks and envelopes that it was handed. So nothing else (the clock, the caller, the
order of rows, the machine's number of threads) may have a say, and a release that answers otherwise
raises `ENGINE_VERSION`.

Of an amended version the plan as it was solved is compared; its ledger is replayed by every check.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy.orm import Session, sessionmaker

from service.allocations.assemble import Terms
from service.allocations.patience import Patience
from service.allocations.versions.domain.deciding.closed import ClosedMonths
from service.allocations.versions.domain.ledger.handed import Handed
from service.allocations.versions.domain.ledger.replay import goes_on
from service.allocations.versions.domain.proof.amended import solved_part
from service.allocations.versions.domain.written.content import (
    ENGINE_VERSION,
    Content,
    Parent,
    Row,
)
from service.allocations.versions.domain.written.manifest import Manifest
from service.allocations.versions.repository import Chunks, StoredVersion
from service.allocations.versions.usecases.solving import solved_content
from service.kit.errors import Conflict
from service.plans.policy import present_policy
from service.plans.repository import Plans, PlanVersions
from service.roster.domain import Inputs
from service.roster.usecases import load_snapshot

_SOLVED: Final = ("unit", "quota", "unrounded", "floor", "cap", "anchor", "yardstick", "reach")
_OF_THE_SOLVE: Final = ("inputs", "policy", "units", "rules", "quotas")
"""Members of a manifest that locks and envelopes change only in a solve."""


class OtherEngine(Conflict):
    """The version was solved by a release whose answers may differ."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came out differently, in words; nothing where the version was reproduced."""

    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not self.differences


def replay(
    sessions: sessionmaker[Session],
    workspace_id: str,
    plan_id: str,
    number: int,
    *,
    patience: Patience | None = None,
) -> Replay:
    """No transaction is open while the solver works; nothing is stored.

    Raises PlanNotFound, VersionNotFound, VersionDamaged, SnapshotNotFound, SnapshotDamaged and
    OtherEngine.
    """
    with sessions.begin() as session:
        plan = Plans(session).get(workspace_id, plan_id)
        version = PlanVersions(session).get(plan.id, number)
        stored = StoredVersion(version, Chunks(session, workspace_id))
        bytes_of_manifest = version.manifest
        measures = [stored.of_measure(each) for each in stored.measures]
        rows = [(own.manifest, own.quotas()) for own in measures]
        inputs = load_snapshot(session, workspace_id, stored.manifest["inputs"])
        manifest: Row = orjson.loads(bytes_of_manifest)
        solved = _solved_in(PlanVersions(session), plan.id, manifest)
    if manifest["engine_version"] != ENGINE_VERSION:
        raise OtherEngine(
            f"Version {number} is of engine {manifest['engine_version']}, this is {ENGINE_VERSION}."
        )
    closed = ClosedMonths.kept_by(rows)
    again = _solved_again(solved, inputs, closed, patience)
    if solved is not manifest or manifest.get("amendments"):
        return Replay(tuple(_other_quotas(rows, again)))
    parent = manifest["parent"] and Parent(manifest["base_version"], manifest["parent"])
    replayed = again.manifest(parent)
    if replayed == bytes_of_manifest:
        return Replay(())
    other = orjson.loads(replayed)
    names = sorted(
        name for name in {*manifest, *other} if manifest.get(name) != other.get(name)
    )  # equal values may still be other bytes
    return Replay(tuple(f"{name} comes out differently" for name in names or ["the manifest"]))


def _solved_again(
    manifest: Row, inputs: Inputs, closed: ClosedMonths | None, patience: Patience | None
) -> Content:
    period = manifest["period"]
    terms = Terms(
        manifest["currency"],
        manifest["digits"],
        manifest["increment"],
        period and (date.fromisoformat(period["start"]), date.fromisoformat(period["end"])),
    )
    body = present_policy(manifest["policy"], manifest["digits"])
    handed = replace(Handed.of(manifest), dropped=manifest.get("dropped_locks", ()))
    return solved_content(inputs, terms, body, handed, closed, patience=patience)


def _solved_in(versions: PlanVersions, plan_id: str, manifest: Row) -> Row:
    """The manifest of the version that the solve made: it says what was handed to the solve, and
    those that were made of it since say what is kept by now.
    """
    while manifest["base_version"] is not None:
        before = orjson.loads(versions.get(plan_id, manifest["base_version"]).manifest)
        if not _is_amended(before, manifest):
            break
        manifest = before
    return manifest


def _is_amended(before: Row, after: Row) -> bool:
    """Whether a version is the one before with a longer ledger, and was not solved anew."""
    was, now = (own.get("amendments", []) for own in (before, after))
    if now:
        return goes_on(was, now)
    return not was and all(before.get(name) == after.get(name) for name in _OF_THE_SOLVE)


def _other_quotas(
    measures: Sequence[tuple[Manifest, Sequence[Row]]], again: Content
) -> Iterator[str]:
    """A sentence for each quota that was not solved as it says; the main measure's first."""
    solved = [again.facts, *again.facts.get("measures", ())]
    for number, ((manifest, quotas), facts) in enumerate(zip(measures, solved, strict=True)):
        of = f"{facts['measure']}: " if number else ""
        for rep in _other_reps(manifest, quotas, _rows_of(again, facts)):
            yield f"{of}the quota of {rep} comes out differently"


def _rows_of(content: Content, facts: Mapping[str, Any]) -> Iterator[Row]:
    for listed in facts["quotas"]:
        yield from orjson.loads(content.chunks[listed["chunk"]])


def _other_reps(manifest: Manifest, quotas: Sequence[Row], again: Iterable[Row]) -> Iterator[str]:
    """The reps whose quota was not solved as it says, and those who were not solved at all."""
    _, as_solved = solved_part(manifest, quotas)  # type: ignore[arg-type]
    stored = {row["rep"]: _figures(dict(row)) for row in as_solved}
    replayed = {row["rep"]: _figures(row) for row in again}
    for rep in sorted({*stored, *replayed}):
        if stored.get(rep) != replayed.get(rep):
            yield rep


def _figures(row: dict[str, Any]) -> Row:
    return {name: row.get(name) for name in _SOLVED}
