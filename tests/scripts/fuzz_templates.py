#!/usr/bin/env python3
"""Compares templates as this library renders them with jinja2 (set up as Hugging Face sets it up), on random expressions and statements.

usage: fuzz_templates.py RENDER_LINES [--count N] [--seed S]

RENDER_LINES is tests/scripts/render_lines.cpp, compiled. Needs the Python package jinja2. Counted apart: what we refuse by design (integers
beyond 64 bits, budgets, parts of Jinja that are left out), and what shows an address or the order of a set.
"""
import argparse
import collections
import copy
import json
import random
import resource
import signal
import subprocess
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from make_template_goldens import environment, row
from template_cases import VARIABLES

BY_DESIGN = ("64 bits", "the limit is", "not supported", "is left out", "too large", "too long")
TEXTS = ["", "a", "abc", " Hi ", "x,y,,z", "A b-c d", "Größe", "ŉ", "<b>&\\\"'", "12", "-3.5", "{}", "%s|%d", "ab\\nab", "ß", "\\t tab", "0x1F", "1_000", "ΑΣ", "漢字"]
FILTERS = {
    "abs": [], "attr": ["text"], "batch": ["small", "any"], "capitalize": [], "center": ["small"], "count": [], "default": ["any", "flag"], "d": ["any"], "dictsort": ["flag", "by", "flag"],
    "escape": [], "e": [], "filesizeformat": ["flag"], "first": [], "float": ["any"], "forceescape": [], "format": ["any", "any"], "groupby": ["key"], "indent": ["small", "flag", "flag"],
    "int": ["any", "small"], "items": [], "join": ["text", "key"], "last": [], "length": [], "list": [], "lower": [], "map": ["filter"], "max": ["flag", "key"], "min": ["flag", "key"],
    "reject": ["test"], "rejectattr": ["key", "test"], "replace": ["text", "text", "small"], "reverse": [], "round": ["small", "method"], "safe": [], "select": ["test"], "selectattr": ["key", "test"],
    "slice": ["small", "any"], "sort": ["flag", "flag", "key"], "string": [], "striptags": [], "sum": ["key"], "title": [], "trim": ["text"], "truncate": ["small", "flag", "text", "small"],
    "unique": ["flag", "key"], "upper": [], "urlencode": [], "wordcount": [], "tojson": ["indent"],
}
TESTS = {"boolean": 0, "callable": 0, "defined": 0, "divisibleby": 1, "eq": 1, "equalto": 1, "even": 0, "false": 0, "filter": 0, "float": 0, "ge": 1, "gt": 1, "greaterthan": 1, "in": 1, "integer": 0,
         "iterable": 0, "le": 1, "lessthan": 1, "lower": 0, "lt": 1, "mapping": 0, "ne": 1, "none": 0, "number": 0, "odd": 0, "sameas": 1, "sequence": 0, "string": 0, "test": 0, "true": 0, "undefined": 0,
         "upper": 0, "escaped": 0}
METHODS = {
    "capitalize": [], "casefold": [], "center": ["small", "char"], "count": ["text", "int", "int"], "endswith": ["text", "int"], "expandtabs": ["small"], "find": ["text", "int", "int"], "format": ["any", "any"],
    "index": ["text"], "isalnum": [], "isalpha": [], "isascii": [], "isdecimal": [], "isdigit": [], "isidentifier": [], "islower": [], "isnumeric": [], "isprintable": [], "isspace": [], "istitle": [],
    "isupper": [], "join": ["list"], "ljust": ["small", "char"], "lower": [], "lstrip": ["text"], "partition": ["text"], "removeprefix": ["text"], "removesuffix": ["text"], "replace": ["text", "text", "int"],
    "rfind": ["text", "int"], "rindex": ["text"], "rjust": ["small"], "rpartition": ["text"], "rsplit": ["text", "int"], "rstrip": ["text"], "split": ["text", "int"], "splitlines": ["flag"],
    "startswith": ["text"], "strip": ["text"], "swapcase": [], "title": [], "upper": [], "zfill": ["small"], "get": ["text", "any"], "items": [], "keys": [], "values": [], "copy": [], "append": ["any"], "pop": [],
    "is_integer": [], "update": ["any"],
}
BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]


