"""`lapis help`: the list of topics, pages as a terminal shows them, and what was meant."""

import io
from pathlib import Path

import pytest
from rich.cells import cell_len

from desktop.base.paths import resources
from desktop.base.translation import Translator
from desktop.config.help_texts import read_pages
from desktop.domain.help_page import TOPICS, HelpPage
from desktop.domain.settings import Language
from desktop.services.help_search import HelpHit, nearest_topics, search_help
from desktop.terminal.commandline import parse
from desktop.terminal.errors import UsageError
from desktop.terminal.help_markdown import help_lines
from desktop.terminal.help_topics import show_help
from desktop.terminal.orders import HelpOrder
from desktop.terminal.output import Screen, Style

LOCALE = resources() / "locale"
PAGES = (
    HelpPage(
        "models", "Models", "Finding them.", "## Where?\n\nAt the hub.\n\n## A token?\n\nYes.\n"
    ),
    HelpPage("keys", "Keys", "All keys.", "Ctrl+N\n\n## In a chat\n\nThe token counts.\n"),
)


def shown(topic: str, language: Language = Language.ENGLISH) -> str:
    screen = Screen(io.StringIO(), io.StringIO())
    assert show_help(topic, Translator(language, LOCALE), screen) == 0
    assert isinstance(screen.out, io.StringIO)
    return screen.out.getvalue()


def plain(markdown: str, width: int = 40) -> list[str]:
    lines = help_lines(markdown, width, colours=False)
    return ["".join(text for text, _ in line) for line in lines]


def test_the_command_takes_a_topic_or_none() -> None:
    words = Translator(Language.ENGLISH, Path("nowhere"))
    assert parse(["help"], words) == HelpOrder("")
    assert parse(["help", "popup"], words) == HelpOrder("popup")
    assert parse(["help", "graphics", "card"], words) == HelpOrder("graphics card")


def test_without_a_topic_it_lists_all_with_a_line_each() -> None:
    lines = shown("").splitlines()

    assert [line.split()[0] for line in lines[: len(TOPICS)]] == list(TOPICS)
    assert all(len(line.split()) > 3 for line in lines[: len(TOPICS)])
    assert "lapis help TOPIC" in lines[-1]


@pytest.mark.parametrize("language", [Language.ENGLISH, Language.CHINESE])
@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_fits_into_eighty_cells_but_for_its_code(topic: str, language: Language) -> None:
    text = shown(topic, language)

    wide = [line for line in text.splitlines() if cell_len(line) > 80]
    assert all(line.startswith("    ") for line in wide), wide
    assert not any(mark in text for mark in ("**", "```", "](", "<!--", "|--"))


def test_it_speaks_the_language_of_the_interface() -> None:
    assert shown("keys").startswith("Keys\n")
    assert shown("KEYS", Language.CHINESE).startswith("快捷键\n")


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("gpu", "fit (Is my graphics card (GPU) used?), trouble ("),
        ("hotkey", "popup ("),
        ("nonsense", "trouble (The answers are nonsense). Type, for example: lapis help trouble"),
        ("graphics card", "lapis help fit"),
        ("serve", "lapis serve --help"),
        ("快捷键", "keys"),
        ("modles", "models"),
        ("priv", "privacy"),
        ("doctor", "lapis doctor --help"),
        ("zebra", "lapis help"),
    ],
)
def test_an_unknown_topic_names_what_is_nearest(topic: str, hint: str) -> None:
    language = Language.ENGLISH if topic.isascii() else Language.CHINESE
    with pytest.raises(UsageError) as caught:
        shown(topic, language)
    assert topic in str(caught.value.title)
    assert hint in str(caught.value.hint)


def test_nearest_topics_are_few_and_the_likeliest_first() -> None:
    assert nearest_topics("t") == ("terminal", "trouble")
    assert nearest_topics("server")[0] == "servers"
    assert nearest_topics("") == ()


def test_paragraphs_break_at_words_and_between_chinese_signs() -> None:
    assert plain("one two three four", 9) == ["one two", "three", "four", ""]
    assert plain("一二三四，五六", 8) == ["一二三", "四，五六", ""]


def test_items_hang_and_code_stands_as_it_is() -> None:
    assert plain("- one two three", 12) == ["  • one two", "    three", ""]
    assert plain("1. one two three", 12) == ["  1. one two", "     three", ""]
    assert plain("```sh\n# no heading  |\n```", 8) == ["    # no heading  |", ""]


def test_links_say_how_to_get_there_and_inline_code_stays_whole() -> None:
    assert plain("See [Keys](keys.en.md).", 80)[0] == "See Keys (`lapis help keys`)."
    assert plain("Type `lapis models ls` now", 20) == ["Type", "`lapis models ls`", "now", ""]


def test_a_wide_table_goes_on_below_itself() -> None:
    table = "| key | does |\n|---|---|\n| E | explains what is selected |\n| Ctrl | 一二三四五六七八九十 |"

    assert plain(table, 20) == [
        "key   does",
        "E     explains what",
        "      is selected",
        "Ctrl  一二三四五六七",
        "      八九十",
        "",
    ]


def test_looks_are_runs_of_a_line_and_go_on_over_its_end() -> None:
    lines = list(help_lines("a **bold word** and `code`", 8, colours=True))

    assert lines == [
        (("a ", Style.PLAIN), ("bold", Style.STRONG)),
        (("word", Style.STRONG), (" and", Style.PLAIN)),
        (("code", Style.ACCENT),),
        (),
    ]


def test_a_search_finds_parts_that_hold_all_words_headings_first() -> None:
    models, keys = PAGES

    assert search_help(PAGES, "TOKEN") == (HelpHit(models, "A token?"), HelpHit(keys, "In a chat"))
    assert search_help(PAGES, "keys ctrl") == (HelpHit(keys, ""),)
    assert search_help(PAGES, "token hub") == ()
    assert search_help(PAGES, "  ") == ()


def test_a_search_in_chinese_needs_no_spaces() -> None:
    hits = search_help(read_pages(Language.CHINESE), "镜像站")

    assert hits[0].page.topic == "models"
    assert "镜像站" in hits[0].heading
