"""The first start of the real program: three steps by keyboard, a download, the key, and never again."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.models.catalogue import load_catalogue
from tests.e2e.conftest import StartLapis
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.harness.program import run_lapis
from tests.harness.screen import Screen
from tests.harness.waiting import wait_for

_LABELS = ("Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0")
_SIZE = 400_000


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """Offer every model of the catalogue: which one suits depends on the computer."""
    repositories: dict[str, HubRepository] = {}
    for model in load_catalogue().models:
        files = tuple(
            gguf_file(f"{model.name}-{label}.gguf", _SIZE, seed)
            for seed, label in enumerate({file.quantisation for file in model.files} | {*_LABELS})
        )
        for name in model.repositories[:1]:
            repositories.setdefault(name, HubRepository(name, files))
    with HubServer(repositories.values()) as hub:
        yield hub


def _settings(home: Path) -> dict[str, object]:
    found = json.loads(paths_under(home).settings.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def _write(home: Path, settings: dict[str, object]) -> None:
    path = paths_under(home).settings
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(settings), encoding="utf-8")


def _is_welcomed(home: Path) -> Callable[[], bool]:
    return lambda: paths_under(home).settings.exists() and _settings(home).get("welcomed") is True


def test_three_steps_by_keyboard_and_never_again(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, hub: HubServer, tmp_path: Path
) -> None:
    environment = {"HF_ENDPOINT": hub.endpoint}
    terms = sorted({model.licence for model in load_catalogue().models})
    _write(lapis_home, {"welcomed": False, "library": {"accepted_licences": terms}})
    lapis = start_lapis("--show", environment=environment, first_time=True)
    screen.window("This computer – Lapis", lapis.pid).focus()
    screen.key("Return")
    screen.window("A model for it – Lapis", lapis.pid)
    assert hub.log == []
    wait_for(lambda: _got(screen, hub), 60, "the source to be asked for a model")
    screen.window("Your key – Lapis", lapis.pid, 60)
    wait_for(lambda: list((lapis_home / "models").rglob("*.gguf")), 60, "the model")

    # As the desktop does when the key is pressed.
    pressed = run_lapis(
        ["--data-dir", str(lapis_home), "--toggle-popup"],
        folder=tmp_path,
        environment=screen.environment,
    )
    assert pressed.returncode == 0
    screen.window("Ask Lapis", lapis.pid)
    wait_for(lambda: screen.active_title() == "Ask Lapis", 10, "a popup with the keyboard")
    screen.key("Escape")
    wait_for(lambda: not screen.windows("Ask Lapis", lapis.pid), 10, "the popup to go")
    window = screen.window("Your key – Lapis", lapis.pid)
    window.focus()
    assert not _is_welcomed(lapis_home)()
    screen.key("Escape")
    screen.window("^Lapis$", lapis.pid)
    wait_for(_is_welcomed(lapis_home), 10, "the end to be remembered")
    screen.key("ctrl+q")
    assert lapis.wait(20) == 0

    again = start_lapis("--show", environment=environment)
    screen.window("^Lapis$", again.pid)


def _got(screen: Screen, hub: HubServer) -> bool:
    """Press Get once it is there; until then the keyboard is at Next, and one comes back.

    The page goes on by itself once the source has answered, so nobody turns pages meanwhile.
    """
    screen.key("alt+Left", "alt+Left", "alt+Right", "space")
    with suppress(AssertionError):
        wait_for(lambda: bool(hub.log), 5)
    return bool(hub.log)


def test_skipping_leads_to_the_guide_and_is_remembered(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path
) -> None:
    lapis = start_lapis("--show", first_time=True)
    screen.window("This computer – Lapis", lapis.pid).focus()
    screen.key("Escape")
    screen.window("^Lapis$", lapis.pid)

    wait_for(_is_welcomed(lapis_home), 10, "the end to be remembered")


def test_an_end_in_the_middle_is_no_skip(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path
) -> None:
    first = start_lapis("--show", first_time=True)
    screen.window("This computer – Lapis", first.pid).focus()
    screen.key("ctrl+q")
    assert first.wait(20) == 0

    second = start_lapis("--show", first_time=True)
    screen.window("This computer – Lapis", second.pid)


def test_who_comes_with_a_file_is_not_held_up(
    start_lapis: StartLapis, screen: Screen, tmp_path: Path
) -> None:
    lapis = start_lapis(str(tmp_path / "some.gguf"), first_time=True)
    screen.window("^Lapis$", lapis.pid)


def test_who_calls_the_quick_question_gets_it_alone(
    start_lapis: StartLapis, screen: Screen
) -> None:
    lapis = start_lapis("--toggle-popup", first_time=True)
    screen.window("Ask Lapis", lapis.pid)

    assert not screen.windows("This computer – Lapis", lapis.pid)


def test_settings_of_an_earlier_version_are_no_first_start(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path
) -> None:
    _write(lapis_home, {"theme": "dark"})
    lapis = start_lapis("--show", first_time=True)
    screen.window("^Lapis$", lapis.pid)

    wait_for(_is_welcomed(lapis_home), 20, "the next start to know it as well")
