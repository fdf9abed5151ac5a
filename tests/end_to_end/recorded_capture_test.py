"""One recorded capture, read by trafficd and by tshark: the same packets and bytes for every device, by family and
scope. Who is local and who is a gateway is told to both; the rest each finds out for itself. Some captures are made up,
one is recorded while programs talk."""
import ipaddress
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

import daemon
import network
import tagged
from crowd import GATEWAYS, NETWORKS, Crowd, Model
from daemon import DaemonTest, wait_for
from network_case import NetworkCase

SEED = int(os.environ.get("TRAFFICD_SEED", "20261122"))
FIELDS = ["frame.len", "eth.src", "eth.dst", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst"]
CONFIG = """\
interval: 10s
inputs:
  recorded: {{ plugin: pcap, file: {file}, networks: {networks}, gateways: {gateways}, max_series: 100000,
              max_rows: 50000 }}
outputs:
  shown: {{ plugin: stdout, format: json }}
"""


class Readers:
    def read_with_tshark(self, file):
        model = Model()
        words = [word for field in FIELDS for word in ("-e", field)]
        done = subprocess.run(["tshark", "-r", str(file), "-T", "fields", "-E", "occurrence=f", *words], check=True,
                              capture_output=True, text=True, timeout=daemon.DEADLINE)
        for line in done.stdout.splitlines():
            length, source, target, *addresses = line.split("\t")
            model.see(int(length), source, target, [ipaddress.ip_address(each) for each in addresses if each])
        return model

    def read_with_trafficd(self, file):
        self.make_daemon(CONFIG.format(file=file, networks=json.dumps(NETWORKS), gateways=json.dumps(GATEWAYS)))
        with open(self.folder / "shown", "wb") as out:
            self.daemon.start(stdout=out)
            self.assertEqual(self.daemon.end(), 0, self.daemon.messages())  # with the recording
        rows, capture = {}, None
        for line in (self.folder / "shown").read_text().splitlines():
            sample = json.loads(line)
            tags, fields = sample["tags"], sample["fields"]
            if sample["measurement"] == "capture":
                capture = fields
            else:
                rows[tags["device"], tags["family"], tags["scope"]] = [
                    fields[name] for name in ("rx_bytes", "tx_bytes", "rx_packets", "tx_packets")]
        return rows, capture

    def compare(self, file):
        """Answers what tshark counted."""
        model = self.read_with_tshark(file)
        rows, capture = self.read_with_trafficd(file)
        self.assertEqual(rows, dict(model.rows))
        self.assertEqual((capture["packets"], capture["bytes"], capture["undecoded"], capture["unattributed_bytes"]),
                         (model.packets, model.bytes, 0, model.nobody))
        return model


class MadeCaptureTest(Readers, DaemonTest):
    def compare_crowd(self, seed, devices, packets, snap_length):
        file = self.folder / "crowd.pcap"
        Crowd(seed, devices).write(file, packets, snap_length)
        self.assertEqual(self.compare(file).packets, packets)

    def test_a_few_devices(self):
        self.compare_crowd(SEED, 12, 20_000, 96)

    def test_many_devices_whole_frames(self):
        self.compare_crowd(SEED + 1, 2000, 10_000, 65535)


class RealCaptureTest(Readers, NetworkCase):
    """Near is the gateway, and far is three devices, one of them on a VLAN. The internet is addresses of near itself."""

    # And by which address of near each is reached.
    INTERNET = {"198.51.100.1": "10.77.1.1", "2001:db8:ffff::1": "fd77::1", "198.51.100.2": "10.79.0.1",
                "2001:db8:ffff::2": "fd79::1"}
    SECOND, THIRD = "02:00:00:00:00:77", "02:00:00:00:00:79"

    def setUp(self):
        super().setUp()
        self.network.add("lan0")
        near, far = self.network.near, self.network.far
        near.ip("link", "set", "lan0", "address", GATEWAYS[0])
        self.network.up("lan0", "far_lan0")
        far.ip("link", "add", "link", "far_lan0", "name", "second", "address", self.SECOND, "type", "macvlan")
        for space, base, second, number in ((near, "lan0", "lan0", 1), (far, "far_lan0", "second", 2)):
            for interface in {"lo", base, second}:
                with space.entered():
                    pathlib.Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6").write_text("0")
                space.ip("link", "set", interface, "up")
            space.ip("addr", "add", f"fd77::{number}/64", "dev", base, "nodad")
            space.ip("addr", "add", f"10.78.0.{number}/24", "dev", second)
        for space, base, hardware, number in ((near, "lan0", GATEWAYS[1], 1), (far, "far_lan0", self.THIRD, 2)):
            end = tagged.TaggedEnd(space, base, "tagged", 5, hardware)
            self.addCleanup(end.close)
            with space.entered():
                pathlib.Path("/proc/sys/net/ipv6/conf/tagged/disable_ipv6").write_text("0")
            space.ip("addr", "add", f"fd79::{number}/64", "dev", "tagged", "nodad")
            space.ip("addr", "add", f"10.79.0.{number}/24", "dev", "tagged")
        for address, by in self.INTERNET.items():
            near.ip("addr", "add", address, "dev", "lo")
            far.ip("route", "add", address, "via", by)

    def spawn(self, space, *words, **options):
        process = subprocess.Popen(["ip", "netns", "exec", space.name, *map(str, words)], stdin=subprocess.DEVNULL,
                                   **options)
        self.addCleanup(process.wait, daemon.DEADLINE)
        self.addCleanup(process.kill)
        return process

    def wait_until_recorded(self, word, dumpcap, file):
        """What was sent before is in the file then."""
        with self.network.far.entered():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

        def is_recorded():
            sender.sendto(word, ("10.77.1.1", 9))
            return dumpcap.poll() is None and file.exists() and word in file.read_bytes()
        with sender:
            wait_for(True, f"whether dumpcap recorded {word}", is_recorded)

    def record(self, file):
        dumpcap = self.spawn(self.network.near, "dumpcap", "-q", "-i", "lan0", "-B", "64", "-s", "256", "-w", file,
                             stderr=subprocess.DEVNULL)
        self.wait_until_recorded(b"here it begins", dumpcap, file)
        return dumpcap

    def is_open(self, address):
        with self.network.far.entered():
            try:
                socket.create_connection((address, 8080), timeout=daemon.DEADLINE).close()
                return True
            except ConnectionRefusedError:
                return False

    def fetch(self, address):
        host = f"[{address}]" if ":" in address else address
        subprocess.run(["ip", "netns", "exec", self.network.far.name, "curl", "--silent", "--fail", "--output",
                        os.devnull, f"http://{host}:8080/large"], check=True, timeout=daemon.DEADLINE)

    @staticmethod
    def count_tagged(file):
        return subprocess.run(["tshark", "-r", str(file), "-Y", "vlan.id == 5"], check=True, capture_output=True,
                              timeout=daemon.DEADLINE).stdout.count(b"\n")

    def test_programs_that_talk(self):
        (self.folder / "large").write_bytes(bytes(1_000_000))
        self.spawn(self.network.near, sys.executable, "-m", "http.server", "8080", "--bind", "::", "--directory",
                   self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(True, "whether the server answers", lambda: self.is_open("10.77.1.1"))
        file = self.folder / "real.pcapng"
        dumpcap = self.record(file)
        for address in ("10.77.1.1", "fd77::1", "10.78.0.1", "10.79.0.1", "fd79::1", *self.INTERNET):
            self.fetch(address)
        self.network.send_stream("lan0", 5_000_000)
        self.network.send("lan0", 500, 1200, outward=True)
        self.wait_until_recorded(b"here it ends", dumpcap, file)
        dumpcap.send_signal(signal.SIGTERM)
        self.assertEqual(dumpcap.wait(daemon.DEADLINE), 0)
        model = self.compare(file)
        self.assertGreater(self.count_tagged(file), 2000)
        first = self.network.far.link("far_lan0")["address"]
        for row in ((first, "ipv4", "internet"), (first, "ipv6", "internet"), (first, "ipv6", "local"),
                    (self.SECOND, "ipv4", "local"), (self.THIRD, "ipv4", "local"), (self.THIRD, "ipv6", "local"),
                    (self.THIRD, "ipv4", "internet"), (self.THIRD, "ipv6", "internet")):
            self.assertGreater(model.rows[row][0], 500_000, row)  # received; dumpcap itself may lose some


if __name__ == "__main__":
    missing = "" if shutil.which("tshark") and shutil.which("curl") else "needs tshark and curl"
    daemon.main(missing or network.why_not())
