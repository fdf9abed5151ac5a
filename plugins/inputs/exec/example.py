#!/usr/bin/env python3
"""Packets and connections of TCP and UDP, as a program for the exec input: a line for each, again and again.

    inputs:
      transport:
        plugin: exec
        command: [ /usr/local/bin/example.py ]
        counters: [ "[rt]x_*", retransmitted ]
"""
import os
import sys
import time

FILE = sys.argv[1] if len(sys.argv) > 1 else "/proc/net/snmp"
INTERVAL = float(os.environ.get("TRAFFICD_INTERVAL", "10"))  # what is configured for the input


def numbers():
    """{'Tcp': {'InSegs': 17, …}, 'Udp': {…}, …}: two lines for each protocol, names and values."""
    found = {}
    with open(FILE) as file:
        for names, values in zip(file, file):
            protocol = names.split(":")[0]
            found[protocol] = dict(zip(names.split()[1:], map(int, values.split()[1:])))
    return found


while True:
    now = numbers()
    tcp, udp = now["Tcp"], now["Udp"]
    # The integers end with an i, or they would be taken for reals.
    print(f"transport,protocol=tcp rx_packets={tcp['InSegs']}i,tx_packets={tcp['OutSegs']}i,"
          f"rx_errors={tcp['InErrs']}i,retransmitted={tcp['RetransSegs']}i,connections={tcp['CurrEstab']}i")
    print(f"transport,protocol=udp rx_packets={udp['InDatagrams']}i,tx_packets={udp['OutDatagrams']}i,"
          f"rx_errors={udp['InErrors']}i", flush=True)
    time.sleep(INTERVAL)
