"""ggml's functions, which lie in two libraries: Windows finds in each only its own."""

import pytest

from desktop.inference.ggml_library import _FUNCTIONS, Ggml, computes_here
from tests.harness.foreign_functions import ForeignLibrary

# As `nm` tells of libggml and libggml-base.
_REGISTRY = {
    *("ggml_backend_load_all_from_path", "ggml_backend_load", "ggml_backend_reg_count"),
    *("ggml_backend_dev_count", "ggml_backend_dev_get"),
    *("ggml_backend_dev_by_name", "ggml_backend_dev_by_type"),
}
_FAR = 0x7FF6_0000_0010


def _answer(*_values: object) -> int:
    return _FAR


def _library(*names: str) -> ForeignLibrary:
    return ForeignLibrary(**dict.fromkeys(names, _answer))


def test_each_function_is_taken_from_the_library_that_has_it() -> None:
    names = {name for name, _result, _arguments in _FUNCTIONS}
    assert names > _REGISTRY
    ggml = Ggml([_library(*_REGISTRY), _library(*(names - _REGISTRY), "gguf_free")])

    assert computes_here(ggml)
    assert ggml.ggml_backend_dev_backend_reg(1) == _FAR
    assert ggml.gguf_free is not None


def test_a_library_of_another_version_that_lacks_one_is_refused() -> None:
    with pytest.raises(OSError, match="no function ggml_backend_dev_name"):
        Ggml([_library(*(name for name, *_ in _FUNCTIONS if name != "ggml_backend_dev_name"))])
