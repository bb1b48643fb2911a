"""The tiny model files, each written once for a test run and only if a test asks for it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests import gguf_files


@dataclass(frozen=True)
class Models:
    """Paths of real model files. They are shared: to change one, copy it first."""

    folder: Path

    @cached_property
    def llama(self) -> Path:
        """One layer of Llama with a chat template; babbles."""
        return gguf_files.write_llama(self.folder / "tiny-llama.gguf")

    @cached_property
    def gemma2(self) -> Path:
        """Gemma 2: soft-capping, sliding window, no system role."""
        return gguf_files.write_gemma2(self.folder / "tiny-gemma2.gguf")

    @cached_property
    def recurrent(self) -> Path:
        """A model whose memory cannot be cut."""
        return gguf_files.write_recurrent(self.folder / "tiny-recurrent.gguf")

    @cached_property
    def bert(self) -> Path:
        """An embedding model: it cannot answer."""
        return gguf_files.write_bert(self.folder / "tiny-bert.gguf")
