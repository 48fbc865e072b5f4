"""The pages of the guide, and the examples that they show."""

import json
import re
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[3] / "docs" / "guide"


def guide(name: str) -> str:
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8")


def examples(page: str, language: str = "json") -> list[str]:
    """The blocks of one language, in the order of the page."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def documents(page: str) -> list[Any]:
    """What the JSON of the page says."""
    return [json.loads(shown) for shown in examples(page)]


def holds(shown: Any, told: Any) -> bool:
    """Whatever is shown is told, among other things."""
    if isinstance(shown, dict):
        return all(holds(value, told[name]) for name, value in shown.items())
    if isinstance(shown, list):
        return len(shown) == len(told) and all(map(holds, shown, told))
    return bool(shown == told)
