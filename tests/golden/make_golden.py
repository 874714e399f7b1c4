#!/usr/bin/python3
"""Golden numbers: both families of transformer, written from the papers in plain PyTorch operations and computed in float64.

    /usr/bin/python3 tests/golden/make_golden.py            # writes the four .safetensors files beside this script
    /usr/bin/python3 tests/golden/make_golden.py --check    # compares them with what it computes, in float64 and in float32; changes nothing

Needs Debian's python3-torch (1.13) and nothing else. It shares no code with ActorTrain. README.md names every tensor.
Sources: GPT-2 (Radford et al. 2019), LayerNorm (Ba et al. 2016), GELU in its tanh form (Hendrycks and Gimpel 2016), Llama (Touvron et al. 2023),
RMSNorm (Zhang and Sennrich 2019), SwiGLU (Shazeer 2020), RoPE (Su et al. 2021), grouped-query attention (Ainslie et al. 2023), AdamW (Loshchilov
and Hutter 2019). Head order, rotate-half and "gelu_new" are those of the documentation of Hugging Face transformers.
"""
import argparse
import json
import math
import pathlib
import random
import struct

import torch

HERE = pathlib.Path(__file__).resolve().parent
SHAPE = dict(layers=2, width=32, heads=4, context=16, vocabulary=67, norm_epsilon=1e-5)
FAMILIES = {
    "gpt2": dict(SHAPE, seed=11, family="gpt2", kv_heads=4, mlp_width=128, tie_embeddings=True),
    "llama": dict(SHAPE, seed=10, family="llama", kv_heads=2, mlp_width=96, tie_embeddings=False, rope_theta=10000.0),
}
# The peak is GPT-3's for its smallest model. AdamW divides a young gradient by its own size, so where a gradient is hardly above rounding noise, noise moves
# a weight by a part of the rate: a higher rate would test luck.
BATCH, STEPS, WARMUP, PEAK = 2, 10, 3, 6e-4
BETA1, BETA2, EPSILON, DECAY, MAX_NORM = 0.9, 0.95, 1e-8, 0.1, 1.0
PROMPT, CONTINUATION = 5, 8


# ---- Parameters ----------------------------------------------------------------------------------------------------------------------------

def parameter_shapes(c):
    """Names and shapes in the order of the flat vector. Matrices are [out, in]."""
    gpt2 = c["family"] == "gpt2"
    D, V, F, hd = c["width"], c["vocabulary"], c["mlp_width"], c["width"] // c["heads"]
    qkv = (c["heads"] + 2 * c["kv_heads"]) * hd

    def affine(name, *shape):
        yield name + ".weight", shape
        if gpt2:
            yield name + ".bias", shape[:1]

    yield "tokens.weight", (V, D)
    if gpt2:
        yield "positions.weight", (c["context"], D)
    for i in range(c["layers"]):
        block = f"blocks.{i}."
        yield from affine(block + "attention.norm", D)
        yield from affine(block + "attention.qkv", qkv, D)
        yield from affine(block + "attention.output", D, c["heads"] * hd)
        yield from affine(block + "mlp.norm", D)
        yield from affine(block + "mlp.up", F, D) if gpt2 else affine(block + "mlp.gate_up", 2 * F, D)
        yield from affine(block + "mlp.down", D, F)
    yield from affine("norm", D)
    if not c["tie_embeddings"]:
        yield "head.weight", (V, D)


def random_parameters(c, rng):
    """Everything is off its usual start (norm weights not 1, biases not 0), so that a swapped or forgotten term shows."""
    def draw(name, shape):
        # A small last norm keeps gradient norms around 1, where clipping acts in some steps and rests in others.
        centre = 0.4 if name == "norm.weight" else 1.0 if name.endswith("norm.weight") else 0.0
        return tensor([rng.gauss(centre, 0.08) for _ in range(math.prod(shape))], shape)
    return {name: draw(name, shape) for name, shape in parameter_shapes(c)}


def tensor(values, shape):
    """Rounds to float32 first: a float32 implementation then starts from the very same numbers."""
    return torch.tensor(values, dtype=torch.float32).to(torch.float64).reshape(shape)


# ---- Model ---------------------------------------------------------------------------------------------------------------------------------

def layer_norm(x, weight, bias, epsilon):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * weight + bias


