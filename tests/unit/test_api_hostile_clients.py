"""Strangers at the local server, over raw sockets: wrong names, origins and keys begin nothing."""

from collections.abc import Iterator

import pytest

from desktop.domain.settings import ApiSettings
from tests.harness.api_house import (
    KEY,
    ApiHouse,
    RawClient,
    api_house,
    ask,
    refused,
    request,
)

EDITOR = "vscode-webview://abc"


@pytest.fixture(name="house")
def _house() -> Iterator[ApiHouse]:
    with api_house() as house:
        yield house


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "127.0.0.1.evil.com",
        "localhost.evil",
        "localhost.",
        "",
        "localhost:1",
        "127.0.0.1:x",
        "127.0.0.1:80000000",
        "user@localhost",
        "127.1",
        "0.0.0.0",  # noqa: S104 - a name, and nobody listens there
        "[::2]",
        "192.168.0.1",
    ],
)
def test_a_name_that_is_not_ours_is_refused(house: ApiHouse, host: str) -> None:
    assert refused(house, request(host=host)).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_each_name_of_the_loopback_is_ours(house: ApiHouse, host: str) -> None:
    assert ask(house, request(host=host)).status == 200
    assert ask(house, request(host=f"{host}:{house.port}")).status == 200


def test_two_hosts_or_none_are_refused(house: ApiHouse) -> None:
    assert refused(house, request(headers=[("Host", "127.0.0.1")])).status == 400
    assert refused(house, request(host=None)).status == 400
    assert refused(house, request(host=None, version="HTTP/1.0")).status == 400


@pytest.mark.parametrize("target", ["http://evil.com/v1/chat/completions", "*"])
def test_a_target_that_is_no_path_is_refused(house: ApiHouse, target: str) -> None:
    assert refused(house, request(path=target)).status == 400


@pytest.mark.parametrize("origin", ["https://evil.com", "null", "http://127.0.0.1:1", EDITOR, ""])
def test_a_foreign_origin_is_refused(house: ApiHouse, origin: str) -> None:
    assert refused(house, request(headers=[("Origin", origin)])).status == 403
    assert refused(house, request("GET", "/v1/models", [("Origin", origin)])).status == 403
    assert refused(house, request("GET", "/", [("Origin", origin)])).status == 403


def test_a_second_origin_does_not_hide_behind_a_good_one(house: ApiHouse) -> None:
    ours = ("Origin", f"http://127.0.0.1:{house.port}")
    host = f"127.0.0.1:{house.port}"
    both = [ours, ("Origin", "https://evil.com")]
    assert ask(house, request(host=host, headers=[ours])).status == 200
    house.engine.asked.clear()
    assert refused(house, request(host=host, headers=both)).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site"])
def test_a_browser_that_says_another_site_asks_is_refused(house: ApiHouse, site: str) -> None:
    assert refused(house, request(headers=[("Sec-Fetch-Site", site)])).status == 403


def test_a_refused_origin_is_told_and_a_listed_one_let_in(house: ApiHouse) -> None:
    asking = request(headers=[("Origin", EDITOR), ("Sec-Fetch-Site", "cross-site")])
    assert refused(house, asking).status == 403
    assert house.refused == [EDITOR]
    house.access = ApiSettings(origins=(EDITOR,))
    answer = ask(house, asking)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == EDITOR
    assert answer.headers["vary"] == "Origin"


def test_a_listed_origin_still_needs_the_key(house: ApiHouse) -> None:
    house.access = ApiSettings(origins=(EDITOR,))
    assert ask(house, request(key=None, headers=[("Origin", EDITOR)])).status == 401
    assert not house.engine.asked


def test_a_preflight_is_answered_to_listed_origins_alone(house: ApiHouse) -> None:
    wishes = [
        ("Origin", EDITOR),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
        ("Access-Control-Request-Private-Network", "true"),
    ]
    asking = request("OPTIONS", headers=wishes, key=None)
    assert refused(house, asking).status == 403
    assert refused(house, request("OPTIONS", headers=wishes[1:], key=None)).status == 405
    house.access = ApiSettings(origins=(EDITOR,))
    with RawClient(house.port) as client:
        client.send(asking)
        answer = client.answer()
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == EDITOR
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert answer.headers["access-control-allow-private-network"] == "true"
    nowhere = request("OPTIONS", "/v1/nothing", wishes, key=None)
    assert ask(house, nowhere).status == 404


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer wrong")],
        [("Authorization", "Bearer")],
        [("Authorization", f"Basic {KEY}")],
        [("Authorization", KEY)],
        [("Authorization", f"Bearer {KEY}x")],
        [("Authorization", f"Bearer {KEY}"), ("Authorization", "Bearer other")],
        [("Authorization", "Bearer \xff\xfe")],
        [("Cookie", f"key={KEY}")],
    ],
)
def test_without_the_key_nothing_is_begun(house: ApiHouse, headers: list[tuple[str, str]]) -> None:
    assert refused(house, request(key=None, headers=headers)).status == 401


def test_a_key_in_the_address_is_no_key(house: ApiHouse) -> None:
    asking = request(path=f"/v1/chat/completions?key={KEY}&api_key={KEY}", key=None)
    assert refused(house, asking).status == 401
    house.wait_for_accesses(1)
    assert KEY not in str(house.accesses)


def test_where_there_is_no_key_nobody_has_it(house: ApiHouse) -> None:
    house.key = ""
    assert refused(house, request(key="")).status == 401
    assert refused(house, request(key=None)).status == 401


def test_without_keys_the_other_checks_still_count(house: ApiHouse) -> None:
    house.access = ApiSettings(keyless=True)
    assert ask(house, request(key=None)).status == 200
    house.engine.asked.clear()
    assert refused(house, request(key=None, host="evil.com")).status == 403
    assert refused(house, request(key=None, headers=[("Origin", "null")])).status == 403
    assert refused(house, request(key=None, kind="text/plain")).status == 415
