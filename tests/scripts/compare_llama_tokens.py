#!/usr/bin/env python3
"""Compares vocabularies of GGUF files as this library reads them with llama.cpp, over random texts.

usage: compare_llama_tokens.py TOKENIZE_LINES LLAMA_TOKENS GPT2_GGUF HF_TOKENIZERS [--count N] [--seed S] [--only NAME,..] [--write FOLDER]

TOKENIZE_LINES and LLAMA_TOKENS are tests/scripts/tokenize_lines.cpp and llama_tokens.cpp, compiled. Every name of `tokenizer.ggml.pre`
is set on GPT2_GGUF (ggml-vocab-gpt-2.gguf of llama.cpp); small vocabularies of the other models are made of HF_TOKENIZERS (the folder
hf_tokenizers of the golden texts). --write makes the goldens in tests/data/vocabularies. Needs the Python packages gguf, tokenizers and
unicodedata2 15.0.0.
"""
import argparse
import itertools
import json
import pathlib
import random
import re
import subprocess
import tempfile

import gguf
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from fuzz_tokenizer_json import charsmap, text as random_text

PRES = """default minicpm5 llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano deepseek-llm deepseek-coder deepseek-v3
spark2_5 youtu falcon mpt starcoder gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert jais-2 gemma4
granite-embed-multi-311m sarvam-moe jina-v1-en jina-v2-code roberta-bpe whitespace refact command-r qwen2 deepseek-r1-qwen kormo f2llmv2 qwen35
stablelm2 olmo dbrx smaug-bpe poro-chat chatglm-bpe glm4 glm5 viking jais tekken smollm codeshell bloom gpt3-finnish exaone exaone4 exaone-moe
chameleon minerva-7b megrez gpt-4o llama4 kanana2 talkie granite-embed-multi-97m tiny_aya cohere2moe superbpe trillion granite-docling bailingmoe
bailingmoe2 llada-moe seed-coder hunyuan hunyuan-dense hy_v4 joyai-llm kimi-k2 ufakzeka grok-2 afmoe laguna minimax-m2 solar-open mellum2""".split()
NORMAL, UNKNOWN, CONTROL, USER, BYTE = 1, 2, 3, 4, 6

# What the expressions tell apart: numbers in threes, cases, contractions, runs of white space and of signs, scripts with marks.
TEXTS = ["Hello, world! It's 2026; we'LL pay 12345678.90 for 7 items.", "1 22 333 4444 55555 666666 7777777 ½ ²³ ①②③④ ١٢٣٤٥ 12a34", "CamelCaseWords HTTPServer iPhone XMLhttpRequest ABCdef abcDEF",
         "  two   three    four\tfive\t\tsix \t mixed\n\n\nlines\r\n  indented\n\t\ttabs \n", "x=f(a[i]+b)->c; // \"quoted\" 'single' `tick` <tag/> $5 ~10% #1 @home a_b_c",
         "'s 't 're 've 'm 'll 'd 'S 'T 'RE it's IT'S don't DON'T we'Ve ſ'ſ l'été", "naïve café Ångström e\u0301a\u0308 n\u0303\u0301 ﬁﬂ Ⅳ ªº µ", "中文字符，测试。日本語テスト、カタカナ・ひらがな 한국어 시험 ㄱㄴ ㄅㄆ",
         "हिन्दी में लिखें। বাংলা ไทยนี้ ភាសាខ្មែរ မြန်မာ ລາວ العربية، فارسی۔ עברית", "Привет, МИР! Ελληνικά ΣΊΣΥΦΟΣ Հայերեն ქართული", "👍🏽 👨‍👩‍👧 🇩🇪 ☃️ … — “quotes” ‘single’ «guillemets»", "\u00a0nbsp\u3000ideographic\u2003em\u200bzero\u2028line\u2029par\x85nel\x0bvt\x0cff",
         "<sentinel:12> IMGIMGABCDZ IMGIMGZ    four  two", "a" * 40 + " " * 20 + "!" * 20 + "\n" * 7 + "9" * 20, "https://example.org/path?x=1&y=2#z user@mail.com /usr/lib/ C:\\dir\\file.txt", "x <dna>ACGTACGGTTAACCNNNNNN acgtAcaaaaaa</dna> y<dna></dna> CCCCCC <dna>CAAAAAAC", "\ufeffbom \ufffd repl \u2581mark\u2581\u2581",
         "if (x == 10) {\n    return x * 2;\n}\n\n# comment: don't\ndef f(self, *args): pass  # 100%", "3.14159 1,000,000 2026-11-30 12:34:56 1e-9 0xFF v1.2.3 5% $99.99", " ", "", "\n", "  \n  ", "a", "I'm", "'", "''''", "ÀÉÎ àéî ßẞ ǅ ʰ ﾊﾝｶｸ ＦＵＬＬ",
         "a  12 b   3456\n  7 x1  22\t 333  (  4)\u00a0 55 \u1680\u2460"]
