"""What a person reads once a model is here, however it came."""

from desktop.base.translation import Translator


def is_ready(name: str, words: Translator) -> str:
    """Return the one line that says what can be done with a model now."""
    typed = f'"{name}"' if any(char.isspace() for char in name) else name
    return words.say("{name} is ready: {command}", name=name, command=f"lapis chat -m {typed}")
