"""examples/generate on the real model, as a person and as a program use it: generate_test.py PROGRAM

Exit status 77: the model is not there (WEFT_STRICT=1: a failure).
"""
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
CACHE = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", ""), ".cache")
MODEL = os.environ.get("WEFT_SMOLLM2") or os.path.join(CACHE, "weft", "SmolLM2-135M-Instruct.Q4_1.gguf")
DEFAULT_PROMPT = "Once upon a time, in a small village by the sea, there lived"
ENDING = "The end."  # the model ends its answer to this by itself, after some fifty tokens
INTERRUPTED = 130


def run(*arguments, text="", status=0):
    """Runs the program with pipes; what it printed and said."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], input=text, capture_output=True, text=True)
    assert done.returncode == status, f"{arguments}: exit status {done.returncode}, expected {status}: {done.stderr}"
    return done.stdout, done.stderr


def run_json(*arguments):
    """The objects of --json; the summary is the last."""
    return [json.loads(line) for line in run("--json", *arguments)[0].splitlines()]


def ids(*arguments):
    return run_json(*arguments)[-1]["tokens"]


def run_in_terminal(*arguments, interrupt_at=None, **environment):
    """Runs the program in a terminal of its own and types Ctrl-C once a pattern was shown; all that it showed, exit status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm", **environment})
        os.environ.pop("NO_COLOR", None) if "NO_COLOR" not in environment else None
        os.execv(PROGRAM, [PROGRAM, *map(str, arguments)])
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        shown += part
        if interrupt_at and re.search(interrupt_at, shown):
            os.write(terminal, b"\x03")
            interrupt_at = None
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Prompt(unittest.TestCase):
    def test_no_argument_is_needed(self):
        self.assertTrue(run()[0].startswith(DEFAULT_PROMPT + " "))

    def test_the_prompt_is_an_argument_an_option_a_file_or_standard_input(self):
        expected = run("-n", 4, "Dear diary,")[0]
        self.assertTrue(expected.startswith("Dear diary,") and len(expected) > len("Dear diary,\n"))
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("Dear diary,")
            file.flush()
            for arguments, text in ((["-p", "Dear diary,"], ""), (["--prompt", "Dear diary,"], ""), (["-f", file.name], ""),
                                    (["--file", file.name], ""), (["-f", "-"], "Dear diary,")):
                with self.subTest(arguments):
                    self.assertEqual(run("-n", 4, *arguments, text=text)[0], expected)

    def test_a_prompt_that_cannot_be_used_is_refused_before_anything_is_printed(self):
        for arguments, complaint, status in ((["-f", "/no/such/file"], "/no/such/file", 1), (["-f", "/"], "cannot be read", 1),
                                             (["-p", ""], "prompt is empty", 1), (["a", "-f", "-"], "excludes", 108),
                                             (["--context", 5], "the context 5", 1)):
            with self.subTest(arguments):
                output, said = run(*arguments, status=status)
                self.assertIn(complaint, output + said)
                self.assertNotIn(DEFAULT_PROMPT, output)


class Limits(unittest.TestCase):
    def test_max_tokens_and_the_context_end_it(self):
        for option in ("-n", "--max-tokens"):
            self.assertEqual(len(ids(option, 3)), 3)
        summary = run_json("-n", 9, "--context", 17)[-1]
        self.assertEqual((summary["stop"], summary["prompt_tokens"], summary["new_tokens"]), ("context_full", 15, 2))

    def test_each_stop_takes_one_text_and_the_output_is_cut_before_it(self):
        plain = run_json("-n", 9, DEFAULT_PROMPT)[-1]["text"]
        summary = run_json("-n", 9, "--stop", "nowhere", "--stop", "wizard", DEFAULT_PROMPT)[-1]
        self.assertEqual((summary["stop"], summary["stop_string"]), ("stop_string", "wizard"))
        self.assertEqual(summary["text"], plain[:plain.index("wizard")])

    def test_the_model_ends_its_text_unless_told_to_go_on_or_to_write_more_first(self):
        ended = run_json("-n", 100, ENDING)[-1]
        self.assertEqual(ended["stop"], "end_token")
        count = len(ended["tokens"])
        self.assertEqual(run_json("-n", count + 5, "--ignore-end", ENDING)[-1]["stop"], "max_tokens")
        longer = ids("-n", count + 5, "--min-tokens", count + 2, ENDING)
        self.assertEqual(longer[:count - 1], ended["tokens"][:-1])
        self.assertGreater(len(longer), count)

    def test_model_names_the_file(self):
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, "another name.gguf")
            os.symlink(os.path.abspath(MODEL), link)
            output, card = run("-n", 2, "-m", link)
        self.assertEqual(output, run("-n", 2)[0])
        self.assertIn(f"-m '{link}'", card)
        self.assertIn("/no/such.gguf", run("--model", "/no/such.gguf", status=1)[1])


