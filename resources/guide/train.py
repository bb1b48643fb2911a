"""Train the Lapis guide from scratch and write ``guide.gguf``.

``python resources/guide/train.py`` builds the tokenizer from the corpus, trains the network on
random variations of the question patterns (the loss counts the answers only), and exports the
file. ``--dev`` holds out a part of the patterns of every topic and reports how many of them the
model answers exactly right.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from copying import LONGEST, Copybook
from corpus import (
    HERE,
    LANGUAGES,
    OFF_TOPIC,
    Parts,
    Topic,
    count,
    load_slots,
    load_topics,
    parse,
    sample,
    vary,
)
from export import END, GUIDE, SPECIALS, USER, read_gguf, write_gguf
from model import Config, Guide
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

SEED = 20
OFF_TOPIC_SHARE = 0.33
SHORT_ANSWER_SHARE = 0.75
FAVOURED_TIMES = 3
FAVOURED_WHOLE_ANSWER_SHARE = 0.6
HELD_OUT = {OFF_TOPIC: 8}
PAIR_SHARE = 0.08
THIN_SHARE = 0.2
THIN_WORDS = 0.15
THIN_HAN = 0.08
NOISE_SHARE = 0.2
NOISE_TOKENS = 0.05
TOPIC_LOSS = 0.5
BATCH = 48
POOL = 24
# Of the batches, those of texts to be written again; their rows hold so many tokens together.
COPY_SHARE = 0.25
COPY_TOKENS = 3072
# Where copying costs less than this, it has been learnt, and texts need not be short any more.
COPY_LEARNT = 0.5
PEAK_RATE = 1.5e-3
WARM_UP = 60


@dataclass
class Entry:
    """The parsed patterns of one topic in one language, with their sampling weights."""

    topic: str
    language: str
    answer: str
    patterns: list[Parts] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    held_out: list[Parts] = field(default_factory=list)


def build_entries(topics: list[Topic], *, hold_out: bool) -> list[Entry]:
    """Parse all patterns; with ``hold_out``, keep a part of each topic for measuring."""
    slots = load_slots()
    entries = []
    for topic in topics:
        for language in LANGUAGES:
            entry = Entry(topic.id, language, topic.answers[language])
            patterns = [parse(text, slots) for text in topic.questions[language]]
            split = len(patterns) - (HELD_OUT.get(topic.id, 1) if hold_out else 0)
            entry.patterns, entry.held_out = patterns[:split], patterns[split:]
            entry.weights = [min(1.0 + math.log2(count(p)), 5.0) for p in entry.patterns]
            entries.append(entry)
    return entries


def train_tokenizer(entries: list[Entry], size: int) -> Tokenizer:
    """Train the byte-level BPE tokenizer on the answers and on variations of the questions."""
    rng = random.Random(SEED)
    texts = []
    for entry in entries:
        texts.extend([entry.answer] * 30)
        off_topic = entry.topic == OFF_TOPIC
        for pattern, weight in zip(entry.patterns, entry.weights, strict=True):
            texts.extend(
                vary(sample(pattern, rng), entry.language, not off_topic, rng).lower()
                for _ in range(round(weight * (8 if off_topic else 3)))
            )
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    # Chinese characters stay separate while merges are learnt, so that no token is longer than
    # one of them; without that, whole frequent sentences would become tokens.
    alone = pre_tokenizers.Split(Regex("[\u3400-\u9fff]"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([alone, byte_level])
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.pre_tokenizer = byte_level
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


@dataclass
class Example:
    """One training sequence: its tokens and, per token, the weight of predicting it.

    `ask` is where a question has ended that belongs to `topic`; a text to be written again has none.
    """

    tokens: list[int]
    weights: list[float]
    topic: int | None = None
    ask: int = 0


def thin(text: str, language: str, rng: random.Random) -> str:
    """Return the text without some of its words (Chinese: characters); never empty.

    What is left must be enough to know the topic, so no single word may carry it.
    """
    parts = list(text) if language == "zh" else text.split(" ")
    share = THIN_HAN if language == "zh" else THIN_WORDS
    kept = [part for part in parts if rng.random() >= share]
    return ("" if language == "zh" else " ").join(kept) or text


class Sampler:
    """Draws random training examples from the entries.

    Topics that are favoured come more often, and more often with the whole answer.
    """

    def __init__(
        self,
        entries: list[Entry],
        tokenizer: Tokenizer,
        seed: int,
        favoured: frozenset[str] = frozenset(),
        whole: float = FAVOURED_WHOLE_ANSWER_SHARE,
        times: int = FAVOURED_TIMES,
        copying: float = COPY_SHARE,
    ) -> None:
        self.rng = random.Random(seed)
        self.tokenizer = tokenizer
        self.loose = Tokenizer.from_str(tokenizer.to_str())
        self.loose.model.dropout = 0.1
        self.user, self.guide, self.end = (tokenizer.token_to_id(t) for t in (USER, GUIDE, END))
        self.favoured, self.whole, self.copying = favoured, whole, copying
        self.on_topic = [
            e
            for e in entries
            if e.topic != OFF_TOPIC
            for _ in range(times if e.topic in favoured else 1)
        ]
        self.off_topic = [e for e in entries if e.topic == OFF_TOPIC]
        self.answers = {e.answer: self.encode(e.answer) for e in entries}
        self.topics = {name: n for n, name in enumerate(sorted({e.topic for e in entries}))}
        asked = [sample(pattern, self.rng) for entry in entries for pattern in entry.patterns]
        sentences = [re.sub(r"\s+", " ", text) for text in (*self.answers, *asked)]
        self.copybook = Copybook(sentences, self.rng)

    def encode(self, text: str, *, loose: bool = False) -> list[int]:
        """Return token ids; ``loose`` splits some words differently, as a regularisation."""
        tokenizer = self.loose if loose else self.tokenizer
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def entry(self) -> Entry:
        """Draw a topic and language."""
        off = self.rng.random() < OFF_TOPIC_SHARE
        return self.rng.choice(self.off_topic if off else self.on_topic)

    def question(self, entry: Entry) -> list[int]:
        """Draw a question of the topic: a varied phrasing, perhaps two, perhaps with holes."""
        text = self.phrasing(entry)
        if self.rng.random() < PAIR_SHARE:
            text = f"{text} {self.phrasing(entry)}"
        if self.rng.random() < THIN_SHARE:
            text = thin(text, entry.language, self.rng)
        if len(text) > 400:
            text = text[:200] + " " + text[-200:]
        ids = self.encode(text.strip().lower(), loose=self.rng.random() < 0.3)
        if self.rng.random() < NOISE_SHARE:
            vocabulary = self.tokenizer.get_vocab_size()
            ids = [
                self.rng.randrange(len(SPECIALS), vocabulary)
                if self.rng.random() < NOISE_TOKENS
                else token
                for token in ids
            ]
        return ids

    def phrasing(self, entry: Entry) -> str:
        """Draw one varied phrasing of the topic."""
        pattern = self.rng.choices(entry.patterns, entry.weights)[0]
        return vary(sample(pattern, self.rng), entry.language, entry.topic != OFF_TOPIC, self.rng)

    def example(self) -> Example:
        """Draw one example: a question and the answer, often only the beginning of it."""
        rng = self.rng
        entry = self.entry()
        prompt = [self.user, *self.question(entry), self.end, self.guide]
        answer = [*self.answers[entry.answer], self.end]
        whole = self.whole if entry.topic in self.favoured else 1.0 - SHORT_ANSWER_SHARE
        if rng.random() >= whole:
            answer = answer[: rng.randint(4, 10)]
        weights = [2.0 if i < 4 else 1.0 for i in range(len(answer))]
        return Example(
            prompt + answer,
            [0.0] * len(prompt) + weights,
            self.topics[entry.topic],
            len(prompt) - 1,
        )

    def copy(self) -> Example:
        """Draw a text to be written again."""
        task = self.copybook.draw()
        prompt, answer = self.encode(task.asked), [*self.encode(task.written), self.end]
        return Example(prompt + answer, [0.0] * len(prompt) + [1.0] * len(answer))

    def copies(self, count: int) -> list[list[Example]]:
        """Draw so many batches of texts of similar length to be written again."""
        batches: list[list[Example]] = []
        while len(batches) < count:
            longest = sorted((self.copy() for _ in range(BATCH)), key=lambda e: -len(e.tokens))
            while longest and len(batches) < count:
                rows = max(1, COPY_TOKENS // len(longest[0].tokens))
                batches.append(longest[:rows])
                longest = longest[rows:]
        return batches

    def batches(self) -> list[list[Example]]:
        """Draw several batches of examples of similar length."""
        pool = sorted((self.example() for _ in range(BATCH * POOL)), key=lambda e: len(e.tokens))
        batches = [pool[i : i + BATCH] for i in range(0, len(pool), BATCH)]
        batches += self.copies(round(len(batches) * self.copying / (1 - self.copying)))
        self.rng.shuffle(batches)
        return batches


def pack(batch: list[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs, targets and target weights, padded to the longest example."""
    longest = max(len(e.tokens) for e in batch)
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    for row, example in enumerate(batch):
        tokens[row, : len(example.tokens)] = torch.tensor(example.tokens)
        weights[row, : len(example.tokens)] = torch.tensor(example.weights)
    return tokens[:, :-1], tokens[:, 1:], weights[:, 1:]


