"""Keys that the guide names in its answers are those of the window."""

import json
import re
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.shortcuts import Shortcuts

CORPUS = Path(__file__).resolve().parents[2] / "resources" / "guide" / "corpus"
KEY = re.compile(r"Ctrl\+(?:Shift\+)?(?:[A-Z](?![a-z])|[/,])|\bF\d\b")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_key_in_an_answer_is_bound_in_the_window(qtbot: QtBot, language: str) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    keys = Shortcuts(window)
    portable = QKeySequence.SequenceFormat.PortableText
    bound = {one.key().toString(portable) for one in window.findChildren(QShortcut)}
    assert len(bound) > 10
    assert keys.parent() is window

    groups = [json.loads(path.read_text("utf-8")) for path in sorted(CORPUS.glob("[0-9]*.json"))]
    named = {
        (topic["id"], key)
        for group in groups
        for topic in group["topics"]
        for key in KEY.findall(topic["answers"][language])
    }

    assert {key for _topic, key in named} >= {"Ctrl+N", "Ctrl+K", "Ctrl+,", "Ctrl+/", "F1", "F2"}
    assert {(topic, key) for topic, key in named if key not in bound} == set()
