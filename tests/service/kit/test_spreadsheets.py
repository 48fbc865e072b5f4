"""Texts in CSV neither run as formulas nor become another text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kit.spreadsheets import defused, restored

RUN = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
TEXTS = st.text("".join(RUN) + "'a", max_size=5)


@given(TEXTS)
def test_a_defused_text_is_no_formula_and_can_be_restored(text: str) -> None:
    cell = defused(text)

    assert isinstance(cell, str)
    assert not cell.startswith(RUN)
    assert restored(cell) == text


@pytest.mark.parametrize("text", ["", "ann", "'ann", "a=b", "''"])
def test_a_text_that_is_no_formula_stays(text: str) -> None:
    assert (defused(text), restored(text)) == (text, text)
