"""Marginal impact in whole sentences: what more to assign, or a limit that gives way, costs whom.

The facts are those that a version stores (`service.allocations.prices`), with money in minor units.
Where no price could be proved, the sentences say that it is not known.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from service.web.figures import Figures
from service.web.i18n import Language

_PARTS: Final = 3
"""The units named one by one; the others are added up."""
_UNKNOWN: Final = 3
"""The rules named of those whose price is not known; the others are counted."""
_MONEY: Final = frozenset({"step", "range", "amount"})

type Facts = Mapping[str, Any]

NOT_KNOWN: Final[Facts] = {"target": None, "can_grow": None, "rules": []}
"""Where rules cut across teams and no price could be proved."""


@dataclass(frozen=True)
class ImpactWords:
    """The sentences about the prices of one plan for one reader, all amounts in one unit."""

    language: Language
    figures: Figures
    prices: Facts
    rep_name: Callable[[str], str]
    unit_name: Callable[[str | None], str]
    limit_name: Callable[[str], str]

    # More to assign

    def target(self) -> Iterator[str]:
        """What more to assign costs whom."""
        say, facts = self.language.gettext, self.prices["target"]
        if facts is None:
            can_grow = self.prices["can_grow"]
            if can_grow is None:
                yield say(
                    "What more to assign would cost whom is not known: no price could be proved."
                )
            elif not can_grow:
                yield say("Nobody can carry more within the limits: the target cannot grow.")
            return
        most, reps = facts["most"], facts["reps"]
        told = {
            "step": self.money(facts["step"]),
            "parts": self._parts(facts["units"]),
            "most": self.money(most["amount"]),
        }
        if reps > 1 and abs(most["amount"] * reps - facts["step"]) <= reps:
            yield say(
                "%(step)s more to assign would fall like this: %(parts)s; %(most)s on each rep.",
                **told,
            )
        else:
            yield say(
                "%(step)s more to assign would fall like this: %(parts)s. The largest part, "
                "%(most)s, on %(rep)s.",
                rep=self.rep_name(most["rep"]),
                **told,
            )
        if facts["range"] is not None:
            yield say(
                "It stays in these proportions up to %(range)s more; then the next limit is met.",
                range=self.money(facts["range"]),
            )

    def _parts(self, units: Sequence[Facts]) -> str:
        say = self.language.gettext
        named = [
            say(
                "%(amount)s on %(unit)s (%(reps)s)",
                amount=self.money(part["amount"]),
                unit=self.unit_name(part["unit"]),
                reps=self.reps(part["reps"]),
            )
            for part in units[:_PARTS]
        ]
        if rest := units[_PARTS:]:
            named.append(
                say(
                    "%(amount)s on the rest (%(reps)s)",
                    amount=self.money(sum(part["amount"] for part in rest)),
                    reps=self.reps(sum(part["reps"] for part in rest)),
                )
            )
        return say(", ").join(named)

    def of_one(self, yardstick: float) -> str:
        """What a rep who follows the common effort carries of more to assign."""
        facts = self.prices["target"]
        if facts is None:
            return ""
        amounts = facts["step"], round(facts["step"] * facts["level"] * yardstick)
        power = self.figures.spoken_power(amounts)
        step, own = (self.figures.headline(amount, power) for amount in amounts)
        return self.language.gettext(
            "Of %(step)s more for the company to assign, this quota would carry %(amount)s.",
            step=step,
            amount=own,
        )

    # Limits that give way

    def of_units(self, most: int) -> list[str]:
        """What it costs whom when the limit of a unit gives way, those first that matter most."""
        limits = [rule for rule in self.prices["rules"] if rule["rule"].startswith("unit:")]
        return [self._of_unit(rule) for rule in limits[:most]]

    def _of_unit(self, rule: Facts) -> str:
        facts = {
            "limit": self.limit_name(rule["rule"]),
            "step": self.money(rule["step"]),
            "reps": self.reps(rule["inside"]["reps"]),
            "others": self.others(rule["around"]["reps"]),
            "most": self.money(abs(rule["around"]["most"]["amount"])),
        }
        if rule["inside"]["amount"] > 0:
            return self.language.gettext(
                "Raising the %(limit)s by %(step)s gives that much more to %(reps)s there and "
                "takes it off %(others)s, at most %(most)s each.",
                **facts,
            )
        return self.language.gettext(
            "Lowering the %(limit)s by %(step)s takes that much off %(reps)s there and gives it "
            "to %(others)s, at most %(most)s each.",
            **facts,
        )

    def not_known(self, rules: Sequence[str]) -> Iterator[str]:
        """Limits that hold quotas, but whose price could not be proved."""
        for rule in rules[:_UNKNOWN]:
            yield self.language.gettext(
                "What it would cost whom if the %(limit)s gave way is not known: no price could "
                "be proved.",
                limit=self.limit_name(rule),
            )
        if more := len(rules[_UNKNOWN:]):
            yield self.language.ngettext(
                "The same holds for %(count)s more rule.",
                "The same holds for %(count)s more rules.",
                more,
                count=self.figures.count(more),
            )

    # How amounts and people are said

    def money(self, minor: float) -> str:
        """As people say it: these are parts of a step, and their cents say nothing."""
        return self.figures.headline(minor, self._power).shown

    @cached_property
    def _power(self) -> int:
        """One unit for all amounts, so that they can be compared."""
        facts = [self.prices["target"] or {}, *self.prices["rules"]]
        return self.figures.spoken_power([*_amounts(facts)])

    def reps(self, count: int) -> str:
        shown = self.figures.count(count)
        return self.language.ngettext("%(count)s rep", "%(count)s reps", count, count=shown)

    def others(self, count: int) -> str:
        shown = self.figures.count(count)
        return self.language.ngettext(
            "%(count)s other rep", "%(count)s other reps", count, count=shown
        )


def _amounts(facts: Any) -> Iterator[int]:
    """Everything in facts that is money and that a sentence may say."""
    if isinstance(facts, list):
        for part in facts:
            yield from _amounts(part)
    elif isinstance(facts, Mapping):
        for name, value in facts.items():
            if name not in _MONEY:
                yield from _amounts(value)
            elif value is not None:
                yield value
