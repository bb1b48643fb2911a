"""The catalogue that comes with Lapis: its file, its figures, finding and searching in it."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from desktop.base.paths import resources
from desktop.domain.catalogue import ListedModel, Standing
from desktop.domain.errors import ModelNotFound
from desktop.models.catalogue import load_catalogue

MIB = 2**20
LANGUAGES = {"en", "zh_CN"}
CATALOGUE = load_catalogue()


def read(name: str) -> object:
    return json.loads((resources() / name).read_text(encoding="utf-8"))


def size_of(model: ListedModel, quantisation: str) -> int:
    return next(one.size for one in model.files if one.quantisation == quantisation)


def cache_at_8k(model: ListedModel) -> int:
    """For one sequence and batches of 512, as llama.cpp reserves it."""
    window = -(-(model.sliding_window + 512) // 256) * 256 if model.sliding_window else 0
    return model.cache_global * 8192 + model.cache_sliding * min(8192, window)


def test_the_catalogue_follows_its_schema() -> None:
    schema = read("catalogue.schema.json")
    assert isinstance(schema, dict)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(read("catalogue.json"))


def test_the_schema_refuses_a_catalogue_with_a_wrong_figure() -> None:
    schema, catalogue = read("catalogue.schema.json"), read("catalogue.json")
    assert isinstance(schema, dict)
    assert isinstance(catalogue, dict)
    catalogue["models"][0]["files"][0]["size"] = -1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(catalogue)


def test_all_models_are_read_and_their_ids_and_names_are_unique() -> None:
    assert len(CATALOGUE.models) == 60
    assert len({model.id for model in CATALOGUE.models}) == 60
    assert len({model.name.casefold() for model in CATALOGUE.models}) == 60
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", CATALOGUE.data_date)


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.id)
def test_every_model_is_whole(model: ListedModel) -> None:
    assert set(model.words) == LANGUAGES
    assert model.licence_note == {} or set(model.licence_note) == LANGUAGES
    sizes = [one.size for one in model.files]
    assert sizes == sorted(sizes)
    assert all(one.weights < one.size for one in model.files)
    assert model.active_parameters < model.parameters
    assert (model.sliding_window > 0) == (model.cache_sliding > 0)
    assert all(CATALOGUE.quantisation(one.quantisation) for one in model.files)
    # 2.4 to 16.1 bits for each weight, whatever the quantisation is called.
    assert all(2.4 < 8 * one.weights / model.parameters < 16.1 for one in model.files)


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.id)
def test_the_words_agree_with_the_facts(model: ListedModel) -> None:
    english, chinese = model.words["en"], model.words["zh_CN"]
    pictures = "picture" in english.casefold()
    assert pictures == ("看图" in chinese) == model.sees_pictures
    thinks = "think" in english.casefold()
    assert thinks == ("思考" in chinese)
    assert not thinks or model.thinks
    if model.languages == ("en",) and model.standing is not Standing.RECOMMENDED:
        assert "English" in english
    if "Chinese" in english:
        assert "zh" in model.languages
    assert not re.search(r"[,;:!?]", re.sub(r"\d,\d", "", chinese))


def test_terms_of_gemma_1_to_3_and_llama_are_to_be_accepted_and_no_others() -> None:
    asked = {model.family for model in CATALOGUE.models if model.must_accept}
    free = {model.family for model in CATALOGUE.models if not model.must_accept}
    assert asked == {"Gemma 1", "Gemma 2", "Gemma 3", "Gemma 3n", "Llama"}
    assert not asked & free
    assert all(model.licence_note for model in CATALOGUE.models if model.must_accept)


# Parameters and Q4_K_M bytes of the published files, rounded as their pages give them; the cache at
# 8,192 tokens as llama.cpp reports it.
@pytest.mark.parametrize(
    ("name", "parameters", "context", "gigabytes", "cache"),
    [
        ("gemma-2-2b-it", 2_614_341_888, 8192, 1.71, 650),
        ("gemma-2-9b-it", 9_241_705_984, 8192, 5.76, 2100),
        ("gemma-2-27b-it", 27_227_128_320, 8192, 16.65, 2300),
        ("gemma-1.1-7b-it", 8_537_680_896, 8192, 5.33, 3584),
        ("llama-3-8b-instruct", 8_030_261_248, 8192, 4.92, 1024),
        ("llama-3-70b-instruct", 70_553_706_496, 8192, 42.52, 2560),
    ],
)
def test_known_models_have_their_known_figures(
    name: str, parameters: int, context: int, gigabytes: float, cache: int
) -> None:
    model = CATALOGUE.find(name)
    assert model.parameters == parameters
    assert model.context_length == context
    assert size_of(model, "Q4_K_M") / 10**9 == pytest.approx(gigabytes, abs=0.006)
    assert cache_at_8k(model) / MIB == pytest.approx(cache, abs=0.6)


def test_picks_are_models_of_the_catalogue_for_growing_memory() -> None:
    *bounded, last = CATALOGUE.picks
    assert [one.memory for one in bounded] == sorted(one.memory for one in bounded)
    assert last.memory == 0
    picked = [name for one in CATALOGUE.picks for name in one.models]
    assert len(picked) == len(set(picked))
    assert all(CATALOGUE.find(name).standing is Standing.RECOMMENDED for name in picked)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gemma-2-2b-it", "gemma-2-2b-it"),
        ("gemma 2 2b", "gemma-2-2b-it"),
        ("Gemma2:9B", "gemma-2-9b-it"),
        ("gemma 7b", "gemma-1.1-7b-it"),
        ("llama3 8b", "llama-3-8b-instruct"),
        ("Llama 3.1 8B", "llama-3.1-8b-instruct"),
        ("LLAMA_3_70B", "llama-3-70b-instruct"),
        ("phi4", "phi-4"),
        ("qwen3 8b", "qwen3-8b"),
        ("gpt oss", "gpt-oss-20b"),
        ("mistral small", "mistral-small-3.2-24b-instruct-2506"),
    ],
)
def test_a_model_is_found_however_it_is_spelt(typed: str, meant: str) -> None:
    assert CATALOGUE.find(typed).id == meant


def test_every_model_is_found_by_its_own_id_and_name() -> None:
    for model in CATALOGUE.models:
        assert CATALOGUE.find(model.id) is model
        assert CATALOGUE.find(model.name) is model


def test_a_wrong_name_brings_up_those_that_come_near() -> None:
    with pytest.raises(ModelNotFound) as caught:
        CATALOGUE.find("lama 3 8b")
    assert "Llama-3-8B-Instruct" in str(caught.value.hint)


def test_a_name_of_several_models_lists_them() -> None:
    with pytest.raises(ModelNotFound) as caught:
        CATALOGUE.find("gemma 2b")
    assert "Gemma-1.1-2B-it, Gemma-2-2B-it" in str(caught.value.hint)


@pytest.mark.parametrize("typed", ["", "   ", "zzz", "模型", "../../etc/passwd", "q" * 5000])
def test_nonsense_is_refused_with_a_hint(typed: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        CATALOGUE.find(typed)
    assert str(caught.value.hint)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("code", "qwen3.6-27b"),
        ("programming", "qwen3.6-27b"),
        ("写代码", "qwen3.6-27b"),
        ("会写代码的小模型", ""),
        ("编程", "qwen3.5-9b"),
        ("中文聊天", "qwen3-4b-instruct-2507"),
        ("看图", "gemma-3-4b-it"),
        ("photos", "gemma-3-4b-it"),
        ("reasoning", "gpt-oss-20b"),
        ("德语", "llama-3.1-8b-instruct"),
        ("german long texts", "llama-3.1-8b-instruct"),
        ("laptop", "qwen3.5-4b"),
        ("gemma", "gemma-2-9b-it"),
        ("bartowski", "gemma-2-9b-it"),
        ("apache", "qwen3-8b"),
    ],
)
def test_words_in_english_and_chinese_find_models(words: str, found: str) -> None:
    names = [model.id for model in CATALOGUE.search(words)]
    assert found in names if found else len(names) < 60


def test_a_name_comes_before_a_mention_and_numbers_are_whole() -> None:
    assert {model.family for model in CATALOGUE.search("gemma 2")[:3]} == {"Gemma 2"}
    names = [model.id for model in CATALOGUE.search("8b")]
    assert "qwen3-8b" in names
    assert "qwen3.5-0.8b" not in names


def test_every_word_has_to_be_met_and_no_word_finds_everything() -> None:
    assert {model.family for model in CATALOGUE.search("gemma german")} <= {
        *("Gemma 3", "Gemma 3n", "Gemma 4")
    }
    assert CATALOGUE.search("gemma nonexistent") == ()
    assert len(CATALOGUE.search("  ")) == len(CATALOGUE.models)
    assert CATALOGUE.search("(*[\\") == ()


def test_a_repository_leads_to_its_model() -> None:
    found = CATALOGUE.for_repository("BARTOWSKI/gemma-2-2b-it-gguf")
    assert found is CATALOGUE.find("gemma-2-2b-it")
    assert CATALOGUE.for_repository("somebody/else") is None


def test_no_two_models_share_a_repository() -> None:
    named = [one.casefold() for model in CATALOGUE.models for one in model.repositories]
    assert len(named) == len(set(named))


def test_another_folder_may_hold_the_catalogue(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_catalogue(tmp_path)
    for name in ("catalogue.json", "quantisations.json"):
        (tmp_path / name).write_bytes((resources() / name).read_bytes())
    assert load_catalogue(tmp_path) == CATALOGUE
