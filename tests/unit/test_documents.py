"""Documents as text: real files, read in real processes of their own.

What only a broken process does (die, hang) is done by stand-ins for it.
"""

import io
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from desktop.backends.side_job import SIDE_JOB
from desktop.domain.history import Attachment, AttachmentKind
from desktop.services import documents
from desktop.services.attachment_text import attachment_text
from desktop.services.context_estimate import estimated_tokens
from desktop.services.documents import MOST_FILE_BYTES, ReadingStopped, read_document
from desktop.services.drafts import draft_of, read_draft
from desktop.services.text_files import NotReadable
from desktop.store.rows import attachments_in, list_column
from tests.document_files import assembled, paragraph, stream, write_docx, write_odt, write_pdf
from tests.unit.engine_stubs import instead, stub

_ROOT = Path(__file__).parents[2]


def read(path: Path) -> Attachment:
    found = read_document(path)
    assert found is not None
    return found


def why_not(path: Path) -> str:
    with pytest.raises(NotReadable) as refused:
        read_document(path)
    assert refused.value.title.values["name"] == path.name
    assert not psutil.Process().children(), "its process is gone"
    return str(refused.value.hint)


def test_a_pdf_comes_page_for_page_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "合同 (draft).pdf"
    write_pdf(path, ["Contract (draft)\nClause 5.2", "第三条 甲方应当在三十日内付款。", ""])

    assert read(path) == Attachment(
        AttachmentKind.FILE,
        "合同 (draft).pdf",
        "[page 1]\nContract (draft)\nClause 5.2\n\n[page 2]\n第三条 甲方应当在三十日内付款。"
        "\n\n[page 3: no text]",
        3,
    )


def test_a_pdf_is_known_by_what_is_in_it_whatever_its_name_says(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "mail attachment.txt", ["Hello"])
    path.write_bytes(b"\r\n\r\n" + path.read_bytes())

    assert read(path).text == "[page 1]\nHello"


def test_500_pages_are_read_with_their_progress_told(tmp_path: Path) -> None:
    line = "The quick brown fox jumps over the lazy dog, and does so again."
    path = write_pdf(tmp_path / "long.pdf", ["\n".join([line] * 50)] * 500)
    told: list[int] = []

    found = read_document(path, tick=lambda far: None if far is None else told.append(far))

    assert found is not None
    assert found.pages == 500
    assert found.text.count(line) == 50 * 500
    assert "[page 500]" in found.text
    assert told
    assert told == sorted(told)
    assert estimated_tokens(found.text) > 100_000


def test_a_word_document_comes_with_headings_numbers_tables_and_notes(tmp_path: Path) -> None:
    def numbered(level: int) -> str:
        return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="7"/></w:numPr>'

    cell = "<w:tc>{}</w:tc>"
    row = "<w:tr>" + cell.format(paragraph("Rent")) + cell.format(paragraph("900 €")) + "</w:tr>"
    note = '<w:p><w:r><w:t>Paid late</w:t><w:footnoteReference w:id="2"/></w:r></w:p>'
    changed = (
        "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        "<w:r><w:tab/><w:t>words</w:t><w:br/><w:t>below</w:t></w:r></w:p>"
    )
    box = (
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>"
        f"{paragraph('In a box')}</w:txbxContent></mc:Choice><mc:Fallback>{paragraph('In a box')}"
        "</mc:Fallback></mc:AlternateContent><w:t>Beside it</w:t></w:r></w:p>"
    )
    body = (
        paragraph("Tenancy & use", '<w:pStyle w:val="1"/>')
        + paragraph("条款", '<w:tabs><w:tab w:val="left"/></w:tabs>' + numbered(0))
        + paragraph("Payment", numbered(1))
        + paragraph("Notice", numbered(1))
        + paragraph("Second", numbered(0))
        + f"<w:tbl>{row}</w:tbl>"
        + note
        + changed
        + box
    )
    parts = {
        "styles": '<w:style w:styleId="1"><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>',
        "numbering": (
            '<w:abstractNum w:abstractNumId="3">'
            '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/>'
            '<w:lvlText w:val="第%1条"/></w:lvl>'
            '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/>'
            '<w:lvlText w:val="(%2)"/></w:lvl></w:abstractNum>'
            '<w:num w:numId="7"><w:abstractNumId w:val="3"/></w:num>'
        ),
        "footnotes": (
            f'<w:footnote w:type="separator" w:id="0">{paragraph("----")}</w:footnote>'
            f'<w:footnote w:id="2">{paragraph("See clause 5.")}</w:footnote>'
        ),
    }
    found = read(write_docx(tmp_path / "contract.docx", body, parts))

    assert [line for line in found.text.split("\n") if line] == [
        "# Tenancy & use",
        "第一条 条款",
        "(a) Payment",
        "(b) Notice",
        "第二条 Second",
        "| Rent | 900 € |",
        "Paid late[^2]",
        "new\twords",
        "below",
        "In a box",
        "Beside it",
        "[^2]: See clause 5.",
    ]
    assert found.pages == 0


