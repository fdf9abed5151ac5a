"""What a user meets on the command line: a word on what was probably meant, warnings, and no success without output."""
import os
import subprocess
import tempfile
import unittest

BINARY = os.environ.get("TRAFFICD_BIN", "")
PLUGINS = os.environ.get("TRAFFICD_PLUGINS", "")
COMMANDS = "run, check, describe, report, replay, doubtful, status, reload"
GOOD = "inputs: { self: {} }\noutputs: { a: { plugin: stdout } }\n"


def trafficd(*arguments, **others):
    others.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([BINARY, *arguments], stderr=subprocess.PIPE, text=True, timeout=60, **others)


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.config = os.path.join(self.folder, "good.yaml")
        self.write(GOOD)

    def write(self, text):
        with open(self.config, "w") as file:
            file.write(text)

    def check(self, *arguments, **others):
        return trafficd("check", "-c", self.config, "--plugins", PLUGINS, "--state", self.folder, *arguments, **others)

    def test_what_was_probably_meant(self):
        for arguments, words in [
            (["rnu", "-c", "x"], "trafficd: unknown command 'rnu', did you mean 'run'?"),
            (["quite-other"], "trafficd: unknown command 'quite-other'; there are: " + COMMANDS),
            ([], "trafficd: a command is missing; there are: " + COMMANDS),
            (["run", "--confg", "x"], "trafficd run: unknown option '--confg', did you mean '--config'?"),
            (["check", "--confg=x"], "trafficd check: unknown option '--confg', did you mean '--config'?"),
            (["--versoin"], "trafficd: unknown option '--versoin', did you mean '--version'?"),
            (["run", "-x"], "trafficd run: unknown option '-x'; 'trafficd run --help' lists them"),
            (["check", "x.yaml", "y.yaml"], "trafficd check: 'y.yaml' does not belong here; 'trafficd check --help' tells what does"),
            (["check", "-c"], "trafficd check: --config: 1 required FILE missing; 'trafficd check --help' tells more"),
            (["\x1b[31m"], "trafficd: unknown command '?[31m'; there are: " + COMMANDS),
        ]:
            with self.subTest(arguments):
                done = trafficd(*arguments)
                self.assertEqual((done.returncode, done.stderr, done.stdout), (1, words + "\n", ""))

    def test_the_file_may_stand_alone(self):
        done = trafficd("check", self.config, "--plugins", PLUGINS, "--state", self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("good.yaml: good", done.stdout)
        self.assertIn("--state is empty", trafficd("run", self.config, "--plugins", PLUGINS, "--state", "").stderr)

    def test_a_plugin_folder_that_is_not_there(self):
        for command in ("run", "check", "describe"):
            done = trafficd(command, "--plugins", "/nonexistent")
            self.assertEqual(done.returncode, 1)
            self.assertIn("--plugins: Directory does not exist: /nonexistent", done.stderr)
        self.write("plugin_path: [more]\n" + GOOD)
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"good.yaml:1:15: plugin_path[0]: '{self.folder}/more' is no folder", done.stderr)
        os.mkdir(os.path.join(self.folder, "more"))
        self.assertEqual(self.check().returncode, 0)

    def test_what_could_not_be_printed_is_no_success(self):
        for arguments in (["--help"], ["--version"], ["run", "--help"], ["describe", "--plugins", PLUGINS]):
            with self.subTest(arguments), open("/dev/full", "w") as full:
                done = trafficd(*arguments, stdout=full)
                self.assertEqual(done.returncode, 2)
                self.assertIn("cannot write to standard output", done.stderr)
        with open("/dev/full", "w") as full:
            self.assertEqual(self.check(stdout=full).returncode, 2)
            self.assertEqual(self.check("--quiet", stdout=full).returncode, 0)

    def test_the_log_begins_and_ends_with_a_line(self):
        with open(os.path.join(self.folder, "samples"), "w+") as samples:
            daemon = subprocess.Popen([BINARY, "run", "-c", self.config, "--plugins", PLUGINS, "--state", self.folder],
                                      stdout=samples, stderr=subprocess.PIPE, text=True)
            self.addCleanup(daemon.kill)
            first = daemon.stderr.readline()
            daemon.terminate()
            _, rest = daemon.communicate(timeout=60)
        self.assertRegex(first, rf" info +trafficd [0-9.]+ starts with {self.config}, files in {self.folder}, "
                                r"inputs: 1, outputs: 1\n$")
        self.assertRegex(rest.splitlines()[-1], " info +stopped$")
        self.assertEqual(daemon.returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
