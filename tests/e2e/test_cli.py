"""The real command line, with real llama.cpp in its engine process and tiny real model files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gguf
import psutil
import pytest

from desktop.backends.learned import DEATHS_IN_A_ROW, Learned, Lesson
from desktop.base.paths import paths_under, resources
from desktop.base.translation import Translator
from desktop.domain.chat import Sampling
from desktop.domain.settings import Language
from desktop.domain.shelf import ModelDefaults
from desktop.store.records import Records
from desktop.terminal.harmless import harmless
from tests.conftest import RunLapis
from tests.e2e.terminal import TerminalSession
from tests.gguf_files import write_llama
from tests.harness.leftovers import Marker
from tests.harness.models import Models
from tests.harness.program import Program, command, guarded
from tests.harness.waiting import wait_for

ANSWER = "The hotkey is set in the keyboard settings of the system. 北京!"
FIELDS = {
    "text": str,
    "model": str,
    "prompt_tokens": int,
    "completion_tokens": int,
    "ttft_ms": float,
    "prefill_tps": float,
    "decode_tps": float,
    "finish_reason": str,
}
GUIDE = resources() / "guide" / "guide.gguf"

StartTalk = Callable[..., Program]
OpenTerminal = Callable[..., TerminalSession]


@pytest.fixture(scope="session")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model that says `ANSWER` and stops."""
    folder = tmp_path_factory.mktemp("speaker")
    return write_llama(folder / "speaker.gguf", answer=ANSWER, stops=True)


@pytest.fixture
def start(lapis_home: Path, tmp_path: Path, marker: Marker) -> Iterator[StartTalk]:
    """Return a function that starts `lapis`, its output going to files."""
    programs: list[Program] = []

    def begin(*arguments: str) -> Program:
        program = Program(
            ["--data-dir", str(lapis_home), *arguments],
            tmp_path / f"run-{len(programs)}",
            {**os.environ, **marker.environment},
        )
        programs.append(program)
        return program

    yield begin
    for program in programs:
        program.end()
        assert program.network_attempts == ""


@pytest.fixture
def terminal(lapis_home: Path, tmp_path: Path, marker: Marker) -> Iterator[OpenTerminal]:
    """Return a function that starts `lapis` in a pseudo terminal."""
    sessions: list[TerminalSession] = []

    def begin(*arguments: str) -> TerminalSession:
        session = TerminalSession(
            ["--data-dir", str(lapis_home), *arguments],
            tmp_path,
            {**os.environ, **marker.environment},
        )
        sessions.append(session)
        return session

    yield begin
    for session in sessions:
        session.close()


def asked_json(lapis: RunLapis, *arguments: str, stdin: str = "") -> dict[str, Any]:
    done = lapis("ask", "--json", *arguments, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def assert_fails(
    done: subprocess.CompletedProcess[str], title: str, hint: str, code: int = 1
) -> None:
    assert (done.returncode, done.stdout) == (code, "")
    lines = done.stderr.splitlines()
    assert title in lines[0]
    assert hint in lines[1]
    assert lines[1].startswith("  ")
    assert "Traceback" not in done.stderr


# Asking


def test_ask_prints_the_answer_and_nothing_else(lapis: RunLapis, speaker: Path) -> None:
    done = lapis("ask", "--model", str(speaker), "How?")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ANSWER}\n", "")


def test_json_has_exactly_the_promised_fields(lapis: RunLapis, speaker: Path) -> None:
    found = asked_json(lapis, "--model", str(speaker), "How?")
    assert {name: type(value) for name, value in found.items()} == FIELDS
    assert found["text"] == ANSWER
    assert found["model"] == "speaker"
    assert found["finish_reason"] == "stop"
    assert found["prompt_tokens"] > 0
    assert found["completion_tokens"] > 0
    assert found["decode_tps"] > 0


def test_max_tokens_limits_the_answer(lapis: RunLapis, models: Models) -> None:
    found = asked_json(lapis, "-m", str(models.llama), "--max-tokens", "7", "Hi")
    assert found["completion_tokens"] == 7
    assert found["finish_reason"] == "length"


