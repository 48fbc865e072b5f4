"""What holds for every call: problem documents, request ids, who may call, pages of docs."""

import asyncio
import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient
from starlette.types import Message
from structlog.testing import capture_logs

from service.kit.settings import Settings
from service.main import create_app
from tests.service.apps import serving
from tests.service.callers import a_key

PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}
JSON = {"Content-Type": "application/json"}


class TestProblems:
    def test_an_unknown_address_is_a_problem_document(self, client: TestClient) -> None:
        response = client.get("/v1/nothing", headers={"X-Request-Id": "r-1"})

        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "/problems/not-found",
            "title": "There is no such thing.",
            "status": 404,
            "detail": "There is nothing at /v1/nothing; /docs shows what there is.",
            "instance": "/v1/nothing",
            "request_id": "r-1",
        }

    def test_a_wrong_method_says_which_are_right(self, client: TestClient) -> None:
        response = client.put("/v1/plans")

        assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
        assert response.json()["detail"] == "/v1/plans does not answer PUT."

    def test_a_word_in_the_place_of_an_id_answers_for_itself(self, client: TestClient) -> None:
        for method, address, allowed in (
            ("PUT", "versions/import", "POST"),
            ("GET", "versions/import", "POST"),
            ("GET", "inputs/files", "POST"),
            ("GET", "inputs/files?dry_run=true", "POST"),
            ("GET", "versions/1/units/west/freeze", "POST"),
            ("PUT", "versions/1/units/west/freeze", "POST"),
            ("PUT", "versions/1/units/west", "GET"),
        ):
            response = client.request(method, f"/v1/plans/plan_1/{address}")

            assert (response.status_code, response.headers.get("allow")) == (405, allowed), address

    def test_a_day_is_written_out_in_a_body(self, client: TestClient) -> None:
        """Strict or not, pydantic takes "0" for the first of January 1970."""
        period = {"start": "0", "end": "2027-12-31"}
        facts = {"target": 1, "reps": [{"id": "ann", "baseline": 1, "hired": "1798761600"}]}

        plan = client.post("/v1/plans", json={"name": "FY27", "period": period})
        check = client.post("/v1/allocations/check", json=facts)

        for answer, pointer in ((plan, "/period/start"), (check, "/reps/0/hired")):
            (fault,) = answer.json()["errors"]
            assert fault["pointer"] == pointer
            assert fault["detail"] == "must be a date written YYYY-MM-DD, such as 2026-01-31"

    @pytest.mark.parametrize(
        "address", ["published?on=0", "change-requests/chg_1/preview?effective=1798761600"]
    )
    def test_a_day_is_written_out_in_an_address(self, client: TestClient, address: str) -> None:
        response = client.get(f"/v1/plans/plan_1/{address}")

        assert response.status_code == 422
        assert "must be a date written YYYY-MM-DD" in response.json()["detail"]

    def test_wrong_parameters_are_named(self, client: TestClient) -> None:
        response = client.get("/v1/plans?limit=5000")

        assert response.status_code == 422
        assert response.json()["errors"] == [
            {
                "parameter": "limit",
                "detail": "must be less than or equal to 1000",
                "value": "5000",
            }
        ]

    def test_a_parameter_that_the_call_does_not_know_is_refused_by_name(
        self, client: TestClient
    ) -> None:
        response = client.get("/v1/plans?limt=5&limit=1&limit=2")

        assert response.status_code == 422
        assert response.json()["errors"] == [
            {"parameter": "limt", "detail": "is not available: this call takes limit, cursor"},
            {"parameter": "limit", "detail": "stands twice"},
        ]

    def test_a_compressed_body_is_refused(self, client: TestClient) -> None:
        packed = gzip.compress(b"{}")
        headers = JSON | {"Content-Encoding": "gzip"}
        response = client.post("/v1/plans", content=packed, headers=headers)

        assert response.status_code == 415
        assert "without Content-Encoding: gzip" in response.json()["detail"]

    def test_a_caller_who_leaves_in_the_middle_of_a_body_is_no_error_of_ours(
        self, app: FastAPI
    ) -> None:
        async def leaves() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            raise AssertionError(message)  # nobody is there

        scope = {
            "type": "http", "method": "POST", "path": "/v1/plans", "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        }  # fmt: skip
        with capture_logs() as logs:
            asyncio.run(app(scope, leaves, send))

        assert [entry["event"] for entry in logs] == ["caller_left", "request"]

    def test_another_content_type_is_refused(self, client: TestClient) -> None:
        response = client.post("/v1/plans", content="{}", headers={"Content-Type": "text/plain"})

        assert (response.status_code, response.json()["type"]) == (
            415,
            "/problems/unsupported-media-type",
        )

    def test_broken_json_says_where(self, client: TestClient) -> None:
        response = client.post("/v1/plans", content='{"name"', headers=JSON)

        assert response.status_code == 400
        assert (response.json()["line"], response.json()["column"]) == (1, 7)

    def test_unexpected_errors_tell_no_internals(self, app: FastAPI, client: TestClient) -> None:
        def breaks() -> None:
            raise RuntimeError("password=hunter2")

        app.add_api_route("/breaks", breaks)

        response = client.get("/breaks")

        assert response.status_code == 500
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["request_id"] == response.headers["x-request-id"]
        assert "hunter2" not in response.text

    def test_a_database_that_is_gone_answers_503(self, tmp_path: Path) -> None:
        app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'no' / 'such' / 'f.db'}"))
        client = TestClient(app, base_url="http://localhost")

        for path in ("/v1/plans", "/readyz"):
            response = client.get(path)
            assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert client.get("/healthz").status_code == 200
        app.state.database.close()


