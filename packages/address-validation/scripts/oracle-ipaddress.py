#!/usr/bin/env python3
"""Writes test/data/python-ipaddress.json: what Python's ipaddress module says of the first and last address of every
row of data/*.csv and of their neighbours outside, IPv4 in eight encodings.

    python3.13 packages/address-validation/scripts/oracle-ipaddress.py

The rows are read with Python's own csv module, so that a mistake of our reader cannot hide itself.
"""

import csv
import ipaddress
import json
import platform
import re
from datetime import date
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
FILES = ["iana-ipv4-special-registry-1.csv", "iana-ipv6-special-registry-1.csv", "supplementary-blocks.csv"]
FLAGS = {
    "g": "is_global",
    "p": "is_private",
    "m": "is_multicast",
    "l": "is_loopback",
    "u": "is_unspecified",
    "k": "is_link_local",
    "r": "is_reserved",
    "s": "is_site_local",
}
TEREDO_SERVER = int(ipaddress.IPv4Address("65.54.227.120"))  # the example of RFC 4380's implementations

ENCODINGS = {
    "ipv4": lambda v4: ipaddress.IPv4Address(v4),
    "mapped": lambda v4: ipaddress.IPv6Address(0xFFFF << 32 | v4),
    "compatible": lambda v4: ipaddress.IPv6Address(v4),
    "translated": lambda v4: ipaddress.IPv6Address(0xFFFF << 48 | v4),
    "6to4": lambda v4: ipaddress.IPv6Address(0x2002 << 112 | v4 << 80 | 1),
    "teredo": lambda v4: ipaddress.IPv6Address(0x20010000 << 96 | TEREDO_SERVER << 64 | 0x8000FFFE << 32 | v4 ^ 0xFFFFFFFF),
    "nat64": lambda v4: ipaddress.IPv6Address(0x64FF9B << 96 | v4),
    "nat64-local-use": lambda v4: ipaddress.IPv6Address(0x64FF9B0001FFFE << 64 | v4),
}


def prefixes():
    for name in FILES:
        with open(PACKAGE / "data" / name, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for prefix in re.sub(r" \[\d+\]$", "", row["Address Block"]).split(", "):
                    yield ipaddress.ip_network(prefix)


def positions(network):
    first, last = int(network.network_address), int(network.broadcast_address)
    yield "first", first
    yield "last", last
    if first > 0:
        yield "before", first - 1
    if last < (1 << network.max_prefixlen) - 1:
        yield "after", last + 1


def record(prefix, position, encoding, address):
    flags = "".join(letter for letter, name in FLAGS.items() if getattr(address, name, False))
    inside = [str(address)]
    if address.version == 6:
        teredo = address.teredo or (None, None)
        for found in (address.ipv4_mapped, address.sixtofour, teredo[1], teredo[0]):
            inside.append(None if found is None else str(found))
    return [str(prefix), position, encoding, *inside[:1], flags, inside[1:]]


def main():
    records = []
    for prefix in prefixes():
        for position, value in positions(prefix):
            if prefix.version == 6:
                records.append(record(prefix, position, "ipv6", ipaddress.IPv6Address(value)))
            else:
                for encoding, encode in ENCODINGS.items():
                    records.append(record(prefix, position, encoding, encode(value)))
    head = {
        "source": f"Python {platform.python_version()}, module ipaddress",
        "date": date.today().isoformat(),
        "script": "scripts/oracle-ipaddress.py",
        "columns": ["block", "position", "encoding", "address", "flags", "ipv4_mapped, sixtofour, teredo client, teredo server"],
        "flags": FLAGS,
    }
    lines = ",\n".join("    " + json.dumps(line) for line in records)
    text = json.dumps(head, indent=2)[:-2] + ',\n  "records": [\n' + lines + "\n  ]\n}\n"
    target = PACKAGE / "test" / "data" / "python-ipaddress.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(f"{target.name}: {len(records)} records")


main()
