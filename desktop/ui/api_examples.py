"""How the local server is asked from other programs: a few lines to be copied. Any thread."""

from enum import Enum

__all__ = ["HIDDEN_KEY", "Example", "example"]

HIDDEN_KEY = "lapis-…"
"""Stands for the key while that is not to be read."""


class Example(Enum):
    """By what it is asked; each value is a name that no language translates."""

    OPENAI = "Python · openai"
    OLLAMA = "Python · ollama"
    CURL = "curl"


def example(kind: Example, address: str, key: str) -> str:
    """Return lines that ask the server at `address` (without a path), showing it `key`."""
    match kind:
        case Example.OPENAI:
            return f"""\
from openai import OpenAI

client = OpenAI(base_url="{address}/v1", api_key="{key}")
answer = client.chat.completions.create(
    model="local-model",
    messages=[{{"role": "user", "content": "Hello"}}],
)
print(answer.choices[0].message.content)"""
        case Example.OLLAMA:
            return f"""\
from ollama import Client

client = Client(
    host="{address}",
    headers={{"Authorization": "Bearer {key}"}},
)
answer = client.chat(
    model="local-model",
    messages=[{{"role": "user", "content": "Hello"}}],
)
print(answer.message.content)"""
        case Example.CURL:
            return f"""\
curl {address}/v1/chat/completions \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"messages": [{{"role": "user", "content": "Hello"}}]}}'"""
