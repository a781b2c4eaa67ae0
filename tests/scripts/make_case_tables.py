#!/usr/bin/env python3
"""Writes include/weft/core/unicode_case_tables.ipp: what Python's str.upper, title and casefold do with each character
(lower case is in unicode_text_tables.ipp).

usage: make_case_tables.py [OUTPUT]
"""
import sys
import unicodedata
from pathlib import Path


def runs(mapping):
    """(first, last, step, mapped first): code points first, first + step ... last go to what is as far from `mapped first`."""
    out = []
    for code, to in sorted(mapping.items()):
        if out:
            first, last, step, target = out[-1]
            gap = code - last
            if code - to == first - target and (gap == step or (first == last and gap in (1, 2))):
                out[-1] = (first, code, gap, target)
                continue
        out.append((code, code, 1, to))
    return out


def tables(change, base=None):
    """Characters that become one other, and those that become several. Only what differs from `base`."""
    one, several = {}, {}
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        text = change(chr(code))
        if text == (base or str)(chr(code)):
            continue
        if len(text) == 1:
            one[code] = ord(text)
        else:
            several[code] = [ord(c) for c in text]
    return runs(one), several


def wrap(items, per_line):
    return ",\n".join("    " + ", ".join(items[i:i + per_line]) for i in range(0, len(items), per_line))


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "include/weft/core/unicode_case_tables.ipp"
    parts = []
    for name, change, base in (("upper", str.upper, None), ("title", str.title, str.upper), ("casefold", str.casefold, str.lower)):
        one, several = tables(change, base)
        print(name, len(one), "runs,", len(several), "that become several")
        parts.append(f"""inline constexpr FoldRun {name}_runs[] = {{
{wrap([f"{{0x{a:x}, 0x{b:x}, {s}, 0x{t:x}}}" for a, b, s, t in one], 5)}}};
inline constexpr CaseExpansion {name}_expansions[] = {{
{wrap([f"{{0x{c:x}, {{{', '.join(hex(x) for x in to)}}}}}" for c, to in several.items()], 6)}}};
""")
    output.write_text(f"""// Unicode {unicodedata.unidata_version}: written by tests/scripts/make_case_tables.py, do not edit.
#pragma once

#include "weft/core/unicode_case.hpp"

namespace weft::detail {{

// Simple mappings: first, last, step, what first becomes. title and casefold: only where they differ from upper and lower.
{chr(10).join(parts)}
}}  // namespace weft::detail
""")


main()
