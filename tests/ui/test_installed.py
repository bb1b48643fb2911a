"""The Installed tab: what is listed, what can be done, and what is asked for."""

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.domain.errors import StorageError
from desktop.domain.shelf import ModelRecord, Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.services.import_offer import ImportOffer
from desktop.services.shelf_import import ImportHow
from desktop.ui.banner import Topic
from desktop.ui.focus_chain import beside, takes_tab
from desktop.ui.import_card import ImportCard
from desktop.ui.installed_list import ShelfRole, Sort
from desktop.ui.installed_tab import InstalledTab
from desktop.ui.notice_card import NoticeCard
from desktop.ui.requantise_card import RequantiseCard, SmallerChoice
from desktop.ui.shelf_actions import ShelfAction, action_icon, action_words, actions_for
from desktop.ui.task_lines import TaskProgress
from desktop.ui.tokens import Space
from tests.ui.shelf import FOLDER, entry

_DAY = 86400.0
GEMMA = entry("gemma", size=5_761_000_000, record=ModelRecord(used_at=100.0))
LLAMA = entry(
    "llama",
    size=16_000_000_000,
    quantisation="F16",
    family="Llama 3",
    record=ModelRecord(used_at=300.0, measured_memory=17_000_000_000, measured_context=8192),
)
QWEN = entry("qwen", size=2_000_000_000, family="Qwen3", record=ModelRecord(used_at=200.0))
GUIDE = entry("guide", size=14_000_000, origin=Origin.GUIDE)
FOREIGN = entry("phi", origin=Origin.LM_STUDIO, family="Phi 3")
BROKEN = entry("broken", problem=Text("The file is damaged"))


@pytest.fixture
def tab(qtbot: QtBot) -> InstalledTab:
    one = InstalledTab()
    qtbot.addWidget(one)
    one.resize(832, 640)
    one.show()
    one.set_entries([GUIDE, LLAMA, QWEN, GEMMA, FOREIGN, BROKEN])
    qtbot.waitExposed(one)
    return one


def _rows(tab: InstalledTab) -> list[str]:
    model = tab.list.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def _button(parent: QWidget, name: str) -> QAbstractButton:
    found = [
        button
        for button in parent.findChildren(QAbstractButton)
        if button.isVisible() and name in {button.text(), button.accessibleName()}
    ]
    assert len(found) == 1, (name, found)
    return found[0]


def test_the_tab_key_goes_from_above_to_below(tab: InstalledTab) -> None:
    tab.set_folder(Path("/models"), 10**9)
    stops: list[QWidget] = []
    after = beside(tab, forward=True)
    while after is not None and after is not tab:
        if takes_tab(after) and after.isVisible():
            stops.append(after)
        after = beside(after, forward=True)

    parts = [tab.toolbar, tab.list, tab.detail, tab.folder]
    places = [
        [part.isAncestorOf(stop) or part is stop for stop in stops].index(True) for part in parts
    ]
    assert places == sorted(places)


def test_ours_come_first_the_guide_last_among_them(tab: InstalledTab) -> None:
    assert _rows(tab) == [
        "Your models",
        *("broken", "gemma", "llama", "qwen", "Built-in guide"),
        "Found in other programs",
        "phi",
    ]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (Sort.SIZE, ["llama", "broken", "gemma", "qwen"]),
        (Sort.USED, ["llama", "qwen", "gemma", "broken"]),
    ],
)
def test_the_order_can_be_chosen(tab: InstalledTab, sort: Sort, order: list[str]) -> None:
    tab.toolbar.sort_chosen.emit(sort)

    assert _rows(tab)[1:5] == order


def test_the_filter_looks_at_name_family_and_program(tab: InstalledTab, qtbot: QtBot) -> None:
    qtbot.keyClicks(tab.toolbar.field, "LLAMA f16")
    assert _rows(tab) == ["Your models", "llama"]

    tab.toolbar.field.setText("lm studio")
    assert _rows(tab) == ["Found in other programs", "phi"]

    tab.toolbar.field.setText("nothing like it")
    assert _rows(tab) == []
    qtbot.mouseClick(_button(tab, "Show all models"), Qt.MouseButton.LeftButton)
    assert len(_rows(tab)) == 8


