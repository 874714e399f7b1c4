#!/usr/bin/env python3
"""Writes tasks.json: the records of small tasks (actortrain task), from the description of each, without any code of this project.

    tests/golden/make_tasks.py            # writes the file
    tests/golden/make_tasks.py --check    # computes it again and compares; exit 1 when it differs
"""
import json
import pathlib
import sys
from fractions import Fraction
from functools import lru_cache

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
ORDER, MISTAKE, COMPLETION, LABEL, SCORE = 1, 2, 3, 4, 5
LETTERS, DIGITS, VOWELS = "abcdefghijklmnopqrstuvwxyz", "0123456789", "aeiou"
COUNT, COMPLETIONS, MISTAKES, NOISE = 6, 3, 0.5, 0.5


def mix(word):
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB & MASK
    return word ^ (word >> 31)


def scatter(first, second=None):
    return mix(first + GOLDEN & MASK) if second is None else scatter(scatter(first) ^ second)


def random(seed, use, position):
    """The 64-bit numbers of a stream."""
    key, counter = scatter(scatter(seed, use), position), 0
    while True:
        counter += 1
        yield mix(key + GOLDEN * counter & MASK)


def below(stream, count):
    return next(stream) * count >> 64


def uniform(stream):
    return (next(stream) >> 11) / 2.0**53


