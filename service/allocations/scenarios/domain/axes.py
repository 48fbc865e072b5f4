"""The scenarios of a request: every policy that is named, under every combination of the grid.

    policy of a scenario = base_policy, then what its named policy says, then its values of the grid

The last axis moves fastest. A target is an axis as well. Every value keeps the place that it was
sent at, so that a fault in a policy is told there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final

from service.kit.errors import Fault, pointer

type Body = Mapping[str, Any]
type Path = tuple[str | int, ...]

MOST: Final = 100
"""Scenarios of one request."""
_LONGEST: Final = 40
"""Characters of a value in a name."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One policy to solve the inputs under."""

    number: int
    name: str
    values: Mapping[str, Any]
    """What tells it apart: its value of each axis, and under `policy` the name of its policy."""
    policy: Mapping[str, Any]
    """A whole `PolicyBody`."""
    target: Any
    """As it was sent; None: that of the inputs."""
    places: Mapping[str, Path]
    """Where each parameter of the policy, and the target, stand in the request."""

    def placed(self, fault: Fault) -> Fault:
        """A fault in `/policy/…` at the place of the parameter in the request."""
        _, _, rest = fault.pointer.partition("/policy/")
        name, slash, below = rest.partition("/")
        path = self.places.get(name)
        if not fault.pointer.startswith("/policy/") or path is None:
            return fault
        return Fault(pointer(path) + slash + below, fault.detail, fault.value)


def count(body: Body) -> int:
    """How many scenarios a request makes."""
    return len(body.get("policies") or (None,)) * prod(len(axis) for _, axis in _axes(body))


def scenarios(body: Body) -> Iterator[Scenario]:
    """All of them, in order; `body` has the shape of `ScenariosIn`."""
    base = {k: v for k, v in (body.get("base_policy") or {}).items() if v is not None}
    axes = _axes(body)
    number = 0
    for place, named in enumerate(body.get("policies") or (None,)):
        own = (named or {}).get("policy") or {}
        for chosen in product(*(range(len(values)) for _, values in axes)):
            number += 1
            picked = {name: values[k] for (name, values), k in zip(axes, chosen, strict=True)}
            of_policy = {name: value for name, value in picked.items() if name != "target"}
            places: dict[str, Path] = {name: ("base_policy", name) for name in base}
            places |= {name: ("policies", place, "policy", name) for name in own}
            places |= {
                name: ("target", k) if name == "target" else ("grid", name, k)
                for (name, _), k in zip(axes, chosen, strict=True)
            }
            values = ({"policy": named["name"]} if named else {}) | picked
            yield Scenario(
                number=number,
                name=_name(values),
                values=values,
                policy={**base, **own, **of_policy},
                target=picked.get("target"),
                places=places,
            )


def _axes(body: Body) -> list[tuple[str, Sequence[Any]]]:
    axes = [*(body.get("grid") or {}).items()]
    targets = body.get("target")
    return [*axes, ("target", targets)] if targets else axes


def _name(values: Mapping[str, Any]) -> str:
    told = (
        str(value) if name == "policy" else f"{name} {_shown(value)}"
        for name, value in values.items()
    )
    return ", ".join(told) or "the policy"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
