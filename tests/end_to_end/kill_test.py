"""Killed at any instant, on a full disk, with files cut short: what the kernel counted is in the history, to the byte.

Traffic runs all the time. TRAFFICD_KILLS=200 makes the long form: most of the kills at a random write, the others at a
random time; TRAFFICD_SEED repeats one."""
import json
import os
import random
import shutil
import subprocess
import time

import daemon
import network
from daemon import wait_for
from network_case import NetworkCase, minus

KILLS = int(os.environ.get("TRAFFICD_KILLS", "0"))
SEED = int(os.environ.get("TRAFFICD_SEED", "0")) or random.randrange(1, 1 << 32)
# What a commit is made of. The short form kills at the first calls, which set up the files, and at later ones.
CALLS = ["pwrite64", "fdatasync", "ftruncate", "unlink", "fsync", "rename"]
SHORT = [(call, number) for call, numbers in {"pwrite64": (1, 2, 3, 5, 8, 13, 21, 34, 55), "fdatasync": (1, 2),
                                              "ftruncate": (1,), "unlink": (1,)}.items() for number in numbers]
CONFIG = """\
interval: {interval}
checkpoint: 200ms
inputs:
  net: {{ plugin: interface, match: ["lan*"] }}
outputs:
  store: {{ plugin: sqlite, flush_interval: 50ms }}
"""

# No checkpoint comes by itself: what is on disk is there because a total had to be.
TOTALS = """\
interval: 50ms
checkpoint: 1h
inputs:
  net: {{ plugin: interface, match: ["lan*"] }}
pipelines:
  main: {{ inputs: [net], stages: [{{ plugin: total, fields: [rx_bytes] }}], outputs: [screen] }}
outputs:
  screen: {{ plugin: stdout, format: json, flush_interval: 0s }}
"""
SHORT_TOTALS = [(call, number) for call, numbers in {"pwrite64": (9, 40, 77, 120), "fdatasync": (7, 30),
                                                     "unlink": (4, 11), "write": (9, 14)}.items() for number in numbers]


def why_not():
    return network.why_not() or ("" if shutil.which("strace") else "needs strace")


