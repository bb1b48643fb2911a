"""The local server on the settings page: what is shown of it, and what may be set only twice asked."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QTabBar, QTableView, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.api import Access, ServerPhase, ServerState
from desktop.domain.errors import PortTaken, UserFixable
from desktop.domain.settings import ApiSettings, Settings
from desktop.domain.text import Text
from desktop.ui.api_examples_panel import ApiExamplesPanel
from desktop.ui.api_key_panel import KeyWish
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.labels import PlainLabel
from desktop.ui.menu_button import MenuButton
from desktop.ui.setting_row import SettingRow
from desktop.ui.settings_api import ApiSection
from desktop.ui.switch import Switch
from tests.ui.marking import Marking, unmarked

_KEY = "lapis-Zm9yLXRoZS10ZXN0cy1vbmx5"
_OWN = "192.168.1.5"
_RUNNING = ServerState(ServerPhase.RUNNING, "127.0.0.1", 8000)
_TAKEN = ServerState(
    ServerPhase.FAILED,
    error=PortTaken(Text("Another program has port 8000"), Text("Choose another one."), 8123),
    free_port=8123,
)


class _Place:
    """The section on the screen, and settings that follow what is changed in it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.settings = Settings()
        self.section = ApiSection()
        self.wishes: list[KeyWish] = []
        qtbot.addWidget(self.section)
        self.section.changed.connect(self._change)
        self.section.key_wished.connect(self.wishes.append)
        self.section.show_settings(self.settings)
        self.section.show_own([_OWN])
        self.section.resize(640, 1400)
        self.section.show()

    def _change(self, change: Callable[[Settings], Settings]) -> None:
        self.settings = change(self.settings)
        self.section.show_settings(self.settings)

    @property
    def api(self) -> ApiSettings:
        return self.settings.api

    @property
    def words(self) -> str:
        """Everything that can be read."""
        labels = self.section.findChildren(PlainLabel)
        return "\n".join(each.text() for each in labels if each.isVisible())

    def button(self, words: str) -> QWidget:
        found = [
            each
            for kind in (TextButton, IconButton)
            for each in self.section.findChildren(kind)
            if each.isVisible() and words in {each.text(), each.accessibleName()}
        ]
        assert len(found) == 1, words
        return found[0]

    def has_button(self, words: str) -> bool:
        buttons = self.section.findChildren(TextButton)
        return any(each.isVisible() and each.text() == words for each in buttons)

    def row(self, name: str) -> SettingRow:
        (found,) = [each for each in self.section.findChildren(SettingRow) if each.name == name]
        return found


@pytest.fixture
def place(qtbot: QtBot) -> _Place:
    return _Place(qtbot)


@pytest.fixture
def click(qtbot: QtBot) -> Callable[[QWidget], None]:
    return lambda widget: qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


Click = Callable[[QWidget], None]


def _who(place: _Place) -> MenuButton:
    found = place.row("Who can ask").findChild(MenuButton)
    assert isinstance(found, MenuButton)
    return found


def _clipboard() -> str:
    return QGuiApplication.clipboard().text()


def test_it_is_off_until_somebody_turns_it_on(place: _Place, click: Click) -> None:
    assert "Off. No program can ask." in place.words
    switch = place.row("Let other programs ask").findChild(Switch)
    assert isinstance(switch, Switch)
    assert not switch.isChecked()

    click(switch)
    assert place.api == ApiSettings(enabled=True)
    assert "http://" not in place.words.split("Examples")[0]


def test_a_server_that_runs_tells_its_two_addresses_and_both_can_be_copied(
    place: _Place, click: Click
) -> None:
    place.section.show_state(_RUNNING)
    copies = [
        each
        for each in place.section.findChildren(IconButton)
        if each.isVisible() and each.accessibleName() == "Copy the address"
    ]
    copied = []
    for each in copies:
        click(each)
        copied.append(_clipboard())

    assert copied == ["http://127.0.0.1:8000/v1", "http://127.0.0.1:8000"]
    assert "On, and waiting" in place.words


def test_a_port_that_is_taken_is_answered_with_one_that_is_free(
    place: _Place, click: Click, qtbot: QtBot
) -> None:
    place.section.show_state(_TAKEN)
    assert "Another program has port 8000" in place.words
    with qtbot.waitSignal(place.section.retry_wanted):
        click(place.button("Try again"))

    click(place.button("Use port 8123"))
    assert place.api.port == 8123
    place.section.show_state(_RUNNING)
    assert "Another program has port 8000" not in place.words


