"""Models of other programs found where those really keep them, and nothing believed blindly."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.shelf import Origin
from desktop.models.effort import Effort
from desktop.models.elsewhere import found
from desktop.models.elsewhere_folders import folder_models
from desktop.models.foreign_files import parse_object, qt_value, yaml_words
from desktop.models.gguf import read_gguf
from desktop.models.places import ForeignModel, Places, System
from tests import gguf_files

_LIBRARY = "registry.ollama.ai/library"
_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LAYER = "application/vnd.ollama.image."
_SECRET_SIZE = 17
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def put(path: Path, content: bytes | str = b"GGUF and weights") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def looked(
    home: Path,
    environment: Mapping[str, Path] | None = None,
    *,
    system: System = System.LINUX,
    folders: tuple[Path, ...] = (),
) -> list[ForeignModel]:
    variables = {name: str(path) for name, path in (environment or {}).items()}
    root = home.parent / "root"
    return list(found(Places(home, variables, folders, system, root)))


def only(models: list[ForeignModel]) -> ForeignModel:
    (model,) = models
    return model


class Store:
    """A store of Ollama as its server writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def blob(self, content: bytes | str) -> dict[str, object]:
        raw = content.encode() if isinstance(content, str) else content
        digest = hashlib.sha256(raw).hexdigest()
        put(self.folder / "blobs" / f"sha256-{digest}", raw)
        return {"digest": f"sha256:{digest}", "size": len(raw)}

    def manifest(
        self, family: str = "gemma2", weights: bytes = b"GGUF weights", **others: bytes
    ) -> dict[str, Any]:
        config = json.dumps({"model_format": "gguf", "model_family": family})
        layers = {"model": weights, **others}
        return {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json"}
            | self.blob(config),
            "layers": [
                {"mediaType": f"{_LAYER}{kind}", **self.blob(content)}
                for kind, content in layers.items()
            ],
        }

    def add(self, name: str, manifest: object, kind: str = "manifests") -> Path:
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        return put(self.folder / kind / name, text)


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home / ".ollama" / "models")


# Ollama


def test_a_model_of_ollama_is_its_blob_with_name_projector_and_hash(
    home: Path, store: Store
) -> None:
    weights = gguf_files.write_llama(home / "tiny").read_bytes()
    (home / "tiny").unlink()
    manifest = store.manifest("llama", weights, projector=b"GGUF eyes", template=b"{{ .Prompt }}")
    store.add(f"{_LIBRARY}/gemma2/2b", manifest)

    model = only(looked(home))

    digest = hashlib.sha256(weights).hexdigest()
    assert (model.name, model.origin) == ("gemma2:2b", Origin.OLLAMA)
    assert model.path == home / ".ollama" / "models" / "blobs" / f"sha256-{digest}"
    assert (model.sha256, model.size, model.needs_probe) == (digest, len(weights), False)
    assert model.projector is not None
    assert model.projector.read_bytes() == b"GGUF eyes"
    assert read_gguf(model.path).architecture == "llama"


@pytest.mark.parametrize(
    ("path", "name", "repository"),
    [
        (f"{_LIBRARY}/llama3/latest", "llama3:latest", ""),
        ("registry.ollama.ai/me/mine/7b", "me/mine:7b", ""),
        ("hf.co/bartowski/X-GGUF/Q4_K_M", "hf.co/bartowski/X-GGUF:Q4_K_M", "bartowski/X-GGUF"),
        ("example.org:8080/a/b/c", "example.org:8080/a/b:c", ""),
    ],
)
def test_a_model_of_ollama_is_called_as_there(
    home: Path, store: Store, path: str, name: str, repository: str
) -> None:
    store.add(path, store.manifest())

    model = only(looked(home))

    assert (model.name, model.repository) == (name, repository)


@pytest.mark.parametrize(
    ("family", "probed"),
    [("llama", False), ("qwen3", False), ("gemma3", True), ("qwen35", True), ("new", True)],
)
def test_what_ollama_may_have_in_its_own_dialect_is_to_be_tried_first(
    home: Path, store: Store, family: str, probed: bool
) -> None:
    store.add(f"{_LIBRARY}/x/latest", store.manifest(family))

    assert only(looked(home)).needs_probe is probed


