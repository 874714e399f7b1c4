"""A GPT in PyTorch the way nanoGPT writes it: the other side of the training benchmarks. Works with PyTorch 1.13 and 2.x.

`sizes` is anything with the numbers layers, width, heads, context and vocabulary.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class CausalSelfAttention(nn.Module):
    def __init__(self, sizes, fused):
        super().__init__()
        self.heads, self.fused = sizes.heads, fused
        self.qkv = nn.Linear(sizes.width, 3 * sizes.width)
        self.output = nn.Linear(sizes.width, sizes.width)
        if not fused:
            mask = torch.ones(sizes.context, sizes.context).tril() == 0
            self.register_buffer("future", mask.view(1, 1, sizes.context, sizes.context))

    def forward(self, x):
        B, T, D = x.size()
        q, k, v = (part.view(B, T, self.heads, D // self.heads).transpose(1, 2) for part in self.qkv(x).split(D, dim=2))
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            scores = scores.masked_fill(self.future[:, :, :T, :T], float("-inf"))
            y = F.softmax(scores, dim=-1) @ v
        return self.output(y.transpose(1, 2).contiguous().view(B, T, D))


class Block(nn.Module):
    def __init__(self, sizes, fused):
        super().__init__()
        self.attention_norm = nn.LayerNorm(sizes.width)
        self.attention = CausalSelfAttention(sizes, fused)
        self.mlp_norm = nn.LayerNorm(sizes.width)
        self.mlp = nn.Sequential(nn.Linear(sizes.width, 4 * sizes.width), nn.GELU(approximate="tanh"), nn.Linear(4 * sizes.width, sizes.width))

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.mlp(self.mlp_norm(x))


class GPT(nn.Module):
    def __init__(self, sizes, fused_attention=False):
        super().__init__()
        self.tokens = nn.Embedding(sizes.vocabulary, sizes.width)
        self.positions = nn.Embedding(sizes.context, sizes.width)
        self.blocks = nn.ModuleList(Block(sizes, fused_attention) for _ in range(sizes.layers))
        self.norm = nn.LayerNorm(sizes.width)
        self.head = nn.Linear(sizes.width, sizes.vocabulary, bias=False)
        self.head.weight = self.tokens.weight
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                residual = name.endswith(("output.weight", "mlp.2.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * sizes.layers) if residual else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, tokens, targets):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.size(1), device=tokens.device))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))


def adamw(model, **options):
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=6e-4, betas=(0.9, 0.95), eps=1e-8, **options)


def training_step(model, parameters, optimizer, tokens, targets, autocast):
    with autocast:
        loss = model(tokens, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss
