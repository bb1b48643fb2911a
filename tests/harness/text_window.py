"""A program with a field for text, as any other program has one.

`python -m tests.harness.text_window TITLE FILE`: whatever is in the field is in the file as well,
from the beginning if there is such a file.
"""

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication, QPlainTextEdit


def main(title: str, file: Path) -> int:
    """Show it until it is ended."""
    app = QApplication([])
    field = QPlainTextEdit()
    field.setWindowTitle(title)
    if file.exists():
        field.setPlainText(file.read_text(encoding="utf-8"))
    field.textChanged.connect(lambda: file.write_text(field.toPlainText(), encoding="utf-8"))
    field.resize(400, 200)
    field.show()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
