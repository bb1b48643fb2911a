"""A chat as one HTML file that needs nothing else: no script, no picture or font from elsewhere.

Words of models and of people are hostile input: all of it is escaped, into tags of our own. A line
at its head forbids browsers to load anything all the same. No Qt; any thread.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from desktop.domain.carried import CarriedChat, CarriedMessage, active_branch
from desktop.domain.chat import Role
from desktop.domain.history import Attachment
from desktop.services.chat_telling import Teller
from desktop.services.pictures import address_of, picture_of
from desktop.ui.html_parts import Typeset, code_html, no_typeset, parts_html, plain_html
from desktop.ui.links import visible
from desktop.ui.markdown import parse
from desktop.ui.markdown_parts import Code, code_text

__all__ = ["HtmlLook", "html_of"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True, slots=True)
class HtmlLook:
    """Colours by their names, for light and for dark, and the language of the words around."""

    light: Mapping[str, str]
    dark: Mapping[str, str]
    language: str = "en"


def html_of(
    chat: CarriedChat, teller: Teller, look: HtmlLook, typeset: Typeset = no_typeset
) -> Iterator[str]:
    """Yield the file piece by piece; `typeset` gives colours and drawings, and may take long."""
    title = plain_html(teller.title(chat))
    yield "<!DOCTYPE html>\n"
    yield f'<html lang="{plain_html(look.language)}">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="color-scheme" content="light dark">\n'
    yield f"<title>{title}</title>\n<style>\n{_style(look)}</style>\n</head>\n<body>\n<main>\n"
    yield f"<h1>{title}</h1>\n"
    if head := teller.head(chat):
        yield f'<p class="quiet">{plain_html(head)}</p>\n'
    if prompt := (chat.settings.system_prompt or "").strip():
        yield _folded(teller.speaker(Role.SYSTEM), _lines(prompt))
    for number, message in enumerate(active_branch(chat), start=1):
        if message.memory is not None:
            yield f'<p class="mark">{plain_html(teller.memory())}</p>\n'
            if message.memory.summary.strip():
                yield _folded(teller.summary(), _lines(message.memory.summary))
        yield from _message(message, teller, typeset, f"n{number}")
    yield "</main>\n</body>\n</html>\n"


def _message(
    message: CarriedMessage, teller: Teller, typeset: Typeset, notes: str
) -> Iterator[str]:
    speaker = plain_html(teller.speaker(message.role))
    yield f'<article class="{message.role.value}" aria-label="{speaker}">\n'
    for attachment in message.attachments:
        yield _attachment(attachment, teller, typeset)
    if message.reasoning.strip():
        yield _folded(teller.thinking(message), _lines(message.reasoning.strip()))
    if message.content.strip():
        match message.role:
            case Role.ASSISTANT:
                yield from parts_html(parse(message.content), typeset, notes)
            case Role.TOOL:
                yield code_html(Code(code_text(message.content)), typeset)
            case _:
                yield _lines(message.content.strip("\n"))
    for call in message.tool_calls:
        yield code_html(Code(code_text(f"{call.name}({call.arguments})")), typeset)
    if foot := teller.foot(message):
        yield f'\n<p class="quiet">{plain_html(visible(foot))}</p>'
    yield "\n</article>\n"


def _attachment(attachment: Attachment, teller: Teller, typeset: Typeset) -> str:
    name = teller.attachment(attachment)
    if attachment.is_picture:
        picture = picture_of(attachment)
        words = plain_html(visible(teller.picture(attachment)))
        if picture is None:
            return f'<p class="quiet">{words}</p>\n'
        # Letters of Base64 and a media type from a list: nothing in it can end the attribute.
        return f'<img src="{address_of(picture)}" alt="{words}">\n'
    _, dot, ending = name.rpartition(".")
    code = Code(code_text(attachment.text.strip("\n")), ending if dot else "")
    return _folded(name, code_html(code, typeset))


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{plain_html(visible(title))}</summary>{inside}</details>\n"


def _lines(text: str) -> str:
    return f'<div class="plain">{plain_html(text)}</div>'


def _style(look: HtmlLook) -> str:
    light, dark = (
        " ".join(f"--{name}: {colour};" for name, colour in colours.items())
        for colours in (look.light, look.dark)
    )
    return (
        f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{_CSS}"
    )


_CSS: Final = """\
* { box-sizing: border-box; }
body { margin: 0; background: var(--canvas); color: var(--text); line-height: 1.55;
  font: 16px/1.55 system-ui, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  overflow-wrap: anywhere; }
main { max-width: 760px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { font-size: 26px; line-height: 1.3; margin: 0; }
h3, h4, h5, h6 { line-height: 1.35; margin: 28px 0 8px; }
h3 { font-size: 22px; } h4 { font-size: 19px; } h5, h6 { font-size: 16px; }
p { margin: 12px 0; }
.quiet { color: var(--muted); font-size: 13px; margin: 8px 0 0; }
article { margin: 32px 0; }
.user { background: var(--raised); border-radius: 10px; padding: 12px 16px; width: fit-content;
  max-width: 85%; margin-left: auto; }
.plain { white-space: pre-wrap; }
img { display: block; max-width: 100%; max-height: 480px; border-radius: 8px; margin: 4px 0 8px; }
.user .quiet { margin-top: 4px; }
.mark { color: var(--muted); font-size: 13px; text-align: center; margin: 32px 0;
  border-top: 1px solid var(--line); padding-top: 8px; }
details { border: 1px solid var(--line); border-radius: 10px; padding: 8px 16px; margin: 12px 0;
  background: var(--surface); color: var(--muted); }
summary { cursor: pointer; font-size: 14px; }
details[open] > summary { margin-bottom: 8px; }
a { color: var(--accent); }
ul, ol { padding-left: 28px; margin: 12px 0; }
li > p { margin: 4px 0; } li > ul, li > ol { margin: 4px 0; }
.task { margin-right: 4px; }
blockquote { margin: 12px 0; padding-left: 16px; border-left: 3px solid var(--line);
  color: var(--muted); }
hr { border: 0; border-top: 1px solid var(--line); margin: 24px 0; }
code, pre { font: 14px/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; }
code { background: var(--code); border-radius: 4px; padding: 1px 4px; }
figure { margin: 12px 0; background: var(--code); border: 1px solid var(--line);
  border-radius: 10px; overflow: hidden; color: var(--text); }
figcaption { color: var(--muted); font-size: 12px; padding: 8px 16px 0; }
pre { margin: 0; padding: 12px 16px; overflow-x: auto; overflow-wrap: normal; }
pre code { background: none; padding: 0; }
.wide { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 6px 16px 6px 0; vertical-align: top; }
td { border-top: 1px solid var(--line); }
.center { text-align: center; } .right { text-align: right; }
.math { display: inline-block; line-height: 0; } .math svg { display: block; overflow: visible; }
.display { text-align: center; margin: 16px 0; overflow-x: auto; }
.note { font-size: 14px; color: var(--muted); }
.keyword { color: var(--keyword); } .string { color: var(--string); }
.number { color: var(--number); } .comment { color: var(--comment); font-style: italic; }
.name { color: var(--name); } .type { color: var(--type); }
@media print { .user { max-width: 100%; } pre { white-space: pre-wrap; } }
"""
