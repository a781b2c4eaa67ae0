"""The pages of the laboratory (examples/strategies, beam_tree, heatmap, best_of_n, speculative), on the real model: pages_test.py FOLDER

They are parsed here, and loaded in a headless Chromium where there is one (it is said when there is none). Exit status 77: the model is
not there (WEFT_STRICT=1: a failure).
"""
import html
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from html.parser import HTMLParser

FOLDER = pathlib.Path(sys.argv.pop(1))
CACHE = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", ""), ".cache")
MODEL = os.environ.get("WEFT_SMOLLM2") or os.path.join(CACHE, "weft", "SmolLM2-135M-Instruct.Q4_1.gguf")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
INTERRUPTED = 130
VOID = {"meta", "link", "input", "br", "img", "hr"}
QUESTION = "Q: 3 + 4 = ? </h2><script>alert(1)</script>\nA:"
HOSTILE = "</script><script>alert(1)</script> & \"quotes\" 'too' <b>"


def run(program, *arguments, status=0, **more):
    done = subprocess.run([FOLDER / program, *map(str, arguments)], capture_output=True, text=True, **more)
    assert done.returncode == status, f"{program} {arguments}: exit status {done.returncode}, expected {status}: {done.stderr}"
    return done.stdout, done.stderr


class Page(HTMLParser):
    """A page's elements, in order: (tag, attributes, text directly inside); complains about tags that do not match."""

    def __init__(self, path):
        super().__init__()
        self.source = pathlib.Path(path).read_text(encoding="utf-8")
        self.elements, self.open = [], []
        self.feed(self.source)
        self.close()
        assert not self.open, f"{path}: never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag):
        last = self.elements[self.open.pop()][0]
        assert last == tag, f"<{last}> is closed by </{tag}> at {self.getpos()}"

    def handle_data(self, data):
        if self.open:
            self.elements[self.open[-1]][2].append(data)

    def select(self, tag=None, cls=None):
        """Attributes and text of the elements with a tag and a class."""
        return [(attrs, "".join(text)) for name, attrs, text in self.elements
                if (tag is None or name == tag) and (cls is None or cls in (attrs.get("class") or "").split())]


def prose(source, tag="div"):
    """What a reader sees in the elements with running text."""
    return [html.unescape(re.sub("<[^>]*>", "", text)) for text in re.findall(rf"(?s)<{tag} class=prose>(.*?)</{tag}>", source)]


def colours(source):
    """The custom properties that are colours, of the light scheme and of the dark one."""
    light = dict(re.findall(r"--([\w]+):(#[0-9a-f]{6})", source.split("@media", 1)[0]))
    dark = dict(re.findall(r"--([\w]+):(#[0-9a-f]{6})", source.split("(prefers-color-scheme:dark)", 1)[1].split("}}", 1)[0]))
    return light, dark