ATOMS = [*" \t\n\r'\"1234567890aBcDéÉßñ.,!?-_/@#$%&*()[]{}<>=+~`|\\;:^", "  ", "    ", "\n\n", "\r\n", "'s", "'S", "'ll", "'RE", "12", "345", "6789", "abc", "The", "HTTP", "中", "文", "한국", "か", "ア", "٣", "Ⅳ", "²", "\u00a0", "\u3000",
         "e\u0301", "😀", "👨\u200d👩", "\u0300", "ไทย", "\u094d", "\u200b", "\ufeff", "ǅ", "ʰ", "ª", "\u0085", "\u2028", "i\u0307", "İ", "\u212a", "ſ"]


def dense_text(rng):
    """Of few atoms, which stand side by side in every order that expressions tell apart."""
    atoms = rng.sample(ATOMS, rng.randint(2, 14)) if rng.random() < 0.7 else ATOMS
    return "".join(rng.choice(atoms) for _ in range(rng.randint(1, 40)))


class Gpt2:
    """The vocabulary of a GGUF file, to be written with another pre-tokeniser."""

    def __init__(self, path):
        fields = gguf.GGUFReader(path).fields
        texts = lambda key: [bytes(fields[key].parts[i]) for i in fields[key].data]  # noqa: E731
        self.tokens, self.merges = texts("tokenizer.ggml.tokens"), [merge.decode() for merge in texts("tokenizer.ggml.merges")]
        self.types = [int(fields["tokenizer.ggml.token_type"].parts[i][0]) for i in fields["tokenizer.ggml.token_type"].data]

    def write(self, target, pre):
        write_kind(target, "gpt2", self.tokens, types=self.types, merges=self.merges, pre=pre, ids=[("bos", 50256), ("eos", 50256)])


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_kind(target, model, tokens, scores=None, types=None, merges=None, ids=(), **options):
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_tokenizer_model(model)
    if "pre" in options:
        writer.add_tokenizer_pre(options.pop("pre"))
    writer.add_token_list(tokens)
    if scores:
        writer.add_token_scores(scores)
    writer.add_token_types(types or [NORMAL] * len(tokens))
    if merges:
        writer.add_token_merges(merges)
    for key, value in ids:
        writer.add_uint32(f"tokenizer.ggml.{key}_token_id", value)
    for key, value in options.items():
        key = f"tokenizer.ggml.{key.replace('__', '.')}"
        writer.add_bool(key, value) if isinstance(value, bool) else writer.add_precompiled_charsmap(value)
    finish(writer)


def trained_bpe(hf):
    """Characters and merges, learnt from the golden texts."""
    trainee = Tokenizer(models.BPE())
    trainee.pre_tokenizer = pre_tokenizers.Metaspace()
    texts = [json.loads(line)["text"] for line in (hf / "unigram_t5" / "cases.jsonl").read_text().split("\n") if '"text"' in line]
    trainee.train_from_iterator(texts + TEXTS, trainers.BpeTrainer(vocab_size=2500, min_frequency=2, limit_alphabet=900, show_progress=False))
    return json.loads(trainee.to_str())["model"]