warnings.simplefilter("ignore")  # Python compiles what jinja2 makes of 1[0]


class Maker:
    def __init__(self, rng, env):
        self.rng, self.env = rng, env
        self.names = list(VARIABLES) + ["missing"]

    def text(self):
        return "'" + self.rng.choice(TEXTS).replace("'", "\\'") + "'"

    def integer(self):
        return str(self.rng.choice([0, 1, 2, 3, 5, -1, -2, -3, 7, 10]))

    def atom(self):
        kind = self.rng.random()
        if kind < 0.45:
            return self.rng.choice(self.names)
        if kind < 0.65:
            return self.text()
        if kind < 0.8:
            return self.integer()
        return self.rng.choice(["true", "false", "none", "1.5", "0.1", "2.0", "1e20", "-0.0", "[]", "{}", "()", "[1, 2, 3]", "['b', 'A', 'c']", "(1, 'x')", "{'a': 1, 'b': [2]}", "range(4)", "1e-7", "12345678.9", "dict(a=1)", "namespace(a=1)", "joiner()"])

    def argument(self, kind, depth):
        rng = self.rng
        if kind == "text" or rng.random() < 0.06 and kind in ("key", "small", "char"):
            return self.text()
        if kind in ("int",):
            return self.integer()
        if kind == "small":
            return rng.choice(["0", "1", "2", "3", "5", "9", "16", "-1", "20"])
        if kind == "char":
            return rng.choice(["'*'", "' '", "'é'", "''", "'ab'"])
        if kind == "flag":
            return rng.choice(["true", "false"])
        if kind == "by":
            return rng.choice(["'key'", "'value'", "'x'"])
        if kind == "method":
            return rng.choice(["'common'", "'ceil'", "'floor'", "'x'"])
        if kind == "key":
            return rng.choice(["'role'", "'age'", "'name'", "'v'", "0", "'missing'", "'content'", "'city'"])
        if kind == "indent":
            return rng.choice(["indent=2", "indent=0", "separators=(',', ':')", "sort_keys=true", "ensure_ascii=true", "indent='-'", "indent=none"])
        if kind == "filter":
            return rng.choice(["'upper'", "'length'", "'int'", "attribute='name'", "attribute='missing', default='-'", "'string'", "'first'", "'trim'", "'default', 'x'", "'nope'", "attribute='v'"])
        if kind == "test":
            name = rng.choice(list(TESTS))
            return ", ".join([f"'{name}'"] + [self.atom() for _ in range(TESTS[name])])
        if kind == "list":
            return self.expression(depth - 1)
        return self.atom()

    def arguments(self, kinds, depth):
        count = self.rng.randint(0, len(kinds))
        return ", ".join(self.argument(kind, depth) for kind in kinds[:count])

    def expression(self, depth):
        rng = self.rng
        if depth <= 0:
            return self.atom()
        kind = rng.random()
        sub = lambda: self.expression(depth - 1 - rng.randint(0, 1))  # noqa: E731
        if kind < 0.1:
            return self.atom()
        if kind < 0.32:
            name = rng.choice(list(FILTERS))
            arguments = self.arguments(FILTERS[name], depth)
            return f"{sub()}|{name}" + (f"({arguments})" if arguments or rng.random() < 0.1 else "")
        if kind < 0.42:
            name = rng.choice(list(TESTS))
            argument = f"({sub()})" if TESTS[name] else ""
            return f"({sub()} is {rng.choice(['', 'not '])}{name}{argument})"
        if kind < 0.6:
            name = rng.choice(list(METHODS))
            receiver = sub() if rng.random() < 0.4 else rng.choice([self.text(), "text", "uni", "dd", "nums", "lines", "mixed"])
            return f"({receiver}).{name}({self.arguments(METHODS[name], depth)})"
        if kind < 0.76:
            operator = rng.choice(BINARY)
            if operator == "**":  # jinja2 would count for hours
                return f"({self.atom()} ** {self.integer()})"
            return f"({sub()} {operator} {sub()})"
        if kind < 0.84:
            part = lambda: rng.choice(["", self.integer()])  # noqa: E731
            receiver = rng.choice(self.names) if rng.random() < 0.8 else self.text()  # of a constant number jinja2 takes an undefined slice
            return f"({receiver})[" + rng.choice([self.integer(), self.text(), f"{part()}:{part()}", f"{part()}:{part()}:{part()}"]) + "]"
        if kind < 0.89:
            return f"({sub()} if {sub()} else {sub()})" if rng.random() < 0.8 else f"({sub()} if {sub()})"
        if kind < 0.92:
            return rng.choice(["not ", "-", "+"]) + self.atom()
        if kind < 0.95:
            return f"({sub()}, {sub()})"
        if kind < 0.98:
            return f"[{sub()}, {sub()}]"
        return f"{{{self.text()}: {sub()}, {self.integer()}: {sub()}}}"

    def working(self, depth):
        """An expression that mostly has a value: whole templates would else be errors nearly all."""
        for _ in range(5):
            made = self.expression(depth)
            signal.setitimer(signal.ITIMER_REAL, 2)
            if "error" not in row(self.env, "{{ " + made + " }}", copy.deepcopy(VARIABLES)):
                break
        return made

    def tag(self, inner):
        left, right = self.rng.choice(["", "", "", "-", "+"]), self.rng.choice(["", "", "", "-", "+"])
        return "{%" + left + " " + inner + " " + right + "%}"

    def white(self):
        return self.rng.choice(["", "", " ", "\n", "  \n", "\n\n  ", "x", " y ", "\t", "{# c #}", "{#- c -#}", "\r\n"])

    def statements(self, depth):
        return "".join(self.white() + self.statement(depth) for _ in range(self.rng.randint(1, 3))) + self.white()

    def statement(self, depth):
        rng, tag = self.rng, self.tag
        if depth <= 0 or rng.random() < 0.25:
            return "{{" + rng.choice(["", "-"]) + " " + self.working(2) + " " + rng.choice(["", "-"]) + "}}"
        body = lambda: self.statements(depth - 1)  # noqa: E731
        kind = rng.randrange(13)
        if kind <= 2:
            target, over = rng.choice([("i", "nums"), ("m", "msgs"), ("k, v", "dd.items()"), ("p", "people"), ("i", "range(3)"), ("c", "'abc'"), ("x", self.working(1)), ("k", "dd"), ("n", "mixed"), ("a, b", "[(1, 2), (3, 4)]")])
            first = target.split(",")[0]
            self.names += [first, f"loop.{rng.choice(['index', 'index0', 'first', 'last', 'length', 'revindex', 'revindex0', 'previtem', 'nextitem', 'depth', 'depth0'])}"] * 3
            inner = body() + (tag("if " + self.working(1)) + tag(rng.choice(["break", "continue"])) + tag("endif") if rng.random() < 0.3 else "")
            del self.names[-6:]
            condition = f" if {self.working(1)}" if rng.random() < 0.2 else ""
            otherwise = tag("else") + body() if rng.random() < 0.3 else ""
            return tag(f"for {target} in {over}{condition}") + inner + otherwise + tag("endfor")
        if kind <= 4:
            parts = tag("if " + self.working(2)) + body()
            if rng.random() < 0.4:
                parts += tag("elif " + self.working(1)) + body()
            if rng.random() < 0.5:
                parts += tag("else") + body()
            return parts + tag("endif")
        if kind <= 6:
            name = rng.choice(["s", "t", "text", "ns"])
            made = tag(f"set {name} = {self.working(2)}") if rng.random() < 0.7 else tag(f"set {name}" + rng.choice(["", " | upper", " | trim"])) + body() + tag("endset")
            return made + "{{ " + name + " }}"
        if kind == 7:
            return tag("set ns = namespace(a=" + self.atom() + ")") + tag("for q in [1, 2]") + tag("set ns.a = " + self.working(1)) + body() + tag("endfor") + "{{ ns.a }}"
        if kind == 8:
            call = "{{ mac(" + self.arguments(["any", "any"], 1) + rng.choice(["", "", ", b=1", "z=2"]) + ") }}"
            return tag("macro mac(a, b=" + self.atom() + ")") + "{{ a }}" + body() + rng.choice(["", "{{ caller() }}", "{{ varargs }}", "{{ kwargs }}"]) + tag("endmacro") + call
        if kind == 9:
            return tag("filter " + rng.choice(["upper", "trim", "indent(2)", "replace('a', 'b')", "length", "title"])) + body() + tag("endfilter")
        if kind == 10:
            return tag("with w = " + self.working(1) + ", z = 2") + "{{ w }}" + body() + tag("endwith") + "{{ w is defined }}"
        if kind == 11:
            return tag("generation") + body() + tag("endgeneration")
        return tag("macro outer()") + "<{{ caller(1) }}>" + tag("endmacro") + tag("call(arg) outer()") + "{{ arg }}" + body() + tag("endcall")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    def stop(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    rng = random.Random(options.seed)
    env, rows = environment(), []
    maker = Maker(rng, env)
    while len(rows) < options.count:
        template = "{{ " + (maker.expression if rng.random() < 0.3 else maker.working)(rng.randint(1, 4)) + " }}" if rng.random() < 0.6 else maker.statements(rng.randint(1, 3))
        signal.setitimer(signal.ITIMER_REAL, 2)
        rows.append(row(env, template, copy.deepcopy({k: v for k, v in VARIABLES.items() if k in template})))
        signal.setitimer(signal.ITIMER_REAL, 0)
    lines = "".join(json.dumps({"template": r["template"], "arguments": {k: VARIABLES[k] for k in r["arguments"]}}) + "\n" for r in rows)
    run = subprocess.run([options.program], input=lines, capture_output=True, text=True)
    answers = run.stdout.split("\n")[:-1]
    counts, bad = collections.Counter(), []
    for r, line in zip(rows, answers):
        ours = json.loads(line)
        if r["arguments"] != {k: VARIABLES[k] for k in r["arguments"]}:  # indent appends a line end to a list
            counts["jinja2 changed what it was given"] += 1
        elif r.get("error") in ("MemoryError", "TimeoutError", "OverflowError"):
            counts["too much for jinja2"] += 1
        elif " at 0x" in r.get("expected", "") or "<generator" in r.get("expected", ""):
            counts["address"] += 1
        elif "error" in ours and any(words in ours["error"] for words in BY_DESIGN):
            counts["by design"] += 1
        elif ("error" in ours) != ("error" in r):
            counts["only we refuse" if "error" in ours else "only jinja2 refuses"] += 1
            bad.append((r, ours))
        elif ours.get("text") != r.get("expected"):
            counts["differ"] += 1
            bad.append((r, ours))
        else:
            counts["refused by both" if "error" in r else "equal"] += 1
    if len(answers) < len(rows):
        counts["died"] += 1
        print("died after", len(answers), run.stderr[-300:], json.dumps(rows[len(answers)])[:600])
    print(dict(counts))
    for r, ours in sorted(bad, key=lambda pair: len(pair[0]["template"]))[:40]:
        print(ascii(r["template"])[:300], "\n   jinja2:", ascii(r.get("expected", r.get("error")))[:200], "\n   ours:  ", ascii(ours.get("text", ours.get("error")))[:200])
    sys.exit(bool(bad) or len(answers) < len(rows))


if __name__ == "__main__":
    main()
