"""The command `lapis`: puts the terminal front end together with everything below it.

Main thread. What only speaks to a running Lapis uses the standard library alone, because a hotkey
waits for it; help and version load no engine, no window and no settings beyond the language.
"""

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import desktop
from desktop.base.display import has_display
from desktop.base.early_interrupt import EXIT_INTERRUPTED
from desktop.base.leaving import leave
from desktop.base.paths import Paths, paths_under, resources, standard_paths
from desktop.base.streams import open_missing_streams
from desktop.base.translation import Translator
from desktop.domain.errors import LapisError
from desktop.domain.settings import Language
from desktop.domain.text import Text
from desktop.system.instance import send_command
from desktop.terminal.data_folder import without_data_dir

if TYPE_CHECKING:
    from desktop.base.logs import Logging
    from desktop.terminal.connections_orders import ConnectionOrder
    from desktop.terminal.engine_orders import EngineOrder
    from desktop.terminal.models_orders import ShelfOrder, SourcesOrder
    from desktop.terminal.orders import (
        AskOrder,
        BenchOrder,
        ChatOrder,
        NetworkOrder,
        UpdatesOrder,
        WindowAction,
    )
    from desktop.terminal.output import Screen
    from desktop.terminal.serve_orders import ServeOrder
    from desktop.terminal.sizing_orders import SizingOrder

_HANDED_OVER: Final = frozenset({"--show", "--new-chat", "--toggle-popup", "--quit"})
_ACTIVATION_TOKENS: Final = ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID")


