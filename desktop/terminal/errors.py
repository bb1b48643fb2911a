"""How the terminal tells what went wrong: title and hint on stderr, and the exit code."""

from desktop.base import early_interrupt
from desktop.base.translation import Translator
from desktop.domain.engine import EngineState
from desktop.domain.errors import Defect, LapisError, TemplateError, TooLarge, UserFixable
from desktop.domain.text import Text
from desktop.terminal.output import Screen, Style

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = early_interrupt.EXIT_INTERRUPTED


class UsageError(UserFixable):
    """The command line itself is wrong."""


class NoDisplay(UserFixable):
    """A window was asked for where none can be shown."""


def report(error: LapisError, words: Translator, screen: Screen) -> None:
    """Write the title, and the hint below it, to stderr."""
    screen.complain(words.say(error.title), Style.ERROR)
    hint = words.say(error.hint)
    if hint:
        screen.complain(hint, indent="  ")


def report_failure(
    error: LapisError,
    state: EngineState,
    words: Translator,
    screen: Screen,
    *,
    builtin_template: str,
    anyway: bool,
) -> None:
    """Report why an answer failed, and name the option that may help if it was not given."""
    report(error, words, screen)
    if isinstance(error, TemplateError) and not builtin_template:
        screen.note(words.say("Add --template auto to use a built-in template instead."))
    elif (state.crashes_here or isinstance(error, TooLarge)) and not anyway:
        screen.note(words.say("Add --anyway to load the model all the same."))


def defect(log_folder: str) -> Defect:
    """Return what a person reads when Lapis itself made a mistake; the log has the traceback."""
    return Defect(
        Text("Lapis made a mistake here; this is a defect in Lapis, not yours"),
        Text("Please try again. The log in {folder} has the details.", {"folder": log_folder}),
    )
