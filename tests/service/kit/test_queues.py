"""Queues inside one process."""

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest

from service.kit.queues import Queues, QueueTooLong


def test_in_one_queue_one_has_the_turn() -> None:
    queues, having, most = Queues(), list[int](), list[int]()

    def take_a_turn(number: int) -> None:
        with queues.turn("plan"):
            having.append(number)
            most.append(len(having))
            having.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take_a_turn, range(200)))

    assert most == [1] * 200


def test_different_queues_do_not_wait_for_each_other() -> None:
    queues, both = Queues(), threading.Barrier(2, timeout=10)

    def meet(name: str) -> None:
        with queues.turn(name):
            both.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(meet, ["one plan", "another"]))


def test_who_has_gone_leaves_nothing_behind() -> None:
    queues = Queues()
    with queues.turn("plan"):
        assert len(queues) == 1
    assert len(queues) == 0


class TestWhoFindsNoPlace:
    def test_is_told_to_come_again_and_the_others_wait_on(self) -> None:
        queues, refused = Queues(places=2), list[QueueTooLong]()

        def come(_: int) -> bool:
            try:
                with queues.turn("plan"):
                    return True
            except QueueTooLong as error:
                refused.append(error)
                return False

        with ThreadPoolExecutor(8) as pool:
            with queues.turn("plan"):
                came = [pool.submit(come, number) for number in range(8)]
                early = [own.result() for own in islice(as_completed(came, 10), 6)]
                with queues.turn("another"):  # nobody stands there: no place is needed
                    pass
            assert early == [False] * 6
            assert sorted(own.result(10) for own in came) == [False] * 6 + [True] * 2

        assert refused[0].status == 503
        assert refused[0].headers["Retry-After"] == "5"
        assert len(queues) == 0

    def test_places_are_free_again_once_their_people_had_their_turn(self) -> None:
        queues = Queues(places=1)

        def come(_: int) -> None:
            with queues.turn("plan"):
                pass

        for _ in range(3):
            with ThreadPoolExecutor(1) as pool, queues.turn("plan"):
                waiting = pool.submit(come, 0)
            waiting.result(10)

    def test_is_told_so_after_the_longest_wait_too(self) -> None:
        queues = Queues(seconds=0.01)

        def come() -> None:
            with queues.turn("plan"):
                raise AssertionError("somebody else has the turn")

        with ThreadPoolExecutor(1) as pool, queues.turn("plan"):
            for _ in range(20):  # none of them keeps a place
                with pytest.raises(QueueTooLong, match=r"within 0\.01 seconds"):
                    pool.submit(come).result(10)
