"""The words that may follow `lapis-gui`, as a value. Standard library only; main thread."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import desktop

__all__ = ["Options", "parse_options"]

_ACTIVATION_TOKENS = ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID")


@dataclass(frozen=True, slots=True)
class Options:
    """What this start is to do, here or in the instance that runs already.

    `command` is one of `system.instance.COMMANDS`; `model` a name or a full path, or empty;
    `token` lets the running instance take the focus. Without `update_check` nobody is asked for new
    versions in this run, whatever is set.
    """

    command: str = "show"
    data_dir: Path | None = None
    model: str = ""
    token: str = ""
    update_check: bool = True


def parse_options(words: Sequence[str]) -> Options:
    """Return what `words` ask for; a wrong word ends the program as argparse does."""
    parser = argparse.ArgumentParser(prog="lapis-gui", description=desktop.__doc__)
    parser.add_argument("--version", action="version", version=f"Lapis {desktop.__version__}")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="keep everything in DIR")
    parser.add_argument("--model", default="", metavar="MODEL", help="load this name or file")
    parser.add_argument("file", nargs="?", default="", metavar="FILE", help="open this GGUF file")
    parser.add_argument(
        "--no-update-check", action="store_true", help="ask nobody for new versions in this run"
    )
    action = parser.add_mutually_exclusive_group()
    for name, purpose in (
        ("show", "show the window"),
        ("new-chat", "show the window with a new chat"),
        ("toggle-popup", "show or hide the quick question"),
        ("background", "start with the tray icon only"),
        ("quit", "end the running Lapis"),
    ):
        action.add_argument(
            f"--{name}", dest="command", action="store_const", const=name, help=purpose
        )
    given = parser.parse_args(words)
    model = str(Path(given.file).absolute()) if given.file else _absolute(given.model)
    command = given.command or ("open-model" if model else "show")
    token = next((os.environ[name] for name in _ACTIVATION_TOKENS if os.environ.get(name)), "")
    return Options(command, given.data_dir, model, token, not given.no_update_check)


def _absolute(model: str) -> str:
    """Return a file as a full path: the running instance works in another folder."""
    return str(Path(model).absolute()) if model and Path(model).is_file() else model
