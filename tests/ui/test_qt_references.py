"""Qt's bindings must not lose references to `True` and `None`.

PySide6 6.12.0 lost one to `True` with each emitted signal and one to `None` with each call that
returns nothing; before Python 3.12 the interpreter then dies within minutes. Run for every new
PySide6 on the oldest Python.
"""

import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QCoreApplication, QObject, Signal

_ROUNDS = 60
_TOLERANCE = 5


class _Emitter(QObject):
    happened = Signal(str)


@pytest.mark.parametrize("kept", [True, None])
def test_emitting_and_calling_lose_no_references(kept: object, qapp: QCoreApplication) -> None:
    emitter = _Emitter()
    heard: list[str] = []
    emitter.happened.connect(heard.append)

    before = sys.getrefcount(kept)
    _repeat(lambda: emitter.happened.emit("word"), _ROUNDS)
    _repeat(qapp.processEvents, _ROUNDS)
    after = sys.getrefcount(kept)

    assert len(heard) == _ROUNDS
    assert abs(after - before) < _TOLERANCE


def test_thousands_of_signals_are_survived(qapp: QCoreApplication) -> None:
    emitter = _Emitter()
    heard: list[str] = []
    emitter.happened.connect(heard.append)

    _repeat(lambda: emitter.happened.emit("word"), 5_000)

    assert len(heard) == 5_000


def _repeat(call: Callable[[], object], times: int) -> None:
    for _ in range(times):
        call()
