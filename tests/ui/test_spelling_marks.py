"""Misspelt words are marked while somebody writes, and nothing else of the field changes."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QInputMethodEvent, QTextCursor
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from desktop.config.store import SettingsStore
from desktop.domain.settings import ChatsSettings, Language, Settings, Theme
from desktop.services.spelling import Spelling
from desktop.services.spelling_words import Word, words_of
from desktop.system.spelling import Dictionaries
from desktop.ui.composer import Composer
from desktop.ui.composer_field import ComposerField
from desktop.ui.message_editor import MessageEditor
from desktop.ui.preferences import Preferences
from desktop.ui.spelling_desk import SpellingDesk
from desktop.ui.spelling_marks import SpellingMarks
from desktop.ui.theme import apply_theme
from desktop.ui.tokens import DARK, LIGHT

_RIGHT = frozenset({"hello", "the", "world", "is", "big", "and"})


class Fake(QObject):
    """Answers as the desk does, when it is told to or (`at_once`) by itself."""

    checked = Signal(object, object, object)
    suggested = Signal(object, object)
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.is_on = True
        self.at_once = True
        self.right = set(_RIGHT)
        self.asked: list[str] = []
        self.suggestions: list[str] | None = ["world", "would"]
        self.told: list[tuple[str, str]] = []

    def check(self, who: object, text: str) -> None:
        self.asked.append(text)
        if self.at_once:
            self.answer(who, text)

    def answer(self, who: object, text: str) -> None:
        words = (word for line in words_of(text) for word in line)
        found = tuple(word for word in words if word.text.lower() not in self.right)
        self.checked.emit(who, text, found)

    def suggest(self, word: str) -> None:
        if self.suggestions is not None:
            self.suggested.emit(word, self.suggestions)

    def add(self, word: str) -> None:
        self.told.append(("add", word))

    def ignore(self, word: str) -> None:
        self.told.append(("ignore", word))


@pytest.fixture
def field(qtbot: QtBot, qapp: QApplication) -> ComposerField:
    apply_theme(qapp, Theme.LIGHT)
    one = ComposerField(8)
    qtbot.addWidget(one)
    one.resize(400, 60)
    one.show()
    one.setFocus()
    qtbot.waitUntil(one.hasFocus)
    return one


@pytest.fixture
def fake() -> Iterator[Fake]:
    one = Fake()
    yield one
    one.deleteLater()


@pytest.fixture
def marks(field: ComposerField, fake: Fake) -> SpellingMarks:
    return SpellingMarks(field, fake)


def _marked(marks: SpellingMarks) -> list[str]:
    return [word.text for word in marks.words]


def _compose(field: ComposerField, preedit: str, commit: str = "") -> None:
    event = QInputMethodEvent(preedit, [])
    event.setCommitString(commit)
    QApplication.sendEvent(field, event)


def _waves(field: ComposerField, colour: str) -> int:
    """Count the pixels that are of the colour of waves, or nearly."""
    image, wanted = field.grab().toImage(), QColor(colour)
    return sum(
        abs(seen.red() - wanted.red()) + abs(seen.blue() - wanted.blue()) < 40
        for x in range(image.width())
        for y in range(image.height())
        if (seen := image.pixelColor(x, y)).isValid()
    )


def _point(field: ComposerField, place: int) -> QPoint:
    cursor = QTextCursor(field.document())
    cursor.setPosition(place)
    return field.cursorRect(cursor).center()


def _menu(qtbot: QtBot, field: ComposerField, place: int) -> QMenu:
    where = _point(field, place)
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, where, field.viewport().mapToGlobal(where)
    )
    QApplication.sendEvent(field.viewport(), event)
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def _texts(menu: QMenu) -> list[str]:
    return [each.text().partition("\t")[0].replace("&", "") for each in menu.actions()]


def _press(menu: QMenu, text: str) -> None:
    (action,) = [each for each in menu.actions() if each.text() == text]
    menu.close()
    action.trigger()


def test_a_misspelt_word_gets_a_wave_in_each_theme(
    qtbot: QtBot, qapp: QApplication, field: ComposerField, marks: SpellingMarks
) -> None:
    field.setPlainText("hello world")
    assert _waves(field, LIGHT.bad) == 0

    field.setPlainText("hello wrold")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    assert _waves(field, LIGHT.bad) > 10

    apply_theme(qapp, Theme.DARK)
    assert _waves(field, DARK.bad) > 10
    assert _waves(field, LIGHT.bad) == 0
    apply_theme(qapp, Theme.LIGHT)


def test_a_word_is_not_marked_before_it_is_written_to_its_end(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    qtbot.keyClicks(field, "the wrold")
    qtbot.waitUntil(lambda: len(fake.asked) == 1)
    assert _marked(marks) == []

    qtbot.keyClick(field, Qt.Key.Key_Space)
    assert _marked(marks) == ["wrold"]


def test_a_word_that_the_cursor_leaves_is_marked(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    qtbot.keyClicks(field, "the wrold")
    qtbot.waitUntil(lambda: len(fake.asked) == 1)
    qtbot.keyClick(field, Qt.Key.Key_Home)
    assert _marked(marks) == ["wrold"]

    qtbot.keyClick(field, Qt.Key.Key_End)
    assert _marked(marks) == ["wrold"], "to be at a word is not to write it"


def test_the_whole_is_asked_once_when_the_typing_pauses(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    qtbot.keyClicks(field, "hello big wrold ")
    assert fake.asked == []

    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    assert fake.asked == ["hello big wrold "]


def test_marks_go_along_with_what_is_typed_before_them(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    field.setPlainText("wrold and helo")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold", "helo"])
    fake.at_once = False
    field.moveCursor(QTextCursor.MoveOperation.Start)
    qtbot.keyClicks(field, "- ")

    assert marks.words == (Word(2, 7, "wrold"), Word(12, 16, "helo"))


def test_an_answer_that_is_late_fits_what_was_typed_meanwhile(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    fake.at_once = False
    field.setPlainText("wrold ")
    qtbot.waitUntil(lambda: fake.asked == ["wrold "])
    qtbot.keyClicks(field, "the ")
    fake.answer(marks, "wrold ")
    assert marks.words == (Word(4, 9, "wrold"),)

    fake.at_once = True
    field.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.keyClicks(field, "helo ")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold", "helo"])
    assert fake.asked == ["wrold ", "the wrold helo "]


def test_one_answer_is_waited_for_before_the_next_question(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    fake.at_once = False
    field.setPlainText("wrold ")
    qtbot.waitUntil(lambda: fake.asked == ["wrold "])
    field.setPlainText("the wrold ")
    qtbot.waitUntil(lambda: not marks._pause.isActive())
    assert fake.asked == ["wrold "]

    fake.answer(marks, "wrold ")
    qtbot.waitUntil(lambda: fake.asked == ["wrold ", "the wrold "])


def test_places_are_right_behind_characters_that_qt_counts_twice(
    qtbot: QtBot, field: ComposerField, marks: SpellingMarks
) -> None:
    field.setPlainText("😀😀 wrold 你好")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    (word,) = marks.words
    cursor = QTextCursor(field.document())
    cursor.setPosition(word.begin)
    cursor.setPosition(word.end, QTextCursor.MoveMode.KeepAnchor)

    assert cursor.selectedText() == "wrold"


def test_an_input_method_composes_undisturbed(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    field.setPlainText("hello wrold")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    field.moveCursor(QTextCursor.MoveOperation.Start)
    _compose(field, "ni hao")
    block = field.document().firstBlock()

    assert block.layout().preeditAreaText() == "ni hao"
    assert marks.words == (Word(6, 11, "wrold"),)
    assert _waves(field, LIGHT.bad) > 10
    assert fake.asked == ["hello wrold"]
    assert not marks._pause.isActive(), "what is being composed is nobody's text yet"

    fake.at_once = False
    _compose(field, "", "你好")
    assert field.toPlainText() == "你好hello wrold"
    assert marks.words == (Word(8, 13, "wrold"),)


def test_a_word_beside_which_an_input_method_composes_has_no_wave(
    qtbot: QtBot, field: ComposerField, marks: SpellingMarks
) -> None:
    field.setPlainText("wrold")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    field.moveCursor(QTextCursor.MoveOperation.End)
    assert _waves(field, LIGHT.bad) > 10

    _compose(field, "ni")
    assert _waves(field, LIGHT.bad) == 0


def test_marks_are_no_change_of_the_text(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    fake.at_once = False
    field.setPlainText("hello wrold")
    qtbot.waitUntil(lambda: len(fake.asked) == 1)
    changes: list[None] = []
    field.textChanged.connect(lambda: changes.append(None))
    field.document().contentsChanged.connect(lambda: changes.append(None))
    revision = field.document().revision()
    fake.answer(marks, "hello wrold")
    field.grab()

    assert _marked(marks) == ["wrold"]
    assert changes == []
    assert field.document().revision() == revision
    assert not field.document().isUndoAvailable()


def test_a_draft_is_told_for_the_typing_and_not_for_the_marks(qtbot: QtBot, fake: Fake) -> None:
    composer = Composer()
    qtbot.addWidget(composer)
    composer.show()
    edits: list[None] = []
    composer.edited.connect(lambda: edits.append(None))
    marks = SpellingMarks(composer.field, fake)
    composer.set_draft("hello wrold")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])

    assert len(edits) == 1


def test_the_menu_begins_with_what_was_meant_and_ends_as_usual(
    qtbot: QtBot, field: ComposerField, marks: SpellingMarks
) -> None:
    field.setPlainText("hello wrold")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    menu = _menu(qtbot, field, 8)

    assert _texts(menu)[:7] == ["world", "would", "", "Add to dictionary", "Ignore", "", "Undo"]
    assert _texts(menu)[-1] == "Select All"
    _press(menu, "world")
    assert field.toPlainText() == "hello world"
    field.undo()
    assert field.toPlainText() == "hello wrold", "it is one step to undo"


def test_a_word_can_be_taught_and_ignored(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    field.setPlainText("hello wrold")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    _press(_menu(qtbot, field, 8), "Add to dictionary")
    _press(_menu(qtbot, field, 8), "Ignore")
    assert fake.told == [("add", "wrold"), ("ignore", "wrold")]

    fake.right.add("wrold")
    fake.changed.emit()
    assert _marked(marks) == []


def test_where_nothing_is_misspelt_the_menu_is_the_usual_one(
    qtbot: QtBot, field: ComposerField, marks: SpellingMarks
) -> None:
    field.setPlainText("hello wrold")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    menu = _menu(qtbot, field, 2)

    assert _texts(menu)[0] == "Undo"
    menu.close()


def test_without_suggestions_the_menu_says_so(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    fake.suggestions = []
    field.setPlainText("wrold ")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    menu = _menu(qtbot, field, 2)

    assert _texts(menu)[:3] == ["No suggestions", "", "Add to dictionary"]
    assert not menu.actions()[0].isEnabled()
    menu.close()


def test_late_suggestions_open_beside_and_move_nothing(
    qtbot: QtBot, field: ComposerField, fake: Fake, marks: SpellingMarks
) -> None:
    fake.suggestions = None
    field.setPlainText("wrold ")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    menu = _menu(qtbot, field, 2)
    before = _texts(menu)
    assert before[:3] == ["Suggestions", "", "Add to dictionary"]

    fake.suggested.emit("wrold", ["world"])
    first = menu.actions()[0]
    beside = first.menu()
    assert _texts(menu) == before
    assert first.isEnabled()
    assert isinstance(beside, QMenu)
    assert _texts(beside) == ["world"]
    menu.close()


def test_the_text_is_only_replaced_where_the_word_still_stands(
    qtbot: QtBot, field: ComposerField, marks: SpellingMarks
) -> None:
    field.setPlainText("hello wrold")
    qtbot.waitUntil(lambda: _marked(marks) == ["wrold"])
    menu = _menu(qtbot, field, 8)
    field.setPlainText("other words")
    _press(menu, "world")

    assert field.toPlainText() == "other words"


# The desk behind it.


class Few:
    """Dictionaries that know a few words."""

    def knows(self, word: str) -> bool:
        return word.lower() in _RIGHT

    def suggestions(self, _word: str) -> list[str]:
        return ["world"]


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(SettingsStore(tmp_path / "settings.json"))


def _desk(
    qapp: QApplication, preferences: Preferences, folder: Path, found: Dictionaries | None
) -> tuple[SpellingDesk, list[Sequence[str]]]:
    opened: list[Sequence[str]] = []

    def open_them(languages: Sequence[str]) -> Dictionaries | None:
        opened.append(languages)
        return found

    return SpellingDesk(qapp, preferences, folder, None, Spelling(folder, open_them)), opened


@pytest.fixture
def desk(
    qapp: QApplication, preferences: Preferences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SpellingDesk]:
    monkeypatch.setenv("ENCHANT_CONFIG_DIR", "")
    one, _opened = _desk(qapp, preferences, tmp_path, Few())
    yield one
    one.close()
    one.deleteLater()


def _layer(field: ComposerField) -> SpellingMarks:
    assert isinstance(field.layer, SpellingMarks)
    return field.layer


def _is_marked(field: ComposerField, word: str) -> bool:
    return word in _marked(_layer(field))


def test_the_composer_and_the_editor_of_messages_are_checked_when_somebody_writes_there(
    qtbot: QtBot, desk: SpellingDesk
) -> None:
    for widget in (Composer(), MessageEditor("hello wrold", is_answer=True)):
        qtbot.addWidget(widget)
        field = widget.field
        widget.show()
        assert field.layer is None
        field.setFocus()
        qtbot.waitUntil(field.hasFocus)
        qtbot.keyClicks(field, " helo wrold ")
        qtbot.waitUntil(partial(_is_marked, field, "helo"))


def test_teaching_a_word_takes_its_marks_away_everywhere(
    qtbot: QtBot, field: ComposerField, desk: SpellingDesk, tmp_path: Path
) -> None:
    desk._on_focus_changed(None, field)
    field.setPlainText("wrold and helo")
    qtbot.waitUntil(lambda: _marked(_layer(field)) == ["wrold", "helo"])
    desk.add("wrold")
    qtbot.waitUntil(lambda: _marked(_layer(field)) == ["helo"])
    desk.ignore("helo")
    qtbot.waitUntil(lambda: _marked(_layer(field)) == [])

    assert (tmp_path / "words.txt").read_text(encoding="utf-8") == "wrold\n"


def test_a_word_that_cannot_be_kept_is_told(
    qtbot: QtBot, qapp: QApplication, preferences: Preferences, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    desk, _opened = _desk(qapp, preferences, tmp_path / "file", Few())
    with qtbot.waitSignal(desk.failed):
        desk.add("wrold")
    desk.close()
    desk.deleteLater()


def test_the_switch_in_the_settings_works_at_once(
    qtbot: QtBot, field: ComposerField, desk: SpellingDesk, preferences: Preferences
) -> None:
    desk._on_focus_changed(None, field)
    field.setPlainText("hello wrold")
    qtbot.waitUntil(lambda: _marked(_layer(field)) == ["wrold"])

    preferences.set(Settings(chats=ChatsSettings(spelling=False)))
    assert _marked(_layer(field)) == []
    preferences.set(Settings())
    qtbot.waitUntil(lambda: _marked(_layer(field)) == ["wrold"])


def test_without_dictionaries_nothing_is_asked_again_until_the_language_changes(
    qtbot: QtBot,
    qapp: QApplication,
    field: ComposerField,
    preferences: Preferences,
    tmp_path: Path,
) -> None:
    desk, opened = _desk(qapp, preferences, tmp_path, None)
    assert opened == [], "nothing is loaded before somebody writes"
    desk._on_focus_changed(None, field)
    field.setPlainText("hello wrold")
    qtbot.waitUntil(lambda: not desk.is_on)
    assert _marked(_layer(field)) == []

    preferences.set(Settings(language=Language.ENGLISH))
    qtbot.waitUntil(lambda: len(opened) == 2)
    qtbot.waitUntil(lambda: not desk.is_on)
    assert "en" in opened[1]
    desk.close()
    desk.deleteLater()


def test_a_field_may_go_while_its_words_are_looked_up(
    qtbot: QtBot, qapp: QApplication, desk: SpellingDesk
) -> None:
    field = ComposerField(8)
    field.setPlainText("hello wrold")
    desk._on_focus_changed(None, field)
    field.deleteLater()
    with qtbot.waitSignal(desk.checked):
        pass
