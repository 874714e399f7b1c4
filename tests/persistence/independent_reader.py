#!/usr/bin/env python3
"""Loads a model directory of Hugging Face's format with nothing but PyTorch and the standard library, and prints its logits.

It knows safetensors from the format's description, and GPT-2 and Llama from transformers' documented weight names, shapes and
conventions (Conv1D is [in, out]; rotary positions rotate halves), not from the code under test.

    /usr/bin/python3 tests/persistence/independent_reader.py DIRECTORY 1,5,9

prints one JSON array [time][vocabulary] of float64 logits.
"""

import json
import math
import pathlib
import struct
import sys

import torch

DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


def read_safetensors(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    assert (8 + length) % 8 == 0, "the data are not aligned"
    header = json.loads(raw[8:8 + length])
    assert header.pop("__metadata__")["format"] == "pt"
    data = bytearray(raw[8 + length:])
    tensors, covered = {}, 0
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert begin == covered, f"{name} does not follow the tensor before it"
        covered = end
        flat = torch.frombuffer(data, dtype=DTYPES[entry["dtype"]], count=math.prod(entry["shape"]), offset=begin)
        tensors[name] = flat.reshape(entry["shape"]).double()
    assert covered == len(data)
    return tensors


def attend(q, k, v):
    """Causal attention; q, k, v are [heads, time, head]."""
    scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
    time = q.shape[1]
    mask = torch.ones(time, time, dtype=torch.bool).tril()
    return scores.masked_fill(~mask, float("-inf")).softmax(-1) @ v


def split(x, heads):
    return x.reshape(x.shape[0], heads, -1).transpose(0, 1)


def join(x):
    return x.transpose(0, 1).reshape(x.shape[1], -1)


def gelu_new(x):
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


def gpt2(config, w, tokens):
    assert config["architectures"] == ["GPT2LMHeadModel"] and config["activation_function"] == "gelu_new"
    width, heads, eps = config["n_embd"], config["n_head"], config["layer_norm_epsilon"]

    def norm(x, name):
        return torch.nn.functional.layer_norm(x, (width,), w[name + ".weight"], w[name + ".bias"], eps)

    def conv1d(x, name):
        return x @ w[name + ".weight"] + w[name + ".bias"]

    x = w["transformer.wte.weight"][tokens] + w["transformer.wpe.weight"][: len(tokens)]
    for i in range(config["n_layer"]):
        at = f"transformer.h.{i}."
        q, k, v = conv1d(norm(x, at + "ln_1"), at + "attn.c_attn").split(width, dim=1)
        x = x + conv1d(join(attend(split(q, heads), split(k, heads), split(v, heads))), at + "attn.c_proj")
        x = x + conv1d(gelu_new(conv1d(norm(x, at + "ln_2"), at + "mlp.c_fc")), at + "mlp.c_proj")
    head = w["transformer.wte.weight"] if config["tie_word_embeddings"] else w["lm_head.weight"]
    return norm(x, "transformer.ln_f") @ head.T


def rotary(config, head):
    """Frequencies of the pairs of a head, and the factor of cosines and sines, as transformers documents its rope types."""
    scaling, base, pairs = config["rope_scaling"], config["rope_theta"], torch.arange(head // 2, dtype=torch.float64)
    frequencies = base ** (-2 * pairs / head)
    if scaling is None:
        return frequencies, 1.0
    kind, slow, amplitude = scaling["rope_type"], frequencies / scaling["factor"], 1.0
    if kind == "linear":
        assert scaling.keys() == {"rope_type", "factor"}
        return slow, 1.0
    context = scaling["original_max_position_embeddings"]
    if kind == "llama3":
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        kept = ((context * frequencies / (2 * math.pi) - low) / (high - low)).clamp(0, 1)
    else:
        assert kind == "yarn"
        turns = scaling["beta_fast"], scaling["beta_slow"]
        first, last = (head * math.log(context / (2 * math.pi * count)) / (2 * math.log(base)) for count in turns)
        if scaling["truncate"]:
            first, last = math.floor(first), math.ceil(last)
        first, last = max(first, 0), min(last, head - 1)
        kept = 1 - ((pairs - first) / (last - first if last != first else 0.001)).clamp(0, 1)
        amplitude = scaling["attention_factor"]
    return slow * (1 - kept) + frequencies * kept, amplitude


def llama(config, w, tokens):
    assert config["architectures"] == ["LlamaForCausalLM"] and config["hidden_act"] == "silu"
    heads, key_heads, eps = config["num_attention_heads"], config["num_key_value_heads"], config["rms_norm_eps"]
    head = config["hidden_size"] // heads
    frequencies, amplitude = rotary(config, head)
    angles = torch.outer(torch.arange(len(tokens), dtype=torch.float64), frequencies)
    cos, sin = amplitude * torch.cat([angles, angles], 1).cos(), amplitude * torch.cat([angles, angles], 1).sin()

    def norm(x, name):
        return w[name + ".weight"] * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)

    def linear(x, name):
        return x @ w[name + ".weight"].T

    def rotate(x):
        low, high = x.chunk(2, dim=-1)
        return x * cos + torch.cat([-high, low], -1) * sin

    x = w["model.embed_tokens.weight"][tokens]
    for i in range(config["num_hidden_layers"]):
        at = f"model.layers.{i}."
        h = norm(x, at + "input_layernorm")
        q = rotate(split(linear(h, at + "self_attn.q_proj"), heads))
        k = rotate(split(linear(h, at + "self_attn.k_proj"), key_heads)).repeat_interleave(heads // key_heads, 0)
        v = split(linear(h, at + "self_attn.v_proj"), key_heads).repeat_interleave(heads // key_heads, 0)
        x = x + linear(join(attend(q, k, v)), at + "self_attn.o_proj")
        h = norm(x, at + "post_attention_layernorm")
        gate = linear(h, at + "mlp.gate_proj")
        x = x + linear(gate * torch.sigmoid(gate) * linear(h, at + "mlp.up_proj"), at + "mlp.down_proj")
    out = w["model.embed_tokens.weight"] if config["tie_word_embeddings"] else w["lm_head.weight"]
    return norm(x, "model.norm") @ out.T


def load(directory):
    """The model of a directory: a function from tokens, a vector of int64, to logits [time, vocabulary]."""
    config = json.loads((directory / "config.json").read_text())
    assert config["torch_dtype"] == "float32"
    weights = read_safetensors(directory / "model.safetensors")
    family = {"gpt2": gpt2, "llama": llama}[config["model_type"]]
    return lambda tokens: family(config, weights, tokens)


def main():
    tokens = torch.tensor([int(token) for token in sys.argv[2].split(",")])
    logits = load(pathlib.Path(sys.argv[1]))(tokens)
    json.dump(logits.tolist(), sys.stdout)


if __name__ == "__main__":
    main()
