"""What a person set for one model reaches where it acts: plan, template, sampling, system prompt."""

import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.domain.chat import Event, Finished, Role, Sampling, StopReason, TextDelta
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.model import InstalledModel
from desktop.domain.settings import EngineSettings, Settings
from desktop.domain.shelf import ModelDefaults
from desktop.inference.builtin_templates import AUTOMATIC, NAMES, builtin_source
from desktop.services.conversation import Conversations
from desktop.services.engine import Engine
from desktop.services.manner import (
    GUIDE_TOKENS,
    nothing_set,
    settings_for,
    template_for,
    with_choice,
)
from desktop.services.planning import plan_for
from desktop.store.chats import ChatStore
from desktop.terminal.choosing import Terms
from desktop.terminal.orders import Choices
from desktop.terminal.session import Session
from tests.gguf_files import write_llama

SENTENCE = "The hotkey is set in the keyboard settings of the system."
GENERAL = Settings(
    system_prompt="Be brief.",
    sampling=Sampling(temperature=0.7, top_k=10, seed=5),
    engine=EngineSettings(n_ctx=4096, n_gpu_layers=7, threads=3),
)
OWN = ModelDefaults(
    system_prompt="You are a pirate.",
    sampling=Sampling(temperature=0.2, max_tokens=90),
    n_ctx=512,
    n_gpu_layers=0,
    template="phi",
)
MODEL = InstalledModel("one", "One", Path("/m/one.gguf"), 1)
OTHER = InstalledModel("two", "Two", Path("/m/two.gguf"), 1)
GUIDE = InstalledModel("guide", "guide", Path("/m/guide.gguf"), 1, is_guide=True)


def installed(path: Path) -> InstalledModel:
    return InstalledModel(path.stem, path.stem, path, path.stat().st_size)


def of_one(model: InstalledModel) -> ModelDefaults:
    return OWN if model == MODEL else ModelDefaults()


# What counts


def test_what_a_chat_sets_counts_before_what_is_set_for_its_model() -> None:
    sampling = Sampling(temperature=1.5)
    chat = ChatSettings(system_prompt="", sampling=sampling, n_ctx=1234)
    found = settings_for(MODEL, GENERAL, OWN, chat)

    assert (found.system_prompt, found.sampling) == ("", sampling)
    assert found.engine.n_ctx == 1234
    assert found.engine.n_gpu_layers == settings_for(MODEL, GENERAL, OWN).engine.n_gpu_layers
    assert settings_for(MODEL, GENERAL, OWN, ChatSettings()) == settings_for(MODEL, GENERAL, OWN)
    assert settings_for(GUIDE, GENERAL, ModelDefaults(), chat).sampling == sampling


def test_what_is_set_for_a_model_counts_and_the_rest_stays_general() -> None:
    found = settings_for(MODEL, GENERAL, OWN)

    assert found.system_prompt == "You are a pirate."
    assert found.sampling == Sampling(temperature=0.2, max_tokens=90)
    assert found.engine == EngineSettings(n_ctx=512, n_gpu_layers=0, threads=3)


def test_nothing_set_changes_nothing() -> None:
    assert settings_for(MODEL, GENERAL, nothing_set(MODEL)) == GENERAL


def test_an_empty_prompt_and_an_automatic_context_are_choices_too() -> None:
    found = settings_for(MODEL, GENERAL, ModelDefaults(system_prompt="", n_ctx=0))

    assert (found.system_prompt, found.engine.n_ctx) == ("", 0)
    assert found.engine.n_gpu_layers == 7


def test_the_guide_keeps_to_its_facts_unless_told_otherwise_for_itself() -> None:
    usual = settings_for(GUIDE, GENERAL, ModelDefaults(n_ctx=512)).sampling
    lively = Sampling(temperature=1.2, max_tokens=900)

    assert usual == replace(GENERAL.sampling, temperature=0.0, max_tokens=GUIDE_TOKENS)
    assert settings_for(GUIDE, GENERAL, ModelDefaults(sampling=lively)).sampling == lively


@pytest.mark.parametrize(
    ("asked", "set_for_it", "used"),
    [
        (None, "", ""),
        (None, "phi", "phi"),
        (None, AUTOMATIC, AUTOMATIC),
        (None, "own", ""),
        (None, "of another version", ""),
        ("own", "phi", ""),
        ("chatml", "phi", "chatml"),
        (AUTOMATIC, "", AUTOMATIC),
    ],
)
def test_a_template_asked_for_counts_before_one_set_and_that_before_the_files_own(
    asked: str | None, set_for_it: str, used: str
) -> None:
    assert template_for(ModelDefaults(template=set_for_it), asked) == used


def test_the_choice_of_a_template_is_taken_back_and_touches_nothing_else() -> None:
    builtin = with_choice(OWN, builtin=True)
    own = with_choice(builtin, builtin=False)

    assert template_for(builtin) == AUTOMATIC
    assert template_for(own) == ""
    assert replace(own, template="phi") == OWN


