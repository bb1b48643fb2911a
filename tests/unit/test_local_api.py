"""The local server as the window has it: on and off, its key, its list of accesses, its origins."""

import gc
import http.client
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.api.app import make_app
from desktop.api.server import start_app
from desktop.api.sockets import listen
from desktop.config.secrets import Secrets
from desktop.domain.api import ServerPhase, ServerState
from desktop.domain.errors import PortTaken
from desktop.domain.settings import MOST_ORIGINS, ApiSettings, Settings
from desktop.services.local_api import KEY_NAME, Listening, LocalApi, RunningServer
from tests.harness.api_house import ApiHouse, RawClient, request
from tests.harness.keyring import keyring_daemon, only_bus
from tests.harness.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a keyring daemon of Linux")


class Kept:
    """Settings that are changed, and the API that follows them; ports are free ones."""

    def __init__(self) -> None:
        self.settings = Settings(api=ApiSettings(enabled=True, port=_free_port()))
        self.made = 0
        self.api = LocalApi(lambda: self.settings, self.change, Secrets(), self._make)
        self.states: list[ServerState] = []
        self.api.watch(self.states.append)

    def change(self, made: Callable[[Settings], Settings]) -> None:
        self.settings = made(self.settings)

    def set(self, **values: object) -> None:
        api = replace(self.settings.api, **values)  # type: ignore[arg-type]
        self.settings = replace(self.settings, api=api)
        self.api.follow(self.settings)

    def _make(self, listening: Listening) -> RunningServer:
        self.made += 1
        return start_app(make_app(ApiHouse().door()), listening)

    def get(self, key: str, **headers: str) -> int:
        """Return the status of a question for the models."""
        host, port = self.api.state.host, self.api.state.port
        connection = http.client.HTTPConnection(host, port, timeout=20)
        try:
            every = {"Authorization": f"Bearer {key}", **headers}
            connection.request("GET", "/v1/models", headers=every)
            return connection.getresponse().status
        finally:
            connection.close()


def _free_port() -> int:
    sockets = listen("127.0.0.1", 0)
    port: int = sockets[0].getsockname()[1]
    for each in sockets:
        each.close()
    return port


@pytest.fixture(name="bus")
def _bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with only_bus(tmp_path / "bus", monkeypatch) as address:
        yield address
        wait_for(lambda: all(each.name != "keyring" for each in threading.enumerate()), 20)
        gc.collect()


@pytest.fixture(name="kept")
def _kept(bus: str) -> Iterator[Kept]:
    with keyring_daemon(bus):
        kept = Kept()
        yield kept
        kept.api.close()


def test_making_it_starts_nothing_and_asks_no_keyring() -> None:
    kept = Kept()
    assert kept.api.state == ServerState()
    assert not kept.made
    assert not [each for each in threading.enumerate() if each.name in {"keyring", "api"}]


def test_it_follows_the_settings(kept: Kept) -> None:
    kept.api.follow(kept.settings)
    state = kept.api.state
    assert (state.phase, state.port) == (ServerPhase.RUNNING, kept.settings.api.port)
    assert kept.get(kept.api.key()) == 200
    kept.api.follow(kept.settings)
    assert kept.made == 1
    kept.set(port=_free_port())
    assert kept.made == 2
    assert kept.get(kept.api.key()) == 200
    kept.set(enabled=False)
    assert kept.api.state.phase is ServerPhase.OFF
    with pytest.raises(ConnectionError):
        RawClient(kept.settings.api.port)
    phases = [state.phase for state in kept.states]
    assert ServerPhase.STARTING in phases


def test_a_key_of_256_bits_is_made_once_and_kept(kept: Kept) -> None:
    key = kept.api.key()
    assert key.startswith("lapis-")
    assert len(key) >= len("lapis-") + 43
    assert kept.api.key() == key
    assert Kept().api.key() == key
    assert kept.api.state.key_problem is None
    assert Secrets().get(KEY_NAME) == key
    assert key not in repr(kept.api.state)


def test_a_renewed_key_counts_at_once_and_the_old_one_no_more(kept: Kept) -> None:
    kept.api.follow(kept.settings)
    before = kept.api.key()
    after = kept.api.renew_key()
    assert after != before
    assert kept.get(before) == 401
    assert kept.get(after) == 200
    assert Kept().api.key() == after


def test_without_a_keyring_the_key_lasts_for_this_run_and_that_is_said(bus: str) -> None:
    kept = Kept()
    key = kept.api.key()
    assert kept.api.state.key_problem is not None
    assert kept.api.key() == key
    kept.api.follow(kept.settings)
    assert kept.get(key) == 200
    kept.api.close()


def test_what_clients_did_is_listed_and_forgotten(kept: Kept) -> None:
    kept.api.follow(kept.settings)
    assert kept.get("wrong", **{"User-Agent": "Editor/1.0 \x7f" + "x" * 200}) == 401
    wait_for(lambda: kept.api.accesses)
    (access,) = kept.api.accesses
    assert (access.method, access.route, access.status) == ("GET", "/v1/models", 401)
    assert access.client == "127.0.0.1"
    assert access.agent.startswith("Editor/1.0 ")
    assert len(access.agent) == 80
    assert access.agent.isprintable()
    kept.api.clear_accesses()
    assert not kept.api.accesses
    wait_for(lambda: kept.api.state.requests == 0)


def test_a_refused_origin_can_be_let_in(kept: Kept) -> None:
    kept.api.follow(kept.settings)
    origin = "vscode-webview://abc"
    key = kept.api.key()
    assert kept.get(key, Origin=origin) == 403
    assert kept.get(key, Origin=origin) == 403
    assert kept.get(key, Origin="null") == 403
    wait_for(lambda: kept.api.refused_origins)
    assert kept.api.refused_origins == (origin,)
    kept.api.allow_origin(origin)
    assert kept.settings.api.origins == (origin,)
    assert not kept.api.refused_origins
    assert kept.get(key, Origin=origin) == 200
    for number in range(MOST_ORIGINS):
        kept.api.allow_origin(f"app://{number}")
    assert len(kept.settings.api.origins) == MOST_ORIGINS
    assert kept.get(key, Origin=origin) == 403


def test_a_taken_port_is_told_with_a_free_one(kept: Kept) -> None:
    taken = listen("127.0.0.1", 0)
    port: int = taken[0].getsockname()[1]
    try:
        kept.set(port=port)
        state = kept.api.state
        assert state.phase is ServerPhase.FAILED
        assert isinstance(state.error, PortTaken)
        assert state.free_port not in {0, port}
    finally:
        for each in taken:
            each.close()
    kept.set(port=state.free_port)
    assert kept.api.state.phase is ServerPhase.RUNNING
    assert kept.api.state.error is None


def test_after_its_end_nothing_starts_it_again(kept: Kept) -> None:
    kept.api.follow(kept.settings)
    kept.api.close()
    kept.api.close()
    kept.api.follow(kept.settings)
    assert kept.api.state.phase is ServerPhase.OFF
    assert kept.made == 1


def test_requests_under_way_are_counted(kept: Kept) -> None:
    kept.api.follow(kept.settings)
    with RawClient(kept.api.state.port) as client:
        client.send(request(key=kept.api.key())[:-5])
        wait_for(lambda: kept.api.state.requests == 1)
    wait_for(lambda: kept.api.state.requests == 0)
