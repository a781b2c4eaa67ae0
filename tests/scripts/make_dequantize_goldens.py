#!/usr/bin/env python3
"""Writes tests/data/dequantize/<type>.bin: random blocks and the floats that PyPI's gguf makes of them.

    pip install gguf numpy
    python3 make_dequantize_goldens.py [output folder] [--blocks N] [--seed S]

Layout, little-endian: u32 magic 0x31514457 ("WDQ1"), u32 type id of GGUF, u32 blocks, u32 values per block,
the blocks' bytes, then blocks * values float32. Every bit pattern of a block is legal but for its float scales, which
are drawn so that they are finite: all magnitudes, denormals, zeros of both signs. f32_to_f16.bin holds
floats and then numpy's halves of them, with every case of rounding.
"""
import argparse
import os
import struct

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize

# byte offsets of the float16 scales in a block
HALVES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q2_K: [80, 82], T.Q3_K: [108],
          T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208], T.IQ4_NL: [0], T.IQ4_XS: [0], T.MXFP4: []}
MAGIC = 0x31514457


def finite_halves(rng, n):
    """A third of ordinary weights' scales, a third of any finite half, a third of denormals and zeros."""
    ordinary = rng.normal(0, 0.01, n).astype(np.float16).view(np.uint16)
    any_half = rng.integers(0, 0x7C00, n).astype(np.uint16) | (rng.integers(0, 2, n).astype(np.uint16) << 15)
    tiny = rng.integers(0, 0x0400, n).astype(np.uint16) | (rng.integers(0, 2, n).astype(np.uint16) << 15)
    tiny[rng.random(n) < 0.1] &= 0x8000
    return np.choose(rng.integers(0, 3, n), [ordinary, any_half, tiny]).astype("<u2")


def write(path, kind, values, raw, floats):
    with open(path, "wb") as f:
        f.write(struct.pack("<4I", MAGIC, int(kind), floats.size // values, values))
        f.write(raw.tobytes())
        f.write(np.ascontiguousarray(floats, dtype="<f4").tobytes())


def rounding_cases(rng, n):
    """Floats around every kind of border of half precision, and random bits."""
    halves = np.arange(0, 0x7C00, 97, dtype=np.uint16).view(np.float16).astype(np.float32)
    steps = np.diff(np.arange(0, 0x7C01, dtype=np.uint16).view(np.float16).astype(np.float64)[:0x7C00:1], append=65536.0)[::97]
    middle = (halves.astype(np.float64) + steps / 2).astype(np.float32)
    near = [halves, middle, np.nextafter(middle, np.float32(np.inf)), np.nextafter(middle, np.float32(-np.inf))]
    special = np.array([0.0, np.inf, np.nan, 65504, 65519.996, 65520, 65536, 1e30, 2.0**-24, 2.0**-25, 2.0**-25 * 1.0000001,
                        2.0**-14, 2.0**-14 * 0.99999994, 1e-40], dtype=np.float32)
    random = rng.integers(0, 1 << 32, n, dtype=np.uint64).astype(np.uint32).view(np.float32)
    every = np.concatenate(near + [special, random, rng.normal(0, 1, n).astype(np.float32)])
    return np.concatenate([every, -every])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("out", nargs="?", default=os.path.join(here, "..", "data", "dequantize"))
    parser.add_argument("--blocks", type=int, default=0, help="blocks per type (default: 24 of 32 values, 12 of 256)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    rng = np.random.default_rng(args.seed)
    for kind, offsets in HALVES.items():
        values, size = GGML_QUANT_SIZES[kind]
        blocks = args.blocks or (24 if values == 32 else 12)
        raw = rng.integers(0, 256, (blocks, size), dtype=np.uint8)
        for at in offsets:
            raw[:, at:at + 2] = finite_halves(rng, blocks).view(np.uint8).reshape(blocks, 2)
        if kind == T.MXFP4:
            raw[:4, 0] = [0, 1, 2, 255]
        with np.errstate(over="ignore", invalid="ignore"):
            write(os.path.join(args.out, kind.name.lower() + ".bin"), kind, values, raw, dequantize(raw, kind))
    halves = rng.integers(0, 65536, args.blocks or 256).astype("<u2")
    with np.errstate(invalid="ignore"):
        write(os.path.join(args.out, "f16.bin"), T.F16, 1, halves, halves.view(np.float16).astype(np.float32))
    wide = rng.integers(0, 65536, 256).astype("<u2")
    write(os.path.join(args.out, "bf16.bin"), T.BF16, 1, wide, dequantize(wide.view(np.uint8), T.BF16))
    bits = rng.integers(0, 1 << 32, 64, dtype=np.uint64).astype("<u4")
    write(os.path.join(args.out, "f32.bin"), T.F32, 1, bits, bits.view(np.float32))
    floats = rounding_cases(rng, 1000)
    with np.errstate(over="ignore", invalid="ignore"):
        halves = floats.astype(np.float16)
    with open(os.path.join(args.out, "f32_to_f16.bin"), "wb") as f:
        f.write(struct.pack("<4I", MAGIC, 0xF32F16, floats.size, 1) + floats.astype("<f4").tobytes() + halves.view("<u2").tobytes())


if __name__ == "__main__":
    main()
