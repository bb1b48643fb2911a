"""What this is: version, what it stands on, where its things are. GUI thread."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from desktop import __version__
from desktop.ui.buttons import TextButton
from desktop.ui.icons import app_icon
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space

__all__ = ["About"]

_GEM = 64
_WIDTH = 400


class About(QDialog):
    """A window beside the main one; it blocks nothing."""

    def __init__(self, data: Path, parent: QWidget) -> None:
        """Show `data` as the folder with chats and models."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About Lapis"))
        self.setMinimumWidth(_WIDTH)
        gem = PlainLabel()
        gem.setPixmap(app_icon().pixmap(QSize(_GEM, _GEM)))
        folder = PlainLabel(str(data), tone="muted", size="small", wrap=True)
        folder.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XXL, Space.XL, Space.XXL, Space.L)
        column.setSpacing(Space.S)
        words = self.tr("A private assistant. Its models run on this computer; nothing is sent.")
        parts = self.tr("Built on llama.cpp and Qt {qt} (LGPL).").format(qt=qVersion())
        for part in (
            gem,
            PlainLabel(f"Lapis {__version__}", size="title"),
            PlainLabel(words, wrap=True),
            PlainLabel(parts, tone="muted", size="small", wrap=True),
            PlainLabel(self.tr("Chats and models are kept in"), tone="muted", size="small"),
            folder,
        ):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        close = TextButton(self.tr("Close"))
        close.clicked.connect(self.close)
        column.addSpacing(Space.S)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignHCenter)
