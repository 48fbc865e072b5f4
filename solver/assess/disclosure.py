"""Can the figures of a few people be computed from sums that are told?

Every attribute parts the people, and tells one sum for each part: a row of ones, for whose figures
went into it. Rows that are added and subtracted make other rows, and whoever is left in the end is
found. One team less one site may be one person; so may two teams less a site, which no two sums
show (for two attributes: Gusfield, SIAM Journal on Computing 17, 1988). A row follows from those
that are told where everything that all of these leave unchanged leaves it unchanged as well. So
random figures are drawn, and what the told rows say of them is taken away: a row follows where the
rest adds up to 0 over it, which chance alone never does.

Looked for are rows of fewer than `LEAST` people, also with a minus: how far two people are apart
tells each of them the figure of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import Final

import numpy as np

from solver.assess.review import LEAST
from solver.problem import FloatArray, IntArray

_ENTANGLED: Final = 1_000
"""Cells of suspects beyond which nothing is tried: then somebody counts as found."""
_NOTHING: Final = 1e-7
_SEED: Final = 1

type _Complex = np.ndarray[tuple[int], np.dtype[np.complex128]]


def somebody_found(parts: Sequence[IntArray]) -> bool:
    """Whether sums over parts tell one of fewer than five people, or one of some people less one of
    others, fewer than five in all.

    `parts`: of each attribute the part that each person belongs to, (n,), counted from 0.
    """
    if not parts or not len(parts[0]):
        return False
    place = _numbered_apart(parts)
    _, cell, size = np.unique(place, axis=1, return_inverse=True, return_counts=True)
    if size.min() >= LEAST:  # whoever is told apart at all has company enough
        return False
    rest, leverage = _rest(place)
    # Of k people who are found each has a leverage of 1/k at least: most people have far less.
    suspect = np.flatnonzero((size < LEAST) & (np.bincount(cell, leverage) / size > 1 / LEAST))
    if len(suspect) > _ENTANGLED:
        return True
    return _adds_up_to_nothing(_added_up(cell, rest, len(size))[suspect], size[suspect])


def _numbered_apart(parts: Sequence[IntArray]) -> IntArray:
    """(k, n) the parts of all attributes under numbers of their own."""
    sizes = [int(part.max()) + 1 for part in parts]
    return np.asarray(np.stack(parts) + np.cumsum([0, *sizes[:-1]])[:, None])


def _rest(place: IntArray) -> tuple[_Complex, FloatArray]:
    """(n,) what the sums over parts do not say of random figures, two drawings as one complex
    number; and the leverage of each person in this regression.
    """
    count, n = int(place.max()) + 1, place.shape[1]
    both = np.zeros((count, count))
    for one, other in product(place, place):
        both += np.bincount(one * count + other, minlength=count**2).reshape(count, count)
    inverse = np.linalg.pinv(both, rcond=_NOTHING / n, hermitian=True)
    rng = np.random.default_rng(_SEED)
    drawn = np.asarray(rng.normal(size=n) + 1j * rng.normal(size=n))
    sums: _Complex = np.sum([_added_up(part, drawn, count) for part in place], axis=0)
    told = inverse.astype(np.complex128) @ sums
    leverage = np.zeros(n)
    for one, other in product(place, place):
        leverage += inverse[one, other]
    return drawn - np.sum([told[part] for part in place], axis=0), leverage


def _added_up(part: IntArray, column: _Complex, parts: int) -> _Complex:
    """(parts,) the sums of a column (n,) over each part."""
    return np.bincount(part, column.real, parts) + 1j * np.bincount(part, column.imag, parts)


def _adds_up_to_nothing(rest: _Complex, size: IntArray) -> bool:
    """Whether up to four of these do, plus or minus, of fewer than five people: where one is
    nothing, or one or two are the same as another one or two.
    """
    if not len(rest) or np.any(np.abs(rest) < _NOTHING):
        return bool(len(rest))
    first, second = np.array([*combinations(range(len(rest)), 2)], np.int64).reshape(-1, 2).T
    few = size[first] + size[second] < LEAST
    first, second = first[few], second[few]
    amount = np.concatenate((rest, rest[first] + rest[second], rest[first] - rest[second]))
    people = np.concatenate((size, np.tile(size[first] + size[second], 2)))
    amount = np.where(amount.real < 0, -amount, amount)
    order = np.argsort(amount)  # by the real part first
    same = np.abs(np.diff(amount[order])) < _NOTHING
    cluster = np.concatenate(([0], np.cumsum(~same)))
    people = people[order][np.lexsort((people[order], cluster))]
    return bool(np.any(same & (people[1:] + people[:-1] < LEAST)))
