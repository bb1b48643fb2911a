"""Let real llama.cpp take memory for one tiny model and log how much; a process of its own.

Arguments: file, slots, type of the KV cache (ggml's number), and how many tokens can be taken back;
with any, the file's heads for the next tokens get their memory too. The log goes to stderr.
"""

import sys

import llama_cpp.llama_cpp as ll


def main(path: str, slots: int, kv_type: int, rollback: int = 0) -> None:
    """Load `path` as Lapis does: one cache for all slots, windows at their own length."""
    ll.llama_backend_init()
    how = ll.llama_model_default_params()
    how.load_mtp = rollback > 0
    model = ll.llama_model_load_from_file(path.encode(), how)
    if not model:
        sys.exit("the model was refused")
    params = ll.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = 2048, 512, 512
    params.n_threads = params.n_threads_batch = 1
    params.swa_full, params.kv_unified = False, True
    params.n_seq_max = params.n_outputs_max = slots
    params.type_k = params.type_v = kv_type
    params.n_rs_seq = rollback
    ctx = ll.llama_init_from_model(model, params)
    if not ctx:
        sys.exit("the context was refused")
    if rollback:
        params.n_rs_seq, params.ctx_type = 0, ll.LLAMA_CONTEXT_TYPE_MTP
        params.ctx_other = ctx
        if not ll.llama_init_from_model(model, params):
            sys.exit("the heads were refused")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
