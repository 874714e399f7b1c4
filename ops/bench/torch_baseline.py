#!/usr/bin/python3
"""Trains a small GPT with Debian's PyTorch on the CPU, as a worker that a benchmark drives (protocol.py).

    echo 'run 5' | /usr/bin/python3 ops/bench/torch_baseline.py --mode tuned-bf16

Modes: `stock` is PyTorch as `apt-get install python3-torch` leaves it, pthread OpenBLAS included. The tuned ones have all that an expert can give it
from outside: OpenMP OpenBLAS with the SkylakeX kernels, one thread per core, waiting threads that soon yield, an allocator that keeps its memory and
uses huge pages; `tuned-bf16` adds autocast. Each run prints `seconds S tokens_per_second R`.
"""
import argparse
import os
import pathlib
import sys
import time

import protocol

MARK = "ACTORTRAIN_TORCH_BASELINE"
LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")
FETCHED = pathlib.Path(__file__).resolve().parents[2] / "artifacts/bench/openblas-pthread"
PREFIXES = (
    "ATEN_", "DNNL_", "GLIBC_TUNABLES", "GOMP_", "KMP_", "LD_", "MALLOC_", "MIMALLOC_", "MKL_", "OMP_", "ONEDNN_", "OPENBLAS_", "PYTORCH_", "TCMALLOC_", "THP_",
)


def environment(mode, threads):
    """Nothing that the caller had tuned is inherited; what a mode needs must be there before libtorch is loaded."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    settings[MARK] = mode
    if mode == "stock":
        candidates = [LIBRARIES / "openblas-pthread", FETCHED]
        folder = next((folder for folder in candidates if (folder / "libopenblas.so.0").exists()), None)
        if folder is None:
            sys.exit("the stock mode needs the OpenBLAS that Debian gives PyTorch by default; run `make bench`, which fetches libopenblas0-pthread")
        settings["LD_LIBRARY_PATH"] = str(folder)
        return settings
    if not (LIBRARIES / "openblas-openmp").exists():
        sys.exit("the tuned modes need the OpenMP build of OpenBLAS; install it with: apt-get install libopenblas0-openmp")
    settings["LD_LIBRARY_PATH"] = str(LIBRARIES / "openblas-openmp")
    settings["OMP_NUM_THREADS"] = str(threads)
    settings["GOMP_SPINCOUNT"] = "1000"
    settings["MALLOC_ARENA_MAX"] = "1"
    settings["MALLOC_MMAP_MAX_"] = "0"
    settings["MALLOC_TRIM_THRESHOLD_"] = str(2 ** 62)
    settings["MALLOC_TOP_PAD_"] = str(256 << 20)
    settings["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"
    if " avx512f " in pathlib.Path("/proc/cpuinfo").read_text():
        settings["OPENBLAS_CORETYPE"] = "SkylakeX"
    return settings


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", choices=["stock", "tuned-fp32", "tuned-bf16"], required=True)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of the tuned modes (default: all cores)")
    protocol.add_size_flags(parser, layers=6, width=384, heads=6, context=256, vocabulary=512, batch=8)
    return parser.parse_args()


def main():
    arguments = parse()
    if os.environ.get(MARK) != arguments.mode:
        os.execve(sys.executable, [sys.executable, *sys.argv], environment(arguments.mode, arguments.threads))

    import nanogpt
    import torch
    if arguments.mode != "stock":
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    model = nanogpt.GPT(arguments)
    parameters = list(model.parameters())
    optimizer = nanogpt.adamw(model)
    tokens = torch.randint(arguments.vocabulary, (arguments.batch, arguments.context + 1))
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.mode == "tuned-bf16")

    def run(steps):
        begin = time.perf_counter()
        for _ in range(steps):
            nanogpt.training_step(model, parameters, optimizer, tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous(), autocast)
        seconds = time.perf_counter() - begin
        return f"seconds {seconds:.6f} tokens_per_second {steps * arguments.batch * arguments.context / seconds:.1f}"

    run(1)  # allocations and first-use set-up
    protocol.serve(run)


if __name__ == "__main__":
    main()
