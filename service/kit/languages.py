"""Which of its languages somebody is answered in (RFC 9110, section 12.5.4)."""

from collections.abc import Collection


def preferred_language(accept_language: str, offered: Collection[str]) -> str:
    """The first of these among those of the header, by falling weight; English where none is.

    `offered`: codes such as `zh`, one of them `en`.
    """
    weighted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        name, _, number = parameter.strip().partition("=")
        try:
            weight = float(number) if name == "q" else 1.0
        except ValueError:
            weight = 0.0
        weighted.append((weight, tag.partition("-")[0].lower()))
    weighted.sort(key=lambda pair: -pair[0])
    return next((code for weight, code in weighted if weight > 0 and code in offered), "en")
