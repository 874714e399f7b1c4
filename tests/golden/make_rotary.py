#!/usr/bin/python3
"""Golden numbers of rotary positions: frequencies, cosines and sines of every kind of scaling, computed in float64.

    tests/golden/make_rotary.py            # writes rotary.json beside this script
    tests/golden/make_rotary.py --check    # compares it with what it computes; changes nothing

Needs Python alone, and shares no code with ActorTrain. README.md describes the file.
Sources: RoPE (Su et al. 2021), position interpolation (Chen et al. 2023), Llama 3.1 (Dubey et al. 2024, and Meta's published model code),
YaRN (Peng et al. 2023, and the authors' published code). Parameters are those of published models.
"""
import json
import math
import pathlib
import sys

FILE = pathlib.Path(__file__).resolve().parent / "rotary.json"
POSITIONS = [0, 1, 100, 4097, 16001]

LLAMA3 = {"type": "llama3", "low_frequency_factor": 1.0, "high_frequency_factor": 4.0, "original_context": 8192}
MODELS = {
    "Llama 2 7B": (128, 10000.0, {"type": "none"}),
    "linear, factor 4": (128, 10000.0, {"type": "linear", "factor": 4.0}),
    "Llama 3.1 8B": (128, 500000.0, {**LLAMA3, "factor": 8.0}),
    "Llama 3.2 1B": (64, 500000.0, {**LLAMA3, "factor": 32.0}),
    "Yarn-Llama-2 64k": (128, 10000.0, {"type": "yarn", "factor": 16.0, "original_context": 4096}),
    "Qwen2.5 128k": (128, 1000000.0, {"type": "yarn", "factor": 4.0, "original_context": 32768}),
    "gpt-oss": (64, 150000.0, {"type": "yarn", "factor": 32.0, "original_context": 4096, "beta_fast": 32.0, "beta_slow": 1.0,
                               "truncate": False}),
    "an attention factor and a short context": (16, 10000.0, {"type": "yarn", "factor": 2.5, "original_context": 24, "beta_fast": 2.0,
                                                               "beta_slow": 0.5, "attention_factor": 0.875}),
}


def llama3(plain, scaling):
    """Meta's three bands of wavelengths."""
    context, low, high = scaling["original_context"], scaling["low_frequency_factor"], scaling["high_frequency_factor"]
    scaled = []
    for frequency in plain:
        wavelength = 2 * math.pi / frequency
        if wavelength < context / high:
            scaled.append(frequency)
        elif wavelength > context / low:
            scaled.append(frequency / scaling["factor"])
        else:
            smooth = (context / wavelength - low) / (high - low)
            scaled.append((1 - smooth) * frequency / scaling["factor"] + smooth * frequency)
    return scaled


def yarn(plain, scaling, width, theta):
    """NTK by parts: a ramp over the numbers of pairs."""
    context = scaling["original_context"]

    def correction_dim(rotations):
        return width * math.log(context / (rotations * 2 * math.pi)) / (2 * math.log(theta))

    low, high = correction_dim(scaling.get("beta_fast", 32)), correction_dim(scaling.get("beta_slow", 1))
    if scaling.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    if low == high:
        high += 0.001
    scaled = []
    for i, frequency in enumerate(plain):
        mask = 1 - min(1, max(0, (i - low) / (high - low)))
        scaled.append(frequency / scaling["factor"] * (1 - mask) + frequency * mask)
    return scaled


def case(name, width, theta, scaling):
    plain = [1 / theta ** (2 * i / width) for i in range(width // 2)]
    kind, amplitude = scaling["type"], 1.0
    frequencies = plain
    if kind == "linear":
        frequencies = [frequency / scaling["factor"] for frequency in plain]
    elif kind == "llama3":
        frequencies = llama3(plain, scaling)
    elif kind == "yarn":
        frequencies = yarn(plain, scaling, width, theta)
        amplitude = scaling.get("attention_factor", 0.1 * math.log(scaling["factor"]) + 1)

    def table(function):
        return [[round(amplitude * function(position * frequency), 10) for frequency in frequencies] for position in POSITIONS]

    return {"model": name, "head_width": width, "theta": theta, "scaling": scaling, "amplitude": amplitude, "frequencies": frequencies,
            "positions": POSITIONS, "cos": table(math.cos), "sin": table(math.sin)}


def agree(ours, theirs, absolute=0.0):
    """Whether two documents are equal up to rounding: libraries of mathematics differ in last bits."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(
            agree(ours[key], theirs[key], 2e-10 if key in ("cos", "sin") else absolute) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(agree(*pair, absolute) for pair in zip(ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, float):
        return abs(ours - theirs) <= absolute + 1e-12 * abs(theirs)
    return ours == theirs


if __name__ == "__main__":
    cases = [case(name, *model) for name, model in MODELS.items()]
    if "--check" in sys.argv:
        is_same = agree(cases, json.loads(FILE.read_text()))
        print(f"{FILE.name}: {len(cases)} cases " + ("agree" if is_same else "do not all agree"))
        sys.exit(0 if is_same else 1)
    FILE.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases) + "\n]\n")
