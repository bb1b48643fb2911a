"""Why the engine process died or refused, in words. Plain functions for any thread."""

import re
from typing import Final

from desktop.backends.ladder import Cause
from desktop.domain.errors import (
    ContextOverflow,
    Defect,
    EngineDied,
    EngineMissing,
    LapisError,
    ModelFileError,
    ModelLoadError,
    ModelNotFound,
    NotForChats,
    OutOfMemory,
    TemplateError,
    UserFixable,
)
from desktop.domain.text import Text, printable, shortened
from desktop.inference.messages import LoadFailed, Refused

_ARCHITECTURE: Final = re.compile(r"unknown model architecture: '([^'\n]+)")
_SHOWN: Final = 60


def explain_death(cause: Cause) -> LapisError:
    """Return what a person is told about a death that was not survived."""
    again = Text("The text so far is kept. Ask again; the engine starts anew by itself.")
    match cause:
        case Cause.NONSENSE:
            return EngineDied(Text("The engine failed and was ended"), again)
        case Cause.MEMORY:
            return EngineDied(
                Text("The engine was ended by the system, most likely because memory ran out"),
                Text(
                    "The text so far is kept. Ask again; if it happens again, close other programs "
                    "or choose a smaller model."
                ),
            )
        case Cause.NO_MEMORY:
            return EngineDied(
                Text("The engine ended because it got no more memory"),
                Text(
                    "The text so far is kept. Ask again; if it happens again, close other programs "
                    "or choose a smaller model."
                ),
            )
        case Cause.CARD_MEMORY:
            return EngineDied(
                Text("The graphics card ran out of memory"),
                Text(
                    "The text so far is kept. Ask again; if it happens again, close other programs "
                    "or choose a smaller model."
                ),
            )
        case Cause.ABORT:
            return EngineDied(
                Text("The engine stopped itself: the model file may be damaged"),
                Text(
                    "The text so far is kept. Ask again; if it happens again, download the model "
                    "anew or choose another one."
                ),
            )
        case Cause.DRIVER:
            return EngineDied(
                Text("The graphics driver failed"),
                Text(
                    "The text so far is kept. Ask again; if it happens again, renew the driver or "
                    "choose a smaller model."
                ),
            )
        case Cause.SILENCE:
            return EngineDied(
                Text("The engine stopped responding"),
                Text(
                    "It was ended, and the text so far is kept. Ask again; it starts anew by "
                    "itself."
                ),
            )
        case Cause.CRASH:
            return EngineDied(Text("The engine crashed"), again)
        case Cause.REPLACED:
            return explain_replaced()
        case _:
            return EngineDied(Text("The engine ended unexpectedly"), again)


def explain_replaced() -> LapisError:
    """Return what a person is told whose Lapis was updated under it."""
    return EngineDied(
        Text("Lapis was updated while it was running"),
        Text("Quit Lapis and start it again: its parts are of two versions now."),
    )


def explain_crashing_model(cause: Cause) -> LapisError:
    """Return why a model that died twice in a row is not started again by itself."""
    hint = Text("Try it again anyway, or choose another model.")
    match cause:
        case Cause.MEMORY:
            return EngineDied(
                Text(
                    "This model crashes here: twice in a row the system ended it, short of memory"
                ),
                Text("Close other programs and try again anyway, or choose a smaller model."),
            )
        case Cause.NO_MEMORY:
            return EngineDied(
                Text("This model crashes here: twice in a row it got no more memory"),
                Text("Close other programs and try again anyway, or choose a smaller model."),
            )
        case Cause.CARD_MEMORY:
            return EngineDied(
                Text("This model crashes here: twice in a row the graphics card ran out of memory"),
                Text("Close other programs and try again anyway, or choose a smaller model."),
            )
        case Cause.ABORT:
            return EngineDied(
                Text("This model crashes here: twice in a row the engine stopped itself"),
                Text("The file may be damaged. Download it anew, or try it again anyway."),
            )
        case Cause.DRIVER:
            return EngineDied(
                Text("This model crashes here: the graphics driver failed twice in a row"),
                Text("Renew the driver, try it again anyway, or choose a smaller model."),
            )
        case Cause.SILENCE:
            return EngineDied(
                Text("This model hangs here: twice in a row the engine stopped responding"), hint
            )
        case Cause.LAPIS_DIED:
            return EngineDied(
                Text("This model crashes here: Lapis did not survive loading it twice in a row"),
                hint,
            )
        case _:
            return EngineDied(Text("This model crashes here: the engine died twice in a row"), hint)


def explain_hanging_template() -> LapisError:
    """Return what a person is told about a chat template that does not come to an end."""
    return TemplateError(
        Text("The chat template of this model takes too long"),
        Text(
            "The file was made carelessly or with bad intent. Use a built-in template, or choose "
            "another model."
        ),
    )


