"""The list of installed models itself: which keys and clicks mean what. GUI thread."""

from PySide6.QtCore import QItemSelection, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from desktop.ui.installed_delegate import InstalledDelegate

__all__ = ["InstalledView"]


class InstalledView(QListView):
    """Rows of `InstalledList`, painted."""

    moved = Signal()
    """Another row is marked, or none."""
    activated_by_key = Signal()
    delete_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a model."""
        super().__init__(parent)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setItemDelegate(InstalledDelegate(self))
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setTabKeyNavigation(False)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter uses, Delete deletes; letters go to the next model that begins with them."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.activated_by_key.emit()
            case Qt.Key.Key_Delete:
                self.delete_pressed.emit()
            case Qt.Key.Key_Home:
                # The first row is a heading, which Qt would stop at.
                self.setCurrentIndex(self.model().index(1, 0))
                self.scrollToTop()
            case _:
                super().keyPressEvent(event)
