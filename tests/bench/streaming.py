"""A long answer as it streams: how long it blocks the GUI thread, and what its end costs.

The real transcript on a screen of its own. 5,000 tokens of thinking and then 60 KB of code, tables
and formulas come at 200 tokens a second. What blocks is what the event loop does in one turn: the
pieces, parsing, layout, painting. For the whole chat window a thread's time at the processor is
less than this: waiting for the screen counts too.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop.base.paths import resources
from desktop.domain.chat import Role
from desktop.domain.history import MessageRef, MessageState, StoredMessage
from tests.bench import chat_texts
from tests.bench.measure import Figure
from tests.harness.screen import virtual_screen

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from desktop.ui.transcript import Transcript

_BYTES: Final = 60_000
_THINKING: Final = 5_000
_PER_SECOND: Final = 200
_LETTERS: Final = 4
_COMPARED: Final = 1_000
_SHARE: Final = 10.0
_STALL_MS: Final = 50.0
_GROWTH: Final = 1.2
_EARLIER: Final = 40


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes logs."""
    with virtual_screen(folder) as screen:
        told = subprocess.run(
            [sys.executable, "-m", "tests.bench.streaming"],
            cwd=resources().parent,
            env=dict(screen.environment),
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout
    found: dict[str, float] = json.loads(told)
    return [
        Figure("streaming: GUI thread blocked", "%", (found["share"],), _SHARE),
        Figure("streaming: longest stall", "ms", (found["stall"],), _STALL_MS),
        Figure("streaming: last 1,000 tokens ÷ first 1,000", "x", (found["growth"],), _GROWTH),
    ]


def main(speed: float = 1.0) -> None:
    """Stream in a window of this process; print the figures. `speed` is for trying out."""
    from PySide6.QtWidgets import QApplication

    from desktop.domain.settings import Theme
    from desktop.ui.collecting import collect_when_idle
    from desktop.ui.plain_imports import import_plainly
    from desktop.ui.theme import apply_theme
    from desktop.ui.transcript import Transcript

    import_plainly()
    app = QApplication([])
    apply_theme(app, Theme.LIGHT)
    window = Transcript()
    window.resize(832, 640)
    window.show()
    collect_when_idle(window, 0)
    try:
        print(json.dumps(_Stream(app, window, _PER_SECOND * speed).run()))
    finally:
        window.close()
        _end_helpers()


def _end_helpers() -> None:
    """End what draws formulas beside the window."""
    from desktop.ui.typesetter import typesetter

    typesetter().close()


class _Stream:
    """One answer that grows, with a few finished ones above it."""

    def __init__(self, app: "QApplication", transcript: "Transcript", per_second: float) -> None:
        self._app = app
        self._transcript = transcript
        self._per_second = per_second
        self._turns: list[tuple[float, int]] = []

    def run(self) -> dict[str, float]:
        text = "".join(chat_texts.blocks(_BYTES))
        known = {number: _message(number) for number in range(1, _EARLIER + 1)}
        refs = [MessageRef(one.id, one.role) for one in known.values()]
        self._transcript.show_chat(refs, lambda ids: [known[one] for one in ids])
        while self._transcript._filling.isActive():
            self._app.processEvents()
        last = _EARLIER + 1
        growing = StoredMessage(
            last, 1, last - 1, Role.ASSISTANT, "", "", MessageState.STREAMING, "m", None, "", 0.0
        )
        self._transcript.append(growing)
        begin = time.perf_counter()
        for number, (token, is_thinking) in enumerate(_tokens(text)):
            self._turn(last, token, number, is_thinking=is_thinking)
            self._wait(begin + (number + 1) / self._per_second, number)
        taken = time.perf_counter() - begin
        counted = [cost for cost, _ in self._turns]
        answer = [(cost, number - _THINKING) for cost, number in self._turns if number >= _THINKING]
        total = answer[-1][1]
        first = sum(cost for cost, number in answer if number < _COMPARED)
        end = sum(cost for cost, number in answer if number >= total - _COMPARED)
        worst = sorted(self._turns, reverse=True)[:6]
        print(f"worst: {[(round(cost * 1000), number) for cost, number in worst]}", file=sys.stderr)
        return {
            "share": 100 * sum(counted) / taken,
            "stall": max(counted) * 1000,
            "growth": end / first,
        }

    def _turn(self, message: int, token: str, number: int, *, is_thinking: bool) -> None:
        begin = time.perf_counter()
        self._transcript.stream(message, token, is_thinking)
        self._app.processEvents()
        self._turns.append((time.perf_counter() - begin, number))

    def _wait(self, until: float, number: int) -> None:
        while (begin := time.perf_counter()) < until:
            self._app.processEvents()
            taken = time.perf_counter() - begin
            if taken > 0.000_2:
                self._turns.append((taken, number))
            time.sleep(max(0.0, min(0.001, until - time.perf_counter())))


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    thinking = "".join(chat_texts.paragraph(number) + "\n\n" for number in range(300))
    for at in range(_THINKING):
        yield thinking[at * _LETTERS : (at + 1) * _LETTERS], True
    for at in range(0, len(text), _LETTERS):
        yield text[at : at + _LETTERS], False


def _message(number: int) -> StoredMessage:
    is_question = number % 2 == 1
    role = Role.USER if is_question else Role.ASSISTANT
    text = chat_texts.question(number) if is_question else chat_texts.answer(number)
    return StoredMessage(
        number, 1, number - 1, role, text, "", MessageState.COMPLETE, "m", None, "", 0.0
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
