"""What no code expected reaches the person as words, and the makers without a word of the chat."""

import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from desktop.domain.errors import Defect, LapisError, StorageError
from desktop.domain.text import Text
from desktop.ui.crash_catcher import CrashCatcher, report_of

_SECRET = "what the person wrote"


@pytest.fixture
def catcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[CrashCatcher]:
    monkeypatch.setattr(sys, "excepthook", lambda *_: None)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    one = CrashCatcher()
    yield one
    one.close()


def _fail() -> None:
    raise KeyError(_SECRET)


def test_a_failing_slot_is_shown_as_a_defect(catcher: CrashCatcher, qtbot: QtBot) -> None:
    with qtbot.waitSignal(catcher.crashed) as caught:
        QTimer.singleShot(0, _fail)

    assert caught.args is not None
    error, report = caught.args
    assert isinstance(error, Defect)
    assert "KeyError" in report
    assert "_fail" in report
    assert _SECRET not in report


def test_a_failing_thread_is_shown_too(catcher: CrashCatcher, qtbot: QtBot) -> None:
    with qtbot.waitSignal(catcher.crashed) as caught:
        thread = threading.Thread(target=_fail)
        thread.start()
        thread.join()

    assert caught.args is not None
    assert _SECRET not in str(caught.args)


def test_an_error_with_words_of_its_own_keeps_them(catcher: CrashCatcher, qtbot: QtBot) -> None:
    full = StorageError(Text("The disk is full"), Text("Free some space."))
    with qtbot.waitSignal(catcher.crashed) as caught:
        catcher._on_exception(StorageError, full, None)

    assert caught.args is not None
    assert caught.args[0] is full


def test_the_hooks_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.excepthook, threading.excepthook
    one = CrashCatcher()
    assert sys.excepthook != before[0]
    one.close()
    one.close()

    assert (sys.excepthook, threading.excepthook) == before


def test_a_report_names_versions_and_no_folder_of_the_person() -> None:
    try:
        _fail()
    except KeyError as error:
        report = report_of(error)

    assert report.startswith("Lapis ")
    assert "/home/" not in report
    assert not isinstance(report, LapisError)
