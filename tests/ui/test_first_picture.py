"""The first picture of an empty window waits for nothing that only a conversation needs."""

import os
import subprocess
import sys
from pathlib import Path

from desktop.base.paths import paths_under
from desktop.ui.warming import MODULES

_PROGRAM = """
import linecache, sys
from desktop.app import main
from PySide6.QtWidgets import QApplication

def tell(program):
    print(*sys.modules)
    print(*linecache.cache, flush=True)
    program.quit()

def watched(app, run=QApplication.exec):
    # Not before: what it imports is what is looked at.
    from desktop.ui.program import Program
    Program._finish_start = tell
    return run()

QApplication.exec = watched
sys.exit(main(["--data-dir", sys.argv[1]]))
"""
_QUIT_BETWEEN = """
import sys
from desktop.app import main
from PySide6.QtWidgets import QApplication

def watched(app, run=QApplication.exec):
    from desktop.ui import warming
    from desktop.ui.program import Program
    begin, load, seen = Program._finish_start, warming.load_in_turns, []

    def load_and_quit(owner, names, then):
        load(owner, names, then)
        if names is warming.AROUND:
            seen.append(owner)
            owner.quit()

    warming.load_in_turns = load_and_quit
    code = run()
    while names := [name for name in warming.AROUND if name not in sys.modules]:
        QApplication.processEvents()
    QApplication.processEvents()
    print(seen[0]._around)
    return code

QApplication.exec = watched
sys.exit(main(["--data-dir", sys.argv[1]]))
"""
_LATE = (
    *MODULES,
    "desktop.services.context_memory",
    "desktop.services.engine",
    "desktop.store.carrying",
    "desktop.ui.chat_context",
    "desktop.ui.chat_panel",
    "desktop.ui.chat_results",
    "desktop.ui.models_desk",
    "desktop.ui.popup",
    "desktop.ui.settings_page",
    "desktop.ui.tray",
    "desktop.ui.typesetter",
    "httpx",
    "keyring",
    "llama_cpp",
    "markdown_it",
    "numpy",
    "psutil",
    "pygments",
    "subprocess",
)


def test_what_a_conversation_needs_is_loaded_after_the_first_picture(tmp_path: Path) -> None:
    modules, _ = _loaded(tmp_path)
    assert "desktop.ui.window" in modules
    assert not modules & set(_LATE)


def test_no_source_is_read_to_import_it(tmp_path: Path) -> None:
    _, sources = _loaded(tmp_path)
    names = {Path(one).name for one in sources}
    assert not names & {"launch.py", "program.py", "transcript.py", "window.py"}


def test_who_quits_during_the_second_part_of_the_start_sees_no_more_of_it(tmp_path: Path) -> None:
    assert _told(_QUIT_BETWEEN, tmp_path) == ["None"]


def _loaded(tmp_path: Path) -> tuple[set[str], set[str]]:
    """Return the modules and the sources that a start has read when its window is painted."""
    modules, sources = _told(_PROGRAM, tmp_path)
    return set(modules.split()), set(sources.split())


def _told(program: str, tmp_path: Path) -> list[str]:
    """Run `program` as somebody who knows Lapis; return the lines that it prints."""
    settings = paths_under(tmp_path).settings
    settings.parent.mkdir(parents=True)
    settings.write_text('{"welcomed": true}', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