class KillTest(NetworkCase):
    def setUp(self):
        super().setUp()
        print(f"TRAFFICD_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)
        self.network.add("lan0")

    def begin(self, **options):
        (start,) = self.run_daemon("lan0", interval="200ms", config=CONFIG, **options)
        return start

    def expect_all_since(self, start):
        self.expect("lan0", minus(self.kernel("lan0"), start))

    def kill_at_call(self, call, number, **options):
        """Runs until the daemon enters its n-th such call, and no further. False: it made fewer within a while."""
        # When counts the calls of each thread; the writes of the history are all made by one.
        self.daemon.start(wrapper=["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}",
                                   "-e", f"inject={call}:error=EIO:signal=KILL:when={number}"], **options)
        try:
            # Writes come all the time; the others perhaps never.
            self.daemon.process.wait(daemon.DEADLINE if call == "pwrite64" else 2)
            return True
        except subprocess.TimeoutExpired:
            # strace ends without its child; the daemon itself is what must die.
            subprocess.run(["pkill", "-KILL", "-P", str(self.daemon.process.pid)], check=False)
            self.daemon.process.wait(daemon.DEADLINE)
            return False

    def test_killed_at_the_nth_call(self):
        start = self.begin()
        self.daemon.kill()
        with network.Traffic(self.network, "lan0"):
            for call, number in SHORT:
                met = self.kill_at_call(call, number)
                self.assertTrue(met or call != "pwrite64", f"there was no {call} number {number}")
        self.daemon.start()
        self.expect_all_since(start)
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def test_killed_at_random(self):
        """The long form only."""
        if not KILLS:
            return
        start = self.begin()
        self.daemon.kill()
        kills = at_call = 0
        with network.Traffic(self.network, "lan0"):
            while kills < KILLS or at_call * 4 < KILLS * 3:
                self.assertLess(kills, 2 * KILLS, "too few calls are met")
                kills += 1
                if at_call * 4 < kills * 3 + 4:
                    call = self.random.choices(CALLS, [12, 2, 1, 1, 1, 1])[0]
                    at_call += self.kill_at_call(call, self.random.randint(1, 40 if call == "pwrite64" else 3))
                else:
                    self.daemon.start()
                    time.sleep(self.random.uniform(0, 1.5))  # the random time is what this is about
                    self.daemon.kill()
        print(f"{kills} kills, {at_call} of them at a call", flush=True)
        self.daemon.start()
        self.expect_all_since(start)
        self.assertEqual(self.daemon.stop(), 0)

    def test_no_total_falls(self):
        """Killed while the source begins anew: nothing but what was on disk knows what had been given out."""
        self.make_daemon(TOTALS.format(), self.network.near)
        totals, counted, lives = 0, 0, 0
        for call, number in SHORT_TOTALS * (1 + KILLS // 40):
            given = list(self.one_life(call, number))
            for now in (value for measurement, value in given if measurement == "interface_total"):
                self.assertGreaterEqual(now, totals, f"killed at {call} number {number}")
                totals = now
            own = [value for measurement, value in given if measurement == "interface"]
            if own:
                lives += 1
                counted += own[-1] - (own[0] if lives == 1 else 0)
        self.assertGreater(lives, len(SHORT_TOTALS) // 2)
        self.assertGreaterEqual(totals, counted)

    def one_life(self, call, number):
        """What was given out for lan0 until the kill, after which it is made anew: measurement and value, in order."""
        shown = self.folder / "shown"
        with open(shown, "wb") as out, network.Traffic(self.network, "lan0"):
            self.kill_at_call(call, number, stdout=out)
        self.network.delete("lan0")
        self.network.add("lan0")
        for line in shown.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):  # not cut off by the kill
                sample = json.loads(line)
                yield sample["measurement"], sample["fields"]["rx_bytes"]

    def test_killed_on_a_full_disk(self):
        disk = self.folder / "state"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        start = self.begin()
        with network.Traffic(self.network, "lan0"):
            self.fill(disk)
            self.daemon.wait_for_message("store")
            for _ in range(3):
                self.daemon.kill()
                self.daemon.start()
                time.sleep(self.random.uniform(0, 0.5))  # any moment of the start and after it
        (disk / "filler").unlink()
        self.expect_all_since(start)
        self.assertEqual(self.daemon.stop(), 0)

    @staticmethod
    def fill(disk):
        with open(disk / "filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return

    def test_files_cut_short(self):
        for _ in range(max(6, KILLS // 8)):
            self.damage_once(self.random.choice(["traffic.db", "traffic.db-wal", "state.db"]), self.cut)

    def test_a_page_overwritten(self):
        """Not the first one: the file still looks like one of ours."""
        self.damage_once("state.db", self.overwrite)

    def test_pages_of_the_history_lost(self):
        for _ in range(max(4, KILLS // 8)):
            self.damage_once("traffic.db", self.wipe, packets=1600)

    def test_the_end_of_the_log_lost(self):
        """SQLite would say nothing: a report does not show it as the truth, the service tells it and counts on."""
        start = self.begin()
        self.network.add("lan1")
        self.daemon.wait_for_sample("lan1")  # within a minute of lan0: in the log alone
        self.network.send("lan0", 30, 700)
        self.network.send("lan1", 20, 700)
        for name, before in ("lan0", start), ("lan1", (0, 0)):
            self.expect(name, minus(self.kernel(name), before))
        self.daemon.kill()
        os.truncate(self.folder / "state/traffic.db-wal", 4000)
        self.assertIn("is cut short or damaged", self.daemon.report("lan0"))
        self.daemon.start()
        self.daemon.wait_for_message("is cut short or damaged, and")
        self.expect_all_since(start)
        self.expect("lan1", self.kernel("lan1"))  # it began while we looked, which is in the state
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def cut(self, file):
        size = self.random.randrange(file.stat().st_size)
        os.truncate(file, size)
        return f"{file.name} cut to {size} bytes"

    def overwrite(self, file):
        with open(file, "r+b") as opened:
            opened.seek(4096)
            opened.write(bytes([0xa5]) * 300)
        return f"{file.name} overwritten from byte 4096 on"

    def state_is_saved(self):
        """Committed, and not to be rolled back: a kill now leaves the file as it is."""
        file = self.folder / "state/state.db"
        return file.exists() and file.stat().st_size > 4096 and not file.with_name("state.db-journal").exists()

    def wipe(self, file):
        page = self.random.randrange(file.stat().st_size // 4096)
        with open(file, "r+b") as opened:
            opened.seek(page * 4096)
            opened.write(bytes(4096))
        return f"{file.name} without its page {page}"

    def damage_once(self, name, damage, packets=30):
        """Either everything is there again, or the loss is reported and counting goes on from there."""
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        (self.folder / "log").unlink(missing_ok=True)
        start = self.begin()
        self.network.send("lan0", packets, 700)
        self.expect("lan0", minus(self.kernel("lan0"), start))
        if name == "state.db":
            wait_for(True, "whether there is a state", self.state_is_saved)
        self.daemon.kill()
        file = self.folder / "state" / name
        if not file.exists():
            return
        what = damage(file)
        print(what, flush=True)
        self.daemon.start()
        self.daemon.wait_for_sample("lan0")
        wait_for(True, f"{what}: the first report", lambda: isinstance(self.daemon.report("lan0"), tuple))
        self.daemon.wait_for_newer(self.daemon.newest())
        if name == "state.db":
            self.daemon.wait_for_message("is damaged and was set aside as")
        if "the history is damaged" in self.daemon.messages():
            wait_for((0, 0), f"{what}: a fresh history", lambda: self.daemon.report("lan0"))
            start = self.kernel("lan0")
        elif "is cut short or damaged, and" in self.daemon.messages() and self.daemon.report("lan0") == (0, 0):
            # While somebody read, not even the first mark could be taken over from the log.
            start = self.kernel("lan0")
        self.network.send("lan0", 10, 700)
        self.expect_all_since(start)
        self.daemon.kill()


if __name__ == "__main__":
    daemon.main(why_not())
