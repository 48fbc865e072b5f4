"""What uncertain sales do to a plan, in whole sentences.

The facts are those that a version stores (`service.allocations.risk`), with money in minor units.
They are for those who plan: no page of a rep tells them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from service.web.unit_words import UNITS_TOLD, Facts, UnitWords


@dataclass(frozen=True, slots=True)
class RiskWords(UnitWords):
    """The sentences for one reader."""

    hedged: bool = False
    """Whether the hedge is told of beside these, and what it does not do."""
    of_solve: bool = False
    """Whether the company's target is another one by now than that of the solve, of which these
    tell.
    """

    def sentences(self, risk: Facts | None) -> Iterator[str]:
        """Who attains, what may be sold under each target, and what neither of them tells."""
        if risk is None:
            return
        yield self._attaining(risk)
        totals = [row for row in risk["totals"] if row["unit"] is None or row["reps"]]
        told, others = totals[:UNITS_TOLD], totals[UNITS_TOLD:]
        amounts = [row[name] for row in told for name in ("target", "p10", "p90") if row[name]]
        power = self.figures.spoken_power(amounts)
        for row in told:
            yield self._total(row, power)
        yield from self.more_units(len(others))
        if any(row["variation"] is not None for row in totals):
            yield self._market(risk)
        if any(row["variation"] is not None for row in totals) and not self.hedged:
            yield self.language.gettext(
                "What is sold does not depend on how much quota is handed out: a hedge makes no "
                "target likelier."
            )

    def _attaining(self, risk: Facts) -> str:
        return self.language.gettext(
            "%(share)s of the %(reps)s whose uncertainty is known are expected to attain their "
            "quotas, give or take %(deviation)s of them (standard deviation).",
            share=self.figures.percent(risk["attaining"]),
            reps=self.reps(risk["reps_with_sigma"]),
            deviation=self.figures.percent(risk["attaining_deviation"]),
        )

    def _total(self, row: Facts, power: int) -> str:
        say, figures = self.language.gettext, self.figures
        unit = self.unit_name(row["unit"])
        if row["reps_with_sigma"] < row["reps"]:
            return say(
                "%(unit)s: how likely the target is reached cannot be told, for the uncertainty "
                "(sigma) of %(reps)s is not known.",
                unit=unit,
                reps=self.reps(row["reps"] - row["reps_with_sigma"]),
            )
        if row["reaching"] is None or row["p10"] is None:
            return say(
                "%(unit)s: how likely the target is reached cannot be told, for the sales of "
                "a few people decide it and swing too widely.",
                unit=unit,
            )
        facts = {
            "unit": unit,
            "target": figures.headline(row["target"], power),
            "chance": figures.percent_tick(round(row["reaching"], 2)),
            "low": figures.headline(row["p10"], power),
            "high": figures.headline(row["p90"], power),
        }
        if self.of_solve and row["unit"] is None:
            return say(
                "%(unit)s: sales reach %(target)s, the target of the solve, with a chance of about "
                "%(chance)s; in four years of five they lie between %(low)s and %(high)s.",
                **facts,
            )
        return say(
            "%(unit)s: sales reach the target of %(target)s with a chance of about %(chance)s; in "
            "four years of five they lie between %(low)s and %(high)s.",
            **facts,
        )

    def _market(self, risk: Facts) -> str:
        say, swing = self.language.gettext, self.figures.percent(risk["market_sigma"])
        if risk["market_errors"]:
            return say(
                "A market that is one for all swings by %(swing)s, as the company’s own past "
                "says: people attain or miss together.",
                swing=swing,
            )
        return say(
            "A market that is one for all is taken to swing by %(swing)s, the least that is ever "
            "taken, for the past does not tell: chances of large units may look too sure.",
            swing=swing,
        )