def luminance(colour):
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a, b):
    """WCAG 2.1's ratio of two colours."""
    brighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def first_pixel(png):
    """The colour of the top left pixel, "#rrggbb": whatever the filter of its row, nothing is to its left and above it."""
    data, at, packed = png.read_bytes(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            assert data[at + 16] == 8 and data[at + 17] in (2, 6), "expected 8 bits of red, green, blue"
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    return "#" + zlib.decompress(packed)[1:4].hex()


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.said = {}
        for name, arguments in (("heatmap", ["-n", 12]), ("beam_tree", ["-n", 5, "--pruned", 99]),
                                ("best_of_n", ["-n", 12, "-k", 6, "-p", QUESTION]), ("speculative", ["-n", 24, "-d", "suffix", "-d", "layers=4"]),
                                ("strategies", ["-n", 8, "-p", "Once upon a time", "-p", HOSTILE])):
            cls.said[name] = run(name, MODEL, *arguments, "-o", cls.folder / f"{name}.html")
        cls.pages = {name: Page(cls.folder / f"{name}.html") for name in cls.said}
        cls.data = json.loads((cls.folder / "strategies.json").read_text(encoding="utf-8"))

    def test_a_page_needs_nothing_but_itself(self):
        for name, page in self.pages.items():
            with self.subTest(name):
                self.assertNotRegex(page.source, r"(?i)https?:|//\w+\.|@import|url\(")
                for _, attrs, _ in page.elements:
                    for attribute in ("src", "href", "xlink:href", "action", "data"):
                        self.assertIn(attrs.get(attribute), (None, "data:,"))
                self.assertIn("name=viewport", page.source)

    def test_text_is_readable_in_light_and_dark(self):
        for name, page in self.pages.items():
            for scheme, found in zip(("light", "dark"), colours(page.source)):
                texts = [(text, on) for text in ("ink", "muted", "accent", "good", "c0", "c1", "c2", "c3") for on in ("paper", "card")]
                texts += [("ink", f"s{i}") for i in range(8)] + [("ink", "bar")]
                for text, on in texts:
                    with self.subTest(name, scheme=scheme, text=text, on=on):
                        self.assertGreaterEqual(contrast(found[text], found[on]), 4.5)
            self.assertLess(luminance(colours(page.source)[1]["paper"]), luminance(colours(page.source)[0]["paper"]))

    def test_the_closing_line_says_where_the_page_is(self):
        for name, (output, said) in self.said.items():
            self.assertIn(f"wrote {self.folder / name}.html", said)
            self.assertIn("To see it:", said)
            self.assertTrue(output.strip())
            self.assertNotIn("\x1b", output + said)

    def test_strategies_shows_every_token_of_the_first_text_of_each(self):
        page, strategies = self.pages["strategies"], self.data["strategies"]
        first = [next(run for run in s["runs"] if run["prompt"] == p)["texts"][0] for p in range(2) for s in strategies]
        shown = page.select("span", "t")
        self.assertEqual(len(shown), sum(len(text["tokens"]) for text in first))
        self.assertEqual(prose(page.source), [text["text"] for text in first])
        self.assertGreaterEqual(len(strategies), 12)
        self.assertEqual(len(page.select("circle")), 2 * len(strategies))
        names = [s["name"] for s in strategies]
        self.assertEqual([text for _, text in page.select("text")][-len(names):], names)

    def test_strategies_measures_what_it_says(self):
        by_name = {s["name"]: s for s in self.data["strategies"]}
        greedy, speculative = by_name["greedy"], by_name["speculative"]
        tokens = lambda s: [[t["tokens"] for t in run["texts"]] for run in s["runs"]]
        self.assertEqual(tokens(greedy), tokens(speculative))
        self.assertEqual(greedy["measures"]["self-BLEU"], 1)
        self.assertLess(by_name["temperature 0.8"]["measures"]["self-BLEU"], 1)
        self.assertAlmostEqual(greedy["measures"]["fwd/tok"], 7 / 8)  # the first of eight comes from the prompt's pass
        self.assertAlmostEqual(by_name["best of 8"]["measures"]["fwd/tok"], 7, delta=0.5)
        for s in self.data["strategies"]:
            with self.subTest(s["name"]):
                logprobs = [p for run in s["runs"] for p in run["texts"][0]["raw_logprobs"]]
                self.assertAlmostEqual(s["measures"]["log-prob"], sum(logprobs) / len(logprobs), places=5)
                texts = [run["texts"][0]["tokens"] for run in s["runs"]]
                self.assertAlmostEqual(s["measures"]["dist-1"], sum(len(set(t)) / len(t) for t in texts) / len(texts))
                self.assertGreater(s["measures"]["tok/s"], 0)

    def test_strategies_are_chosen_by_name_and_settings_and_what_is_wrong_is_named(self):
        prompts = self.folder / "prompts.txt"
        prompts.write_text("One\r\n\nTwo\n")
        run("strategies", MODEL, "-n", 2, "-f", prompts, "-c", "greedy", "-c", "hot: sample temperature=2 top_k=5", "--seeds", 3, "-o", self.folder / "own.html")
        data = json.loads((self.folder / "own.json").read_text())
        self.assertEqual((data["prompts"], [s["name"] for s in data["strategies"]]), (["One", "Two"], ["greedy", "hot"]))
        self.assertEqual([len(s["runs"]) for s in data["strategies"]], [2, 6])
        for wrong, complaint in (("x: warm", "one of the kinds"), ("x: beam top=3", "'top=3' is no setting of beam"), ("x: greedy width=3", "no setting of greedy"),
                                 ("x: beam width=a", "width=a: expected a whole number"), ("x: sample top_p=2", "top_p")):
            with self.subTest(wrong):
                self.assertIn(complaint, run("strategies", MODEL, "-n", 1, "-c", wrong, "-o", self.folder / "wrong.html", status=1)[1])
        self.assertIn("/no/such/folder", run("strategies", MODEL, "-o", "/no/such/folder/x.html", status=1)[1])

    def test_heatmap_has_every_token_with_its_alternatives(self):
        page = self.pages["heatmap"]
        data = json.loads(next(text for attrs, text in page.select("script") if attrs.get("id") == "data"))
        self.assertEqual(len(page.select("span", "t")), len(data))
        self.assertEqual(len(page.select("rect", "b")), len(data))
        self.assertEqual(len(data), 12)
        for d in data:
            self.assertEqual(len(d["top_before"]), 10)
            self.assertTrue(0 < len(d["top_after"]) <= 10)
            self.assertIn(d["id"], [token for _, _, token in d["top_after"]] + ([] if len(d["top_after"]) < 10 else [d["id"]]))
            self.assertEqual([p for _, p, _ in d["top_before"]], sorted((p for _, p, _ in d["top_before"]), reverse=True))
            self.assertAlmostEqual(2 ** -d["bits"], d["before"], places=5)

    def test_heatmap_reads_a_text_that_is_there(self):
        text = "The capital of France is Paris.\n" + HOSTILE
        for source in (self.folder / "text.txt", "-"):
            (self.folder / "text.txt").write_text(text)
            run("heatmap", MODEL, "--read", source, "-o", self.folder / "read.html", input=text)
            page = Page(self.folder / "read.html")
            self.assertEqual(prose(page.source), [text])

    def test_beam_tree_draws_each_candidate_once_and_marks_the_results(self):
        page = self.pages["beam_tree"]
        nodes = [attrs for attrs, _ in page.select("g", "n")]
        facts = {}
        names = [text for _, text in page.select("dt")]
        facts = dict(zip(names, [text for _, text in page.select("dd")]))
        self.assertEqual(len(nodes), int(facts["candidates looked at"]))
        kept = [n for n in nodes if "pruned" not in n["class"]]
        self.assertEqual(len(kept), int(facts["kept"]) + int(facts["finished"]))
        by = {n["data-n"]: n for n in nodes}
        for n in nodes:  # a child is one step behind its parent, which was kept
            parent = by.get(n["data-p"])
            self.assertEqual(int(n["data-step"]), 1 + (int(parent["data-step"]) if parent else 0))
            self.assertFalse(parent and "pruned" in parent["class"])
        self.assertEqual(sum("best" in n["class"].split() for n in nodes), 5)
        self.assertEqual(len(page.select("tr", "result")), 4)

    def test_beam_tree_writes_the_drawing_alone_where_the_name_says_so(self):
        run("beam_tree", MODEL, "-n", 3, "-b", 6, "--groups", 3, "--diversity", 2, "-o", self.folder / "tree.svg")
        import xml.etree.ElementTree
        root = xml.etree.ElementTree.parse(self.folder / "tree.svg").getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertGreater(len(list(root.iter("{http://www.w3.org/2000/svg}g"))), 18)

    def test_best_of_n_shows_every_answer_and_what_each_rule_keeps(self):
        page = self.pages["best_of_n"]
        rows = re.findall(r"(?s)<tr class=answer><th>(\d+)<small>(.*?)</small></th>(.*?)</tr>", page.source)
        answers = [(html.unescape(said), [float(x) for x in re.findall(r"<td class=\"n[^>]*>([-.\d]+)", cells)], "class=kept>" in cells and cells.split("class=kept>")[1].split("<")[0])
                   for _, said, cells in rows]
        texts = prose(page.source)
        self.assertEqual((len(answers), len(texts), len(page.select("circle"))), (6, 6, 6))
        self.assertEqual(prose(page.source.replace('class="prose asked"', "class=prose"), "p"), [QUESTION])
        for column, rule in enumerate(("log-prob", "mean", "certainty", "votes")):
            kept = [a for a in answers if rule in (a[2] or "").split(", ")]
            self.assertEqual(len(kept), 1, rule)
            self.assertEqual(kept[0][1][column], max(values[column] for _, values, _ in answers))
        for (said, values, _), text in zip(answers, texts):
            found = re.findall("[0-9]+", text)
            expected = found[-1] if found else text[:40] + ("\u2026" if len(text) > 40 else "")
            self.assertEqual(said.split(), expected.split())  # line breaks are shown as blanks
            self.assertEqual(values[3], sum(other == said for other, _, _ in answers))
        self.assertEqual([v[0] for _, v, _ in answers], sorted((v[0] for _, v, _ in answers), reverse=True))
        output = self.said["best_of_n"][0]
        for _, values, _ in answers:
            self.assertIn(f"{values[0]:.2f}", output)

    def test_speculative_shows_the_same_text_of_each_drafter_and_what_was_accepted(self):
        page = self.pages["speculative"]
        rows = [[html.unescape(re.sub("<[^>]*>", "", cell)) for cell in re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row)]
                for row in re.findall(r"(?s)<tr class=drafter>(.*?)</tr>", page.source)]
        self.assertEqual([row[0] for row in rows], ["suffix", "layers=4"])
        texts = re.findall(r"(?s)<article>.*?</article>", page.source)
        self.assertEqual(len(set(prose(page.source))), 1)
        for row, text in zip(rows, texts):
            accepted, drafted = map(int, row[1].split(" of "))
            self.assertEqual(row[6], "yes")
            self.assertEqual(text.count('class="t '), 24)
            self.assertEqual(text.count(" got"), accepted)
            self.assertLessEqual(accepted, drafted)
        self.assertGreater(int(rows[0][1].split(" of ")[0]), 0)  # the text quotes its prompt
        self.assertIn("same text", self.said["speculative"][0])

    def test_interrupted_they_write_what_there_is(self):
        for name, arguments in (("strategies", ["-n", 400]), ("heatmap", ["-n", 4000]), ("beam_tree", ["-n", 2000]), ("speculative", ["-n", 6000, "-p", "Count: 1 2 3 4 5 6 7 8 9 10 11 12"])):
            with self.subTest(name):
                path = self.folder / f"cut_{name}.html"
                process = subprocess.Popen([FOLDER / name, MODEL, *map(str, arguments), "-o", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                try:
                    process.communicate(timeout=6)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGINT)
                said = process.communicate(timeout=60)[1]
                self.assertEqual(process.returncode, INTERRUPTED, said)
                Page(path)

    @unittest.skipUnless(BROWSER, "no Chromium is installed: the pages are parsed, not loaded")
    def test_a_browser_loads_them_in_light_and_dark_without_a_message(self):
        for name, page in self.pages.items():
            url = (self.folder / f"{name}.html").as_uri()
            command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,900", "--enable-logging=stderr", f"--user-data-dir={self.folder}/browser"]
            with self.subTest(name):
                done = subprocess.run([*command, "--dump-dom", url], capture_output=True, text=True, timeout=120)
                self.assertNotIn("CONSOLE", done.stderr)
                self.assertEqual(done.stdout.count('class="t s'), page.source.count('class="t s'))
                if name == "heatmap":
                    self.assertIn("before the chain", done.stdout)  # its script has run
                shots = []
                for scheme, colour in zip((1, 0), colours(page.source)):
                    png = self.folder / f"{name}_{scheme}.png"
                    subprocess.run([*command, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={png}", url], capture_output=True, timeout=120, check=True)
                    shots.append(first_pixel(png))
                    self.assertEqual(shots[-1], colour["paper"])
                self.assertNotEqual(*shots)


if __name__ == "__main__":
    if not os.path.exists(MODEL):
        print(f"skipped: {MODEL} is not there")
        sys.exit(1 if os.environ.get("WEFT_STRICT") == "1" else 77)
    if not BROWSER:
        print("no Chromium is installed (Debian: chromium): the pages are parsed, and not loaded")
    unittest.main()
