"""The tools that an answer calls: a quiet line each, which opens to what the tool is given.

GUI thread.
"""

import contextlib
import json
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.chat import ToolCall
from desktop.ui.code_block import CodeBlock
from desktop.ui.fold_button import FoldButton
from desktop.ui.labels import as_words
from desktop.ui.links import visible
from desktop.ui.markdown_parts import Code, code_text
from desktop.ui.rich_text import RichText
from desktop.ui.tokens import Space

__all__ = ["ToolBlock"]

_LONGEST_NAME = 80
_LONGEST_PRETTY = 100_000


class ToolBlock(QWidget):
    """Shows calls of tools, each closed at first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing."""
        super().__init__(parent)
        self._calls: tuple[ToolCall, ...] = ()
        self._lines: list[_CallLine] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.XS)
        self.hide()

    def show_calls(self, calls: Sequence[ToolCall]) -> None:
        """Show `calls`; those that are shown already stay as they are, open or closed."""
        shown, self._calls = self._calls, tuple(calls)
        same = 0
        while same < min(len(shown), len(calls)) and shown[same] == calls[same]:
            same += 1
        for line in self._lines[same:]:
            self._layout.removeWidget(line)
            line.hide()
            line.deleteLater()
        del self._lines[same:]
        for call in calls[same:]:
            line = _CallLine(call)
            self._lines.append(line)
            self._layout.addWidget(line)
        self.setVisible(bool(calls))

    def texts(self) -> list[RichText]:
        """Return what can be selected and searched: the arguments of the calls that are open."""
        return [line.text for line in self._lines if line.text is not None]


class _CallLine(QWidget):
    """One call."""

    def __init__(self, call: ToolCall) -> None:
        super().__init__()
        self._call = call
        self._code: CodeBlock | None = None
        self._head = FoldButton()
        self._head.toggled.connect(self._on_toggled)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.XS)
        self._layout.addWidget(self._head, 0, Qt.AlignmentFlag.AlignLeft)
        self._say()

    @property
    def text(self) -> RichText | None:
        """The arguments, if they are shown."""
        return self._code.text if self._code is not None and self._head.isChecked() else None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        name = visible(self._call.name)
        if len(name) > _LONGEST_NAME:
            name = name[: _LONGEST_NAME - 1] + "…"
        # A single & would underline the letter behind it.
        words = self.tr("Called {tool}").format(tool=name or "?")
        self._head.setText(as_words(words))
        self._head.setAccessibleName(words)

    def _on_toggled(self, is_open: bool) -> None:
        if is_open and self._code is None:
            self._code = CodeBlock(Code(_pretty(self._call.arguments), "json"))
            self._code.settle()
            self._layout.addWidget(self._code)
        if self._code is not None:
            self._code.setVisible(is_open)


def _pretty(arguments: str) -> str:
    """Return JSON text with a line for each value; what is none as it stands."""
    if len(arguments) <= _LONGEST_PRETTY:
        with contextlib.suppress(ValueError, RecursionError):
            arguments = json.dumps(json.loads(arguments), indent=2, ensure_ascii=False)
    return code_text(arguments)
