#!/usr/bin/env python3
"""Model files to measure with; needs PyPI's gguf and numpy.

    python3 benchmarks/models.py requantize SOURCE.gguf OUT.gguf --type Q4_0
    python3 benchmarks/models.py shape SOURCE.gguf OUT.gguf --shape 1b --type Q4_K
    python3 benchmarks/models.py vocabulary SOURCE.gguf OUT.json

`requantize` takes every matrix of SOURCE through float32 to another type (an embedding that has 8 bits keeps them, as in files
made by llama.cpp). `shape` writes a llama of the given shape whose weights are random: a load, not a model that speaks. Its
tokenizer is that of SOURCE. Every matrix has a standard deviation of 1 / sqrt(columns), so that activations stay near one.
"""
import argparse
import json
import os

import gguf
import numpy

Type = gguf.GGMLQuantizationType

# layers, width, heads, key-value heads, hidden units of the feed-forward block
SHAPES = {"1b": (22, 2048, 32, 4, 5632), "3b": (28, 3072, 24, 8, 8192), "8b": (32, 4096, 32, 8, 14336)}

# Where a block keeps its float16 factors, and in what ratio they must stand for random quants to have the mean 0:
# q * d + m for the types with "_1", q * scale * d - min * dmin for those with "_K".
FACTORS = {Type.Q4_0: [(0, 1)], Type.Q4_1: [(0, 1), (2, -7.5)], Type.Q5_0: [(0, 1)], Type.Q5_1: [(0, 1), (2, -15.5)],
           Type.Q8_0: [(0, 1)], Type.Q4_K: [(0, 1), (2, 7.5)], Type.Q5_K: [(0, 1), (2, 15.5)], Type.Q6_K: [(208, 1)]}


def copy_metadata(reader, writer, wanted):
    """Copies the pairs whose key `wanted` accepts; the writer has set general.architecture itself."""
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == gguf.Keys.General.ARCHITECTURE or not wanted(key):
            continue
        of = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), field.types[0], sub_type=of)


def add_type(writer, kind):
    """What most matrices are: OpenVINO GenAI refuses a file that does not say it."""
    names = {"F32": "ALL_F32", "Q4_K": "MOSTLY_Q4_K_M", "Q5_K": "MOSTLY_Q5_K_M"}
    writer.add_file_type(gguf.LlamaFileType[names.get(kind.name, "MOSTLY_" + kind.name)])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def requantize(source, out, kind):
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(out, reader.get_field(gguf.Keys.General.ARCHITECTURE).contents())
    copy_metadata(reader, writer, lambda key: key not in (gguf.Keys.General.FILE_TYPE, gguf.Keys.General.QUANTIZATION_VERSION))
    add_type(writer, kind)
    for tensor in reader.tensors:
        shape = [int(n) for n in reversed(tensor.shape)]
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(shape)
        if len(shape) < 2:
            writer.add_tensor(tensor.name, values.astype(numpy.float32))
            continue
        is_embedding = tensor.name in ("token_embd.weight", "output.weight")
        to = Type.Q8_0 if is_embedding and kind.name.startswith(("Q4", "Q5")) else kind
        writer.add_tensor(tensor.name, gguf.quants.quantize(values, to), raw_dtype=to)
    finish(writer)


def random_matrix(random, rows, columns, kind):
    """Bytes [rows, bytes of a row] of a matrix of random weights."""
    deviation = columns ** -0.5
    if kind in (Type.F16, Type.BF16, Type.F32):
        values = random.standard_normal((rows, columns), dtype=numpy.float32) * numpy.float32(deviation)
        return gguf.quants.quantize(values, kind)
    block, size = gguf.GGML_QUANT_SIZES[kind]
    raw = random.integers(0, 256, size=(rows * columns // block, size), dtype=numpy.uint8)

    def factors(blocks, d):
        for at, ratio in FACTORS[kind]:
            blocks[:, at:at + 2] = numpy.frombuffer(numpy.float16(d * ratio).tobytes(), numpy.uint8)

    sample = raw[:1000].copy()
    factors(sample, 1)
    factors(raw, deviation / float(gguf.quants.dequantize(sample, kind).std()))
    return raw.reshape(rows, -1)


def shape(source, out, kind, layers, width, heads, kv_heads, hidden, seed=1):
    reader = gguf.GGUFReader(source)
    random = numpy.random.default_rng(seed)
    head, vocab = width // heads, len(reader.get_field("tokenizer.ggml.tokens").data)
    writer = gguf.GGUFWriter(out, "llama")
    add_type(writer, kind)
    writer.add_name(f"random weights, {layers} layers of {width}")
    writer.add_block_count(layers)
    writer.add_context_length(8192)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(vocab)
    copy_metadata(reader, writer, lambda key: key.startswith("tokenizer."))
    matrices = {"attn_q": (width, width), "attn_k": (kv_heads * head, width), "attn_v": (kv_heads * head, width),
                "attn_output": (width, width), "ffn_gate": (hidden, width), "ffn_up": (hidden, width), "ffn_down": (width, hidden)}

    def add(name, rows, columns):
        writer.add_tensor(name + ".weight", random_matrix(random, rows, columns, kind), raw_dtype=kind)

    def add_norm(name):
        writer.add_tensor(name + ".weight", numpy.ones(width, numpy.float32))

    add("token_embd", vocab, width)
    add("output", vocab, width)
    add_norm("output_norm")
    for layer in range(layers):
        add_norm(f"blk.{layer}.attn_norm")
        add_norm(f"blk.{layer}.ffn_norm")
        for name, (rows, columns) in matrices.items():
            add(f"blk.{layer}.{name}", rows, columns)
    finish(writer)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=["requantize", "shape", "vocabulary"])
    options.add_argument("source", help="a GGUF file of a llama")
    options.add_argument("out")
    options.add_argument("--type", default="Q4_0", help="Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, F16, BF16, F32; shape: Q4_K, Q5_K, Q6_K too")
    options.add_argument("--shape", default="1b", choices=SHAPES)
    chosen = options.parse_args()
    kind = Type[chosen.type]
    unfinished = chosen.out + ".new"
    if chosen.what == "shape":
        shape(chosen.source, unfinished, kind, *SHAPES[chosen.shape])
    elif chosen.what == "vocabulary":
        with open(unfinished, "w") as file:
            json.dump(gguf.GGUFReader(chosen.source).get_field("tokenizer.ggml.tokens").contents(), file)
    else:
        requantize(chosen.source, unfinished, kind)
    os.replace(unfinished, chosen.out)


if __name__ == "__main__":
    main()
