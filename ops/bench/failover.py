#!/usr/bin/env python3
"""Measures how long a run stands still when the process that leads it is killed, killed and started again at once, asked to end, or suspended: three
processes that may lead, two nodes, a model of 0.4 million parameters. The database must exist, and no other run may use it.

    ops/bench/failover.py CONNECTION ROUNDS [kill|restart|term|stop ...]

Prints, per kind, the median and the longest of ROUNDS: seconds until another process is elected, until its first step is in metrics.jsonl, and steps taken again.
"""
import json, os, random, shutil, signal, statistics, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, "actortrain")
PATIENCE = 300


class Program:
    def __init__(self, folder, *arguments):
        self.lines = []
        self.process = subprocess.Popen([PROGRAM, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line))

    def said(self, words, since=0.0):
        return next((at for at, line in list(self.lines) if at >= since and words in line), None)


def wait(condition, what):
    begun = time.monotonic()
    while not (found := condition()):
        if time.monotonic() - begun > PATIENCE:
            sys.exit(f"failover: {what} did not happen within {PATIENCE} s")
        time.sleep(0.005)
    return found


def one(folder, connection, kind, number):
    run = f"failover-{kind}-{number}-{os.getpid()}"
    ports = random.sample(range(20000, 30000), 6)
    control = ",".join(f"127.0.0.1:{port}" for port in ports[:3])
    desks = [f"127.0.0.1:{port}" for port in ports[3:]]
    settings = [
        f"run.name={run}", "data.path=data", f"journal.connection={connection}", f"cluster.control={control}", "trainers.count=2",
        "model.depth=2", "model.context=32", "training.batch=8", "training.lanes=4", "training.steps=1000000", "training.seed=3",
        "training.precision=float32", "training.threads=1", "evaluation.every=0", "checkpoints.every=100"]

    def start(i):
        own = [*settings, f"nodes.listen={desks[i]}"]
        return Program(folder, "pretrain", *(word for setting in own for word in ("--set", setting)), "--at", f"127.0.0.1:{ports[i]}")

    leaders = [start(i) for i in range(3)]
    nodes = [Program(folder, "node", "--join", ",".join(desks), "--name", name) for name in ("a", "b")]
    metrics = os.path.join(folder, "runs", run, "metrics.jsonl")

    def rows():
        if not os.path.exists(metrics):
            return []
        with open(metrics) as file:
            return [row["step"] for row in map(json.loads, file.read().splitlines(keepends=False)) if "gradient_norm" in row]

    def size():
        return os.path.getsize(metrics) if os.path.exists(metrics) else 0

    try:
        first = wait(lambda: next((one for one in leaders if one.said("elected to lead")), None), "the first election")
        for other in leaders:
            if other is not first:
                wait(lambda: other.said("standing by"), "standing by")
        for name in "ab":
            wait(lambda: first.said(f"{name} joined: process"), f"the joining of {name}")
        wait(lambda: size() > 60_000, "the first steps")
        begun = time.monotonic()
        if kind == "term":
            first.process.terminate()
        elif kind == "stop":
            os.kill(first.process.pid, signal.SIGSTOP)
        else:
            first.process.kill()
        if kind == "restart":
            leaders.append(start(leaders.index(first)))
        elected = wait(
            lambda: next((at for one in leaders if one is not first and (at := one.said("elected to lead", begun))), None), "an election")
        before, known = size(), len(rows())
        wait(lambda: size() > before + 1_000, "a step after it")
        stepped = time.monotonic()
        if kind == "stop":
            os.kill(first.process.pid, signal.SIGCONT)
            if first.process.wait(PATIENCE) != 75:
                sys.exit("failover: the one that was suspended did not end with 75")
        steps = rows()
        return elected - begun, stepped - begun, max(steps[:known]) + 1 - steps[known]
    finally:
        for program in [*leaders, *nodes]:
            program.process.kill()
            program.process.wait()
        shutil.rmtree(os.path.join(folder, "runs", run), ignore_errors=True)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    connection, rounds, kinds = sys.argv[1], int(sys.argv[2]), sys.argv[3:] or ["kill", "restart", "term", "stop"]
    with tempfile.TemporaryDirectory(prefix="actortrain-failover-") as folder:
        words = "actor train lane tree sum kill resume bit step weight the of and same".split()
        draw = random.Random(1)
        with open(os.path.join(folder, "text.txt"), "w") as text:
            for _ in range(600):
                text.write(" ".join(draw.choice(words) for _ in range(40)) + ".\n\n")
        subprocess.run([PROGRAM, "prepare", "--input", "text.txt", "--output", "data", "--tokenizer", "bytes"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        for kind in kinds:
            measured = [one(folder, connection, kind, number) for number in range(rounds)]
            for name, values in zip(("elected_s", "first_step_s", "steps_again"), zip(*measured)):
                print(f"figure failover.{kind}.{name} {statistics.median(values):.2f} (at most {max(values):.2f})", flush=True)


main()
