"""What it costs whom when a rule across teams gives way, in whole sentences.

Unlike the limit of a unit, such a rule need not move as much money as it gives way: a margin counts
a part of each quota, and a rule of one's own whatever its numbers say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.web.impact import Facts, ImpactWords
from service.web.rule_words import RuleWords
from service.web.rules import PARITY, RuleName


@dataclass(frozen=True, slots=True)
class RulePriceWords:
    """The sentences about the rules across teams of one version."""

    impact: ImpactWords
    rules: RuleWords

    def sentences(self) -> Iterator[str]:
        """Of every rule that holds quotas; of those without a price, why, or that it is unknown."""
        facts: Sequence[Facts] = self.impact.prices["rules"]
        told = [rule for rule in facts if not rule["rule"].startswith("unit:")]
        yield from map(self._sentence, told)
        known = {rule["rule"] for rule in told}
        holding = dict.fromkeys(rule.limit for rule in self.rules.version.rules if rule.binding)
        unknown = {rule: self._peers_at_limits(rule) for rule in holding if rule not in known}
        for rule, peers in unknown.items():
            if peers > 1:
                yield self.impact.language.gettext(
                    "The %(limit)s has no price: %(count)s of its peer groups stand at a limit at "
                    "once, and what one of these alone would move could not be proved. Another "
                    "tolerance, solved again, shows what it changes.",
                    limit=self.rules.name(rule),
                    count=self.impact.figures.count(peers),
                )
        yield from self.impact.not_known([rule for rule, peers in unknown.items() if peers < 2])

    def _peers_at_limits(self, rule: str) -> int:
        """How many peer groups a balance of this name holds at a limit; of other rules 0."""
        holding = (own for own in self.rules.version.rules if own.binding)
        return sum(own.kind == PARITY and own.limit == rule for own in holding)

    def _sentence(self, rule: Facts) -> str:
        impact, inside, around = self.impact, rule["inside"], rule["around"]
        limit, rises = self._limit(rule)
        most = [abs(side["most"]["amount"]) for side in (inside, around)]
        more = inside["amount"]
        spoken = impact.spoken([rule["step"], more, *most])
        facts = {
            "limit": limit,
            "step": spoken.tell(rule["step"]),
            "amount": spoken.tell(abs(more)),
            "reps": impact.reps(inside["reps"]),
            "others": impact.others(around["reps"]),
            "most": spoken.tell(most[1]),
        }
        if more:
            return self._raised(facts, more) if rises else self._lowered(facts, more)
        everybody = impact.reps(inside["reps"] + around["reps"])
        facts |= {"reps": everybody, "most": spoken.tell(max(most))}
        say = impact.language.gettext
        if rises:
            return say(
                "Raising the %(limit)s by %(step)s moves money between %(reps)s, at most "
                "%(most)s each.",
                **facts,
            )
        return say(
            "Lowering the %(limit)s by %(step)s moves money between %(reps)s, at most "
            "%(most)s each.",
            **facts,
        )

    def _raised(self, facts: dict[str, str], more: int) -> str:
        say = self.impact.language.gettext
        if more > 0:
            return say(
                "Raising the %(limit)s by %(step)s gives %(amount)s more to %(reps)s it counts "
                "and takes it off %(others)s, at most %(most)s each.",
                **facts,
            )
        return say(
            "Raising the %(limit)s by %(step)s takes %(amount)s off %(reps)s it counts and gives "
            "it to %(others)s, at most %(most)s each.",
            **facts,
        )

    def _lowered(self, facts: dict[str, str], more: int) -> str:
        say = self.impact.language.gettext
        if more > 0:
            return say(
                "Lowering the %(limit)s by %(step)s gives %(amount)s more to %(reps)s it counts "
                "and takes it off %(others)s, at most %(most)s each.",
                **facts,
            )
        return say(
            "Lowering the %(limit)s by %(step)s takes %(amount)s off %(reps)s it counts and gives "
            "it to %(others)s, at most %(most)s each.",
            **facts,
        )

    def _limit(self, rule: Facts) -> tuple[str, bool]:
        """What gives way, and whether upwards. A peer balance has two limits for each peer group,
        which only their amounts tell apart.
        """
        say, found = self.impact.language.gettext, RuleName.of(rule["rule"])
        if found.kind != PARITY:
            return self.rules.name(rule["rule"]), found.side == "max"
        for own in self.rules.version.rules:
            facts = {"cohort": own.key, "peers": own.peers}
            if (own.kind, own.key) != (found.kind, found.key):
                continue
            if own.maximum is not None and own.maximum + rule["step"] == rule["to"]:
                return say("upper limit of %(peers)s in the balance of %(cohort)s", **facts), True
            if own.minimum is not None and own.minimum - rule["step"] == rule["to"]:
                return say("lower limit of %(peers)s in the balance of %(cohort)s", **facts), False
        return self.rules.name(rule["rule"]), rule["inside"]["amount"] > 0
