"""What sentences about the targets of units have in common."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.web.figures import Figures
from service.web.i18n import Language

UNITS_TOLD: Final = 4
"""The targets told one by one, the company's first; the others are counted."""

type Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnitWords:
    """Sentences for one reader, which call units by their names."""

    language: Language
    figures: Figures
    unit_name: Callable[[str | None], str]

    def more_units(self, count: int) -> Iterator[str]:
        """That so many are not told."""
        if count:
            yield self.language.ngettext(
                "And %(count)s more unit with a target of its own.",
                "And %(count)s more units with targets of their own.",
                count,
                count=self.figures.count(count),
            )

    def reps(self, count: int) -> str:
        shown = self.figures.count(count)
        return self.language.ngettext("%(count)s rep", "%(count)s reps", count, count=shown)
