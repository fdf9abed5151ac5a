"""Two network namespaces with a cable between them. Nothing outside of them is touched.

All traffic is UDP to a bound socket, neighbours are entered by hand and IPv6 is off: no byte passes that the test did
not send, so counters stand still when the test does.
"""
import contextlib
import ctypes
import json
import os
import socket
import subprocess
import threading
import time

UDP_OVERHEAD = 14 + 20 + 8  # Ethernet, IPv4, UDP
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def why_not():
    """Why namespaces cannot be made here; empty when they can."""
    if os.geteuid() != 0:
        return "needs root to make network namespaces"
    name = f"td{os.getpid()}try"
    try:
        ip("netns", "add", name)
        try:
            ip("-n", name, "link", "add", "one", "type", "veth", "peer", "name", "two")
            ip("netns", "exec", name, "true")
        finally:
            ip("netns", "del", name)
    except (OSError, RuntimeError) as error:
        return f"cannot make network namespaces: {error}"
    return ""


class Namespace:
    def __init__(self, name):
        self.name = name
        ip("netns", "add", name)
        with self.entered():
            for which in ("all", "default"):
                with contextlib.suppress(FileNotFoundError):
                    with open(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "w") as file:
                        file.write("1")

    def remove(self):
        ip("netns", "del", self.name)

    @contextlib.contextmanager
    def entered(self):
        """This thread is in the namespace; a socket made meanwhile stays there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            self._enter(there)
            yield
        finally:
            self._enter(home)
            os.close(home)
            os.close(there)

    @staticmethod
    def _enter(descriptor):
        if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def ip(self, *words):
        return ip("-n", self.name, *words)

    def link(self, interface):
        return json.loads(self.ip("-j", "-s", "link", "show", "dev", interface))[0]

    def counters(self, interface):
        """What the kernel has counted, asked over netlink: (rx_bytes, tx_bytes)."""
        stats = self.link(interface)["stats64"]
        return stats["rx"]["bytes"], stats["tx"]["bytes"]


class Flow:
    """Datagrams from one namespace to an address in another; each has arrived before the next is sent."""

    def __init__(self, source, target, address):
        with target.entered():
            self._receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._receiver.bind(address)
        with source.entered():
            self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._receiver.settimeout(10)
        self._address = self._receiver.getsockname()

    def close(self):
        self._receiver.close()
        self._sender.close()

    def send(self, count, size):
        """Answers how many bytes an interface on the way must have counted."""
        for _ in range(count):
            self._sender.sendto(bytes(size), self._address)
            self._receiver.recv(size)
        return count * (size + UDP_OVERHEAD)


class Traffic:
    """Sends without a pause until it is stopped, always over the same two sockets."""

    def __init__(self, net, interface):
        self._flow = net.flow(interface)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.is_set():
            self._flow.send(20, 700)
            time.sleep(0.001)  # leaves the processor to the daemon

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._flow.close()


class Network:
    """`near` holds the watched ends, `far` the other ones."""

    def __init__(self, tag):
        self.near = Namespace(f"td{os.getpid()}{tag}n")
        try:
            self.far = Namespace(f"td{os.getpid()}{tag}f")
        except Exception:
            self.near.remove()
            raise
        self._nets = {}

    def remove(self):
        self.near.remove()
        self.far.remove()

    def add(self, interface):
        """A cable: `interface` on the near side, `far_<interface>` on the other. It goes with its far end."""
        self._cable(interface, interface)
        self.up(interface, f"far_{interface}")

    def add_upon(self, interface, index=None):
        """The same with an interface of its own upon a cable that stays when it is deleted.

        A veth forgets what it received when its pair is taken apart; a macvlan, like real interfaces, does not."""
        base = f"base_{interface}"
        if f'"{base}"' not in self.near.ip("-j", "link"):
            self._cable(interface, base)
            self.near.ip("link", "set", base, "up")
        given = ("index", str(index)) if index else ()
        self.near.ip("link", "add", "link", base, "name", interface, *given, "type", "macvlan", "mode", "bridge")
        self.up(interface, f"far_{interface}")

    def _cable(self, interface, near):
        far = f"far_{interface}"
        self.near.ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self.far.name)
        self._nets.setdefault(interface, len(self._nets) + 1)

    def delete(self, interface):
        self.near.ip("link", "del", interface)

    def up(self, interface, far):
        """Addresses and neighbours; the kernel forgets neighbours of a link that was down."""
        net = self._nets[far.removeprefix("far_")]
        ends = [(self.near, interface, 1), (self.far, far, 2)]
        for space, name, _ in ends:
            space.ip("link", "set", name, "up")
        macs = {space: space.link(name)["address"] for space, name, _ in ends}
        for space, name, host in ends:
            other = self.far if space is self.near else self.near
            space.ip("addr", "replace", f"10.77.{net}.{host}/24", "dev", name)
            space.ip("neigh", "replace", f"10.77.{net}.{3 - host}", "lladdr", macs[other], "dev", name,
                     "nud", "permanent")

    def rename(self, old, new, far):
        self.near.ip("link", "set", old, "down")
        self.near.ip("link", "set", old, "name", new)
        self.up(new, far)

    def send(self, interface, count, size, outward=False):
        """`count` datagrams with `size` bytes each; answers how many bytes the interface must have counted.

        `interface` is the name the cable had when it was made."""
        with contextlib.closing(self.flow(interface, outward)) as flow:
            return flow.send(count, size)

    def flow(self, interface, outward=False):
        net = self._nets[interface]
        source, target = (self.near, self.far) if outward else (self.far, self.near)
        return Flow(source, target, (f"10.77.{net}.{2 if outward else 1}", 0))

    def send_stream(self, interface, size):
        """`size` bytes by TCP from far to near, until the last of it is acknowledged and the connection is gone."""
        net = self._nets[interface]
        with self.near.entered():
            listener = socket.create_server((f"10.77.{net}.1", 7778))
        with self.far.entered():
            sender = socket.create_connection((f"10.77.{net}.1", 7778), timeout=10)
        receiver, _ = listener.accept()
        with listener, receiver, sender:
            sender.setblocking(False)
            receiver.settimeout(10)
            sent = received = 0
            while received < size:
                with contextlib.suppress(BlockingIOError):
                    sent += sender.send(bytes(min(size - sent, 65536))) if sent < size else 0
                with contextlib.suppress(socket.timeout):
                    received += len(receiver.recv(65536))
            # A reset from each side: no waiting connection sends a late segment.
            for end in (sender, receiver):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
