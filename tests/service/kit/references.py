"""References inside the OpenAPI document."""

from typing import Any


def followed(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The part itself, where it is only referred to."""
    if (reference := part.get("$ref")) is None:
        return part
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)
