"""Writes safetensors files (version 0.3) by hand: Debian has no package for them."""
import json
import struct

import numpy

NAMES = {"float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8"}


def write(path, arrays, metadata=None):
    """arrays: name -> NumPy array."""
    header, at, parts = {}, 0, []
    if metadata:
        header["__metadata__"] = metadata
    for name, array in arrays.items():
        bytes_ = numpy.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": NAMES[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [at, at + len(bytes_)],
        }
        at += len(bytes_)
        parts.append(bytes_)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
