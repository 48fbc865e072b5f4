"""The figures behind the charts."""

from __future__ import annotations

import numpy as np
import pytest

from solver.assess import chart
from tests.solver.assess.people import a_team, ids, shuffled


def test_every_unit_has_a_box_of_its_reps() -> None:
    told = chart(a_team(5, unit=[0, 0, 1, 1, 1], effort=[1, 3, 2, 4, 6]))

    assert told.measure == "effort"
    assert [(box.unit, box.spread.n, box.spread.median) for box in told.boxes] == [
        (0, 2, 2.0),
        (1, 3, 4.0),
    ]


def test_without_an_index_of_effort_growth_is_drawn() -> None:
    told = chart(a_team(2, effort=[np.nan, np.nan]))

    assert told.measure == "growth"
    assert told.boxes[0].spread.max == pytest.approx(0.1)


def test_reps_are_points_where_their_size_is_known() -> None:
    told = chart(a_team(3, size=[10, np.nan, 30])).cloud

    assert told.ids == (ids(3)[0], ids(3)[2])
    assert told.size.tolist() == [10, 30]


def test_many_reps_are_counted_in_cells_that_name_nobody() -> None:
    told = chart(shuffled(20_000, seed=1)).cloud

    assert told.ids is None
    assert sum(told.reps) == 20_000
    assert len(told.reps) <= 48 * 48


def test_one_rep_is_a_point() -> None:
    assert chart(a_team(1, size=[5.0])).cloud.reps == (1,)
