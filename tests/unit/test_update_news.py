"""The signed file of new versions: only what was signed is read, and only within bounds."""

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from desktop.config.distribution import read_distribution
from desktop.config.policy import forbids_update_check, policy_file
from desktop.domain.distribution import Distribution, Kind
from desktop.domain.updates import NewsRefused, Refusal, is_newer, is_version
from desktop.hub.update_news import MOST_BYTES, read_news
from desktop.hub.update_signature import key_id
from installers.release.sign_update import envelope, public_of
from tests.unit.updates_room import GOOD, HOST, OTHER_SECRET, PAGE, SECRET, signed

KEYS = (public_of(OTHER_SECRET), public_of(SECRET))
KEY = public_of(SECRET)


def refused(content: bytes, keys: tuple[str, ...] = KEYS) -> Refusal:
    with pytest.raises(NewsRefused) as caught:
        read_news(content, keys, HOST)
    return caught.value.refusal


def test_a_good_file_of_any_known_key_is_read() -> None:
    for secret in (SECRET, OTHER_SECRET):
        news = read_news(signed(secret), KEYS, HOST)

        assert (news.version, news.serial, news.page) == ("1.2.0", 7, PAGE)
        assert news.key == key_id(public_of(secret))
        assert news.note("zh_CN") == "更快，还能读 PDF。"
        assert news.note("fr") == news.note("en")
        assert news.files[0].size == 75_000_000


def test_another_key_and_another_signature_are_told_apart() -> None:
    stranger = signed(OTHER_SECRET)
    assert refused(stranger, (KEY,)) is Refusal.UNKNOWN_KEY
    posing = {**json.loads(stranger), "key": key_id(KEY)}
    assert refused(json.dumps(posing).encode(), (KEY,)) is Refusal.FORGED


def test_one_changed_byte_of_the_payload_or_the_signature_is_forged() -> None:
    envelope_ = json.loads(signed())
    for part in ("payload", "signature"):
        raw = bytearray(base64.b64decode(envelope_[part]))
        for place in random.Random(part).sample(range(len(raw)), 20):
            changed = bytearray(raw)
            changed[place] ^= 1
            sent = {**envelope_, part: base64.b64encode(changed).decode()}
            assert refused(json.dumps(sent).encode()) is Refusal.FORGED


def test_what_was_signed_for_something_else_is_forged() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    payload = json.dumps(GOOD).encode()
    signature = Ed25519PrivateKey.from_private_bytes(base64.b64decode(SECRET)).sign(payload)
    sent = {**json.loads(signed()), "signature": base64.b64encode(signature).decode()}
    sent["payload"] = base64.b64encode(payload).decode()
    assert refused(json.dumps(sent).encode()) is Refusal.FORGED


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": True},
        {"channel": "beta"},
        {"serial": 0},
        {"serial": -1},
        {"serial": 2**63},
        {"serial": 7.0},
        {"serial": True},
        {"serial": "7"},
        {"version": "1.2.0rc1"},
        {"version": "newest"},
        {"version": "1." + "9" * 30},
        {"version": 2},
        {"issued": "20261120"},
        {"issued": "2026-13-40"},
        {"expires": "2026-11-19"},
        {"expires": "2036-11-19"},
        {"page": "http://127.0.0.1/lapis"},
        {"page": "https://127.0.0.1.example.org/"},
        {"page": "https://example.org/lapis"},
        {"page": "https://somebody@127.0.0.1/"},
        {"page": "https://127.0.0.1:8443/"},
        {"page": "https://127.0.0.1/<script>"},
        {"page": "https://127.0.0.1/\u202e"},
        {"page": "javascript:alert(1)"},
        {"page": "https://127.0.0.1/" + "a" * 300},
        {"notes": {"en": "a" * 1001}},
        {"notes": {"en": 1}},
        {"notes": {"../en": "a"}},
        {"notes": dict.fromkeys((f"a{chr(97 + i)}" for i in range(9)), "a")},
        {"notes": ["a"]},
        {"files": [{}]},
        {"files": [{**GOOD["files"][0], "name": "../../evil"}]},
        {"files": [{**GOOD["files"][0], "size": -1}]},
        {"files": [{**GOOD["files"][0], "sha256": "A" * 64}]},
        {"files": [{**GOOD["files"][0], "kind": "Evil kind"}]},
        {"files": list(GOOD["files"]) * 65},
        {"files": "none"},
    ],
)
def test_even_what_is_signed_has_bounds(change: dict[str, Any]) -> None:
    assert refused(signed(**change)) is Refusal.DAMAGED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<!DOCTYPE html><html><title>Welcome to the hotel</title></html>",
        b'{"payload": 1, "key": "a", "signature": "b"}',
        b'{"payload": "!!!", "key": "a", "signature": "b"}',
        b'{"a": ' * 100_000,
        b"\xff\xfe{}",
        signed() + b" " * MOST_BYTES,
        signed().replace(b'"key":', b'"key": "0", "key":'),
        signed()[:-5],
        b'{"payload": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_such_file_is_damaged(content: bytes) -> None:
    assert refused(content) is Refusal.DAMAGED


def test_a_signed_payload_that_is_no_object_is_damaged() -> None:
    for payload in (b"[]", b"null", b"{", b'{"format": NaN}', b"[" * 50_000, b"\xff"):
        assert refused(envelope(payload, SECRET)) is Refusal.DAMAGED


