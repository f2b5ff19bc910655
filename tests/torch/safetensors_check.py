"""Files for tests/test_safetensors.c and for fuzzing, and a look at a file that the program wrote,
both by the format's description alone (the package safetensors is not in Debian):

    /usr/bin/python3 tests/torch/safetensors_check.py make tests/corpus/safetensors
    /usr/bin/python3 tests/torch/safetensors_check.py check FILE
"""
import json
import struct
import sys

import numpy

from safetensors_write import write


def read(path):
    with open(path, "rb") as file:
        raw = file.read()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    data = raw[8 + length :]
    metadata = header.pop("__metadata__", {})
    types = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U8": "u1"}
    arrays, covered = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        start, end = entry["data_offsets"]
        assert start == covered, (name, start, covered)
        array = numpy.frombuffer(data[start:end], types[entry["dtype"]])
        arrays[name] = array.reshape(entry["shape"])
        covered = end
    assert covered == len(data)
    return arrays, metadata


def make(folder):
    arrays = {
        "weight": (numpy.arange(6) * 0.37 - 1).astype(numpy.float32).reshape(2, 3),
        "model.bias": numpy.array([1 / 3, -2 / 7, 1e-3]),
        "count": numpy.array(41, numpy.int64),
        "bytes": numpy.array([1, 2, 255], numpy.uint8),
        "nothing": numpy.zeros((0, 4), numpy.float32),
    }
    write(f"{folder}/python", arrays, {"maker": "Python", "\u00e9t\u00e9": 'a "quoted" word'})
    # Not padded, so that the numbers lie at odd addresses, and in another order than they are named.
    header = (
        '{"late":{"dtype":"F32","shape":[2],"data_offsets":[3,11]},'
        '"one":{"dtype":"F64","shape":[],"data_offsets":[11,19]},'
        '"early":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}'
    )
    header += " " * (1 - len(header) % 2)
    with open(f"{folder}/odd", "wb") as file:
        data = bytes([7, 8, 9]) + struct.pack("<2fd", 0.25, -3.5, 0.7)
        file.write(struct.pack("<Q", len(header)) + header.encode() + data)
    write(f"{folder}/empty", {}, {})


def check(path):
    arrays, metadata = read(path)
    for name, array in arrays.items():
        print(name, array.dtype, array.shape, array.ravel()[:4].tolist())
    print(metadata)


{"make": make, "check": check}[sys.argv[1]](sys.argv[2])