def test_ollama_stores_are_found_by_variable_at_home_and_where_the_service_has_them(
    home: Path, tmp_path: Path
) -> None:
    places = [tmp_path / "own", home / ".ollama/models"]
    places += [tmp_path / "root/usr/share/ollama/.ollama/models", tmp_path / "root/var/lib/ollama"]
    for number, folder in enumerate(places):
        store = Store(folder)
        store.add(f"{_LIBRARY}/m{number}/latest", store.manifest(weights=b"GGUF %d" % number))

    names = [model.name for model in looked(home, {"OLLAMA_MODELS": places[0]})]

    assert names == ["m0:latest", "m1:latest", "m2:latest", "m3:latest"]
    on_a_mac = looked(home, system=System.MACOS)
    assert [model.name for model in on_a_mac] == ["m1:latest"]


def test_newer_manifests_are_links_to_blobs_and_lists_of_others(home: Path, store: Store) -> None:
    inner = store.blob(json.dumps(store.manifest(weights=b"GGUF for llama.cpp")))
    apple = {"runner": "mlx", "digest": "sha256:" + "0" * 64}
    chosen = {"runner": "llamacpp", "digest": inner["digest"]}
    listed = {
        "mediaType": "application/vnd.ollama.manifest.list.v2+json",
        "manifests": [apple, chosen],
    }
    blob = store.folder / "blobs" / str(store.blob(json.dumps(listed))["digest"]).replace(":", "-")
    link = store.folder / "manifests-v2" / _LIBRARY / "new" / "1b"
    link.parent.mkdir(parents=True)
    link.symlink_to(os.path.relpath(blob, link.parent))
    store.add(f"{_LIBRARY}/new/1b", store.manifest(weights=b"GGUF older"))

    model = only(looked(home))

    assert (model.name, model.path.read_bytes()) == ("new:1b", b"GGUF for llama.cpp")


def test_two_names_for_one_blob_are_one_file(home: Path, store: Store) -> None:
    for tag in ("2b", "latest"):
        store.add(f"{_LIBRARY}/gemma2/{tag}", store.manifest())

    assert only(looked(home)).name == "gemma2:2b"


