#!/usr/bin/env python3
"""Compares tokenizer.json files as this library reads them with the `tokenizers` library, over random texts of Unicode 15.0.

usage: fuzz_tokenizer_json.py TOKENIZE_LINES|--write JSONL [--count N] [--seed S] [--keep FOLDER] [--random TOKENIZERS] [TOKENIZER_JSON ...]

TOKENIZE_LINES is tests/scripts/tokenize_lines.cpp, compiled. Without files, small tokenizers of many combinations of components are
made; with --random so many of components and settings that dice choose (--write makes goldens of them: tests/data/components). Compared are ids, tokens, types, offsets, what was added
(special_tokens_mask), pairs, texts back, and texts without special tokens. Needs the Python packages tokenizers and unicodedata2 15.0.0.

Known: a merge that makes a special token on its way to another one is not gone through here for what a user wrote (`plain`); random
tokenizers have such merges. Added tokens that normalise to nothing, or two of them to the same text, are found otherwise. Some random tokenizers make the library itself panic: then another seed helps.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import unicodedata2
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders as D, models as M, normalizers as N, pre_tokenizers as P, processors as X

assert unicodedata2.unidata_version == "15.0.0"
ASSIGNED = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000 and unicodedata2.category(chr(c)) not in ("Cn", "Co")]
BMP = [c for c in ASSIGNED if ord(c) < 0x3000]
MARKS = [c for c in ASSIGNED if unicodedata2.category(c)[0] == "M"]
SPACES = list(" \t\n\r\x0b\x0c\x85\xa0\u1680\u2003\u2028\u202f\u3000\u200b\ufeff") + ["  ", "   "]
WORDS = ["the", "The", "fox", "<mask>", "WORD", "<|end|>", "don't", "123", "é", "e\u0301", "ﬁ", "İ", "Σς", "\u2581", "<s>", "</s>", "<unk>", "[CLS]",
         "[UNK]", "<0x41>", "a", "b", "ab", "abc", "ing", "low", "lower", "中文", "ひらカタ", "한글", "가", "👍🏽", "👨‍👩‍👧", "🇩🇪", ".", ",", "!", "``", "--", "½", "²",
         "İstanbul", "ß", "Ⅳ", "①", "ｶﾞ", "…", "\ufffd", "x1y2", "A-B_C"]


def text(rng):
    parts = []
    for _ in range(rng.randint(0, 14)):
        kind = rng.random()
        if kind < 0.4:
            parts.append(rng.choice(WORDS))
        elif kind < 0.55:
            parts.append(rng.choice(SPACES))
        elif kind < 0.65:
            parts.append(" ")
        elif kind < 0.75:
            parts.append(rng.choice(BMP))
        elif kind < 0.8:
            parts.append(rng.choice("aeo") + "".join(rng.choice(MARKS) for _ in range(rng.randint(1, 4))))
        else:
            parts.append("".join(rng.choice(ASSIGNED) for _ in range(rng.randint(1, 5))))
    return "".join(parts)


BYTES = ["<0x%02X>" % b for b in range(256)]
LETTERS = sorted(set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-_ \u2581éßΣσςİ中文ひらカタ한글가²½\n"))


def bpe(special=("<unk>", "<s>", "</s>"), merges=(("a", "b"), ("ab", "c"), ("t", "h"), ("th", "e"), ("\u2581", "the"), ("l", "o"), ("lo", "w"), ("e", "r"), ("i", "n"), ("in", "g"),
        ("\u2581", "\u2581"), ("o", "x"), ("f", "ox"), ("e", "\u0301")), bytes=False, letters=LETTERS + ["\u0301"], **options):
    vocab = list(special) + (BYTES if bytes else []) + list(letters) + [a + b for a, b in merges]
    return M.BPE({t: i for i, t in enumerate(dict.fromkeys(vocab))}, list(merges), **options)


def prefixed_bpe():
    letters = list("abcdelowrth")
    vocab = ["<unk>"] + letters + ["##" + c for c in letters] + [c + "</w>" for c in letters] + ["##" + c + "</w>" for c in letters]
    merges = [("l", "##o"), ("lo", "##w"), ("lo", "##w</w>"), ("t", "##h"), ("th", "##e</w>"), ("##e", "##r</w>"), ("low", "##er</w>")]
    for a, b in merges:
        vocab.append(a + b[2:])
    return M.BPE({t: i for i, t in enumerate(dict.fromkeys(vocab))}, merges, unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>")


def unigram(bytes=False, unk=0):
    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)] + ([(b, 0.0) for b in BYTES] if bytes else [])
    pieces += [(c, -5.0 - i * 0.01) for i, c in enumerate(LETTERS)]
    pieces += [("\u2581the", -2.5), ("the", -3.0), ("ing", -3.2), ("ab", -4.0), ("abc", -4.5), ("\u2581", -1.5), ("low", -6), ("lower", -7.5), ("中文", -8), ("fox", -3)]
    return M.Unigram(pieces, unk, bytes)


def wordpiece(**options):
    letters = [c for c in LETTERS if c not in " \n\u2581"]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "low", "##er", "##ing", "fox", "don", "##est", "İ", "i\u0307"] + letters + ["##" + c for c in letters]
    return M.WordPiece({t: i for i, t in enumerate(dict.fromkeys(vocab))}, unk_token="[UNK]", **options)


def byte_level(**options):
    alphabet = sorted(P.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "Ġ"), ("a", "b"), ("Ã", "©"), ("ä", "¸"), ("ä¸", "Ń"), ("f", "o"), ("fo", "x")]
    vocab = ["<unk>", "<s>", "</s>"] + alphabet + [a + b for a, b in merges]
    return M.BPE({t: i for i, t in enumerate(vocab)}, merges, **options)


def charsmap():
    """A tiny precompiled map: Ａ -> A, ﬁ -> fi, tab -> blank, zero width space -> nothing, é in two parts -> é."""
    entries = {"Ａ": "A", "ﬁ": "fi", "\t": " ", "\u200b": "", "e\u0301": "é", "①": "1", "…": "..."}
    import base64, struct
    texts, offsets = b"", {}
    for k, v in entries.items():
        offsets[k] = len(texts)
        texts += v.encode() + b"\0"
    trie = {}
    for k in entries:
        node = trie
        for b in k.encode():
            node = node.setdefault(b, {})
        node[0] = offsets[k]
    # Each node's children in a block of 256 units of its own: node's base is the block's number << 8.
    units = {}
    blocks = [0]
    def place(node, at):
        blocks[0] += 1
        base = blocks[0] << 8
        for b, child in node.items():
            if b == 0:
                units[base] = child | 1 << 31
                continue
            units[base ^ b] = (b, child)
            sub = place(child, base ^ b)
            offset = (base ^ b) ^ sub
            assert offset < 1 << 21
            units[base ^ b] = b | offset << 10 | (1 << 8 if 0 in child else 0)
        return base
    root = place(trie, 0)
    units[0] = root << 10
    size = (max(units) | 255) + 1
    blob = struct.pack("<%dI" % size, *[units.get(i, 0) for i in range(size)])
    return struct.pack("<I", len(blob)) + blob + texts


def combinations():
    meta = lambda scheme, split=True: P.Metaspace("\u2581", scheme, split)
    llama = D.Sequence([D.Replace("\u2581", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
    template = X.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 1), ("</s>", 2)])
    def make(model, norm=None, pre=None, post=None, dec=None):
        t = Tokenizer(model)
        if norm: t.normalizer = norm
        if pre: t.pre_tokenizer = pre
        if post: t.post_processor = post
        if dec: t.decoder = dec
        return t
    yield "bpe_plain", make(bpe(unk_token="<unk>"))
    yield "bpe_no_unk", make(bpe(), pre=P.Whitespace())
    yield "bpe_fuse", make(bpe(unk_token="<unk>", fuse_unk=True), norm=N.NFD(), pre=P.WhitespaceSplit(), post=template)
    yield "bpe_bytes", make(bpe(unk_token="<unk>", byte_fallback=True, bytes=True), norm=N.Sequence([N.Prepend("\u2581"), N.Replace(" ", "\u2581")]), dec=llama, post=template)
    yield "bpe_some_bytes", make(bpe(unk_token="<unk>", byte_fallback=True, special=["<unk>", "<s>", "</s>"] + BYTES[128:200]), pre=meta("first"), dec=llama)
    yield "bpe_ignore", make(bpe(unk_token="<unk>", ignore_merges=True, letters=LETTERS + ["\u0301", "don't", "中文", "lower"]), pre=P.Split(" ", "merged_with_next"), dec=D.Fuse())
    yield "bpe_affixes", make(prefixed_bpe(), norm=N.Lowercase(), pre=P.Whitespace(), dec=D.BPEDecoder("</w>"))
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        for invert in (False, True):
            yield f"split_{behavior}_{invert}", make(bpe(unk_token="<unk>"), pre=P.Split(Regex(r"[aeiou]|\s+|\p{Han}"), behavior, invert))
        yield f"split_text_{behavior}", make(bpe(unk_token="<unk>"), pre=P.Sequence([P.Split("ab", behavior), P.Punctuation(behavior)]))
    yield "scripts", make(bpe(unk_token="<unk>", fuse_unk=True), pre=P.Sequence([P.UnicodeScripts(), P.Digits(False)]))
    yield "delimiter", make(bpe(unk_token="<unk>", fuse_unk=True), pre=P.Sequence([P.CharDelimiterSplit("a"), P.Digits(True)]))
    yield "fixed", make(bpe(unk_token="<unk>"), pre=P.FixedLength(3))
    yield "byte_level", make(byte_level(), pre=P.ByteLevel(True, True), post=X.ByteLevel(True), dec=D.ByteLevel())
    yield "byte_level_lacking", make(bpe(), pre=P.Sequence([P.Digits(True), P.ByteLevel(False, True)]), post=X.ByteLevel(True), dec=D.ByteLevel())
    yield "byte_level_ignore", make(byte_level(ignore_merges=True), pre=P.ByteLevel(False, True), post=X.RobertaProcessing(("</s>", 2), ("<s>", 1), True, False), dec=D.ByteLevel())
    yield "byte_level_roberta", make(byte_level(unk_token="<unk>"), norm=N.NFKC(), pre=P.ByteLevel(True), post=X.RobertaProcessing(("</s>", 2), ("<s>", 1), True, True), dec=D.ByteLevel())
    yield "byte_level_first", make(byte_level(), pre=P.Sequence([P.ByteLevel(False, True, False), P.Split(Regex("Ġ+"), "merged_with_next")]), dec=D.ByteLevel())
    yield "byte_level_normalizer", make(byte_level(), norm=N.ByteLevel(), pre=P.Split(Regex("Ġ"), "merged_with_next"), dec=D.ByteLevel(), post=X.Sequence([X.ByteLevel(True), template]))
    yield "unigram", make(unigram(), norm=N.Sequence([N.Nmt(), N.NFKC(), N.Replace(Regex(" {2,}"), " ")]), pre=P.Sequence([P.WhitespaceSplit(), meta("always")]), dec=D.Metaspace(), post=template)
    yield "unigram_bytes", make(unigram(True), pre=meta("never", False), dec=D.Sequence([D.ByteFallback(), D.Metaspace("\u2581", "never")]))
    yield "unigram_first", make(unigram(), norm=N.Strip(True, False), pre=meta("first"), dec=D.Metaspace("\u2581", "first"))
    yield "unigram_charsmap", make(unigram(), norm=N.Sequence([N.Precompiled(charsmap()), N.Strip(False, True)]), pre=meta("always"), dec=D.Metaspace())
    for options in (dict(), dict(lowercase=False), dict(strip_accents=True, lowercase=False), dict(clean_text=False, handle_chinese_chars=False), dict(strip_accents=False)):
        name = "_".join(f"{k}{int(v)}" for k, v in options.items())
        yield "bert_" + name, make(wordpiece(), norm=N.BertNormalizer(**options), pre=P.BertPreTokenizer(), post=X.BertProcessing(("[SEP]", 3), ("[CLS]", 2)), dec=D.WordPiece())
    yield "wordpiece_short", make(wordpiece(max_input_chars_per_word=4), norm=N.Sequence([N.NFD(), N.StripAccents(), N.Lowercase()]), pre=P.Punctuation(), dec=D.WordPiece(cleanup=False))
    words = {w: i for i, w in enumerate(dict.fromkeys(["<unk>", "<s>", "</s>"] + [w for w in WORDS if " " not in w]))}
    yield "wordlevel", make(M.WordLevel(words, "<unk>"), norm=N.NFKD(), pre=P.Sequence([P.Whitespace(), P.Digits(True)]), dec=D.CTC("a", "b", True))
    yield "wordlevel_strip", make(M.WordLevel(words, "<unk>"), norm=N.Sequence([N.Strip(True, True), N.Lowercase()]), pre=P.WhitespaceSplit(),
                                  dec=D.Sequence([D.Replace(Regex("[aeiou]"), "_"), D.Strip("_", 1, 0), D.Fuse(), D.Replace("_t", "-")]))


def random_tokenizer(rng):
    """Components and settings by dice: what nobody would write must work as in the library, too."""
    flag = lambda: rng.random() < 0.5  # noqa: E731
    behavior = lambda: rng.choice(["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"])  # noqa: E731
    pattern = lambda: rng.choice(["a", " ", "ab", "\u2581", "the", Regex(r"\s+"), Regex(r"[aeiou]"), Regex(r"\p{L}+|\d"), Regex(r" ?[^\s\p{L}]+"), Regex(r"(?i:x|t)h?"), Regex(r"\w+\b"), Regex(r"^\s|\s$"), Regex("Ġ+"), Regex(r"(?<!\n)^"), Regex(r"(?<=\p{Ll})(?=\p{Lu})"), Regex(r"(?<=.)")])  # noqa: E731
    scheme = lambda: rng.choice(["always", "first", "never"])  # noqa: E731
    mark = lambda: rng.choice(["\u2581", "\u2581", "_", "é"])  # noqa: E731
    normalizer = lambda: rng.choice([N.NFC, N.NFD, N.NFKC, N.NFKD, N.Lowercase, N.StripAccents, N.Nmt, lambda: N.Strip(flag(), flag()), lambda: N.Replace(pattern(), rng.choice(["", " ", "ab", "\u2581", "é"])),  # noqa: E731
                                     lambda: N.BertNormalizer(flag(), flag(), rng.choice([None, True, False]), flag()), lambda: N.Prepend(rng.choice(["\u2581", "a ", "é"])),
                                     lambda: N.Precompiled(charsmap()), N.ByteLevel])()
    splitter = lambda: rng.choice([lambda: P.ByteLevel(flag(), flag(), flag()), lambda: P.Metaspace(mark(), scheme(), flag()), lambda: P.Split(pattern(), behavior(), flag()), lambda: P.Punctuation(behavior()),  # noqa: E731
                                   lambda: P.Digits(flag()), lambda: P.FixedLength(rng.randint(1, 7)), lambda: P.CharDelimiterSplit(rng.choice("a \u2581.")), P.UnicodeScripts, P.Whitespace, P.WhitespaceSplit,
                                   P.BertPreTokenizer])()
    template = lambda: X.TemplateProcessing(single=rng.choice(["<s> $A </s>", "$A </s>", "<s>:1 $A:3", "$A", "<s> <s> $A:1 </s>:2", "</s> $0"]),  # noqa: E731
                                            pair=rng.choice(["<s> $A </s> $B:1 </s>:1", "$B:2 </s> $A:1", "$A $B", "<s> $A:1 $B:1 </s>:4"]), special_tokens=[("<s>", 1), ("</s>", 2)])
    processor = lambda: rng.choice([lambda: X.ByteLevel(flag(), flag(), flag()), lambda: X.RobertaProcessing(("</s>", 2), ("<s>", 1), flag(), flag()), lambda: X.BertProcessing(("</s>", 2), ("<s>", 1)), template])()  # noqa: E731
    decoder = lambda: rng.choice([D.ByteLevel, D.Fuse, D.ByteFallback, lambda: D.Metaspace(mark(), scheme(), flag()), lambda: D.WordPiece(rng.choice(["##", "a"]), flag()), lambda: D.BPEDecoder(rng.choice(["</w>", "e"])),  # noqa: E731
                                  lambda: D.CTC(rng.choice(["a", "<unk>"]), rng.choice(["\u2581", "|", "b"]), flag()), lambda: D.Strip(rng.choice([" ", "\u2581", "a"]), rng.randint(0, 2), rng.randint(0, 2)),
                                  lambda: D.Replace(pattern(), rng.choice(["", " ", "x"]))])()
    words = {w: i for i, w in enumerate(dict.fromkeys(["<unk>", "<s>", "</s>"] + [w for w in WORDS if " " not in w] + LETTERS))}
    special = ["<unk>", "<s>", "</s>", "[UNK]"]
    unknown = lambda: rng.choice([None, "<unk>", "<unk>"])  # noqa: E731
    piece_letters = [c for c in LETTERS if c != " "]
    prefix = rng.choice(["##", "", "@"])
    pieces = {t: i for i, t in enumerate(dict.fromkeys(special + piece_letters + [prefix + c for c in piece_letters] + ["the", prefix + "er", prefix + "ing", "low", "don"]))}
    model = rng.choice([
        lambda: bpe(unk_token=unknown(), fuse_unk=flag(), ignore_merges=flag(), letters=LETTERS + ["\u0301", "don't", "lower", "中文"]),
        lambda: bpe(unk_token=unknown(), fuse_unk=flag(), byte_fallback=True, bytes=flag(), ignore_merges=flag()),
        prefixed_bpe, lambda: unigram(flag(), rng.choice([0, 0, None])), lambda: byte_level(ignore_merges=flag(), unk_token=unknown()),
        lambda: M.WordPiece(pieces, unk_token="[UNK]", continuing_subword_prefix=prefix, max_input_chars_per_word=rng.choice([3, 8, 100])), lambda: M.WordLevel(words, "<unk>")])()
    t = Tokenizer(model)
    for make, most, sequence, name in ((normalizer, 3, N.Sequence, "normalizer"), (splitter, 3, P.Sequence, "pre_tokenizer"), (processor, 2, X.Sequence, "post_processor"), (decoder, 3, D.Sequence, "decoder")):
        parts = [make() for _ in range(rng.randint(0, most))]
        if len(parts) == 1 or (parts and flag()):
            setattr(t, name, parts[0] if len(parts) == 1 else sequence(parts))
    t.add_special_tokens(["<s>", "</s>"])
    for content in rng.sample(["<mask>", "WORD", "fox", "İ", "the", "[SEP]", "é ", "ﬁ", "Low", "<|end|>"], rng.randint(0, 5)):
        token = AddedToken(content, single_word=flag(), lstrip=flag(), rstrip=flag(), normalized=flag())
        t.add_special_tokens([token]) if flag() else t.add_tokens([token])
    return t


def with_added(t):
    special = [w for w in ("<s>", "</s>", "[CLS]", "[SEP]") if t.token_to_id(w) is not None]
    t.add_special_tokens(special)
    t.add_tokens([AddedToken("<mask>", lstrip=True, normalized=False), AddedToken("WORD", single_word=True), AddedToken("fox", rstrip=True, normalized=True), AddedToken("İ", normalized=True)])
    t.add_special_tokens([AddedToken("<|end|>", normalized=False, rstrip=True, lstrip=True)])
    return t


def expected(t, s, special):
    try:
        e, p = t.encode(s), t.encode(s, "a pair")
    except BaseException as error:  # no unknown token, and where the library panics
        return dict(error=True) if isinstance(error, Exception) else {}
    out = dict(ids=e.ids, added=e.special_tokens_mask, tokens=e.tokens, types=e.type_ids, offsets=[list(o) for o in e.offsets], pair=[p.ids, p.type_ids])
    for key, skip in (("decoded", True), ("decoded_all", False)):
        try:
            out[key] = t.decode(e.ids, skip_special_tokens=skip)
        except BaseException:  # some decoders panic on no tokens
            out[key] = None
    t.encode_special_tokens = True
    try:
        plain = t.encode(s, add_special_tokens=False).ids
    except Exception:
        plain = special
    t.encode_special_tokens = False
    if not special.intersection(plain):  # ours never makes one, whatever its model could
        out["plain"] = plain
    return out


def write_goldens(path, tokenizers, count, rng):
    with open(path, "w") as out:
        for _ in range(tokenizers):
            t = Tokenizer.from_str(random_tokenizer(rng).to_str())
            special = {i for i, token in t.get_added_tokens_decoder().items() if token.special}
            cases = [dict(text=s, **expected(t, s, special)) for s in (text(rng) for _ in range(count))]
            cases = [case for case in cases if "ids" in case]
            if cases:
                out.write(json.dumps(dict(tokenizer=t.to_str(), cases=cases), ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("program", nargs="?"), ap.add_argument("files", nargs="*"), ap.add_argument("--write")
    ap.add_argument("--random", type=int, default=0)
    ap.add_argument("--count", type=int, default=2000), ap.add_argument("--seed", type=int, default=1), ap.add_argument("--keep")
    a = ap.parse_intermixed_args()
    rng = random.Random(a.seed)
    if a.write:
        return write_goldens(a.write, a.random, a.count, rng)
    folder = a.keep or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    files = a.files
    for i in range(a.random):
        files.append(os.path.join(folder, f"random-{a.seed}-{i}.json"))
        random_tokenizer(rng).save(files[-1])
    if not files:
        for name, t in combinations():
            files.append(os.path.join(folder, name + ".json"))
            with_added(t).save(files[-1])
    bad = 0
    for path in files:
        t = Tokenizer.from_file(path)
        special = {i for i, token in t.get_added_tokens_decoder().items() if token.special}
        texts = [text(rng) for _ in range(a.count)]
        run = subprocess.run([a.program, path], input="".join(json.dumps(s) + "\n" for s in texts), capture_output=True, text=True)
        if run.returncode:
            print(path, "FAILED:", run.stderr.strip())
            bad += 1
            continue
        differ = {}
        for s, line in zip(texts, run.stdout.split("\n")):
            ours, theirs = json.loads(line), expected(t, s, special)
            if "error" in theirs:  # it wants an unknown token even where it would not be used
                continue
            if "error" in ours and theirs:
                differ.setdefault("refused", []).append((s, ours["error"], theirs.get("ids")))
                continue
            for key, value in theirs.items():
                mine = ours.get(key, [])
                if value is not None and mine != value:
                    differ.setdefault(key, []).append((s, mine, value))
            if "streamed" in ours:
                differ.setdefault("streamed", []).append((s, ours["streamed"], ours["decoded"]))
        print(os.path.basename(os.path.dirname(path)), os.path.basename(path), len(texts), "texts:", {k: len(v) for k, v in differ.items()} or "equal", flush=True) if differ or not a.random else None
        for key, cases in differ.items():
            bad += 1
            s, mine, value = min(cases, key=lambda c: len(c[0]))
            print("   ", key, ascii(s), "\n      ours  ", ascii(mine)[:300], "\n      theirs", ascii(value)[:300])
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
