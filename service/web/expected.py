"""How a rep's expected sales came about, in one sentence with its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.web.domain import Rep
from service.web.words import Words


def expected_sales(words: Words, rep: Rep) -> list[str]:
    say, found = words.language.gettext, rep.estimate
    if found is None:
        return [say("They were given with the inputs; nothing was estimated.")]
    sentences = [_basis(words, found)]
    if found["basis"].startswith("history") and None in found["sold"]:
        sentences.append(
            say(
                "For a period whose sales are not known, the newest known comparison stands in, "
                "drawn a little towards the benchmark."
            )
        )
    if found["in_seat"] < 1:
        share = words.figures.percent(found["in_seat"])
        sentences.append(
            say(
                "The seat is filled for %(share)s of the period; only that part counts.",
                share=share,
            )
        )
    return sentences


def _basis(words: Words, found: Mapping[str, Any]) -> str:
    say = words.language.gettext
    benchmark = _known(words, found["benchmark"])
    match found["basis"]:
        case "potential":
            return say(
                "There is not enough sales history yet: expected is what a typical rep with "
                "this potential sells, %(benchmark)s.",
                benchmark=benchmark,
            )
        case "fte":
            return say(
                "Neither enough history nor a potential is known: expected is the same for "
                "everybody per full-time equivalent, %(benchmark)s.",
                benchmark=benchmark,
            )
        case "history_and_peers":
            return say(
                "%(w1)s of the weight is on the last period (sold: %(sold1)s), %(w2)s on the two "
                "before (%(sold2)s) and %(w3)s on older ones (%(sold3)s), each measured against "
                "the average per full-time equivalent of that time; %(rest)s is on that average, "
                "now %(benchmark)s.",
                benchmark=benchmark,
                **_ages(words, found, "weights_without_potential"),
            )
        case _:
            return say(
                "%(w1)s of the weight is on the last period (sold: %(sold1)s), %(w2)s on the two "
                "before (%(sold2)s) and %(w3)s on older ones (%(sold3)s), each measured against "
                "what a rep with this potential sold then; %(rest)s is on that benchmark, "
                "now %(benchmark)s.",
                benchmark=benchmark,
                **_ages(words, found, "weights"),
            )


def _ages(words: Words, found: Mapping[str, Any], name: str) -> dict[str, str]:
    """Weight and sales of the last period, the two before and the older ones."""
    parameters = words.version.estimate or {}
    weights: Sequence[float] = parameters.get(name, (0.0, 0.0, 0.0))
    sold = found["sold"] or (None, None, None)
    percent = words.figures.percent_tick
    ages = {f"w{age}": percent(weight) for age, weight in enumerate(weights, start=1)}
    ages |= {f"sold{age}": _known(words, amount) for age, amount in enumerate(sold, start=1)}
    return ages | {"rest": percent(round(1 - sum(weights), 4))}


def _known(words: Words, amount: float | None) -> str:
    return words.language.gettext("not known") if amount is None else words.figures.exact(amount)
