"""What a command says when it cannot do its work."""

BAD_INPUT, INFEASIBLE, NO_ANSWER, STOPPED = 2, 3, 4, 130


class Failure(Exception):
    """One or more sentences for stderr, and the exit code."""

    def __init__(self, message: str, exit_code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code