def _with_layer(**changes: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def changed(manifest: dict[str, Any]) -> dict[str, Any]:
        manifest["layers"][0] |= changes
        return manifest

    return changed


@pytest.mark.parametrize(
    "change",
    [
        _with_layer(digest="sha256:../../../../secret"),
        _with_layer(digest="sha256:../../../secret", size=_SECRET_SIZE),
        _with_layer(digest="sha256-../../secret"),
        _with_layer(digest="sha256:" + "A" * 64),
        lambda manifest: _with_layer(digest=manifest["layers"][0]["digest"] + "\n")(manifest),
        lambda manifest: _with_layer(digest=manifest["layers"][0]["digest"] + "/../x")(manifest),
        _with_layer(digest="sha256:" + "0" * 64),
        _with_layer(digest=["sha256:" + "0" * 64]),
        _with_layer(digest=None),
        _with_layer(size=5),
        _with_layer(mediaType=7),
        _with_layer(mediaType=f"{_LAYER}tensor"),
        lambda manifest: manifest | {"layers": manifest["layers"] * 2},
        lambda manifest: manifest | {"layers": {"model": 1}},
        lambda manifest: manifest | {"layers": [[], None, 3, "x"]},
        lambda manifest: (
            manifest | {"layers": [*manifest["layers"], {"mediaType": f"{_LAYER}adapter"}]}
        ),
        lambda manifest: (
            manifest
            | {"mediaType": "application/vnd.ollama.manifest.list.v2+json", "manifests": [{"a": 1}]}
        ),
        lambda manifest: [manifest],
        lambda _: "not JSON at all",
        lambda _: "[" * 200_000,
        lambda _: '{"layers":' * 100_000,
        lambda manifest: json.dumps(manifest) + " " * 2**20,
        lambda _: '{"size": ' + "9" * 10_000 + "}",
        lambda _: "",
    ],
)
def test_a_manifest_that_lies_is_passed_over(
    home: Path, store: Store, change: Callable[[dict[str, Any]], object]
) -> None:
    put(home / "secret")
    put(store.folder / "secret", bytes(_SECRET_SIZE))
    # Without it the system would not find its way out.
    (store.folder / "blobs" / "sha256-..").mkdir(parents=True)
    store.add(f"{_LIBRARY}/bad/latest", change(store.manifest(weights=b"GGUF bad")))
    store.add(f"{_LIBRARY}/good/latest", store.manifest(weights=b"GGUF good"))

    assert [model.name for model in looked(home)] == ["good:latest"]


def test_manifests_from_elsewhere_or_with_odd_names_are_passed_over(
    home: Path, store: Store, tmp_path: Path
) -> None:
    outside = put(tmp_path / "manifest.json", json.dumps(store.manifest()))
    link = store.folder / "manifests" / _LIBRARY / "linked" / "latest"
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    store.add(f"{_LIBRARY}/$(reboot)/latest", store.manifest())
    store.add(f"{_LIBRARY}/too/deep/latest", store.manifest())
    os.mkfifo(store.folder / "manifests" / _LIBRARY / "linked" / "pipe")

    assert looked(home) == []


def test_a_blob_that_is_no_regular_file_is_no_model(home: Path, store: Store) -> None:
    digest = "f" * 64
    manifest = store.manifest()
    manifest["layers"][0] = {"mediaType": f"{_LAYER}model", "digest": f"sha256:{digest}"}
    store.add(f"{_LIBRARY}/pipe/latest", manifest)
    os.mkfifo(store.folder / "blobs" / f"sha256-{digest}")

    assert looked(home) == []


# LM Studio


@pytest.mark.parametrize("place", [".lmstudio", ".cache/lm-studio"])
def test_lm_studio_keeps_models_by_publisher_and_repository(home: Path, place: str) -> None:
    folder = home / place / "models" / "lmstudio-community" / "gemma-3-4b-it-GGUF"
    path = put(folder / "gemma-3-4b-it-Q4_K_M.gguf")
    projector = put(folder / "mmproj-model-f16.gguf")

    model = only(looked(home))

    assert (model.name, model.origin) == ("gemma-3-4b-it-Q4_K_M", Origin.LM_STUDIO)
    assert (model.files, model.projector) == ((path,), projector)
    assert model.repository == "lmstudio-community/gemma-3-4b-it-GGUF"


def test_lm_studio_says_where_its_home_is_and_which_folder_was_chosen(
    home: Path, tmp_path: Path
) -> None:
    moved, chosen = tmp_path / "moved", tmp_path / "chosen"
    put(home / ".lmstudio-home-pointer", f"{moved}\n")
    put(moved / "settings.json", json.dumps({"downloadsFolder": str(chosen)}))
    put(moved / "models" / "a" / "b" / "one.gguf")
    put(chosen / "a" / "b" / "two.gguf")
    put(chosen / "loose.gguf")

    models = {model.name: model.repository for model in looked(home)}

    assert models == {"one": "a/b", "two": "a/b", "loose": ""}


@pytest.mark.parametrize(
    "pointer", ["", "relative/path", "//server/share", "\\\\server\\s", "a\0b"]
)
def test_a_pointer_that_leads_nowhere_here_is_not_followed(home: Path, pointer: str) -> None:
    put(home / ".lmstudio-home-pointer", pointer)
    put(home / ".lmstudio" / "settings.json", json.dumps({"downloadsFolder": pointer}))
    put(home / ".lmstudio" / "models" / "a" / "b" / "one.gguf")

    assert only(looked(home)).name == "one"


def test_a_split_model_is_found_with_all_its_parts_or_not_at_all(home: Path) -> None:
    folder = home / ".lmstudio" / "models" / "unsloth" / "Big-GGUF"
    parts = [put(folder / "Q8_0" / f"Big-Q8_0-0000{n}-of-00003.gguf") for n in (1, 2, 3)]
    put(folder / "BF16" / "Big-BF16-00001-of-00002.gguf")
    projector = put(folder / "mmproj-F16.gguf")

    model = only(looked(home))

    assert (model.name, model.files) == ("Big-Q8_0", tuple(parts))
    assert (model.projector, model.size) == (projector, sum(p.stat().st_size for p in parts))


# Jan


def _jan_model(data: Path, identity: str, **lines: str) -> Path:
    folder = data / "llamacpp" / "models" / identity
    written = {"model_path": f"llamacpp/models/{identity}/model.gguf", **lines}
    put(folder / "model.yml", "".join(f"{key}: {value}\n" for key, value in written.items()))
    return put(folder / "model.gguf", f"GGUF {identity}")


@pytest.mark.parametrize(
    ("system", "place"),
    [
        (System.LINUX, ".local/share/Jan/data"),
        (System.LINUX, ".config/Jan/data"),
        (System.LINUX, "jan"),
        (System.MACOS, "Library/Application Support/Jan/data"),
        (System.WINDOWS, "AppData/Roaming/Jan/data"),
    ],
)
def test_jan_describes_each_model_in_a_file_of_its_own(
    home: Path, system: System, place: str
) -> None:
    path = _jan_model(home / place, "janhq/Jan-v1-4B-Q4_K_M", size_bytes="123")
    projector = put(path.with_name("mmproj.gguf"))
    with path.with_name("model.yml").open("a") as stream:
        stream.write("mmproj_path: llamacpp/models/janhq/Jan-v1-4B-Q4_K_M/mmproj.gguf\n")

    model = only(looked(home, system=system))

    assert (model.name, model.origin) == ("janhq/Jan-v1-4B-Q4_K_M", Origin.JAN)
    assert (model.files, model.projector) == ((path,), projector)


def test_jan_names_models_points_to_files_elsewhere_and_keeps_older_ones_by_repository(
    home: Path, tmp_path: Path
) -> None:
    data = tmp_path / "jan data"
    put(home / ".local/share/Jan/settings.json", json.dumps({"data_folder": str(data)}))
    elsewhere = put(tmp_path / "my models" / "mine.gguf")
    _jan_model(data, "imported", model_path=f'"{elsewhere}"', name="'It''s mine'")
    (data / "llamacpp/models/imported/model.gguf").unlink()
    put(data / "models/huggingface.co/bartowski/X-GGUF/X-Q4_K_M.gguf", "GGUF X")

    models = {model.name: model for model in looked(home)}

    assert sorted(models) == ["It's mine", "X-Q4_K_M"]
    assert models["It's mine"].path == elsewhere
    assert models["X-Q4_K_M"].repository == "bartowski/X-GGUF"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.gguf",
        "../../../../../secret.gguf",
        "//server/share/x.gguf",
        "/dev/zero",
        "",
        "x\0.gguf",
        "~",
    ],
)
def test_jan_is_not_followed_out_of_its_folder(home: Path, path: str) -> None:
    put(home / "secret.gguf")
    put(home / "jan/llamacpp/models/a/model.yml", f"model_path: {path}\n")
    _jan_model(home / "jan", ".trash/b")

    assert looked(home) == []


