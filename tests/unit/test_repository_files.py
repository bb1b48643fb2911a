"""Names of files in repositories: what they say, what is offered, what is refused."""

import pytest

from desktop.domain.errors import BadReference, GatedModel, RemoteFileNotFound
from desktop.domain.repository import (
    Gate,
    QuantisedModel,
    Reference,
    RemoteFile,
    Repository,
    Source,
    SourceKind,
)
from desktop.domain.text import Text
from desktop.hub.file_names import (
    is_safe_name,
    is_safe_path,
    local_name,
    quantisation_label,
    safe_name,
    split_part,
    stem,
)
from desktop.hub.grouping import grouped
from desktop.services.orders import choose, chosen, order_for, projector_for

HOSTILE = [
    "",
    ".",
    "..",
    "../x.gguf",
    "a/../../x.gguf",
    "/etc/x.gguf",
    "//host/share/x.gguf",
    "a//x.gguf",
    "\\\\host\\share\\x.gguf",
    "a\\x.gguf",
    "C:x.gguf",
    "C:\\x.gguf",
    "x.gguf:stream",
    "CON.gguf",
    "con.gguf",
    "nul",
    "COM1.gguf",
    "lpt9.tar.gguf",
    "COM\u00b9.gguf",
    "AUX .gguf",
    "CONIN$.gguf",
    "x.gguf.",
    "x.gguf ",
    " x.gguf",
    ".hidden.gguf",
    "a/.ssh/x.gguf",
    "x\x00.gguf",
    "x\n.gguf",
    "x\x1b[31m.gguf",
    "x\u202efugg.gguf",
    "x\u200b.gguf",
    "x\ud800.gguf",
    "x?.gguf",
    "x*.gguf",
    'x".gguf',
    "x|y.gguf",
    "<img src=x>.gguf",
    "x" * 196 + ".gguf",
    "é" * 98 + ".gguf",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_name_is_no_name_for_a_file_and_is_not_offered(path: str) -> None:
    good = RemoteFile("good-Q4_K_M.gguf", 10, "", "https://example.com/")
    models, _ = grouped([RemoteFile(path, 10, "", "https://example.com/"), good])

    assert not is_safe_path(path)
    assert [model.name for model in models] == ["good-Q4_K_M"]
    with pytest.raises(BadReference):
        local_name(path)


@pytest.mark.parametrize(
    "path", ["model.gguf", "Modèle 模型-Q4_K_M.gguf", "a/b/c.gguf", "COM10.gguf", "console.gguf"]
)
def test_a_plain_name_of_any_script_is_kept(path: str) -> None:
    assert is_safe_path(path)
    assert local_name(path) == path.rsplit("/", 1)[-1]


@pytest.mark.parametrize("text", [*HOSTILE, "owner--repo", "a" * 300, "模" * 200, "...", "CON"])
def test_any_text_gives_a_safe_name_for_a_folder(text: str) -> None:
    name = safe_name(text)

    assert is_safe_name(name)
    assert len(name.encode()) <= 110


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("Qwen3-8B-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen2.5-7b-instruct-q4_k_m.gguf", "Q4_K_M"),
        ("qwen2.5-7b-instruct-fp16-00001-of-00004.gguf", "F16"),
        ("mistral-7b.Q8_0.gguf", "Q8_0"),
        ("Model.i1-IQ3_XXS.gguf", "IQ3_XXS"),
        ("Qwen3-8B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("Qwen3-8B-UD-IQ2_M.gguf", "UD-IQ2_M"),
        ("gemma-3-4b-it-qat-q4_0.gguf", "Q4_0"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("gpt-oss-20b-MXFP4_MOE.gguf", "MXFP4_MOE"),
        ("model-TQ1_0.gguf", "TQ1_0"),
        ("model-NVFP4.gguf", "NVFP4"),
        ("model-BF16.gguf", "BF16"),
        ("model-f32.gguf", "F32"),
        ("Phi-3-mini-4k-instruct-q4.gguf", "Q4"),
        ("Q4_K_M.gguf", "Q4_K_M"),
        ("Q4_K_M/model-00001-of-00002.gguf", "Q4_K_M"),
        ("Llama-Q6_K_L.gguf", "Q6_K_L"),
        ("Model-Q4_K_M-imat.gguf", "Q4_K_M"),
        ("model_Q5_K_S.gguf", "Q5_K_S"),
        ("model-Q4_0_4_8.gguf", "Q4_0_4_8"),
        ("model.gguf", ""),
        ("Q-and-A-7B.gguf", ""),
        ("UQ4_K_M7.gguf", ""),
    ],
)
def test_the_label_is_read_from_the_name(path: str, label: str) -> None:
    assert quantisation_label(path) == label


@pytest.mark.parametrize(
    ("path", "split", "name"),
    [
        ("a-00002-of-00003.gguf", ("a", 2, 3), "a"),
        ("d/a-Q8_0-00001-of-00001.gguf", ("d/a-Q8_0", 1, 1), "a-Q8_0"),
        ("a-00004-of-00003.gguf", None, "a-00004-of-00003"),
        ("a-00000-of-00003.gguf", None, "a-00000-of-00003"),
        ("a-1-of-3.gguf", None, "a-1-of-3"),
        ("a.GGUF", None, "a"),
    ],
)
def test_parts_of_a_split_model_are_told(
    path: str, split: tuple[str, int, int] | None, name: str
) -> None:
    assert split_part(path) == split
    assert stem(path) == name


def test_split_files_are_one_model_with_their_parts_in_order() -> None:
    models, _ = _grouped("big-Q8_0-00002-of-00002.gguf", "big-Q8_0-00001-of-00002.gguf")

    assert [(model.name, model.quantisation, model.size) for model in models] == [
        ("big-Q8_0", "Q8_0", 200)
    ]
    assert [file.path[9:14] for file in models[0].files] == ["00001", "00002"]


@pytest.mark.parametrize(
    "paths",
    [
        ("a-Q8_0-00001-of-00003.gguf", "a-Q8_0-00002-of-00003.gguf"),
        ("a-Q8_0-00002-of-00002.gguf",),
        ("x/a-Q8_0-00001-of-00002.gguf", "y/a-Q8_0-00002-of-00002.gguf"),
        ("a-Q8_0-00001-of-00002.gguf", "a-Q8_0-00002-of-00003.gguf"),
        ("a-00001-of-00002.gguf", "a-00001-of-00002.gguf"),
        ("a-00001-of-00002.gguf", "../a-00002-of-00002.gguf"),
    ],
)
def test_an_incomplete_set_is_not_offered(paths: tuple[str, ...]) -> None:
    assert _grouped(*paths)[0] == ()


def test_what_is_no_model_to_talk_to_is_left_out() -> None:
    models, projectors = _grouped(
        "README.md",
        "model-Q4_K_M.gguf",
        "imatrix.gguf",
        "Model-imatrix.gguf",
        "mtp-model-Q8_0.gguf",
        "eagle3-model.gguf",
        "dflash-model.gguf",
        "dspark-model.gguf",
        "model-0.6B-draft-Q8_0.gguf",
        "Qwen3-Embedding-8B-Q8_0.gguf",
        "qwen3-reranker-8b-q8_0.gguf",
        "mmproj-F16.gguf",
        "model.safetensors",
    )

    assert [model.name for model in models] == ["model-Q4_K_M"]
    assert [file.path for file in projectors] == ["mmproj-F16.gguf"]


def test_a_file_listed_twice_or_empty_is_no_second_model() -> None:
    url = "https://example.com/"
    files = [RemoteFile("a.gguf", 5, "", url), RemoteFile("a.gguf", 7, "", url)]

    models, _ = grouped(
        [*files, RemoteFile("b.gguf", 0, "", url), RemoteFile("c.gguf", -1, "", url)]
    )

    assert [(model.name, model.size) for model in models] == [("a", 5)]


def test_models_are_in_the_order_of_their_size() -> None:
    url = "https://example.com/"
    sizes = {"a-Q8_0.gguf": 80, "b-Q2_K.gguf": 20, "c-F16.gguf": 160}

    models, _ = grouped(RemoteFile(path, size, "", url) for path, size in sizes.items())

    assert [model.size for model in models] == [20, 80, 160]


def test_projectors_are_sorted_and_the_nearest_is_taken() -> None:
    found = _repository(
        "model-Q4_K_M.gguf",
        "sub/model-Q8_0.gguf",
        "mmproj-F32.gguf",
        "mmproj-BF16.gguf",
        "mmproj-F16.gguf",
        "sub/model-F32-mmproj.gguf",
    )

    assert [file.path for file in found.projectors] == [
        "mmproj-F16.gguf",
        "mmproj-BF16.gguf",
        "mmproj-F32.gguf",
        "sub/model-F32-mmproj.gguf",
    ]
    assert _path(projector_for(found, choose(found, "Q4_K_M"))) == "mmproj-F16.gguf"
    assert _path(projector_for(found, choose(found, "Q8_0"))) == "sub/model-F32-mmproj.gguf"


def test_of_several_models_each_gets_the_projector_of_its_name() -> None:
    found = _repository(
        "small-4b-Q4_K_M.gguf",
        "large-12b-Q8_0.gguf",
        "mmproj-large-12b-F16.gguf",
        "mmproj-small-4b-BF16.gguf",
    )

    assert _path(projector_for(found, choose(found, "Q4_K_M"))) == "mmproj-small-4b-BF16.gguf"
    assert _path(projector_for(found, choose(found, "Q8_0"))) == "mmproj-large-12b-F16.gguf"


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Q4_K_M", "m-Q4_K_M"),
        ("q4_k_m", "m-Q4_K_M"),
        ("UD-Q4_K_M", "m-Q4_K_M"),
        ("q2_k_xl", "m-UD-Q2_K_XL"),
        ("UD-Q8_0", "m-UD-Q8_0"),
        ("Q8_0", "m-Q8_0"),
        ("plain", "plain"),
        ("M-q4_k_m", "m-Q4_K_M"),
    ],
)
def test_a_quantisation_is_found_however_it_is_written(wanted: str, name: str) -> None:
    found = _repository(
        "m-Q4_K_M.gguf", "m-UD-Q2_K_XL.gguf", "m-UD-Q8_0.gguf", "m-Q8_0.gguf", "plain.gguf"
    )

    assert choose(found, wanted).name == name


