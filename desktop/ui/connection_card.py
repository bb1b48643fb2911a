"""How models are fetched, as a person sets it: mirror, token, proxy, certificates. GUI thread.

Values in, signals out; each row tells what is entered there.
"""

from urllib.parse import urlsplit

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.settings import LibrarySettings
from desktop.ui.buttons import TextButton
from desktop.ui.file_row import FileRow
from desktop.ui.form_panel import FormPanel
from desktop.ui.setting_row import NumberControl, SettingRow
from desktop.ui.text_row import TextRow
from desktop.ui.token_row import TokenRow
from desktop.ui.tokens import Space

__all__ = ["ConnectionCard"]

_MOST_AT_ONCE = 4


class ConnectionCard(QWidget):
    """Its rows are public; what is entered there holds at once."""

    test_requested = Signal()
    """Try the mirror of the settings out: answer with `show_works`, or with `show_failure`."""
    downloads_chosen = Signal(int)
    """(how many side by side)"""

    def __init__(self, usual: LibrarySettings, parent: QWidget | None = None) -> None:
        """Start with the `usual` settings, those that the way back leads to."""
        super().__init__(parent)
        self._usual = usual
        self._library = usual
        self._works = False
        self._test = TextButton()
        self.mirror = TextRow(self._test)
        self.token = TokenRow()
        self.proxy = TextRow()
        self.certificates = FileRow()
        self.downloads = NumberControl(1, _MOST_AT_ONCE, 1, digits=0)
        self._downloads_row = SettingRow(self.downloads)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(FormPanel([self.mirror]))
        column.addWidget(FormPanel([self.token]))
        column.addWidget(FormPanel([self.proxy, self.certificates]))
        column.addWidget(FormPanel([self._downloads_row]))
        self._test.clicked.connect(self._on_test_clicked)
        self.mirror.edited.connect(self.show_untested)
        self.downloads.changed.connect(lambda count: self.downloads_chosen.emit(round(count)))
        self._downloads_row.reset_requested.connect(
            lambda: self.downloads_chosen.emit(usual.downloads_at_once)
        )
        self.mirror.show_value(usual.mirror, overridden=False)
        self.proxy.show_value(usual.proxy, overridden=False)
        self.downloads.set_value(usual.downloads_at_once)
        self._retranslate()

    def show_library(self, library: LibrarySettings) -> None:
        """Show what is kept."""
        before, now, usual = self._library, library, self._usual
        self._library = now
        if _way(now) != _way(before):
            self.show_untested()
        # What is typed elsewhere and not finished yet is left alone.
        if now.mirror != before.mirror:
            self.mirror.show_value(now.mirror, overridden=now.mirror != usual.mirror)
        if now.proxy != before.proxy:
            self.proxy.show_value(now.proxy, overridden=now.proxy != usual.proxy)
        if now.certificates != before.certificates:
            self.certificates.show_file(now.certificates)
        self.downloads.set_value(now.downloads_at_once)
        differs = now.downloads_at_once != usual.downloads_at_once
        self._downloads_row.set_overridden(overridden=differs)

    def restore(self) -> None:
        """Drop everything that was typed and not kept, and what was said about it."""
        self.show_untested()
        self.mirror.restore()
        self.proxy.restore()
        self.certificates.note.clear()
        self.token.clear()

    def show_untested(self) -> None:
        """Say nothing about the mirror any more."""
        self._works = False
        self._test.setEnabled(True)
        self.mirror.note.clear()

    def show_works(self) -> None:
        """Say that the mirror of the settings hands out models."""
        self.show_untested()
        self._works = True
        self._say_works()

    def show_failure(self, error: LapisError) -> None:
        """Say what is wrong with the mirror, or with the way there."""
        self.show_untested()
        self.mirror.note.show_error(error)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_test_clicked(self) -> None:
        if self.mirror.finish():
            self.show_untested()
            self._test.setEnabled(False)
            self._say_busy()
            self.test_requested.emit()

    def _say_busy(self) -> None:
        host = urlsplit(self._library.mirror).netloc
        self.mirror.note.show_busy(self.tr("Asking {host}…").format(host=host))

    def _say_works(self) -> None:
        host = urlsplit(self._library.mirror).netloc
        words = self.tr("It works: {host} lists models and hands them out.").format(host=host)
        self.mirror.note.show_words(words, "good")

    def _retranslate(self) -> None:
        usual = self._usual
        self._test.setText(self.tr("Test"))
        self.mirror.say(
            self.tr("Address of the mirror"),
            self.tr("Asked where you search with “Mirror”, in place of Hugging Face."),
            usual.mirror,
            self.tr("Back to {address}").format(address=usual.mirror),
        )
        self.proxy.say(
            self.tr("Proxy"),
            self.tr("Empty: what the system says. This computer's own network never passes it."),
            "http://proxy.example.com:8080, socks5://127.0.0.1:1080",
            self.tr("Back to what the system says"),
        )
        self.certificates.say(
            self.tr("File of certificates"),
            self.tr(
                "Where a company or a school checks encrypted traffic, it has a certificate (PEM). "
                "It is trusted besides those of the system."
            ),
        )
        self._downloads_row.say(
            self.tr("Downloads at once"),
            self.tr("More of them wait in line."),
            self.tr("Back to {count}").format(count=usual.downloads_at_once),
        )
        if self.mirror.note.is_busy:
            self._say_busy()
        elif self._works:
            self._say_works()


def _way(library: LibrarySettings) -> tuple[str, str, str]:
    return library.mirror, library.proxy, library.certificates
