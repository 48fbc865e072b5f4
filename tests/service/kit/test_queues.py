"""Queues inside one process."""

import threading
from concurrent.futures import ThreadPoolExecutor

from service.kit.queues import Queues


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
