"""What is erased of a person, and what stays."""

from dataclasses import dataclass
from typing import Final

MOST_CHARACTERS: Final = 128
"""Of the key of a rep."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased of what; 0 everywhere: nothing was left, or nothing was ever there."""

    people: int
    """Rows of plans with a name and attributes, owners of units, and proposals to hire."""
    notes: int
    """Texts of change requests, versions and units."""
    references: int
    """Of evidence: where it can be looked up."""
    reasons: int
    """Of adjusted quotas."""
    signatures: int
    """Names of who did something, beside what was done."""
    keys: int
    """API keys that said whose they are."""
    answers: int
    """Kept for calls with an `Idempotency-Key`."""
    trail: int
    """Entries of the audit trail that named the person."""


STAYS: Final = (
    (
        "the company's own key of the person, wherever it stands: in inputs, quotas, the trail and "
        "what was told to webhooks"
    ),
    "figures under that key: sales, potentials, quotas, dates of events and evidence",
    "the ids under which the person acted: of keys, and subjects of the identity provider",
    "what was downloaded, sent or backed up before",
)
"""In the words of the answer."""