def run() -> NoReturn:
    """Do what the command line of `lapis` says, and end this process with its exit code."""
    leave(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return the exit code.

    0 done, 1 failed (title and hint on stderr), 2 wrong command line, 130 stopped by Ctrl-C.
    """
    try:
        return _main(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _main(given: Sequence[str]) -> int:
    if given == ["--version"]:
        print(f"Lapis {desktop.__version__}")  # noqa: T201 - before anything is loaded
        return 0
    if given in (["--selftest"], ["--selftest-engine"]):
        return _selftest(given[0])
    folder, rest = without_data_dir(given)
    paths = standard_paths() if folder is None else paths_under(folder)
    if len(rest) == 1 and rest[0] in _HANDED_OVER and _hand_over(paths, rest[0]):
        return 0
    from desktop.terminal.errors import EXIT_ERROR, EXIT_OK, defect, report
    from desktop.terminal.output import Screen

    open_missing_streams()
    words = Translator(_language(paths.settings), resources() / "locale")
    screen = Screen(sys.stdout, sys.stderr)
    try:
        return _run(rest, paths, words, screen)
    except BrokenPipeError:
        screen.forget_out()
        return EXIT_OK
    except LapisError as error:
        report(error, words, screen)
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - the last one to catch: it is logged and told
        _log_defect(error, paths)
        report(defect(str(paths.logs)), words, screen)
        return EXIT_ERROR


def _selftest(wish: str) -> int:
    """Check what was packed; a switch for whoever packs, which no help names."""
    from desktop.selftest import check_engine, check_program

    return check_engine() if wish == "--selftest-engine" else check_program()


def _run(given: Sequence[str], paths: Paths, words: Translator, screen: "Screen") -> int:
    from desktop.terminal.commandline import is_model_file, parse
    from desktop.terminal.errors import EXIT_OK, EXIT_USAGE, UsageError, report
    from desktop.terminal.orders import DoctorOrder, HelpOrder, WindowOrder

    try:
        if len(given) == 1 and is_model_file(given[0]):
            return _open_file(given[0], paths, words, screen)
        match parse(given, words):
            case None:
                return EXIT_OK
            case DoctorOrder(as_json):
                return _doctor(paths, words, screen, as_json=as_json)
            case HelpOrder(topic):
                from desktop.terminal.help_topics import show_help

                return show_help(topic, words, screen)
            case WindowOrder() as order:
                return _window(order.action, paths, words, screen)
            case order:
                with _logging(paths):
                    return _carry_out(order, paths, words, screen)
    except UsageError as error:
        report(error, words, screen)
        return EXIT_USAGE


def _carry_out(
    order: "AskOrder | ChatOrder | BenchOrder | NetworkOrder | UpdatesOrder | ConnectionOrder"
    " | EngineOrder | ServeOrder | SourcesOrder | ShelfOrder | SizingOrder",
    paths: Paths,
    words: Translator,
    screen: "Screen",
) -> int:
    from desktop.terminal.connections_orders import ConnectionOrder
    from desktop.terminal.engine_orders import EngineOrder
    from desktop.terminal.orders import AskOrder, BenchOrder, ChatOrder, NetworkOrder, UpdatesOrder
    from desktop.terminal.serve_orders import ServeOrder
    from desktop.terminal.sizing_orders import FitOrder, HardwareOrder, RecommendOrder

    if isinstance(order, ConnectionOrder):
        from desktop.cli_connections import manage_connections

        return manage_connections(order, paths, words, screen)
    if isinstance(order, EngineOrder):
        from desktop.cli_engine import keep_engine

        return keep_engine(order, paths, words, screen)
    match order:
        case AskOrder():
            from desktop.cli_answers import answer

            return answer(order, paths, words, screen)
        case ChatOrder(choices):
            from desktop.cli_answers import talk

            return talk(choices, paths, words, screen)
        case ServeOrder():
            from desktop.cli_answers import serve_programs

            return serve_programs(order, paths, words, screen)
        case UpdatesOrder(as_json):
            return _updates(paths, words, screen, as_json=as_json)
        case NetworkOrder(as_json):
            return _network(paths, words, screen, as_json=as_json)
        case BenchOrder():
            from desktop.cli_answers import measure

            return measure(order, paths, words, screen)
        case FitOrder() | HardwareOrder() | RecommendOrder():
            from desktop.cli_models import size_models

            return size_models(order, paths, words, screen)
        case _:
            from desktop.cli_models import manage_models

            return manage_models(order, paths, words, screen)


def _doctor(paths: Paths, words: Translator, screen: "Screen", *, as_json: bool) -> int:
    """Look at everything without a log file: the folder for it may be what is wrong."""
    import logging

    from desktop.services.doctor import examine
    from desktop.terminal.doctor import show_findings

    logging.getLogger().addHandler(logging.NullHandler())
    with contextlib.closing(examine(paths)) as findings:
        return show_findings(findings, words, screen, as_json=as_json)


def _updates(paths: Paths, words: Translator, screen: "Screen", *, as_json: bool) -> int:
    from desktop.cli_kept import Kept
    from desktop.services.updates import open_updates
    from desktop.terminal.updates import tell_updates

    updates = open_updates(paths, Kept(paths, words, screen).settings, os.environ)
    return tell_updates(updates, words, screen, as_json=as_json)


def _network(paths: Paths, words: Translator, screen: "Screen", *, as_json: bool) -> int:
    from desktop.cli_kept import Kept
    from desktop.services.network_log import NetworkLog
    from desktop.terminal.network import tell_network

    offline = Kept(paths, words, screen).settings().connections.offline
    entries = NetworkLog(paths.network_log).entries()
    return tell_network(entries, words, screen, offline=offline, as_json=as_json)


def _window(action: "WindowAction", paths: Paths, words: Translator, screen: "Screen") -> int:
    from desktop.terminal.errors import EXIT_OK, NoDisplay
    from desktop.terminal.orders import ChatOrder, Choices, WindowAction

    starts = action is WindowAction.START
    if action is not WindowAction.BACKGROUND:
        command = WindowAction.SHOW if starts else action
        if _hand_over(paths, f"--{command}"):
            return EXIT_OK
    if action is WindowAction.QUIT:
        screen.note(words.say("Lapis is not running."))
        return EXIT_OK
    if has_display():
        try:
            from desktop.app import main as open_window
        except ImportError as error:
            if not (error.name or "").startswith("PySide6"):
                raise
            # Qt is not installed, or the system lacks a library that it needs.
            raise NoDisplay(
                Text("The window cannot be opened: {reason}", {"reason": str(error)}),
                Text("Install what is missing, or talk in the terminal: lapis chat"),
            ) from error
        return open_window(sys.argv[1:])
    if not starts:
        raise NoDisplay(
            Text("No display found"),
            Text("The window needs a graphical session. In the terminal, type: lapis chat"),
        )
    screen.note(words.say("No display found, so Lapis answers here in the terminal."))
    with _logging(paths):
        return _carry_out(ChatOrder(Choices()), paths, words, screen)


def _open_file(file: str, paths: Paths, words: Translator, screen: "Screen") -> int:
    """Open a model file with the window, in the Lapis that runs or a new one."""
    from desktop.terminal.errors import EXIT_OK
    from desktop.terminal.orders import ChatOrder, Choices, WindowAction

    path = str(Path(file).absolute())
    if _hand_over(paths, "--open-model", path):
        return EXIT_OK
    if has_display():
        return _window(WindowAction.START, paths, words, screen)
    with _logging(paths):
        return _carry_out(ChatOrder(Choices(model=path)), paths, words, screen)


def _logging(paths: Paths) -> "contextlib.closing[Logging]":
    paths.create()
    return contextlib.closing(_start_logging(paths))


def _start_logging(paths: Paths) -> "Logging":
    import logging

    from desktop.base.logs import start_logging

    # Where no log can be kept, its lines must not end up on the terminal.
    logging.getLogger().addHandler(logging.NullHandler())
    return start_logging(paths)


def _log_defect(error: Exception, paths: Paths) -> None:
    import logging

    with contextlib.closing(_start_logging(paths)):
        logging.getLogger(__name__).error("defect in the command line", exc_info=error)


def _language(settings_file: Path) -> Language:
    """Read the one setting that help and version need, without the cost of the settings' reader."""
    try:
        return Language(json.loads(settings_file.read_bytes())["language"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Language.SYSTEM


def _hand_over(paths: Paths, option: str, argument: str = "") -> bool:
    token = next((os.environ[name] for name in _ACTIVATION_TOKENS if os.environ.get(name)), "")
    return send_command(paths.socket, option.removeprefix("--"), token, argument)
