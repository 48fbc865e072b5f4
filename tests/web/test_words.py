"""What the pages say is said in words, never in the names that programs use."""

from dataclasses import replace
from typing import get_args

import pytest

from service.web.figures import Figures
from service.web.i18n import language
from service.web.words import Words
from solver.policy import Fairness
from tests.web.builders import a_rep, a_version


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_idea_of_fairness_has_its_words(code: str) -> None:
    reader = language(code)
    words = Words(
        reader, Figures.of(reader.locale, "EUR", 2, [110_00]), a_version([a_rep("ada")]), {}
    )

    said = {
        name: replace(words, version=a_version([a_rep("ada")], fairness=name)).same_effort()
        for name in get_args(Fairness)
    }

    assert len(set(said.values())) == len(said)
    assert [name for name, sentence in said.items() if name in sentence] == []
