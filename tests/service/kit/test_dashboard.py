"""The dashboard and the alerts ask for nothing that the service does not tell."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan
from tests.service.operations.following import begun, done, settle
from tests.service.scraped import Scrape

FOLDER: Final = Path(__file__).parents[3] / "docs" / "grafana"
_METRIC: Final = re.compile(r"\b((?:fairquota|http|process)_\w+)(?:\{([^}]*)\})?")
_LABEL: Final = re.compile(r"(\w+)\s*(?:=~|!=|=)\s*\"")
_BY: Final = re.compile(r"\bby \(([^)]*)\)")
_OF_PROMETHEUS: Final = {"instance"}


def expressions() -> Iterator[str]:
    dashboard = json.loads((FOLDER / "fairquota.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    alerts = yaml.safe_load((FOLDER / "alerts.yaml").read_text())
    yield from (rule["expr"] for group in alerts["groups"] for rule in group["rules"])


@pytest.fixture
def told(client: TestClient, app: FastAPI) -> Scrape:
    """By a service that has solved and verified a version as an operation."""
    plan = a_plan(client)
    done(client, begun(client, f"{plan}/versions"))
    settle(client, app)
    assert client.get(f"{plan}/versions/1/verify").json()["valid"]
    return Scrape(client.get("/metrics").text)


def test_every_metric_and_label_that_is_asked_for_is_there(told: Scrape) -> None:
    asked = list(expressions())

    for expression in asked:
        found = _METRIC.findall(expression)
        assert found, expression
        for metric, matchers in found:
            assert metric in told.names, f"{metric} of {expression}"
            by = {name.strip() for names in _BY.findall(expression) for name in names.split(",")}
            labels = {*_LABEL.findall(matchers), *by} - _OF_PROMETHEUS
            assert labels <= told.labels(metric), f"{labels} of {expression}"
    assert len(asked) > 20
