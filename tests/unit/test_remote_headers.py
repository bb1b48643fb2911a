"""Headers of files that are elsewhere, over real sockets: what is fetched, kept, refused and said.

What a server does wrong is switched on at the fake hub; its log tells what was asked of it.
"""

import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.backends.side_job import Cancelled
from desktop.base.cancelling import never
from desktop.domain.errors import (
    AccessDenied,
    DownloadError,
    GatedModel,
    LapisError,
    ModelFileError,
    NetworkError,
    OddAnswer,
    ServerFault,
    StorageError,
    TooManyRequests,
    Unreachable,
)
from desktop.domain.model import GgufInfo, KvType
from desktop.domain.repository import (
    QuantisedModel,
    Reference,
    RemoteFile,
    Repository,
    Source,
    SourceKind,
)
from desktop.domain.settings import LibrarySettings
from desktop.hub import kept_headers
from desktop.hub.client import Client, open_client
from desktop.hub.fetch_values import Limits
from desktop.hub.header import Beginning
from desktop.hub.kept_headers import KeptHeaders
from desktop.hub.network import Network
from desktop.models.gguf import read_gguf
from desktop.models.kv_cache import kv_bytes
from desktop.services.remote_headers import RemoteHeaders, WholeHeader
from desktop.services.sources import Sources
from tests.harness.headers import (
    ARRAY,
    STRING,
    Made,
    entry,
    model_header,
    projector_header,
    text,
    whole,
)
from tests.harness.http_listener import Answer
from tests.harness.hub.faults import Cut, rate_limited, refusal, web_page
from tests.harness.hub.repositories import HubFile, HubRepository
from tests.harness.hub.server import HubServer
from tests.harness.waiting import wait_for

NAME = "owner/made-GGUF"
FILE = "made-Q4_K_M.gguf"
KB = 1024
MB = 2**20
# Some 3.2 MB of header, of which the first 700 bytes are keys.
BIG = model_header(tokens=170_000)
SMALL = model_header(tokens=100)
# The proportions are the real ones.
QUICK = Limits(silence=5.0, retries=3, pause=0.002, longest_pause=0.02, waits=2, longest_wait=10.0)


class Direct:
    """Files from one client, with little patience."""

    def __init__(self, client: Client, limits: Limits = QUICK) -> None:
        self.client = client
        self.limits = limits
        self.opened: list[Beginning] = []

    def beginning(
        self, file: RemoteFile, source: Source, cancelled: Callable[[], bool] = never
    ) -> Beginning:
        self.opened.append(Beginning(self.client, file, source.kind, cancelled, self.limits))
        return self.opened[-1]

    @property
    def fetched(self) -> int:
        return sum(one.fetched for one in self.opened)


def offered(made: Made, path: str = FILE, size: int = 0) -> HubFile:
    """Return a file that begins so; nobody reckons its real hash, which takes all its bytes."""
    return HubFile(path, size or made.size, head=made.head, sha256=f"{len(made.head):064x}")


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([HubRepository(NAME, (offered(BIG),))]) as server:
        yield server


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with open_client(Network()) as opened:
        yield opened


@pytest.fixture
def places(client: Client) -> Direct:
    return Direct(client)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "hub"


@pytest.fixture
def headers(places: Direct, cache: Path) -> RemoteHeaders:
    return RemoteHeaders(places, cache)


def repository(hub: HubServer, tmp_path: Path, name: str = NAME) -> Repository:
    variables = {"HF_ENDPOINT": hub.endpoint}
    sources = Sources(LibrarySettings, lambda: "", tmp_path / "answers", variables)
    try:
        return sources.repository(Reference(name), anew=True)
    finally:
        sources.close()


@pytest.fixture
def listed(hub: HubServer, tmp_path: Path) -> Repository:
    return repository(hub, tmp_path)


def whole_of(headers: RemoteHeaders, listed: Repository) -> WholeHeader:
    return headers.whole(listed.models[0], listed)


def offer(hub: HubServer, tmp_path: Path, *files: HubFile) -> Repository:
    """Replace what the hub offers and list it."""
    hub.replace(HubRepository(NAME, files))
    return repository(hub, tmp_path)


def on_disk(made: Made, path: Path) -> GgufInfo:
    """Return what is said of a file with that header which is here, of the same size."""
    with path.open("wb") as stream:
        stream.write(made.head)
        stream.truncate(made.size)
    return read_gguf(path)


# How much is fetched.


