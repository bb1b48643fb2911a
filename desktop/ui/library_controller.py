"""Fills the page of personas, prompts and quick actions, and does what is asked for on it.

The page is made when it is first wanted. GUI thread, which owns the store.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog

from desktop.domain.chat_settings import Persona, SavedPrompt
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.domain.quick_action import QuickAction
from desktop.domain.settings import Language
from desktop.domain.text import Text
from desktop.services.library_files import LibraryPart, read_library, write_library
from desktop.services.own_items import OwnItems
from desktop.services.prompts import first_line
from desktop.services.quick_actions import with_keys
from desktop.ui.action_editor import ActionEditor
from desktop.ui.chat_ground import ChatGround
from desktop.ui.library_items import ItemsDesk
from desktop.ui.library_list import Line
from desktop.ui.library_page import LibraryPage
from desktop.ui.notice_card import Look
from desktop.ui.persona_editor import PersonaEditor
from desktop.ui.preferences import Preferences
from desktop.ui.prompt_editor import PromptEditor
from desktop.ui.translation import say
from desktop.ui.window import MainWindow

__all__ = ["LibraryController"]

_MOST_NAMED = 5

_log = logging.getLogger(__name__)


class LibraryController(QObject):
    """Owns the page; everything on it is kept as it is typed."""

    changed = Signal()
    """There are others to choose from now."""

    def __init__(
        self,
        window: MainWindow,
        personas: OwnItems[Persona],
        prompts: OwnItems[SavedPrompt],
        actions: OwnItems[QuickAction],
        preferences: Preferences,
        language: Callable[[], Language],
    ) -> None:
        """`language` returns that of the surface, never SYSTEM."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._language = language
        self._models: tuple[tuple[str, InstalledModel], ...] = ()
        self.page = page = LibraryPage()
        self._personas = ItemsDesk(
            page.personas, personas, language, _persona_line, self._show_persona, self
        )
        self._prompts = ItemsDesk(
            page.prompts, prompts, language, _prompt_line, page.prompt.show_item, self
        )
        self._actions = ItemsDesk(
            page.quick_actions,
            actions,
            language,
            _action_line,
            self._show_action,
            self,
            with_keys,
        )
        self._desks = (self._personas, self._prompts, self._actions)
        self._connect()

    def show(self) -> None:
        """Show the page, with the tab and the item of last time."""
        self.page.notice.hide()
        self._refresh()
        self._window.show_page(self.page, self.page.accessibleName())
        self.page.tab.take_focus()

    def show_prompts(self) -> None:
        """Show the page with the prompts."""
        self.page.show_tab(self.page.prompts)
        self.show()

    def show_actions(self) -> None:
        """Show the page with the quick actions."""
        self.page.show_tab(self.page.quick_actions)
        self.show()

    def edit_persona(self, persona: Persona) -> None:
        """Show the page with `persona`, ready to be named."""
        self.page.show_tab(self.page.personas)
        self.show()
        self._personas.open(persona.id)
        self.page.persona.begin()

    def set_models(self, models: tuple[tuple[str, InstalledModel], ...]) -> None:
        """Offer `models` to personas, each by the name or path that settings keep."""
        self._models = models
        self.page.persona.knobs.show_models(models)

    def leave(self) -> None:
        """Keep what was typed and not kept yet; a new item that nobody changed goes."""
        for desk in self._desks:
            desk.leave()

    def import_file(self, path: Path) -> None:
        """Take what the file at `path` holds, and say what became of it."""
        try:
            part = read_library(path)
            personas, known = self._personas.take(part.personas)
            prompts, known_too = self._prompts.take(part.prompts)
            actions, known_as_well = self._actions.take(part.actions)
        except LapisError as error:
            self._show_error(error)
            return
        self._tell(part, personas + prompts + actions, known + known_too + known_as_well)

    def export_to(self, path: Path, *, only_open: bool) -> None:
        """Write all of one's own, or what is open, to `path`."""
        page = self.page
        page.flush()
        try:
            if only_open:
                personas = self._personas.opened if page.tab is page.personas else ()
                prompts = self._prompts.opened if page.tab is page.prompts else ()
                actions = self._actions.opened if page.tab is page.quick_actions else ()
            else:
                personas, prompts = self._personas.own(), self._prompts.own()
                actions = self._actions.own()
            write_library(path, personas, prompts, actions)
        except LapisError as error:
            self._show_error(error)
            return
        count = len(personas) + len(prompts) + len(actions)
        words = self.tr("Written to {name}: {count}").format(name=path.name, count=count)
        self.page.say(words, "", Look.NEWS)

    def _connect(self) -> None:
        page, window = self.page, self._window
        page.closed.connect(window.show_talk)
        page.left.connect(self.leave)
        page.sidebar_requested.connect(window.toggle_sidebar)
        window.sidebar_shown.connect(lambda shown: page.show_sidebar_button(visible=not shown))
        window.language_changed.connect(self._on_language_changed)
        page.show_sidebar_button(visible=not window.is_sidebar_shown)
        page.toast.undo_requested.connect(self._on_undo_requested)
        self._join(self._personas, page.persona)
        self._join(self._prompts, page.prompt)
        self._join(self._actions, page.action)
        self._actions.changed.connect(self._show_key)
        self._personas.deleted.connect(lambda name: self._offer_undo(name, 0))
        self._prompts.deleted.connect(lambda name: self._offer_undo(name, 1))
        self._actions.deleted.connect(lambda name: self._offer_undo(name, 2))
        for tab in page.tabs:
            tab.import_requested.connect(self._choose_file)
            tab.export_requested.connect(self._choose_target)
        page.personas.new_requested.connect(
            lambda: self._personas.make(Persona("", self.tr("New persona")))
        )
        page.prompts.new_requested.connect(
            lambda: self._prompts.make(
                SavedPrompt("", self.tr("new"), self.tr("New prompt"), "{{selection}}")
            )
        )
        page.quick_actions.new_requested.connect(
            lambda: self._actions.make(
                QuickAction(
                    "",
                    self.tr("New action"),
                    "",
                    "",
                    self.tr("Turn the text below into a short list. Give only the list."),
                )
            )
        )

    def _join(
        self, desk: ItemsDesk[Any], editor: PersonaEditor | PromptEditor | ActionEditor
    ) -> None:
        editor.changed.connect(desk.keep)
        desk.leaving.connect(editor.flush)
        desk.gone.connect(editor.forget)
        desk.begun.connect(editor.begin)
        desk.failed.connect(self._show_error)
        desk.changed.connect(self.changed)

    def _refresh(self) -> None:
        for desk in self._desks:
            desk.refresh()

    def _on_language_changed(self) -> None:
        if not self._window.is_talk_shown:
            self._refresh()
        if self.page.isVisibleTo(self._window):
            # The page hears of it after the window.
            page, window = self.page, self._window
            QTimer.singleShot(0, page, lambda: window.show_page_title(page.accessibleName()))

    def _show_persona(self, persona: Persona) -> None:
        self.page.persona.show_item(persona, ChatGround(self._preferences.value))

    def _show_action(self, action: QuickAction) -> None:
        self.page.action.show_item(action)
        self._show_key()

    def _show_key(self) -> None:
        action = self._actions.in_force
        self.page.action.show_key("" if action is None else action.key)

    def _offer_undo(self, name: str, key: int) -> None:
        self.page.toast.offer_undo(Text("“{title}” is deleted", {"title": name}), key)

    def _on_undo_requested(self, key: int) -> None:
        self._desks[key].undo()

    def _choose_file(self) -> None:
        dialog = QFileDialog(self.page, self.tr("Import personas, prompts and actions"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self._kind_of_file(), self.tr("All files (*)")])
        dialog.fileSelected.connect(lambda path: self.import_file(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _choose_target(self, only_open: bool) -> None:
        dialog = QFileDialog(self.page, self.tr("Export personas, prompts and actions"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([self._kind_of_file()])
        dialog.setDefaultSuffix("json")
        dialog.selectFile("lapis-library.json")
        dialog.fileSelected.connect(lambda path: self.export_to(Path(path), only_open=only_open))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _kind_of_file(self) -> str:
        return self.tr("Personas, prompts and actions (*.json)")

    def _show_error(self, error: LapisError) -> None:
        _log.warning("personas, prompts and actions: %s", error.title.message)
        self.page.say(say(error.title), say(error.hint), Look.ERROR)

    def _tell(self, part: LibraryPart, taken: int, known: int) -> None:
        words = [self.tr("Imported: {count}").format(count=taken)]
        if known:
            words.append(self.tr("There already: {count}").format(count=known))
        if part.left_out:
            words.append(self.tr("Left out: {count}").format(count=len(part.left_out)))
        lines = [
            self.tr("{name}: {reason}").format(
                name=each.name or self.tr("Without a name"), reason=say(each.why)
            )
            for each in part.left_out[:_MOST_NAMED]
        ]
        if len(part.left_out) > _MOST_NAMED:
            lines.append("…")
        look = Look.WARNING if part.left_out else Look.NEWS
        self.page.say(" · ".join(words), "\n".join(lines), look)


def _persona_line(persona: Persona) -> Line:
    about = persona.about or first_line(persona.settings.system_prompt or "")
    return Line(persona.id, persona.name, about, persona.icon)


def _prompt_line(prompt: SavedPrompt) -> Line:
    return Line(prompt.id, prompt.name, first_line(prompt.text), prompt.icon, f"/{prompt.command}")


def _action_line(action: QuickAction) -> Line:
    said = action.instruction or next((one.instruction for one in action.variants), "")
    return Line(action.id, action.name, first_line(said), action.icon, action.key)
