"""Choices that are drawn many times.

Hypothesis looks a strategy over before its first draw, which takes longer than to draw. So those
that are named in the middle of a drawing are kept here, and parts are drawn by functions.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st


@cache
def some_of(values: tuple[Any, ...]) -> st.SearchStrategy[list[Any]]:
    """At least one of these plain values, none of them twice."""
    return st.lists(st.sampled_from(values), min_size=1, unique=True)


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    """One of these plain values, the first of which is the simplest."""
    return _kept(values, tuple(map(type, values)))


@cache
def _kept(values: tuple[Any, ...], _types: tuple[type, ...]) -> st.SearchStrategy[Any]:
    """By type, too: 1 and 1.0 are equal, and not the same to draw."""
    return st.sampled_from(values)
