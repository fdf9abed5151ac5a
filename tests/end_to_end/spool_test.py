"""Outputs that refuse, hang, are slow or die, beside healthy ones, and a kill: what the receiver gets in the end is all.

The receivers are files. `other` is healthy from the first to the last sample; `out` misbehaves until the restart."""
import os
import zlib

import daemon
import network
from daemon import wait_for, whole_lines
from network_case import OFTEN, NetworkCase

HEADER = 56  # of a block
CONFIG = """\
interval: {interval}
plugin_path: [ "{plugins}" ]
inputs:
  net: {{ plugin: interface, match: ["lan*"] }}
  self: {{}}
outputs:
  store: {{ plugin: sqlite, flush_interval: 50ms }}
  other: {{ plugin: receiver, file: "{folder}/other" }}
  out: {{ plugin: receiver, file: "{folder}/out", manner: {manner}, batch_size: {batch_size},
         spool: {{ mode: always, max_size: 1MiB }} }}
"""


class Line:
    """`net/interface,interface=lan0 rx_bytes=1c,… time epoch`"""

    def __init__(self, text):
        self.text = text
        series, fields, time, *_ = text.split(" ")
        self.series, self.time = series, int(time)
        self.fields = {name: value for name, value in (each.split("=") for each in fields.split(","))}