class TestDatabaseFile:
    """What happens to a SQLite file while the service runs."""

    @pytest.fixture
    def file(self, tmp_path: Path, sqlite_template: Path) -> Path:
        return Path(shutil.copy(sqlite_template, tmp_path / "f.db"))

    @pytest.fixture
    def client(self, file: Path) -> Iterator[TestClient]:
        app = create_app(Settings(database_url=f"sqlite:///{file}"))
        with TestClient(app, base_url="http://localhost") as client:
            yield client

    def test_nothing_is_written_into_a_file_that_is_gone(
        self, client: TestClient, file: Path
    ) -> None:
        client.post("/v1/plans", json=PLAN)
        file.rename(file.with_name("away.db"))

        refused = client.post("/v1/plans", json=PLAN)

        assert (refused.status_code, refused.json()["type"]) == (
            503,
            "/problems/database-unavailable",
        )
        assert client.get("/v1/plans").status_code == 503
        assert not file.exists()

        file.with_name("away.db").rename(file)
        assert client.post("/v1/plans", json=PLAN).status_code == 201
        assert len(client.get("/v1/plans").json()["items"]) == 2

    def test_a_file_put_in_its_place_is_taken_at_once(
        self, client: TestClient, file: Path, sqlite_template: Path
    ) -> None:
        client.post("/v1/plans", json=PLAN)
        shutil.copy(sqlite_template, file.with_name("other.db"))
        file.with_name("other.db").replace(file)
        for log in ("f.db-wal", "f.db-shm"):
            file.with_name(log).unlink(missing_ok=True)

        assert client.get("/v1/plans").json()["items"] == []

    def test_a_file_that_is_no_database_answers_503(self, client: TestClient, file: Path) -> None:
        file.write_bytes(b"garbage " * 4096)

        for path in ("/v1/plans", "/readyz"):
            assert client.get(path).status_code == 503


class TestBodySize:
    @pytest.fixture
    def client(self, database_url: str) -> Iterator[TestClient]:
        settings = Settings(database_url=database_url, max_body_bytes=1000)
        with serving(settings) as app, TestClient(app, base_url="http://127.0.0.1") as client:
            yield client

    def test_an_announced_large_body_is_refused(self, client: TestClient) -> None:
        response = client.post("/v1/plans", content=b"x" * 1001, headers=JSON)

        assert response.status_code == 413
        assert response.json()["detail"].startswith("The body has more than 1,000 bytes.")

    def test_a_large_body_of_unknown_length_is_refused(self, client: TestClient) -> None:
        response = client.post("/v1/plans", content=iter([b"x" * 600] * 2), headers=JSON)

        assert response.status_code == 413

    def test_a_body_of_just_that_size_is_read(self, client: TestClient) -> None:
        response = client.post("/v1/plans", content=b" " * 1000, headers=JSON)

        assert response.status_code == 400


class TestRequestId:
    def test_a_callers_id_comes_back(self, client: TestClient) -> None:
        response = client.get("/healthz", headers={"X-Request-Id": "crm-42"})

        assert response.headers["x-request-id"] == "crm-42"

    @pytest.mark.parametrize(
        ("status", "method", "path"),
        [
            (200, "GET", "/v1/plans"),
            (404, "GET", "/v1/nothing"),
            (404, "GET", "/static/swagger-ui/nothing.js"),
            (405, "PUT", "/v1/plans"),
            (413, "POST", "/v1/plans"),
            (422, "GET", "/v1/plans?limit=1001"),
        ],
    )
    def test_answers_problems_and_logs_show_it(
        self, client: TestClient, status: int, method: str, path: str
    ) -> None:
        headers = JSON | {"X-Request-Id": "crm-42"}
        if status == 413:
            headers["Content-Length"] = "999999999"
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
            answer = client.request(method, path, headers=headers)

        assert (answer.status_code, answer.headers["x-request-id"]) == (status, "crm-42")
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["request_id"] == "crm-42"
        assert [(log["request_id"], log["status"]) for log in logs] == [("crm-42", status)]

    @pytest.mark.parametrize("given", ["a b", "x" * 129, '"><script>', "a\tb"])
    def test_an_odd_id_is_replaced(self, client: TestClient, given: str) -> None:
        response = client.get("/healthz", headers={"X-Request-Id": given})

        assert re.fullmatch(r"req_[0-9a-z]{26}", response.headers["x-request-id"])


