"""One recorded capture, read by trafficd and by tshark: the same packets and bytes for every device, by family and
scope. Who is local and who is a gateway is told to both; the rest each finds out for itself."""
import ipaddress
import json
import os
import shutil
import subprocess

import daemon
from crowd import GATEWAYS, NETWORKS, Crowd, Model
from daemon import DaemonTest

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


class RecordedCaptureTest(DaemonTest):
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

    def compare(self, seed, devices, packets, snap_length):
        file = self.folder / "crowd.pcap"
        Crowd(seed, devices).write(file, packets, snap_length)
        model = self.read_with_tshark(file)
        rows, capture = self.read_with_trafficd(file)
        self.assertEqual(model.packets, packets)
        self.assertEqual(rows, dict(model.rows))
        self.assertEqual((capture["packets"], capture["bytes"], capture["undecoded"], capture["unattributed_bytes"]),
                         (packets, model.bytes, 0, model.nobody))

    def test_a_few_devices(self):
        self.compare(SEED, 12, 20_000, 96)

    def test_many_devices_whole_frames(self):
        self.compare(SEED + 1, 2000, 10_000, 65535)


if __name__ == "__main__":
    daemon.main("" if shutil.which("tshark") else "needs tshark")
