"""The network of the Lapis guide: a small decoder of the llama architecture."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Config:
    """The shape of the network."""

    vocab: int = 5632
    width: int = 320
    layers: int = 3
    heads: int = 5
    kv_heads: int = 1
    hidden: int = 864
    context: int = 2048
    rope_base: float = 10000.0
    eps: float = 1e-5
    dropout: float = 0.1

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


class RMSNorm(nn.Module):
    """Root mean square normalisation with a learned scale."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Apply rotary positions to neighbouring pairs, the layout of llama.cpp's llama models."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Block(nn.Module):
    """One decoder layer: grouped-query attention and a SwiGLU feed-forward network."""

    def __init__(self, cfg: Config) -> None:
        super().__init__()
        self.cfg = cfg
        kv_width = cfg.kv_heads * cfg.head_dim
        self.attn_norm = RMSNorm(cfg.width, cfg.eps)
        self.q = nn.Linear(cfg.width, cfg.width, bias=False)
        self.k = nn.Linear(cfg.width, kv_width, bias=False)
        self.v = nn.Linear(cfg.width, kv_width, bias=False)
        self.o = nn.Linear(cfg.width, cfg.width, bias=False)
        self.ffn_norm = RMSNorm(cfg.width, cfg.eps)
        self.gate = nn.Linear(cfg.width, cfg.hidden, bias=False)
        self.up = nn.Linear(cfg.width, cfg.hidden, bias=False)
        self.down = nn.Linear(cfg.hidden, cfg.width, bias=False)
        self.drop = nn.Dropout(cfg.dropout)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        cfg = self.cfg
        batch, length, _ = x.shape
        h = self.attn_norm(x)
        q = self.q(h).view(batch, length, cfg.heads, cfg.head_dim).transpose(1, 2)
        k = self.k(h).view(batch, length, cfg.kv_heads, cfg.head_dim).transpose(1, 2)
        v = self.v(h).view(batch, length, cfg.kv_heads, cfg.head_dim).transpose(1, 2)
        # Where matrix products run in bfloat16, attention does not: processors are slower at it.
        with torch.autocast("cpu", enabled=False):
            h = F.scaled_dot_product_attention(
                rotate(q.float(), cos, sin),
                rotate(k.float(), cos, sin),
                v.float(),
                is_causal=True,
                enable_gqa=True,
            )
        x = x + self.drop(self.o(h.transpose(1, 2).reshape(batch, length, cfg.width)))
        h = self.ffn_norm(x)
        return x + self.drop(self.down(F.silu(self.gate(h)) * self.up(h)))


class Guide(nn.Module):
    """The whole network; the output layer shares its weights with the token embeddings."""

    cos: Tensor
    sin: Tensor

    def __init__(self, cfg: Config, topics: int) -> None:
        super().__init__()
        self.cfg = cfg
        # Trained to name the topic of a question, which teaches the network to tell topics apart;
        # not part of the exported file.
        self.topic = nn.Linear(cfg.width, topics)
        self.embed = nn.Embedding(cfg.vocab, cfg.width)
        self.blocks = nn.ModuleList(Block(cfg) for _ in range(cfg.layers))
        self.norm = RMSNorm(cfg.width, cfg.eps)
        self.drop = nn.Dropout(cfg.dropout)
        steps = torch.arange(0, cfg.head_dim, 2).float() / cfg.head_dim
        angles = torch.outer(torch.arange(cfg.context).float(), cfg.rope_base**-steps)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        nn.init.normal_(self.embed.weight, std=0.02)
        for name, weight in self.named_parameters():
            if weight.dim() == 2 and "embed" not in name:
                scale = (
                    (2 * cfg.layers) ** -0.5 if name.endswith(("o.weight", "down.weight")) else 1
                )
                nn.init.normal_(weight, std=cfg.width**-0.5 * scale)

    def states(self, tokens: Tensor) -> Tensor:
        """Return the normalised state at each position."""
        length = tokens.shape[1]
        x = self.drop(self.embed(tokens))
        for block in self.blocks:
            x = block(x, self.cos[:length], self.sin[:length])
        normal: Tensor = self.norm(x)
        return normal

    def logits(self, states: Tensor) -> Tensor:
        """Return the scores of the next token for each of the states."""
        return F.linear(states, self.embed.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the scores of the next token at each position."""
        return self.logits(self.states(tokens))