def test_every_name_that_can_be_asked_for_is_a_template() -> None:
    assert all(builtin_source(name) for name in NAMES)
    assert not {"own", AUTOMATIC} & set(NAMES)


# The command line


def test_options_count_before_what_is_set_for_the_model() -> None:
    choices = Choices(
        system="Be kind.", temperature=1.5, max_tokens=7, seed=3, context=1024, template="chatml"
    )
    terms = Terms(GENERAL, choices, of_one)
    found = terms.settings_for(MODEL)

    assert found.system_prompt == "Be kind."
    assert found.sampling == Sampling(temperature=1.5, max_tokens=7, seed=3)
    assert (found.engine.n_ctx, found.engine.n_gpu_layers) == (1024, 0)
    assert terms.template_for(MODEL) == "chatml"


def test_without_options_the_models_own_settings_count() -> None:
    terms = Terms(GENERAL, Choices(), of_one)

    assert terms.settings_for(MODEL) == settings_for(MODEL, GENERAL, OWN)
    assert terms.settings_for(OTHER) == GENERAL
    assert (terms.template_for(MODEL), terms.template_for(OTHER)) == ("phi", "")


def test_options_of_zero_are_options() -> None:
    found = Terms(GENERAL, Choices(system="", temperature=0.0, seed=0), of_one).settings_for(MODEL)

    assert (found.system_prompt, found.sampling.temperature) == ("", 0.0)
    assert found.sampling.seed == 0


def test_a_chat_that_changes_models_changes_to_what_is_set_for_the_new_one() -> None:
    session = Session(MODEL, Terms(GENERAL, Choices(template="chatml", anyway=True), of_one))
    first = session.request("Why?")
    session.switch(OTHER)
    second = session.request("Why?")
    session.switch(MODEL)
    session.system = "Be kind."
    third = session.request("Why?")

    assert [each.messages[0].content for each in (first, second, third)] == [
        "You are a pirate.",
        "Be brief.",
        "Be kind.",
    ]
    assert [each.builtin_template for each in (first, second, third)] == ["chatml", "", "phi"]
    assert (first.sampling, second.sampling) == (OWN.sampling, GENERAL.sampling)
    assert not session.anyway


def test_a_prompt_cleared_in_a_chat_stays_cleared_with_another_model() -> None:
    session = Session(MODEL, Terms(GENERAL, Choices(), of_one))
    session.system = ""
    session.switch(OTHER)

    assert [each.role for each in session.request("Why?").messages] == [Role.USER]


# The real thing


def test_the_plan_has_the_models_own_context_and_layers(tmp_path: Path) -> None:
    model = installed(write_llama(tmp_path / "long.gguf", context_length=32768))
    own = ModelDefaults(n_ctx=640, n_gpu_layers=2)

    plan = plan_for(model, settings_for(model, GENERAL, own))
    general = plan_for(model, settings_for(model, GENERAL, ModelDefaults()))

    assert (plan.n_ctx, plan.n_gpu_layers, plan.threads) == (640, 2, 3)
    assert (general.n_ctx, general.n_gpu_layers) == (4096, 7)


def test_a_conversation_begins_with_the_models_own_system_prompt(tmp_path: Path) -> None:
    with closing(ChatStore.open(tmp_path / "chats.db")) as store:
        talks = Conversations(store)
        exchange = talks.begin(store.create().id, "Why?", "one")
        request = talks.request(exchange, settings_for(MODEL, GENERAL, OWN))

    assert [message.content for message in request.messages] == ["You are a pirate.", "Why?"]
    assert request.sampling == OWN.sampling


def test_a_real_engine_loads_samples_and_asks_as_it_was_set(tmp_path: Path) -> None:
    path = write_llama(
        tmp_path / "broken.gguf", template="{{ raise_exception('Pay first!') }}", answer=SENTENCE
    )
    model = installed(path)
    own = ModelDefaults(sampling=Sampling(max_tokens=4), n_ctx=768, template="chatml")
    session = Session(model, Terms(Settings(), Choices(), lambda _: own))
    paths = paths_under(tmp_path / "home")
    paths.create()

    with closing(
        Engine(lambda each: plan_for(each, session.terms.settings_for(each)), paths)
    ) as engine:
        engine.choose(model)
        events: list[Event] = list(engine.stream(session.request("Why?"), threading.Event()))
        loaded = engine.state.loaded

    assert loaded is not None
    assert loaded.n_ctx == 768
    ended = events[-1]
    assert isinstance(ended, Finished)
    assert (ended.reason, ended.usage.completion_tokens) == (StopReason.LENGTH, 4)
    said = "".join(each.text for each in events if isinstance(each, TextDelta))
    assert said
    assert SENTENCE.startswith(said)
