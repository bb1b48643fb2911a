"""What people type and paste to name a model, and what is refused."""

import pytest

from desktop.domain.errors import BadReference
from desktop.domain.repository import Reference, SourceKind
from desktop.hub.references import looks_like_reference, parse_reference

HF = SourceKind.HUGGING_FACE
MIRROR = SourceKind.MIRROR
MS = SourceKind.MODELSCOPE
REPO = "unsloth/Qwen3-8B-GGUF"
FILE = "Qwen3-8B-Q4_K_M.gguf"
HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (REPO, Reference(REPO)),
        (f"  {REPO}\n", Reference(REPO)),
        (f"<{REPO}>", Reference(REPO)),
        (f"{REPO}:Q4_K_M", Reference(REPO, quantisation="Q4_K_M")),
        (f"{REPO}:UD-Q4_K_XL", Reference(REPO, quantisation="UD-Q4_K_XL")),
        (f"{REPO}:latest", Reference(REPO)),
        (f"{REPO}:", Reference(REPO)),
        (f"{REPO}/{FILE}", Reference(REPO, file=FILE)),
        (f"{REPO}/Q8_0/{FILE}", Reference(REPO, file=f"Q8_0/{FILE}")),
        ("0xSero/a_b.c-d", Reference("0xSero/a_b.c-d")),
        (f"hf.co/{REPO}", Reference(REPO, HF)),
        (f"hf.co/{REPO}:Q4_K_M", Reference(REPO, HF, "Q4_K_M")),
        (f"HF.co/{REPO}:Q4_K_M", Reference(REPO, HF, "Q4_K_M")),
        (f"hf://{REPO}", Reference(REPO, HF)),
        (f"hf://models/{REPO}", Reference(REPO, HF)),
        (f"huggingface.co/{REPO}", Reference(REPO, HF)),
        (f"https://huggingface.co/{REPO}", Reference(REPO, HF)),
        (f"https://huggingface.co/{REPO}/", Reference(REPO, HF)),
        (f"https://huggingface.co/{REPO}.git", Reference(REPO, HF)),
        (f"http://www.huggingface.co/{REPO}#readme", Reference(REPO, HF)),
        (f"https://huggingface.co/{REPO}?library=llama", Reference(REPO, HF)),
        (f"https://huggingface.co/{REPO}/tree/main", Reference(REPO, HF)),
        (f"https://huggingface.co/{REPO}/tree/main/Q8_0", Reference(REPO, HF)),
        (f"https://huggingface.co/{REPO}/tree/{HASH}", Reference(REPO, HF, revision=HASH)),
        (f"https://huggingface.co/{REPO}/blob/main/{FILE}", Reference(REPO, HF, file=FILE)),
        (
            f"https://huggingface.co/{REPO}/resolve/{HASH}/Q4/{FILE}?download=true",
            Reference(REPO, HF, file=f"Q4/{FILE}", revision=HASH),
        ),
        (f"https://huggingface.co/{REPO}/resolve/main/{FILE}", Reference(REPO, HF, file=FILE)),
        (f"https://huggingface.co/{REPO}/raw/main/README.md", Reference(REPO, HF)),
        (
            f"https://huggingface.co/{REPO}/blob/main/My%20M.gguf",
            Reference(REPO, HF, "", "My M.gguf"),
        ),
        (
            f"https://huggingface.co/{REPO}/blob/refs%2Fpr%2F1/{FILE}",
            Reference(REPO, HF, file=FILE, revision="refs/pr/1"),
        ),
        (f"https://huggingface.co/{REPO}/discussions/3", Reference(REPO, HF)),
        (f"https://huggingface.co/{REPO}?show_file_info={FILE}", Reference(REPO, HF, file=FILE)),
        (f"https://huggingface.co/api/models/{REPO}", Reference(REPO, HF)),
        (f"https://hf-mirror.com/{REPO}", Reference(REPO, MIRROR)),
        (f"hf-mirror.com/{REPO}/tree/main", Reference(REPO, MIRROR)),
        (f"https://hf-mirror.com/{REPO}/blob/main/{FILE}", Reference(REPO, MIRROR, file=FILE)),
        (f"https://modelscope.cn/models/{REPO}", Reference(REPO, MS)),
        (f"modelscope.cn/models/{REPO}", Reference(REPO, MS)),
        (f"https://www.modelscope.ai/models/{REPO}/summary", Reference(REPO, MS)),
        (f"https://www.modelscope.cn/models/{REPO}/files", Reference(REPO, MS)),
        (
            f"https://modelscope.cn/models/{REPO}/file/view/master/{FILE}?status=2",
            Reference(REPO, MS, file=FILE),
        ),
        (
            f"https://modelscope.cn/models/{REPO}/file/view/master?fileName={FILE}&status=2",
            Reference(REPO, MS, file=FILE),
        ),
        (
            f"https://modelscope.cn/models/{REPO}/resolve/v1/{FILE}",
            Reference(REPO, MS, "", FILE, "v1"),
        ),
        (
            f"https://modelscope.cn/api/v1/models/{REPO}/repo?Revision=v2&FilePath={FILE}",
            Reference(REPO, MS, "", FILE, "v2"),
        ),
        (f"ollama run hf.co/{REPO}:Q4_K_M", Reference(REPO, HF, "Q4_K_M")),
        (f"llama-server -hf {REPO}:Q4_K_M", Reference(REPO, quantisation="Q4_K_M")),
        (f"git clone https://huggingface.co/{REPO}", Reference(REPO, HF)),
        (f"lapis models pull {REPO}", Reference(REPO)),
        (f"http://127.0.0.1:8080/hub/{REPO}/blob/main/{FILE}", Reference(REPO, MIRROR, file=FILE)),
    ],
)
def test_a_name_or_page_or_command_is_understood(text: str, meant: Reference) -> None:
    known = {"http://127.0.0.1:8080/hub": MIRROR}

    assert parse_reference(text, known) == meant
    assert looks_like_reference(text, known)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "llama",
        "a model for cooking",
        "owner/",
        "/repo",
        "owner/repo extra",
        "owner /repo",
        "owner/re po",
        "../etc/passwd",
        "owner/..",
        "owner/re..po",
        "owner/.hidden",
        "-owner/repo",
        "owner/repo-",
        "owner/repo/sub/folder",
        "owner/repo:Q4 K M",
        "owner/repo:../../x",
        "owner/repo:" + "Q" * 65,
        "o" * 97 + "/repo",
        "owner/" + "r" * 97,
        "owner/" + "r" * 3000,
        "owner/re\x00po",
        "owner/re\npo",
        "owner/\u202eopr",
        "owner/re\u200bpo",
        "öwner/repo",
        "owner/../repo/x.gguf",
        "owner/repo/../../x.gguf",
        "owner/repo/C:x.gguf",
        "owner/repo/sub\\x.gguf",
        "owner/repo/NUL.gguf",
        "owner/repo/x. /y.gguf",
        "C:\\models\\x.gguf",
        "/home/somebody/x.gguf",
        "file:///etc/passwd",
        "ftp://huggingface.co/owner/repo",
        "javascript:alert(1)",
        "https://huggingface.co",
        "https://huggingface.co/models?search=x",
        "https://huggingface.co/owner",
        "https://huggingface.co/datasets/owner/repo",
        "https://huggingface.co/spaces/owner/repo",
        "https://huggingface.co/owner/repo/blob/main/..%2F..%2Fx.gguf",
        "https://huggingface.co/owner/repo/blob/main/%2e%2e/x.gguf",
        "https://huggingface.co/owner/repo/blob/main/a%00.gguf",
        "https://huggingface.co/owner/repo/blob/..%2Fx/x.gguf",
        "https://huggingface.co@evil.example/owner/repo",
        "https://name:word@huggingface.co/owner/repo",
        "https://huggingface.co.evil.example/owner/repo",
        "https://evil.example/owner/repo",
        "https://huggingface.co:99999/owner/repo",
        "https://[::1/owner/repo",
        "https://modelscope.cn/owner/repo",
        "https://modelscope.cn/datasets/owner/repo",
        "llama3.2",
        "llama3.2:3b",
        "ollama run llama3.2",
        "ollama.com/library/llama3.2",
        "https://ollama.com/library/llama3.2:3b",
        "registry.ollama.ai/library/llama3.2",
    ],
)
def test_what_names_no_model_is_refused_with_a_next_step(text: str) -> None:
    with pytest.raises(BadReference) as refused:
        parse_reference(text)

    assert str(refused.value.title)
    assert str(refused.value.hint)
    assert str(refused.value.title).isprintable()
    assert len(str(refused.value.title)) < 200


@pytest.mark.parametrize("name", ["llama3.2:3b", "ollama run llama3.2", "ollama.com/library/qwen3"])
def test_a_name_of_ollama_is_told_as_one(name: str) -> None:
    with pytest.raises(BadReference, match="Ollama's own library"):
        parse_reference(name)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(BadReference) as refused:
        parse_reference("https://name:word@huggingface.co/owner/repo")

    assert "word" not in str(refused.value.title)


@pytest.mark.parametrize("words", ["qwen 3", "llama", "gemma-3:4b", "a/b c", ""])
def test_words_are_searched_for(words: str) -> None:
    assert not looks_like_reference(words)


def test_a_link_is_never_searched_for() -> None:
    assert looks_like_reference("https://evil.example/owner/repo")
