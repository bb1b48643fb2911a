"""Saved prompts: those that come with Lapis, finding them by typing, and their variables."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop.base.paths import resources
from desktop.domain.chat_settings import SavedPrompt
from desktop.domain.settings import Language
from desktop.services.library_checks import clean_command
from desktop.services.prompt_variables import (
    CLIPBOARD,
    CURSOR,
    SELECTION,
    Filled,
    asked_of,
    fill,
    moment,
    variables_of,
)
from desktop.services.prompts import (
    built_in_prompts,
    first_line,
    matching_prompts,
    open_prompts,
)
from desktop.store.chats import ChatStore

ENGLISH, CHINESE = Language.ENGLISH, Language.CHINESE
WANTED = {
    *("write", "summarise", "translate", "explain-code", "write-code", "review-code", "mood"),
    *("table", "contract", "reply", "brainstorm", "fix-grammar", "shorten", "explain-simply"),
    "minutes",
}


def _read(name: str) -> Any:
    return json.loads((resources() / name).read_text(encoding="utf-8"))


# Those that come with Lapis.


def test_the_file_follows_its_schema() -> None:
    schema = _read("prompts.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(_read("prompts.json"))


def test_the_schema_refuses_a_command_of_two_words() -> None:
    schema, prompts = _read("prompts.schema.json"), _read("prompts.json")
    prompts["prompts"][0]["command"]["en"] = "write it"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(prompts)


def test_everything_that_was_promised_is_there() -> None:
    assert {one.id for one in built_in_prompts(ENGLISH)} >= WANTED


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_ids_and_commands_are_unique_and_icons_exist(language: Language) -> None:
    prompts = built_in_prompts(language)
    assert len({one.id for one in prompts}) == len(prompts)
    assert len({one.command for one in prompts}) == len(prompts)
    for one in prompts:
        assert clean_command(one.command) == one.command
        assert (resources() / "icons" / f"{one.icon}.svg").is_file(), one.icon


def test_both_languages_know_the_same_variables() -> None:
    known = {SELECTION, CLIPBOARD, CURSOR, "language", "date", "time"}
    for english, chinese in zip(built_in_prompts(ENGLISH), built_in_prompts(CHINESE), strict=True):
        told = [set(variables_of(one.text)) & known for one in (english, chinese)]
        assert told[0] == told[1], english.id
        assert len(asked_of(english.text)) == len(asked_of(chinese.text)), english.id


def test_each_prompt_leaves_a_place_for_what_it_is_about() -> None:
    for language in (ENGLISH, CHINESE):
        for one in built_in_prompts(language):
            assert {SELECTION, CURSOR} & set(variables_of(one.text)), one.id


# Finding them.


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("sum", "summarise"),
        ("SUMM", "summarise"),
        ("summarize", "summarise"),
        ("总结", "summarise"),
        ("总", "summarise"),
        ("grammar", "fix-grammar"),
        ("code", "write-code"),
        ("合同", "contract"),
        ("email", "reply"),
    ],
)
@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_the_nearest_one_comes_first_in_either_language(
    typed: str, found: str, language: Language
) -> None:
    assert matching_prompts(built_in_prompts(language), typed)[0].id == found


def test_without_words_all_are_offered_in_their_order() -> None:
    prompts = built_in_prompts(ENGLISH)
    assert matching_prompts(prompts, " ") == prompts


def test_nothing_is_found_for_words_that_nobody_uses() -> None:
    assert matching_prompts(built_in_prompts(ENGLISH), "qqqq") == ()


def test_an_exact_command_of_ones_own_beats_longer_ones() -> None:
    mine = SavedPrompt("own", "t", "Mine", "text")
    prompts = (*built_in_prompts(ENGLISH), mine)
    assert matching_prompts(prompts, "t")[0] == mine


def test_the_first_line_that_says_something_is_shown() -> None:
    assert first_line("\n  \n Say  this \nand that") == "Say this"
    assert first_line("") == ""


def test_a_prompt_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    store = ChatStore.open(tmp_path / "lapis.db")
    prompts = open_prompts(store)
    kept = prompts.add(SavedPrompt("", "mine", "Mine", "a\n\t{{b}}", icon="star", also=("y",)))
    assert open_prompts(store).own() == (kept,)
    assert prompts.own()[0] == replace(kept, built_in=False)
    store.close()


# Variables.


def test_values_go_in_letter_for_letter_and_only_once() -> None:
    values = {SELECTION: "{{clipboard}} \\1 {0} 中", CLIPBOARD: "secret"}
    assert fill("<{{selection}}>", values) == Filled("<{{clipboard}} \\1 {0} 中>")


def test_a_variable_without_a_value_stays_to_be_seen() -> None:
    assert fill("Write about {{topic}} in {{ place }}.", {"topic": "tea"}).text == (
        "Write about tea in {{ place }}."
    )


def test_the_cursor_goes_where_the_prompt_says() -> None:
    assert fill("a {{selection}} b {{cursor}} c", {SELECTION: ""}) == Filled("a  b  c", 5)


def test_without_a_cursor_it_goes_where_nothing_was_selected() -> None:
    assert fill("Text: {{selection}}!", {SELECTION: ""}) == Filled("Text: !", 6)
    assert fill("Text: {{selection}}!", {SELECTION: "x"}) == Filled("Text: x!", None)


def test_names_may_be_chinese_and_known_ones_too() -> None:
    text = "{{选中}} {{ 剪贴板 }} {{主题}} {{Language}} {{主题}}"
    assert variables_of(text) == (SELECTION, CLIPBOARD, "主题", "language")
    assert asked_of(text) == ("主题",)
    assert fill(text, {SELECTION: "1", CLIPBOARD: "2", "主题": "3"}).text == "1 2 3 {{Language}} 3"


@pytest.mark.parametrize("text", ["{{}}", "{{ }}", "{ {a}}", "{{a\nb}}", "{{" + "a" * 61 + "}}"])
def test_other_braces_are_just_braces(text: str) -> None:
    assert variables_of(text) == ()
    assert fill(text, {}).text == text


def test_many_braces_take_no_time() -> None:
    text = "{" * 200_000 + "{{selection}}"
    assert fill(text, {SELECTION: "x"}).text.endswith("x")


def test_the_moment_is_told_in_words_of_the_language() -> None:
    now = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
    assert moment(ENGLISH, now) == {
        "language": "English",
        "date": "Sunday, 1 March 2026",
        "time": "09:05",
    }
    assert moment(CHINESE, now)["date"] == "2026年3月1日 星期日"
