"""Asking for new versions over real TLS: when, what is sent, what is believed, what is said."""

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop.domain.distribution import Kind
from desktop.domain.errors import (
    NetworkError,
    NotTrusted,
    OddAnswer,
    Offline,
    ServerFault,
    StorageError,
    Unreachable,
)
from desktop.domain.settings import ConnectionSettings, UpdateSettings
from desktop.domain.updates import NewsRefused, Refusal
from desktop.services.update_state import MOST_TRIES, UpdateState, read_state, write_state
from desktop.services.update_words import standing_words
from desktop.services.updates import CannotAsk
from installers.release.sign_update import public_of
from tests.harness.http_listener import Answer
from tests.harness.hub.certificates import Authority, new_authority, new_certificate
from tests.harness.hub.faults import web_page
from tests.harness.hub.proxy import RecordingProxy
from tests.harness.update_server import PATH, NewsServer
from tests.harness.waiting import wait_for
from tests.unit.updates_room import (
    DAY,
    HOST,
    NOON,
    OTHER_SECRET,
    PAGE,
    SECRET,
    WEEK,
    Room,
    signed,
)

FAR = "updates.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_certificate(tmp_path_factory.mktemp("server"), [HOST], authority)


@pytest.fixture
def server(certificate: Path) -> Iterator[NewsServer]:
    with NewsServer(certificate) as one:
        one.content = signed()
        yield one


@pytest.fixture
def room(server: NewsServer, authority: Authority, tmp_path: Path) -> Room:
    return Room(server, tmp_path / "data", str(authority.file))


