"""Help in the window: topics and pages, a search over all, the right page for what is in front."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.config.help_texts import HelpMissing, read_pages
from desktop.domain.help_page import TOPICS
from desktop.domain.settings import Language, Theme
from desktop.ui import help_window
from desktop.ui.code_block import CodeBlock
from desktop.ui.help_window import HelpWindow
from desktop.ui.models_page import ModelsPage
from desktop.ui.popup import Popup
from desktop.ui.settings_copies import CopiesSection
from desktop.ui.settings_sections import ChatsSection, LookSection, MemorySection
from desktop.ui.theme import apply_theme
from desktop.ui.translation import Languages
from desktop.ui.window_pages import WindowPages
from tests.ui.desk import Desk


@pytest.fixture
def help_(qtbot: QtBot, qapp: QApplication) -> Iterator[HelpWindow]:
    """Return help at its first topic, shown, in English and light."""
    apply_theme(qapp, Theme.LIGHT)
    parent = QWidget()
    qtbot.addWidget(parent)
    window = HelpWindow(parent, Language.ENGLISH)
    window.show_topic(TOPICS[0])
    window.bring_to_front()
    qtbot.waitExposed(window)
    yield window
    assert parent.isHidden()


@pytest.fixture
def chinese(qapp: QApplication) -> Iterator[Languages]:
    languages = Languages(qapp)
    yield languages
    languages.use(Language.ENGLISH)


@pytest.fixture
def pages(desk: Desk) -> Iterator[WindowPages]:
    one = WindowPages(desk.window, desk.preferences, desk.paths)
    yield one
    one.close()


def words(window: HelpWindow) -> str:
    return "\n".join(text.toPlainText() for text in window.view.texts())


def top_of(heading: str, window: HelpWindow) -> int:
    """Return how far below the upper edge of the page the heading is seen, in pixels."""
    for text in window.view.texts():
        block = text.document().begin()
        while block.isValid():
            if block.text() == heading:
                corner = text.document().documentLayout().blockBoundingRect(block).topLeft()
                return text.mapTo(window.view, corner.toPoint()).y()
            block = block.next()
    raise AssertionError(heading)


def in_front(desk: Desk) -> HelpWindow:
    found = [one for one in desk.window.findChildren(HelpWindow) if one.isVisible()]
    assert len(found) == 1
    return found[0]


def test_every_topic_stands_in_the_list_and_shows_its_page(help_: HelpWindow) -> None:
    assert [row.topic for row in help_.list.rows] == list(TOPICS)

    for number, page in enumerate(read_pages(Language.ENGLISH)):
        help_.list.choose(number)
        assert help_.topic == page.topic
        assert help_.view.title.text() == page.title
        assert page.title in help_.windowTitle()
        assert words(help_).count("\n") > 5


def test_a_link_leads_to_its_page_and_back(help_: HelpWindow) -> None:
    (text,) = (one for one in help_.view.texts() if "What fits explains" in one.toPlainText())

    text.link_meant.emit("https://topic.invalid/fit", QPointF(0, 0))
    assert help_.topic == "fit"
    row = help_.list.row()
    assert row is not None
    assert row.topic == "fit"
    assert help_.back.isEnabled()
    help_.back.click()

    assert help_.topic == TOPICS[0]
    assert not help_.back.isEnabled()


def test_links_of_pages_are_drawn_as_links(help_: HelpWindow) -> None:
    anchors = {link for text in help_.view.texts() for link in links(text.document())}

    assert {"https://topic.invalid/fit", "https://topic.invalid/popup"} <= anchors


def test_code_has_its_button_for_copying(help_: HelpWindow, qtbot: QtBot) -> None:
    help_.show_topic("api")
    shown = [one for one in help_.view.findChildren(CodeBlock) if one.isVisibleTo(help_)]
    block = shown[1]

    block._copy.click()

    assert QApplication.clipboard().text() == block.part.text
    assert block.part.text.startswith("curl http://127.0.0.1:8000/v1")


def test_a_search_lists_places_of_all_pages_and_goes_there(help_: HelpWindow, qtbot: QtBot) -> None:
    help_.resize(700, 420)
    qtbot.keyClicks(help_.search, "token asked")

    row = help_.list.row()
    assert row is not None
    assert (row.topic, row.heading) == ("models", "Why am I asked for a token?")
    assert help_.topic == "models"
    lit = [one for text in help_.view.texts() for one in text.extraSelections()]
    assert {one.cursor.selectedText().casefold() for one in lit} == {"token", "asked"}
    qtbot.waitUntil(lambda: 0 <= top_of(row.heading, help_) < 60)
    help_.resize(560, 420)
    qtbot.waitUntil(lambda: 0 <= top_of(row.heading, help_) < 60)

    qtbot.keyClick(help_.search, Qt.Key.Key_Escape)
    assert [one.topic for one in help_.list.rows] == list(TOPICS)
    assert help_.topic == "models"
    assert not any(text.extraSelections() for text in help_.view.texts())


def test_what_is_nowhere_is_said(help_: HelpWindow) -> None:
    help_.search.setText("zzzz")
    assert help_.list.rows == ()
    assert help_.view.title.text() == "Nothing found"

    help_.search.clear()
    assert help_.view.title.text() == "First steps"


def test_the_keyboard_chooses_scrolls_and_closes(help_: HelpWindow, qtbot: QtBot) -> None:
    assert help_.search.hasFocus()

    qtbot.keyClick(help_.search, Qt.Key.Key_Down)
    assert help_.topic == TOPICS[1]
    qtbot.keyClick(help_.search, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: help_.view.place > 0)
    qtbot.keyClick(help_.search, Qt.Key.Key_PageUp)
    assert help_.view.place == 0
    qtbot.keyClick(help_.search, Qt.Key.Key_Return)
    assert help_.list.hasFocus()
    qtbot.keyClick(help_.list, Qt.Key.Key_Up)
    assert help_.topic == TOPICS[0]
    qtbot.keyClick(help_.list, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert help_.search.hasFocus()
    qtbot.keyClick(help_.search, Qt.Key.Key_Escape)

    assert not help_.isVisible()


def test_another_language_is_another_page(help_: HelpWindow, chinese: Languages) -> None:
    help_.show_topic("privacy")
    chinese.use(Language.CHINESE)
    help_.set_language(Language.CHINESE)

    assert help_.topic == "privacy"
    assert help_.view.title.text() == "隐私"
    assert help_.list.rows[0].title == "初次使用"


def test_missing_pages_are_told(
    help_: HelpWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    def missing(_language: Language) -> None:
        raise HelpMissing

    monkeypatch.setattr(help_window, "read_pages", missing)
    help_.set_language(Language.ENGLISH)
    help_.show_topic("fit")

    assert help_.view.title.text() == "The help pages are missing"
    assert "Installing Lapis anew" in help_.view.summary.text()
    qtbot.keyClicks(help_.search, "a")
    qtbot.keyClick(help_.search, Qt.Key.Key_Down)


def test_f1_opens_what_belongs_to_the_page_in_front(
    desk: Desk, pages: WindowPages, qtbot: QtBot
) -> None:
    def press() -> str:
        desk.window.activateWindow()
        qtbot.waitActive(desk.window)
        qtbot.keyClick(desk.window, Qt.Key.Key_F1)
        return in_front(desk).topic

    assert press() == "window"
    for part, topic in (
        (MemorySection, "fit"),
        (CopiesSection, "privacy"),
        (ChatsSection, "window"),
        (LookSection, "window"),
    ):
        pages.open_settings(part)
        assert press() == topic
    models = ModelsPage(QWidget(), QWidget(), QWidget())
    desk.window.show_page(models, "Models", place="models")
    assert press() == "models"
    models.show_tab(3)
    assert press() == "servers"
    models.open_model_page()
    assert press() == "fit"


def test_f1_in_the_quick_question_asks_for_help(desk: Desk, qtbot: QtBot) -> None:
    popup = Popup(translucent=True)
    qtbot.addWidget(popup)
    popup.bring_to_front()
    qtbot.waitUntil(popup.isActiveWindow)

    with qtbot.waitSignal(popup.help_requested):
        qtbot.keyClick(popup.composer.field, Qt.Key.Key_F1)


def test_the_menu_opens_help_once(desk: Desk, pages: WindowPages) -> None:
    desk.window.header.main_menu.help_requested.emit()
    first = in_front(desk)
    first.close()
    pages.show_help("api")

    assert in_front(desk) is first
    assert first.topic == "api"


def test_the_window_of_help_follows_the_language(
    desk: Desk, pages: WindowPages, chinese: Languages, qtbot: QtBot
) -> None:
    pages.show_help("keys")
    help_ = in_front(desk)
    desk.preferences.change(lambda now: replace(now, language=Language.CHINESE))
    chinese.use(Language.CHINESE)

    qtbot.waitUntil(lambda: help_.view.title.text() == "快捷键")


def links(document: QTextDocument) -> Iterator[str]:
    block = document.begin()
    while block.isValid():
        at = block.begin()
        while not at.atEnd():
            yield at.fragment().charFormat().anchorHref()
            at += 1
        block = block.next()