def test_without_a_free_port_only_another_try_is_offered(place: _Place) -> None:
    place.section.show_state(replace(_TAKEN, free_port=0))

    assert place.has_button("Try again")
    assert not [
        each
        for each in place.section.findChildren(TextButton)
        if each.isVisible() and each.text().startswith("Use port")
    ]


def test_the_key_is_hidden_until_it_is_asked_for_and_again_when_the_page_is_left(
    place: _Place, click: Click
) -> None:
    assert place.wishes == []
    click(place.button("Show the key"))
    assert place.wishes == [KeyWish.SHOW]
    place.section.take_key(_KEY, KeyWish.SHOW)
    assert _KEY in place.words

    place.section.hide()
    place.section.show()
    assert _KEY not in place.words
    click(place.button("Show the key"))
    place.section.take_key(_KEY, KeyWish.SHOW)
    click(place.button("Hide the key"))
    assert _KEY not in place.words


def test_a_copied_key_is_not_shown_and_marked_as_nothing_to_be_remembered(
    place: _Place, click: Click
) -> None:
    click(place.button("Copy the key"))
    assert place.wishes == [KeyWish.COPY]
    place.section.take_key(_KEY, KeyWish.COPY)

    assert _clipboard() == _KEY
    assert _KEY not in place.words
    marked = QGuiApplication.clipboard().mimeData()
    assert marked.data("x-kde-passwordManagerHint").data() == b"secret"


def test_a_key_is_renewed_only_after_a_second_yes(place: _Place, click: Click) -> None:
    click(place.button("Make a new key…"))
    click(place.button("Keep it"))
    assert place.wishes == []

    click(place.button("Make a new key…"))
    click(place.button("Make a new key"))
    assert place.wishes == [KeyWish.RENEW]
    assert not place.has_button("Make a new key")


def test_esc_keeps_the_key_and_leaves_the_page_open(place: _Place, click: Click) -> None:
    click(place.button("Make a new key…"))
    asked = place.button("Keep it")
    press = QKeyEvent(
        QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier
    )
    press.ignore()
    QApplication.sendEvent(asked, press)
    assert press.isAccepted()

    QTest.keyClick(asked, Qt.Key.Key_Escape)
    assert not place.has_button("Keep it")
    assert place.wishes == []


def test_a_second_wish_waits_for_the_first_and_a_problem_is_told(
    place: _Place, click: Click
) -> None:
    click(place.button("Show the key"))
    click(place.button("Copy the key"))
    assert place.wishes == [KeyWish.SHOW]

    place.section.show_key_problem(UserFixable(Text("The keyring is locked"), Text("Unlock it.")))
    assert "The keyring is locked. Unlock it." in place.words
    click(place.button("Copy the key"))
    assert place.wishes == [KeyWish.SHOW, KeyWish.COPY]


def test_a_key_that_no_keyring_keeps_is_said_to_end_with_lapis(place: _Place) -> None:
    problem = UserFixable(Text("There is no keyring"), Text("Install one."))
    place.section.show_state(replace(_RUNNING, key_problem=problem))
    assert "only until Lapis ends. There is no keyring. Install one." in place.words
    assert "The keyring of this computer keeps it" not in place.words

    place.section.show_state(_RUNNING)
    assert "only until Lapis ends" not in place.words


def test_asking_without_a_key_is_a_switch_with_a_warning_and_a_way_back(
    place: _Place, click: Click
) -> None:
    row = place.row("Allow questions without a key")
    switch = row.findChild(Switch)
    assert isinstance(switch, Switch)
    assert "every user" not in place.words
    click(switch)
    assert place.api.keyless
    assert "every program of every user" in place.words

    click(place.button("Ask for the key again"))
    assert not place.api.keyless
    assert "every user" not in place.words


def test_other_computers_are_let_in_by_a_second_yes_beside_the_risk(
    place: _Place, click: Click
) -> None:
    assert [value for value, _ in _who(place).choices] == ["127.0.0.1", _OWN]
    _who(place).chosen.emit(_OWN)
    assert place.api.host == "127.0.0.1"
    assert "without encryption" in place.words
    assert place.section.focusWidget() is place.button("Stay with this computer")

    click(place.button("Stay with this computer"))
    assert place.api.host == "127.0.0.1"
    assert _who(place).value == "127.0.0.1"
    assert not place.has_button("Let other computers ask")

    _who(place).chosen.emit(_OWN)
    click(place.button("Let other computers ask"))
    assert place.api.host == _OWN
    assert f"http://{_OWN}:8000" in place.words


