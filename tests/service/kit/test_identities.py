"""Tokens of the company's identity provider: whom they let in, as what, and whom never."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm
from pydantic import ValidationError
from starlette.testclient import TestClient

from service.kit.auth import Workspace
from service.kit.clock import utc_now
from service.kit.identities import Identities, Identity
from service.kit.provider import IdentityProviderUnavailable
from service.kit.roles import Role
from service.kit.settings import Settings
from service.main import create_app
from tests.service.apps import serving
from tests.service.callers import a_key
from tests.service.identity_provider import IdentityProvider, new_key

HOUR = timedelta(hours=1)
LONG_AGO, MUCH_LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    yield provider
    provider.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def identities(provider: IdentityProvider, clock: Clock) -> Identities:
    return reading(provider, clock)


def reading(provider: IdentityProvider, clock: Clock | None = None, **changes: Any) -> Identities:
    return Identities(Settings(**provider.settings(**changes)), clock or Clock())


def known(identities: Identities, token: str) -> Identity:
    identity = identities.read(token)
    assert identity is not None
    return identity


class TestTokens:
    def test_one_of_the_provider_says_who_is_calling(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        identity = known(identities, provider.token())

        assert identity == Identity("u-17", "Ada", Role.ADMIN, None, None, None)

    @pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
    def test_may_be_signed_by_any_of_three_algorithms(
        self, provider: IdentityProvider, identities: Identities, algorithm: str
    ) -> None:
        provider.keys = {"k2": (algorithm, new_key(algorithm)), **provider.keys}

        assert identities.read(provider.token(key_id="k2")) is not None

    @pytest.mark.parametrize(
        "claims",
        [
            {"exp": LONG_AGO},
            {"nbf": MUCH_LATER},
            {"iat": MUCH_LATER},
            {"aud": "payroll"},
            {"aud": ["payroll", "mail"]},
            {"iss": "https://login.example.com"},
            {"sub": "x" * 300},
            {"sub": ""},
            {"sub": "local"},
            {"sub": "key_01kaz3q8f2m7x0c5d6e7f8g9ha"},
            *({name: None} for name in ("exp", "iat", "aud", "iss", "sub")),
        ],
        ids=str,
    )
    def test_with_wrong_claims_let_nobody_in(
        self, provider: IdentityProvider, identities: Identities, claims: dict[str, Any]
    ) -> None:
        assert identities.read(provider.token(**claims)) is None

    def test_clocks_may_differ_by_a_minute(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        near = utc_now() - timedelta(seconds=30)

        assert identities.read(provider.token(exp=near)) is not None

    def test_for_several_services_count_if_ours_is_among_them(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        assert identities.read(provider.token(aud=["mail", "fairquota"])) is not None

    def test_without_a_signature_let_nobody_in(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        assert identities.read(provider.forged("none")) is None
        assert identities.read(provider.forged("None")) is None

    def test_with_the_public_key_as_a_shared_secret_let_nobody_in(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        assert identities.read(provider.forged("HS256", provider.public_pem())) is None

    def test_of_another_key_under_a_known_id_let_nobody_in(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        assert identities.read(provider.token(signed_by=new_key("ES256"))) is None

    def test_that_were_changed_let_nobody_in(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        head, body, signature = provider.token(roles=["rep"], rep="r1").split(".")
        _, other, _ = provider.token().split(".")

        assert identities.read(f"{head}.{other}.{signature}") is None
        assert identities.read(f"{head}.{body}.{signature}") is not None

    @pytest.mark.parametrize(
        "headers",
        [
            {"typ": "logout+jwt"},
            {"crit": ["exp"]},
            {"kid": 7},
            {"kid": "k9", "jku": "http://127.0.0.1:1/keys"},
        ],
        ids=str,
    )
    def test_with_strange_headers_let_nobody_in(
        self, provider: IdentityProvider, identities: Identities, headers: dict[str, Any]
    ) -> None:
        if headers.get("kid") == 7:
            token = provider.forged("ES256", key_id=7)  # type: ignore[arg-type]
        else:
            token = provider.token(headers=headers)

        assert identities.read(token) is None

    @pytest.mark.parametrize(
        "token", ["", ".", "..", "a.b.c", "x" * 20_000, "é.é.é", "W1tbW1tb" * 1500 + ".e30.e30"]
    )
    def test_that_are_none_let_nobody_in(self, identities: Identities, token: str) -> None:
        assert identities.read(token) is None

    def test_without_a_key_id_count_where_the_provider_has_one_key_alone(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        token = provider.token(headers={"kid": None})
        provider.keys = {"k1": provider.keys["k1"], "k2": ("EdDSA", new_key("EdDSA"))}
        two = reading(provider).read(token)
        del provider.keys["k2"]

        assert two is None
        assert identities.read(token) is not None


class TestKeysOfTheProvider:
    def test_are_fetched_once_for_thirty_two_who_come_at_once(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        token, barrier = provider.token(), threading.Barrier(32)
        found: list[Identity | None] = []

        def call() -> None:
            barrier.wait()
            found.append(identities.read(token))

        threads = [threading.Thread(target=call) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(found) == 32
        assert None not in found
        assert provider.asked == 1

    def test_that_are_new_are_learned_and_old_ones_forgotten(
        self, provider: IdentityProvider, identities: Identities, clock: Clock
    ) -> None:
        old = provider.token()
        assert identities.read(old) is not None
        provider.keys = {"k1": provider.keys["k1"], "k2": ("ES256", new_key("ES256"))}
        new = provider.token(key_id="k2")
        del provider.keys["k1"]

        clock.seconds += 15
        assert identities.read(new) is not None
        assert identities.read(old) is None

    def test_are_not_asked_for_again_at_every_made_up_id(
        self, provider: IdentityProvider, identities: Identities, clock: Clock
    ) -> None:
        assert identities.read(provider.token()) is not None
        for number in range(20):
            assert identities.read(provider.token(headers={"kid": f"made-up-{number}"})) is None
        assert provider.asked == 1

        clock.seconds += 15
        assert identities.read(provider.token(headers={"kid": "made-up"})) is None
        assert provider.asked == 2

    def test_go_on_working_for_a_day_while_the_provider_is_down(
        self, provider: IdentityProvider, identities: Identities, clock: Clock
    ) -> None:
        token = provider.token()
        assert identities.read(token) is not None
        provider.is_down = True

        clock.seconds += 86_399
        assert identities.read(token) is not None
        clock.seconds += 15
        with pytest.raises(IdentityProviderUnavailable):
            identities.read(token)
        provider.is_down = False
        clock.seconds += 15
        assert identities.read(token) is not None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"issuer": "https://login.example.com"},
            {"jwks_uri": None},
            {"jwks_uri": "http://example.com/keys"},
            {"jwks_uri": "file:///etc/passwd"},
        ],
        ids=str,
    )
    def test_are_taken_from_nobody_else(
        self, provider: IdentityProvider, identities: Identities, wrong: dict[str, Any]
    ) -> None:
        provider.discovery = wrong

        with pytest.raises(IdentityProviderUnavailable):
            identities.read(provider.token())

    def test_are_not_looked_for_where_somebody_points(
        self, provider: IdentityProvider, identities: Identities
    ) -> None:
        provider.redirects_to = f"{provider.issuer}/other-keys"

        with pytest.raises(IdentityProviderUnavailable):
            identities.read(provider.token())
        assert provider.asked == 0

    def test_can_have_an_address_of_their_own(self, provider: IdentityProvider) -> None:
        provider.discovery = {"issuer": "https://nobody.example.com"}
        identities = reading(provider, oidc_jwks_url=f"{provider.issuer}/keys")

        assert identities.read(provider.token()) is not None

    def test_of_algorithms_that_are_not_allowed_do_not_count(
        self, provider: IdentityProvider
    ) -> None:
        identities = reading(provider, oidc_algorithms=("RS256",))

        with pytest.raises(IdentityProviderUnavailable):
            identities.read(provider.token())

    @pytest.mark.parametrize("odd", [["k1"], {"k": 1}, 7, True], ids=str)
    @pytest.mark.parametrize("member", ["kid", "alg", "kty", "crv", "x"])
    def test_beside_a_strange_entry_go_on_counting(
        self, provider: IdentityProvider, identities: Identities, member: str, odd: Any
    ) -> None:
        curve = new_key("ES256")
        assert isinstance(curve, EllipticCurvePrivateKey)
        entry = ECAlgorithm.to_jwk(curve.public_key(), as_dict=True)
        entry |= {"kid": "k9", "alg": "ES256"}
        provider.strange_entries = [entry | {member: odd}]

        assert identities.read(provider.token()) is not None


class TestSettings:
    @pytest.mark.parametrize("missing", ["oidc_issuer", "oidc_audience"])
    def test_issuer_and_audience_are_needed(self, provider: IdentityProvider, missing: str) -> None:
        with pytest.raises(ValidationError, match="is required where FAIRQUOTA_ACCESS is oidc"):
            Settings(**provider.settings(**{missing: None}))

    @pytest.mark.parametrize("algorithm", ["none", "HS256"])
    def test_tokens_that_anybody_could_write_cannot_be_allowed(
        self, provider: IdentityProvider, algorithm: str
    ) -> None:
        with pytest.raises(ValidationError):
            Settings(**provider.settings(oidc_algorithms=(algorithm,)))


@pytest.fixture
def app(database_url: str, provider: IdentityProvider) -> Iterator[FastAPI]:
    groups = {"Sales Ops": "planner", "Managers": "manager", "Sales": "rep"}
    settings = Settings(
        database_url=database_url,
        **provider.settings(
            oidc_roles=groups,
            oidc_role_claim="realm_access.roles",
            oidc_unit_claim="department",
            oidc_workspace_claim="tenant",
        ),
    )
    with serving(settings) as app:
        yield app


class TestCalls:
    @pytest.fixture
    def client(self, app: FastAPI) -> TestClient:
        return TestClient(app, base_url="https://quota.example.com")

    def call(self, client: TestClient, token: str) -> tuple[int, str]:
        answer = client.get("/v1/keys", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.json()["detail"]

    def of_groups(self, provider: IdentityProvider, *groups: str, **claims: Any) -> str:
        return provider.token(
            realm_access={"roles": list(groups)}, **{"tenant": "wsp_default", **claims}
        )

    def test_groups_of_the_company_become_roles_the_first_of_the_settings_wins(
        self, client: TestClient, provider: IdentityProvider
    ) -> None:
        token = self.of_groups(provider, "Everybody", "Managers", "Sales Ops", department="west")

        assert self.call(client, token) == (
            403,
            "The role planner may not manage API keys; who may: admin.",
        )

    @pytest.mark.parametrize(
        ("groups", "claims", "said"),
        [
            ([], {}, "has no role here"),
            (["Everybody"], {}, "has no role here"),
            (["Managers"], {}, "The identity of a manager has to say in department"),
            (["Managers"], {"department": ["west"]}, "The identity of a manager"),
            (["Sales"], {"rep": 17}, "The identity of a rep has to say in rep"),
            (["Sales Ops"], {"tenant": None}, "does not say which workspace"),
            (["Sales Ops"], {"tenant": "wsp_none"}, "is not known here"),
        ],
    )
    def test_an_identity_that_fits_nothing_is_refused(
        self,
        client: TestClient,
        provider: IdentityProvider,
        groups: list[str],
        claims: dict[str, Any],
        said: str,
    ) -> None:
        status, detail = self.call(client, self.of_groups(provider, *groups, **claims))

        assert status == 403
        assert said in detail

    def test_an_identity_works_in_its_workspace(
        self, app: FastAPI, client: TestClient, provider: IdentityProvider
    ) -> None:
        with app.state.database.of("wsp_b").sessions.begin() as session:
            session.add(Workspace(id="wsp_b", name="B", created_at=utc_now()))
        plan = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}

        def bearer(tenant: str) -> dict[str, str]:
            token = self.of_groups(provider, "Sales Ops", tenant=tenant)
            return {"Authorization": f"Bearer {token}"}

        assert client.post("/v1/plans", json=plan, headers=bearer("wsp_b")).status_code == 201
        seen = {
            tenant: len(client.get("/v1/plans", headers=bearer(tenant)).json()["items"])
            for tenant in ("wsp_default", "wsp_b")
        }
        assert seen == {"wsp_default": 0, "wsp_b": 1}

    def test_keys_open_as_well(self, app: FastAPI, client: TestClient) -> None:
        assert client.get("/v1/keys", headers=a_key(app.state.database)).status_code == 200

    def test_whatever_is_not_valid_is_refused_alike(
        self, client: TestClient, provider: IdentityProvider
    ) -> None:
        refusals = {
            self.call(client, token)
            for token in ("fq_unknown", "nonsense", provider.token(exp=utc_now() - HOUR))
        }

        assert refusals == {(401, "The key or token is not valid here, or not any more.")}

    def test_without_the_provider_it_is_said_that_one_should_try_again(
        self, client: TestClient, provider: IdentityProvider
    ) -> None:
        provider.is_down = True
        headers = {"Authorization": f"Bearer {self.of_groups(provider, 'Sales Ops')}"}
        answer = client.get("/v1/plans", headers=headers)

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["type"] == "/problems/identity-provider-unavailable"

    def test_where_keys_alone_open_a_token_does_not(
        self, database_url: str, provider: IdentityProvider
    ) -> None:
        app = create_app(Settings(database_url=database_url, access="keys"))
        client = TestClient(app, base_url="https://quota.example.com")

        assert self.call(client, provider.token())[0] == 401
        assert provider.asked == 0
        app.state.database.close()
