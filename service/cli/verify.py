"""`fairquota verify`: check a plan from its own numbers, without a database or the solver."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer

from service.allocations.versions.describe import answer_of
from service.allocations.versions.domain.compare import beside, differences
from service.allocations.versions.domain.document import UnreadableProof
from service.allocations.versions.domain.proof import Verdict, examine
from service.allocations.versions.domain.uncovered import UNCOVERED
from service.cli.failure import Failure
from service.cli.output import Table, show

NOT_VALID = 1

_WHAT_A_PROOF_IS = (
    "A proof is what `fairquota allocate … --out plan.json` writes, or a version's certificate."
)
_WORDS = {
    "answer": "answer as proved",
    "hash": "unchanged",
    "parent": "history",
    "sums": "sums",
    "bounds": "limits",
    "leximin": "evenness",
    "rows": "rules across teams",
    "largest": "largest effort",
    "squares": "evenness",
}
"""What people read; programs read the names of the API."""


def verify_file(path: Path) -> None:
    """Print each check; raises Failure with exit code 1 if one does not hold, 2 if unreadable."""
    try:
        found = verified(orjson.loads(path.read_bytes()))
    except OSError as reason:
        raise Failure(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except orjson.JSONDecodeError as reason:
        raise Failure(f"{path} is not JSON. {_WHAT_A_PROOF_IS}") from reason
    except UnreadableProof as reason:
        raise Failure(f"{path} is no proof of a plan ({reason}). {_WHAT_A_PROOF_IS}") from reason
    results = {name: "holds" if held else "FAILS" for name, held in found.checks.items()}
    columns = ("check", "result")
    show(
        Table("checks", columns, list(results.items())),
        Table("checks", columns, [(_WORDS.get(name, name), r) for name, r in results.items()]),
    )
    if found.faults:
        raise Failure(f"{path} does not hold: {_in_short(found.faults)}.", NOT_VALID)
    typer.echo(f"Not covered by the proof: {'; '.join(found.uncovered)}.", err=True)


@dataclass(frozen=True, slots=True)
class Verified:
    """The checks of a file, what does not hold, and what the checks cannot say anything about."""

    checks: dict[str, bool]
    faults: list[str]
    uncovered: list[str]


def verified(document: Any) -> Verified:
    """Check a proof, or an answer that carries one: then it must say what is proved.

    Raises `UnreadableProof` for what is neither.
    """
    if not (isinstance(document, dict) and "proof" in document):
        verdict = examine(document)
        return Verified(verdict.checks, list(verdict.faults), list(UNCOVERED))
    answer = {name: value for name, value in document.items() if name != "proof"}
    proof = document["proof"]
    verdict = examine(proof)
    other, beyond = compared(answer, proof, verdict)
    return Verified(
        {"answer": not other} | verdict.checks,
        [*other, *verdict.faults],
        [*beyond, *UNCOVERED],
    )


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
