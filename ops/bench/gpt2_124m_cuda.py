#!/usr/bin/env python3
"""Trains GPT-2 124M in bf16 on one GPU with PyTorch 2, as a worker that a benchmark drives (protocol.py).

    echo 'run 20' | python3 ops/bench/gpt2_124m_cuda.py

Fused attention, fused AdamW, autocast to bf16 over float32 master weights, TF32 for what float32 products are left: nanoGPT's settings for this model,
with --compile for torch.compile as well. Each run prints `seconds S tokens_per_second R`.
"""
import argparse
import sys
import time

import nanogpt
import protocol
import torch


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    protocol.add_size_flags(parser, layers=12, width=768, heads=12, context=1024, vocabulary=50304, batch=16)
    parser.add_argument("--compile", action="store_true", help="compile the model")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("PyTorch sees no GPU; this benchmark needs one")

    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    model = nanogpt.GPT(arguments, fused_attention=True).to("cuda")
    optimizer = nanogpt.adamw(model, fused=True)
    parameters = list(model.parameters())
    stepped = torch.compile(model) if arguments.compile else model
    tokens = torch.randint(arguments.vocabulary, (arguments.batch, arguments.context + 1), device="cuda")
    inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
    autocast = torch.autocast("cuda", dtype=torch.bfloat16)

    def run(steps):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        for _ in range(steps):
            nanogpt.training_step(stepped, parameters, optimizer, inputs, targets, autocast)
        torch.cuda.synchronize()
        seconds = time.perf_counter() - begin
        return f"seconds {seconds:.6f} tokens_per_second {steps * arguments.batch * arguments.context / seconds:.1f}"

    run(3)  # allocations, compilation, choice of kernels
    protocol.serve(run)


if __name__ == "__main__":
    main()
