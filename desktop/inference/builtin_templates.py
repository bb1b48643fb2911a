"""Lapis's own chat templates, for files whose template is broken, hostile or missing.

Runs inside the engine process. They say no more than the bare format of each family; whatever a
family does not know (a system role, tools) is put into words by `conversation`.
"""

from collections.abc import Callable

# A template's last line end is not written (Jinja drops it), that of an expression is.
_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{{ '<|im_start|>assistant\n' }}"
)
_GEMMA = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
    "{{ '<start_of_turn>model\n' }}"
)
_LLAMA3 = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{{ m.content | trim }}<|eot_id|>{% endfor %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
)
_MISTRAL = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% if m.role == 'user' %}[INST] {{ m.content }}[/INST]"
    "{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
)
_PHI = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
    "{{ '<|assistant|>\n' }}"
)
_GPT_OSS = (
    "<|start|>system<|message|># Valid channels: analysis, commentary, final. "
    "Channel must be included for every message.<|end|>{% for m in messages %}"
    "{% if m.role == 'assistant' %}<|start|>assistant<|channel|>final<|message|>"
    "{% else %}<|start|>{{ 'developer' if m.role == 'system' else m.role }}<|message|>{% endif %}"
    "{{ m.content }}<|end|>{% endfor %}<|start|>assistant"
)
# Name, template, and the control tokens that a vocabulary must have for it to be meant.
_BUILTIN = (
    ("gpt-oss", _GPT_OSS, ("<|start|>", "<|channel|>", "<|message|>")),
    ("chatml", _CHATML, ("<|im_start|>", "<|im_end|>")),
    ("gemma", _GEMMA, ("<start_of_turn>", "<end_of_turn>")),
    ("llama3", _LLAMA3, ("<|start_header_id|>", "<|eot_id|>")),
    ("phi", _PHI, ("<|user|>", "<|assistant|>", "<|end|>")),
    ("mistral", _MISTRAL, ("[INST]", "[/INST]")),
)
AUTOMATIC = "auto"
NAMES = tuple(sorted(name for name, _source, _marks in _BUILTIN))


def builtin_source(name: str) -> str | None:
    """Return the source of the built-in template `name`, or None."""
    return next((source for known, source, _marks in _BUILTIN if known == name), None)


def fitting_builtin(is_control: Callable[[str], bool]) -> str:
    """Return the name of the template that a vocabulary is made for; ChatML if it does not tell."""
    for name, _source, marks in _BUILTIN:
        if all(is_control(mark) for mark in marks):
            return name
    return "chatml"
