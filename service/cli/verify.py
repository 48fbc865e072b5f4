"""`fairquota verify`: check a plan from its own numbers, without a database or the solver."""

from pathlib import Path
from typing import Any

import orjson

from service.allocations.versions.domain.proof import UnreadableProof, Verdict, examine
from service.cli.failure import Failure
from service.cli.output import Table, show

NOT_VALID = 1


def verify_file(path: Path) -> None:
    """Print each check; raises Failure with exit code 1 if one does not hold, 2 if unreadable."""
    try:
        verdict = examine(_proof_in(orjson.loads(path.read_bytes())))
    except OSError as reason:
        raise Failure(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except orjson.JSONDecodeError as reason:
        raise Failure(f"{path} is not JSON: {reason}.") from reason
    except UnreadableProof as reason:
        raise Failure(f"{path} is no proof of a plan: {reason}.") from reason
    rows = [(name, "holds" if held else "FAILS") for name, held in verdict.checks.items()]
    show(Table("checks", ("check", "result"), rows))
    if not verdict.valid:
        raise Failure(f"{path} does not hold: {_in_short(verdict)}.", NOT_VALID)


def _proof_in(document: Any) -> Any:
    """The document itself, or the proof that `fairquota allocate --out plan.json` puts into it."""
    inside = document.get("proof") if isinstance(document, dict) else None
    return document if inside is None else inside


def _in_short(verdict: Verdict) -> str:
    shown = "; ".join(verdict.faults[:5])
    more = len(verdict.faults) - 5
    return f"{shown}; and {more} more" if more > 0 else shown
