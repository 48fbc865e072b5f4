"""Settings in YAML and JSON files: what is said is what is read."""

import math
from pathlib import Path
from typing import Any

import pytest

from service.cli.failure import Failure
from service.cli.policy_file import policy_of
from service.cli.yaml_file import as_written, read_yaml


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.yaml"


def read(file: Path, text: str) -> Any:
    file.write_text(text, encoding="utf-8")
    return read_yaml(file)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-12", -12),
        ("1_000_000", 1_000_000),
        ("1e-3", 0.001),
        ("5E5", 500_000.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("null", None),
        ("", None),
        ("true", True),
        ("no", "no"),
        ("on", "on"),
        ("2027-01-01", "2027-01-01"),
        ("12:30", "12:30"),
        ("0x1f", "0x1f"),
        ("'12'", "12"),
        ("华东", "华东"),
    ],
)
def test_plain_texts_are_what_json_would_call_them(file: Path, text: str, value: object) -> None:
    found = read(file, f"max: {text}")["max"]

    assert found == value
    assert isinstance(found, type(value))


@pytest.mark.parametrize("text", ["0042", "1001", "1_0", "1.50", "1e3"])
def test_a_number_knows_how_it_was_written(file: Path, text: str) -> None:
    assert as_written(read(file, f"- {text}")[0]) == text


def test_names_of_members_are_texts(file: Path) -> None:
    assert read(file, "{0042: 1, 2027-01-01: 2, no: 3, 1e3: 4}") == {
        "0042": 1,
        "2027-01-01": 2,
        "no": 3,
        "1e3": 4,
    }


def test_a_name_that_stands_twice_is_refused_however_it_is_written(file: Path) -> None:
    with pytest.raises(Failure, match="'1001' stands in line 1 and again in line 2"):
        read(file, "1001: 1\n'1001': 2\n")


def test_parts_can_be_shared(file: Path) -> None:
    said = read(file, "a: &pair {reps: [x], max: 1}\nb: {<<: *pair, max: 2}\n")

    assert said["b"] == {"reps": ["x"], "max": 2}


def test_where_a_file_ends_too_soon_is_told_in_a_line(file: Path) -> None:
    with pytest.raises(Failure) as end:
        read(file, '{"rows": [1,\n')

    why = "line 2, column 1: expected the node content, but found the end of the file"
    assert str(end.value) == f"{file} is neither JSON nor YAML: {why}"


def test_a_number_that_nobody_can_count_is_a_problem(file: Path) -> None:
    with pytest.raises(Failure, match="neither JSON nor YAML: Exceeds the limit"):
        read(file, "max: " + "9" * 5_000)


def test_ids_of_a_policy_are_texts_as_they_are_written(file: Path) -> None:
    said = read(
        file,
        """
        groups: [{id: 7, reps: [1001, 0042, 2027-01-01], max: 1e5}]
        margin_floors: [{id: 8, unit: 010, min: 5}]
        rows: [{id: 9, coefficients: {0042: 1, 1001: 1e-3}, max: 10}]
        parity: [{cohort: 2024, tolerance: 5e-2}]
        relax: [{rule: "group:7:max", from: 1_000, to: null}]
        """,
    )

    policy = policy_of(said, "policy.yaml")

    assert policy == {
        "groups": [{"id": "7", "reps": ["1001", "0042", "2027-01-01"], "max": 100_000}],
        "margin_floors": [{"id": "8", "unit": "010", "min": 5}],
        "rows": [{"id": "9", "coefficients": {"0042": 1, "1001": 0.001}, "max": 10}],
        "parity": [{"cohort": "2024", "tolerance": 0.05}],
        "relax": [{"rule": "group:7:max", "from": 1_000, "to": None}],
    }


def test_a_policy_that_contains_itself_is_a_problem(file: Path) -> None:
    with pytest.raises(Failure, match="contains itself"):
        policy_of(read(file, "groups: &a [*a]"), "policy.yaml")
