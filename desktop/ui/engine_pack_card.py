"""An optional pack of the engine: what it brings, how far it is, and what can be done. GUI thread."""

from enum import Enum, auto
from typing import Literal

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.download import Download, DownloadPhase
from desktop.domain.engine_pack import PackState, PackView
from desktop.domain.quantities import sized
from desktop.ui.activity import Activity
from desktop.ui.buttons import TextButton
from desktop.ui.download_words import bar_tone, download_words
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.row_question import RowQuestion
from desktop.ui.share_bar import ShareBar
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Size, Space
from desktop.ui.translation import listed, say

__all__ = ["EnginePackCard", "PackWish"]

_SIGN = 16
_RESTS = frozenset({DownloadPhase.PAUSED, DownloadPhase.FAILED})


class PackWish(Enum):
    """What a press of a button asks for."""

    GET = auto()
    PAUSE = auto()
    STOP = auto()
    SWITCH_ON = auto()
    REMOVE = auto()
    FROM_FILE = auto()


class EnginePackCard(QFrame):
    """Shows one `PackView` after another; hidden where there is none."""

    wished = Signal(object)
    """(PackWish)"""
    link_pressed = Signal(str, QPoint)
    """(address, where on the screen): ask before it opens."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self.setProperty("panel", "card")
        self._view: PackView | None = None
        self._wish: PackWish | None = None
        self._title = PlainLabel(wrap=True)
        self._title.setProperty("strong", True)
        self._sign = TintedIcon("check-circle", _SIGN, tone="good")
        self._state = PlainLabel(size="small")
        self._about = PlainLabel(tone="muted", wrap=True)
        self._licence = PlainLabel(tone="muted", wrap=True)
        self._terms = LinkButton(size=Size.BODY)
        self._bar = ShareBar()
        self._words = PlainLabel(size="small", wrap=True)
        self._hint = PlainLabel(wrap=True)
        self._busy = Activity()
        self._buttons = QWidget()
        self._get = TextButton()
        self._pause = TextButton()
        self._stop = TextButton()
        self._on = TextButton()
        self._remove = TextButton()
        self._from_file = TextButton(kind="quiet")
        self._question = RowQuestion()
        self._lay_out()
        self._connect()
        self.hide()

    def show_view(self, view: PackView | None) -> None:
        """Show `view`, nothing for None."""
        if view == self._view:
            return
        if view is None or self._view is None or view.state is not self._view.state:
            self._ask(asks=False)
        self._view = view
        self._show()
        self.setVisible(view is not None)

    def show_work(self, wish: PackWish | None) -> None:
        """Say that `wish` is being done, which takes a while; None: nothing any more."""
        self._wish = wish
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(Space.S)
        top.addWidget(TintedIcon("box"))
        top.addSpacing(Space.M - Space.S)
        top.addWidget(self._title, 1)
        top.addWidget(self._sign)
        top.addWidget(self._state)
        terms = QHBoxLayout()
        terms.setSpacing(Space.S)
        terms.addWidget(self._licence, 1)
        terms.addWidget(self._terms, 0, Qt.AlignmentFlag.AlignTop)
        buttons = FlowLayout(self._buttons, beside=Space.S, between=Space.S)
        for button in self._all_buttons():
            buttons.addWidget(button)
        words = QVBoxLayout()
        words.setContentsMargins(Size.ICON + Space.M, 0, 0, 0)
        words.setSpacing(Space.S)
        words.addWidget(self._about)
        words.addLayout(terms)
        for part in (
            *(self._bar, self._words, self._hint, self._busy),
            *(self._buttons, self._question),
        ):
            words.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.S)
        column.addLayout(top)
        column.addLayout(words)

    def _connect(self) -> None:
        wishes = {
            self._get: PackWish.GET,
            self._pause: PackWish.PAUSE,
            self._stop: PackWish.STOP,
            self._on: PackWish.SWITCH_ON,
            self._from_file: PackWish.FROM_FILE,
        }
        for button, wish in wishes.items():
            button.clicked.connect(lambda _checked=False, wish=wish: self.wished.emit(wish))
        self._remove.clicked.connect(lambda: self._ask(asks=True))
        self._question.answered.connect(self._on_answered)
        self._terms.clicked.connect(self._on_terms_clicked)

    def _all_buttons(self) -> tuple[TextButton, ...]:
        return (self._get, self._pause, self._stop, self._on, self._remove, self._from_file)

    def _show(self) -> None:
        view = self._view
        if view is None:
            return
        pack, state = view.pack, view.state
        values = {"name": pack.name, "size": sized(pack.size), "disk": sized(pack.unpacked)}
        self._title.setText(self.tr("{name} for NVIDIA cards").format(**values))
        if state in {PackState.IN_USE, PackState.OFF}:
            about = self.tr("It takes {disk} on the disk.")
        else:
            about = self.tr(
                "Lets models compute with NVIDIA's own libraries. {size} to download, {disk} on the "
                "disk."
            )
        self._about.setText(about.format(**values))
        self._licence.setText(self.tr("Licence: {name}").format(name=pack.licence.name))
        self._terms.setText(self.tr("Read the terms"))
        self._show_sign(state)
        self._show_progress(view.download if state is PackState.COMING else None)
        self._show_hint(view)
        doing = self._doing(state)
        self._busy.setVisible(bool(doing))
        self._busy.say(doing)
        self._show_buttons(view)
        self.setAccessibleName(listed((self._title.text(), self._state.text())))
        said = (self._about.text(), self._words.text(), self._hint.text())
        self.setAccessibleDescription(" ".join(filter(None, said)))

    def _doing(self, state: PackState) -> str:
        """Return what goes on that has no bar; empty for nothing."""
        if state is PackState.UNPACKING:
            return self.tr("Unpacking it and trying it out…")
        match self._wish:
            case PackWish.REMOVE:
                return self.tr("Removing it…")
            case PackWish.SWITCH_ON:
                return self.tr("Trying it out…")
            case PackWish.FROM_FILE:
                return self.tr("Reading the file…")
            case _:
                return ""

    def _show_sign(self, state: PackState) -> None:
        tone: Literal["good", "warn", "bad"]
        match state:
            case PackState.IN_USE:
                words, tone = self.tr("installed"), "good"
            case PackState.OFF:
                words, tone = self.tr("switched off"), "warn"
            case PackState.FAILED:
                words, tone = self.tr("not installed"), "bad"
            case _:
                words, tone = "", "good"
        self._sign.set_icon("check-circle" if tone == "good" else "warning", tone)
        self._state.setText(words)
        self._state.set_tone(tone)
        for part in (self._sign, self._state):
            part.setVisible(bool(words))

    def _show_progress(self, download: Download | None) -> None:
        self._bar.setVisible(download is not None)
        self._words.setVisible(download is not None)
        self._words.setText("")
        if download is None:
            return
        words = download_words(download)
        self._bar.show_share(download.done, download.total, bar_tone(download))
        self._bar.setAccessibleName(self.tr("Download of {name}").format(name=download.order.title))
        self._words.setText(words.line)
        self._words.set_tone(words.tone)

    def _show_hint(self, view: PackView) -> None:
        hint = ""
        match view.state:
            case _ if view.error is not None:
                hint = f"{say(view.error.title)}\n{say(view.error.hint)}"
            case PackState.COMING if view.download is not None:
                hint = download_words(view.download).hint
            case PackState.IN_USE:
                hint = self.tr("Models use it from the next time they are loaded.")
            case PackState.OFF if view.reason is not None:
                hint = self.tr("{reason}. Models go on with Vulkan or the processor.").format(
                    reason=say(view.reason)
                )
            case PackState.OFFERED if view.reason is not None:
                hint = say(view.reason)
            case _:
                pass
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))

    def _show_buttons(self, view: PackView) -> None:
        rests = view.download is not None and view.download.phase in _RESTS
        again = view.state is PackState.FAILED or (
            view.download is not None and view.download.phase is DownloadPhase.FAILED
        )
        coming, state = view.state is PackState.COMING, view.state
        shown = {
            self._get: state in {PackState.OFFERED, PackState.FAILED} or (coming and rests),
            self._pause: coming and not rests,
            self._stop: coming,
            self._on: state is PackState.OFF,
            self._remove: state in {PackState.IN_USE, PackState.OFF},
            self._from_file: state in {PackState.OFFERED, PackState.FAILED},
        }
        name = view.pack.name
        get = self.tr("Get") if not coming else self.tr("Resume")
        labels = {
            self._get: self.tr("Try again") if again else get,
            self._pause: self.tr("Pause"),
            self._stop: self.tr("Stop"),
            self._on: self.tr("Try it again"),
            self._remove: self.tr("Remove…"),
            self._from_file: self.tr("Take it from a file…"),
        }
        for button, words in labels.items():
            button.setText(words)
            button.setAccessibleName(f"{words.rstrip('…')}: {name}")
            button.setVisible(shown[button])
            button.setEnabled(self._wish is None)
        self._buttons.setVisible(any(shown.values()) and self._question.isHidden())
        question = self.tr("Remove {name}? To have it again, it must be downloaded again.")
        self._question.say(question.format(name=name), self.tr("Keep"), self.tr("Remove"))

    def _ask(self, *, asks: bool) -> None:
        """Ask whether to remove it, in the place of the buttons, or ask no more."""
        self._question.setVisible(asks)
        self._buttons.setVisible(not asks)
        if asks:
            self._question.take_focus()

    def _on_answered(self, removes: bool) -> None:
        self._ask(asks=False)
        if removes:
            self.wished.emit(PackWish.REMOVE)
        else:
            self._remove.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_terms_clicked(self) -> None:
        if self._view is not None:
            below = self._terms.mapToGlobal(self._terms.rect().bottomLeft())
            self.link_pressed.emit(self._view.pack.licence.page, below)