def test_64_kb_tell_what_memory_follows_from(
    hub: HubServer, headers: RemoteHeaders, listed: Repository, tmp_path: Path
) -> None:
    info = headers.first(listed.models[0], listed)

    assert hub.ranges == ["bytes=0-65535"]
    assert (info.architecture, info.name, info.quantisation) == ("llama", "Made Up", "Q4_K_M")
    assert info.size == info.weights == BIG.size
    assert info.metadata["llama.vocab_size"] == 170_000
    here = on_disk(BIG, tmp_path / FILE)
    assert kv_bytes(info, 8192, KvType.F16, micro_batch=512, slots=1) == kv_bytes(
        here, 8192, KvType.F16, micro_batch=512, slots=1
    )


def test_keys_behind_the_vocabulary_are_fetched_too(
    hub: HubServer, headers: RemoteHeaders, tmp_path: Path
) -> None:
    made = model_header(tokens=40_000, late=True)
    listed = offer(hub, tmp_path, offered(made))

    info = headers.first(listed.models[0], listed)

    assert info.block_count == 2
    assert hub.ranges == ["bytes=0-65535", "bytes=65536-262143", "bytes=262144-1048575"]


def test_the_whole_header_is_fetched_in_growing_ranges_and_nothing_behind_it(
    hub: HubServer, headers: RemoteHeaders, places: Direct, listed: Repository, tmp_path: Path
) -> None:
    found = whole_of(headers, listed)

    assert found.path.read_bytes() == BIG.head
    assert found.size == BIG.size
    info = headers.info(listed.models[0], listed)
    assert info == replace(on_disk(BIG, tmp_path / FILE), path=Path(FILE))
    assert hub.ranges == [
        "bytes=0-65535",
        "bytes=65536-262143",
        "bytes=262144-1048575",
        "bytes=1048576-4194303",
    ]
    assert found.fetched == places.fetched == headers.fetched
    assert len(BIG.head) <= found.fetched <= len(BIG.head) + 128 * KB


def test_a_short_file_is_not_asked_for_more_than_it_has(
    hub: HubServer, headers: RemoteHeaders, tmp_path: Path
) -> None:
    listed = offer(hub, tmp_path, offered(SMALL))

    assert whole_of(headers, listed).path.read_bytes() == SMALL.head
    assert hub.ranges == [f"bytes=0-{SMALL.size - 1}"]


