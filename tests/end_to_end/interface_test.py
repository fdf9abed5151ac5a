"""Interface counters from the kernel to the report, to the byte: redials, renames, kills, restarts."""
import daemon
import network
from daemon import wait_for
from network_case import NEVER, OFTEN, NetworkCase, minus, plus


class InterfaceTest(NetworkCase):
    def test_known_transfer(self):
        self.network.add("lan0")
        (start,) = self.run_daemon("lan0", interval=OFTEN)
        sent = self.network.send("lan0", 500, 1000), self.network.send("lan0", 100, 400, outward=True)
        self.assertEqual(minus(self.kernel("lan0"), start), sent)
        self.expect("lan0", sent)
        self.stop_and_expect({"lan0": sent})

    def test_stream_equals_the_kernels_difference(self):
        self.network.add("lan0")
        self.network.send("lan0", 10, 1000)  # before the daemon: not ours
        (start,) = self.run_daemon("lan0", interval=OFTEN)
        self.network.send_stream("lan0", 5_000_000)
        moved = minus(self.kernel("lan0"), start)
        self.assertGreater(moved[0], 5_000_000)
        self.expect("lan0", moved)
        self.assertEqual(minus(self.kernel("lan0"), start), moved, "the test's own traffic had not ended")
        self.stop_and_expect({"lan0": moved})

    def start_and_wait_for_commit(self):
        newest = self.daemon.newest()
        self.daemon.start()
        self.daemon.wait_for_newer(newest)

    def recreate(self, add, interval, before_the_end=lambda first: None):
        add("lan0")
        self.network.send("lan0", 20, 1000)
        (start,) = self.run_daemon("lan0", interval=interval)
        first = self.network.send("lan0", 300, 1000), self.network.send("lan0", 30, 700, outward=True)
        self.assertEqual(minus(self.kernel("lan0"), start), first)
        before_the_end(first)
        self.network.delete("lan0")
        add("lan0")
        second = self.network.send("lan0", 40, 1200), self.network.send("lan0", 50, 100, outward=True)
        self.assertEqual(self.kernel("lan0"), second)
        return plus(first, second)

    def test_recreated(self):
        both = self.recreate(self.network.add_upon, OFTEN)
        self.expect("lan0", both)
        self.stop_and_expect({"lan0": both})

    def test_recreated_between_two_ticks(self):
        self.stop_and_expect({"lan0": self.recreate(self.network.add_upon, NEVER)})

    def test_recreated_pair(self):
        both = self.recreate(self.network.add, OFTEN, lambda first: self.expect("lan0", first))
        self.expect("lan0", both)
        self.stop_and_expect({"lan0": both})

    def test_recreated_pair_that_was_down_before(self):
        def take_down(first):
            self.network.near.ip("link", "set", "lan0", "down")

        self.stop_and_expect({"lan0": self.recreate(self.network.add, NEVER, take_down)})

    def test_created_and_deleted_between_two_ticks(self):
        self.network.add("lan0")
        self.run_daemon("lan0", interval=NEVER)
        self.network.add_upon("lan7")
        sent = self.network.send("lan7", 60, 1000), self.network.send("lan7", 6, 1000, outward=True)
        self.assertEqual(self.kernel("lan7"), sent)
        self.network.delete("lan7")
        self.stop_and_expect({"lan0": (0, 0), "lan7": sent})

    def rename(self, interval, settled):
        self.network.add("lan0")
        (start,) = self.run_daemon("lan0", interval=interval)
        before = self.network.send("lan0", 300, 1000), self.network.send("lan0", 30, 700, outward=True)
        self.network.rename("lan0", "lan1", "far_lan0")
        after = self.network.send("lan0", 40, 1200), self.network.send("lan0", 50, 100, outward=True)
        settled(before, after)
        self.assertEqual(minus(self.kernel("lan1"), start), plus(before, after))
        self.stop_and_expect({"lan0": before, "lan1": after})

    def test_renamed(self):
        def settled(before, after):
            self.expect("lan1", after)
            self.expect("lan0", before)

        self.rename(OFTEN, settled)

    def test_renamed_between_two_ticks(self):
        self.rename(NEVER, lambda before, after: None)

    def test_renamed_there_and_back(self):
        self.network.add("lan0")
        (start,) = self.run_daemon("lan0", interval=OFTEN)
        sums = {"lan0": (0, 0), "lan1": (0, 0)}
        for old, new in (("lan0", "lan1"), ("lan1", "lan0"), ("lan0", "lan1"), ("lan1", "lan0")):
            sums[old] = plus(sums[old], (self.network.send("lan0", 30, 1000), 0))
            self.network.rename(old, new, "far_lan0")
            sums[new] = plus(sums[new], (self.network.send("lan0", 7, 300), 0))
            self.expect(new, sums[new])
        self.assertEqual(minus(self.kernel("lan0"), start), plus(*sums.values()))
        self.stop_and_expect(sums)

    def test_two_swap_their_names_between_two_ticks(self):
        self.network.add("lan0")
        self.network.add("lan1")
        self.network.send("lan1", 20, 500)
        self.run_daemon("lan0", "lan1", interval=NEVER)
        sums = {"lan0": (self.network.send("lan0", 30, 1000), 0), "lan1": (self.network.send("lan1", 3, 200), 0)}
        self.network.rename("lan0", "other", "far_lan0")
        self.network.rename("lan1", "lan0", "far_lan1")
        self.network.rename("other", "lan1", "far_lan0")
        sums["lan0"] = plus(sums["lan0"], (self.network.send("lan1", 11, 900), 0))
        sums["lan1"] = plus(sums["lan1"], (self.network.send("lan0", 13, 800), 0))
        self.stop_and_expect(sums)

    def test_only_the_time_under_a_watched_name_counts(self):
        self.network.add("lan0")
        self.network.add("lan1")
        self.network.rename("lan1", "other", "far_lan1")
        self.run_daemon("lan0", interval=NEVER)
        self.network.send("lan1", 50, 1000)
        self.network.rename("other", "lan1", "far_lan1")
        watched = self.network.send("lan1", 7, 1000), self.network.send("lan1", 3, 100, outward=True)
        self.network.rename("lan1", "other", "far_lan1")
        self.network.send("lan1", 60, 1000)
        self.stop_and_expect({"lan0": (0, 0), "lan1": watched})

    def test_what_was_carried_elsewhere_is_not_ours(self):
        """An unwatched interface with a past takes the name of a watched one that is gone."""
        self.network.add("lan0")
        self.network.add("lan1")
        self.network.rename("lan1", "other", "far_lan1")
        self.network.send("lan1", 300, 1000)
        self.run_daemon("lan0", interval=OFTEN)
        first = self.network.send("lan0", 10, 1000), 0
        self.expect("lan0", first)
        self.network.delete("lan0")
        self.network.rename("other", "lan0", "far_lan1")
        both = plus(first, (self.network.send("lan1", 7, 100), 0))
        self.expect("lan0", both)
        self.stop_and_expect({"lan0": both})

    def test_moved_in_with_a_past(self):
        self.network.add("lan0")
        self.network.add("lan1")
        self.network.send("lan1", 300, 1000)
        self.network.near.ip("link", "set", "lan1", "netns", self.network.far.name)
        self.run_daemon("lan0", interval=OFTEN)
        self.network.far.ip("link", "set", "lan1", "netns", self.network.near.name)
        self.network.up("lan1", "far_lan1")
        sent = self.network.send("lan1", 9, 500), 0
        self.expect("lan1", sent)
        self.stop_and_expect({"lan0": (0, 0), "lan1": sent})

    def test_the_same_index_again(self):
        self.network.add("lan0")
        self.network.add_upon("lan7")
        index = self.network.near.link("lan7")["ifindex"]
        (_, start) = self.run_daemon("lan0", "lan7", interval=OFTEN)
        first = self.network.send("lan7", 40, 1000), 0
        self.assertEqual(minus(self.kernel("lan7"), start), first)
        self.network.delete("lan7")
        self.network.add_upon("lan7", index)
        self.assertEqual(self.network.near.link("lan7")["ifindex"], index)
        both = plus(first, (self.network.send("lan7", 20, 1000), 0))
        self.expect("lan7", both)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        both = plus(both, (self.network.send("lan7", 5, 1000), 0))
        self.expect("lan7", both)
        self.stop_and_expect({"lan0": (0, 0), "lan7": both})

    def test_the_same_index_after_a_restart(self):
        self.network.add("lan0")
        self.network.add_upon("lan7")
        index = self.network.near.link("lan7")["ifindex"]
        self.run_daemon("lan0", "lan7", interval=OFTEN)
        first = self.network.send("lan7", 20, 1000), 0
        self.expect("lan7", first)
        self.network.delete("lan7")
        self.assertEqual(self.daemon.stop(), 0)
        self.start_and_wait_for_commit()
        self.network.add_upon("lan7", index)
        both = plus(first, (self.network.send("lan7", 40, 1000), 0))
        self.expect("lan7", both)
        self.stop_and_expect({"lan0": (0, 0), "lan7": both})

    def test_renamed_to_a_watched_name_while_stopped(self):
        self.network.add("lan0")
        self.network.add("lan1")
        self.network.rename("lan1", "other", "far_lan1")
        self.run_daemon("lan0", interval=OFTEN)
        first = self.network.send("lan0", 10, 1000), 0
        self.expect("lan0", first)
        self.network.send("lan1", 300, 1000)
        self.assertEqual(self.daemon.stop(), 0)
        self.network.delete("lan0")
        self.network.rename("other", "lan0", "far_lan1")
        self.start_and_wait_for_commit()
        both = plus(first, (self.network.send("lan1", 7, 100), 0))
        self.expect("lan0", both)
        self.stop_and_expect({"lan0": both})

    def test_the_default_route_moves(self):
        self.network.add("lan0")
        self.network.add("lan1")
        self.network.near.ip("route", "add", "default", "dev", "lan0")
        self.run_daemon("lan0", "lan1", interval=OFTEN)
        wait_for({"lan0"}, "the interface of the default route", self.daemon.primary)
        self.network.near.ip("route", "replace", "default", "dev", "lan1")
        wait_for({"lan1"}, "the interface of the default route", self.daemon.primary)
        self.network.near.ip("link", "set", "lan1", "down")  # the kernel takes the route away without a word
        self.network.near.ip("route", "add", "default", "dev", "lan0")
        wait_for({"lan0"}, "the interface of the default route", self.daemon.primary)

    def test_killed_and_restarted(self):
        self.network.add("lan0")
        (start,) = self.run_daemon("lan0", interval=OFTEN)
        for _ in range(3):
            self.network.send("lan0", 200, 1000)
            self.daemon.kill()
            self.network.send("lan0", 20, 1000, outward=True)  # while nobody watches: the kernel remembers
            self.daemon.start()
        self.network.send("lan0", 50, 1000)
        moved = minus(self.kernel("lan0"), start)
        self.expect("lan0", moved)
        self.stop_and_expect({"lan0": moved})

    def test_stop_keeps_the_last_bytes(self):
        self.network.add("lan0")
        self.run_daemon("lan0", interval=NEVER)
        sent = self.network.send("lan0", 77, 1000), self.network.send("lan0", 5, 10, outward=True)
        self.stop_and_expect({"lan0": sent})

    def test_clean_restart_goes_on(self):
        self.network.add("lan0")
        (start,) = self.run_daemon("lan0", interval=NEVER)
        self.network.send("lan0", 10, 1000)
        self.assertEqual(self.daemon.stop(), 0)
        self.network.send("lan0", 20, 1000)
        self.daemon.start()
        self.expect("lan0", minus(self.kernel("lan0"), start))
        self.network.send("lan0", 30, 1000)
        self.stop_and_expect({"lan0": minus(self.kernel("lan0"), start)})


if __name__ == "__main__":
    daemon.main(network.why_not())
