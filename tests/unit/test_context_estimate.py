"""Tokens reckoned where no model counts them."""

import pytest

from desktop.services.context_estimate import estimated_tokens

_ENGLISH = "The quick brown fox jumps over the lazy dog, and nobody in the yard minds. " * 20
_CHINESE = "他把合同从头到尾读了一遍，然后问了三个问题。" * 20


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("", 0, 0), ("Hi", 1, 2), (_ENGLISH, 300, 450), (_CHINESE, 220, 420)],
)
def test_it_is_of_the_size_that_vocabularies_give(text: str, least: int, most: int) -> None:
    assert least <= estimated_tokens(text) <= most


def test_a_long_text_is_reckoned_from_its_beginning_in_two_digits() -> None:
    assert estimated_tokens("word " * 1_000_000) == pytest.approx(1_300_000, rel=0.05)
    assert str(estimated_tokens("word " * 12_345)).endswith("000")
