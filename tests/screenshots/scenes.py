"""The screens, each with the way that leads to it from any other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from tests.screenshots import models_scenes

if TYPE_CHECKING:
    from tests.screenshots.stage import Stage

_FIRST_STEPS: Final = 3
_SETTINGS: Final = 11
"""Parts of the settings page, at most."""
_BESIDE_THE_POPUP: Final = 36
_LETTER_SIDE: Final = 40
_LETTER_ABOVE: Final = 40
_LETTER_BELOW: Final = 360
_BESIDE_A_MENU: Final = 12
_BELOW_THE_HEADER: Final = 44
_NARROW: Final = 420


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture; `is_first` if only who has never started Lapis sees it."""

    play: Callable[[Stage], None]
    is_first: bool = False


def _first_step(number: int, stage: Stage) -> None:
    from desktop.ui.first_run import FirstRun

    steps = stage.part(FirstRun)
    steps.show_step(number)
    stage.work(1)
    stage.take()


def _talk(stage: Stage, title: str = "") -> None:
    """Go back to the conversation of that title; with none to the newest."""
    from desktop.store.chats import ChatStore

    stage.window.show_talk()
    stage.window.sidebar.end_search()
    store = ChatStore.open(stage.paths.database)
    try:
        chats = [chat for chat in store.chats() if title in {"", chat.title}]
    finally:
        store.close()
    newest = max(chats, key=lambda chat: chat.id)
    stage.window.sidebar.chat_selected.emit(newest.id)
    stage.window.composer.field.setFocus()
    stage.work(0.5)


def _window(stage: Stage) -> None:
    from desktop.ui.share_bar import ShareBar

    _talk(stage)
    stage.wait(lambda: not stage.seen(ShareBar), "still loading the model")
    stage.take()


def _empty(stage: Stage) -> None:
    stage.window.shortcuts.new_chat.emit()
    stage.take()


def _search(stage: Stage) -> None:
    from desktop.ui.sidebar import Sidebar

    _talk(stage)
    stage.window.shortcuts.search.emit()
    stage.part(Sidebar).search.setText(stage.texts.searched)
    stage.work(1)
    stage.take()
    _talk(stage)


def _document(stage: Stage) -> None:
    _talk(stage, stage.texts.lease.title)
    stage.take()


def _error(stage: Stage) -> None:
    _talk(stage, stage.texts.harvest.title)
    stage.take()


def _too_large(stage: Stage) -> None:
    _talk(stage, stage.texts.minutes.title)
    stage.take()


def _banner(stage: Stage) -> None:
    from desktop.backends.explain import explain_death
    from desktop.backends.ladder import Cause
    from desktop.ui.banner import Remedy, Topic

    _talk(stage)
    error = explain_death(Cause.MEMORY)
    banner = stage.window.banner
    banner.show_error(Topic.MODEL_LOADING, error, Remedy.RETRY, Remedy.CHOOSE_MODEL)
    stage.take()
    banner.solve(Topic.MODEL_LOADING)


