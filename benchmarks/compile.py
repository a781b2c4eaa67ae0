#!/usr/bin/env python3
"""What it costs to compile a program that uses Weft: seconds (user + system) and peak memory of the compiler.

    python3 benchmarks/compile.py [--cxx g++] [-I DIR]... [--json] [program.cpp]

Compiles only, one run each, for -O0 and -O2, header-only and with weft::compiled (WEFT_COMPILED: the headers declare
what the library holds). -I names the folders of Eigen and nlohmann json where they are not in the compiler's path.
"""
import argparse
import json
import os
import pathlib
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent
hello = """#include <weft/weft.hpp>
#include <cstdio>
int main(int argc, char** argv) {
  weft::Model model(argc > 1 ? argv[1] : "smollm2.gguf");
  auto story = weft::stream(model, "Once upon a time", weft::top_k(40) | weft::temperature(0.8f) | weft::draw(), {.max_tokens = 64});
  for (const weft::Piece& piece : story) std::printf("%.*s", int(piece.text.size()), piece.text.data());
}
"""


def measure(command):
    """User and system seconds, and megabytes of the largest process, of one compiler run."""
    process = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    # The driver waits for the compiler, so its usage includes that of the compiler; macOS counts bytes, Linux kilobytes.
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cxx", default=os.environ.get("CXX", "c++"))
    options.add_argument("-I", dest="include", action="append", default=[])
    options.add_argument("--json", action="store_true")
    options.add_argument("program", nargs="?", help="default: the hello world of the README")
    chosen = options.parse_args()

    include = [f"-I{root / 'include'}", *(f for d in [*chosen.include, "/usr/include/eigen3"] for f in ("-isystem", d))]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        program = chosen.program or os.path.join(folder, "hello.cpp")
        if not chosen.program:
            pathlib.Path(program).write_text(hello)
        for level in ("-O0", "-O2"):
            for name, flags in (("header-only", []), ("weft::compiled", ["-DWEFT_COMPILED"])):
                command = [chosen.cxx, "-std=c++20", level, *flags, *include, "-c", program, "-o", os.path.join(folder, "o")]
                seconds, megabytes = measure(command)
                rows.append({"use": name, "level": level, "seconds": round(seconds, 1), "MB": round(megabytes)})
    if chosen.json:
        print(json.dumps(rows))
        return
    print(f"| {chosen.cxx} | level | seconds | MB |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row['use']} | {row['level']} | {row['seconds']} | {row['MB']} |")


main()
