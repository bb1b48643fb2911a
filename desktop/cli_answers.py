"""The commands of `lapis` that have a model answer: `ask`, `chat`, `serve` and `bench`.

Put together here with everything below them. Main thread.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from desktop.backends.base import Backend
from desktop.base.path_text import typed_path
from desktop.base.paths import Paths, resources
from desktop.base.translation import Translator
from desktop.cli_kept import Kept
from desktop.config.secrets import Secrets
from desktop.domain.chat import Picture
from desktop.domain.engine import EngineState
from desktop.domain.errors import LapisError, ModelNotFound, NotSupported, TooLarge
from desktop.domain.history import Attachment
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.models.adapter import check_adapter
from desktop.services.all_models import AllModels
from desktop.services.answering_parts import AnsweringParts
from desktop.services.attachment_text import with_attachments
from desktop.services.connections import Connections
from desktop.services.devices import Devices
from desktop.services.engine import Engine
from desktop.services.limits import idle_limit, silence_limit, states_limit
from desktop.services.load_watch import LoadWatch
from desktop.services.local_api import keep_key
from desktop.services.model_notes import ModelNotes
from desktop.services.models_folder import open_library
from desktop.services.network_log import NetworkLog
from desktop.services.pictures import MOST_PICTURES, blind, pictures_of, read_picture_file
from desktop.services.planning import Known, plan_for
from desktop.services.sizes import Sizes
from desktop.services.text_files import NotReadable
from desktop.store.records import Records
from desktop.terminal.answering import show_loading
from desktop.terminal.choosing import Terms
from desktop.terminal.errors import EXIT_ERROR, UsageError, report_failure
from desktop.terminal.interrupt import stopping_on_interrupt
from desktop.terminal.orders import AskOrder, BenchOrder, Choices
from desktop.terminal.output import Screen
from desktop.terminal.serve_orders import ServeOrder


def answer(order: AskOrder, paths: Paths, words: Translator, screen: Screen) -> int:
    """Answer one question and return the exit code; raises LapisError."""
    from desktop.terminal.ask import Question, ask, question_text

    notes = _notes(paths)
    terms = _terms(order.choices, notes, paths, words, screen)
    servers = _servers(paths, terms.settings)
    models = _models(paths, terms.settings, servers)
    model = _chosen(models, terms.settings.model)
    if order.pictures and models.sees(model) is False:
        raise blind()
    _check_adapters(model, order.choices)
    pictures = _pictures(order.pictures)
    files = _files(order.files, words, screen)
    known = _known(paths, notes)
    text = with_attachments(question_text(order.question, sys.stdin, words, screen), files)
    settings = terms.settings_for(model)
    question = Question(
        text=text,
        system=settings.system_prompt,
        sampling=settings.sampling,
        model_name=model.name,
        as_json=order.as_json,
        builtin_template=terms.template_for(model),
        anyway=order.choices.anyway,
        pictures=pictures,
        adapters=order.choices.adapters,
    )
    cancel = threading.Event()
    with (
        stopping_on_interrupt(cancel),
        contextlib.closing(notes),
        contextlib.closing(servers),
        contextlib.closing(_engine(paths, terms, known, servers)) as engine,
        contextlib.closing(_watched(engine, notes, known)),
    ):
        engine.watch(show_loading(words, screen))
        _load(engine, model, anyway=order.choices.anyway)
        return ask(question, engine, words, screen, cancel)


def talk(choices: Choices, paths: Paths, words: Translator, screen: Screen) -> int:
    """Talk in the terminal and return the exit code; raises LapisError."""
    from desktop.terminal.chat import chat
    from desktop.terminal.reading import LineReader
    from desktop.terminal.seams import Tools
    from desktop.terminal.session import Session

    notes = _notes(paths)
    terms = _terms(choices, notes, paths, words, screen)
    servers = _servers(paths, terms.settings)
    models = _models(paths, terms.settings, servers)
    model = _chosen(models, terms.settings.model)
    _check_adapters(model, choices)
    known = _known(paths, notes)
    check = partial(_check, terms=terms, known=known)
    with contextlib.closing(notes), contextlib.closing(servers):
        try:
            check(model, anyway=choices.anyway)
        except TooLarge as error:
            state = EngineState(model=model)
            report_failure(error, state, words, screen, builtin_template="", anyway=False)
            return EXIT_ERROR
        with (
            contextlib.closing(_engine(paths, terms, known, servers)) as engine,
            contextlib.closing(_watched(engine, notes, known)),
        ):
            engine.watch(show_loading(words, screen))
            _load(engine, model, anyway=choices.anyway)
            tools = Tools(engine, models, check, words, screen)
            return chat(Session(model, terms), LineReader(sys.stdin, screen), tools)


def serve_programs(order: ServeOrder, paths: Paths, words: Translator, screen: Screen) -> int:
    """Answer other programs until Ctrl-C or SIGTERM; return the exit code; raises LapisError."""
    from desktop.serving import serve as serving
    from desktop.terminal.serve import ServeTools, serve

    notes = _notes(paths)
    terms = _terms(Choices(model=order.model), notes, paths, words, screen)
    servers = _servers(paths, terms.settings)
    models = _models(paths, terms.settings, servers)
    model = _chosen(models, terms.settings.model)
    known = _known(paths, notes)
    cancel = threading.Event()
    with (
        stopping_on_interrupt(cancel, signals=(signal.SIGINT, signal.SIGTERM)),
        contextlib.closing(notes),
        contextlib.closing(servers),
        contextlib.closing(_engine(paths, terms, known, servers)) as engine,
        contextlib.closing(_watched(engine, notes, known)),
    ):
        parts = AnsweringParts(
            engine, models, servers, lambda: model, terms.settings_for, notes.defaults
        )
        tools = ServeTools(terms.settings.api, serving(parts), _kept_key, model.name)
        engine.choose(model)
        return serve(order, tools, words, screen, cancel)


def measure(order: BenchOrder, paths: Paths, words: Translator, screen: Screen) -> int:
    """Measure a model and return the exit code; raises LapisError.

    In folders of its own, so that nothing kept from chats is touched or of help. What crashes
    taught is known there too, but a benchmark teaches nothing. The engine's pack is that of chats.
    """
    import shutil

    from desktop.backends import pack_folder
    from desktop.backends.process import new_folder, sweep
    from desktop.services.bench import bench
    from desktop.services.bench_values import FULL, QUICK
    from desktop.terminal.bench import show_results

    notes = _notes(paths)
    terms = _terms(Choices(model=order.model), notes, paths, words, screen)
    servers = _servers(paths, terms.settings)
    model = _chosen(_models(paths, terms.settings, servers), terms.settings.model)
    if model.is_served:
        raise NotSupported(
            Text("{name} does not run on this computer", {"name": model.name}),
            Text("lapis bench measures models that are files here."),
        )
    cancel = threading.Event()
    with (
        contextlib.ExitStack() as leaving,
        stopping_on_interrupt(cancel),
        contextlib.closing(notes),
        contextlib.closing(servers),
    ):
        # One that was killed has left its folders.
        sweep(paths.engine)
        folder = new_folder(paths.engine)
        leaving.callback(shutil.rmtree, folder, ignore_errors=True)
        own = replace(paths, data=folder, cache=folder)
        own.create()
        pack_folder.use(own.engine, pack_folder.in_use(paths.engine))
        if paths.learned.is_dir():
            # What another Lapis is at, and may be done with by now, stays where it is.
            passing = shutil.ignore_patterns(".*", "loading-*", "*.lock")
            shutil.copytree(paths.learned, own.learned, ignore=passing)
        with contextlib.closing(_engine(own, terms, _known(paths, notes), servers)) as engine:
            items = bench(
                engine,
                model,
                QUICK if order.quick else FULL,
                cancel,
                keeps_states=terms.settings.engine.kept_states_gb > 0,
            )
            with contextlib.closing(items):
                return show_results(items, words, screen, as_json=order.as_json)


def _engine(paths: Paths, terms: Terms, known: Known, servers: Connections) -> Engine:
    general = terms.settings.engine

    def served(model: InstalledModel, n_ctx: int | None) -> Backend:
        return servers.backend(model, n_ctx or terms.settings_for(model).engine.n_ctx)

    return Engine(
        partial(_plan, terms=terms, known=known),
        paths,
        plan_anyway=partial(_plan, terms=terms, known=known, anyway=True),
        idle_limit=partial(idle_limit, general),
        states_limit=partial(states_limit, general),
        silence_limit=partial(silence_limit, general),
        served=served,
    )


def _check(model: InstalledModel, terms: Terms, known: Known, *, anyway: bool = False) -> None:
    """Raise LapisError if a model cannot be loaded; what a server has it sees to itself."""
    if not model.is_served:
        _plan(model, terms, known, anyway=anyway)


def _check_adapters(model: InstalledModel, choices: Choices) -> None:
    """Raise ModelFileError for an adapter that cannot act on `model`, before that is loaded."""
    if not model.is_served:
        for adapter in choices.adapters:
            check_adapter(adapter.path, model.path)


def _plan(model: InstalledModel, terms: Terms, known: Known, *, anyway: bool = False) -> LoadPlan:
    return plan_for(model, terms.settings_for(model), known, anyway=anyway)


def _known(paths: Paths, notes: ModelNotes) -> Known:
    """Return what is known of this computer and of models; nothing is asked or measured yet."""
    return Known(Sizes(paths.engine, notes.records), Devices(paths.engine, paths.devices))


def _watched(engine: Engine, notes: ModelNotes, known: Known) -> LoadWatch:
    """Return what notes how models do in `engine`, at work already."""
    devices = known.devices
    loads = LoadWatch(
        notes,
        engine.memory,
        sizes=known.sizes,
        devices=lambda: None if devices is None else devices.known(),
    )
    engine.watch(loads.observe)
    engine.watch_answers(loads.observe_answer)
    return loads


def _load(engine: Engine, model: InstalledModel, *, anyway: bool) -> None:
    if anyway:
        engine.load_anyway(model)
    else:
        engine.choose(model)


def _servers(paths: Paths, settings: Settings) -> Connections:
    """Return the servers that are set up; nothing is connected yet, and nothing changed of them."""
    log = NetworkLog(paths.network_log).note
    return Connections(lambda: settings, lambda _made: None, Secrets(), os.environ, log)


def _models(paths: Paths, settings: Settings, servers: Connections) -> AllModels:
    guide = resources() / "guide" / "guide.gguf"
    return AllModels(lambda: open_library(settings, paths, guide), servers, typed=True)


def _chosen(models: AllModels, name: str) -> InstalledModel:
    """Return the model of that name; raises as `AllModels.find` does.

    Where it is not here and the catalogue has it, the hint is how to get it.
    """
    try:
        return models.find(name)
    except ModelNotFound as error:
        listed = _listed(name, models)
        if not listed:
            raise
        pull = {"command": f"lapis models pull {listed}"}
        raise ModelNotFound(
            error.title, Text("It is in the catalogue. To download it: {command}", pull)
        ) from error


def _listed(name: str, models: AllModels) -> str:
    """Return what the catalogue calls the model `name`; empty if it has none, or such a one is here."""
    from desktop.models.catalogue import load_catalogue

    key = name.strip().casefold()
    if any(model.name.casefold().startswith(key) for model in models.models()):
        return ""
    try:
        return load_catalogue().find(name).id
    except ModelNotFound:
        return ""


def _pictures(names: Sequence[str]) -> tuple[Picture, ...]:
    """Return the pictures in these files, made small as in the window; raises LapisError.

    What else is in the files, such as the place where a photo was taken, stays behind.
    """
    if len(names) > MOST_PICTURES:
        raise UsageError(
            Text("Up to {most} pictures can go with one question", {"most": MOST_PICTURES}),
            Text("Ask about the others in the next question."),
        )
    if not names:
        return ()
    from desktop.ui.picture_making import made_small

    found = []
    for name in names:
        path = _existing(name)
        content = read_picture_file(path)
        if content is None:
            raise NotReadable(
                Text("“{name}” cannot go with the question", {"name": name}),
                Text("It is not a picture that can be read: PNG, JPEG, WebP, GIF or BMP."),
            )
        found.append(made_small(content, path.name))
    return pictures_of(found)


def _files(names: Sequence[str], words: Translator, screen: Screen) -> list[Attachment]:
    """Return the text of these files, documents too; raises LapisError."""
    from desktop.services.documents import read_document
    from desktop.services.text_files import read_text_file

    found = []
    for name in names:
        path = _existing(name)
        screen.status.allow()

        def show(hundredths: int | None, name: str = path.name) -> None:
            if hundredths is not None:
                screen.status.show(
                    words.say("Reading {name} … {percent}%", name=name, percent=hundredths)
                )

        document = read_document(path, tick=show)
        screen.status.clear()
        found.append(read_text_file(path) if document is None else document)
    return found


def _existing(name: str) -> Path:
    """Return what `name` is the path of; raises NotReadable if nothing is there."""
    path = typed_path(name)
    try:
        path.stat()
    except FileNotFoundError as error:
        raise NotReadable(
            Text("“{name}” cannot go with the question", {"name": name}),
            Text("There is no such file."),
        ) from error
    except OSError:
        # Whoever reads it says why it cannot be read.
        return path
    return path


def _kept_key() -> tuple[str, LapisError | None]:
    """Return the key of the local server, and why it is kept for this run only; None: it is kept."""
    return keep_key(Secrets())


def _notes(paths: Paths) -> ModelNotes:
    """Return what is noted of models, without the cost of a shelf; nothing is read yet."""
    return ModelNotes(Records(paths.records))


def _terms(
    choices: Choices, notes: ModelNotes, paths: Paths, words: Translator, screen: Screen
) -> Terms:
    kept = Kept(paths, words, screen).settings()
    return Terms(replace(kept, model=choices.model or kept.model), choices, notes.defaults)
