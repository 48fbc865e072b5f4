"""Where webhooks may be sent: to the internet at large, and to nobody's own network."""

import ipaddress
import socket
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.kit.db import Database
from service.webhooks import sending
from service.webhooks.domain import is_public, url_fault
from tests.service.webhooks.post import Post, a_webhook, happens, state
from tests.service.webhooks.receiver import Receiver


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://",
        "https://user:secret@example.com/",
        "https://example.com/#top",
        "https://example.com:99999/",
        "https://[::1",
        "https://exämple.com/",
        "https://example.com/a b",
        "https://127.0.0.1/",
        "https://10.1.2.3:8443/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://0.0.0.0/",
    ],
)
def test_those_that_nobody_outside_has_are_refused(url: str) -> None:
    assert url_fault(url, private_allowed=False)


@pytest.mark.parametrize("url", ["https://crm.example.com/hook?x=1", "https://8.8.8.8:8443/"])
def test_those_of_the_internet_are_fine(url: str) -> None:
    assert url_fault(url, private_allowed=False) is None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_public_inside_an_ipv6_one_or_not_at_all(
    address: ipaddress.IPv4Address,
) -> None:
    number = int(address)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | number)
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (number << 80))

    assert is_public(mapped) == is_public(address)
    assert not is_public(nat64)
    assert not is_public(six_to_four)
    assert not is_public(ipaddress.IPv6Address(number))


def test_of_ipv6_what_was_given_out_is_public_and_nothing_else() -> None:
    places = ("2606:4700::1111", "fec0::1", "fc00::1", "fe80::1", "5f00::1", "4000::1", "::1")

    assert [place for place in places if is_public(ipaddress.ip_address(place))] == [places[0]]


def test_a_name_that_stands_for_a_private_address_is_not_called(
    client: TestClient, app: FastAPI, database: Database, receiver: Receiver
) -> None:
    a_webhook(client, f"https://localhost:{receiver.port}/")
    happens(database, "version.published")

    Post(app.state.database, private_allowed=False).go()

    assert receiver.received == []
    assert state(client)["last_error"] == "Its name stands for a private address."


@pytest.mark.parametrize("place", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_spellings_of_an_address_in_the_own_network_are_not_called(place: str) -> None:
    outcome = sending.send(f"https://{place}/", {}, b"{}", private_allowed=False)

    assert outcome.status is None
    assert outcome.error == "Its name stands for a private address."


def test_a_name_is_looked_up_once_so_that_it_cannot_stand_for_another_address_later(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second answer of this name server would lead nowhere."""
    look_up = socket.getaddrinfo
    places = iter(["127.0.0.1", "192.0.2.1"])

    def name_server(host: str, *rest: Any, **options: Any) -> Any:
        return look_up(next(places) if host == "hook.test" else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", name_server)

    outcome = sending.send(f"http://hook.test:{receiver.port}/", {}, b"{}", private_allowed=True)

    assert (outcome.status, next(places)) == (204, "192.0.2.1")


def test_a_name_for_a_public_and_a_private_address_is_not_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, receiver.port))
        for place in ("127.0.0.1", "8.8.8.8")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    outcome = sending.send("http://hook.test/", {}, b"{}", private_allowed=False)

    assert outcome.error == "Its name stands for a private address."
    assert receiver.received == []


@pytest.mark.parametrize("place", ["[::1]", "[::1]:80", "127.0.0.1"])
def test_the_receiver_is_told_the_place_as_it_was_given(
    place: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.create_connection
    here = ("127.0.0.1", receiver.port)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: connect(here))

    outcome = sending.send(f"http://{place}/", {}, b"{}", private_allowed=True)

    assert outcome.status == 204
    assert receiver.received[0].headers["host"] == place