def test_the_hub_is_asked_once_for_all_ranges(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    before = len(hub.log)
    whole_of(headers, listed)

    asked = hub.log[before:]
    assert [(one.side, one.method) for one in asked] == [("hub", "HEAD"), *[("cdn", "GET")] * 4]
    assert not any(one.authorization for one in asked if one.side == "cdn")


# What is kept.


def test_what_was_fetched_is_not_fetched_again(
    hub: HubServer, headers: RemoteHeaders, places: Direct, cache: Path, listed: Repository
) -> None:
    model = listed.models[0]
    first = headers.first(model, listed)
    whole_of(headers, listed)
    before = len(hub.log)

    again = RemoteHeaders(places, cache)
    known = again.first(model, listed)
    found = whole_of(again, listed)

    assert len(hub.log) == before
    assert found.fetched == 0
    assert found.path.read_bytes() == BIG.head
    assert known == again.info(model, listed)
    assert known.block_count == first.block_count


def test_what_is_kept_is_told_without_a_network(
    headers: RemoteHeaders, tmp_path: Path, hub: HubServer, listed: Repository
) -> None:
    headers.first(listed.models[0], listed)
    hub.__exit__(None, None, None)

    assert headers.first(listed.models[0], listed).block_count == 2
    with pytest.raises(Unreachable) as caught:
        whole_of(headers, listed)
    assert "127.0.0.1" in str(caught.value.title)
    assert str(caught.value.hint)


@pytest.mark.parametrize("spoil", [lambda b: b[:-1], lambda _: b"", lambda b: b"GGUX" + b[4:]])
def test_a_damaged_entry_counts_as_none(
    headers: RemoteHeaders, listed: Repository, spoil: Callable[[bytes], bytes]
) -> None:
    kept = whole_of(headers, listed).path
    kept.write_bytes(spoil(kept.read_bytes()))

    again = whole_of(headers, listed)

    assert again.fetched > 0
    assert again.path.read_bytes() == BIG.head
    assert [path.read_bytes() for path in kept.parent.iterdir()] == [BIG.head]


def test_what_another_version_kept_less_of_is_fetched_anew(
    headers: RemoteHeaders, listed: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep_less(kept: KeptHeaders, about: str, content: bytes) -> Path:
        return keep(kept, about, content[: len(content) // 2])

    keep = KeptHeaders.keep
    with monkeypatch.context() as earlier:
        earlier.setattr(KeptHeaders, "keep", keep_less)
        whole_of(headers, listed)
    again = whole_of(headers, listed)

    assert again.fetched > 0
    assert again.path.read_bytes() == BIG.head
    assert list(again.path.parent.iterdir()) == [again.path], "what is of no use is gone"
    assert whole_of(headers, listed).fetched == 0


def test_another_commit_or_another_size_is_another_file(
    hub: HubServer, headers: RemoteHeaders, listed: Repository, tmp_path: Path
) -> None:
    whole_of(headers, listed)
    hub.replace(HubRepository(NAME, (offered(BIG),), commit="f" * 40))

    assert whole_of(headers, repository(hub, tmp_path)).fetched > 0


def test_a_branch_that_moved_on_has_another_file_at_the_same_address(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    whole_of(headers, listed)

    assert whole_of(headers, replace(listed, commit="f" * 40)).fetched > 0


def test_the_folder_stays_small_and_what_was_asked_for_lately_stays(
    hub: HubServer, headers: RemoteHeaders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [replace(SMALL, size=SMALL.size + 64 * place) for place in range(4)]
    files = [
        offered(one, f"made-{place}-Q4_K_M.gguf", size=one.size) for place, one in enumerate(made)
    ]
    listed = offer(hub, tmp_path, *files)
    monkeypatch.setattr(kept_headers, "MOST_BYTES", 3 * len(SMALL.head) + 100)
    kept = [headers.whole(model, listed).path for model in listed.models[:3]]
    headers.whole(listed.models[0], listed)

    kept.append(headers.whole(listed.models[3], listed).path)

    assert [path.exists() for path in kept] == [True, False, True, True]


def test_a_cache_that_cannot_be_written_is_said(
    places: Direct, listed: Repository, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    headers = RemoteHeaders(places, tmp_path / "file")

    assert headers.first(listed.models[0], listed).block_count == 2
    with pytest.raises(StorageError):
        whole_of(headers, listed)


def test_two_who_want_the_same_fetch_it_once(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    found: list[WholeHeader] = []
    both = [
        threading.Thread(target=lambda: found.append(whole_of(headers, listed))) for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(20)

    assert len(hub.ranges) == 4
    assert sorted(one.fetched > 0 for one in found) == [False, True]


# What servers do wrong, and what comes of it all the same.


@pytest.mark.parametrize("how", [Cut.CLOSE, Cut.RESET, Cut.EXPIRE])
@pytest.mark.parametrize("after", [-1, 0, 1000])
def test_a_connection_that_breaks_is_taken_up_where_it_was(
    hub: HubServer, headers: RemoteHeaders, listed: Repository, how: Cut, after: int
) -> None:
    hub.faults.cut(after, times=2, how=how)

    assert whole_of(headers, listed).path.read_bytes() == BIG.head


@pytest.mark.parametrize(
    "fault",
    [
        lambda hub: hub.faults.expired(2),
        lambda hub: hub.faults.cdn_answers(Answer(503, b"busy"), 2),
        lambda hub: hub.faults.hub_answers(Answer(500, b"busy"), 2),
        lambda hub: hub.faults.cdn_answers(rate_limited(0, "Retry-After"), 2),
        lambda hub: hub.faults.hub_answers(rate_limited(0, "Retry-After"), 2),
        lambda hub: hub.faults.cdn_answers(Answer(416, b""), 2),
    ],
    ids=["expired", "busy cdn", "busy hub", "429 cdn", "429 hub", "416"],
)
def test_what_passes_is_waited_for(
    hub: HubServer,
    headers: RemoteHeaders,
    listed: Repository,
    fault: Callable[[HubServer], None],
) -> None:
    fault(hub)

    assert whole_of(headers, listed).path.read_bytes() == BIG.head


def test_a_server_without_ranges_is_left_as_soon_as_the_header_is_there(
    hub: HubServer, headers: RemoteHeaders, places: Direct, tmp_path: Path
) -> None:
    listed = offer(hub, tmp_path, offered(BIG, size=BIG.size + 500 * MB))
    hub.faults.ignore_range = True

    found = whole_of(headers, listed)

    assert found.path.read_bytes() == BIG.head
    assert hub.ranges == ["bytes=0-65535"]
    assert places.fetched <= len(BIG.head) + 256 * KB


def test_a_server_that_gives_up_ranges_in_the_middle_is_read_from_the_start(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    hub.faults.cut(1000)
    headers.first(listed.models[0], listed)
    hub.faults.cut(1000)
    hub.faults.ignore_range = True

    assert whole_of(headers, listed).path.read_bytes() == BIG.head


def test_a_body_of_unknown_length_is_read_too(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    hub.faults.no_length = True

    assert whole_of(headers, listed).path.read_bytes() == BIG.head


def test_a_moved_repository_is_followed(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    hub.replace(HubRepository("new/place-GGUF", (offered(BIG),)))
    hub.faults.renamed = {NAME: "new/place-GGUF"}

    assert whole_of(headers, listed).path.read_bytes() == BIG.head


# What cannot be helped, in words.


def refused(
    headers: RemoteHeaders, listed: Repository, kind: type[LapisError], title: str
) -> LapisError:
    for ask in (headers.first, headers.whole):
        with pytest.raises(kind) as caught:
            ask(listed.models[0], listed)
        assert title in str(caught.value.title)
        assert str(caught.value.hint)
        assert "{" not in f"{caught.value.title}{caught.value.hint}"
    return caught.value


@pytest.mark.parametrize(
    ("fault", "kind", "title"),
    [
        (lambda f: f.cdn_answers(web_page(), -1), OddAnswer, "does not understand"),
        (lambda f: setattr(f, "gzip", True), DownloadError, "in a form that cannot be checked"),
        (lambda f: setattr(f, "status_416", True), DownloadError, "never hands out made-Q4_K_M"),
        (lambda f: setattr(f, "extra", 7), DownloadError, "never hands out made-Q4_K_M"),
        (
            lambda f: setattr(f, "content_range", "bytes 5-{end}/{total}"),
            DownloadError,
            "never hands out made-Q4_K_M",
        ),
        (lambda f: f.expired(99), AccessDenied, "does not hand this out"),
        (lambda f: f.cdn_answers(Answer(503), -1), ServerFault, "a problem of its own"),
        (
            lambda f: f.cdn_answers(rate_limited(0, "Retry-After"), -1),
            TooManyRequests,
            "asks us to wait",
        ),
        (lambda f: f.cdn_answers(rate_limited(900), -1), TooManyRequests, "asks us to wait 901 s"),
        (lambda f: f.cut(0, -1), Unreachable, "broke off"),
        (lambda f: f.cut(-1, -1, Cut.RESET), Unreachable, ""),
        (lambda f: f.hub_answers(refusal(404, "EntryNotFound"), -1), NetworkError, "this file"),
        (lambda f: setattr(f, "redirect", "http://10.0.0.1/x"), OddAnswer, "somewhere unsafe"),
        (lambda f: setattr(f, "endless_redirects", True), OddAnswer, "somewhere unsafe"),
    ],
)
def test_what_does_not_pass_is_said(
    hub: HubServer,
    headers: RemoteHeaders,
    listed: Repository,
    fault: Callable[[object], None],
    kind: type[LapisError],
    title: str,
) -> None:
    fault(hub.faults)

    refused(headers, listed, kind, title)


def test_a_server_that_falls_silent_is_given_up(
    hub: HubServer, client: Client, cache: Path, listed: Repository
) -> None:
    impatient = replace(QUICK, silence=0.2, retries=1)
    hub.faults.cut(0, -1, Cut.STALL)
    headers = RemoteHeaders(Direct(client, impatient), cache)

    refused(headers, listed, Unreachable, "does not answer")


def test_a_gated_repository_says_its_terms_before_anything_is_asked(
    hub: HubServer, headers: RemoteHeaders, tmp_path: Path
) -> None:
    hub.replace(HubRepository(NAME, (offered(BIG),), gate="manual"))
    listed = repository(hub, tmp_path)

    before = len(hub.log)
    refused(headers, listed, GatedModel, f"The terms of {NAME} must be accepted first")
    assert len(hub.log) == before


def test_terms_that_came_up_meanwhile_are_said(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    hub.replace(HubRepository(NAME, (offered(BIG),), gate="manual"))

    refused(headers, listed, GatedModel, f"The terms of {NAME} must be accepted first")


def test_a_file_that_changed_its_size_is_not_mistaken_for_the_listed_one(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    hub.replace(HubRepository(NAME, (offered(BIG, size=BIG.size + 1),)))

    refused(headers, listed, DownloadError, "never hands out made-Q4_K_M.gguf as announced")
    assert hub.ranges == []


def test_waiting_can_be_cancelled(
    hub: HubServer, client: Client, cache: Path, listed: Repository
) -> None:
    hub.faults.cut(1000, -1, Cut.STALL)
    stop = threading.Event()
    headers = RemoteHeaders(Direct(client), cache)
    ended: list[BaseException] = []

    def fetch() -> None:
        try:
            headers.whole(listed.models[0], listed, stop.is_set)
        except BaseException as error:  # noqa: BLE001 - looked at below
            ended.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    wait_for(lambda: hub.ranges, 10, "a request")
    stop.set()
    thread.join(20)

    assert [type(error) for error in ended] == [Cancelled]


# Files that are no model, and headers that mean harm.


def bad(made: Made | bytes, size: int = 0) -> HubFile:
    made = Made(made, len(made)) if isinstance(made, bytes) else made
    return offered(made, size=size or made.size)


HUGE = struct.pack("<Q", 2**62)


@pytest.mark.parametrize(
    ("file", "title"),
    [
        (bad(b"<!DOCTYPE html><html>" + bytes(9000)), "not a GGUF model"),
        (bad(bytes(100_000)), "not a GGUF model"),
        (bad(b"GGUF"), "incomplete"),
        (bad(b"GGUF\x03" + bytes(18)), "incomplete"),
        (bad(b"GGUF\x03\0\0\0" + HUGE + HUGE + bytes(9000)), "damaged"),
        (bad(b"GGUF\x00\0\0\3" + bytes(9000)), "another kind of computer"),
        (bad(whole([HUGE + bytes(9000)])), "damaged"),
        (bad(whole([entry("a", STRING, HUGE + bytes(9000))])), "damaged"),
        (
            bad(whole([entry("a", ARRAY, struct.pack("<I", STRING) + HUGE + bytes(9000))])),
            "damaged",
        ),
        (bad(whole([entry("a", ARRAY, struct.pack("<I", 0) + HUGE + bytes(9000))])), "damaged"),
        (bad(whole([entry("a", ARRAY, struct.pack("<IQ", ARRAY, 1) + bytes(9000))])), "damaged"),
        (bad(whole([], keys=5).head[:24]), "incomplete"),
        (bad(model_header(layers=60_000)), "damaged"),
        (bad(model_header(architecture="lapis9000")), "does not know the architecture"),
        (bad(projector_header()), "sees pictures"),
        (bad(SMALL, size=200), "incomplete"),
    ],
)
def test_what_is_no_model_is_called_so(
    hub: HubServer, headers: RemoteHeaders, tmp_path: Path, file: HubFile, title: str
) -> None:
    listed = offer(hub, tmp_path, file)

    error = refused(headers, listed, ModelFileError, title)

    assert "ownload" not in str(error.hint)


def test_a_file_too_short_for_its_weights_is_called_incomplete(
    hub: HubServer, headers: RemoteHeaders, tmp_path: Path
) -> None:
    listed = offer(hub, tmp_path, offered(SMALL, size=SMALL.size - 1))

    with pytest.raises(ModelFileError, match="This file is incomplete") as caught:
        whole_of(headers, listed)
    assert "at its source" in str(caught.value.hint)


def test_no_header_makes_lapis_fetch_more_than_64_mb(
    hub: HubServer, headers: RemoteHeaders, places: Direct, tmp_path: Path
) -> None:
    endless = text(bytes(MB)) * 70
    made = whole([entry("a", ARRAY, struct.pack("<IQ", STRING, 70) + endless)])
    listed = offer(hub, tmp_path, offered(made, size=made.size + 100 * MB))

    refused(headers, listed, ModelFileError, "damaged")
    assert all(one.fetched <= 64 * MB for one in places.opened)


def test_no_server_makes_lapis_fetch_more_than_64_mb(
    hub: HubServer, headers: RemoteHeaders, places: Direct, tmp_path: Path
) -> None:
    made = whole([entry("a", STRING, text(bytes(50 * MB)))])
    listed = offer(hub, tmp_path, offered(made, size=made.size + 100 * MB))
    hub.faults.ignore_range = True
    # A little further each time, and from the start again.
    for times in range(1, 5):
        hub.faults.cut(20 * MB + times * MB)

    with pytest.raises(DownloadError, match="never hands out"):
        whole_of(headers, listed)
    assert places.fetched <= 64 * MB + 128 * KB


# Models in parts, and what sees pictures.


def parts(*made: Made) -> list[HubFile]:
    count = len(made)
    return [
        offered(one, f"made-Q4_K_M-{place:05}-of-{count:05}.gguf")
        for place, one in enumerate(made, 1)
    ]


def split_keys(number: int, count: int) -> list[bytes]:
    return [
        entry("split.no", 2, struct.pack("<H", number)),
        entry("split.count", 2, struct.pack("<H", count)),
    ]


def test_a_model_in_parts_is_told_by_its_first_with_the_sizes_of_all(
    hub: HubServer, headers: RemoteHeaders, tmp_path: Path
) -> None:
    first = model_header(extra=split_keys(0, 2))
    second = whole(split_keys(1, 2), {"blk.0.weight": ((64, 5000), 0)})
    listed = offer(hub, tmp_path, *parts(first, second))
    model = listed.models[0]

    early = headers.first(model, listed)
    assert len(hub.ranges) == 1
    info = headers.info(model, listed)
    found = headers.parts(model, listed)

    assert early.size == info.size == first.size + second.size
    assert info.weights == first.size - len(first.head) + second.size
    assert info.parameters == 0
    assert [(one.path.read_bytes(), one.size) for one in found] == [
        (first.head, first.size),
        (second.head, second.size),
    ]


@pytest.mark.parametrize("keys", [split_keys(0, 3), split_keys(1, 2)])
def test_a_model_whose_parts_do_not_belong_together_is_refused(
    hub: HubServer, headers: RemoteHeaders, tmp_path: Path, keys: list[bytes]
) -> None:
    first = model_header(extra=keys)
    listed = offer(hub, tmp_path, *parts(first, whole(split_keys(1, 2))))

    with pytest.raises(ModelFileError, match="Parts of this model are missing"):
        whole_of(headers, listed)


def test_pictures_take_the_projector_and_room_to_compute(
    hub: HubServer, headers: RemoteHeaders, tmp_path: Path
) -> None:
    made = projector_header(rows=1000)
    listed = offer(hub, tmp_path, offered(SMALL), offered(made, "mmproj-made-F16.gguf"))

    assert headers.projector(listed.projectors[0], listed) == 1000 * 34 + 8 * 4 + 2**30
    with pytest.raises(ModelFileError, match="does not let a model see pictures"):
        headers.projector(listed.models[0].files[0], listed)


def test_the_sources_of_the_settings_hand_out_beginnings(
    hub: HubServer, cache: Path, listed: Repository
) -> None:
    model: QuantisedModel = listed.models[0]
    sources = Sources(LibrarySettings, lambda: "", cache, {"HF_ENDPOINT": hub.endpoint})
    try:
        assert RemoteHeaders(sources, cache).first(model, listed).block_count == 2
    finally:
        sources.close()


def test_modelscope_hands_out_headers_too(hub: HubServer, cache: Path) -> None:
    variables = {"MODELSCOPE_ENDPOINT": hub.modelscope}
    sources = Sources(LibrarySettings, lambda: "", cache, variables)
    try:
        listed = sources.repository(Reference(NAME), SourceKind.MODELSCOPE)
        found = RemoteHeaders(sources, cache).whole(listed.models[0], listed)
    finally:
        sources.close()

    assert found.path.read_bytes() == BIG.head
    assert not any(one.side == "hub" for one in hub.log)
    assert found.fetched <= len(BIG.head) + 128 * KB


def test_a_mirror_that_tells_no_sizes_is_believed_as_it_listed_them(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    hub.faults.omit_linked = True
    hub.faults.omit_commit = True

    assert whole_of(headers, listed).path.read_bytes() == BIG.head


def test_waiting_for_another_who_fetches_can_be_cancelled(
    hub: HubServer, headers: RemoteHeaders, listed: Repository
) -> None:
    hub.faults.cut(0, -1, Cut.STALL)
    stop = threading.Event()
    model, ended = listed.models[0], list[type[BaseException]]()

    def fetch() -> None:
        try:
            headers.whole(model, listed, stop.is_set)
        except BaseException as error:  # noqa: BLE001 - looked at below
            ended.append(type(error))

    first = threading.Thread(target=fetch)
    first.start()
    wait_for(lambda: hub.ranges, 10, "a request")
    with pytest.raises(Cancelled):
        headers.whole(model, listed, lambda: True)
    assert first.is_alive()
    stop.set()
    first.join(20)

    assert ended == [Cancelled]
