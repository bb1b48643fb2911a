"""A saved prompt that is taken: filled in, asked for, and put where one types."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.chat_settings import SavedPrompt
from desktop.domain.history import AttachmentKind
from desktop.domain.settings import Language
from desktop.services.prompts import open_prompts
from desktop.store.chats import ChatStore
from desktop.ui.clipboard_reader import ClipboardReader
from desktop.ui.composer import Composer
from desktop.ui.prompt_calls import ALL_PROMPTS, PromptCalls
from desktop.ui.prompt_form import PromptForm


class Bench:
    """A composer in a window; `selection` and `clipboard` are what a test says."""

    def __init__(self, store: ChatStore, window: QWidget) -> None:
        self.selection, self.clipboard = "", ""
        self.reads = 0
        self.window = window
        column = QVBoxLayout(window)
        column.addStretch(1)
        self.composer = Composer()
        column.addWidget(self.composer)
        self.calls = PromptCalls(
            self.composer,
            open_prompts(store),
            lambda: Language.ENGLISH,
            lambda: self.selection,
            self._copied,
        )

    @property
    def text(self) -> str:
        return self.composer.field.toPlainText()

    @property
    def cursor(self) -> int:
        return self.composer.field.textCursor().position()

    def take(self, text: str) -> None:
        self.calls.take(SavedPrompt("own", "mine", "Mine", text))

    @property
    def form(self) -> PromptForm:
        (form,) = self.window.findChildren(PromptForm)
        return form

    def _copied(self) -> str:
        self.reads += 1
        return self.clipboard


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Iterator[Bench]:
    store = ChatStore.open(tmp_path / "lapis.db")
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(760, 560)
    one = Bench(store, window)
    window.show()
    one.composer.focus_field()
    yield one
    store.close()


def test_all_are_offered_at_first_and_then_the_nearest(bench: Bench) -> None:
    everything = bench.calls.items("")
    assert everything[-1].value == ALL_PROMPTS
    found = bench.calls.items("总结")
    assert found[0].title == "Summarise"
    assert bench.calls.items("qqqq") == []


def test_the_way_to_all_prompts(bench: Bench, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bench.calls.manage_requested):
        bench.calls.take(ALL_PROMPTS)
    assert bench.text == ""


def test_what_is_selected_goes_in_and_the_clipboard_is_left_alone(bench: Bench) -> None:
    bench.selection = "{{clipboard}} & <b>"
    bench.take("Explain: {{selection}}")
    assert bench.text == "Explain: {{clipboard}} & <b>"
    assert bench.reads == 0
    assert bench.composer.field.hasFocus()


def test_the_clipboard_is_read_for_a_prompt_that_wants_it(bench: Bench) -> None:
    bench.clipboard = "copied"
    bench.take("{{clipboard}} {{剪贴板}}")
    assert bench.text == "copied copied"
    assert bench.reads == 1


def test_it_goes_where_the_cursor_is_and_leaves_it_where_the_prompt_says(bench: Bench) -> None:
    bench.composer.field.setPlainText("🙂 before after")
    cursor = bench.composer.field.textCursor()
    cursor.setPosition(len("🙂 before ") + 1)
    bench.composer.field.setTextCursor(cursor)
    bench.take("🙂[{{cursor}}] ")
    assert bench.text == "🙂 before 🙂[] after"
    assert bench.text.encode("utf-16-le")[: 2 * bench.cursor].decode("utf-16-le").endswith("[")


def test_what_only_the_person_knows_is_asked_for(bench: Bench, qtbot: QtBot) -> None:
    bench.take("Write {{kind}} about {{topic}}.")
    assert bench.text == ""
    kind, topic = bench.form.findChildren(QLineEdit)
    assert kind.hasFocus()
    qtbot.keyClicks(kind, "a {{topic}}")
    qtbot.keyClick(kind, Qt.Key.Key_Return)
    assert topic.hasFocus()
    qtbot.keyClicks(topic, "tea")
    qtbot.keyClick(topic, Qt.Key.Key_Return)
    assert bench.form.isHidden()
    assert bench.text == "Write a {{topic}} about tea."
    assert bench.composer.field.hasFocus()


def test_what_stays_empty_in_the_form_stays_to_be_seen(bench: Bench, qtbot: QtBot) -> None:
    bench.take("About {{topic}}.")
    (topic,) = bench.form.findChildren(QLineEdit)
    qtbot.keyClick(topic, Qt.Key.Key_Return)
    assert bench.text == "About {{topic}}."


def test_esc_in_the_form_puts_nothing_in(bench: Bench, qtbot: QtBot) -> None:
    bench.take("About {{topic}}.")
    (topic,) = bench.form.findChildren(QLineEdit)
    qtbot.keyClicks(topic, "tea")
    qtbot.keyClick(topic, Qt.Key.Key_Escape)
    assert bench.form.isHidden()
    assert bench.text == ""
    assert bench.composer.field.hasFocus()


def test_a_form_asks_for_another_prompt_afresh(bench: Bench, qtbot: QtBot) -> None:
    bench.take("About {{topic}} and {{place}}.")
    bench.take("About {{colour}}.")
    visible = [one for one in bench.form.findChildren(QLineEdit) if one.isVisible()]
    assert [one.accessibleName() for one in visible] == ["colour"]
    qtbot.keyClicks(visible[0], "blue")
    qtbot.keyClick(visible[0], Qt.Key.Key_Return)
    assert bench.text == "About blue."


def test_a_long_selection_goes_along_as_an_attachment(bench: Bench) -> None:
    bench.selection = "word " * 4000
    bench.take("Summarise.\n{{selection}}")
    assert bench.text == "Summarise.\n(see the attached text)"
    (attached,) = bench.composer.question().attachments
    assert (attached.kind, attached.text) == (AttachmentKind.SELECTION, bench.selection)


def test_a_form_of_many_names_stays_within_the_window(bench: Bench) -> None:
    bench.take(" ".join(f"{{{{name {number}}}}}" for number in range(30)))
    assert bench.window.rect().contains(bench.form.geometry())


def test_a_holder_of_the_clipboard_that_is_slow_is_asked_once(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = QWidget()
    qtbot.addWidget(owner)
    clipboard = QGuiApplication.clipboard()
    clipboard.setText("copied")
    reader = ClipboardReader(owner)
    monkeypatch.setattr("desktop.ui.clipboard_reader.time.monotonic", _ticking(5.0))
    monkeypatch.setattr(type(clipboard), "ownsClipboard", lambda _self: False)
    assert reader.text() == "copied"
    assert reader.text() == ""
    clipboard.setText("anew")
    assert reader.text() == "anew"


def _ticking(step: float) -> Callable[[], float]:
    """Return a clock that goes on by `step` seconds whenever it is read."""
    now = 0.0

    def read() -> float:
        nonlocal now
        now += step
        return now

    return read
