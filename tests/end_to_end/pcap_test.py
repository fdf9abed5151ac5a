"""Packets of real interfaces, counted by device: compared with what the kernel counts, to the byte."""
import contextlib
import json
import os
import signal

import daemon
import network
from daemon import wait_for, whole_lines
from network_case import NetworkCase, minus

CONFIG = """\
interval: 200ms
inputs:
  lan: {{ plugin: pcap, interface: {interface}{more} }}
outputs:
  shown: {{ plugin: stdout, format: json }}
"""


class PcapTest(NetworkCase):
    def setUp(self):
        super().setUp()
        self.network.add("lan0")
        self.shown = self.folder / "shown"

    def begin(self, interface="lan0", more=""):
        """Returns when the capture runs."""
        self.make_daemon(CONFIG.format(interface=interface, more=more), self.network.near)
        out = open(self.shown, "wb")
        self.addCleanup(out.close)
        self.daemon.start(stdout=out)
        wait_for(True, "whether there is a sample", lambda: self.daemon.alive() and "lan0" in self.captures())

    def samples(self):
        return [json.loads(line) for line in whole_lines(self.shown)]

    def captures(self):
        """The newest of each interface: its name and the fields."""
        return {sample["tags"]["interface"]: sample["fields"] for sample in self.samples()
                if sample["measurement"] == "capture"}

    def devices(self):
        """The newest of each row: (device, family, scope) and the fields."""
        return {tuple(sample["tags"][key] for key in ("device", "family", "scope")): sample["fields"]
                for sample in self.samples() if sample["measurement"] == "device"}

    def end(self):
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        return self.captures()["lan0"]

    def address(self, space, interface):
        return space.link(interface)["address"]

    def test_every_byte_of_two_devices(self):
        self.begin()
        start = self.kernel("lan0")
        self.network.send("lan0", 500, 1000)
        self.network.send("lan0", 100, 400, outward=True)
        # Stopped while the last packets still lie in a block that the kernel has not handed over.
        capture = self.end()
        received, sent = minus(self.kernel("lan0"), start)
        self.assertEqual((capture["packets"], capture["bytes"]), (600, received + sent))
        self.assertEqual((capture["kernel_drops"], capture["undecoded"], capture["unattributed_bytes"]), (0, 0, 0))
        near = self.devices()[self.address(self.network.near, "lan0"), "ipv4", "local"]
        far = self.devices()[self.address(self.network.far, "far_lan0"), "ipv4", "local"]
        self.assertEqual((near["rx_bytes"], near["tx_bytes"], near["rx_packets"]), (received, sent, 500))
        self.assertEqual((far["rx_bytes"], far["tx_bytes"], far["tx_packets"]), (sent, received, 500))

    def test_an_interface_that_goes_and_comes_keeps_its_devices(self):
        self.begin()
        before = self.network.send("lan0", 50, 1000)
        self.network.near.ip("link", "set", "lan0", "down")
        self.daemon.wait_for_message("is down")
        self.network.up("lan0", "far_lan0")
        self.daemon.wait_for_message("is up again")
        before += self.network.send("lan0", 60, 1000)
        wait_for(before, "the bytes of the first interface", lambda: self.captures()["lan0"]["bytes"])
        self.network.delete("lan0")
        self.daemon.wait_for_message("disappeared")
        self.network.add("lan0")
        self.daemon.wait_for_message("captures lan0 again")
        after = self.network.send("lan0", 70, 1000)
        capture = self.end()
        self.assertEqual((capture["packets"], capture["bytes"]), (180, before + after))

    def test_one_of_two_interfaces_is_missing(self):
        self.begin("[ lan1, lan0 ]")
        self.daemon.wait_for_message("there is no such interface")
        self.network.add("lan1")
        self.daemon.wait_for_message("captures lan1 again")
        sent = self.network.send("lan0", 5, 100), self.network.send("lan1", 6, 200)
        capture = self.end()
        self.assertEqual((capture["bytes"], self.captures()["lan1"]["bytes"]), sent)

    def test_what_the_kernel_drops_is_told_to_the_packet(self):
        self.begin(more=", buffer: 512KiB")
        start = self.kernel("lan0")
        with contextlib.closing(self.network.flow("lan0")) as flow:
            self.daemon.process.send_signal(signal.SIGSTOP)
            flow.send(20_000, 1000)
            self.daemon.process.send_signal(signal.SIGCONT)
            wait_for(20_000, "packets, seen and dropped", lambda: self.seen_and_dropped())
        capture = self.captures()["lan0"]
        wait_for(sum(minus(self.kernel("lan0"), start)) - capture["bytes"], "the bytes that were dropped",
                 lambda: self.captures()["lan0"]["unseen_bytes"])
        capture = self.end()
        self.assertGreater(capture["kernel_drops"], 0)
        self.assertGreater(capture["packets"], 0)
        self.assertEqual(self.seen_and_dropped(), 20_000)

    def seen_and_dropped(self):
        capture = self.captures()["lan0"]
        return capture["packets"] + capture["kernel_drops"]

    def test_what_passed_while_nobody_looked_is_told(self):
        self.begin()
        seen = self.network.send("lan0", 50, 1000)
        wait_for(seen, "the bytes that were seen", lambda: self.captures()["lan0"]["bytes"])
        # How far it came is on disk after a stop.
        self.end()
        before = self.kernel("lan0")
        self.network.send("lan0", 70, 1000)
        passed = sum(minus(self.kernel("lan0"), before))
        self.begin()
        wait_for(passed, "the bytes that nobody saw", lambda: self.captures()["lan0"].get("unseen_bytes"))
        capture = self.end()
        self.assertEqual((capture["bytes"], capture["unseen_bytes"]), (0, passed))

    def test_after_a_kill_nothing_that_was_told_is_counted_again(self):
        self.begin()
        self.end()
        self.begin()
        seen = self.network.send("lan0", 50, 1000)
        wait_for(seen, "the bytes that were seen", lambda: self.captures()["lan0"]["bytes"])
        self.daemon.kill()
        self.begin()
        self.look_twice()
        capture = self.end()
        self.assertEqual((capture["bytes"], capture["unseen_bytes"]), (0, 0))

    def look_twice(self):
        """Returns when the daemon has told what it found missing: it looks every two seconds, and believes it later."""
        def told():
            times = [sample["time"] for sample in self.samples() if sample["measurement"] == "capture"]
            return times[-1] - times[0] > 6 * 10**9
        wait_for(True, "whether it looked twice", told)

    def test_a_pause_shows_on_a_bridge_which_counts_less_than_passes(self):
        self.make_bridge("br0", "lan0")
        self.begin("[ lan0, br0 ]")
        self.network.send("lan0", 50, 1000)
        wait_for(50, "packets on the bridge", lambda: self.captures()["br0"]["packets"])
        self.end()
        before = self.kernel("br0")
        self.network.send("lan0", 70, 1000)
        passed = sum(minus(self.kernel("br0"), before))
        self.assertGreater(passed, 70_000)
        self.begin("[ lan0, br0 ]")
        wait_for(passed, "the bytes that nobody saw", lambda: self.captures()["br0"].get("unseen_bytes"))
        self.end()

    def make_bridge(self, name, port):
        """It takes over the port's addresses: IP and Ethernet."""
        near = self.network.near
        near.ip("addr", "flush", "dev", port)
        near.ip("link", "add", name, "address", self.address(near, port), "type", "bridge", "mcast_snooping", "0")
        near.ip("link", "set", port, "master", name)
        near.ip("link", "set", name, "up")
        near.ip("addr", "add", "10.77.1.1/24", "dev", name)

    def test_on_a_loopback_which_counts_twice_nothing_is_unseen(self):
        self.network.near.ip("link", "set", "lo", "up")
        self.begin("[ lo, lan0 ]")
        wait_for(True, "whether lo is told", lambda: "lo" in self.captures())
        self.end()
        self.assertIsNone(self.captures()["lo"].get("unseen_bytes"))

    def test_without_the_right_it_says_what_to_do(self):
        nobody = daemon.Nobody(self.folder)
        config = self.folder / "unprivileged.yaml"
        config.write_text(CONFIG.format(interface="lo", more=", on_start_error: exit"))
        state = self.folder / "theirs"
        state.mkdir()
        os.chown(state, nobody.NUMBER, nobody.NUMBER)
        done = nobody.run("run", "-c", config, "--state", state, "--plugins", nobody.build / "plugins")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("CAP_NET_RAW", done.stderr)


if __name__ == "__main__":
    daemon.main(network.why_not())