@torch.no_grad()
def measure(model: Guide, sampler: Sampler, entries: list[Entry], *, show: bool) -> float:
    """Return the share of held-out phrasings that greedy decoding gives the right answer."""
    model.eval()
    rng = random.Random(1)
    cases: list[tuple[Entry, str, Example]] = []
    for entry in entries:
        for pattern in entry.held_out:
            text = sample(pattern, rng) + rng.choice(("", "?" if entry.language == "en" else "？"))
            prompt = [sampler.user, *sampler.encode(text.lower()), sampler.end, sampler.guide]
            answer = [*sampler.answers[entry.answer], sampler.end][:12]
            weights = [0.0] * len(prompt) + [1.0] * len(answer)
            topic = sampler.topics[entry.topic]
            cases.append((entry, text, Example(prompt + answer, weights, topic, 0)))
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    wrong: list[tuple[Entry, str]] = []
    for start in range(0, len(cases), BATCH):
        chunk = cases[start : start + BATCH]
        inputs, targets, weights = pack([example for _, _, example in chunk])
        hits = (model(inputs).argmax(-1) == targets) | (weights == 0)
        for (entry, text, _), hit in zip(chunk, hits.all(1).tolist(), strict=True):
            kinds = [entry.language, "total"] + ["off-topic"] * (entry.topic == OFF_TOPIC)
            asked.update(kinds)
            right.update(kinds if hit else [])
            if not hit:
                wrong.append((entry, text))
    for entry, text in wrong[:200] if show else []:
        tokens = [sampler.user, *sampler.encode(text.lower()), sampler.end, sampler.guide]
        said: list[int] = []
        for _ in range(12):
            said.append(int(model(torch.tensor([tokens + said]))[0, -1].argmax()))
        print(f"  {entry.topic:16} {text}  ->  {sampler.tokenizer.decode(said)}")
    model.train()
    print("held out: " + ", ".join(f"{k} {right[k] / asked[k]:.1%}" for k in asked), flush=True)
    return right["total"] / asked["total"]


