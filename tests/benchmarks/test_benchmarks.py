"""The benchmarks still run and still compare like with like. Nothing here is timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.contestants import CONTESTANTS, Arrays
from benchmarks.instances import Instance, company
from benchmarks.verdict import judge


@pytest.fixture(scope="module")
def small() -> Instance:
    return company(200, seed=0)


def test_a_company_is_the_same_every_time(small: Instance) -> None:
    again = company(200, seed=0)

    assert np.array_equal(again.problem.reps.baseline, small.problem.reps.baseline)
    assert np.array_equal(again.bounds.unit_max, small.bounds.unit_max)


def test_nothing_tells_twins_apart(small: Instance) -> None:
    one, other = small.twins.T
    columns = (
        small.hierarchy.rep_node, small.scale.anchor, small.scale.yardstick,
        small.bounds.lowest, small.bounds.highest,
    )  # fmt: skip

    assert len(small.twins) > 5
    assert all(np.array_equal(column[one], column[other]) for column in columns)


def test_a_contestant_is_handed_the_whole_company(small: Instance, tmp_path: Path) -> None:
    Arrays.of(small).save(tmp_path / "arrays.npz")

    case = Arrays.load(tmp_path / "arrays.npz")

    assert case.bounds.total == small.bounds.total
    assert np.array_equal(case.hierarchy.first, small.hierarchy.first)


@pytest.mark.parametrize("name", CONTESTANTS)
def test_everybody_keeps_the_limits_and_finds_how_far_the_worst_off_must_go(
    name: str, small: Instance
) -> None:
    case = Arrays.of(small)

    found = judge(small, CONTESTANTS[name].solve(case))
    tree = judge(small, CONTESTANTS["tree"].solve(case))

    assert found.violation < 1e-9
    if name == "natural":
        assert found.largest == pytest.approx(tree.largest, abs=1e-9)
    else:
        assert found.furthest == pytest.approx(tree.furthest, abs=1e-9)


def test_the_tree_engine_treats_twins_alike(small: Instance) -> None:
    assert judge(small, CONTESTANTS["tree"].solve(Arrays.of(small))).unequal == 0


def test_the_page_is_written(tmp_path: Path) -> None:
    out = tmp_path / "benchmarks.md"

    small = "--sizes 30 --whole 30 --requests 30 --contestants tree"
    few = "--companies 1 --turns 1 --rounds 1"
    main([*small.split(), *few.split(), "--out", str(out)])

    text = out.read_text()
    assert CONTESTANTS["tree"].label in text
    assert "the whole request" in text
