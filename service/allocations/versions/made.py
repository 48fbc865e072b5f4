"""The answer to whoever has made a new version, however it came about."""

from datetime import datetime

from fastapi import Response

from service.allocations.versions.usecases.storing import Made
from service.kit.etags import send_etag
from service.plans.usecases import version_etag
from service.plans.version_schemas import VersionDetailOut


def answer_made(response: Response, made: Made, now: datetime) -> VersionDetailOut:
    """With its address and its ETag."""
    version = made.version
    send_etag(response, version_etag(version))
    response.headers["Location"] = f"/v1/plans/{version.plan_id}/versions/{version.number}"
    return detail_of(made, now)


def detail_of(made: Made, now: datetime) -> VersionDetailOut:
    return VersionDetailOut.of_whole(made.version, made.outcome, made.currency, made.sight, now=now)
