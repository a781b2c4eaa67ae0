#!/usr/bin/env python3
"""Compares the Unicode tables with utf8proc and with Python's module `regex`, code point by code point and over random texts.

usage: compare_unicode.py PROGRAM [--texts N] [--seed S]     PROGRAM is tests/scripts/unicode_lines.cpp, compiled

utf8proc (libutf8proc.so.2; 2.8 has Unicode 15.0): categories, combining classes, lower case, full case folding, the four normal forms and
grapheme clusters. regex: categories, scripts, simple case folding, White_Space, Alphabetic, Uppercase and Lowercase, of code points that 15.0
assigns. Where an oracle has the tables of another version of Unicode its answers may differ: each is shown.

Known: utf8proc 2.8 takes U+11A7 for a final consonant and drops it behind a Hangul syllable; Unicode 16 moved U+0295 (Ll, Lo), U+1171E (Mn, Mc)
and made 33 more marks alphabetic, which regex of 2024 and later has.
"""
import argparse
import collections
import ctypes
import random
import subprocess
import sys

import regex

CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split()
STABLE, COMPAT, COMPOSE, DECOMPOSE, CASEFOLD = 2, 4, 8, 16, 1024  # utf8proc_option_t
FORMS = {"NFC": STABLE | COMPOSE, "NFD": STABLE | DECOMPOSE, "NFKC": STABLE | COMPOSE | COMPAT, "NFKD": STABLE | DECOMPOSE | COMPAT}
PROPERTIES = ["White_Space", "Alphabetic", "Uppercase", "Lowercase"]

utf8proc = ctypes.CDLL("libutf8proc.so.2")
utf8proc.utf8proc_category_string.restype = ctypes.c_char_p
utf8proc.utf8proc_unicode_version.restype = ctypes.c_char_p
utf8proc.utf8proc_map.restype = ctypes.c_ssize_t
utf8proc.utf8proc_map.argtypes = [ctypes.c_char_p, ctypes.c_ssize_t, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int]
utf8proc.utf8proc_get_property.restype = ctypes.c_void_p
utf8proc.utf8proc_grapheme_break_stateful.restype = ctypes.c_bool
libc = ctypes.CDLL(None)
libc.free.argtypes = [ctypes.c_void_p]


def mapped(text, options):
    out = ctypes.c_void_p()
    size = utf8proc.utf8proc_map(text, len(text), ctypes.byref(out), options)
    if size < 0:
        raise ValueError(f"utf8proc: error {size}")
    result = ctypes.string_at(out, size)
    libc.free(out)
    return result


def combining_class(code):  # utf8proc_property_t: category, combining_class, both 16 bits
    return ctypes.cast(utf8proc.utf8proc_get_property(code), ctypes.POINTER(ctypes.c_int16))[1]


def clusters(text):
    ends, state, at, before = [], ctypes.c_int32(0), 0, None
    for c in text:
        if before is not None and utf8proc.utf8proc_grapheme_break_stateful(ord(before), ord(c), ctypes.byref(state)):
            ends.append(at)
        at += len(c.encode())
        before = c
    return ends + [at]


def holders(pattern, characters):
    """The code points of a string that match a pattern."""
    return {ord(c) for c in regex.findall(pattern, characters)}


class Report:
    def __init__(self):
        self.compared, self.differing = collections.Counter(), collections.defaultdict(list)

    def add(self, what, where, ours, theirs):
        self.compared[what] += 1
        if ours != theirs:
            self.differing[what].append((where, ours, theirs))

    def print(self):
        for what, count in self.compared.items():
            print(f"{what}: {count} compared, {len(self.differing[what])} differ", *(f"\n  {d}" for d in self.differing[what][:5]))
        return any(self.differing.values())


def compare_properties(rows, report):
    assigned = [code for code, row in enumerate(rows) if CATEGORIES[int(row[0])] not in ("Cn", "Cs")]
    characters = "".join(map(chr, assigned))
    for code in assigned:
        category, _, ccc, _, _, lower, folded = rows[code]
        report.add("utf8proc: category", hex(code), CATEGORIES[int(category)], utf8proc.utf8proc_category_string(code).decode())
        report.add("utf8proc: combining class", hex(code), int(ccc), combining_class(code))
        if code != 0x130:  # its lower case is two code points, of which utf8proc has none
            report.add("utf8proc: lower case", hex(code), int(lower, 16), utf8proc.utf8proc_tolower(code))
        report.add("utf8proc: case folding", hex(code), folded, mapped(chr(code).encode(), STABLE | CASEFOLD).hex())
    for i, name in enumerate(CATEGORIES[:-1]):
        if name != "Cs":
            report.add("regex: category", name, {c for c in assigned if int(rows[c][0]) == i}, holders(rf"\p{{{name}}}", characters))
    for script in sorted({rows[c][1] for c in assigned}):
        report.add("regex: script", script, {c for c in assigned if rows[c][1] == script}, holders(rf"\p{{Script={script}}}", characters))
    for i, name in enumerate(PROPERTIES):
        report.add("regex: property", name, {c for c in assigned if rows[c][3][i] == "1"}, holders(rf"\p{{{name}}}", characters))
    for code in assigned:
        folded = int(rows[code][4], 16)
        if folded != code:
            report.add("regex: simple case folding", hex(code), True, regex.fullmatch(regex.escape(chr(folded)), chr(code), regex.I) is not None)
    for what in ("regex: category", "regex: script", "regex: property"):  # of sets, show what they do not share
        report.differing[what] = [(name, "only here", list(map(hex, sorted(a - b)[:8])), "only there", list(map(hex, sorted(b - a)[:8])), len(a ^ b))
                                  for name, a, b in report.differing[what]]
    return assigned


def random_texts(assigned, rows, count, rng):
    marks = [c for c in assigned if CATEGORIES[int(rows[c][0])][0] == "M"]
    changing = [c for c in assigned if mapped(chr(c).encode(), FORMS["NFKD"]) != chr(c).encode()]
    jamo = list(range(0x1100, 0x1200)) + list(range(0xAC00, 0xAC40))
    emoji = [0x200D, 0xFE0F, 0x1F468, 0x1F469, 0x1F3FD, 0x1F1E9, 0x1F1EA, 0x2764]
    kinds = [assigned, marks, changing, jamo, emoji, list(range(0x20, 0x7F))]
    for _ in range(count):
        yield "".join(chr(rng.choice(rng.choice(kinds))) for _ in range(rng.randint(1, 12)))


def compare_texts(program, texts, report):
    answers = subprocess.run([program, "texts"], input="".join(text.encode().hex() + "\n" for text in texts), capture_output=True, text=True, check=True)
    for text, answer in zip(texts, answers.stdout.split("\n")):
        *forms, ends = answer.split(" ")
        for (name, options), ours in zip(FORMS.items(), forms):
            report.add(f"utf8proc: {name}", ascii(text), ours, mapped(text.encode(), options).hex())
        report.add("utf8proc: clusters", ascii(text), [int(end) for end in ends.split(",")[:-1]], clusters(text))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("Unicode of utf8proc:", utf8proc.utf8proc_unicode_version().decode(), "; regex", regex.__version__)
    rows = [line.split(" ") for line in subprocess.run([arguments.program], capture_output=True, text=True, check=True).stdout.split("\n")[:-1]]
    report = Report()
    assigned = compare_properties(rows, report)
    compare_texts(arguments.program, [chr(c) for c in assigned if c], report)
    compare_texts(arguments.program, list(random_texts([c for c in assigned if c], rows, arguments.texts, random.Random(arguments.seed))), report)
    sys.exit(report.print())


main()
