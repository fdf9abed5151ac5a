"""The daemon under test, as a process with a folder of its own."""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

import network

BINARY = os.environ.get("TRAFFICD_BIN", "")
PLUGINS = os.environ.get("TRAFFICD_PLUGINS", "")
DEADLINE = 20.0
SKIPPED = 77

CONFIG = """\
interval: {interval}
inputs:
  net: {{ plugin: interface, match: ["lan*"] }}
outputs:
  store: {{ plugin: sqlite, flush_interval: 200ms }}
"""


def wait_for(expected, what, ask):
    """Asks until the answer is the expected one; fails with the last answer."""
    end = time.monotonic() + DEADLINE
    while (answer := ask()) != expected:
        if time.monotonic() > end:
            raise AssertionError(f"{what}: expected {expected!r}, still {answer!r} after {DEADLINE:.0f} s")
        time.sleep(0.02)  # between two questions; nothing depends on its length


class Daemon:
    def __init__(self, folder, space, interval):
        self.space = space
        self.state = os.path.join(folder, "state")
        self.config = os.path.join(folder, "trafficd.yaml")
        self.log = os.path.join(folder, "log")
        self.process = None
        with open(self.config, "w") as file:
            file.write(CONFIG.format(interval=interval))

    def start(self):
        with open(self.log, "ab") as log:
            # `ip netns exec` mounts the namespace's own /sys and then becomes the daemon.
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.space.name, BINARY, "run", "-c", self.config, "--state", self.state,
                 "--plugins", PLUGINS], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_and_wait(self, *interfaces):
        """Returns when the first samples of these interfaces are committed."""
        self.start()
        for name in interfaces:
            wait_for(True, f"whether there is a first sample of {name}", lambda: self.alive() and self.knows(name))

    def alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.messages()}")
        return True

    def messages(self):
        with open(self.log, errors="replace") as file:
            return file.read()

    def stop(self):
        """SIGTERM; answers the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)

    def knows(self, interface):
        """Whether a sample of the interface is committed."""
        path = os.path.join(self.state, "traffic.db")
        if not os.path.exists(path):
            return False
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            return database.execute("select count(*) from series where measurement = 'interface' and "
                                    "json_extract(identity, '$.interface') = ?", (interface,)).fetchone()[0] == 1
        except sqlite3.OperationalError:
            return False  # no tables yet
        finally:
            database.close()

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


def main():
    if not os.access(BINARY, os.X_OK) or not os.path.isdir(PLUGINS):
        sys.exit("TRAFFICD_BIN and TRAFFICD_PLUGINS must name the built daemon and its folder of plugins")
    reason = network.why_not()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    unittest.main()
