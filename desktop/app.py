"""The program with window, tray and popup: the command `lapis-gui`, and `lapis` on a screen.

Main thread. A start that only hands its wish to the Lapis that already runs loads no Qt.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from desktop.base.display import has_display
from desktop.base.leaving import leave
from desktop.base.logs import start_logging
from desktop.base.paths import paths_under, resources, standard_paths
from desktop.base.translation import Translator
from desktop.domain.settings import Language
from desktop.system.instance import send_command
from desktop.ui.options import parse_options

if TYPE_CHECKING:
    from desktop.services.answering_parts import AnsweringParts
    from desktop.services.local_api import MakeServer

__all__ = ["main", "run"]


def _serve(parts: "AnsweringParts") -> "MakeServer":
    """Return what starts local servers; loaded with the first window's second part."""
    from desktop.serving import serve

    return serve(parts)


def run() -> NoReturn:
    """Do what the command line of `lapis-gui` says, and end this process with its exit code."""
    leave(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Lapis, or hand over to the one that runs; return the exit code.

    0 after Quit or a hand-over, 1 when it cannot start (told in a small window and on stderr).
    """
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    paths = standard_paths() if options.data_dir is None else paths_under(options.data_dir)
    handed_over = send_command(paths.socket, options.command, options.token, options.model)
    if handed_over or options.command == "quit":
        return 0
    if not has_display():
        if sys.stderr is not None:
            words = Translator(Language.SYSTEM, resources() / "locale")
            said = words.say("No display found. In the terminal, type: lapis chat")
            print(said, file=sys.stderr)  # noqa: T201 - there is no other front end here
        return 1
    from desktop.ui.plain_imports import import_plainly

    import_plainly()
    from desktop.ui.launch import launch

    logs = start_logging(paths)
    try:
        return launch(options, paths, _serve)
    finally:
        logs.close()
