"""The log says what Lapis did, never what was said, and never disturbs the program."""

import io
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from desktop.base.logs import Logging, describe, start_logging
from desktop.base.paths import Paths, paths_under
from desktop.base.redaction import redactor

SECRET = "my-private-words"
LOGGING = (
    "import sys; from pathlib import Path; from desktop.base.logs import start_logging; "
    "from desktop.base.paths import paths_under; start_logging(paths_under(Path(sys.argv[1])))"
)
log = logging.getLogger("desktop.test")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return paths_under(tmp_path)


@pytest.fixture
def logging_on(paths: Paths) -> Iterator[Logging]:
    level = logging.getLogger("desktop").level
    running = start_logging(paths)
    yield running
    running.close()
    logging.getLogger("desktop").setLevel(level)


def lines(paths: Paths) -> str:
    return (paths.logs / "lapis.log").read_text(encoding="utf-8")


@pytest.mark.usefixtures("logging_on")
def test_our_events_and_warnings_of_others_are_logged(paths: Paths) -> None:
    log.info("loaded in %d ms", 812)
    log.debug("too much detail")
    logging.getLogger("other").warning("a warning of a library")
    logging.getLogger("other").info("chatter of a library")

    assert "INFO desktop.test: loaded in 812 ms" in lines(paths)
    assert "a warning of a library" in lines(paths)
    assert "too much detail" not in lines(paths)
    assert "chatter" not in lines(paths)


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
@pytest.mark.usefixtures("logging_on")
def test_files_are_readable_by_this_account_only(paths: Paths) -> None:
    log.info("first")

    modes = {each.name: each.stat().st_mode & 0o777 for each in paths.logs.iterdir()}
    assert modes == {"lapis.log": 0o600, "crash.log": 0o600}
    assert paths.logs.stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("logging_on")
def test_five_files_of_a_megabyte_are_kept_all_private(paths: Paths) -> None:
    for number in range(70):
        log.info("%d %s", number, "x" * 100_000)

    files = {each.name: each.stat() for each in paths.logs.glob("lapis.log*")}
    assert set(files) == {"lapis.log", *(f"lapis.log.{number}" for number in range(1, 5))}
    assert all(each.st_size <= 1_000_000 for each in files.values())
    if sys.platform != "win32":
        assert {each.st_mode & 0o777 for each in files.values()} == {0o600}
    assert "69 xxx" in lines(paths)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no file that is open")
def test_one_lapis_puts_the_file_away_and_the_others_go_on_in_the_new_one(
    paths: Paths, logging_on: Logging
) -> None:
    others = [start_logging(paths) for _ in range(4)]
    try:
        for other in others:
            logging.getLogger().removeHandler(other.handler)
        log.info("early %s", "x" * 999_000)
        log.info("late %s", "y" * 20_000)
        for other in others:
            line = log.makeRecord(log.name, logging.INFO, "", 0, "other %s", ("z" * 2000,), None)
            other.handler.handle(line)
    finally:
        for other in reversed(others):
            other.close()

    assert {each.name for each in paths.logs.glob("lapis.log*")} == {"lapis.log", "lapis.log.1"}
    assert "late" in lines(paths)
    assert lines(paths).count("other") == 4


@pytest.mark.usefixtures("logging_on")
def test_of_an_exception_only_type_and_places_are_logged(paths: Paths) -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(SECRET) from error
    except ValueError:
        log.exception("saving failed")

    assert "builtins.ValueError" in lines(paths)
    assert "caused by builtins.KeyError" in lines(paths)
    assert "test_logs.py:" in lines(paths)
    assert SECRET not in lines(paths)


def test_another_handler_neither_gives_nor_takes_the_words(paths: Paths) -> None:
    shown = [io.StringIO(), io.StringIO()]
    first, last = (logging.StreamHandler(each) for each in shown)
    logging.getLogger().addHandler(first)
    running = start_logging(paths)
    logging.getLogger().addHandler(last)
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("failed")
    finally:
        running.close()
        logging.getLogger().removeHandler(first)
        logging.getLogger().removeHandler(last)

    assert [SECRET in each.getvalue() for each in shown] == [True, True]
    assert "builtins.ValueError" in lines(paths)
    assert SECRET not in lines(paths)


@pytest.mark.usefixtures("logging_on")
def test_secrets_are_taken_out_of_every_line(paths: Paths) -> None:
    log.info("token %s for %s", "hf_AbCdEf123", "https://hub.test/a/b?token=q1#part")
    log.info("Authorization: Bearer abc.def-ghi and sk-live_12-34")

    text = lines(paths)
    for secret in ("AbCdEf123", "q1", "part", "abc.def", "live_12"):
        assert secret not in text
    assert "https://hub.test/a/b?…" in text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/home/ann/models/a.gguf", "~/models/a.gguf"),
        ("'/home/ann'", "'~'"),
        ("/home/anna/x", "/home/anna/x"),
        ("/mnt/home/ann2", "/mnt/home/ann2"),
        ("https://user:pass@host.test/x", "https://…@host.test/x"),
        ("see https://host.test/x.", "see https://host.test/x."),
        ("BEARER  abc", "BEARER …"),
        ("risk-free and task-list", "risk-free and task-list"),
        ("half_open", "half_open"),
        (f"key lapis-{'aB3_-' * 9} of", "key lapis-… of"),
        ("lapis-assistant", "lapis-assistant"),
    ],
)
def test_redaction(text: str, clean: str) -> None:
    assert redactor(Path("/home/ann"))(text) == clean


