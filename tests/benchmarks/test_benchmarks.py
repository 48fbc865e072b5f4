"""The benchmarks still run and still compare like with like. Nothing here is timed.

Peers that only `make bench` installs are skipped where they are not there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from benchmarks import plan, season
from benchmarks.__main__ import main
from benchmarks.answer import Answer
from benchmarks.arrays import Arrays
from benchmarks.cells import Cells
from benchmarks.contestants import (
    CASCADES,
    CONTESTANTS,
    COUPLED,
    ENGINES,
    ESTIMATES,
    SPREADS,
)
from benchmarks.crossing import KINDS, Kind, rows_across
from benchmarks.histories import Histories
from benchmarks.instances import Instance, company
from benchmarks.notebook import Notebook
from benchmarks.race import Run, run
from benchmarks.sections import across, spread, whole
from benchmarks.table import HEDGE, TASKS, Table, Task, table
from benchmarks.verdict import judge, judge_cascade
from solver.hierarchy import slice_sums


@pytest.fixture(scope="module")
def small() -> Instance:
    return company(200, seed=0)


def answer_of(name: str, case: Arrays | Table | Histories) -> Answer:
    for library in CONTESTANTS[name].libraries:
        pytest.importorskip(library)
    return CONTESTANTS[name].solve(case)


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
    rows = rows_across(small, "margins", 2, seed=0)
    replace(Arrays.of(small), rows=rows, largest=1.5).save(tmp_path / "case.npz")

    case = Arrays.load(tmp_path / "case.npz")

    assert case.bounds.total == small.bounds.total
    assert np.array_equal(case.hierarchy.first, small.hierarchy.first)
    assert case.scale.response == small.scale.response
    assert np.array_equal(case.rows.coefficient, rows.coefficient)
    assert case.largest == 1.5


@pytest.mark.parametrize("name", ENGINES)
def test_everybody_keeps_the_limits_and_finds_how_far_the_worst_off_must_go(
    name: str, small: Instance
) -> None:
    case = Arrays.of(small)
    ours = answer_of("tree", case)

    found = judge(case, small.twins, answer_of(name, case), ours.quota)
    tree = judge(case, small.twins, ours, ours.quota)

    aim = ENGINES[name].aim
    assert found.violation < 1e-8
    assert getattr(found, aim) == pytest.approx(getattr(tree, aim), abs=1e-6)


def test_the_tree_engine_treats_twins_alike(small: Instance) -> None:
    case = Arrays.of(small)
    ours = answer_of("tree", case)

    assert judge(case, small.twins, ours, ours.quota).unequal == 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_across_is_broken_without_it_and_kept_by_the_witness(
    kind: Kind, small: Instance
) -> None:
    rows = rows_across(small, kind, 3, seed=0)
    ends = rows.start[:-1], rows.start[1:]
    plan = answer_of("tree", Arrays.of(small)).quota

    held = slice_sums(rows.coefficient * small.witness[rows.rep], *ends)
    broken = slice_sums(rows.coefficient * plan[rows.rep], *ends)

    assert np.all((rows.min <= held) & (held <= rows.max))
    assert np.all((broken < rows.min) | (broken > rows.max))


@pytest.mark.parametrize("kind", KINDS)
def test_no_rule_across_tells_twins_apart(kind: Kind, small: Instance) -> None:
    rows = rows_across(small, kind, 3, seed=0)
    matrix = np.zeros((3, 200))
    for k in range(3):
        entries = slice(rows.start[k], rows.start[k + 1])
        matrix[k, rows.rep[entries]] = rows.coefficient[entries]

    one, other = small.twins.T

    assert np.array_equal(matrix[:, one], matrix[:, other])


@pytest.mark.parametrize("name", COUPLED)
@pytest.mark.parametrize("kind", KINDS)
def test_everybody_keeps_the_rules_across_and_finds_the_same_plan(
    name: str, kind: Kind, small: Instance
) -> None:
    case = replace(Arrays.of(small), rows=rows_across(small, kind, 2, seed=0))
    ours = answer_of("coupled", case)
    case = replace(case, largest=ours.largest)

    found = judge(case, small.twins, answer_of(name, case), ours.quota)

    assert found.violation < 1e-8
    assert found.across < 1e-8
    assert found.apart < 1e-3
    assert found.unequal == 0


@pytest.mark.parametrize("name", CASCADES)
@pytest.mark.parametrize("task", TASKS)
def test_everybody_cascades_the_whole_target_and_keeps_what_was_set(name: str, task: Task) -> None:
    case = table(200, task, seed=0)

    found = judge_cascade(case, answer_of(name, case))

    assert found.off_target < 1
    assert found.off_units < 1
    assert found.off_pins < 1
    if task != "pinned":
        assert found.least == pytest.approx(found.most, abs=1e-5)


def test_a_hedge_at_each_of_five_levels_adds_28_percent() -> None:
    case = table(200, "hedged", seed=0)

    assert case.total == pytest.approx(case.target * HEDGE**5)
    assert answer_of("cascade", case).quota.sum() == round(case.total)


@pytest.mark.parametrize("name", SPREADS)
def test_everybody_spreads_within_all_limits_and_stretches_nobody_further(
    name: str, small: Instance
) -> None:
    case = Cells.of(small, seed=0)

    found = spread.judge(case, SPREADS[name].solve(case))
    ours = spread.judge(case, SPREADS["spread"].solve(case))

    assert found.violation < 1e-8
    assert found.furthest == pytest.approx(ours.furthest, abs=1e-5)
    assert ours.violation == 0  # whole money adds up


def test_a_contestant_is_handed_the_whole_table(small: Instance, tmp_path: Path) -> None:
    case = Cells.of(small, seed=0)
    case.save(tmp_path / "case.npz")

    again = Cells.load(tmp_path / "case.npz")

    assert np.array_equal(again.seed, case.seed)
    assert again.company.bounds.total == case.columns.sum() == again.columns.sum()


def test_the_table_of_a_spread_comes_back_from_its_process(small: Instance, tmp_path: Path) -> None:
    case = Cells.of(small, seed=0)

    done, answer = run("spread", case, tmp_path)

    assert done.cpu is not None
    assert answer is not None
    assert np.array_equal(answer.cells.sum(axis=0), case.columns)


def test_the_same_figures_are_expected_in_pandas(small: Instance) -> None:
    case = Histories.of(small.problem.reps.baseline, seed=0)
    ours = ESTIMATES["estimate-given"].solve(case).quota

    found = answer_of("estimate-pandas", case).quota

    assert found == pytest.approx(ours, rel=1e-9)
    assert ours.std() > 0.1 * ours.mean()
    assert ESTIMATES["estimate"].solve(case).quota != pytest.approx(ours, rel=1e-3)


def test_a_contestant_is_handed_the_whole_history(small: Instance, tmp_path: Path) -> None:
    case = Histories.of(small.problem.reps.baseline, seed=0)
    case.save(tmp_path / "case.npz")

    again = Histories.load(tmp_path / "case.npz")

    assert again.forecast == case.forecast
    assert np.array_equal(again.hired, case.hired)


def test_a_whole_plan_is_measured_step_by_step() -> None:
    found = plan.measure(200, seed=0)

    assert "spread over the months" in found.steps
    assert all(seconds >= 0 for seconds in found.steps.values())
    assert found.rows > 200 * 30


def test_a_season_is_measured_against_a_new_solve() -> None:
    found = season.measure(40)

    (solve,) = (line for line in whole.season_lines({40: found}) if season.SOLVE in line)
    assert solve.endswith("**1** |")
    assert {"accept a new company target", "import a plan made by hand"} < found.steps.keys()


@dataclass(frozen=True)
class Note:
    value: float


def test_what_was_noted_is_not_measured_again(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text("1")
    Notebook.open(tmp_path, code).noted("it", Note, lambda: Note(1.0))

    assert Notebook.open(tmp_path, code).noted("it", Note, lambda: Note(2.0)) == Note(1.0)


def test_what_was_noted_of_other_code_counts_no_more(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text("1")
    Notebook.open(tmp_path, code).noted("it", Note, lambda: Note(1.0))
    code.write_text("2")

    assert Notebook.open(tmp_path, code).noted("it", Note, lambda: Note(2.0)) == Note(2.0)


def test_an_interrupted_run_goes_on_and_the_page_compares_case_by_case(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path)
    times = {"coupled": 0.5, "coupled-cvxpy": 10.0}
    for (name, cpu), kind, turn in product(times.items(), KINDS, range(across.TURNS)):
        entry = across.Entry(50, 1, kind, name, Run(cpu, 70.0, 60.0), None, 1.0)
        notebook.noted(f"across-50-1-{kind}-{turn}-{name}", across.Entry, partial(replace, entry))

    entries = across.measure(notebook, tmp_path, sizes=[50], counts=[1], contestants=list(times))

    assert any("10 s | **20.0** (20.0 to 20.0)" in line for line in across.lines(entries))


def test_a_contestant_without_an_answer_says_why() -> None:
    gave_up = Run(None, 70.0, 60.0, "Time limit reached")
    entry = across.Entry(50, 1, "teams", "coupled-cvxpy", gave_up, None, 1.0)

    assert any("Time limit reached" in line for line in across.lines([entry]))


def test_the_page_is_written(tmp_path: Path) -> None:
    out, scratch = tmp_path / "benchmarks.md", tmp_path / "measured"
    no = "--across --cascades --spreads --estimates --plans --seasons"
    chosen = f"--quick --sizes 30 {no} --whole 30 --requests 30 --contestants tree".split()

    main([*chosen, "--out", str(out), "--scratch", str(scratch)])

    text = out.read_text()
    assert CONTESTANTS["tree"].label in text
    assert "the whole request" in text
    assert not any(scratch.iterdir())  # the next run measures again
