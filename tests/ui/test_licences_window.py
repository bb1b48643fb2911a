"""About shows on whose work Lapis stands, and every word of the terms."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.config import bundled_parts
from desktop.ui.about import About
from desktop.ui.licences_window import LicencesWindow
from installers.dev.notices import write_parts
from installers.dev.package_part import Part, Text


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the resources of a Lapis that came with two parts."""
    folder = tmp_path / bundled_parts.FOLDER
    write_parts(
        [
            Part("Qt", "6.11", "LGPL-3.0-only", "https://qt.io", (Text("qt.txt", "Of Qt\n"),)),
            Part("zlib", "", "Zlib", "", (Text("zlib.txt", "Of zlib <b>\n"),)),
        ],
        folder,
    )
    (folder / bundled_parts.OWN_TEXT).write_text("Of Lapis\n", encoding="utf-8")
    monkeypatch.setattr(bundled_parts, "resources", lambda: tmp_path)
    return folder


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def _names(window: LicencesWindow) -> list[str]:
    model = window.list.model()
    return [model.index(row, 0).data().partition(",")[0] for row in range(model.rowCount())]


def test_lapis_comes_first_and_every_part_shows_its_terms(bundled: Path, parent: QWidget) -> None:
    window = LicencesWindow(parent)

    assert _names(window) == ["Lapis", "Qt", "zlib"]
    assert window.terms.toPlainText() == "Of Lapis\n"
    window.list.setCurrentIndex(window.list.model().index(2, 0))
    assert window.heading.text() == "zlib"
    assert window.facts.text() == "Zlib"
    assert window.terms.toPlainText() == "Of zlib <b>"


def test_a_text_is_read_when_its_part_is_chosen(bundled: Path, parent: QWidget) -> None:
    window = LicencesWindow(parent)
    (bundled / "qt.txt").unlink()

    window.list.setCurrentIndex(window.list.model().index(1, 0))

    assert "missing" in window.terms.toPlainText()


def test_searching_narrows_the_list_and_keeps_the_choice(bundled: Path, parent: QWidget) -> None:
    window = LicencesWindow(parent)
    window.list.setCurrentIndex(window.list.model().index(2, 0))

    window.search.setText("ZLIB")
    assert _names(window) == ["zlib"]
    assert window.terms.toPlainText() == "Of zlib <b>"
    window.search.setText("lgpl")
    assert _names(window) == ["Qt"]
    assert window.terms.toPlainText() == "Of Qt"
    window.search.setText("nobody")
    assert (_names(window), window.heading.text()) == ([], "Nothing found")
    window.search.setText("")
    assert _names(window) == ["Lapis", "Qt", "zlib"]
    assert window.heading.text().startswith("Lapis")


def test_from_source_it_says_where_the_others_are(
    parent: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled_parts, "resources", lambda: tmp_path)

    window = LicencesWindow(parent)

    assert _names(window) == ["Lapis"]
    assert "MIT License" in window.terms.toPlainText()
    assert any(
        "from its source" in label.text() for label in window.findChildren(type(window.facts))
    )


def test_about_opens_it_and_stays_closable(qtbot: QtBot, parent: QWidget) -> None:
    about = About(Path("data"), parent)
    about.show()

    about.licences.click()

    (window,) = parent.findChildren(LicencesWindow)
    assert window.isVisible()
    about.close()
    assert window.isVisible()
    window.close()


def test_return_presses_the_button_of_about_that_has_the_keyboard(
    qtbot: QtBot, parent: QWidget
) -> None:
    about = About(Path("data"), parent)
    about.show()
    qtbot.waitExposed(about)
    about.licences.setFocus()

    qtbot.keyClick(about.licences, Qt.Key.Key_Return)

    (window,) = parent.findChildren(LicencesWindow)
    assert about.isVisible()
    window.close()
