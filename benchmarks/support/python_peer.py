"""Peers that are Python packages: each run is a process of the virtual environment (peer_worker.py) that keeps its model loaded."""
import json
import pathlib
import random
import subprocess

WORKER = pathlib.Path(__file__).with_name("peer_worker.py")


class PythonPeer:
    def __init__(self, name, python, settings):
        self.name, self.python, self.settings = name, python, settings

    def candidates(self, _work):
        """Settings among which the best is used."""
        return self.settings

    def start(self, model, threads, settings):
        return _Run(self, str(model), threads, settings)


class _Run:
    def __init__(self, peer, model, threads, settings):
        self.peer, self.model, self.threads, self.settings = peer, model, threads, settings
        self.load, self.process = 0, None

    def ask(self, prompts, tokens, beams=1):
        if not self.process:
            command = [self.peer.python, WORKER, self.peer.name, self.model, str(self.threads), json.dumps(self.settings)]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.load = self.answer()["load"]
        self.process.stdin.write(json.dumps({"prompts": prompts, "tokens": tokens, "beams": beams}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self):
        while line := self.process.stdout.readline():
            if line.startswith("{"):  # a package may print what it likes
                answer = json.loads(line)
                if "problem" in answer:
                    raise RuntimeError(f"{self.peer.name}: {answer['problem']}")
                return answer
        problem = self.process.communicate()[1].strip().splitlines()
        raise RuntimeError(f"{self.peer.name} ended: {problem[-1] if problem else 'no message'}")

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process = None

    def prefill(self, length, seed):
        return length / self.ask([ids(length, seed)], 1)["first"]

    def decode(self, depth, tokens, seed):
        return (tokens - 1) / self.ask([ids(max(depth, 2), seed)], tokens)["rest"]

    def batch(self, width, tokens, seed):
        return width * (tokens - 1) / self.ask([ids(2, seed + i) for i in range(width)], tokens)["rest"]

    def beam(self, prompt, width, tokens):
        return (tokens - 1) / self.ask([prompt], tokens, width)["rest"]

    def complete(self, prompt, tokens):
        return self.ask([prompt], tokens)["tokens"]

    def first_token(self, _text_file, prompt):
        self.close()  # a fresh process; the time that Python and the package take to start is not counted
        first = self.ask([prompt], 1)["first"]
        return self.load + first


def ids(count, seed):
    """Random tokens, below the size of any vocabulary and above the control tokens."""
    generator = random.Random(seed)
    return [generator.randrange(300, 30000) for _ in range(count)]
