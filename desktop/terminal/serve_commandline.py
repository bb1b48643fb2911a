"""The words after `lapis serve`, parsed into an order."""

import os

import typer

from desktop.base.translation import Translator
from desktop.config.secrets import LONGEST_SECRET
from desktop.domain.text import Text
from desktop.terminal import shared_options
from desktop.terminal.errors import UsageError
from desktop.terminal.option_values import whole
from desktop.terminal.serve_orders import ServeOrder

_VARIABLE = "LAPIS_API_KEY"
_HIGHEST_PORT = 65535


def add_serve(app: typer.Typer, words: Translator) -> None:
    """Add the command `serve` to `app`, all texts in `words`."""
    say = words.say

    @app.command(
        add_help_option=False,
        short_help=say("Answer other programs over OpenAI's and Ollama's protocols"),
        help=say("Answer other programs of this computer, over the protocols of OpenAI and Ollama.")
        + "\n\n"
        + say(
            "Programs need the address and the key, which are shown at the start. Ctrl-C ends it."
        ),
        epilog="lapis serve\nlapis serve -m qwen --port 8080\nLAPIS_API_KEY=not-needed lapis serve",
    )
    def serve(
        model: str = typer.Option(
            "",
            "--model",
            "-m",
            metavar=say("NAME"),
            help=say("The model for programs that name none; others are loaded when asked for"),
        ),
        host: str = typer.Option(
            "",
            "--host",
            metavar=say("ADDRESS"),
            help=say("Where to listen; without it at this computer alone"),
        ),
        port: str = typer.Option(
            "", "--port", metavar=say("NUMBER"), help=say("The port to listen at, usually 8000")
        ),
        api_key: str = typer.Option(
            "",
            "--api-key",
            metavar=say("KEY"),
            help=say(
                "The key to ask for; {variable} does the same and is not seen by other programs",
                variable=_VARIABLE,
            ),
        ),
        keyless: bool = typer.Option(
            False, "--keyless", help=say("Let programs of this computer ask without a key")
        ),
        page: bool = shared_options.help_option(words),  # noqa: ARG001 - its callback acts
    ) -> ServeOrder:
        return ServeOrder(
            model=model,
            host=host,
            port=whole("--port", port, 1, _HIGHEST_PORT) or 0,
            key=_key(api_key or os.environ.get(_VARIABLE, "")),
            keyless=keyless or None,
        )


def _key(text: str) -> str:
    key = text.strip()
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise UsageError(
            Text("This cannot be a key"),
            Text("It takes letters, digits and signs of plain ASCII, without spaces."),
        )
    if len(key) > LONGEST_SECRET:
        raise UsageError(
            Text("This cannot be a key"),
            Text("It may have {count} characters at most.", {"count": LONGEST_SECRET}),
        )
    return key
