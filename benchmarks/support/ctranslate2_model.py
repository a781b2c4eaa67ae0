"""Writes a llama from a GGUF file in CTranslate2's format, through the classes that the package has for it.

    python ctranslate2_model.py SOURCE.gguf FOLDER int8

The tokens of its vocabulary are the ids as decimal numbers: prompts and results are ids. GGUF files of llamas hold queries and
keys with the pairs of a rotation side by side, which CTranslate2 calls interleaved, so the rows stay as they are.
"""
import sys

import gguf
from ctranslate2.converters import utils
from ctranslate2.converters.converter import Converter
from ctranslate2.specs import common_spec, transformer_spec


class GgufConverter(Converter):
    def __init__(self, path):
        self.reader = gguf.GGUFReader(path)
        self.tensors = {tensor.name: tensor for tensor in self.reader.tensors}

    def number(self, key):
        return self.reader.get_field("llama." + key).contents()

    def values(self, name):
        tensor = self.tensors[name + ".weight"]
        shape = [int(n) for n in reversed(tensor.shape)]
        return gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(shape).astype("float32")

    def linear(self, *names):
        """A linear layer of one matrix, or of several one above the other."""
        parts = []
        for name in names:
            part = common_spec.LinearSpec()
            part.weight = self.values(name)
            parts.append(part)
        if len(parts) == 1:
            return parts[0]
        whole = common_spec.LinearSpec()
        utils.fuse_linear(whole, parts)
        return whole

    def _load(self):
        spec = transformer_spec.TransformerDecoderModelSpec.from_config(
            self.number("block_count"), self.number("attention.head_count"), pre_norm=True, ffn_glu=True, rms_norm=True,
            activation=common_spec.Activation.SWISH, rotary_dim=0, rotary_interleave=True, rotary_base=self.number("rope.freq_base"),
            num_heads_kv=self.number("attention.head_count_kv"))
        decoder = spec.decoder
        decoder.scale_embeddings = False
        decoder.embeddings.weight = self.values("token_embd")
        decoder.layer_norm.gamma = self.values("output_norm")
        decoder.projection.weight = self.values("output" if "output.weight" in self.tensors else "token_embd")
        for i, layer in enumerate(decoder.layer):
            block = f"blk.{i}."
            layer.self_attention.layer_norm.gamma = self.values(block + "attn_norm")
            layer.self_attention.linear[0] = self.linear(block + "attn_q", block + "attn_k", block + "attn_v")
            layer.self_attention.linear[1] = self.linear(block + "attn_output")
            layer.ffn.layer_norm.gamma = self.values(block + "ffn_norm")
            layer.ffn.linear_0 = self.linear(block + "ffn_gate")
            layer.ffn.linear_0_noact = self.linear(block + "ffn_up")
            layer.ffn.linear_1 = self.linear(block + "ffn_down")
        vocab = decoder.embeddings.weight.shape[0]
        spec.register_vocabulary([str(token) for token in range(vocab)])
        spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = "0"
        spec.config.layer_norm_epsilon = self.number("attention.layer_norm_rms_epsilon")
        return spec


if __name__ == "__main__":
    source, folder, quantization = sys.argv[1:]
    GgufConverter(source).convert(folder, quantization=None if quantization == "float32" else quantization, force=True)
