"""Weft's side of a comparison: the benchmarks and the example of a release build, one process a measurement."""
import json
import pathlib
import subprocess
import time

from .llama_cpp import call

TARGETS = ["benchmark-decode", "benchmark-limits", "example-generate"]


def build(root, jobs):
    """The build folder, with what the comparison needs built in it. Raises RuntimeError."""
    folder = root / "build" / "release"
    subprocess.run(["cmake", "--preset", "release"], cwd=root, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder, "--parallel", str(jobs), "--target", *TARGETS], check=True, stdout=subprocess.DEVNULL)
    return folder


class Weft:
    def __init__(self, folder, kv):
        self.folder, self.kv = pathlib.Path(folder), kv

    def limits(self, threads):
        return json.loads(call([self.folder / "benchmarks" / "limits", "-t", threads, "-o", "json"]))[0]

    def start(self, model, threads):
        return _Run(self, model, threads)


class _Run:
    def __init__(self, weft, model, threads):
        self.weft, self.model, self.threads = weft, str(model), threads

    def bench(self, prompt=0, tokens=0, depth=0, batch=1):
        output = call([self.weft.folder / "benchmarks" / "decode", "-m", self.model, "-t", self.threads, "-p", prompt, "-n", tokens, "-d", depth,
                       "-b", batch, "-r", 1, "--kv", self.weft.kv, "-o", "json"])
        return json.loads(output)[0]["median_ts"]

    def generate(self, *arguments):
        return call([self.weft.folder / "examples" / "generate", "-m", self.model, "--threads", self.threads, "--kv", self.weft.kv, *arguments])

    def prefill(self, length, _seed):
        return self.bench(prompt=length)

    def decode(self, depth, tokens, _seed):
        return self.bench(tokens=tokens, depth=depth)

    def batch(self, width, tokens, _seed):
        return self.bench(tokens=tokens, batch=width)

    def beam(self, text, width, tokens):
        output = self.generate("-p", text, "--beams", width, "-n", tokens, "--ignore-end", "--early-stopping", "never", "--json")
        return json.loads(output.splitlines()[-1])["decode_tps"]

    def complete(self, text_file, tokens):
        return self.generate("-f", text_file, "-n", tokens, "--ignore-end", "-q")

    def first_token(self, text_file, _ids):
        begin = time.perf_counter()
        self.complete(text_file, 1)
        return time.perf_counter() - begin
