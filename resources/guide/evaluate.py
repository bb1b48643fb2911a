"""Ask the guide the questions of an evaluation file and score its answers.

``python resources/guide/evaluate.py`` runs ``guide.gguf`` in llama.cpp, with the chat template of
the file and greedy decoding, on every line of ``evaluation.jsonl``. An answer is right if it
contains at least one alternative of every group of facts; an answer to an off-topic question is
right if it says that this is only the guide.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = Path(__file__).resolve().parent
MAX_TOKENS = 200
CONTEXT = 2048
ONLY_THE_GUIDE = ("only the guide", "只是向导")


@llama.llama_log_callback
def _silent(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
    """Swallow the log lines of llama.cpp."""


class Engine:
    """A GGUF model in llama.cpp that answers chats with greedy decoding."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        llama.llama_log_set(_silent, ctypes.c_void_p(0))
        llama.llama_backend_init()
        params = llama.llama_model_default_params()
        params.use_extra_bufts = False
        self.model = llama.llama_model_load_from_file(str(path).encode(), params)
        if not self.model:
            raise SystemExit(f"cannot load {path}")
        options = llama.llama_context_default_params()
        options.n_ctx = CONTEXT
        options.n_batch = CONTEXT
        options.n_threads = options.n_threads_batch = threads
        self.context = llama.llama_init_from_model(self.model, options)
        self.vocab = llama.llama_model_get_vocab(self.model)
        self.vocab_size = llama.llama_vocab_n_tokens(self.vocab)
        template = llama.llama_model_chat_template(self.model, None).decode()
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        self.template = environment.from_string(template)

    def tokenize(self, text: str, *, special: bool = True) -> list[int]:
        """Return the token ids of a text; ``special`` recognises control tokens in it."""
        data = text.encode()
        tokens = (llama.llama_token * (len(data) + 8))()
        size = llama.llama_tokenize(
            self.vocab, data, len(data), tokens, len(tokens), False, special
        )
        return list(tokens[:size])

    def detokenize(self, tokens: list[int]) -> str:
        """Return the text of token ids."""
        pieces = b""
        buffer = ctypes.create_string_buffer(256)
        for token in tokens:
            size = llama.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, False)
            pieces += buffer.raw[:size]
        return pieces.decode("utf-8", "replace")

    def _decode(self, tokens: list[int]) -> int:
        """Feed tokens and return the likeliest next one."""
        array = (llama.llama_token * len(tokens))(*tokens)
        if llama.llama_decode(self.context, llama.llama_batch_get_one(array, len(tokens))) != 0:
            raise SystemExit("llama.cpp could not decode the prompt")
        logits = llama.llama_get_logits_ith(self.context, -1)
        return max(range(self.vocab_size), key=logits[: self.vocab_size].__getitem__)

    def answer(self, messages: list[dict[str, str]]) -> str:
        """Return the greedy answer to a chat."""
        prompt = self.template.render(messages=messages, add_generation_prompt=True)
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        token = self._decode(self.tokenize(prompt))
        answer: list[int] = []
        while not llama.llama_vocab_is_eog(self.vocab, token) and len(answer) < MAX_TOKENS:
            answer.append(token)
            token = self._decode([token])
        return self.detokenize(answer)


@dataclass(frozen=True)
class Verdict:
    """One evaluated question."""

    question: dict[str, Any]
    answer: str
    right: bool


def _squeeze(text: str) -> str:
    return " ".join(text.casefold().split())


def is_right(question: dict[str, Any], answer: str) -> bool:
    """Tell whether an answer contains what the question asks for."""
    text = _squeeze(answer)
    declined = any(phrase in text for phrase in ONLY_THE_GUIDE)
    if question["off_topic"] or (declined and question["topic"] != "identity"):
        return declined and question["off_topic"]
    return all(any(_squeeze(alt) in text for alt in group) for group in question["facts"])


def report(verdicts: list[Verdict]) -> None:
    """Print the wrong answers and the scores."""
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for verdict in verdicts:
        question = verdict.question
        kinds = [question["lang"], "off-topic" if question["off_topic"] else "on-topic", "total"]
        asked.update(kinds)
        right.update(kinds if verdict.right else [])
        if not verdict.right:
            print(f"wrong {question['id']} ({question['topic']}): {question['question']}")
            print(f"      {verdict.answer}")
    for kind in ("en", "zh", "on-topic", "off-topic", "total"):
        if asked[kind]:
            print(f"{kind:9} {right[kind]:4} of {asked[kind]:4}  {right[kind] / asked[kind]:.1%}")


def main() -> int:
    """Evaluate and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=HERE / "guide.gguf")
    parser.add_argument("--questions", type=Path, default=HERE / "evaluation.jsonl")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    lines = args.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines if line.strip()]
    engine = Engine(args.model, args.threads)
    verdicts = []
    for question in questions:
        answer = engine.answer([{"role": "user", "content": question["question"]}])
        verdicts.append(Verdict(question, answer, is_right(question, answer)))
    report(verdicts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
