"""Servers that many people use: what to call one, and the form of its address. Values.

What stands between < and > has to be filled in. Addresses are those that each maker's own
documentation gives for OpenAI's protocol.
"""

from dataclasses import dataclass
from typing import Final

from desktop.domain.connection import ServerKind

__all__ = ["CLOUD", "NEAR", "OTHER", "ServerPreset", "blank_of"]


@dataclass(frozen=True, slots=True)
class ServerPreset:
    """`title` is what people know it by (empty: has no name of its own); `key` begins its keys.

    `needs_key`: nobody is answered without one.
    """

    kind: ServerKind
    title: str
    name: str
    address: str
    needs_key: bool = False
    key: str = ""


def blank_of(address: str) -> tuple[int, int]:
    """Return from where to where the first part of `address` lies that is to be filled in.

    (0, 0) where there is none.
    """
    begin, end = address.find("<"), address.find(">")
    return (begin, end + 1) if 0 <= begin < end else (0, 0)


_OLLAMA, _OPENAI = ServerKind.OLLAMA, ServerKind.OPENAI

NEAR: Final = (
    ServerPreset(_OLLAMA, "Ollama", "ollama-2", "http://<computer>:11434"),
    ServerPreset(_OPENAI, "LM Studio", "lm-studio", "http://127.0.0.1:1234/v1"),
    ServerPreset(_OPENAI, "llama-server", "llama-server", "http://127.0.0.1:8080/v1"),
    ServerPreset(_OPENAI, "vLLM", "vllm", "http://<computer>:8000/v1"),
    ServerPreset(_OPENAI, "SGLang", "sglang", "http://<computer>:30000/v1"),
)
"""Programs on this computer, or on another one that people run themselves."""

CLOUD: Final = (
    ServerPreset(_OPENAI, "OpenAI", "openai", "https://api.openai.com/v1", True, "sk-…"),
    ServerPreset(
        _OPENAI, "OpenRouter", "openrouter", "https://openrouter.ai/api/v1", True, "sk-or-…"
    ),
    ServerPreset(_OPENAI, "DeepSeek", "deepseek", "https://api.deepseek.com/v1", True, "sk-…"),
    ServerPreset(
        _OPENAI,
        "Qwen (DashScope)",
        "qwen",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        True,
        "sk-…",
    ),
    ServerPreset(
        _OPENAI, "SiliconFlow", "siliconflow", "https://api.siliconflow.cn/v1", True, "sk-…"
    ),
    ServerPreset(
        _OPENAI,
        "Hugging Face endpoint",
        "hf-endpoint",
        "https://<name>.endpoints.huggingface.cloud/v1",
        True,
        "hf_…",
    ),
    ServerPreset(
        _OPENAI,
        "Vertex AI",
        "vertex",
        "https://aiplatform.googleapis.com/v1/projects/<project>/locations/global/endpoints/openapi",
        True,
        "ya29.…",
    ),
)
"""Services of companies; what is asked there leaves this computer."""

OTHER: Final = ServerPreset(_OPENAI, "", "", "")
"""Any other one."""
