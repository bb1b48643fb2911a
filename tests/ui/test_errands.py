"""Work off the GUI thread: told in the GUI thread, the newest of a lane only, nothing after the end."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.errors import Defect, LapisError, UserFixable
from desktop.domain.text import Text
from desktop.ui.errands import Errand, Errands


def _say(name: str, _errand: Errand) -> str:
    return name


@pytest.fixture
def errands(qtbot: QtBot) -> Iterator[Errands]:
    errands = Errands()
    yield errands
    errands.close()


def test_what_was_found_is_told_in_the_gui_thread(errands: Errands, qtbot: QtBot) -> None:
    told: list[tuple[int, int, int]] = []
    here = threading.get_ident()

    errands.run(
        "a",
        lambda _errand: threading.get_ident(),
        lambda found: told.append((found, threading.get_ident(), here)),
        lambda error: pytest.fail(str(error)),
    )

    qtbot.waitUntil(lambda: bool(told))
    worked, heard, gui = told[0]
    assert worked != gui
    assert heard == gui


def test_an_error_and_a_defect_are_told_as_such(
    errands: Errands, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[LapisError] = []

    def fail(_errand: Errand) -> None:
        raise UserFixable(Text("no"), Text("try"))

    def break_down(_errand: Errand) -> None:
        raise ZeroDivisionError

    errands.run("a", fail, lambda _found: None, failures.append)
    errands.run("b", break_down, lambda _found: None, failures.append)

    qtbot.waitUntil(lambda: len(failures) == 2)
    assert {type(failure) for failure in failures} == {UserFixable, Defect}
    assert "ZeroDivisionError" in caplog.text


def test_only_the_newest_of_a_lane_is_heard(errands: Errands, qtbot: QtBot) -> None:
    told: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def slow(errand: Errand) -> str:
        begun.set()
        go_on.wait(10)
        errand.report(lambda: told.append("half of slow"))
        return "slow"

    first = errands.run("a", slow, told.append, lambda _error: None)
    assert begun.wait(10)
    errands.run("a", lambda _errand: "waiting", told.append, lambda _error: None)
    errands.run("a", lambda _errand: "newest", told.append, lambda _error: None)
    assert first.cancelled.is_set()
    go_on.set()

    qtbot.waitUntil(lambda: bool(told))
    assert told == ["newest"]


def test_queued_errands_all_have_their_turn(errands: Errands, qtbot: QtBot) -> None:
    told: list[str] = []

    for name in ("one", "two", "three"):
        errands.run("a", partial(_say, name), told.append, print, queued=True)

    qtbot.waitUntil(lambda: told == ["one", "two", "three"])


def test_progress_comes_before_the_end(errands: Errands, qtbot: QtBot) -> None:
    told: list[str] = []

    def work(errand: Errand) -> str:
        errand.report(lambda: told.append("half"))
        return "whole"

    errands.run("a", work, told.append, lambda _error: None)

    qtbot.waitUntil(lambda: told == ["half", "whole"])


def test_after_the_end_nothing_is_begun_or_told(errands: Errands, qtbot: QtBot) -> None:
    told: list[str] = []
    errands.run("a", lambda _errand: "late", told.append, lambda _error: None)

    errands.close()
    errands.run("b", lambda _errand: "later", told.append, lambda _error: None)
    qtbot.wait(1)

    assert told == []


def test_what_is_owed_is_done_though_lapis_ends_meanwhile(errands: Errands, qtbot: QtBot) -> None:
    begun, go_on = threading.Event(), threading.Event()
    done, told, last = list[str](), list[object](), list[Errand]()

    def hold(_errand: Errand) -> None:
        begun.set()
        assert go_on.wait(10)
        assert last[0].cancelled.wait(10)

    def do(name: str, _errand: Errand) -> None:
        done.append(name)

    errands.run("a", hold, told.append, told.append, queued=True)
    assert begun.wait(10)
    errands.run("a", partial(do, "for the eye"), told.append, told.append, queued=True)
    last.append(
        errands.run("a", partial(do, "owed"), told.append, told.append, queued=True, owed=True)
    )
    go_on.set()
    errands.close()
    QApplication.processEvents()

    assert done == ["owed"]
    assert told == []