def special_type(text):
    return UNKNOWN if text in ("<unk>", "[UNK]") else CONTROL if text in ("<s>", "</s>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "<|endoftext|>") else NORMAL


def make_kinds(folder, hf):
    """Small vocabularies of every model but gpt2 and llama; their names."""
    load = lambda kind: json.loads((hf / kind / "tokenizer.json").read_text())  # noqa: E731
    byte_tokens = [f"<0x{b:02X}>" for b in range(256)]
    for name, kind, options in (("bert", "wordpiece_uncased", {}), ("bert-cased", "wordpiece_cased", {"normalizer__lowercase": False})):
        vocab = sorted(load(kind)["model"]["vocab"].items(), key=lambda item: item[1])
        types = [special_type(text) for text, _ in vocab]
        tokens = [text if kind != NORMAL else text[2:] if text.startswith("##") else "\u2581" + text for (text, _), kind in zip(vocab, types)]
        tokens = [f"[unused{i}]" if tokens.index(t) != i else t for i, t in enumerate(tokens)]
        find = {text: i for text, i in vocab}
        ids = [("bos", find["[CLS]"]), ("seperator", find["[SEP]"]), ("unknown", find["[UNK]"]), ("padding", find["[PAD]"])]
        write_kind(folder / f"{name}.gguf", "bert", tokens, types=types, ids=ids, **options)
    pieces = load("unigram_t5")["model"]["vocab"]
    texts, scores = [p[0] for p in pieces], [float(p[1]) for p in pieces]
    types = [special_type(t) for t in texts]
    unknown = texts.index("<unk>")
    end = texts.index("</s>") if "</s>" in texts else unknown
    common = dict(ids=[("unknown", unknown), ("eos", end)], scores=scores, types=types)
    write_kind(folder / "t5.gguf", "t5", texts, **common, add_space_prefix=True, remove_extra_whitespaces=True)
    write_kind(folder / "t5-charsmap.gguf", "t5", texts, **common, add_space_prefix=True, remove_extra_whitespaces=False, precompiled_charsmap=charsmap())
    plain = [(t.replace("\u2581", " "), s) for t, s in zip(texts, scores) if special_type(t) == NORMAL]
    specials = ["<|plamo:unk|>", "<|plamo:bos|>", "<|plamo:eos|>", "<|plamo:pad|>"]
    write_kind(folder / "plamo2.gguf", "plamo2", specials + byte_tokens + [t for t, _ in plain], scores=[0.0] * 260 + [s for _, s in plain],
               types=[UNKNOWN, CONTROL, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * len(plain))
    bpe = trained_bpe(hf)
    # what letters merge into a control token is one there, and never here
    bpe["merges"] = [merge for merge in bpe["merges"] if special_type("".join(merge.split(" ") if isinstance(merge, str) else merge)) == NORMAL]
    tokens = ["<unk>", "<s>", "</s>"] + byte_tokens
    tokens += [t for t, _ in sorted(bpe["vocab"].items(), key=lambda item: item[1]) if t not in tokens]
    merges = [m if isinstance(m, str) else " ".join(m) for m in bpe["merges"]]
    types = [BYTE if t.startswith("<0x") else special_type(t) for t in tokens]
    write_kind(folder / "gemma4.gguf", "gemma4", tokens + ["\n" * 9, "<tool>"], types=types + [NORMAL, USER], merges=merges, ids=[("bos", tokens.index("<s>")), ("eos", tokens.index("</s>"))])
    write_kind(folder / "whitespace.gguf", "whitespace", tokens, types=types, merges=merges, pre="whitespace", ids=[("bos", 1), ("eos", 2)], normalizer__lowercase=True)
    small = load("bytelevel_gpt2")["model"]
    words = [t for t, _ in sorted(small["vocab"].items(), key=lambda item: item[1])] + ["<dna>", "</dna>", "<oov>"]
    words += ["".join(bases) + "\ue000" for bases in itertools.product("ACGT", repeat=6) if bases[0] in "AC" and bases[5] == "A"]
    write_kind(folder / "hybriddna.gguf", "hybriddna", words, merges=[m if isinstance(m, str) else " ".join(m) for m in small["merges"]], pre="gpt-2",
               types=[special_type(w) for w in words], ids=[("bos", 0), ("eos", 0)])
    escape = lambda raw: repr(bytes(raw))[2:-1]  # noqa: E731
    raw = [bytes([b]) for b in range(256)] + sorted({t.replace("\u2581", " ").encode() for t in tokens if len(t) > 1 and special_type(t) == NORMAL} | {b"\n\n", b"\\n", "中".encode(), "中文".encode()})
    write_kind(folder / "rwkv.gguf", "rwkv", ["<|begin|>"] + list(dict.fromkeys(escape(r) for r in raw)), types=[CONTROL] + [NORMAL] * len(dict.fromkeys(escape(r) for r in raw)))
    return sorted(path.stem for path in folder.glob("*.gguf"))


def run(program, path, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run([program, path], input=lines, capture_output=True, text=True)
    out = [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]
    if len(out) != len(texts):
        raise SystemExit(f"{program} {path}: {len(out)} answers to {len(texts)} texts; {done.stderr[-500:]}")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("ours", "llama", "gpt2", "hf"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", type=pathlib.Path)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    texts = TEXTS + [make(rng) for _ in range(arguments.count) for make in (random_text, dense_text)]
    only = [name for name in arguments.only.split(",") if name]
    differences, groups, gpt2 = 0, {}, Gpt2(arguments.gpt2)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.write or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        cases = [(name, folder / f"{name}.gguf") for name in make_kinds(folder, arguments.hf)] + [("pre:" + pre, None) for pre in PRES]
        for name, path in cases:
            if only and name not in only and name.removeprefix("pre:") not in only:
                continue
            if path is None:
                path = pathlib.Path(temporary) / "pre.gguf"
                gpt2.write(path, name.removeprefix("pre:"))
            # Where GPT-2's vocabulary does not spell spaces, llama.cpp stops at two of them.
            shown = [re.sub(r"\s+", "", text) for text in texts] if name == "pre:whitespace" else texts
            theirs, ours = run(arguments.llama, path, shown), run(arguments.ours, path, shown)
            wrong = [i for i in range(len(texts)) if "with_places" in ours[i] or ours[i]["ids"] != theirs[i]["ids"] or ours[i]["with_special"] != theirs[i]["with_special"]]
            for i in wrong[:2]:
                print(f"{name}: {json.dumps(shown[i])}\n  here  {ours[i]['ids'][:60]}\n  there {theirs[i]['ids'][:60]}")
            print(f"{name}: {len(wrong)} of {len(texts)} texts differ", flush=True)
            differences += len(wrong)
            golden = [{"text": text, **answer} for text, answer in zip(texts, theirs)]
            if name.startswith("pre:"):
                key = json.dumps({"ids": [answer["ids"] for answer in theirs], **({"texts": shown} if shown != texts else {})}, ensure_ascii=False)
                groups.setdefault(key, []).append(name.removeprefix("pre:"))
            elif arguments.write:
                path.with_suffix(".jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in golden))
    if arguments.write and not only:
        with open(arguments.write / "pretokenizers.jsonl", "w") as file:
            file.write(json.dumps({"texts": texts}, ensure_ascii=False) + "\n")
            for group, names in groups.items():
                file.write(json.dumps({"names": names, **json.loads(group)}, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{differences} differences")
    return differences > 0


if __name__ == "__main__":
    raise SystemExit(main())