def _changed(content: bytes, part: str) -> bytes:
    """Return the file with one bit of `part` turned."""
    said = json.loads(content)
    raw = bytearray(base64.b64decode(said[part]))
    raw[len(raw) // 2] ^= 1
    return json.dumps({**said, part: base64.b64encode(raw).decode()}).encode()


def refusal_of(room: Room) -> Refusal:
    with pytest.raises(NewsRefused) as caught:
        room.updates().ask()
    return caught.value.refusal


def test_a_newer_version_is_told_and_still_known_after_a_restart(room: Room) -> None:
    standing = room.updates().ask()

    assert standing.is_to_be_told
    assert standing.news is not None
    assert (standing.news.version, standing.news.page) == ("1.2.0", PAGE)
    assert room.updates().look() == standing
    assert str(standing_words(standing, "1.1.0")) == "Lapis 1.2.0 is available; this is 1.1.0."
    assert len(room.server.log) == 1


def test_the_request_says_nothing_about_who_asks(room: Room) -> None:
    room.updates().ask()
    (request,) = room.server.log

    assert (request.method, request.path) == ("GET", PATH)
    assert set(request.headers) == {
        *("host", "accept", "accept-encoding", "connection", "user-agent"),
    }
    assert request.headers["user-agent"] == "Lapis"


def test_the_same_version_and_an_older_one_are_no_news(room: Room) -> None:
    for version in ("1.2.0", "1.3.0", "2.0.0.dev1"):
        room.version = version
        standing = room.updates().ask()

        assert not standing.is_newer
        assert str(standing_words(standing, version)) == f"This is the newest version, {version}."


def test_what_did_not_change_is_not_sent_again(room: Room) -> None:
    first = room.updates().ask()
    second = room.updates().ask()

    digest = hashlib.sha256(room.server.content).hexdigest()
    asked = [request.headers.get("if-none-match") for request in room.server.log]
    assert asked == [None, f'"{digest}"']
    assert second.news == first.news
    room.server.content = signed(serial=8, version="1.3.0")
    third = room.updates().ask()
    assert third.news is not None
    assert third.news.version == "1.3.0"


def test_an_etag_that_could_be_a_name_for_this_computer_is_not_sent_back(room: Room) -> None:
    room.server.etag = '"you-are-number-4711"'
    room.updates().ask()
    room.updates().ask()

    assert all("if-none-match" not in request.headers for request in room.server.log)


def test_an_answer_that_nothing_changed_is_no_answer_to_who_has_nothing(room: Room) -> None:
    room.server.instead = Answer(304)

    with pytest.raises(NetworkError):
        room.updates().ask()
    assert room.updates().look().news is None


def test_what_another_key_signed_is_ignored(room: Room) -> None:
    room.server.content = signed(OTHER_SECRET)

    assert refusal_of(room) is Refusal.UNKNOWN_KEY
    assert room.updates().look().news is None


def test_a_forged_file_leaves_what_was_known(room: Room) -> None:
    known = room.updates().ask().news
    room.server.content = _changed(signed(serial=8), "signature")

    assert refusal_of(room) is Refusal.FORGED
    standing = room.updates().look()
    assert standing.news == known
    assert "not what the makers of Lapis signed" in str(standing.remark)


def test_a_changed_payload_is_forged(room: Room) -> None:
    room.server.content = _changed(signed(), "payload")

    assert refusal_of(room) is Refusal.FORGED
    assert room.updates().look().news is None


def test_keys_can_be_changed_and_an_old_one_taken_out(room: Room) -> None:
    room.keys = (public_of(SECRET), public_of(OTHER_SECRET))
    room.server.content = signed(OTHER_SECRET, serial=2**50, issued="2026-11-21")
    assert room.updates().ask().is_newer

    room.keys = (public_of(SECRET),)
    assert room.updates().look().news is None
    room.server.content = signed(serial=9)
    standing = room.updates().ask()
    assert standing.news is not None
    assert standing.news.serial == 9


def test_an_old_file_that_comes_again_is_a_replay(room: Room) -> None:
    old = room.server.content
    room.server.content = signed(serial=8, version="1.3.0")
    room.updates().ask()
    room.server.content = old

    assert refusal_of(room) is Refusal.REPLAYED
    standing = room.updates().look()
    assert standing.news is not None
    assert standing.news.version == "1.3.0"
    assert "older than what was known" in str(standing.remark)


def test_a_file_whose_time_is_over_is_not_believed(room: Room) -> None:
    room.server.content = signed(issued="2026-01-01", expires="2026-11-21")

    assert refusal_of(room) is Refusal.EXPIRED
    room.server.content = signed(serial=8, expires="2026-11-22")
    assert room.updates().ask().is_newer
    room.now += 2 * DAY
    standing = room.updates().look()
    assert standing.news is None
    assert str(standing.remark) == "The news of new versions is out of date"


def test_a_clock_set_back_makes_no_old_file_fresh(room: Room) -> None:
    room.server.content = signed(serial=8, issued="2026-11-20")
    room.updates().ask()
    room.now = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
    room.server.content = signed(serial=9, issued="2026-10-01", expires="2026-11-10")

    assert refusal_of(room) is Refusal.EXPIRED


def test_a_clock_that_is_behind_is_said_and_the_news_told(room: Room) -> None:
    room.now = datetime(2026, 11, 3, tzinfo=UTC).timestamp()
    standing = room.updates().ask()

    assert standing.is_newer
    assert "date of this computer" in str(standing.remark)


def test_a_login_page_of_a_network_is_not_read(room: Room) -> None:
    room.server.instead = web_page()

    assert refusal_of(room) is Refusal.DAMAGED


def test_a_huge_answer_is_given_up(room: Room) -> None:
    room.server.endless = True

    with pytest.raises(OddAnswer):
        room.updates().ask()


def test_an_answer_that_drips_is_given_up(room: Room) -> None:
    room.server.drip, room.seconds = True, 0.6

    with pytest.raises(Unreachable):
        room.updates().ask()


def test_a_question_under_way_can_be_stopped(room: Room) -> None:
    room.server.drip, room.seconds = True, 60.0
    stop, failures = threading.Event(), list[BaseException]()

    def ask() -> None:
        try:
            room.updates().ask(stop)
        except NetworkError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: room.server.log, 10, "the request")
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert len(failures) == 1


