"""Rules in the words people use: their names, what they do to one rep, and which gave way.

What a rep reads about a rule that counts others tells what they carry together, and only where at
least `TOLD_FROM` are counted: of two, the sum would tell one what the other carries.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.web.domain.quotas import Names, Rep, Unit
from service.web.domain.version import VersionView
from service.web.figures import Figures
from service.web.held import holding
from service.web.i18n import Language
from service.web.rules import PARITY, CrossingRule, RuleName

TOLD_FROM: Final = 3


@dataclass(frozen=True, slots=True)
class RuleWords:
    """The sentences about the rules of one version for one reader."""

    language: Language
    figures: Figures
    version: VersionView
    names: Names

    # Names

    def name(self, rule: str) -> str:
        """A limiting rule in a few words."""
        say, found = self.language.gettext, RuleName.of(rule)
        key = found.key
        if found.kind == "unit":
            return self._of_unit(found, self.unit_name(key))
        if found.kind == "rep":
            return self._of_rep(found, self._rep_name(key))
        told = {
            ("group", "min"): say("minimum of the overlay group %(name)s", name=key),
            ("group", "max"): say("maximum of the overlay group %(name)s", name=key),
            ("row", "min"): say("minimum of the own rule %(name)s", name=key),
            ("row", "max"): say("maximum of the own rule %(name)s", name=key),
            ("margin", "min"): say("margin floor %(name)s", name=key),
            ("parity", ""): say("peer balance of %(cohort)s", cohort=key),
            ("target", ""): say("the target"),
        }
        return told.get((found.kind, found.side)) or self.own(found.kind)

    def own(self, side: str) -> str:
        """A limit of one rep."""
        say = self.language.gettext
        return {
            "cap": say("upper limit"),
            "floor": say("lower limit"),
            "fixed": say("locked"),
        }.get(side, side)

    def _of_rep(self, found: RuleName, name: str) -> str:
        limit = self.own(found.side)
        return self.language.gettext("%(limit)s of %(rep)s", limit=limit, rep=name)

    def _of_unit(self, found: RuleName, name: str) -> str:
        say = self.language.gettext
        match found.side:
            case "max":
                return say("maximum of %(unit)s", unit=name)
            case "min":
                return say("minimum of %(unit)s", unit=name)
            case _:
                return say("target of %(unit)s", unit=name)

    def unit_name(self, unit: str | None) -> str:
        facts = self.version.unit_by_id.get(unit)
        return facts.name if facts else self.language.gettext("Company")

    def _rep_name(self, rep: str) -> str:
        return self.names.get(rep, rep)

    # One rep

    def sentences(self, rep: Rep) -> list[str]:
        """Every rule that holds the rep, nearest first, with its amount."""
        return [self._sentence(rep, rule) for rule in rep.binding]

    def _sentence(self, rep: Rep, rule: str) -> str:
        found = RuleName.of(rule)
        match found.kind:
            case "unit":
                return self._unit_sentence(found)
            case "group" | "row" | "margin" | "parity":
                return self._crossing_sentence(rep, found)
            case _:
                return self._own_sentence(rep, found.kind)

    def _own_sentence(self, rep: Rep, kind: str) -> str:
        say, exact = self.language.gettext, self.figures.exact
        if kind == "fixed":
            return say("The quota is locked at %(amount)s.", amount=exact(rep.quota))
        if self._goes_against_the_common_effort(rep, kind):
            return self._against_rules(rep, kind)
        if kind == "floor":
            return say(
                "Lifted to the lower limit of %(amount)s, which is more than the common effort "
                "asks.",
                amount=exact(rep.floor),
            )
        return say(
            "Held at the upper limit of %(amount)s; the common effort would ask for more.",
            amount=exact(rep.quota if rep.cap is None else rep.cap),
        )

    def _goes_against_the_common_effort(self, rep: Rep, kind: str) -> bool:
        """Whether rules across teams push the rep against the own limit, and not that effort."""
        if not self.version.compares:
            return True
        away = rep.effort_amount - self.version.common_effort(rep)
        return away > 0 if kind == "cap" else away < 0

    def _against_rules(self, rep: Rep, kind: str) -> str:
        say, exact = self.language.gettext, self.figures.exact
        if kind == "floor":
            return say(
                "Kept at the lower limit of %(amount)s; rules across teams would ask for less.",
                amount=exact(rep.floor),
            )
        return say(
            "Held at the upper limit of %(amount)s; rules across teams would ask for more.",
            amount=exact(rep.quota if rep.cap is None else rep.cap),
        )

    def _unit_sentence(self, found: RuleName) -> str:
        say, exact = self.language.gettext, self.figures.exact
        unit: Unit = self.version.unit_by_id[found.key]
        if found.side == "max":
            return say(
                "The unit %(unit)s carries at most %(amount)s, so its reps carry less "
                "than the common effort asks.",
                unit=unit.name,
                amount=exact(unit.maximum or 0),
            )
        if found.side == "min":
            return say(
                "The unit %(unit)s carries at least %(amount)s, so its reps carry more "
                "than the common effort asks.",
                unit=unit.name,
                amount=exact(unit.minimum or 0),
            )
        if gap := self.version.gap_of.get(unit.id):
            return say(
                "The unit %(unit)s has a target of its own; its reps share evenly the %(amount)s "
                "of it that they can carry, and %(gap)s is unassigned.",
                unit=unit.name,
                amount=exact(unit.maximum or 0),
                gap=exact(gap),
            )
        return say(
            "The unit %(unit)s has a target of its own, %(amount)s with its hedge; "
            "its reps share it evenly among themselves.",
            unit=unit.name,
            amount=exact(unit.maximum or 0),
        )

    def _crossing_sentence(self, rep: Rep, found: RuleName) -> str:
        """Of a peer balance, the peer group that the rep belongs to is told."""
        counted = (self.version.rules[place] for place in rep.counted_by)
        rule = next(own for own in counted if (own.kind, own.key) == (found.kind, found.key))
        if rule.reps < TOLD_FROM:
            return self._without_amounts(found)
        return self._with_amounts(rule, found)

    def _without_amounts(self, found: RuleName) -> str:
        say = self.language.gettext
        match found.kind, found.side:
            case "group", "max":
                return say("Held at the maximum of the overlay group “%(name)s”.", name=found.key)
            case "group", _:
                return say("Lifted by the minimum of the overlay group “%(name)s”.", name=found.key)
            case "parity", _:
                return say("Moved by the peer balance of “%(cohort)s”.", cohort=found.key)
            case "margin", _:
                return say("Moved by the margin floor “%(name)s”.", name=found.key)
            case _:
                return say("Moved by the own rule “%(name)s”.", name=found.key)

    def _with_amounts(self, rule: CrossingRule, found: RuleName) -> str:
        say, exact = self.language.gettext, self.figures.exact
        facts = {
            "name": found.key,
            "sum": exact(rule.sum),
            "least": exact(rule.minimum or 0),
            "most": exact(rule.maximum or 0),
        }
        match found.kind, found.side:
            case "group", "max":
                return say(
                    "Held at the maximum of the overlay group “%(name)s”, which carries %(sum)s "
                    "of at most %(most)s.",
                    **facts,
                )
            case "group", _:
                return say(
                    "Lifted by the minimum of the overlay group “%(name)s”, which carries %(sum)s "
                    "and has to carry at least %(least)s.",
                    **facts,
                )
            case "parity", _:
                return say(
                    "Moved by the peer balance of “%(name)s”: the peer group “%(peers)s” carries "
                    "%(sum)s and has to stay between %(least)s and %(most)s.",
                    peers=rule.peers,
                    **facts,
                )
            case "margin", _:
                return say(
                    "Moved by the margin floor “%(name)s”: the quotas it counts have to bring at "
                    "least %(least)s of gross margin and bring %(sum)s, so quotas with a higher "
                    "margin carry more of the effort.",
                    **facts,
                )
            case "row", "max":
                return say(
                    "Moved by the own rule “%(name)s”, whose sum is %(sum)s and may be at most "
                    "%(most)s.",
                    **facts,
                )
            case _:
                return say(
                    "Moved by the own rule “%(name)s”, whose sum is %(sum)s and has to be at least "
                    "%(least)s.",
                    **facts,
                )

    # The plan

    def gave_way(self) -> Iterator[str]:
        """`maximum of West: $480,000 → $520,000` for each rule that gave way."""
        for change in self.version.gave_way:
            yield self.language.gettext(
                "%(rule)s: %(before)s → %(after)s",
                rule=self._identified(change.rule),
                before=self._value(change.rule, change.before),
                after=self._value(change.rule, change.after),
            )

    def _identified(self, rule: str) -> str:
        """The rule with the id of its unit or rep beside the name: names need not be unique."""
        found = RuleName.of(rule)
        if found.kind == "unit":
            return self._of_unit(found, self._with_id(self.unit_name(found.key), found.key))
        if found.kind == "rep":
            return self._of_rep(found, self._with_id(self._rep_name(found.key), found.key))
        return self.name(rule)

    def _with_id(self, name: str, key: str) -> str:
        if name.casefold() == key.casefold():
            return name
        return self.language.gettext("%(name)s (%(id)s)", name=name, id=key)

    def _value(self, rule: str, value: float | None) -> str:
        if value is None:
            return self.language.gettext("no limit")
        if RuleName.of(rule).kind == PARITY:
            return "±" + self.figures.percent_tick(value)
        return self.figures.exact(value)

    def gaps(self, owners: Names) -> Sequence[str]:
        """`West: $70,000, for Wu to sign; held by …` for each part that nobody can carry."""
        say, told = self.language.gettext, self._gaps(owners)
        pairs = [(gap, self.holding(unit)) for unit, gap in told]
        return [
            say("%(gap)s; %(held)s", gap=gap, held=held) if held else gap for gap, held in pairs
        ]

    def holding(self, unit: str | None) -> str:
        """Which limits keep the reps of a unit from carrying more; empty where none is reached."""
        say, plural = self.language.gettext, self.language.ngettext
        told = [
            say(
                "%(limit)s (%(reps)s)",
                limit=self.name(rule),
                reps=plural(
                    "%(count)s rep", "%(count)s reps", count, count=self.figures.count(count)
                ),
            )
            for rule, count in holding(self.version, unit)
        ]
        return say("held by %(limits)s", limits=say(", ").join(told)) if told else ""

    def _gaps(self, owners: Names) -> Iterator[tuple[str | None, str]]:
        say = self.language.gettext
        texts = [
            say(
                "%(unit)s: %(amount)s, for %(owner)s to sign",
                unit=self.unit_name(gap.unit),
                amount=self.figures.exact(gap.amount),
                owner=self.owner(gap.unit, owners),
            )
            if gap.unit in owners
            else say(
                "%(unit)s: %(amount)s",
                unit=self.unit_name(gap.unit),
                amount=self.figures.exact(gap.amount),
            )
            for gap in self.version.gaps
        ]
        units = (gap.unit for gap in self.version.gaps)
        yield from zip(units, texts, strict=True)

    def owner(self, unit: str | None, owners: Names) -> str:
        """Who signs for a unit: a rep's name, or what the inputs call the owner; else nobody."""
        owner = owners.get(unit or "", "")
        return self._rep_name(owner)
