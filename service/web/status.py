"""What pages call the states of a version, and what they say of its days."""

from datetime import datetime

from service.plans.domain import VersionStatus, is_overdue
from service.web.domain.cards import VersionCard
from service.web.figures import Figures
from service.web.i18n import Language


def status_word(language: Language, status: str) -> str:
    say = language.gettext
    return {
        "draft": say("draft"),
        "submitted": say("submitted"),
        "approved": say("approved"),
        "published": say("published"),
        "superseded": say("superseded"),
    }.get(status, status)


def standing(language: Language, figures: Figures, card: VersionCard, now: datetime) -> str | None:
    """When a decision is due, or from when to when a version is in force; None: nothing to say."""
    if card.status == VersionStatus.SUBMITTED:
        return _deadline(language, figures, card, now)
    if card.effective_from is None:
        return None
    first = figures.day(card.effective_from)
    if card.effective_to is None:
        return language.gettext("In force from %(first)s.", first=first)
    if card.effective_to < card.effective_from:
        return language.gettext("It was replaced before it took effect.")
    last = figures.day(card.effective_to)
    return language.gettext("In force from %(first)s to %(last)s.", first=first, last=last)


def _deadline(language: Language, figures: Figures, card: VersionCard, now: datetime) -> str | None:
    if card.deadline is None:
        return None
    day = figures.day(card.deadline.date())
    if is_overdue(VersionStatus.SUBMITTED, card.deadline, now):
        return language.gettext("Overdue: a decision was due by %(day)s.", day=day)
    return language.gettext("A decision is due by %(day)s.", day=day)
