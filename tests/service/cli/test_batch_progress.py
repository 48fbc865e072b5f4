"""How a batch is said to go on, and how long a command waits for a service that is away."""

import pytest

from service.cli.batch.calling import Away, Document
from service.cli.batch.following import Outage
from service.cli.batch.progress import Lines, _rate
from service.cli.failure import Failure


@pytest.mark.parametrize(
    ("rate", "said"),
    [(12.345, "12.3 a second"), (0.5, "30 a minute"), (0.001, "3.6 an hour")],
)
def test_a_pace_is_told_in_numbers_above_one(rate: float, said: str) -> None:
    assert _rate(rate) == said


class Watching:
    """Who is told what."""

    def __init__(self) -> None:
        self.away_for: list[float] = []

    def state(self, told: Document) -> None:
        raise AssertionError(told)

    def away(self, _: Failure, seconds: float) -> None:
        self.away_for.append(seconds)


class TestOutage:
    def test_the_same_is_asked_until_it_is_answered(self) -> None:
        answers = [Away("Hung up.", 0), Away("Not ready.", 0), "op_1"]
        watching = Watching()

        def ask() -> str:
            answer = answers.pop(0)
            if isinstance(answer, Away):
                raise answer
            return str(answer)

        assert Outage(watching).outlast(ask) == "op_1"
        assert (answers, len(watching.away_for)) == ([], 2)

    def test_has_an_end_for_who_waits(self) -> None:
        watching = Watching()

        def ask() -> None:
            raise Away("It hung up.", 0)

        with pytest.raises(Failure, match=r"It hung up\. There was no answer for 0 s\.") as end:
            Outage(watching, patience=0).outlast(ask)

        assert end.value.exit_code == 1
        assert watching.away_for[0] == 0


def test_lines_are_not_many(capsys: pytest.CaptureFixture[str]) -> None:
    """The first state, the last one, and others now and then; without what nobody can say."""
    lines = Lines()
    counts: Document = {"total": 9, "failed": 1}
    first = counts | {"finished": 3, "per_second": None}
    lines.state({"done": False, "expected_end": None, "progress": first})
    for finished in range(4, 9):
        progress = counts | {"finished": finished, "per_second": 2.5}
        lines.state({"done": False, "expected_end": "2027-04-01T12:00:00Z", "progress": progress})
    last = counts | {"finished": 9, "per_second": 2.5}
    lines.state({"done": True, "expected_end": None, "progress": last})

    assert capsys.readouterr().err.splitlines() == [
        "finished=3 total=9 failed=1",
        "finished=9 total=9 failed=1 per_second=2.5",
    ]


def test_lines_tell_of_an_outage_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for seconds in (0, 1.5, 3, 600):
        lines.away(Away("It hung up."), seconds)

    assert capsys.readouterr().err == "note: It hung up. Trying again.\n"
