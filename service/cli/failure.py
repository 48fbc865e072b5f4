"""What a command says when it cannot do its work."""

from unicodedata import category

BAD_INPUT, INFEASIBLE, NO_ANSWER, STOPPED = 2, 3, 4, 130

_SHOWN_FAULTS = 100


def plain(text: str) -> str:
    """What a terminal shows as it is: names in a file may hold control characters, which could
    wipe what was said and write something else.
    """
    return "".join(
        ascii(letter)[1:-1] if category(letter) in {"Cc", "Cf"} else letter for letter in text
    )


class Failure(Exception):
    """One or more sentences for stderr, and the exit code."""

    def __init__(self, message: str, exit_code: int = BAD_INPUT) -> None:
        super().__init__("\n".join(plain(line) for line in message.split("\n")))
        self.exit_code = exit_code


def listed(faults: list[str]) -> Failure:
    """Bad input: all its faults, or the first hundred of them."""
    if len(faults) == 1:
        return Failure(faults[0])
    more = len(faults) - _SHOWN_FAULTS
    rest = [f"… and {more} more"] if more > 0 else []
    return Failure("\n  ".join([f"{len(faults)} faults:", *faults[:_SHOWN_FAULTS], *rest]))