def test_a_redirect_to_another_host_over_https_is_followed(room: Room, certificate: Path) -> None:
    with NewsServer(certificate) as other:
        other.content = signed()
        room.server.instead = Answer(302, headers={"Location": other.address})

        assert room.updates().ask().is_newer
        assert len(other.log) == 1


def test_a_redirect_to_plain_http_is_not_believed(room: Room) -> None:
    with NewsServer() as plain:
        plain.content = signed()
        room.server.instead = Answer(302, headers={"Location": plain.address})

        with pytest.raises(OddAnswer, match="unsafe"):
            room.updates().ask()


def test_redirects_have_an_end(room: Room) -> None:
    room.server.instead = Answer(302, headers={"Location": room.server.address})

    with pytest.raises(OddAnswer):
        room.updates().ask()
    assert len(room.server.log) == 6


def test_a_certificate_of_somebody_unknown_is_not_trusted(room: Room) -> None:
    room.settings = replace(room.settings, library=replace(room.settings.library, certificates=""))

    with pytest.raises(NotTrusted) as caught:
        room.updates().ask()
    assert "date of this computer" in str(caught.value.hint)
    assert room.server.log == []


def test_a_server_with_trouble_is_said_in_words_that_fit(room: Room) -> None:
    room.server.instead = Answer(503, b"busy")

    with pytest.raises(ServerFault) as caught:
        room.updates().ask()
    assert "source" not in str(caught.value.hint)
    assert str(room.updates().look().remark) == "The last question was not answered."


def test_the_proxy_of_the_settings_is_used_and_the_page_is_on_the_host_that_was_asked(
    authority: Authority, tmp_path: Path
) -> None:
    certificate = new_certificate(tmp_path, [FAR], authority)
    with NewsServer(certificate) as server, RecordingProxy({f"{FAR}:443": server.port}) as proxy:
        room = Room(server, tmp_path / "data", str(authority.file), address=f"https://{FAR}{PATH}")
        library = replace(room.settings.library, proxy=proxy.address)
        room.settings = replace(room.settings, library=library)
        server.content = signed()
        assert refusal_of(room) is Refusal.DAMAGED
        server.content = signed(page=f"https://{FAR}/lapis")

        assert room.updates().ask().is_newer
        assert proxy.log == [f"CONNECT {FAR}:443"] * 2


@pytest.mark.parametrize("kind", [Kind.DEB, Kind.RPM, Kind.FLATPAK])
def test_where_a_package_manager_brings_new_versions_nobody_is_asked(
    room: Room, kind: Kind
) -> None:
    room.kind = kind
    updates = room.updates()

    assert not updates.asks_by_itself()
    assert updates.hindrance is not None
    with pytest.raises(CannotAsk):
        updates.ask()
    assert updates.ask_if_due().news is None
    assert room.server.connections == 0


def test_without_keys_or_by_a_policy_nobody_is_asked(room: Room) -> None:
    room.keys = ()
    with pytest.raises(CannotAsk, match="asked"):
        room.updates().ask()
    room.keys, room.forbidden = (public_of(SECRET),), True
    with pytest.raises(CannotAsk):
        room.updates().ask()
    assert room.updates().ask_if_due().asked_at == 0
    assert room.server.connections == 0


def test_offline_nobody_is_asked(room: Room) -> None:
    room.address = f"https://{FAR}{PATH}"
    room.settings = replace(room.settings, connections=ConnectionSettings(offline=True))

    assert not room.updates().asks_by_itself()
    room.updates().ask_if_due()
    with pytest.raises(Offline):
        room.updates().ask()
    assert room.updates().look().asked_at == 0


def test_with_the_switch_off_only_a_person_can_ask(room: Room) -> None:
    room.settings = replace(room.settings, updates=UpdateSettings())
    room.updates().ask_if_due()
    assert room.server.connections == 0

    assert room.updates().ask().is_newer


