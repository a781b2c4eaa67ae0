"""Prints the hashes that tests/core/xxh64_test.cpp compares with. Needs xxhash from PyPI: python3 make_xxh64_goldens.py"""
import xxhash

text = bytes((i * 131 + 7) % 256 for i in range(300))
for seed in (0, 0x9E3779B185EBCA87):
    for size in (0, 1, 3, 4, 7, 8, 12, 31, 32, 33, 63, 64, 100, 299, 300):
        print(f"    {{{seed}u, {size}, 0x{xxhash.xxh64(text[:size], seed=seed).hexdigest()}}},")
