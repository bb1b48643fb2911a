"""What a person can do with chats and files: export one or all, import what others wrote.

The pages are made when they are first wanted. GUI thread.
"""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from desktop.base.translation import spoken
from desktop.domain.errors import LapisError
from desktop.domain.settings import Language
from desktop.domain.text import Text
from desktop.services.chat_telling import Teller
from desktop.services.export_names import safe_name
from desktop.store.chats import ChatStore
from desktop.ui.banner import Topic
from desktop.ui.chat_export import ChatExport
from desktop.ui.chat_html import HtmlLook
from desktop.ui.chat_import import ChatImport, Outcome
from desktop.ui.chat_rows import shown_title
from desktop.ui.chat_writing import Format, Telling
from desktop.ui.file_target import FileTarget, Kind, documents_folder
from desktop.ui.model_words import model_words
from desktop.ui.notice_card import Look
from desktop.ui.preferences import Preferences
from desktop.ui.show_in_folder import show_in_folder
from desktop.ui.tokens import DARK, LIGHT, Tokens, with_accent
from desktop.ui.transfer_page import ImportPage, TransferPage
from desktop.ui.translation import say
from desktop.ui.window import MainWindow

__all__ = ["ChatFiles"]

_COLOURS = ("canvas", "surface", "raised", "line", "text", "muted", "accent", "code")
_SYNTAX = ("keyword", "string", "number", "comment", "name", "type")
_ARCHIVE = ".zip"

Page = TypeVar("Page", bound=TransferPage)

_log = logging.getLogger(__name__)


