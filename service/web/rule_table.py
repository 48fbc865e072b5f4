"""The table of the rules across teams of a plan: what each counts, its limits, where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.web.figures import Amount, Figures
from service.web.rule_words import RuleWords
from service.web.rules import CrossingRule


@dataclass(frozen=True, slots=True)
class CrossingLine:
    """One rule, or one peer group of a balance."""

    kind: str
    name: str
    reps: str
    sum: Amount | None
    minimum: Amount | None
    maximum: Amount | None
    limits: bool
    """Whether the rule holds quotas away from the common effort."""
    standing: str
    """At which limit it stands; empty where at none."""


@dataclass(frozen=True, slots=True)
class CrossingTable:
    """The rules across the tree, those first that hold quotas."""

    lines: Sequence[CrossingLine]
    unit: str
    """What its amounts count."""


@dataclass(frozen=True, slots=True)
class RuleTable:
    """The lines of one version for one reader."""

    rules: RuleWords

    def drawn(self) -> CrossingTable:
        rules = sorted(self.rules.version.rules, key=lambda rule: not rule.binding)
        ends = [end for rule in rules for end in (rule.sum, rule.minimum, rule.maximum)]
        amounts = [round(end) for end in ends if end is not None]
        own = self.rules.figures
        figures = Figures.of(own.locale, own.currency, own.digits, amounts)
        return CrossingTable([self._line(rule, figures) for rule in rules], figures.unit)

    def _line(self, rule: CrossingRule, figures: Figures) -> CrossingLine:
        return CrossingLine(
            kind=self._kind(rule.kind),
            name=self._crossing_name(rule),
            reps=figures.count(rule.reps),
            sum=figures.money(rule.sum),
            minimum=figures.money(rule.minimum),
            maximum=figures.money(rule.maximum),
            limits=bool(rule.binding),
            standing=self._standing(rule),
        )

    def _kind(self, kind: str) -> str:
        say = self.rules.language.gettext
        return {
            "group": say("Overlay group"),
            "parity": say("Peer balance"),
            "margin": say("Margin floor"),
            "row": say("Own rule"),
        }[kind]

    def _crossing_name(self, rule: CrossingRule) -> str:
        say = self.rules.language.gettext
        if rule.peers is not None:
            return say("%(cohort)s: %(peers)s", cohort=rule.key, peers=rule.peers)
        if rule.unit is not None:
            return say(
                "%(name)s (in %(unit)s)", name=rule.key, unit=self.rules.unit_name(rule.unit)
            )
        return rule.key

    def _standing(self, rule: CrossingRule) -> str:
        say = self.rules.language.gettext
        if rule.binding == "max":
            return (
                say("yes, at its upper limit")
                if rule.is_full
                else say("yes, at its upper limit before rounding")
            )
        if rule.binding == "min":
            return (
                say("yes, at its lower limit")
                if rule.is_empty
                else say("yes, at its lower limit before rounding")
            )
        if rule.is_full:
            return say("at its upper limit, but nobody differs for it")
        if rule.is_empty:
            return say("at its lower limit, but nobody differs for it")
        return say("no")