def test_a_row_says_what_is_known(tab: InstalledTab) -> None:
    tab.set_loaded(GEMMA.model.path)
    model = tab.list.model()
    spoken = [
        str(model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole))
        for row in range(model.rowCount())
    ]

    assert "broken, The file is damaged, 5.8 GB" in spoken
    assert any(
        words.startswith("gemma, Q4_K_M, Gemma 2 9.2B · 8K context") and "In memory now" in words
        for words in spoken
    )
    assert any("LM Studio · Phi 3" in words and "never used" in words for words in spoken)
    assert any(words.endswith("16.0 GB, 17.0 GB in memory") for words in spoken)


def test_the_same_file_twice_is_said_and_counted_once(tab: InstalledTab) -> None:
    twin = entry("copy", origin=Origin.OLLAMA, twin="gemma")
    tab.set_entries([GEMMA, twin])
    index = tab.list.model().index(3, 0)

    assert index.data(ShelfRole.DETAIL) == "Ollama · same file as gemma"
    tab.set_entries([entry("gemma", twin="copy"), entry("copy", twin="gemma"), QWEN])
    heading = tab.list.model().index(0, 0).data(ShelfRole.DETAIL)
    assert heading == "3 · 7.8 GB on the disk"


@pytest.mark.parametrize(
    ("one", "possible"),
    [
        (GEMMA, "USE SETTINGS VERIFY SHOW DELETE"),
        (LLAMA, "USE SETTINGS VERIFY SHOW SHRINK DELETE"),
        (GUIDE, "USE SETTINGS"),
        (FOREIGN, "USE SETTINGS VERIFY SHOW"),
        (BROKEN, "VERIFY SHOW DELETE"),
    ],
)
def test_only_what_can_be_done_is_offered(one: ShelfEntry, possible: str) -> None:
    assert [action.name for action in actions_for(one)] == possible.split()


@pytest.mark.parametrize("width", [832, 512])
def test_every_button_asks_for_the_chosen_model(
    tab: InstalledTab, qtbot: QtBot, width: int
) -> None:
    tab.resize(width, 640)
    tab.choose(LLAMA.model.path)
    names = {
        "Use": tab.use_requested,
        "Settings": tab.settings_requested,
        "Verify": tab.verify_requested,
        "Show in folder": tab.show_requested,
        "Make smaller…": tab.shrink_requested,
        "Delete": tab.delete_requested,
    }
    for name, signal in names.items():
        with qtbot.waitSignal(signal) as asked:
            _button(tab, name).click()
        assert asked.args == [LLAMA]


def test_keys_use_and_delete(tab: InstalledTab, qtbot: QtBot) -> None:
    tab.choose(GEMMA.model.path)
    with qtbot.waitSignal(tab.use_requested):
        qtbot.keyClick(tab.list, Qt.Key.Key_Return)
    with qtbot.waitSignal(tab.delete_requested) as deleted:
        qtbot.keyClick(tab.list, Qt.Key.Key_Delete)

    assert deleted.args == [GEMMA]


def test_home_goes_to_the_first_model_under_its_heading(tab: InstalledTab, qtbot: QtBot) -> None:
    tab.choose(FOREIGN.model.path)

    qtbot.keyClick(tab.list, Qt.Key.Key_Home)

    assert tab.list.currentIndex().row() == 1


def test_a_guide_in_memory_does_not_lead_to_the_end_of_the_list(tab: InstalledTab) -> None:
    tab.set_loaded(GUIDE.model.path)
    assert tab.list.currentIndex().row() == 1

    tab.set_loaded(QWEN.model.path)
    assert tab.current == QWEN


