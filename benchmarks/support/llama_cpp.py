"""llama.cpp as a peer: fetched from PyPI (the tree that llama-cpp-python ships), built for this machine, and run by its own tools."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

VERSION = "0.3.36"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
TOOLS = ["llama-bench", "llama-batched-bench", "llama-completion"]
OPTIONS = ["CMAKE_BUILD_TYPE=Release", "GGML_NATIVE=ON", "BUILD_SHARED_LIBS=OFF", "LLAMA_CURL=OFF", "LLAMA_OPENSSL=OFF", "LLAMA_BUILD_TOOLS=ON",
           "LLAMA_BUILD_COMMON=ON", "LLAMA_BUILD_SERVER=OFF", "LLAMA_BUILD_TESTS=OFF", "LLAMA_BUILD_EXAMPLES=OFF", "LLAMA_BUILD_UI=OFF"]


def fetch_and_build(cache, python, jobs):
    """The folder of the tools; fetches and builds what is missing. Raises RuntimeError."""
    bins = cache / f"llama.cpp-{VERSION}" / "build" / "bin"
    if all((bins / tool).exists() for tool in TOOLS):
        return bins
    name = f"llama_cpp_python-{VERSION}"
    archive = cache / (name + ".tar.gz")
    if not archive.exists():
        print(f"fetching llama-cpp-python {VERSION} ...", file=sys.stderr)
        call([python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", cache, f"llama-cpp-python=={VERSION}"])
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise RuntimeError(f"{archive} is not what llama-cpp-python {VERSION} was; delete it")
    if not (cache / name).exists():
        with tarfile.open(archive) as tar:
            tar.extractall(cache, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(cache)
    build = bins.parent
    print("building llama.cpp (some minutes) ...", file=sys.stderr)
    # What g++ 12 makes of its AMX kernels crashes; clang's build is at least as fast everywhere else.
    compilers = ["CMAKE_C_COMPILER=clang", "CMAKE_CXX_COMPILER=clang++"] if shutil.which("clang++") else []
    call(["cmake", "-S", cache / name / "vendor" / "llama.cpp", "-B", build, *("-D" + option for option in [*OPTIONS, *compilers])])
    call(["cmake", "--build", build, "--parallel", str(jobs), "--target", *TOOLS])
    return bins


def call(command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(str(word) for word in command)}\n{(result.stdout + result.stderr)[-2000:]}")
    return result.stdout


class LlamaCpp:
    """One method a kind of work; each takes the settings to try and returns the row's value."""
    name = "llama.cpp"

    def __init__(self, bins):
        self.bins = pathlib.Path(bins)

    @staticmethod
    def candidates(work):
        """Settings among which the best is used."""
        if work == "first_token":
            return [[], ["--no-repack"]]
        if work == "batch16":
            return [["-fa", "on"], ["-fa", "off"]]
        if work == "depth7900":
            return [["-fa", "1"], ["-fa", "0"], ["-fa", "1", "-ctk", "q8_0", "-ctv", "q8_0"]]
        if work == "prefill4096":
            return [["-fa", "1"], ["-fa", "0"], ["-fa", "1", "-ub", "2048"]]
        return [["-fa", "1"], ["-fa", "0"]]

    def start(self, model, threads, settings):
        return _Run(self.bins, str(model), str(threads), settings)


class _Run:
    def __init__(self, bins, model, threads, settings):
        self.bins, self.model, self.threads, self.settings = bins, model, threads, settings

    def close(self):
        pass

    def bench(self, prompt=0, tokens=0, depth=0):
        output = call([self.bins / "llama-bench", "-m", self.model, "-t", self.threads, "-p", prompt, "-n", tokens, "-d", depth, "-r", 1,
                       "-o", "json", *self.settings])
        return json.loads(output)[0]["avg_ts"]

    def prefill(self, length, _seed):
        return self.bench(prompt=length)

    def decode(self, depth, tokens, _seed):
        return self.bench(tokens=tokens, depth=depth)

    def batch(self, width, tokens, _seed):
        output = call([self.bins / "llama-batched-bench", "-m", self.model, "-t", self.threads, "-c", width * (tokens + 8), "-npp", 1,
                       "-ntg", tokens, "-npl", width, "--output-format", "jsonl", *self.settings])
        return json.loads(next(line for line in output.splitlines() if line.startswith("{")))["speed_tg"]

    def complete(self, text_file, tokens):
        """The text that goes on from that of a file, greedily."""
        return call([self.bins / "llama-completion", "-m", self.model, "-t", self.threads, "-f", text_file, "-n", tokens, "--temp", 0, "-no-cnv",
                     "--no-warmup", "--no-display-prompt", "--simple-io", "--ignore-eos", *self.settings])

    def first_token(self, text_file, _ids):
        begin = time.perf_counter()
        self.complete(text_file, 1)
        return time.perf_counter() - begin


def cached_environment(cache):
    """The Python of a virtual environment under `cache`, made if there is none."""
    python = cache / "venv" / "bin" / "python"
    if not python.exists():
        call([sys.executable, "-m", "venv", cache / "venv"])
    return python


def default_cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "weft" / "peers"
