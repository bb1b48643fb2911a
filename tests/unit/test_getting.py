"""From what a person asks for to the order that fetches it, over a real hub on loopback."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.advice import Computer
from desktop.domain.errors import (
    BadReference,
    GatedModel,
    ModelNotFound,
    OutOfMemory,
    RemoteFileNotFound,
    RepositoryNotFound,
)
from desktop.domain.repository import Repository, SourceKind
from desktop.domain.settings import EngineSettings, LibrarySettings
from desktop.models.catalogue import Catalogue, load_catalogue
from desktop.services.getting import Wanted, offered, repository_of, wanted
from desktop.services.sources import Sources
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer

GB = 10**9
FILES = (
    gguf_file("tiny-Q2_K.gguf", 500_001, 1),
    gguf_file("tiny-Q4_K_M.gguf", 600_001, 2),
    gguf_file("tiny-Q8_0.gguf", 700_001, 3),
)
EYES = gguf_file("mmproj-tiny-F16.gguf", 450_001, 4)
NAME = "owner/tiny-GGUF"
GEMMA = "bartowski/gemma-2-2b-it-GGUF"
QWEN = "unsloth/Qwen3-4B-GGUF"

Ask = Callable[..., Wanted]


@pytest.fixture
def hub() -> Iterator[HubServer]:
    repositories = [
        HubRepository(NAME, (*FILES, EYES)),
        HubRepository(GEMMA, FILES),
        # The second of the three that the catalogue names; the first is not there.
        HubRepository(QWEN, FILES),
        HubRepository("ggml-org/Qwen3-4B-GGUF", (gguf_file("q-Q6_K.gguf", 650_001, 5),)),
        HubRepository("owner/gated-GGUF", FILES, gate="auto"),
    ]
    with HubServer(repositories) as server:
        yield server


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def sources(hub: HubServer, tmp_path: Path) -> Iterator[Sources]:
    variables = {"HF_ENDPOINT": hub.endpoint, "MODELSCOPE_ENDPOINT": hub.modelscope}
    opened = Sources(LibrarySettings, str, tmp_path / "cache", variables)
    yield opened
    opened.close()


@pytest.fixture
def ask(sources: Sources, catalogue: Catalogue) -> Ask:
    """Return `wanted` on a computer with `memory` bytes."""

    def get(text: str, source: SourceKind | None = None, memory: int = 16 * GB) -> Wanted:
        computer = Computer(total=memory, available=memory)
        return wanted(text, sources, catalogue, computer, EngineSettings(), source)

    return get


def labels(repository: Repository) -> list[str]:
    return [model.quantisation for model in repository.models]


def test_a_quantisation_that_was_named_is_taken_without_advice(ask: Ask) -> None:
    found = ask(f"{NAME}:q8_0", memory=1)

    assert (found.model.quantisation, found.reason) == ("Q8_0", None)
    assert [file.path for file in found.order.files] == ["tiny-Q8_0.gguf", EYES.path]
    assert found.listed is None


def test_without_a_quantisation_the_recommended_one_is_taken_and_why_is_told(ask: Ask) -> None:
    found = ask(NAME)

    assert found.model.quantisation in labels(found.repository)
    assert found.reason is not None


def test_a_file_of_a_repository_may_be_named(ask: Ask) -> None:
    assert ask(f"{NAME}/tiny-Q2_K.gguf").model.quantisation == "Q2_K"


def test_where_nothing_fits_the_ones_to_choose_from_are_named(ask: Ask) -> None:
    with pytest.raises(OutOfMemory) as error:
        ask(NAME, memory=10**6)

    assert "Q2_K, Q4_K_M, Q8_0" in str(error.value.hint)


def test_a_model_of_the_catalogue_is_found_by_a_loose_name(ask: Ask, hub: HubServer) -> None:
    found = ask("gemma 2 2b it:q4_k_m")

    assert found.repository.name == GEMMA
    assert found.model.quantisation == "Q4_K_M"
    assert found.listed is not None
    assert found.listed.id == "gemma-2-2b-it"
    assert hub.ranges == []


def test_the_catalogue_knows_a_model_that_was_named_by_its_repository(ask: Ask) -> None:
    listed = ask(f"{GEMMA}:Q2_K").listed

    assert listed is not None
    assert listed.id == "gemma-2-2b-it"


def test_the_first_repository_that_is_there_and_has_it_is_taken(
    ask: Ask, sources: Sources, catalogue: Catalogue
) -> None:
    assert ask("qwen3-4b:Q8_0").repository.name == QWEN
    assert ask("qwen3-4b:Q6_K").repository.name == "ggml-org/Qwen3-4B-GGUF"
    assert repository_of(catalogue.find("qwen3-4b"), sources).name == QWEN


def test_what_none_of_its_repositories_has_is_told_of_the_first_that_could_have_it(
    ask: Ask,
) -> None:
    with pytest.raises(RepositoryNotFound, match="Qwen/Qwen3-4B-GGUF"):
        ask("qwen3-4b:Q5_K_S")
    with pytest.raises(RemoteFileNotFound, match="Q5_K_S"):
        ask("gemma-2-2b-it:Q5_K_S")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no such thing", ModelNotFound),
        ("llama3", ModelNotFound),
        ("", ModelNotFound),
        ("owner/..", BadReference),
        ("../../x", BadReference),
        ("https://example.org/a/b", BadReference),
        ("owner/missing-GGUF", RepositoryNotFound),
        (f"{NAME}:Q5_K_M", RemoteFileNotFound),
        ("owner/gated-GGUF", GatedModel),
        ("owner/gated-GGUF:Q2_K", GatedModel),
    ],
)
def test_what_cannot_be_got_is_told_before_a_byte_is_fetched(
    ask: Ask, hub: HubServer, text: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        ask(text)

    assert hub.ranges == []


def test_another_source_is_asked_if_it_was_named(ask: Ask, hub: HubServer) -> None:
    found = ask(f"{NAME}:Q2_K", SourceKind.MODELSCOPE)

    assert found.order.source.base == hub.modelscope
    assert {request.side for request in hub.log} == {"modelscope"}


def test_what_is_to_be_fetched_is_never_an_older_listing(
    ask: Ask, sources: Sources, catalogue: Catalogue, hub: HubServer
) -> None:
    before, _, _ = offered(NAME, sources, catalogue)
    old = hub.repository(NAME)
    assert old is not None
    hub.replace(replace(old, commit="f" * 40))

    looked, _, _ = offered(NAME, sources, catalogue)
    found = ask(f"{NAME}:Q2_K")

    assert looked.commit == before.commit
    assert found.order.commit == "f" * 40
