"""All downloads in one line, which unfolds the list of them. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from desktop.domain.download import Download
from desktop.ui.download_words import totals, totals_words
from desktop.ui.labels import ElidedLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.share_bar import ShareBar
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space
from desktop.ui.translation import listed

__all__ = ["DownloadsSum"]


class DownloadsSum(QFrame):
    """Words and a bar; `clear` is a link that is there when everything is done."""

    clicked = Signal()

    def __init__(self) -> None:
        """Start without words."""
        super().__init__()
        self.clear = LinkButton()
        self._button = _SumButton()
        self._bar = ShareBar()
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self._button, 1)
        row.addWidget(self.clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        column.setSpacing(Space.XS)
        column.addLayout(row)
        line = QHBoxLayout()
        line.setContentsMargins(Space.S, 0, Space.S, Space.XS)
        line.addWidget(self._bar)
        column.addLayout(line)
        self._button.clicked.connect(self.clicked)

    def show_totals(self, downloads: Sequence[Download], *, is_open: bool) -> None:
        """Show the sum of `downloads`; `is_open` says that their list is unfolded."""
        whole = totals(downloads)
        failed = self.tr("{count} failed").format(count=whole.failed) if whole.failed else ""
        self._button.show_words(
            totals_words(whole), failed, is_open=is_open, is_done=not whole.open
        )
        self.clear.setText(self.tr("Clear"))
        self.clear.setVisible(not whole.open)
        self._bar.setVisible(bool(whole.open) and not is_open)
        self._bar.show_share(whole.done, whole.total, "accent" if whole.speed > 0 else "muted")
        self._bar.setAccessibleName(self.tr("Downloads"))


class _SumButton(QPushButton):
    """An arrow, an icon and the words."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "row")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._arrow = TintedIcon("chevron-right", 16)
        self._icon = TintedIcon("download", 18, tone="accent")
        self._words = ElidedLabel()
        self._failed = ElidedLabel(tone="bad", size="small")
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, Space.XS, Space.S, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(self._arrow)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self._failed)
        for part in (self._arrow, self._icon, self._words, self._failed):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_words(self, words: str, failed: str, *, is_open: bool, is_done: bool) -> None:
        self._arrow.set_icon("chevron-down" if is_open else "chevron-right")
        self._icon.set_icon("check-circle" if is_done else "download", "accent")
        self._words.setText(words)
        self._failed.setText(failed)
        self._failed.setVisible(bool(failed))
        self.setAccessibleName(listed((words, failed)))
        state = self.tr("Hide the list") if is_open else self.tr("Show the list")
        self.setAccessibleDescription(state)

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        layout = self.layout()
        return layout.minimumSize() if layout is not None else super().minimumSizeHint()