# GPT4All


@pytest.mark.parametrize(
    ("system", "place"),
    [
        (System.LINUX, ".local/share/nomic.ai/GPT4All"),
        (System.MACOS, "Library/Application Support/nomic.ai/GPT4All"),
        (System.WINDOWS, "AppData/Local/nomic.ai/GPT4All"),
        (System.LINUX, ".cache/gpt4all"),
    ],
)
def test_gpt4all_keeps_files_in_one_folder(home: Path, system: System, place: str) -> None:
    path = put(home / place / "Llama-3.2-1B-Instruct-Q4_0.gguf")
    put(home / place / "incomplete-Phi-3-mini.Q4_0.gguf")
    put(home / place / "localdocs_v3.db")

    model = only(looked(home, system=system))

    assert (model.name, model.origin) == ("Llama-3.2-1B-Instruct-Q4_0", Origin.GPT4ALL)
    assert model.files == (path,)


@pytest.mark.parametrize(
    ("system", "ini"),
    [
        (System.LINUX, ".config/nomic.ai/GPT4All.ini"),
        (System.MACOS, ".config/gpt4all.io/GPT4All.ini"),
        (System.WINDOWS, "AppData/Roaming/nomic.ai/GPT4All.ini"),
    ],
)
def test_gpt4all_looks_where_a_person_told_it(
    home: Path, tmp_path: Path, system: System, ini: str
) -> None:
    chosen = put(tmp_path / "Modèles" / "x.gguf").parent
    written = str(chosen).replace("è", "\\xe8")
    put(home / ini, f"[General]\nchatTheme=Dark\nmodelPath={written}/\n\n[download]\nx=1\n")

    assert only(looked(home, system=system)).path == chosen / "x.gguf"


