"""What a stage keeps goes with it when it gets another name, over a restart and by a reload: no total falls."""
import signal

import daemon
from daemon import wait_for, whole_lines

CONFIG = """\
interval: 100ms
plugin_path: [ "{plugins}" ]
inputs:
  a: {{ plugin: exec, command: [ "{folder}/program" ], format: text }}
pipelines:
  {pipeline}: {{ inputs: [a], stages: [ {stage} ], outputs: [receiver] }}
outputs:
  receiver: {{ plugin: receiver, file: "{folder}/received", flush_interval: 0s }}
"""
PROGRAM = """\
#!/bin/sh
while :; do read n < {folder}/n; echo box/c,k=x b=${{n}}c $(date +%s%N) 5a; sleep 0.05; done
"""
TOTAL, WITH_ID = "{ plugin: total }", "{ plugin: total, id: sum }"


class RenameTest(daemon.DaemonTest):
    def setUp(self):
        super().setUp()
        self.count = 0
        self.pass_bytes(0)
        program = self.folder / "program"
        program.write_text(PROGRAM.format(folder=self.folder))
        program.chmod(0o755)
        self.make_daemon(self.config("main", TOTAL))
        self.daemon.start()
        wait_for(True, "whether there is a total", lambda: self.daemon.alive() and self.totals() != [])

    def config(self, pipeline, stage):
        return CONFIG.format(plugins=daemon.TEST_PLUGINS, folder=self.folder, pipeline=pipeline, stage=stage)

    def pass_bytes(self, more):
        self.count += more
        (self.folder / "next").write_text(f"{self.count}\n")
        (self.folder / "next").rename(self.folder / "n")

    def totals(self):
        lines = whole_lines(self.folder / "received")
        return [int(line.split(" ")[1].removeprefix("b=").removesuffix("c")) for line in lines if "/c_total," in line]

    def restart(self, pipeline, stage):
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        self.daemon.config.write_text(self.config(pipeline, stage))
        self.pass_bytes(100)
        self.daemon.start()

    def reload(self, pipeline, stage):
        self.daemon.config.write_text(self.config(pipeline, stage))
        self.daemon.process.send_signal(signal.SIGHUP)

    def expect_total(self):
        self.pass_bytes(1000)
        wait_for(self.count, "the total", lambda: self.daemon.alive() and self.totals()[-1])
        self.assertEqual(self.totals(), sorted(self.totals()), self.daemon.messages())

    def test_a_total_goes_on_under_every_name(self):
        self.expect_total()
        for change in (self.restart, self.reload):
            for pipeline, stage, now, before in (("main", WITH_ID, "main/sum", "main/total"),
                                                 ("home", WITH_ID, "home/sum", "main/sum"),
                                                 ("main", TOTAL, "main/total", "home/sum")):
                words = f"stage '{now}' goes on from what '{before}' kept"
                said = self.daemon.messages().count(words)
                change(pipeline, stage)
                wait_for(said + 1, f"how often it said '{words}'", lambda: self.daemon.messages().count(words))
                self.expect_total()
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())


if __name__ == "__main__":
    daemon.main()