def test_a_question_about_other_computers_is_gone_when_the_page_was_left(place: _Place) -> None:
    _who(place).chosen.emit(_OWN)
    place.section.hide()
    place.section.show()

    assert not place.has_button("Let other computers ask")
    assert _who(place).value == "127.0.0.1"
    assert place.api.host == "127.0.0.1"


def test_back_to_this_computer_needs_no_question(place: _Place, click: Click) -> None:
    place._change(lambda now: replace(now, api=replace(now.api, host="10.0.0.7")))
    assert [value for value, _ in _who(place).choices] == ["127.0.0.1", _OWN, "10.0.0.7"]

    click(place.button("Back to this computer only"))
    assert place.api.host == "127.0.0.1"
    assert "not encrypted" not in place.words


@pytest.mark.parametrize("typed", ["", "80", "70000", "１２３４５", "-8001", "http"])
def test_what_can_be_no_port_is_not_taken(place: _Place, qtbot: QtBot, typed: str) -> None:
    field = place.row("Port").findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.clear()
    field.insert(typed)
    qtbot.keyClick(field, Qt.Key.Key_Return)

    assert place.api.port == 8000
    assert "A port is a number from 1024 to 65535." in place.words
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "8000"
    assert "A port is a number" not in place.words


def test_another_port_is_taken_at_enter_and_can_be_put_back(
    place: _Place, qtbot: QtBot, click: Click
) -> None:
    field = place.row("Port").findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.selectAll()
    qtbot.keyClicks(field, "8100")
    assert place.api.port == 8000
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert place.api.port == 8100

    click(place.button("Back to 8000"))
    assert place.api.port == 8000


def test_a_refused_page_can_be_let_in_and_put_out_again(
    place: _Place, click: Click, qtbot: QtBot
) -> None:
    assert "Web pages and editors" not in place.words
    editor = "vscode-webview://0a1b"
    place.section.show_refused([editor])
    with qtbot.waitSignal(place.section.origin_allowed) as told:
        click(place.button(f"Allow {editor}"))
    assert told.args == [editor]

    place._change(lambda now: replace(now, api=replace(now.api, origins=(editor,))))
    qtbot.waitUntil(lambda: "let in" in place.words)
    click(place.button(f"Remove {editor}"))
    assert place.api.origins == ()


def _access(number: int = 0, **facts: object) -> Access:
    usual = Access(
        time.time() + number,
        "127.0.0.1",
        "OpenAI/Python",
        "POST",
        "/v1/chat/completions",
        200,
        "gemma",
        312,
        45,
        3.2,
    )
    return replace(usual, **facts)  # type: ignore[arg-type]


def _table(place: _Place) -> QTableView:
    found = place.section.findChild(QTableView)
    assert isinstance(found, QTableView)
    return found


def _row(table: QTableView, number: int) -> list[str]:
    model = table.model()
    return [str(model.index(number, column).data()) for column in range(1, model.columnCount())]


def test_what_programs_did_is_listed_newest_first_without_any_words_of_theirs(
    place: _Place, click: Click, qtbot: QtBot
) -> None:
    assert "No program has asked yet." in place.words
    hostile = "<img src='file:///etc/passwd'>\u202e"
    place.section.show_accesses(
        [
            _access(),
            _access(1, agent=hostile, route="/api/chat", status=401, model="", prompt_tokens=0),
            _access(2, agent="", client="192.168.1.9", status=499),
        ]
    )
    table = _table(place)

    assert _row(table, 0) == ["192.168.1.9", "/v1/chat/completions", "gemma", "stopped"]
    assert _row(table, 1) == [
        "<img src='file:///etc/passwd'>\ufffd",
        "/api/chat",
        "",
        "no valid key",
    ]
    assert _row(table, 2) == ["OpenAI/Python", "/v1/chat/completions", "gemma", "312 → 45"]
    told = str(table.model().index(1, 1).data(Qt.ItemDataRole.ToolTipRole))
    assert "<img" not in told
    assert "&lt;img" in told
    with qtbot.waitSignal(place.section.cleared):
        click(place.button("Clear the list"))


def test_a_row_that_is_looked_at_stays_so_while_others_come(place: _Place) -> None:
    accesses = [_access(number, route=f"/{number}") for number in range(30)]
    place.section.show_accesses(accesses[:20])
    table = _table(place)
    table.selectRow(7)
    before = _row(table, table.currentIndex().row())

    place.section.show_accesses(accesses)
    assert table.model().rowCount() == 30
    assert table.currentIndex().row() == 17
    assert _row(table, 17) == before


