"""Names of devices: from a file and the kernel's neighbour table to the samples of another input, over a rename and a
restart. What was counted stays with the device."""
import os

import daemon
import network
from daemon import wait_for, whole_lines

PHONE = "3c:22:fb:01:02:03"

NAMES = """\
  names: {{ plugin: names, file: {file}, ethers: "", leases: "", hosts: "", vendors: "", {options} }}
"""

CONFIG = """\
interval: 1s
inputs:
{names}\
  lan:
    plugin: exec
    mode: poll
    format: text
    command: [ "{program}" ]
outputs:
  history: {{ plugin: sqlite, flush_interval: 50ms }}
  screen: {{ plugin: stdout }}
pipelines:
  traffic:
    inputs: [ {inputs} ]
    stages: [ {{ plugin: name }} ]
    outputs: [ history, screen ]
"""

# Counts how often it ran, in one life of the counter.
PROGRAM = """\
#!/bin/sh
echo >> "{folder}/runs"
echo "x/device,device={phone} n=$(wc -l < "{folder}/runs")c $(date +%s%N) a1*"
"""


class NamesTest(daemon.DaemonTest):
    def setUp(self):
        super().setUp()
        self.program = self.folder / "program"
        self.program.write_text(PROGRAM.format(folder=self.folder, phone=PHONE))
        self.program.chmod(0o755)
        self.names = self.folder / "names"
        self.screen = self.folder / "screen"

    def config(self, with_names=True, options="neighbours: no"):
        return CONFIG.format(names=NAMES.format(file=self.names, options=options) if with_names else "",
                             inputs="names, lan" if with_names else "lan", program=self.program)

    def start(self):
        with open(self.screen, "wb") as screen:
            self.daemon.start(stdout=screen)

    def tags(self, measurement="lan/device"):
        """The attributes of each sample of the device, in order."""
        return [line.split(" ")[0].partition(";")[2] for line in whole_lines(self.screen)
                if line.startswith(f"{measurement},device={PHONE}")]

    def wait_for_tags(self, tags, measurement="lan/device"):
        wait_for(True, f"whether the device has '{tags}'",
                 lambda: self.daemon.alive() and tags in self.tags(measurement))

    def test_a_rename_keeps_the_history_and_a_restart_the_name(self):
        self.names.write_text(f"{PHONE} Anna\n")
        self.make_daemon(self.config())
        self.start()
        self.wait_for_tags("name=Anna")
        self.names.write_text(f"{PHONE} Bernd\n")
        self.wait_for_tags("name=Bernd")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

        self.daemon.config.write_text(self.config(with_names=False))
        self.start()
        self.wait_for_tags("name=Bernd")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        self.assertEqual(set(self.tags()), {"name=Bernd"})
        self.assertEqual(self.daemon.ask_history("select count(*) from series where measurement = 'device'"), (1,))
        runs = len((self.folder / "runs").read_text())
        self.assertEqual(self.daemon.ask_history("select sum(n) from device_by_minute"), (runs,))

    def test_the_neighbour_table_of_the_kernel_tells_the_addresses(self):
        if why := network.why_not():
            self.skipTest(why)
        space = network.Namespace(f"td{os.getpid()}names")
        self.addCleanup(space.remove)
        network.ip("-n", space.name, "link", "add", "lan0", "type", "veth", "peer", "name", "far0")
        network.ip("-n", space.name, "link", "set", "lan0", "up")
        network.ip("-n", space.name, "link", "set", "far0", "up")
        network.ip("-n", space.name, "address", "add", "192.168.1.1/24", "dev", "lan0")
        network.ip("-n", space.name, "neighbour", "add", "192.168.1.20", "lladdr", PHONE, "dev", "lan0", "nud", "stale")
        network.ip("-n", space.name, "neighbour", "add", "192.168.1.99", "lladdr", PHONE, "dev", "far0", "nud", "stale")
        self.names.write_text("192.168.1.20 phone\n")
        self.make_daemon(self.config(options='interfaces: ["lan*"]'), space)
        self.start()
        self.wait_for_tags("addresses=192.168.1.20;name=phone;name_source=file", "names/device_info")
        self.wait_for_tags("name=phone")


if __name__ == "__main__":
    daemon.main()
