#!/usr/bin/env python3
"""Writes tests/data/unicode: what Python's unicodedata says about normal forms and lower case, and the grapheme test of the UCD.

usage: make_unicode_goldens.py UCD_FOLDER     (needs the Python package unicodedata2 15.0.0)

normal_forms.tsv: a text, then its NFC, NFD, NFKC, NFKD, and its code points in lower case one by one, tab separated. First every code point
that decomposes (of Hangul syllables every 97th), has a combining class or changes in lower case, then strings of many marks.
graphemes.txt: lines of GraphemeBreakTest.txt without their comments.
"""
import random
import sys
import unicodedata2 as u
from pathlib import Path

assert u.unidata_version == "15.0.0", u.unidata_version
OUT = Path(__file__).parents[1] / "data/unicode"
FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def lower(text):
    # Nothing of 15.0 has a lower case that Python 3.11's 14.0 lacks.
    return "".join("i\u0307" if c == "\u0130" else c.lower() for c in text)


def main():
    random.seed(15)
    texts = []
    for code in range(0x110000):
        c = chr(code)
        if 0xD800 <= code < 0xE000 or code < 0x20:
            continue
        if 0xAC00 <= code <= 0xD7A3 and code % 97:
            continue
        if u.decomposition(c) or u.combining(c) or c.lower() != c or 0xAC00 <= code <= 0xD7A3:
            texts.append(c)
    marks = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and u.combining(chr(c))]
    composing = [t for t in texts if u.decomposition(t)]
    jamo = [chr(c) for c in range(0x1100, 0x1200)] + ["\uac00", "\uac01", "\ud7a3"]
    plain = list("aeionsSAE kfi") + ["\u0915", "\u09c7", "\u09be", "\u0dd9", "\u0dca", "\u4e2d", "\U00011099", "\U000110ba"]
    for _ in range(1500):
        pools = random.choices([marks, composing, jamo, plain, marks[:120]], weights=[2, 3, 2, 3, 5], k=random.randint(1, 12))
        texts.append("".join(random.choice(p) for p in pools))
    texts += [c + "".join(random.choice(marks) for _ in range(300)) for c in "aS"]
    with open(OUT / "normal_forms.tsv", "w", encoding="utf-8") as f:
        for text in texts:
            f.write("\t".join([text] + [u.normalize(form, text) for form in FORMS] + [lower(text)]) + "\n")
    with open(OUT / "graphemes.txt", "w", encoding="utf-8") as f:
        for line in open(Path(sys.argv[1]) / "auxiliary/GraphemeBreakTest.txt", encoding="utf-8"):
            if not line.startswith("#"):
                f.write(line.split("#")[0].strip() + "\n")
    print(len(texts), "texts")


main()
