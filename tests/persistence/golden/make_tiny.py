#!/usr/bin/env python3
"""Writes tiny.safetensors beside itself, byte by byte from the format's description and with nothing but the standard library.

    python3 tests/persistence/golden/make_tiny.py
"""

import pathlib
import struct

header = (
    b'{"__metadata__":{"format":"pt","note":"tiny"},'
    b'"ids":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},'
    b'"matrix":{"dtype":"F32","shape":[2,3],"data_offsets":[16,40]},'
    b'"counts":{"dtype":"I32","shape":[1],"data_offsets":[40,44]},'
    b'"brain":{"dtype":"BF16","shape":[2],"data_offsets":[44,48]},'
    b'"half":{"dtype":"F16","shape":[1,2],"data_offsets":[48,52]},'
    b'"bytes":{"dtype":"U8","shape":[3],"data_offsets":[52,55]},'
    b'"empty":{"dtype":"U8","shape":[0,4],"data_offsets":[55,55]}}'
)
header += b" " * (-len(header) % 8)
data = (
    struct.pack("<2q", 1, -2)
    + struct.pack("<6f", 0.0, 1.0, -1.5, 2.25, 1e-8, 3e38)
    + struct.pack("<i", -7)
    + struct.pack("<2H", 0x3F80, 0xC020)  # 1.0 and -2.5
    + struct.pack("<2e", 0.5, 65504.0)
    + bytes([0, 127, 255])
)
path = pathlib.Path(__file__).with_name("tiny.safetensors")
path.write_bytes(struct.pack("<Q", len(header)) + header + data)