def test_a_quantisation_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(RemoteFileNotFound) as missing:
        choose(_repository("m-Q4_K_M.gguf", "m-Q8_0.gguf", "x.gguf"), "Q5_K_M")

    assert str(missing.value.title) == "owner/name has no Q5_K_M"
    assert str(missing.value.hint) == "It has: Q4_K_M, Q8_0, x."


def test_two_models_of_one_quantisation_must_be_told_apart_by_the_file() -> None:
    found = _repository("a-7b-Q4_K_M.gguf", "b-13b-Q4_K_M.gguf")

    with pytest.raises(RemoteFileNotFound, match="more than once") as several:
        choose(found, "Q4_K_M")

    assert "owner/name/b-13b-Q4_K_M.gguf" in str(several.value.hint)
    assert chosen(found, Reference("owner/name", file="b-13b-Q4_K_M.gguf")) == found.models[1]


def test_a_part_of_a_split_model_means_the_model() -> None:
    found = _repository("d/a-00001-of-00002.gguf", "d/a-00002-of-00002.gguf", "b.gguf")

    assert chosen(found, Reference("owner/name", file="d/a-00002-of-00002.gguf")) == found.models[1]
    assert chosen(found, Reference("owner/name", file="A-00001-of-00002.gguf")) == found.models[1]
    assert chosen(found, Reference("owner/name")) is None
    with pytest.raises(RemoteFileNotFound):
        chosen(found, Reference("owner/name", file="c.gguf"))


