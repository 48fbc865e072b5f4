"""What a draft is about that grants a change request, from the facts that are stored."""

from __future__ import annotations

from service.web.domain.cards import Granted
from service.web.domain.quotas import Names
from service.web.figures import Figures
from service.web.i18n import Language


def granted_note(language: Language, figures: Figures, granted: Granted, names: Names) -> str:
    """Whose quota is which, and since when; who carries it stands among the decisions."""
    say, person = language.gettext, names.get(granted.rep, granted.rep)
    if granted.amount is None:
        return say("Inputs corrected as %(person)s asked", person=person)
    amount = figures.exact(granted.amount)
    if granted.since is None:
        return say("Granted to %(person)s: %(amount)s", person=person, amount=amount)
    return say(
        "Granted to %(person)s: %(amount)s, changed from %(month)s on",
        person=person,
        amount=amount,
        month=figures.month(granted.since),
    )
