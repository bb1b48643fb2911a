"""The only module that decodes with llama.cpp. Runs inside the engine process, in its main thread.

One `Runtime` owns one model and one context. llama.cpp aborts the process on misuse (two threads
on one context, a token out of range, use after free), so the native handles stay in this room.
"""

import ctypes
import sys
import time
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from desktop.inference.bindings import bindings_version, load_bindings
from desktop.inference.draft_model import DraftModel
from desktop.inference.ggml_library import GPU_KINDS, devices
from desktop.inference.interrupt import Interrupt
from desktop.inference.kv_memory import KvMemory
from desktop.inference.load_order import Load
from desktop.inference.loading import (
    LoadError,
    ModelParameters,
    is_for_embedding,
    load_error,
    make_context,
    text_about,
)
from desktop.inference.messages import Adapter, Loaded
from desktop.inference.next_token_heads import NextTokenHeads, guess_cost, heads_of
from desktop.inference.rows import NativeBatch, Rows

_LOG_LINES = 60
_LOG_LEVEL_WARN = 3
_LOG_LEVEL_ERROR = 4
_STARVED = -2
# What flash attention takes for one head of one row to look at one token, in the time that the rest
# of a row takes for one weight. Measured for processors with AVX2 and with AVX-512: 14 to 25 ns, and
# 6 to 8 ps.
_LONE_HEAD = 2700
# What takes time beside the weights, in weights: a model of hardly any takes 40 µs a token.
_BESIDE_WEIGHTS = 1_000_000
# Apple's cards compute in the memory of the process, where it is counted already.
_SHARED_MEMORY = "MTL"


class AdapterRefused(Exception):
    """llama.cpp does not take an adapter file for this model."""


class DecodeStatus(IntEnum):
    """What `llama_decode` says, folded to what the scheduler can act on."""

    DONE = 0
    NO_ROOM = 1
    ABORTED = 2
    FAILED = 3
    NO_MEMORY = 4


