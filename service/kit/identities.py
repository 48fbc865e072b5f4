"""Whom the company's identity provider says is calling (OpenID Connect; RFC 7519, RFC 8725).

A token counts when one of the provider's keys signed it by the algorithm of that key, it is from
our issuer, for our audience, and within its time (a minute of difference between clocks is
forgiven). What it claims then says which role the caller has, and which unit or rep is theirs.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
import structlog
from jwt.exceptions import InvalidSubjectError, PyJWTError

from service.kit.errors import NotPermitted
from service.kit.ids import is_id
from service.kit.provider import ProviderKeys
from service.kit.roles import Role
from service.kit.settings import Settings

_MOST_CHARACTERS: Final = 16_384
_LEEWAY: Final = 60
_REQUIRED: Final = ["exp", "iat", "iss", "aud", "sub"]
_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")
_LONGEST_ID: Final = 128
_LONGEST_NAME: Final = 200
_OURS: Final = ("local", "demo", "command-line")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whom the provider vouches for."""

    subject: str
    name: str
    role: Role
    unit: str | None
    rep: str | None
    workspace_id: str | None
    """None: the provider does not tell workspaces apart."""


class Identities:
    """Reads the tokens of one identity provider."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """`settings`: with an issuer and an audience; `clock` says how old the keys are."""
        self._settings = settings
        self._keys = ProviderKeys(
            settings.oidc_issuer or "",
            settings.oidc_jwks_url,
            frozenset(settings.oidc_algorithms),
            clock,
        )

    def read(self, token: str) -> Identity | None:
        """None: the token is not valid here, or not any more.

        Raises NotPermitted for somebody who has no role here, or none that is whole, and
        IdentityProviderUnavailable.
        """
        try:
            claims = self._claims(token)
        except (PyJWTError, RecursionError, OverflowError) as reason:
            log.info("token_refused", reason=type(reason).__name__)
            return None
        return self._identity(claims)

    def _claims(self, token: str) -> Mapping[str, Any]:
        if len(token) > _MOST_CHARACTERS:
            raise jwt.DecodeError
        header = jwt.get_unverified_header(token)
        if str(header.get("typ", "jwt")).lower() not in _TYPES:
            raise jwt.InvalidTokenError
        key = self._keys.find(header.get("kid"))
        if key is None:
            raise jwt.InvalidKeyError
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=self._settings.oidc_audience,
            issuer=self._settings.oidc_issuer,
            leeway=_LEEWAY,
            options={"require": _REQUIRED},
        )
        subject = claims["sub"]
        of_ours = subject in _OURS or is_id("key", subject)
        if of_ours or not 0 < len(subject) <= _LONGEST_NAME or not subject.isprintable():
            raise InvalidSubjectError
        return claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        settings, subject = self._settings, claims["sub"]
        role = self._role(claims)
        scopes = {Role.MANAGER: settings.oidc_unit_claim, Role.REP: settings.oidc_rep_claim}
        own = None
        if (claim := scopes.get(role)) and (own := _text(claims, claim, _LONGEST_ID)) is None:
            raise NotPermitted(
                f"The identity of a {role} has to say in {claim} which one is meant."
            )
        workspace = None
        if settings.oidc_workspace_claim:
            workspace = _text(claims, settings.oidc_workspace_claim, 40)
            if workspace is None:
                raise NotPermitted("The identity does not say which workspace is its own.")
        return Identity(
            subject=subject,
            name=_text(claims, settings.oidc_name_claim, _LONGEST_NAME) or subject,
            role=role,
            unit=own if role is Role.MANAGER else None,
            rep=_text(claims, settings.oidc_rep_claim, _LONGEST_ID),
            workspace_id=workspace,
        )

    def _role(self, claims: Mapping[str, Any]) -> Role:
        """Of several that somebody has, the first in the order of the settings, else of `Role`."""
        settings = self._settings
        roles = settings.oidc_roles or {role.value: role for role in Role}
        stated = set(_texts(_claim(claims, settings.oidc_role_claim)))
        for name, role in roles.items():
            if name in stated:
                return role
        raise NotPermitted("This identity has no role here; ask the administrator of the service.")


def _claim(claims: Mapping[str, Any], name: str) -> object:
    """A claim by its name, or by a path of names such as `realm_access.roles`."""
    if name in claims:
        return claims[name]
    here: object = claims
    for part in name.split("."):
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def _texts(value: object) -> Iterator[str]:
    values: Sequence[object] = value if isinstance(value, list) else [value]
    yield from (each for each in values if isinstance(each, str))


def _text(claims: Mapping[str, Any], name: str, longest: int) -> str | None:
    """A claim that is a text one can see; None for any other."""
    value = _claim(claims, name)
    if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable():
        return value
    return None
