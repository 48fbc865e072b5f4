"""Marginal impact in whole sentences: what more to assign, or a limit that gives way, costs whom.

The facts are those that a version stores (`service.allocations.prices`), with money in minor units.
Where no price could be proved, the sentences say that it is not known.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from service.web.figures import Figures
from service.web.i18n import Language
from service.web.spoken import Spoken

_PARTS: Final = 3
"""The units named one by one; the others are added up."""
_UNKNOWN: Final = 3
"""The rules named of those whose price is not known; the others are counted."""
_MINUS: Final = "−"
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
    power: int | None = None
    """The unit of all amounts, where sentences beside these have a say in it."""

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
        parts = [part["amount"] for part in facts["units"]]
        spoken = self.spoken([facts["step"], most["amount"], *parts])
        told = {
            "step": spoken.tell(facts["step"]),
            "parts": self._parts(spoken, facts["step"], facts["units"]),
            "most": spoken.tell(abs(most["amount"])),
        }
        if reps > 1 and abs(most["amount"] * reps - facts["step"]) <= reps:
            yield say(
                "%(step)s more to assign would fall like this: %(parts)s; %(most)s on each rep.",
                **told,
            )
        elif most["amount"] >= 0:
            yield say(
                "%(step)s more to assign would fall like this: %(parts)s. The largest part, "
                "%(most)s, on %(rep)s.",
                rep=self.rep_name(most["rep"]),
                **told,
            )
        else:
            yield say(
                "%(step)s more to assign would fall like this: %(parts)s. The largest change, "
                "%(most)s less, on %(rep)s.",
                rep=self.rep_name(most["rep"]),
                **told,
            )
        if facts["range"] is not None:
            yield say(
                "It stays in these proportions up to %(range)s more; then the next limit is met.",
                range=self.spoken([facts["range"]]).up_to(facts["range"]),
            )

    def _parts(self, spoken: Spoken, step: int, units: Sequence[Facts]) -> str:
        """The parts that the step falls into; as they are told, they sum to it."""
        named, rest = units[:_PARTS], units[_PARTS:]
        amounts = [part["amount"] for part in named]
        if rest:
            amounts.append(sum(part["amount"] for part in rest))
        told = spoken.parts(step, amounts)
        said = [
            self._part(self.unit_name(part["unit"]), part["reps"], amount)
            for part, amount in zip(named, told, strict=False)
        ]
        if rest:
            of_rest = self.language.gettext("the rest")
            said.append(self._part(of_rest, sum(part["reps"] for part in rest), told[-1]))
        return self.language.gettext(", ").join(said)

    def _part(self, where: str, reps: int, amount: str) -> str:
        facts = {"unit": where, "reps": self.reps(reps), "amount": amount.removeprefix(_MINUS)}
        if amount.startswith(_MINUS):
            return self.language.gettext("%(amount)s less on %(unit)s (%(reps)s)", **facts)
        return self.language.gettext("%(amount)s on %(unit)s (%(reps)s)", **facts)

    def of_one(self, yardstick: float) -> str:
        """What a rep who follows the common effort carries of more to assign."""
        facts = self.prices["target"]
        if facts is None:
            return ""
        amounts = facts["step"], round(facts["step"] * facts["level"] * yardstick)
        spoken = Spoken.of(self.figures, amounts, self.figures.spoken_power(amounts))
        step, own = map(spoken.tell, amounts)
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
        most = abs(rule["around"]["most"]["amount"])
        spoken = self.spoken([rule["step"], most])
        facts = {
            "limit": self.limit_name(rule["rule"]),
            "step": spoken.tell(rule["step"]),
            "reps": self.reps(rule["inside"]["reps"]),
            "others": self.others(rule["around"]["reps"]),
            "most": spoken.tell(most),
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

    def spoken(self, amounts: Iterable[int]) -> Spoken:
        """How the amounts of one sentence are said: all sentences in one unit, so that they can be
        compared.
        """
        power = self._power if self.power is None else self.power
        return Spoken.of(self.figures, amounts, power)

    @cached_property
    def _power(self) -> int:
        return self.figures.spoken_power(amounts_in(self.prices))

    def reps(self, count: int) -> str:
        shown = self.figures.count(count)
        return self.language.ngettext("%(count)s rep", "%(count)s reps", count, count=shown)

    def others(self, count: int) -> str:
        shown = self.figures.count(count)
        return self.language.ngettext(
            "%(count)s other rep", "%(count)s other reps", count, count=shown
        )


def amounts_in(facts: Any) -> Iterator[int]:
    """Everything in facts that is money and that a sentence may say."""
    if isinstance(facts, list):
        for part in facts:
            yield from amounts_in(part)
    elif isinstance(facts, Mapping):
        for name, value in facts.items():
            if name not in _MONEY:
                yield from amounts_in(value)
            elif value is not None:
                yield value
