"""The daemon under test, as a process with a folder of its own, and how these tests are run."""
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = os.environ.get("TRAFFICD_BIN", "")
PLUGINS = os.environ.get("TRAFFICD_PLUGINS", "")
TEST_PLUGINS = os.environ.get("TRAFFICD_TEST_PLUGINS", "")
DEADLINE = 60.0
SKIPPED = 77

# Descriptors 0, 1 and 2 really closed; Popen can only lead them elsewhere.
WITHOUT_STREAMS = ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"]


def wait_for(expected, what, ask):
    """Asks until the answer is the expected one; fails with the last answer."""
    end = time.monotonic() + DEADLINE
    while (answer := ask()) != expected:
        if time.monotonic() > end:
            raise AssertionError(f"{what}: expected {expected!r}, still {answer!r} after {DEADLINE:.0f} s")
        time.sleep(0.02)  # between two questions; nothing depends on its length


def whole_lines(file):
    """What a running daemon has appended to it; not a line of which a part is still to come."""
    return file.read_text().rpartition("\n")[0].splitlines() if file.exists() else []


def command(verb, config, state):
    return [BINARY, verb, "-c", str(config), "--state", str(state), "--plugins", PLUGINS]


def run_to_end(verb, config, state, **options):
    """One that is expected to end by itself: code, output and messages."""
    return subprocess.run(command(verb, config, state), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=DEADLINE, **options)


class Nobody:
    """A user without any right, with a copy of the build: ours may lie where nobody else comes in. Needs root."""

    NUMBER = 65534

    def __init__(self, folder):
        """`folder` is the test's own; from now on everybody may enter it."""
        folder.chmod(0o755)
        self.build = folder / "build"
        shutil.copytree(PLUGINS, self.build / "plugins", ignore=lambda folder, names: [
            name for name in names if not name.endswith(".so") and not name in ("inputs", "stages", "outputs")])
        shutil.copy(BINARY, self.build / "trafficd")
        used = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout
        shutil.copy(re.search(r"/\S*/libtrafficd_sdk\S*", used).group(), self.build)
        for path in (self.build, *self.build.rglob("*")):
            path.chmod(0o755)

    def run(self, *arguments):
        return subprocess.run([self.build / "trafficd", *arguments], capture_output=True, text=True, timeout=DEADLINE,
                              stdin=subprocess.DEVNULL, env={**os.environ, "LD_LIBRARY_PATH": str(self.build)},
                              user=self.NUMBER, group=self.NUMBER, extra_groups=[])


class Daemon:
    """`space` is the network namespace that it runs in; None: that of the test."""

    def __init__(self, folder, config, space=None):
        self.space = space
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.history = self.state / "traffic.db"
        self.config = self.folder / "trafficd.yaml"
        self.log = self.folder / "log"
        self.process = None
        self.config.write_text(config)

    def start(self, stdout=None, wrapper=()):
        """`stdout` is a file for standard output instead of the log, `wrapper` a command that becomes the daemon."""
        # `ip netns exec` mounts the namespace's own /sys and then becomes the daemon.
        space = ["ip", "netns", "exec", self.space.name] if self.space else []
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*space, *wrapper, *command("run", self.config, self.state)],
                                            stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log)

    def start_and_wait(self, *interfaces, **options):
        """Returns when the first samples of these interfaces are committed."""
        self.start(**options)
        for name in interfaces:
            self.wait_for_sample(name)

    def wait_for_sample(self, interface):
        wait_for(True, f"whether there is a sample of {interface}", lambda: self.alive() and self.knows(interface))

    def alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.messages()}")
        return True

    def messages(self):
        return self.log.read_text(errors="replace")

    def wait_for_message(self, words):
        wait_for(True, f"whether it says '{words}'", lambda: self.alive() and words in self.messages())

    def send_signal(self, number):
        """Sends a signal, and returns when the daemon has taken it."""
        self.process.send_signal(number)
        wait_for(False, f"whether {number!r} still waits", lambda: self.is_pending(number))

    def is_pending(self, number):
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except FileNotFoundError:
            return False
        pending = next(line for line in status.splitlines() if line.startswith("ShdPnd:"))
        return int(pending.split()[1], 16) >> (number - 1) & 1 == 1

    def end(self):
        """The exit code of one that ends now."""
        return self.process.wait(DEADLINE)

    def stop(self, number=signal.SIGTERM):
        """Asks it to stop; answers the exit code."""
        self.process.send_signal(number)
        return self.end()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)

    def ask_history(self, question, *values):
        """The first row of the answer; None where there is no history yet."""
        try:
            database = sqlite3.connect(f"file:{self.history}?mode=ro", uri=True, timeout=5)
        except sqlite3.OperationalError:
            return None  # not there: not yet, or a damaged one was just set aside
        try:
            return database.execute(question, values).fetchone()
        except sqlite3.DatabaseError:
            return None  # no tables yet, or a damaged file that the daemon has still to set aside
        finally:
            database.close()

    def newest(self):
        """Up to when any counter is counted: what `wait_for_newer` takes."""
        return self.ask_history("select max(time) from baseline")

    def wait_for_newer(self, newest):
        wait_for(True, "a commit", lambda: self.alive() and self.newest() not in (newest, None, (None,)))

    def knows(self, interface):
        """Whether a sample of the interface is committed."""
        return self.ask_history("select count(*) from series where measurement = 'interface' and "
                                "json_extract(identity, '$.interface') = ?", interface) == (1,)

    def rows(self, *words):
        """What `report --json` answers; a text when it fails."""
        done = subprocess.run([BINARY, "report", "day", *words, "--json", "--state", self.state],
                              capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode != 0:
            return f"exit code {done.returncode}: {done.stderr.strip()}"
        return json.loads(done.stdout)

    def primary(self):
        """The interfaces that the report shows when none is asked for."""
        rows = self.rows()
        return {row["interface"] for row in rows} if isinstance(rows, list) else rows

    def report(self, interface):
        """The sums of the whole history of one interface: (rx_bytes, tx_bytes)."""
        rows = self.rows("--interface", interface)
        if isinstance(rows, str):
            return rows
        assert all(row["interface"] == interface for row in rows), rows
        # A row in which nothing was counted has no such field.
        return tuple(sum(row.get(field, 0) for row in rows) for field in ("rx_bytes", "tx_bytes"))


class DaemonTest(unittest.TestCase):
    """A test with a folder of its own; whatever it starts ends with it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.daemon = None

    def make_daemon(self, config, space=None):
        self.daemon = Daemon(self.folder, config, space)
        self.addCleanup(self.daemon.kill)
        return self.daemon


def main(why_not=""):
    """`why_not` says why these tests cannot run here; empty when they can."""
    if not os.access(BINARY, os.X_OK) or not os.path.isdir(PLUGINS):
        sys.exit("TRAFFICD_BIN and TRAFFICD_PLUGINS must name the built daemon and its folder of plugins")
    if why_not:
        print(f"skipped: {why_not}")
        sys.exit(SKIPPED)
    result = unittest.main(exit=False).result
    if result.testsRun == 0:
        sys.exit("no test was run: is there one of that name?")
    if not result.wasSuccessful():
        sys.exit(1)
    # Whoever runs all tests must learn that one of them did not.
    sys.exit(SKIPPED if result.skipped else 0)
