"""Every leaf of a real answer and of its proof, altered: found, or listed as not covered.

The answers come over HTTP, from `POST /v1/allocations` and from versions of the same plans. An
answer is altered beside its proof. A proof is altered and given new hashes, which anybody can
compute: with the old ones no alteration passes at all (`test_proof_tampering`).
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import copy
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from service.allocations.versions.domain.proof.examine import examine
from service.allocations.versions.domain.proof.uncovered import UNCOVERED
from service.allocations.versions.domain.written.document import UnreadableProof
from service.cli.verify import compared, verified
from service.kit.settings import Settings
from service.main import create_app
from tests.service.allocations.test_proof_tampering import with_new_hashes

type Document = dict[str, Any]
type Place = tuple[str | int, ...]

PERIOD = {"start": "2027-01-01", "end": "2027-12-31"}
SEED = 20_261_122


def company(**changes: Any) -> Document:
    """Six reps with all figures a rep can have, in four units with limits of every kind."""
    reps: list[Document] = [
        {"id": "ann", "unit": "west", "baseline": 250.5, "reach": 60, "max": 255,
         "last_year": 240, "sigma": 0.2, "margin": 0.3, "cohorts": {"role": "AE"}},
        {"id": "bob", "unit": "west", "baseline": 180, "reach": 40.25,
         "last_year": 170, "sigma": 0.1, "margin": 0.5, "cohorts": {"role": "SDR"}},
        {"id": "cyd", "unit": "north", "baseline": 210, "reach": 80, "min": 260,
         "sigma": 0.15, "margin": 0.4, "cohorts": {"role": "AE"}},
        {"id": "dan", "unit": "north", "baseline": 300, "reach": 70, "fixed": 311,
         "last_year": 290, "margin": 0.2, "cohorts": {"role": "SDR"}},
        {"id": "eve", "unit": "south", "baseline": 150, "reach": 50, "capacity": 400,
         "sigma": 0.2, "margin": 0.45, "cohorts": {"role": "AE"}},
        {"id": "fay", "baseline": 190, "reach": 30, "last_year": 100,
         "sigma": 0.25, "margin": 0.35, "cohorts": {"role": "SDR"}},
    ]  # fmt: skip
    for rep in reps:
        rep["potential"] = 3 * rep["baseline"]
    units = [
        {"id": "east"},
        {"id": "north", "parent": "east", "max": 600},
        {"id": "south", "target": 170, "over_assignment": 0.05},
        {"id": "west", "parent": "east", "min": 450},
    ]
    return {"target": 1360, "currency": "EUR", "units": units, "reps": reps} | changes


def too_much() -> Document:
    """West has a target of 300, and its two reps can carry 250."""
    rep = {"baseline": 100, "reach": 20}
    reps = [
        {"id": "ann", "unit": "west", **rep, "max": 120, "cohorts": {"role": "AE"}},
        {"id": "bob", "unit": "west", **rep, "max": 130, "cohorts": {"role": "SDR"}},
        {"id": "cyd", "unit": "east", **rep, "cohorts": {"role": "AE"}},
        {"id": "dan", "unit": "east", **rep, "reach": 30, "cohorts": {"role": "SDR"}},
    ]
    units = [{"id": "west", "target": 300, "owner": "m-9"}, {"id": "east", "owner": "m-7"}]
    return {"target": 540, "currency": "USD", "units": units, "reps": reps}


def estimated() -> Document:
    """Nobody's expected sales are given but one's."""
    months = [f"202{year}-{month:02}" for year in (5, 6) for month in range(1, 13)]
    reps = [{"id": "ann", "potential": 500}, {"id": "bob", "potential": 400},
            {"id": "cyd", "baseline": 200, "reach": 50}]  # fmt: skip
    history = [
        {"rep": rep, "period": month, "actual": actual}
        for rep, actual in (("ann", 20), ("bob", 15.5))
        for month in months
    ]
    return {"target": 900, "currency": "USD", "units": [], "reps": reps, "history": history}


def somebody_away() -> Document:
    """Ann is hired in July, and Bob is away in May."""
    facts = too_much() | {"target": 480, "units": [{"id": "west"}, {"id": "east"}]}
    facts["reps"][0]["hired"] = "2027-07-01"
    facts["reps"][1]["absences"] = [{"from": "2027-05-01", "to": "2027-05-31"}]
    return facts


def several_measures() -> Document:
    """Money, customers with a history of their own, and a ratio; levels and weights of all."""
    body = too_much()
    history = [
        {"rep": rep, "period": f"2026-{month}", "actual": actual, "measure": "new_customers"}
        for rep, actual in (("ann", 200), ("bob", 100), ("dan", 300))
        for month in ("10", "11", "12")
    ]
    levels = {"floor": 0.8, "stretch_target": 1.25}
    return body | {
        "target": None,
        "targets": [
            {"amount": 440},
            {"measure": "new_customers", "amount": 4000},
            {"measure": "new_customers", "unit": "east", "amount": 1800},
            {"measure": "market_share", "amount": 0.4, "base": 0.3},
            {"measure": "market_share", "unit": "east", "amount": 0.02, "base": 0.45},
        ],
        "units": [{"id": "west"}, {"id": "east"}],
        "measures": [
            {"id": "revenue", "basis": "signed", "weight": 0.5, "levels": levels},
            {"id": "new_customers", "weight": 0.25, "levels": levels},
            {"id": "market_share", "weight": 0.25, "change": "growth", "levels": levels},
        ],
        "history": history,
    }


def in_parts() -> Document:
    """Only Ann and Bob sell the new product, of which more is wanted than they would carry."""
    facts = too_much() | {"units": [{"id": "west"}, {"id": "east", "over_assignment": 0.1}]}
    del facts["target"]
    facts["history"] = [
        {"rep": rep["id"], "period": "2026-11", "product": product, "actual": 60}
        for rep in facts["reps"]
        for product in ("new", "core")
        if (rep["unit"], product) != ("east", "new")
    ]
    facts["targets"] = [
        {"amount": 480},
        {"amount": 230, "product": "new"},
        {"amount": 120, "product": "new", "unit": "west", "period": "H1"},
        {"amount": 30, "unit": "east", "customer_type": "key", "period": "2027-12"},
    ]
    return facts


EVERY_RULE = {
    "groups": [{"id": "duo", "reps": ["bob", "cyd"], "min": 480},
               {"id": "lax", "reps": ["ann", "fay"], "max": 2000}],
    "parity": [{"cohort": "role", "tolerance": 0.03}],
    "margin_floors": [{"id": "all", "min": 100}, {"id": "west", "min": 145, "unit": "west"}],
    "rows": [{"id": "own", "coefficients": {"dan": 0.5, "eve": -1, "fay": 1}, "max": 250},
             {"id": "tight", "coefficients": {"dan": 1}, "max": 311}],
}  # fmt: skip
A_GROUP = {
    "groups": [{"id": "duo", "reps": ["ann", "cyd"], "max": 200}],
    "parity": [{"cohort": "role", "tolerance": 0.2}],
}
GIVING_WAY = [
    {"rule": "rep:ann:cap", "from": 120, "to": 150},
    {"rule": "rep:bob:cap", "to": None},
    {"rule": "group:duo:max", "from": 200, "to": 250},
    {"rule": "parity:role", "to": None},
]
TOO_MUCH_FOR_ANN = {"groups": [{"id": "few", "reps": ["ann"], "min": 300}]}
LIFTED = [
    {"rule": rule, "to": None}
    for rule in ("group:few:min", "rep:ann:cap", "rep:cyd:floor", "rep:dan:fixed",
                 "unit:north:max", "unit:south:target", "unit:west:min")
]  # fmt: skip

PLANS: Mapping[str, tuple[Document, Document]] = {
    "limits, over-assigned": (
        company(), {"over_assignment": 0.04, "min_over_baseline": -0.5, "max_over_last_year": 1.2}
    ),
    "growth": (company(target=1360.3, increment=0.1), {"fairness": "equal_growth"}),
    "potential": (company(), {"fairness": "equal_potential_share"}),
    "amounts by both engines": (company(), {"fairness": "equal_amount", "engine": "lp"}),
    "chances": (
        company(reps=[{"sigma": 0.3} | rep for rep in company()["reps"]]),
        {"fairness": "equal_probability", "min_probability": 0.05, "max_probability": 0.9},
    ),
    "estimated": (estimated(), {}),
    "every kind of rule": (company(), EVERY_RULE),
    "rules by growth in yen": (
        company(currency="JPY", reps=[
            {**rep, "baseline": round(rep["baseline"])} for rep in company()["reps"]
        ]),
        EVERY_RULE | {"fairness": "equal_growth"},
    ),
    "a gap": (too_much(), {"on_infeasible": "gap"}),
    "a gap beside rules": (too_much(), {"on_infeasible": "gap", **A_GROUP}),
    "a target that gave way": (too_much(), {"on_infeasible": "relax"}),
    "rules that gave way": (too_much(), {"on_infeasible": "relax", **A_GROUP}),
    "rules that the policy relaxes": (too_much(), {"relax": GIVING_WAY, **A_GROUP}),
    "rules that are lifted": (company(), {"relax": LIFTED, **TOO_MUCH_FOR_ANN}),
    "months alike, people away": (somebody_away(), {"season": "even"}),
    "weights of months": (somebody_away(), {"season": [5, 6, 9, 8, 8, 8, 8, 7, 9, 9, 8, 15]}),
    "targets of parts": (in_parts(), {}),
    "targets of parts beside a season": (
        in_parts() | {"targets": in_parts()["targets"][:2]}, {"season": [1, 2, 3, 4]}
    ),
    "a fourth quarter of 40 %": (estimated(), {"season": [1, 2, 3, 4], "country": "DE"}),
    "several measures": (several_measures(), {"min_over_last_year": -0.9, **A_GROUP}),
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Document]]:
    """Every plan as the API answers it, with the proof of its second version beside it."""
    file = tmp_path_factory.mktemp("answers") / "test.db"
    copy(sqlite_template, file)
    app = create_app(Settings(database_url=f"sqlite:///{file}"))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield {about: proven(client, *plan) for about, plan in PLANS.items()}
    app.state.database.close()


def proven(client: TestClient, facts: Document, policy: Document) -> Document:
    answer = client.post("/v1/allocations", json={**facts, "period": PERIOD, "policy": policy})
    assert answer.status_code == 200, answer.text
    terms = {name: facts[name] for name in ("currency", "increment") if name in facts}
    plan = client.post("/v1/plans", json={"name": "FY27", "period": PERIOD, **terms}).json()
    inputs = {name: value for name, value in facts.items() if name not in terms}
    address = f"/v1/plans/{plan['id']}"
    assert client.put(f"{address}/inputs", json=inputs).status_code == 200
    for _ in range(2):
        assert client.post(f"{address}/versions", json={"policy": policy}).status_code == 201
    proof = client.get(f"{address}/versions/2/certificate").json()
    return {**answer.json(), "proof": proof}


def leaves(value: Any, place: Place = ()) -> Iterator[Place]:
    """The places of all values that hold no others."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        if isinstance(inner, dict | list) and inner:
            yield from leaves(inner, (*place, key))
        else:
            yield (*place, key)


