"""How fast a batch is said to be, and how long a command waits for a service that is away."""

from datetime import UTC, datetime, timedelta

import pytest

from service.cli.batch.calling import Away, Document
from service.cli.batch.following import Outage
from service.cli.batch.progress import Lines, Pace, _rate
from service.cli.failure import Failure

NOON = datetime(2027, 4, 1, 12, tzinfo=UTC)


def pace(*seen: tuple[float, int]) -> Pace:
    """At these seconds so many were done."""
    pace = Pace()
    for now, finished in seen:
        pace.see(finished, now)
    return pace


class TestPace:
    def test_what_is_left_takes_as_long_as_what_was_done(self) -> None:
        own = pace((0, 10), (4, 18))

        assert own.per_second == 2
        assert own.end(60, NOON) == NOON + timedelta(seconds=30)

    @pytest.mark.parametrize("seen", [[(0, 3)], [(0, 3), (9, 3)], [(0, 3), (0.01, 500)]])
    def test_nobody_can_say_at_first(self, seen: list[tuple[float, int]]) -> None:
        assert pace(*seen).per_second is None
        assert pace(*seen).end(60, NOON) is None

    def test_only_the_last_half_minute_counts(self) -> None:
        """A service that was away an hour, or many who have begun to help."""
        assert pace((0, 0), (3600, 10), (3620, 20), (3640, 70)).per_second == 1.5

    @pytest.mark.parametrize(
        ("rate", "said"),
        [(12.345, "12.3 a second"), (0.5, "30 a minute"), (0.001, "3.6 an hour")],
    )
    def test_is_told_in_numbers_above_one(self, rate: float, said: str) -> None:
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


def test_lines_tell_of_an_outage_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for seconds in (0, 1.5, 3, 600):
        lines.away(Away("It hung up."), seconds)

    assert capsys.readouterr().err == "note: It hung up. Trying again.\n"
