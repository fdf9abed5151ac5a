"""A clock that is not set yet, or is set while the daemon runs: nothing is booked into a time in which it did not pass.

libfaketime shows the daemon another wall clock; the kernel's counters and the steady clock go on as they are."""
import glob
import time

import daemon
import network
from daemon import wait_for
from network_case import CONFIG, OFTEN, NetworkCase, minus

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), "")
DAY = 86_400

STREAM = """\
inputs:
  meter: {{ plugin: exec, command: [ "{program}" ], counters: [ bytes ] }}
outputs:
  store: {{ plugin: sqlite, flush_interval: 50ms }}
"""


def why_not():
    return network.why_not() or ("" if LIBRARY else "needs libfaketime")


class ClockTest(NetworkCase):
    def setUp(self):
        super().setUp()
        self.network.add("lan0")
        self.time = self.folder / "time"
        self.wrapper = ["env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME_TIMESTAMP_FILE={self.time}", "FAKETIME_NO_CACHE=1",
                        "FAKETIME_DONT_FAKE_MONOTONIC=1"]

    def total(self, value):
        """What the program of STREAM says from now on."""
        (self.folder / "next").write_text(f"{value}\n")
        (self.folder / "next").rename(self.folder / "total")

    def streamed(self, since, until):
        """What the history has of that program between two times."""
        found = self.daemon.ask_history("select total(bytes) from flow_by_minute where unix >= ? and unix < ?",
                                        since, until)
        return int(found[0]) if found else None

    def booked(self, since, until):
        """What the history has between two times: (rx_bytes, tx_bytes)."""
        found = self.daemon.ask_history("select total(rx_bytes), total(tx_bytes) from interface_by_minute "
                                        "where interface = 'lan0' and unix >= ? and unix < ?", since, until)
        return tuple(map(int, found)) if found else None

    def test_a_start_without_a_clock_waits_for_it(self):
        self.time.write_text("@1970-01-01 00:00:30\n")
        self.make_daemon(CONFIG.format(interval=OFTEN), self.network.near)
        self.daemon.start(wrapper=self.wrapper)
        self.daemon.wait_for_message("nobody has set it yet")
        self.network.send("lan0", 50, 1000)  # before the first sample, which only sets the mark
        self.time.write_text("+0\n")
        now = time.time()
        self.daemon.wait_for_sample("lan0")
        start = self.kernel("lan0")
        self.network.send("lan0", 100, 1000)
        moved = minus(self.kernel("lan0"), start)
        self.expect("lan0", moved)
        self.assertEqual(self.booked(now - 120, now + DAY), moved)
        self.stop_and_expect({"lan0": moved})

    def test_a_stop_while_it_waits(self):
        self.time.write_text("@1970-01-01 00:00:30\n")
        self.make_daemon(CONFIG.format(interval=OFTEN), self.network.near)
        self.daemon.start(wrapper=self.wrapper)
        self.daemon.wait_for_message("nobody has set it yet")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def test_a_clock_set_forward_spreads_nothing_over_what_it_skipped(self):
        self.time.write_text("+0\n")
        self.make_daemon(CONFIG.format(interval=OFTEN), self.network.near)
        self.daemon.start_and_wait("lan0", wrapper=self.wrapper)
        now = time.time()
        first = self.network.send("lan0", 100, 1000), 0
        wait_for(first, "what is booked before the step", lambda: self.booked(now - 120, now + DAY))
        self.time.write_text("+40d\n")
        self.daemon.wait_for_message("the clock went forward by")
        second = self.network.send("lan0", 30, 1000), 0
        wait_for(second, "what is booked after the step", lambda: self.booked(now + 39 * DAY, now + 41 * DAY))
        self.assertEqual(self.booked(now - 120, now + DAY), first)
        self.assertEqual(self.booked(now + DAY, now + 39 * DAY), (0, 0))
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def test_neither_does_a_program_whose_lines_are_stamped_when_they_come(self):
        self.time.write_text("+0\n")
        self.total(1000)
        program = self.folder / "program"
        program.write_text(f"""#!/bin/sh
while :; do read total < {self.folder}/total; echo flow,user=anna bytes=${{total}}i; sleep 0.1; done
""")
        program.chmod(0o755)
        self.make_daemon(STREAM.format(program=program))
        self.daemon.start(wrapper=self.wrapper)
        wait_for((1,), "the first sample", lambda: self.daemon.ask_history("select count(*) from series"))
        now = time.time()
        self.total(11_000)
        wait_for(10_000, "what is booked before the step", lambda: self.streamed(now - 120, now + DAY))
        self.time.write_text("+40d\n")
        self.daemon.wait_for_message("the clock went forward by")
        self.total(1_011_000)
        wait_for(1_000_000, "what is booked after the step", lambda: self.streamed(now + 39 * DAY, now + 41 * DAY))
        self.assertEqual(self.streamed(now - 120, now + 39 * DAY), 10_000)
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())


if __name__ == "__main__":
    daemon.main(why_not())
