"""Read a YAML or JSON file of settings: nothing that is said is lost or made into something else.

Plain texts mean what YAML 1.2 says, which JSON and this file's readers agree on: true, false, null
and numbers, 1e-3 among them. Dates, times, `no`, `on` and `0x1f` are texts. Names of members are
texts in any case, and so may be what stands in other places: a number knows how it was written.
"""

import re
from pathlib import Path
from typing import Any, Final, override

import yaml

from service.cli.failure import Failure

_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?[0-9][0-9_]*", [*"-+0123456789"]),
    ("float", r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", [*"-+."]),
    ("merge", r"<<", ["<"]),
)
"""What a text without quotes is: a tag, the pattern of the whole text, its first characters."""


class Whole(int):
    """A whole number, and how it was written: 0042 may be somebody's id."""

    written: str


class Measured(float):
    """The same of a number with decimals or an exponent."""

    written: str


def as_written(value: Any) -> Any:
    """A number of a file as the text it stands there as; anything else as it is."""
    return value.written if isinstance(value, Whole | Measured) else value


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """YAML's own reader takes the last of several equal names and forgets the others."""
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
                continue
            key.tag, line = f"{_TAG}str", key.start_mark.line + 1
            if seen.setdefault(key.value, line) != line:
                lines = f"line {seen[key.value]} and again in line {line}"
                raise yaml.YAMLError(f"{key.value!r} stands in {lines}")
        return super().construct_mapping(node, deep)


def _whole(_: _Loader, node: yaml.ScalarNode) -> Whole:
    found = Whole(node.value.replace("_", ""))
    found.written = node.value
    return found


def _measured(_: _Loader, node: yaml.ScalarNode) -> Measured:
    text = node.value.replace("_", "").lower()
    found = Measured(text.replace(".inf", "inf").replace(".nan", "nan"))
    found.written = node.value
    return found


for _name, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"^(?:{_pattern})$"), _first)
_Loader.add_constructor(f"{_TAG}int", _whole)
_Loader.add_constructor(f"{_TAG}float", _measured)


def _in_a_line(reason: Exception) -> str:
    """Without the excerpt, which shows nothing where a file ends too soon."""
    if not isinstance(reason, yaml.MarkedYAMLError) or reason.problem_mark is None:
        return str(reason).partition("\n")[0]
    mark, problem = reason.problem_mark, reason.problem or reason.context or ""
    problem = problem.replace("'<stream end>'", "the end of the file")
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def read_yaml(path: Path) -> Any:
    """What the file says; raises Failure where it cannot be read, or says a name twice."""
    try:
        return yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 - a safe loader
    except OSError as reason:
        raise Failure(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except (yaml.YAMLError, ValueError) as reason:
        raise Failure(f"{path} is neither JSON nor YAML: {_in_a_line(reason)}") from reason
    except RecursionError:
        raise Failure(f"{path} is neither JSON nor YAML: it is nested too deeply.") from None
