"""The only module that calls llama.cpp. Runs inside the engine process, in its main thread.

One `Runtime` owns one model and one context. llama.cpp aborts the process on misuse (two threads
on one context, a token out of range, use after free), so nothing else gets the native handles.
Parameters follow what was measured: no memory map (it keeps repacked weights twice), a window-sized
cache for sliding-window models, flash attention where supported, one row of logits per slot.
"""

import ctypes
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from desktop.inference.bindings import GPU_KINDS, devices, load_bindings
from desktop.inference.messages import Load, Loaded

DEFAULT_CONTEXT = 8192
_KV_TYPES = {"f16": 1, "q4_0": 2, "q8_0": 8}
_LOAD_MODE_NONE = 0
_FLASH_ATTENTION_AUTO = -1
_LOG_LINES = 60
_LOG_LEVEL_WARN = 3
_SLOW_DECODE_SECONDS = 0.05


class LoadError(Exception):
    """llama.cpp refused; `kind` as in `messages.LoadFailed`."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class DecodeStatus(IntEnum):
    """What `llama_decode` says, folded to what the scheduler can act on."""

    DONE = 0
    NO_ROOM = 1
    ABORTED = 2
    FAILED = 3


@dataclass(frozen=True, slots=True)
class BatchToken:
    """One token of a batch: where it stands in which sequence, and whether logits are wanted."""

    token: int
    position: int
    sequence: int
    logits: bool


class Runtime:
    """One loaded model. Every method must be called from the same thread."""

    def __init__(self) -> None:
        """Load the libraries and register backends; raises BindingsMissing."""
        self.lib, ggml = load_bindings()
        self.devices = devices(ggml)
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._model: Any = None
        self._ctx: Any = None
        self._batch: Any = None
        self._interrupted: Callable[[], bool] = lambda: False
        self._last_decode = 0.0
        lib = self.lib
        # ctypes frees a callback that nothing refers to: these three must live as long as we do.
        self._log_callback = lib.llama_log_callback(self._on_log)
        self._abort_callback = lib.ggml_abort_callback(lambda _data: self._interrupted())
        self._no_abort_callback = lib.ggml_abort_callback()
        lib.llama_log_set(self._log_callback, None)

    def load(
        self,
        order: Load,
        on_progress: Callable[[float], None],
        interrupted: Callable[[], bool],
    ) -> Loaded:
        """Load model and context; raises LoadError. `interrupted` is asked between operations."""
        started = time.monotonic()
        self._interrupted = interrupted
        self._load_model(order, on_progress)
        self._create_context(order)
        lib = self.lib
        self.vocab = lib.llama_model_get_vocab(self._model)
        self.n_vocab = lib.llama_vocab_n_tokens(self.vocab)
        self.n_ctx = lib.llama_n_ctx(self._ctx)
        self.n_window = max(1, lib.llama_model_n_swa(self._model))
        self.offloaded = order.n_gpu_layers != 0 and any(
            device.kind in GPU_KINDS for device in self.devices
        )
        self.thinking_tokens = self._single_tokens("<think>", "</think>")
        template = lib.llama_model_chat_template(self._model, None)
        self.template = template.decode("utf-8", errors="replace") if template else None
        used = [
            device.description
            for device in self.devices
            if (device.kind in GPU_KINDS) == self.offloaded
        ]
        return Loaded(
            description=self._text(lib.llama_model_desc, self._model),
            architecture=self.metadata("general.architecture"),
            parameters=lib.llama_model_n_params(self._model),
            weights=lib.llama_model_size(self._model),
            n_ctx=self.n_ctx,
            n_ctx_train=lib.llama_model_n_ctx_train(self._model),
            devices=used or ["CPU"],
            has_template=self.template is not None,
            load_ms=(time.monotonic() - started) * 1000,
        )

    def _load_model(self, order: Load, on_progress: Callable[[float], None]) -> None:
        lib = self.lib
        params = lib.llama_model_default_params()
        params.load_mode = _LOAD_MODE_NONE
        # llama.cpp takes any negative number as "all layers".
        params.n_gpu_layers = order.n_gpu_layers
        params.use_extra_bufts = order.extra_buffers

        def report(fraction: float, _data: Any) -> bool:
            on_progress(fraction)
            return True

        progress = lib.llama_progress_callback(report)
        params.progress_callback = progress
        self._model = lib.llama_model_load_from_file(order.path, params)
        if not self._model:
            raise self._load_error()
        if lib.llama_model_has_encoder(self._model):
            raise LoadError("not_chat", "encoder model")

    def _create_context(self, order: Load) -> None:
        lib = self.lib
        trained = lib.llama_model_n_ctx_train(self._model)
        params = lib.llama_context_default_params()
        params.n_ctx = order.n_ctx or min(trained or DEFAULT_CONTEXT, DEFAULT_CONTEXT)
        params.n_batch = order.n_batch
        params.n_ubatch = min(order.n_ubatch, order.n_batch)
        params.n_seq_max = order.slots
        params.n_outputs_max = order.slots
        params.n_threads = order.threads
        params.n_threads_batch = order.threads
        params.type_k = params.type_v = _KV_TYPES[order.kv_type]
        params.flash_attn_type = _FLASH_ATTENTION_AUTO
        params.swa_full = False
        params.kv_unified = True
        params.no_perf = True
        self._ctx = lib.llama_init_from_model(self._model, params)
        if not self._ctx:
            raise self._load_error()
        self._memory = lib.llama_get_memory(self._ctx)
        if not self._memory:
            raise LoadError("not_chat", "no memory")
        self._batch = lib.llama_batch_init(order.n_batch, 0, 1)

    def decode(self, tokens: Sequence[BatchToken]) -> DecodeStatus:
        """Decode one batch of at most `n_batch` tokens.

        After NO_ROOM nothing changed; after ABORTED and FAILED some of the batch may have been
        taken in, and the caller must cut each sequence back to what it knows.
        """
        batch = self._batch
        for index, entry in enumerate(tokens):
            batch.token[index] = entry.token
            batch.pos[index] = entry.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = entry.sequence
            batch.logits[index] = entry.logits
        batch.n_tokens = len(tokens)
        # Asking Python between all operations costs a fast model dearly and a slow one nothing.
        guarded = len(tokens) > 1 or self._last_decode > _SLOW_DECODE_SECONDS
        self.lib.llama_set_abort_callback(
            self._ctx, self._abort_callback if guarded else self._no_abort_callback, None
        )
        started = time.monotonic()
        status = self.lib.llama_decode(self._ctx, batch)
        self._last_decode = time.monotonic() - started
        if status in {0, 1, 2}:
            return DecodeStatus(status)
        return DecodeStatus.FAILED

    def sample(self, sampler: Any, row: int) -> int:
        """Choose and accept the token after row `row` of the last batch."""
        return int(self.lib.llama_sampler_sample(sampler, self._ctx, row))

    def keep(self, sequence: int, length: int) -> int:
        """Cut `sequence` back to its first `length` tokens; return how many really stay.

        Sliding-window and recurrent memories cannot always be cut: where the tokens needed at the
        cut are gone, everything goes and 0 is returned.
        """
        lib, memory = self.lib, self._memory
        oldest = lib.llama_memory_seq_pos_min(memory, sequence)
        newest = lib.llama_memory_seq_pos_max(memory, sequence)
        usable = newest >= length - 1 and oldest <= max(0, length - self.n_window)
        if length > 0 and usable and lib.llama_memory_seq_rm(memory, sequence, length, -1):
            return length
        lib.llama_memory_seq_rm(memory, sequence, -1, -1)
        return 0

    def tokenise(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Return token ids; `parse_special` lets control tokens be recognised in the text."""
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 8
        while True:
            buffer = (self.lib.llama_token * room)()
            count = self.lib.llama_tokenize(
                self.vocab, data, len(data), buffer, room, add_special, parse_special
            )
            if count >= 0:
                return list(buffer[:count])
            room = -count

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """Return the bytes of one token; control tokens are empty unless `special`."""
        buffer = ctypes.create_string_buffer(256)
        count = self.lib.llama_token_to_piece(self.vocab, token, buffer, 256, 0, special)
        if count < 0:
            buffer = ctypes.create_string_buffer(-count)
            count = self.lib.llama_token_to_piece(self.vocab, token, buffer, -count, 0, special)
        return buffer.raw[: max(0, count)]

    def ends(self, token: int) -> bool:
        """Whether `token` ends an answer."""
        return bool(self.lib.llama_vocab_is_eog(self.vocab, token))

    def _single_tokens(self, *texts: str) -> frozenset[int]:
        """Return the ids of those texts that are one token of their own."""
        ids = (self.tokenise(text, add_special=False, parse_special=True) for text in texts)
        return frozenset(tokens[0] for tokens in ids if len(tokens) == 1)

    def bos_text(self) -> str:
        """Return the text of the begin-of-sequence token, or an empty string."""
        return self._token_text(self.lib.llama_vocab_bos(self.vocab))

    def eos_text(self) -> str:
        """Return the text of the end-of-sequence token, or an empty string."""
        return self._token_text(self.lib.llama_vocab_eos(self.vocab))

    def metadata(self, key: str) -> str:
        """Return a scalar of the file's header as text, or an empty string."""
        return self._text(self.lib.llama_model_meta_val_str, self._model, key.encode())

    def _token_text(self, token: int) -> str:
        if not 0 <= token < self.n_vocab:
            return ""
        return str(self.lib.llama_vocab_get_text(self.vocab, token).decode("utf-8", "replace"))

    def _text(self, call: Callable[..., int], *arguments: Any) -> str:
        buffer = ctypes.create_string_buffer(512)
        count = call(*arguments, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if count > 0 else ""

    def _on_log(self, level: int, text: bytes, _data: Any) -> None:
        if level >= _LOG_LEVEL_WARN:
            self._log.append(text.decode("utf-8", "replace").strip())

    def _load_error(self) -> LoadError:
        log = "\n".join(self._log)
        for kind, marks in (
            ("memory", ("failed to allocate", "unable to allocate", "out of memory")),
            ("architecture", ("unknown model architecture",)),
            ("damaged", ("not within the file bounds", "corrupted or incomplete")),
        ):
            if any(mark in log.lower() for mark in marks):
                return LoadError(kind, log[-500:])
        return LoadError("other", next((line for line in self._log if "error" in line), "")[-500:])
