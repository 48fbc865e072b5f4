"""What the pages say about a version, in whole sentences of the reader's language.

Every sentence says what was measured and on how many reps; none says that a plan is fair.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from service.allocations.summary.domain.held import HOLDS, Hold
from service.web.domain.cards import VersionCard
from service.web.domain.quotas import COMPANY, Names, Rep
from service.web.domain.version import VersionView
from service.web.event_words import event_note
from service.web.figures import Figures
from service.web.granted_words import granted_note
from service.web.i18n import Language
from service.web.rule_words import RuleWords
from service.web.status import status_word
from solver.probability import chance_at
from solver.problem import padded

_EFFORT_IN_EVIDENCE: Final = 0.005
"""Indices that differ by less look alike with the two decimals that people see."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was proved, or not."""

    name: str
    sentence: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences about one version for one reader."""

    language: Language
    figures: Figures
    version: VersionView
    names: Names

    def name(self, rep: Rep) -> str:
        return self.names.get(rep.id, rep.id)

    def count_of_reps(self, count: int) -> str:
        shown = self.figures.count(count)
        return self.language.ngettext("%(count)s rep", "%(count)s reps", count, count=shown)

    def note(self, card: VersionCard) -> str:
        """What was written of a version, or the event or change request that made it."""
        if card.event is not None:
            return event_note(self.language, self.figures, card.event, self.names)
        if card.granted is not None:
            return granted_note(self.language, self.figures, card.granted, self.names)
        return self.language.example(card.note) if card.note else ""

    # Rules

    def hold(self, hold: Hold) -> str:
        """What the marks of the chart stand for."""
        say = self.language.gettext
        return {
            "none": say("no rule: common effort"),
            "cap": say("upper limit"),
            "floor": say("lower limit"),
            "fixed": say("locked"),
            "unit": say("limit of a unit"),
            "across": say("rule across teams"),
            "amended": say("changed since the solve"),
        }[hold]

    def holds(self) -> list[tuple[Hold, str, int]]:
        """The kinds that occur, with their number of reps."""
        held = self.version.held
        return [(hold, self.hold(hold), held[hold]) for hold in HOLDS if held[hold]]

    @property
    def rules(self) -> RuleWords:
        return RuleWords(self.language, self.figures, self.version, self.names)

    def rule(self, binding: tuple[str, ...]) -> str:
        """The nearest limiting rule in a few words; empty where nothing holds."""
        return self.rules.name(binding[0]) if binding else ""

    def unit_name(self, unit: str | None) -> str:
        return self.rules.unit_name(unit)

    # One rep

    def why(self, rep: Rep) -> str:
        """One sentence: what the quota is made of."""
        say, exact = self.language.gettext, self.figures.exact
        growth = self.figures.percent(rep.growth, signed=True)
        if growth is None:
            return say(
                "No sales are expected without extra effort; the quota is %(quota)s.",
                quota=exact(rep.quota),
            )
        facts = {
            "quota": exact(rep.quota),
            "baseline": exact(rep.baseline),
            "growth": growth,
        }
        if rep.amended:
            return say(
                "Expected sales are %(baseline)s; the quota is %(quota)s, %(growth)s on expected "
                "sales. It was changed after it was solved: the decisions are among its parts.",
                **facts,
            )
        if rep.hold == "none" and self.version.by_chance:
            return say(
                "Expected sales of %(baseline)s and the same chance of attaining the quota as "
                "everyone whom no rule holds make a quota of %(quota)s, %(growth)s on expected "
                "sales.",
                **facts,
            )
        if rep.hold == "none":
            return say(
                "Expected sales of %(baseline)s and the same effort as everyone whom no rule "
                "holds make a quota of %(quota)s, %(growth)s on expected sales.",
                **facts,
            )
        if not self.version.compares:
            return say(
                "Expected sales are %(baseline)s; the quota is %(quota)s, %(growth)s on expected "
                "sales. Rules hold every quota of this plan, so there is no common effort.",
                **facts,
            )
        return say(
            "Expected sales are %(baseline)s; the quota is %(quota)s, %(growth)s on expected "
            "sales, and a rule keeps it from the common effort.",
            **facts,
        )

    def same_effort(self) -> str:
        """In which sense the effort is the same: the policy in words."""
        say = self.language.gettext
        return {
            "equal_stretch": say("the extra sales asked, measured by each rep’s growth headroom"),
            "equal_growth": say("the growth on expected sales, in per cent"),
            "equal_potential_share": say("the share of each territory’s potential"),
            "equal_amount": say("the extra money"),
            "equal_probability": say("the chance of attaining the quota"),
        }.get(self.version.fairness, self.version.fairness)

    # Evenness

    def evenness(self) -> list[str]:
        return list(self._evenness())

    def _evenness(self) -> Iterator[str]:
        say, plural, figures = self.language.gettext, self.language.ngettext, self.figures
        version, facts = self.version, self.version.evenness
        count = len(version.reps)
        yield say("Even in: %(sense)s.", sense=self.same_effort())
        if version.compares:
            yield plural(
                "%(same)s of %(count)s rep carries the common effort.",
                "%(same)s of %(count)s reps carry the common effort.",
                count,
                same=figures.count(facts.reps_at_common_stretch),
                count=figures.count(count),
            )
        else:
            yield say("Rules hold every quota, so there is no common effort to compare with.")
        low, high = facts.effort_min, facts.effort_max
        if low is not None and high is not None:
            if high - low < _EFFORT_IN_EVIDENCE:
                yield say("The effort index is 1.00 for everybody.")
            else:
                yield say(
                    "The effort index lies between %(low)s and %(high)s "
                    "(1.00 = the common effort).",
                    low=figures.number(low),
                    high=figures.number(high),
                )
        if version.by_chance and facts.reps_at_common_stretch:
            yield say(
                "Whoever no rule holds attains the quota with a chance of %(chance)s, if sales "
                "are as uncertain as the sigmas given say; before rounding.",
                chance=self.common_chance(),
            )
        if facts.gini is not None:
            yield say(
                "Gini of quota ÷ expected sales: %(gini)s; Theil: %(theil)s "
                "(0 = the same ratio for everybody; %(count)s reps).",
                gini=figures.number(facts.gini, 3),
                theil=figures.number(facts.theil, 4),
                count=figures.count(count),
            )

    def common_chance(self) -> str:
        """The chance of attaining of everybody whom no rule holds, where that was made even."""
        return self.figures.percent(chance_at(self.version.level)) or ""

    # Proof

    def checks(self) -> list[Check]:
        sentences = self._of_limits() | self._of_evenness() | self._of_history()
        return [
            Check(*sentences[name], holds=holds)
            for name, holds in self.version.checks.items()
            if name in sentences
        ]

    def _of_limits(self) -> dict[str, tuple[str, str]]:
        """By the name of a check: how people call it, and what it proves."""
        say, version = self.language.gettext, self.version
        return {
            "sums": (
                say("Sums"),
                say(
                    "The %(count)s quotas add up to exactly %(assigned)s, and those of every unit "
                    "to the unit’s sum.",
                    count=self.figures.count(len(version.reps)),
                    assigned=self.figures.exact(version.assigned),
                ),
            ),
            "bounds": (
                say("Limits"),
                say("Every quota and every unit keeps its lower and upper limit."),
            ),
            "rows": (
                say("Rules across teams"),
                say("Every group, balance, margin floor and own rule holds, to the last cent."),
            ),
        }

    def _of_evenness(self) -> dict[str, tuple[str, str]]:
        say = self.language.gettext
        by_effort = say(
            "Before rounding, nobody’s effort can be lowered without raising that of "
            "somebody who already carries as much or more."
        )
        by_chance = say(
            "Before rounding, nobody’s chance can be raised without lowering that of "
            "somebody who already has as little or less."
        )
        return {
            "leximin": (say("Evenness"), by_chance if self.version.by_chance else by_effort),
            "largest": (
                say("Largest effort"),
                say("Before rounding, no plan within these rules has a smaller largest effort."),
            ),
            "squares": (
                say("Evenness"),
                say(
                    "Before rounding, and at this largest effort, no plan within these rules has a "
                    "smaller weighted sum of squared efforts."
                ),
            ),
        }

    def _of_history(self) -> dict[str, tuple[str, str]]:
        say = self.language.gettext
        return {
            "ledger": (
                say("Amendments"),
                say(
                    "Whatever was decided since the solve is carried by those who should carry it, "
                    "and what is locked is kept."
                ),
            ),
            "hash": (
                say("Unchanged"),
                say("What is stored is what was solved: the fingerprints of all rows agree."),
            ),
            "parent": (
                say("History"),
                say("The version it builds on is unchanged, too."),
            ),
        }

    def hedge(self, target: int) -> str:
        """How the assigned sum and the target, as it stands, differ."""
        say, version = self.language.gettext, self.version
        if version.assigned == target:
            return say("exactly the target")
        if version.amended and version.assigned != padded(target, version.over_assignment):
            return say("the target, changed by what was decided since")
        percent = self.figures.percent(version.over_assignment, signed=True)
        if version.gap and version.over_assignment:
            return say("target %(hedge)s hedge, less what is unassigned", hedge=percent)
        if version.gap:
            return say("target less what is unassigned")
        if any(change.rule == "target" for change in version.gave_way):
            return say("the target gave way")
        return say("target %(hedge)s hedge", hedge=percent)

    def company_growth(self) -> str | None:
        return self.figures.percent(self.version.totals[COMPANY].growth, signed=True)

    def status(self, status: str) -> str:
        return status_word(self.language, status)
