#!/usr/bin/env python3
"""Writes the tables for normal forms, lower case, scripts and grapheme clusters from the Unicode Character Database, version 15.0:
include/weft/core/unicode_normal_tables.ipp and unicode_text_tables.ipp.

usage: make_unicode_normal_tables.py UCD_FOLDER [OUTPUT_FOLDER]

UCD_FOLDER holds UnicodeData.txt, CompositionExclusions.txt, DerivedAge.txt, SpecialCasing.txt, Scripts.txt, auxiliary/GraphemeBreakProperty.txt and
emoji/emoji-data.txt (see make_unicode_tables.py for where they are had).
"""
import re
import sys
from pathlib import Path

LIMIT = 0x110000
VERSION = "15.0.0"
GRAPHEME = "Other CR LF Control Extend ZWJ Regional_Indicator Prepend SpacingMark L V T LV LVT Extended_Pictographic".split()


def wrap(items, per_line):
    return ",\n".join("    " + ", ".join(items[i:i + per_line]) for i in range(0, len(items), per_line))


def read_property(path):
    values = {}
    for line in path.read_text().splitlines():
        match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)", line)
        if match:
            for code in range(int(match[1], 16), int(match[2] or match[1], 16) + 1):
                values.setdefault(code, match[3])
    return values


def read_unicode_data(folder):
    classes, decompositions, lower = {}, {}, {}
    for line in (folder / "UnicodeData.txt").read_text().splitlines():
        f = line.split(";")
        code = int(f[0], 16)
        if f[3] != "0":
            classes[code] = int(f[3])
        if f[5]:
            parts = f[5].split()
            compat = parts[0].startswith("<")
            decompositions[code] = (compat, [int(p, 16) for p in parts[compat:]])
        if f[13]:
            lower[code] = int(f[13], 16)
    for line in (folder / "SpecialCasing.txt").read_text().splitlines():
        f = line.split("#")[0].split("; ")
        if len(f) >= 5 and not f[4].strip(" ;") and len(f[1].split()) > 1:  # without condition, to more than one
            assert f[0].strip() == "0130", f  # written out in unicode.ipp
    return classes, decompositions, lower


def runs(values, default):
    """value of each run << 0, at each change: code << 8 | value."""
    out, last = [], None
    for code in range(LIMIT):
        value = values.get(code, default)
        if value != last:
            out.append(code << 8 | value)
            last = value
    return out


def step_runs(mapping):
    """(first, last, step, target of first), as in make_unicode_tables.py."""
    out = []
    for code, target in sorted(mapping.items()):
        if out:
            first, last, step, start = out[-1]
            gap = code - last
            if code - target == first - start and (gap == step or (first == last and gap in (1, 2))):
                out[-1] = (first, code, gap, start)
                continue
        out.append((code, code, 1, target))
    return out