class Strategy(unittest.TestCase):
    def test_a_seed_repeats_a_draw_and_the_card_says_how_to(self):
        hot = ["-n", 12, "-t", 1.5]
        self.assertEqual(ids(*hot, "--seed", 7), ids(*hot, "-s", 7))
        self.assertNotEqual(ids(*hot, "--seed", 7), ids(*hot, "--seed", 8))
        drawn, card = run("-n", 12, "--temperature", 1.5, "it's", "-q", "--json")  # --json has the command, too
        again = json.loads(drawn.splitlines()[-1])["command"]
        repeated = subprocess.run(again, shell=True, capture_output=True, text=True, check=True).stdout
        self.assertEqual(json.loads(repeated.splitlines()[-1])["tokens"], json.loads(drawn.splitlines()[-1])["tokens"])

    def test_each_way_to_leave_one_candidate_is_greedy(self):
        greedy = ids("-n", 8)
        self.assertEqual(greedy, ids("-n", 8, "-t", 0))
        for one in (["--top-k", 1], ["--top-p", 1e-6], ["--min-p", 1], ["--epsilon", 0.99], ["--top-h", 1e-6], ["--top-n-sigma", 1e-3],
                    ["--mirostat", 2, "--mirostat-tau", 0, "--mirostat-eta", 0], ["--mirostat", 1, "--mirostat-tau", 0]):
            with self.subTest(one):
                self.assertEqual(ids("-n", 8, *one, "-t", 3), greedy)
        for draw in (["--top-k", 49152], ["--top-p", 1], ["--min-p", 1e-9], ["--typical-p", 0.9], ["--xtc", 0.1], ["--adaptive-p", 0.5]):  # a draw is asked for, so greedy is not the default
            with self.subTest(draw):
                self.assertIn("seed", run_json("-n", 1, *draw)[-1])
        self.assertNotIn("seed", run_json("-n", 1)[-1])

    def test_repetition_penalty_and_no_repeat_ngram_keep_tokens_from_coming_twice(self):
        again = "again again again again again"
        self.assertLess(len(set(ids("-n", 8, again))), 8)
        for never_twice in (["--repetition-penalty", 100], ["--no-repeat-ngram", 1]):
            with self.subTest(never_twice):
                self.assertEqual(len(set(ids("-n", 8, *never_twice, again))), 8)

    def test_penalties_of_the_other_kinds_do_so_too_and_nothing_where_they_are_zero(self):
        again = "again again again again again"
        plain = ids("-n", 16, again)
        for penalty in (["--frequency-penalty", 9], ["--presence-penalty", 99]):
            with self.subTest(penalty):
                found = ids("-n", 16, *penalty, again)
                self.assertGreater(len(set(found)), len(set(plain)))
                self.assertEqual(ids("-n", 16, penalty[0], 0, again), plain)
        rain = "The rain fell on the roof.\nThe rain fell on the roof.\nThe rain"
        repeated = ids("-n", 6, rain)
        self.assertNotEqual(ids("-n", 6, "--dry", 9, "--dry-base", 2, "--dry-allowed-length", 1, rain), repeated)
        for harmless in (["--dry", 9, "--dry-allowed-length", 1000], ["--dry", 9, "--dry-range", 0]):
            self.assertEqual(ids("-n", 6, *harmless, rain), repeated)

    def test_steps_that_bend_a_distribution_change_draws_and_their_parameters_count(self):
        base = ["-n", 12, "-s", 3, "-t", 1.2]
        plain = ids(*base)
        for step in (["--dynamic-temperature", 1.1, "--dynamic-temperature-exponent", 3], ["--xtc", 1, "--xtc-threshold", 0.01],
                     ["--typical-p", 0.2], ["--eta", 0.5], ["--adaptive-p", 0.9, "--adaptive-p-decay", 0.5], ["--mirostat", 2, "--mirostat-tau", 1]):
            with self.subTest(step):
                self.assertNotEqual(ids(*base, *step), plain)
        self.assertEqual(ids(*base, "--xtc", 1, "--xtc-threshold", 0.6), plain)  # above 1/2 there is one top choice at most
        self.assertEqual(ids(*base, "--dynamic-temperature", 1e-6), plain)

    def test_lengths_are_kept(self):
        ended = ids("-n", 100, ENDING)
        prompt_length = run_json("-n", 1, ENDING)[-1]["prompt_tokens"]
        self.assertGreater(len(ids("-n", 100, "--min-length", prompt_length + len(ended) + 2, ENDING)), len(ended))
        forced = run_json("-n", 100, "--forced-end", prompt_length + 5, ENDING)[-1]
        self.assertEqual((len(forced["tokens"]), forced["stop"]), (5, "end_token"))
        self.assertLess(len(ids("-n", 100, "--decay", 1.5, "--decay-start", 2, ENDING)), len(ended))

    def test_what_is_banned_is_not_written(self):
        plain = run_json("-n", 20)[-1]["text"]
        for ban in (["--ban", plain[3:9], "--ban", "zzz"], ["--ban-pattern", r"(?i)\bwi[sz]\w*"]):
            with self.subTest(ban):
                text = run_json("-n", 20, *ban)[-1]["text"]
                self.assertNotEqual(text, plain)
                self.assertNotIn(plain[3:9], text) if ban[0] == "--ban" else self.assertNotRegex(text, ban[1])
        self.assertEqual(run_json("-n", 20, "--ban", "no such text")[-1]["text"], plain)
        self.assertIn("search", run("--ban", "x", "-b", 2, status=1)[1])

    def test_the_other_searches_find_what_they_are_asked_for(self):
        greedy = run_json("-n", 8)[-1]
        self.assertEqual(ids("-n", 8, "--contrastive", 0), greedy["tokens"])
        self.assertEqual(ids("-n", 8, "--contrastive", 0.9, "--contrastive-k", 1), greedy["tokens"])
        self.assertNotEqual(ids("-n", 8, "--contrastive", 0.9, "--contrastive-k", 6), greedy["tokens"])
        best = run_json("-n", 4, "--best-first", 40)[-1]
        self.assertGreaterEqual(best["score"], run_json("-n", 4)[-1]["score"] - 1e-4)
        drawn = run_json("-n", 6, "-s", 1, "--best-of", 3, "--returned", 3)
        scores = [one["score"] for one in drawn]
        self.assertEqual(scores, sorted(scores, reverse=True))
        for by in ("mean-log-prob", "certainty", "majority"):
            self.assertEqual(len(run_json("-n", 6, "-s", 1, "--best-of", 3, "--best-by", by)[-1]["tokens"]), 6)
        groups = run_json("-n", 8, "-b", 4, "--groups", 4, "--diversity", 50, "--returned", 4)
        self.assertEqual(len({one["tokens"][0] for one in groups}), 4)
        self.assertEqual(ids("-n", 6, "-b", 2, "--sampled-beams", "-s", 4), ids("-n", 6, "-b", 2, "--sampled-beams", "-s", 4))

    def test_a_search_that_finds_one_text_shows_it_as_it_grows(self):
        *tokens, summary = run_json("-n", 8, "-b", 3)
        self.assertEqual([token["id"] for token in tokens], summary["tokens"])
        self.assertEqual(run("-n", 8, "-b", 3, "-q")[0], summary["text"] + "\n")

    def test_bias_forbids_and_forces_tokens(self):
        first = ids("-n", 1)[0]
        self.assertNotEqual(ids("-n", 1, "--bias", f"{first}=-inf")[0], first)
        self.assertEqual(ids("-n", 3, "--bias", "1000=-5.5", "--bias", "1001=1e4"), [1001] * 3)
        for wrong in ("5", "=5", "5=", "5=x", "x=5", "-5=1", "5=1x"):
            self.assertIn(wrong, run("--bias", wrong, status=1)[1])

    def test_beams_come_best_first_and_a_single_one_is_greedy(self):
        self.assertEqual(ids("-n", 8, "-b", 1), ids("-n", 8))
        found = run_json("-n", 8, "--beams", 4, "--returned", 3)
        self.assertEqual(len({tuple(beam["tokens"]) for beam in found}), 3)
        scores = [beam["score"] for beam in found]
        self.assertEqual(scores, sorted(scores, reverse=True))
        text = run("-n", 8, "--beams", 4, "--returned", 3)[0]
        for beam in found:
            self.assertIn(f"{beam['score']:8.3f} {beam['text']}", text)

    def test_drafts_of_every_kind_change_nothing_but_the_passes(self):
        rain = "The rain fell on the roof.\nThe rain fell on the roof.\nThe rain"
        for how in ([], ["-t", 0.8, "-s", 5], ["--repetition-penalty", 1.1, "--stop", "roof"]):
            plain = run_json("-n", 24, *how, rain)[-1]
            for draft in (["lookup"], ["suffix"], ["suffix", "--draft-branches", 3], ["lookahead"], ["layers=1"], [MODEL, "--draft-branches", 2], [MODEL]):
                with self.subTest(how=how, draft=draft):
                    drafted = run_json("-n", 24, *how, rain, "--draft", *draft)[-1]
                    for key in ("text", "tokens", "stop", "score"):
                        self.assertEqual(drafted[key], plain[key])
                    self.assertEqual(drafted["passes"] + drafted["accepted_tokens"], plain["new_tokens"] - 1)
                    self.assertLessEqual(drafted["accepted_tokens"], drafted["drafted_tokens"])
        self.assertIn("tokens accepted", run("-n", 4, "--draft", "suffix", rain)[1])
        self.assertIn("/no/such.gguf", run("--draft", "/no/such.gguf", status=1)[1])
        self.assertIn("a model of the first 1000 layers", run("--draft", "layers=1000", status=1)[1])
        self.assertIn("expected the number of layers", run("--draft", "layers=1x", status=1)[1])
        self.assertIn("0 branches", run("--draft", "suffix", "--draft-branches", 0, status=1)[1])

    def test_beams_with_drafts_are_the_beams_without(self):
        rain = "The rain fell on the roof.\nThe rain fell on the roof.\nThe rain"
        plain = run_json("-n", 12, "-b", 3, "--returned", 3, rain)
        for draft in (["suffix", "--draft-branches", 2], [MODEL, "--draft-branches", 3]):
            drafted = run_json("-n", 12, "-b", 3, "--returned", 3, rain, "--draft", *draft)
            for key in ("text", "tokens", "stop", "score"):
                self.assertEqual([beam[key] for beam in drafted], [beam[key] for beam in plain])
            self.assertLessEqual(drafted[0]["passes"], 11)

    def test_the_length_penalty_divides_the_score_and_every_early_stopping_is_accepted(self):
        for stopping in ("true", "false", "never"):
            total = run_json("-n", 6, "-b", 2, "--length-penalty", 0, "--early-stopping", stopping)[-1]
            mean = run_json("-n", 6, "-b", 2, "--length-penalty", 1, "--early-stopping", stopping)[-1]
            self.assertEqual(total["tokens"], mean["tokens"])
            self.assertAlmostEqual(total["score"] / 6, mean["score"], places=5)

    def test_values_that_mean_nothing_are_refused(self):
        for wrong in (["-n", -1], ["--context", -5], ["--threads", -2], ["-b", -2], ["-t", -1], ["--early-stopping", "maybe"],
                      ["--backend", "abacus"], ["--kv", "f8"], ["--returned", 2], ["-b", 2, "--returned", 3], ["--top-p", 2],
                      ["--min-p", -1], ["--top-k", -1], ["--repetition-penalty", 0], ["--no-repeat-ngram", -1],
                      ["--min-tokens", -1], ["--stop", ""], ["--ban", ""], ["--ban-pattern", "a*"], ["--mirostat", 3], ["--dry-base", 2], ["--best-by", "luck"],
                      ["-b", 2, "--best-of", 2], ["--contrastive", 2], ["--best-of", 2, "--returned", 3], ["a", "b"], ["--no-such-option"]):
            with self.subTest(wrong):
                done = subprocess.run([PROGRAM, *map(str, wrong)], capture_output=True, text=True)
                self.assertNotEqual(done.returncode, 0)
                self.assertNotIn(DEFAULT_PROMPT, done.stdout)
                self.assertNotEqual(done.stderr, "")


