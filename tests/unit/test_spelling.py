"""Which words are asked about, which are wrong, and what is kept of the words that are taught."""

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from desktop.domain.errors import StorageError
from desktop.services.spelling import Spelling
from desktop.services.spelling_words import Word, moved, words_of
from desktop.system.spelling import Dictionaries, chosen, keep_files_in, open_dictionaries


class Few:
    """Knows a few words; `asked` are those that it was asked about."""

    def __init__(self, *words: str) -> None:
        self.words = set(words)
        self.asked: list[str] = []
        self.breaks = False

    def knows(self, word: str) -> bool:
        self.asked.append(word)
        if self.breaks:
            raise RuntimeError
        return word in self.words or word[:1].lower() + word[1:] in self.words

    def suggestions(self, word: str) -> list[str]:
        if self.breaks:
            raise RuntimeError
        return [f"{word}{number}" for number in range(9)]


def _spelling(folder: Path, dictionaries: Dictionaries | None) -> Spelling:
    return Spelling(folder, lambda _languages: dictionaries)


def _words(text: str) -> list[str]:
    return [word.text for line in words_of(text) for word in line]


def _wrong(spelling: Spelling, text: str) -> list[str]:
    found = spelling.misspelt(text, ("en",))
    return [] if found is None else [word.text for word in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, wrold!", ["Hello", "wrold"]),
        (
            "don't “quote” the user’s (old) well-known name",
            "don't quote the user’s old well known name",
        ),
        ("Größe naïve façade", ["Größe", "naïve", "façade"]),
        ("**bold** _soft_ ~~gone~~ “curly”", ["bold", "soft", "gone", "curly"]),
        ("wait...what — so ...and", ["wait", "what", "so", "and"]),
        ("a I x", []),
        ("mp3 4th v2 utf8 10-year", []),
        ("GGUF PDFs CamelCase snake_case iPhone", []),
        ("https://exmaple.org/pgae www.exmaple.org me@exmaple.org", []),
        ("/usr/shrae ~/dcos C:\\Prgrams src/mian.py ./rnu file.tgz", []),
        ("@nmae #tga $vlaue --optoin -fo {{vraiable}} fnuc()", []),
        ("run `mkdr foo` now", ["run", "now"]),
        ("run ``mk`dr`` now `not endde", ["run", "now"]),
        ("用 helo 看wrold吗", ["helo", "wrold"]),
        ("你好，世界。 привет приветhelo helоworld", []),
        ("x" * 41, []),
        ("cafe\u0301 on", ["on"]),
    ],
)
def test_only_words_of_prose_in_latin_letters_are_asked_about(
    text: str, words: list[str] | str
) -> None:
    assert _words(text) == (words.split() if isinstance(words, str) else words)


def test_a_fence_of_code_is_left_out_to_its_own_end_or_the_end_of_the_text() -> None:
    text = "befor\n```python\nimprot os\n~~~\n``\n```\nafetr\n~~~~\n```\ncdoe\n~~~\nmroe"

    assert _words(text) == ["befor", "afetr"]


def test_places_are_those_in_the_whole_text() -> None:
    text = "one  two\n\n`x` 三 three-four"

    for line in words_of(text):
        for word in line:
            assert text[word.begin : word.end] == word.text
    assert _words(text) == ["one", "two", "three", "four"]


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("helo wrold", "helo wrold", ["helo", "wrold"]),
        ("helo wrold", "oh, helo wrold", ["helo", "wrold"]),
        ("helo wrold", "helo big wrold", ["helo", "wrold"]),
        ("helo wrold", "helo wrold!", ["helo", "wrold"]),
        ("helo wrold", "hello wrold", ["wrold"]),
        ("helo wrold", "helo world", ["helo"]),
        ("helo wrold", "helox wrold", ["wrold"]),
        ("helo wrold", "helo xwrold", ["helo"]),
        ("helo wrold", "helowrold", []),
        ("helo wrold", "wrold", ["wrold"]),
        ("helo wrold", "", []),
        ("helo helo", "helo helo helo", ["helo", "helo"]),
    ],
)
def test_words_are_kept_in_step_with_what_is_typed(
    before: str, after: str, kept: list[str]
) -> None:
    words = [word for line in words_of(before) for word in line]
    found = moved(words, before, after)

    assert [word.text for word in found] == kept
    assert all(after[word.begin : word.end] == word.text for word in found)


def test_what_no_dictionary_knows_is_misspelt_and_asked_once(tmp_path: Path) -> None:
    few = Few("hello", "the", "world")
    spelling = _spelling(tmp_path, few)

    assert spelling.misspelt("Hello the wrold", ("en",)) == (Word(10, 15, "wrold"),)
    assert _wrong(spelling, "Hello the wrold's\nwrold") == ["wrold's", "wrold"]
    assert few.asked.count("wrold") == 1


def test_the_beginning_of_a_sentence_and_an_apostrophe_of_any_form_are_understood(
    tmp_path: Path,
) -> None:
    spelling = _spelling(tmp_path, Few("don't", "hello", "Kyoto"))

    assert _wrong(spelling, "Hello don’t Kyoto kyoto") == ["kyoto"]


