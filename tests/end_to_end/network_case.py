"""A test that compares what the daemon counts in a network of its own with what the kernel counts."""
import contextlib
import subprocess
import time

import network
from daemon import DaemonTest, wait_for

OFTEN = "200ms"
NEVER = "1h"  # a collect at the start, one at the stop, none in between

CONFIG = """\
interval: {interval}
inputs:
  net: {{ plugin: interface, match: ["lan*"] }}
outputs:
  store: {{ plugin: sqlite, flush_interval: 200ms }}
"""


def plus(*pairs):
    return tuple(map(sum, zip(*pairs)))


def minus(after, before):
    return tuple(a - b for a, b in zip(after, before))


class NetworkCase(DaemonTest):
    def setUp(self):
        super().setUp()
        self.network = network.Network(str(time.monotonic_ns() % 100_000))
        self.addCleanup(self.network.remove)

    def run_daemon(self, *interfaces, interval, config=CONFIG, **options):
        """The counters of these interfaces at the first committed sample: nothing moves meanwhile."""
        self.make_daemon(config.format(interval=interval), self.network.near)
        self.daemon.start_and_wait(*interfaces, **options)
        return [self.kernel(name) for name in interfaces]

    def kernel(self, interface):
        return self.network.near.counters(interface)

    def expect(self, interface, sums):
        """While the daemon runs: the report comes to these sums."""
        wait_for(sums, f"the report of {interface}", lambda: self.daemon.alive() and self.daemon.report(interface))

    def stop_and_expect(self, sums):
        """After a clean stop: exit code 0 and exactly these sums, by interface."""
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        self.assertEqual({name: self.daemon.report(name) for name in sums}, sums, self.daemon.messages())

    def mount_state(self, options):
        """Makes the state folder a small file system of its own."""
        state = self.folder / "state"
        state.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", state], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", state], check=True)
        return state

    @staticmethod
    def fill(folder):
        """Takes all space that is left there; answers the file that holds it."""
        ballast = folder / "ballast"
        with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        return ballast
