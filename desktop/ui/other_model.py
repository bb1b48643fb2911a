"""The menu at an answer that has it given again by another model. GUI thread."""

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from desktop.domain.model import InstalledModel
from desktop.ui.message_wishes import MessageWishes
from desktop.ui.model_controller import ModelController
from desktop.ui.served_menu import ServedMenu, model_line, served_apart
from desktop.ui.typed_choice import TypedChoice

__all__ = ["OtherModel"]

_MOST = 30


class OtherModel(QObject):
    """Asks who is to answer once more; the chat goes on with its own model afterwards."""

    opened = Signal(object)
    """(QMenu): it is on the screen."""

    def __init__(self, wishes: MessageWishes, models: ModelController, over: QWidget) -> None:
        """Open menus over the window `over` when they are wanted."""
        super().__init__(over)
        self._wishes = wishes
        self._models = models
        self._over = over
        wishes.other_model_wanted.connect(self._open)

    def _open(self, message: int, where: QPoint) -> None:
        menu = QMenu(self._over)
        menu.setAccessibleName(self.tr("Answer with another model"))
        TypedChoice(menu)
        files, served = served_apart(self._models.models(), None, _MOST)
        for model in files:
            action = menu.addAction(model_line(model))
            self._tell_when_chosen(action, message, model)
        ServedMenu(menu, None, lambda model: self._answer_again(message, model)).add(served, None)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)
        self.opened.emit(menu)

    def _tell_when_chosen(self, action: QAction, message: int, model: InstalledModel) -> None:
        action.triggered.connect(lambda: self._answer_again(message, model))

    def _answer_again(self, message: int, model: InstalledModel) -> None:
        self._wishes.answer_again(message, self._models.name_of(model))
