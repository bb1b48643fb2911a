"""The command `lapis`: puts the terminal front end together with everything below it.

Main thread. What only speaks to a running Lapis uses the standard library alone, because a hotkey
waits for it; help and version load no engine, no window and no settings beyond the language.
"""

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import desktop
from desktop.base.display import has_display
from desktop.base.paths import Paths, paths_under, resources, standard_paths
from desktop.base.translation import Translator
from desktop.domain.errors import LapisError
from desktop.domain.settings import Language, Settings
from desktop.domain.text import Text
from desktop.system.instance import send_command
from desktop.terminal.data_folder import without_data_dir

if TYPE_CHECKING:
    from desktop.base.logs import Logging
    from desktop.domain.model import InstalledModel, LoadPlan
    from desktop.models.library import Library
    from desktop.services.engine import Engine
    from desktop.services.model_notes import ModelNotes
    from desktop.terminal.choosing import Terms
    from desktop.terminal.models_orders import ShelfOrder, SourcesOrder
    from desktop.terminal.orders import (
        AskOrder,
        BenchOrder,
        Choices,
        WindowAction,
    )
    from desktop.terminal.output import Screen

_HANDED_OVER: Final = frozenset({"--show", "--new-chat", "--toggle-popup", "--quit"})
_ACTIVATION_TOKENS: Final = ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return the exit code.

    0 done, 1 failed (title and hint on stderr), 2 wrong command line, 130 stopped by Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        print(f"Lapis {desktop.__version__}")  # noqa: T201 - before anything is loaded
        return 0
    folder, rest = without_data_dir(given)
    paths = standard_paths() if folder is None else paths_under(folder)
    if len(rest) == 1 and rest[0] in _HANDED_OVER and _hand_over(paths, rest[0]):
        return 0
    from desktop.terminal.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, defect, report
    from desktop.terminal.output import Screen

    _open_missing_streams()
    words = Translator(_language(paths.settings), resources() / "locale")
    screen = Screen(sys.stdout, sys.stderr)
    try:
        return _run(rest, paths, words, screen)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
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


def _run(given: Sequence[str], paths: Paths, words: Translator, screen: "Screen") -> int:
    from desktop.terminal.commandline import is_model_file, parse
    from desktop.terminal.errors import EXIT_OK, EXIT_USAGE, UsageError, report
    from desktop.terminal.orders import (
        AskOrder,
        BenchOrder,
        ChatOrder,
        DoctorOrder,
        WindowOrder,
    )

    try:
        if len(given) == 1 and is_model_file(given[0]):
            return _open_file(given[0], paths, words, screen)
        match parse(given, words):
            case AskOrder() as order:
                with _logging(paths):
                    return _ask(order, paths, words, screen)
            case ChatOrder() as order:
                with _logging(paths):
                    return _chat(order.choices, paths, words, screen)
            case DoctorOrder(as_json):
                return _doctor(paths, words, screen, as_json=as_json)
            case BenchOrder() as order:
                with _logging(paths):
                    return _bench(order, paths, words, screen)
            case WindowOrder() as order:
                return _window(order.action, paths, words, screen)
            case None:
                return EXIT_OK
            case order:
                with _logging(paths):
                    return _manage_models(order, paths, words, screen)
    except UsageError as error:
        report(error, words, screen)
        return EXIT_USAGE


def _ask(order: "AskOrder", paths: Paths, words: Translator, screen: "Screen") -> int:
    from desktop.services.load_watch import LoadWatch
    from desktop.terminal.answering import show_loading
    from desktop.terminal.ask import Question, ask, question_text
    from desktop.terminal.interrupt import stopping_on_interrupt

    notes = _notes(paths)
    terms = _terms(order.choices, notes, paths, words, screen)
    model = _library(paths, terms.settings).find(terms.settings.model)
    text = question_text(order.question, sys.stdin, words, screen)
    settings = terms.settings_for(model)
    question = Question(
        text=text,
        system=settings.system_prompt,
        sampling=settings.sampling,
        model_name=model.name,
        as_json=order.as_json,
        builtin_template=terms.template_for(model),
        anyway=order.choices.anyway,
    )
    cancel = threading.Event()
    with (
        stopping_on_interrupt(cancel),
        contextlib.closing(notes),
        contextlib.closing(_engine(paths, terms)) as engine,
        contextlib.closing(LoadWatch(notes, engine.memory)) as loads,
    ):
        engine.watch(loads.observe)
        engine.watch(show_loading(words, screen))
        _load(engine, model, anyway=order.choices.anyway)
        return ask(question, engine, words, screen, cancel)


