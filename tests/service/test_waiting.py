"""Waiting for a solve at a terminal: answers, failures, time, Ctrl-C."""

import _thread
from collections.abc import Iterator

import pytest

from service.allocations.patience import Patience
from service.cli.failure import Failure
from service.cli.waiting import solved_while_waiting
from solver.errors import SolveStopped, TimeIsUp
from tests.commands import ctrl_c_is_heard


def a_solve_without_end(patience: Patience) -> None:
    watch = patience.watch()
    while True:
        watch.look()


@pytest.fixture(name="ctrl_c_is_heard")
def _ctrl_c_is_heard() -> Iterator[None]:
    with ctrl_c_is_heard():
        yield


def test_answers_what_the_solve_answers() -> None:
    assert solved_while_waiting(lambda _: 7) == 7


def test_raises_what_the_solve_raises() -> None:
    def fails(_: Patience) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        solved_while_waiting(fails)


def test_the_time_is_limited() -> None:
    with pytest.raises(TimeIsUp):
        solved_while_waiting(a_solve_without_end, 0.001)


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_ctrl_c_ends_the_solve_with_exit_code_130() -> None:
    ended: list[Exception] = []

    def solve(patience: Patience) -> None:
        _thread.interrupt_main()
        try:
            a_solve_without_end(patience)
        except SolveStopped as stopped:
            ended.append(stopped)
            raise

    with pytest.raises(Failure) as failure:
        solved_while_waiting(solve)

    assert failure.value.exit_code == 130
    assert str(failure.value) == "stopped; there is no plan."
    assert len(ended) == 1
