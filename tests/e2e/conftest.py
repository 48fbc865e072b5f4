"""A running server, and a stranger who calls it."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.commands import FAIRQUOTA, address_in, environment, started


class Answer:
    """What the server answered, errors included."""

    def __init__(self, response: Any) -> None:
        with response:
            self.status: int = response.status
            self.headers = response.headers
            content: bytes = response.read()
        self.content = content

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class Api:
    """A stranger's HTTP client: nothing but the standard library."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str) -> Answer:
        return self._send(Request(self.address + path))  # noqa: S310 - our own address

    def post(self, path: str, body: object, **headers: str) -> Answer:
        return self._with_body("POST", path, body, headers)

    def put(self, path: str, body: object) -> Answer:
        return self._with_body("PUT", path, body, {})

    def _with_body(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._send(
            Request(  # noqa: S310 - our own address
                self.address + path,
                method=method,
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"} | sent,
            )
        )

    @staticmethod
    def _send(request: Request) -> Answer:
        try:
            return Answer(urlopen(request, timeout=30))  # noqa: S310 - our own address
        except HTTPError as refusal:
            return Answer(refusal)


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A server that has just been started in an empty folder."""
    monkeypatch.chdir(tmp_path)
    with started("serve", "--port", "0") as (process, said):
        yield Api(address_in(said))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 0


def quotas(api: Api, version: str) -> dict[str, float]:
    return {row["rep"]: row["quota"] for row in api.get(f"{version}/quotas").json["items"]}


def verify(proof: Path) -> int:
    """The exit code of the offline check."""
    return subprocess.run(  # noqa: S603 - our own command
        [FAIRQUOTA, "verify", proof], env=environment(), capture_output=True, check=False
    ).returncode
