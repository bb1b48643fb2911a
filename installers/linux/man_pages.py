"""Man pages of `lapis` and `lapis-gui`, made from what the program itself says with `--help`.

So they never say anything else than the program does, in English and in Chinese. What help does
not say (files, variables, exit codes) stands here.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from installers.dev.console import StepFailed
from installers.linux.help_text import Page, read_page


@dataclass(frozen=True, slots=True)
class Language:
    """A language of man pages: its folder, its locale, and the words that help lacks."""

    folder: str
    locale: str
    words: Mapping[str, str]


ENGLISH = Language("", "C.UTF-8", {})
CHINESE = Language(
    "zh_CN",
    "zh_CN.UTF-8",
    {
        "NAME": "名称",
        "SYNOPSIS": "用法",
        "DESCRIPTION": "说明",
        "COMMANDS": "命令",
        "FILES": "文件",
        "ENVIRONMENT": "环境变量",
        "EXIT STATUS": "退出状态",
        "SEE ALSO": "另见",
        "a private assistant that answers on this computer": "在这台电脑上回答的私人助手",
        "the window of Lapis": "Lapis 的窗口",
        "[OPTIONS] [FILE]": "[选项] [文件]",
        "Chats, models and downloads": "聊天、模型和下载任务",
        "Settings": "设置",
        "What can be made again": "可以重新生成的内容",
        "Logs; they hold no text of chats": "日志，不含聊天内容",
        "The key that lapis serve asks for": "lapis serve 要求的密钥",
        "Where models are looked for and fetched, instead of Hugging Face": "代替 Hugging Face 的模型来源地址",
        "The access token for gated models": "受限模型的访问令牌",
        "Where the Ollama of this computer is": "本机 Ollama 的地址",
        'With {"update_check": false}: nobody is asked for new versions': '写入 {"update_check": false} 后，不检查新版本',
        "Set to 1: nobody is asked for new versions": "设为 1 时不检查新版本",
        "Turns colours off in the terminal": "在终端里不使用颜色",
        "Done.": "完成。",
        "It did not work; what happened and what to do is on standard error.": "没有成功；发生了什么、该怎么办，见标准错误输出。",
        "The command line is wrong.": "命令行有误。",
        "Stopped by Ctrl-C.": "被 Ctrl-C 中止。",
        "Opens the window, or brings it to the front in the Lapis that runs already. A GGUF file is "
        'loaded. The options are those of lapis under "The window".': "打开窗口；如果 Lapis 已在运行，则把窗口带到最前面。给出 GGUF 文件时会加载它。选项与 lapis 的“窗口”部分相同。",
    },
)
LANGUAGES = (ENGLISH, CHINESE)
_FILES = (
    ("~/.local/share/lapis", "Chats, models and downloads"),
    ("~/.config/lapis", "Settings"),
    ("~/.cache/lapis", "What can be made again"),
    ("~/.local/state/lapis/log", "Logs; they hold no text of chats"),
    ("/etc/lapis/policy.json", 'With {"update_check": false}: nobody is asked for new versions'),
)
_VARIABLES = (
    ("LAPIS_API_KEY", "The key that lapis serve asks for"),
    ("HF_ENDPOINT", "Where models are looked for and fetched, instead of Hugging Face"),
    ("HF_TOKEN", "The access token for gated models"),
    ("OLLAMA_HOST", "Where the Ollama of this computer is"),
    ("LAPIS_NO_UPDATE_CHECK", "Set to 1: nobody is asked for new versions"),
    ("NO_COLOR", "Turns colours off in the terminal"),
)
_CODES = (
    ("0", "Done."),
    ("1", "It did not work; what happened and what to do is on standard error."),
    ("2", "The command line is wrong."),
    ("130", "Stopped by Ctrl-C."),
)
_EVERYWHERE = ("-h, ", "--data-dir")
_PURPOSE = "a private assistant that answers on this computer"
_WINDOW_PURPOSE = "the window of Lapis"
_WINDOW_USAGE = "[OPTIONS] [FILE]"
_WINDOW = (
    "Opens the window, or brings it to the front in the Lapis that runs already. A GGUF file is "
    'loaded. The options are those of lapis under "The window".'
)


def man_pages(lapis: Path, language: Language, version: str, built: int) -> Mapping[str, str]:
    """Return the pages by their file names; runs the program `lapis`. Raises StepFailed."""
    pages = dict(_all_pages(lapis, language, ()))
    say = language.words.get
    title = _title(version, built)

    def head(name: str, purpose: str) -> list[str]:
        # Not stretched to the right edge: that tears Chinese lines apart at their few spaces.
        heading = [f".TH {name.upper()} 1 {title}", ".ad l", f'.SH "{say("NAME", "NAME")}"']
        return [*heading, f"{_plain(name)} \\- {_plain(say(purpose, purpose))}"]

    root = pages.pop(())
    lines = [*head("lapis", _PURPOSE), *_root(root, language)]
    lines.append(f'.SH "{say("COMMANDS", "COMMANDS")}"')
    for page in pages.values():
        lines += _command(page)
    lines += _listed(language, "FILES", _FILES)
    lines += _listed(language, "ENVIRONMENT", _VARIABLES)
    lines += _listed(language, "EXIT STATUS", _CODES)
    lines += [f'.SH "{say("SEE ALSO", "SEE ALSO")}"', ".BR lapis\\-gui (1)"]
    synopsis, about = say("SYNOPSIS", "SYNOPSIS"), say("DESCRIPTION", "DESCRIPTION")
    window = [
        *head("lapis-gui", _WINDOW_PURPOSE),
        *(f'.SH "{synopsis}"', ".B lapis\\-gui", say(_WINDOW_USAGE, _WINDOW_USAGE)),
        *(f'.SH "{about}"', _plain(say(_WINDOW, _WINDOW))),
        *(f'.SH "{say("SEE ALSO", "SEE ALSO")}"', ".BR lapis (1)"),
    ]
    return {"lapis.1": "\n".join([*lines, ""]), "lapis-gui.1": "\n".join([*window, ""])}


def _all_pages(
    lapis: Path, language: Language, names: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Page]]:
    page = read_page(_help(lapis, language, names))
    yield names, page
    for name in page.commands():
        yield from _all_pages(lapis, language, (*names, name))


def _help(lapis: Path, language: Language, names: tuple[str, ...]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [lapis, *names, "--help", "--data-dir", Path(folder) / "data"],
            capture_output=True,
            encoding="utf-8",
            check=False,
            cwd=folder,
            env={"HOME": folder, "LC_ALL": language.locale, "LANGUAGE": language.folder or "en"},
        )
    if done.returncode:
        raise StepFailed(f"{lapis} {' '.join(names)} --help failed: {done.stderr[-500:]}")
    return done.stdout


def _root(page: Page, language: Language) -> list[str]:
    say = language.words.get
    lines = [f'.SH "{say("SYNOPSIS", "SYNOPSIS")}"', *_usage(page)]
    lines.append(f'.SH "{say("DESCRIPTION", "DESCRIPTION")}"')
    lines += _paragraphs(page)
    for section in page.sections[1:]:
        lines += [f'.SH "{_plain(section.title.upper())}"', *_rows(section.rows)]
    return lines


def _command(page: Page) -> Iterator[str]:
    """Yield a command with its options; those that every command has stand with the program."""
    yield f'.SS "{_plain(page.usage)}"'
    yield from _paragraphs(page)
    for section in page.sections:
        if not page.commands() or section is not page.sections[0]:
            if all(not text for _name, text in section.rows):
                yield from (".PP", f".B {_plain(section.title)}")
            yield from _rows(row for row in section.rows if not row[0].startswith(_EVERYWHERE))


def _paragraphs(page: Page) -> list[str]:
    return "\n.PP\n".join(map(_plain, page.paragraphs)).split("\n")


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in rows:
        if text:
            yield from (".TP", f".B {_plain(name)}", _plain(text))
        else:
            yield from (".IP", f"\\fI{_plain(name)}\\fR")


def _usage(page: Page) -> list[str]:
    first, _, rest = page.usage.partition(" ")
    return [f".B {_plain(first)}", _plain(rest)]


def _listed(language: Language, title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    say = language.words.get
    yield f'.SH "{say(title, title)}"'
    for name, text in rows:
        yield from (".TP", f".B {_plain(name)}", _plain(say(text, text)))


def _title(version: str, built: int) -> str:
    date = datetime.fromtimestamp(built, UTC).date().isoformat()
    return f'"{date}" "Lapis {version}" "Lapis"'


def _plain(text: str) -> str:
    """Return `text` so that roff prints it as it is (groff_char(7))."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    text = text.replace("'", "\\(aq").replace("~", "\\(ti").replace("^", "\\(ha")
    return re.sub(r"^(?=\.)", r"\\&", text)