def test_an_order_holds_all_files_and_is_the_same_each_time() -> None:
    found = _repository(
        "m-Q4_K_M-00001-of-00002.gguf", "m-Q4_K_M-00002-of-00002.gguf", "mmproj.gguf"
    )
    model = found.models[0]

    order = order_for(found, model, found.projectors[0])

    assert order == order_for(found, model, found.projectors[0])
    assert (order.title, order.folder) == ("m-Q4_K_M", "owner--name--Q4_K_M")
    assert order.files == (*model.files, *found.projectors)
    assert order.key != order_for(found, model).key


def test_each_model_of_a_repository_gets_a_folder_of_its_own() -> None:
    found = _repository(
        "a-Q4_K_M.gguf", "b-Q4_K_M.gguf", "x/a-Q4_K_M.gguf", "a-Q8_0.gguf", "n" * 190 + ".gguf"
    )

    folders = [order_for(found, model).folder for model in found.models]

    assert len({folder.casefold() for folder in folders}) == len(found.models)
    assert all(is_safe_name(folder) for folder in folders)


def test_nothing_is_ordered_that_would_not_be_handed_out_or_has_a_hostile_name() -> None:
    found = _repository("m-Q4_K_M.gguf")
    refusal = GatedModel(Text("Terms first"), Text("Accept them"), "https://example.com/")
    hostile = QuantisedModel("m", "", (RemoteFile("../m.gguf", 1, "", "https://example.com/"),))

    with pytest.raises(GatedModel):
        order_for(_repository("m-Q4_K_M.gguf", refused=refusal), found.models[0])
    with pytest.raises(BadReference):
        order_for(found, hostile)


def _grouped(*paths: str) -> tuple[tuple[QuantisedModel, ...], tuple[RemoteFile, ...]]:
    return grouped(RemoteFile(path, 100, "", f"https://example.com/{path}") for path in paths)


def _repository(*paths: str, refused: GatedModel | None = None) -> Repository:
    models, projectors = _grouped(*paths)
    source = Source(SourceKind.HUGGING_FACE, "https://example.com")
    return Repository(
        source, "owner/name", "c" * 40, Gate.OPEN, "mit", "", models, projectors, refused
    )


def _path(file: RemoteFile | None) -> str:
    assert file is not None
    return file.path
