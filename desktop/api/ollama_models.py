"""Models as clients of Ollama know them: their names, what they are, what they can do.

Ollama puts `:latest` behind a name that has no tag: so are names told, and either form is
understood. Plain functions; the API's thread.
"""

import hashlib
import time
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from desktop.api.door import LATEST
from desktop.api.model_facts import Facts
from desktop.api.ollama_answers import written
from desktop.domain.chat import Sampling
from desktop.domain.connection import ServedModel
from desktop.domain.engine import EngineState
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings

Reply: TypeAlias = dict[str, Any]
VERSION: Final = "0.12.6"
"""Clients look for what a version can do: this is the one whose interface is spoken here."""
_FOR_EVER: Final = 100 * 365 * 86_400.0
_LAST_SECOND: Final = 253_402_300_799.0
_UNITS: Final = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K"))


def entry(model: InstalledModel, facts: Facts, served: ServedModel | None) -> Reply:
    """Return a model as `GET /api/tags` lists it."""
    name = model.name if ":" in model.name else model.name + LATEST
    return {
        "name": name,
        "model": name,
        "modified_at": _modified(facts, served),
        "size": model.size,
        "digest": _digest(model, facts),
        "details": _details(facts, served),
    }


def running(
    model: InstalledModel,
    facts: Facts,
    served: ServedModel | None,
    here: EngineState,
    settings: Settings,
) -> Reply | None:
    """Return a model as `GET /api/ps` lists it, None for one that takes no memory now."""
    reply = entry(model, facts, served)
    del reply["modified_at"]
    minutes = settings.engine.idle_minutes
    reply["expires_at"] = _time(time.time() + (minutes * 60 if minutes else _FOR_EVER))
    if served is not None:
        if not served.memory:
            return None
        told = {"size": served.memory, "size_vram": 0, "context_length": served.context}
        return reply | told
    loaded = here.loaded
    if loaded is None or here.model is None or here.model.path != model.path:
        return None
    return reply | {
        "size": max(loaded.weights, model.size),
        "size_vram": loaded.gpu_memory,
        "context_length": loaded.n_ctx,
    }


def shown(
    model: InstalledModel, facts: Facts, served: ServedModel | None, sampling: Sampling
) -> Reply:
    """Return what `POST /api/show` tells of a model.

    The template is left out: those of model files are in another language than Ollama's.
    """
    name = model.name if ":" in model.name else model.name + LATEST
    return {
        "license": "",
        "modelfile": f"FROM {name}\n",
        "parameters": _parameters(sampling),
        "template": "",
        "details": _details(facts, served),
        "model_info": _info(facts, served),
        "capabilities": _capabilities(facts, served),
        "modified_at": _modified(facts, served),
    }


def _details(facts: Facts, served: ServedModel | None) -> Reply:
    if served is None:
        family, parameters, mix = facts.architecture, facts.parameters, facts.quantisation
    else:
        family, parameters, mix = served.family, served.parameters, served.quantisation
    return {
        "parent_model": "",
        "format": "gguf",
        "family": family,
        "families": [family] if family else [],
        "parameter_size": _counted(parameters),
        "quantization_level": mix,
    }


def _info(facts: Facts, served: ServedModel | None) -> Reply:
    """Return the header's values; of a served model those that its server told."""
    if served is not None:
        family = served.family or "model"
        told = {
            "general.architecture": family,
            "general.parameter_count": served.parameters,
            f"{family}.context_length": served.context,
        }
        return {key: value for key, value in told.items() if value}
    counted = {"general.parameter_count": facts.parameters} if facts.parameters else {}
    values = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in facts.values.items()
    }
    return values | counted


def _capabilities(facts: Facts, served: ServedModel | None) -> list[str]:
    if served is None:
        # Tools work with every model that talks: where a template has no place for them, Lapis
        # tells the model about them itself.
        said = {
            "embedding": facts.embeds,
            "completion": not facts.embeds,
            "tools": not facts.embeds,
            "thinking": facts.thinks and not facts.embeds,
            "insert": facts.fills_in,
        }
    else:
        said = {
            "embedding": bool(served.embeds),
            "completion": not served.embeds,
            "tools": bool(served.calls_tools),
            "thinking": bool(served.thinks),
            "vision": bool(served.sees),
        }
    return [name for name, holds in said.items() if holds]


def _parameters(sampling: Sampling) -> str:
    """Return what is in force where a client says nothing, a line each."""
    lines = [
        f"{name:<30} {getattr(sampling, name)}"
        for name in ("temperature", "top_k", "top_p", "min_p", "repeat_penalty")
    ]
    if sampling.max_tokens is not None:
        lines.append(f"{'num_predict':<30} {sampling.max_tokens}")
    return "\n".join(lines)


def _counted(parameters: int) -> str:
    """Return a count as Ollama writes it: `9.2B`."""
    for unit, letter in _UNITS:
        if parameters >= unit:
            return f"{parameters / unit:.1f}{letter}"
    return str(parameters) if parameters else ""


def _digest(model: InstalledModel, facts: Facts) -> str:
    """Return 64 hexadecimal digits that change when the file does.

    Ollama has the hash of a file's bytes here, which would take minutes to make; clients only
    compare.
    """
    what = f"{model.path}\0{model.size}\0{facts.modified}"
    return hashlib.sha256(what.encode(errors="surrogateescape")).hexdigest()


def _modified(facts: Facts, served: ServedModel | None) -> str:
    return _time(facts.modified if served is None else served.modified)


def _time(seconds: float) -> str:
    """Return Unix seconds as Ollama writes a time; what no calendar has becomes the first one."""
    possible = seconds if 0 <= seconds < _LAST_SECOND else 0.0
    return written(datetime.fromtimestamp(possible, UTC))
