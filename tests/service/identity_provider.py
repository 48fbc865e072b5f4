"""A company's identity provider: own keys, real HTTP, and everything that goes wrong with one."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from service.kit.clock import utc_now

AUDIENCE = "fairquota"

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
type Document = dict[str, Any]


def new_key(algorithm: str) -> PrivateKey:
    match algorithm:
        case "RS256":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case _:
            return ed25519.Ed25519PrivateKey.generate()


class IdentityProvider:
    """`keys` by their ids, each with its algorithm; counts how often it is asked for them."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, PrivateKey]] = {"k1": ("ES256", new_key("ES256"))}
        self.asked = 0
        self.is_down = False
        self.discovery: Document = {}
        self.redirects_to: str | None = None
        self.strange_entries: list[Document] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def settings(self, **changes: Any) -> Document:
        return {"access": "oidc", "oidc_issuer": self.issuer, "oidc_audience": AUDIENCE} | changes

    def claims(self, **changes: Any) -> Document:
        """Those of an administrator; a claim of None is left out."""
        now = utc_now()
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "u-17",
            "name": "Ada",
            "iat": now,
            "exp": now + timedelta(minutes=5),
            "roles": ["admin"],
        } | changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self,
        *,
        key_id: str = "k1",
        signed_by: PrivateKey | None = None,
        headers: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Signed by the key of that id, or by another that claims to be it."""
        algorithm, own = self.keys.get(key_id, self.keys["k1"])
        key = signed_by or own
        head = {"kid": key_id, **(headers or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(self.claims(**claims), key, algorithm, headers=head)

    def forged(self, algorithm: str, secret: bytes = b"", *, key_id: str = "k1") -> str:
        """A token that libraries refuse to write: without a signature, or with a shared secret."""
        times = {name: int(self.claims()[name].timestamp()) for name in ("iat", "exp")}
        head, body = {"alg": algorithm, "typ": "JWT", "kid": key_id}, self.claims() | times
        text = ".".join(_encoded(json.dumps(part).encode()) for part in (head, body))
        digest = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
        return f"{text}.{_encoded(digest)}"

    def public_pem(self, key_id: str = "k1") -> bytes:
        return (
            self.keys[key_id][1]
            .public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def _answer(self, path: str) -> Document:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"} | self.discovery
        self.asked += 1
        return {
            "keys": self.strange_entries
            + [
                {**_as_jwk(key), "kid": key_id, "use": "sig", "alg": algorithm}
                for key_id, (algorithm, key) in self.keys.items()
            ]
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if provider.is_down:
                    self.send_error(500)
                    return
                if provider.redirects_to is not None and self.path == "/keys":
                    self.send_response(302)
                    self.send_header("Location", provider.redirects_to)
                    self.end_headers()
                    return
                body = json.dumps(provider._answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Nothing: tests are quiet."""

        return Handler


def _as_jwk(key: PrivateKey) -> Document:
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