def test_nobody_is_asked_twice_in_a_week(room: Room) -> None:
    for _ in range(3):
        room.updates().ask_if_due()
    room.now += WEEK - 60
    room.updates().ask_if_due()
    assert len(room.server.log) == 1

    room.now += 120
    assert room.updates().ask_if_due().is_newer
    assert len(room.server.log) == 2


def test_a_failure_counts_as_asking(room: Room) -> None:
    room.server.instead = Answer(500)
    with pytest.raises(ServerFault):
        room.updates().ask_if_due()
    room.updates().ask_if_due()

    assert len(room.server.log) == 1


def test_without_a_network_the_question_waits_for_one(room: Room) -> None:
    room.has_network = False
    room.updates().ask_if_due()
    assert room.server.connections == 0

    room.has_network = True
    room.updates().ask_if_due()
    assert len(room.server.log) == 1


def test_a_clock_that_jumps_asks_once_at_each_of_its_times(room: Room) -> None:
    room.updates().ask_if_due()
    wrong = datetime(2038, 1, 1, tzinfo=UTC).timestamp()
    for moment in (wrong, NOON + DAY, wrong + DAY, NOON + 2 * DAY):
        room.now = moment
        try:
            room.updates().ask_if_due()
        except NewsRefused:
            continue
    assert len(room.server.log) == 2

    room.now = NOON + WEEK + 60
    room.updates().ask_if_due()
    assert len(room.server.log) == 3


def test_a_clock_set_back_by_a_little_is_no_new_week(room: Room) -> None:
    room.updates().ask_if_due()
    room.now -= DAY
    room.updates().ask_if_due()

    assert len(room.server.log) == 1


def test_a_clock_without_a_battery_is_waited_out(room: Room) -> None:
    for _ in range(3):
        room.now = 3600.0
        room.updates().ask_if_due()
        room.now = NOON
        room.updates().ask_if_due()

    assert len(room.server.log) == 1


def test_where_nothing_can_be_written_down_nobody_is_asked(room: Room) -> None:
    room.folder.write_text("in the way", encoding="utf-8")

    for _ in range(2):
        with pytest.raises(StorageError):
            room.updates().ask_if_due()
    assert room.server.connections == 0


def test_what_is_put_off_comes_back_and_what_is_skipped_does_not(room: Room) -> None:
    assert room.updates().ask().is_to_be_told
    room.updates().put_off("1.2.0")
    assert not room.updates().look().is_to_be_told
    room.now += WEEK + 1
    assert room.updates().look().is_to_be_told

    room.settings = replace(room.settings, updates=UpdateSettings(check=True, skipped="1.2.0"))
    assert not room.updates().look().is_to_be_told
    room.server.content = signed(serial=8, version="1.3.0")
    assert room.updates().ask().is_to_be_told


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"version": 1}', b"\xff", b"9" * 10_000])
def test_a_damaged_memory_is_an_empty_one(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "updates.json").write_bytes(content)

    assert read_state(tmp_path / "updates.json") == UpdateState()


def test_what_was_changed_in_the_memory_is_not_believed(room: Room) -> None:
    room.updates().ask()
    state = read_state(room.file)
    write_state(room.file, replace(state, content=signed(OTHER_SECRET, version="9.9.9")))

    assert room.updates().look().news is None


def test_the_memory_stays_small_and_whole(tmp_path: Path) -> None:
    state = UpdateState()
    for number in range(40):
        state = state.tried(NOON + number)
    state = state.saw("a" * 16, 7, datetime(2026, 11, 22, tzinfo=UTC).date())
    state = replace(state, content=signed(), etag='"a"', put_off="1.2.0", put_off_at=NOON)
    write_state(tmp_path / "updates.json", state)

    assert len(state.tries) == MOST_TRIES
    assert read_state(tmp_path / "updates.json") == state


def test_a_server_that_is_not_there_is_said_in_words(room: Room) -> None:
    with socket.create_server((HOST, 0)) as closed:
        port = closed.getsockname()[1]
    room.address = f"https://{HOST}:{port}/latest.json"

    with pytest.raises(Unreachable):
        room.updates().ask()
