"""The policy in a file: JSON or YAML, its shape checked as the API checks it."""

import json
from pathlib import Path
from typing import Any

from service.cli.failure import Failure, listed
from service.cli.yaml_file import as_written, read_yaml
from service.kit.documents import DocumentReader
from service.kit.errors import InvalidInput, MalformedBody
from service.plans.policy import PolicyBody

type Document = dict[str, Any]

_IDS = frozenset({"id", "reps", "unit", "cohort"})
"""Members of a policy's rules that hold ids."""


def read_policy(path: Path | None) -> Document:
    """The policy in a JSON or YAML file as the API takes it; the default one without a file."""
    if path is None:
        return {}
    if not path.exists():
        raise Failure(f"--policy wants a file, JSON or YAML: there is no {path}.")
    content = read_yaml(path)
    if isinstance(content, dict) and "policy" in content:
        raise Failure(
            f"{path}: it is a plan, not a policy. Put what stands under `policy` into a file of "
            "its own, and state the rest by --target, --period, --currency and --increment."
        )
    return policy_of(content, str(path))


def policy_of(content: Any, name: str) -> Document:
    """The policy that a file says, its shape checked as the API checks it."""
    try:
        # Python's own writer says NaN, which is then refused.
        said = json.dumps({} if content is None else _ids_as_texts(content)).encode()
        body: Document = DocumentReader(PolicyBody).parse(said)  # type: ignore[assignment]
    except InvalidInput as faults:
        raise listed(
            [f"{name}{fault.pointer}: {fault.detail}" for fault in faults.faults]
        ) from None
    except (MalformedBody, TypeError, ValueError) as reason:
        raise Failure(f"{name}: {reason}") from reason
    except RecursionError:
        raise Failure(f"{name}: it contains itself, or is nested too deeply.") from None
    return body


def _ids_as_texts(content: Any) -> Any:
    """The same with texts where ids stand: 1001 without quotes is a number in YAML."""
    if isinstance(content, list):
        return [_ids_as_texts(item) for item in content]
    if not isinstance(content, dict):
        return content
    found = {name: _ids_as_texts(item) for name, item in content.items()}
    for name in _IDS & found.keys():
        item = found[name]
        found[name] = [*map(as_written, item)] if isinstance(item, list) else as_written(item)
    return found
