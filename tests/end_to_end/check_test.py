"""`trafficd check`: every mistake is one line, each with its place and a word on what to do; exit code 1."""
import pathlib
import tempfile
import unittest

import daemon

MISTAKES = """\
intervall: 10s
inputs:
  net:
    plugin: interface
    interval: 10
    ignore: ["eth["]
    mtach: [eth0]
  other: { plugin: interfaces }
  net: { plugin: self }
outputs:
  history:
    plugin: sqlite
    tiers: [ { bucket: 7m, keep: 2w } ]
    batch_size: 010
  screen: { plugin: stdout, format: jsn }
pipelines:
  main:
    inputs: [net, nett]
    stages: [ { plugin: rate, drop: maybe }, { plugin: rte } ]
    outputs: [history, { to: screen, wen: { measurement: "*" } }]
"""

# line, column, and what the line must say
EXPECTED = [
    (1, 1, "unknown section 'intervall', did you mean 'interval'?"),
    (5, 15, "10s"),
    (6, 14, "no ']' closes"),
    (7, 5, "did you mean 'match'?"),
    (8, 20, "did you mean 'interface'?"),
    (9, 3, "net"),
    (13, 12, "tiers"),
    (14, 17, "batch_size"),
    (15, 37, "did you mean 'json'?"),
    (18, 19, "did you mean 'net'?"),
    (19, 37, "yes or no"),
    (19, 56, "did you mean 'rate'?"),
    (20, 38, "did you mean 'when'?"),
]


def check(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "wrong.yaml")
        path.write_text(text)
        done = daemon.run_to_end("check", path, folder)
        return done, str(path), [each.name for each in pathlib.Path(folder).iterdir()]


class CheckTest(unittest.TestCase):
    def test_every_mistake_has_its_line(self):
        done, path, left = check(MISTAKES)
        self.assertEqual(done.returncode, 1)
        lines = [line for line in done.stderr.splitlines() if line.startswith(path + ":") and " faults" not in line]
        self.assertEqual(len(lines), len(EXPECTED), done.stderr)
        for got, (line, column, words) in zip(lines, EXPECTED):
            self.assertTrue(got.startswith(f"{path}:{line}:{column}: "), f"{got}\nexpected at {line}:{column}")
            self.assertIn(words, got)
        self.assertEqual(left, ["wrong.yaml"], "check must not make any file")

    def test_a_good_file_is_good(self):
        done, _, left = check("inputs: { net: { plugin: interface } }\noutputs: { a: { plugin: sqlite } }\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertEqual(left, ["wrong.yaml"])

    def test_files_that_are_none(self):
        for text, words in [("", "inputs"), ("a: [", "wrong.yaml:"), ("- 1\n", "map"),
                            ("a: 1\n\tb: 2\n", "wrong.yaml:2")]:
            done, _, _ = check(text)
            self.assertEqual(done.returncode, 1, text)
            self.assertIn(words, done.stderr)

    def test_the_shipped_default_and_every_example_are_good(self):
        config = pathlib.Path(__file__).resolve().parents[2] / "config"
        files = [config / "trafficd.yaml", *sorted(config.glob("examples/*.yaml"))]
        self.assertGreater(len(files), 3)
        for path in files:
            done = daemon.run_to_end("check", path, "/nonexistent")
            self.assertEqual(done.returncode, 0, f"{path}: {done.stderr}")


if __name__ == "__main__":
    daemon.main()
