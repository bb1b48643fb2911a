"""Garbage is collected in full when the window has nothing to do, and never while it is at work."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from pytestqt.qtbot import QtBot

from desktop.ui import collecting


class _Cycle:
    """Only a collector finds that nobody knows it any more."""

    def __init__(self) -> None:
        self.me = self


def _old_garbage() -> "weakref.ref[_Cycle]":
    one = _Cycle()
    known = weakref.ref(one)
    # Objects that live through the younger rounds are for full ones alone.
    gc.collect(0)
    gc.collect(1)
    return known


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> Iterator[QObject]:
    monkeypatch.setattr(collecting, "_EVERY_MS", 20)
    monkeypatch.setattr(collecting, "_LOOK_MS", 20)
    monkeypatch.setattr(collecting, "_MANY", -1)
    gc.enable()
    one = QObject()
    collecting.collect_when_idle(one, 0)
    qtbot.waitUntil(lambda: not gc.isenabled())
    yield one
    one.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.unfreeze()
    assert gc.isenabled(), "Python collects by itself again"


def test_garbage_goes_in_a_quiet_moment(
    owner: QObject, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "_IDLE_SECONDS", 10.0)
    known = _old_garbage()
    assert known() is not None

    qtbot.waitUntil(lambda: known() is None)


def test_garbage_waits_for_the_work_to_end_but_not_for_ever(
    owner: QObject, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "_IDLE_SECONDS", 0.0)
    looks: list[int] = []
    rounds: list[int] = []

    def hear(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            rounds.append(len(looks))

    collector = owner.children()[0]
    collector.findChild(QObject).timeout.connect(lambda: looks.append(1))  # type: ignore[union-attr]
    gc.callbacks.append(hear)
    try:
        known = _old_garbage()
        rounds.clear()
        qtbot.waitUntil(lambda: known() is None)
    finally:
        gc.callbacks.remove(hear)
    assert rounds[0] >= 59


def test_no_round_is_run_in_another_thread(owner: QObject, qtbot: QtBot) -> None:
    threads: set[threading.Thread] = set()

    def hear(phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            threads.add(threading.current_thread())

    def make_garbage() -> None:
        for _ in range(20_000):
            _Cycle()

    gc.callbacks.append(hear)
    try:
        worker = threading.Thread(target=make_garbage)
        worker.start()
        worker.join()
        qtbot.waitUntil(lambda: bool(threads))
    finally:
        gc.callbacks.remove(hear)
    assert threads == {threading.main_thread()}
