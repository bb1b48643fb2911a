"""The Models page as a whole: tabs, keys, the way back, every language."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.repository import SearchResult
from desktop.domain.settings import Theme
from desktop.ui.downloads_bar import DownloadsBar
from desktop.ui.installed_tab import InstalledTab
from desktop.ui.model_sheet import listed_sheet, repository_sheet
from desktop.ui.models_page import ModelsPage
from desktop.ui.page_scroll import PageScroll
from desktop.ui.servers_tab import ServersTab
from desktop.ui.theme import apply_theme
from desktop.ui.this_computer_tab import ThisComputerTab
from desktop.ui.tokens import Space
from tests.ui.marking import MARK, Marking, unmarked
from tests.ui.model_samples import advice, bury, cards, catalogue, gated, hit, listed, picks

_QWEN = listed("qwen3.5-9b")


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> Iterator[ModelsPage]:
    apply_theme(qapp, Theme.LIGHT)
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(832, 720)
    one = ModelsPage(QLineEdit("installed"), QLineEdit("computer"), QLabel("downloads"), host)
    one.resize(host.size())
    one.discover.set_cards(cards(), picks())
    one.model_page.set_facts(catalogue().quantisations.quantisations)
    host.show()
    host.activateWindow()
    qtbot.waitExposed(host)
    yield one
    bury(host)


def _open_model(page: ModelsPage) -> None:
    page.model_page.show_sheet(listed_sheet(_QWEN, "en"), "en")
    page.model_page.show_advice(_QWEN.id, advice(_QWEN))
    page.open_model_page()


def test_four_tabs_and_the_downloads_below_each(page: ModelsPage, qtbot: QtBot) -> None:
    names = [page._tabs.tabText(number) for number in range(4)]
    assert names == ["Discover", "Installed", "This computer", "Servers"]
    views = (page.discover, page.installed, page.this_computer, page.servers)
    foot = next(each for each in page.findChildren(QLabel) if each.text() == "downloads")
    for number, view in enumerate(views):
        page.show_tab(number)
        assert page.tab == number
        assert [each.isVisible() for each in views] == [each is view for each in views]
        assert foot.isVisible()
    _open_model(page)
    assert foot.isVisible()


@pytest.mark.parametrize("kind", [ThisComputerTab, ServersTab])
def test_every_tab_begins_where_the_title_above_it_does(
    qtbot: QtBot, kind: type[ThisComputerTab | ServersTab]
) -> None:
    tab = kind()
    qtbot.addWidget(tab)
    tab.resize(832, 720)
    tab.show()
    (scroll,) = tab.findChildren(PageScroll)

    qtbot.waitUntil(lambda: scroll.viewport().width() > 800)
    assert scroll.column.contentsMargins().left() == Space.XL


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_tab_that_is_clicked_leaves_the_focus_with_the_tabs(
    page: ModelsPage, qtbot: QtBot, number: int
) -> None:
    """Not with whatever button comes next on the tab."""
    page.take_focus()
    qtbot.waitUntil(lambda: page.discover.isAncestorOf(QApplication.focusWidget() or page))
    middle = page._tabs.tabRect(number).center()
    qtbot.mouseClick(page._tabs, Qt.MouseButton.LeftButton, pos=middle)

    assert page.tab == number
    assert page._tabs.hasFocus()


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_ctrl_and_a_number_shows_a_tab(page: ModelsPage, qtbot: QtBot, number: int) -> None:
    page.show_tab((number + 1) % 4)
    page.take_focus()
    key = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)[number]
    qtbot.keyClick(page.focusWidget(), key, Qt.KeyboardModifier.ControlModifier)

    assert page.tab == number


def test_arrow_keys_on_the_tabs_show_the_next_one(page: ModelsPage, qtbot: QtBot) -> None:
    page._tabs.setFocus()
    qtbot.keyClick(page._tabs, Qt.Key.Key_Right)

    assert page.tab == 1


def test_esc_goes_back_one_step_at_a_time(page: ModelsPage, qtbot: QtBot) -> None:
    stopped: list[bool] = []
    window_key = QShortcut(QKeySequence(Qt.Key.Key_Escape), page.window())
    window_key.activated.connect(lambda: stopped.append(True))
    field = page.discover.line._field
    field.setText("qwen")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    page.discover.show_result("qwen", SearchResult((hit("a/b"),)))
    row = page.discover.found.hits[0]
    qtbot.waitUntil(row.isVisible)
    row.setFocus()
    _open_model(page)
    page.model_page._names.click()

    qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Escape)
    assert page.model_page.panel.isHidden()
    assert page.model_page.isVisible()
    with qtbot.waitSignal(page.page_left):
        qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Escape)
    assert page.discover.isVisible()
    assert page.focusWidget() is row, "where one was before"
    field.setFocus()
    with qtbot.assertNotEmitted(page.closed):
        qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    with qtbot.waitSignal(page.closed):
        qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert stopped == [], "the window's own Esc is for the talk"


def test_back_and_close_can_be_pressed(page: ModelsPage, qtbot: QtBot) -> None:
    _open_model(page)
    page.model_page._top._back.click()
    assert page.discover.isVisible()
    with qtbot.waitSignal(page.closed):
        page._head._close.click()


def test_a_tab_that_is_asked_for_closes_the_models_own_page(page: ModelsPage) -> None:
    _open_model(page)
    page.show_tab(1)

    assert page.installed.isVisible()
    assert not page.model_page.isVisible()


def test_letters_typed_anywhere_are_searched_for(page: ModelsPage, qtbot: QtBot) -> None:
    page._head._close.setFocus()
    qtbot.keyClick(page._head._close, Qt.Key.Key_G)
    assert page.discover.line.words == "g"
    assert page.focusWidget() is page.discover.line._field

    page.show_tab(1)
    page._tabs.setFocus()
    qtbot.keyClick(page._tabs, Qt.Key.Key_X)
    assert page.discover.line.words == "g"


def test_the_sidebar_can_be_brought_back(page: ModelsPage, qtbot: QtBot) -> None:
    assert page._head._sidebar.isHidden()
    page.show_sidebar_button(visible=True)
    with qtbot.waitSignal(page.sidebar_requested):
        page._head._sidebar.click()


def test_enter_presses_what_has_the_focus(page: ModelsPage, qtbot: QtBot) -> None:
    card = page.discover.browse.good.cards[1]
    card.setFocus()
    with qtbot.waitSignal(page.discover.model_opened) as opened:
        qtbot.keyClick(card, Qt.Key.Key_Return)
    assert opened.args == [card.facts.id]

    _open_model(page)
    row = page.model_page.table.rows[0]
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Enter)
    assert page.model_page.table.selected == row.advice


def test_no_part_is_a_window_of_its_own_while_the_page_is_made(
    qtbot: QtBot, qapp: QApplication
) -> None:
    """What is shown before it has a place flashes up on the desktop."""
    seen: list[str] = []

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if (
                event.type() == QEvent.Type.Show
                and isinstance(watched, QWidget)
                and watched.isWindow()
            ):
                seen.append(type(watched).__name__)
            return False

    watch = Watch()
    qapp.installEventFilter(watch)
    host = QWidget()
    qtbot.addWidget(host)
    try:
        ModelsPage(InstalledTab(), ThisComputerTab(), DownloadsBar(), host)
    finally:
        qapp.removeEventFilter(watch)

    assert seen == []


def test_every_word_changes_with_the_language(
    page: ModelsPage, qtbot: QtBot, qapp: QApplication
) -> None:
    marking = Marking()
    # What comes from outside, or is a name, stays as it is.
    names = {card.name for card in cards()} | {"downloads", "Hugging Face"}
    names.add("acme/Private-7B-GGUF")
    names |= set(_QWEN.words.values())
    names |= {each.quantisation for each in advice(_QWEN).quantisations}

    def told() -> list[str]:
        shown = [word for word in unmarked(page) if word not in names]
        return [word for word in shown if any(letter.isalpha() for letter in _plain(word))]

    qapp.installTranslator(marking)
    try:
        qapp.processEvents()
        assert told() == []
        page.discover.line._field.setText("zzz")
        page.discover.show_result("zzz", SearchResult())
        assert told() == []
        page.model_page.show_sheet(repository_sheet(gated()), "en")
        page.model_page.show_advice(gated().name, advice(_QWEN))
        page.open_model_page()
        page.model_page._names.click()
        qapp.removeTranslator(marking)
        qapp.installTranslator(marking)
        qapp.processEvents()
        assert told() == []
        assert page.model_page.panel._letters.text().startswith(MARK)
    finally:
        qapp.removeTranslator(marking)


def _plain(words: str) -> str:
    """Return `words` without quantities, names of quantisations and the words of the catalogue."""
    for facts in catalogue().quantisations.quantisations:
        words = words.replace(facts.words["en"], "").replace(facts.name, "")
    for unit in ("GB", "MB", "kB"):
        words = words.replace(unit, "")
    return words


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_both_themes_reach_what_is_painted(
    page: ModelsPage, qapp: QApplication, theme: Theme
) -> None:
    apply_theme(qapp, theme)
    page.resize(832, 720)
    _open_model(page)
    QApplication.processEvents()
    picture = page.grab().toImage()
    apply_theme(qapp, Theme.LIGHT)

    ground = picture.pixelColor(4, picture.height() // 2).lightness()
    assert (ground > 240) is (theme is Theme.LIGHT)
    assert (ground < 40) is (theme is Theme.DARK)
