"""Marginal impact and over-assignment in whole sentences: what more would cost whom.

The facts are those that a version stores (`service.allocations.prices` and `over_assignment`), with
money in minor units.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.web.figures import Figures
from service.web.i18n import Language

_PARTS: Final = 3
"""The units named one by one; the others are added up."""

type Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ImpactWords:
    """The sentences for one reader."""

    language: Language
    figures: Figures
    rep_name: Callable[[str], str]
    unit_name: Callable[[str | None], str]

    # Prices

    def target(self, prices: Facts) -> Iterator[str]:
        """What more to assign costs whom."""
        say, money = self.language.gettext, self._money
        facts = prices["target"]
        if facts is None:
            if prices["can_grow"] is False:  # None: not known
                yield say("Nobody can carry more within the limits: the target cannot grow.")
            return
        most, reps = facts["most"], facts["reps"]
        told = {
            "step": money(facts["step"]),
            "parts": self._parts(facts["units"]),
            "most": money(most["amount"]),
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
                range=money(facts["range"]),
            )

    def _parts(self, units: Sequence[Facts]) -> str:
        say = self.language.gettext
        named = [
            say(
                "%(amount)s on %(unit)s (%(reps)s)",
                amount=self._money(part["amount"]),
                unit=self.unit_name(part["unit"]),
                reps=self._reps(part["reps"]),
            )
            for part in units[:_PARTS]
        ]
        if rest := units[_PARTS:]:
            named.append(
                say(
                    "%(amount)s on the rest (%(reps)s)",
                    amount=self._money(sum(part["amount"] for part in rest)),
                    reps=self._reps(sum(part["reps"] for part in rest)),
                )
            )
        return say(", ").join(named)

    def rules(self, prices: Facts, most: int) -> list[str]:
        """What it costs whom when a rule gives way, those first that matter most."""
        ranges = [rule for rule in prices["rules"] if rule["rule"].startswith("unit:")]
        return [self._rule(rule) for rule in ranges[:most]]

    def _rule(self, rule: Facts) -> str:
        say, money = self.language.gettext, self._money
        unit, _, end = rule["rule"].removeprefix("unit:").rpartition(":")
        raised = rule["inside"]["amount"] > 0
        name = self.unit_name(unit)
        limit = {
            "max": say("maximum of %(unit)s", unit=name),
            "min": say("minimum of %(unit)s", unit=name),
            "target": say("target of %(unit)s", unit=name),
        }[end]
        facts = {
            "limit": limit,
            "step": money(rule["step"]),
            "reps": self._reps(rule["inside"]["reps"]),
            "others": self._others(rule["around"]["reps"]),
            "most": money(abs(rule["around"]["most"]["amount"])),
        }
        if raised:
            return say(
                "Raising the %(limit)s by %(step)s gives that much more to %(reps)s there and "
                "takes it off %(others)s, at most %(most)s each.",
                **facts,
            )
        return say(
            "Lowering the %(limit)s by %(step)s takes that much off %(reps)s there and gives it "
            "to %(others)s, at most %(most)s each.",
            **facts,
        )

    def of_one(self, prices: Facts, yardstick: float) -> str:
        """What a rep who follows the common effort carries of more to assign."""
        facts = prices["target"]
        if facts is None:
            return ""
        amount = round(facts["step"] * facts["level"] * yardstick)
        return self.language.gettext(
            "Of %(step)s more for the company to assign, this quota would carry %(amount)s.",
            step=self._money(facts["step"]),
            amount=self._money(amount),
        )

    # Over-assignment

    def over_assignment(self, rows: Sequence[Facts]) -> Iterator[str]:
        """What it adds to each target, and what it does to those who attain."""
        say, money, percent = self.language.gettext, self._money, self.figures.percent
        padded = [row for row in rows if row["over_assignment"]]
        if not padded:
            return
        for row in padded[: _PARTS + 1]:
            yield say(
                "%(unit)s: quotas of %(assigned)s for a target of %(target)s, "
                "%(factor)s (stated by: %(source)s).",
                unit=self.unit_name(row["unit"]),
                assigned=money(row["assigned"]),
                target=money(row["target"]),
                factor=percent(row["over_assignment"], signed=True),
                source=say("policy")
                if row["stated_by"] is None
                else self.unit_name(row["stated_by"]),
            )
        if len(padded) > _PARTS + 1:
            yield self.language.ngettext(
                "And %(count)s more unit with a target of its own.",
                "And %(count)s more units with targets of their own.",
                len(padded) - _PARTS - 1,
                count=self.figures.count(len(padded) - _PARTS - 1),
            )
        yield from self._attaining(rows[0])
        yield say(
            "More quota than target does not by itself make it likelier that the company reaches "
            "its target; it moves risk to the reps."
        )

    def _attaining(self, company: Facts) -> Iterator[str]:
        say, percent = self.language.gettext, self.figures.percent
        now, without = company["attaining"], company["attaining_without"]
        if now is None:
            yield say(
                "How many reps are expected to attain their quotas cannot be told: the "
                "uncertainty of their sales (sigma) is not known."
            )
        elif without is None:
            yield say(
                "%(share)s of the %(reps)s whose uncertainty is known are expected to attain "
                "their quotas; without the hedge the limits could not hold.",
                share=percent(now),
                reps=self._reps(company["reps_with_sigma"]),
            )
        else:
            yield say(
                "%(share)s of the %(reps)s whose uncertainty is known are expected to attain "
                "their quotas; without the hedge it would be %(without)s.",
                share=percent(now),
                without=percent(without),
                reps=self._reps(company["reps_with_sigma"]),
            )

    def _money(self, minor: int) -> str:
        """As people say it: these are parts of a step, and their cents say nothing."""
        return self.figures.headline(minor).shown

    def _reps(self, count: int) -> str:
        shown = self.figures.count(count)
        return self.language.ngettext("%(count)s rep", "%(count)s reps", count, count=shown)

    def _others(self, count: int) -> str:
        shown = self.figures.count(count)
        return self.language.ngettext(
            "%(count)s other rep", "%(count)s other reps", count, count=shown
        )
