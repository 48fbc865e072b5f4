"""`fairquota verify`: check a plan from its own numbers, without a database or the solver."""

from pathlib import Path
from typing import Any

import orjson

from service.allocations.versions.describe import present_quota
from service.allocations.versions.domain.document import UnreadableProof
from service.allocations.versions.domain.proof import examine
from service.cli.failure import Failure
from service.cli.output import Table, show
from service.kit.money import from_minor

NOT_VALID = 1

_WHAT_A_PROOF_IS = (
    "A proof is what `fairquota allocate … --out plan.json` writes, or a version's certificate."
)
_WORDS = {
    "answer": "quotas as proved",
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
        document = orjson.loads(path.read_bytes())
        checks, faults = _examine(document)
    except OSError as reason:
        raise Failure(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except orjson.JSONDecodeError as reason:
        raise Failure(f"{path} is not JSON. {_WHAT_A_PROOF_IS}") from reason
    except UnreadableProof as reason:
        raise Failure(f"{path} is no proof of a plan ({reason}). {_WHAT_A_PROOF_IS}") from reason
    results = {name: "holds" if held else "FAILS" for name, held in checks.items()}
    columns = ("check", "result")
    show(
        Table("checks", columns, list(results.items())),
        Table("checks", columns, [(_WORDS.get(name, name), r) for name, r in results.items()]),
    )
    if faults:
        raise Failure(f"{path} does not hold: {_in_short(faults)}.", NOT_VALID)


def _examine(document: Any) -> tuple[dict[str, bool], list[str]]:
    """The checks of a proof, or of an answer that carries one: then it must say what is proved."""
    if not (isinstance(document, dict) and "proof" in document):
        verdict = examine(document)
        return verdict.checks, list(verdict.faults)
    verdict = examine(document["proof"])
    said = _says_what_is_proved(document)
    other = [] if said else ["the answer is not the plan that its proof is about"]
    return {"answer": said} | verdict.checks, [*other, *verdict.faults]


def _says_what_is_proved(answer: dict[str, Any]) -> bool:
    manifest, quotas = answer["proof"]["manifest"], answer["proof"]["quotas"]
    digits = manifest["digits"]
    try:
        proved = [present_quota(row, digits) for row in quotas]
        gap = sum(gap["amount"] for gap in manifest.get("gaps", []))
    except (KeyError, TypeError, ValueError):
        return False
    said = tuple(answer.get(name) for name in ("quotas", "assigned", "target", "gap"))
    return said == (
        proved,
        from_minor(manifest["assigned"], digits),
        from_minor(manifest["target"], digits),
        from_minor(gap, digits),
    )


def _in_short(faults: list[str]) -> str:
    shown = "; ".join(faults[:5])
    more = len(faults) - 5
    return f"{shown}; and {more} more" if more > 0 else shown
