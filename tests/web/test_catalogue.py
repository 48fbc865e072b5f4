"""The Chinese catalogue is whole: nothing untranslated, nothing left over, nothing broken."""

import re
from pathlib import Path

import pytest
import yaml
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from service.cli.demo import NOTES
from service.kit.resources import examples_folder
from service.web import i18n

WEB = Path(i18n.__file__).parent
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "say": None, "gettext": None, "ngettext": (1, 2), "plural": (1, 2)}

type Source = str | tuple[str, ...]


@pytest.fixture(scope="module")
def said() -> set[Source]:
    """Every message of the pages' source."""
    found = extract_from_dir(str(WEB), METHODS, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with (i18n.CATALOGUES / "zh.po").open("rb") as source:
        return read_po(source, locale="zh_Hans_CN", abort_invalid=True)


def test_every_message_is_translated_and_none_is_left_over(
    said: set[Source], chinese: Catalog
) -> None:
    own = [message for message in chinese if message.id and not message.context]
    translated = {message.id for message in own if said_in(message)}

    assert len(said) > 80
    assert said - translated == set()
    assert translated - said == set()


def test_the_examples_are_called_as_their_plans_say(chinese: Catalog) -> None:
    plans = [
        yaml.safe_load(file.read_text(encoding="utf-8"))["name"]
        for file in examples_folder().glob("*/plan.yaml")
    ]
    named = {message.id: said_in(message) for message in chinese if message.context == "example"}

    assert len(plans) == 3
    assert {name["en"]: name["zh"] for name in plans}.items() <= named.items()
    assert set(named) == {name["en"] for name in plans} | set(NOTES.values())
    assert i18n.language("zh").example(plans[0]["en"]) == plans[0]["zh"]
    assert i18n.language("en").example(plans[0]["en"]) == plans[0]["en"]
    assert i18n.language("zh").example("FY27") == "FY27"


def test_no_translation_is_a_guess(chinese: Catalog) -> None:
    assert [message.id for message in chinese if message.id and message.fuzzy] == []


def test_translations_keep_the_places_of_the_facts(chinese: Catalog) -> None:
    for message in chinese:
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        assert sorted(places(source)) == sorted(places(said_in(message))), source


def said_in(message: Message) -> str:
    """The Chinese of a message; Chinese has no plural."""
    said = message.string or ""
    return said if isinstance(said, str) else said[0]


def places(text: str) -> list[str]:
    return re.findall(r"%\(\w+\)s|%%", text)


@pytest.mark.parametrize(
    ("asked", "remembered", "accept_language", "spoken"),
    [
        (None, None, None, "en"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "zh-TW", "zh"),
        (None, None, "fr-FR, en;q=0.1, zh;q=0.5", "zh"),
        (None, None, "zh;q=0, de", "en"),
        (None, None, "zh;q=nonsense,;;,=", "en"),
        (None, "zh", "en", "zh"),
        ("en", "zh", "zh", "en"),
        ("klingon", "klingon", "zh", "zh"),
    ],
)
def test_the_address_goes_before_the_memory_and_that_before_the_browser(
    asked: str | None, remembered: str | None, accept_language: str | None, spoken: str
) -> None:
    assert i18n.choose(asked, remembered, accept_language).code == spoken
