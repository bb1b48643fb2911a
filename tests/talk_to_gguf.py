"""Run one tiny model in real llama.cpp and print what came of it as JSON; a process of its own.

Arguments: file, prompt, number of tokens. Sampled with seed 1, temperature 0.8.
"""

import ctypes
import json
import sys

import llama_cpp.llama_cpp as ll


def main(path: str, prompt: str, limit: int) -> None:
    """Load `path`, decode `prompt`, generate up to `limit` tokens, print JSON."""
    ll.llama_backend_init()
    model = ll.llama_model_load_from_file(path.encode(), ll.llama_model_default_params())
    if not model:
        sys.exit("the model was refused")
    vocab = ll.llama_model_get_vocab(model)
    params = ll.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = 2048, 1, 1
    params.swa_full = False
    embedding = ll.llama_model_meta_val_str(
        model, b"bert.block_count", ctypes.create_string_buffer(8), 8
    )
    params.embeddings = embedding >= 0
    context = ll.llama_init_from_model(model, params)
    if not context:
        sys.exit("the context was refused")
    ids = _tokenize(vocab, prompt, special=True)
    _decode(context, ids)
    if embedding >= 0:
        values = ll.llama_get_embeddings_seq(context, 0)
        print(json.dumps({"embedding": [values[i] for i in range(ll.llama_model_n_embd(model))]}))
        return
    said, finished = _generate(context, vocab, limit)
    template = ll.llama_model_chat_template(model, None)
    bos = ll.llama_vocab_bos(vocab)
    out = {
        "prompt_back": b"".join(_piece(vocab, i, special=True) for i in ids if i != bos)
        .decode()
        .removeprefix(" "),
        "control_tokens": _controls(vocab, ids),
        "control_tokens_from_text": _controls(vocab, _tokenize(vocab, prompt, special=False)),
        "text": b"".join(_piece(vocab, i) for i in said).decode(errors="replace"),
        "tokens": len(said),
        "finished": finished,
        "template": template.decode() if template else None,
        "context_length": ll.llama_model_n_ctx_train(model),
        "layers": ll.llama_model_n_layer(model),
    }
    print(json.dumps(out))


def _generate(context: object, vocab: object, limit: int) -> tuple[list[int], bool]:
    chain = ll.llama_sampler_chain_init(ll.llama_sampler_chain_default_params())
    ll.llama_sampler_chain_add(chain, ll.llama_sampler_init_temp(0.8))
    ll.llama_sampler_chain_add(chain, ll.llama_sampler_init_dist(1))
    said: list[int] = []
    while len(said) < limit:
        token = ll.llama_sampler_sample(chain, context, -1)
        if ll.llama_vocab_is_eog(vocab, token):
            return said, True
        said.append(token)
        _decode(context, [token])
    return said, False


def _controls(vocab: object, ids: list[int]) -> list[str]:
    bos = ll.llama_vocab_bos(vocab)
    return [
        _piece(vocab, token, special=True).decode()
        for token in ids
        if token != bos and ll.llama_vocab_is_control(vocab, token)
    ]


def _tokenize(vocab: object, text: str, *, special: bool) -> list[int]:
    data = text.encode()
    room = len(data) + 16
    ids = (ll.llama_token * room)()
    count = ll.llama_tokenize(vocab, data, len(data), ids, room, True, special)
    return list(ids[:count])


def _piece(vocab: object, token: int, *, special: bool = False) -> bytes:
    buffer = ctypes.create_string_buffer(256)
    count = ll.llama_token_to_piece(vocab, token, buffer, 256, 0, special)
    return buffer.raw[:count]


def _decode(context: object, ids: list[int]) -> None:
    array = (ll.llama_token * len(ids))(*ids)  # the batch points into it, so it must live on
    if ll.llama_decode(context, ll.llama_batch_get_one(array, len(ids))) != 0:
        sys.exit("tokens were refused")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