# Hugging Face and llama.cpp


def _cached(hub: Path, repository: str, name: str, content: bytes, *, link: bool = True) -> Path:
    folder = hub / f"models--{repository.replace('/', '--')}"
    place = folder / "snapshots" / _COMMIT / name
    if not link:
        return put(place, content)
    blob = put(folder / "blobs" / hashlib.sha256(content).hexdigest(), content)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(blob, place.parent))
    return place


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("", "", "home/.cache/huggingface/hub"),
        ("HF_HUB_CACHE", "hub cache", "hub cache"),
        ("HUGGINGFACE_HUB_CACHE", "old", "old"),
        ("HF_HOME", "hf", "hf/hub"),
        ("XDG_CACHE_HOME", "xdg", "xdg/huggingface/hub"),
    ],
)
def test_the_cache_of_hugging_face_knows_repository_commit_and_hash(
    home: Path, tmp_path: Path, variable: str, value: str, place: str
) -> None:
    hub = tmp_path / place
    path = _cached(hub, "unsloth/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf", b"GGUF qwen")
    _cached(hub, "unsloth/Qwen3-4B-GGUF", "config.json", b"{}")
    put(hub / "models--a--b" / "snapshots" / "no commit" / "x.gguf")
    put(hub / "datasets--a--b" / "snapshots" / _COMMIT / "x.gguf")

    model = only(looked(home, {variable: tmp_path / value} if variable else None))

    assert (model.name, model.path) == ("Qwen3-4B-Q4_K_M", path)
    assert (model.repository, model.commit) == ("unsloth/Qwen3-4B-GGUF", _COMMIT)
    assert model.sha256 == hashlib.sha256(b"GGUF qwen").hexdigest()
    assert model.origin is Origin.HUGGING_FACE_CACHE


def test_without_links_the_cache_tells_no_hash(home: Path) -> None:
    _cached(home / ".cache/huggingface/hub", "a/b", "x.gguf", b"GGUF", link=False)

    assert only(looked(home, system=System.WINDOWS)).sha256 == ""


def test_a_name_like_a_hash_outside_the_cache_is_none(home: Path, tmp_path: Path) -> None:
    path = _cached(home / ".cache/huggingface/hub", "a/b", "x.gguf", b"GGUF")
    path.unlink()
    path.symlink_to(put(tmp_path / ("0" * 64), b"GGUF other"))

    assert only(looked(home)).sha256 == ""


def test_a_split_model_in_the_cache_has_its_parts_its_projector_and_no_hash(home: Path) -> None:
    hub = home / ".cache/huggingface/hub"
    names = [f"BF16/Big-BF16-0000{number}-of-00002.gguf" for number in (1, 2)]
    paths = tuple(_cached(hub, "a/b", name, name.encode()) for name in names)
    projector = _cached(hub, "a/b", "mmproj-F16.gguf", b"GGUF eyes")
    _cached(hub, "a/b", "Q8_0/Big-Q8_0-00001-of-00002.gguf", b"half")

    model = only(looked(home))

    assert (model.files, model.projector, model.sha256) == (paths, projector, "")


