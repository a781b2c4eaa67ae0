#!/usr/bin/env python3
"""Writes tests/data/templates/*.jsonl: templates, variables, and what jinja2 3.1 renders from them (or that it refuses), set up as Hugging
Face sets it up.

    pip install jinja2 ; python make_template_goldens.py [OUTPUT_FOLDER]

expressions.jsonl: one expression or a few statements each. families.jsonl: templates in the style of well-known models, over conversations;
a row without a template has that of the row before.
Integers beyond 64 bits are left out: there our engine refuses by design.
"""
import datetime
import json
import sys
from pathlib import Path

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

sys.path.insert(0, str(Path(__file__).parent))
from template_cases import EXPRESSIONS, VARIABLES, WHOLE, FAMILIES, CONVERSATIONS


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])

    def raise_exception(message):
        raise TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: datetime.datetime(2026, 1, 2, 3, 4, 5).strftime(form)
    return env


def row(env, template, arguments):
    result = dict(template=template, arguments=arguments)
    try:
        result["expected"] = env.from_string(template).render(**arguments)
        result["expected"].encode()
    except Exception as error:  # whatever Python raises, ours must be an error too
        result.pop("expected", None)
        result["error"] = type(error).__name__
    return result


def write(path, rows):
    errors = sum("error" in r for r in rows)
    with open(path, "w", encoding="utf-8") as out:
        for r in rows:
            if " at 0x" not in r.get("expected", ""):  # an address
                out.write(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(path, len(rows), "cases,", errors, "errors")


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "data/templates"
    folder.mkdir(parents=True, exist_ok=True)
    env = environment()
    rows = [row(env, "{{ " + e + " }}", {k: v for k, v in VARIABLES.items() if k in e}) for e in EXPRESSIONS]
    rows += [row(env, t, {k: v for k, v in VARIABLES.items() if k in t}) for t in WHOLE]
    write(folder / "expressions.jsonl", rows)
    rows = []
    for name, template in FAMILIES.items():
        for conversation, arguments in CONVERSATIONS.items():
            full = dict(dict(add_generation_prompt=True, bos_token="<s>", eos_token="</s>"), **arguments)
            rows.append(dict(name=name + "/" + conversation, **row(env, template, full)))
            if conversation != next(iter(CONVERSATIONS)):
                del rows[-1]["template"]  # that of the row before
    write(folder / "families.jsonl", rows)


if __name__ == "__main__":
    main()
