"""`fairquota verify`: check a plan from its own numbers, without a database or the solver."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import orjson
import typer

from service.allocations.versions.describe import answer_of
from service.allocations.versions.domain.ledger.replay import CHECK
from service.allocations.versions.domain.proof.compare import beside, differences
from service.allocations.versions.domain.proof.examine import Verdict, examine
from service.allocations.versions.domain.proof.uncovered import (
    UNCOVERED,
    UNCOVERED_OF_LEDGERS,
    UNCOVERED_WHERE_NOTHING_SHOWS,
)
from service.allocations.versions.domain.written.document import UnreadableProof
from service.cli.failure import Failure, plain
from service.cli.output import Table, show

NOT_VALID = 1

_WHAT_A_PROOF_IS = (
    "A proof is what `fairquota allocate … --out plan.json` writes, or a version's certificate."
)
_WORDS = {
    "head": "known by its hash",
    "answer": "answer as proved",
    "hash": "unchanged",
    "parent": "history",
    "sums": "sums",
    "bounds": "limits",
    "leximin": "evenness",
    "rows": "rules across teams",
    "largest": "largest effort",
    "squares": "evenness",
    "ledger": "amendments",
}
"""What people read; programs read the names of the API."""


def verify_file(path: Path, *, head: str | None = None, parents: Sequence[Path] = ()) -> None:
    """Print each check; raises Failure with exit code 1 if one does not hold, 2 if unreadable.

    `head`: the hash that the plan is known by. `parents`: exports of the versions that it was made
    of, the newest first.
    """
    document, found = _read(path)
    if head is not None:
        found = found.also("head", _of_another_head(document, head))
    if parents:
        found = found.also("parent", _broken_chain([(path, document)], parents))
    results = {name: "holds" if held else "FAILS" for name, held in found.checks.items()}
    columns = ("check", "result")
    show(
        Table("checks", columns, list(results.items())),
        Table("checks", columns, [(_WORDS.get(name, name), r) for name, r in results.items()]),
    )
    if found.faults:
        raise Failure(f"{path} does not hold: {plain(_in_short(found.faults))}.", NOT_VALID)
    typer.echo(f"Not covered by the proof: {plain('; '.join(found.uncovered))}.", err=True)


def _read(path: Path) -> tuple[Any, Verified]:
    try:
        document = _parsed(path.read_bytes())
        return document, verified(document)
    except OSError as reason:
        raise Failure(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except orjson.JSONDecodeError as reason:
        raise Failure(f"{path} is not JSON. {_WHAT_A_PROOF_IS}") from reason
    except UnreadableProof as reason:
        why = plain(str(reason))
        raise Failure(f"{path} is no proof of a plan ({why}). {_WHAT_A_PROOF_IS}") from reason


def _parsed(data: bytes) -> Any:
    """Raises `UnreadableProof` where a name stands twice in one object: one reader takes the first
    and another the last, so that what is checked here may not be what somebody else reads.
    """
    document = orjson.loads(data)
    try:
        json.loads(data, object_pairs_hook=_each_once)
    except RecursionError:
        raise UnreadableProof("its values are nested too deeply") from None
    return document


def _each_once(members: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise UnreadableProof(f"{name[:80]} stands twice in one place")
        seen.add(name)


def _of_another_head(document: Any, head: str) -> Iterator[str]:
    """A proof with correct hashes of its own may still be the proof of another plan."""
    own = _proof_in(document)["hash"]
    if own != head.strip():
        yield f"its hash is {own}, not the known one"


def _broken_chain(chain: list[tuple[Path, Any]], parents: Sequence[Path]) -> Iterator[str]:
    """Each version names the hash of the one it was made of."""
    for parent in parents:
        document, found = _read(parent)
        yield from (f"{parent}: {fault}" for fault in found.faults)
        child, whose = chain[-1]
        named = _proof_in(whose)["manifest"]["parent"]
        if named != _proof_in(document)["hash"]:
            yield f"{child} was made of {named or 'no version'}, which {parent} is not"
        chain.append((parent, document))


def _proof_in(document: Any) -> Any:
    return document.get("proof", document)


@dataclass(frozen=True, slots=True)
class Verified:
    """The checks of a file, what does not hold, and what the checks cannot say anything about."""

    checks: dict[str, bool]
    faults: list[str]
    uncovered: list[str]

    def also(self, check: str, faults: Iterable[str]) -> Self:
        """With one more check, which holds if there are no faults."""
        found = list(faults)
        return replace(self, checks={check: not found} | self.checks, faults=[*found, *self.faults])


def verified(document: Any) -> Verified:
    """Check a proof, or an answer that carries one: then it must say what is proved.

    Raises `UnreadableProof` for what is neither.
    """
    if not (isinstance(document, dict) and "proof" in document):
        verdict = examine(document)
        return Verified(verdict.checks, list(verdict.faults), _uncovered(verdict))
    answer = {name: value for name, value in document.items() if name != "proof"}
    proof = document["proof"]
    verdict = examine(proof)
    other, beyond = compared(answer, proof, verdict)
    return Verified(
        {"answer": not other} | verdict.checks,
        [*other, *verdict.faults],
        [*beyond, *_uncovered(verdict)],
    )


def _uncovered(verdict: Verdict) -> list[str]:
    of_ledgers = UNCOVERED_OF_LEDGERS if CHECK in verdict.checks else ()
    return [*UNCOVERED, *UNCOVERED_WHERE_NOTHING_SHOWS, *of_ledgers]


def compared(answer: Any, proof: Any, verdict: Verdict) -> tuple[list[str], list[str]]:
    """What an answer says that its proof does not, in sentences; and the names of members that no
    proof tells of.
    """
    try:
        told = answer_of(proof, verdict)
    except UnreadableProof as reason:
        return [str(reason)], []
    if proof.get("rules") and answer.get("prices") is None:
        _forget_prices(told)
    # Sums of rules are computed again, and all the others are copied.
    rules = {"rules": told.pop("rules")} if "rules" in told else {}
    found = [*differences(answer, told, exactly=True), *differences(answer, rules)]
    return [str(other) for other in found], [*dict.fromkeys(beside(answer, told | rules))]


def _forget_prices(told: dict[str, Any]) -> None:
    """An answer that had no time to find them tells none, and its proof may."""
    for priced in (told, *told["units"]):
        priced.pop("prices", None)
        priced.pop("price", None)


def _in_short(faults: list[str]) -> str:
    shown = "; ".join(faults[:5])
    more = len(faults) - 5
    return f"{shown}; and {more} more" if more > 0 else shown
