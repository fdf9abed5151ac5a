"""`trafficd run` as a process: how it starts, what stops it, and what its exit code says."""
import fcntl
import os
import signal
import subprocess
import termios

import daemon
from daemon import DaemonTest, run_to_end, wait_for

# The daemon's own numbers: an input that needs nothing. One collect at the start, one at the stop.
CONFIG = """\
interval: 1h
inputs: { self: {} }
outputs:
  store: { plugin: sqlite, flush_interval: 0s }
"""

HANGS = """\
plugin_path: [ "{plugins}" ]
stop_deadline: {deadline}
inputs: {{ self: {{}}, {input} }}
outputs: {{ {output} }}
"""


class RunTest(DaemonTest):
    def start(self, config=CONFIG, **options):
        """Returns when the first samples are in the history."""
        self.make_daemon(config)
        self.daemon.start(**options)
        self.wait_for_samples()

    def wait_for_samples(self):
        wait_for(True, "whether there are samples", lambda: self.daemon.alive() and self.newest() > 0)

    def newest(self):
        """The time of the newest sample in the history, in seconds; 0: there is none."""
        return (self.daemon.ask_history("select max(time) / 1000000000 from baseline") or (0,))[0] or 0

    def refused(self, done, code, *words):
        """It ended at once, with this code and one line that holds these words."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for each in words:
            self.assertIn(each, done.stderr)

    def run_config(self, config, state="state"):
        path = self.folder / "trafficd.yaml"
        path.write_text(config)
        return run_to_end("run", path, self.folder / state)


class TerminalTest(RunTest):
    """Started by hand, on a terminal of its own."""

    def test_what_it_says_and_that_it_ends_with_the_terminal(self):
        self.make_daemon(CONFIG.replace("flush_interval: 0s", "file: my history.db"))
        ours, its = os.openpty()

        def own_the_terminal():
            os.setsid()
            fcntl.ioctl(its, termios.TIOCSCTTY, 0)

        started = daemon.command("run", self.daemon.config, self.daemon.state)
        process = subprocess.Popen(started, stdin=its, stdout=its, stderr=its, preexec_fn=own_the_terminal)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.close(its)
        said = ""
        while "Ctrl-C" not in said:
            said += os.read(ours, 4096).decode()
        self.assertIn(f"look with      trafficd report --file '{self.daemon.state}/my history.db'", said)
        process.send_signal(signal.SIGHUP)  # from somebody else: the terminal is still there
        while "reload: nothing has changed" not in said:
            said += os.read(ours, 4096).decode()
        os.close(ours)
        self.assertEqual(process.wait(daemon.DEADLINE), 0)


class StopTest(RunTest):
    def check_stop(self, number):
        lines = self.folder / "lines"
        with open(lines, "wb") as file:
            self.start(CONFIG + "  lines: { plugin: stdout }\n", stdout=file)
        self.assertEqual(self.daemon.stop(number), 0, self.daemon.messages())
        # `measurement,tags fields time epoch`: what was there at the start came once more at the stop.
        seen = [line.split(" ") for line in lines.read_text().splitlines()]
        times = [int(words[-2]) for words in seen]
        first = {words[0] for words, time in zip(seen, times) if time == times[0]}
        last = {words[0] for words, time in zip(seen, times) if time == times[-1]}
        self.assertGreater(times[-1], times[0])
        self.assertLessEqual(first, last)
        self.assertEqual(self.newest(), times[-1] // 1_000_000_000)
        self.assertEqual(self.daemon.ask_history("pragma integrity_check"), ("ok",))
        self.assertEqual(sorted(each.name for each in self.daemon.state.glob("traffic.db*")), ["traffic.db"])

    def test_sigterm_ends_it_and_everything_is_written(self):
        self.check_stop(signal.SIGTERM)

    def test_sigint_does_the_same(self):
        self.check_stop(signal.SIGINT)

    def hang(self, deadline, input="", output="lines: { plugin: stdout }"):
        config = HANGS.format(plugins=daemon.TEST_PLUGINS, deadline=deadline, input=input, output=output)
        self.make_daemon(config).start()
        self.daemon.wait_for_message("hangs")

    def left_behind(self, why, who):
        self.assertEqual(self.daemon.end(), 3, self.daemon.messages())
        self.assertIn(f"{why}: {who} still runs and is left behind", self.daemon.messages())

    def test_an_output_that_hangs_is_left_behind(self):
        self.hang("0s", output="stuck: { plugin: hanging }")
        self.daemon.send_signal(signal.SIGTERM)
        self.left_behind("the deadline of the stop has passed", "output stuck")

    def test_an_input_that_hangs_is_left_behind(self):
        self.hang("0s", input="stuck: { plugin: hanging }")
        self.daemon.send_signal(signal.SIGTERM)
        self.left_behind("the deadline of the stop has passed", "input stuck")

    def test_a_second_signal_ends_it_at_once(self):
        self.hang("10m", output="stuck: { plugin: hanging }")  # longer than any test waits
        # One that comes with the first is the same wish.
        wait_for(True, "whether it has ended", self.ask_to_stop)
        self.left_behind("asked to stop again", "output stuck")

    def ask_to_stop(self):
        if self.daemon.process.poll() is None:
            self.daemon.process.send_signal(signal.SIGTERM)
        return self.daemon.process.poll() is not None


class StartTest(RunTest):
    def test_a_second_daemon_on_the_same_folder_is_refused(self):
        self.start()
        (self.folder / "same").symlink_to(self.daemon.state)
        for name in ("state", "same"):
            self.refused(run_to_end("run", self.daemon.config, self.folder / name), 2,
                         f"another trafficd (process {self.daemon.process.pid}) uses the state folder", "--state DIR")
        before = self.newest()
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        self.assertGreaterEqual(self.newest(), before)
        self.assertEqual(self.daemon.messages().count("another trafficd"), 0)

    def test_the_folder_of_one_that_was_killed_is_free(self):
        self.start()
        self.daemon.kill()
        self.daemon.start()
        lock = self.daemon.state / "trafficd.lock"
        holder = f"{self.daemon.process.pid}\n"
        wait_for(holder, "who holds the folder", lambda: self.daemon.alive() and lock.read_text())
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def test_a_bad_configuration_starts_nothing(self):
        for config, words in [("inputs: { self: {} }\noutputs: { a: { plugin: sqlit } }\n", "did you mean 'sqlite'?"),
                              ("outputs: [\n", "trafficd.yaml:")]:
            self.refused(self.run_config(config), 1, words)
            self.assertFalse((self.folder / "state").exists())
        self.refused(run_to_end("run", self.folder / "none.yaml", self.folder / "state"), 1, "none.yaml")

    def test_a_wrong_command_line_starts_nothing(self):
        done = subprocess.run([daemon.BINARY, "run", "--no-such-option"], capture_output=True, text=True,
                              timeout=daemon.DEADLINE)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("--no-such-option", done.stderr)

    def test_a_file_where_the_state_folder_should_be(self):
        (self.folder / "state").write_text("precious")
        self.refused(self.run_config(CONFIG), 2, f"cannot write the state folder {self.folder}/state", "--state DIR")
        self.assertEqual((self.folder / "state").read_text(), "precious")

    def test_a_state_folder_of_somebody_else(self):
        """As nobody where we are root, else as ourselves in a folder that we may not write."""
        state = self.folder / "state"
        state.mkdir(mode=0o555)
        config = self.folder / "trafficd.yaml"
        config.write_text(CONFIG)
        nobody = daemon.Nobody(self.folder) if os.geteuid() == 0 else None
        for folder in (state, state / "below"):
            if nobody:
                done = nobody.run("run", "-c", config, "--state", folder, "--plugins", nobody.build / "plugins")
            else:
                done = run_to_end("run", config, folder)
            self.refused(done, 2, f"cannot write the state folder {folder}", "Permission denied", "--state DIR")

    def test_an_output_that_must_start_and_cannot(self):
        done = self.run_config(CONFIG.replace("flush_interval: 0s", "file: /dev/null/traffic.db, on_start_error: exit"))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("/dev/null/traffic.db", done.stderr)
        self.assertIn("could not start, and 'on_start_error' is 'exit'", done.stderr)

    def test_an_input_that_must_start_and_cannot(self):
        net = "net: { plugin: interface, root: /dev/null, on_start_error: exit }"
        done = self.run_config(CONFIG.replace("self: {}", net))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("cannot read '/dev/null/sys/class/net'", done.stderr)
        self.assertIn("could not start, and 'on_start_error' is 'exit'", done.stderr)

    def test_an_input_that_had_started_is_tried_again(self):
        config = HANGS.format(plugins=daemon.TEST_PLUGINS, deadline="10s", output="store: { plugin: sqlite }",
                              input="lost: { plugin: fading, on_start_error: exit }")
        self.make_daemon(config).start()
        self.daemon.wait_for_message("open number 3")
        self.assertNotIn("could not start", self.daemon.messages())
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())


if __name__ == "__main__":
    daemon.main()
