"""What fails around the daemon, a disk, a file, a reader, costs no byte: the report equals the kernel's counters."""
import os
import signal

import daemon
import network
from network_case import CONFIG, NEVER, OFTEN, NetworkCase, minus

LINES = CONFIG + "  lines: {{ plugin: stdout, flush_interval: 0s }}\n"


class StreamsTest(NetworkCase):
    def send(self):
        return self.network.send("lan0", 40, 1000), self.network.send("lan0", 20, 300, outward=True)

    def test_started_without_any_stream(self):
        """Whatever is written to them must not go to the next file that is opened, which is the history."""
        self.network.add("lan0")
        self.run_daemon("lan0", interval=OFTEN, config=LINES, wrapper=daemon.WITHOUT_STREAMS)
        streams = [os.stat(f"/proc/{self.daemon.process.pid}/fd/{number}").st_rdev for number in range(3)]
        self.assertEqual(streams, [os.stat("/dev/null").st_rdev] * 3)
        self.daemon.send_signal(signal.SIGHUP)  # one more message that nobody can read
        sent = self.send()
        self.expect("lan0", sent)
        self.stop_and_expect({"lan0": sent})
        self.assertEqual(self.daemon.ask_history("pragma integrity_check"), ("ok",))
        self.assertEqual(self.daemon.messages(), "")

    def test_a_reader_that_goes_away(self):
        self.network.add("lan0")
        reader, writer = os.pipe()
        with open(reader, "rb") as lines:
            with open(writer, "wb") as stdout:
                self.run_daemon("lan0", interval=OFTEN, config=LINES, stdout=stdout)
            self.assertIn(b"net/interface,interface=lan0", lines.readline())
        self.daemon.wait_for_message("standard output is closed: nobody reads it any more")
        sent = self.send()
        self.expect("lan0", sent)
        self.stop_and_expect({"lan0": sent})


class DiskTest(NetworkCase):
    def test_a_full_disk(self):
        state = self.mount_state("size=512k")
        self.network.add("lan0")
        (start,) = self.run_daemon("lan0", interval=OFTEN)
        self.network.send("lan0", 30, 1000)
        ballast = self.fill(state)
        for index in range(1, 9):  # more series than there is room for
            self.network.add(f"lan{index}")
        self.network.send("lan0", 50, 500)
        self.daemon.wait_for_message("free some space")
        self.network.send("lan0", 70, 200, outward=True)
        self.daemon.alive()
        ballast.unlink()
        self.daemon.wait_for_message("works again")
        self.network.send("lan0", 11, 900)
        moved = minus(self.kernel("lan0"), start)
        self.expect("lan0", moved)
        self.stop_and_expect({"lan0": moved})

    def test_a_disk_that_is_full_when_the_daemon_stops(self):
        """What could not be written is in the kernel's counters, and counted by the next one."""
        state = self.mount_state("size=512k")
        self.network.add("lan0")
        (start,) = self.run_daemon("lan0", interval=OFTEN)
        ballast = self.fill(state)
        self.network.send("lan0", 50, 500)
        for index in range(1, 9):
            self.network.add(f"lan{index}")
        self.daemon.wait_for_message("free some space")
        code, messages = self.daemon.stop(), self.daemon.messages()
        # There may be room after all: in the history's own log, once that is folded, and for the state after it.
        self.assertIn(code, (0, 3), messages)
        if code == 3:
            self.assertIn("cannot save the state of the plugins", messages)
        if "works again" not in messages:
            self.assertIn("samples could not be written (stop)", messages)
        ballast.unlink()
        self.network.send("lan0", 20, 100)
        self.daemon.start()
        moved = minus(self.kernel("lan0"), start)
        self.expect("lan0", moved)
        self.stop_and_expect({"lan0": moved})

    def test_a_read_only_file_system(self):
        state = self.mount_state("ro")
        config = self.folder / "trafficd.yaml"
        config.write_text(CONFIG.format(interval=NEVER))
        done = daemon.run_to_end("run", config, state)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(f"cannot write the state folder {state}: Read-only file system; give another with --state DIR",
                      done.stderr)


class DamageTest(NetworkCase):
    def damage(self, change):
        """The history is changed while no daemon runs: it is set aside as it is, and a new one begun."""
        self.network.add("lan0")
        self.run_daemon("lan0", interval=OFTEN)
        self.network.send("lan0", 10, 1000)
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        change(self.daemon.history)
        damaged = self.daemon.history.read_bytes()
        self.daemon.start()
        self.daemon.wait_for_message("was set aside as")
        self.daemon.wait_for_sample("lan0")
        start = self.kernel("lan0")
        (aside,) = self.daemon.state.glob("traffic.db.damaged-*")
        self.assertEqual(aside.read_bytes(), damaged)
        self.assertIn(f"set aside as '{aside}'", self.daemon.messages())
        self.network.send("lan0", 33, 700)
        moved = minus(self.kernel("lan0"), start)
        self.assertGreater(moved, (0, 0))
        self.expect("lan0", moved)
        self.stop_and_expect({"lan0": moved})

    def test_a_history_that_is_noise(self):
        self.damage(lambda file: file.write_bytes(bytes(range(256)) * 256))

    def test_a_history_of_which_the_end_is_missing(self):
        self.damage(lambda file: os.truncate(file, file.stat().st_size // 2 // 4096 * 4096))

    def test_a_history_with_ruined_tables(self):
        def ruin(file):
            content = file.read_bytes()
            file.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))

        self.damage(ruin)


if __name__ == "__main__":
    daemon.main(network.why_not())