def spare_threads() -> int:
    """Return 2 while the other processes leave a core free, otherwise 1.

    Two threads that have to share a core with others are slower than one.
    """
    others = os.getloadavg()[0] - torch.get_num_threads()
    return 2 if others < 0.6 else 1


def loss_of(model: Guide, batch: list[Example]) -> Tensor:
    """Return what a batch costs: its answers, and its topics named wrongly where it has any."""
    inputs, targets, weights = pack(batch)
    wanted = weights > 0
    states = model.states(inputs)
    logits = model.logits(states[wanted]).float()
    losses = F.cross_entropy(logits, targets[wanted], reduction="none")
    answered = (losses * weights[wanted]).sum() / weights.sum()
    topics = [e.topic for e in batch if e.topic is not None]
    if not topics:
        return answered
    asked = states[torch.arange(len(batch)), torch.tensor([e.ask for e in batch])]
    scores = model.topic(asked).float()
    return answered + TOPIC_LOSS * F.cross_entropy(
        scores, torch.tensor(topics), label_smoothing=0.1
    )


def train(
    model: Guide,
    sampler: Sampler,
    minutes: float,
    peak: float,
    save: Callable[[], None],
    *,
    bf16: bool,
) -> None:
    """Train with AdamW for so many minutes, with a short warm-up and a cosine schedule.

    With `bf16` matrix products are in bfloat16; the weights stay in 32 bits.
    """
    decay = [p for p in model.parameters() if p.dim() == 2]
    plain = [p for p in model.parameters() if p.dim() != 2]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98))
    started = time.monotonic()
    queue: list[list[Example]] = []
    costs: dict[bool, list[float]] = {False: [], True: []}
    step = 0
    while (progress := (time.monotonic() - started) / 60 / minutes) < 1:
        step += 1
        if not queue:
            queue = sampler.batches()
            torch.set_num_threads(spare_threads())
        batch = queue.pop()
        cosine = 0.5 + 0.5 * math.cos(math.pi * progress)
        rate = peak * min(1.0, step / WARM_UP) * (0.02 + 0.98 * cosine)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = loss_of(model, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        costs[batch[0].topic is None].append(loss.item())
        if step % 50 == 0:
            means = [sum(values) / max(len(values), 1) for values in costs.values()]
            if costs[True] and means[1] < COPY_LEARNT:
                sampler.copybook.longest = LONGEST
            print(
                f"step {step} loss {means[0]:.4f}, of texts {means[1]:.4f} "
                f"{progress * minutes:.1f} min",
                flush=True,
            )
            costs = {False: [], True: []}
        if step % 250 == 0:
            save()
    print(f"{step} steps")


def mean_of(files: list[Path], model: Guide) -> Tokenizer:
    """Fill the model with the mean of files that came from one; return their tokenizer."""
    kept: dict[str, Tensor] = {}
    for file in files:
        tokenizer = read_gguf(file, model)
        for name, weight in model.named_parameters():
            share = weight.detach() / len(files)
            kept[name] = kept[name] + share if name in kept else share
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(kept[name])
    return tokenizer


def main() -> None:
    """Run the whole recipe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=55.0, help="time to train; 0 only joins")
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="peak learning rate")
    parser.add_argument(
        "--resume", type=Path, nargs="+", help="start from this GGUF file, or the mean of several"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="draws the examples")
    parser.add_argument(
        "--favour", default="", help="topics to train most, by their ids with commas between"
    )
    parser.add_argument(
        "--times", type=int, default=FAVOURED_TIMES, help="how often the favoured come"
    )
    parser.add_argument(
        "--whole",
        type=float,
        default=FAVOURED_WHOLE_ANSWER_SHARE,
        help="share of the favoured examples that have the whole answer",
    )
    parser.add_argument(
        "--copying",
        type=float,
        default=COPY_SHARE,
        help="share of the batches that are texts to be written again",
    )
    parser.add_argument(
        "--bf16", action="store_true", help="products in bfloat16, for processors with AMX"
    )
    parser.add_argument("--dev", action="store_true", help="hold out phrasings and measure them")
    parser.add_argument("--output", type=Path, default=HERE / "guide.gguf")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    entries = build_entries(load_topics(), hold_out=args.dev)
    favoured = frozenset(filter(None, args.favour.split(",")))
    if unknown := favoured - {entry.topic for entry in entries}:
        raise SystemExit(f"no such topics: {', '.join(sorted(unknown))}")
    cfg = Config()
    model = Guide(cfg, topics=len({entry.topic for entry in entries}))
    tokenizer = mean_of(args.resume, model) if args.resume else train_tokenizer(entries, cfg.vocab)
    if tokenizer.get_vocab_size() != cfg.vocab:
        raise SystemExit(f"the tokenizer has only {tokenizer.get_vocab_size()} tokens")
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters", flush=True)
    sampler = Sampler(entries, tokenizer, args.seed, favoured, args.whole, args.times, args.copying)

    def save() -> None:
        write_gguf(args.output, model, tokenizer)
        if args.dev:
            measure(model, sampler, entries, show=False)

    if args.minutes > 0:
        train(model, sampler, args.minutes, args.rate, save, bf16=args.bf16)
    save()
    if args.dev:
        measure(model, sampler, entries, show=True)
    print(f"{args.output}: {args.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
