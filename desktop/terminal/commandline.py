"""The command line in one language: words in, an order out. Nothing is carried out here."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

import desktop
from desktop.base.translation import Translator
from desktop.domain.text import Text
from desktop.terminal import shared_options
from desktop.terminal.errors import UsageError
from desktop.terminal.help_pages import Commands
from desktop.terminal.misread import ASKING, CONNECTIONS, ENGINE, MODELS, SERVE, SIZING, explained
from desktop.terminal.orders import (
    BenchOrder,
    DoctorOrder,
    HelpOrder,
    NetworkOrder,
    UpdatesOrder,
    WindowAction,
    WindowOrder,
)
from desktop.terminal.output import OutputFailed

if TYPE_CHECKING:
    from desktop.terminal.orders import Order


def parse(arguments: Sequence[str], words: Translator) -> "Order | None":
    """Return what `arguments`, without `--data-dir`, ask for; None if already answered (help).

    Raises UsageError, and OutputFailed if help cannot be printed.
    """
    command = typer.main.get_command(_app(words, frozenset(arguments)))
    try:
        found = command.main(list(arguments), prog_name="lapis", standalone_mode=False, obj=words)
    except typer.TyperException as error:
        raise explained(error, arguments) from error
    except OSError as error:
        raise OutputFailed(error) from error
    # Help and version have printed; they return None, or an exit code.
    order: Order | None = None if isinstance(found, int) else found
    return order


def is_model_file(word: str) -> bool:
    """Return whether `word` stands for a model file, as a desktop hands it over to be opened."""
    return word.casefold().endswith(".gguf") and not word.startswith("-")


def _app(  # noqa: C901, PLR0912 - one function for each command
    words: Translator, named: frozenset[str]
) -> typer.Typer:
    """Return the typer application whose commands return orders, its texts in `words`.

    Of commands with modules of their own that are not among the `named` words, there is only their
    line in the help.
    """
    say = words.say
    app = typer.Typer(
        cls=Commands,
        add_completion=False,
        add_help_option=False,
        rich_markup_mode=None,
    )
    help_option = shared_options.help_option(words)
    version_option = typer.Option(
        False, "--version", is_eager=True, callback=_show_version, help=say("Show the version")
    )

    @app.callback(
        invoke_without_command=True,
        help=say("A private assistant: a model that runs on this computer answers.")
        + "\n\n"
        + say(
            "Without a command Lapis opens its window, or, where there is no display, chats in "
            "the terminal. Nothing that you write leaves this computer unless you choose a model "
            "of a server."
        ),
        epilog='lapis ask "How do I choose a model?"\n'
        'cat notes.txt | lapis ask "Summarise this"\n'
        "lapis chat --model gemma-2-2b-it-Q4_K_M.gguf",
    )
    def window(
        ctx: typer.Context,
        version: bool = version_option,  # noqa: ARG001 - its callback acts
        page: bool = help_option,  # noqa: ARG001 - its callback acts
        show: bool = _flag("--show", say("Bring the window to the front"), words),
        new_chat: bool = _flag("--new-chat", say("Show the window with a new chat"), words),
        toggle_popup: bool = _flag(
            "--toggle-popup", say("Show or hide the quick question; bind a key to this"), words
        ),
        background: bool = _flag(
            "--background", say("Start in the tray, without the window"), words
        ),
        leave: bool = _flag("--quit", say("End the running Lapis and its engine"), words),
        # The window reads it for itself, from the same command line.
        no_update_check: bool = _flag(  # noqa: ARG001 - known here so that it is no mistake
            "--no-update-check", say("Ask nobody for new versions in this run"), words
        ),
    ) -> WindowOrder:
        wished = {
            WindowAction.SHOW: show,
            WindowAction.NEW_CHAT: new_chat,
            WindowAction.TOGGLE_POPUP: toggle_popup,
            WindowAction.BACKGROUND: background,
            WindowAction.QUIT: leave,
        }
        actions = [action for action, asked in wished.items() if asked]
        if len(actions) > 1 or (actions and ctx.invoked_subcommand):
            raise UsageError(
                Text("--{option} does not go together with the rest", {"option": actions[0]}),
                Text("Give one at a time. lapis --help lists them."),
            )
        return WindowOrder(actions[0] if actions else WindowAction.START)

    if named.intersection(ASKING):
        from desktop.terminal.asking_commandline import add_asking

        add_asking(app, words)
    else:
        for name, what in _asking_words(words):
            app.command(name, short_help=what)(_not_needed)

    @app.command(
        add_help_option=False,
        short_help=say("Look for what is wrong, and say what to do"),
        help=say("Look for what is wrong with Lapis and this computer, and say what to do.")
        + "\n\n"
        + say(
            "Every device that can compute answers a question with the built-in guide. Nothing is "
            "changed. The exit code is 1 if something needs you."
        ),
        epilog="lapis doctor\nlapis doctor --json > report.json",
    )
    def doctor(
        as_json: bool = typer.Option(
            False, "--json", help=say("Print one JSON object with every finding and its figures")
        ),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> DoctorOrder:
        return DoctorOrder(as_json)

    subject_argument = typer.Argument(
        None,
        metavar=say("MODEL"),
        help=say("The model that answers: a name from the models folder, or a GGUF file"),
    )

    @app.command(
        add_help_option=False,
        short_help=say("Measure how fast a model answers here"),
        help=say("Measure how fast a model answers here, beside the bare llama.cpp.")
        + "\n\n"
        + say(
            "It takes minutes, and longer with large models; Ctrl-C ends it. Other programs should "
            "be at rest meanwhile."
        ),
        epilog="lapis bench\nlapis bench qwen --quick\nlapis bench --json > figures.json",
    )
    def bench(
        subject: list[str] | None = subject_argument,
        model: str = shared_options.model_option(words),
        quick: bool = typer.Option(False, "--quick", help=say("Fewer rounds, a shorter history")),
        as_json: bool = typer.Option(
            False, "--json", help=say("Print one JSON object with every single value")
        ),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> BenchOrder:
        return BenchOrder(_one_model(subject, model), as_json, quick)

    @app.command(
        add_help_option=False,
        short_help=say("Ask whether there is a newer version"),
        help=say("Ask whether there is a newer version of Lapis, and say where to get it.")
        + "\n\n"
        + say("One small signed file is fetched, without a word about you. Nothing is installed."),
        epilog="lapis updates\nlapis updates --json",
    )
    def updates(
        as_json: bool = typer.Option(
            False, "--json", help=say("Print one JSON object with all that is known")
        ),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> UpdatesOrder:
        return UpdatesOrder(as_json)

    @app.command(
        add_help_option=False,
        short_help=say("List every connection that Lapis made"),
        help=say(
            "List every connection that Lapis made, from this computer to others and to programs "
            "on it: whom it asked, what for, how often and when last. Never what was asked."
        ),
        epilog="lapis network\nlapis network --json",
    )
    def network(
        as_json: bool = typer.Option(False, "--json", help=say("Print one JSON object")),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> NetworkOrder:
        return NetworkOrder(as_json)

    topic_argument = typer.Argument(
        None,
        metavar=say("TOPIC"),
        help=say("One of those that lapis help lists, or words to look for"),
    )

    @app.command(
        "help",
        add_help_option=False,
        short_help=say("Explain how Lapis is used, one topic a page"),
        help=say("Explain how Lapis is used: a list of topics, and a page on each of them."),
        epilog="lapis help\nlapis help popup\nlapis help api",
    )
    def explain(
        topic: list[str] | None = topic_argument,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> HelpOrder:
        return HelpOrder(" ".join(topic or ()).strip())

    if MODELS in named:
        from desktop.terminal.models_commandline import add_models

        add_models(app, words)
    else:
        app.command(MODELS, short_help=say("Find, get and keep models"))(_not_needed)
    if CONNECTIONS in named:
        from desktop.terminal.connections_commandline import add_connections

        add_connections(app, words)
    else:
        what = say("Servers that answer besides this computer")
        app.command(CONNECTIONS, short_help=what)(_not_needed)
    if ENGINE in named:
        from desktop.terminal.engine_commandline import add_engine

        add_engine(app, words)
    else:
        app.command(ENGINE, short_help=say("Optional packs of the engine"))(_not_needed)
    if SERVE in named:
        from desktop.terminal.serve_commandline import add_serve

        add_serve(app, words)
    else:
        what = say("Answer other programs over OpenAI's and Ollama's protocols")
        app.command(SERVE, short_help=what)(_not_needed)
    if named.intersection(SIZING):
        from desktop.terminal.sizing_commandline import add_sizing

        add_sizing(app, words)
    else:
        for name, what in _sizing_words(words):
            app.command(name, short_help=what)(_not_needed)
    return app


def _asking_words(words: Translator) -> Iterator[tuple[str, str]]:
    """Yield what the commands are called that have a model answer, and what they do."""
    ask, chat = ASKING
    yield ask, words.say("Ask one question; the answer goes to standard output")
    yield chat, words.say("Talk in the terminal")


def _sizing_words(words: Translator) -> Iterator[tuple[str, str]]:
    """Yield what the commands are called that size up models, and what they do."""
    fit, hardware, recommend = SIZING
    yield fit, words.say("Tell how much memory a model takes")
    yield hardware, words.say("Tell what this computer has for models")
    yield recommend, words.say("Name the models that suit this computer")


def _one_model(named: Sequence[str] | None, model: str) -> str:
    """Return the model that is `named` after the command, or by --model; raises UsageError."""
    name = " ".join(named or ()).strip()
    if name and model:
        raise UsageError(
            Text("--{option} does not go together with the rest", {"option": "model"}),
            Text("{command} --help lists what can be given.", {"command": "lapis bench"}),
        )
    return name or model


def _not_needed() -> None:
    """Stand in the list of commands."""


def _flag(name: str, text: str, words: Translator) -> bool:
    panel = words.say("The window")
    option: bool = typer.Option(False, name, help=text, rich_help_panel=panel)
    return option


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"Lapis {desktop.__version__}")
        raise typer.Exit