class Machine(unittest.TestCase):
    def test_threads_and_instruction_sets_change_no_bit(self):
        expected = run_json("-n", 3)
        for threads in (1, 3):
            found = run_json("-n", 3, "--threads", threads)
            self.assertEqual(found[-1]["threads"], threads)
            self.assertEqual(found[:-1], expected[:-1])
        backends = re.search(r"--backend [^{]*\{([^}]*)\}", run("--help")[0])[1].split(",")
        self.assertIn("scalar", backends)
        for backend in set(backends) - {"best", "reference"}:
            with self.subTest(backend):
                try:
                    found = run_json("-n", 3, "--backend", backend)
                except AssertionError as refusal:
                    self.assertIn(f"lacks the instruction set '{backend}'", str(refusal))
                    continue
                self.assertEqual(found[-1]["backend"], backend)
                self.assertEqual(found[:-1], expected[:-1])

    def test_the_reference_backend_keys_in_f32_and_activations_of_16_bits_compute_other_bits_of_the_same_model(self):
        expected = run_json("-n", 1)
        for option in (["--backend", "reference"], ["--kv", "f32"], ["--activation-bits", 16]):
            with self.subTest(option):
                found = run_json("-n", 1, *option)
                self.assertEqual(found[0]["id"], expected[0]["id"])
                self.assertNotEqual(found[0]["logprob"], expected[0]["logprob"])
                self.assertAlmostEqual(found[0]["logprob"], expected[0]["logprob"], delta=0.2)


