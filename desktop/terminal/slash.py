"""The commands of the terminal chat: lines that begin with a slash. Main thread."""

import difflib
import os
import re

from desktop.base.files import write_atomically
from desktop.base.path_text import typed_path
from desktop.domain.errors import LapisError, StorageError, UserFixable
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.terminal.errors import report
from desktop.terminal.output import Style
from desktop.terminal.seams import Tools
from desktop.terminal.session import Session, model_title
from desktop.terminal.tables import print_rows

_COMMAND = re.compile(r"/(\w*)(?:\s+(.*))?\Z", re.DOTALL)
_NAMES = ("/new", "/system", "/model", "/save", "/help", "/bye")
_FAREWELLS = frozenset({"bye", "quit", "exit"})
_CLEAR = "-"


class NoSuchCommand(UserFixable):
    """A line began like a command but is none."""


def is_farewell(line: str) -> bool:
    """Return whether `line` means to leave the chat."""
    return line.strip().removeprefix("/").lower() in _FAREWELLS


def run_command(line: str, session: Session, tools: Tools) -> bool:
    """Carry out `line` if it is a command; return whether it was one.

    What goes wrong is reported, and the session stays as it was. `/usr/bin` is no command.
    """
    found = _COMMAND.match(line)
    if found is None:
        return False
    argument = (found[2] or "").strip()
    try:
        _run(found[1].lower(), argument, session, tools)
    except LapisError as error:
        report(error, tools.words, tools.screen)
    return True


def _run(name: str, argument: str, session: Session, tools: Tools) -> None:
    match name:
        case "new":
            session.history.clear()
            _say(tools, tools.words.say("A new chat begins."))
        case "system":
            _system(argument, session, tools)
        case "model" if argument:
            _switch(argument, session, tools)
        case "model":
            _list_models(session, tools)
        case "save":
            _save(argument, session, tools)
        case "help":
            print_help(tools)
        case _:
            near = difflib.get_close_matches(f"/{name}", _NAMES, n=1)
            raise NoSuchCommand(
                Text("There is no command /{name}", {"name": name}),
                Text("Did you mean {command}? /help lists all.", {"command": near[0]})
                if near
                else Text("/help lists the commands. To ask this, put a space before it."),
            )


def print_help(tools: Tools) -> None:
    """List what can be typed in the chat."""
    say = tools.words.say
    print_rows(
        [
            ("/new", say("Forget this chat and begin a new one")),
            ("/system", say("Show the system prompt: what the model keeps in mind")),
            ("/system TEXT", say("Set it; /system - clears it")),
            ("/model", say("List the models")),
            ("/model NAME", say("Go on with another model: a name from the list, or a file")),
            ("/save FILE", say("Save this chat as Markdown")),
            ("/help", say("This list")),
            ("bye", say("Leave; so do quit, exit and Ctrl-D")),
            ("Ctrl-C", say("Stop the answer; what was written stays")),
            ("\\", say("At the end of a line: go on in the next one")),
        ],
        tools.screen,
    )


def _system(argument: str, session: Session, tools: Tools) -> None:
    say = tools.words.say
    if not argument:
        _say(tools, session.system or say("There is no system prompt. /system TEXT sets one."))
    elif argument == _CLEAR:
        session.system = ""
        _say(tools, say("The system prompt is cleared."))
    else:
        session.system = argument
        _say(tools, say("The system prompt holds from the next question on."))


def _list_models(session: Session, tools: Tools) -> None:
    listed = tools.models.models()
    if session.model not in listed:
        listed.append(session.model)
    here = tools.words.say("in use")
    print_rows(
        [
            (
                model.name,
                sized(model.size) if model.size else "",
                model_title(model, tools.words),
                here if model == session.model else "",
            )
            for model in listed
        ],
        tools.screen,
    )


def _switch(name: str, session: Session, tools: Tools) -> None:
    model = tools.models.find(_unquoted(name))
    tools.check(model)
    session.switch(model)
    tools.engine.choose(model)
    _say(
        tools, tools.words.say("{name} answers from now on.", name=model_title(model, tools.words))
    )


def _save(name: str, session: Session, tools: Tools) -> None:
    say = tools.words.say
    if not name:
        raise NoSuchCommand(
            Text("Save to which file?"), Text("Type /save FILE, like /save chat.md")
        )
    if not session.history:
        raise StorageError(Text("There is nothing to save yet"), Text("Ask something first."))
    path = typed_path(_unquoted(name))
    if os.path.lexists(path):
        raise StorageError(
            Text("{file} exists already", {"file": str(path)}),
            Text("Choose another name; nothing was overwritten."),
        )
    try:
        write_atomically(path, session.as_markdown(tools.words).encode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StorageError(
            Text("{file} cannot be written", {"file": str(path)}),
            Text("{reason}. Choose another place.", {"reason": reason}),
        ) from error
    _say(tools, say("Saved to {file}", file=str(path)))


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _say(tools: Tools, text: str) -> None:
    tools.screen.line(text, Style.FAINT)
