"""Which language a page speaks, and its words.

English is the language of the source; Chinese comes from the catalogue `locale/zh.po`, which is
compiled when it is first needed. Choice: `?lang=` in the address, else the cookie that remembers an
earlier choice, else the browser's Accept-Language, else English.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from service.kit.languages import preferred_language

CATALOGUES: Final = Path(__file__).with_name("locale")
COOKIE: Final = "fairquota_lang"

_LOCALES: Final[Mapping[str, Locale]] = {
    "en": Locale("en", "US"),
    "zh": Locale("zh", "CN", script="Hans"),
}
NAMES: Final[Mapping[str, str]] = {"en": "English", "zh": "中文"}


@dataclass(frozen=True, slots=True)
class Language:
    """A language with its words and its way to write numbers and dates."""

    code: str
    locale: Locale
    translations: NullTranslations

    @property
    def tag(self) -> str:
        """What the `lang` attribute of a page says."""
        return "zh-Hans" if self.code == "zh" else self.code

    def gettext(self, message: str, **values: object) -> str:
        said = self.translations.gettext(message)
        return said % values if values else said

    def example(self, text: str) -> str:
        """The name of a bundled example, or the note on its data; any other text as it is."""
        return str(self.translations.pgettext("example", text))

    def ngettext(self, one: str, many: str, num: int, **values: object) -> str:
        said = self.translations.ngettext(one, many, num)
        return said % values


@cache
def language(code: str) -> Language:
    """The language with this code; a KeyError for one that the pages do not speak."""
    locale = _LOCALES[code]
    catalogue = CATALOGUES / f"{code}.po"
    if not catalogue.exists():
        return Language(code, locale, NullTranslations())
    compiled = BytesIO()
    with catalogue.open("rb") as source:
        write_mo(compiled, read_po(source, locale=locale))
    compiled.seek(0)
    return Language(code, locale, Translations(compiled))


def choose(asked: str | None, remembered: str | None, accept_language: str | None) -> Language:
    for code in (asked, remembered):
        if code in _LOCALES:
            return language(code)
    return language(preferred_language(accept_language or "", _LOCALES))
