"""How a rep's expected sales came about, in one sentence with its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.web.domain.quotas import Rep
from service.web.words import Words

_WEIGHTS: Final = {
    "history_and_peers": "weights_without_potential",
    "history_and_potential": "weights",
}


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
    sentences += _weights(words, found)
    sentences += [
        say(
            "One deal of %(amount)s in %(month)s counts as %(counted)s only: it was more than a "
            "quarter of a year, and will hardly come again.",
            amount=words.figures.exact(deal["amount"]),
            month=deal["month"],
            counted=words.figures.exact(deal["counted"]),
        )
        for deal in found.get("windfalls", ())
    ]
    if found["in_seat"] < 1:
        share = words.figures.percent(found["in_seat"])
        sentences.append(
            say(
                "The seat is filled for %(share)s of the period; only that part counts.",
                share=share,
            )
        )
    if found.get("ramp", 1) < 1:
        ramp = words.figures.percent(found["ramp"])
        sentences.append(
            say(
                "Whoever is new in the seat is expected to sell %(ramp)s of what comes later, on "
                "average over the period.",
                ramp=ramp,
            )
        )
    if found.get("sigma") is not None:
        sigma = words.figures.percent(found["sigma"])
        sentences.append(
            say(
                "By the errors it would have made before, such an estimate is off by %(sigma)s "
                "(one standard deviation).",
                sigma=sigma,
            )
        )
    return sentences


def _weights(words: Words, found: Mapping[str, Any]) -> list[str]:
    """Whether the weights were learned from this company's own history."""
    if not found["basis"].startswith("history"):
        return []
    say, parameters = words.language.gettext, words.version.estimate or {}
    pairs = parameters.get(f"{_WEIGHTS[found['basis']]}_pairs")
    if pairs is None:  # a version from before weights were learned
        return []
    if pairs:
        return [
            say(
                "These weights were learned from %(pairs)s comparisons of a period with the ones "
                "before it.",
                pairs=f"{pairs:,}",
            )
        ]
    return [say("These are the usual weights: the history is too short to learn better ones.")]


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
                **_ages(words, found),
            )
        case _:
            return say(
                "%(w1)s of the weight is on the last period (sold: %(sold1)s), %(w2)s on the two "
                "before (%(sold2)s) and %(w3)s on older ones (%(sold3)s), each measured against "
                "what a rep with this potential sold then; %(rest)s is on that benchmark, "
                "now %(benchmark)s.",
                benchmark=benchmark,
                **_ages(words, found),
            )


def _ages(words: Words, found: Mapping[str, Any]) -> dict[str, str]:
    """Weight and sales of the last period, the two before and the older ones."""
    parameters = words.version.estimate or {}
    weights: Sequence[float] = parameters.get(_WEIGHTS[found["basis"]], (0.0, 0.0, 0.0))
    sold = found["sold"] or (None, None, None)
    percent = words.figures.percent_tick
    weights = [round(weight, 3) for weight in weights]
    ages = {f"w{age}": percent(weight) for age, weight in enumerate(weights, start=1)}
    ages |= {f"sold{age}": _known(words, amount) for age, amount in enumerate(sold, start=1)}
    return ages | {"rest": percent(round(1 - sum(weights), 4))}


def _known(words: Words, amount: float | None) -> str:
    return words.language.gettext("not known") if amount is None else words.figures.exact(amount)
