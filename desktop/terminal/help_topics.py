"""`lapis help`: the list of topics, and each of them as a page. Main thread."""

from typing import Final

from desktop.base.translation import Translator
from desktop.config.help_texts import read_page, read_pages
from desktop.domain.help_page import TOPICS
from desktop.domain.text import Text
from desktop.services.help_search import nearest_topics, search_help
from desktop.terminal.errors import EXIT_OK, UsageError
from desktop.terminal.help_markdown import help_lines
from desktop.terminal.misread import is_command
from desktop.terminal.output import Screen, columns
from desktop.terminal.tables import print_prose, print_rows

__all__ = ["show_help"]

_WIDEST: Final = 88
_MOST_FOUND: Final = 3


def show_help(topic: str, words: Translator, screen: Screen) -> int:
    """Print the page of `topic` in the language of `words`, or the list of all; the exit code.

    Raises UsageError if there is no such topic, HelpMissing if the pages did not come along.
    """
    if topic:
        _show_page(topic.casefold(), words, screen)
    else:
        _show_list(words, screen)
    return EXIT_OK


def _show_list(words: Translator, screen: Screen) -> None:
    print_rows([(page.topic, page.summary) for page in read_pages(words.language)], screen)
    screen.line()
    print_prose(
        words.say(
            "lapis help TOPIC shows a page; lapis COMMAND --help lists what a command takes."
        ),
        screen,
    )


def _show_page(topic: str, words: Translator, screen: Screen) -> None:
    if topic not in TOPICS:
        raise _unknown(topic, words)
    page = read_page(topic, words.language)
    width = min(columns(screen.out), _WIDEST)
    for line in help_lines(page.markdown, width, colours=screen.out_colours):
        screen.runs(line)


def _unknown(topic: str, words: Translator) -> UsageError:
    """Return what may have been meant: a command, a topic of a like name, or parts with the word."""
    title = Text("There is no help on {topic}", {"topic": topic})
    if is_command(topic):
        values = {"command": f"lapis {topic}"}
        return UsageError(title, Text("{command} --help lists what can be given.", values))
    if near := nearest_topics(topic):
        return UsageError(title, Text("Did you mean {others}?", {"others": tuple(near)}))
    if hits := search_help(read_pages(words.language), topic):
        # The heading tells whether the word is what a part is about, or only stands in it.
        found: dict[str, str] = {}
        for hit in hits:
            found.setdefault(hit.page.topic, hit.heading or hit.page.title)
        places = [f"{page} ({heading})" for page, heading in found.items()][:_MOST_FOUND]
        return UsageError(
            title,
            Text(
                "The word is in {others}. Type, for example: {command}",
                {"others": tuple(places), "command": f"lapis help {next(iter(found))}"},
            ),
        )
    return UsageError(title, Text("lapis help lists the topics."))