def test_what_goes_on_is_seen_on_every_page_of_the_tab(tab: InstalledTab) -> None:
    tab.tasks.show_task("one", TaskProgress(Text("Importing")))
    tab.banner.show_error(Topic.MODEL_CHOICE, StorageError(Text("The disk is full"), Text("")))
    tab.toast.offer_undo(Text("deleted"), 1)
    parts = (tab.tasks, tab.banner, tab.toast)

    tab.open_sheet(Text("A title"), QPushButton("inside"))
    assert all(part.isVisible() for part in parts)
    tab.close_sheet()
    tab.set_entries([GUIDE])
    assert all(part.isVisible() for part in parts)
    assert tab.folder.isVisible()


def test_what_belongs_to_others_is_not_deleted_by_a_key(tab: InstalledTab, qtbot: QtBot) -> None:
    tab.choose(FOREIGN.model.path)

    with qtbot.assertNotEmitted(tab.delete_requested, wait=100):
        qtbot.keyClick(tab.list, Qt.Key.Key_Delete)


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_the_context_menu_is_about_the_row_under_the_pointer(
    tab: InstalledTab, qtbot: QtBot
) -> None:
    tab.choose(GEMMA.model.path)
    row = next(n for n, title in enumerate(_rows(tab)) if title == "qwen")
    place = tab.list.visualRect(tab.list.model().index(row, 0)).center()
    tab.list.customContextMenuRequested.emit(QPoint(place))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    lines = [action for action in menu.actions() if not action.isSeparator()]
    with qtbot.waitSignal(tab.delete_requested) as deleted:
        lines[-1].trigger()
    menu.close()

    assert deleted.args == [QWEN]


def test_the_marked_model_stays_marked_when_the_list_changes(tab: InstalledTab) -> None:
    tab.choose(QWEN.model.path)
    tab.set_entries([QWEN, GEMMA])
    assert tab.current == QWEN

    tab.toolbar.field.setText("gemma")
    assert tab.current == GEMMA
    tab.toolbar.field.clear()
    assert tab.current == QWEN


def test_after_a_deletion_another_model_is_marked(tab: InstalledTab) -> None:
    tab.choose(QWEN.model.path)

    tab.set_entries([GEMMA, LLAMA])

    assert tab.current == GEMMA


def test_without_models_there_are_two_ways_to_one(tab: InstalledTab, qtbot: QtBot) -> None:
    tab.set_entries([GUIDE])

    assert not tab.list.isVisible()
    with qtbot.waitSignal(tab.discover_requested):
        _button(tab, "Discover models").click()
    with qtbot.waitSignal(tab.import_wanted):
        _button(tab, "Import a file…").click()
    tab.set_entries([GUIDE, GEMMA])
    assert tab.list.isVisible()


def test_a_dropped_model_is_to_be_imported(tab: InstalledTab, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/media/stick/one.gguf")])
    copy, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), copy, data, button, none)
    tab.dragEnterEvent(enter)
    assert enter.isAccepted()
    assert not tab.grab().isNull()

    with qtbot.waitSignal(tab.import_requested) as asked:
        tab.dropEvent(QDropEvent(QPointF(50, 50), copy, data, button, none))

    assert asked.args == [Path("/media/stick/one.gguf")]