def test_a_seed_makes_an_answer_repeatable(lapis: RunLapis, models: Models) -> None:
    options = ["-m", str(models.llama), "-t", "1", "--max-tokens", "12"]
    first, again, other = (
        asked_json(lapis, *options, "--seed", seed, "Hi")["text"] for seed in ("5", "5", "6")
    )
    assert first == again != other


def test_piped_text_is_context_and_alone_it_is_the_question(
    lapis: RunLapis, models: Models
) -> None:
    options = ["-m", str(models.llama), "--max-tokens", "1"]
    asked = asked_json(lapis, *options, "What is this about?")
    piped = asked_json(lapis, *options, stdin="What is this about?\n")
    both = asked_json(lapis, *options, "What is this about?", stdin="A long note. " * 20)
    assert piped["prompt_tokens"] == asked["prompt_tokens"]
    assert both["prompt_tokens"] > asked["prompt_tokens"] + 60


def test_a_system_prompt_reaches_the_model_also_where_there_is_no_system_role(
    lapis: RunLapis, models: Models
) -> None:
    options = ["-m", str(models.gemma2), "--max-tokens", "1", "Hi"]
    plain = asked_json(lapis, *options)
    told = asked_json(lapis, "--system", "Answer like a pirate of the seven seas.", *options)
    assert told["prompt_tokens"] > plain["prompt_tokens"] + 5


def test_settings_choose_the_model(lapis: RunLapis, lapis_home: Path, speaker: Path) -> None:
    (lapis_home / "config").mkdir(parents=True)
    settings = {"model": str(speaker)}
    (lapis_home / "config" / "settings.json").write_text(json.dumps(settings))
    assert lapis("ask", "How?").stdout == f"{ANSWER}\n"


def test_a_model_in_the_folder_is_found_by_the_beginning_of_its_name(
    lapis: RunLapis, lapis_home: Path, speaker: Path
) -> None:
    (lapis_home / "models").mkdir(parents=True)
    shutil.copy(speaker, lapis_home / "models" / "Speaker-Q8_0.gguf")
    assert lapis("ask", "-m", "speak", "How?").stdout == f"{ANSWER}\n"


def test_a_model_cannot_control_the_terminal(lapis: RunLapis, tmp_path: Path) -> None:
    hostile = write_llama(tmp_path / "hostile.gguf", raw_bytes=True)
    options = ["-m", str(hostile), "-t", "1", "--seed", "1", "--max-tokens", "200", "Hi"]
    raw = asked_json(lapis, *options)["text"]
    assert controls(raw) - {"\n", "\t"}
    shown = lapis("ask", *options).stdout
    assert controls(shown) <= {"\n", "\t"}
    assert shown.rstrip("\n") == harmless(raw).rstrip("\n")


def controls(text: str) -> set[str]:
    return {sign for sign in text if unicodedata.category(sign) == "Cc"}


