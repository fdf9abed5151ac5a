"""`trafficd replay --http`: all that a recording holds is counted, as far as `--max-rows` goes; what is lost is told."""
import json
import socket
import struct

import daemon
from replay_test import ReplayTest

CLIENT, SERVER = "192.168.1.10", "192.168.1.80"
SYN, ACK = 2, 16
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Connection:
    """Frames from a client's port to port 80, and back."""

    def __init__(self, port):
        self.ports, self.next = (port, 80), [1000, 5000]

    def frame(self, side, flags, payload=b""):
        """Side 0 is the client."""
        addresses = [socket.inet_aton(each) for each in (CLIENT, SERVER)]
        tcp = struct.pack(">HHIIBBHHH", self.ports[side], self.ports[1 - side], self.next[side], self.next[1 - side],
                          0x50, flags, 65535, 0, 0)
        self.next[side] += len(payload) + bool(flags & SYN)
        head = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0)
        hardware = [b"\2\0\0\0\0\x0a", b"\2\0\0\0\0\x0b"]
        return (hardware[1 - side] + hardware[side] + b"\x08\0" + head + addresses[side] + addresses[1 - side] + tcp +
                payload)

    def begin(self, target):
        yield self.frame(0, SYN)
        yield self.frame(1, SYN | ACK)
        yield self.frame(0, ACK, f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    def answer(self):
        yield self.frame(1, ACK, ANSWER)
        yield self.frame(0, ACK)


class HttpTest(ReplayTest):
    def record(self, targets, snap_length=65535):
        """One connection for each. All are open before the first one is answered, and stay so."""
        connections = [Connection(1025 + number) for number in range(len(targets))]
        frames = [frame for each, target in zip(connections, targets) for frame in each.begin(target)]
        frames += [frame for each in connections for frame in each.answer()]
        with open(self.file, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, snap_length, 1))
            for number, frame in enumerate(frames):
                kept = frame[:snap_length]
                out.write(struct.pack("<IIII", 1_700_000_000, number, len(kept), len(frame)) + kept)

    def read(self, *words):
        """How many requests each section and status has, what was lost, and the page."""
        answer = json.loads(self.replay("--json", "--http", *words, self.file))
        requests = {(row["section"], row["status"]): row["requests"] for row in answer["http"]}
        lost = {name: number for name, number in answer["capture"].items() if name.startswith("http_") and number > 0}
        return requests, lost, self.replay("--http", *words, self.file)

    def test_every_request_has_its_row_and_every_connection_is_followed(self):
        """More of both than a daemon keeps."""
        self.record([f"/s{number % 600}" for number in range(5000)])
        requests, lost, page = self.read()
        self.assertEqual(requests, {(f"/s{number}", "2xx"): 8 + (number < 200) for number in range(600)})
        self.assertEqual(lost, {})
        self.assertTrue(page.splitlines()[-1].startswith("25000 packets, "), page)

    def test_what_finds_no_room_is_told(self):
        self.record([f"/s{number}" for number in range(40)])
        requests, lost, page = self.read("--max-rows", 16)
        self.assertEqual((sum(requests.values()), len(requests)), (40, 18))
        self.assertEqual((requests["other", "none"], requests["other", "2xx"]), (8, 16))
        self.assertEqual(lost, {"http_evicted_streams": 24, "http_unparsed_bytes": 24 * len(ANSWER)})
        self.assertEqual(page.splitlines()[-2:],
                         ["HTTP may be incomplete: 24 connections too many at once (raise --max-rows), "
                          f"{24 * len(ANSWER)} bytes not understood",
                          "'other' are requests for which 16 rows were too few: raise --max-rows"])

    def test_packets_that_were_cut_off_are_told(self):
        self.record([f"/s{number}" for number in range(40)], snap_length=68)
        requests, lost, page = self.read()
        self.assertEqual((requests, lost["http_cut_segments"]), ({}, 80))
        self.assertIn("\nHTTP may be incomplete: 80 packets captured too short, ", page)
        # Nobody asked for HTTP.
        self.assertNotIn("HTTP", self.replay(self.file))


if __name__ == "__main__":
    daemon.main()
