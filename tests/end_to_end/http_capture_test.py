"""Requests of a real nginx, counted from the packets that pass: compared with its access log, to the request and byte."""
import collections
import ctypes
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import threading

import daemon
import network
from daemon import wait_for, whole_lines
from network_case import NetworkCase

SEED = int(os.environ.get("TRAFFICD_SEED", "20261122"))
REQUESTS = int(os.environ.get("TRAFFICD_REQUESTS", "3000"))
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
FOUR, SIX, PORT = "10.77.1.1", "fd77::1", 8080
CONFIG = """\
interval: 200ms
inputs:
  web: {{ plugin: pcap, interface: lan0, buffer: 32MiB, http: {{ ports: [ {port} ] }} }}
  self: {{ plugin: self }}
outputs:
  shown: {{ plugin: stdout, format: json }}
"""
SERVER = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  log_format counted '$server_addr $request_method $request_uri $status $bytes_sent $request_length';
  access_log {folder}/access.log counted;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  types {{ text/plain txt; }}
  gzip on; gzip_types text/plain; gzip_min_length 10;
  keepalive_requests 1000000;
  server {{
    listen {four}:{port};
    listen [{six}]:{port};
    location / {{ return 200 "hello from $request_uri\\n"; }}
    location /moved {{ return 302 /; }}
    location /broken {{ return 503; }}
    location /files/ {{ root {folder}/www; }}
    location /forms {{ proxy_pass http://unix:{folder}/inner; }}
  }}
  server {{
    listen unix:{folder}/inner;
    access_log off;
    return 201 "taken\\n";
  }}
}}
"""


def end_with_us():
    """In a child: it ends when the test does, however that ends."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Nginx:
    """One of our own, in the foreground, in a network namespace."""

    def __init__(self, folder, space):
        self.folder = folder / "nginx"
        files = self.folder / "www" / "files"
        files.mkdir(parents=True)
        for name, size in (("empty.txt", 0), ("text.txt", 5000), ("page.bin", 20_000), ("large.bin", 300_000)):
            (files / name).write_bytes(b"GET / HTTP/1.1\r\n\r\n" * (size // 18) + b"." * (size % 18))
        config = self.folder / "nginx.conf"
        config.write_text(SERVER.format(folder=self.folder, four=FOUR, six=SIX, port=PORT))
        self.process = subprocess.Popen(["ip", "netns", "exec", space.name, NGINX, "-p", self.folder, "-c", config,
                                         "-e", self.folder / "error.log"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_us)

    def stop(self):
        self.process.terminate()
        self.process.wait(daemon.DEADLINE)

    def log(self):
        return whole_lines(self.folder / "access.log")


class Crowd:
    """Requests of all kinds, of which each answer is known only to the server."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def target(self):
        section = self.random.choice(["/", "/a", "/a/", "/shop/cart", "/shop/items/7", "/moved/on", "/broken",
                                      "/files/none", "/files/text.txt", "/files/page.bin", "/files/empty.txt"])
        return section + self.random.choice(["", "", "?a=/b/c", "?q=" + "x" * self.random.randrange(900)])

    def request(self, last=False, alone=False):
        """Its bytes. Only one that is alone waits for `100 Continue`: where its answers are not read yet, nginx gives up."""
        kind = self.random.random()
        headers = ["Host: a", "Cookie: " + "c" * self.random.randrange(300)]
        if last:
            headers.append("Connection: close")
        body = b""
        if kind < 0.1:
            method, target = "POST", "/forms/1"
            body = bytes(self.random.randrange(256) for _ in range(self.random.randrange(3000)))
            headers += [f"Content-Length: {len(body)}"] + ["Expect: 100-continue"] * alone
        elif kind < 0.15:
            method, target = self.random.choice(["PUT", "PATCH"]), "/forms"
            headers.append("Transfer-Encoding: chunked")
            for _ in range(self.random.randrange(4)):
                piece = b"GET /no HTTP/1.1\r\n\r\n" * self.random.randrange(1, 40)
                body += b"%x\r\n%s\r\n" % (len(piece), piece)
            body += b"0\r\n\r\n"
        else:
            method, target = self.random.choice(["GET"] * 6 + ["HEAD", "OPTIONS", "DELETE"]), self.target()
            headers += self.random.choice([[], ["Accept-Encoding: gzip"], ["Range: bytes=10-99"]])
        head = f"{method} {target} HTTP/1.1\r\n" + "\r\n".join(headers) + "\r\n\r\n"
        return head.encode() + body

    def pipelined(self, count):
        return b"".join(self.request(number == count - 1, count == 1) for number in range(count))


class HttpCaptureTest(NetworkCase):
    def setUp(self):
        super().setUp()
        self.network.add("lan0")
        for space, interface, address in ((self.network.near, "lan0", SIX), (self.network.far, "far_lan0", "fd77::2")):
            with space.entered():
                pathlib.Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6").write_text("0")
            space.ip("addr", "add", f"{address}/64", "dev", interface, "nodad")
        self.shown = self.folder / "shown"
        self.server = Nginx(self.folder, self.network.near)
        self.addCleanup(self.server.stop)
        wait_for(True, "whether nginx answers", self.answers)
        self.before = len(self.server.log())
        self.make_daemon(CONFIG.format(port=PORT), self.network.near)
        out = open(self.shown, "wb")
        self.addCleanup(out.close)
        self.daemon.start(stdout=out)
        wait_for(True, "whether it captures", lambda: self.daemon.alive() and any(self.samples("capture")))

    def connect(self, address):
        with self.network.far.entered():
            return socket.create_connection((address, PORT), timeout=daemon.DEADLINE)

    def answers(self):
        self.assertIsNone(self.server.process.poll(), self.server.folder)
        try:
            self.connect(FOUR).close()
            self.connect(SIX).close()
            return True
        except OSError:
            return False

    def samples(self, measurement):
        return [sample for sample in map(json.loads, whole_lines(self.shown)) if sample["measurement"] == measurement]

    def talk(self, address, text, pieces):
        """Sends a conversation that ends with its last request, in so many pieces, and reads to its end."""
        with self.connect(address) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            size = max(1, len(text) // pieces)
            for start in range(0, len(text), size):
                connection.sendall(text[start:start + size])
            while connection.recv(1 << 20):
                pass

    def ask(self, address, count):
        """One after the other over one connection, by Python's own client."""
        client = http.client.HTTPConnection(address, PORT, timeout=daemon.DEADLINE)
        client.sock = self.connect(address)
        for number in range(count):
            client.request("GET", f"/kept/{number}")
            client.getresponse().read()
        client.close()

    def from_log(self):
        """(server, section, method, status): requests, bytes of requests, bytes of answers."""
        rows = collections.defaultdict(lambda: [0, 0, 0])
        for line in self.server.log()[self.before:]:
            address, method, target, status, sent, received = line.split(" ")
            server = f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"
            section = "/" + target.split("?")[0].split("/")[1]
            row = rows[server, section, method, status[0] + "xx"]
            for index, number in enumerate((1, int(received), int(sent))):
                row[index] += number
        return dict(rows)

    def end(self):
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        rows, clients = {}, set()
        for sample in self.samples("http"):
            tags, fields = sample["tags"], sample["fields"]
            rows[tags["server"], tags["section"], tags["method"], tags["status"]] = [
                fields[name] for name in ("requests", "request_bytes", "response_bytes")]
            clients.add(fields["clients"])
        capture = self.samples("capture")[-1]["fields"]
        self.assertEqual((capture["kernel_drops"], capture["undecoded"]), (0, 0))
        losses = {sample["tags"]["name"]: sample["fields"]["total"] for sample in self.samples("self_plugin")
                  if sample["tags"]["name"].startswith("http_")}
        self.assertEqual(losses, dict.fromkeys(losses, 0))
        self.assertIn("http_gaps", losses)
        return rows, clients

    def test_keep_alive_and_pipelining_count_as_the_server_does(self):
        crowd = Crowd(SEED)
        asked = 0
        while asked < REQUESTS:
            count = crowd.random.choice([1, 2, 10, 60])
            self.talk(crowd.random.choice([FOUR, SIX]), crowd.pipelined(count), crowd.random.choice([1, 2, 7, 40]))
            asked += count
        self.ask(FOUR, 200)
        asked += 200
        wait_for(asked, "requests in the server's log", lambda: len(self.server.log()) - self.before)
        rows, clients = self.end()
        self.assertEqual(rows, self.from_log())
        self.assertLessEqual(clients, {0, 1})

    def test_several_at_once_with_long_answers(self):
        crowd = Crowd(SEED + 1)
        texts = [b"".join(b"GET /files/large.bin HTTP/1.1\r\nHost: a\r\n\r\n" for _ in range(3)) + crowd.pipelined(20)
                 for _ in range(8)]
        threads = [threading.Thread(target=self.talk, args=(FOUR if index % 2 else SIX, text, 5))
                   for index, text in enumerate(texts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for(8 * 23, "requests in the server's log", lambda: len(self.server.log()) - self.before)
        rows, _ = self.end()
        self.assertEqual(rows, self.from_log())


if __name__ == "__main__":
    daemon.main("needs nginx" if NGINX is None else network.why_not())
