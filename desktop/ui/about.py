"""What this is: version, what it stands on, where its things are. GUI thread."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop import __version__
from desktop.backends.libraries import bindings_version, ggml_version
from desktop.config.distribution import read_distribution
from desktop.domain.distribution import Kind
from desktop.ui.buttons import TextButton
from desktop.ui.icons import app_icon
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space

__all__ = ["About"]

_GEM = 64
_WIDTH = 460


class About(QDialog):
    """A window beside the main one; it blocks nothing."""

    def __init__(self, data: Path, parent: QWidget) -> None:
        """Show `data` as the folder with chats and models."""
        super().__init__(parent)
        self._window = parent
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
        words = self.tr(
            "A private assistant. What you ask stays on this computer, unless you choose a server."
        )
        parts = self.tr("Built on llama.cpp ({engine}) and Qt {qt} (LGPL).").format(
            engine=_engine_version(), qt=qVersion()
        )
        for part in (
            gem,
            PlainLabel(f"Lapis {__version__}", size="title"),
            PlainLabel(words, wrap=True),
            PlainLabel(parts, tone="muted", size="small", wrap=True),
            PlainLabel(self._form(), tone="muted", size="small", wrap=True),
        ):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        kept = QVBoxLayout()
        kept.setSpacing(2)
        where = self.tr("Chats and models are kept in")
        for part in (PlainLabel(where, tone="muted", size="small"), folder):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            kept.addWidget(part)
        column.addLayout(kept)
        self.licences = TextButton(self.tr("Licences"))
        self.licences.clicked.connect(self._show_licences)
        close = TextButton(self.tr("Close"))
        close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addStretch()
        for button in (self.licences, close):
            # A dialog keeps Return from buttons that are not to be its default.
            button.setAutoDefault(True)
            row.addWidget(button)
        row.addStretch()
        column.addSpacing(Space.S)
        column.addLayout(row)

    def _form(self) -> str:
        """Return in words how this Lapis came onto the computer."""
        match read_distribution().kind:
            case Kind.SOURCE:
                return self.tr("Runs from its source.")
            case Kind.DEB:
                return self.tr("Installed as a .deb package.")
            case Kind.RPM:
                return self.tr("Installed as an .rpm package.")
            case Kind.TAR:
                return self.tr("Unpacked from an archive.")
            case Kind.APPIMAGE:
                return self.tr("Runs as an AppImage.")
            case Kind.FLATPAK:
                return self.tr("Installed as a Flatpak.")
            case Kind.WINDOWS:
                return self.tr("Installed by the setup program for Windows.")
            case Kind.MACOS:
                return self.tr("Installed as a program for macOS.")

    def _show_licences(self) -> None:
        from desktop.ui.licences_window import LicencesWindow

        # Of the main window, so that it stays when About is closed.
        LicencesWindow(self._window).show()


def _engine_version() -> str:
    """Return what is known of the build: ggml's version, else that of the bindings."""
    ggml = ggml_version()
    return f"ggml {ggml}" if ggml else f"llama-cpp-python {bindings_version()}"
