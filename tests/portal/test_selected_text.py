"""Selected text under a real KWin, which tells every program of it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.system.front.base import LONGEST_SELECTION, Selection
from desktop.system.front.wayland import WaylandFront
from tests import gguf_files
from tests.harness.leftovers import Marker
from tests.harness.nested import Desktop
from tests.harness.nested_lapis import NestedLapis
from tests.harness.waiting import wait_for


class Holders:
    """Programs that hold selected text, one after another."""

    def __init__(self, desktop: Desktop, folder: Path, marker: Marker) -> None:
        self._environment = {**desktop.environment, **marker.environment}
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def hold(self, text: str) -> subprocess.Popen[bytes]:
        """Start one, and wait until it holds `text`."""
        said = self._folder / f"holder-{len(self._started)}.txt"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.harness.wayland_holder"],
                stdin=subprocess.PIPE,
                stdout=out,
                env=self._environment,
            )
        self._started.append(process)
        assert process.stdin is not None
        kinds = {"text/plain;charset=utf-8": text.encode().decode("latin-1")}
        process.stdin.write(json.dumps({"kinds": kinds}).encode())
        process.stdin.close()
        wait_for(lambda: said.read_text(encoding="utf-8") == "ready\n", 20, "a holder")
        return process

    def end(self) -> None:
        """End them all."""
        for process in self._started:
            process.terminate()
            process.wait(5)


@pytest.fixture
def holders(desktop: Desktop, tmp_path: Path, marker: Marker) -> Iterator[Holders]:
    some = Holders(desktop, tmp_path, marker)
    yield some
    some.end()


@pytest.fixture
def front(desktop: Desktop) -> WaylandFront:
    one = WaylandFront(desktop.environment)
    wait_for(lambda: one.current() is None and one.can_read, 20, "KWin's word")
    return one


def test_selected_text_is_read_without_the_keyboard(front: WaylandFront, holders: Holders) -> None:
    holders.hold("选中的文字 and more")

    assert front.selection() == Selection("选中的文字 and more")


def test_of_a_long_text_the_beginning_is_read(front: WaylandFront, holders: Holders) -> None:
    holder = holders.hold("€" * 1_000_000)

    assert front.selection() == Selection("€" * (LONGEST_SELECTION // 3), is_cut=True)
    assert holder.poll() is None


def test_a_program_that_hangs_is_not_waited_for(front: WaylandFront, holders: Holders) -> None:
    holder = holders.hold("held")
    os.kill(holder.pid, signal.SIGSTOP)
    try:
        assert front.selection() == Selection()
    finally:
        os.kill(holder.pid, signal.SIGCONT)

    assert wait_for(lambda: front.selection().text, 5) == "held"


def test_selected_text_goes_along_with_a_quick_question(
    lapis: NestedLapis, desktop: Desktop, holders: Holders, tmp_path: Path
) -> None:
    paths = paths_under(lapis.home)
    model = gguf_files.write_llama(tmp_path / "m.gguf", answer="An answer.", stops=True)
    settings = json.dumps({"welcomed": True, "model": str(model)})
    paths.settings.write_text(settings, encoding="utf-8")
    holders.hold("选中的 text")

    def asked() -> list[tuple[str, str]]:
        query = "SELECT content, attachments FROM messages WHERE role = 'user'"
        with closing(sqlite3.connect(f"file:{paths.database}?mode=ro", uri=True)) as disk:
            return disk.execute(query).fetchall()

    with desktop.portal():
        lapis.start()
        with desktop.hands() as hands:
            lapis.press(hands)
            lapis.wait_shown()
            # A small letter could be the key of an action.
            hands.tap("w", "Shift_L")
            for letter in "hy":
                hands.tap(letter)
            hands.tap("Return")
            ((question, attached),) = wait_for(asked, 20, "a question on the disk")
            hands.tap("Escape")
            hands.tap("Escape")
            lapis.wait_hidden()

    assert question == "Why"
    assert [one["text"] for one in json.loads(attached)] == ["选中的 text"]
