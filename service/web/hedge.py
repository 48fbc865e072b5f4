"""What over-assignment does, in whole sentences.

The facts are those that a version stores (`service.allocations.over_assignment`), with money in
minor units.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.web.unit_words import UNITS_TOLD, Facts, UnitWords


@dataclass(frozen=True, slots=True)
class HedgeWords(UnitWords):
    """The sentences for one reader."""

    compared: bool = True
    """Whether the plan was compared with one without; under rules across teams it is not."""
    power: int | None = None
    """The unit of all amounts, where sentences beside these have a say in it."""

    def sentences(self, rows: Sequence[Facts]) -> Iterator[str]:
        """What it adds to each target, and what it does to those who attain."""
        padded = _padded(rows)
        if not padded:
            return
        told, others = padded[:UNITS_TOLD], padded[UNITS_TOLD:]
        power = self.power
        if power is None:
            power = self.figures.spoken_power(amounts_told(told))
        for row in told:
            yield self._target(row, power)
        yield from self.more_units(len(others))
        yield self._attaining(rows[0])
        yield self.language.gettext(
            "More quota than target does not by itself make it likelier that the company reaches "
            "its target; it moves risk to the reps."
        )

    def _target(self, row: Facts, power: int) -> str:
        say, figures = self.language.gettext, self.figures
        stated_by = row["stated_by"]
        return say(
            "%(unit)s: quotas of %(assigned)s for a target of %(target)s, "
            "%(factor)s (stated by: %(source)s).",
            unit=self.unit_name(row["unit"]),
            assigned=figures.headline(row["assigned"], power),
            target=figures.headline(row["target"], power),
            factor=figures.percent(row["over_assignment"], signed=True),
            source=say("policy") if stated_by is None else self.unit_name(stated_by),
        )

    def _attaining(self, company: Facts) -> str:
        say, percent = self.language.gettext, self.figures.percent
        now, without = company["attaining"], company["attaining_without"]
        if now is None:
            return say(
                "How many reps are expected to attain their quotas cannot be told: the "
                "uncertainty of their sales (sigma) is not known."
            )
        facts = {"share": percent(now), "reps": self.reps(company["reps_with_sigma"])}
        if without is None and not self.compared:
            return say(
                "%(share)s of the %(reps)s whose uncertainty is known are expected to attain "
                "their quotas.",
                **facts,
            )
        if without is None:
            return say(
                "%(share)s of the %(reps)s whose uncertainty is known are expected to attain "
                "their quotas; without the hedge the limits could not hold.",
                **facts,
            )
        return say(
            "%(share)s of the %(reps)s whose uncertainty is known are expected to attain "
            "their quotas; without the hedge it would be %(without)s.",
            without=percent(without),
            **facts,
        )


def amounts_told(rows: Sequence[Facts]) -> list[int]:
    """The amounts that sentences about these targets say."""
    return [row[end] for row in _padded(rows)[:UNITS_TOLD] for end in ("target", "assigned")]


def _padded(rows: Sequence[Facts]) -> list[Facts]:
    return [row for row in rows if row["over_assignment"]]