def test_another_file_is_not_taken(tab: InstalledTab) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/media/stick/letter.pdf")])
    enter = QDragEnterEvent(
        QPoint(50, 50),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter.ignore()

    tab.dragEnterEvent(enter)

    assert not enter.isAccepted()


def test_work_has_a_line_until_it_ends(tab: InstalledTab, qtbot: QtBot) -> None:
    words = Text("Verifying “{name}”", {"name": "gemma"})
    tab.tasks.show_task("one", TaskProgress(words, 1_000_000_000, 4_000_000_000, 61))
    tab.tasks.show_task("two", TaskProgress(words))
    spoken = [label.accessibleName() for label in tab.tasks.findChildren(QLabel)]
    assert "1.0 of 4.0 GB · 2 min left" in spoken

    with qtbot.waitSignal(tab.tasks.stop_requested) as stopped:
        tab.tasks.findChildren(QAbstractButton)[0].click()
    assert stopped.args == ["one"]
    tab.tasks.end_task("one")
    assert tab.tasks.isVisible()
    tab.tasks.end_task("two")
    tab.tasks.end_task("two")
    assert not tab.tasks.isVisible()


def test_a_sheet_lies_over_the_list_until_escape(tab: InstalledTab, qtbot: QtBot) -> None:
    card = QPushButton("inside")
    tab.open_sheet(Text("A title"), card)
    assert card.isVisible()
    assert not tab.list.isVisible()

    tab.set_entries([GUIDE])
    assert card.isVisible()

    tab.set_entries([GUIDE, GEMMA])
    qtbot.keyClick(card, Qt.Key.Key_Escape)
    assert tab.list.isVisible()
    assert tab.sheet.card is None


def test_names_with_markup_are_shown_letter_by_letter(tab: InstalledTab) -> None:
    name = "<img src=x> & <b>bold</b>\nsecond line"
    tab.set_entries([entry(name)])

    assert _rows(tab)[1] == "<img src=x> & <b>bold</b> second line"
    assert not tab.grab().isNull()
    tip = str(tab.list.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole))
    assert "<img" not in tip
    for label in tab.detail.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText


def test_an_endless_name_does_not_widen_the_tab(tab: InstalledTab) -> None:
    tab.set_entries([entry("x" * 5000)])
    QApplication.processEvents()

    assert tab.minimumSizeHint().width() <= 832


def test_two_thousand_models_are_listed(tab: InstalledTab) -> None:
    tab.set_entries([entry(f"model {number}") for number in range(2000)])
    tab.toolbar.field.setText("model 199")
    QApplication.processEvents()

    assert len(_rows(tab)) == 1 + 12
    assert not tab.grab().isNull()


def test_used_yesterday_is_said_in_days_of_the_calendar(tab: InstalledTab) -> None:
    record = ModelRecord(used_at=time.time() - _DAY)
    tab.set_entries([entry("one", record=record)])

    assert "used yesterday" in str(tab.list.model().index(1, 0).data(ShelfRole.DETAIL))


def _import_card(qtbot: QtBot, *, can_link: bool, free: int) -> ImportCard:
    card = ImportCard(ImportOffer(FOLDER / "a.gguf", 5_000_000_000, can_link, free))
    qtbot.addWidget(card)
    card.resize(600, 400)
    card.show()
    return card


def test_an_import_is_asked_for_in_the_chosen_way(qtbot: QtBot) -> None:
    card = _import_card(qtbot, can_link=True, free=9_000_000_000)
    assert card.how is ImportHow.IN_PLACE
    _button(card, "Copy it into the models folder, 5.0 GB").click()
    with qtbot.waitSignal(card.accepted) as accepted:
        _button(card, "Add model").click()

    assert accepted.args is not None
    assert accepted.args[1] is ImportHow.COPY


def test_ways_that_are_not_possible_say_why(qtbot: QtBot) -> None:
    card = _import_card(qtbot, can_link=False, free=1_000_000_000)

    link = _button(card, "Link it into the models folder")
    copy = _button(card, "Copy it into the models folder, 5.0 GB")
    assert not link.isEnabled()
    assert "another disk" in link.accessibleDescription()
    assert not copy.isEnabled()
    assert copy.accessibleDescription() == "Only 1.0 GB are free."


def test_the_recommended_smaller_file_is_chosen_and_made(qtbot: QtBot) -> None:
    card = RequantiseCard(LLAMA)
    qtbot.addWidget(card)
    card.show()
    choices = [
        SmallerChoice("Q8_0", 8_500_000_000, "Nearly the same"),
        SmallerChoice("Q4_K_M", 4_900_000_000, "Usual", recommended=True),
    ]
    card.set_choices(choices, 6_000_000_000)
    assert not _button(card, "Q8_0, 8.5 GB").isEnabled()
    with qtbot.waitSignal(card.start_requested) as started:
        _button(card, "Make it").click()
    assert started.args == [LLAMA, choices[1]]

    card.show_progress(TaskProgress(Text("Working"), 1, 10))
    assert not any(button.text() == "Make it" for button in _visible_buttons(card))
    with qtbot.waitSignal(card.stop_requested):
        _button(card, "Stop").click()


