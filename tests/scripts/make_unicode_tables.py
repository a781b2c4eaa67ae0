#!/usr/bin/env python3
"""Writes include/weft/core/unicode_tables.ipp from the Unicode Character Database, version 15.0.

usage: make_unicode_tables.py UCD_FOLDER [OUTPUT]

UCD_FOLDER holds UnicodeData.txt, PropList.txt, DerivedCoreProperties.txt and CaseFolding.txt (https://www.unicode.org/Public/15.0.0/ucd/,
or /usr/share/unicode of Debian 12's package unicode-data). Where the Python package unicodedata2 15.0.0 is installed, the category of every
code point is compared with it.
"""
import re
import sys
from pathlib import Path

CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split()
LIMIT = 0x110000
VERSION = "15.0.0"


def read_categories(folder):
    category = ["Cn"] * LIMIT
    first = None
    for line in (folder / "UnicodeData.txt").read_text().splitlines():
        fields = line.split(";")
        code = int(fields[0], 16)
        if fields[1].endswith(", First>"):
            first = code
            continue
        for c in range(code if first is None else first, code + 1):
            category[c] = fields[2]
        first = None
    return category


def read_property(path, name):
    found = set()
    for line in path.read_text().splitlines():
        match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)", line)
        if match and match[3] == name:
            found.update(range(int(match[1], 16), int(match[2] or match[1], 16) + 1))
    return found


def read_folding(folder):
    text = (folder / "CaseFolding.txt").read_text()
    if f"CaseFolding-{VERSION}" not in text:
        sys.exit(f"{folder}/CaseFolding.txt is not of Unicode {VERSION}")
    folding = {}
    for line in text.splitlines():
        fields = line.split("#")[0].split("; ")
        if len(fields) > 2 and fields[1] in "CS":
            folding[int(fields[0], 16)] = int(fields[2], 16)
    return folding


def fold_runs(folding):
    """(first, last, step, folded first): code points first, first + step ... last go to what is as far from `folded first`."""
    runs = []
    for code, folded in sorted(folding.items()):
        if runs:
            first, last, step, target = runs[-1]
            gap = code - last
            if code - folded == first - target and (gap == step or (first == last and gap in (1, 2))):
                runs[-1] = (first, code, gap, target)
                continue
        runs.append((code, code, 1, folded))
    return runs


def read_derived(categories, folder, name, groups):
    """Runs of a derived property beyond the categories that have it as a whole, of which some may be left out: (more, lacking)."""
    has = read_property(folder / "DerivedCoreProperties.txt", name)
    whole = {c for c in range(LIMIT) if any(categories[c].startswith(group) for group in groups)}
    return runs_of(has - whole), runs_of(whole - has)


def runs_of(codes):
    return [(c, next(d for d in range(c, LIMIT) if d + 1 not in codes)) for c in sorted(codes) if c - 1 not in codes]


def wrap(items, per_line):
    return ",\n".join("    " + ", ".join(items[i:i + per_line]) for i in range(0, len(items), per_line))


def main():
    folder = Path(sys.argv[1])
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[2] / "include/weft/core/unicode_tables.ipp"
    categories = read_categories(folder)
    try:
        import unicodedata2
        assert unicodedata2.unidata_version == VERSION, unicodedata2.unidata_version
        wrong = [c for c in range(LIMIT) if unicodedata2.category(chr(c)) != categories[c]]
        print(f"unicodedata2: {LIMIT - len(wrong)} code points agree, {len(wrong)} differ")
        assert not wrong
    except ImportError:
        print("unicodedata2 is not installed: categories not compared")
    runs = [f"0x{(c << 8) | CATEGORIES.index(categories[c]):x}" for c in range(LIMIT) if c == 0 or categories[c] != categories[c - 1]]
    space_runs = runs_of(read_property(folder / "PropList.txt", "White_Space"))
    word_runs, mark_runs = read_derived(categories, folder, "Alphabetic", ("L", "M", "Nl"))  # all letters are alphabetic, but not all marks
    assert all(categories[c][0] == "M" for first, last in mark_runs for c in range(first, last + 1))
    upper_runs, not_upper = read_derived(categories, folder, "Uppercase", ("Lu",))
    lower_runs, not_lower = read_derived(categories, folder, "Lowercase", ("Ll",))
    assert not not_upper and not not_lower
    folds = fold_runs(read_folding(folder))
    counts = {name: categories.count(name) for name in CATEGORIES}
    pair = lambda run: f"{{0x{run[0]:x}, 0x{run[1]:x}}}"
    output.write_text(f"""// Unicode {VERSION}: written by tests/scripts/make_unicode_tables.py, do not edit.
#pragma once

#include <cstdint>

#include "weft/core/unicode.hpp"

namespace weft::detail {{

// Each entry starts a run of one general category: code point << 8 | Category.
inline constexpr std::uint32_t category_runs[] = {{
{wrap(runs, 16)}}};

inline constexpr CodeRange white_space_runs[] = {{
{wrap([pair(r) for r in space_runs], 6)}}};

// Alphabetic, yet neither letter, mark nor letter number.
inline constexpr CodeRange other_alphabetic_runs[] = {{
{wrap([pair(r) for r in word_runs], 6)}}};

// Marks that are not alphabetic.
inline constexpr CodeRange other_mark_runs[] = {{
{wrap([pair(r) for r in mark_runs], 6)}}};

// Upper and lower case, yet not of the categories Lu and Ll.
inline constexpr CodeRange other_upper_runs[] = {{
{wrap([pair(r) for r in upper_runs], 6)}}};
inline constexpr CodeRange other_lower_runs[] = {{
{wrap([pair(r) for r in lower_runs], 6)}}};

// Simple case folding: first, last, step, what first folds to.
inline constexpr FoldRun fold_runs[] = {{
{wrap([f"{{0x{a:x}, 0x{b:x}, {s}, 0x{t:x}}}" for a, b, s, t in folds], 4)}}};

}}  // namespace weft::detail
""")
    print("code points per category:", counts)
    print(len(runs), "category runs,", len(folds), "fold runs,", word_runs)


main()
