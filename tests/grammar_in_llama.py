"""Hand grammars to real llama.cpp and print what it says; a process of its own, as it may die.

Argument: a model file. Input: one JSON object {"grammars": [...], "tokens": N, "seeds": [...]}.
Output: one JSON line for each grammar, flushed before the next one is tried: whether it was
accepted and, where N is not 0, a text for each seed, or null where N tokens were not enough.
"""

import ctypes
import json
import sys
from typing import Any

from desktop.inference.bindings import load_bindings


def main(path: str) -> None:
    """Try every grammar of the order on the model at `path`."""
    order = json.load(sys.stdin)
    lib, _ggml = load_bindings()
    model = lib.llama_model_load_from_file(path.encode(), lib.llama_model_default_params())
    params = lib.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = 2048, 1, 1
    context = lib.llama_init_from_model(model, params)
    for grammar in order["grammars"]:
        sampler = lib.llama_sampler_init_grammar(
            lib.llama_model_get_vocab(model), grammar.encode(), b"root"
        )
        seeds = order["seeds"] if sampler else []
        texts = [_write(lib, model, context, sampler, seed, order["tokens"]) for seed in seeds]
        print(json.dumps({"accepted": bool(sampler), "texts": texts}), flush=True)
        if sampler:
            lib.llama_sampler_free(sampler)


def _write(lib: Any, model: Any, context: Any, grammar: Any, seed: int, limit: int) -> str | None:
    vocab = lib.llama_model_get_vocab(model)
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    lib.llama_sampler_chain_add(chain, lib.llama_sampler_clone(grammar))
    lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_temp(2.0))
    lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_dist(seed))
    lib.llama_memory_clear(lib.llama_get_memory(context), False)
    token = lib.llama_vocab_bos(vocab)
    text = b""
    try:
        for _ in range(limit):
            ids = (lib.llama_token * 1)(token)
            if lib.llama_decode(context, lib.llama_batch_get_one(ids, 1)) != 0:
                sys.exit("decoding failed")
            token = lib.llama_sampler_sample(chain, context, -1)
            if lib.llama_vocab_is_eog(vocab, token):
                return text.decode(errors="replace")
            piece = ctypes.create_string_buffer(256)
            count = lib.llama_token_to_piece(vocab, token, piece, 256, 0, False)
            text += piece.raw[:count]
    finally:
        lib.llama_sampler_free(chain)
    return None


if __name__ == "__main__":
    main(sys.argv[1])
