"""Generated captures of many devices that talk in all ways in which they may, and the plugin's rules in Python: what has
to be counted of them, independent of the daemon."""
import collections
import ipaddress
import random
import socket
import struct

GATEWAYS = ["02:aa:00:00:00:01", "02:aa:00:00:00:02"]
NETWORKS = ["192.168.0.0/16", "10.0.0.0/9", "203.0.113.64/26", "fd00::/8", "fe80::/10", "2001:db8:1::/48"]


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def packet(source, target, payload):
    """UDP over the IP of the addresses."""
    udp = struct.pack(">HHHH", 40000, 443, 8 + len(payload), 0) + payload
    if ":" in source:
        return (0x86dd, struct.pack(">IHBB", 0x60000000, len(udp), 17, 64) + socket.inet_pton(socket.AF_INET6, source) +
                socket.inet_pton(socket.AF_INET6, target) + udp)
    return (0x0800, struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + socket.inet_aton(source) +
            socket.inet_aton(target) + udp)


class Crowd:
    """Frames of many devices in all ways in which they may talk."""

    def __init__(self, seed, devices):
        self.random = random.Random(seed)
        self.devices = [f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}" for number in range(devices)]
        self.wraps = [self.plain] * 6 + [self.tagged, self.twice_tagged, self.pppoe]

    def hardware(self):
        return self.random.choice(GATEWAYS if self.random.random() < 0.4 else self.devices)

    def pair(self):
        """Two addresses of one family."""
        four = ["192.168.7.", "10.1.2.", "203.0.113.", "198.51.100.", "224.0.0."]
        six = ["fd00::", "fe80::", "2001:db8:1::", "2001:db8:ffff::", "ff02::"]
        some = four if self.random.random() < 0.7 else six
        return [self.random.choice(some[:4] if first else some) + str(self.random.randrange(1, 120))
                for first in (True, False)]

    def plain(self, kind, payload):
        return struct.pack(">H", kind) + payload

    def tagged(self, kind, payload):
        return struct.pack(">HHH", 0x8100, self.random.randrange(1, 4000), kind) + payload

    def twice_tagged(self, kind, payload):
        return struct.pack(">HHHHH", 0x88a8, 7, 0x8100, 8, kind) + payload

    def pppoe(self, kind, payload):
        protocol = 0x0021 if kind == 0x0800 else 0x0057
        return struct.pack(">HBBHHH", 0x8864, 0x11, 0, 1, len(payload) + 2, protocol) + payload

    def frame(self):
        """Its bytes, and who talks to whom: hardware addresses, and those of IP where there are some."""
        source, target = self.hardware(), self.hardware()
        if self.random.random() < 0.05:
            arp = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mac(source) + bytes(4) + bytes(6) + bytes(4)
            everybody = "ff:ff:ff:ff:ff:ff"
            return mac(everybody) + mac(source) + self.plain(0x0806, arp + bytes(18)), source, everybody, []
        if self.random.random() < 0.1:
            target = self.random.choice(["ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "01:00:5e:00:00:01"])
        pair = self.pair()
        wrapped = self.random.choice(self.wraps)(*packet(*pair, bytes(self.random.randrange(10, 1200))))
        return mac(target) + mac(source) + wrapped, source, target, [ipaddress.ip_address(each) for each in pair]

    def write(self, file, packets, snap_length):
        """What was written, counted by the rules."""
        model = Model()
        with open(file, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, snap_length, 1))
            for number in range(packets):
                frame, *ends = self.frame()
                model.see(len(frame), *ends)
                kept = frame[:snap_length]
                out.write(struct.pack("<IIII", 1_700_000_000 + number // 100, number % 100, len(kept), len(frame)) + kept)
        return model


class Model:
    """The rules of the plugin's README."""

    def __init__(self):
        self.networks = [ipaddress.ip_network(text) for text in NETWORKS]
        self.rows = collections.defaultdict(lambda: [0, 0, 0, 0])  # rx bytes, tx bytes, rx packets, tx packets
        self.nobody = self.bytes = self.packets = 0
        self.ip_bytes = collections.Counter()

    def is_local(self, address):
        return any(address in network for network in self.networks if network.version == address.version)

    def book(self, device, family, scope, sends, length):
        row = self.rows[device, family, scope]
        row[sends] += length
        row[2 + sends] += 1

    def see(self, length, source, target, addresses):
        self.bytes += length
        self.packets += 1
        family = f"ipv{addresses[0].version}" if addresses else "other"
        if addresses:
            self.ip_bytes[family] += length
        if int(target[:2], 16) & 1 or (addresses and addresses[1].is_multicast):
            return self.book(source, family, "multicast", True, length)
        local = [self.is_local(each) for each in addresses] or [True, True]
        # What has an address of the link itself never comes from the internet.
        if all(local) or any(each.is_link_local for each in addresses):
            self.book(source, family, "local", True, length)
            return self.book(target, family, "local", False, length)
        if local[0] == local[1]:  # both ends are elsewhere: the one that is no gateway
            sends = target in GATEWAYS
            if sends == (source in GATEWAYS):
                self.nobody += length
                return None
        else:
            sends = local[0]
        device = source if sends else target
        if device in GATEWAYS:
            self.nobody += length
            return None
        return self.book(device, family, "internet", sends, length)
