"""A version as bytes and as a proof: equal facts, equal hashes; and no change goes unseen."""

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.allocations.assemble import Terms, assemble
from service.allocations.solving import allocate
from service.allocations.versions.describe import describe
from service.allocations.versions.domain.proof.examine import examine, proof
from service.allocations.versions.domain.written.canonical import canonical, digest
from service.allocations.versions.domain.written.content import Content, Parent
from service.allocations.versions.domain.written.document import UnreadableProof
from service.roster.domain import read_inputs
from solver.policy import Group, Policy, Relax

type Document = dict[str, Any]

EVERYTHING = ("hash", "sums", "bounds", "leximin")


def four_reps(**changes: Any) -> Document:
    """Two teams of two, 440.00 to carry, everybody expects 100.00; ann can carry 105.00 at most."""
    reps = [
        {"id": "ann", "unit": "west", "baseline": 100, "reach": 100, "max": 105, "name": "Ann Lee"},
        {"id": "bob", "unit": "west", "baseline": 100, "reach": 100},
        {"id": "cyd", "unit": "east", "baseline": 100, "reach": 100},
        {"id": "dan", "unit": "east", "baseline": 100, "reach": 100},
    ]
    units = [{"id": "all"}, {"id": "west", "parent": "all"}, {"id": "east", "parent": "all"}]
    return {"target": 440, "units": units, "reps": reps} | changes


def content_of(body: Document, policy: Policy = Policy()) -> Content:  # noqa: B008 - frozen
    case = assemble(read_inputs(body, digits=2), Terms("USD", 2), policy)
    return describe(case, allocate(case))


def rows(content: Content, listed: str) -> list[Any]:
    chunks = (content.chunks[chunk["chunk"]] for chunk in content.facts[listed])
    return [row for chunk in chunks for row in orjson.loads(chunk)]


def a_proof(body: Document | None = None, parent: Parent | None = None) -> Document:
    return proved(content_of(body or four_reps()), parent)


def proved(content: Content, parent: Parent | None = None) -> Document:
    manifest = orjson.loads(content.manifest(parent))
    return proof(manifest, *(rows(content, name) for name in ("units", "quotas", "rules")))


