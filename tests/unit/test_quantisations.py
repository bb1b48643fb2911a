"""What labels of quantisations mean, however their publishers write them."""

import itertools
import re

import pytest

from desktop.models.catalogue import load_catalogue

KNOWN = load_catalogue().quantisations
LLAMA_CPP = (
    *("F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_0", "Q5_1", "Q4_K_M"),
    *("Q4_K_S", "Q4_0", "Q4_1", "IQ4_NL", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S", "IQ3_M"),
    *("IQ3_S", "IQ3_XS", "IQ3_XXS", "Q2_K", "Q2_K_S", "IQ2_M", "IQ2_S", "IQ2_XS", "IQ2_XXS"),
    *("IQ1_M", "IQ1_S", "TQ1_0", "TQ2_0", "MXFP4", "NVFP4"),
)


@pytest.mark.parametrize("name", LLAMA_CPP)
def test_every_name_of_llama_cpp_is_explained_in_both_languages(name: str) -> None:
    facts = KNOWN.find(name)
    assert facts is not None
    assert facts.name == name
    assert facts.words["en"].endswith(".")
    assert re.search(r"[\u4e00-\u9fff].*。$", facts.words["zh_CN"])
    assert not re.search(r"[,;:!?]", facts.words["zh_CN"])


def test_losses_are_those_that_were_measured() -> None:
    measured = {one.name: one.loss for one in KNOWN.quantisations}
    assert measured["Q8_0"] == 0.0014
    assert measured["Q4_K_M"] == 0.028
    assert measured["Q2_K"] == pytest.approx(0.33, abs=0.005)
    assert {name for name, loss in measured.items() if loss is None} == {
        *("MXFP4", "NVFP4", "TQ1_0", "TQ2_0")
    }


def test_fewer_bits_never_come_closer_to_the_original_within_a_family() -> None:
    ladder = ["F16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "IQ4_XS", "Q3_K_L"]
    ladder += ["Q3_K_M", "IQ3_M", "IQ3_S", "IQ3_XS", "IQ3_XXS", "IQ2_M", "IQ2_S", "IQ2_XS"]
    facts = [found for name in ladder if (found := KNOWN.find(name))]
    assert len(facts) == len(ladder)
    for finer, coarser in itertools.pairwise(facts):
        assert finer.bits > coarser.bits
        assert finer.loss is not None
        assert coarser.loss is not None
        assert finer.loss < coarser.loss


@pytest.mark.parametrize(
    ("label", "base"),
    [
        ("q4_k_m", "Q4_K_M"),
        (" Q4_K_M ", "Q4_K_M"),
        ("Q4_K", "Q4_K_M"),
        ("UD-Q4_K_XL", "Q4_K_M"),
        ("ud-iq2_m", "IQ2_M"),
        ("Q4_K_L", "Q4_K_M"),
        ("Q6_K_L", "Q6_K"),
        ("Q8_K_XL", "Q8_0"),
        ("Q3_K_L", "Q3_K_L"),
        ("Q3_K_XL", "Q3_K_M"),
        ("UD-Q2_K_XL", "Q2_K"),
        ("MXFP4_MOE", "MXFP4"),
        ("FP16", "F16"),
        ("Q4_0_4_4", "Q4_0"),
        ("Q4_K_P", "Q4_K_M"),
        ("qat-q4_0", "Q4_0"),
        ("Q4_0-QAT", "Q4_0"),
    ],
)
def test_a_label_with_marks_leads_to_what_it_is_built_on(label: str, base: str) -> None:
    facts, plain = KNOWN.find(label), KNOWN.base(label)
    assert facts is not None
    assert plain is not None
    assert plain.name == base
    assert facts.bits == plain.bits


@pytest.mark.parametrize(
    "label", ["", "-", "UD-", "QAT", "Q9_K", "MX-4", "model", "Q4", "_L", "四"]
)
def test_an_unknown_label_means_nothing(label: str) -> None:
    assert KNOWN.find(label) is None
    assert KNOWN.base(label) is None


def test_nobody_measured_what_publishers_changed() -> None:
    for label in ("UD-Q4_K_XL", "Q4_K_L", "Q4_K_P", "Q4_0-QAT"):
        facts = KNOWN.find(label)
        assert facts is not None
        assert facts.loss is None


def test_marks_are_explained_behind_the_plain_words() -> None:
    plain, marked = KNOWN.find("Q4_K_M"), KNOWN.find("UD-Q4_K_XL")
    assert plain is not None
    assert marked is not None
    for language, words in plain.words.items():
        assert marked.words[language].startswith(words)
        assert len(marked.words[language]) > len(words)


def test_a_model_trained_for_its_size_is_not_called_an_older_kind() -> None:
    trained = KNOWN.find("Q4_0", trained=True)
    assert trained is not None
    assert "trained" in trained.words["en"]
    assert "older" not in trained.words["en"]


def test_a_private_variant_names_what_it_resembles() -> None:
    facts = KNOWN.find("Q6_K_P")
    assert facts is not None
    assert "Q6_K:" in facts.words["en"]
    assert "{" not in "".join(facts.words.values())