class Runtime:
    """One loaded model. Every method must be called from the same thread."""

    def __init__(self) -> None:
        """Load the libraries and register backends; raises BindingsMissing."""
        self.lib, self._ggml = load_bindings()
        self.devices = devices(self._ggml)
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self.model: Any = None
        self.ctx: Any = None
        self._batch: NativeBatch | None = None
        self.last_decode = 0.0
        self.draft_model: DraftModel | None = None
        self.heads: NextTokenHeads | None = None
        self.guess_cost = 0.0
        self._adapters: dict[bytes, Any] = {}
        self._pieces: dict[tuple[int, bool], bytes] = {}
        self._active_adapters: tuple[Adapter, ...] = ()
        lib = self.lib
        # ctypes frees a callback that nothing refers to: this one must live as long as we do.
        self._log_callback = lib.llama_log_callback(self._on_log)
        self.version = bindings_version()
        lib.llama_log_set(self._log_callback, None)

    def load(
        self,
        order: Load,
        on_progress: Callable[[float], None],
        interrupt: Interrupt,
    ) -> Loaded:
        """Load model and context; raises LoadError. `interrupt` stops what is computed later."""
        started = time.monotonic()
        free = self._free_on_cards(order)
        self._load_model(order, on_progress)
        lib = self.lib
        self.vocab = lib.llama_model_get_vocab(self.model)
        self.n_vocab = lib.llama_vocab_n_tokens(self.vocab)
        self.architecture = self.metadata("general.architecture")
        self.embeds = is_for_embedding(lib, self.model)
        self._create_context(order)
        interrupt.attach(lib, self.ctx)
        # Native code looks at it as long as the context lives.
        self._interrupt = interrupt
        self.size = lib.llama_model_size(self.model)
        if order.draft_model and not self.embeds:
            self.draft_model = DraftModel(
                lib,
                order,
                # The same devices; its weights are read without a word.
                ModelParameters(lib, self._ggml, order, lambda _share: None),
                vocabulary=self.n_vocab,
                n_ctx=self.n_ctx,
                interrupt=interrupt,
            )
            self.guess_cost = self.draft_model.size / self.size
        elif not self.embeds:
            self._use_heads(order, interrupt)
        self.offloaded = order.n_gpu_layers != 0 and any(
            device.kind in GPU_KINDS and (not order.devices or device.name in order.devices)
            for device in self.devices
        )
        template = lib.llama_model_chat_template(self.model, None)
        self.template = template.decode("utf-8", errors="replace") if template else None
        used = [
            device.description
            for device in self.devices
            if (device.kind in GPU_KINDS) == self.offloaded
            and (not order.devices or device.name in order.devices)
        ]
        layers = int(lib.llama_model_n_layer(self.model)) + 1
        return Loaded(
            description=self._text(lib.llama_model_desc, self.model),
            architecture=self.architecture,
            parameters=lib.llama_model_n_params(self.model),
            weights=self.size,
            n_ctx=self.n_ctx,
            n_ctx_train=lib.llama_model_n_ctx_train(self.model),
            devices=used or ["CPU"],
            has_template=self.template is not None,
            load_ms=(time.monotonic() - started) * 1000,
            embeds=self.embeds,
            offloaded_layers=(
                (layers if order.n_gpu_layers < 0 else min(order.n_gpu_layers, layers))
                if self.offloaded
                else 0
            ),
            gpu_memory=max(0, free - self._free_on_cards(order)),
        )

    def lone_attention(self, order: Load) -> float:
        """Return what attention to one token costs a row by itself, relative to the rest of the row.

        On the processor; 0 without flash attention, which alone computes rows by themselves.
        """
        if order.flash_attention == "off":
            return 0.0
        lib, model = self.lib, self.model
        heads = lib.llama_model_n_layer(model) * lib.llama_model_n_head(model)
        return float(_LONE_HEAD * heads / (_BESIDE_WEIGHTS + lib.llama_model_n_params(model)))

    def tiles(self, order: Load) -> bool:
        """Tell whether a batch may be filled up, so that the processor takes it in tiles.

        It does not take a quantised cache so, and the rows must leave no trace.
        """
        return order.kv_type == "f16" and self.memory.cuttable and self.heads is None

    def _free_on_cards(self, order: Load) -> int:
        """Return the bytes that are free on the cards of `order`; 0 where it asks for none."""
        if order.n_gpu_layers == 0:
            return 0
        return sum(
            device.free
            for device in devices(self._ggml)
            if device.kind in GPU_KINDS
            and device.backend != _SHARED_MEMORY
            and (not order.devices or device.name in order.devices)
        )

    def _use_heads(self, order: Load, interrupt: Interrupt) -> None:
        lib = self.lib
        if self.memory.takes_back:
            self.heads = heads_of(lib, self.model, self.ctx, order, self.n_ctx, interrupt)
        if self.heads is None:
            return
        self.memory.heads = self.heads
        self.guess_cost = guess_cost(
            parameters=lib.llama_model_n_params(self.model),
            vocabulary=self.n_vocab,
            width=lib.llama_model_n_embd_out(self.model),
            layers=lib.llama_model_n_layer(self.model) + 1,
            experts=self._count("expert_count"),
            used=self._count("expert_used_count"),
        )

    def _count(self, key: str) -> int:
        text = self.metadata(f"{self.architecture}.{key}")
        return int(text) if text.isdecimal() else 0

    def _load_model(self, order: Load, on_progress: Callable[[float], None]) -> None:
        lib = self.lib
        parameters = ModelParameters(lib, self._ggml, order, on_progress)
        self.model = lib.llama_model_load_from_file(order.path, parameters.native)
        if not self.model:
            raise load_error(self._log)
        if lib.llama_model_has_encoder(self.model) and lib.llama_model_has_decoder(self.model):
            raise LoadError("not_chat", "encoder and decoder")

    def _create_context(self, order: Load) -> None:
        lib = self.lib
        trained = lib.llama_model_n_ctx_train(self.model)
        self.ctx, params = make_context(lib, self.model, order, trained, embeds=self.embeds)
        if not self.ctx:
            raise load_error(self._log, context=True)
        self.threads = order.threads
        # llama.cpp rounds the context up to more than the batch of an embedding model holds.
        self.n_ctx = params.n_batch if self.embeds else lib.llama_n_ctx(self.ctx)
        self._batch = NativeBatch(lib, params.n_batch)
        if not self.embeds:
            try:
                self.memory = KvMemory(lib, self.model, self.ctx)
            except ValueError:
                raise LoadError("not_chat", "no memory") from None

    def use_adapters(self, adapters: tuple[Adapter, ...]) -> None:
        """Let these LoRA files act on what is decoded from now on; raises AdapterRefused."""
        if adapters == self._active_adapters:
            return
        lib = self.lib
        for adapter in adapters:
            if adapter.path not in self._adapters:
                handle = lib.llama_adapter_lora_init(self.model, adapter.path)
                if not handle:
                    raise AdapterRefused(self._log[-1] if self._log else "")
                self._adapters[adapter.path] = handle
        count = len(adapters)
        handles = (lib.llama_adapter_lora_p_ctypes * count)(
            *(self._adapters[adapter.path] for adapter in adapters)
        )
        scales = (ctypes.c_float * count)(*(adapter.scale for adapter in adapters))
        lib.llama_set_adapters_lora(self.ctx, handles, count, scales)
        self._active_adapters = adapters

    def set_threads(self, threads: int) -> None:
        """Compute with so many threads from the next batch on."""
        if threads != self.threads:
            self.threads = threads
            self.lib.llama_set_n_threads(self.ctx, threads, threads)
            if self.draft_model is not None:
                self.draft_model.set_threads(threads)
            if self.heads is not None:
                self.heads.set_threads(threads)

    def clear_memory(self) -> None:
        """Forget every sequence; a model without memory has none."""
        memory = self.lib.llama_get_memory(self.ctx)
        if memory:
            self.lib.llama_memory_clear(memory, True)

    def decode(self, rows: Rows) -> DecodeStatus:
        """Decode one batch of at most `n_batch` tokens.

        After NO_ROOM nothing changed; after ABORTED and FAILED some of the batch may have been
        taken in, and the caller must cut each sequence back to what it knows.
        """
        if self._batch is None:
            return DecodeStatus.FAILED
        batch = self._batch.of(rows)
        # On Windows before Python 3.13 `monotonic` goes on every 16 ms: most tokens would take none.
        started = time.perf_counter()
        status = self.lib.llama_decode(self.ctx, batch)
        self.last_decode = time.perf_counter() - started
        self._note(status, rows)
        if status in {0, 1, 2}:
            return DecodeStatus(status)
        return DecodeStatus.NO_MEMORY if status == _STARVED else DecodeStatus.FAILED

    def _note(self, status: int, rows: Rows) -> None:
        """Tell those who follow what is decoded."""
        if self.embeds:
            return
        memory = self.memory
        if status == DecodeStatus.DONE:
            memory.took_in(rows.sequences)
            if self.heads is not None:
                self.heads.took_in(rows)
        elif status != DecodeStatus.NO_ROOM:
            memory.broke_off(rows.sequences)

    def logits(self, row: int) -> Any:
        """Return the scores of row `row` of the last batch, a native array of `n_vocab` floats."""
        return self.lib.llama_get_logits_ith(self.ctx, row)

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
        known = self._pieces.get((token, special))
        if known is None:
            known = self._pieces[token, special] = self._piece(token, special=special)
        return known

    def _piece(self, token: int, *, special: bool) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        count = self.lib.llama_token_to_piece(self.vocab, token, buffer, 256, 0, special)
        if count < 0:
            buffer = ctypes.create_string_buffer(-count)
            count = self.lib.llama_token_to_piece(self.vocab, token, buffer, -count, 0, special)
        return buffer.raw[: max(0, count)]

    def ends(self, token: int) -> bool:
        """Whether `token` ends an answer."""
        return bool(self.lib.llama_vocab_is_eog(self.vocab, token))

    def infill_tokens(self) -> tuple[int, int, int] | None:
        """Return the tokens before a prefix, before a suffix and before the middle, if any."""
        lib, vocab = self.lib, self.vocab
        before, after, middle = (
            lib.llama_vocab_fim_pre(vocab),
            lib.llama_vocab_fim_suf(vocab),
            lib.llama_vocab_fim_mid(vocab),
        )
        known = all(0 <= token < self.n_vocab for token in (before, after, middle))
        return (before, after, middle) if known else None

    def bos_text(self) -> str:
        """Return the text of the begin-of-sequence token, or an empty string."""
        return self._token_text(self.lib.llama_vocab_bos(self.vocab))

    def eos_text(self) -> str:
        """Return the text of the end-of-sequence token, or an empty string."""
        return self._token_text(self.lib.llama_vocab_eos(self.vocab))

    def metadata(self, key: str) -> str:
        """Return a scalar of the file's header as text, or an empty string."""
        return text_about(self.lib, self.model, key)

    def _token_text(self, token: int) -> str:
        if not 0 <= token < self.n_vocab:
            return ""
        return str(self.lib.llama_vocab_get_text(self.vocab, token).decode("utf-8", "replace"))

    def _text(self, call: Callable[..., int], *arguments: Any) -> str:
        buffer = ctypes.create_string_buffer(512)
        count = call(*arguments, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if count > 0 else ""

    def _on_log(self, level: int, text: bytes, _data: Any) -> None:
        if level < _LOG_LEVEL_WARN:
            return
        line = text.decode("utf-8", "replace").strip()
        self._log.append(line)
        if level == _LOG_LEVEL_ERROR:
            # What ends the process is said here, and the parent asks its last words for the reason.
            print(line, file=sys.stderr, flush=True)  # noqa: T201
