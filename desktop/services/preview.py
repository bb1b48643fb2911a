"""What a model would read: a conversation rendered by its chat template, to look at.

The template is a program of whoever made the file, so it runs in a process of its own, with the
bounds that it has in the engine. The weights are not touched: template and token names are in the
header. The thread that asks.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from desktop.backends import explain
from desktop.backends.ladder import Cause
from desktop.backends.side_job import JobDied, JobRefused, run_job
from desktop.domain.chat import Message, Role
from desktop.domain.errors import TemplateError
from desktop.domain.text import Text, encodable
from desktop.inference.builtin_templates import AUTOMATIC, builtin_source, fitting_builtin
from desktop.inference.messages import Refused
from desktop.inference.side_messages import Preview, Previewed
from desktop.models.gguf import open_header
from desktop.models.gguf_faults import shown
from desktop.models.vocabulary import control_tokens, special_texts
from desktop.services.manner import OWN_TEMPLATE

# A template is run a few times at most, for the forms that a conversation may have.
_SECONDS: Final = 30.0
# Far more than the sandbox takes, and less than a message to it.
_LONGEST: Final = 2**20


def preview(
    work_folder: Path,
    path: Path,
    template: str,
    system_prompt: str,
    messages: Sequence[Message],
) -> str:
    """Return the prompt that `messages` after `system_prompt` would become, control tokens and all.

    `template` is "own" or empty for that of the file, "auto" for the built-in one that fits its
    vocabulary, or the name of a built-in one. A model without a template reads plain text. Raises
    ModelFileError, TemplateError (it fails, takes too long, or there is none of that name), or
    another LapisError.
    """
    header, _size = open_header(path)
    turns = [(message.role.value, encodable(message.content)) for message in messages]
    if system_prompt.strip():
        turns.insert(0, (Role.SYSTEM.value, encodable(system_prompt)))
    if template in {"", OWN_TEMPLATE}:
        found = header.values.get("tokenizer.chat_template")
        source = found if isinstance(found, str) else ""
        if not source:
            return "\n\n".join(content for _role, content in turns)
    else:
        controls = control_tokens(header)
        name = fitting_builtin(controls.__contains__) if template == AUTOMATIC else template
        source = builtin_source(name) or ""
        if not source:
            raise TemplateError(
                Text("There is no built-in chat template named {name}", {"name": shown(name)}),
                Text("Choose one of the list, or the model's own."),
            )
    try:
        order = Preview(encodable(source[:_LONGEST]), turns, special_texts(header))
        return run_job(work_folder, order, Previewed, patience=_SECONDS).text
    except JobRefused as refusal:
        raise explain.explain_refusal(Refused(0, refusal.kind, refusal.detail)) from refusal
    except JobDied as death:
        if death.step == "template" and death.cause in {Cause.UNKNOWN, Cause.SILENCE}:
            raise explain.explain_hanging_template() from death
        raise