def test_a_line_in_a_language_without_dictionary_is_left_alone(tmp_path: Path) -> None:
    spelling = _spelling(tmp_path, Few("so", "the", "end"))

    assert _wrong(spelling, "Ich weiss nicht was soll es bedeuten") == []
    assert _wrong(spelling, "so the end\nIch weiss nicht was soll es bedeuten\nso teh end") == [
        "teh"
    ]
    assert _wrong(spelling, "Ich weiss") == ["Ich", "weiss"]


def test_there_are_five_suggestions_at_most(tmp_path: Path) -> None:
    assert _spelling(tmp_path, Few()).suggestions("wo", ("en",)) == [
        "wo0",
        "wo1",
        "wo2",
        "wo3",
        "wo4",
    ]


def test_without_dictionaries_nothing_is_wrong_and_nothing_is_said(tmp_path: Path) -> None:
    spelling = _spelling(tmp_path, None)

    assert spelling.misspelt("wrold", ("en",)) is None
    assert spelling.suggestions("wrold", ("en",)) == []


def test_a_dictionary_that_breaks_finds_nothing_wrong(tmp_path: Path) -> None:
    few = Few()
    few.breaks = True
    spelling = _spelling(tmp_path, few)

    assert _wrong(spelling, "wrold") == []
    assert spelling.suggestions("wrold", ("en",)) == []


def test_other_languages_open_other_dictionaries(tmp_path: Path) -> None:
    opened: list[Sequence[str]] = []

    def open_them(languages: Sequence[str]) -> Dictionaries:
        opened.append(languages)
        return Few("hello") if languages == ("en",) else Few("hallo")

    spelling = Spelling(tmp_path, open_them)

    assert spelling.misspelt("hello", ("en",)) == ()
    assert spelling.misspelt("hello", ("de",)) == (Word(0, 5, "hello"),)
    assert spelling.misspelt("hello", ("de",)) == (Word(0, 5, "hello"),)
    assert opened == [("en",), ("de",)]


def test_a_taught_word_is_right_from_now_on_and_in_the_next_run(tmp_path: Path) -> None:
    folder = tmp_path / "spelling"
    spelling = _spelling(folder, Few())
    assert _wrong(spelling, "lapis") == ["lapis"]

    spelling.add("lapis")
    spelling.add("Kyōto’s")

    assert _wrong(spelling, "lapis Lapis lapis's Kyōto's") == []
    assert _wrong(_spelling(folder, Few()), "lapis Kyōto’s kyoto") == ["kyoto"]
    assert (folder / "words.txt").read_text(encoding="utf-8") == "lapis\nKyōto's\n"


def test_an_ignored_word_is_right_in_this_run_only(tmp_path: Path) -> None:
    spelling = _spelling(tmp_path, Few())
    spelling.ignore("wrold")

    assert _wrong(spelling, "wrold") == []
    assert _wrong(_spelling(tmp_path, Few()), "wrold") == ["wrold"]


def test_a_file_of_taught_words_that_is_none_is_put_aside_and_never_lost(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_bytes(b"\xff\xfe\x00damaged")
    spelling = _spelling(tmp_path, Few())

    assert _wrong(spelling, "wrold") == ["wrold"]
    spelling.add("wrold")

    assert (tmp_path / "words.txt").read_text(encoding="utf-8") == "wrold\n"
    assert (tmp_path / "words.txt.damaged").read_bytes() == b"\xff\xfe\x00damaged"


def test_where_a_taught_word_cannot_be_kept_it_is_right_in_this_run_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    spelling = _spelling(tmp_path, Few())
    monkeypatch.setattr("desktop.services.spelling.write_atomically", full)

    with pytest.raises(StorageError, match="disk is full"):
        spelling.add("wrold")
    assert _wrong(spelling, "wrold") == []


@pytest.mark.parametrize(
    ("languages", "available", "names"),
    [
        (["de-AT", "en"], ["de_DE", "de_AT", "en_GB"], ["de_AT", "en_GB"]),
        (["de-CH"], ["de_AT", "de_DE", "en_US", "en_GB"], ["de_AT", "en_US"]),
        (["en-GB", "en"], ["en_US", "en_GB"], ["en_GB"]),
        (["zh-CN", "C"], ["en_AU"], ["en_AU"]),
        (["zh-CN"], ["en", "en_US"], ["en_US"]),
        (["pt_BR.UTF-8"], ["pt_PT", "pt_BR"], ["pt_BR"]),
        (["fr"], [], []),
        (
            ["de", "fr", "it", "es", "pl"],
            ["de", "en", "es", "fr", "it", "pl"],
            ["de", "fr", "it", "es"],
        ),
    ],
)
def test_the_dictionaries_are_those_of_the_person_and_english(
    languages: list[str], available: list[str], names: list[str]
) -> None:
    assert chosen(languages, available) == names


def test_without_the_library_there_is_no_spell_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "enchant", None)

    assert open_dictionaries(["en"]) is None


def test_the_system_s_dictionaries_know_words_and_keep_their_files_with_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCHANT_CONFIG_DIR", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    keep_files_in(tmp_path / "ours")
    dictionaries = open_dictionaries(["en-US"])
    if dictionaries is None:
        pytest.skip("this computer has no spell-checker")

    assert dictionaries.knows("hello")
    assert not dictionaries.knows("wrold")
    assert "world" in dictionaries.suggestions("wrold")
    assert not (tmp_path / "home").exists()
    assert os.environ["ENCHANT_CONFIG_DIR"] == str(tmp_path / "ours")