def _locked(stage: Stage) -> None:
    """Type while another program keeps the chats file to itself."""
    from desktop.ui.banner import Topic

    _talk(stage)
    banner, field = stage.window.banner, stage.window.composer.field
    with closing(sqlite3.connect(stage.paths.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        field.setPlainText(stage.texts.draft)
        stage.wait(lambda: banner.topic is Topic.STORAGE, "the word that nothing is saved")
        stage.take()
    stage.wait(lambda: banner.topic is None, "everything saved again")
    field.clear()


def _drop(stage: Stage) -> None:
    """Hold a file over the window."""
    from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
    from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent

    _talk(stage)
    held = QMimeData()
    held.setUrls([QUrl.fromLocalFile(str(stage.write_letter()))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    place = QPoint(_LETTER_SIDE, _LETTER_SIDE)
    none = Qt.KeyboardModifier.NoModifier
    stage.window.dragEnterEvent(QDragEnterEvent(place, copy, held, left, none))
    stage.take()
    stage.window.dragLeaveEvent(QDragLeaveEvent())


def _find(stage: Stage) -> None:
    from desktop.ui.find_bar import FindBar

    _talk(stage)
    stage.window.shortcuts.find.emit()
    bar = stage.part(FindBar)
    bar.open("x")
    stage.take()
    bar.close_bar()


def _panel(stage: Stage) -> None:
    _talk(stage)
    stage.window.shortcuts.panel.emit()
    stage.take()
    stage.window.shortcuts.panel.emit()


def _context(stage: Stage) -> None:
    from desktop.ui.context_card import ContextCard
    from desktop.ui.context_ring import ContextRing

    _talk(stage)
    stage.window.composer.field.setPlainText(stage.texts.draft)
    ring = stage.part(ContextRing)
    # Counted a moment after the last key.
    stage.work(2)
    stage.wait(lambda: ring.count is not None, "a count of the context")
    stage.wait(lambda: ring.count is not None and ring.count.draft, "a count of the draft")
    ring.open_card()
    stage.wait(lambda: stage.seen(ContextCard), "the card of the context")
    stage.take()
    stage.window.composer.field.clear()
    stage.part(ContextCard).close()


def _main_menu(stage: Stage) -> None:
    from PySide6.QtCore import QPoint

    _talk(stage)
    menu, window = stage.window.header.main_menu, stage.window
    corner = window.mapToGlobal(window.rect().topRight())
    menu.open_at(corner + QPoint(-_BESIDE_A_MENU, _BELOW_THE_HEADER))
    stage.take()
    menu.close()


def _narrow(stage: Stage) -> None:
    """Make the window as narrow as it is beside two others."""
    size = stage.window.size()
    _talk(stage, stage.texts.talks[-1].title)
    stage.window.resize(_NARROW, size.height())
    stage.work(1)
    stage.take()
    stage.window.resize(size)
    stage.work(0.5)


def _narrow_settings(stage: Stage) -> None:
    from desktop.ui.settings_page import SettingsPage

    size = stage.window.size()
    if not stage.seen(SettingsPage):
        stage.window.shortcuts.settings.emit()
    stage.part(SettingsPage).show_section(1)
    stage.window.resize(_NARROW, size.height())
    stage.work(1)
    stage.take()
    stage.window.resize(size)
    stage.work(0.5)


def _library(stage: Stage) -> None:
    stage.window.header.main_menu.library_requested.emit()
    stage.work(0.5)
    stage.take()


def _settings(number: int, stage: Stage) -> None:
    from desktop.ui.settings_page import SettingsPage

    if not stage.seen(SettingsPage):
        stage.window.shortcuts.settings.emit()
    stage.part(SettingsPage).show_section(number)
    stage.work(0.5)
    stage.take()


def _keys(stage: Stage) -> None:
    _talk(stage)
    stage.window.shortcuts.keys.emit()
    stage.take()
    stage.window.shortcuts.keys.emit()


def _help(stage: Stage) -> None:
    from desktop.ui.help_window import HelpWindow

    _talk(stage)
    stage.screen.key("F1")
    window = stage.top(HelpWindow)
    stage.take(window)
    window.close()


def _about(stage: Stage) -> None:
    from desktop.ui.about import About

    _talk(stage)
    stage.window.header.main_menu.about_requested.emit()
    about = stage.top(About)
    stage.take(about)
    about.close()


def _licences(stage: Stage) -> None:
    from desktop.ui.about import About
    from desktop.ui.licences_window import LicencesWindow

    stage.window.header.main_menu.about_requested.emit()
    about = stage.top(About)
    about.licences.click()
    window = stage.top(LicencesWindow)
    stage.take(window)
    window.close()
    about.close()


def _popup(stage: Stage, *, asks: bool) -> None:
    """Call the popup over a letter, with a sentence of it selected."""
    from desktop.system.instance import send_command
    from desktop.ui.popup import Popup

    window = stage.window
    window.hide()
    letter = stage.others.text_window(stage.texts.letter, stage.write_letter())
    stage.screen.key("ctrl+a")
    stage.work(0.5)
    send_command(stage.paths.socket, "toggle-popup")
    popup = stage.top(Popup)
    stage.work(0.5)
    # Now that its place is known: the letter looks out from behind it.
    scale = round(popup.devicePixelRatio())
    place = popup.geometry().adjusted(-_LETTER_SIDE, -_LETTER_ABOVE, _LETTER_SIDE, _LETTER_BELOW)
    left, top = scale * place.x(), scale * place.y()
    width, height = scale * place.width(), scale * place.height()
    stage.screen.xdotool("windowsize", "--sync", letter.number, str(width), str(height))
    stage.screen.xdotool("windowmove", letter.number, str(left), str(top))
    if asks:
        popup.composer.field.setPlainText(stage.texts.question)
        stage.screen.key("Return")
        stage.work(3)
    stage.take(popup, _BESIDE_THE_POPUP)
    stage.screen.key("Escape")
    stage.work(0.3)
    popup.put_away()
    stage.others.end_last()
    window.bring_to_front()


def _all() -> dict[str, Scene]:
    found = {
        f"first-steps-{number + 1}": Scene(partial(_first_step, number), is_first=True)
        for number in range(_FIRST_STEPS)
    }
    found |= {
        "window": Scene(_window),
        "empty": Scene(_empty),
        "search": Scene(_search),
        "find": Scene(_find),
        "panel": Scene(_panel),
        "context": Scene(_context),
        "menu": Scene(_main_menu),
        "document": Scene(_document),
        "error": Scene(_error),
        "too-large": Scene(_too_large),
        "banner": Scene(_banner),
        "locked": Scene(_locked),
        "drop": Scene(_drop),
        "models": Scene(partial(models_scenes.tab, 0)),
        "model": Scene(models_scenes.model_page),
        "downloads": Scene(models_scenes.downloads),
        "installed": Scene(partial(models_scenes.tab, 1)),
        "smaller": Scene(partial(models_scenes.smaller, busy=False)),
        "smaller-busy": Scene(partial(models_scenes.smaller, busy=True)),
        "this-computer": Scene(partial(models_scenes.tab, 2)),
        "servers": Scene(partial(models_scenes.tab, 3)),
        "servers-offline": Scene(models_scenes.servers_offline),
        "library": Scene(_library),
        "keys": Scene(_keys),
        "help": Scene(_help),
        "about": Scene(_about),
        "licences": Scene(_licences),
        "popup": Scene(partial(_popup, asks=False)),
        "popup-answer": Scene(partial(_popup, asks=True)),
    }
    found |= {
        f"settings-{number + 1:02}": Scene(partial(_settings, number))
        for number in range(_SETTINGS)
    }
    found |= {"narrow": Scene(_narrow), "narrow-settings": Scene(_narrow_settings)}
    return found


SCENES: Final[Mapping[str, Scene]] = MappingProxyType(_all())
