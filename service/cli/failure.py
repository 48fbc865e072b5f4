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


def listed(faults: list[str], *, more: int = 0) -> Failure:
    """Bad input: all its faults, or the first hundred of them; `more` are not among them."""
    count = len(faults) + more
    if count == 1:
        return Failure(faults[0])
    left_out = count - min(len(faults), _SHOWN_FAULTS)
    rest = [f"… and {left_out} more"] if left_out else []
    return Failure("\n  ".join([f"{count} faults:", *faults[:_SHOWN_FAULTS], *rest]))
