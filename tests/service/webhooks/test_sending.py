"""One attempt: what a receiver may do with it, and what is told of that."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from service.webhooks import sending
from service.webhooks.domain import Outcome
from tests.service.webhooks.receiver import Receiver


def sent_to(receiver: Receiver) -> Outcome:
    return sending.send(receiver.url, {}, b"{}", private_allowed=True)


@contextmanager
def saying(*parts: bytes, without_end: bytes = b"") -> Iterator[str]:
    """Its address; it says this to one sender, and goes on for as long as that one listens."""

    def say(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            for part in parts:
                connection.sendall(part)
            while without_end:
                connection.sendall(without_end)
            while connection.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        said = pool.submit(say, listener)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        said.result()


def test_whoever_keeps_the_line_open_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "DEADLINE", 0.1)
    with saying(b"HTTP/1.1 200 OK\r\nX-Slow: ") as url:
        outcome = sending.send(url, {}, b"{}", private_allowed=True)

    assert outcome == Outcome(error="It did not answer in time.")


def test_of_a_body_without_end_the_beginning_is_read() -> None:
    with saying(b"HTTP/1.1 500 No\r\n\r\n", without_end=b"no " * 1000) as url:
        outcome = sending.send(url, {}, b"{}", private_allowed=True)

    assert (outcome.status, outcome.error) == (500, "It answered 500.")
    assert outcome.excerpt == ("no " * 1000)[:200]


def test_who_said_yes_has_taken_it_even_if_the_body_never_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "_EXCERPT_SECONDS", 0.05)
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n") as url:
        outcome = sending.send(url, {}, b"{}", private_allowed=True)

    assert outcome == Outcome(status=200)


@pytest.mark.parametrize(
    "said", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 70_000]
)
def test_who_does_not_speak_http_is_not_reached(said: bytes) -> None:
    def once(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        pool.submit(once, listener)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        outcome = sending.send(url, {}, b"{}", private_allowed=True)

    assert outcome == Outcome(error="It could not be reached: the connection broke.")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", None),
        (b"\x00 \r\n\t", None),
        (b"no\x00thing\r\n\r\n  here\x1b[31m", "no thing here [31m"),
        ("größer".encode(), "größer"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_what_is_told_of_an_answer_is_one_line_of_text(
    receiver: Receiver, said: bytes, told: str | None
) -> None:
    receiver.answers.append((400, said))

    assert sent_to(receiver).excerpt == told


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.answers.append(status)

    assert sent_to(receiver) == Outcome(status, f"It answered {status}.")
    assert len(receiver.received) == 1