def _chat(choices: "Choices", paths: Paths, words: Translator, screen: "Screen") -> int:
    from desktop.services.load_watch import LoadWatch
    from desktop.terminal.answering import show_loading
    from desktop.terminal.chat import chat
    from desktop.terminal.reading import LineReader
    from desktop.terminal.seams import Tools
    from desktop.terminal.session import Session

    notes = _notes(paths)
    terms = _terms(choices, notes, paths, words, screen)
    library = _library(paths, terms.settings)
    model = library.find(terms.settings.model)
    check = partial(_plan, terms=terms)
    with contextlib.closing(notes):
        check(model)
        with (
            contextlib.closing(_engine(paths, terms)) as engine,
            contextlib.closing(LoadWatch(notes, engine.memory)) as loads,
        ):
            engine.watch(loads.observe)
            engine.watch(show_loading(words, screen))
            _load(engine, model, anyway=choices.anyway)
            tools = Tools(engine, library, check, words, screen)
            return chat(Session(model, terms), LineReader(sys.stdin, screen), tools)


def _doctor(paths: Paths, words: Translator, screen: "Screen", *, as_json: bool) -> int:
    """Look at everything without a log file: the folder for it may be what is wrong."""
    import logging

    from desktop.services.doctor import examine
    from desktop.terminal.doctor import show_findings

    logging.getLogger().addHandler(logging.NullHandler())
    with contextlib.closing(examine(paths)) as findings:
        return show_findings(findings, words, screen, as_json=as_json)


def _bench(order: "BenchOrder", paths: Paths, words: Translator, screen: "Screen") -> int:
    """Measure in folders of its own, so that nothing kept from chats is touched or of help.

    What crashes taught is known there too, but a benchmark teaches nothing.
    """
    import shutil
    import tempfile

    from desktop.services.bench import bench
    from desktop.services.bench_values import FULL, QUICK
    from desktop.terminal.bench import show_results
    from desktop.terminal.interrupt import stopping_on_interrupt
    from desktop.terminal.orders import Choices

    notes = _notes(paths)
    terms = _terms(Choices(model=order.model), notes, paths, words, screen)
    model = _library(paths, terms.settings).find(terms.settings.model)
    cancel = threading.Event()
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=paths.cache) as folder,
        stopping_on_interrupt(cancel),
        contextlib.closing(notes),
    ):
        own = replace(paths, data=Path(folder), cache=Path(folder))
        own.create()
        if paths.learned.is_dir():
            shutil.copytree(paths.learned, own.learned)
        with contextlib.closing(_engine(own, terms)) as engine:
            items = bench(
                engine,
                model,
                QUICK if order.quick else FULL,
                cancel,
                keeps_states=terms.settings.engine.kept_states_gb > 0,
            )
            with contextlib.closing(items):
                return show_results(items, words, screen, as_json=order.as_json)


