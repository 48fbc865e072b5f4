"""`compose.yaml`, as far as it can be checked where no Docker is: what it starts are our commands,
with settings that there are.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from service.kit.settings import Settings
from tests.service.typed import run

SERVICES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "compose.yaml").read_text(encoding="utf-8")
)["services"]
OURS = sorted(name for name, own in SERVICES.items() if own["image"] == "fairquota")
STAYING = ["fairquota", "worker"]


def test_it_brings_the_tables_up_to_date_answers_and_works() -> None:
    assert sorted([*STAYING, "upgrade"]) == OURS


@pytest.mark.parametrize("name", OURS)
def test_each_runs_a_command_of_ours_with_settings_that_there_are(name: str) -> None:
    known = {f"FAIRQUOTA_{setting}".upper() for setting in Settings.model_fields}

    assert set(SERVICES[name]["environment"]) <= known
    assert run(*SERVICES[name].get("command", ["serve"]), "--help").exit_code == 0


@pytest.mark.parametrize("name", STAYING)
def test_each_waits_for_its_tables_and_may_hand_over_before_it_is_killed(name: str) -> None:
    """A service finishes answers for ten seconds, and gives its workers fifteen."""
    waits_for = SERVICES[name]["depends_on"]["upgrade"]["condition"]

    assert (waits_for, SERVICES[name]["stop_grace_period"]) == (
        "service_completed_successfully",
        "30s",
    )
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_long_work_is_the_workers_which_are_asked_at_their_own_port() -> None:
    environment = SERVICES["worker"]["environment"]

    assert SERVICES["fairquota"]["environment"]["FAIRQUOTA_WORKERS"] == "0"
    assert (
        f":{environment['FAIRQUOTA_METRICS_PORT']}/metrics"
        in (SERVICES["worker"]["healthcheck"]["test"][-1])
    )
    assert "ports" not in SERVICES["worker"], "else there could be no second one on this machine"