def test_of_two_commits_with_one_file_the_one_in_use_counts(home: Path) -> None:
    hub = home / ".cache/huggingface/hub"
    path = _cached(hub, "a/b", "x.gguf", b"GGUF")
    older = path.parents[1] / ("0" * 40)
    older.mkdir()
    (older / "x.gguf").symlink_to(path)
    put(path.parents[2] / "refs" / "main", _COMMIT)

    assert only(looked(home)).commit == _COMMIT


@pytest.mark.parametrize(
    ("system", "place"),
    [
        (System.LINUX, ".cache/llama.cpp"),
        (System.MACOS, "Library/Caches/llama.cpp"),
        (System.WINDOWS, "AppData/Local/llama.cpp"),
    ],
)
def test_llama_cpp_writes_the_repository_into_the_name(
    home: Path, system: System, place: str
) -> None:
    cache = home / place
    beginning = "ggml-org_gemma-3-4b-it-GGUF_"
    put(cache / "manifest=ggml-org=gemma-3-4b-it-GGUF=Q4_K_M.json", "{}")
    path = put(cache / f"{beginning}gemma-3-4b-it-Q4_K_M.gguf")
    projector = put(cache / f"{beginning}mmproj-model-f16.gguf")
    other = put(cache / "unknown_owner_x-Q8_0.gguf", "GGUF x")
    put(cache / "of somebody else" / "y.gguf", "GGUF y")

    gemma, unknown = looked(home, system=system)

    assert (gemma.name, gemma.repository) == ("gemma-3-4b-it-Q4_K_M", "ggml-org/gemma-3-4b-it-GGUF")
    assert (gemma.path, gemma.projector, gemma.origin) == (path, projector, Origin.LLAMA_CPP)
    assert (unknown.name, unknown.repository) == ("unknown_owner_x-Q8_0", "")
    assert (unknown.path, unknown.projector) == (other, None)