class TestLocalMode:
    def test_names_of_this_machine_are_answered(self, client: TestClient) -> None:
        for host in ("localhost:8000", "127.0.0.1", "[::1]:8000", "app.localhost"):
            assert client.get("/v1/plans", headers={"Host": host}).status_code == 200

    def test_a_foreign_name_is_refused_so_that_dns_rebinding_fails(
        self, client: TestClient
    ) -> None:
        response = client.get("/v1/plans", headers={"Host": "evil.example"})

        assert (response.status_code, response.json()["type"]) == (403, "/problems/foreign-host")

    @pytest.mark.parametrize("host", ["[", "[::1", "[127.0.0.1", "me@localhost", "localhost#a"])
    def test_what_is_no_host_is_foreign_too(self, client: TestClient, host: str) -> None:
        assert client.get("/v1/plans", headers={"Host": host}).status_code == 403

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "http://127.0.0.1:3000"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
        ],
    )
    def test_pages_of_other_sites_may_not_write(
        self, client: TestClient, headers: dict[str, str]
    ) -> None:
        assert client.post("/v1/plans", json=PLAN, headers=headers).status_code == 403
        assert client.get("/v1/plans").json()["items"] == []

    def test_own_pages_may_write(self, client: TestClient) -> None:
        headers = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}

        assert client.post("/v1/plans", json=PLAN, headers=headers).status_code == 201

    def test_callers_from_elsewhere_are_refused(self, app: FastAPI) -> None:
        client = TestClient(app, base_url="http://127.0.0.1", client=("192.0.2.7", 5000))

        assert client.get("/v1/plans").status_code == 403


class TestKeysMode:
    @pytest.fixture
    def app(self, database_url: str) -> Iterator[FastAPI]:
        with serving(Settings(database_url=database_url, access="keys")) as app:
            yield app

    @pytest.fixture
    def client(self, app: FastAPI) -> TestClient:
        return TestClient(app, base_url="https://quota.example.com")

    def test_a_key_opens(self, app: FastAPI, client: TestClient) -> None:
        headers = a_key(app.state.database)

        assert client.get("/v1/plans", headers=headers).status_code == 200

    @pytest.mark.parametrize("header", [None, "Bearer fq_wrong", "Basic eDp5", "Bearer"])
    def test_without_a_valid_key_nothing_opens(
        self, client: TestClient, header: str | None
    ) -> None:
        headers = {} if header is None else {"Authorization": header}

        response = client.get("/v1/plans", headers=headers)

        assert (response.status_code, response.json()["type"]) == (
            401,
            "/problems/not-authenticated",
        )
        assert response.headers["www-authenticate"] == 'Bearer realm="fairquota"'

    def test_the_key_is_asked_for_before_the_body_is_looked_at(self, client: TestClient) -> None:
        assert client.post("/v1/plans", content=b"nonsense").status_code == 401

    def test_every_answer_forbids_framing_sniffing_and_foreign_content(
        self, app: FastAPI, client: TestClient
    ) -> None:
        reader = a_key(app.state.database, "hr")
        calls = {
            401: client.get("/v1/plans"),
            403: client.post("/v1/plans", json=PLAN, headers=reader),
            404: client.get("/v1/nothing", headers=reader),
            405: client.put("/v1/plans", headers=reader),
            422: client.get("/v1/plans?limit=0", headers=reader),
            200: client.get("/", headers=reader),
        }
        for status, answer in calls.items():
            assert answer.status_code == status
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["referrer-policy"] == "same-origin"

    def test_no_body_is_read_that_is_not_limited(self, app: FastAPI) -> None:
        """FastAPI reads bodies that it validates itself without looking at their length."""
        unlimited = [
            context.path_format
            for context in iter_route_contexts(app.routes)
            if getattr(context, "dependant", None) and context.dependant.body_params
        ]

        assert unlimited == []

    def test_health_metrics_and_documentation_need_no_key(self, client: TestClient) -> None:
        for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"):
            assert client.get(path).status_code == 200

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_monitors_may_ask_without_a_body(self, client: TestClient, path: str) -> None:
        response = client.head(path)

        assert (response.status_code, response.content) == (200, b"")


class TestPagesAroundTheApi:
    def test_docs_need_nothing_from_elsewhere(self, client: TestClient) -> None:
        page = client.get("/docs")

        addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(addresses) == 4
        for address in addresses:
            assert not address.startswith(("http:", "https:", "//"))
            assert client.get(f"/{address}").status_code == 200
        assert (
            "'unsafe-inline'" not in page.headers["content-security-policy"].split("style-src")[0]
        )

    def test_metrics_count_by_route_not_by_address(self, client: TestClient) -> None:
        counter = 'http_requests_total{handler="/v1/plans/{plan_id}",method="GET",status="404"}'

        def unknown_plans() -> float:
            lines = client.get("/metrics").text.splitlines()
            return sum(float(line.split()[-1]) for line in lines if line.startswith(counter))

        before = unknown_plans()
        client.get("/v1/plans/plan_1")
        client.get("/v1/plans/plan_2")

        assert unknown_plans() == before + 2

    def test_every_answer_forbids_sniffing_and_framing(self, client: TestClient) -> None:
        headers = client.get("/healthz").headers

        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
