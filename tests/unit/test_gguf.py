"""Reading model files: what is said of a good one, and the refusal of each kind of bad one."""

import errno
import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest

from desktop.domain.errors import ModelFileError
from desktop.models.gguf import read_gguf
from desktop.models.gguf_types import MIXES, TENSORS
from tests.fuzz.layout import ARRAY, with_key, with_type
from tests.gguf_files import write_bert, write_gemma2, write_llama, write_recurrent

Edit = Callable[[bytes], bytes]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of the tiny Llama."""
    return write_llama(tmp_path_factory.mktemp("tiny") / "tiny.gguf").read_bytes()


def refusal(path: Path) -> ModelFileError:
    started = time.process_time()
    with pytest.raises(ModelFileError) as caught:
        read_gguf(path)
    assert time.process_time() - started < 1
    return caught.value


def title_of(path: Path) -> str:
    error = refusal(path)
    assert str(error.hint)
    assert "{" not in f"{error.title}{error.hint}"
    return str(error.title)


def saved(folder: Path, content: bytes, name: str = "x.gguf") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def number(value: int) -> bytes:
    return struct.pack("<Q", value)


def text(value: bytes) -> bytes:
    return number(len(value)) + value


def entry(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def header(
    *entries: bytes, tensors: tuple[bytes, ...] = (), version: int = 3, keys: int | None = None
) -> bytes:
    count = len(entries) if keys is None else keys
    start = b"GGUF" + struct.pack("<I", version) + number(len(tensors)) + number(count)
    return start + b"".join(entries) + b"".join(tensors)


def tensor(
    name: bytes = b"w", shape: tuple[int, ...] = (32,), kind: int = 0, offset: int = 0
) -> bytes:
    dimensions = struct.pack("<I", len(shape)) + b"".join(map(number, shape))
    return text(name) + dimensions + struct.pack("<I", kind) + number(offset)


MODEL = (
    entry(b"general.architecture", 8, text(b"llama")),
    entry(b"llama.block_count", 4, struct.pack("<I", 1)),
    entry(b"llama.context_length", 4, struct.pack("<I", 64)),
    entry(b"llama.embedding_length", 4, struct.pack("<I", 32)),
)


# What is said of good files


def test_a_whole_file_is_described(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf", context_length=512, layers=2, name="My Model")

    info = read_gguf(path)

    assert (info.architecture, info.name, info.quantisation) == ("llama", "My Model", "F32")
    assert (info.context_length, info.block_count, info.has_template) == (512, 2, True)
    assert info.size == path.stat().st_size
    assert 0 < info.size - info.weights < 20_000
    assert info.metadata["llama.attention.head_count_kv"] == 2
    assert "tokenizer.chat_template" not in info.metadata


@pytest.mark.parametrize("write", [write_gemma2, write_recurrent, write_bert])
def test_other_architectures_are_read_too(write: Callable[[Path], Path], tmp_path: Path) -> None:
    info = read_gguf(write(tmp_path / "tiny.gguf"))

    vocabulary = info.metadata[f"{info.architecture}.vocab_size"]

    assert info.architecture == write.__name__.replace("write_", "").replace("recurrent", "mamba")
    assert isinstance(vocabulary, int)
    assert vocabulary > 100


def test_a_base_model_has_no_template(tmp_path: Path) -> None:
    assert not read_gguf(write_llama(tmp_path / "base.gguf", template=None)).has_template


def test_a_name_from_the_file_is_one_plain_line(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf", name="Evil\x1b[2J\n\u202egnp.exe" + "x" * 500)

    name = read_gguf(path).name

    assert name.startswith("Evil [2J gnp.exe")
    assert name.isprintable()
    assert len(name) <= 60


def test_a_file_without_a_name_is_called_after_itself(tmp_path: Path) -> None:
    assert read_gguf(write_llama(tmp_path / "mine.gguf", name="\x07")).name == "mine"


@pytest.mark.parametrize(
    ("file_type", "file_name", "label"),
    [
        (15, "x.gguf", "Q4_K_M"),
        (1024 + 7, "x.gguf", "Q8_0"),
        (38, "gpt-oss-20b.gguf", "MXFP4"),
        (9999, "gemma-2-9b-it-Q4_K_M.gguf", "Q4_K_M"),
        (9999, "qwen2.5-7b-instruct-iq4_xs.gguf", "IQ4_XS"),
        (9999, "model-UD-Q2_K_XL.gguf", "Q2_K_XL"),
        (9999, "Model-BF16.gguf", "BF16"),
        (9999, "Q4ever-chat.gguf", ""),
    ],
)
def test_the_quantisation_comes_from_the_header_or_else_the_file_name(
    file_type: int, file_name: str, label: str, tmp_path: Path
) -> None:
    path = write_llama(tmp_path / file_name, extra={"general.file_type": file_type})

    assert read_gguf(path).quantisation == label


def test_the_tables_agree_with_the_gguf_package() -> None:
    sizes = {int(kind): size for kind, size in gguf.GGML_QUANT_SIZES.items()}
    intermediate = 9  # Q8_1 is never stored; the package still has its old layout
    mixes = {kind.value: kind.name for kind in gguf.LlamaFileType}

    for kind in sizes.keys() - {intermediate}:
        assert TENSORS[kind] == sizes[kind]
    for value in mixes.keys() - {1024}:
        name = mixes[value].removeprefix("ALL_").removeprefix("MOSTLY_")
        assert MIXES[value] == name.removesuffix("_MOE")


def test_a_header_of_the_size_of_llama_3_is_read(tmp_path: Path) -> None:
    words = b"".join(text(b"token%06d" % place) for place in range(128_256))
    merges = b"".join(text(b"mer %06d" % place) for place in range(280_147))
    tokens = struct.pack("<I", 8) + number(128_256) + words
    types = struct.pack("<I", 5) + number(128_256) + struct.pack("<i", 1) * 128_256
    content = header(
        *MODEL,
        entry(b"tokenizer.ggml.model", 8, text(b"gpt2")),
        entry(b"tokenizer.ggml.tokens", 9, tokens),
        entry(b"tokenizer.ggml.token_type", 9, types),
        entry(b"tokenizer.ggml.merges", 9, struct.pack("<I", 8) + number(280_147) + merges),
        tensors=(tensor(),),
    )
    path = saved(tmp_path, content + bytes(256))

    assert read_gguf(path).metadata["llama.vocab_size"] == 128_256


# Things that are not a model


def test_each_foreign_file_is_called_what_it_is(tmp_path: Path) -> None:
    kinds = {
        b"": "This file is empty",
        b"<!DOCTYPE html><html>": "This file is a web page, not a model",
        b"\xef\xbb\xbf\n <HTML lang=en>": "This file is a web page, not a model",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:": (
            "This file is only a pointer to a model"
        ),
        b"PK\x03\x04" + bytes(50): "This file is an archive, not a model",
        b"\x1f\x8b" + bytes(50): "This file is an archive, not a model",
        number(60) + b'{"__metadata__":{}}': "This file is a safetensors model",
        b"tjgg" + bytes(50): "This model file has a format of 2023 that is no longer read",
        b"Invalid username or password.": "This file is not a GGUF model",
        b"x": "This file is not a GGUF model",
        bytes(5000): "This file is incomplete",
    }

    assert {kind: title_of(saved(tmp_path, kind)) for kind in kinds} == kinds


def test_a_file_that_only_calls_itself_a_model_is_not_told_to_be_called_so(tmp_path: Path) -> None:
    misnamed, other = tmp_path / "notes.GGUF", tmp_path / "notes.txt"
    for path in (misnamed, other):
        path.write_text("Buy milk.")

    hints = [str(refusal(path).hint) for path in (misnamed, other)]
    assert hints == [
        "The name ends in .gguf, but the content is something else. Download it again.",
        "Choose a file that ends with .gguf, or download the model again.",
    ]


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "folder.gguf"
    folder.mkdir()
    dangling = tmp_path / "dangling.gguf"
    dangling.symlink_to(tmp_path / "nowhere")
    circle = tmp_path / "circle.gguf"
    circle.symlink_to(circle)

    assert title_of(folder) == "This is a folder, not a model file"
    assert title_of(dangling) == "This link to a model file leads nowhere"
    assert title_of(circle) == "This link to a model file leads in a circle"
    for missing in ("none.gguf", "none/x.gguf", "x" * 400, "nul\0.gguf"):
        assert title_of(tmp_path / missing) == "This model file does not exist"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_pipe_or_a_device_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.gguf"
    os.mkfifo(pipe)

    assert title_of(pipe) == "This is not an ordinary file"
    assert title_of(Path(os.devnull)) == "This is not an ordinary file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_file_that_turns_into_a_pipe_is_refused_without_waiting(
    tiny: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, tiny)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    real = os.open
    monkeypatch.setattr(os, "open", lambda _path, flags: real(pipe, flags))

    assert title_of(path) == "This is not an ordinary file"


@pytest.mark.parametrize(
    ("number_of_error", "title"),
    [
        (errno.EACCES, "This model file may not be read"),
        (errno.EIO, "This model file cannot be read"),
        (errno.ENOENT, "This model file does not exist"),
    ],
)
def test_what_the_system_refuses_is_said(
    number_of_error: int,
    title: str,
    tiny: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = saved(tmp_path, tiny)

    def refuse(*_: object) -> int:
        raise OSError(number_of_error, os.strerror(number_of_error))

    monkeypatch.setattr(os, "open", refuse)

    assert title_of(path) == title


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this account may read everything"
)
def test_a_file_without_the_right_to_read_is_refused(tiny: bytes, tmp_path: Path) -> None:
    path = saved(tmp_path, tiny)
    path.chmod(0)

    assert title_of(path) == "This model file may not be read"


def test_a_file_cut_anywhere_is_incomplete(tiny: bytes, tmp_path: Path) -> None:
    cuts = [1, 3, 4, 23, 24, 200, 1000, len(tiny) // 2, len(tiny) - 1]

    titles = {cut: title_of(saved(tmp_path, tiny[:cut])) for cut in cuts}

    assert set(titles.values()) == {"This file is incomplete"}
    assert f"{len(tiny) - 1:,} of {len(tiny):,} bytes" in str(refusal(tmp_path / "x.gguf").hint)


def test_versions_and_byte_orders_that_are_not_read(tiny: bytes, tmp_path: Path) -> None:
    def versioned(version: bytes) -> str:
        return title_of(saved(tmp_path, tiny[:4] + version + tiny[8:]))

    assert versioned(struct.pack("<I", 1)) == (
        "This GGUF file has an old version that is no longer read"
    )
    assert versioned(struct.pack("<I", 4)) == (
        "This GGUF file has a version that Lapis does not know"
    )
    assert versioned(b"\x93\x17\x80\x56") == "This file is damaged"
    assert versioned(struct.pack(">I", 3)) == (
        "This model file is made for another kind of computer"
    )


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("mmproj", "This file is only the part of a model that sees pictures"),
        ("adapter", "This file is an adapter, not a whole model"),
        ("imatrix", "This GGUF file is not a language model"),
    ],
)
def test_parts_of_models_are_called_what_they_are(kind: str, title: str, tmp_path: Path) -> None:
    path = write_llama(tmp_path / "part.gguf", extra={"general.type": kind})

    assert title_of(path) == title


def test_a_vocabulary_without_weights_is_no_model(tmp_path: Path) -> None:
    assert title_of(saved(tmp_path, header(*MODEL))) == "This file holds no weights"


def test_a_model_without_a_vocabulary_cannot_answer(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "mute.gguf", extra={"tokenizer.ggml.model": "none"})

    assert title_of(path) == "This model has no vocabulary"


def test_a_chat_template_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf", template="x" * (256 * 1024 + 1))

    assert title_of(path) == "The chat template in this file is too long"


# Split models


def test_the_parts_of_a_split_model_count_together(tmp_path: Path) -> None:
    extra = {"split.no": 0, "split.count": 2}
    first = write_llama(tmp_path / "big-00001-of-00002.gguf", extra=extra)
    alone = title_of(first)
    saved(tmp_path, bytes(5000), "big-00002-of-00002.gguf")

    info = read_gguf(first)

    assert alone == "Parts of this model are missing"
    assert info.size == first.stat().st_size + 5000


def test_a_later_part_names_the_first(tmp_path: Path) -> None:
    extra = {"split.no": 1, "split.count": 2}
    second = write_llama(tmp_path / "big-00002-of-00002.gguf", extra=extra)

    error = refusal(second)

    assert str(error.title) == "This is part 2 of a model in 2 parts"
    assert "big-00001-of-00002.gguf" in str(error.hint)


# Damage


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("llama.block_count", 0),
        ("llama.block_count", 65535),
        ("llama.block_count", 2**32 - 1),
        ("llama.block_count", "many"),
        ("llama.context_length", 0),
        ("llama.context_length", 1_482_958_549),
        ("llama.embedding_length", 2**31),
        ("llama.nextn_predict_layers", 2),
        ("llama.full_attention_interval", 0),
        ("llama.attention.head_count", 2**31),
        ("llama.attention.head_count_kv", [1, 2, 3]),
        ("llama.attention.head_count_kv", [-1]),
        ("llama.expert_count", 1025),
        ("llama.expert_used_count", 1),
        ("llama.expert_group_count", 1),
        ("llama.rope.scaling.type", "su"),
        ("llama.rope.dimension_count", 0),
        ("llama.rope.dimension_count", 7),
        ("llama.attention.sliding_window", 2**31),
        ("llama.attention.layer_norm_rms_epsilon", -1.0),
        ("llama.attention.layer_norm_rms_epsilon", float("nan")),
        ("tokenizer.ggml.bos_token_id", 100_000),
        ("tokenizer.ggml.scores", [1.0, 2.0]),
        ("tokenizer.ggml.token_type", [1]),
        ("tokenizer.ggml.tokens", [1, 2]),
        ("tokenizer.ggml.tokens", "tokens"),
        ("general.alignment", 24),
        ("general.alignment", 2**21),
    ],
)
def test_an_impossible_value_is_named(key: str, value: object, tmp_path: Path) -> None:
    error = refusal(write_llama(tmp_path / "tiny.gguf", extra={key: value}))

    assert str(error.title) == "This file is damaged"
    assert key in str(error.hint)


@pytest.mark.parametrize(
    ("key", "kind", "value"),
    [
        ("tokenizer.ggml.scores", ARRAY, (0, [1] * 300)),
        ("tokenizer.ggml.scores", 6, 1.0),
        ("tokenizer.ggml.token_type", ARRAY, (1, [1] * 300)),
        ("tokenizer.ggml.token_type", 5, 1),
        ("tokenizer.ggml.merges", ARRAY, (5, [1, 2])),
        ("tokenizer.ggml.merges", 8, "a b"),
        ("tokenizer.ggml.precompiled_charsmap", ARRAY, (5, [1, 2])),
        ("tokenizer.ggml.model", 8, "bert"),
        ("llama.pooling_type", 4, 5),
    ],
)
def test_what_llama_cpp_would_take_as_it_lies_there_is_named(
    key: str, kind: int, value: object, tiny: bytes, tmp_path: Path
) -> None:
    named = "tokenizer.ggml.token_type" if key == "tokenizer.ggml.model" else key

    error = refusal(saved(tmp_path, with_key(tiny, key, kind, value)))

    assert str(error.title) == "This file is damaged"
    assert named in str(error.hint)


@pytest.mark.parametrize(
    ("name", "kind", "fits"),
    [
        ("output_norm.weight", 0, True),
        ("output_norm.weight", 1, True),
        ("output_norm.weight", 30, False),
        ("blk.0.ffn_down.weight", 1, True),
        ("blk.0.ffn_down.weight", 30, True),
        ("blk.0.ffn_down.weight", 9, False),
        ("blk.0.ffn_down.weight", 26, False),
    ],
)
def test_weights_are_of_a_type_that_can_be_calculated_with(
    name: str, kind: int, fits: bool, tiny: bytes, tmp_path: Path
) -> None:
    path = saved(tmp_path, with_type(tiny, name, kind))

    if fits:
        assert read_gguf(path).architecture == "llama"
    else:
        title = "This model stores its numbers in a way that Lapis does not know"
        assert title_of(path) == title
        assert name in str(refusal(path).hint)


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"expert_count": 4, "expert_used_count": 0}, "expert_used_count"),
        ({"expert_count": 4, "expert_used_count": 5}, "expert_used_count"),
        ({"expert_count": 4, "expert_used_count": 2, "expert_group_count": 4}, "group_count"),
        ({"expert_count": 4, "expert_used_count": 2, "expert_group_count": 3}, "group_count"),
        ({"expert_count": 4, "expert_used_count": 2, "expert_group_count": 2}, "group_used"),
    ],
)
def test_experts_that_do_not_add_up_are_named(
    keys: dict[str, int], fault: str, tmp_path: Path
) -> None:
    extra = {f"llama.{key}": value for key, value in keys.items()}

    assert fault in str(refusal(write_llama(tmp_path / "tiny.gguf", extra=extra)).hint)


def test_experts_that_add_up_are_accepted(tmp_path: Path) -> None:
    extra = {"llama.expert_count": 8, "llama.expert_used_count": 2}
    extra |= {"llama.expert_group_count": 4, "llama.expert_group_used_count": 2}

    assert read_gguf(write_llama(tmp_path / "tiny.gguf", extra=extra)).architecture == "llama"


def test_a_gemma_in_which_no_layer_slides_is_damaged(tmp_path: Path) -> None:
    path = write_gemma2(tmp_path / "tiny.gguf")
    content = path.read_bytes()
    key = b"gemma2.attention.sliding_window"
    added = entry(key + b"_pattern", 4, struct.pack("<I", 1)) + text(key)
    keys = struct.unpack("<Q", content[16:24])[0]
    changed = content[:16] + number(keys + 1) + content[24:].replace(text(key), added, 1)

    assert "sliding_window_pattern is 1" in str(refusal(saved(tmp_path, changed)).hint)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"<0xE9>", b"<0xEy>", "no token for byte 233"),
        (b"<0x69>", b"<0x68>", "the same token twice"),
        (b"llama.block_count", b"llama.clock_count", "does not say llama.block_count"),
        (b"general.name", b"general.nam\xff", "not text"),
        (b"general.type", b"general.name", "twice"),
        (b"blk.0.attn_q.weight", b"blk.0.attn_k.weight", "blk.0.attn_k.weight"),
    ],
)
def test_one_changed_word_is_found(
    old: bytes, new: bytes, reason: str, tiny: bytes, tmp_path: Path
) -> None:
    assert old in tiny
    error = refusal(saved(tmp_path, tiny.replace(old, new, 1)))

    assert str(error.title) == "This file is damaged"
    assert reason in str(error.hint)


def test_an_ascii_character_stands_for_its_byte(tiny: bytes, tmp_path: Path) -> None:
    without = tiny.replace(b"<0x41>", b"<0x4y>", 1)  # "A" is a token of its own

    assert read_gguf(saved(tmp_path, without)).architecture == "llama"


BEYOND = "A length in its header is beyond all measure. Download the file again."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (header(keys=65_537), "tensor_count, kv_count"),
        (header(number(70_000) + bytes(80_000), keys=1), BEYOND),
        (header(entry(b"a", 8, number(2**63)), keys=1), BEYOND),
        (header(entry(b"a", 9, struct.pack("<I", 8) + number(2**60))), BEYOND),
        (header(entry(b"a", 9, struct.pack("<I", 4) + number(2**62))), BEYOND),
        (header(entry(b"a", 9, struct.pack("<I", 8) + number(1) + number(2**63))), BEYOND),
        (header(entry(b"a", 9, struct.pack("<I", 9) + number(1))), "array of type 9"),
        (header(entry(b"a", 13, b"")), "type 13"),
        (header(entry(b"", 4, bytes(4))), "without a name"),
        (header(*MODEL, tensors=(tensor(b"n" * 64),)), BEYOND),
        (header(*MODEL, tensors=(tensor(), tensor(offset=128))), "weights w"),
        (header(*MODEL, tensors=(tensor(shape=(1,) * 5),)), "weights w"),
        (header(*MODEL, tensors=(tensor(shape=(0, 2)),)), "weights w"),
        (header(*MODEL, tensors=(tensor(shape=(2**32, 2**31)),)), "weights w"),
        (header(*MODEL, tensors=(tensor(shape=(31,), kind=8),)), "weights w"),
        (header(*MODEL, tensors=(tensor(offset=1),)), "weights w"),
        (header(*MODEL, tensors=(tensor(offset=2**60),)), "weights w"),
        (header(*MODEL, tensors=(tensor(), tensor(b"v", offset=96))), "weights v"),
    ],
)
def test_a_header_that_contradicts_the_format_is_damaged(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    error = refusal(saved(tmp_path, content + bytes(4096)))

    assert str(error.title) == "This file is damaged"
    assert reason in str(error.hint)


def test_the_same_header_without_a_fault_is_accepted(tmp_path: Path) -> None:
    weights = (tensor(), tensor(b"v", shape=(32, 2), kind=8, offset=128))

    info = read_gguf(saved(tmp_path, header(*MODEL, tensors=weights) + bytes(4096)))

    assert info.weights == 128 + 68


def test_an_unknown_way_to_store_numbers_is_not_called_damage(tmp_path: Path) -> None:
    path = saved(tmp_path, header(*MODEL, tensors=(tensor(kind=77),)) + bytes(4096))

    assert title_of(path) == "This model stores its numbers in a way that Lapis does not know"


FIELDS = (
    *("context_length", "embedding_length", "block_count", "feed_forward_length", "vocab_size"),
    *("head_count", "head_count_kv", "rope.dimension_count", "bos_token_id", "eos_token_id"),
    *("eot_token_id", "file_type"),
)
WORDS = (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return `content` with flipped bits, a striking word, or an end too early."""
    data = bytearray(content)
    head = 20_000
    match chance.randrange(4):
        case 0:
            for _ in range(chance.randint(1, 16)):
                data[chance.randrange(head)] ^= 1 << chance.randrange(8)
        case 1:
            size = chance.choice([4, 8])
            place = chance.randrange(4, head)
            word = chance.choice([*WORDS, chance.getrandbits(64)])
            data[place : place + size] = number(word)[:size]
        case 2:
            del data[chance.randrange(len(data)) :]
        case _:
            field = chance.choice(FIELDS).encode()
            place = data.find(field) + len(field) + 4
            word = chance.choice([*WORDS, chance.getrandbits(32)])
            data[place : place + 4] = number(word)[:4]
    return bytes(data)


@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_file_is_read_or_refused_and_nothing_else(
    seed: int, tiny: bytes, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    refused = 0
    for _ in range(50):
        path = saved(tmp_path, mutated(tiny, chance))
        started = time.process_time()
        try:
            read_gguf(path)
        except ModelFileError:
            refused += 1
        assert time.process_time() - started < 1

    assert 10 < refused < 50