@pytest.mark.skipif(not GUIDE.exists(), reason="the guide model is not built")
def test_the_guide_answers_without_display_and_network(lapis_home: Path, tmp_path: Path) -> None:
    offline = [sys.executable, "-m", "tests.harness.offline", *command()]
    done = subprocess.run(
        [*offline, "--data-dir", str(lapis_home), "ask", "--json", "How do I change the hotkey?"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=guarded({**os.environ, "QT_QPA_PLATFORM": ""}, tmp_path / "attempts.txt"),
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["model"], found["finish_reason"]) == ("guide", "stop")
    assert "shortcut" in found["text"].lower() or "--toggle-popup" in found["text"]


# Bad input


def no_gguf(folder: Path, _models: Models) -> Path:
    path = folder / "notes.gguf"
    path.write_text("just some notes, no model at all\n" * 50)
    return path


def truncated(folder: Path, models: Models) -> Path:
    path = folder / "half.gguf"
    data = models.llama.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def a_folder(folder: Path, _models: Models) -> Path:
    path = folder / "folder.gguf"
    path.mkdir()
    return path


def missing(folder: Path, _models: Models) -> Path:
    return folder / "nowhere.gguf"


def link_to_itself(folder: Path, _models: Models) -> Path:
    path = folder / "loop.gguf"
    path.symlink_to(path)
    return path


def for_search(_folder: Path, models: Models) -> Path:
    return models.bert


def larger_than_memory(folder: Path, models: Models) -> Path:
    """Make a sparse file whose last tensor claims twice the memory of this computer."""
    path = Path(shutil.copy(models.llama, folder / "huge.gguf"))
    reader = gguf.GGUFReader(path)
    last = max(reader.tensors, key=lambda tensor: tensor.data_offset)
    width = int(last.shape[0])
    rows = 2 * psutil.virtual_memory().total // (4 * width)
    name, dimensions = last.field.parts[1], last.field.parts[3]
    place = last.field.offset + 8 + len(name) + 4 + 8 * (len(dimensions) - 1)
    end = int(last.data_offset)
    del reader, last, name, dimensions
    with path.open("r+b") as stream:
        stream.seek(place)
        stream.write(rows.to_bytes(8, "little"))
        stream.truncate(end + rows * width * 4)
    return path


@pytest.mark.parametrize("command_name", ["ask", "chat"])
@pytest.mark.parametrize(
    ("make", "title", "hint"),
    [
        (no_gguf, "not a GGUF", "ownload"),
        (truncated, "incomplete", "Download it again"),
        (a_folder, "folder", ".gguf"),
        (missing, "does not exist", "Choose the file again"),
        (link_to_itself, "", ""),
        (larger_than_memory, "of memory, and", "smaller"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_explained(
    lapis: RunLapis,
    models: Models,
    tmp_path: Path,
    command_name: str,
    make: Callable[[Path, Models], Path],
    title: str,
    hint: str,
) -> None:
    path = make(tmp_path, models)
    question = ["Hi"] if command_name == "ask" else []
    assert_fails(lapis(command_name, "-m", str(path), *question, stdin="Hi\n"), title, hint)


def test_a_model_that_cannot_chat_is_explained(lapis: RunLapis, models: Models) -> None:
    done = lapis("ask", "-m", str(models.bert), "Hi")
    assert_fails(done, "cannot hold a conversation", "chat model")


def test_an_unreadable_file_is_explained(
    lapis_home: Path, models: Models, tmp_path: Path, marker: Marker
) -> None:
    path = Path(shutil.copy(models.llama, tmp_path / "locked.gguf"))
    path.chmod(0)
    powerless: list[str] = []
    if os.geteuid() == 0:  # The superuser reads everything, unless that power is taken away.
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is not installed")
        powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    done = subprocess.run(
        [*powerless, *command(), "--data-dir", str(lapis_home), "ask", "-m", str(path), "Hi"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=guarded({**os.environ, **marker.environment}, tmp_path / "attempts.txt"),
        timeout=60,
        check=False,
    )
    assert_fails(done, "may not be read", "")


def test_a_name_nobody_has_is_explained_with_near_ones(
    lapis: RunLapis, lapis_home: Path, speaker: Path
) -> None:
    (lapis_home / "models").mkdir(parents=True)
    shutil.copy(speaker, lapis_home / "models" / "gemma-2-2b-it.gguf")
    done = lapis("ask", "-m", "gema-2-2b-it", "Hi")
    assert_fails(done, "gema-2-2b-it", "gemma-2-2b-it")


def test_a_model_of_the_catalogue_is_told_how_to_come_unless_some_like_it_are_here(
    lapis: RunLapis, lapis_home: Path, speaker: Path
) -> None:
    done = lapis("ask", "-m", "gemma-2-2b-it", "Hi")
    assert_fails(done, "There is no model named gemma-2-2b-it", "lapis models pull gemma-2-2b-it")

    (lapis_home / "models").mkdir(parents=True, exist_ok=True)
    for quantisation in ("Q4_K_M", "Q8_0"):
        shutil.copy(speaker, lapis_home / "models" / f"gemma-2-2b-it-{quantisation}.gguf")
    done = lapis("ask", "-m", "gemma-2-2b-it", "Hi")
    assert_fails(done, "Several models begin with gemma-2-2b-it", "gemma-2-2b-it-Q8_0")


def test_a_prompt_longer_than_the_context_is_explained(lapis: RunLapis, models: Models) -> None:
    done = lapis("ask", "-m", str(models.llama), "Summarise", stdin="many words here " * 3000)
    assert_fails(done, "too long", "Shorten it")


def test_a_context_larger_than_memory_is_explained(lapis: RunLapis, tmp_path: Path) -> None:
    # 16 million tokens in 128 layers: more than 250 GB of KV cache.
    deep = write_llama(tmp_path / "deep.gguf", layers=128, context_length=2**24)
    done = lapis("ask", "-m", str(deep), "--context", str(2**24), "Hi")
    assert_fails(done, "of memory, and", "With a context of")


def test_errors_print_nothing_to_stdout_with_json_either(lapis: RunLapis, tmp_path: Path) -> None:
    assert_fails(lapis("ask", "--json", "-m", str(tmp_path / "no.gguf"), "Hi"), "not exist", "")


def test_piped_data_that_is_no_text_is_explained(
    lapis_home: Path, speaker: Path, tmp_path: Path, marker: Marker
) -> None:
    done = subprocess.run(
        [*command(), "--data-dir", str(lapis_home), "ask", "-m", str(speaker), "Summarise"],
        input=b"%PDF-1.7\n\x00\x01\x02",
        capture_output=True,
        env=guarded({**os.environ, **marker.environment}, tmp_path / "attempts.txt"),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"What was piped in is not text\n")


def test_a_broken_template_is_named_and_another_answers_when_asked_for(
    lapis: RunLapis, tmp_path: Path
) -> None:
    broken = write_llama(tmp_path / "broken.gguf", template="{% if %}", answer=ANSWER, stops=True)
    model = ("--model", str(broken))
    done = lapis("ask", *model, "How?")
    assert_fails(done, "The chat template of this model failed", "")
    assert done.stderr.endswith("Add --template auto to use a built-in template instead.\n")

    for name in ("auto", "chatml"):
        done = lapis("ask", *model, "--template", name, "How?")
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{ANSWER}\n", "")
    done = lapis("chat", *model, "--template", "auto", stdin="How?\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ANSWER}\n\n", "")


def test_what_is_set_for_a_model_holds_in_the_terminal_until_something_else_is_asked_for(
    lapis: RunLapis, lapis_home: Path, tmp_path: Path
) -> None:
    broken = write_llama(tmp_path / "broken.gguf", template="{% if %}", answer=ANSWER, stops=True)
    paths = paths_under(lapis_home)
    paths.create()
    with closing(Records(paths.records)) as records:
        own = ModelDefaults(sampling=Sampling(max_tokens=3), n_ctx=768, template="auto")
        records.set_defaults(os.path.realpath(broken), own)

    asked = asked_json(lapis, "--model", str(broken), "How?")
    assert (asked["completion_tokens"], asked["finish_reason"]) == (3, "length")
    assert ANSWER.startswith(asked["text"])
    for front_end in ("ask", "chat"):
        done = lapis(front_end, "--model", str(broken), "--template", "own", stdin="How?\n")
        assert (done.returncode, done.stdout.strip()) == (1, "")
        assert "The chat template of this model failed" in done.stderr
    done = lapis("chat", "--model", str(broken), stdin="How?\n")
    assert ANSWER.startswith(done.stdout.strip())
    with closing(Records(paths.records)) as records:
        record = records.file(os.path.realpath(broken)).record
    assert record.measured_context == 768
    assert record.measured_memory > 10_000_000, "a process with llama.cpp"
    assert record.used_at > 0


def test_models_of_a_folder_of_ones_own_are_found_by_name(
    lapis: RunLapis, lapis_home: Path, speaker: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "模型"
    folder.mkdir()
    shutil.copyfile(speaker, folder / "mine.gguf")
    settings = paths_under(lapis_home).settings
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"library": {"folder": str(folder)}}))

    assert asked_json(lapis, "--model", "mine", "How?")["text"] == ANSWER


def test_a_model_that_crashes_here_is_loaded_when_it_is_wanted_anyway(
    lapis: RunLapis, lapis_home: Path, speaker: Path, tmp_path: Path
) -> None:
    model = tmp_path / "crashing.gguf"
    shutil.copy(speaker, model)
    learned = Learned(paths_under(lapis_home).learned)
    learned.remember(model, Lesson(deaths=DEATHS_IN_A_ROW))
    done = lapis("ask", "--model", str(model), "How?")
    assert_fails(done, "This model crashes here", "Try it again anyway")
    assert done.stderr.endswith("Add --anyway to load the model all the same.\n")

    done = lapis("chat", "--anyway", "--model", str(model), stdin="How?\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ANSWER}\n\n", "")
    learned.remember(model, Lesson(deaths=DEATHS_IN_A_ROW))
    for options in (("--anyway",), ()):
        done = lapis("ask", *options, "--model", str(model), "How?")
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{ANSWER}\n", "")


def test_a_question_is_needed(lapis: RunLapis) -> None:
    assert_fails(lapis("ask"), "What is the question?", "lapis ask", code=2)


def test_a_data_folder_that_cannot_be_is_explained(lapis: RunLapis, lapis_home: Path) -> None:
    lapis_home.write_text("a file where the folder should be")
    assert_fails(lapis("ask", "Hi"), "cannot be used", "--data-dir")


def test_errors_speak_the_language_of_the_computer(lapis: RunLapis, tmp_path: Path) -> None:
    chinese = Translator(Language.CHINESE, resources() / "locale")
    done = lapis("ask", environment={"LANG": "zh_CN.UTF-8"})
    assert done.stderr.splitlines()[0] == chinese.say("What is the question?")


# Stopping and dying


def test_ctrl_c_stops_the_answer_and_keeps_what_was_written(
    start: StartTalk, models: Models
) -> None:
    program = start("ask", "-m", str(models.llama), "--context", "200000", "Talk")
    wait_for(lambda: len(program.output) > 20, 30)
    os.kill(program.pid, signal.SIGINT)
    assert program.wait() == 130
    assert len(program.output) > 20
    assert program.output.endswith("\n")
    assert program.noise == ""


def test_ctrl_c_with_json_prints_what_there_is(start: StartTalk, models: Models) -> None:
    program = start("ask", "--json", "-m", str(models.llama), "--context", "200000", "Talk")
    engine = program.engine()
    wait_for(lambda: engine.cpu_times().user > 2.0, 60)
    os.kill(program.pid, signal.SIGINT)
    assert program.wait() == 130
    found = json.loads(program.output)
    assert found["finish_reason"] == "stopped"
    assert found["text"]


def test_a_second_ctrl_c_ends_at_once_even_if_the_engine_hangs(
    start: StartTalk, models: Models
) -> None:
    program = start("ask", "-m", str(models.llama), "--context", "200000", "Talk")
    wait_for(lambda: program.output, 30)
    engine = program.engine()
    engine.suspend()
    os.kill(program.pid, signal.SIGINT)
    wait_for(lambda: sigint_is_the_systems(program.pid), 5)
    os.kill(program.pid, signal.SIGINT)
    assert program.wait(2) == -signal.SIGINT
    wait_for(lambda: not engine.is_running(), 5)


def sigint_is_the_systems(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return not int(caught.split()[1], 16) & 1 << (signal.SIGINT - 1)


def test_an_engine_killed_in_mid_answer_costs_the_rest_of_that_answer(
    start: StartTalk, models: Models
) -> None:
    program = start("ask", "-m", str(models.llama), "--context", "200000", "Talk")
    wait_for(lambda: len(program.output) > 20, 30)
    program.engine().kill()
    assert program.wait() == 1
    assert len(program.output) > 20
    assert program.output.endswith("\n")
    title, hint = program.noise.splitlines()
    assert "engine was ended" in title
    assert "kept" in hint


def test_a_reader_that_goes_away_ends_it_quietly(
    lapis_home: Path, models: Models, tmp_path: Path, marker: Marker
) -> None:
    with (tmp_path / "stderr.txt").open("wb") as errors:
        process = subprocess.Popen(
            [*command(), "--data-dir", str(lapis_home), "ask", "-m", str(models.llama), "Talk"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=guarded({**os.environ, **marker.environment}, tmp_path / "attempts.txt"),
        )
    assert process.stdout is not None
    assert process.stdout.read(10)
    process.stdout.close()
    assert process.wait(20) == 0
    assert (tmp_path / "stderr.txt").read_text() == ""


# Chatting


def test_a_piped_chat_answers_each_line(lapis: RunLapis, speaker: Path) -> None:
    done = lapis("chat", "-m", str(speaker), stdin="One?\n\nTwo\\\nlines?\nQUIT\nnever asked\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{ANSWER}\n\n" * 2


def test_a_piped_chat_keeps_its_history(lapis: RunLapis, speaker: Path, tmp_path: Path) -> None:
    file = tmp_path / "chat.md"
    stdin = f"One?\nTwo\\\nlines?\n/save {file}\n/save {file}\nbye\n"
    done = lapis("chat", "-m", str(speaker), "--system", "Be brief.", stdin=stdin)
    assert done.returncode == 0
    saved = file.read_text(encoding="utf-8")
    assert "Be brief." in saved
    assert "One?" in saved
    assert "Two\nlines?" in saved
    assert saved.count(ANSWER) == 2
    assert "exists already" in done.stderr


def test_a_failed_answer_in_a_piped_chat_shows_in_the_exit_code(
    lapis: RunLapis, speaker: Path
) -> None:
    done = lapis("chat", "-m", str(speaker), stdin=f"{'too long ' * 3000}\nOne?\n")
    assert (done.returncode, done.stdout) == (1, f"\n{ANSWER}\n\n")
    assert "too long" in done.stderr


def test_without_a_display_lapis_says_so_and_chats(lapis: RunLapis) -> None:
    done = lapis(stdin="/help\nbye\n", environment={"QT_QPA_PLATFORM": ""})
    assert done.returncode == 0
    assert done.stderr == "No display found, so Lapis answers here in the terminal.\n"
    assert "/save FILE" in done.stdout


def test_without_a_display_the_window_commands_say_why_not(lapis: RunLapis) -> None:
    done = lapis("--toggle-popup", environment={"QT_QPA_PLATFORM": ""})
    assert_fails(done, "No display found", "lapis chat")


def test_quit_is_fine_when_nothing_runs(lapis: RunLapis) -> None:
    done = lapis("--quit")
    assert (done.returncode, done.stderr) == (0, "Lapis is not running.\n")


def test_a_chat_in_a_terminal(terminal: OpenTerminal, speaker: Path, models: Models) -> None:
    chat = terminal("chat", "-m", str(speaker))
    chat.expect("speaker")
    chat.expect("› ")
    chat.type("How?\n")
    assert ANSWER in chat.expect("tokens/s")
    chat.expect("› ")
    chat.type(f"/model {models.llama}\n")
    chat.expect("answers from now on")
    chat.expect("› ")
    chat.type("/model\n")
    chat.expect("guide")
    chat.expect("in use")
    chat.expect("› ")
    chat.type("/modle\n")
    chat.expect("Did you mean /model?")
    chat.expect("› ")
    chat.type("Bye\n")
    assert chat.wait() == 0
    assert "\x1b[1;94m" in chat.seen
    assert "\x1b]" not in chat.seen


def test_ctrl_c_in_a_chat_stops_the_answer_only(terminal: OpenTerminal, models: Models) -> None:
    chat = terminal("chat", "-m", str(models.llama), "--context", "200000")
    chat.expect("› ")
    chat.type("Talk\n")
    chat.expect_answer()
    chat.type("\x03")
    chat.expect("Stopped")
    chat.expect_prompt()
    chat.type("half a line\x03")
    chat.expect("Press Ctrl-C again")
    chat.expect_prompt()
    chat.type("\x03")
    assert chat.wait() == 0


def test_an_engine_killed_in_a_chat_costs_one_answer(
    terminal: OpenTerminal, models: Models
) -> None:
    chat = terminal("chat", "-m", str(models.llama), "--context", "200000")
    chat.expect("› ")
    chat.type("Talk\n")
    chat.expect_answer()
    chat.engine().kill()
    chat.expect("engine was ended")
    chat.expect("› ")
    chat.type("/new\n")
    chat.expect("› ")
    chat.type("Talk\n")
    chat.expect_answer()
    chat.type("\x03")
    chat.expect("Stopped")
    chat.expect("› ")
    chat.type("\x04")
    assert chat.wait() == 0


def test_a_terminal_shows_what_happens_before_the_answer(
    terminal: OpenTerminal, speaker: Path
) -> None:
    ask = terminal("ask", "-m", str(speaker), "How?")
    assert ask.wait() == 0
    assert "Loading speaker" in ask.seen
    assert ask.seen.rstrip().endswith(ANSWER)
    assert f"\r\x1b[K{ANSWER[:3]}" in ask.seen
