"""Other programs on the screen of a test: terminals, fields for text, holders of selections."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.harness.screen import Screen, Window
from tests.harness.selection_owner import Offer
from tests.harness.waiting import wait_for


class OtherPrograms:
    """Starts them with what tests know of the screen, and ends each by its id."""

    def __init__(self, screen: Screen, folder: Path, environment: Mapping[str, str]) -> None:
        """`folder` takes what they write; `environment` is added to the screen's."""
        self._screen = screen
        self._folder = folder
        self._environment = {**screen.environment, **environment}
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str, stdin: bytes = b"") -> subprocess.Popen[bytes]:
        """Start a program that reads `stdin`; what it says is in the file named after it."""
        with (self._folder / f"{Path(words[0]).name}-{len(self._started)}.txt").open("wb") as out:
            process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.DEVNULL,
                env=self._environment,
            )
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        self._started.append(process)
        return process

    def said(self, process: subprocess.Popen[bytes]) -> list[str]:
        """Return the lines that a program wrote."""
        number = self._started.index(process)
        (file,) = self._folder.glob(f"*-{number}.txt")
        return file.read_text(encoding="utf-8", errors="replace").splitlines()

    def holder(self, text: str, selection: str = "primary") -> subprocess.Popen[bytes]:
        """Start xclip, which holds `text` as a selection."""
        process = self.start("xclip", "-quiet", "-selection", selection, stdin=text.encode())
        self._wait_for_owner(process, selection.upper())
        return process

    def owner(self, offer: Offer) -> subprocess.Popen[bytes]:
        """Start a program that holds `offer`."""
        words = (sys.executable, "-m", "tests.harness.selection_owner")
        process = self.start(*words, stdin=offer.to_json().encode())
        wait_for(lambda: "ready" in self.said(process), 10, "the owner of a selection")
        return process

    def terminal(self, title: str, command: Sequence[str]) -> Window:
        """Start xterm with `command` in it, and wait until it has the keyboard."""
        words = ("xterm", "-title", title, "-geometry", "60x12+40+60")
        self.start(*words, "-e", *command)
        return self._focused(title)

    def text_window(self, title: str, file: Path) -> Window:
        """Start a window with a field for text, and wait until it has the keyboard."""
        self.start(sys.executable, "-m", "tests.harness.text_window", title, str(file))
        return self._focused(title)

    @contextmanager
    def hung(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Stop a program as if it hung, and let it go on at the end."""
        os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process.pid, signal.SIGCONT)

    def end_last(self) -> None:
        """End the one started last."""
        self._started[-1].terminate()
        self._started[-1].wait(5)

    def end(self) -> None:
        """End all that still run."""
        for process in self._started:
            if process.poll() is None:
                process.terminate()
        for process in self._started:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    def _focused(self, title: str) -> Window:
        window = self._screen.window(f"^{title}$")
        window.focus()
        wait_for(lambda: self._screen.active_title() == title, 10, f"{title} with the keyboard")
        return window

    def _wait_for_owner(self, process: subprocess.Popen[bytes], selection: str) -> None:
        asking = ["xclip", "-o", "-selection", selection.lower(), "-t", "TARGETS"]

        def holds() -> bool:
            assert process.poll() is None, "xclip ended"
            done = subprocess.run(
                asking, capture_output=True, env=self._environment, timeout=10, check=False
            )
            return done.returncode == 0

        wait_for(holds, 10, f"xclip with the {selection}")
