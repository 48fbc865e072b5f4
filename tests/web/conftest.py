"""A real service on a real port, and Debian's Chromium in front of it.

On a machine without the browser the tests are skipped; with FAIRQUOTA_REQUIRE_BROWSER=1 they fail.
"""

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from starlette.testclient import TestClient

from service.kit import migrations
from service.kit.settings import Settings
from service.main import create_app
from tests.service import steps

CHROMIUM = Path("/usr/bin/chromium")
REQUIRED = os.environ.get("FAIRQUOTA_REQUIRE_BROWSER") == "1"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOOPBACK = "http://127.0.0.1"

TEAMS: list[dict[str, Any]] = [
    {"id": "west", "name": "West"},
    {"id": "west/1", "name": "Coast & <Hills>", "parent": "west"},
    {"id": "east", "name": "东部大区", "max": 330_000},
]
NAMES = {
    "ada": "Ada <script>alert(1)</script>",
    "bob": "Bob \"the 'closer'\" O’Neill &amp; Co",
    "cleo": "مندوب \u202eعربي",
    "dan": "🦊 丹",
}


def a_company() -> dict[str, Any]:
    """Thirteen reps in three units: somebody is held by each kind of rule."""
    reps: list[dict[str, Any]] = [
        {"id": key, "name": name, "unit": "west/1"} for key, name in NAMES.items()
    ]
    reps += [{"id": f"west-{number}", "unit": "west"} for number in range(1, 5)]
    reps += [{"id": f"east-{number}", "unit": "east"} for number in range(1, 4)]
    reps += [{"id": "a/b?c#d", "name": "Odd Key"}, {"id": "solo", "name": "Solo"}]
    for place, rep in enumerate(reps):
        rep["baseline"] = 100_000 + 7_000 * place
        rep["reach"] = 20_000 + 1_000 * place
        rep["last_year"] = 95_000 + 6_000 * place
    by_id = {rep["id"]: rep for rep in reps}
    by_id["ada"]["max"] = 103_000
    by_id["bob"]["min"] = 140_000
    by_id["cleo"]["fixed"] = 111_111.11
    return {"target": 2_000_000, "units": TEAMS, "reps": reps}


ACROSS: dict[str, Any] = {
    "groups": [{"id": "over:lay", "reps": ["n1", "n2", "s1"], "max": 315_000}],
    "margin_floors": [{"id": "year", "min": 100_000}],
    "parity": [{"cohort": "role", "tolerance": 0.1}],
    "rows": [{"id": "mentor", "coefficients": {"n3": 1, "s3": -1}, "max": -5_000}],
}
"""Of 670,000, n1, n2 and s1 carry 105,000 each; s2 and s3 120,000, and n3 5,000 less."""


def six_reps(most: int | None = None) -> list[dict[str, Any]]:
    """Equal in all but the unit and the role; `most` is what each of the north can carry."""
    return [
        {
            "id": f"{unit[0]}{number}",
            "name": f"Rep {unit[0]}{number}",
            "unit": unit,
            "baseline": 100_000,
            "reach": 100_000,
            "margin": 0.3,
            "cohorts": {"role": "hunter" if number == 1 else "farmer"},
            "max": most if unit == "north" else None,
        }
        for unit in ("north", "south")
        for number in (1, 2, 3)
    ]


def two_units(target: int | None = None) -> list[dict[str, Any]]:
    return [
        {"id": "north", "name": "North", "owner": "Nora", "target": target},
        {"id": "south", "name": "South", "owner": "Sven"},
    ]


@dataclass(frozen=True, slots=True)
class Site:
    """A running service with one published plan, and drafts that rules across teams hold, whose
    north misses 70,000 of its target, and whose overlay group gave way.
    """

    address: str
    plan: str
    across: str
    gap: str
    gave_way: str
    reps: dict[str, Any]

    @property
    def plan_page(self) -> str:
        return f"{self.address}/plans/{self.plan}"


def solve_a_plan(
    client: TestClient,
    name: str,
    inputs: dict[str, Any],
    *,
    publish: bool = False,
    policy: dict[str, Any] | None = None,
) -> str:
    """A plan with one version, made as any caller makes it; answers its id."""
    facts = {
        "name": name,
        "currency": "USD",
        "increment": 100,
        "period": {"start": "2027-01-01", "end": "2027-12-31"},
    }
    plan: str = client.post("/v1/plans", json=facts).raise_for_status().json()["id"]
    client.put(f"/v1/plans/{plan}/inputs", json=inputs).raise_for_status()
    asked = {"note": "first proposal", "policy": policy or {}}
    solved = client.post(f"/v1/plans/{plan}/versions", json=asked)
    solved.raise_for_status()
    if publish:
        steps.publish(client, f"/v1/plans/{plan}/versions/1").raise_for_status()
    return plan


class _Server(uvicorn.Server):
    """Says when it listens, so that nobody has to wait for some time."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(uvicorn.Config(app, log_config=None, access_log=False))
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path_factory.mktemp('site') / 'site.db'}"
    migrations.upgrade(url)
    app = create_app(Settings(database_url=url, answer_within=600))
    inputs = a_company()
    client = TestClient(app, base_url=LOOPBACK)
    everybody = [rep["id"] for rep in six_reps()]
    plans = {
        "plan": solve_a_plan(client, "FY27 <b>& more</b>", inputs, publish=True),
        "across": solve_a_plan(
            client,
            "Overlay",
            {"target": 670_000, "units": two_units(), "reps": six_reps()},
            policy=ACROSS,
        ),
        "gap": solve_a_plan(
            client,
            "Gap",
            {"target": 700_000, "units": two_units(400_000), "reps": six_reps(110_000)},
            policy={"on_infeasible": "gap"},
        ),
        "gave_way": solve_a_plan(
            client,
            "Relaxed",
            {"target": 660_000, "units": two_units(), "reps": six_reps()},
            policy={
                "groups": [{"id": "product", "reps": everybody, "max": 640_000}],
                "on_infeasible": "relax",
            },
        ),
    }
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert server.listening.wait(timeout=30)
        port = listener.getsockname()[1]
        reps = {rep["id"]: rep for rep in inputs["reps"]}
        yield Site(f"{LOOPBACK}:{port}", **plans, reps=reps)
        server.should_exit = True
        thread.join(timeout=30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is not installed; the pages were not looked at in a browser"
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True)
class Visit:
    """One reader's browser window, and everything that went wrong in it."""

    page: Page
    complaints: list[str]
    requested: list[str]


def visit(context: BrowserContext) -> Visit:
    page = context.new_page()
    seen = Visit(page, [], [])
    page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", lambda request: seen.requested.append(request.url))
    return seen


@pytest.fixture
def reader(browser: Browser, site: Site) -> Iterator[Page]:
    """An English reader with scripts; fails if the console says anything or a request strays."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    seen = visit(context)
    yield seen.page
    context.close()
    assert seen.complaints == []
    assert [url for url in seen.requested if not url.startswith(site.address)] == []
