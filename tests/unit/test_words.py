"""Words with holes, before and after anyone knows the language."""

import pytest

from desktop.base.paths import resources
from desktop.base.translation import Translator
from desktop.domain.settings import Language
from desktop.domain.text import Text, verbatim


def test_a_value_that_looks_like_a_hole_stays_as_it_is() -> None:
    text = Text("{name} needs {size}", {"name": "{size}.gguf", "size": "5 GB"})
    assert (
        text.said(lambda _words: "{size} braucht {name}, {unknown}")
        == "5 GB braucht {size}.gguf, {unknown}"
    )
    assert str(text) == "{size}.gguf needs 5 GB"
    assert str(verbatim("{name}")) == "{name}"


@pytest.mark.parametrize(
    ("language", "names", "said"),
    [
        (Language.ENGLISH, ("a.gguf", "b, c.gguf"), "It has: a.gguf, b, c.gguf."),
        (Language.CHINESE, ("a.gguf", "b, c.gguf"), "它有：a.gguf、b, c.gguf。"),
        (Language.CHINESE, ("a.gguf",), "它有：a.gguf。"),
    ],
)
def test_names_are_listed_as_the_language_does_it(
    language: Language, names: tuple[str, ...], said: str
) -> None:
    words = Translator(language, resources() / "locale")
    assert words.say(Text("It has: {names}.", {"names": names})) == said
    assert str(Text("{names}", {"names": names})) == ", ".join(names)
