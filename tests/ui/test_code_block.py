"""Code: the words at once, the colours after them, and what can be done with it."""

from pathlib import Path

from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QTextEdit
from pytestqt.qtbot import QtBot

from desktop.ui.code_block import CodeBlock
from desktop.ui.highlight import lines_of
from desktop.ui.markdown_parts import Code
from desktop.ui.tokens import LIGHT
from desktop.ui.typesetter import typesetter

CODE = 'def f(x):\n    return "a" + str(x)  # why\n'


def colours(block: CodeBlock) -> dict[str, str]:
    """Return each coloured piece of the code with its colour."""
    found = {}
    line = block.text.document().firstBlock()
    while line.isValid():
        for one in line.layout().formats():
            piece = line.text()[one.start : one.start + one.length]
            found[piece.strip()] = one.format.foreground().color().name().upper()
        line = line.next()
    return found


def settled(qtbot: QtBot, code: str, language: str = "python") -> CodeBlock:
    block = CodeBlock(Code(code, language))
    qtbot.addWidget(block)
    block.settle()
    assert block.text.toPlainText() == code
    return block


def test_colours_follow_the_words(qtbot: QtBot) -> None:
    block = settled(qtbot, CODE)
    assert colours(block) == {}

    qtbot.waitUntil(lambda: "# why" in colours(block), timeout=30_000)

    assert colours(block)["def"] == LIGHT.syntax.keyword
    assert colours(block)["# why"] == LIGHT.syntax.comment


def test_code_that_grows_has_the_colours_of_the_whole_in_the_end(qtbot: QtBot) -> None:
    block = CodeBlock(Code("", "python"))
    qtbot.addWidget(block)
    code = '"""one\ntwo def\n"""\n' + CODE * 5
    for end in range(1, len(code), 9):
        block.show_code(Code(code[:end], "python"))
    block.show_code(Code(code, "python"))
    block.settle()

    qtbot.waitUntil(lambda: colours(block).get("two def") == LIGHT.syntax.string, timeout=30_000)
    qtbot.waitUntil(lambda: "# why" in colours(block), timeout=30_000)

    assert block.text.toPlainText() == code


def test_growing_code_is_not_asked_for_again_and_again(qtbot: QtBot) -> None:
    block = CodeBlock(Code("", "python"))
    qtbot.addWidget(block)
    first = typesetter()._tickets
    for lines in range(1, 400):
        block.show_code(Code("x = 1\n" * lines, "python"))

    assert typesetter()._tickets - first == 1


def test_colours_of_code_that_was_replaced_are_not_laid_over_the_new_one(qtbot: QtBot) -> None:
    block = settled(qtbot, CODE)
    late = block._colours._ticket
    block.show_code(Code("nothing here", ""))

    typesetter().coloured.emit(late, lines_of(CODE, "python"))
    assert colours(block) == {}

    block.show_code(Code(CODE, "python"))
    block.settle()
    typesetter().coloured.emit(late, [[0, 7, 0]])
    assert colours(block) == {}


def test_nothing_is_heard_of_code_whose_message_is_gone(qtbot: QtBot) -> None:
    block = CodeBlock(Code(CODE, "python"))
    block.settle()
    block.deleteLater()
    with qtbot.waitSignal(typesetter().coloured, timeout=30_000):
        typesetter().colour("x", "python")


def test_copy_and_save_give_exactly_the_code(qtbot: QtBot, tmp_path: Path) -> None:
    block = settled(qtbot, CODE.rstrip("\n"))
    block._copy.click()
    assert QGuiApplication.clipboard().text() == CODE.rstrip("\n")

    block._save.click()
    (dialog,) = block.findChildren(QFileDialog)
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    dialog.fileSelected.emit(str(tmp_path / "f.py"))
    dialog.reject()

    assert (tmp_path / "f.py").read_text(encoding="utf-8") == CODE


def test_code_that_cannot_be_saved_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    block = settled(qtbot, CODE)
    block._save_to(str(tmp_path / "no" / "f.py"))

    assert block._language.text().startswith("Not saved:")


def test_long_lines_are_wrapped_if_wanted(qtbot: QtBot) -> None:
    block = settled(qtbot, "x = " + "word " * 200)
    block.resize(400, 200)
    block.show()
    before = block.text.height()

    block._wrap.click()

    assert block.text.lineWrapMode() is QTextEdit.LineWrapMode.WidgetWidth
    assert block.text.height() > 3 * before
    block._wrap.click()
    assert block.text.height() < 3 * before


def test_a_change_of_theme_keeps_the_colours(qtbot: QtBot) -> None:
    block = settled(qtbot, CODE)
    qtbot.waitUntil(lambda: "# why" in colours(block), timeout=30_000)

    block.text.restyled.emit()

    assert QColor(colours(block)["# why"]) == QColor(LIGHT.syntax.comment)
