"""What pages call the states of a version."""

from service.web.i18n import Language


def status_word(language: Language, status: str) -> str:
    say = language.gettext
    return {
        "draft": say("draft"),
        "submitted": say("submitted"),
        "approved": say("approved"),
        "published": say("published"),
        "superseded": say("superseded"),
    }.get(status, status)
