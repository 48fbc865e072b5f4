"""Answers in HTML: templates, assets, the security policy, and errors that people can read.

No page has an inline script or style, so the policy forbids both. Assets are few and small; their
addresses carry a fingerprint of their content, so a browser keeps them for ever and never has an
old one.
"""

import hashlib
import mimetypes
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.allocations.versions.repository import VersionDamaged
from service.kit.errors import AppError, NotFound
from service.web import i18n

_HERE: Final = Path(__file__).parent
_YEAR: Final = 365 * 24 * 60 * 60
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media_type: str
    fingerprint: str


def _load(file: Path) -> Asset:
    content = file.read_bytes()
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Asset(content, media_type, hashlib.sha256(content).hexdigest()[:12])


ASSETS: Final[Mapping[str, Asset]] = {
    file.name: _load(file) for file in sorted((_HERE / "static").iterdir()) if file.is_file()
}


class AssetNotFound(NotFound):
    """The pages have no such file."""


def asset_response(name: str) -> Response:
    asset = ASSETS.get(name)
    if asset is None:
        raise AssetNotFound(f"There is no file {name[:80]}.")
    headers = {"Cache-Control": f"public, max-age={_YEAR}, immutable"}
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def asset_address(name: str) -> str:
    return f"/assets/{name}?{ASSETS[name].fingerprint}"


@cache
def _environment(code: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    language = i18n.language(code)
    environment.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "asset": asset_address,
        "language": language,
        "languages": list(i18n.NAMES.items()),
    }
    return environment


def language_of(request: Request) -> i18n.Language:
    return i18n.choose(
        request.query_params.get("lang"),
        request.cookies.get(i18n.COOKIE),
        request.headers.get("accept-language"),
    )


def page(
    request: Request, template: str, facts: Mapping[str, Any], *, status: int = 200
) -> HTMLResponse:
    """A page in the language of the request; a language asked for by `?lang=` is remembered."""
    language = language_of(request)

    def switch(code: str) -> str:
        asked = request.query_params if status < 400 else {}  # what was refused is not repeated
        query = {key: value for key, value in asked.items() if key != "lang"}
        return "?" + urlencode({**query, "lang": code})

    text = _environment(language.code).get_template(template).render(switch=switch, **facts)
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Content-Language": language.tag,
        "Vary": "Accept-Language, Cookie",
    }
    answer = HTMLResponse(text, status_code=status, headers=headers)
    if request.query_params.get("lang") == language.code:
        answer.set_cookie(i18n.COOKIE, language.code, max_age=_YEAR, samesite="lax", httponly=True)
    return answer


class PageRoute(APIRoute):
    """A route whose errors are pages, with the same status codes as problem documents."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_for_people(request: Request) -> Response:
            try:
                return await handle(request)
            except VersionDamaged:
                return error_page(request, VersionDamaged.status, damaged=True)
            except AppError as error:
                answer = error_page(request, error.status)
                answer.headers.update(error.headers)
                return answer
            except RequestValidationError:
                return error_page(request, 404)

        return handle_for_people


def error_page(request: Request, status: int, *, damaged: bool = False) -> HTMLResponse:
    """What went wrong and what to do, in the reader's language; the API tells programs more."""
    say = language_of(request).gettext
    headings = {
        401: (
            say("This page needs a key."),
            say(
                "Send the header Authorization: Bearer with the request, with an API key or a "
                "token of your company. A proxy that signs people in can send it for you."
            ),
        ),
        403: (say("You may not see this."), say("Ask the administrator of this service.")),
        404: (
            say("There is nothing here."),
            say("The plan, version or rep may have been removed, or the address is mistyped."),
        ),
        429: (
            say("Too many pages at once."),
            say("Wait a moment, then try again."),
        ),
        503: (say("Not just now."), say("The database is busy. Try again in a moment.")),
    }
    if damaged:
        headings[status] = (
            say("This version has been changed."),
            say(
                "What is stored is no longer what was solved, so it is not shown. Ask the "
                "administrator to restore it."
            ),
        )
    heading, advice = headings.get(
        status, (say("This did not work."), say("Try again, or go back to the plans."))
    )
    facts = {
        "heading": heading,
        "advice": advice,
        "status": status,
        "request_id": getattr(request.state, "request_id", ""),
    }
    return page(request, "error.html", facts, status=status)
