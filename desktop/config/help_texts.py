"""The pages of help among the resources, in the language of the interface. Any thread."""

from pathlib import Path
from typing import Final

from desktop.base.paths import resources
from desktop.domain.errors import UserFixable
from desktop.domain.help_page import TOPICS, HelpPage, page_file, read_help
from desktop.domain.settings import Language
from desktop.domain.text import Text

__all__ = ["FOLDER", "HelpMissing", "read_page", "read_pages"]

FOLDER: Final = "help"


class HelpMissing(UserFixable):
    """The pages did not come along with this Lapis, or cannot be read."""

    def __init__(self) -> None:
        super().__init__(
            Text("The help pages are missing"), Text("Installing Lapis anew brings them.")
        )


def read_page(topic: str, language: Language, folder: Path | None = None) -> HelpPage:
    """Return one of `TOPICS` in `language`, which is not SYSTEM; raises HelpMissing."""
    place = (folder or resources() / FOLDER) / page_file(topic, language.value)
    try:
        return read_help(topic, place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HelpMissing from error


def read_pages(language: Language, folder: Path | None = None) -> tuple[HelpPage, ...]:
    """Return all of them, in the order of `TOPICS`; raises HelpMissing if one did not come along."""
    return tuple(read_page(topic, language, folder) for topic in TOPICS)
