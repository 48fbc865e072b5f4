"""A call answers in the format that its caller likes best."""

import pytest

from service.kit.negotiation import preferred

OFFERED = ("application/json", "text/csv")
JSON, CSV = OFFERED


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("text/*", CSV),
        ("text/csv, */*;q=0.1", CSV),
        ("text/csv;q=0.5, application/json", JSON),
        ("text/csv, application/json", JSON),  # equally welcome: the first that is offered
        ("text/csv;q=0.3, text/*;q=0.9, application/json;q=0.5", JSON),  # the closest range counts
        ("*/*, application/json;q=0", CSV),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", JSON),  # Java's own
        ("text/csv;q=0", None),
        ("application/xml", None),
        ("text/csv;q=2", None),
        ("text/csv;q=a, application/json;q=0.1", JSON),
        (",;,", None),
    ],
)
def test_the_most_welcome_format_is_taken(accept: str, format_: str | None) -> None:
    assert preferred(accept, OFFERED) == format_
