"""The words after `lapis models`, parsed into orders."""

import typer

from desktop.base.translation import Translator
from desktop.domain.text import Text
from desktop.terminal import shared_options
from desktop.terminal.errors import UsageError
from desktop.terminal.help_pages import Subcommands, show_help
from desktop.terminal.models_orders import (
    FilesOrder,
    ImportOrder,
    ListOrder,
    PullOrder,
    RemoveOrder,
    ScanOrder,
    SearchOrder,
    ShowOrder,
    VerifyOrder,
)
from desktop.terminal.option_values import source_kind

NAMES = frozenset({"files", "import", "ls", "pull", "rm", "scan", "search", "show", "verify"})


def add_models(app: typer.Typer, words: Translator) -> None:  # noqa: C901 - one for each command
    """Add the command `models` to `app`, with its own commands, all texts in `words`."""
    say = words.say
    models = typer.Typer(
        cls=Subcommands, add_completion=False, add_help_option=False, rich_markup_mode=None
    )
    help_option = shared_options.help_option(words)
    source_option = shared_options.source_option(words)
    json_option = shared_options.figures_option(words)
    model_argument = typer.Argument(
        None, metavar=say("MODEL"), help=say("A name, as lapis models ls has it")
    )
    path_argument = typer.Argument(None, metavar=say("PATH"), help=say("A GGUF file"))
    words_argument = typer.Argument(None, metavar=say("WORDS"), help=say("What to look for"))
    where_argument = typer.Argument(
        None,
        metavar=say("REPOSITORY"),
        help=say("owner/name, a link to its page, or a model of the catalogue; :Q4_K_M chooses"),
    )

    @models.callback(
        invoke_without_command=True,
        help=say("Find, get and keep models."),
        epilog="lapis models search gemma\n"
        "lapis models pull gemma-2-2b-it\n"
        "lapis models pull bartowski/gemma-2-2b-it-GGUF:Q5_K_M\n"
        "lapis models ls",
    )
    def overview(
        ctx: typer.Context,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> None:
        if ctx.invoked_subcommand is None:
            show_help(ctx, asked=True)

    @models.command(
        add_help_option=False,
        short_help=say("Look for models by words"),
        help=say("Look for models by words, in the catalogue and at a source."),
        epilog="lapis models search gemma 2\nlapis models search qwen coder --source modelscope",
    )
    def search(
        wanted: list[str] | None = words_argument,
        source: str = source_option,
        as_json: bool = json_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> SearchOrder:
        wish = _given(wanted, Text("What should be looked for?"), "search gemma")
        return SearchOrder(wish, source_kind(source), as_json)

    @models.command(
        add_help_option=False,
        short_help=say("List what a repository offers"),
        help=say("List the models in a repository: quantisation, size, and how each fits here."),
        epilog="lapis models files bartowski/gemma-2-2b-it-GGUF",
    )
    def files(
        reference: list[str] | None = where_argument,
        source: str = source_option,
        as_json: bool = json_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> FilesOrder:
        wish = _given(reference, Text("Which repository?"), "files bartowski/gemma-2-2b-it-GGUF")
        return FilesOrder(wish, source_kind(source), as_json)

    @models.command(
        add_help_option=False,
        short_help=say("Download a model"),
        help=say(
            "Download a model. Without a quantisation the one that suits this computer is taken."
        )
        + "\n\n"
        + say("Ctrl-C pauses; the same command goes on where it stopped."),
        epilog="lapis models pull gemma-2-2b-it\n"
        "lapis models pull bartowski/gemma-2-2b-it-GGUF:Q4_K_M\n"
        "lapis models pull qwen3-4b --source modelscope\n"
        "lapis models pull ollama:gemma2:9b",
    )
    def pull(
        reference: list[str] | None = where_argument,
        source: str = source_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> PullOrder:
        return PullOrder(
            _given(reference, Text("Which model?"), "pull gemma-2-2b-it"), source_kind(source)
        )

    @models.command(
        "ls",
        add_help_option=False,
        short_help=say("List the models on this computer"),
        help=say("List the models on this computer, those of other programs too."),
    )
    def list_models(
        as_json: bool = json_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ListOrder:
        return ListOrder(as_json)

    @models.command(
        add_help_option=False,
        short_help=say("Tell everything about one model"),
        help=say("Tell everything about one model on this computer or in the catalogue."),
    )
    def show(
        name: list[str] | None = model_argument,
        as_json: bool = json_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ShowOrder:
        return ShowOrder(_given(name, Text("Which model?"), "show guide"), as_json)

    @models.command(
        "import",
        add_help_option=False,
        short_help=say("Take a model file into the models folder"),
        help=say(
            "Take a model file into the models folder, without a second copy where the disk allows."
        ),
        epilog="lapis models import ~/Downloads/gemma-2-2b-it-Q4_K_M.gguf",
    )
    def import_file(
        path: list[str] | None = path_argument,
        copies: bool = typer.Option(False, "--copy", help=say("Make a copy of its own")),
        in_place: bool = typer.Option(
            False, "--in-place", help=say("Leave the file where it is, and list it")
        ),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ImportOrder:
        if copies and in_place:
            raise UsageError(
                Text("--{option} does not go together with the rest", {"option": "copy"}),
                Text("Give one at a time. lapis models import --help lists them."),
            )
        _given(path, Text("Which file?"), "import model.gguf")
        return ImportOrder(tuple(path or ()), copies, in_place)

    @models.command(
        "rm",
        add_help_option=False,
        short_help=say("Move a model to the trash"),
        help=say("Move a model to the trash. Files of other programs are never touched."),
    )
    def remove(
        name: list[str] | None = model_argument,
        empties: bool = typer.Option(
            False, "--empty", help=say("Remove for good what was deleted and is still kept")
        ),
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> RemoveOrder:
        if empties and name:
            raise UsageError(
                Text("--{option} does not go together with the rest", {"option": "empty"}),
                Text("Give one at a time. lapis models rm --help lists them."),
            )
        if empties:
            return RemoveOrder("")
        return RemoveOrder(_given(name, Text("Which model?"), "rm gemma-2-2b-it-Q4_K_M"))

    @models.command(
        add_help_option=False,
        short_help=say("Check that a model's file is whole"),
        help=say("Check that a model's file is whole, by its SHA-256 where that is known."),
    )
    def verify(
        name: list[str] | None = model_argument,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> VerifyOrder:
        return VerifyOrder(_given(name, Text("Which model?"), "verify gemma-2-2b-it-Q4_K_M"))

    @models.command(
        add_help_option=False,
        short_help=say("Find models that other programs keep"),
        help=say(
            "Find models that other programs keep: LM Studio, Ollama, Jan, GPT4All, Hugging Face, "
            "llama.cpp. They are used where they are."
        ),
    )
    def scan(
        as_json: bool = json_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ScanOrder:
        return ScanOrder(as_json)

    app.add_typer(models, name="models", short_help=say("Find, get and keep models"))


def _given(words: list[str] | None, question: Text, example: str) -> str:
    """Return `words` as one; raises UsageError, with an example, where nothing was given."""
    value = " ".join(words or ())
    if not value.strip():
        raise UsageError(
            question, Text("Type, for example: {command}", {"command": f"lapis models {example}"})
        )
    return value.strip()
