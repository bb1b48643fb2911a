"""Personas and prompts in a file: taken along, handed on, and read from strangers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.chat import Sampling
from desktop.domain.chat_settings import ChatSettings, Persona, SavedPrompt
from desktop.services.library_checks import LONGEST_NAME, LONGEST_TEXT
from desktop.services.library_files import LibraryFileError, read_library, write_library

PERSONA = Persona(
    "own-1",
    "Pirate",
    "🏴‍☠️",
    "Speaks like one.",
    ChatSettings(system_prompt="Arr.\n\tYes.", sampling=Sampling(seed=3), model="gemma"),
)
PROMPT = SavedPrompt("own-2", "mine", "Mine", "Say {{this}}", icon="star", also=("also",))


def _file(folder: Path, content: object) -> Path:
    path = folder / "library.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _library(**parts: Any) -> dict[str, Any]:
    return {"format": "lapis-library", "version": 1, **parts}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    write_library(path, [PERSONA], [PROMPT])
    read = read_library(path)
    assert read.personas == (replace(PERSONA, id=""),)
    assert read.prompts == (replace(PROMPT, id=""),)
    assert read.left_out == ()


def test_no_path_of_this_computer_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    settings = replace(PERSONA.settings, model="/home/ada/models/x.gguf")
    write_library(path, [replace(PERSONA, settings=settings)], [])
    assert "ada" not in path.read_text(encoding="utf-8")


def test_a_path_in_a_foreign_file_names_no_model_here(tmp_path: Path) -> None:
    raw = {"name": "A", "settings": {"model": "\\\\server\\share\\x.gguf"}}
    (persona,) = read_library(_file(tmp_path, _library(personas=[raw]))).personas
    assert persona.settings.model is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'"text"',
        {"format": "another", "personas": []},
        {"format": "lapis-library", "version": 2},
        {"format": "lapis-library", "version": "1"},
    ],
    ids=["empty", "bytes", "half", "deep", "text", "foreign", "newer", "odd version"],
)
def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path, content: object) -> None:
    with pytest.raises(LibraryFileError) as told:
        read_library(_file(tmp_path, content))
    assert told.value.title.values["name"] == "library.json"


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    path = _file(tmp_path, json.dumps(_library()).encode() + b" " * 9_000_000)
    with pytest.raises(LibraryFileError) as told:
        read_library(path)
    assert "too large" in str(told.value.hint)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LibraryFileError, match="cannot be read"):
        read_library(tmp_path / "gone.json")


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(LibraryFileError, match="cannot be written"):
        write_library(tmp_path / "gone" / "mine.json", [PERSONA], [])


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (3, "damaged"),
        ({}, "no name"),
        ({"name": " \u202e "}, "no name"),
        ({"name": "A", "settings": {"sampling": {"temperature": 99}}}, "no sense"),
        ({"name": "A", "settings": {"n_ctx": -1}}, "no sense"),
        ({"name": "A", "settings": {"thinking": "yes"}}, "no sense"),
        ({"name": "A", "settings": [1]}, "no sense"),
        ({"name": "A", "settings": {"system_prompt": "x" * (LONGEST_TEXT + 1)}}, "too long"),
    ],
)
def test_what_can_be_read_is_taken_and_the_rest_named(
    tmp_path: Path, raw: object, why: str
) -> None:
    path = _file(tmp_path, _library(personas=[raw, {"name": "Good"}], prompts=None))
    read = read_library(path)
    assert [one.name for one in read.personas] == ["Good"]
    (left,) = read.left_out
    assert why in str(left.why)


def test_a_prompt_without_text_is_refused_and_one_without_command_gets_its_name(
    tmp_path: Path,
) -> None:
    raw = [{"name": "Empty", "text": " \n"}, {"name": "Two Words", "text": "x", "also": "oops"}]
    read = read_library(_file(tmp_path, _library(prompts=raw)))
    assert [(one.command, one.text) for one in read.prompts] == [("two-words", "x")]
    assert [one.name for one in read.left_out] == ["Empty"]


def test_invisible_letters_and_controls_are_dropped(tmp_path: Path) -> None:
    raw = {"name": "A\u202eB\x00\n" + "x" * 500, "icon": "../../etc", "about": "\x1b[31mred"}
    prompt = {"name": "P", "text": "a\r\nb\x07\tc", "command": "//A b"}
    read = read_library(_file(tmp_path, _library(personas=[raw], prompts=[prompt])))
    (persona,), (told,) = read.personas, read.prompts
    assert persona.name.startswith("AB x")
    assert len(persona.name) == LONGEST_NAME
    assert (persona.icon, persona.about) == ("", "[31mred")
    assert (told.text, told.command) == ("a\nb\tc", "a-b")


def test_more_than_a_file_may_hold_is_told(tmp_path: Path) -> None:
    raw = [{"name": f"{number}"} for number in range(1003)]
    read = read_library(_file(tmp_path, _library(personas=raw)))
    assert len(read.personas) == 1000
    assert str(read.left_out[0].why) == "3 more do not fit."
