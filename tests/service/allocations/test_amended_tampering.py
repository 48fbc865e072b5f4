"""Every leaf of an amended version's proof, altered and given new hashes: found, or listed."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decide import decide
from service.allocations.versions.domain.deciding.decision import Decision, Wanted
from service.allocations.versions.domain.proof.examine import examine
from service.allocations.versions.domain.proof.uncovered import (
    UNCOVERED,
    UNCOVERED_OF_LEDGERS,
    UNCOVERED_WHERE_NOTHING_SHOWS,
)
from service.allocations.versions.domain.written.document import UnreadableProof
from service.negotiations.events.domain.newcomers import with_newcomer
from tests.service.allocations.amended import a_decision, amend, proved, solved, two_teams
from tests.service.allocations.test_altered_answers import (
    SEED,
    every_alteration,
    holds_with_new_hashes,
    is_below,
    name_of,
)
from tests.service.allocations.test_altered_answers import altered as alter
from tests.service.allocations.test_proof_tampering import with_new_hashes

type Document = dict[str, Any]


def with_every_kind() -> Document:
    """Siblings around a lock, a reserve, a part that is moved to another unit, and an import."""
    body = two_teams()
    body["reps"][0]["max"] = 130
    policy = {"season": "even", "reserves": [{"unit": "west", "amount": 12}]}
    content = solved(body, policy)
    months = [int(own) for own in [900] * 6 + [1_000] * 6]
    _, document = amend(
        content,
        a_decision({"ann": 10_600}, locks=True, effective="2027-03"),
        a_decision({"bob": 11_000}),
        a_decision({"cyd": 11_000}, "reserve"),
        Decision("event", "evt_1", [Wanted("eve", sum(months), months, unit="west")], None),
        Decision("import", "imp_1", [Wanted("dan", 12_000)], "unfunded", unit="all", beyond=True),
    )
    return document


def with_a_learned_season() -> Document:
    _, document = amend(solved(), a_decision({"ann": 10_000}, "parent", effective="2027-10"))
    return document


PLANS = {"every kind": with_every_kind, "learned": with_a_learned_season}


@pytest.mark.parametrize("about", PLANS)
def test_an_untouched_one_holds(about: str) -> None:
    verdict = examine(PLANS[about]())
    assert verdict.valid, verdict.faults


@pytest.mark.parametrize("about", PLANS)
def test_every_altered_leaf_is_found_or_listed(about: str) -> None:
    document, noise = PLANS[about](), random.Random(SEED)
    listed = [
        name for names in (*UNCOVERED.values(), *UNCOVERED_OF_LEDGERS.values()) for name in names
    ]
    by_place = defaultdict(list)
    for place, value in every_alteration(document):
        by_place[place].append(value)
    unseen = set()
    for place, values in by_place.items():
        name = name_of(place)
        if place[-1] in {"hash", "chunk"} or any(is_below(name, entry) for entry in listed):
            continue
        value = noise.choice(values)
        if holds_with_new_hashes(alter(document, place, value)):
            unseen.add(name)
    assert unseen == set()


def test_nobody_leaves_the_ledger_unseen() -> None:
    document = with_every_kind()
    for name in ("amendments", "locks", "frozen", "reserves", "beyond"):
        manifest = {key: own for key, own in document["manifest"].items() if key != name}
        assert not holds_with_new_hashes(document | {"manifest": manifest})


def test_the_guide_lists_the_same() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guide" / "proof.md").read_text(encoding="utf-8")
    for words, names in (UNCOVERED_OF_LEDGERS | UNCOVERED_WHERE_NOTHING_SHOWS).items():
        assert f"| {words} | {', '.join(f'`{name}`' for name in names)} |" in guide


def with_somebody_of_whom_nothing_is_asked() -> Document:
    """Fay expects nothing, and nobody is in the north; 10.00 at least go to and fro."""
    body = two_teams()
    body["units"].append({"id": "north", "parent": "all"})
    fay = {"id": "fay", "unit": "east", "baseline": 0, "reach": 100, "max": 0}
    hired = {"hired": "2027-03-15", "sigma": 0.2, "last_year": 90}
    body["reps"].append(fay | hired)
    return proved(solved(body, {"season": [5.0] * 6 + [6.0] * 6}, increment=1_000))


def with_somebody_new(month: int = 100) -> Document:
    """Ann gives up 1.00; Nora comes to the west in July and carries so much a month."""
    even = solved(policy={"season": "even"})
    document = proved(even)
    manifest, units = document["manifest"], document["units"]
    rows = with_newcomer(document["quotas"], units, manifest, rep="nora", unit="west")
    after = decide(Amendable.of(manifest, units, rows, []), a_decision({"ann": 10_900}, "unfunded"))
    months = [0] * 6 + [month] * 6
    wanted = [Wanted("nora", sum(months), months)]
    after = decide(after, Decision("event", "evt_1", wanted, None, effective="2027-07"))
    return proved(after.content(), before=even)


FAY, NORTH, NORA = 2, 2, 5
UNSEEN = {
    "manifest.policy.season[]": (("manifest", "policy", "season", 0), 5.01),
    "quotas[].amended[][]": (("quotas", NORA, "amended", 0, 0), 0),
    "quotas[].last_year": (("quotas", FAY, "last_year"), 1_000.0),
    "quotas[].present": (("quotas", FAY, "present", 5), 0.5),
    "quotas[].sigma": (("quotas", FAY, "sigma"), 0.5),
    "units[].parent": (("units", NORTH, "parent"), "east"),
}


def test_nothing_is_listed_as_too_small_that_always_shows() -> None:
    fay_stays, nora_comes = with_somebody_of_whom_nothing_is_asked(), with_somebody_new(0)
    listed = [name for names in UNCOVERED_WHERE_NOTHING_SHOWS.values() for name in names]
    assert listed == [*UNSEEN]
    for name, (place, value) in UNSEEN.items():
        document = nora_comes if "amended" in place else fay_stays
        assert holds_with_new_hashes(alter(document, place, value)), name


SIBLINGS = 0
"""The number of the amendment that bob and cyd carry for ann."""


def with_an_amendment(number: int, **changes: Any) -> Document:
    document = with_every_kind()
    parts = [{**own} for own in document["manifest"]["amendments"]]
    parts[number] |= changes
    return document | {"manifest": document["manifest"] | {"amendments": parts}}


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": None},
        {"unit": "all"},
        {"unit": "east"},
        {"reps": ["dan"]},
        {"reps": ["ann", "ann"]},
        {"held": ["ann"]},
        {"held": ["dan"]},
        {"held": ["bob", "bob"]},
        {"frozen": ["west"]},
        {"frozen": ["east"]},
        {"frozen": ["all"]},
        {"funding": "unfunded"},
    ],
    ids=str,
)
def test_whom_a_decision_names_belongs_to_those_who_carry_it(changes: Document) -> None:
    assert not examined(with_an_amendment(SIBLINGS, **changes))


@pytest.mark.parametrize("kept", [{"held": ["ann"]}, {"frozen": ["west"]}, {"reps": ["cyd"]}])
def test_what_fay_stays_keeps_nobody_apart(kept: Document) -> None:
    assert not examined(with_an_amendment(2, **kept))


@pytest.mark.parametrize("amount", [10**25, -(10**25)])
def test_an_amount_that_no_quota_has_is_refused(amount: int) -> None:
    document = with_every_kind()
    row = next(own for own in document["quotas"] if "amended" in own)
    row["amended"][0][1] = amount
    assert not examined(document)


@pytest.mark.parametrize("rep", ["ann", "bob"])
def test_months_from_before_a_decision_do_not_move(rep: str) -> None:
    """Neither those of whom it is about, nor those of a carrier; sums are made to fit."""
    _, document = amend(solved(), a_decision({"ann": 10_000}, effective="2027-04"))
    row = next(own for own in document["quotas"] if own["rep"] == rep)
    number, change = row["amended"][0]
    was, moves = row["months"], [change] + [0] * 11
    row["amended"] = [[number, change, None, moves]]
    row["months"] = [own + move for own, move in zip(row["solved_months"], moves, strict=True)]
    west = next(own for own in document["units"] if own["id"] == "west")
    for above in (west, document["units"][0], document["manifest"]):
        months = zip(above["months"], was, row["months"], strict=True)
        above["months"] = [own - old + new for own, old, new in months]
    assert not examined(document)


@pytest.mark.parametrize("of", ["another unit", "other months"])
def test_what_somebody_carries_for_others_is_not_stated(of: str) -> None:
    document = with_every_kind()
    row = next(own for own in document["quotas"] if own["rep"] == "cyd")
    number, change = row["amended"][0]
    more = ["east"] if of == "another unit" else [None, [0] * 11 + [change]]
    row["amended"][0] = [number, change, *more]
    verdict = examine(with_new_hashes(document))
    assert any("those who carry it say" in fault for fault in verdict.faults)


def test_a_reserve_of_the_policy_names_its_unit() -> None:
    document = with_every_kind()
    del document["manifest"]["policy"]["reserves"][0]["unit"]
    assert not examined(document)


def test_chances_are_told_again_also_where_every_sigma_was_taken_away() -> None:
    document = with_every_kind()
    for row in document["quotas"]:
        row.pop("sigma", None)
        row["attainment_probability"] = 0.9
    assert not examined(document)


def test_chances_are_told_again_also_where_a_sigma_was_taken_away() -> None:
    document = with_every_kind()
    ann, bob = (own for own in document["quotas"] if own["rep"] in ("ann", "bob"))
    del ann["sigma"]
    bob["attainment_probability"] = 0.9
    assert not examined(document)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"explanation": [2, 0, 0]},
        {"anchor": 2.0},
        {"yardstick": 3.0},
        {"unrounded": 2.0},
        {"price": 1.0},
        {"binding": ["cap"], "cap": 0},
    ],
    ids=str,
)
def test_of_somebody_new_no_solve_says_anything(said: Document) -> None:
    document = with_somebody_new()
    nora = next(own for own in document["quotas"] if own["rep"] == "nora")
    nora |= said
    assert examined(document) == (not said)


def test_an_envelope_stands_once() -> None:
    document = with_every_kind()
    west = next(own for own in document["units"] if own["id"] == "west")
    document["manifest"]["frozen"] += [{"unit": "west", "amount": west["quota"]}] * 2
    assert not examined(document)


def test_nobody_is_let_out_of_limits_whom_no_lock_held() -> None:
    document = with_every_kind()
    dan = next(own for own in document["quotas"] if own["rep"] == "dan")
    dan["unlocked"] = {"floor": 0, "cap": None}
    assert not examined(document)


def examined(document: Document) -> bool:
    """Whether it holds with new hashes; nothing but `UnreadableProof` may be raised."""
    try:
        return examine(with_new_hashes(document)).valid
    except UnreadableProof:
        return False
