"""Words to be typed elsewhere: a command, or a line for a file, with a button that copies them.

GUI thread.
"""

from PySide6.QtWidgets import QWidget

from desktop.ui.code_frame import CodeFrame

__all__ = ["CommandLine"]


class CommandLine(CodeFrame):
    """What is shown is what is copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent=parent)
        self.copied.clicked.connect(lambda: self.copied.copy(self.words))
