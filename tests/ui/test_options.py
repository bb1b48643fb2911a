"""The words that may follow `lapis-gui`."""

from pathlib import Path

import pytest

from desktop.system.instance import COMMANDS
from desktop.ui.options import Options, parse_options


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ([], "show"),
        (["--show"], "show"),
        (["--new-chat"], "new-chat"),
        (["--toggle-popup"], "toggle-popup"),
        (["--background"], "background"),
        (["--quit"], "quit"),
        (["--model", "gemma"], "open-model"),
    ],
)
def test_each_word_is_a_command_that_the_running_instance_knows(
    words: list[str], command: str
) -> None:
    assert parse_options(words).command == command
    assert command in COMMANDS


def test_a_model_file_is_handed_over_by_its_full_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.gguf").touch()
    monkeypatch.chdir(tmp_path)

    assert parse_options(["--model", "tiny.gguf"]).model == str(tmp_path / "tiny.gguf")
    assert parse_options(["--model", "a-name"]).model == "a-name"


def test_a_file_that_is_opened_with_lapis_is_handed_over_by_its_full_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    options = parse_options(["模型.gguf"])

    assert options.command == "open-model"
    assert options.model == str(tmp_path / "模型.gguf")


def test_the_activation_token_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKTOP_STARTUP_ID", "older")
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "newer")

    assert parse_options([]) == Options(token="newer")


def test_two_things_at_once_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(["--show", "--quit"])

    assert ended.value.code == 2
    assert "not allowed" in capsys.readouterr().err