def test_it_stays_so_too_where_the_oldest_make_room(place: _Place) -> None:
    accesses = [_access(number, route=f"/{number}") for number in range(30)]
    place.section.show_accesses(accesses[:20])
    table = _table(place)
    table.selectRow(7)
    before = _row(table, 7)
    place.section.show_accesses(accesses[5:25])

    assert table.model().rowCount() == 20
    assert table.currentIndex().row() == 12
    assert _row(table, 12) == before
    assert _row(table, 19)[1] == "/5"
    place.section.show_accesses(accesses[:1])
    assert table.model().rowCount() == 1


def test_a_line_can_be_copied(place: _Place, qtbot: QtBot) -> None:
    place.section.show_accesses([_access()])
    table = _table(place)
    QGuiApplication.clipboard().setText("before")
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert _clipboard() == "before"
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    assert _clipboard().split("\t")[1:] == _row(table, 0)


def test_the_table_is_no_higher_than_eight_rows(place: _Place, qapp: QApplication) -> None:
    def height(count: int) -> int:
        place.section.show_accesses([_access(number) for number in range(count)])
        qapp.processEvents()
        return _table(place).height()

    assert height(4) < height(8)
    assert height(8) == height(500)


def test_no_time_and_no_outcome_is_cut_in_lines_that_come_later(
    place: _Place, qapp: QApplication
) -> None:
    first, later = _access(1), replace(_access(2), status=401, time=0.0)
    place.section.show_accesses([first])
    qapp.processEvents()
    table = _table(place)
    widths = [table.columnWidth(column) for column in (0, 4)]
    place.section.show_accesses([first, later])
    qapp.processEvents()

    wanted = [table.sizeHintForColumn(column) for column in (0, 4)]
    assert all(after > before for after, before in zip(wanted, widths, strict=True))
    assert [table.columnWidth(column) for column in (0, 4)] >= wanted


def test_an_example_shows_no_key_and_is_copied_with_it(
    place: _Place, click: Click, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(place.section.example_key_wanted):
        click(place.button("Copy it, with the key"))
    place.section.take_example_key(_KEY)

    assert f'api_key="{_KEY}"' in _clipboard()
    assert 'base_url="http://127.0.0.1:8000/v1"' in _clipboard()
    assert _KEY not in place.words
    assert "with your key in it" in place.words


def test_where_no_key_is_needed_an_example_is_copied_without_asking(
    place: _Place, click: Click, qtbot: QtBot
) -> None:
    place._change(lambda now: replace(now, api=replace(now.api, keyless=True, port=8100)))
    tabs = place.section.findChild(QTabBar)
    assert isinstance(tabs, QTabBar)
    tabs.setCurrentIndex(2)
    with qtbot.assertNotEmitted(place.section.example_key_wanted):
        click(place.button("Copy it, with the key"))

    assert _clipboard().startswith("curl http://127.0.0.1:8100/v1/chat/completions")
    assert "Bearer not-needed" in _clipboard()


def test_the_search_finds_parts_by_their_words(place: _Place) -> None:
    assert place.section.search("encrypt") is False
    assert place.section.search("keyring") is True
    assert "API key" in place.words
    assert "What programs did" not in place.words
    # What is refused meanwhile brings no part back that was not searched for.
    place.section.show_refused(["https://a.example"])
    assert "Web pages and editors" not in place.words

    assert place.section.search("local api") is True
    assert "Web pages and editors" in place.words
    assert "What programs did" in place.words


def test_another_language_reaches_every_word(
    place: _Place, qapp: QApplication, marking: Marking, click: Click
) -> None:
    place._change(
        lambda now: replace(
            now, api=replace(now.api, keyless=True, host=_OWN, origins=("https://a.example",))
        )
    )
    place.section.show_state(_RUNNING)
    place.section.show_accesses([_access()])
    place.section.show_refused(["https://b.example"])
    click(place.button("Make a new key…"))
    qapp.installTranslator(marking)
    qapp.processEvents()

    foreign = {"http://127.0.0.1:8000/v1", "http://127.0.0.1:8000", "lapis-" + "•" * 24, "8000"}
    foreign |= {"https://a.example", "https://b.example"}
    left = {word for word in unmarked(place.section) if word not in foreign}
    assert {word for word in left if "import OpenAI" not in word} == set()
    model = _table(place).model()
    assert str(model.headerData(0, Qt.Orientation.Horizontal)).startswith("«")


def test_the_wheel_over_the_examples_is_left_to_the_page(qtbot: QtBot) -> None:
    panel = ApiExamplesPanel()
    qtbot.addWidget(panel)
    turn = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )

    QApplication.sendEvent(panel._tabs, turn)

    assert panel._tabs.currentIndex() == 0
