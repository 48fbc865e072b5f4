"""Bodies as callers might send them, beside the schemas that they have.

    @examples({"For the CRM's nightly sync": {"name": "nightly sync", "role": "integration"}})
    class KeyIn(InputModel): …

The OpenAPI document, and so /docs, shows them under these names; a test sends each to the running
service. Together they tell one story, that of the small company of `service/roster/example.py`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

type Examples = Mapping[str, Any]
"""Values by what they are examples of, in words."""

_ATTRIBUTE: Final = "__examples__"


def examples[T: type](bodies: Examples) -> Callable[[T], T]:
    """Of a model or TypedDict that is read as a body; classes made of it have none of these."""

    def keep(schema: T) -> T:
        setattr(schema, _ATTRIBUTE, bodies)
        return schema

    return keep


def examples_of(schema: type) -> Examples:
    """Empty where none were given."""
    found: Examples = vars(schema).get(_ATTRIBUTE, {})
    return found


def shown(bodies: Examples) -> dict[str, Any]:
    """As the `examples` of a media type."""
    return {name: {"value": body} for name, body in bodies.items()}
