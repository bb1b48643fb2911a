"""Searching and listing over real sockets: what is found, remembered, refused, and said."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.errors import (
    BadReference,
    GatedModel,
    LapisError,
    OddAnswer,
    RemoteFileNotFound,
    RepositoryNotFound,
    ServerFault,
    TooManyRequests,
    Unreachable,
)
from desktop.domain.repository import Gate, Reference, Source, SourceKind
from desktop.domain.settings import LibrarySettings
from desktop.hub import answers as answers_module
from desktop.services.sources import Sources
from tests.harness.http_listener import Answer
from tests.harness.hub.certificates import new_authority, new_certificate
from tests.harness.hub.faults import rate_limited, web_page
from tests.harness.hub.proxy import RecordingProxy
from tests.harness.hub.repositories import HubFile, HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.harness.waiting import wait_for

NAME = "owner/name-GGUF"
REFERENCE = Reference(NAME)
MS = SourceKind.MODELSCOPE
REPOSITORY = HubRepository(
    NAME,
    (
        HubFile("README.md", 200, lfs=False),
        gguf_file("name-Q4_K_M.gguf", 30_000),
        gguf_file("Q8_0/name-Q8_0-00001-of-00002.gguf", 20_000, seed=1),
        gguf_file("Q8_0/name-Q8_0-00002-of-00002.gguf", 25_000, seed=2),
        gguf_file("mmproj-F16.gguf", 10_000, seed=3),
    ),
    downloads=7,
)

OpenSources = Callable[..., Sources]


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([REPOSITORY]) as server:
        yield server


@pytest.fixture
def open_sources(hub: HubServer, tmp_path: Path) -> Iterator[OpenSources]:
    """Return a function that makes sources asking `hub`; they are closed at the end."""
    opened: list[Sources] = []

    def make(token: str = "", **settings: object) -> Sources:
        variables = {"HF_ENDPOINT": hub.endpoint, "MODELSCOPE_ENDPOINT": hub.modelscope}
        made = replace(LibrarySettings(mirror=hub.endpoint), **settings)  # type: ignore[arg-type]
        opened.append(Sources(lambda: made, lambda: token, tmp_path / "cache", variables))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def sources(open_sources: OpenSources) -> Sources:
    return open_sources()


@pytest.mark.parametrize("kind", [None, SourceKind.MIRROR, MS])
def test_a_search_tells_what_the_source_knows(
    sources: Sources, hub: HubServer, kind: SourceKind | None
) -> None:
    hub.replace(HubRepository("other/thing", (), downloads=99, gate="auto"))

    (hit,) = sources.search("  name   GGUF ", kind).hits

    assert (hit.name, hit.downloads, hit.likes, hit.gate) == (NAME, 7, 10, Gate.OPEN)
    assert (hit.parameters, hit.updated[:10]) == (1_000_000_000, "2026-10-01")
    assert (hit.architecture, hit.context_length) == (("", 0) if kind is MS else ("llama", 8192))
    first = sources.search("", kind).hits[0]
    assert (first.name, first.gate is Gate.OPEN) == ("other/thing", False)


@pytest.mark.parametrize("kind", [None, MS])
def test_a_search_goes_on_where_it_ended(
    sources: Sources, hub: HubServer, kind: SourceKind | None
) -> None:
    for number in range(4):
        hub.replace(HubRepository(f"many/m{number}", (), downloads=100 - number))
    # As mirrors do.
    hub.faults.link_base = "https://huggingface.co"
    names: list[str] = []
    cursor = ""
    for _ in range(3):
        found = sources.search("", kind, limit=2, cursor=cursor)
        names += [hit.name for hit in found.hits]
        cursor = found.cursor

    assert names == ["many/m0", "many/m1", "many/m2", "many/m3", NAME]
    assert (found.has_more, found.cursor) == (False, "")


@pytest.mark.parametrize("kind", [None, MS])
def test_a_repository_lists_its_models_with_sizes_and_hashes(
    sources: Sources, hub: HubServer, kind: SourceKind | None
) -> None:
    found = sources.repository(REFERENCE, kind)

    assert [(model.quantisation, model.size) for model in found.models] == [
        ("Q4_K_M", 30_000),
        ("Q8_0", 45_000),
    ]
    small, large = found.models
    assert [file.sha256 for file in (*small.files, *large.files)] == [
        file.sha256 for file in REPOSITORY.files[1:4]
    ]
    assert [file.path for file in found.projectors] == ["mmproj-F16.gguf"]
    assert (found.name, found.commit, found.licence) == (NAME, REPOSITORY.commit, "apache-2.0")
    assert (found.gate, found.refused, found.remembered) == (Gate.OPEN, None, "")
    assert found.page.endswith(f"/{NAME}")


def test_files_are_listed_and_fetched_at_the_same_commit(sources: Sources, hub: HubServer) -> None:
    found = sources.repository(REFERENCE)

    trees = [request.path for request in hub.log if "/tree/" in request.path]
    assert trees == [f"/api/models/{NAME}/tree/{REPOSITORY.commit}"]
    assert f"/resolve/{REPOSITORY.commit}/" in found.models[0].files[0].url


def test_a_long_listing_is_read_page_by_page_from_the_source_itself(
    sources: Sources, hub: HubServer
) -> None:
    # A mirror hands out links to the hub; followed there, this test would leave the computer.
    hub.faults.rows_a_page = 1
    hub.faults.link_base = "https://huggingface.co"

    found = sources.repository(REFERENCE)

    assert len(found.models) == 2
    assert len([request for request in hub.log if "/tree/" in request.path]) == 5


def test_a_listing_without_end_ends(sources: Sources, hub: HubServer) -> None:
    many = tuple(HubFile(f"{number}.bin", 1, sha256="0" * 64) for number in range(50))
    hub.replace(replace(REPOSITORY, files=many))
    hub.faults.rows_a_page = 1

    with pytest.raises(RemoteFileNotFound):
        sources.repository(REFERENCE)

    assert len([request for request in hub.log if "/tree/" in request.path]) == 20


def test_a_renamed_repository_has_its_new_name(sources: Sources, hub: HubServer) -> None:
    hub.faults.renamed = {"old/name": NAME}

    assert sources.repository(Reference("old/name")).name == NAME


@pytest.mark.parametrize(
    ("revision", "kind"), [("0123456789abcdef0123456789abcdef01234567", None), ("master", MS)]
)
def test_a_version_can_be_asked_for(
    sources: Sources, revision: str, kind: SourceKind | None
) -> None:
    assert sources.repository(Reference(NAME, revision=revision), kind).models
    with pytest.raises((RemoteFileNotFound, RepositoryNotFound)):
        sources.repository(Reference(NAME, revision="v9"), kind)


@pytest.mark.parametrize("kind", [None, MS])
@pytest.mark.parametrize("name", ["nobody/nothing", "owner/private"])
def test_what_is_missing_or_private_is_told_without_a_401(
    sources: Sources, hub: HubServer, name: str, kind: SourceKind | None
) -> None:
    hub.replace(replace(REPOSITORY, name="owner/private", private=True))

    with pytest.raises(RepositoryNotFound, match=name) as told:
        sources.repository(Reference(name), kind)

    assert "private" in str(told.value.hint)


def test_a_repository_without_gguf_files_names_copies_that_have_them(
    sources: Sources, hub: HubServer
) -> None:
    hub.replace(HubRepository("maker/tiny", (HubFile("model.safetensors", 9),), tags=()))
    hub.replace(HubRepository("somebody/tiny-GGUF", ()))

    with pytest.raises(RemoteFileNotFound, match="no GGUF files") as told:
        sources.repository(Reference("maker/tiny"))
    assert "somebody/tiny-GGUF" in str(told.value.hint)

    hub.replace(HubRepository("maker/rare", ()))
    with pytest.raises(RemoteFileNotFound) as told:
        sources.repository(Reference("maker/rare"))
    assert str(told.value.hint).startswith("Search for its name")


@pytest.mark.parametrize("kind", [None, MS])
def test_a_repository_of_hostile_names_offers_none_of_them(
    sources: Sources, hub: HubServer, kind: SourceKind | None
) -> None:
    names = ("../evil.gguf", "a/../../evil.gguf", "C:evil.gguf", "CON.gguf", "x\u202efugg.gguf")
    hub.replace(HubRepository(NAME, tuple(gguf_file(name, 20_000) for name in names)))

    with pytest.raises(RemoteFileNotFound, match="no GGUF files"):
        sources.repository(REFERENCE, kind)


def test_what_a_reference_narrows_down_to_must_be_there(sources: Sources) -> None:
    assert sources.repository(Reference(NAME, quantisation="q8_0")).models
    with pytest.raises(RemoteFileNotFound) as told:
        sources.repository(Reference(NAME, quantisation="Q6_K"))
    assert str(told.value.hint) == "It has: Q4_K_M, Q8_0."
    with pytest.raises(RemoteFileNotFound, match=r"no model file x\.gguf"):
        sources.repository(Reference(NAME, file="x.gguf"))


def test_a_gated_repository_says_so_before_any_download(sources: Sources, hub: HubServer) -> None:
    hub.replace(replace(REPOSITORY, gate="manual"))

    found = sources.repository(REFERENCE)

    assert (found.gate, len(found.models)) == (Gate.MANUAL, 2)
    assert isinstance(found.refused, GatedModel)
    assert found.refused.page == f"https://huggingface.co/{NAME}"
    assert not any("/resolve/" in request.path for request in hub.log)


@pytest.mark.parametrize(
    ("token", "is_refused"), [("", True), ("hf_stranger", True), ("hf_friend", False)]
)
def test_whoever_accepted_the_terms_is_let_in(tmp_path: Path, token: str, is_refused: bool) -> None:
    authority = new_authority(tmp_path)
    certificate = str(new_certificate(tmp_path, ["huggingface.co"], authority))
    gated = replace(REPOSITORY, gate="auto", accepted=frozenset({"hf_friend"}))
    with HubServer([gated], certificate) as hub:
        port = int(hub.endpoint.rpartition(":")[2])
        with RecordingProxy({"huggingface.co:443": port}) as proxy:
            settings = LibrarySettings(proxy=proxy.address, certificates=str(authority.file))
            sources = Sources(lambda: settings, lambda: token, tmp_path / "cache", {})
            try:
                found = sources.repository(REFERENCE)
            finally:
                sources.close()

    assert found.gate is Gate.AUTOMATIC
    assert isinstance(found.refused, GatedModel) is is_refused


def test_the_token_is_not_even_looked_up_for_a_mirror(hub: HubServer, tmp_path: Path) -> None:
    def locked() -> str:
        pytest.fail("the keyring was asked")

    hub.replace(replace(REPOSITORY, gate="auto"))
    variables = {"HF_ENDPOINT": hub.endpoint}
    sources = Sources(LibrarySettings, locked, tmp_path / "cache", variables)
    try:
        sources.search("name")
        assert isinstance(sources.repository(REFERENCE).refused, GatedModel)
    finally:
        sources.close()
    assert not any(request.authorization for request in hub.log)


@pytest.mark.parametrize("kind", [None, MS])
def test_what_was_asked_within_the_hour_is_not_asked_again(
    open_sources: OpenSources, hub: HubServer, kind: SourceKind | None
) -> None:
    first, second = open_sources(), open_sources()
    found = first.search("name", kind), first.repository(REFERENCE, kind)
    asked = len(hub.log)

    assert (second.search("name", kind), second.repository(REFERENCE, kind)) == found
    assert len(hub.log) == asked


def test_an_hour_later_it_is_asked_again(
    sources: Sources, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.search("name")
    _later(monkeypatch, 3601)
    sources.search("name")

    assert len(hub.log) == 2


def test_without_a_network_an_older_answer_is_used_and_that_is_said(
    open_sources: OpenSources, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = open_sources().repository(REFERENCE)
    _later(monkeypatch, 86_400)
    hub.__exit__(None, None, None)

    again = open_sources().repository(REFERENCE)

    assert again.models == found.models
    assert again.remembered.startswith("20")
    with pytest.raises(Unreachable):
        open_sources().search("never asked")


@pytest.mark.parametrize("damage", [b"", b"\xff", b"[]", b"{}", b'{"version": 1}', b"[" * 99_999])
def test_a_damaged_memory_is_no_memory(
    open_sources: OpenSources, hub: HubServer, tmp_path: Path, damage: bytes
) -> None:
    open_sources().search("name")
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_bytes(damage)

    assert len(open_sources().search("name").hits) == 1
    assert len(hub.log) == 2


def test_a_folder_that_cannot_be_written_is_no_hindrance(
    open_sources: OpenSources, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_bytes(b"a file")

    assert len(open_sources().search("name").hits) == 1


def test_the_memory_does_not_grow_without_bound(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_module, "_MOST_ENTRIES", 3)
    for word in "abcdef":
        sources.search(word)

    assert len(list((tmp_path / "cache").iterdir())) == 3


def test_nobody_reads_in_the_memory_what_was_searched_for(sources: Sources, tmp_path: Path) -> None:
    sources.search("embarrassing")

    (entry,) = (tmp_path / "cache").iterdir()
    assert b"embarrassing" not in entry.read_bytes()
    assert "embarrassing" not in entry.name
    assert entry.stat().st_mode & 0o077 == 0


def test_a_short_wait_is_waited(sources: Sources, hub: HubServer) -> None:
    hub.faults.api_answers(rate_limited(0, "Retry-After"), times=2)

    assert len(sources.search("name").hits) == 1
    assert len(hub.log) == 3


def test_a_long_wait_is_told(sources: Sources, hub: HubServer) -> None:
    hub.faults.api_answers(rate_limited(240))

    with pytest.raises(TooManyRequests, match="wait 241 s") as told:
        sources.search("name")

    assert told.value.seconds == 241
    assert len(hub.log) == 1


def test_a_server_that_always_wants_to_be_left_alone_is_left_alone(
    sources: Sources, hub: HubServer
) -> None:
    hub.faults.api_answers(rate_limited(0, "Retry-After"), times=9)

    with pytest.raises(TooManyRequests):
        sources.search("name")

    assert len(hub.log) == 3


def test_a_wait_ends_when_the_sources_are_closed(sources: Sources, hub: HubServer) -> None:
    hub.faults.api_answers(rate_limited(9, "Retry-After"))
    failed: list[LapisError] = []

    def ask() -> None:
        try:
            sources.search("name")
        except LapisError as error:
            failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: bool(hub.log), 10, "the question")
    sources.close()
    thread.join(5)

    assert not thread.is_alive()
    assert len(failed) == 1


@pytest.mark.parametrize("kind", [None, MS])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web_page(), OddAnswer),
        (Answer(200, b"null"), OddAnswer),
        (Answer(200, b'{"error": "x"}'), OddAnswer),
        (Answer(200, b'"text"'), OddAnswer),
        (Answer(502, b"<html>"), ServerFault),
    ],
)
def test_an_answer_of_another_shape_is_told(
    sources: Sources,
    hub: HubServer,
    answer: Answer,
    error: type[LapisError],
    kind: SourceKind | None,
) -> None:
    hub.faults.api_answers(answer)

    with pytest.raises(error):
        sources.search("name", kind)


@pytest.mark.parametrize(
    "row",
    [
        None,
        7,
        [],
        {},
        {"id": 7},
        {"id": "no-owner"},
        {"id": "owner/../x"},
        {"id": "owner/na\u202eme"},
        {"id": "<b>owner</b>/x"},
    ],
)
def test_a_hit_that_is_none_is_left_out(sources: Sources, hub: HubServer, row: object) -> None:
    good = {"id": "owner/good", "downloads": "many", "likes": -5, "gated": [1], "gguf": "no"}
    hub.faults.api_answers(Answer(200, json.dumps([row, good]).encode()))

    (hit,) = sources.search("name").hits

    assert (hit.name, hit.downloads, hit.likes, hit.parameters) == ("owner/good", 0, 0, 0)


@pytest.mark.parametrize(
    "row",
    [
        None,
        "x.gguf",
        {"type": "directory", "path": "x.gguf", "size": 9},
        {"type": "file", "path": 7, "size": 9},
        {"type": "file", "path": "x.gguf"},
        {"type": "file", "path": "x.gguf", "size": "9"},
        {"type": "file", "path": "x.gguf", "size": -9},
        {"type": "file", "path": "x.gguf", "size": True},
        {"type": "file", "path": "x.gguf", "size": 1e300},
        {"type": "file", "path": "x\ud800.gguf", "size": 9},
    ],
)
def test_a_file_that_is_none_is_left_out(sources: Sources, hub: HubServer, row: object) -> None:
    good = {"type": "file", "path": "good.gguf", "size": 9, "lfs": {"oid": "no hash", "size": 8}}
    hub.faults.api_answers(Answer(200, json.dumps({"sha": "not a commit"}).encode()))
    hub.faults.api_answers(Answer(200, json.dumps([row, good]).encode()))

    (model,) = sources.repository(REFERENCE).models

    assert (model.name, model.size, model.files[0].sha256) == ("good", 8, "")


@pytest.mark.parametrize(
    ("reference", "chosen", "asked"),
    [
        (Reference(NAME), SourceKind.HUGGING_FACE, SourceKind.HUGGING_FACE),
        (Reference(NAME), SourceKind.MIRROR, SourceKind.MIRROR),
        (Reference(NAME), MS, MS),
        (Reference(NAME, SourceKind.HUGGING_FACE), SourceKind.MIRROR, SourceKind.MIRROR),
        (Reference(NAME, SourceKind.HUGGING_FACE), MS, SourceKind.HUGGING_FACE),
        (Reference(NAME, SourceKind.MIRROR), SourceKind.HUGGING_FACE, SourceKind.MIRROR),
        (Reference(NAME, MS), SourceKind.MIRROR, MS),
    ],
)
def test_a_repository_is_asked_for_where_it_makes_sense(
    open_sources: OpenSources, reference: Reference, chosen: SourceKind, asked: SourceKind
) -> None:
    with HubServer([REPOSITORY]) as mirror:
        sources = open_sources(source=chosen, mirror=mirror.endpoint)

        assert sources.repository(reference).source == sources.source(asked)
        assert sources.repository(reference, MS).source.kind is MS


def test_a_page_of_the_mirror_in_the_settings_is_understood(
    sources: Sources, hub: HubServer
) -> None:
    pasted = f"{hub.endpoint}/{NAME}/blob/main/name-Q4_K_M.gguf"

    found = sources.reference(pasted)

    assert (found.repository, found.file) == (NAME, "name-Q4_K_M.gguf")
    assert sources.looks_like_reference(pasted)
    assert sources.repository(found).models


@pytest.mark.parametrize("kind", [SourceKind.MIRROR, MS])
def test_a_source_is_tried_out_up_to_the_bytes_of_a_file(
    sources: Sources, hub: HubServer, kind: SourceKind
) -> None:
    sources.search("")
    place = sources.source(kind)

    sources.check(replace(place, base=f" {place.base}/ "))

    read = [request.range for request in hub.log if request.side == "cdn"]
    assert read == ["bytes=0-65535"]


def test_a_source_whose_storage_is_blocked_fails_its_test(sources: Sources, hub: HubServer) -> None:
    hub.faults.cdn_answers(Answer(503))

    with pytest.raises(ServerFault):
        sources.check(sources.source())


def test_a_source_that_lists_nothing_or_is_no_address_fails_its_test(sources: Sources) -> None:
    with HubServer() as empty, pytest.raises(OddAnswer, match="lists no models"):
        sources.check(Source(SourceKind.MIRROR, empty.endpoint))
    with pytest.raises(BadReference):
        sources.check(Source(SourceKind.MIRROR, "not an address"))


@pytest.mark.parametrize(
    ("address", "elsewhere"),
    [("https://hf-mirror.com", True), ("http://localhost:8080", False), ("nonsense", True)],
)
def test_a_source_on_this_computer_needs_no_network(
    tmp_path: Path, address: str, *, elsewhere: bool
) -> None:
    settings = LibrarySettings(source=SourceKind.MIRROR, mirror=address)

    assert Sources(lambda: settings, str, tmp_path / "cache", {}).is_elsewhere is elsewhere


def test_a_changed_setting_holds_for_the_next_question(hub: HubServer, tmp_path: Path) -> None:
    settings = LibrarySettings(source=SourceKind.MIRROR, mirror="http://127.0.0.1:9")
    sources = Sources(lambda: settings, str, tmp_path / "cache", {})
    try:
        with pytest.raises(Unreachable):
            sources.search("name")
        settings = replace(settings, mirror=hub.endpoint)
        assert len(sources.search("name").hits) == 1
    finally:
        sources.close()


def test_closed_sources_ask_nothing(sources: Sources, hub: HubServer) -> None:
    sources.close()

    with pytest.raises(Unreachable):
        sources.search("name")
    assert hub.log == []


def _later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)