def main():
    folder = Path(sys.argv[1])
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[2] / "include/weft/core"
    classes, decompositions, lower = read_unicode_data(folder)
    excluded = {int(line.split()[0], 16) for line in (folder / "CompositionExclusions.txt").read_text().splitlines()
                if re.match(r"[0-9A-F]{4}", line)}

    pool, where = [], {}
    def units(codes):
        return [u for c in codes for u in ([c] if c < 0x10000 else [0xD800 + ((c - 0x10000) >> 10), 0xDC00 + ((c - 0x10000) & 0x3FF)])]
    entries = []
    for code, (compat, parts) in sorted(decompositions.items()):
        key = tuple(units(parts))
        if key not in where:
            where[key] = len(pool)
            pool.extend(key)
        assert len(key) <= 18 and where[key] < 1 << 14
        entries.append((code << 1 | compat, where[key] << 5 | len(key)))
    compositions = sorted((parts[0] << 32 | parts[1], code) for code, (compat, parts) in decompositions.items()
                          if not compat and len(parts) == 2 and code not in excluded and code not in classes and parts[0] not in classes)
    touched = set(classes) | set(decompositions) | {p for c, _ in compositions for p in (c >> 32, c & 0xFFFFFFFF)}
    touched |= set(range(0xAC00, 0xD7A4)) | set(range(0x1100, 0x1200))
    blocks = [0] * (LIMIT // 128 // 64)
    for code in touched:
        blocks[code // 128 // 64] |= 1 << (code // 128 % 64)
    class_runs = runs(classes, 0)
    (output / "unicode_normal_tables.ipp").write_text(f"""// Unicode {VERSION}: written by tests/scripts/make_unicode_normal_tables.py, do not edit.
#pragma once

#include <cstdint>

namespace weft::detail {{

// Bit code / 128: whether any of these 128 code points decomposes, composes or has a combining class.
inline constexpr std::uint64_t normal_blocks[] = {{
{wrap([f"0x{b:x}" for b in blocks], 8)}}};

// Each entry starts a run of one combining class: code point << 8 | class.
inline constexpr std::uint32_t combining_class_runs[] = {{
{wrap([f"0x{r:x}" for r in class_runs], 16)}}};

// What decomposes, sorted: code point << 1 | (1: by compatibility only).
inline constexpr std::uint32_t decomposition_keys[] = {{
{wrap([f"0x{k:x}" for k, _ in entries], 18)}}};

// Where in the pool, << 5, and how many units.
inline constexpr std::uint32_t decomposition_places[] = {{
{wrap([f"0x{p:x}" for _, p in entries], 18)}}};

// One step of each decomposition, in UTF-16.
inline constexpr std::uint16_t decomposition_pool[] = {{
{wrap([f"0x{u:x}" for u in pool], 20)}}};

// Primary composites, sorted: first << 32 | second, and what they make.
inline constexpr std::uint64_t composition_keys[] = {{
{wrap([f"0x{k:x}" for k, _ in compositions], 10)}}};
inline constexpr std::uint32_t composition_values[] = {{
{wrap([f"0x{v:x}" for _, v in compositions], 18)}}};

}}  // namespace weft::detail
""")
    scripts = read_property(folder / "Scripts.txt")
    names = ["Unknown"] + sorted(set(scripts.values()))
    script_runs = runs({c: names.index(s) for c, s in scripts.items()}, 0)
    grapheme = read_property(folder / "auxiliary/GraphemeBreakProperty.txt")
    for line in (folder / "emoji/emoji-data.txt").read_text().splitlines():
        match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*Extended_Pictographic", line)
        if match:
            for code in range(int(match[1], 16), int(match[2] or match[1], 16) + 1):
                assert code not in grapheme
                grapheme[code] = "Extended_Pictographic"
    # Hangul syllables are told apart by arithmetic.
    hangul = set(range(0xAC00, 0xD7A4))
    assert all(grapheme[c] == ("LV" if (c - 0xAC00) % 28 == 0 else "LVT") for c in hangul)
    grapheme_runs = runs({c: GRAPHEME.index("LVT" if c in hangul else g) for c, g in grapheme.items()}, 0)
    lower_runs = step_runs(lower)
    age = {}
    for line in (folder / "DerivedAge.txt").read_text().splitlines():
        match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\d+)\.", line)
        if match:
            for code in range(int(match[1], 16), int(match[2] or match[1], 16) + 1):
                age[code] = max(8, min(int(match[3]), 10))
    age_runs = runs(age, 8)
    (output / "unicode_text_tables.ipp").write_text(f"""// Unicode {VERSION}: written by tests/scripts/make_unicode_normal_tables.py, do not edit.
#pragma once

#include <cstdint>
#include <string_view>

#include "weft/core/unicode.hpp"

namespace weft::detail {{

// Simple lower case: first, last, step, what first goes to.
inline constexpr FoldRun lower_runs[] = {{
{wrap([f"{{0x{a:x}, 0x{b:x}, {s}, 0x{t:x}}}" for a, b, s, t in lower_runs], 4)}}};

inline constexpr std::string_view script_names[] = {{
{wrap([f'"{n}"' for n in names], 10)}}};

// Each entry starts a run of one script: code point << 8 | index of script_names.
inline constexpr std::uint32_t script_runs[] = {{
{wrap([f"0x{r:x}" for r in script_runs], 16)}}};

// Each entry starts a run of one grapheme cluster break: code point << 8 | GraphemeBreak (Hangul syllables: all as LVT).
inline constexpr std::uint32_t grapheme_runs[] = {{
{wrap([f"0x{r:x}" for r in grapheme_runs], 16)}}};

// Each entry starts a run of one age: code point << 8 | the major version of Unicode that brought it, as 8 (or before, or not yet), 9
// or 10 (or later).
inline constexpr std::uint32_t age_runs[] = {{
{wrap([f"0x{r:x}" for r in age_runs], 16)}}};

}}  // namespace weft::detail
""")
    print(len(entries), "decompositions,", len(pool), "units,", len(compositions), "compositions,", len(class_runs), "class runs,",
          len(script_runs), "script runs,", len(grapheme_runs), "grapheme runs,", len(lower_runs), "lower runs,", len(age_runs), "age runs")


main()