class ChatFiles(QObject):
    """One page for import, one for the export of all; a single chat is exported unseen."""

    chats_changed = Signal()
    """Chats came, or went again."""
    chats_gone = Signal(object)
    """(list of chats): they are deleted; one of them may be the open one."""

    def __init__(
        self,
        window: MainWindow,
        store: ChatStore,
        preferences: Preferences,
        database: Path,
        parent: QObject | None = None,
    ) -> None:
        """Make no page yet; `database` is the file of `store`."""
        super().__init__(parent or window)
        self._window = window
        self._store = store
        self._preferences = preferences
        self._export = ChatExport(store, database, self)
        self._import = ChatImport(store, database, self)
        self._export_page: TransferPage | None = None
        self._import_page: ImportPage | None = None
        self._outcome: Outcome | None = None
        self._written: Path | None = None
        self._folder = documents_folder()
        self._target = FileTarget(window)
        self._export.one_written.connect(self._on_one_written)
        self._export.one_failed.connect(self._on_one_failed)
        self._export.progressed.connect(self._on_export_progressed)
        self._export.all_written.connect(self._on_all_written)
        self._export.all_failed.connect(self._on_all_failed)
        self._import.reading.connect(self._on_reading)
        self._import.writing.connect(self._on_writing)
        self._import.done.connect(self._on_import_done)

    # Export.

    def export_chat(self, chat: int) -> None:
        """Ask where to, and in which format, and write the chat."""
        try:
            title = shown_title(self._store.chat(chat))
        except LapisError as error:
            self._on_one_failed(error)
            return
        kinds = [
            Kind(self.tr("Markdown (*.md)"), Format.MARKDOWN.value, Format.MARKDOWN),
            Kind(self.tr("Web page (*.html)"), Format.HTML.value, Format.HTML),
            Kind(self.tr("PDF (*.pdf)"), Format.PDF.value, Format.PDF),
            Kind(self.tr("Lapis, with all branches (*.json)"), Format.JSON.value, Format.JSON),
        ]
        name = safe_name(title, "Chat")
        self._target.ask(
            self.tr("Export this chat"),
            name,
            kinds,
            partial(self._write_one, chat),
        )

    def _write_one(self, chat: int, path: Path, how: Format) -> None:
        words = Text("Writing {name}", {"name": path.name})
        self._window.banner.show_notice(Topic.FILES, words)
        self._export.write_one(path, chat, how, self._telling())

    def export_all(self) -> None:
        """Ask where to, and in which format, and write all chats."""
        kinds = [
            Kind(self.tr("One file for Lapis, with all branches (*.json)"), ".json", Format.JSON),
            Kind(self.tr("Archive of Markdown files (*.zip)"), _ARCHIVE, Format.MARKDOWN),
            Kind(self.tr("Archive of web pages (*.zip)"), _ARCHIVE, Format.HTML),
        ]
        self._target.ask(self.tr("Export all chats"), "lapis-chats", kinds, self._write_all)

    def _write_all(self, path: Path, how: Format) -> None:
        page = self._show(self._page_of_export())
        page.show_work(self.tr("Writing {name}").format(name=path.name), "")
        self._export.write_all(path, how, self._telling())

    def _telling(self) -> Telling:
        chosen = self._preferences.value
        accent = chosen.look.accent
        look = HtmlLook(
            _colours(with_accent(LIGHT, accent)),
            _colours(with_accent(DARK, accent)),
            "zh-CN" if spoken(chosen.language) is Language.CHINESE else "en",
        )
        return Telling(Teller(say, model_words), look)

    def _on_one_written(self, path: Path) -> None:
        self._window.banner.solve(Topic.FILES)
        self._window.toast.tell(Text("Written to {name}", {"name": path.name}))

    def _on_one_failed(self, error: LapisError) -> None:
        _log.warning("a chat was not exported: %s", type(error).__name__)
        self._window.banner.show_error(Topic.FILES, error)

    def _on_export_progressed(self, done: int, total: int) -> None:
        if self._export_page is not None and self._export_page.is_working:
            hint = self.tr("{done} of {total} chats").format(done=f"{done:,}", total=f"{total:,}")
            self._export_page.show_work(self.tr("Writing the chats"), hint, done, total)

    def _on_all_written(self, path: Path, count: int) -> None:
        self._written = path
        words = self.tr("1 chat is written") if count == 1 else self.tr("{count} chats are written")
        self._page_of_export().show_result(
            words.format(count=f"{count:,}"), str(path), Look.NEWS, has_folder=True
        )

    def _on_all_failed(self, error: LapisError) -> None:
        _log.warning("chats were not exported: %s", type(error).__name__)
        self._page_of_export().show_result(say(error.title), say(error.hint), Look.ERROR)

    def _on_export_stopped(self) -> None:
        self._export.stop()
        self._page_of_export().show_result(
            self.tr("Stopped"), self.tr("Nothing was written."), Look.NEWS
        )

    def _page_of_export(self) -> TransferPage:
        if self._export_page is None:
            page = self._export_page = self._connected(TransferPage())
            page.stop_requested.connect(self._on_export_stopped)
            page.folder_requested.connect(self._show_written)
        return self._export_page

    def _show_written(self) -> None:
        if self._written is not None:
            show_in_folder(self._written, self)

    # Import.

    def show_import(self) -> None:
        """Show the page on which files can be chosen."""
        page = self._page_of_import()
        if not self._import.is_running:
            page.show_nothing()
        self._show(page)

    def import_files(self, paths: list[Path]) -> None:
        """Read what is at `paths`, and take in the chats that are in it."""
        if paths and not self._import.is_running:
            self._folder = str(paths[0].parent)
            page = self._show(self._page_of_import())
            page.show_work(self.tr("Reading {name}").format(name=paths[0].name), "")
            self._import.start(paths)

    def _choose_files(self) -> None:
        dialog = QFileDialog(self._window, self.tr("Import chats"), self._folder)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        chats = self.tr("Chats ({patterns})")
        patterns = "*.json *.jsonl *.zip *.chat *.sqlite *.db"
        dialog.setNameFilters([chats.format(patterns=patterns), self.tr("All files (*)")])
        dialog.filesSelected.connect(lambda names: self.import_files([Path(one) for one in names]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self._window, self.tr("Import chats"), self._folder)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.import_files([Path(name)]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_reading(self, name: str, found: int) -> None:
        if self._import.is_running:
            hint = self.tr("Chats found: {count}").format(count=f"{found:,}")
            title = self.tr("Reading {name}").format(name=name)
            self._page_of_import().show_work(title, hint)

    def _on_writing(self, done: int, total: int) -> None:
        if self._import.is_running:
            hint = self.tr("{done} of {total} chats").format(done=f"{done:,}", total=f"{total:,}")
            self._page_of_import().show_work(self.tr("Taking the chats in"), hint, done, total)

    def _on_import_done(self, outcome: Outcome) -> None:
        self._outcome = outcome
        if outcome.taken:
            self.chats_changed.emit()
        title, hint, look = self._told(outcome)
        page = self._page_of_import()
        page.show_result(title, hint, look, unread=outcome.unread, can_undo=bool(outcome.taken))
        if not page.isVisible():
            # Whoever went on meanwhile is told where they are now.
            count = {"count": f"{len(outcome.taken):,}"}
            words = Text("Import of chats: {count} came", count)
            self._window.banner.show_notice(Topic.FILES, words)

    def _told(self, outcome: Outcome) -> tuple[str, str, Look]:
        count = len(outcome.taken)
        match count:
            case 0:
                title = self.tr("No new chats came")
            case 1:
                title = self.tr("1 chat came")
            case _:
                title = self.tr("{count} chats came").format(count=f"{count:,}")
        parts = []
        if outcome.known:
            parts.append(self.tr("Here already: {count}").format(count=f"{outcome.known:,}"))
        if outcome.unread:
            number = f"{len(outcome.unread):,}"
            parts.append(self.tr("Could not be read: {count}").format(count=number))
        if outcome.stopped:
            parts.append(self.tr("Stopped by you; what came stays."))
        look = Look.WARNING if outcome.unread and not count else Look.NEWS
        if outcome.error is not None:
            title = say(outcome.error.title) if not count else title
            parts.append(say(outcome.error.hint) if not count else say(outcome.error.title))
            look = Look.ERROR
        return title, " · ".join(parts), look

    def _undo(self) -> None:
        outcome, self._outcome = self._outcome, None
        if outcome is None:
            return
        page = self._page_of_import()
        try:
            self._import.undo(outcome)
        except LapisError as error:
            page.show_result(say(error.title), say(error.hint), Look.ERROR)
            return
        self.chats_gone.emit(outcome.taken)
        self.chats_changed.emit()
        page.show_result(
            self.tr("Undone"), self.tr("The chats that came are gone again."), Look.NEWS
        )

    def _page_of_import(self) -> ImportPage:
        if self._import_page is None:
            page = self._import_page = self._connected(ImportPage())
            page.files_wanted.connect(self._choose_files)
            page.folder_wanted.connect(self._choose_folder)
            page.dropped.connect(self.import_files)
            page.stop_requested.connect(self._import.stop)
            page.undo_requested.connect(self._undo)
        return self._import_page

    # Both.

    def close(self) -> None:
        """Give up what is under way and end the threads; idempotent."""
        self._export.close()
        self._import.close()

    def _show(self, page: Page) -> Page:
        self._window.show_page(page, page.title())
        page.show_sidebar_button(visible=not self._window.is_sidebar_shown)
        page.take_focus()
        return page

    def _connected(self, page: Page) -> Page:
        page.closed.connect(self._window.show_talk)
        page.sidebar_requested.connect(self._window.toggle_sidebar)
        self._window.sidebar_shown.connect(
            lambda shown: page.show_sidebar_button(visible=not shown)
        )
        return page


def _colours(theme: Tokens) -> Mapping[str, str]:
    """Return what the HTML knows as colours."""
    plain = {name: getattr(theme, name) for name in _COLOURS}
    return plain | {name: getattr(theme.syntax, name) for name in _SYNTAX}
