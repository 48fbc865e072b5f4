"""Thousands of forged documents: each change of what a proof says is found.

Without new hashes a forger is found by the hashes. With new ones (anybody can compute them) only
the numbers are left: this is what `solver.certificate` and `domain.statement` are for. What such a
forger can still get away with is written here, change by change, with the reason why it is no lie
about the plan. Whoever knows the true hash of the version finds that, too.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import orjson
import pytest

from service.allocations.assemble import Terms, assemble
from service.allocations.solving import allocate
from service.allocations.versions.describe import prove
from service.allocations.versions.domain.proof.examine import examine
from service.allocations.versions.domain.written.canonical import canonical, digest
from service.allocations.versions.domain.written.content import index_of
from service.allocations.versions.domain.written.document import UnreadableProof
from service.roster.domain import read_inputs
from solver.policy import (
    Fairness,
    Group,
    LinearRow,
    MarginFloor,
    OnInfeasible,
    Parity,
    Policy,
)

type Document = dict[str, Any]
type Forger = Callable[[Document, random.Random], object]

SEED = 20_261_122
TRIES = 8


def facts(reps: int) -> Document:
    """Three regions and reps who hang on the company; limits of all kinds, none too narrow."""
    noise = random.Random(reps)
    regions = ["west", "east", "south", None]
    rows: list[Document] = []
    for k in range(reps):
        baseline = noise.randint(10_000, 30_000) / 100
        row = {
            "id": f"r{k:02}", "unit": regions[k % 4], "baseline": baseline,
            "reach": noise.randint(1_000, 6_000) / 100, "potential": noise.randint(100, 900),
            "last_year": round(baseline * 0.97, 2), "sigma": noise.choice([0.1, 0.2]),
            "margin": noise.choice([0.2, 0.3, 0.45]), "cohorts": {"role": "ABA"[k % 3]},
        }  # fmt: skip
        limit = [{"max": round(baseline + 3, 2)}, {"min": round(baseline + 20, 2)},
                 {"fixed": round(baseline, 2)}, {}, {}][k % 5]  # fmt: skip
        rows.append(row | limit)
    expected = {of: sum(row["baseline"] for row in rows if row["unit"] == of) for of in regions}
    units = [
        {"id": "west", "max": round(expected["west"] * 1.06, 2)},
        {"id": "east", "min": round(expected["east"] * 1.12, 2)},
        {"id": "south", "target": round(expected["south"] * 1.1, 2)},
    ]
    return {"target": round(sum(expected.values()) * 1.05, 2), "units": units, "reps": rows}


def proven(fairness: Fairness, reps: int, increment: int, **policy: Any) -> Document:
    asked = Policy(fairness=fairness, over_assignment=0.03, min_over_baseline=-0.5,
                   max_over_last_year=1.5, **policy)  # fmt: skip
    case = assemble(read_inputs(facts(reps), digits=2), Terms("EUR", 2, increment), asked)
    return prove(case, allocate(case))


def proven_with_rules(fairness: Fairness, reps: int, increment: int) -> Document:
    """Two groups that overlap, a balance of roles, two margin floors and a row."""
    baseline = {row["id"]: row["baseline"] * 100 for row in facts(reps)["reps"]}
    few, many = list(baseline)[: reps // 3], list(baseline)[reps // 4 : reps * 2 // 3]
    first, second, third = list(baseline)[-3:]
    return proven(
        fairness, reps, increment,
        groups=(
            Group("few", tuple(few), max=int(sum(baseline[rep] for rep in few) * 1.07)),
            Group("many", tuple(many), min=int(sum(baseline[rep] for rep in many) * 1.12)),
        ),
        parity=(Parity("role", 0.03),),
        margin_floors=(MarginFloor("all", 1_000), MarginFloor("some", 100, "west")),
        rows=(LinearRow("own", ((first, 0.5), (second, -1.0), (third, 1.0)), min=0),),
    )  # fmt: skip


def proven_of_too_much(on_infeasible: OnInfeasible) -> Document:
    """West has a target of 300.00, and its two reps can carry 250.00."""
    rep = {"baseline": 100, "reach": 20}
    reps = [
        {"id": "ann", "unit": "west", "max": 120, **rep},
        {"id": "bob", "unit": "west", "max": 130, **rep},
        {"id": "cyd", "unit": "east", **rep},
        {"id": "dan", "unit": "east", **rep, "reach": 30},
    ]
    body = {"target": 540, "units": [{"id": "west", "target": 300}, {"id": "east"}], "reps": reps}
    policy = Policy(on_infeasible=on_infeasible, min_over_baseline=-0.5, max_over_last_year=1.5)
    case = assemble(read_inputs(body, digits=2), Terms("EUR", 2), policy)
    return prove(case, allocate(case))


PROOFS = {
    "stretch": proven("equal_stretch", 24, 1),
    "growth in euros": proven("equal_growth", 18, 100),
    "potential": proven("equal_potential_share", 16, 5),
    "amounts": proven("equal_amount", 12, 1),
    "probability": proven("equal_probability", 14, 1),
    "rules": proven_with_rules("equal_stretch", 24, 1),
    "rules in euros": proven_with_rules("equal_growth", 18, 100),
    "a gap": proven_of_too_much("gap"),
    "rules that gave way": proven_of_too_much("relax"),
}


_WRITTEN = {about: orjson.dumps(document) for about, document in PROOFS.items()}


def with_new_hashes(document: Document) -> Document:
    """What a careful forger does last: every chunk and the manifest are named anew."""
    manifest = document["manifest"]
    _name_chunks(manifest, document)
    pairs = zip(manifest.get("measures", ()), document.get("measures", ()), strict=True)
    for entry, own in pairs:
        _name_chunks(entry, own)
    return document | {"hash": digest(canonical(manifest))}


def _name_chunks(manifest: Document, document: Document) -> None:
    chunks = []
    rows: Document = {name: document[name] for name in ("units", "rules", "quotas")}
    for name in ("units", "rules", "quotas", "index"):
        start = 0
        for chunk in manifest[name]:
            part = rows[name][start : start + chunk["rows"]]
            chunk["chunk"] = digest(canonical(part))
            start += chunk["rows"]
            if name == "quotas":
                chunks.append(part)
                rows["index"] = index_of(chunks)


def a_copy(about: str) -> Document:
    copy: Document = orjson.loads(_WRITTEN[about])
    return copy


def found(document: Document) -> bool:
    try:
        return not examine(document).valid
    except UnreadableProof:
        return True


def a_rep(document: Document, noise: random.Random) -> Document:
    row: Document = noise.choice(document["quotas"])
    return row


def amount(noise: random.Random) -> int:
    return noise.choice([-1, 1]) * noise.choice([1, 1, 2, 10, 100, 1_000])


def part(noise: random.Random) -> float:
    return 1 + noise.choice([-1, 1]) * noise.choice([1e-4, 1e-3, 1e-2, 0.1])


def more(value: int, noise: random.Random) -> int:
    """Another amount, not below 0."""
    size = amount(noise)
    return value + (size if value + size >= 0 else -size)


def measured(value: float, noise: random.Random) -> float:
    return value * part(noise) if value else 1.0


def hand_over(document: Document, noise: random.Random) -> None:
    """From one rep to another, of the same unit or not; often in the unrounded plan as well."""
    one, two = noise.sample(document["quotas"], 2)
    size = abs(amount(noise))
    names = ["quota", "unrounded"][: noise.choice([1, 2])]
    for name in names:
        one[name] += size
        two[name] -= size
    if noise.random() < 0.5:  # and where people read it
        for row, sign in ((one, size), (two, -size)):
            row["explanation"][-len(names)] += sign


def swap(document: Document, noise: random.Random) -> None:
    """Two reps of one unit change places where their quotas differ, else one gets a cent more."""
    unit = noise.choice(document["quotas"])["unit"]
    one, two = noise.sample([row for row in document["quotas"] if row["unit"] == unit], 2)
    if one["quota"] == two["quota"]:
        one["quota"] += 1
    one["quota"], two["quota"] = two["quota"], one["quota"]


def transfer(document: Document, noise: random.Random) -> None:
    row, units = a_rep(document, noise), [unit["id"] for unit in document["units"]]
    row["unit"] = noise.choice([of for of in units if of != row["unit"]])


def of_rep(name: str, by: Callable[[Any, random.Random], Any]) -> Forger:
    def forge(document: Document, noise: random.Random) -> None:
        row = a_rep(document, noise)
        row[name] = by(row[name], noise)

    return forge


def of_unit(name: str, by: Callable[[Any, random.Random], Any]) -> Forger:
    def forge(document: Document, noise: random.Random) -> None:
        row = noise.choice(document["units"])
        row[name] = by(row[name], noise)

    return forge


def ratio(name: str) -> Forger:
    """Another ratio, in the sixth decimal or before; one where there was none."""

    def forge(document: Document, noise: random.Random) -> None:
        row = a_rep(document, noise)
        row[name] = (row[name] or 0.0) + noise.choice([-1, 1]) * noise.choice([1e-6, 1e-3, 1.0])

    return forge


def of_manifest(*path: str, by: Callable[[Any, random.Random], Any]) -> Forger:
    def forge(document: Document, noise: random.Random) -> None:
        *above, last = path
        holder = document["manifest"]
        for name in above:
            holder = holder[name]
        holder[last] = by(holder[last], noise)

    return forge


def explain(document: Document, noise: random.Random) -> None:
    """The terms still add up, and are not those of the plan."""
    terms, size = a_rep(document, noise)["explanation"], amount(noise)
    one, two = noise.sample(range(3), 2)
    terms[one] += size
    terms[two] -= size


def drop(document: Document, noise: random.Random) -> None:
    document["quotas"].remove(a_rep(document, noise))


def another_fairness(value: str, noise: random.Random) -> str:
    """Potentials stand in the inputs only: a share of them may be said to be a growth."""
    names = ["equal_stretch", "equal_amount", "equal_probability", "equal_luck"]
    if value == "equal_potential_share":
        names.append("equal_growth")
    return noise.choice([name for name in names if name != value])


def add_a_rule(document: Document, noise: random.Random) -> None:
    one, two = noise.sample([row["rep"] for row in document["quotas"]], 2)
    group = {"id": "none", "reps": sorted([one, two]), "min": 0, "max": amount(noise) ** 2}
    document["manifest"]["policy"]["groups"].append(group)


def another_gap(document: Document, noise: random.Random) -> None:
    gaps = document["manifest"]["gaps"]
    if gaps and noise.random() < 0.3:
        gaps[0]["amount"] = more(gaps[0]["amount"], noise)
    elif gaps and noise.random() < 0.5:
        held = noise.choice(gaps[0]["held_by"])
        held["reps"] = more(held["reps"], noise)
    else:
        gaps.append({"unit": None, "amount": abs(amount(noise))})


def another_target(document: Document, noise: random.Random) -> None:
    rows = [*document["manifest"]["over_assignment"], *document["units"]]
    row = noise.choice([row for row in rows if row["target"] is not None])
    row["target"] = more(row["target"], noise)


_RESPONSES = {"linear": "lognormal", "lognormal": "linear"}

LIES: dict[str, Forger] = {
    "quota": of_rep("quota", more),
    "quota and unrounded": hand_over,
    "quotas of two": swap,
    "unit of a rep": transfer,
    "a rep left out": drop,
    "unrounded": of_rep("unrounded", measured),
    "anchor": of_rep("anchor", measured),
    "yardstick": of_rep("yardstick", measured),
    "baseline": of_rep("baseline", measured),
    "stretch": ratio("stretch"),
    "effort": ratio("effort"),
    "growth": ratio("growth"),
    "explanation": explain,
    "sum of a unit": of_unit("quota", more),
    "target": of_manifest("target", by=more),
    "assigned": of_manifest("assigned", by=more),
    "over-assignment": of_manifest("policy", "over_assignment", by=lambda v, n: v + 0.01 * part(n)),
    "fairness": of_manifest("policy", "fairness", by=another_fairness),
    "level": of_manifest("level", by=lambda v, n: v + 1e-3 * part(n)),
    "common stretch": of_manifest("common", "stretch", by=lambda v, n: v + 1e-3 * part(n)),
    "common growth": of_manifest("common", "growth", by=lambda v, n: v + 1e-3 * part(n)),
    "response": of_manifest("response", by=lambda v, _: _RESPONSES[v]),
    "a gap": another_gap,
    "a rule in the policy": add_a_rule,
    "a chance": ratio("attainment_probability"),
    "year on year": ratio("over_last_year"),
    "what holds a rep": of_rep("binding", by=lambda held, _: [*held, "unit:west:max"]),
    "price of a rep": ratio("price"),
    "growth of a unit": of_unit("growth", lambda v, n: v + 1e-6 * part(n)),
    "price of a unit": of_unit("price", lambda v, n: (v or 0.0) + 1e-3 * part(n)),
    "what holds a unit": of_unit("binding", by=lambda held, _: [*held, "unit:west:max"]),
    "evenness": of_manifest("fairness", "gini", by=lambda v, n: v + 1e-6 * part(n)),
    "largest stretch of all": of_manifest("fairness", "stretch_max", by=measured),
    "engine": of_manifest("engine", by=lambda v, _: {"lp": "tree", "tree": "lp"}[v]),
    "how many reps": of_manifest("reps", by=more),
    "a target": another_target,
}
"""Found also with new hashes, always."""


def of_rule(name: str, by: Callable[[Any, random.Random], Any]) -> Forger:
    def forge(document: Document, noise: random.Random) -> None:
        row = noise.choice(document["rules"])
        row[name] = by(row[name], noise)

    return forge


def entry(document: Document, noise: random.Random) -> None:
    """A rule that counts a rep otherwise, or not at all, or another rep; margins stay as given."""
    margins = {k for k, rule in enumerate(document["rules"]) if rule["rule"].startswith("margin")}
    rows = [row for row in document["quotas"] if {k for k, _ in row["rules"]} - margins]
    row, other = noise.sample(rows, 2)
    place = next(place for place, (k, _) in enumerate(row["rules"]) if k not in margins)
    match noise.choice(["size", "gone", "moved"]):
        case "size":
            row["rules"][place][1] *= part(noise)
        case "gone":
            del row["rules"][place]
        case "moved":
            k, size = row["rules"].pop(place)
            if all(own != k for own, _ in other["rules"]):
                other["rules"] = sorted([*other["rules"], [k, size]])


def a_rule_less(document: Document, _: random.Random) -> None:
    """The last rule is left out everywhere, but for the policy."""
    last = len(document["rules"]) - 1
    del document["rules"][last]
    document["manifest"]["rules"][0]["rows"] -= 1
    for row in document["quotas"]:
        row["rules"] = [[k, size] for k, size in row["rules"] if k != last]


def of_the_policys_rules(document: Document, noise: random.Random) -> None:
    policy = document["manifest"]["policy"]
    match noise.choice(["reps", "group", "tolerance", "margin", "where", "row", "size"]):
        case "reps":
            policy["groups"][0]["reps"].pop()
        case "group":
            group = noise.choice(policy["groups"])
            group["min"] = more(group["min"], noise)
        case "tolerance":
            policy["parity"][0]["tolerance"] *= part(noise)
        case "margin":
            policy["margin_floors"][0]["min"] = more(policy["margin_floors"][0]["min"], noise)
        case "where":
            policy["margin_floors"][0]["unit"] = "east"
        case "row":
            policy["rows"][0]["min"] = amount(noise)
        case "size":
            sizes = policy["rows"][0]["coefficients"]
            sizes[noise.choice(list(sizes))] *= part(noise)


def other_limit(value: int | None, noise: random.Random) -> int:
    return abs(amount(noise)) if value is None else value + amount(noise)


LIES_OF_RULES: dict[str, Forger] = {
    "minimum of a rule": of_rule("min", other_limit),
    "maximum of a rule": of_rule("max", other_limit),
    "name of a rule": of_rule("rule", lambda name, _: name + "x"),
    "level of a rule": of_rule("level", lambda level, noise: level + 0.01 * part(noise)),
    "reps of a rule": entry,
    "a rule less": a_rule_less,
    "a rule of the policy": of_the_policys_rules,
    "largest stretch": of_manifest("across", "largest", by=lambda v, n: v + 1e-3 * part(n)),
    "level beneath": of_manifest("across", "level", by=lambda v, n: v + 1e-3 * part(n)),
}
"""The same, where rules cross the units."""


def lies(about: str) -> dict[str, Forger]:
    return LIES | LIES_OF_RULES if PROOFS[about]["rules"] else LIES


def cap_or_floor(document: Document, noise: random.Random) -> None:
    row = a_rep(document, noise)
    row["floor"] = max(0, row["floor"] - abs(amount(noise)))
    if row["cap"] is not None:
        row["cap"] += abs(amount(noise))


def range_of_a_unit(document: Document, noise: random.Random) -> None:
    row = noise.choice(document["units"])
    row["min"] = max(0, row["min"] - abs(amount(noise)))
    if row["max"] is not None:
        row["max"] += abs(amount(noise))


def less_asked_for(document: Document, noise: random.Random) -> None:
    name = noise.choice(["min_over_baseline", "max_over_last_year"])
    document["manifest"]["policy"][name] = None


def about_the_inputs(document: Document, noise: random.Random) -> None:
    name = noise.choice(["inputs", "period", "estimate", "parent"])
    document["manifest"][name] = "sha256:" + "0" * 64
    a_rep(document, noise)["estimate"] = {"basis": "fte"}


EXCUSED: dict[str, Forger] = {
    # A limit that holds nobody back may be wider: the plan within it is the same.
    "wider limits of a rep": cap_or_floor,
    "a wider range of a unit": range_of_a_unit,
    # A rule of the policy that others keep for it, or that asks for less than the plan gives.
    "a limit of the policy": less_asked_for,
    # A level at which nobody in the unit stands, for all are held: another proof of the same plan.
    "level of a unit": of_unit("level", lambda level, noise: level + part(noise)),
    # What follows from nothing else in the document: only the hash protects it.
    "where the plan comes from": about_the_inputs,
}
"""With new hashes these may pass: the quotas are still those that the stated problem asks for."""


@pytest.mark.parametrize("about", PROOFS)
def test_an_untouched_proof_holds(about: str) -> None:
    assert examine(PROOFS[about]).valid
    assert examine(with_new_hashes(a_copy(about))).valid


@pytest.mark.parametrize("about", PROOFS)
def test_no_lie_is_told_with_new_hashes(about: str) -> None:
    noise = random.Random(SEED)
    for lie, forge in lies(about).items():
        for _ in range(TRIES):
            document = a_copy(about)
            forge(document, noise)
            assert found(with_new_hashes(document)), lie


def test_a_target_that_gave_way_to_another_is_not_said_to_be_lifted() -> None:
    document = a_copy("rules that gave way")
    (relaxed,) = document["manifest"]["relaxed"]
    relaxed["to"] = None

    told = examine(with_new_hashes(document))

    assert not told.valid
    assert "units.west.max says 25,000, and no limit follows from what is asked" in told.faults


@pytest.mark.parametrize("about", PROOFS)
def test_whoever_keeps_the_hash_is_told_no_lie_at_all(about: str) -> None:
    noise = random.Random(SEED)
    for lie, forge in (lies(about) | EXCUSED).items():
        for _ in range(TRIES // 3):
            document = a_copy(about)
            forge(document, noise)
            if orjson.dumps(document) != _WRITTEN[about]:
                assert found(document), lie
                assert with_new_hashes(document)["hash"] != PROOFS[about]["hash"]


@pytest.mark.parametrize("about", PROOFS)
def test_what_passes_with_new_hashes_is_no_other_plan(about: str) -> None:
    noise = random.Random(SEED)
    quotas = [row["quota"] for row in PROOFS[about]["quotas"]]
    for forge in EXCUSED.values():
        for _ in range(TRIES // 3):
            document = a_copy(about)
            forge(document, noise)
            if not found(with_new_hashes(document)):
                assert [row["quota"] for row in document["quotas"]] == quotas


def test_whatever_a_stranger_writes_is_answered() -> None:
    """Any value anywhere in the document: a verdict, or a sentence about what cannot be read."""
    noise = random.Random(SEED)
    values = [None, True, 0, -1, 2**53, 2**63, 2**64, 1e308, -1e308, 5e-324, "", "west", [], {},
              [None], [[0, 1.0]], {"a": 1}]  # fmt: skip
    for _ in range(60 * TRIES):
        document = a_copy(noise.choice(list(PROOFS)))
        for _ in range(noise.choice([1, 1, 2])):
            holder, key = noise.choice(list(places(document)))
            holder[key] = noise.choice(values)
        with suppress(UnreadableProof):
            assert examine(document).checks


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of every object and list, however deep."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])
