"""Read a YAML or JSON file of settings: nothing that is said twice is lost in silence."""

from pathlib import Path
from typing import Any, override

import yaml

from service.cli.failure import Failure


class _EachNameOnce(yaml.SafeLoader):
    """YAML's own reader takes the last of several equal names and forgets the others."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key: Any = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if isinstance(key, str | int | float) and seen.setdefault(key, line) != line:
                raise yaml.YAMLError(f"{key!r} stands in line {seen[key]} and again in line {line}")
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """What the file says; raises Failure where it cannot be read, or says a name twice."""
    try:
        return yaml.load(path.read_bytes(), Loader=_EachNameOnce)  # noqa: S506 - a safe loader
    except OSError as reason:
        raise Failure(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except (yaml.YAMLError, UnicodeDecodeError) as reason:
        raise Failure(f"{path} is neither JSON nor YAML: {reason}") from reason
    except RecursionError:
        raise Failure(f"{path} is neither JSON nor YAML: it is nested too deeply.") from None