def test_a_document_of_libreoffice_comes_without_what_was_deleted(tmp_path: Path) -> None:
    body = (
        '<t:tracked-changes><t:p>deleted</t:p></t:tracked-changes><t:h t:outline-level="2">Plan</t:h>'
        '<t:p>One<t:s t:c="2"/>two<t:tab/>three<t:line-break/>四</t:p>'
        "<t:list><t:list-item><t:p>first</t:p></t:list-item></t:list>"
        "<b:table><b:table-row><b:table-cell><t:p>a</t:p></b:table-cell>"
        "<b:table-cell><t:p>b</t:p></b:table-cell></b:table-row>"
        # As Qt writes them.
        "<b:table-cell><t:p>in no row</t:p></b:table-cell></b:table>"
    )

    text = read(write_odt(tmp_path / "plan.odt", body)).text

    assert [line for line in text.split("\n") if line] == [
        *("## Plan", "One  two\tthree", "四", "- first", "| a | b |", "in no row")
    ]


def _ole(path: Path, stream_name: str) -> Path:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    path.write_bytes(head + stream_name.encode("utf-16-le"))
    return path


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:300])
    return path


def _zip_bomb(path: Path) -> Path:
    start = b'<w:document xmlns:w="w"><w:body>'
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("word/document.xml", "w", force_zip64=True) as member,
    ):
        member.write(start)
        for _ in range(40):
            member.write(b"<w:r/>" * 175_000)
    return path


def _entity_bomb(path: Path) -> Path:
    kinds = "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    words = f'<!DOCTYPE x [<!ENTITY a "lol">{kinds}]><w:document xmlns:w="w">&i;</w:document>'
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("word/document.xml", words)
    return path


def _entity(path: Path) -> Path:
    """Write a document that is harmless, but for what it is allowed to declare."""
    words = (
        '<!DOCTYPE x [<!ENTITY a "Hello">]><w:document xmlns:w="w"><w:p><w:r><w:t>&a;</w:t></w:r>'
        "</w:p></w:document>"
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("word/document.xml", words)
    return path


def _pdf_bomb(path: Path) -> Path:
    """Write a page that says so little in 1.5 GB that they are 7 KB; packed twice."""
    buffer, pack = io.BytesIO(), zlib.compressobj(9)
    zeros = zlib.compress(bytes(1 << 20), 9)
    for _ in range(1500):
        buffer.write(pack.compress(zeros))
    buffer.write(pack.flush())
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        stream(buffer.getvalue(), b"/Filter [/FlateDecode /FlateDecode] "),
    ]
    path.write_bytes(assembled(objects, b"/Root 1 0 R"))
    return path


def _too_much_text(path: Path) -> Path:
    return write_docx(path, paragraph("words " * 700_000))


def _other_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "words")
    return path