def test_whatever_is_changed_in_a_file_it_is_read_as_it_was_or_refused() -> None:
    chance, good = random.Random(9), signed()
    as_it_was = read_news(good, KEYS, HOST)
    for _ in range(400):
        changed = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(changed))
            match chance.randrange(3):
                case 0:
                    changed[place] = chance.randrange(256)
                case 1:
                    del changed[place]
                case _:
                    changed.insert(place, chance.randrange(256))
        try:
            assert read_news(bytes(changed), KEYS, HOST) == as_it_was
        except NewsRefused:
            continue


def test_whatever_somebody_signs_every_part_stays_within_its_bounds() -> None:
    chance = random.Random(4)
    odd: list[Any] = [
        None,
        True,
        -1,
        0,
        1,
        2**70,
        1.5,
        "",
        "x",
        "\x1b[31m\u202e",
        [],
        {},
        [1],
        "a" * 2000,
    ]
    for _ in range(600):
        said: dict[str, Any] = dict(GOOD)
        for name in chance.sample(sorted(said), chance.randint(1, 3)):
            said[name] = chance.choice(odd)
        try:
            news = read_news(envelope(json.dumps(said).encode(), SECRET), KEYS, HOST)
        except NewsRefused:
            continue
        assert is_version(news.version)
        assert 0 < news.serial <= 2**53
        assert news.page == PAGE
        assert all(line.isprintable() for note in news.notes.values() for line in note.split("\n"))


def test_notes_are_plain_and_show_what_would_be_invisible() -> None:
    news = read_news(signed(notes={"en": "<b>new</b>\n\x1b[31mred \u202eback"}), KEYS, HOST)

    assert news.notes["en"] == "<b>new</b>\n\ufffd[31mred \ufffdback"


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("1.2.0", "1.1.9", True),
        ("1.10.0", "1.9.0", True),
        ("1.2.0", "1.2.0", False),
        ("1.2", "1.2.0", False),
        ("1.2.0.1", "1.2", True),
        ("1.1.0", "1.2.0", False),
        ("1.2.0", "1.2.0rc1", True),
        ("1.2.0", "1.2.0.dev3", True),
        ("1.2.0", "1.3.0.dev3", False),
        ("1.2.0", "1.2.0+local", False),
        ("evil", "1.0.0", False),
        ("2.0.0", "evil", False),
    ],
)
def test_versions_are_compared_as_numbers(version: str, than: str, newer: bool) -> None:
    assert is_newer(version, than) is newer


def test_the_checkout_asks_nobody() -> None:
    found = read_distribution()

    assert found == Distribution(Kind.SOURCE)
    assert not found.can_ask


def test_what_was_packed_is_read(tmp_path: Path) -> None:
    file = tmp_path / "distribution.json"
    address = "https://example.org/lapis/latest.json"
    said = {"kind": "tar", "update_address": address, "update_keys": [KEY, "short", 3, KEY]}
    file.write_text(json.dumps(said), encoding="utf-8")

    found = read_distribution(file)

    assert found == Distribution(Kind.TAR, address, (KEY,))
    assert found.can_ask


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"\xff", b'{"kind": "odd"}', b"{}", b'{"kind": ["deb"]}', b" " * 20_000],
)
def test_a_damaged_description_of_the_package_is_a_checkout(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "distribution.json").write_bytes(content)

    assert read_distribution(tmp_path / "distribution.json") == Distribution()
    assert read_distribution(tmp_path / "absent.json") == Distribution()


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/latest.json",
        "https://example.org/latest.json?id=1",
        "https://example.org/latest.json#a",
        "https://name@example.org/latest.json",
        "https:///latest.json",
        "https://example.org/ latest.json",
        "file:///etc/passwd",
        "",
        7,
    ],
)
def test_an_address_that_is_no_plain_https_address_is_none(address: object, tmp_path: Path) -> None:
    file = tmp_path / "distribution.json"
    said = {"kind": "tar", "update_address": address, "update_keys": [KEY]}
    file.write_text(json.dumps(said), encoding="utf-8")

    assert not read_distribution(file).can_ask


@pytest.mark.parametrize(
    ("environment", "policy", "forbidden"),
    [
        ({}, None, False),
        ({}, '{"update_check": true}', False),
        ({}, "{}", False),
        ({}, '{"update_check": false}', True),
        ({}, '{"update_check": "no"}', True),
        ({}, "not json", True),
        ({}, "[]", True),
        ({"LAPIS_NO_UPDATE_CHECK": "1"}, None, True),
        ({"LAPIS_NO_UPDATE_CHECK": "0"}, None, False),
        ({"LAPIS_NO_UPDATE_CHECK": ""}, None, False),
        ({"LAPIS_NO_UPDATE_CHECK": "0"}, '{"update_check": false}', True),
    ],
)
def test_a_policy_can_forbid_and_one_that_cannot_be_read_does(
    environment: dict[str, str], policy: str | None, forbidden: bool, tmp_path: Path
) -> None:
    file = tmp_path / "policy.json"
    if policy is not None:
        file.write_text(policy, encoding="utf-8")

    assert forbids_update_check(environment, file) is forbidden


def test_each_system_has_its_place_for_the_policy() -> None:
    assert policy_file({}, "linux") == Path("/etc/lapis/policy.json")
    assert str(policy_file({"PROGRAMDATA": r"D:\Data"}, "win32")) == r"D:\Data\Lapis\policy.json"
    assert policy_file({}, "darwin").name == "policy.json"
