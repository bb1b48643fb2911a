"""The menu under the model's name: what is installed, and ways to more. GUI thread."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from desktop.domain.model import InstalledModel
from desktop.ui.icons import icon
from desktop.ui.served_menu import ServedMenu, model_line, served_apart
from desktop.ui.typed_choice import TypedChoice

__all__ = ["ModelMenu"]

_MOST = 30


class ModelMenu(QMenu):
    """Filled anew each time it opens: connect to `about_to_fill` and call `set_models`."""

    about_to_fill = Signal()
    model_chosen = Signal(object)
    """(InstalledModel)"""
    open_file_requested = Signal()
    open_folder_requested = Signal()
    more_requested = Signal()
    """All models, and those that could be had."""
    servers_requested = Signal()
    """All models of all servers."""
    free_memory_requested = Signal()
    full_settings_requested = Signal()
    builtin_template_chosen = Signal(bool)
    """(whether, or the template in the file)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without models."""
        super().__init__(parent)
        self._models: list[InstalledModel] = []
        self._chosen: InstalledModel | None = None
        self._memory = ""
        self._is_reduced = False
        self._is_crashing = False
        self._has_builtin_template = False
        self._lacks_template = False
        self._free: QAction | None = None
        TypedChoice(self)
        self.aboutToShow.connect(self._on_about_to_show)

    def set_models(self, models: list[InstalledModel], chosen: InstalledModel | None) -> None:
        """List `models`, the chosen one marked."""
        self._models = models
        self._chosen = chosen
        right = self.geometry().right()
        self._fill()
        if self.isVisible():
            # It hangs from the right end of its button, and is another size now.
            left = self.screen().availableGeometry().left()
            self.move(max(left, right - self.sizeHint().width() + 1), self.y())

    def set_memory(self, words: str) -> None:
        """Offer to free what is in memory, `words` being how much; empty when nothing is."""
        self._memory = words
        self._show_memory()

    def set_trouble(self, *, reduced: bool, crashing: bool) -> None:
        """Offer to undo what was given up for the chosen model after crashes, or to try it."""
        self._is_reduced = reduced
        self._is_crashing = crashing

    def set_template(self, *, builtin: bool, lacking: bool) -> None:
        """Offer to undo the choice of a built-in template, or that choice if the file has none."""
        self._has_builtin_template = builtin
        self._lacks_template = lacking

    def _on_about_to_show(self) -> None:
        self.about_to_fill.emit()
        self._fill()

    def _fill(self) -> None:
        # It goes with the others.
        self._free = None
        self.clear()
        self._add_models()
        more = self.addAction(icon("models"), self.tr("All models, and more to get…"))
        more.triggered.connect(self.more_requested)
        self.addSeparator()
        self._add_memory()
        self.addSeparator()
        open_file = self.addAction(icon("file"), self.tr("Open a GGUF file…"))
        open_file.triggered.connect(self.open_file_requested)
        open_folder = self.addAction(icon("folder"), self.tr("Open models folder"))
        open_folder.triggered.connect(self.open_folder_requested)

    def _add_memory(self) -> None:
        if self._is_reduced or self._is_crashing:
            anyway, full = self.tr("Try again anyway"), self.tr("Use full settings again")
            undo = self.addAction(icon("undo"), anyway if self._is_crashing else full)
            undo.triggered.connect(self.full_settings_requested)
        if self._has_builtin_template:
            file, none = self.tr("Use the file's own template"), self.tr("Go without a template")
            own = self.addAction(icon("undo"), none if self._lacks_template else file)
            own.triggered.connect(lambda: self.builtin_template_chosen.emit(False))
        elif self._lacks_template:
            builtin = self.addAction(icon("chat"), self.tr("Use a built-in template"))
            builtin.triggered.connect(lambda: self.builtin_template_chosen.emit(True))
        self._free = self.addAction(icon("chip"), "")
        self._free.triggered.connect(self.free_memory_requested)
        self._show_memory()

    def _show_memory(self) -> None:
        if self._free is not None:
            words = self.tr("Free memory now")
            self._free.setText(f"{words}\t{self._memory}" if self._memory else words)
            self._free.setEnabled(bool(self._memory))

    def _add_models(self) -> None:
        files, served = served_apart(self._models, self._chosen, _MOST)
        group = QActionGroup(self)
        for model in files:
            self._add_line(group, model)
        ServedMenu(self, group, self.model_chosen.emit, self.servers_requested.emit).add(
            served, self._chosen
        )
        if served:
            self.addSeparator()

    def _add_line(self, group: QActionGroup, model: InstalledModel) -> None:
        action = self.addAction(model_line(model))
        action.setCheckable(True)
        action.setChecked(model == self._chosen)
        group.addAction(action)
        self._tell_when_chosen(action, model)

    def _tell_when_chosen(self, action: QAction, model: InstalledModel) -> None:
        action.triggered.connect(lambda: self.model_chosen.emit(model))
