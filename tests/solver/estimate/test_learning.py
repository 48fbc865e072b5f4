"""What the estimate learns from a company's own history, in worlds whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.estimate import Evidence, Parameters, SalesHistory, estimate
from solver.estimate.credibility import RHO, WEIGHTS, WEIGHTS_WITHOUT_POTENTIAL
from solver.estimate.learning import BETA, RATCHET_CAP, Pairs, headroom_effect
from solver.estimate.reach import THETA
from solver.estimate.uncertainty import LEAST_MARKET
from solver.problem import FloatArray, IntArray
from tests.solver.estimate.company import START, a_company, year
from tests.solver.estimate.worlds import a_world, levels, noise_around, random_walks

SIZES = np.exp(np.random.default_rng(5).normal(0.0, 0.7, 60))


class TestWeights:
    def test_a_short_history_leaves_the_prior_weights_and_says_so(self) -> None:
        found = _learned(noise_around(1, 2, levels(2, 9, 0.3), 0.1))

        assert found.weights == WEIGHTS
        assert found.weights_without_potential == WEIGHTS_WITHOUT_POTENTIAL
        assert found.weights_pairs == found.weights_without_potential_pairs == 0

    def test_where_the_last_period_alone_tells_its_weight_ends_at_the_ratchet_cap(self) -> None:
        found = _learned(random_walks(3, 6, 80, 0.4))

        assert found.weights_without_potential[0] == pytest.approx(RATCHET_CAP)
        assert found.weights_without_potential_pairs == 80 * 5

    def test_where_years_swing_around_a_level_all_of_them_count(self) -> None:
        found = _learned(noise_around(4, 8, levels(5, 80, 0.3), 0.3))

        last, _, older = found.weights_without_potential
        assert last < 0.3
        assert older > WEIGHTS_WITHOUT_POTENTIAL[2] * 1.3

    def test_where_nothing_lasts_little_is_left_on_the_own_history(self) -> None:
        found = _learned(noise_around(6, 8, np.zeros(80), 0.3))

        assert sum(found.weights_without_potential) < 0.25

    def test_weights_are_never_negative_and_never_more_than_one_in_all(self) -> None:
        for seed in range(10):
            swinging = noise_around(seed, 5, levels(seed, 20, 0.5), 0.2)
            swinging[::2] *= -1  # every good year is followed by a bad one
            for weights in (
                _learned(swinging).weights_without_potential,
                _learned(random_walks(seed, 5, 20, 0.3)).weights_without_potential,
            ):
                assert min(weights) >= 0
                assert sum(weights) <= 1 + 1e-9

    def test_one_wild_year_of_one_rep_in_sixty_moves_the_weights_little(self) -> None:
        calm = noise_around(7, 6, levels(8, 60, 0.4), 0.1)
        wild = calm.copy()
        wild[0, 0] += 1.5

        moved = np.subtract(
            _learned(wild).weights_without_potential, _learned(calm).weights_without_potential
        )

        assert np.abs(moved).max() < 0.1

    def test_reps_with_and_without_potential_have_weights_of_their_own(self) -> None:
        index = random_walks(9, 6, 60, 0.3)
        half = np.where(np.arange(60) < 30, SIZES, np.nan)

        found = estimate(a_world(index, potential=np.where(np.isnan(half), 1.0, half))).parameters

        assert found.weights_pairs == 60 * 5
        assert found.weights_without_potential_pairs == 0

    def test_rho_is_what_lasts_from_one_period_to_the_one_before(self) -> None:
        lasting = _learned(noise_around(10, 6, levels(11, 80, 0.5), 0.02))
        fleeting = _learned(noise_around(12, 6, np.zeros(80), 0.3))

        assert lasting.rho == pytest.approx(1.0, abs=0.01)
        assert fleeting.rho < 0.3
        assert _learned(noise_around(1, 1, levels(2, 9, 0.3), 0.1)).rho == RHO

    def test_learned_weights_predict_better_than_prior_ones(self) -> None:
        """Out of sample: the newest year is held back."""
        index = noise_around(13, 9, levels(14, 80, 0.2), 0.3)
        truth, past = index[0], index[1:]

        learned = estimate(a_world(past))
        prior = replace(
            learned.parameters, weights_without_potential=WEIGHTS_WITHOUT_POTENTIAL, rho=RHO
        )

        def error(baseline: FloatArray) -> float:
            told = np.log(baseline)
            return float(np.abs(truth - truth.mean() - (told - told.mean())).mean())

        assert learned.parameters.weights_without_potential_pairs == 80 * 7
        assert error(learned.baseline) < error(estimate(a_world(past), prior).baseline)


def _learned(index: FloatArray) -> Parameters:
    return estimate(a_world(index)).parameters


class TestBeta:
    def test_it_is_found_where_many_reps_tell(self) -> None:
        index = noise_around(20, 2, levels(21, 60, 0.1), 0.05)

        found = estimate(a_world(index, potential=SIZES, beta=1.4)).parameters

        assert found.beta == pytest.approx(1.4, abs=0.05)
        assert found.beta_reps == 60

    def test_few_reps_leave_it_at_one(self) -> None:
        index = noise_around(22, 2, levels(23, 9, 0.1), 0.05)

        found = estimate(a_world(index, potential=SIZES[:9], beta=1.4)).parameters

        assert (found.beta, found.beta_reps) == (BETA, 0)

    def test_equal_potentials_say_nothing_about_it(self) -> None:
        index = noise_around(24, 2, levels(25, 20, 0.1), 0.05)

        assert estimate(a_world(index, potential=np.full(20, 7.0))).parameters.beta_reps == 0

    def test_where_potential_says_little_it_stays_near_one(self) -> None:
        """Sales that swing by a factor of e: the prior outweighs what they say."""
        index = noise_around(26, 2, levels(27, 12, 1.0), 1.0)

        found = estimate(a_world(index, potential=SIZES[:12], beta=0.0)).parameters

        assert 0.15 < found.beta < 1.3

    def test_new_reps_are_measured_with_it(self) -> None:
        index = noise_around(20, 2, levels(21, 60, 0.1), 0.05)
        world = a_world(index, potential=SIZES, beta=1.4)
        keep = np.flatnonzero(world.history.rep != 0)
        new = _without_rows(world, keep)

        answer = estimate(new)

        ratio = answer.benchmark[0] / answer.benchmark[1]
        assert ratio == pytest.approx((SIZES[0] / SIZES[1]) ** answer.parameters.beta)
        assert answer.baseline[0] == pytest.approx(answer.benchmark[0])


def _without_rows(world: Evidence, keep: IntArray) -> Evidence:
    rows = world.history
    kept = SalesHistory(rows.rep[keep], rows.territory[keep], rows.month[keep], rows.actual[keep])
    return replace(world, history=kept)


class TestUncertainty:
    def test_it_is_the_spread_of_the_errors_that_the_estimate_would_have_made(self) -> None:
        answer = estimate(a_world(noise_around(30, 10, levels(31, 80, 0.3), 0.2)))

        found = answer.parameters
        assert found.pooled_sigma == pytest.approx(0.2 * np.sqrt(1.25), rel=0.15)
        expected = np.sqrt(found.pooled_sigma**2 + found.market_sigma**2)  # type: ignore[operator]
        assert np.median(answer.sigma) == pytest.approx(expected, rel=0.15)

    def test_who_swings_more_has_more_of_it(self) -> None:
        index = noise_around(32, 8, levels(33, 40, 0.2), 0.1)
        index[:, 0] += np.array([1, -1, 1, -1, 1, -1, 1, -1]) * 0.5

        answer = estimate(a_world(index))

        assert answer.sigma[0] > 2 * np.median(answer.sigma)

    def test_short_histories_lean_on_everybodys(self) -> None:
        index = noise_around(34, 6, levels(35, 40, 0.2), 0.2)
        world = a_world(index)
        history = world.history
        keep = np.flatnonzero((history.rep != 0) | (history.month >= START - 12))

        answer = estimate(_without_rows(world, keep))

        found = answer.parameters
        pooled = np.sqrt(found.pooled_sigma**2 + found.market_sigma**2)  # type: ignore[operator]
        assert answer.sigma[0] == pytest.approx(pooled)

    def test_fewer_than_ten_errors_say_nothing(self) -> None:
        answer = estimate(a_world(noise_around(36, 2, levels(37, 9, 0.3), 0.1)))

        assert np.isnan(answer.sigma).all()
        assert answer.parameters.pooled_sigma is None

    def test_nothing_is_said_of_new_reps_and_of_given_figures(self) -> None:
        index = noise_around(38, 4, levels(39, 20, 0.2), 0.2)
        world = a_world(index)
        baseline = world.baseline.copy()
        baseline[1] = 500.0
        keep = np.flatnonzero(world.history.rep != 0)
        answer = estimate(replace(_without_rows(world, keep), baseline=baseline))

        assert np.isnan(answer.sigma[:2]).all()
        assert np.isfinite(answer.sigma[2:]).all()

    def test_the_market_is_at_least_five_percent_and_learns_from_misses_of_the_total(self) -> None:
        calm = a_world(noise_around(40, 5, levels(41, 20, 0.2), 0.01))
        steps = np.array([0.0, 0.6, 0.0, 0.6, 0.0])[:, None]
        stormy = a_world(noise_around(40, 5, levels(41, 20, 0.2), 0.01) + steps)

        assert estimate(calm).parameters.market_sigma == LEAST_MARKET
        found = estimate(stormy).parameters
        assert found.market_errors == 4
        expected = np.sqrt((4 * 0.6**2 + 4 * LEAST_MARKET**2) / 8)
        assert found.market_sigma == pytest.approx(expected, rel=0.02)


class TestHeadroom:
    def test_it_counts_where_history_is_too_short_to_tell(self) -> None:
        index = noise_around(50, 2, levels(51, 20, 0.3), 0.1)

        found = estimate(a_world(index, potential=SIZES[:20])).parameters

        assert (found.theta, found.theta_pairs, found.theta_t) == (THETA, 0, None)

    def test_it_does_not_where_those_below_stay_below(self) -> None:
        index = noise_around(52, 6, levels(53, 60, 0.4), 0.1)

        found = estimate(a_world(index, potential=SIZES)).parameters

        assert found.theta == 0
        assert found.theta_pairs == 300
        assert found.theta_t is not None

    @pytest.mark.parametrize(("gain", "theta"), [(0.3, THETA), (0.0, 0.0), (-0.3, 0.0)])
    def test_it_does_where_those_with_more_room_then_gained_on_the_others(
        self, gain: float, theta: float
    ) -> None:
        generator = np.random.default_rng(54)
        expected = generator.normal(0.0, 0.4, 200)
        room = np.maximum(np.log(1.5) - expected, 0.0)
        residual = gain * (room - room.mean()) + generator.normal(0.0, 0.1, 200)
        rep = np.repeat(np.arange(50), 4)
        pairs = Pairs(rep, np.zeros((200, 3)), expected + residual)

        found = headroom_effect(pairs, residual, 1.5)

        assert found.theta == theta
        assert found.observations == 200

    def test_what_one_rep_repeats_every_year_is_one_observation(self) -> None:
        """Ten equal years of four reps are no more certain than one year of them."""
        expected, residual = np.array([-1.0, -0.5, 0.0, 0.2]), np.array([0.02, -0.05, 0.01, 0.02])
        once = headroom_effect(
            Pairs(np.arange(40), np.zeros((40, 3)), np.tile(expected + residual, 10)),
            np.tile(residual, 10),
            1.5,
        )
        again = headroom_effect(
            Pairs(np.tile(np.arange(4), 10), np.zeros((40, 3)), np.tile(expected + residual, 10)),
            np.tile(residual, 10),
            1.5,
        )

        assert once.t is not None
        assert again.t is not None
        assert abs(again.t) < abs(once.t) / 3

    def test_without_an_effect_headroom_changes_no_reach(self) -> None:
        index = noise_around(52, 6, levels(53, 60, 0.4), 0.1)

        answer = estimate(a_world(index, potential=SIZES))

        assert answer.reach == pytest.approx(0.05 * answer.baseline)


class TestFrozen:
    def test_frozen_parameters_are_used_again_whatever_the_history_says(self) -> None:
        before = a_world(noise_around(60, 6, levels(61, 60, 0.3), 0.2), potential=SIZES)
        after = a_world(random_walks(62, 6, 60, 0.5), potential=SIZES, beta=0.5)
        first = estimate(before)

        again = estimate(after, first.parameters).parameters

        for name in ("beta", "rho", "weights", "weights_without_potential", "theta", "top_index"):
            assert getattr(again, name) == getattr(first.parameters, name)

    def test_frozen_from_itself_nothing_changes_in_the_last_bit(self) -> None:
        world = a_world(noise_around(60, 6, levels(61, 60, 0.3), 0.2), potential=SIZES)
        first = estimate(world)

        again = estimate(world, first.parameters)

        assert again.baseline.tolist() == first.baseline.tolist()
        assert again.reach.tolist() == first.reach.tolist()
        assert again.parameters == first.parameters


def test_a_constant_history_is_expected_to_go_on_to_the_last_percent() -> None:
    reps = [f"r{k}" for k in range(12)]
    history = [row for k, rep in enumerate(reps) for y in (2024, 2025, 2026)
               for row in year(rep, y, 100.0 * (k + 1))]  # fmt: skip

    answer = estimate(a_company(reps, history=history))

    assert answer.baseline == pytest.approx([100.0 * (k + 1) for k in range(12)], rel=0.01)


@pytest.mark.parametrize("amount", [0.0, -100.0])
def test_a_history_of_nothing_and_of_returns_teaches_nothing(amount: float) -> None:
    reps = [f"r{k}" for k in range(12)]
    history = [row for rep in reps for y in (2024, 2025, 2026) for row in year(rep, y, amount)]

    answer = estimate(a_company(reps, history=history, forecast=1200))

    assert answer.baseline == pytest.approx(np.full(12, 100.0))
    assert answer.parameters.weights_without_potential == WEIGHTS_WITHOUT_POTENTIAL
