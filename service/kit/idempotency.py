"""Safe retries are not built yet, so a caller who counts on them is told, not left to find out."""

from fastapi import Request

from service.kit.problems import InvalidParameters


async def refuse_idempotency_key(request: Request) -> None:
    """Refuse a write that names an `Idempotency-Key`: ignoring it could do the work twice."""
    if request.method != "GET" and "idempotency-key" in request.headers:
        reason = "is not available yet: leave it out, and look before you send a write again"
        fault = {"parameter": "Idempotency-Key", "detail": reason}
        raise InvalidParameters(f"Idempotency-Key: {reason}", errors=[fault])
