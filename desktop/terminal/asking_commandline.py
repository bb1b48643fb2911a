"""The words after `lapis ask` and `lapis chat`, parsed into orders."""

import typer

from desktop.base.translation import Translator
from desktop.inference.builtin_templates import NAMES
from desktop.terminal import shared_options
from desktop.terminal.option_values import choices
from desktop.terminal.orders import AskOrder, ChatOrder


def add_asking(app: typer.Typer, words: Translator) -> None:
    """Add the commands `ask` and `chat` to `app`, all texts in `words`."""
    say = words.say
    model_option = shared_options.model_option(words)
    system_option = typer.Option(
        None,
        "--system",
        "-s",
        metavar=say("TEXT"),
        help=say("The system prompt: what the model keeps in mind"),
    )
    temperature_option = typer.Option(
        "",
        "--temperature",
        "-t",
        metavar=say("NUMBER"),
        help=say("0 takes the likeliest words, higher values bring variety"),
    )
    max_tokens_option = typer.Option(
        "", "--max-tokens", metavar=say("COUNT"), help=say("Longest answer, in tokens")
    )
    seed_option = typer.Option(
        "", "--seed", metavar=say("NUMBER"), help=say("Makes an answer repeatable")
    )
    context_option = typer.Option(
        "",
        "--context",
        metavar=say("COUNT"),
        help=say("Context window in tokens; a shorter one takes less memory"),
    )
    template_option = typer.Option(
        "",
        "--template",
        metavar=say("NAME"),
        help=say(
            "Chat template: own is the one in the file, auto a built-in one that fits; or one of "
            "{names}",
            names=tuple(NAMES),
        ),
    )
    lora_option = typer.Option(
        None,
        "--lora",
        metavar=say("FILE[:NUMBER]"),
        help=say(
            "A LoRA adapter made for the model, and how strongly it acts (1 if nothing is said); "
            "may be given again"
        ),
    )
    anyway_option = typer.Option(
        False,
        "--anyway",
        help=say("Load the model even if it crashed here before, or is too large"),
    )
    help_option = shared_options.help_option(words)
    question_argument = typer.Argument(
        None, metavar=say("QUESTION"), help=say("What you want to know")
    )
    json_option = typer.Option(
        False, "--json", help=say("Print one JSON object with the text and the figures")
    )
    picture_option = typer.Option(
        None,
        "--picture",
        "-p",
        metavar=say("FILE"),
        help=say("A picture to ask about, for a model of a server that sees; may be given again"),
    )

    file_option = typer.Option(
        None,
        "--file",
        "-f",
        metavar=say("FILE"),
        help=say("A file to ask about: PDF, .docx, .odt, text or code; may be given again"),
    )

    @app.command(
        add_help_option=False,
        short_help=say("Ask one question; the answer goes to standard output"),
        help=say("Ask one question. The answer is written to standard output as it comes.")
        + "\n\n"
        + say(
            "Text that is piped in is handed to the model together with the question; without "
            "a question it is the question."
        ),
        epilog='lapis ask "What does Q4_K_M mean?"\n'
        'git diff | lapis ask -m qwen "Write a commit message"\n'
        'lapis ask --file contract.pdf "When can it be terminated?"\n'
        'lapis ask -m ollama:gemma3:4b --picture photo.jpg "What is this?"\n'
        'lapis ask --json --max-tokens 100 "Hello"',
    )
    def ask(
        question: list[str] | None = question_argument,
        file: list[str] | None = file_option,
        picture: list[str] | None = picture_option,
        model: str = model_option,
        system: str | None = system_option,
        temperature: str = temperature_option,
        max_tokens: str = max_tokens_option,
        seed: str = seed_option,
        context: str = context_option,
        template: str = template_option,
        lora: list[str] | None = lora_option,
        anyway: bool = anyway_option,
        as_json: bool = json_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> AskOrder:
        return AskOrder(
            " ".join(question or ()).strip(),
            as_json,
            choices(
                model,
                system,
                temperature,
                max_tokens,
                seed,
                context,
                template,
                lora or (),
                anyway=anyway,
            ),
            tuple(picture or ()),
            tuple(file or ()),
        )

    @app.command(
        add_help_option=False,
        short_help=say("Talk in the terminal"),
        help=say("Talk in the terminal: the model remembers what was said.")
        + "\n\n"
        + say("Type /help there to see what else it can do; bye leaves."),
        epilog='lapis chat\nlapis chat -m llama --system "Answer in one sentence."',
    )
    def chat(
        model: str = model_option,
        system: str | None = system_option,
        temperature: str = temperature_option,
        max_tokens: str = max_tokens_option,
        seed: str = seed_option,
        context: str = context_option,
        template: str = template_option,
        lora: list[str] | None = lora_option,
        anyway: bool = anyway_option,
        page: bool = help_option,  # noqa: ARG001 - its callback acts
    ) -> ChatOrder:
        return ChatOrder(
            choices(
                model,
                system,
                temperature,
                max_tokens,
                seed,
                context,
                template,
                lora or (),
                anyway=anyway,
            ),
        )
