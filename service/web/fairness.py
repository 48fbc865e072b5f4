"""The fairness report in whole sentences: what was measured, on whom, and what cannot be said.

The facts are those of the API (`service.allocations.fairness_report`). A sentence about a
connection always tells its size, its interval, how many reps, and what so few would miss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import expm1
from typing import Any, Final

from service.web.figures import Figures
from service.web.i18n import Language

type Facts = Mapping[str, Any]

_EVEN: Final = 0.005
"""Indices of effort that differ by less look alike with two decimals."""
_EVEN_GROWTH: Final = 5e-4
_EVEN_THEIL: Final = 5e-5
_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class FairnessWords:
    """The sentences about one report for one reader."""

    language: Language
    figures: Figures
    report: Facts
    rep_name: Callable[[str], str]

    def spread(self) -> list[str]:
        """How far apart the reps are."""
        return [*self._effort(), *self._growth(), *self._indices(), *self._chances(), *self._far()]

    def connections(self) -> list[str]:
        """For whom effort is higher, by what was so before the period."""
        return [self.connection(told) for told in self.report["comparisons"]]

    def review(self) -> list[str]:
        """What came of the quotas; nothing where no sales of the period are known."""
        if (review := self.report["review"]) is None:
            return []
        return [*self._review(review), *(self.connection(told) for told in review["comparisons"])]

    def limits(self) -> str:
        """What no report can say."""
        say = self.language.gettext
        return say(
            "What is not shown may still be there. Nothing here says why efforts differ, or "
            "whether the expected sales are right. All p values are corrected together (Holm): "
            "where there is nothing, at most %(alpha)s of reports show anything.",
            alpha=self.figures.percent(self.report["alpha"]),
        )

    def _effort(self) -> Iterator[str]:
        say, number, facts = self.language.gettext, self.figures.number, self.report["effort"]
        if facts["kind"] != "index" or not facts["n"]:
            return
        if facts["max"] - facts["min"] < _EVEN:
            yield say(
                "The effort index of %(reps)s is %(index)s for everybody.",
                reps=self._reps(facts["n"]),
                index=number(facts["median"]),
            )
            return
        low, high = number(facts["low_quarter"]), number(facts["high_quarter"])
        told = {
            "reps": self._reps(facts["n"]),
            "min": number(facts["min"]),
            "max": number(facts["max"]),
        }
        if low == high:
            yield say(
                "The effort index of %(reps)s lies between %(min)s and %(max)s; of at least half "
                "of them it is %(index)s (1.00 = the same as everyone).",
                index=low,
                **told,
            )
            return
        yield say(
            "The effort index of %(reps)s lies between %(min)s and %(max)s; half of them between "
            "%(low)s and %(high)s (1.00 = the same as everyone).",
            low=low,
            high=high,
            **told,
        )

    def _growth(self) -> Iterator[str]:
        facts = self.report["growth"]
        if not facts["n"]:
            yield self.language.gettext("Nobody has expected sales to grow on.")
            return
        if facts["max"] - facts["min"] < _EVEN_GROWTH:
            yield self.language.gettext(
                "Growth on expected sales of %(reps)s is %(growth)s for everybody.",
                reps=self._reps(facts["n"]),
                growth=self._signed(facts["median"]),
            )
            return
        low, high = self._signed(facts["low_quarter"]), self._signed(facts["high_quarter"])
        told = {
            "reps": self._reps(facts["n"]),
            "min": self._signed(facts["min"]),
            "max": self._signed(facts["max"]),
        }
        if low == high:
            yield self.language.gettext(
                "Growth on expected sales of %(reps)s lies between %(min)s and %(max)s; of at "
                "least half of them it is %(growth)s.",
                growth=low,
                **told,
            )
            return
        yield self.language.gettext(
            "Growth on expected sales of %(reps)s lies between %(min)s and %(max)s; half of them "
            "between %(low)s and %(high)s.",
            low=low,
            high=high,
            **told,
        )

    def _indices(self) -> Iterator[str]:
        say, number = self.language.gettext, self.figures.number
        for name, facts in (
            (say("Quota ÷ expected sales"), self.report["quota_over_baseline"]),
            (say("Quota ÷ potential"), self.report["quota_over_potential"]),
        ):
            if facts["gini"] is None:
                continue
            told = say(
                "%(ratio)s of %(reps)s: Gini %(gini)s (0 = the same for everybody), Jain %(jain)s "
                "(1 = the same), Theil %(theil)s",
                ratio=name,
                reps=self._reps(facts["n"]),
                gini=number(facts["gini"], 3),
                jain=number(facts["jain"], 3),
                theil=number(facts["theil"], 4),
            )
            if facts["theil"] < _EVEN_THEIL or len(self.report["charts"]["units"]) < 2:
                yield say("%(sentence)s.", sentence=told)
            else:
                share = self.figures.percent(facts["between"] / facts["theil"])
                yield say(
                    "%(sentence)s, %(share)s of it between organisation units.",
                    sentence=told,
                    share=share,
                )

    def _chances(self) -> Iterator[str]:
        facts, percent = self.report["attainment_probability"], self.figures.percent
        if not facts["n"]:
            return
        yield self.language.gettext(
            "The chance of attaining, of %(reps)s whose uncertainty is known, lies between %(min)s "
            "and %(max)s; %(mean)s of them are expected to attain.",
            reps=self._reps(facts["n"]),
            min=percent(facts["min"]),
            max=percent(facts["max"]),
            mean=percent(facts["mean"]),
        )

    def _far(self) -> Iterator[str]:
        facts = self.report["far_growth"]
        if not facts["n"]:
            return
        if not facts["count"]:
            yield self.language.gettext("Nobody’s growth lies far from that of the others.")
            return
        shown = facts["reps"][:_NAMED]
        more = facts["count"] - len(shown)
        comma = "、" if self.language.code == "zh" else ", "
        names = comma.join(self.rep_name(rep) for rep in shown)
        yield self.language.ngettext(
            "The growth of %(count)s rep lies far from the others’ (below %(below)s or above "
            "%(above)s): %(names)s. Worth a question, not a verdict.",
            "The growth of %(count)s reps lies far from the others’ (below %(below)s or above "
            "%(above)s): %(names)s. Worth a question, not a verdict.",
            facts["count"],
            count=self.figures.count(facts["count"]),
            below=self._signed(facts["below"]),
            above=self._signed(facts["above"]),
            names=f"{names} … +{more}" if more else names,
        )

    def connection(self, told: Facts) -> str:
        """One comparison of a report, in one or two sentences."""
        sentence = self._connection(told)
        return sentence[:1].upper() + sentence[1:]

    def _connection(self, told: Facts) -> str:
        if told["reason"]:
            return self._not_tested(told)
        if told["kind"] == "difference":
            return self._fifth(told)
        say, number = self.language.gettext, self.figures.number
        facts = {
            "measure": self._measure(told["measure"]),
            "trait": self._trait(told["against"]),
            "rho": number(told["effect"]),
            "low": number(told["low"]),
            "high": number(told["high"]),
            "reps": self._reps(told["n"]),
            "p": self._p(told["p_adjusted"]),
        }
        if told["shown"] and told["effect"] > 0:
            return say(
                "The more %(trait)s, the more %(measure)s: rank correlation %(rho)s (95%% interval "
                "%(low)s to %(high)s), %(reps)s, p %(p)s.",
                **facts,
            )
        if told["shown"]:
            return say(
                "The more %(trait)s, the less %(measure)s: rank correlation %(rho)s (95%% interval "
                "%(low)s to %(high)s), %(reps)s, p %(p)s.",
                **facts,
            )
        return say(
            "No connection of %(measure)s with %(trait)s is shown: rank correlation %(rho)s (95%% "
            "interval %(low)s to %(high)s), p %(p)s. With %(reps)s, a true one below "
            "%(detectable)s is missed in more than one of five cases.",
            detectable=number(told["detectable"]),
            **facts,
        )

    def _fifth(self, told: Facts) -> str:
        say = self.language.gettext
        facts = {
            "group": self._trait(told["against"]),
            "inside": self._reps(told["inside"]),
            "change": self._signed(expm1(told["effect"])),
            "low": self._signed(None if told["low"] is None else expm1(told["low"])) or "–",
            "high": self._signed(None if told["high"] is None else expm1(told["high"])) or "–",
            "p": self._p(told["p_adjusted"]),
        }
        if told["shown"]:
            return say(
                "%(group)s (%(inside)s) attained %(change)s compared with all others (95%% "
                "interval %(low)s to %(high)s), p %(p)s.",
                **facts,
            )
        return say(
            "No difference of %(group)s (%(inside)s) from all others is shown: attainment "
            "%(change)s (95%% interval %(low)s to %(high)s), p %(p)s. So few miss a true one "
            "below %(detectable)s in more than one of five cases.",
            detectable=self.figures.percent(expm1(told["detectable"])),
            **facts,
        )

    def _not_tested(self, told: Facts) -> str:
        say = self.language.gettext
        facts = {
            "measure": self._measure(told["measure"]),
            "trait": self._trait(told["against"]),
            "reps": self._reps(told["n"]),
        }
        sentences = {
            "unknown": say("%(trait)s: not known of anybody, so nothing can be said.", **facts),
            "too_few": say("%(trait)s: known of %(reps)s, too few to say anything.", **facts),
            "all_equal": say(
                "%(trait)s: %(measure)s is the same for all %(reps)s, so there is nothing to "
                "connect.",
                **facts,
            ),
            "all_alike": say(
                "%(trait)s: the same for all %(reps)s, so there is nothing to compare.", **facts
            ),
        }
        return sentences[told["reason"]]

    def _review(self, review: Facts) -> Iterator[str]:
        say, percent = self.language.gettext, self.figures.percent
        shares = {
            name: say(
                "%(share)s (95%% interval %(low)s to %(high)s)",
                share=percent(review[name]["share"]),
                low=percent(review[name]["low"]),
                high=percent(review[name]["high"]),
            )
            for name in ("attaining", "within_10", "within_20")
        }
        yield say(
            "Of %(reps)s whose sales are known, attained the quota: %(attaining)s; came within 10 "
            "per cent of it: %(within_10)s; within 20: %(within_20)s.",
            reps=self._reps(review["n"]),
            **shares,
        )
        away = review["mean_abs_log"]
        if away["low"] is not None:
            yield say(
                "On average sales lay %(away)s away from the quota, to either side (mean of the "
                "absolute logarithm; 95%% interval %(low)s to %(high)s).",
                away=percent(away["value"]),
                low=percent(max(away["low"], 0.0)),
                high=percent(away["high"]),
            )
        if review["expected"] is not None:
            yield say("%(share)s were expected to attain.", share=percent(review["expected"]))

    def _measure(self, name: str) -> str:
        say = self.language.gettext
        return {"stretch": say("effort"), "log_attainment": say("attainment")}.get(name, name)

    def _trait(self, name: str) -> str:
        say = self.language.gettext
        sizes = {
            "sales": say("sales before the period"),
            "last_year": say("sales of last year"),
            "expected_sales": say("expected sales"),
            None: say("size"),
        }
        return {
            "size": sizes[self.report["size"]],
            "potential": say("potential"),
            "tenure": say("time since hiring"),
            "top_fifth": say("the best fifth of the period before"),
            "bottom_fifth": say("the last fifth of the period before"),
        }.get(name, name)

    def _reps(self, count: int) -> str:
        shown = self.figures.count(count)
        return self.language.ngettext("%(count)s rep", "%(count)s reps", count, count=shown)

    def _signed(self, share: float | None) -> str | None:
        return self.figures.percent(share, signed=True)

    def _p(self, p: float) -> str:
        return "< 0.001" if p < 0.001 else f"= {self.figures.number(p, 3)}"
