"""The screens, each with the way that leads to it from any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

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


def _talk(stage: Stage) -> None:
    """Go back to the newest conversation."""
    from desktop.store.chats import ChatStore

    stage.window.show_talk()
    stage.window.sidebar.end_search()
    store = ChatStore.open(stage.paths.database)
    try:
        newest = max(store.chats(), key=lambda chat: chat.id)
    finally:
        store.close()
    stage.window.sidebar.chat_selected.emit(newest.id)
    stage.work(0.5)


def _window(stage: Stage) -> None:
    _talk(stage)
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
    menu.ensurePolished()
    menu.popup(corner + QPoint(-menu.sizeHint().width() - _BESIDE_A_MENU, _BELOW_THE_HEADER))
    stage.take()
    menu.close()


def _models(tab: int, stage: Stage) -> None:
    from desktop.ui.models_page import ModelsPage

    stage.window.models_requested.emit()
    page = stage.part(ModelsPage)
    page.show_tab(tab)
    stage.work(2)
    stage.take()


def _model_page(stage: Stage) -> None:
    from desktop.ui.models_page import ModelsPage

    stage.window.models_requested.emit()
    page = stage.part(ModelsPage)
    page.show_tab(0)
    stage.wait(lambda: page.discover.browse.all.cards, "cards")
    page.discover.model_opened.emit("gemma-2-2b-it")
    stage.wait(lambda: page.model_page.table.rows, "quantisations")
    stage.work(3)
    stage.take()
    page.close_page()


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
        "models": Scene(partial(_models, 0)),
        "model": Scene(_model_page),
        "installed": Scene(partial(_models, 1)),
        "this-computer": Scene(partial(_models, 2)),
        "servers": Scene(partial(_models, 3)),
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
    return found


SCENES: Final[Mapping[str, Scene]] = MappingProxyType(_all())