def permuted(key_seed, epoch, count, index):
    """Six Feistel rounds over the next power of four, walked until within range."""
    key = scatter(key_seed, epoch)
    half = max(1, ((count - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    value = index
    while True:
        left, right = value >> half, value & mask
        for step in range(6):
            left, right = right, left ^ (scatter(key + step & MASK, right) & mask)
        value = left << half | right
        if value < count:
            return value


def by_turns(seed, shortest, sizes, position):
    """Lengths take turns."""
    turn, i = divmod(position, len(sizes))
    return shortest + i, permuted(scatter(seed, ORDER), shortest + i, sizes[i], turn)


def short_text(seed, alphabet, position):
    length, index = by_turns(seed, 4, [len(alphabet) ** n for n in range(4, 9)], position)
    text = ""
    for _ in range(length):
        index, digit = divmod(index, len(alphabet))
        text += alphabet[digit]
    return text


def reverse(seed, position):
    word = short_text(seed, LETTERS, position)
    return f"reverse {word}:", word[::-1]


def sort(seed, position):
    text = short_text(seed, DIGITS, position)
    return f"sort {text}:", "".join(sorted(text))


def add(seed, position):
    a, b = divmod(permuted(scatter(seed, ORDER), 0, 10000, position), 100)
    return f"add {a:02}+{b:02}:", f"{a + b:03}"


CLOSES = {"(": ")", "[": "]", "{": "}"}


@lru_cache(None)
def beginnings(more, open_):
    """Of so many more brackets, in the order ( [ { and closing, those that leave one open; texts are from the stack of open ones."""
    if more == 0:
        return [("", open_)] if open_ else []
    found = []
    for bracket in "([{":
        found += [(bracket + rest, left) for rest, left in beginnings(more - 1, open_ + CLOSES[bracket])]
    if open_:
        found += [(open_[-1] + rest, left) for rest, left in beginnings(more - 1, open_[:-1])]
    return found


def brackets(seed, position):
    length, index = by_turns(seed, 6, [len(beginnings(n, "")) for n in range(6, 11)], position)
    text, left = beginnings(length, "")[index]
    return f"close {text}:", left[::-1]


def vary(seed, position):
    word = short_text(seed, LETTERS, position)
    return f"vary {word}:", word


TASKS = {
    "reverse": (reverse, LETTERS, 5 * 26**4), "sort": (sort, DIGITS, 5 * 10**4), "add": (add, DIGITS, 10**4),
    "brackets": (brackets, ")]}", 5 * len(beginnings(6, ""))), "preferences": (vary, LETTERS, 5 * 26**4),
}
REWARDS = {"reverse": "exact", "sort": "similarity^4", "add": "number", "brackets": "exact - 0.01*length"}


def mistaken(seed, task, position):
    problem, alphabet, _ = TASKS[task]
    answer, stream = problem(seed, position)[1], random(seed, MISTAKE, position)
    if uniform(stream) >= MISTAKES:
        return answer
    at = below(stream, len(answer))
    others = [letter for letter in alphabet if letter != answer[at]]
    return answer[:at] + others[below(stream, len(others))] + answer[at + 1:]


def weights(seed):
    """In hundredths."""
    stream = random(seed, SCORE, 0)
    return 100 + below(stream, 201), 100 + below(stream, 201), 5 + below(stream, 11)


def common(a, b):
    """Length of the longest common subsequence."""
    table = {(i, j): 0 for i in range(-1, len(a)) for j in range(-1, len(b))}
    for i in range(len(a)):
        for j in range(len(b)):
            table[i, j] = table[i - 1, j - 1] + 1 if a[i] == b[j] else max(table[i - 1, j], table[i, j - 1])
    return table[len(a) - 1, len(b) - 1]


def score(seed, word, text):
    """Exact."""
    similarity, vowels, characters = weights(seed)
    return (Fraction(similarity, 100) * Fraction(2 * common(word, text), len(word) + len(text))
            + Fraction(vowels, 100) * Fraction(sum(letter in VOWELS for letter in text), len(text))
            - Fraction(characters, 100) * len(text))


def variations(seed, position, count):
    word, stream, found = short_text(seed, LETTERS, position), random(seed, COMPLETION, position), []
    while len(found) < count:
        changed, text = uniform(stream), ""
        for letter in word:
            if uniform(stream) >= changed:
                text += letter
                continue
            how = below(stream, 4)
            text += (letter * 2 if how == 0 else "" if how == 1 else VOWELS[below(stream, 5)] if how == 2
                     else LETTERS[below(stream, 26)])
        text = text[:12]
        if text and text not in found:
            found.append(text)
    return found


def labelled(seed, position, count, accuracy):
    word, stream = short_text(seed, LETTERS, position), random(seed, LABEL, position)
    scored = [(score(seed, word, text), text) for text in variations(seed, position, count)]
    best = sorted(scored, key=lambda one: -(one[0] + Fraction(NOISE) * (2 * Fraction(uniform(stream)) - 1)))
    for i, (better, _) in enumerate(best):
        for worse, _ in best[i + 1:]:
            overlap = max(Fraction(0), 1 - abs(better - worse) / (2 * Fraction(NOISE)))
            accuracy.append((1 - overlap * overlap / 2, Fraction(1, 2) if better == worse else Fraction(better > worse)))
    return [text for _, text in best]


def records(task, seed):
    problem, _, size = TASKS[task]
    files = {"prompts.jsonl": [dict(zip(("prompt", "answer"), problem(seed, i))) for i in range(COUNT)]}
    demonstrated = (lambda at: variations(seed, at, 1)[0]) if task == "preferences" else (lambda at: mistaken(seed, task, at))
    files["chats.jsonl"] = [
        {"prompt": problem(seed, size - 1 - i)[0], "completion": demonstrated(size - 1 - i)} for i in range(COUNT)]
    made = {"task": task, "seed": seed, "reward": REWARDS.get(task), "files": files}
    if task == "preferences":
        similarity, vowels, characters = (f"{weight / 100:.2f}" for weight in weights(seed))
        made["reward"] = f'{similarity}*similarity + {vowels}*share("aeiou") - {characters}*characters'
        for name, first, count in (("pairs", COUNT, 2), ("rankings", 2 * COUNT, COMPLETIONS)):
            accuracy, lines = [], []
            for i in range(COUNT):
                best = labelled(seed, first + i, count, accuracy)
                fields = {"chosen": best[0], "rejected": best[1]} if name == "pairs" else {"completions": best}
                lines.append({"prompt": problem(seed, first + i)[0], **fields})
            files[f"{name}.jsonl"] = lines
            made[name] = {"expected": float(sum(one for one, _ in accuracy) / len(accuracy)),
                          "observed": float(sum(one for _, one in accuracy) / len(accuracy))}
    return made


if __name__ == "__main__":
    path = pathlib.Path(__file__).with_name("tasks.json")
    text = json.dumps([records(task, seed) for task in TASKS for seed in (1, 12345678901234567890)], indent=1) + "\n"
    if "--check" in sys.argv:
        sys.exit(0 if path.read_text() == text else 1)
    path.write_text(text)
