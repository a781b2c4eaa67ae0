"""Writes tests/data/metrics/ngrams.json: BLEU as sacrebleu computes it, self-BLEU, distinct-n and seq-rep-n by nltk, of random texts of ids.

    pip install sacrebleu nltk && python3 tests/scripts/make_metrics_goldens.py
"""
import json
import pathlib
import random

from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from nltk.util import ngrams
from sacrebleu.metrics import BLEU

SMOOTHING = {"none": {"smooth_method": "none"}, "floor": {"smooth_method": "floor", "smooth_value": 0.1},
             "add_k": {"smooth_method": "add-k", "smooth_value": 1}, "exponential": {"smooth_method": "exp"}}


def text_of(ids):
    return " ".join(map(str, ids))


def related(rng, text):
    """A text that has much in common with another."""
    made = [t if rng.random() < 0.8 else rng.randrange(30) for t in text if rng.random() < 0.95]
    return made[:rng.randrange(len(made) + 1)] if rng.random() < 0.2 else made


def bleu_case(rng, texts):
    """One corpus: texts with as many references each, and what sacrebleu makes of it."""
    hypotheses = [[rng.randrange(30) for _ in range(rng.choice([1, 3, 5, 12, 40]))] for _ in range(texts)]
    count = rng.randrange(1, 4)
    references = [[related(rng, h) or [7] for _ in range(count)] for h in hypotheses]
    streams = [[text_of(r[i]) for r in references] for i in range(count)]
    scores = []
    for name, options in SMOOTHING.items():
        for max_n in (2, 4):
            for effective in (False, True):
                metric = BLEU(tokenize="none", force=True, max_ngram_order=max_n, effective_order=effective, **options)
                score = metric.corpus_score([text_of(h) for h in hypotheses], streams).score / 100
                scores.append({"smoothing": name, "max_n": max_n, "effective_order": effective, "bleu": score})
    return {"texts": hypotheses, "references": references, "scores": scores}


def variety_case(rng):
    """Texts of one collection: self-BLEU (nltk's method 1), distinct-n, seq-rep-n."""
    vocabulary = rng.choice([3, 10, 100])
    base = [rng.randrange(vocabulary) for _ in range(30)]
    texts = [[t if rng.random() < 0.7 else rng.randrange(vocabulary) for t in base][:rng.randrange(6, 31)] for _ in range(rng.randrange(2, 6))]
    words = [list(map(str, t)) for t in texts]
    smooth = SmoothingFunction(epsilon=0.1).method1
    own = [sentence_bleu(words[:i] + words[i + 1:], words[i], smoothing_function=smooth) for i in range(len(words))]
    grams = {n: [list(ngrams(t, n)) for t in texts] for n in (1, 2, 3, 4)}
    return {"texts": texts, "self_bleu": sum(own) / len(own),
            "distinct": [len({g for t in grams[n] for g in t}) / sum(map(len, grams[n])) for n in (1, 2, 3)],
            "seq_rep_4": [1 - len(set(t)) / len(t) for t in grams[4]]}


def main():
    rng = random.Random(1)
    golden = {"bleu": [bleu_case(rng, rng.choice([1, 1, 4])) for _ in range(24)], "variety": [variety_case(rng) for _ in range(24)]}
    path = pathlib.Path(__file__).parents[1] / "data" / "metrics" / "ngrams.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
