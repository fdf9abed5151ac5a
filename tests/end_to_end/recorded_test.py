"""A daemon that only replays: it ends by itself when all has arrived, and says when something did not."""
import signal

import daemon
from daemon import whole_lines

CONFIG = """\
plugin_path: [{plugins}]
stop_deadline: {deadline}
inputs:
  tape: {{ plugin: recording, seconds: {seconds}{more} }}
outputs:
  one: {{ plugin: receiver, file: '{folder}/one', queue: 100, flush_interval: 0s, manner: {manner}, spool: {{ mode: {spool} }} }}
  two: {{ plugin: receiver, file: '{folder}/two', queue: 200, batch_size: 7 }}
pipelines:
  main: {{ inputs: [tape], queue: 100 }}
"""
SECONDS = 20000


class RecordedTest(daemon.DaemonTest):
    def make(self, manner="works", spool="off", seconds=SECONDS, more="", deadline="10s"):
        return self.make_daemon(CONFIG.format(plugins=daemon.TEST_PLUGINS, folder=self.folder, manner=manner,
                                              spool=spool, seconds=seconds, more=more, deadline=deadline))

    def received(self, name):
        """The seconds that it got, in their order."""
        lines = whole_lines(self.folder / name)
        return [int(line.split(" ")[1].removeprefix("seconds=").removesuffix("c")) for line in lines]

    def test_every_sample_arrives_once_and_the_daemon_ends(self):
        self.make()
        self.daemon.start()
        self.assertEqual(self.daemon.end(), 0, self.daemon.messages())
        for name in ("one", "two"):
            self.assertEqual(self.received(name), list(range(1, SECONDS + 1)))
        self.assertIn("all recordings have ended", self.daemon.messages())

    def test_a_receiver_that_is_slower_than_the_recording_is_read(self):
        self.make(manner="slow", spool="on_failure", seconds=400)
        self.daemon.start()
        self.assertEqual(self.daemon.end(), 0, self.daemon.messages())
        self.assertEqual(self.received("one"), list(range(1, 401)))

    def test_a_receiver_that_refuses_and_has_a_spool(self):
        self.make(manner="refuses", spool="on_failure", seconds=2000)
        self.daemon.start()
        self.assertEqual(self.daemon.end(), 0, self.daemon.messages())
        self.assertEqual(self.received("two"), list(range(1, 2001)))
        self.assertIn("wait on disk for the next start", self.daemon.messages())

    def test_a_receiver_that_refuses_and_a_spool_that_cannot_be_written(self):
        self.make(manner="refuses", spool="on_failure", seconds=50)
        self.daemon.state.mkdir()
        (self.daemon.state / "spool").write_text("in the way")
        self.daemon.start()
        self.assertEqual(self.daemon.end(), 3, self.daemon.messages())
        self.assertIn("50 samples could not be written (stop)", self.daemon.messages())

    def test_a_recording_that_is_cut_off(self):
        self.make(more=", cut_off_after: 500")
        self.daemon.start()
        self.assertEqual(self.daemon.end(), 3, self.daemon.messages())
        self.assertEqual(self.received("one"), list(range(1, 501)))
        self.assertIn("the recording is cut off", self.daemon.messages())
        self.assertIn("not all of them has gone through", self.daemon.messages())

    def test_a_stop_while_a_receiver_hangs(self):
        self.make(manner="hangs", deadline="1s")
        self.daemon.start()
        daemon.wait_for(True, "whether the other one got what there was room for",
                        lambda: self.daemon.alive() and len(self.received("two")) > 0)
        self.daemon.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.daemon.end(), 3, self.daemon.messages())
        self.assertIn("output one still runs and is left behind", self.daemon.messages())

    def test_a_stop_while_a_receiver_refuses(self):
        self.make(manner="refuses")
        self.daemon.start()
        self.daemon.wait_for_message("the receiver is gone")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        got = self.received("two")
        self.assertEqual(got, list(range(1, len(got) + 1)))

    def test_recordings_and_live_inputs_do_not_mix(self):
        self.make()
        config = self.daemon.config.read_text().replace("outputs:\n", "  self: {}\noutputs:\n", 1)
        self.daemon.config.write_text(config.replace("inputs: [tape]", "inputs: [tape, self]"))
        for verb in ("check", "run"):
            done = daemon.run_to_end(verb, self.daemon.config, self.daemon.state)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("trafficd.yaml:10:26: pipelines.main.inputs[1]: 'tape' is a recording and 'self' is not",
                          done.stderr)


if __name__ == "__main__":
    daemon.main()
