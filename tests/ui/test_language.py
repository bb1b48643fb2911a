"""Another language reaches every widget while the window is open."""

import gc
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.settings import Language
from desktop.domain.text import Text
from desktop.ui.banner import Topic
from desktop.ui.choice_row import ChoiceRow
from desktop.ui.icons import app_icon
from desktop.ui.popup import Popup
from desktop.ui.translation import NEWER_THAN_QT, Languages, listed, say, told_together
from desktop.ui.tray import Tray
from tests.ui.desk import DONE, Desk
from tests.ui.desk import say as script
from tests.ui.marking import MARK, Marking, unmarked


def test_every_word_of_the_window_changes_with_the_language(
    desk: Desk, qtbot: QtBot, qapp: QApplication, marking: Marking
) -> None:
    desk.ask("Lapis?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *script("Lapis."), DONE)
    desk.controller.new_chat()
    desk.window.toast.offer_undo(Text("Gone"), 1)
    desk.window.banner.show_notice(Topic.ANSWER, Text("A notice"), Text("And a hint"))
    qapp.installTranslator(marking)
    qapp.processEvents()

    # The name of a model that is no guide would be no word to translate; this one is.
    assert unmarked(desk.window) == set()
    assert desk.window.composer.field.placeholderText().startswith(MARK)
    assert str(desk.window.sidebar.list.model().index(0, 0).data()).startswith(MARK)


def test_tray_and_popup_change_too(desk: Desk, qapp: QApplication, marking: Marking) -> None:
    tray = Tray(app_icon(), lambda: None)
    popup = Popup(translucent=True)
    popup.set_model("", is_guide=False)
    qapp.installTranslator(marking)
    qapp.processEvents()

    lines = [each.text() for each in tray.menu.actions() if not each.isSeparator()]
    assert all(line.startswith(MARK) for line in lines), lines
    assert popup.windowTitle().startswith(MARK)
    tray.close()
    popup.deleteLater()


def test_what_is_read_aloud_is_listed_as_the_language_does_it(qapp: QApplication) -> None:
    languages = Languages(qapp)
    rows = ChoiceRow()
    said = []
    for language in (Language.ENGLISH, Language.CHINESE):
        languages.use(language)
        rows.say("Qwen", "4.7 GB", "")
        said.append(rows.accessibleName())
    languages.use(Language.ENGLISH)

    assert said == ["Qwen, 4.7 GB", "Qwen、4.7 GB"]
    assert listed(["", ""]) == ""


def test_the_dialog_for_files_has_no_english_left(qapp: QApplication) -> None:
    languages = Languages(qapp)
    languages.use(Language.CHINESE)
    dialog = QFileDialog()
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    try:
        labels = {each.text() for each in dialog.findChildren(QLabel)} - {""}
        english = {label for label in labels if label.replace("&", "").isascii()}
        assert labels > english
        # What Qt does not know our catalogue is asked for.
        assert english <= {text.message for text in NEWER_THAN_QT}
        for text in NEWER_THAN_QT:
            assert say(text) != text.message
    finally:
        dialog.deleteLater()
        languages.use(Language.ENGLISH)


def test_words_that_are_not_translated_stay_english(qapp: QApplication) -> None:
    languages = Languages(qapp)
    languages.use(Language.CHINESE)
    try:
        assert say(Text("Words {of} nobody", {"of": "for"})) == "Words for nobody"
    finally:
        languages.use(Language.ENGLISH)


def test_chinese_brings_qts_own_menus_along(qapp: QApplication) -> None:
    languages = Languages(qapp)
    undo = ("QWidgetTextControl", "&Undo")
    languages.use(Language.CHINESE)
    chinese = QCoreApplication.translate(*undo)
    languages.use(Language.ENGLISH)

    assert "撤" in chinese
    assert QCoreApplication.translate(*undo) == "&Undo"


def test_the_folder_of_catalogues_is_the_one_the_terminal_uses(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "locale" / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "lapis.mo").write_bytes(_catalogue("Send", "发送"))
    monkeypatch.setattr("desktop.ui.translation.resources", lambda: tmp_path)
    languages = Languages(qapp)
    languages.use(Language.CHINESE)
    widget = QWidget()
    try:
        assert widget.tr("Send") == "发送"
        assert say(Text("Send")) == "发送"
    finally:
        languages.use(Language.ENGLISH)
        widget.deleteLater()


def _catalogue(source: str, target: str) -> bytes:
    """Return the smallest catalogue gettext reads: a header and one message."""
    import io

    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo

    catalog = Catalog(locale="zh_CN")
    catalog.add(source, target)
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def test_messages_are_called_so_in_the_language_of_now(
    desk: Desk, qtbot: QtBot, qapp: QApplication, marking: Marking
) -> None:
    desk.ask("Lapis?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *script("Lapis."), DONE)
    qapp.installTranslator(marking)
    qapp.processEvents()

    names = [frame.accessibleName() for frame in desk.window.transcript.frames]
    assert names == [f"{MARK}Question", f"{MARK}Answer"]


def test_a_language_stays_when_whoever_chose_it_has_gone(qapp: QApplication) -> None:
    languages = Languages(qapp)
    languages.use(Language.CHINESE)
    installed = [weakref.ref(one) for one in languages._installed]
    del languages
    gc.collect()
    try:
        assert all(one() is not None for one in installed)
        assert QCoreApplication.translate("", "Settings") == "设置"
    finally:
        for each in installed:
            translator = each()
            assert translator is not None
            qapp.removeTranslator(translator)
            translator.deleteLater()


def test_sentences_stand_after_one_another_as_the_language_has_it(qapp: QApplication) -> None:
    languages = Languages(qapp)
    try:
        assert told_together([]) == ""
        assert told_together(["One.", "Two.", "Three."]) == "One. Two. Three."
        languages.use(Language.CHINESE)
        assert told_together(["一。", "二。", "三。"]) == "一。二。三。"
    finally:
        languages.use(Language.ENGLISH)
