"""Files that go with a question, read as text."""

import os
from pathlib import Path

import pytest

from desktop.services.text_files import MOST_BYTES, NotReadable, decode, read_text_file

_CHINESE = "合同约定：甲方应当在三十日内付款，逾期按日计算利息。\n" * 3
_FRENCH = "Où est passé l'élève ? Il était là, près de la fenêtre, à côté du garçon.\n" * 4


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", _CHINESE),
        ("utf-8-sig", _CHINESE),
        ("utf-16", _CHINESE),
        ("utf-32", _CHINESE),
        ("gb18030", _CHINESE),
        ("big5", "請問這份合約的付款期限是幾天？逾期的利息如何計算？\n" * 3),
        ("utf-8", _FRENCH),
        ("cp1252", _FRENCH),
        ("cp1251", "Договор аренды: оплата производится в течение тридцати дней.\n" * 3),
        ("utf-8", "plain"),
    ],
)
def test_text_is_read_in_whatever_encoding_it_is(encoding: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "合同.txt"
    file.write_bytes(text.encode(encoding))

    assert read_text_file(file).text == text
    assert read_text_file(file).name == "合同.txt"


def test_line_ends_of_windows_and_of_old_macs_become_line_feeds() -> None:
    assert decode(b"one\r\ntwo\rthree\n") == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04\x14\0\x06\0",
        b"\x7fELF\x02\x01\x01\0",
        bytes(range(1, 9)) * 100,
    ],
)
def test_what_is_no_text_is_refused_and_never_shown_as_garbage(
    content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "thing.bin"
    file.write_bytes(content)

    with pytest.raises(NotReadable) as refused:
        read_text_file(file)
    assert refused.value.title.values["name"] == "thing.bin"
    assert "neither a text nor a picture" in refused.value.hint.message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("contract", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"),
        ("contract.docx", b"PK\x03\x04\x14\0\x06\0"),
        ("contract.rtf", b"{\\rtf1\\ansi hello}"),
    ],
)
def test_of_a_document_it_is_said_how_its_words_can_be_asked_about(
    name: str, content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(NotReadable) as refused:
        read_text_file(file)
    assert "Save it as one of these" in refused.value.hint.message


def test_each_kind_of_thing_that_is_no_document_has_its_own_words(tmp_path: Path) -> None:
    empty, large = tmp_path / "empty.txt", tmp_path / "large.txt"
    empty.write_text(" \n", encoding="utf-8")
    with large.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    hints = set()
    for path in (empty, large, tmp_path, tmp_path / "missing"):
        with pytest.raises(NotReadable) as refused:
            read_text_file(path)
        hints.add(refused.value.hint.message)

    assert len(hints) == 4
    assert "It is a folder. Add the files in it instead." in hints, "dropped, or named to a command"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")

    with pytest.raises(NotReadable):
        read_text_file(tmp_path / "pipe.txt")
