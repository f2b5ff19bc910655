"""Arrays into a safetensors file, without the package: 8 bytes of header length, JSON, bytes."""
import json
import struct

import numpy

NAMES = {"float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8"}


def write(path, arrays, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, array in arrays.items():
        array = numpy.ascontiguousarray(array)
        header[name] = {
            "dtype": NAMES[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
