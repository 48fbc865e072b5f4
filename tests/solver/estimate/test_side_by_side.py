"""Estimates run side by side in one process: none of them may change what the others live by."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from solver.estimate import TotalSource, estimate
from solver.estimate.company import _fit
from tests.solver.estimate.company import START, a_company
from tests.solver.estimate.worlds import a_world, levels, noise_around


def watched(kind: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """The filters of warnings in force at each call of its `fit` from now on."""
    seen: list[list[Any]] = []
    original = kind.fit

    def fit(model: Any, *arguments: Any, **named: Any) -> Any:
        seen.append(list(warnings.filters))
        return original(model, *arguments, **named)

    monkeypatch.setattr(kind, "fit", fit)
    return seen


@pytest.fixture(autouse=True)
def _filters_as_before() -> Iterator[None]:
    with warnings.catch_warnings():
        yield


@pytest.mark.parametrize("kind", [ETSModel, GLM])
def test_no_filter_of_warnings_comes_and_goes_with_a_fit(
    kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filters are the process's. Two that came and went at once left "every warning is an error"
    in force for good.
    """
    learned = a_world(
        noise_around(1, 6, levels(2, 40, 0.4), 0.2),
        potential=np.exp(np.random.default_rng(3).normal(0.0, 0.5, 40)),
    )
    world = replace(learned, forecast=None)
    estimate(world)  # what is loaded with the libraries is loaded now
    _fit.cache_clear()
    seen = watched(kind, monkeypatch)
    before = list(warnings.filters)

    estimate(world)

    assert seen
    assert all(filters == before for filters in seen)
    assert list(warnings.filters) == before


def test_a_fit_that_does_not_converge_is_refused_without_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Warnings are errors here, so that one would end the test."""
    original = ETSModel.fit

    def impatient(model: ETSModel, **named: Any) -> Any:
        return original(model, **named | {"maxiter": 1})

    monkeypatch.setattr(ETSModel, "fit", impatient)
    rng = np.random.default_rng(1)
    history = [
        ("ann", START - 1 - k, float(amount)) for k, amount in enumerate(rng.uniform(50, 150, 48))
    ]

    found = estimate(a_company(["ann"], history=history)).parameters

    assert found.company_total_source is TotalSource.LAST_12_MONTHS
    assert found.not_smoothed == "not_converged"


def test_sales_that_follow_potential_exactly_teach_no_beta_and_warn_of_nothing() -> None:
    """A fit without any error has no standard error: the prior stands."""
    ids = [f"r{k}" for k in range(12)]
    history = [
        (rep, START - 1 - m, 100.0 * (k + 1)) for k, rep in enumerate(ids) for m in range(12)
    ]
    potential = {rep: 1_000.0 * (k + 1) for k, rep in enumerate(ids)}

    found = estimate(a_company(ids, history=history, potential=potential)).parameters

    assert (found.beta, found.beta_reps) == (1.0, 0)