def rms_norm(x, weight, epsilon):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * weight


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def rotate(x_BHTd, theta):
    """RoPE: dimension i turns together with dimension i + d/2, by angle t · theta^(-2i/d)."""
    T, d = x_BHTd.shape[-2:]
    frequencies = theta ** (-2 * torch.arange(d // 2, dtype=x_BHTd.dtype) / d)
    angles = torch.arange(T, dtype=x_BHTd.dtype)[:, None] * frequencies[None, :]
    first, second = x_BHTd[..., : d // 2], x_BHTd[..., d // 2:]
    return torch.cat([first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()], -1)


def attention(c, x_BTD, weight, bias, output_weight, output_bias):
    B, T, D = x_BTD.shape
    H, K, hd = c["heads"], c["kv_heads"], c["width"] // c["heads"]
    qkv = x_BTD @ weight.T + bias
    q = qkv[..., : H * hd].reshape(B, T, H, hd).transpose(1, 2)
    k = qkv[..., H * hd: (H + K) * hd].reshape(B, T, K, hd).transpose(1, 2)
    v = qkv[..., (H + K) * hd:].reshape(B, T, K, hd).transpose(1, 2)
    if c["family"] == "llama":
        q, k = rotate(q, c["rope_theta"]), rotate(k, c["rope_theta"])
    heads = []
    for h in range(H):  # query head h reads key and value head h // (H / K)
        scores = q[:, h] @ k[:, h // (H // K)].transpose(-1, -2) / math.sqrt(hd)
        future = torch.ones(T, T, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(future, -math.inf)
        weights = torch.exp(scores - scores.amax(-1, keepdim=True))
        heads.append(weights / weights.sum(-1, keepdim=True) @ v[:, h // (H // K)])
    return torch.cat(heads, -1) @ output_weight.T + output_bias


def logits_of(c, p, tokens_BT):
    """Token ids [B, T] -> logits [B, T, V]."""
    gpt2 = c["family"] == "gpt2"

    def bias(name):
        return p[name + ".bias"] if gpt2 else 0.0

    def norm(x, name):
        weight, epsilon = p[name + ".weight"], c["norm_epsilon"]
        return layer_norm(x, weight, bias(name), epsilon) if gpt2 else rms_norm(x, weight, epsilon)

    x = p["tokens.weight"][tokens_BT]
    if gpt2:
        x = x + p["positions.weight"][: tokens_BT.shape[1]]
    for i in range(c["layers"]):
        qkv, output, up, down = (f"blocks.{i}." + part for part in ("attention.qkv", "attention.output", "mlp.up", "mlp.down"))
        h = norm(x, f"blocks.{i}.attention.norm")
        x = x + attention(c, h, p[qkv + ".weight"], bias(qkv), p[output + ".weight"], bias(output))
        h = norm(x, f"blocks.{i}.mlp.norm")
        if gpt2:
            h = gelu_tanh(h @ p[up + ".weight"].T + bias(up))
        else:
            gate, value = (h @ p[f"blocks.{i}.mlp.gate_up.weight"].T).chunk(2, -1)
            h = gate / (1 + torch.exp(-gate)) * value
        x = x + h @ p[down + ".weight"].T + bias(down)
    head = p["tokens.weight"] if c["tie_embeddings"] else p["head.weight"]
    return norm(x, "norm") @ head.T


def loss_of(logits_BTV, targets_BT):
    """Mean cross-entropy over all positions, in nats."""
    highest = logits_BTV.amax(-1, keepdim=True)
    log_sum = (highest + torch.log(torch.exp(logits_BTV - highest).sum(-1, keepdim=True))).squeeze(-1)
    return (log_sum - logits_BTV.gather(-1, targets_BT[..., None]).squeeze(-1)).mean()


def backward(c, p, tokens, targets):
    leaves = {name: value.clone().requires_grad_() for name, value in p.items()}
    logits = logits_of(c, leaves, tokens)
    loss = loss_of(logits, targets)
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return logits.detach(), loss.detach(), dict(zip(leaves, gradients))


# ---- Training and generation ---------------------------------------------------------------------------------------------------------------

def learning_rate(step):
    """Step 0, 1, ...: linear warm-up to the peak, then a cosine that reaches a tenth of it at the last step."""
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    progress = (step - WARMUP + 1) / (STEPS - WARMUP)
    return PEAK * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * progress)))


def train(c, p, tokens, targets, rates):
    """Ten steps of AdamW, one batch each. Returns losses, gradient norms before clipping, and the parameters afterwards."""
    p, losses, norms = dict(p), [], []
    m = {name: torch.zeros_like(value) for name, value in p.items()}
    v = {name: torch.zeros_like(value) for name, value in p.items()}
    for step in range(STEPS):
        _, loss, gradients = backward(c, p, tokens[step], targets[step])
        norm = math.sqrt(sum((g * g).sum().item() for g in gradients.values()))
        clip = min(1.0, MAX_NORM / (norm + 1e-6))
        rate = rates[step].item()
        for name, g in gradients.items():
            m[name] = BETA1 * m[name] + (1 - BETA1) * clip * g
            v[name] = BETA2 * v[name] + (1 - BETA2) * (clip * g) ** 2
            update = (m[name] / (1 - BETA1 ** (step + 1))) / (torch.sqrt(v[name] / (1 - BETA2 ** (step + 1))) + EPSILON)
            decay = DECAY if p[name].dim() >= 2 else 0.0
            p[name] = p[name] * (1 - rate * decay) - rate * update
        losses.append(loss.item())
        norms.append(norm)
    return losses, norms, p


def continue_greedily(c, p, prompt):
    """The likeliest token again and again, and the logits [step, V] it was chosen from."""
    tokens, rows = prompt.tolist(), []
    for _ in range(CONTINUATION):
        rows.append(logits_of(c, p, torch.tensor([tokens]))[0, -1])
        tokens.append(int(rows[-1].argmax()))
        best, second = rows[-1].topk(2).values.tolist()
        assert best - second > 1e-3, "too close to call in float32: choose another seed"
    return torch.tensor(tokens[len(prompt):]), torch.stack(rows)


def compute(c, dtype=torch.float64):
    """The tensors of one family: (model file, steps file)."""
    rng = random.Random(f"golden {c['family']} {c['seed']}")

    def ids(*shape):
        return torch.tensor([rng.randrange(c["vocabulary"]) for _ in range(math.prod(shape))]).reshape(shape)

    p = {name: value.to(dtype) for name, value in random_parameters(c, rng).items()}
    tokens, targets, prompt = ids(BATCH, c["context"]), ids(BATCH, c["context"]), ids(PROMPT)
    logits, loss, gradients = backward(c, p, tokens, targets)
    continuation, continuation_logits = continue_greedily(c, p, prompt)
    model = {"tokens": tokens, "targets": targets, "logits": logits, "loss": loss,
             "generation.prompt": prompt, "generation.tokens": continuation, "generation.logits": continuation_logits}
    model.update({"parameters." + name: value for name, value in p.items()})
    model.update({"gradients." + name: value for name, value in gradients.items()})

    step_tokens, step_targets = ids(STEPS, BATCH, c["context"]), ids(STEPS, BATCH, c["context"])
    rates = tensor([learning_rate(step) for step in range(STEPS)], (STEPS,))
    losses, norms, trained = train(c, p, step_tokens, step_targets, rates)
    assert min(norms) < MAX_NORM < max(norms), f"clipping must both act and rest; the norms are {norms}"
    steps = {"tokens": step_tokens, "targets": step_targets, "learning_rates": rates,
             "losses": torch.tensor(losses, dtype=torch.float64), "gradient_norms": torch.tensor(norms, dtype=torch.float64)}
    steps.update({"parameters." + name: value for name, value in trained.items()})
    return model, steps


# ---- Files ---------------------------------------------------------------------------------------------------------------------------------

def encode(tensors, metadata):
    """The safetensors format: length of the header, JSON header, bytes. Real numbers as float32, token ids as int64."""
    header, body = {"__metadata__": {key: str(value) for key, value in metadata.items()}}, b""
    for name, value in tensors.items():
        real = value.is_floating_point()
        data = value.contiguous().to(torch.float32 if real else torch.int64).numpy().tobytes()
        header[name] = {"dtype": "F32" if real else "I64", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def decode(content):
    length = struct.unpack("<Q", content[:8])[0]
    header, body = json.loads(content[8: 8 + length]), content[8 + length:]
    header.pop("__metadata__")
    types = {"F32": torch.float32, "I64": torch.int64}
    return {name: torch.frombuffer(bytearray(body[slice(*entry["data_offsets"])]), dtype=types[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()}


def largest_difference(tensors, stored):
    """Of all tensors, the largest |computed - stored| over the largest |stored| of its tensor."""
    assert list(tensors) == list(stored), "the files hold other tensors: run without --check"

    def difference(name):
        ours, theirs = tensors[name].double(), stored[name].double()
        if name.startswith("parameters.") and name.endswith("qkv.bias"):  # key biases: see README.md
            D = len(ours) // 3
            ours, theirs = (torch.cat([value[:D], value[2 * D:]]) for value in (ours, theirs))
        return ((ours - theirs).abs().max() / theirs.abs().max()).item()

    return max(difference(name) for name in tensors)


def write():
    for family, c in FAMILIES.items():
        for name, tensors in zip((f"{family}.safetensors", f"{family}-steps.safetensors"), compute(c)):
            (HERE / name).write_bytes(encode(tensors, c))
            print(f"{name}: {len(tensors)} tensors, {(HERE / name).stat().st_size / 1024:.0f} KiB")


def check():
    """Float64 must give the files again; the float32 line shows how far mere rounding strays from them."""
    agree = True
    for family, c in FAMILIES.items():
        for dtype, tolerance in ((torch.float64, 2e-7), (torch.float32, 1e-5)):
            for name, tensors in zip((f"{family}.safetensors", f"{family}-steps.safetensors"), compute(c, dtype)):
                difference = largest_difference(tensors, decode((HERE / name).read_bytes()))
                agree &= difference <= tolerance
                print(f"{name} in {dtype}: largest relative difference {difference:.1e}, allowed {tolerance:.0e}")
    return agree


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare the files with what is computed; exit 1 when they differ")
    torch.set_num_threads(1)
    if arguments.parse_args().check:
        raise SystemExit(0 if check() else 1)
    write()


if __name__ == "__main__":
    main()
