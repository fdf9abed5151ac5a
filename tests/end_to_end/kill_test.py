"""Killed at any instant, on a full disk, with files cut short: what the kernel counted is in the history, to the byte.

Traffic runs all the time. TRAFFICD_KILLS=200 makes the long form: most of the kills at a random write, the others at a
random time; TRAFFICD_SEED repeats one."""
import os
import random
import shutil
import subprocess
import threading
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


def why_not():
    return network.why_not() or ("" if shutil.which("strace") else "needs strace")


class Traffic:
    """Sends without a pause until it is stopped, always over the same two sockets."""

    def __init__(self, net, interface):
        self._flow = net.flow(interface)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.is_set():
            self._flow.send(20, 700)
            time.sleep(0.001)  # leaves the processor to the daemon

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._flow.close()


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

    def kill_at_call(self, call, number):
        """Runs until the daemon enters its n-th such call, and no further. False: it made fewer within a while."""
        # When counts calls of one thread; the writes of a file are all made by one.
        self.daemon.start(wrapper=["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}",
                                   "-e", f"inject={call}:error=EIO:signal=KILL:when={number}"])
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
        with Traffic(self.network, "lan0"):
            for call, number in SHORT:
                met = self.kill_at_call(call, number)
                self.assertTrue(met or call != "pwrite64", f"there was no {call} number {number}")
        self.daemon.start()
        self.expect_all_since(start)
        self.assertEqual(self.daemon.stop(), 0)

    def test_killed_at_random(self):
        """The long form only."""
        if not KILLS:
            return
        start = self.begin()
        self.daemon.kill()
        at_call = 0
        with Traffic(self.network, "lan0"):
            for kill in range(KILLS):
                if at_call * 4 < kill * 3 + 4:
                    call = self.random.choices(CALLS, [12, 2, 1, 1, 1, 1])[0]
                    at_call += self.kill_at_call(call, self.random.randint(1, 40 if call == "pwrite64" else 3))
                else:
                    self.daemon.start()
                    time.sleep(self.random.uniform(0, 1.5))  # the random time is what this is about
                    self.daemon.kill()
        print(f"{KILLS} kills, {at_call} of them at a call", flush=True)
        self.daemon.start()
        self.expect_all_since(start)
        self.assertEqual(self.daemon.stop(), 0)

    def test_killed_on_a_full_disk(self):
        disk = self.folder / "state"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        start = self.begin()
        with Traffic(self.network, "lan0"):
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
        self.damage_once("state.db", self.overwrite, packets=1600)  # the input remembers what is worth it
        self.assertIn("is damaged and was set aside as", self.daemon.messages())

    def cut(self, file):
        size = self.random.randint(0, file.stat().st_size)
        os.truncate(file, size)
        return f"{file.name} cut to {size} bytes"

    def overwrite(self, file):
        with open(file, "r+b") as opened:
            opened.seek(4096)
            opened.write(bytes([0xa5]) * 300)
        return f"{file.name} overwritten from byte 4096 on"

    def damage_once(self, name, damage, packets=30):
        """Either everything is there again, or the loss is reported and counting goes on from there."""
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        (self.folder / "log").unlink(missing_ok=True)
        start = self.begin()
        self.network.send("lan0", packets, 700)
        self.expect("lan0", minus(self.kernel("lan0"), start))
        if packets > 1000:
            wait_for(True, "whether there is a state", (self.folder / "state/state.db").exists)
        self.daemon.kill()
        file = self.folder / "state" / name
        if not file.exists():
            return
        what = damage(file)
        print(what, flush=True)
        self.daemon.start()
        self.daemon.wait_for_sample("lan0")
        wait_for(True, f"{what}: the first report", lambda: isinstance(self.daemon.report("lan0"), tuple))
        if "the history is damaged" in self.daemon.messages():
            wait_for((0, 0), f"{what}: a fresh history", lambda: self.daemon.report("lan0"))
            start = self.kernel("lan0")
        self.network.send("lan0", 10, 700)
        self.expect_all_since(start)
        self.daemon.kill()


if __name__ == "__main__":
    daemon.main(why_not())
