"""Documents asked about in the terminal, by the real program."""

from pathlib import Path

import pytest

from tests.conftest import RunLapis
from tests.document_files import paragraph, write_docx, write_pdf
from tests.harness.ollama import OllamaModel, OllamaServer

_ANSWERS = OllamaModel("qwen3:8b", reply="In thirty days.")


def test_documents_and_texts_are_asked_about_in_the_terminal(
    lapis: RunLapis, tmp_path: Path
) -> None:
    contract = write_pdf(tmp_path / "合同.pdf", ["Clause 5.2", "第三条 甲方应当在三十日内付款。"])
    letter = write_docx(tmp_path / "letter.docx", paragraph("Dear Sir"))
    notes = tmp_path / "notes.txt"
    notes.write_text("a note", encoding="utf-8")
    files = [word for path in (contract, letter, notes) for word in ("--file", str(path))]

    with OllamaServer([_ANSWERS]) as ollama:
        done = lapis(
            *("ask", "-m", "ollama:qwen3:8b", *files, "When is it due?"),
            environment={"OLLAMA_HOST": ollama.address},
        )
        (asked,) = ollama.asked("/api/chat")

    assert (done.stdout.strip(), done.returncode) == ("In thirty days.", 0)
    assert asked.body["messages"][-1]["content"] == (
        'File "合同.pdf":\n```\n[page 1]\nClause 5.2\n\n[page 2]\n第三条 甲方应当在三十日内付款。\n```'
        '\n\nFile "letter.docx":\n```\nDear Sir\n```\n\nFile "notes.txt":\n```txt\na note\n```'
        "\n\nWhen is it due?"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("scan.pdf", "no text"),
        ("locked.pdf", "password"),
        ("nowhere.pdf", "There is no such file."),
    ],
)
def test_what_cannot_be_read_in_the_terminal_is_refused_in_words(
    lapis: RunLapis, tmp_path: Path, name: str, reason: str
) -> None:
    write_pdf(tmp_path / "scan.pdf", [""])
    write_pdf(tmp_path / "locked.pdf", ["secret"], password="x")

    done = lapis("ask", "--file", str(tmp_path / name), "What is it?")

    assert done.returncode == 1
    assert "cannot go with the question" in done.stderr
    assert reason in done.stderr
