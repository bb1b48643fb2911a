"""The words after `lapis connections`, parsed into orders."""

import typer

from desktop.base.translation import Translator
from desktop.domain.connection import ServerKind
from desktop.domain.text import Text
from desktop.terminal import shared_options
from desktop.terminal.connections_orders import (
    AddConnection,
    GiveKey,
    ListConnections,
    RemoveConnection,
    TryConnection,
)
from desktop.terminal.errors import UsageError
from desktop.terminal.help_pages import Subcommands

NAMES = frozenset({"add", "key", "ls", "rm", "test"})


def add_connections(app: typer.Typer, words: Translator) -> None:
    """Add the command `connections` to `app`, with its own commands, all texts in `words`."""
    say = words.say
    connections = typer.Typer(
        cls=Subcommands, add_completion=False, add_help_option=False, rich_markup_mode=None
    )
    help_option = shared_options.help_option(words)
    name_argument = typer.Argument(
        "", metavar=say("NAME"), help=say("A name, as lapis connections has it")
    )

    @connections.callback(
        invoke_without_command=True,
        help=say("Servers that answer besides this computer: Ollama, and whatever speaks OpenAI."),
        epilog="lapis connections add box http://192.168.1.20:8000/v1\n"
        "lapis connections test box\n"
        'lapis ask --model openai:box/qwen3-32b "Hello"',
    )
    def overview(
        ctx: typer.Context,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ListConnections | None:
        return None if ctx.invoked_subcommand else ListConnections(as_json=False)

    @connections.command(
        "ls", add_help_option=False, short_help=say("List them"), help=say("List them.")
    )
    def list_them(
        as_json: bool = shared_options.figures_option(words),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ListConnections:
        return ListConnections(as_json)

    @connections.command(
        add_help_option=False,
        short_help=say("Set a server up, or change its address"),
        help=say("Set a server up under a name of your choice, or change the one of that name.")
        + "\n\n"
        + say("A key is asked for with --key, never written on the command line."),
        epilog="lapis connections add box http://192.168.1.20:8000/v1\n"
        "lapis connections add work https://llm.example.com/v1 --key\n"
        "lapis connections add attic http://attic.local:11434 --kind ollama",
    )
    def add(
        name: str = name_argument,
        address: str = typer.Argument(
            "", metavar=say("ADDRESS"), help=say("Where it is, as in http://192.168.1.20:8000/v1")
        ),
        kind: str = typer.Option(
            "openai", "--kind", metavar=say("KIND"), help=say("What it speaks: openai or ollama")
        ),
        key: bool = typer.Option(
            False, "--key", help=say("Ask for its key, or read it from what is piped in")
        ),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> AddConnection:
        if not name or not address:
            raise _missing("add box http://192.168.1.20:8000/v1")
        return AddConnection(name, address, _kind(kind), key)

    @connections.command(
        add_help_option=False,
        short_help=say("Ask a server what it has, and say what is wrong"),
        help=say("Ask a server what models it has, and say what is wrong; without a name, all."),
    )
    def test(
        name: str = name_argument,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> TryConnection:
        return TryConnection(name)

    @connections.command(
        add_help_option=False,
        short_help=say("Keep the key of a server, in the keyring"),
        help=say(
            "Ask for the key of a server and keep it in the keyring; an empty one is forgotten."
        ),
    )
    def key(
        name: str = name_argument,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> GiveKey:
        if not name:
            raise _missing("key box")
        return GiveKey(name)

    @connections.command(
        "rm",
        add_help_option=False,
        short_help=say("Forget a server and its key"),
        help=say("Forget a server and its key."),
    )
    def remove(
        name: str = name_argument,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> RemoveConnection:
        if not name:
            raise _missing("rm box")
        return RemoveConnection(name)

    app.add_typer(
        connections, name="connections", short_help=say("Servers that answer besides this computer")
    )


def _kind(word: str) -> ServerKind:
    try:
        return ServerKind(word.strip().casefold())
    except ValueError:
        raise UsageError(
            Text("There is no kind of server called {word}", {"word": word}),
            Text("These are known: {names}", {"names": tuple(ServerKind)}),
        ) from None


def _missing(example: str) -> UsageError:
    return UsageError(
        Text("Which server?"),
        Text("Type, for example: {command}", {"command": f"lapis connections {example}"}),
    )
