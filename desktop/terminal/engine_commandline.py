"""The words after `lapis engine`, parsed into orders."""

import typer

from desktop.base.path_text import typed_path
from desktop.base.translation import Translator
from desktop.domain.text import Text
from desktop.terminal import shared_options
from desktop.terminal.engine_orders import GetPack, ImportPack, ListPacks, RemovePack
from desktop.terminal.errors import UsageError
from desktop.terminal.help_pages import Subcommands

NAMES = frozenset({"get", "import", "packs", "rm"})


def add_engine(app: typer.Typer, words: Translator) -> None:
    """Add the command `engine` to `app`, with its own commands, all texts in `words`."""
    say = words.say
    engine = typer.Typer(
        cls=Subcommands, add_completion=False, add_help_option=False, rich_markup_mode=None
    )
    help_option = shared_options.help_option(words)
    name_argument = typer.Argument(
        "", metavar=say("NAME"), help=say("A name, as lapis engine packs has it")
    )

    @engine.callback(
        invoke_without_command=True,
        help=say("Optional packs of the engine, such as CUDA for cards of NVIDIA."),
        epilog="lapis engine packs\nlapis engine get\nlapis engine import cuda-12.tar.xz",
    )
    def overview(
        ctx: typer.Context,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ListPacks | None:
        return None if ctx.invoked_subcommand else ListPacks(as_json=False)

    @engine.command(
        add_help_option=False,
        short_help=say("List the packs for this computer"),
        help=say("List the packs for this computer, and how they stand."),
    )
    def packs(
        as_json: bool = shared_options.figures_option(words),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ListPacks:
        return ListPacks(as_json)

    @engine.command(
        add_help_option=False,
        short_help=say("Download a pack and use it"),
        help=say("Download a pack and use it, or try one again that is switched off.")
        + "\n\n"
        + say("Ctrl-C pauses; the same command goes on."),
    )
    def get(
        name: str = name_argument,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> GetPack:
        return GetPack(name)

    @engine.command(
        "import",
        add_help_option=False,
        short_help=say("Take a pack from a file"),
        help=say(
            "Take a pack from a file, such as one on a USB stick; it is checked as any other."
        ),
    )
    def bring(
        path: str = typer.Argument("", metavar=say("PATH"), help=say("The archive of a pack")),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ImportPack:
        if not path:
            raise UsageError(
                Text("Which file?"),
                Text(
                    "Type, for example: {command}",
                    {"command": "lapis engine import cuda-12.tar.xz"},
                ),
            )
        return ImportPack(typed_path(path))

    @engine.command(
        "rm",
        add_help_option=False,
        short_help=say("Remove a pack"),
        help=say("Remove a pack; models go on with Vulkan or the processor."),
    )
    def remove(
        name: str = name_argument,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> RemovePack:
        return RemovePack(name)

    app.add_typer(engine, name="engine", short_help=say("Optional packs of the engine"))
