"""All that is known of one answer, on a card beside the line that tells a little. GUI thread."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.domain.history import StoredMessage
from desktop.domain.text import printable
from desktop.ui.answer_figures import figures_meaning, figures_rows
from desktop.ui.labels import PlainLabel
from desktop.ui.model_words import cut_inside, model_words
from desktop.ui.popover_card import PopoverCard
from desktop.ui.tokens import Space

__all__ = ["AnswerSheet"]

_NAME = 64
_WIDTH = 300


class AnswerSheet(PopoverCard):
    """Shows names and values; nothing in it can be pressed."""

    def __init__(self, message: StoredMessage, owner: QWidget) -> None:
        """Tell of `message`."""
        super().__init__(owner)
        title = model_words(message.model) or self.tr("This answer")
        self.column.setSpacing(Space.XS)
        head = PlainLabel(title)
        head.setProperty("strong", True)
        self.column.addWidget(head)
        name = cut_inside(printable(message.model), _NAME)
        if name and name != title:
            self.column.addWidget(PlainLabel(name, tone="muted", size="small"))
        self.column.addSpacing(Space.S)
        rows = figures_rows(message)
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.L)
        grid.setVerticalSpacing(Space.XS + 2)
        grid.setColumnStretch(1, 1)
        for at, (words, value) in enumerate(rows):
            told = PlainLabel(value)
            told.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(PlainLabel(words, tone="muted"), at, 0)
            grid.addWidget(told, at, 1)
        self.column.addLayout(grid)
        meaning = figures_meaning(message)
        if meaning:
            self.column.addSpacing(Space.S)
            self.column.addWidget(PlainLabel(meaning, tone="muted", size="small", wrap=True))
        self.setMinimumWidth(_WIDTH)
        self.setAccessibleName(title)
        self.setAccessibleDescription("\n".join(f"{words}: {value}" for words, value in rows))
