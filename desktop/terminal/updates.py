"""`lapis updates`: asks whether there is a newer version, and says what is known. Main thread."""

import json
from typing import Protocol

from desktop.base.translation import Translator
from desktop.domain.distribution import Kind
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.domain.updates import News, Standing
from desktop.services.update_words import standing_words
from desktop.terminal.errors import EXIT_OK
from desktop.terminal.output import Screen, Style
from desktop.terminal.tables import print_prose


class Asking(Protocol):
    """The part of `services.updates.Updates` that this needs."""

    @property
    def hindrance(self) -> Text | None:
        """Why nobody can be asked."""
        ...

    @property
    def host(self) -> str:
        """Who is asked."""
        ...

    @property
    def kind(self) -> Kind:
        """The form that this Lapis was given out in."""
        ...

    @property
    def version(self) -> str:
        """The version that runs."""
        ...

    def ask(self) -> Standing:
        """Ask now; raises LapisError."""
        ...


def tell_updates(updates: Asking, words: Translator, screen: Screen, *, as_json: bool) -> int:
    """Ask where that is possible, and print what is known; return the exit code.

    Raises a LapisError if the question came to nothing. As JSON it is in English, for programs.
    """
    standing = Standing()
    if updates.hindrance is None:
        screen.status.allow()
        screen.status.show(words.say("Asking {host}…", host=updates.host))
        standing = updates.ask()
        screen.status.clear()
    if as_json:
        screen.line(_as_json(updates, standing))
    elif updates.hindrance is not None:
        print_prose(words.say(updates.hindrance), screen)
    else:
        _show(updates, standing, words, screen)
    return EXIT_OK


def _show(updates: Asking, standing: Standing, words: Translator, screen: Screen) -> None:
    news = standing.news
    screen.line(words.say(standing_words(standing, updates.version)), Style.STRONG)
    if standing.is_newer and news is not None:
        for line in news.note(words.language.value).splitlines():
            print_prose(line, screen)
        for file in news.files:
            if file.kind == updates.kind:
                screen.line(f"  {file.name}  {sized(file.size)}")
        screen.line(news.page, Style.ACCENT)
    if standing.remark is not None:
        screen.note(words.say(standing.remark))


def _as_json(updates: Asking, standing: Standing) -> str:
    said: dict[str, object] = {
        "version": updates.version,
        "newer": standing.is_newer,
        "hindrance": None if updates.hindrance is None else str(updates.hindrance),
        "remark": None if standing.remark is None else str(standing.remark),
        "newest": None if standing.news is None else _told(standing.news),
    }
    return json.dumps(said, indent=2)


def _told(news: News) -> dict[str, object]:
    return {
        "version": news.version,
        "serial": news.serial,
        "issued": news.issued.isoformat(),
        "expires": news.expires.isoformat(),
        "page": news.page,
        "notes": dict(news.notes),
        "files": [
            {"name": file.name, "size": file.size, "sha256": file.sha256, "kind": file.kind}
            for file in news.files
        ],
    }
