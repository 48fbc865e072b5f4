"""Texts in CSV neither run as formulas nor become another text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kit.spreadsheets import defused, restored

TEXTS = st.text("'=+-@a\t", max_size=5)


@given(TEXTS)
def test_a_defused_text_is_no_formula_and_can_be_restored(text: str) -> None:
    cell = defused(text)

    assert isinstance(cell, str)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert restored(cell) == text


@pytest.mark.parametrize("text", ["", "ann", "'ann", "a=b", "''"])
def test_a_text_that_is_no_formula_stays(text: str) -> None:
    assert (defused(text), restored(text)) == (text, text)
