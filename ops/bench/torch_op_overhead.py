#!/usr/bin/python3
"""What one small tensor operation costs when called from Python, as a worker that a benchmark drives (protocol.py).

    echo 'run 200000' | /usr/bin/python3 ops/bench/torch_op_overhead.py

Each run calls every operation N times and prints `nanoseconds NAME V NAME V ...`, with the cost of the empty loop taken off.
"""
import gc
import itertools
import time

import protocol
import torch


def main():
    torch.set_num_threads(1)
    one, other = torch.ones(1), torch.ones(1)
    square, other_square = torch.ones(8, 8), torch.ones(8, 8)
    operations = {
        "add": lambda n: [None for _ in itertools.repeat(None, n) if one.add(other) is None],
        "mul_": lambda n: [None for _ in itertools.repeat(None, n) if one.mul_(other) is None],
        "view": lambda n: [None for _ in itertools.repeat(None, n) if square.view(64) is None],
        "matmul": lambda n: [None for _ in itertools.repeat(None, n) if square.matmul(other_square) is None],
    }

    def empty(n):
        return [None for _ in itertools.repeat(None, n) if n is None]

    def nanoseconds(operation, n):
        begin = time.perf_counter_ns()
        operation(n)
        return (time.perf_counter_ns() - begin) / n

    def run(n):
        loop = nanoseconds(empty, n)
        return "nanoseconds " + " ".join(f"{name} {nanoseconds(operation, n) - loop:.1f}" for name, operation in operations.items())

    gc.disable()  # as timeit does
    run(1000)
    protocol.serve(run)


if __name__ == "__main__":
    main()
