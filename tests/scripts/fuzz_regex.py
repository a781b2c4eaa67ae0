#!/usr/bin/env python3
"""Compares weft::Regex with Python's module `regex` on random patterns and texts.

usage: fuzz_regex.py PROGRAM [ROUNDS] [SEED]     PROGRAM is tests/scripts/regex_matches.cpp, compiled

Known: `regex` loses a match where sets and a case-insensitive letter are alternatives ("[^a]|b|(?i:s)" on "A", where `re` agrees with Weft);
one difference in some ten thousand rounds is of this kind.
"""
import random
import subprocess
import sys

import regex

ATOMS = ["a", "b", "'", r"\s", r"\S", r"\p{L}", r"\P{L}", r"\p{N}", r"\d", r"[ab]", r"[^a]", r"[^\s\p{L}\p{N}]", r"[\r\n]", " ", r"\p{Lu}", r"[\p{Ll}\p{M}]",
         "(?i:s)", r"(?i:[a-c])", ".", "\\u00e9"]
CHARS = "aabbAB  \n\r\t's1234\u0661½éÉſ\u0301日本!?-…\u00a0\u2003K"
LOOKS = [r"(?!\S)", r"(?=\p{L})", r"(?!a)", r"(?=ab)", r"(?!b+a)", r"(?=(?:a|b1)*\s)", r"\b", r"\B", r"(?<=a)", r"(?<!\p{L})", r"(?<!\s)"]


def pattern(rng, depth=0):
    kind = rng.random()
    if depth > 3 or kind < 0.45:
        atom = rng.choice(ATOMS)
        if rng.random() < 0.5:
            atom += rng.choice(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?", "??", "{1,2}?", "*+", "++", "?+", "{1,2}+"])
        return atom
    if kind < 0.55:
        return rng.choice(LOOKS)
    if kind < 0.75:
        return "".join(pattern(rng, depth + 1) for _ in range(rng.randint(2, 3)))
    if kind < 0.9:
        return "(?:" + "|".join(pattern(rng, depth + 1) for _ in range(rng.randint(2, 3))) + ")"
    return "(?:" + pattern(rng, depth + 1) + rng.choice(["x", "a", " ", "1"]) + ")" + rng.choice(["*", "+", "?", "*?", "{1,2}"])


def main():
    program = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    compared = refused = different = 0
    for _ in range(rounds):
        source = "|".join(pattern(rng) for _ in range(rng.randint(1, 3)))
        text = "".join(rng.choice(CHARS) for _ in range(rng.randint(0, 14)))
        program.stdin.write((source.encode().hex() + " " + text.encode().hex() + ".\n").encode())
        program.stdin.flush()
        answer = program.stdout.readline().decode().strip()
        if answer.startswith("refused"):
            refused += 1
            continue
        found = [tuple(map(int, pair.split("-"))) for pair in answer.split()]
        # An empty match ends the comparison: engines differ in where they go on from it.
        places = [0]
        for c in text:
            places.append(places[-1] + len(c.encode()))
        expected = [(places[m.start()], places[m.end()]) for m in regex.compile(source, regex.V0).finditer(text)]
        first_empty = min([i for i, m in enumerate(expected) if m[0] == m[1]] + [i for i, m in enumerate(found) if m[0] == m[1]] + [10**9])
        compared += 1
        if found[:first_empty + 1] != expected[:first_empty + 1]:
            different += 1
            if different < 20:
                print("pattern", repr(source), "text", repr(text), "weft", found, "regex", expected)
    print(f"{compared} compared, {refused} refused, {different} different")
    sys.exit(different > 0)


main()
