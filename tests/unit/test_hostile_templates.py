"""Chat templates written to break out, to fill the memory or never to end; on real llama.cpp.

The plain ones (endless loops, huge texts, wrong syntax) are in `test_engine`; here are the ways out
of the sandbox, each proven to work where there is none, and what a person can do next.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import jinja2
import psutil
import pytest

from desktop.domain.chat import Failed
from desktop.domain.engine import Phase
from desktop.domain.errors import TemplateError
from desktop.inference.child import TEMPLATE_SECONDS
from tests import gguf_files
from tests.unit.engine_room import Answer, Room, engine_room, model_at, question

_MARKER = "MARKER"
_MAKE = f"['__builtins__']['__import__']('os').mkdir('{_MARKER}')"
_ESCAPES = (
    f"{{{{ cycler.__init__.__globals__{_MAKE} }}}}",
    f"{{{{ joiner.__init__.__globals__{_MAKE} }}}}",
    f"{{{{ namespace.__init__.__globals__{_MAKE} }}}}",
    f"{{{{ lipsum.__globals__{_MAKE} }}}}",
    f"{{{{ raise_exception.__globals__{_MAKE} }}}}",
    f"{{{{ strftime_now.__globals__{_MAKE} }}}}",
    f"{{{{ self.__init__.__globals__{_MAKE} }}}}",
    f"{{{{ cycler['__init__']['__globals__']{_MAKE} }}}}",
    f"{{{{ (cycler | attr('__init__') | attr('__globals__')){_MAKE} }}}}",
    f"{{% set found = lipsum | attr('__glo' ~ 'bals__') %}}{{{{ found{_MAKE} }}}}",
    f"{{{{ ([lipsum] | map(attribute='__globals__') | first){_MAKE} }}}}",
)
_CURIOUS = (
    "{{ messages.__class__.__mro__ }}",
    "{{ '{0.__class__.__mro__}'.format(messages) }}",
    "{{ ('{0.__class__.__mro__}' | attr('format'))(messages) }}",
    "{{ '{m.__class__.__mro__}'.format_map({'m': messages}) }}",
    "{{ '%s' | format(messages.__class__.__mro__) }}",
)
_MEDDLING = (
    "{{ messages.append(1) }}",
    "{{ messages.clear() }}",
    "{{ messages[0].update({'content': 'x'}) }}",
    "{{ messages[0].pop('content') }}",
)
_GREEDY = (
    "{% for a in range(1000) %}{{ 'x' * 100000 }}{% endfor %}",
    "{{ 'A' * 10**10 }}",
    "{{ 'a'.center(9999999999) }}",
    "{{ [[0] * 10**6] * 10**6 | join }}",
    "x" * 2**20,
)
# Without the brackets Jinja counts from the left, and comes to an end.
_ENDLESS = "{{ 9**(9**9) }}"
_MIB = 2**20


def refused(room: Room, folder: Path, templates: Iterable[str]) -> dict[str, bool]:
    """Return for each template whether the question to such a model ended in its own error."""
    ends = {}
    for number, template in enumerate(templates):
        path = gguf_files.write_llama(folder / f"hostile-{number}.gguf", template=template)
        room.engine.choose(model_at(path))
        last = room.ask(question("Hello")).wait().events[-1]
        ends[template] = isinstance(last, Failed) and isinstance(last.error, TemplateError)
    return ends


def render_freely(template: str) -> None:
    """Run a template where nothing holds it."""
    environment = jinja2.Environment()  # noqa: S701 - nothing of it is shown
    environment.globals |= {"raise_exception": refused, "strftime_now": refused}
    environment.from_string(template).render(messages=[{"role": "user", "content": "Hello"}])


def test_no_template_gets_out_of_the_sandbox(tmp_path: Path) -> None:
    marker = tmp_path / "made-by-a-template"
    payloads = [template.replace(_MARKER, str(marker)) for template in _ESCAPES]

    with engine_room(tmp_path / "home") as room:
        ends = refused(room, tmp_path, payloads)

    assert ends == dict.fromkeys(payloads, True)
    assert not marker.exists()


@pytest.mark.parametrize("template", _ESCAPES)
def test_where_there_is_no_sandbox_each_of_them_gets_out(template: str, tmp_path: Path) -> None:
    marker = tmp_path / "made-by-a-template"

    render_freely(template.replace(_MARKER, str(marker)))

    assert marker.is_dir()


def test_no_template_looks_into_objects_or_changes_the_conversation(tmp_path: Path) -> None:
    templates = [*_CURIOUS, *_MEDDLING]
    with engine_room(tmp_path / "home") as room:
        ends = refused(room, tmp_path, templates)

    assert ends == dict.fromkeys(templates, True)


def test_no_template_fills_the_memory_of_the_window(tmp_path: Path) -> None:
    me = psutil.Process()
    with engine_room(tmp_path / "home") as room:
        before = me.memory_info().rss
        ends = refused(room, tmp_path, _GREEDY)
        grown = me.memory_info().rss - before

    assert ends == dict.fromkeys(_GREEDY, True)
    assert grown < 64 * _MIB


def test_a_calculation_without_end_costs_its_process_and_is_named(tmp_path: Path) -> None:
    path = gguf_files.write_llama(tmp_path / "endless.gguf", template=_ENDLESS)
    with engine_room(tmp_path / "home", path) as room:
        room.until(Phase.READY)
        process = room.engine.engine_pid()
        error = room.ask(question("Hello")).wait().failed.error
        assert process is not None
        assert not psutil.pid_exists(process)

    assert isinstance(error, TemplateError)
    assert str(error.title) == "The chat template of this model takes too long"
    assert TEMPLATE_SECONDS == 5.0


@pytest.mark.parametrize("template", ["{% if %}", _ENDLESS, _ESCAPES[0]])
def test_a_template_of_lapis_answers_in_the_place_of_a_bad_one(
    template: str, tmp_path: Path
) -> None:
    path = gguf_files.write_llama(tmp_path / "m.gguf", template=template)
    own = replace(question("Hello"), builtin_template="auto")
    with engine_room(tmp_path / "home", path) as room:
        answers: list[Answer] = [room.ask(request).wait() for request in (own, question("Hi"), own)]

    assert answers[0].text == answers[2].text != ""
    assert isinstance(answers[1].failed.error, TemplateError)