class TestCanonicalBytes:
    def test_do_not_depend_on_the_order_of_keys(self) -> None:
        assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":3,"d":2},"b":1}'

    @pytest.mark.parametrize("length", [0, 1, 1999, 2000, 2001, 4000, 100_000])
    def test_have_a_hash_of_all_of_them(self, length: int) -> None:
        data = bytes(index % 251 for index in range(length))

        assert digest(data) == f"sha256:{hashlib.sha256(data).hexdigest()}"

    def test_write_a_whole_number_without_a_point(self) -> None:
        assert canonical([1.0, -0.0, 0.5, 1e15]) == b"[1,0,0.5,1000000000000000]"

    def test_write_very_large_and_very_small_numbers_as_ever(self) -> None:
        assert canonical([1e300, 1.5e22, 1e-5, 0.1 + 0.2]) == (
            b"[1e+300,1.5e+22,1e-05,0.30000000000000004]"
        )

    @settings(max_examples=40, deadline=None)
    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.integers(-(2**60), 2**60).map(float)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.sampled_from(["1.0", "v2.0,", "e+17", "单位"]),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        )
    )
    def test_are_those_of_the_value_with_all_its_whole_numbers_written_whole(
        self, value: Any
    ) -> None:
        def whole(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: whole(item) for key, item in value.items()}
            if isinstance(value, list):
                return [whole(item) for item in value]
            is_whole = isinstance(value, float) and value == int(value) and abs(value) < 2**63
            return int(value) if is_whole else value

        told = json.dumps(whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert canonical(value) == told.encode()

    def test_keep_every_letter_as_it_is(self) -> None:
        assert canonical({"单位": "华东 é"}) == '{"单位":"华东 é"}'.encode()

    @pytest.mark.parametrize("stranger", [float("nan"), float("inf"), {1, 2}, b""])
    def test_refuse_what_json_cannot_say(self, stranger: object) -> None:
        with pytest.raises(ValueError, match=r".+"):
            canonical([stranger])

    def test_are_named_by_their_sha256(self) -> None:
        empty = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"

        assert digest(canonical([])) == f"sha256:{empty}"


class TestContent:
    def test_is_the_same_for_the_same_inputs_policy_and_parent(self) -> None:
        parent = Parent(1, "sha256:" + "0" * 64)

        assert content_of(four_reps()).manifest(parent) == content_of(four_reps()).manifest(parent)

    def test_does_not_depend_on_the_order_of_rows(self) -> None:
        body = four_reps()
        turned = body | {"reps": body["reps"][::-1], "units": body["units"][::-1]}

        assert content_of(turned).manifest(None) == content_of(body).manifest(None)

    def test_says_defaults_so_that_naming_one_changes_nothing(self) -> None:
        named = Policy(fairness="equal_stretch", over_assignment=0.0)

        assert content_of(four_reps(), named).manifest(None) == (
            content_of(four_reps()).manifest(None)
        )

    def test_has_one_chunk_per_unit_with_reps_in_the_order_of_units(self) -> None:
        content = content_of(four_reps())

        assert [chunk["unit"] for chunk in content.facts["quotas"]] == ["east", "west"]
        assert [row["rep"] for row in rows(content, "quotas")] == ["cyd", "dan", "ann", "bob"]

    def test_shares_the_chunks_of_units_where_nothing_changed(self) -> None:
        lower = four_reps(target=430)
        lower["units"][1]["min"] = lower["units"][1]["max"] = 215  # west
        higher = four_reps(target=440)
        higher["units"][1]["min"] = higher["units"][1]["max"] = 225

        before, after = content_of(lower), content_of(higher)

        assert before.facts["quotas"][0] == after.facts["quotas"][0]  # east carries 215 in both
        assert before.facts["quotas"][1] != after.facts["quotas"][1]
        assert before.facts["index"] == after.facts["index"]

    def test_splits_a_unit_of_more_than_a_thousand_reps(self) -> None:
        reps = [{"id": f"r{i:04}", "baseline": 1, "reach": 1} for i in range(2001)]

        content = content_of({"target": 3000, "reps": reps})

        assert [chunk["rows"] for chunk in content.facts["quotas"]] == [1000, 1000, 1]
        assert [chunk["first"] for chunk in content.facts["index"]] == ["r0000", "r1000", "r2000"]

    def test_holds_no_names_of_people(self) -> None:
        content = content_of(four_reps())

        assert not any(b"Ann Lee" in data for data in content.chunks.values())
        assert b"Ann Lee" not in content.manifest(None)

    def test_counts_money_in_whole_minor_units(self) -> None:
        (ann,) = [row for row in rows(content_of(four_reps()), "quotas") if row["rep"] == "ann"]

        assert ann["quota"] == ann["cap"] == 10_500
        assert sum(ann["explanation"]) == 10_500


class TestProof:
    def test_holds_for_what_was_solved(self) -> None:
        verdict = examine(a_proof(parent=Parent(3, "sha256:" + "a" * 64)))

        assert verdict.valid
        assert verdict.checks == {"hash": True, "sums": True, "bounds": True, "leximin": True}

    def test_of_the_first_release_still_holds(self) -> None:
        """Written before there were rules across the units."""
        stored = Path(__file__).with_name("proof-of-the-first-release.json")

        assert examine(orjson.loads(stored.read_bytes())).valid

    def test_of_a_gap_told_without_its_reasons_still_holds(self) -> None:
        """As gaps were before they said which limits are reached."""
        body = four_reps(target=460)
        body["units"][1]["min"] = 250  # west, where ann can carry 105
        for rep in body["reps"]:
            rep["max"] = 105 if rep["id"] == "ann" else 130
        content = content_of(body, Policy(on_infeasible="gap"))
        assert [gap.pop("held_by") for gap in content.facts["gaps"]]

        assert examine(proved(content)).valid

    def test_holds_where_a_rule_needs_somebody_without_reach(self) -> None:
        body = four_reps(target=460)
        body["reps"][2]["reach"] = 0
        content = content_of(body, Policy(groups=(Group("few", ("cyd",), min=12_000),)))

        verdict = examine(proved(content))

        assert verdict.valid
        assert {"rows", "largest", "squares"} < verdict.checks.keys()

    def test_holds_where_nothing_is_left_of_a_rule(self) -> None:
        """Ann can carry 105.00, so a group of her alone cannot carry 110.00."""
        lifted = Relax("group:few:min", 0)
        policy = Policy(groups=(Group("few", ("ann",), min=11_000),), relax=(lifted,))

        verdict = examine(proved(content_of(four_reps(), policy)))

        assert verdict.valid
        assert "leximin" in verdict.checks

    @pytest.mark.parametrize(
        "lifted",
        [
            Relax("unit:west:min", 0),
            Relax("unit:east:target", math.inf),
            Relax("rep:bob:floor", 0),
            Relax("rep:cyd:fixed", math.inf),
            Relax("rep:ann:cap", math.inf),
            Relax("group:pair:min", 0),
        ],
        ids=lambda relax: relax.rule,
    )
    def test_holds_whatever_rule_was_lifted(self, lifted: Relax) -> None:
        body = four_reps()
        body["units"][1]["min"], body["units"][2]["target"] = 230, 210
        body["reps"][1]["min"], body["reps"][2]["fixed"] = 110, 112
        group = Group("pair", ("ann", "dan"), min=20_300)

        document = proved(content_of(body, Policy(groups=(group,), relax=(lifted,))))

        assert examine(document).faults == ()

    def test_survives_programs_that_write_json_in_their_own_way(self) -> None:
        document = a_proof()
        as_javascript = json.loads(json.dumps(document, sort_keys=True, indent=4), parse_float=_js)

        assert examine(as_javascript).valid

    def test_says_which_chunk_has_been_changed(self) -> None:
        document = a_proof()
        document["quotas"][2]["quota"] += 1

        verdict = examine(document)

        assert not verdict.checks["hash"]
        assert "quotas: the rows of chunk 2 (unit west) have been changed" in verdict.faults

    @pytest.mark.parametrize(
        ("change", "fails"),
        [
            (lambda d: _move(d, "cyd", "dan", 1), {"hash", "sums", "bounds"}),
            (lambda d: _move(d, "cyd", "dan", 100), {"hash", "sums", "bounds"}),
            (lambda d: _move(d, "bob", "ann", 1), {"hash", "sums", "bounds"}),
            (lambda d: _quota(d, "cyd").update(quota=0), {"hash", "sums", "bounds"}),
            (lambda d: _quota(d, "cyd").update(floor=20_000), {"hash", "bounds", "leximin"}),
            (lambda d: _quota(d, "cyd").update(unrounded=None), {*EVERYTHING}),
            (lambda d: _quota(d, "cyd").update(yardstick=20_000.0), {"hash", "leximin"}),
            (lambda d: _quota(d, "cyd").update(binding=["cap"]), {"hash", "leximin"}),
            (lambda d: _quota(d, "cyd").update(stretch=0.5), {"hash", "leximin"}),
            (lambda d: d["manifest"]["fairness"].update(gini=0.5), {"hash", "leximin"}),
            (lambda d: d["manifest"]["over_assignment"][0].update(reps=3), {"hash", "sums"}),
            (lambda d: d["manifest"]["quotas"][0].update(unit="west"), {"hash"}),
            (lambda d: d["manifest"]["index"][0].update(first="bob"), {"hash"}),
            (lambda d: d["units"][1].update(quota=1), {"hash", "sums"}),
            (lambda d: d["units"][1].update(max=1), {"hash", "sums", "leximin"}),
            (lambda d: d["quotas"].pop(), {"hash", "sums", "leximin"}),
            (lambda d: d["quotas"].reverse(), {*EVERYTHING}),
            (lambda d: d["manifest"].update(target=43_000), {"hash", "sums"}),
            (lambda d: d["manifest"].update(parent=d["hash"]), {"hash"}),
            (lambda d: d.update(hash="sha256:" + "0" * 64), {"hash"}),
        ],
    )
    def test_no_change_goes_unseen(
        self, change: Callable[[Document], object], fails: set[str]
    ) -> None:
        document = a_proof()
        change(document)

        verdict = examine(document)

        assert {name for name, held in verdict.checks.items() if not held} == fails
        assert verdict.faults

    def test_a_forger_who_mends_every_hash_still_fails_on_the_numbers(self) -> None:
        document = a_proof()
        _move(document, "bob", "cyd", 500)
        forged = _with_new_hashes(document)

        verdict = examine(forged)

        assert verdict.checks["hash"]
        assert not verdict.checks["bounds"]

    @pytest.mark.parametrize(
        "document",
        [None, [], {}, {"format": "fairquota.proof/2"}, {"format": "fairquota.proof/1", "hash": 3}],
    )
    def test_what_is_no_proof_is_named_as_such(self, document: object) -> None:
        with pytest.raises(UnreadableProof):
            examine(document)

    def test_values_nested_too_deeply_are_named_as_such(self) -> None:
        document = a_proof()
        nest: list[Any] = []
        for _ in range(10_000):
            nest = [nest]
        document["quotas"][0]["nest"] = nest

        with pytest.raises(UnreadableProof, match="nested too deeply"):
            examine(document)

    @pytest.mark.parametrize("target", [0, 1, 40_000])
    def test_holds_at_the_edges(self, target: int) -> None:
        assert examine(a_proof(four_reps(target=target, units=[], reps=[
            {"id": "ann", "baseline": 0, "reach": 0}, {"id": "bob", "baseline": 5, "reach": 0}
        ]))).valid  # fmt: skip


def _js(text: str) -> float:
    """A number as JavaScript keeps it: there is no difference between 1 and 1.0."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _quota(document: Document, rep: str) -> Document:
    row: Document = next(row for row in document["quotas"] if row["rep"] == rep)
    return row


def _move(document: Document, giver: str, taker: str, amount: int) -> None:
    _quota(document, giver)["quota"] -= amount
    _quota(document, taker)["quota"] += amount


def _with_new_hashes(document: Document) -> Document:
    start = 0
    for chunk in document["manifest"]["quotas"]:
        part = document["quotas"][start : start + chunk["rows"]]
        chunk["chunk"] = digest(canonical(part))
        start += chunk["rows"]
    return document | {"hash": digest(canonical(document["manifest"]))}
