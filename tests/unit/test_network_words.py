"""The list of connections in words, and `lapis network`."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.cli import main
from desktop.domain.network_log import Contact, Entry, Purpose, Reason
from desktop.services.network_log import NetworkLog
from desktop.services.network_words import deed_words, host_lines, list_text, name_words

NOW = datetime(2026, 11, 20, 12).astimezone()


def entry(
    host: str,
    purpose: Purpose = Purpose.LOOK,
    what: str = "",
    *,
    port: int = 0,
    ago: timedelta = timedelta(),
    via: str = "",
    **counts: int,
) -> Entry:
    at = (NOW - ago).timestamp()
    contact = Contact(host, port, Reason(purpose, what), via)
    return Entry(contact, at, at, **({"times": 1} | counts))


def told(*entries: Entry) -> list[str]:
    return list_text(host_lines(entries), str, NOW.timestamp()).splitlines()


def test_each_host_has_one_line_and_the_newest_comes_first() -> None:
    hour = timedelta(hours=1)
    assert told(
        entry("huggingface.co", Purpose.SEARCH, ago=hour, times=13),
        entry("huggingface.co", Purpose.DOWNLOAD, "a.gguf", ago=2 * hour, received=2),
        entry("gpu-box.lan", Purpose.ASK, port=8000, ago=26 * hour),
        entry("127.0.0.1", Purpose.MODELS, port=11434, times=2),
        entry("::1", Purpose.MODELS, ago=60 * hour),
    ) == [
        "This computer, port 11434: 2 times, last today 12:00: asked which models it has",
        "huggingface.co: 14 times, last today 11:00: searched for models, downloaded a.gguf (2 B)",
        "gpu-box.lan:8000: once, last yesterday 10:00: asked a model",
        "This computer: once, last 2026-11-18 00:00: asked which models it has",
    ]


@pytest.mark.parametrize(
    ("purpose", "words"),
    [
        (Purpose.SEARCH, "searched for models"),
        (Purpose.LOOK, "looked at models"),
        (Purpose.NEWS, "asked for new versions"),
        (Purpose.MODELS, "asked which models it has"),
        (Purpose.ASK, "asked a model"),
        (Purpose.PULL, "had it fetch a model"),
        (Purpose.REMOVE, "had it delete a model"),
        (Purpose.OTHER, "something else"),
    ],
)
def test_every_purpose_has_words(purpose: Purpose, words: str) -> None:
    (line,) = host_lines([entry("a.example", purpose)])
    assert deed_words(line, str) == words


def test_many_files_are_counted_and_hubs_that_only_point_are_told() -> None:
    files = [
        entry("cdn.example", Purpose.DOWNLOAD, f"{n}.gguf", ago=timedelta(hours=n), received=9_000)
        for n in range(6)
    ]
    (line,) = host_lines([*files, entry("cdn.example", Purpose.LOOK, ago=timedelta(days=1))])
    assert deed_words(line, str) == (
        "downloaded 0.gguf (9 kB), downloaded 1.gguf (9 kB), downloaded 2.gguf (9 kB),"
        " downloaded 3 more files, looked at models"
    )
    (hub,) = host_lines([entry("hub.example", Purpose.DOWNLOAD, "0.gguf")])
    assert deed_words(hub, str) == "asked where 0.gguf is"
    (month,) = host_lines([entry("cdn.example", Purpose.DOWNLOAD, received=5_000_000_000)])
    assert deed_words(month, str) == "downloaded files (5.0 GB)"


def test_what_was_held_back_or_not_answered_is_told() -> None:
    assert told(
        entry("a.example", Purpose.SEARCH, times=0, refused=3),
        entry("b.example", ago=timedelta(hours=1), times=2, failed=1, via="p"),
    ) == [
        "a.example: never reached, last today 12:00: held back 3 times",
        "b.example: 2 times, last today 11:00: looked at models, no answer once, through the proxy p",
    ]


def test_an_ipv6_address_with_a_port_can_be_read() -> None:
    (line,) = host_lines([entry("2001:db8::7", port=8000)])
    assert str(name_words(line)) == "[2001:db8::7]:8000"


def test_a_clock_that_was_wrong_breaks_nothing() -> None:
    odd = replace(entry("a.example"), first=-1e18, last=1e18)
    assert told(odd) == ["a.example: once, last today: looked at models"]


def test_the_command_lists_hosts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data-dir", str(tmp_path), "network"]) == 0
    assert capsys.readouterr().out == "Lapis has opened no connection since this list began.\n"

    log = NetworkLog(paths_under(tmp_path).network_log)
    log.restore([entry("huggingface.co", Purpose.DOWNLOAD, "a.gguf", received=1_700_000_000)])
    assert main(["--data-dir", str(tmp_path), "network"]) == 0
    out = capsys.readouterr().out
    assert "huggingface.co" in out
    assert "downloaded a.gguf (1.7 GB)" in out

    assert main(["--data-dir", str(tmp_path), "network", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["offline"] is False
    (host,) = said["hosts"]
    assert (host["host"], host["port"], host["this_computer"]) == ("huggingface.co", None, False)
    assert host["purposes"][0]["file"] == "a.gguf"
    assert host["received_bytes"] == 1_700_000_000


def test_the_command_says_that_lapis_stays_offline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = paths_under(tmp_path)
    paths.create()
    paths.settings.write_text('{"connections": {"offline": true}}', encoding="utf-8")

    assert main(["--data-dir", str(tmp_path), "network"]) == 0
    assert "Stay offline is on" in capsys.readouterr().err


def test_the_command_says_that_the_settings_are_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = paths_under(tmp_path)
    paths.create()
    paths.settings.write_text("no settings", encoding="utf-8")

    assert main(["--data-dir", str(tmp_path), "network"]) == 0
    told = capsys.readouterr().err
    assert "settings" in told
    assert "Stay offline is on" in told
