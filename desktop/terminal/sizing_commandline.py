"""The words after `lapis fit`, `hardware` and `recommend`, parsed into orders."""

from typing import Final

import typer

from desktop.base.translation import Translator
from desktop.domain.model import KvType
from desktop.domain.text import Text
from desktop.terminal import shared_options
from desktop.terminal.errors import UsageError
from desktop.terminal.option_values import source_kind, whole, word
from desktop.terminal.sizing_orders import FitOrder, HardwareOrder, RecommendOrder

_MOST_TOKENS: Final = 2**24
_MOST_LAYERS: Final = 10_000
_FEWEST_TOKENS: Final = 256


def add_sizing(app: typer.Typer, words: Translator) -> None:
    """Add the three commands to `app`, all texts in `words`."""
    say = words.say
    help_option = shared_options.help_option(words)
    source_option = shared_options.source_option(words)
    json_option = shared_options.figures_option(words)
    subject_argument = typer.Argument(
        None,
        metavar=say("MODEL"),
        help=say(
            "A model that is here, a GGUF file, a model of the catalogue, or owner/name:Q4_K_M of a "
            "repository"
        ),
    )
    wanted_argument = typer.Argument(
        None,
        metavar=say("MODEL"),
        help=say("A model of the catalogue, or owner/name of a repository"),
    )

    @app.command(
        add_help_option=False,
        short_help=say("Tell how much memory a model takes"),
        help=say(
            "Tell how much memory a model takes here, how fast it will be, and how long its context "
            "can be."
        )
        + "\n\n"
        + say(
            "Of a model that is not on this computer only the header is fetched, some megabytes."
        ),
        epilog="lapis fit gemma-2-2b-it\n"
        "lapis fit bartowski/gemma-2-2b-it-GGUF:Q4_K_M --ctx 8192\n"
        "lapis fit model.gguf --kv-type q8_0 --gpu-layers 20 --json",
    )
    def fit(
        subject: list[str] | None = subject_argument,
        context: str = typer.Option(
            "", "--ctx", "--context", metavar=say("COUNT"), help=say("Context window in tokens")
        ),
        kv_type: str = typer.Option(
            "",
            "--kv-type",
            metavar=say("NAME"),
            help=say("Type of the KV cache: {names}", names=tuple(KvType)),
        ),
        gpu_layers: str = typer.Option(
            "",
            "--gpu-layers",
            metavar=say("COUNT"),
            help=say("Layers on graphics cards; 0 leaves all of them to the processor"),
        ),
        no_pictures: bool = typer.Option(
            False, "--no-pictures", help=say("Leave out what seeing pictures takes")
        ),
        source: str = source_option,
        as_json: bool = json_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> FitOrder:
        chosen = word("--kv-type", kv_type, tuple(KvType))
        wish = " ".join(subject or ()).strip()
        if not wish:
            raise UsageError(
                Text("Which model?"),
                Text("Type, for example: {command}", {"command": "lapis fit gemma-2-2b-it"}),
            )
        return FitOrder(
            wish,
            whole("--ctx", context, _FEWEST_TOKENS, _MOST_TOKENS),
            KvType(chosen) if chosen else None,
            whole("--gpu-layers", gpu_layers, 0, _MOST_LAYERS),
            not no_pictures,
            source_kind(source),
            as_json,
        )

    @app.command(
        add_help_option=False,
        short_help=say("Tell what this computer has for models"),
        help=say(
            "Tell what this computer has for models: memory, disk, processor, graphics cards."
        ),
        epilog="lapis hardware\nlapis hardware --json",
    )
    def hardware(
        as_json: bool = json_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> HardwareOrder:
        return HardwareOrder(as_json)

    @app.command(
        add_help_option=False,
        short_help=say("Name the models that suit this computer"),
        help=say("Name three models that suit this computer, or how one of them is best taken."),
        epilog="lapis recommend\nlapis recommend qwen3-4b\nlapis recommend --json",
    )
    def recommend(
        subject: list[str] | None = wanted_argument,
        source: str = source_option,
        as_json: bool = json_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> RecommendOrder:
        return RecommendOrder(" ".join(subject or ()).strip(), source_kind(source), as_json)