class SpoolTest(NetworkCase):
    def begin(self, manner, batch_size=1000):
        self.network.add("lan0")
        self.write_config(manner, batch_size)
        self.daemon.start_and_wait("lan0")
        self.network.send("lan0", 30, 1000)

    def write_config(self, manner, batch_size=1000):
        config = CONFIG.format(interval=OFTEN, plugins=daemon.TEST_PLUGINS, folder=self.folder, manner=manner,
                               batch_size=batch_size)
        if self.daemon:
            self.daemon.config.write_text(config)
        else:
            self.make_daemon(config, self.network.near)

    def lines(self, output):
        return [Line(text) for text in whole_lines(self.folder / output)]

    def segments(self):
        return sorted((self.daemon.state / "spool" / "out").glob("*.seg"))

    def spooled(self):
        """Bytes on disk."""
        return sum(file.stat().st_size for file in self.segments())

    def on_disk(self):
        """The lines that wait. Where blocks stand: core/engine/spool/README.md."""
        lines = set()
        for file in self.segments():
            try:
                content = file.read_bytes()
                at = 0
                while at + HEADER <= len(content):
                    whole, size = (int.from_bytes(content[at + n:at + n + 4], "little") for n in (12, 16))
                    payload = content[at + HEADER:at + HEADER + size]
                    lines.update((payload if whole == size else zlib.decompress(payload, -15)).decode().splitlines())
                    at += HEADER + size
            except (FileNotFoundError, zlib.error):
                pass  # just delivered, or just being written: it is looked at again
        return lines

    def wait_until_safe(self):
        """What the healthy one has by now is on disk for the other one, or delivered: from here on a kill costs none of
        it. What comes in the last moment before the kill may still be on its way."""
        self.safe = {line.text for line in self.lines("other")}
        wait_for(True, "whether what came is safe", lambda: self.daemon.alive()
                 and self.safe <= self.on_disk() | {line.text for line in self.lines("out")})

    def wait_for_more(self):
        """Until the healthy one has had some ticks more, and they are on disk for the other one."""
        seen, size = len(self.lines("other")), self.spooled()
        wait_for(True, "whether there is more", lambda: self.daemon.alive() and len(self.lines("other")) > seen + 60
                 and self.spooled() > size)

    def restart_and_drain(self, between=lambda: None):
        """The daemon comes back after a kill, and finds a receiver that works."""
        self.wait_until_safe()
        self.daemon.kill()
        for file in (self.folder / "other", self.folder / "out"):
            if file.exists():  # a write that the kill cut off
                os.truncate(file, file.read_bytes().rfind(b"\n") + 1)
        self.before = {line.text for line in self.lines("other")}
        self.assertGreater(self.spooled(), 0)
        between()
        self.write_config("works")
        self.daemon.start()
        wait_for(True, "whether it is delivered", lambda: self.daemon.alive() and not self.segments()
                 and len(self.lines("out")) > 0)
        self.network.send("lan0", 20, 700)
        seen = len(self.lines("out"))
        wait_for(True, "whether it goes on", lambda: self.daemon.alive() and len(self.lines("out")) > seen)
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    @staticmethod
    def first_times(lines):
        """The lines without those that came again."""
        return list({line.text: line for line in lines}.values())

    def expect_all_in_order(self, missing=0):
        got, other = self.first_times(self.lines("out")), self.lines("other")
        newest = {}
        for line in got:  # two inputs are in order each for itself
            self.assertLessEqual(newest.get(line.series, 0), line.time)
            newest[line.series] = line.time
        on_its_way = self.before - self.safe
        lost = {line.text for line in other} - {line.text for line in got} - on_its_way
        self.assertEqual(len(lost), missing, sorted(lost)[:3])

    def expect_totals(self):
        """What the receiver can count for itself equals the history and the kernel."""
        counts = [line for line in self.lines("out") if line.series.startswith("net/interface,interface=lan0")]
        for number, field in enumerate(("rx_bytes", "tx_bytes")):
            totals = [int(line.fields[field].rstrip("c")) for line in counts]
            self.assertEqual(max(totals) - totals[0], self.daemon.report("lan0")[number])
        self.assertGreaterEqual(self.daemon.report("lan0")[0], 50 * 700)

    def survive(self, manner, **options):
        self.begin(manner, **options)
        self.wait_for_more()
        self.network.send("lan0", 40, 500)
        self.wait_for_more()
        self.restart_and_drain()
        self.expect_all_in_order()
        self.expect_totals()

    def test_one_that_refuses(self):
        self.survive("refuses")
        self.assertIn("the receiver is gone", self.daemon.messages())

    def test_one_that_hangs(self):
        self.survive("hangs")

    def test_one_that_is_slow(self):
        self.survive("slow", batch_size=1)

    def test_one_that_dies_in_the_middle(self):
        self.survive("dies")

    def test_a_full_disk(self):
        state = self.mount_state("size=1m")
        self.begin("refuses")
        self.wait_for_more()
        ballast = self.fill(state)
        self.daemon.wait_for_message("until then samples wait in memory")
        self.network.send("lan0", 40, 500)
        seen = len(self.lines("other"))
        wait_for(True, "whether the healthy one goes on", lambda: len(self.lines("other")) > seen + 60)
        ballast.unlink()
        self.daemon.wait_for_message("the spool takes samples again")
        self.wait_for_more()
        self.restart_and_drain()
        self.expect_all_in_order()
        self.expect_totals()

    def damage(self):
        """The last byte of a block in the middle. Where blocks stand: core/engine/spool/README.md."""
        file = self.segments()[0]
        content = bytearray(file.read_bytes())
        ends = [0]
        while ends[-1] < len(content):
            ends.append(ends[-1] + HEADER + int.from_bytes(content[ends[-1] + 16:ends[-1] + 20], "little"))
        self.assertGreater(len(ends), 3)  # the first one holds what everything else is counted from
        content[ends[len(ends) // 2] - 1] ^= 0xff
        file.write_bytes(content)

    def test_damage_in_the_middle(self):
        self.begin("refuses")
        for _ in range(3):
            self.wait_for_more()
        self.restart_and_drain(between=self.damage)
        self.assertIn("the spool is damaged", self.daemon.messages())
        told = [line for line in self.lines("other") + self.lines("out")
                if line.series.startswith("self/self_loss") and "id=out" in line.series
                and "reason=spool_damaged" in line.series]
        lost = {int(line.fields["samples"].rstrip("c")) for line in told}
        self.assertEqual(len(lost), 1)
        self.expect_all_in_order(missing=lost.pop())
        self.expect_totals()


if __name__ == "__main__":
    daemon.main(network.why_not())
