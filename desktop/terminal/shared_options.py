"""Options that mean the same in several commands."""

from typing import Any

import typer

from desktop.base.translation import Translator
from desktop.terminal.help_pages import show_help


def help_option(words: Translator) -> Any:
    """Return `--help`, which shows the page of its command."""
    return typer.Option(
        False, "--help", "-h", is_eager=True, callback=show_help, help=words.say("Show this page")
    )


def model_option(words: Translator) -> Any:
    """Return `--model` for commands in which a model answers."""
    return typer.Option(
        "",
        "--model",
        "-m",
        metavar=words.say("NAME"),
        help=words.say("The model that answers: a name from the models folder, or a GGUF file"),
    )


def source_option(words: Translator) -> Any:
    """Return `--source`; see `option_values.source_kind`."""
    return typer.Option(
        "",
        "--source",
        metavar=words.say("SOURCE"),
        help=words.say("Where to ask: hf, mirror or modelscope"),
    )


def figures_option(words: Translator) -> Any:
    """Return `--json` for commands that tell figures."""
    return typer.Option(
        False, "--json", help=words.say("Print JSON, with every figure in bytes and tokens")
    )
