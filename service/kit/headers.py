"""What answers say in their headers, for the OpenAPI document.

@router.post("", status_code=201, responses=problems(PlanNotFound) | sends(201, ETAG, LOCATION))
"""

from typing import Any, Final

REQUEST_ID: Final = "X-Request-Id"
ETAG: Final = "ETag"
LOCATION: Final = "Location"
RETRY_AFTER: Final = "Retry-After"
REPLAYED: Final = "Idempotent-Replayed"
RATE_LIMIT: Final = "RateLimit"
RATE_LIMIT_POLICY: Final = "RateLimit-Policy"
CONTENT_DISPOSITION: Final = "Content-Disposition"
CONTENT_LANGUAGE: Final = "Content-Language"
VERSION_HASH: Final = "Version-Hash"
LEFT_OUT: Final = "Left-Out"
APPLIED: Final = "Preference-Applied"
_AUTHENTICATE: Final = "WWW-Authenticate"

_MEANINGS: Final = {
    REQUEST_ID: "What logs and problems call this request; your own, if you sent one",
    ETAG: "Of the state that was read or made: send it as `If-Match` with a change",
    LOCATION: "Where what was made is found",
    RETRY_AFTER: "Seconds after which it may work",
    REPLAYED: "`true`: this `Idempotency-Key` was used before, and this is the answer of then",
    RATE_LIMIT: "How many calls are left now, and in how many seconds one more is: "
    '`"calls";r=1187;t=1`. Nobody is counted in local mode',
    RATE_LIMIT_POLICY: 'How many calls fit into how many seconds: `"calls";q=1200;w=60`',
    CONTENT_DISPOSITION: "Of files: under which name to save it",
    CONTENT_LANGUAGE: "In which language the file is",
    VERSION_HASH: "Of files: the hash of the version",
    LEFT_OUT: "What the system has no place for and was asked to be left out; "
    "characters beyond ASCII are percent-encoded",
    APPLIED: "What of your `Prefer` was heeded",
    _AUTHENTICATE: "How to say who you are",
}
_OF_PROBLEMS: Final = {
    401: (_AUTHENTICATE,),
    409: (RETRY_AFTER,),
    429: (RETRY_AFTER,),
    503: (RETRY_AFTER,),
}
_SOMETIMES: Final = frozenset(
    {RETRY_AFTER, REPLAYED, RATE_LIMIT, RATE_LIMIT_POLICY}
    | {CONTENT_DISPOSITION, VERSION_HASH, LEFT_OUT, APPLIED}
)

COMPONENTS: Final[dict[str, dict[str, Any]]] = {
    name: {
        "description": meaning,
        "required": name not in _SOMETIMES,
        "schema": {"type": "string"},
    }
    for name, meaning in _MEANINGS.items()
}


def sent(*names: str) -> dict[str, Any]:
    """The `headers` of an answer that has these and, as every one, the request's id."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (REQUEST_ID, *names)}


def sent_with_problem(status: int) -> dict[str, Any]:
    return sent(*_OF_PROBLEMS.get(status, ()))


def sends(status: int, *names: str) -> dict[int | str, dict[str, Any]]:
    """To be added to the `responses=` of a route."""
    return {status: {"headers": sent(*names)}}
