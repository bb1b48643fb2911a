"""The pages of help: complete in both languages, alike in shape, and true where that can be read."""

import gettext
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.base.translation import Translator
from desktop.config.help_texts import FOLDER, HelpMissing, read_page, read_pages
from desktop.domain.help_page import TOPICS, linked_topic, page_file, read_help
from desktop.domain.settings import Language
from desktop.terminal.commandline import parse
from installers.bundle.contents import ROOT, read_contents

HELP = ROOT / "resources" / FOLDER
ENGLISH = Translator(Language.ENGLISH, Path("nowhere"))
LANGUAGES = (Language.ENGLISH, Language.CHINESE)
EVERY_PAGE = [(topic, language) for topic in TOPICS for language in LANGUAGES]

MARK = re.compile(r"<!-- /?readme -->")
# All that `terminal.help_markdown` can show; a paragraph is one line, whatever its length.
LINES = re.compile(
    r"#{1,2} \S.*|- \S.*|[0-9]\. \S.*|\|.*\||[^\s#|<>*!-].*|\*\*.*|<!-- /?readme -->|"
)
BOLD = re.compile(r"\*\*(.+?)\*\*")
CODE = re.compile(r"`([^`]+)`")
CHORD = re.compile(r"(Ctrl|Alt|Shift)\+\S+")
# What is bold and no word of the window: other systems' words, signs, and names.
NO_WORDS = {"⋯", "+", "Windows", "macOS", "Apps", "应用"}
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]")


def source(topic: str, language: Language) -> str:
    return (HELP / page_file(topic, language.value)).read_text(encoding="utf-8")


def blocks(page: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each fenced block with its language; under "" the lines around them."""
    prose: list[str] = []
    code: list[str] | None = None
    name = ""
    for line in page.splitlines():
        if line.startswith("```"):
            if code is None:
                code, name = [], line.removeprefix("```")
            else:
                yield name, code
                code = None
        elif code is not None:
            code.append(line)
        else:
            prose.append(line)
    assert code is None, "a fence that is never closed"
    yield "", prose


def prose(topic: str, language: Language) -> list[str]:
    return next(lines for name, lines in blocks(source(topic, language)) if not name)


def shape(line: str) -> str:
    """Return what kind of line this is, so that two languages can be compared."""
    if MARK.fullmatch(line):
        return line
    return line.count("|") * "|" or re.match(r"#*|- |[0-9]", line)[0] or ("text" if line else "")  # type: ignore[index]


def words_of_the_window(topic: str, language: Language) -> set[str]:
    found = {
        part.strip()
        for line in prose(topic, language)
        for bold in BOLD.findall(line)
        for part in bold.split("▸")
    }
    return {word for word in found - NO_WORDS if not CHORD.match(word)}


def test_every_topic_has_a_page_in_both_languages_and_nothing_else_lies_there() -> None:
    wanted = {page_file(topic, language.value) for topic, language in EVERY_PAGE}

    assert {file.name for file in HELP.iterdir()} == wanted
    for language in LANGUAGES:
        assert [page.topic for page in read_pages(language)] == list(TOPICS)


def test_the_bundle_carries_every_page() -> None:
    carried = {name for _, name in read_contents().resource_files(ROOT / "resources")}

    assert {f"{FOLDER}/{page_file(topic, lang.value)}" for topic, lang in EVERY_PAGE} <= carried


@pytest.mark.parametrize(("topic", "language"), EVERY_PAGE)
def test_a_page_is_made_of_what_the_terminal_can_show(topic: str, language: Language) -> None:
    odd = [line for line in prose(topic, language) if not LINES.fullmatch(line)]

    assert odd == []
    assert 30 <= len(source(topic, language).splitlines()) <= 70


@pytest.mark.parametrize("topic", TOPICS)
def test_both_languages_have_the_same_parts_in_the_same_order(topic: str) -> None:
    english, chinese = (list(blocks(source(topic, language))) for language in LANGUAGES)

    assert [name for name, _ in english] == [name for name, _ in chinese]
    assert [len(lines) for _, lines in english] == [len(lines) for _, lines in chinese]
    assert [shape(line) for line in english[-1][1]] == [shape(line) for line in chinese[-1][1]]


@pytest.mark.parametrize(("topic", "language"), EVERY_PAGE)
def test_links_lead_to_pages_in_the_same_language(topic: str, language: Language) -> None:
    for address in re.findall(r"\]\(([^)]*)\)", source(topic, language)):
        assert linked_topic(address) not in {"", topic}, address
        assert address == page_file(linked_topic(address), language.value)


@pytest.mark.parametrize("topic", TOPICS)
def test_chinese_is_written_with_full_width_marks(topic: str) -> None:
    lines = [CODE.sub("`x`", line) for line in prose(topic, Language.CHINESE)]
    lines = [re.sub(r"\]\([^)]*\)", "]", line) for line in lines]

    assert [line for line in lines if HALF_WIDTH.search(line)] == []


@pytest.mark.parametrize(("topic", "language"), EVERY_PAGE)
def test_every_command_on_a_page_is_one(topic: str, language: Language) -> None:
    page = list(blocks(source(topic, language)))
    lines = [line.split("  #")[0] for name, code in page if name == "sh" for line in code]
    # In a sentence a command may stand without what it needs.
    inline = [f"{code} --help" for line in page[-1][1] for code in CODE.findall(line)]
    for line in [*lines, *inline]:
        command = line.split("|")[-1].strip()
        if command.startswith("lapis "):
            words = shlex.split(command)[1:]
            if words[0] not in {"COMMAND", "命令"}:
                parse(words, ENGLISH)


@pytest.mark.parametrize("topic", TOPICS)
def test_words_of_the_window_are_those_that_stand_there(topic: str) -> None:
    folder = ROOT / "resources" / "locale"
    catalogue = gettext.translation("lapis", folder, languages=["zh_CN"])
    english = words_of_the_window(topic, Language.ENGLISH)

    unknown = {word for word in english if catalogue.gettext(word) == word}
    assert unknown == set()
    assert {catalogue.gettext(word) for word in english} == words_of_the_window(
        topic, Language.CHINESE
    )


def test_a_page_begins_with_title_and_summary_and_keeps_its_marks_to_itself() -> None:
    page = read_help("api", "# Title\n\nWhat it is about.\n\n<!-- readme -->\n## Why?\n\nSo.\n")

    assert (page.title, page.summary, page.body) == (
        "Title",
        "What it is about.",
        "## Why?\n\nSo.\n",
    )
    assert page.markdown == "# Title\n\nWhat it is about.\n\n## Why?\n\nSo.\n"


@pytest.mark.parametrize("text", ["", "Title\n\nSummary\n", "# Title\n", "# Title\n\nTwo\nlines\n"])
def test_what_does_not_begin_as_a_page_is_none(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="api"):
        read_help("api", text)
    (tmp_path / "api.en.md").write_text(text, encoding="utf-8")
    with pytest.raises(HelpMissing):
        read_page("api", Language.ENGLISH, tmp_path)
    with pytest.raises(HelpMissing):
        read_page("keys", Language.ENGLISH, tmp_path)