def _manage_models(
    order: "SourcesOrder | ShelfOrder", paths: Paths, words: Translator, screen: "Screen"
) -> int:
    from desktop.config.store import SettingsStore
    from desktop.terminal.models_orders import FilesOrder, PullOrder, SearchOrder

    store = SettingsStore(paths.settings)
    kept = [store.load()]
    if store.problem is not None:
        screen.note(words.say(store.problem.title))

    def change(made: Callable[[Settings], Settings]) -> None:
        # What the window changed meanwhile is not taken back.
        kept[0] = made(store.load())
        store.save(kept[0])

    match order:
        case SearchOrder() | FilesOrder() | PullOrder():
            from desktop.services.model_manager import ModelManager
            from desktop.terminal.models_sources import SourcesCommand

            manager = ModelManager(paths, lambda: kept[0], change)
            with contextlib.closing(manager):
                return SourcesCommand(manager, kept[0], words, screen).run(order)
        case _:
            from desktop.services.shelf_opening import open_shelf
            from desktop.terminal.models import ShelfCommand

            shelf = open_shelf(paths, lambda: kept[0], change, os.environ)
            with contextlib.closing(shelf):
                return ShelfCommand(shelf, kept[0], words, screen).run(order)


def _window(action: "WindowAction", paths: Paths, words: Translator, screen: "Screen") -> int:
    from desktop.terminal.errors import EXIT_OK, NoDisplay
    from desktop.terminal.orders import Choices, WindowAction

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
        return _chat(Choices(), paths, words, screen)


def _open_file(file: str, paths: Paths, words: Translator, screen: "Screen") -> int:
    """Open a model file with the window, in the Lapis that runs or a new one."""
    from desktop.terminal.errors import EXIT_OK
    from desktop.terminal.orders import Choices, WindowAction

    path = str(Path(file).absolute())
    if _hand_over(paths, "--open-model", path):
        return EXIT_OK
    if has_display():
        return _window(WindowAction.START, paths, words, screen)
    with _logging(paths):
        return _chat(Choices(model=path), paths, words, screen)


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


def _engine(paths: Paths, terms: "Terms") -> "Engine":
    from desktop.services.engine import Engine
    from desktop.services.limits import idle_limit, silence_limit, states_limit

    general = terms.settings.engine
    return Engine(
        partial(_plan, terms=terms),
        paths,
        idle_limit=partial(idle_limit, general),
        states_limit=partial(states_limit, general),
        silence_limit=partial(silence_limit, general),
    )


def _plan(model: "InstalledModel", terms: "Terms") -> "LoadPlan":
    from desktop.services.planning import plan_for

    return plan_for(model, terms.settings_for(model))


def _load(engine: "Engine", model: "InstalledModel", *, anyway: bool) -> None:
    if anyway:
        engine.use_full_settings(model)
    else:
        engine.choose(model)


def _library(paths: Paths, settings: Settings) -> "Library":
    from desktop.services.models_folder import open_library

    return open_library(settings, paths, resources() / "guide" / "guide.gguf")


def _notes(paths: Paths) -> "ModelNotes":
    """Return what is noted of models, without the cost of a shelf; nothing is read yet."""
    from desktop.services.model_notes import ModelNotes
    from desktop.store.records import Records

    return ModelNotes(Records(paths.records))


def _terms(
    choices: "Choices", notes: "ModelNotes", paths: Paths, words: Translator, screen: "Screen"
) -> "Terms":
    from desktop.config.store import SettingsStore
    from desktop.terminal.choosing import Terms

    store = SettingsStore(paths.settings)
    kept = store.load()
    if store.problem is not None:
        screen.note(words.say(store.problem.title))
    return Terms(replace(kept, model=choices.model or kept.model), choices, notes.defaults)


def _open_missing_streams() -> None:
    """Give the program the streams that its starter closed; they stay open to its end."""
    nothing = Path(os.devnull)
    sys.stdin = sys.stdin or nothing.open(encoding="utf-8")
    sys.stdout = sys.stdout or nothing.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or nothing.open("w", encoding="utf-8")


def _language(settings_file: Path) -> Language:
    """Read the one setting that help and version need, without the cost of the settings' reader."""
    try:
        return Language(json.loads(settings_file.read_bytes())["language"])
    except (OSError, ValueError, KeyError, TypeError):
        return Language.SYSTEM


def _hand_over(paths: Paths, option: str, argument: str = "") -> bool:
    token = next((os.environ[name] for name in _ACTIVATION_TOKENS if os.environ.get(name)), "")
    return send_command(paths.socket, option.removeprefix("--"), token, argument)