def explain_unsendable() -> LapisError:
    """Return what a person is told about a question too large for the pipe."""
    return ContextOverflow(
        Text("The text is too long for any model"),
        Text("Shorten it, or ask about one part after the other."),
    )


def explain_no_model() -> LapisError:
    """Return what a person is told who asks without having chosen a model."""
    return ModelNotFound(Text("No model is chosen"), Text("Choose a model first."))


def explain_defect() -> LapisError:
    """Return what a person is told about a mistake of Lapis on the way to a load."""
    return Defect(Text("The engine could not be started"), Text("Start Lapis again."))


def explain_no_start(error: OSError) -> LapisError:
    """Return what a person is told about a system that refuses the engine process."""
    if error.errno is None:
        return explain_defect()
    return EngineMissing(
        Text("The engine could not be started: {reason}", {"reason": error.strerror or ""}),
        Text("Free some memory or disk space, or install Lapis again."),
    )


def explain_load_failure(report: LoadFailed) -> LapisError:
    """Translate a refusal to load."""
    match report.kind:
        case "memory":
            return OutOfMemory(
                Text("There is not enough memory for this model"),
                Text("Close other programs, or choose a smaller model or a shorter context."),
            )
        case "architecture":
            return ModelLoadError(
                Text(
                    "This version of llama.cpp does not know the architecture {name}",
                    {"name": _architecture(report.detail)},
                ),
                Text("Choose another model, or look for a newer version of Lapis."),
            )
        case "damaged":
            return ModelFileError(
                Text("This model file is incomplete or damaged"),
                Text("Compare its size with the download page, and download it again."),
            )
        case "not_chat":
            return explain_not_for_chats()
        case "draft":
            return ModelLoadError(
                Text("The model chosen for guessing ahead does not fit this one"),
                Text("Choose a smaller one of the same family in the settings, or none."),
            )
        case "device":
            return ModelLoadError(
                Text("The graphics device {name} is not there", {"name": report.detail[:80]}),
                Text("Choose another device in the settings, or none."),
            )
        case "context":
            return OutOfMemory(
                Text("There is not enough memory for a context this long"),
                Text("Shorten the context, close other programs, or choose a smaller model."),
            )
        case "backends":
            return EngineMissing(
                Text("Parts of the engine are missing or damaged"),
                Text("Install Lapis again."),
            )
        case _:
            return ModelLoadError(
                Text("The engine could not load this model"),
                Text(
                    "The file may be damaged or made for another program. Download it again or "
                    "choose another model."
                ),
            )


def _architecture(said: str) -> str:
    """Return the name in llama.cpp's words about one that it does not know."""
    found = _ARCHITECTURE.search(said)
    return shortened(printable(found[1], " "), _SHOWN) if found else "?"


def explain_refusal(report: Refused) -> LapisError:
    """Translate a refused request."""
    match report.kind:
        case "overflow":
            return ContextOverflow(
                Text(
                    "The text is too long for this model: {needed} tokens, {available} fit",
                    {"needed": f"{report.needed:,}", "available": f"{report.available:,}"},
                ),
                Text("Shorten it, start a new chat, or choose a model with a longer context."),
            )
        case "template":
            return TemplateError(
                Text("The chat template of this model failed: {reason}", {"reason": report.detail}),
                Text("Use a built-in template, or choose another file of the same model."),
            )
        case "grammar":
            return UserFixable(
                Text(
                    "The shape asked for cannot be used: {reason}", {"reason": report.detail[:300]}
                ),
                Text("Correct the grammar or the JSON schema, and ask again."),
            )
        case "adapter":
            return UserFixable(
                Text("The adapter does not fit this model"),
                Text("Choose an adapter that was made for it, or answer without one."),
            )
        case "no_infill":
            return UserFixable(
                Text("This model cannot fill in the middle of a text"),
                Text("Choose a code model that can."),
            )
        case "not_chat":
            return explain_not_for_chats()
        case "not_embedding":
            return UserFixable(
                Text("This model cannot turn texts into vectors"),
                Text("Choose an embedding model."),
            )
        case "no_model":
            return explain_no_model()
        case "memory":
            return OutOfMemory(
                Text("There is not enough memory to go on with this answer"),
                Text("Close other programs, or choose a smaller model or a shorter context."),
            )
        case _:
            return explain_nonsense_answer()


def explain_nonsense_answer() -> LapisError:
    """Return what a person is told about an answer that cannot be gone on with."""
    return Defect(
        Text("The engine could not go on with this answer"),
        Text("Ask again. If it happens again, choose another model."),
    )


def explain_not_for_chats() -> LapisError:
    """Return what a person is told about a model made for another job."""
    return NotForChats(
        Text("This model cannot hold a conversation"),
        Text("It is made for another job, such as search. Choose a chat model."),
    )
