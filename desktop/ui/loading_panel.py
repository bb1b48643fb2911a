"""How a model is loaded: how much of a chat it can see, and how much of it the GPU takes. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.quantities import tokens
from desktop.ui.form_panel import FormPanel
from desktop.ui.menu_button import MenuButton
from desktop.ui.setting_row import SettingRow

__all__ = ["LoadingPanel"]

_ALL = -1
_SIZES = tuple(1024 * 2**power for power in range(1, 11))


class LoadingPanel(QWidget):
    """Two choices; None is whatever the general settings say."""

    context_chosen = Signal(object)
    """(tokens, 0 for automatic, or None)"""
    layers_chosen = Signal(object)
    """(count as in `LoadPlan.n_gpu_layers`, or None)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with nothing chosen."""
        super().__init__(parent)
        self._context: tuple[int | None, int, int] = (None, 0, 0)
        self._layers: tuple[int | None, int, int] = (None, _ALL, 0)
        self._context_menu = MenuButton()
        self._layers_menu = MenuButton()
        self._context_row = SettingRow(self._context_menu)
        self._layers_row = SettingRow(self._layers_menu)
        self._panel = FormPanel([self._context_row, self._layers_row])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._panel)
        self._context_menu.chosen.connect(self.context_chosen)
        self._layers_menu.chosen.connect(self.layers_chosen)
        self._context_row.reset_requested.connect(lambda: self.context_chosen.emit(None))
        self._layers_row.reset_requested.connect(lambda: self.layers_chosen.emit(None))
        self._say()

    def show_context(self, own: int | None, general: int, longest: int) -> None:
        """Show the context: what is set, what holds else, the longest possible (0: unknown)."""
        self._context = (own, general, longest)
        self._show_context()

    def show_layers(self, own: int | None, general: int, total: int) -> None:
        """Show layers on the GPU: what is set, what holds else, how many there are (0: unknown)."""
        self._layers = (own, general, total)
        self._show_layers()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _show_context(self) -> None:
        own, general, longest = self._context
        sizes = {size for size in _SIZES if not longest or size <= longest}
        sizes |= {size for size in (longest, own or 0) if size}
        choices: list[tuple[int | None, str]] = [(None, self._usual(self._size(general)))]
        if general:
            choices.append((0, self._size(0)))
        choices += [(size, self._size(size)) for size in sorted(sizes)]
        self._context_menu.set_choices(self.tr("Context"), choices, own)
        self._context_row.set_overridden(overridden=own is not None)

    def _show_layers(self) -> None:
        own, general, total = self._layers
        counts = {0, *(total * quarters // 4 for quarters in (1, 2, 3))}
        if own is not None and own != _ALL:
            counts.add(own)
        choices: list[tuple[int | None, str]] = [(None, self._usual(self._count(general)))]
        choices += [(count, self._count(count)) for count in (_ALL, *sorted(counts, reverse=True))]
        self._layers_menu.set_choices(self.tr("Layers on the graphics card"), choices, own)
        self._layers_row.set_overridden(overridden=own is not None)

    def _usual(self, what: str) -> str:
        return self.tr("As usual: {what}").format(what=what)

    def _size(self, size: int) -> str:
        if not size:
            return self.tr("automatic")
        return self.tr("{count} tokens").format(count=tokens(size))

    def _count(self, count: int) -> str:
        if count == _ALL:
            return self.tr("all that fit")
        if count == 0:
            return self.tr("none")
        total = self._layers[2]
        return (
            self.tr("{count} of {total}").format(count=count, total=total) if total else f"{count}"
        )

    def _say(self) -> None:
        self._panel.set_heading(
            self.tr("Loading"), self.tr("Takes effect when the model is loaded the next time.")
        )
        self._context_row.say(
            self.tr("Context"), self.tr("How much of a chat it can see; more takes more memory.")
        )
        self._layers_row.say(
            self.tr("Layers on the graphics card"),
            self.tr("Fewer leave its memory to other programs; answers are slower then."),
        )
        self._show_context()
        self._show_layers()
