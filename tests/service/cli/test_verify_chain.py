"""`fairquota verify` offline: a version known by its hash, and what it was made of."""

from pathlib import Path

import orjson
import pytest
from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan, a_version
from tests.service.typed import run


@pytest.fixture
def heads(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes of three versions, exported as 1.json, 2.json and 3.json; 3 is made of 1."""
    monkeypatch.chdir(tmp_path)
    plan = a_plan(client)
    found = [
        a_version(client, plan),
        a_version(client, plan),
        a_version(client, plan, base_version=1, policy={"over_assignment": 0.1}),
    ]
    for version in found:
        number = version["number"]
        proof = client.get(f"{plan}/versions/{number}/certificate").content
        Path(f"{number}.json").write_bytes(proof)
    return [version["hash"] for version in found]


def checks(*arguments: object) -> dict[str, str]:
    result = run("verify", *arguments)
    lines = [line.split("\t") for line in result.stdout.splitlines()[1:]]
    assert (result.exit_code == 0) == all(held == "holds" for _, held in lines), result.output
    return dict(lines)


def test_the_version_that_was_published_is_recognised(heads: list[str]) -> None:
    assert checks("3.json", "--head", heads[2])["head"] == "holds"


def test_another_proof_without_a_fault_is_not_taken_for_it(heads: list[str]) -> None:
    found = checks("2.json", "--head", heads[2])

    assert found.pop("head") == "FAILS"
    assert set(found.values()) == {"holds"}
    assert (
        f"its hash is {heads[1]}, not the known one"
        in run("verify", "2.json", "--head", heads[2]).stderr
    )


@pytest.mark.usefixtures("heads")
class TestChain:
    def test_of_what_was_made_of_what_holds(self) -> None:
        assert checks("2.json", "--parent", "1.json")["parent"] == "holds"
        assert checks("3.json", "--parent", "1.json")["parent"] == "holds"

    def test_of_others_does_not(self) -> None:
        assert checks("3.json", "--parent", "2.json", "--parent", "1.json")["parent"] == "FAILS"
        assert checks("1.json", "--parent", "2.json")["parent"] == "FAILS"

    def test_with_a_changed_parent_does_not(self) -> None:
        document = orjson.loads(Path("1.json").read_bytes())
        document["quotas"][0]["quota"] += 1
        Path("1.json").write_bytes(orjson.dumps(document))

        assert checks("2.json", "--parent", "1.json")["parent"] == "FAILS"
