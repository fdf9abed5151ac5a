"""The shell completion: what bash offers for a line that is half typed."""
import pathlib
import re
import subprocess
import tempfile
import unittest

import daemon

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "contrib/completion/trafficd.bash"
ASK = 'source "$0" && COMP_WORDS=("$@") && COMP_CWORD=$(($# - 1)) && _trafficd && printf "%s\\n" "${COMPREPLY[@]}"'


def offered(*words, folder=None):
    done = subprocess.run(["bash", "-c", ASK, SCRIPT, daemon.BINARY, *words], capture_output=True, text=True, check=True,
                          cwd=folder, timeout=daemon.DEADLINE)
    assert done.stderr == "", done.stderr
    return done.stdout.split("\n")[:-1] if done.stdout != "\n" else []


class CompletionTest(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(sorted(offered("re")), ["reload", "replay", "report"])
        self.assertGreaterEqual(set(offered("")), {"run", "check", "describe", "report", "status"})
        self.assertEqual(offered("doubtful", ""), ["accept", "reject"])

    def test_options_are_those_of_the_command(self):
        for path in ([], ["run"], ["check"], ["describe"], ["report"], ["replay"], ["status"], ["reload"], ["doubtful", "accept"]):
            shown = subprocess.run([daemon.BINARY, *path, "--help"], capture_output=True, text=True, check=True).stdout
            known = {word.rstrip(",") for line in shown.splitlines() if line.startswith("  -")
                     for word in line.split()[0].split(",") if word.startswith("--")}
            self.assertEqual(set(offered(*path, "--")), known, path)
            self.assertIn("--help", known)

    def test_values(self):
        self.assertEqual(offered("report", ""), ["hour", "day", "month", "year"])
        self.assertEqual(offered("report", "month", "--zone", "Europe/Berl"), ["Europe/Berlin"])
        self.assertIn("lo", offered("report", "--interface", ""))
        self.assertEqual(offered("report", "--limit", ""), [])

    def test_files_by_their_names_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a b.yaml", "a$(touch hit).yaml", "a`touch hit`"):
                pathlib.Path(folder, name).touch()
            pathlib.Path(folder, "afolder").mkdir()
            files = ["a b.yaml", "a$(touch hit).yaml", "a`touch hit`", "afolder"]
            for words in (["run", "a"], ["check", "-c", "a"], ["report", "--file", "a"],
                          ["replay", "--json", "a"], ["replay", "b.pcap", "a"]):
                self.assertEqual(sorted(offered(*words, folder=folder)), files)
            self.assertEqual(offered("status", "--state", "a", folder=folder), ["afolder"])
            self.assertFalse(pathlib.Path(folder, "hit").exists())

    def test_a_value_behind_an_equals_sign(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "a.yaml").touch()
            pathlib.Path(folder, "afolder").mkdir()
            # What bash makes of `--state=` and `--state=a`, then what zsh leaves in one word.
            for words, files in ((["--state", "="], ["afolder"]), (["--state", "=", "a"], ["afolder"]),
                                 (["--state=a"], ["--state=afolder"]), (["--file", "=", "a"], ["a.yaml", "afolder"]),
                                 (["--limit", "="], [])):
                self.assertEqual(sorted(offered("report", *words, folder=folder)), files)
            for words in (["-c", ""], ["--config", "="], ["--config", "=", "a"]):
                self.assertEqual(sorted(offered("run", *words, folder=folder)), ["a.yaml", "afolder"])

    def test_a_short_option_takes_what_the_long_one_takes(self):
        for option in ("-i", "--interface"):
            self.assertIn("lo", offered("report", option, "l"))

    def test_no_variable_is_one_of_those_that_zsh_uses(self):
        declared = [name for line in SCRIPT.read_text().splitlines() if line.strip().startswith("local ")
                    for name in re.findall(r"(?:^| )(\w+)(?==| |$)", line.split("#")[0].strip()[len("local"):])]
        self.assertIn("candidate", declared)
        # With `path` goes PATH, and every command with it.
        self.assertEqual(set(declared) & {"path", "fpath", "cdpath", "words", "argv", "status", "commands", "options",
                                          "match", "prompt", "pipestatus", "funcstack", "parameters"}, set())

    def test_every_plugin(self):
        self.assertEqual(offered("describe", "interf"), ["interface"])


if __name__ == "__main__":
    daemon.main()
