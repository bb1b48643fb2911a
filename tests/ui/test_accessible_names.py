"""Whatever can be used in the window tells a screen reader what it is called, and what it is."""

from collections.abc import Iterable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QLineEdit,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.domain.settings import Language
from desktop.services.personas import open_personas
from desktop.services.prompts import open_prompts
from desktop.services.quick_actions import open_quick_actions
from desktop.ui.buttons import IconButton
from desktop.ui.chat_panel import ChatPanel
from desktop.ui.help_window import HelpWindow
from desktop.ui.labels import set_tooltip
from desktop.ui.library_controller import LibraryController
from desktop.ui.message_actions import MessageActions
from desktop.ui.popup import Popup
from desktop.ui.server_presets import CLOUD
from desktop.ui.settings_answers import AnswersSection
from desktop.ui.settings_api import ApiSection
from desktop.ui.settings_controller import SettingsController
from desktop.ui.settings_copies import CopiesSection
from desktop.ui.settings_popup import PopupSection
from desktop.ui.settings_privacy import PrivacySection
from desktop.ui.settings_section import SettingsSection
from desktop.ui.settings_sections import ChatsSection, LookSection, MemorySection
from desktop.ui.shortcut_sheet import ShortcutSheet
from desktop.ui.transcript import Transcript
from tests.harness.ollama.models import OllamaModel
from tests.harness.ollama.server import OllamaServer
from tests.ui.desk import DONE, Desk, say
from tests.ui.servers_room import open_room

_Role = QAccessible.Role
_USED = (QAbstractButton, QLineEdit, QAbstractSlider, QAbstractItemView)
_NO_CONTROL = {_Role.NoRole, _Role.Client, _Role.Window, _Role.Pane}
_PLACES = (Transcript, MessageActions)
"""These hand the focus on to what is in them."""


def _used(top: QWidget) -> Iterable[QWidget]:
    """Return what a person can press, type into or walk through, as far as it can be seen."""
    for widget in (top, *top.findChildren(QWidget)):
        if not widget.isVisible() or isinstance(widget, QScrollBar):
            continue
        around = widget.parent()
        is_viewport = isinstance(around, QAbstractScrollArea) and widget is around.viewport()
        by_key = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
        if not is_viewport and widget.isEnabled() and (by_key or isinstance(widget, _USED)):
            yield widget


def _faults(top: QWidget) -> list[str]:
    """Return what is wrong with what can be used under `top`, a line for each."""
    found = []
    for widget in _used(top):
        told = QAccessible.queryAccessibleInterface(widget)
        way = " in ".join(type(one).__name__ for one in _up(widget))
        if not told.text(QAccessible.Text.Name).strip():
            found.append(f"no name: {way} {widget.toolTip()!r}")
        elif told.role() in _NO_CONTROL and not isinstance(widget, _PLACES):
            found.append(f"{told.role()}: {way} {told.text(QAccessible.Text.Name)!r}")
    return found


def _up(widget: QWidget) -> Iterable[QWidget]:
    around: QWidget | None = widget
    for _ in range(4):
        if around is None:
            return
        yield around
        around = around.parentWidget()


def _talk(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("Which?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("A [link](https://example.org).\n\n```python\nx = 1\n```\n"), DONE)


def test_in_a_new_chat(desk: Desk) -> None:
    assert _faults(desk.window) == []


def test_in_a_chat_with_an_answer(desk: Desk, qtbot: QtBot) -> None:
    _talk(desk, qtbot)
    desk.window.transcript.open_find()

    assert _faults(desk.window) == []


def test_in_a_search_of_the_chats(desk: Desk, qtbot: QtBot) -> None:
    _talk(desk, qtbot)
    desk.window.sidebar.start_search()
    qtbot.keyClicks(desk.window.sidebar.search, "whi")
    qtbot.waitUntil(desk.window.sidebar.results.isVisible)

    assert _faults(desk.window) == []


def test_on_the_panel_of_a_chat(qtbot: QtBot) -> None:
    panel = ChatPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 1400)
    panel.show()

    assert _faults(panel) == []


@pytest.mark.parametrize("section", range(8))
def test_on_the_page_of_settings(desk: Desk, section: int) -> None:
    def sections() -> list[SettingsSection]:
        return [
            PopupSection(),
            LookSection(),
            ChatsSection(),
            AnswersSection(),
            MemorySection(),
            CopiesSection(),
            ApiSection(),
            PrivacySection(),
        ]

    SettingsController(desk.window, desk.preferences, sections).show(section)

    assert _faults(desk.window) == []


@pytest.mark.parametrize("tab", ["personas", "prompts"])
def test_on_the_page_of_personas_and_prompts(desk: Desk, tab: str) -> None:
    library = LibraryController(
        desk.window,
        open_personas(desk.store),
        open_prompts(desk.store),
        open_quick_actions(desk.store),
        desk.preferences,
        lambda: Language.ENGLISH,
    )
    library.show()
    library.page.show_tab(getattr(library.page, tab))

    assert _faults(desk.window) == []


def test_on_the_card_of_keys(desk: Desk) -> None:
    sheet = ShortcutSheet(desk.window)
    sheet.show_keys()

    assert _faults(sheet) == []


def test_in_help(desk: Desk) -> None:
    window = HelpWindow(desk.window, Language.ENGLISH)
    window.show_topic("api")
    window.bring_to_front()

    assert _faults(window) == []


def test_in_the_quick_question(qtbot: QtBot) -> None:
    popup = Popup(translucent=True)
    qtbot.addWidget(popup)
    popup.set_model("gemma", is_guide=False)
    popup.show()

    assert _faults(popup) == []


def test_in_the_servers_of_settings_and_models(desk: Desk, qtbot: QtBot) -> None:
    with (
        OllamaServer([OllamaModel("gemma2:9b")]) as ollama,
        open_room(desk, qtbot, ollama.address) as room,
    ):
        room.look()
        room.tab.show()
        room.settle(qtbot)
        room.section.begin(CLOUD[0])
        room.section.editor.key.show_kept(kept=True)

        assert _faults(room.section) == []
        assert _faults(room.tab) == []


def test_what_is_described_is_described_in_plain_words(desk: Desk) -> None:
    told = {
        widget: QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Description)
        for widget in _used(desk.window)
    }

    assert any("Ctrl+Shift+P" in words for words in told.values())
    assert {words for words in told.values() if "<" in words or "\xa0" in words} == set()


def test_words_of_its_own_describe_a_part_better_than_its_tooltip(qtbot: QtBot) -> None:
    button = IconButton("more")
    qtbot.addWidget(button)
    set_tooltip(button, "First & <b>")
    assert button.accessibleDescription() == "First & <b>"
    set_tooltip(button, "Second")
    assert button.accessibleDescription() == "Second"
    button.setAccessibleDescription("Ready")
    set_tooltip(button, "Third")

    assert button.accessibleDescription() == "Ready"
