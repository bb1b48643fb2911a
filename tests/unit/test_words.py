"""Words with holes, before and after anyone knows the language."""

from desktop.domain.text import Text, verbatim


def test_a_value_that_looks_like_a_hole_stays_as_it_is() -> None:
    text = Text("{name} needs {size}", {"name": "{size}.gguf", "size": "5 GB"})
    assert text.filled("{size} braucht {name}, {unknown}") == "5 GB braucht {size}.gguf, {unknown}"
    assert str(text) == "{size}.gguf needs 5 GB"
    assert str(verbatim("{name}")) == "{name}"
