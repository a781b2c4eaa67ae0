#!/usr/bin/env python3
"""Tokenizers beside PyPI's `tokenizers` and llama.cpp: MB/s of one thread from text to tokens.

    python3 benchmarks/tokenizer.py build/release/benchmarks/tokenizer vocab.gguf folder/tokenizer.json ... [--llama LLAMA_TOKENS] [--json out.json]

Texts are made here: English and code of this repository, Korean of a list of words, and the texts of the tokenizers' tests, which mix
scripts. The three run one after the other in each round, medians count. `tokenizers` gets the same vocabulary as a tokenizer.json (the
faster of encode and encode_batch_fast), and Weft reads that file, too. LLAMA_TOKENS is tests/scripts/llama_tokens.cpp, compiled. That all
give the same number of tokens is checked. Needs the Python packages gguf and tokenizers.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import gguf  # noqa: E402
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers  # noqa: E402

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
    out.add_tokens([AddedToken(token, normalized=False) for token, kind in zip(tokens, types) if kind == 4])
    return out


def time_tokenizers(tokenizer, text, rounds):
    seconds, count = {"encode": [], "fast": []}, 0
    for _ in range(rounds):
        begin = time.perf_counter()
        count = len(tokenizer.encode(text, add_special_tokens=False).ids)
        middle = time.perf_counter()
        tokenizer.encode_batch_fast([text], add_special_tokens=False)
        seconds["encode"].append(middle - begin)
        seconds["fast"].append(time.perf_counter() - middle)
    return min(statistics.median(times) for times in seconds.values()), count


def time_weft(program, path, files, rounds):
    command = [program, path, "-r", str(rounds), "--json"] + [f"--text={name}={file}" for name, file in files.items()]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {row["text"]: (statistics.median(row["samples_s"]), row["tokens"], row["load ms"]) for row in rows}


def time_llama(program, path, files, rounds):
    done = subprocess.run([program, path, "--time", str(rounds), *files.values()], capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    return {name: (statistics.median(answer["seconds"]), answer["tokens"]) for name, answer in zip(files, answers)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weft")
    parser.add_argument("vocabularies", nargs="+", type=pathlib.Path)
    parser.add_argument("--llama")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=2_000_000)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        contents, files = texts(arguments.bytes), {}
        for name, content in contents.items():
            files[name] = str(pathlib.Path(temporary) / f"{name}.txt")
            pathlib.Path(files[name]).write_text(content)
        for path in arguments.vocabularies:
            is_json = path.suffix == ".json"
            rival = Tokenizer.from_file(str(path)) if is_json else tokenizer_json(path)
            file = path if is_json else pathlib.Path(temporary) / "tokenizer.json"
            if not is_json:
                rival.save(str(file))
            ours = time_weft(arguments.weft, path, files, arguments.rounds)
            ours_json = ours if is_json else time_weft(arguments.weft, file, files, arguments.rounds)
            llama = time_llama(arguments.llama, path, files, arguments.rounds) if arguments.llama and not is_json else {}
            for name, content in contents.items():
                megabytes = len(content.encode()) / 1e6
                seconds, count = time_tokenizers(rival, content, max(2, arguments.rounds // 2))
                rows.append({"vocabulary": path.parent.name if is_json else path.stem, "text": name, "Weft": megabytes / ours[name][0], "Weft, tokenizer.json": megabytes / ours_json[name][0],
                             "tokenizers": megabytes / seconds, "llama.cpp": megabytes / llama[name][0] if llama else None, "load ms": ours[name][2]})
                counts = [ours[name][1], ours_json[name][1], count] + ([llama[name][1]] if llama else [])
                if len(set(counts)) > 1:
                    print(f"{path.parent.name}/{path.stem}, {name}: numbers of tokens differ: {counts}", flush=True)
    print("| vocabulary | text | Weft MB/s | from tokenizer.json | tokenizers | llama.cpp | x tokenizers | x llama.cpp | load ms |\n| --- | --- | --: | --: | --: | --: | --: | --: | --: |")
    for row in rows:
        peer = row["llama.cpp"]
        cells = [f"{row['Weft']:.1f}", f"{row['Weft, tokenizer.json']:.1f}", f"{row['tokenizers']:.2f}", f"{peer:.2f}" if peer else "", f"{row['Weft, tokenizer.json'] / row['tokenizers']:.1f}",
                 f"{row['Weft'] / peer:.1f}" if peer else "", f"{row['load ms']:.1f}"]
        print(f"| {row['vocabulary']} | {row['text']} | " + " | ".join(cells) + " |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
