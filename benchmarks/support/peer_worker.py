"""A peer that is a Python package, as a process: loads a model, then answers one JSON object a line.

    python peer_worker.py openvino|ctranslate2 MODEL THREADS SETTINGS

Says {"load": seconds} when ready. {"prompts": [[ids] ...], "tokens": n, "beams": k} is answered by
{"first": seconds to the first token, "rest": seconds of the other n - 1, "tokens": ids of the first sequence}.
"""
import json
import sys
import time


class OpenVino:
    def __init__(self, model, threads, settings):
        import openvino_genai
        self.package = openvino_genai
        self.begin = time.perf_counter()
        self.pipeline = openvino_genai.LLMPipeline(model, "CPU", INFERENCE_NUM_THREADS=threads, **settings)

    def generate(self, prompts, tokens, beams):
        import numpy
        import openvino
        config = self.package.GenerationConfig()
        config.max_new_tokens = config.min_new_tokens = tokens
        config.ignore_eos = True
        config.do_sample = False
        config.apply_chat_template = False
        if beams > 1:
            config.num_beams, config.num_return_sequences = beams, 1
            config.stop_criteria = self.package.StopCriteria.NEVER
        ids = numpy.array(prompts, numpy.int64)
        inputs = self.package.TokenizedInputs(openvino.Tensor(ids), openvino.Tensor(numpy.ones_like(ids)))
        result = self.pipeline.generate(inputs, config)
        stamps = list(result.perf_metrics.raw_metrics.m_new_token_times)
        return list(result.tokens[0]), stamps


class CTranslate2:
    def __init__(self, model, threads, settings):
        import ctranslate2
        self.begin = time.perf_counter()
        self.generator = ctranslate2.Generator(model, device="cpu", inter_threads=1, intra_threads=threads, **settings)

    def generate(self, prompts, tokens, beams):
        start = [[str(token) for token in prompt] for prompt in prompts]
        results = self.generator.generate_batch(start, max_length=tokens, min_length=tokens, beam_size=beams, sampling_topk=1,
                                                include_prompt_in_result=False)
        return [int(token) for token in results[0].sequences[0]], []


def answer(peer, prompts, tokens, beams):
    begin = time.perf_counter()
    ids, stamps = peer.generate(prompts, tokens, beams)
    first = all_of_it = time.perf_counter() - begin
    if len(ids) != tokens:
        raise RuntimeError(f"asked for {tokens} tokens, got {len(ids)}")
    if tokens > 1 and len(stamps) == tokens:  # the peer's own clock (microseconds): it knows when the first token was there
        rest = (stamps[-1] - stamps[0]) / 1e3
        first = all_of_it - rest
    elif tokens > 1:
        begin = time.perf_counter()
        # other ids of the same length, so that no cache of prompts helps
        peer.generate([[token + 1 for token in prompt] for prompt in prompts], 1, beams)
        first = time.perf_counter() - begin
        rest = all_of_it - first
    else:
        rest = 0
    return {"first": first, "rest": rest, "tokens": ids}


def main():
    name, model, threads, settings = sys.argv[1:]
    kind = {"openvino": OpenVino, "ctranslate2": CTranslate2}[name]
    peer = kind(model, int(threads), json.loads(settings))
    print(json.dumps({"load": time.perf_counter() - peer.begin}), flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        try:
            print(json.dumps(answer(peer, wish["prompts"], wish["tokens"], wish["beams"])), flush=True)
        except Exception as problem:  # the peer's refusal is an answer
            print(json.dumps({"problem": str(problem)}), flush=True)


if __name__ == "__main__":
    main()
