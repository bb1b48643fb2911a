"""`lapis doctor`: what an examination found, in words or as JSON. Main thread."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from desktop.base.translation import Translator
from desktop.domain.health import Finding, State
from desktop.terminal.errors import EXIT_ERROR, EXIT_OK
from desktop.terminal.output import Screen, Style, columns
from desktop.terminal.wrapping import wrapped

_MARKS: Final = {
    State.OK: ("✓", "+", Style.PLAIN),
    State.WARNING: ("!", "!", Style.STRONG),
    State.BAD: ("✗", "x", Style.ERROR),
    State.UNKNOWN: ("–", "-", Style.FAINT),
}
_WIDEST: Final = 100
_INDENT: Final = 4


def show_findings(
    findings: Iterable[Finding], words: Translator, screen: Screen, *, as_json: bool
) -> int:
    """Print findings as they come; return 1 if a person should act on one, else 0.

    As JSON one object is printed at the end, in English: it is for programs and for whoever helps.
    """
    found: list[Finding] = []
    topic = ""
    screen.status.allow()
    screen.status.show(words.say("Looking at everything …"))
    for finding in findings:
        found.append(finding)
        if not as_json:
            if topic and finding.topic != topic:
                screen.line()
            topic = finding.topic
            _show(finding, words, screen)
            screen.status.allow()
            screen.status.show(words.say("Looking at everything …"))
    screen.status.clear()
    to_do = sum(finding.needs_action for finding in found)
    if as_json:
        screen.line(findings_as_json(found))
    else:
        screen.line()
        screen.line(_sum(to_do, words), Style.STRONG)
    return EXIT_ERROR if to_do else EXIT_OK


def findings_as_json(findings: Sequence[Finding]) -> str:
    """Return one JSON object: `well` and `findings`, each with its facts. Pure ASCII."""
    rows = [
        {
            "name": finding.name,
            "state": finding.state.value,
            "label": str(finding.label),
            "detail": str(finding.detail),
            "advice": None if finding.advice is None else str(finding.advice),
            "facts": dict(finding.facts),
        }
        for finding in findings
    ]
    well = not any(finding.needs_action for finding in findings)
    return json.dumps({"well": well, "findings": rows}, indent=2)


def _show(finding: Finding, words: Translator, screen: Screen) -> None:
    sign, plain, style = _MARKS[finding.state]
    mark = sign if screen.can_write(sign) else plain
    say = words.say
    detail = say("{what}: {detail}", what=say(finding.label), detail=say(finding.detail))
    width = min(columns(screen.out), _WIDEST) - _INDENT
    first, *others = wrapped(detail, width) or [""]
    screen.line(f"{mark} {first}", style)
    for line in others:
        screen.line(" " * _INDENT + line, style)
    if finding.advice is not None:
        for line in wrapped(say(finding.advice), width):
            screen.line(" " * _INDENT + line)


def _sum(to_do: int, words: Translator) -> str:
    if to_do == 0:
        return words.say("All is well.")
    if to_do == 1:
        return words.say("One thing to look at.")
    return words.say("{count} things to look at.", count=to_do)
