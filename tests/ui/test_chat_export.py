"""Chats that are exported one right after the other are all written."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from desktop.services.chat_telling import Teller
from desktop.ui.chat_export import ChatExport
from desktop.ui.chat_html import HtmlLook
from desktop.ui.chat_writing import Format, Telling
from tests.ui.desk import Desk
from tests.unit.store_room import talk


def test_a_chat_that_is_exported_takes_no_earlier_one_its_file(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    chats = [desk.store.create(title).id for title in ("One", "Two")]
    for chat in chats:
        talk(desk.store, chat, "a question", "an answer")
    export = ChatExport(desk.store, desk.paths.database)
    written: list[Path] = []
    export.one_written.connect(written.append)
    paths = [tmp_path / "one.html", tmp_path / "two.html"]
    for path, chat in zip(paths, chats, strict=True):
        export.write_one(path, chat, Format.HTML, Telling(Teller(), HtmlLook({}, {}, "en")))

    qtbot.waitUntil(lambda: written == paths, timeout=20_000)
    assert all(path.is_file() for path in paths)
    export.close()
