"""The help of the command line, in the person's language and with aligned columns.

Written here and not by rich's help of typer, which costs a third of a second of imports, speaks
English around the translated texts, and would not fit the rest of the terminal's looks.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, cast

import typer
from rich.cells import cell_len
from typer.core import TyperArgument, TyperGroup, TyperOption

from desktop.base.translation import Translator
from desktop.domain.text import Text
from desktop.terminal.errors import UsageError
from desktop.terminal.misread import LONG_NAMES, unknown_command
from desktop.terminal.output import Style, columns, paint, takes_colours
from desktop.terminal.wrapping import wrapped

_WIDEST = 96
_GAP = 2


class Commands(TyperGroup):
    """The program itself, which says in words for people that it lacks a command."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command meant; raises UsageError."""
        if args[0] not in self.commands:
            raise unknown_command(args[0])
        return super().resolve_command(ctx, args)


class Subcommands(TyperGroup):
    """A command with commands of its own, which says in words for people that it lacks one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command meant, `ls` by its long name too; raises UsageError."""
        short = LONG_NAMES.get(args[0], "")
        if short in self.commands:
            args = [short, *args[1:]]
        if args[0] not in self.commands:
            raise UsageError(
                Text("There is no command {name}", {"name": f"{self.name} {args[0]}"}),
                Text("It takes one of: {names}.", {"names": tuple(self.commands)}),
            )
        return super().resolve_command(ctx, args)


def show_help(ctx: typer.Context, asked: bool) -> None:
    """Print the page of the command and leave; a callback of typer."""
    if asked:
        typer.echo(help_page(ctx))
        raise typer.Exit


def help_page(ctx: typer.Context) -> str:
    """Return the page of the context's command, for standard output as it is.

    The root context's `obj` is the Translator.
    """
    words = cast("Translator", ctx.find_root().obj)
    page = _Page(min(columns(sys.stdout), _WIDEST), colours=takes_colours(sys.stdout))
    return "\n".join(_lines(ctx, words, page))


def _lines(ctx: typer.Context, words: Translator, page: "_Page") -> Iterator[str]:
    say, command = words.say, ctx.command
    arguments = [param for param in command.params if isinstance(param, TyperArgument)]
    usage = [ctx.command_path, say("[OPTIONS]")]
    usage += [f"[{param.metavar}]" for param in arguments]
    if isinstance(command, TyperGroup):
        usage.append(say("[COMMAND]"))
    yield page.heading(say("Usage: {command}", command=" ".join(usage)))
    for paragraph in (command.help or "").split("\n\n"):
        yield ""
        yield from wrapped(paragraph, page.width)
    if isinstance(command, TyperGroup):
        rows = [(name, entry.short_help or "") for name, entry in command.commands.items()]
        yield from page.section(say("Commands"), rows)
    if arguments:
        rows = [(param.metavar or "", param.help or "") for param in arguments]
        yield from page.section(say("Arguments"), rows)
    sections: dict[str, list[tuple[str, str]]] = {}
    for param in command.params:
        if isinstance(param, TyperOption) and not param.hidden:
            title = param.rich_help_panel or say("Options")
            sections.setdefault(title, []).append((_spelled(param), param.help or ""))
    general = sections.setdefault(say("Options"), [])
    general.append(
        (
            "--data-dir " + say("FOLDER"),
            say("Keep everything in this folder: chats, models, settings"),
        )
    )
    for title, rows in sections.items():
        yield from page.section(title, rows)
    if command.epilog:
        yield ""
        yield page.heading(say("Examples"))
        yield from (f"  {line}" for line in command.epilog.splitlines())


def _spelled(option: TyperOption) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    return names if option.is_flag else f"{names} {option.metavar}"


class _Page:
    def __init__(self, width: int, *, colours: bool) -> None:
        self.width = width
        self._colours = colours

    def heading(self, text: str) -> str:
        return paint(text, Style.STRONG, colours=self._colours)

    def section(self, title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
        rows = list(rows)
        column = max(cell_len(left) for left, _right in rows) + 2 * _GAP
        yield ""
        yield self.heading(title)
        for left, right in rows:
            shown = paint(left, Style.ACCENT, colours=self._colours)
            first, *others = wrapped(right, self.width - column) or [""]
            yield " " * _GAP + shown + " " * (column - _GAP - cell_len(left)) + first
            yield from (" " * column + line for line in others)
