"""Words in a file and out of it again."""

import json

import pytest

from desktop.domain.kept_text import kept_text, text_again
from desktop.domain.text import Text, Value

VALUES: dict[str, Value] = {"name": "杯子.gguf", "size": 12, "share": 0.5, "names": ("a", "b")}


def test_words_come_back_as_they_were() -> None:
    text = Text("{name} has {size}, {share} of {names}", VALUES)

    assert text_again(json.loads(json.dumps(kept_text(text)))) == text


def test_words_without_values_may_stand_alone() -> None:
    assert text_again({"message": "Too long"}) == Text("Too long")


def test_a_name_that_is_no_text_can_be_kept() -> None:
    kept = kept_text(Text("{name}: {names}", {"name": "a\udcff", "names": ("\udcfe",)}))

    assert json.dumps(kept, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "words",
        {"message": "words", "value": {}},
        {"message": 1, "values": {}},
        {"message": "words", "values": []},
        {"message": "{name}", "values": {"name": None}},
        {"message": "{name}", "values": {"name": {}}},
        {"message": "{name}", "values": {"name": ["a", 1]}},
    ],
)
def test_anything_else_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="no "):
        text_again(said)
