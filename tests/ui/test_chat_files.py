"""Chats to files and from them, as a person does it in the window."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from desktop.base.shutdown import Shutdown
from desktop.domain.carried import CarriedChat
from desktop.services.chat_json import json_pieces
from desktop.store.carrying import PORTION_MESSAGES
from desktop.ui.banner import Topic
from desktop.ui.buttons import TextButton
from desktop.ui.chat_files import ChatFiles
from desktop.ui.chat_writing import Format
from desktop.ui.file_target import Kind, chosen
from desktop.ui.talk_room import TalkRoom
from desktop.ui.transfer_page import ImportPage, TransferPage
from tests.ui.desk import Desk, say
from tests.ui.transcripts import words as words_in
from tests.unit.store_room import contents, talk
from tests.unit.test_carrying import TREE, line

MARKDOWN = Kind("Markdown (*.md)", ".md", "m")
HTML = Kind("Web page (*.html)", ".html", "h")


@pytest.fixture
def files(desk: Desk) -> Iterator[ChatFiles]:
    one = ChatFiles(desk.window, desk.store, desk.preferences, desk.paths.database)
    one.chats_changed.connect(desk.controller.list.refresh)
    yield one
    one.close()


def export_file(folder: Path, *chats: CarriedChat) -> Path:
    path = folder / "chats.json"
    path.write_bytes(b"".join(json_pieces(chats)))
    return path


def import_page(desk: Desk) -> ImportPage:
    (page,) = desk.window.findChildren(ImportPage)
    return page


def bring(files: ChatFiles, desk: Desk, qtbot: QtBot, *paths: Path) -> ImportPage:
    with qtbot.waitSignal(files._import.done):
        files.import_files(list(paths))
    return import_page(desk)


def choose(desk: Desk, folder: Path, name: str, words: str) -> None:
    """Choose a kind and a name in the dialog that is open."""
    (dialog,) = desk.window.findChildren(QFileDialog)
    kind = next(each for each in dialog.nameFilters() if words in each)
    dialog.selectNameFilter(kind)
    dialog.filterSelected.emit(kind)
    dialog.setDirectory(str(folder))
    dialog.selectFile(name)
    dialog.accept()


def test_chats_come_with_all_that_is_in_them(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    page = bring(files, desk, qtbot, export_file(tmp_path, TREE, line(3)))

    assert page.words == "2 chats came"
    assert sorted(chat.title for chat in (*desk.store.chats(), *desk.store.archived())) == [
        *("Trip to Kyoto 京都", "long")
    ]
    assert desk.window.sidebar.isVisible()
    assert not page.is_working
    focused = desk.window.focusWidget()
    assert isinstance(focused, TextButton)
    assert focused.text() == "Undo"


def test_what_is_here_already_does_not_come_twice(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    chat = desk.store.create("mine").id
    talk(desk.store, chat, "a question", "an answer")
    path = export_file(tmp_path, desk.store.carried(chat), line(3))

    assert bring(files, desk, qtbot, path).words == "1 chat came Here already: 1"
    assert bring(files, desk, qtbot, path).words == "No new chats came Here already: 2"


def test_what_cannot_be_read_is_named(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    path = export_file(tmp_path, TREE, line(3))
    path.write_bytes(path.read_bytes()[:-300])
    other = tmp_path / "<b>odd.json"
    other.write_bytes(b"\0\1\2")

    page = bring(files, desk, qtbot, path, other)

    assert page.words.startswith("1 chat came Could not be read: ")
    assert any(each.startswith("chats.json: ") for each in page.lines)
    assert any(each.startswith("<b>odd.json: ") for each in page.lines)


def test_undo_takes_away_all_that_came_and_nothing_else(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    chat = desk.store.create("mine").id
    talk(desk.store, chat, "a", "b")
    page = bring(files, desk, qtbot, export_file(tmp_path, TREE, line(3)))
    assert [folder.name for folder in desk.store.folders()] == ["Travel"]

    with qtbot.waitSignal(files.chats_gone) as gone:
        page.undo_requested.emit()

    assert len(gone.args[0]) == 2
    assert desk.titles() == ["mine"]
    assert desk.store.archived() == []
    assert desk.store.folders() == []
    assert page.words == "Undone The chats that came are gone again."
    assert bring(files, desk, qtbot, tmp_path / "chats.json").words == "2 chats came"


def test_a_folder_that_got_other_chats_since_stays(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    page = bring(files, desk, qtbot, export_file(tmp_path, TREE))
    (folder,) = desk.store.folders()
    desk.store.create("new here", folder=folder.id)

    page.undo_requested.emit()

    assert desk.store.folders() == [folder]


def test_a_long_chat_is_whole_and_an_answer_goes_on_meanwhile(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    desk.ask("how?")
    qtbot.waitUntil(lambda: bool(desk.engine.requests))
    path = export_file(tmp_path, line(5 * PORTION_MESSAGES))

    files.import_files([path])
    desk.engine.tell(1, *say("like ", "this"))
    qtbot.waitUntil(lambda: not files._import.is_running)

    (long,) = (chat for chat in desk.store.chats() if chat.title == "long")
    assert len(desk.store.refs(long.id)) == 5 * PORTION_MESSAGES
    answer = desk.controller.chat
    assert answer is not None
    qtbot.waitUntil(lambda: desk.chats.messages_of([2])[0].content == "like this")


def test_whoever_went_back_to_the_chat_is_told_there(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(files._import.done):
        files.import_files([export_file(tmp_path, TREE)])
        qtbot.keyClick(import_page(desk), Qt.Key.Key_Escape)

    assert desk.window.banner.topic is Topic.FILES
    assert desk.window.is_talk_shown


def test_its_words_are_found_soon(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    bring(files, desk, qtbot, export_file(tmp_path, line(200, "needle")))

    qtbot.waitUntil(lambda: bool(desk.store.search("needle 150")))


def test_stopping_keeps_what_came(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    many = [line(50, f"chat {number}") for number in range(100)]
    files.import_files([export_file(tmp_path, *many)])
    qtbot.waitUntil(files._import._timer.isActive)
    qtbot.waitUntil(lambda: bool(desk.store.chats()))

    import_page(desk).stop_requested.emit()

    assert not files._import.is_running
    assert "Stopped by you" in import_page(desk).words
    assert 0 < len(desk.store.chats()) < 100


def test_stopping_while_a_file_is_read_brings_nothing(
    files: ChatFiles, desk: Desk, tmp_path: Path
) -> None:
    files.import_files([export_file(tmp_path, TREE)])
    import_page(desk).stop_requested.emit()

    assert import_page(desk).words == "No new chats came Stopped by you; what came stays."
    assert desk.store.chats() == []


def test_a_store_that_cannot_be_written_is_told(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    desk.store._disk.read_only = True

    page = bring(files, desk, qtbot, export_file(tmp_path, TREE))

    assert "cannot be" in page.words or "write" in page.words
    desk.store._disk.read_only = False
    assert desk.store.chats() == []


def test_files_can_be_dropped_on_the_page(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    files.show_import()
    page = import_page(desk)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(export_file(tmp_path, TREE)))])
    event = QDropEvent(
        QPointF(9, 9),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )

    with qtbot.waitSignal(files._import.done):
        page.dropEvent(event)

    assert page.words == "1 chat came"


@pytest.mark.parametrize(
    ("words", "ending", "start"),
    [
        ("Markdown", ".md", b"# a title"),
        ("Web page", ".html", b"<!DOCTYPE html>"),
        ("PDF", ".pdf", b"%PDF-"),
        ("Lapis", ".json", b'{"format":"lapis-chats"'),
    ],
)
def test_a_chat_is_written_in_the_kind_that_is_chosen(
    files: ChatFiles,
    desk: Desk,
    qtbot: QtBot,
    tmp_path: Path,
    words: str,
    ending: str,
    start: bytes,
) -> None:
    chat = desk.store.create("a title").id
    talk(
        desk.store, chat, "what?", "**this** $a^2$\n\n```python\nx = 1\n```\n\n| a |\n|---|\n| b |"
    )

    files.export_chat(chat)
    with qtbot.waitSignal(files._export.one_written, timeout=20_000):
        choose(desk, tmp_path, f"out{ending}", words)

    assert (tmp_path / f"out{ending}").read_bytes().startswith(start)
    assert f"out{ending}" in words_in(desk.window.toast), "said once, and gone by itself"
    assert desk.window.banner.topic is None


def test_a_temporary_chat_can_be_exported(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    chat = desk.store.create("secret", temporary=True).id
    talk(desk.store, chat, "what?", "this")

    files.export_chat(chat)
    with qtbot.waitSignal(files._export.one_written):
        choose(desk, tmp_path, "out.md", "Markdown")

    assert "this" in (tmp_path / "out.md").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_told(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    chat = desk.store.create("a").id
    with qtbot.waitSignal(files._export.one_failed):
        files._export.write_one(tmp_path / "none" / "a.md", chat, Format.MARKDOWN, files._telling())

    assert desk.window.banner.topic is Topic.FILES


def test_all_chats_go_into_one_file_and_come_back(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    for each in (TREE, line(4)):
        desk.store.take_in(each)

    files.export_all()
    with qtbot.waitSignal(files._export.all_written):
        choose(desk, tmp_path, "all.json", "One file")

    written = json.loads((tmp_path / "all.json").read_bytes())
    assert len(written["chats"]) == 2
    (page,) = (one for one in desk.window.findChildren(TransferPage) if type(one) is TransferPage)
    assert page.words == f"2 chats are written {tmp_path / 'all.json'}"
    for chat in (*desk.store.chats(), *desk.store.archived()):
        desk.store.delete(chat.id)
    bring(files, desk, qtbot, tmp_path / "all.json")
    assert {chat.title for chat in (*desk.store.chats(), *desk.store.archived())} == {
        *(TREE.title, "long")
    }


def test_an_archive_has_a_file_for_each_chat(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    for title in ("a/b", "A B", ""):
        talk(desk.store, desk.store.create(title).id, "what?", f"this {title}")
    desk.store.take_in(TREE)

    files.export_all()
    with qtbot.waitSignal(files._export.all_written, timeout=20_000):
        choose(desk, tmp_path, "all.zip", "Markdown")

    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert "this A B" in archive.read("A B.md").decode()
    assert names == ["New chat.md", "A B.md", "a b (2).md", "Travel/Trip to Kyoto 京都.md"]


def test_giving_up_leaves_no_file(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    for number in range(30):
        desk.store.take_in(line(40, f"{number}"))
    files._write_all(tmp_path / "all.zip", Format.HTML)
    (page,) = (one for one in desk.window.findChildren(TransferPage) if type(one) is TransferPage)

    page.stop_requested.emit()

    assert page.words == "Stopped Nothing was written."
    qtbot.waitUntil(lambda: not [one for one in tmp_path.iterdir() if one.is_file()])


def test_esc_leads_back_to_the_chat(files: ChatFiles, desk: Desk, qtbot: QtBot) -> None:
    files.show_import()
    assert not desk.window.is_talk_shown

    qtbot.keyClick(import_page(desk), Qt.Key.Key_Escape)

    assert desk.window.is_talk_shown


@pytest.mark.parametrize(
    ("name", "wanted", "offered", "expected"),
    [
        ("a.md", MARKDOWN, MARKDOWN, ("a.md", MARKDOWN)),
        ("a.html", MARKDOWN, MARKDOWN, ("a.html", HTML)),
        ("a.md", HTML, MARKDOWN, ("a.html", HTML)),
        ("a.txt", MARKDOWN, MARKDOWN, ("a.txt.md", MARKDOWN)),
        ("there.md", HTML, MARKDOWN, ("there (2).html", HTML)),
        ("a.MD", MARKDOWN, MARKDOWN, ("a.MD", MARKDOWN)),
    ],
)
def test_a_name_and_a_kind_that_contradict_each_other(
    tmp_path: Path, name: str, wanted: Kind, offered: Kind, expected: tuple[str, Kind]
) -> None:
    (tmp_path / "there.html").touch()

    path, kind = chosen(tmp_path / name, wanted, offered, (MARKDOWN, HTML))

    assert (path.name, kind) == expected


def test_what_came_reads_as_it_was_written(
    files: ChatFiles, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    bring(files, desk, qtbot, export_file(tmp_path, TREE))
    (chat,) = desk.store.archived()

    assert contents(desk.store, chat.id)[-1] == "And then?"
    assert desk.store.carried(chat.id) == TREE


def test_menus_and_settings_lead_here(desk: Desk) -> None:
    talk(desk.store, desk.store.create("a title").id, "what?", "this")
    room = TalkRoom(
        *(desk.window, desk.controller, desk.store, desk.chats),
        *(desk.preferences, desk.own, desk.bridge, desk.paths),
    )
    try:
        desk.window.sidebar.export_requested.emit(1)
        (dialog,) = desk.window.findChildren(QFileDialog)
        assert dialog.selectedFiles()[0].endswith("a title.md")
        dialog.reject()
        room._pages.import_requested.emit()
        assert import_page(desk).isVisible()
    finally:
        end = Shutdown()
        room.plan_the_end(end)
        end.run()