def at(document: Any, place: Place) -> Any:
    for key in place:
        document = document[key]
    return document


def altered(document: Document, place: Place, value: object) -> Document:
    copied: Document = orjson.loads(orjson.dumps(document))
    at(copied, place[:-1])[place[-1]] = value
    return copied


def name_of(place: Place) -> str:
    """`quotas[].explanation[].amount`"""
    return "".join("[]" if isinstance(key, int) else f".{key}" for key in place)[1:]


OTHERS = {"currency": "GBP", "engine": "lp", "on_infeasible": "relax"}
"""What is no nonsense in these places."""


def alterations(place: Place, value: Any, beside: Sequence[Any], noise: random.Random) -> list[Any]:
    """Something more and something less; another text, and one that stands elsewhere."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        step = max(2, abs(value) // 100)
        return [value + step, max(0, value - step)] if value else [step]
    if isinstance(value, float):
        return [value * 1.01 + 0.01, value * 0.99 - 0.01]
    if isinstance(value, str):
        texts = sorted({text for text in beside if isinstance(text, str)} - {value})
        others = [noise.choice(texts)] if texts else []
        return [f"{value}?", OTHERS.get(str(place[-1]), f"{value}!"), *others]
    return [1, "x"] if value is None else [[1]]


MONTHS = 12


def representatives(places: Sequence[Place], noise: random.Random) -> Iterator[Place]:
    """Two months stand for all of a list with an entry for each; any other place for itself."""
    lists = defaultdict(list)
    for place in places:
        lists[place[:-1] if isinstance(place[-1], int) else place].append(place)
    for entries in lists.values():
        yield from noise.sample(entries, 2) if len(entries) == MONTHS else entries


def every_alteration(document: Document) -> Iterator[tuple[Place, Any]]:
    noise, places = random.Random(SEED), list(leaves(document))
    beside = defaultdict(list)
    for place in places:
        beside[name_of(place)].append(at(document, place))
    for place in representatives(places, noise):
        value = at(document, place)
        for other in alterations(place, value, beside[name_of(place)], noise):
            if other != value:
                yield place, other


@pytest.mark.parametrize("about", PLANS)
def test_an_answer_and_the_proof_of_its_version_belong_together(
    answers: dict[str, Document], about: str
) -> None:
    found = verified(answers[about])

    assert not found.faults
    assert all(found.checks.values())


@pytest.mark.parametrize("about", PLANS)
def test_every_altered_leaf_of_an_answer_is_found_and_named(
    answers: dict[str, Document], about: str
) -> None:
    """But for who signs a gap, which is personal, and for remarks on the inputs."""
    answer = {name: value for name, value in answers[about].items() if name != "proof"}
    proof = answers[about]["proof"]
    verdict = examine(proof)
    unseen = set()
    for place, value in every_alteration(answer):
        found, _ = compared(altered(answer, place, value), proof, verdict)
        if not found:
            unseen.add(name_of(place))
        else:
            assert any(sentence.startswith(str(place[0])) for sentence in found)

    owners = {"gaps[].owner"} if answer["gaps"] else set()
    assert unseen == owners | ({"warnings"} & answer.keys())
    assert compared(answer, proof, verdict) == ([], sorted(owners))


def test_an_answer_that_had_no_time_for_prices_says_nothing_wrong(
    answers: dict[str, Document],
) -> None:
    late = altered(answers["every kind of rule"], ("prices",), None)
    for unit in late["units"]:
        unit["price"] = None

    assert not verified(late).faults


PROVED_ANEW = [
    "limits, over-assigned",
    "chances",
    "estimated",
    "every kind of rule",
    "a gap",
    "rules that gave way",
    "rules that the policy relaxes",
    "rules that are lifted",
    "months alike, people away",
    "targets of parts",
    "targets of parts beside a season",
    "a fourth quarter of 40 %",
    "several measures",
]
"""Whose proofs are altered leaf by leaf; each alteration is a check of the whole proof."""


@pytest.mark.parametrize("about", PROVED_ANEW)
def test_every_altered_leaf_of_a_proof_is_found_or_listed(
    answers: dict[str, Document], about: str
) -> None:
    proof, noise = answers[about]["proof"], random.Random(SEED)
    listed = [name for names in UNCOVERED.values() for name in names]
    by_place = defaultdict(list)
    for place, value in every_alteration(proof):
        by_place[place].append(value)
    for place, values in by_place.items():
        name = name_of(place)
        if place[-1] in {"hash", "chunk"} or any(is_below(name, entry) for entry in listed):
            continue  # whoever alters a proof computes the hashes anew
        assert not holds_with_new_hashes(altered(proof, place, noise.choice(values))), name


def is_below(name: str, entry: str) -> bool:
    """Further measures say what the main one says, below `measures`."""
    name = name.replace("measures[].", "")
    return name == entry or name.startswith((f"{entry}.", f"{entry}["))


def holds_with_new_hashes(proof: Document) -> bool:
    try:
        return examine(with_new_hashes(proof)).valid
    except (UnreadableProof, TypeError, KeyError, ValueError, AttributeError):
        return False  # it cannot be read, or not even be cut into chunks


OF_LIMITS, OF_CHANCES, OF_RULES, OF_YEN, OF_MEASURES = (
    "limits, over-assigned",
    "chances",
    "every kind of rule",
    "rules by growth in yen",
    "several measures",
)
UNSEEN: Mapping[str, tuple[str, Place, object]] = {
    "manifest.across.price": (OF_YEN, ("manifest", "across", "price"), 0.01),
    "manifest.base_version": (OF_LIMITS, ("manifest", "base_version"), 3),
    "manifest.currency": (OF_LIMITS, ("manifest", "currency"), "GBP"),
    "manifest.engine_version": (OF_LIMITS, ("manifest", "engine_version"), 2),
    "manifest.estimate": ("estimated", ("manifest", "estimate", "rho"), 0.9),
    "manifest.basis": (OF_MEASURES, ("manifest", "basis"), "collected"),
    "manifest.counted_in": (OF_LIMITS, ("manifest", "counted_in"), "boats"),
    "manifest.measure": (OF_LIMITS, ("manifest", "measure"), "profit"),
    "manifest.standards": (
        OF_MEASURES, ("manifest", "standards", 0, "units", 0, "standard"), 0.5
    ),
    "manifest.weight": (OF_MEASURES, ("manifest", "measures", 0, "weight"), 0.3),
    "manifest.increment": ("growth", ("manifest", "increment"), 12),
    "manifest.inputs": (OF_LIMITS, ("manifest", "inputs"), "sha256:" + "0" * 64),
    "manifest.over_assignment[].attaining_without": (
        OF_LIMITS, ("manifest", "over_assignment", 0, "attaining_without"), 0.9
    ),
    "manifest.parent": (OF_LIMITS, ("manifest", "parent"), "sha256:" + "0" * 64),
    "manifest.period": (
        OF_LIMITS, ("manifest", "period"), {"start": "2028-01-01", "end": "2028-12-31"}
    ),
    "manifest.policy.engine": (OF_RULES, ("manifest", "policy", "engine"), "lp"),
    "manifest.policy.groups[].reps[]": (
        "rules that are lifted", ("manifest", "policy", "groups", 0, "reps", 0), "bob"
    ),
    "manifest.policy.max_over_baseline": (
        OF_LIMITS, ("manifest", "policy", "max_over_last_year"), 2.0
    ),
    "manifest.policy.max_over_last_year": (
        OF_LIMITS, ("manifest", "policy", "max_over_last_year"), None
    ),
    "manifest.policy.max_probability": (
        OF_CHANCES, ("manifest", "policy", "max_probability"), 0.95
    ),
    "manifest.policy.min_over_baseline": (
        OF_LIMITS, ("manifest", "policy", "min_over_baseline"), None
    ),
    "manifest.policy.min_over_last_year": (
        OF_LIMITS, ("manifest", "policy", "min_over_last_year"), -0.9
    ),
    "manifest.policy.min_probability": (
        OF_CHANCES, ("manifest", "policy", "min_probability"), None
    ),
    "manifest.policy.on_infeasible": (OF_LIMITS, ("manifest", "policy", "on_infeasible"), "gap"),
    "manifest.policy.parity[].tolerance": (
        OF_YEN, ("manifest", "policy", "parity", 0, "tolerance"), 0.0301
    ),
    "manifest.relaxed[].from": (
        "rules that the policy relaxes", ("manifest", "relaxed", 2, "from"), 11_000
    ),
    "manifest.risk.market_errors": (OF_CHANCES, ("manifest", "risk", "market_errors"), 7),
    "manifest.risk.market_sigma": (
        OF_CHANCES, ("manifest", "risk", "market_sigma"), 0.05 + 1e-12
    ),
    "manifest.season.between": ("estimated", ("manifest", "season", "between"), 0.5),
    "manifest.season.pool": ("estimated", ("manifest", "season", "pool", 3), 1.5),
    "manifest.season.provisional": (OF_LIMITS, ("manifest", "season", "provisional"), [2027]),
    "manifest.season.reps": ("estimated", ("manifest", "season", "reps"), 9),
    "manifest.season.within": ("estimated", ("manifest", "season", "within"), 0.5),
    "manifest.season.working_days": (
        OF_LIMITS, ("manifest", "season", "working_days", 0), 12
    ),
    "quotas[].binding[]": (OF_LIMITS, ("quotas", 2, "binding", 0), "cap"),
    "quotas[].cap": (OF_LIMITS, ("quotas", 5, "cap"), None),
    "quotas[].estimate": ("estimated", ("quotas", 0, "estimate", "in_seat"), 0.5),
    "quotas[].floor": (OF_LIMITS, ("quotas", 0, "floor"), 9_600),
    "quotas[].reach": ("growth", ("quotas", 0, "reach"), 9_000),
    "quotas[].rep": (OF_LIMITS, ("quotas", 0, "rep"), "flo"),
    "quotas[].rules[][]": (OF_RULES, ("quotas", 0, "rules", 1, 1), 0.4),
    "rules[].largest_price": (OF_RULES, ("rules", 6, "largest_price"), 2),
    "rules[].level": (OF_RULES, ("rules", 7, "level"), -2),
    "rules[].peers": (OF_RULES, ("rules", 4, "peers"), "AF"),
    "units[].largest_price": (OF_YEN, ("units", 0, "largest_price"), 2),
    "units[].level": ("a gap", ("units", 1, "level"), 1.6),
    "units[].max": (OF_LIMITS, ("units", 1, "max"), None),
    "units[].min": (OF_LIMITS, ("units", 0, "min"), 2),
    "units[].over_assignment": (OF_LIMITS, ("units", 0, "over_assignment"), 0.5),
}  # fmt: skip
"""For everything that is listed, an alteration that nobody can see who has no hash to compare."""


def test_nothing_is_listed_that_is_always_found(answers: dict[str, Document]) -> None:
    assert sorted(name for names in UNCOVERED.values() for name in names) == sorted(UNSEEN)
    found = {
        name
        for name, (about, place, value) in UNSEEN.items()
        if not holds_with_new_hashes(altered(answers[about]["proof"], place, value))
    }
    assert not found


def test_the_guide_lists_the_same() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guide" / "proof.md").read_text(encoding="utf-8")
    for words, names in UNCOVERED.items():
        assert f"| {words} | {', '.join(f'`{name}`' for name in names)} |" in guide


@pytest.mark.parametrize("value", [1e308, -1e308, 2**62, "", None, [], {"a": 1}])
def test_whatever_a_stranger_writes_into_the_proof_is_answered(
    answers: dict[str, Document], value: object
) -> None:
    noise = random.Random(SEED)
    for answer in answers.values():
        place = noise.choice(list(leaves(answer["proof"])))
        with suppress(UnreadableProof):
            assert verified(altered(answer, ("proof", *place), value)).checks
