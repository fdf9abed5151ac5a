"""A VLAN between two namespaces for kernels without one: a thread puts 802.1Q tags on the frames of an interface, sends them
over a cable, and takes the tags off those that come."""
import contextlib
import ctypes
import fcntl
import os
import select
import socket
import struct
import threading

_ETH_P_ALL, _SOL_PACKET, _PACKET_AUXDATA, _PACKET_OUTGOING = 0x0003, 263, 8, 4
_TP_STATUS_VLAN_VALID = 1 << 4
_AUXDATA = struct.Struct("=IIIHHHH")
_SIOCETHTOOL, _SET_CHECKSUMS, _SET_TCP_SEGMENTATION = 0x8946, 0x17, 0x1f
MOST = 1400  # a whole frame with its tag fits the cable


def _listen(interface):
    """To all frames; in the namespace of this thread."""
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    listener.bind((interface, 0))
    return listener


def _send_whole(end, interface):
    """Frames leave it as they are on a wire: of the usual length, and with checksums."""
    for command in (_SET_CHECKSUMS, _SET_TCP_SEGMENTATION):
        off = ctypes.create_string_buffer(struct.pack("=II", command, 0))
        fcntl.ioctl(end, _SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), ctypes.addressof(off)))


class TaggedEnd:
    """The interface `name` in `space`, on VLAN `number` of the cable's end `base`."""

    def __init__(self, space, base, name, number, hardware):
        self._tag = struct.pack(">HH", 0x8100, number)
        self._number = number
        inner = f"{name}_in"
        space.ip("link", "add", name, "mtu", str(MOST), "address", hardware, "type", "veth", "peer", "name", inner,
                 "mtu", str(MOST))
        space.ip("link", "set", inner, "up")
        with space.entered():
            self._inner, self._cable = _listen(inner), _listen(base)
            _send_whole(self._cable, name)
        self._cable.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        space.ip("link", "set", name, "up")
        self._stopped, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def close(self):
        os.close(self._stop)
        self._thread.join()
        os.close(self._stopped)
        self._inner.close()
        self._cable.close()

    def _carry(self):
        while True:
            ready, _, _ = select.select([self._inner, self._cable, self._stopped], [], [])
            if self._stopped in ready:
                return
            if self._inner in ready:
                self._send()
            if self._cable in ready:
                self._receive()

    def _send(self):
        frame, sender = self._inner.recvfrom(65536)
        if sender[2] != _PACKET_OUTGOING:
            with contextlib.suppress(OSError):  # a cable may lose frames
                self._cable.send(frame[:12] + self._tag + frame[12:])

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
                    self._inner.send(frame)