@pytest.mark.parametrize("unit", ["x", "://", "a://", "Bearer ", "hf_", "sk-", "@", "?", " ", "/h"])
def test_redaction_takes_time_in_proportion_to_the_text(unit: str) -> None:
    redact = redactor(Path("/home/ann"))
    started = time.process_time()

    redact(unit * (200_000 // len(unit)))

    assert time.process_time() - started < 2


def test_a_home_at_the_root_hides_no_paths() -> None:
    assert redactor(Path("/"))("/var/lib/x") == "/var/lib/x"


@pytest.mark.usefixtures("logging_on")
def test_an_exception_nobody_caught_is_logged_in_any_thread(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError(SECRET)

    thread = threading.Thread(target=fail, name="worker 7")
    thread.start()
    thread.join()
    try:
        fail()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)

    assert "CRITICAL desktop.base.logs: unhandled exception in thread worker 7" in lines(paths)
    assert "unhandled exception\nbuiltins.RuntimeError" in lines(paths)
    assert "in fail" in lines(paths)
    shown = capsys.readouterr().err
    assert "builtins.RuntimeError" in shown
    assert SECRET not in lines(paths) + shown


def test_closing_gives_everything_back(paths: Paths) -> None:
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    handlers = list(logging.getLogger().handlers)

    running = start_logging(paths)
    assert sys.excepthook is not before[0]
    running.close()

    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
    assert logging.getLogger().handlers == handlers


def test_without_a_folder_to_write_to_lapis_goes_on(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    paths.logs.write_text("a file stands where the folder should be")

    running = start_logging(paths)
    log.warning("nowhere to go")
    running.close()

    assert capsys.readouterr().err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")
def test_a_full_disk_loses_lines_and_disturbs_nobody(
    paths: Paths, logging_on: Logging, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource

    log.info("first")
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        for _ in range(10):
            log.info("x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    log.info("last")

    assert capsys.readouterr().err == ""
    assert "first" in lines(paths)
    assert "last" in lines(paths)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_file_that_cannot_be_put_away_is_not_the_last_one(paths: Paths) -> None:
    running = start_logging(paths)
    handler = running.handler
    assert isinstance(handler, RotatingFileHandler)
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        before = handler.setStream(full)
        assert before is not None
        before.close()
        # Closing fails: what was written to it has found no room.
        full.write("nowhere to go")
        handler.doRollover()
        log.info("goes on")
        running.close()

    assert "goes on" in lines(paths)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full_to_the_end_disturbs_nobody_either(paths: Paths) -> None:
    running = start_logging(paths)
    assert isinstance(running.handler, logging.FileHandler)
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        before = running.handler.setStream(full)
        log.info("nowhere to go")
        running.close()

    assert full.closed
    assert before is not None
    before.close()


CRASH = """
import ctypes, sys
from pathlib import Path
from desktop.base.logs import start_logging
from desktop.base.paths import paths_under
start_logging(paths_under(Path(sys.argv[1])))
def falls_over():
    ctypes.string_at(0)
falls_over()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_crash_in_native_code_leaves_its_frames(paths: Paths, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path)], capture_output=True, timeout=60, check=False
    )

    assert done.returncode == -signal.SIGSEGV
    assert "falls_over" in (paths.logs / "crash.log").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")
def test_a_crash_leaves_no_file_of_what_was_in_memory(tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_CORE)
    if before[1] == 0:
        pytest.skip("core files are forbidden here anyway")
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        told = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
        line = ["-c", f"{LOGGING}; {told}", str(tmp_path)]
        done = subprocess.run([sys.executable, *line], capture_output=True, timeout=60, check=True)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)

    assert done.stdout.strip() == b"0"


def test_the_crash_file_does_not_grow_for_ever(paths: Paths) -> None:
    paths.logs.mkdir(parents=True)
    (paths.logs / "crash.log").write_bytes(b"x" * 1_000_001)

    start_logging(paths).close()

    assert (paths.logs / "crash.log").stat().st_size == 0


def test_a_chain_of_exceptions_that_bites_its_tail_is_described_once() -> None:
    first, second = ValueError("a"), KeyError("b")
    first.__cause__, second.__cause__ = second, first

    assert describe(first) == "builtins.ValueError\ncaused by builtins.KeyError"
