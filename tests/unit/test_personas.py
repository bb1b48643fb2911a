"""Personas: those that come with Lapis, people's own, and what a chat begins with."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop.base.paths import resources
from desktop.domain.chat import Sampling
from desktop.domain.chat_settings import ChatSettings, Overflow, Persona
from desktop.domain.settings import Language
from desktop.services.own_items import OwnItems
from desktop.services.personas import (
    PERSONA,
    built_in_personas,
    open_personas,
    settings_with,
    settings_without,
)
from desktop.store.chats import ChatStore

ENGLISH, CHINESE = Language.ENGLISH, Language.CHINESE
PIRATE = Persona(
    "",
    "Pirate",
    "🏴‍☠️",
    "Speaks like one.",
    ChatSettings(
        system_prompt="You are a pirate.",
        sampling=Sampling(temperature=1.2, top_k=12, stop=("Arr",), logit_bias=((3, -1.5),)),
        n_ctx=8192,
        thinking=False,
        overflow=Overflow.SUMMARISE,
        model="gemma",
    ),
)


def _read(name: str) -> Any:
    return json.loads((resources() / name).read_text(encoding="utf-8"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ChatStore]:
    one = ChatStore.open(tmp_path / "lapis.db")
    yield one
    one.close()


@pytest.fixture
def personas(store: ChatStore) -> OwnItems[Persona]:
    return open_personas(store)


def _names(personas: OwnItems[Persona]) -> list[str]:
    return [one.name for one in personas.own()]


# Those that come with Lapis.


def test_the_file_follows_its_schema() -> None:
    schema = _read("personas.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(_read("personas.json"))


def test_the_schema_refuses_chinese_that_is_none() -> None:
    schema, personas = _read("personas.schema.json"), _read("personas.json")
    personas["personas"][0]["about"]["zh_CN"] = "Clear answers."
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(personas)


def test_each_has_an_id_of_its_own_and_an_icon_that_exists() -> None:
    listed = _read("personas.json")["personas"]
    assert len({one["id"] for one in listed}) == len(listed)
    for one in listed:
        assert (resources() / "icons" / f"{one['icon']}.svg").is_file(), one["icon"]


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_they_come_in_the_language_of_the_surface(language: Language) -> None:
    found = {one.id: one for one in built_in_personas(language)}
    assert found["teacher"].name == ("Teacher" if language is ENGLISH else "老师")
    assert all(one.built_in and one.settings.system_prompt for one in found.values())


# People's own.


def test_one_comes_back_as_it_was_kept(store: ChatStore, personas: OwnItems[Persona]) -> None:
    kept = personas.add(PIRATE)
    assert kept == replace(PIRATE, id=kept.id)
    assert open_personas(store).own() == (kept,)


def test_ones_own_come_first_and_in_the_order_they_were_put_into(
    personas: OwnItems[Persona],
) -> None:
    first, second, third = (personas.add(replace(PIRATE, name=name)) for name in "ABC")
    personas.move(third.id, first.id)
    personas.move(first.id, None)
    assert _names(personas) == ["C", "B", "A"]
    assert [one.id for one in personas.all(ENGLISH)][:4] == [
        *(third.id, second.id, first.id),
        built_in_personas(ENGLISH)[0].id,
    ]


def test_a_change_keeps_the_place(personas: OwnItems[Persona]) -> None:
    first = personas.add(replace(PIRATE, name="A"))
    personas.add(replace(PIRATE, name="B"))
    personas.change(replace(first, name="Z"))
    assert _names(personas) == ["Z", "B"]


def test_what_is_deleted_comes_back_to_its_place(personas: OwnItems[Persona]) -> None:
    first = personas.add(replace(PIRATE, name="A"))
    personas.add(replace(PIRATE, name="B"))
    deleted = personas.delete(first.id)
    assert _names(personas) == ["B"]
    assert deleted is not None
    personas.undo(deleted)
    assert personas.own()[0] == first


def test_a_built_in_one_can_be_hidden_but_neither_changed_nor_deleted(
    personas: OwnItems[Persona],
) -> None:
    cook = personas.find("cook", ENGLISH)
    assert cook is not None
    personas.change(replace(cook, name="Chef"))
    assert personas.delete("cook") is None
    personas.hide("cook")
    assert "cook" not in {one.id for one in personas.all(ENGLISH)}
    assert personas.hidden(CHINESE) == (personas.find("cook", CHINESE),)
    assert personas.find("cook", ENGLISH) == cook
    personas.show("cook")
    assert personas.hidden(ENGLISH) == ()


def test_a_copy_of_a_built_in_one_is_ones_own(personas: OwnItems[Persona]) -> None:
    cook = personas.find("cook", ENGLISH)
    assert cook is not None
    copied = personas.add(cook)
    assert not copied.built_in
    assert copied.id != cook.id
    assert copied.settings == cook.settings


@pytest.mark.parametrize(
    "damaged", ["", "{", "[]", "{}", '{"name": 3}', '{"name": "A", "place": []}']
)
def test_one_that_cannot_be_read_hides_no_other(
    store: ChatStore, personas: OwnItems[Persona], damaged: str
) -> None:
    store.save(PERSONA, "broken", damaged)
    kept = personas.add(PIRATE)
    assert personas.own() == (kept,)


# What a chat begins with.


def test_a_persona_leaves_the_model_and_the_context_of_the_chat_alone() -> None:
    cook = next(one for one in built_in_personas(ENGLISH) if one.id == "cook")
    before = ChatSettings(model="qwen", n_ctx=4096, overflow=Overflow.DROP, system_prompt="Hm.")
    now = settings_with(cook, before, Sampling())
    assert (now.model, now.n_ctx, now.overflow) == ("qwen", 4096, Overflow.DROP)
    assert (now.persona, now.system_prompt) == ("cook", cook.settings.system_prompt)


def test_a_persona_changes_of_the_sampling_only_what_it_says() -> None:
    teacher = next(one for one in built_in_personas(ENGLISH) if one.id == "teacher")
    usual = Sampling(temperature=0.2, top_k=7, min_p=0.3)
    now = settings_with(teacher, ChatSettings(), usual)
    assert now.sampling == replace(usual, temperature=0.6)


def test_without_its_persona_a_chat_keeps_its_model() -> None:
    before = ChatSettings(model="qwen", persona="cook", system_prompt="Hm.", thinking=True)
    assert settings_without(before) == ChatSettings(model="qwen")
