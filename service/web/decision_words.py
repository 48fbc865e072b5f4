"""What was decided about quotas, as lines of a table: what, about whom, how much, when and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from service.web.decisions import NOTHING_SAID, Decision, Said
from service.web.domain.quotas import Names, Rep
from service.web.domain.version import VersionView
from service.web.event_words import event_words
from service.web.figures import Figures
from service.web.i18n import Language

SHOWN: Final = 50
"""Decisions that the page of a version lists, the newest ones."""
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision; empty where there is nothing to say, or the reader may not know."""

    what: str
    about: str
    amount: str
    carried: str
    since: str
    day: str
    by: str
    why: Sequence[str]


def kind_words(language: Language) -> Mapping[str, str]:
    """What the kinds of decisions are called."""
    say = language.gettext
    return {
        "adjustment": say("Adjustment"),
        "change_request": say("Quota change request"),
        "closed_months": say("Months that had begun are kept"),
        "event": say("People and territory change"),
        "target": say("Company target"),
        "import": say("Import"),
        "repair": say("Repair"),
        "unit_solve": say("Shared out in the unit"),
        "funding": say("Carried for somebody else"),
    }


@dataclass(frozen=True, slots=True)
class DecisionWords:
    language: Language
    figures: Figures
    version: VersionView
    names: Names
    said: Mapping[str, Said]

    def lines(self, shown: Iterable[Decision]) -> list[DecisionLine]:
        """Of a version, in the order of `shown`."""
        changes = self._changes()
        return [self._line(own, changes.get(own.reference, {})) for own in shown]

    def of_rep(self, rep: Rep) -> list[DecisionLine]:
        """The decisions that have to do with one quota, oldest first, with what each did to it."""
        by_reference = {own.reference: own for own in self.version.decisions}
        found = []
        for reference in rep.decided:
            if (decision := by_reference.get(reference)) is not None:
                own = [term for term in rep.amended if term.reference == reference]
                change = {rep.id: sum(term.amount for term in own)} if own else {}
                for_others = any(term.term == "funding" for term in own)
                found.append(self._line(decision, change, for_others=for_others, of=rep.id))
        return found

    def _changes(self) -> dict[str, dict[str, int]]:
        """What each decision changed of those whom it is about, by reference and rep."""
        found: dict[str, dict[str, int]] = {}
        for rep in self.version.reps:
            for term, amount, reference in rep.amended:
                if term != "funding":
                    own = found.setdefault(reference, {})
                    own[rep.id] = own.get(rep.id, 0) + amount
        return found

    def _line(
        self,
        decision: Decision,
        changes: Mapping[str, int],
        *,
        for_others: bool = False,
        of: str | None = None,
    ) -> DecisionLine:
        said = self.said.get(decision.reference, NOTHING_SAID)
        about = [rep for rep in decision.reps or changes if rep != of]
        is_target = said.event is not None and said.event["kind"] == "target"
        kind = "target" if is_target else decision.kind
        what = kind_words(self.language)[kind]
        if for_others:
            what = self.language.gettext("%(what)s of somebody else", what=what)
        told = [text for rep, text in said.reasons.items() if of in (None, rep)]
        return DecisionLine(
            what=what,
            about=self._people(about),
            amount=self._signed(sum(changes.values())) if changes else "",
            carried=self._carried(decision),
            since=self._since(decision),
            day="" if said.at is None else self.figures.day(said.at.date()),
            by=said.by,
            why=[*self._event(said), *self._evidence(said), *dict.fromkeys(told)],
        )

    def _people(self, reps: Sequence[str]) -> str:
        named = [self.names.get(rep, rep) for rep in reps[:_NAMED]]
        if len(reps) > _NAMED:
            rest = len(reps) - _NAMED
            others = self.language.ngettext("%(count)s other", "%(count)s others", rest,
                                            count=self.figures.count(rest))  # fmt: skip
            named.append(others)
        return self.figures.listed(named) if named else ""

    def _signed(self, amount: int) -> str:
        return ("+" if amount > 0 else "") + self.figures.exact(amount)

    def _carried(self, decision: Decision) -> str:
        say = self.language.gettext
        return {
            "everyone": say("everyone else"),
            "siblings": say("the others of the unit"),
            "parent": say("the other people of the unit above"),
            "reserve": say("the reserve"),
            "unfunded": say("nobody: it is unassigned"),
        }.get(decision.funding or "", "")

    def _since(self, decision: Decision) -> str:
        say = self.language.gettext
        if decision.kind == "closed_months" and decision.through is not None:
            return say("through %(month)s", month=self._month(decision.through))
        if decision.effective is None:
            return ""
        return say("from %(month)s on", month=self._month(decision.effective))

    def _month(self, month: str) -> str:
        return self.figures.month(date.fromisoformat(f"{month}-01"))

    def _event(self, said: Said) -> Iterator[str]:
        if said.event is None:
            return
        yield event_words(self.language, self.figures, said.event)

    def _evidence(self, said: Said) -> Iterator[str]:
        say = self.language.gettext
        words = {
            "account_lost": say("account lost"),
            "account_won": say("account won"),
            "potential_error": say("potential is wrong"),
            "history_error": say("past sales are wrong"),
            "absence": say("absence"),
            "territory_error": say("territory is wrong"),
            "product_delay": say("product delayed"),
            "other": say("other reason"),
        }
        yield from dict.fromkeys(words[kind] for kind in said.evidence)
