#!/usr/bin/env python3
"""Tokenizers beside PyPI's `tokenizers` and llama.cpp: MB/s of one thread from text to tokens.

    python3 benchmarks/tokenizer.py build/release/benchmarks/tokenizer vocab.gguf folder/tokenizer.json ... [--llama-build FOLDER] [--json out.json]
    python3 benchmarks/tokenizer.py build/release/benchmarks/tokenizer --hard [vocab.gguf ...]

Texts are made here: English and code of this repository, Korean of a list of words, and the texts of the tokenizers' tests, which mix
scripts. In each round the three run one after the other, medians count. `tokenizers` gets the same vocabulary as a tokenizer.json (the
faster of encode and encode_batch_fast), and Weft reads that file, too. --llama-build is a folder in which llama.cpp was built: with its
libraries tests/scripts/llama_tokens.cpp is compiled. That all give the same number of tokens is checked.

--hard: 1 and 2 MiB of one letter, of spaces, of Chinese, of accents and more for the tokenizers given and for every kind that the tests have;
names what takes more than a second or grows faster than its text, and then ends with 1. Freed memory is given back to the system before each
call: both sizes pay for their pages as in a new process, not the longer one alone.

The Python packages that are missing are put into a virtual environment in the user's cache folder.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

from support.llama_cpp import cached_environment, call, default_cache

os.environ["TOKENIZERS_PARALLELISM"] = "false"
try:
    import gguf
    import unicodedata2  # noqa: F401  (for the tokenizers that the tests make)
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
except ImportError:
    python = cached_environment(default_cache())
    if subprocess.run([python, "-c", "import gguf, tokenizers, unicodedata2"], capture_output=True).returncode != 0:
        call([python, "-m", "pip", "install", "-q", "gguf", "tokenizers", "unicodedata2==15.0.0"])
    os.execv(python, [str(python), *sys.argv])

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOUNS = """사람 나라 시간 학교 집 물 나무 바람 하늘 바다 산 강 길 마을 도시 친구 가족 아이 어머니 아버지 선생님 학생 책 이야기 말 글 노래 음악 그림 영화 사진 음식 밥 빵 과일 사과 커피 차 아침 점심
저녁 밤 오늘 내일 어제 봄 여름 가을 겨울 비 눈 햇빛 마음 생각 사랑 기억 꿈 희망 문제 방법 이유 결과 연구 과학 기술 컴퓨터 언어 모델 데이터 정보 시스템 회사 정부 경제 역사 문화 사회 세계 한국 서울
부산 대학교 병원 은행 시장 가게 거리 기차 버스 비행기 자동차 자전거""".split()
PARTICLES = "은 는 이 가 을 를 에 에서 으로 와 과 의 도 만 까지 부터 에게 처럼 보다 라고".split()
VERBS = "가 오 보 먹 마시 읽 쓰 듣 말하 생각하 사랑하 공부하 일하 만들 만나 살 알 모르 찾 배우 가르치 주 받 사 팔 열 닫 시작하 끝나 기다리".split()
ENDINGS = ["다.", "습니다.", "었다.", "고", "면", "지만", "는데", "려고", "면서", "기 때문에", "는 것은", "지 않았다.", "어야 한다."]
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
PATTERNS = {
    "gpt-2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "llama-bpe": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen2": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}


def korean(size, rng):
    words, count = [], 0
    while count < size:
        kind = rng.random()
        if kind < 0.65:
            word = rng.choice(NOUNS) + rng.choice(PARTICLES)
        elif kind < 0.92:
            word = rng.choice(VERBS) + rng.choice(ENDINGS)
        else:  # a name
            word = "".join(chr(rng.randrange(0xAC00, 0xD7A4)) for _ in range(rng.randint(2, 3))) + rng.choice(PARTICLES)
        words.append(word)
        count += len(word.encode()) + 1
    return " ".join(words)


def texts(size):
    read = lambda files: "".join(path.read_text() for path in sorted(files))  # noqa: E731
    english = "".join((ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))
    code = read(path for path in (ROOT / "include").rglob("*.?pp") if "tables" not in path.name)
    mixed = "\n".join(json.loads(line)["text"] for line in (ROOT / "tests/data/golden_text/tokenizers/gpt-2.jsonl").read_text().split("\n") if line)
    fill = lambda text: (text * (size // len(text.encode()) + 1)).encode()[:size].decode(errors="ignore")  # noqa: E731
    return {"English": fill(english), "code": fill(code), "Korean": korean(size, random.Random(1)), "mixed": fill(mixed)}


def tokenizer_json(path):
    """The vocabulary of a GGUF file as a tokenizer of the library."""
    fields = gguf.GGUFReader(path).fields
    text = lambda key: bytes(fields[key].parts[-1]).decode() if key in fields else ""  # noqa: E731
    strings = lambda key: [bytes(fields[key].parts[i]).decode() for i in fields[key].data]  # noqa: E731
    numbers = lambda key: [fields[key].parts[i][0] for i in fields[key].data]  # noqa: E731
    tokens, types = strings("tokenizer.ggml.tokens"), numbers("tokenizer.ggml.token_type")
    vocab = {token: i for i, token in enumerate(tokens)}
    if text("tokenizer.ggml.model") == "llama":
        scores = numbers("tokenizer.ggml.scores")
        merges = []
        for token, score, kind in zip(tokens, scores, types):
            if kind == 1:
                merges += [(-score, token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in vocab and token[i:] in vocab]
        merges.sort(key=lambda merge: merge[0])
        out = Tokenizer(models.BPE(vocab, [(a, b) for _, a, b in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        out.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    else:
        pre = text("tokenizer.ggml.pre")
        merges = [tuple(merge.split(" ")) for merge in strings("tokenizer.ggml.merges")]
        out = Tokenizer(models.BPE(vocab, merges, ignore_merges=pre == "llama-bpe"))
        steps = [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        if pre == "smollm":
            steps = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        else:
            steps.insert(0, pre_tokenizers.Split(Regex(PATTERNS[pre]), "isolated"))
        out.pre_tokenizer = pre_tokenizers.Sequence(steps)
        out.decoder = decoders.ByteLevel()
    swallows = "phi-3" in text("general.name").lower()  # llama.cpp knows by the name that these take the white space behind them
    out.add_tokens([AddedToken(token, normalized=False, rstrip=swallows) for token, kind in zip(tokens, types) if kind == 4])
    return out


def time_tokenizers(tokenizer, text):
    """Seconds of both ways, and the number of tokens."""
    begin = time.perf_counter()
    count = len(tokenizer.encode(text, add_special_tokens=False).ids)
    middle = time.perf_counter()
    tokenizer.encode_batch_fast([text], add_special_tokens=False)
    return {"tokenizers": middle - begin, "tokenizers, fast": time.perf_counter() - middle}, count


def run_weft(program, paths, *options):
    return json.loads(call([program, *paths, "--json", *options]))


def time_llama(program, path, files):
    return [json.loads(line) for line in call([program, path, "--time", "3", *files]).split("\n") if line]


def build_llama_tokens(build, folder):
    """tests/scripts/llama_tokens.cpp with the libraries of a build of llama.cpp."""
    cache = dict(line.split("=", 1) for line in (build / "CMakeCache.txt").read_text().split("\n") if "=" in line and not line.startswith(("#", "/")))
    value = lambda name: next((text for key, text in cache.items() if key.split(":")[0] == name), "")  # noqa: E731
    source, program = pathlib.Path(value("CMAKE_HOME_DIRECTORY")), folder / "llama_tokens"
    libraries = []
    for name in ("llama", "ggml", "ggml-cpu", "ggml-base"):
        found = sorted(path for end in ("a", "so") for path in build.rglob(f"lib{name}.{end}"))
        if not found:
            raise SystemExit(f"{build}: there is no lib{name}; expected a folder in which llama.cpp was built")
        libraries += [found[0], f"-Wl,-rpath,{found[0].parent}"]
    openmp = [path for key, path in cache.items() if key.startswith("OpenMP_") and "_LIBRARY:" in key and os.path.exists(path)]
    call([value("CMAKE_CXX_COMPILER") or "c++", "-std=c++17", "-O2", f"-I{source / 'include'}", f"-I{source / 'ggml/include'}", f"-I{source / 'vendor'}",
          ROOT / "tests/scripts/llama_tokens.cpp", "-o", program, *libraries, "-lpthread", "-ldl", "-lm", *openmp])
    return program


def compare(arguments, llama, path, contents, files, temporary):
    """The rows of one vocabulary."""
    is_json = path.suffix == ".json"
    rival = Tokenizer.from_file(str(path)) if is_json else tokenizer_json(path)
    file = path if is_json else temporary / "tokenizer.json"
    if not is_json:
        rival.save(str(file))
    texts_of = [f"--text={name}={text}" for name, text in files.items()]
    seconds = {name: {} for name in contents}  # of each text and engine, all samples
    counts = {name: {} for name in contents}
    loads = []

    def note(name, engine, samples, count):
        seconds[name].setdefault(engine, []).extend(samples)
        counts[name][engine] = count

    for _ in range(arguments.rounds):
        for engine, vocabulary in [("Weft", path), ("Weft, tokenizer.json", file)]:
            for row in run_weft(arguments.weft, [vocabulary], "-r", "3", *texts_of):
                note(row["text"], engine, row["samples_s"], row["tokens"])
                loads += [row["load ms"]] if engine == "Weft" else []
        if llama and not is_json:
            for name, answer in zip(files, time_llama(llama, path, files.values())):
                note(name, "llama.cpp", answer["seconds"], answer["tokens"])
        for name, content in contents.items():
            times, count = time_tokenizers(rival, content)
            for engine, sample in times.items():
                note(name, engine, [sample], count)
    rows = []
    for name, content in contents.items():
        if len(set(counts[name].values())) > 1:
            print(f"{path.parent.name}/{path.stem}, {name}: numbers of tokens differ: {counts[name]}", flush=True)
        speed = {engine: len(content.encode()) / 1e6 / statistics.median(samples) for engine, samples in seconds[name].items()}
        rows.append({"vocabulary": path.parent.name if is_json else path.stem, "text": name, "Weft": speed["Weft"], "Weft, tokenizer.json": speed["Weft, tokenizer.json"],
                     "tokenizers": max(speed["tokenizers"], speed["tokenizers, fast"]), "llama.cpp": speed.get("llama.cpp"), "load ms": statistics.median(loads)})
    return rows


def kinds_of_tokenizers(folder):
    """The files of tokenizers of all kinds that the tests have, and those that the fuzz of tokenizer.json makes."""
    data = ROOT / "tests/data"
    files = sorted(data.glob("golden_text/hf_tokenizers/*/tokenizer.json")) + [path for end in ("gguf", "model", "tiktoken") for kind in ("vocabularies", "sentencepiece") for path in sorted((data / kind).glob(f"*.{end}"))]
    sys.path.insert(0, str(ROOT / "tests/scripts"))
    from fuzz_tokenizer_json import combinations, with_added
    for name, tokenizer in combinations():
        files.append(folder / f"{name}.json")
        with_added(tokenizer).save(str(files[-1]))
    return files


def hard(arguments, temporary):
    slow = []
    for path in [*arguments.vocabularies, *kinds_of_tokenizers(temporary)]:
        rows = run_weft(arguments.weft, [path], "--hard", "-r", str(arguments.rounds))
        name = path.parent.name if path.name == "tokenizer.json" else path.name
        worst, steepest = max(rows, key=lambda row: row["s"]), max(rows, key=lambda row: row["time(2n)/time(n)"])
        print(f"| {name} | {worst['1 MiB of']} | {worst['s']:.3f} | {steepest['1 MiB of']} | {steepest['time(2n)/time(n)']:.2f} |", flush=True)
        slow += [(name, row) for row in rows if row["s"] > 1 or row["time(2n)/time(n)"] > 2.3]
    for name, row in slow:
        print(f"over the bar: {name}, {row['1 MiB of']}: {row['s']:.3f} s, time(2n)/time(n) = {row['time(2n)/time(n)']:.2f}")
    return bool(slow)


def table_row(row):
    peer = row["llama.cpp"]
    cells = [f"{row['Weft']:.1f}", f"{row['Weft, tokenizer.json']:.1f}", f"{row['tokenizers']:.2f}", f"{peer:.2f}" if peer else "", f"{row['Weft, tokenizer.json'] / row['tokenizers']:.1f}",
             f"{row['Weft'] / peer:.1f}" if peer else "", f"{row['load ms']:.1f}"]
    return f"| {row['vocabulary']} | {row['text']} | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weft", help="build/release/benchmarks/tokenizer")
    parser.add_argument("vocabularies", nargs="*", type=pathlib.Path, help="GGUF files and tokenizer.json files")
    parser.add_argument("--llama-build", type=pathlib.Path, help="a folder in which llama.cpp was built")
    parser.add_argument("--hard", action="store_true", help="texts that are slow elsewhere, for every kind of tokenizer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=2_000_000)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_intermixed_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        temporary = pathlib.Path(folder)
        if arguments.hard:
            print("| tokenizer | slowest 1 MiB | s | steepest | time(2n)/time(n) |\n| --- | --- | --: | --- | --: |", flush=True)
            sys.exit(hard(arguments, temporary))
        contents, files = texts(arguments.bytes), {}
        for name, content in contents.items():
            files[name] = temporary / f"{name}.txt"
            files[name].write_text(content)
        llama = build_llama_tokens(arguments.llama_build, temporary) if arguments.llama_build else None
        print("| vocabulary | text | Weft MB/s | from tokenizer.json | tokenizers | llama.cpp | x tokenizers | x llama.cpp | load ms |\n| --- | --- | --: | --: | --: | --: | --: | --: | --: |", flush=True)
        for path in arguments.vocabularies:
            of_path = compare(arguments, llama, path, contents, files, temporary)
            print("\n".join(map(table_row, of_path)), flush=True)
            rows += of_path
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
