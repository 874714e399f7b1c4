"""The protocol of a benchmark worker: it prints `ready`; for every line `run N` on standard input it prints one line of results.

So one program can drive both sides of a comparison in turns, each in its own process, and a change of the machine's load meets both alike.
The worker ends with its input.
"""
import sys


def serve(run):
    """`run(n)` does n repetitions and returns the line of results."""
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        if len(words) != 2 or words[0] != "run" or not words[1].isdecimal() or int(words[1]) < 1:
            sys.exit(f"cannot understand {line.strip()!r}; say `run N` with N at least 1")
        print(run(int(words[1])), flush=True)


def add_size_flags(parser, **sizes):
    for name, value in sizes.items():
        parser.add_argument("--" + name, type=int, default=value)