def _huge(path: Path) -> Path:
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(MOST_FILE_BYTES + 1)
    return path


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("scan.pdf", lambda path: write_pdf(path, ["", ""]), "pictures of pages and no text"),
        ("locked.pdf", lambda path: write_pdf(path, ["x"], password="sesame"), "with a password"),
        ("locked.docx", lambda path: _ole(path, "EncryptedPackage"), "with a password"),
        (
            "locked.odt",
            lambda path: write_odt(path, "", "<manifest><encryption-data/></manifest>"),
            "with a password",
        ),
        ("old.doc", lambda path: _ole(path, "WordDocument"), "before 2007"),
        ("cut.pdf", lambda path: _cut(write_pdf(path, ["Hello"])), "It is damaged"),
        ("cut.docx", lambda path: _cut(write_docx(path, paragraph("Hello"))), "It is damaged"),
        ("not.docx", lambda path: write_docx(path, "<w:p>"), "It is damaged"),
        ("empty.docx", lambda path: write_docx(path, paragraph("")), "no text in it"),
        ("bomb.docx", _zip_bomb, "Far more comes out of it"),
        ("lol.docx", _entity_bomb, "It is damaged"),
        ("entity.docx", _entity, "It is damaged"),
        ("bomb.pdf", _pdf_bomb, ""),
        ("much.docx", _too_much_text, "more than 4 MB"),
        ("huge.pdf", _huge, "documents of up to 100 MB"),
        ("things.zip", _other_zip, "neither a text nor a picture"),
        ("table.xlsx", _other_zip, "PDF, .docx and .odt"),
    ],
)
def test_what_cannot_be_read_is_said_in_its_own_words_and_its_process_is_gone(
    name: str, make: Callable[[Path], Path], said: str, tmp_path: Path
) -> None:
    assert said in why_not(make(tmp_path / name))


def test_what_is_no_document_is_left_to_whoever_reads_texts(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("PK is my friend", encoding="utf-8")

    assert read_document(tmp_path / "notes.txt") is None
    assert read_document(tmp_path) is None
    assert read_document(tmp_path / "missing") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")

    assert read_document(tmp_path / "pipe.pdf") is None


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "more memory"),
        ("sys.stderr.write('MemoryError'); sys.exit(1)", "more memory"),
        ("os.abort()", "It is damaged"),
        ("wait_for_ever()", "takes too long"),
        ("raw(b'nonsense')", "It is damaged"),
        ("out(DocumentRead('x' * 5_000_000, 1))", "more than 4 MB"),
    ],
)
def test_a_process_that_dies_hangs_or_lies_costs_one_file(
    ending: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "from desktop.inference.side_messages import *"
    instead(monkeypatch, stub(f"{words}\nhear(); out(Step('read')); {ending}"), SIDE_JOB)
    monkeypatch.setattr(documents, "_PATIENCE", 2.0)

    assert said in why_not(write_pdf(tmp_path / "a.pdf", ["Hello"]))


def test_reading_stops_when_nobody_wants_it_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, stub("hear(); out(Step('read')); wait_for_ever()"), SIDE_JOB)
    asked = iter([False, False, True])

    with pytest.raises(ReadingStopped):
        read_document(write_pdf(tmp_path / "a.pdf", ["Hello"]), lambda: next(asked))
    assert not psutil.Process().children()


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_a_process_that_takes_more_memory_than_it_may_is_ended_or_refused_it(system: str) -> None:
    code = (
        f"import psutil, sys; sys.path.insert(0, {str(_ROOT)!r}); sys.platform = {system!r}\n"
        "from desktop.inference.child import limit_memory\n"
        "limit_memory(1 << 28)\n"
        "import threading\n"
        "kept = bytearray(b'x') * (1 << 29)\n"
        "threading.Event().wait()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert "MemoryError" in done.stderr


def test_the_process_that_asks_never_loads_what_reads(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["Hello"])
    code = (
        "import sys; from pathlib import Path\n"
        "from desktop.services.documents import read_document\n"
        "print(read_document(Path(sys.argv[1])).pages)\n"
        "print([name for name in sys.modules if 'pdfium' in name or 'expat' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], cwd=_ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.split("\n")[:2] == ["1", "[]"]


def test_the_model_reads_a_document_as_prose_under_its_name() -> None:
    document = Attachment(AttachmentKind.FILE, "contract.pdf", "[page 1]\nHello", 1)

    assert attachment_text(document) == 'File "contract.pdf":\n```\n[page 1]\nHello\n```'


def test_the_number_of_pages_is_kept_with_draft_and_chat() -> None:
    along = (Attachment(AttachmentKind.FILE, "a.pdf", "words", 12),)

    assert read_draft(draft_of("typed", along)) == ("typed", along)
    assert attachments_in(list_column(along)) == along
    older = '[{"kind":"file","name":"a.md","text":"words"}]'
    assert attachments_in(older) == (Attachment(AttachmentKind.FILE, "a.md", "words"),)