def test_a_failed_attempt_says_why_and_offers_the_choices_again(qtbot: QtBot) -> None:
    card = RequantiseCard(LLAMA)
    qtbot.addWidget(card)
    card.show()
    card.set_choices([SmallerChoice("Q4_K_M", 4, "Usual")], 10)
    card.show_progress(TaskProgress(Text("Working"), 1, 10))

    card.show_problem(StorageError(Text("The disk is full"), Text("Free some space.")))

    notice = card.findChild(NoticeCard)
    assert notice is not None
    assert notice.accessibleName() == "The disk is full"
    assert _button(card, "Make it").isEnabled()


def test_the_keyboard_stays_in_the_card_as_the_work_begins_and_ends(qtbot: QtBot) -> None:
    window = QWidget()
    before, card, after = QPushButton("Before"), RequantiseCard(LLAMA), QPushButton("After")
    column = QVBoxLayout(window)
    for part in (before, card, after):
        column.addWidget(part)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    card.set_choices([SmallerChoice("Q8_0", 8, ""), SmallerChoice("Q4_K_M", 4, "", True)], 10)

    def named() -> str:
        focused = QApplication.focusWidget()
        return "" if focused is None else focused.accessibleName()

    _button(card, "Make it").setFocus()
    card.show_progress(TaskProgress(Text("Working"), 1, 10))
    assert named() == "Stop"
    card.show_progress(TaskProgress(Text("Working"), 2, 10))
    assert named() == "Stop"
    _button(card, "Stop").click()
    assert named() == "Q4_K_M, recommended, 4 B"

    card.show_progress(TaskProgress(Text("Working"), 1, 10))
    assert named() == "Stop"
    card.show_problem(StorageError(Text("The disk is full"), Text("Free some space.")))
    assert named() == "Q4_K_M, recommended, 4 B"

    before.setFocus()
    card.show_progress(TaskProgress(Text("Working"), 1, 10))
    assert before.hasFocus(), "it is taken from nobody else"


def test_what_is_told_below_a_card_keeps_its_distance_from_the_edge(
    tab: InstalledTab, qtbot: QtBot
) -> None:
    tab.open_sheet(Text("A card"), QWidget())
    qtbot.waitUntil(lambda: tab.sheet.geometry().bottom() == tab.rect().bottom())

    tab.toast.tell(Text("Later"))
    qtbot.waitUntil(lambda: tab.toast.geometry().bottom() == tab.rect().bottom() - Space.M)

    tab.toast.withdraw()
    qtbot.waitUntil(lambda: tab.sheet.geometry().bottom() == tab.rect().bottom())


def _visible_buttons(parent: QWidget) -> list[QAbstractButton]:
    return [button for button in parent.findChildren(QAbstractButton) if button.isVisible()]


def test_every_action_has_words_for_every_origin() -> None:
    for origin in Origin:
        one = entry("one", origin=origin)
        assert all(action_words(action, one) and action_icon(action) for action in ShelfAction)


def test_the_tab_comes_to_rest_with_a_notice_in_it(tab: InstalledTab, qtbot: QtBot) -> None:
    tab.resize(808, 700)
    tab.banner.show_error(
        Topic.MODEL_CHOICE, StorageError(Text("The disk is full"), Text("Free some space on it."))
    )
    qtbot.waitUntil(tab.banner.isVisible)
    requests = _LayoutRequests()
    for part in (tab, *tab.findChildren(QWidget)):
        part.installEventFilter(requests)

    for _ in range(100):
        QApplication.processEvents()

    assert requests.count < 100


class _LayoutRequests(QObject):
    """Counts who asks to be laid out anew."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return super().eventFilter(watched, event)
