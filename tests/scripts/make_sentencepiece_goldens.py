#!/usr/bin/env python3
"""Trains small models of SentencePiece and a small rank file of tiktoken, and writes what the two libraries make of texts.

usage: make_sentencepiece_goldens.py OUT [--count N] [--seed S] [--large]
       make_sentencepiece_goldens.py OUT --check TOKENIZE_LINES     (compares, over texts that are not in the goldens)

OUT is tests/data/sentencepiece. Needs the Python packages sentencepiece and tiktoken. --large trains with the library's own maps of
characters, whose tables are too large to be kept.
"""
import argparse
import base64
import io
import json
import os
import pathlib
import random
import subprocess
import tempfile

import sentencepiece
import tiktoken

WORDS = """the of and a to in is it that was for on are with as his they at be this from have or by one had not but what all were when we there
can an your which their said if do will each about how up out them then she many some so these would other into has more her two like him see
time could no make than first been its who now people my made over did down only way find use may water long little very after words called just
where most know get through back much before go good new write our used me man too any day same right look think also around another came come
work three word must because does part even place well such here take why things help put years different away again off went old number
don't it's we'll I've he's 2026 1999 3.14 42 7,000 hello world token tokenizer encode decode language model""".split()
OTHERS = ["中文", "字符", "测试", "日本語", "カタカナ", "한국어", "시험", "привет", "мир", "Ελλάδα", "हिन्दी", "café", "naïve", "Ångström", "ﬁne", "ＦＵＬＬ", "①", "½", "👍🏽", "…", "“q”", "e\u0301",
          "\u200b", "\u00a0", "\t", "\n", "<s>", "</s>", "<unk>", "<sep>", "<0x41>", "\u2581", "x_y", "a.b(c)", "{}", "!!", "--", "🇩🇪", "ſ", "İ"]
RULES = {"ﬁ": "fi", "Ａ": "A", "Ｆ": "F", "Ｕ": "U", "Ｌ": "L", "\t": " ", "\n": " ", "\u00a0": " ", "\u200b": "", "e\u0301": "é", "①": "1", "…": "..."}
PATTERN = r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"""
MODELS = {
    "bpe-llama": dict(model_type="bpe", byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True),
    "bpe-gemma": dict(model_type="bpe", byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=False,
                      user_defined_symbols=["<sep>", "\u2581\u2581"]),
    "bpe-rules": dict(model_type="bpe", normalization="rules"),
    "unigram-rules": dict(model_type="unigram", normalization="rules"),
    "unigram-bytes": dict(model_type="unigram", byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False),
}
LARGE = {"unigram-nfkc": dict(model_type="unigram", normalization_rule_name="nmt_nfkc"), "bpe-nfkc-cf": dict(model_type="bpe", normalization_rule_name="nfkc_cf")}


def sentence(rng):
    parts = []
    for _ in range(rng.randint(0, 12)):
        kind = rng.random()
        parts.append(rng.choice(WORDS) if kind < 0.6 else rng.choice(OTHERS) if kind < 0.9 else chr(rng.choice([rng.randint(33, 126), rng.randint(0xA1, 0x2FF), rng.randint(0x4E00, 0x4E80)])))
        parts.append(rng.choice([" ", " ", " ", "", "  "]))
    return "".join(parts)


def train(name, options, out, corpus):
    options = dict(options)
    if options.pop("normalization", None):
        pathlib.Path("rules.tsv").write_text("".join(" ".join(f"{ord(c):X}" for c in key) + "\t" + " ".join(f"{ord(c):X}" for c in value) + "\n" for key, value in RULES.items()))
        options["normalization_rule_tsv"] = "rules.tsv"  # the file remembers this name
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(corpus), model_writer=model, vocab_size=700, character_coverage=0.995, minloglevel=2,
                                             hard_vocab_limit=False, **options)
    (out / f"{name}.model").write_bytes(model.getvalue())


def train_ranks(texts, size=700):
    """Byte pairs, the most frequent first: ranks as tiktoken reads them."""
    words = [[bytes([b]) for b in (" " + word).encode()] for word in texts]
    ranks = {bytes([b]): b for b in range(256)}
    while len(ranks) < size:
        counts = {}
        for word in words:
            for pair in zip(word, word[1:]):
                counts[pair] = counts.get(pair, 0) + 1
        best = max(counts, key=lambda pair: (counts[pair], pair))
        ranks.setdefault(best[0] + best[1], len(ranks))
        for word in words:
            i = 0
            while i + 1 < len(word):
                if (word[i], word[i + 1]) == best:
                    word[i:i + 2] = [best[0] + best[1]]
                i += 1
    return ranks


def expected(path, texts):
    if path.suffix == ".tiktoken":
        ranks = {base64.b64decode(line.split()[0]): int(line.split()[1]) for line in path.read_text().splitlines()}
        encoding = tiktoken.Encoding("x", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={"<s>": len(ranks)})
        return [encoding.encode_ordinary(text) for text in texts]
    return sentencepiece.SentencePieceProcessor(model_file=str(path)).encode(texts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--check")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(arguments.seed)
    if not arguments.check:
        corpus = [sentence(rng).replace("\n", " ") for _ in range(4000)]
        with tempfile.TemporaryDirectory() as temporary:
            out, here = arguments.out.resolve(), os.getcwd()
            os.chdir(temporary)
            for name, options in {**MODELS, **(LARGE if arguments.large else {})}.items():
                train(name, options, out, corpus)
            os.chdir(here)
        ranks = train_ranks([rng.choice(WORDS + OTHERS) for _ in range(3000)])
        (arguments.out / "ranks.tiktoken").write_text("".join(f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in sorted(ranks.items(), key=lambda item: item[1])))
    texts = ["", " ", "  ", "a", " a", "a ", "\u2581", "  two  spaces  ", "<sep>x<sep>", "\n"] + [sentence(rng) for _ in range(arguments.count)]
    differences = 0
    for path in sorted(arguments.out.glob("*.model")) + sorted(arguments.out.glob("*.tiktoken")):
        ids = expected(path, texts)
        if not arguments.check:
            path.with_suffix(".jsonl").write_text("".join(json.dumps({"text": text, "ids": i}, ensure_ascii=False) + "\n" for text, i in zip(texts, ids)))
            continue
        lines = "".join(json.dumps(text) + "\n" for text in texts)
        done = subprocess.run([arguments.check, path], input=lines, capture_output=True, text=True)
        ours = [json.loads(line) for line in done.stdout.split("\n") if line]
        if len(ours) != len(texts):
            raise SystemExit(f"{path}: {len(ours)} answers to {len(texts)} texts; {done.stderr[-500:]}")
        wrong = [i for i in range(len(texts)) if ours[i]["ids"] != ids[i] or "with_places" in ours[i]]
        for i in wrong[:3]:
            print(f"{path.name}: {json.dumps(texts[i])}\n  here  {ours[i]['ids'][:60]}\n  there {ids[i][:60]}")
        print(f"{path.name}: {len(wrong)} of {len(texts)} texts differ", flush=True)
        differences += len(wrong)
    return differences > 0


if __name__ == "__main__":
    raise SystemExit(main())