def test_newer_llama_cpp_uses_the_layout_of_hugging_face_in_its_own_folder(
    home: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "llama cache"
    _cached(cache, "ggml-org/x-GGUF", "x-Q8_0.gguf", b"GGUF x")
    put(cache / "me_old_y.gguf", "GGUF y")

    models = looked(home, {"LLAMA_CACHE": cache})

    assert [(model.name, model.repository) for model in models] == [
        ("x-Q8_0", "ggml-org/x-GGUF"),
        ("me_old_y", ""),
    ]
    assert {model.origin for model in models} == {Origin.LLAMA_CPP}


# Folders of people, and everything together


def test_a_folder_is_looked_through_without_going_in_circles(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    path = put(folder / "a" / "b" / "one.gguf")
    put(folder / ".hidden" / "two.gguf")
    put(folder / "imatrix.gguf")
    put(folder / "a" / "mtp-one.gguf")
    (folder / "a" / "round").symlink_to(folder)
    (folder / "broken.gguf").symlink_to(folder / "nowhere")
    (folder / "self.gguf").symlink_to("self.gguf")
    (folder / "folder.gguf").mkdir()
    os.mkfifo(folder / "pipe.gguf")

    model = only(looked(home, folders=(folder, tmp_path / "is not there")))

    assert (model.name, model.origin, model.files) == ("one", Origin.FOLDER, (path,))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is closed to this account"
)
def test_what_may_not_be_read_is_passed_over(home: Path, tmp_path: Path) -> None:
    closed = put(tmp_path / "models" / "closed" / "x.gguf").parent
    put(tmp_path / "models" / "y.gguf")
    closed.chmod(0)
    try:
        assert only(looked(home, folders=(tmp_path / "models",))).name == "y"
    finally:
        closed.chmod(0o700)


def test_a_file_that_several_programs_use_is_shown_once_by_who_knows_most(
    home: Path, store: Store
) -> None:
    store.add(f"{_LIBRARY}/gemma2/2b", store.manifest(weights=b"GGUF shared"))
    blob = next((store.folder / "blobs").glob("*"))
    for each in (store.folder / "blobs").iterdir():
        if each.read_bytes() == b"GGUF shared":
            blob = each
    studio = home / ".lmstudio/models/ollama/gemma2/gemma2-2b.gguf"
    studio.parent.mkdir(parents=True)
    studio.symlink_to(blob)
    own = home / "models"
    own.mkdir()
    os.link(blob, own / "hard.gguf")

    model = only(looked(home, folders=(own, home / ".lmstudio")))

    assert (model.name, model.origin) == ("gemma2:2b", Origin.OLLAMA)


def test_nothing_is_written_anywhere(home: Path, store: Store) -> None:
    store.add(f"{_LIBRARY}/gemma2/2b", store.manifest())
    _jan_model(home / "jan", "a")
    _cached(home / ".cache/huggingface/hub", "a/b", "x.gguf", b"GGUF x")

    def picture() -> dict[str, tuple[int, int]]:
        files = (path.lstat() for path in home.rglob("*"))
        names = [str(path) for path in home.rglob("*")]
        return dict(zip(names, ((one.st_mtime_ns, one.st_size) for one in files), strict=True))

    before = picture()
    assert len(looked(home)) == 3
    assert picture() == before


def test_a_search_ends_when_it_is_cancelled(home: Path, tmp_path: Path) -> None:
    for number in range(50):
        put(tmp_path / "models" / str(number) / "x.gguf")
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20

    assert list(found(Places(home, {}, (tmp_path / "models",)), cancelled)) == []
    assert asked < 50


def test_a_search_looks_at_so_many_names_and_so_long(home: Path, tmp_path: Path) -> None:
    for number in range(30):
        put(tmp_path / "models" / f"{number:02}" / "x.gguf")
    places = Places(home, {}, (tmp_path / "models",))

    def count(effort: Effort) -> int:
        return len(list(folder_models(places, effort)))

    assert count(Effort()) == 30
    assert 0 < count(Effort(entries=40)) < 30
    ticks = iter(range(1000))
    assert 0 < count(Effort(seconds=40, clock=lambda: next(ticks))) < 30


def test_names_are_shown_on_one_line_and_are_not_endless(home: Path) -> None:
    _jan_model(home / "jan", "a", name=f"x\x1b[31m\u202e{'y' * 500}")
    shown = only(looked(home)).name

    assert shown.isprintable()
    assert len(shown) == 120


# What other programs write


def test_simple_values_of_yaml_are_read_and_the_rest_is_not() -> None:
    text = "# c\nname: \"a \\\"b\\\"\"\nother: 'it''s'\nplain: x y # why\nlist:\n  - name: no\n  name: no\n"

    assert yaml_words(text) == {"name": 'a "b"', "other": "it's", "plain": "x y", "list": ""}


def test_values_that_qt_wrote_are_read() -> None:
    text = '[General]\nmodelPath="C:\\\\Users\\\\J\\xf6rg\\\\m/"\n'

    assert qt_value(text, "modelPath") == "C:\\Users\\Jörg\\m/"
    assert qt_value(text, "device") == ""


@pytest.mark.parametrize("text", ["", "[]", "1", "null", "{", "[" * 100_000, '{"a":' * 100_000])
def test_what_is_no_object_reads_as_an_empty_one(text: str) -> None:
    assert parse_object(text) == {}


def test_paths_of_windows_come_from_its_variables(tmp_path: Path) -> None:
    variables = {"APPDATA": str(tmp_path / "R"), "LOCALAPPDATA": f'"{tmp_path / "L"}"'}
    places = Places(tmp_path, variables, system=System.WINDOWS)

    assert (places.data, places.local_data) == (tmp_path / "R", tmp_path / "L")
    assert (places.cache, places.config) == (tmp_path / "L", tmp_path / "R")
    assert places.folder("~/x") == tmp_path / "x"


def test_only_a_person_may_name_a_server(tmp_path: Path) -> None:
    places = Places(tmp_path, {"HF_HOME": "//server/share", "OLLAMA_MODELS": "models"})

    for text in (" //server/share", "\\\\server\\share", "/\\server", "\\/server"):
        assert places.folder(text) is None
    assert places.variable("HF_HOME") == Path("//server/share")
    assert places.variable("OLLAMA_MODELS") is None, "nobody knows from where"
