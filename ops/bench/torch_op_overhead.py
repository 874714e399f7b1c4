#!/usr/bin/python3
"""What one small tensor operation costs when called from Python, as a worker that a benchmark drives (protocol.py).

    echo 'run 200000' | /usr/bin/python3 ops/bench/torch_op_overhead.py

Each run calls every operation N times and prints `nanoseconds NAME V NAME V ...`, with the cost of the empty loop taken off.
"""
import timeit

import protocol
import torch

OPERATIONS = {"add": "one.add(other)", "mul_": "one.mul_(other)", "view": "square.view(64)", "matmul": "square.matmul(square)"}


def main():
    torch.set_num_threads(1)
    names = {"one": torch.ones(1), "other": torch.ones(1), "square": torch.ones(8, 8)}

    def nanoseconds(statement, n):
        return timeit.timeit(statement, number=n, globals=names) / n * 1e9

    def run(n):
        loop = nanoseconds("pass", n)
        return "nanoseconds " + " ".join(f"{name} {nanoseconds(statement, n) - loop:.1f}" for name, statement in OPERATIONS.items())

    run(1000)
    protocol.serve(run)


if __name__ == "__main__":
    main()