class Output(unittest.TestCase):
    CARD = ("stopped by", "tokens", "prefill", "decode", "first token", "backend", "again")

    def test_a_pipe_gets_plain_text_and_the_card_goes_to_standard_error(self):
        output, card = run("-n", 4)
        self.assertNotIn("\x1b", output + card)
        self.assertNotIn("\r", output + card)
        self.assertEqual([line[2:15].strip() for line in card.strip("\n").splitlines()], list(self.CARD))
        self.assertIn("15 prompt + 4 new", card)
        self.assertIn("% of the memory bus", card)
        self.assertIn("seed         3\n", run("-n", 1, "-s", 3)[1])

    def test_quiet_prints_the_continuation_alone(self):
        for option in ("-q", "--quiet"):
            self.assertEqual(run("-n", 4, option), (run("-n", 4)[0].removeprefix(DEFAULT_PROMPT), ""))

    def test_json_is_one_object_a_token_and_a_summary(self):
        *tokens, summary = run_json("-n", 5)
        self.assertEqual([token["id"] for token in tokens], summary["tokens"])
        self.assertEqual("".join(token["text"] for token in tokens), summary["text"])
        self.assertAlmostEqual(sum(token["logprob"] for token in tokens), summary["score"], places=4)
        self.assertEqual((summary["stop"], summary["new_tokens"]), ("max_tokens", 5))
        for speed in ("prefill_tps", "decode_tps", "time_to_first_token", "load_seconds"):
            self.assertGreater(summary[speed], 0)

    def test_a_terminal_gets_colours_unless_told_not_to(self):
        shown, _ = run_in_terminal("-n", 4)
        self.assertIn(f"\x1b[1m{DEFAULT_PROMPT}\x1b[0m", shown)
        self.assertIn("load ", shown)
        self.assertNotRegex(run_in_terminal("-n", 4, NO_COLOR="1")[0], "\x1b\\[[0-9;]*m")
        self.assertNotIn("\x1b", run_in_terminal("-n", 4, TERM="dumb")[0])

    def test_interrupted_it_shows_what_there_is_and_the_card(self):
        long_prompt = self.enterContext(tempfile.NamedTemporaryFile("w"))
        long_prompt.write("There was a king. " * 1500)
        long_prompt.flush()
        for arguments, moment, part in ((["--ignore-end", "-n", 5000], b"lived.{20}", " a wise"), (["-b", 8, "-n", 2000], b"lived", "15 prompt + "),
                                        (["-f", long_prompt.name], b"prefill", " of 7501 prompt + 0 new")):
            with self.subTest(arguments):
                shown, status = run_in_terminal(*arguments, interrupt_at=moment)
                self.assertEqual(status, INTERRUPTED)
                self.assertRegex(shown, "stopped by +(\x1b\\[0m)?interrupted")
                self.assertIn(part, shown)
                self.assertIn("again", shown)

    def test_interrupted_json_still_ends_in_a_summary(self):
        shown, status = run_in_terminal("--json", "--ignore-end", "-n", 5000, interrupt_at=b'"id"')
        summary = json.loads(shown.splitlines()[-1].removeprefix("^C"))
        self.assertEqual((status, summary["stop"]), (INTERRUPTED, "cancelled"))

    def test_every_option_that_help_lists_is_tested_here(self):
        names = re.findall(r"(?m)^ +((?:-\w, ?)?--[\w-]+|-\w)\b", run("--help")[0])
        listed = {name.strip() for group in names for name in group.split(",")}
        with open(__file__, encoding="utf-8") as file:
            source = file.read()
        self.assertGreater(len(listed), 25)
        self.assertEqual([option for option in sorted(listed - {"-h"}) if f'"{option}"' not in source], [])


if __name__ == "__main__":
    if not os.path.exists(MODEL):
        print(f"skipped: {MODEL} is not there")
        sys.exit(1 if os.environ.get("WEFT_STRICT") == "1" else 77)
    unittest.main()
