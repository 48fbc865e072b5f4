"""How a batch is said to go on, and how long a command waits for a service that is away."""

from collections.abc import Iterator
from itertools import count
from typing import override

import pytest

from service.cli.batch.calling import Away, Document, Service
from service.cli.batch.following import Outage, follow
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

    def note(self, said: str) -> None:
        raise AssertionError(said)


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


class Telling(Service):
    """A service that tells of one batch, at last that it is done; None: nothing but a keep-alive.
    What it is asked meanwhile is as it was told last.
    """

    def __init__(self, *told: Document | None) -> None:
        super().__init__("http://a.service", None)
        self._told = told
        self._last = told[0]

    @override
    def get(self, *path: str, **query: object) -> Document:
        assert self._last is not None
        return self._last

    @override
    def events(self, *path: str) -> Iterator[Document | None]:
        for told in self._told:
            self._last = told or self._last
            yield told


def batch(finished: int, *, done: bool = False) -> Document:
    progress = {"finished": finished, "total": 3, "failed": 0, "per_second": None}
    return {"id": "op_1", "done": done, "expected_end": None, "progress": progress}


class TestABatchOfWhichNoPlanIsDone:
    def test_says_now_and_then_that_it_is_followed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        seconds = count(step=15)
        lines = Lines(lambda: next(seconds))

        follow(Telling(batch(1), *[None] * 2, batch(3, done=True)), "op_1", lines, Outage(lines))

        counts = "total=3 failed=0"
        assert capsys.readouterr().err.splitlines() == [
            *[f"finished=1 {counts}"] * 4,
            f"finished=3 {counts}",
        ]

    def test_says_once_what_may_be_the_reason(self, capsys: pytest.CaptureFixture[str]) -> None:
        told = [batch(0), None, batch(1), *[None] * 9, batch(3, done=True)]
        seconds, lines = count(step=15), Lines(lambda: 0)

        follow(Telling(*told), "op_1", lines, Outage(lines), lambda: next(seconds))

        (note,) = [own for own in capsys.readouterr().err.splitlines() if own.startswith("note")]
        assert note.startswith("note: no plan was done for 60 s: ")
        assert note.endswith("fairquota batch cancel op_1")


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
