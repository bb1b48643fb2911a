"""Help and version: fast, light, complete in both languages, and the command line's own errors."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

import desktop
from desktop import cli
from desktop.base.translation import Translator
from desktop.domain.chat import Adapter
from desktop.domain.model import KvType
from desktop.domain.repository import SourceKind
from desktop.domain.settings import Language
from desktop.domain.text import Text, Value
from desktop.terminal.commandline import parse
from desktop.terminal.data_folder import without_data_dir
from desktop.terminal.engine_commandline import NAMES as ENGINE_NAMES
from desktop.terminal.errors import UsageError
from desktop.terminal.misread import SIZING
from desktop.terminal.models_commandline import NAMES
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
from desktop.terminal.orders import (
    AskOrder,
    ChatOrder,
    Choices,
    DoctorOrder,
    WindowAction,
    WindowOrder,
)
from desktop.terminal.sizing_orders import FitOrder, HardwareOrder, RecommendOrder
from desktop.terminal.wrapping import wrapped

ROOT = Path(desktop.__file__).parent.parent
ENGLISH = Translator(Language.ENGLISH, Path("nowhere"))
HEAVY = ("PySide6", "llama_cpp", "jinja2", "numpy", "psutil", "msgspec", "pydantic", "rich.console")
MODELS_OPTIONS = {
    "search": ["--source SOURCE", "--json", "WORDS"],
    "files": ["--source SOURCE", "--json", "REPOSITORY"],
    "pull": ["--source SOURCE", "REPOSITORY"],
    "ls": ["--json"],
    "show": ["--json", "MODEL"],
    "import": ["--copy", "--in-place", "PATH"],
    "rm": ["--empty", "MODEL"],
    "verify": ["MODEL"],
    "scan": ["--json"],
}


def fit(subject: str) -> FitOrder:
    return FitOrder(subject, None, None, None, pictures=True, source=None, as_json=False)


class Marked(Translator):
    """Shows what goes through translation, by brackets around it."""

    def say(self, text: Text | str, **values: Value) -> str:
        return f"⟦{super().say(text, **values)}⟧"


def lapis(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}
    return subprocess.run(
        [sys.executable, "-m", "desktop", *arguments],
        cwd=ROOT,
        env=kept | {"COLUMNS": "80", "LANG": "C.UTF-8"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["help"],
        ["help", "api"],
        ["ask", "--help"],
        ["doctor", "--help"],
        ["bench", "--help"],
        ["models", "--help"],
        ["models", "pull", "--help"],
        ["fit", "--help"],
    ],
)
def test_nothing_heavy_is_imported(arguments: list[str], tmp_path: Path) -> None:
    script = (
        "import sys; from desktop.cli import main\n"
        f"code = main({['--data-dir', str(tmp_path), *arguments]!r})\n"
        f"print(code, [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() == "0 []"


def test_speaking_to_the_running_instance_needs_the_standard_library_alone(tmp_path: Path) -> None:
    script = (
        "import sys; from desktop import cli\n"
        "cli.send_command = lambda *given: True\n"
        f"code = cli.main(['--data-dir', {str(tmp_path)!r}, '--toggle-popup'])\n"
        "print(code, [name for name in ('typer', 'rich') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "0 []"


def test_version_is_that_of_the_package() -> None:
    assert lapis("--version").stdout == f"Lapis {desktop.__version__}\n"


def test_help_names_every_command_and_option() -> None:
    page = lapis("--help").stdout
    for word in (
        "ask",
        "chat",
        "doctor",
        "fit",
        "hardware",
        "recommend",
        "--data-dir",
        "--version",
        "--toggle-popup",
        "--quit",
        "--help",
    ):
        assert f" {word}" in page
    page = lapis("ask", "--help").stdout
    for word in ("--model", "--system", "--max-tokens", "--temperature", "--seed", "--json"):
        assert f" {word}" in page
    for command in ("ask", "chat"):
        page = lapis(command, "--help").stdout
        assert " --anyway" in page
        assert " --template NAME" in page
        assert "chatml, gemma, gpt-oss, llama3, mistral, phi" in " ".join(page.split())


def test_help_of_models_names_its_commands_and_their_options() -> None:
    page = lapis("models", "--help").stdout
    assert lapis("models").stdout == page
    for word in NAMES:
        assert f"\n  {word} " in page
    for word, options in MODELS_OPTIONS.items():
        page = lapis("models", word, "--help").stdout
        assert page.startswith(f"Usage: lapis models {word} [OPTIONS]")
        for option in options:
            assert f" {option}" in page
    assert set(MODELS_OPTIONS) == NAMES


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["ask", "--help"],
        ["chat", "--help"],
        ["doctor", "--help"],
        ["bench", "--help"],
        ["models", "--help"],
        ["serve", "--help"],
        ["updates", "--help"],
        ["network", "--help"],
        ["help", "--help"],
        ["engine", "--help"],
        *(["engine", name, "--help"] for name in sorted(ENGINE_NAMES)),
        *([name, "--help"] for name in SIZING),
        *(["models", name, "--help"] for name in sorted(NAMES)),
    ],
)
def test_every_word_of_help_is_translated(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse(arguments, Marked(Language.ENGLISH, Path("nowhere"))) is None
    page = capsys.readouterr().out
    outside = []
    depth = 0
    for sign in page.partition("⟦Examples⟧")[0]:
        depth += {"⟦": 1, "⟧": -1}.get(sign, 0)
        if depth == 0:
            outside.append(sign)
    words = "".join(outside).replace("⟧", " ").split()
    left = [word.strip("[],") for word in words if not word.startswith("-")]
    known = {"lapis", "ask", "bench", "chat", "doctor", "models", *SIZING, *NAMES, ""}
    known |= ENGINE_NAMES | {"connections", "engine", "help", "network", "serve", "updates"}
    known |= {"LAPIS_API_KEY"}
    # What people type of it is the same in every language.
    assert set(left) <= known


def test_help_in_chinese_is_aligned_and_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Chinese(Translator):
        def say(self, text: Text | str, **values: Value) -> str:
            english = super().say(text, **values)
            return english if english.startswith("[") else "这是一句比较长的中文说明，" * 4

    assert parse(["ask", "--help"], Chinese(Language.CHINESE, tmp_path)) is None
    lines = capsys.readouterr().out.splitlines()
    options = lines[next(i for i, line in enumerate(lines) if "--model" in line) :]
    prose = [line for line in options if "lapis" not in line and line.startswith("  ")]
    starts = {cell_len(line[: len(line) - len(line.lstrip())]) for line in prose if "-" not in line}
    assert len(starts) == 1
    assert not any(line.lstrip().startswith("，") for line in lines)


def test_long_text_is_broken_between_words_and_between_wide_signs() -> None:
    assert wrapped("one two three four", 9) == ["one two", "three", "four"]
    assert wrapped("模型名称，或者文件", 9) == ["模型名", "称，或者", "文件"]
    assert wrapped("", 9) == []


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_language_of_the_settings_file_is_used(tmp_path: Path, language: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"language": language, "theme": "dark"}))
    assert cli._language(file) == Language(language)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"language": "fr"}', '{"language": {}}', "\0", "[" * 100_000],
    ids=["empty", "cut", "list", "unknown", "object", "zero", "deep"],
)
def test_a_damaged_settings_file_leaves_the_computers_language(
    tmp_path: Path, content: str
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(content)
    assert cli._language(file) is Language.SYSTEM


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ([], WindowOrder()),
        (["--toggle-popup"], WindowOrder(WindowAction.TOGGLE_POPUP)),
        (["ask", "why?"], AskOrder("why?", as_json=False, choices=Choices())),
        (["ask", "two", "words"], AskOrder("two words", as_json=False, choices=Choices())),
        (["ask"], AskOrder("", as_json=False, choices=Choices())),
        (
            ["ask", "-p", "a.png", "--picture", "b.jpg", "q"],
            AskOrder("q", as_json=False, choices=Choices(), pictures=("a.png", "b.jpg")),
        ),
        (
            ["ask", "-f", "a.pdf", "--file", "b.txt", "q"],
            AskOrder("q", as_json=False, choices=Choices(), files=("a.pdf", "b.txt")),
        ),
        (
            ["ask", "--json", "-t", "0", "--seed", "0", "q", "-m", "x.gguf"],
            AskOrder("q", as_json=True, choices=Choices(model="x.gguf", temperature=0.0, seed=0)),
        ),
        (
            ["chat", "--system", "", "--max-tokens", "7", "--context", "512"],
            ChatOrder(Choices(system="", max_tokens=7, context=512)),
        ),
        (["chat", "--template", "own"], ChatOrder(Choices(template="own"))),
        (
            ["ask", "--anyway", "--template", "gpt-oss", "q"],
            AskOrder("q", as_json=False, choices=Choices(template="gpt-oss", anyway=True)),
        ),
        (
            ["ask", "--lora", "a.gguf", "--lora", "b c.gguf:-0.5", "q"],
            AskOrder(
                "q",
                as_json=False,
                choices=Choices(
                    adapters=(
                        Adapter(Path("a.gguf").absolute()),
                        Adapter(Path("b c.gguf").absolute(), -0.5),
                    )
                ),
            ),
        ),
        (
            ["chat", "--lora", "odd:name.gguf", "--lora", "odd:name.gguf:2"],
            ChatOrder(
                Choices(
                    adapters=(
                        Adapter(Path("odd:name.gguf").absolute()),
                        Adapter(Path("odd:name.gguf").absolute(), 2.0),
                    )
                )
            ),
        ),
        (["doctor"], DoctorOrder(as_json=False)),
        (["doctor", "--json"], DoctorOrder(as_json=True)),
        (["models", "search", "a", "b"], SearchOrder("a b", None, as_json=False)),
        (
            ["models", "files", "o/r", "--source", "modelscope", "--json"],
            FilesOrder("o/r", SourceKind.MODELSCOPE, as_json=True),
        ),
        (["models", "pull", "gemma", "2", "2b:q4_0"], PullOrder("gemma 2 2b:q4_0", None)),
        (["models", "ls", "--json"], ListOrder(as_json=True)),
        (["models", "list", "--json"], ListOrder(as_json=True)),
        (["models", "show", "two", "words"], ShowOrder("two words", as_json=False)),
        (
            ["models", "import", "a.gguf", "b.gguf", "--copy"],
            ImportOrder(("a.gguf", "b.gguf"), copies=True, in_place=False),
        ),
        (["models", "rm", "two", "words"], RemoveOrder("two words")),
        (["models", "rm", "--empty"], RemoveOrder("")),
        (["models", "verify", "two", "words"], VerifyOrder("two words")),
        (["models", "scan"], ScanOrder(as_json=False)),
        (["fit", "gemma", "2"], fit("gemma 2")),
        (
            ["fit", "o/r:Q4_K_M", "--ctx", "4096", "--kv-type", "q8_0", "--gpu-layers", "0"],
            replace(fit("o/r:Q4_K_M"), n_ctx=4096, kv_type=KvType.Q8_0, n_gpu_layers=0),
        ),
        (
            ["fit", "x", "--source", "hf", "--json", "--no-pictures", "--context", "512"],
            FitOrder("x", 512, None, None, False, SourceKind.HUGGING_FACE, as_json=True),
        ),
        (["hardware", "--json"], HardwareOrder(as_json=True)),
        (["recommend"], RecommendOrder("", None, as_json=False)),
        (["recommend", "o/r", "--json"], RecommendOrder("o/r", None, as_json=True)),
        (["ask", "models"], AskOrder("models", as_json=False, choices=Choices())),
    ],
)
def test_a_command_line_becomes_an_order(line: list[str], order: object) -> None:
    assert parse(line, ENGLISH) == order


@pytest.mark.parametrize(
    ("line", "folder", "rest"),
    [
        (["ask", "x"], None, ["ask", "x"]),
        (["--data-dir", "d", "ask", "x"], Path("d"), ["ask", "x"]),
        (["ask", "x", "--data-dir=d e"], Path("d e"), ["ask", "x"]),
        (["ask", "--", "--data-dir", "d"], None, ["ask", "--", "--data-dir", "d"]),
        (["ask", "--data-dir"], None, ["ask", "--data-dir"]),
        (["ask", "--data-dir="], None, ["ask", "--data-dir="]),
    ],
)
def test_the_data_folder_may_stand_anywhere(
    line: list[str], folder: Path | None, rest: list[str]
) -> None:
    assert without_data_dir(line) == (folder, rest)


@pytest.mark.parametrize(
    ("line", "title", "hint"),
    [
        (["frob"], "There is no command frob", "lapis ask"),
        (["modles"], "There is no command modles", "Did you mean lapis models?"),
        (["pull", "x"], "There is no command pull", "Did you mean lapis models pull?"),
        (["list"], "There is no command list", "Did you mean lapis models ls?"),
        (["doctor", "x"], "There are too many words for lapis doctor", "lapis doctor --help"),
        (["doctor", "--json=1"], "--json takes no value", "lapis doctor --help"),
        (["--frob"], "There is no option --frob", "lapis --help"),
        (["ask", "--modle", "x"], "There is no option --modle", "Did you mean --model?"),
        (["ask", "--model"], "--model needs a value", "lapis ask --help"),
        (["ask", "x", "--data-dir"], "--data-dir needs a value", "lapis ask --help"),
        (["ask", "--temperature", "warm", "x"], "--temperature cannot be warm", "0 to 5"),
        (["ask", "--temperature", "nan", "x"], "--temperature cannot be nan", "0 to 5"),
        (["ask", "--temperature", "-1", "x"], "--temperature cannot be -1", "0 to 5"),
        (["ask", "--max-tokens", "0", "x"], "--max-tokens cannot be 0", "1 to"),
        (["ask", "--seed", "1.5", "x"], "--seed cannot be 1.5", "whole number"),
        (["ask", "--context", "-4", "x"], "--context cannot be -4", "256 to"),
        (["ask", "--template", "chatlm", "x"], "--template cannot be chatlm", "own, auto, chatml"),
        (["ask", "--lora", "a:11", "x"], "--lora cannot be a:11", "-10 to 10"),
        (["chat", "--lora", "a:nan"], "--lora cannot be a:nan", "-10 to 10"),
        (["fit"], "Which model?", "lapis fit gemma-2-2b-it"),
        (["fit", "x", "--ctx", "0"], "--ctx cannot be 0", "256 to"),
        (["fit", "x", "--ctx", "9" * 5000], "--ctx cannot be", "256 to"),
        (["fit", "x", "--kv-type", "q5"], "--kv-type cannot be q5", "f16, q8_0, q4_0"),
        (["fit", "x", "--gpu-layers", "-1"], "--gpu-layers cannot be -1", "0 to"),
        (["fit", "x", "--source", "y"], "--source cannot be y", "hf, mirror, modelscope"),
        (["fit", "x", "--frob"], "There is no option --frob", "lapis fit --help"),
        (["models", "frob"], "There is no command models frob", "search, files, pull"),
        (["models", "pull"], "Which model?", "lapis models pull gemma-2-2b-it"),
        (["models", "ls", "--frob"], "There is no option --frob", "lapis models ls --help"),
        (
            ["models", "pull", "x", "--source", "y"],
            "--source cannot be y",
            "hf, mirror, modelscope",
        ),
        (["models", "rm", "--empty", "x"], "--empty does not go together", "models rm --help"),
        (["--show", "--quit"], "--show does not go together", "one at a time"),
        (["--quit", "ask", "x"], "--quit does not go together", "one at a time"),
    ],
)
def test_a_wrong_command_line_is_explained(line: list[str], title: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(line, ENGLISH)
    assert str(error.value.title).startswith(title)
    assert hint in str(error.value.hint)


def test_a_wrong_command_line_exits_with_two_and_speaks_on_stderr_alone() -> None:
    done = lapis("ask", "--frob")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("There is no option --frob\n  ")
    assert "Traceback" not in done.stderr


def test_a_question_is_required_when_nothing_is_piped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Keyboard())
    assert cli.main(["--data-dir", str(tmp_path), "ask"]) == 2


def test_brackets_stay_with_what_they_hold() -> None:
    assert wrapped("一二三四五六七（八）九十", 16) == ["一二三四五六七", "（八）九十"]
