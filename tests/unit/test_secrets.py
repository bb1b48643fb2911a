"""Tokens in the keyring: a real daemon, a locked one, a silent one, none at all."""

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.config.secrets import HUGGING_FACE, KeyringProblem, Secrets, UnusableSecret
from tests.harness.keyring import keyring_daemon, only_bus
from tests.harness.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a keyring daemon of Linux")

TOKEN = "hf_abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run an empty bus, and let this process see no other."""
    with only_bus(tmp_path / "bus", monkeypatch) as address:
        yield address


def _collect_connections() -> None:
    """Let what the keyring library left open be found here, and not in a later test."""
    wait_for(
        lambda: all(each.name != "keyring" for each in threading.enumerate()),
        20,
        "the end of the question",
    )
    gc.collect()


def test_what_was_put_is_there_in_the_next_run_and_gone_once_forgotten(bus: str) -> None:
    with keyring_daemon(bus):
        assert Secrets().put(HUGGING_FACE, f" {TOKEN}\n") is None
        assert Secrets().get(HUGGING_FACE) == TOKEN
        assert not Secrets().get("elsewhere.example")
        Secrets().forget(HUGGING_FACE)
        assert not Secrets().get(HUGGING_FACE)
        Secrets().forget(HUGGING_FACE)


def test_without_a_keyring_a_token_lives_until_the_end_of_the_run_and_that_is_said(
    bus: str,
) -> None:
    secrets = Secrets()

    problem = secrets.put(HUGGING_FACE, TOKEN)

    assert problem is not None
    assert "no keyring" in str(problem.title)
    assert secrets.get(HUGGING_FACE) == TOKEN
    with pytest.raises(KeyringProblem):
        Secrets().get(HUGGING_FACE)


def test_a_keyring_that_starts_later_is_found(bus: str) -> None:
    secrets = Secrets()
    assert secrets.put(HUGGING_FACE, TOKEN) is not None

    with keyring_daemon(bus):
        assert secrets.put(HUGGING_FACE, TOKEN) is None
        assert Secrets().get(HUGGING_FACE) == TOKEN


# The keyring library leaves its connection open when it finds the collection locked.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_locked_keyring_is_said_at_once(bus: str) -> None:
    import secretstorage

    with keyring_daemon(bus):
        Secrets().put(HUGGING_FACE, TOKEN)
        connection = secretstorage.dbus_init()
        secretstorage.get_default_collection(connection).lock()
        connection.close()

        with pytest.raises(KeyringProblem):
            Secrets().get(HUGGING_FACE)
    _collect_connections()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_keyring_that_never_answers_is_given_up(bus: str) -> None:
    from jeepney.bus_messages import message_bus as calls
    from jeepney.io.blocking import open_dbus_connection

    with open_dbus_connection(bus=bus) as silent:
        silent.send_and_get_reply(calls.RequestName("org.freedesktop.secrets"))
        with pytest.raises(KeyringProblem, match="does not answer"):
            Secrets(seconds=0.3).get(HUGGING_FACE)
    _collect_connections()


def test_a_keyring_that_stores_nothing_or_plain_text_is_not_used(
    bus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")

    assert Secrets().put(HUGGING_FACE, TOKEN) is not None


@pytest.mark.parametrize("secret", ["", "   ", "hf_a\nb", "hf_a b", "h\0", "密", "x" * 513])
def test_what_can_be_no_token_is_refused(secret: str) -> None:
    with pytest.raises(UnusableSecret):
        Secrets().put(HUGGING_FACE, secret)
