"""What an event says, in a few words of the reader's language, from the facts that are stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from service.web.domain.quotas import Names
from service.web.figures import Figures
from service.web.i18n import Language


def event_words(language: Language, figures: Figures, facts: Mapping[str, Any]) -> str:
    """What happens, and from which day on."""
    say = language.gettext
    words = {
        "leave": say("leave from %(day)s on"),
        "hire": say("hire from %(day)s on"),
        "transfer": say("transfer from %(day)s on"),
        "swap": say("seats exchanged from %(day)s on"),
        "fte": say("other working time from %(day)s on"),
        "target": say("new company target from %(day)s on"),
    }
    return words[facts["kind"]] % {"day": figures.day(date.fromisoformat(facts["first"]))}


def event_note(language: Language, figures: Figures, facts: Mapping[str, Any], names: Names) -> str:
    """The same with whom it is about: of a version that the event made."""
    told = event_words(language, figures, facts)
    people = [names.get(rep, rep) for rep in (facts.get("rep"), facts.get("other")) if rep]
    if not people:
        return told
    who = figures.listed(people)
    return language.gettext("%(people)s: %(event)s", people=who, event=told)
