"""A VLAN between two namespaces for kernels without one: a thread puts 802.1Q tags on the frames of a TAP interface, sends
them over a cable, and takes the tags off those that come."""
import contextlib
import fcntl
import os
import select
import socket
import struct
import threading

_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454ca, 0x0002, 0x1000
_ETH_P_ALL, _SOL_PACKET, _PACKET_AUXDATA, _PACKET_OUTGOING = 0x0003, 263, 8, 4
_TP_STATUS_VLAN_VALID = 1 << 4
_AUXDATA = struct.Struct("=IIIHHHH")
MOST = 1400  # a whole frame with its tag fits the cable


def why_not():
    """Why there can be none here; empty when there can."""
    return "" if os.access("/dev/net/tun", os.W_OK) else "needs /dev/net/tun"


class TaggedEnd:
    """The interface `name` in `space`, on VLAN `number` of the cable's end `base`."""

    def __init__(self, space, base, name, number, hardware):
        self._tag = struct.pack(">HH", 0x8100, number)
        self._number = number
        with space.entered():
            self._tap = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            fcntl.ioctl(self._tap, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
            self._cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            self._cable.bind((base, 0))
        self._cable.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        # Up before the first frame comes: one that is down takes none.
        space.ip("link", "set", name, "address", hardware, "mtu", str(MOST), "up")
        self._stopped, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def close(self):
        os.close(self._stop)
        self._thread.join()
        os.close(self._stopped)
        os.close(self._tap)
        self._cable.close()

    def _carry(self):
        while True:
            ready, _, _ = select.select([self._tap, self._cable, self._stopped], [], [])
            if self._stopped in ready:
                return
            if self._tap in ready:
                frame = os.read(self._tap, MOST + 100)
                with contextlib.suppress(OSError):  # a cable may lose frames
                    self._cable.send(frame[:12] + self._tag + frame[12:])
            if self._cable in ready:
                self._receive()

    def _receive(self):
        frame, more, _, sender = self._cable.recvmsg(65536, socket.CMSG_SPACE(_AUXDATA.size))
        if sender[2] == _PACKET_OUTGOING:
            return
        for level, kind, data in more:
            if (level, kind) != (_SOL_PACKET, _PACKET_AUXDATA):
                continue
            status, *_, tag, _ = _AUXDATA.unpack(data[:_AUXDATA.size])
            # The kernel has taken the tag off already.
            if status & _TP_STATUS_VLAN_VALID and tag & 0xfff == self._number:
                with contextlib.suppress(OSError):
                    os.write(self._tap, frame)
