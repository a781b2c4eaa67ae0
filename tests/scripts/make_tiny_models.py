#!/usr/bin/env python3
"""Writes tests/data/models: random llama models of a few hundred kilobytes that between them use every weight type.

    pip install gguf numpy
    python tests/scripts/make_tiny_models.py tests/data/models

They speak no language; they are there for the laws that hold whatever the weights are (same bits for any threads, batch,
chunking, fork, rewind, instruction set and compiler). Widths are chosen to leave tails in panels and blocks.
"""
import sys
import numpy as np
import gguf
from gguf import GGMLQuantizationType as Q


def blocks(rng, rows, cols, kind):
    """Random bytes of a [rows, cols] matrix, with scales that keep activations near one."""
    if kind in (Q.F32, Q.F16, Q.BF16):
        values = (rng.standard_normal((rows, cols), dtype=np.float32) * cols**-0.5)
        return gguf.quants.quantize(values, kind)
    block, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, size=(rows * cols // block, size), dtype=np.uint8)
    sigma = cols**-0.5

    def put(at, value):
        raw[:, at:at + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)
    scale = {Q.Q4_0: (0, 4.6), Q.Q4_1: (0, 4.6), Q.Q5_0: (0, 9.2), Q.Q5_1: (0, 9.2), Q.Q8_0: (0, 74), Q.IQ4_NL: (0, 60),
             Q.Q2_K: (80, 12), Q.Q3_K: (108, 60), Q.Q4_K: (0, 147), Q.Q5_K: (0, 294), Q.Q6_K: (208, 1369), Q.IQ4_XS: (0, 1100)}
    if kind == Q.MXFP4:
        raw[:, 0] = 120 + rng.integers(0, 3, size=len(raw))  # exponents near 2^-6
        return raw.reshape(rows, -1)
    at, divisor = scale[kind]
    put(at, sigma / divisor)
    if kind == Q.Q4_1: put(2, -7.5 * sigma / 4.6)
    if kind == Q.Q5_1: put(2, -15.5 * sigma / 9.2)
    if kind == Q.Q2_K: put(82, 1.5 * sigma / 12)
    if kind == Q.Q4_K: put(2, 7.5 * sigma / 147)
    if kind == Q.Q5_K: put(2, 15.5 * sigma / 294)
    return raw.reshape(rows, -1)


def write(path, layers, width, heads, kv_heads, hidden, vocab, types, seed):
    """types: name of a matrix -> type, or a list with one per layer."""
    rng = np.random.default_rng(seed)
    w = gguf.GGUFWriter(path, "llama")
    w.add_name(path.rsplit("/", 1)[-1]); w.add_block_count(layers); w.add_context_length(1024); w.add_embedding_length(width)
    w.add_feed_forward_length(hidden); w.add_head_count(heads); w.add_head_count_kv(kv_heads)
    w.add_layer_norm_rms_eps(1e-5); w.add_rope_freq_base(10000.0); w.add_vocab_size(vocab)

    def matrix(name, rows, cols, kind):
        w.add_tensor(name, blocks(rng, rows, cols, kind), raw_dtype=kind)

    def vector(name):
        w.add_tensor(name, (1 + 0.1 * rng.standard_normal(width)).astype(np.float32))
    matrix("token_embd.weight", vocab, width, types["embedding"])
    vector("output_norm.weight")
    if "head" in types: matrix("output.weight", vocab, width, types["head"])
    kv = width // heads * kv_heads
    for i in range(layers):
        b, t = f"blk.{i}.", {k: v[i] if isinstance(v, list) else v for k, v in types.items()}
        vector(b + "attn_norm.weight"); vector(b + "ffn_norm.weight")
        matrix(b + "attn_q.weight", width, width, t["q"]); matrix(b + "attn_k.weight", kv, width, t["k"])
        matrix(b + "attn_v.weight", kv, width, t["v"]); matrix(b + "attn_output.weight", width, width, t["o"])
        matrix(b + "ffn_gate.weight", hidden, width, t["gate"]); matrix(b + "ffn_up.weight", hidden, width, t["up"])
        matrix(b + "ffn_down.weight", width, hidden, t["down"])
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


def main():
    out = sys.argv[1] + "/"
    # head_dim 24: a head ends inside a panel; hidden 160 and vocabulary 203 leave ragged panels.
    write(out + "blocks32.gguf", 3, 96, 4, 2, 160, 203, dict(
        embedding=Q.Q8_0, q=[Q.Q4_0, Q.Q4_1, Q.Q8_0], k=[Q.Q4_1, Q.Q5_0, Q.Q4_0], v=[Q.Q5_1, Q.Q8_0, Q.Q4_1], o=[Q.Q4_1, Q.IQ4_NL, Q.Q4_0],
        gate=[Q.Q4_0, Q.Q4_1, Q.Q5_0], up=[Q.Q8_0, Q.MXFP4, Q.Q4_1], down=[Q.Q4_1, Q.Q4_0, Q.Q8_0]), 1)
    write(out + "blocks256.gguf", 2, 256, 4, 1, 256, 100, dict(
        embedding=Q.Q6_K, head=Q.Q4_K, q=[Q.Q4_K, Q.Q2_K], k=[Q.Q5_K, Q.Q4_K], v=[Q.Q6_K, Q.Q5_K], o=[Q.Q3_K, Q.Q6_K],
        gate=[Q.Q2_K, Q.IQ4_XS], up=[Q.IQ4_XS, Q.Q3_K], down=[Q.Q4_K, Q.Q6_K]), 2)
    write(out + "floats.gguf", 2, 40, 4, 2, 72, 90, dict(
        embedding=Q.F16, head=Q.BF16, q=[Q.F32, Q.F16], k=Q.BF16, v=Q.F16, o=Q.F32, gate=[Q.BF16, Q.F32], up=Q.F16, down=[Q.F32, Q.BF16]), 3)


main()
