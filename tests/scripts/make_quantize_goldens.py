#!/usr/bin/env python3
"""Writes tests/data/quantize: floats, and what PyPI's gguf and llama.cpp make of them.

    pip install gguf numpy
    python make_quantize_goldens.py OUT GGML_QUANTIZE      (the program of ggml_quantize.cpp)

values.bin: float32. TYPE.bin: the bytes of gguf.quants.quantize. k_errors.json: for each K format the weighted squared error
of llama.cpp's blocks, the weights being those of its quantiser without an importance matrix.
"""
import json
import pathlib
import subprocess
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Q

out, program = pathlib.Path(sys.argv[1]), sys.argv[2]
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(20261124)
sparse = rng.standard_normal(1024)
sparse[rng.random(1024) < 0.7] = 0
parts = [rng.standard_normal(1024), rng.laplace(size=1024) * 1e-3, rng.standard_t(3, 1024) * 0.02, sparse,
         np.round(rng.standard_normal(512) * 4), np.abs(rng.standard_normal(256)), -np.abs(rng.standard_normal(256)),
         rng.standard_normal(256) * 1e-20, rng.standard_normal(256) * 6000, np.zeros(256), np.full(256, 0.37)]
values = np.concatenate(parts).astype(np.float32)
values[:64:2] = np.float16(values[:64:2])
values.tofile(out / "values.bin")
for kind in (Q.F16, Q.BF16, Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0):
    gguf.quants.quantize(values.reshape(1, -1), kind).view(np.uint8).tofile(out / f"{kind.name.lower()}.bin")
errors = {}
for kind, sub in ((Q.Q4_K, 32), (Q.Q5_K, 32), (Q.Q6_K, 16)):
    subprocess.check_call([program, str(int(kind)), out / "values.bin", out / "blocks.tmp"])
    blocks = np.fromfile(out / "blocks.tmp", np.uint8).reshape(1, -1)
    (out / "blocks.tmp").unlink()
    x = values.astype(np.float64).reshape(-1, sub)
    y = gguf.quants.dequantize(blocks, kind).astype(np.float64).reshape(-1, sub)
    weights = x * x if kind == Q.Q6_K else np.abs(x) + np.sqrt((x * x).mean(axis=1, keepdims=True))
    per_block = (weights * (y - x) ** 2).reshape(-1, 256).sum(axis=1)
    errors[kind.name.lower()] = per_block.tolist()
(out / "k_errors.json").write_text(json.dumps(errors) + "\n")
