#!/usr/bin/env python3
"""Golden data for steps that tests/data/goldens/decoding lacks: processors of transformers 5, and what vLLM defines.

    pip install torch transformers==5.24.0
    python make_step_goldens.py tests/data/steps

processors.json has the format of decoding/processors.json. watermarks.json: green lists and detections of KGW, scores,
bits and masks of SynthID. Exact binomial tails are computed here with integers.
"""
import json, math, os, random, sys, warnings
from fractions import Fraction
os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore")
import torch
import transformers as tf
from transformers.generation import logits_process as lp
from transformers.generation.watermarking import WatermarkDetector
tf.logging.set_verbosity_error()
torch.set_num_threads(1)
NEG = -1e30


def rows(t):
    return [round(x, 6) if x > -1e29 else NEG for x in t.double().clamp(min=NEG).tolist()]


def make_inputs(rnd, g, vocab):
    inputs = []
    for std, n in ((1.0, 1), (3.0, 5), (0.3, 12), (6.0, 30), (2.0, 60)):
        inputs.append(dict(ids=[rnd.randrange(vocab // 3) for _ in range(n)],
                           logits=[round(x, 6) for x in (std * torch.randn(vocab, generator=g)).tolist()]))
    return inputs


def penalties_of_vllm(scores, output_ids, frequency, presence):
    """vllm/model_executor/layers/utils.py, apply_penalties: counts over the output tokens alone."""
    counts = torch.zeros_like(scores)
    for i in output_ids:
        counts[i] += 1
    return scores - frequency * counts - presence * (counts > 0)


def processors():
    rnd, g, vocab, cases = random.Random(7), torch.Generator().manual_seed(7), 72, []
    inputs = make_inputs(rnd, g, vocab)
    source = [rnd.randrange(vocab // 3) for _ in range(20)]
    for i, x in enumerate(inputs):
        ids, scores = torch.tensor([x["ids"]]), torch.tensor([x["logits"]])
        n = len(x["ids"])
        encoder = source + x["ids"][-2:] + [3]  # so that the n-gram at the end has a continuation
        def case(step, processor, **params):
            cases.append(dict(step=step, params=params, input=i, output=rows(processor(ids, scores.clone())[0])))
        for h in (0.05, 0.4, 0.9, 0.97):  # at 1 the last token hangs on the rounding of a float32 sum
            case("top_h", lp.TopHLogitsWarper(h), top_h=h)
        for penalty in (0.7, 1.5):
            case("encoder_repetition_penalty", lp.EncoderRepetitionPenaltyLogitsProcessor(penalty, torch.tensor([source])),
                 penalty=penalty, encoder_input_ids=source)
        for size in (1, 2, 3):
            case("encoder_no_repeat_ngram", lp.EncoderNoRepeatNGramLogitsProcessor(size, torch.tensor([encoder])),
                 encoder_ngram_size=size, encoder_input_ids=encoder)
        case("forced_bos", lp.ForcedBOSTokenLogitsProcessor(9), bos_token_id=9, prompt_length=1)
        for begin in (5, 12):
            case("begin_suppress_tokens", lp.SuppressTokensAtBeginLogitsProcessor([0, 4, 71], begin),
                 begin_suppress_tokens=[0, 4, 71], begin_index=begin) if n >= begin else None
        for length in (5, 6, 31):
            case("min_length", lp.MinLengthLogitsProcessor(length, [2, 8]), min_length=length, eos_token_id=[2, 8])
        for allowed in ([7], [1, 30, 70, 12]):
            case("prefix_allowed_tokens", lp.PrefixConstrainedLogitsProcessor(lambda b, t: allowed, 1), allowed=allowed)
        case("forced_eos", lp.ForcedEOSTokenLogitsProcessor(31, [2, 8]), max_length=31, eos_token_id=[2, 8])
        case("exponential_decay_length", lp.ExponentialDecayLengthPenalty((3, 1.05), [2, 8], 4),
             exponential_decay_length_penalty=[3, 1.05], eos_token_id=[2, 8], input_ids_seq_length=4)
        for prompt in (0, 4):
            if prompt > n:
                continue
            for value in (0.4, -1.5):
                for name, f, p in (("frequency_penalty", value, 0), ("presence_penalty", 0, value)):
                    y = penalties_of_vllm(scores[0], x["ids"][prompt:], f, p)
                    cases.append(dict(step=name, params=dict(penalty=value, prompt_length=prompt), input=i, output=rows(y)))
    return dict(vocab=vocab, neg_inf=NEG, inputs=inputs, cases=cases)


def tail(n, k, p):
    """P(X >= k), X binomial(n, p), by whole numbers."""
    p = Fraction(p)
    a, b = p.numerator, p.denominator
    return float(Fraction(sum(math.comb(n, i) * a**i * (b - a)**(n - i) for i in range(k, n + 1)), b**n))


class Model:
    """What WatermarkDetector reads of a model's configuration."""
    is_encoder_decoder, bos_token_id = False, -1
    def __init__(self, vocab):
        self.vocab_size = vocab


def kgw():
    rnd, out = random.Random(3), []
    for scheme, width, ratio, key, vocab in (("lefthash", 1, 0.25, 15485863, 300), ("lefthash", 1, 0.5, 2147483647, 1000),
                                             ("selfhash", 4, 0.25, 15485863, 200), ("selfhash", 2, 0.5, 1234567, 333)):
        config = dict(greenlist_ratio=ratio, bias=2.5, hashing_key=key, seeding_scheme=scheme, context_width=width)
        p = lp.WatermarkLogitsProcessor(vocab_size=vocab, device="cpu", **config)
        g = torch.Generator().manual_seed(5)
        marks = []
        for _ in range(2):
            ids = [rnd.randrange(vocab) for _ in range(6)]
            logits = [round(v, 4) for v in torch.randn(vocab, generator=g).tolist()]
            y = p(torch.tensor([ids]), torch.tensor([logits]))[0]
            marks.append(dict(ids=ids, logits=logits, raised=[i for i, v in enumerate(y.tolist()) if v - logits[i] > 1]))
        detections = []
        for green_share in (0, 1):
            text = [rnd.randrange(vocab) for _ in range(width)]
            while len(text) < 60:  # a marked text takes the first green one of some random tokens
                choices = [rnd.randrange(vocab) for _ in range(1 + 6 * green_share)]
                seeds = lambda c: torch.tensor(text + [c] if scheme == "selfhash" else text)
                green = [c for c in choices if c in p._get_greenlist_ids(seeds(c))]
                text.append((green or choices)[0])
            text += text[-8:]  # a repeat
            for repeats in (False, True):
                d = WatermarkDetector(Model(vocab), "cpu", config, ignore_repeated_ngrams=not repeats)(torch.tensor([text]), return_dict=True)
                n, k = int(d.num_tokens_scored[0]), int(d.num_green_tokens[0])
                detections.append(dict(text=text, count_repeats=repeats, scored=n, marked=k, z_score=float(d.z_score[0]), p_value=tail(n, k, ratio)))
        out.append(dict(config, vocab=vocab, marks=marks, detections=detections))
    return out


def synthid():
    rnd, out = random.Random(4), []
    for ngram, keys, size, seed, history, skip in ((5, [654, 400, 836, 123, 340, 443, 597, 160, 57, 29], 65536, 0, 1024, False),
                                                   (3, [1 << 40, -7, 91, 5], 1000, 12, 3, True)):
        vocab = 40
        make = lambda: lp.SynthIDTextWatermarkLogitsProcessor(ngram_len=ngram, keys=keys, sampling_table_size=size, sampling_table_seed=seed,
                                                              context_history_size=history, device="cpu", skip_first_ngram_calls=skip)
        p, g, steps = make(), torch.Generator().manual_seed(9), []
        prompt, ids = [5, 6, 7], []
        for t in range(14):
            logits = [round(v, 4) for v in (2 * torch.randn(vocab, generator=g)).tolist()]
            y = p(torch.tensor([prompt + ids]), torch.tensor([logits]))[0]
            steps.append(dict(logits=logits, output=rows(y)))
            # repeats make contexts that occurred before
            ids.append([1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 9][t] if skip else rnd.randrange(3))
        text = [rnd.randrange(20) for _ in range(30)] + [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]
        q = make()
        bits = q.compute_g_values(torch.tensor([text]))[0]
        mask = q.compute_context_repetition_mask(torch.tensor([text]))[0]
        n, k = int(mask.sum()) * len(keys), int((bits * mask[:, None]).sum())
        share = q.sampling_table.double().mean().item()
        out.append(dict(ngram_len=ngram, keys=keys, sampling_table_size=size, sampling_table_seed=seed, context_history_size=history,
                        skip_first_ngram_calls=skip, prompt=prompt, ids=ids, steps=steps,
                        detection=dict(text=text, scored=n, marked=k, expected=share, p_value=tail(n, k, share))))
    return out


if __name__ == "__main__":
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name, value in (("processors", processors()), ("watermarks", dict(neg_inf=NEG, kgw=kgw(), synthid=synthid()))):
        with open(os.path.join(folder, name + ".json"), "w") as f:
            json.dump(value, f, separators=(",", ":"))
            f.write("\n")
