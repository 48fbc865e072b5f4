"""A running service, called over HTTP: its answers as data, and whatever else happens as a Failure.

Redirects are not followed, for they could take the key elsewhere.
"""

import http.client
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, override
from urllib.error import URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPErrorProcessor, OpenerDirector, Request, build_opener

import orjson

from service.cli.failure import Failure, listed

type Document = dict[str, Any]

NOT_DONE: Final = 1
"""The exit code where it was not done, and whoever typed it is not to blame."""
_KEY: Final = "FAIRQUOTA_KEY"
_PREFIX: Final = "/v1"
_SECONDS: Final = 60.0
"""For an answer; creating a batch of 100,000 plans takes some of them."""
_SILENCE: Final = 45.0
"""Seconds; a stream of events says something every fifteen."""
_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_PASSING: Final = frozenset({429, 502, 503, 504})
_ANSWER_NOT_KEPT: Final = "/problems/answer-not-kept"
_STILL_UNDER_WAY: Final = "/problems/still-under-way"


class Away(Failure):
    """The service does not answer just now; the same may be asked again."""

    def __init__(self, message: str, seconds: float = _PAUSE) -> None:
        """`seconds`: when to ask again."""
        super().__init__(message, NOT_DONE)
        self.seconds = seconds


class Refused(Failure):
    """What the service says why not, as it says it."""

    def __init__(self, problem: Document) -> None:
        super().__init__(_in_words(problem))
        self.problem = problem

    @property
    def begun(self) -> str | None:
        """The operation that the request has begun earlier, where that is why."""
        subject = self.problem.get("subject")
        return subject if self.problem.get("type") == _ANSWER_NOT_KEPT else None


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: Sequence[str]
    query: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Document | None = None
    seconds: float = _SECONDS
    """Without a word from the service."""

    @property
    def address(self) -> str:
        path = "/".join(quote(part, safe="") for part in self.path)
        return f"{path}?{urlencode(self.query)}" if self.query else path


class Service:
    """One that is called as the owner of a key, or as whoever is on the same machine."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        self._headers = {"User-Agent": "fairquota", "Content-Type": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._opener: OpenerDirector = build_opener(_AsItCame)

    def get(self, *path: str, **query: object) -> Document:
        """Raises Away and Failure."""
        return self._answer(_Call("GET", path, query))

    def post(
        self, *path: str, body: Document | None = None, idempotency_key: str | None = None
    ) -> Document:
        """Raises Away and Failure."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return self._answer(_Call("POST", path, headers=headers, body=body))

    def events(self, *path: str) -> Iterator[Document | None]:
        """What a stream of events tells until it ends; None where it only says that it is there.
        Raises Away and Failure.
        """
        with self._opened(_Call("GET", path, seconds=_SILENCE)) as answer:
            for line in answer:
                if line.startswith(b":"):
                    yield None
                elif line.startswith(b"data:") and line.endswith(b"\n"):  # else it was cut
                    yield orjson.loads(line.removeprefix(b"data:"))

    def _answer(self, call: _Call) -> Document:
        with self._opened(call) as answer:
            if document := _read(answer):
                return document
        raise Failure(f"{self.url} does not answer as FairQuota does. Is it there?")

    @contextmanager
    def _opened(self, call: _Call) -> Iterator[http.client.HTTPResponse]:
        request = Request(  # noqa: S310 - `service_at` takes http and https only
            f"{self.url}{_PREFIX}/{call.address}",
            data=None if call.body is None else orjson.dumps(call.body),
            headers=self._headers | dict(call.headers),
            method=call.method,
        )
        try:
            with self._opener.open(request, timeout=call.seconds) as answer:
                _check(self.url, answer)
                yield answer
        except URLError as reason:
            why = getattr(reason.reason, "strerror", None) or reason.reason
            raise Away(f"{self.url} cannot be reached: {why}.") from reason
        except (OSError, http.client.HTTPException) as reason:
            raise Away(f"{self.url} hung up: {str(reason) or type(reason).__name__}.") from reason


class _AsItCame(HTTPErrorProcessor):
    """An answer of any status is an answer."""

    @override
    def http_response(self, request: Request, response: Any) -> Any:
        return response

    https_response = http_response


def service_at(url: str, key_file: Path | None) -> Service:
    """As it was typed. Raises Failure."""
    no_address = Failure(f"--url {url} is no address such as http://127.0.0.1:8000.")
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none, or half an address of IPv6
        raise no_address from None
    if not good or parts.query or parts.fragment or not url.isascii() or not url.isprintable():
        raise no_address
    if "@" in parts.netloc:
        raise Failure(f"--url has no user and password; put an API key into {_KEY}.")
    if parts.path.rstrip("/").endswith(_PREFIX):
        raise Failure(f"--url {url} (FAIRQUOTA_URL) ends in {_PREFIX}: leave that out.")
    return Service(url.rstrip("/"), _key(key_file))


def _key(path: Path | None) -> str | None:
    if path is None:
        name, text = _KEY, os.environ.get(_KEY, "")
        if not text:
            return None
    else:
        name = str(path)
        try:
            text = path.read_text()
        except (OSError, UnicodeError) as reason:
            why = getattr(reason, "strerror", None) or reason
            raise Failure(f"--key-file {path} cannot be read: {why}.") from reason
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise Failure(f"{name} has no API key: it is one word that begins with fq_.")
    return key


def _check(url: str, answer: http.client.HTTPResponse) -> None:
    """Raises Away, Refused and Failure for whatever is no success."""
    if answer.status < 300:
        return
    if answer.status < 400:
        place = answer.headers.get("Location", "elsewhere")
        raise Failure(f"{url} sends us to {place}: say that by --url, without /v1 and the rest.")
    problem = _read(answer)
    known = "type" in problem and "detail" in problem
    if answer.status in _PASSING or problem.get("type") == _STILL_UNDER_WAY:
        why = problem["detail"] if known else f"it answers {answer.status}."
        raise Away(f"{url} is not ready: {why}", _seconds(answer))
    if not known:
        raise Failure(f"{url} answers {answer.status}, but not as FairQuota does. Is it there?")
    if answer.status >= 500:
        told = f"{problem['detail']} ({problem.get('request_id')})"
        raise Failure(f"{url} has failed: {told}", NOT_DONE)
    raise Refused(problem)


def _seconds(answer: http.client.HTTPResponse) -> float:
    told = answer.headers.get("Retry-After", "")
    return min(max(float(told), _PAUSE), _LONGEST_PAUSE) if told.isdecimal() else _PAUSE


def _read(answer: http.client.HTTPResponse) -> Document:
    """Its object; an empty one where it has none."""
    try:
        document = orjson.loads(answer.read())
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _in_words(problem: Document) -> str:
    if problem.get("errors"):
        return str(faults_of(problem, _as_sent))
    told = problem.get("detail") or problem["title"]
    if problem.get("status") == http.HTTPStatus.UNAUTHORIZED:
        return f"{told} Put an API key into {_KEY}, or into a file for --key-file."
    return str(told)


def faults_of(problem: Document, told: Callable[[Document], str]) -> Failure:
    """All faults that it names, each as `told`."""
    return listed([*map(told, problem["errors"])], more=problem.get("more") or 0)


def _as_sent(fault: Document) -> str:
    where = fault.get("pointer") or fault.get("parameter")
    return f"{where}: {fault['detail']}" if where else str(fault["detail"])
