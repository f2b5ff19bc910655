"""Loss and gradients of dino, ibot, dinov2 and byol in PyTorch 1.13 for tests/test_siamese_torch.c,
written from the papers. The test program writes weights, teacher, views and masks; this adds what
follows from them to the same files:

    build/tests/test_siamese_torch tests/torch/data
    /usr/bin/python3 tests/torch/siamese.py tests/torch/data
"""
import json
import struct
import sys

import numpy
import torch
from torch.nn import functional as F

from safetensors_write import write

CASES = ["dino", "ibot-shared", "ibot-separate", "dinov2", "byol"]
TYPES = {"F32": numpy.float32, "F64": numpy.float64, "U8": numpy.uint8}
ROWS, COLUMNS, CHANNELS, PATCH = 12, 8, 2, 4
LOCAL = 8


def read(path):
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(size)), file.read()
    metadata = header.pop("__metadata__")
    return metadata, {n: numpy.frombuffer(data[slice(*h["data_offsets"])], TYPES[h["dtype"]])
                      .reshape(h["shape"]).copy() for n, h in header.items()}


def positions(rows, columns, width):
    """Sines and cosines of a lattice stretched over the whole image's."""
    whole_rows, whole_columns = ROWS // PATCH, COLUMNS // PATCH
    quarter = width // 4
    frequency = 1.0 / 10000.0 ** (numpy.arange(quarter) / quarter)
    table = numpy.zeros((rows * columns + 1, width))
    for r in range(rows):
        for c in range(columns):
            x = (c + 0.5) * whole_columns / columns - 0.5
            y = (r + 0.5) * whole_rows / rows - 0.5
            parts = [f(p * frequency) for p in (x, y) for f in (numpy.sin, numpy.cos)]
            table[1 + r * columns + c] = numpy.concatenate(parts)
    return torch.tensor(table)


class Net:
    def __init__(self, weights, c):
        self.w, self.c = weights, c

    def linear(self, x, name):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], 1e-6)

    def block(self, x, name):
        heads = self.c["encoder"]["heads"]
        n, length, width = x.shape
        q, k, v = self.linear(self.norm(x, name + ".norm1"), name + ".attn.qkv").reshape(
            n, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        a = (q @ k.transpose(-1, -2) / (width // heads) ** 0.5).softmax(-1) @ v
        a = self.linear(a.transpose(1, 2).reshape(n, length, width), name + ".attn.proj")
        x = x + a * self.w.get(name + ".ls1.gamma", 1)
        m = self.linear(self.norm(x, name + ".norm2"), name + ".mlp.fc1")
        return x + self.linear(F.gelu(m), name + ".mlp.fc2") * self.w.get(name + ".ls2.gamma", 1)

    def encode(self, images, masked=None):
        """images (n, rows, columns, channels), masked (n, tokens)."""
        x = F.conv2d(images.permute(0, 3, 1, 2), self.w["patch_embed.proj.weight"],
                     self.w["patch_embed.proj.bias"], stride=PATCH)
        rows, columns = x.shape[2:]
        x = x.flatten(2).transpose(1, 2)
        if masked is not None:
            x = torch.where(masked[..., None], self.w["mask_token"], x)
        x = torch.cat([self.w["cls_token"].expand(len(x), -1, -1), x], 1)
        x = x + positions(rows, columns, x.shape[2])
        for i in range(self.c["encoder"]["depth"]):
            x = self.block(x, f"blocks.{i}")
        return self.norm(x, "norm")

    def head(self, x, prefix="head."):
        layers = self.c["head"].get("layers", 3)
        for i in range(layers):
            x = self.linear(x, f"{prefix}mlp.{2 * i}")
            x = F.gelu(x) if i + 1 < layers else x
        return F.linear(F.normalize(x, dim=-1),
                        F.normalize(self.w[prefix + "last_layer.weight_v"], dim=-1))

    def mlp(self, x, prefix):
        return self.linear(F.gelu(self.norm(self.linear(x, prefix + "0"), prefix + "1")),
                           prefix + "3")


def sinkhorn(h, temperature):
    q = (h / temperature).exp().t()
    q = q / q.sum()
    for _ in range(3):
        q = q / q.sum(1, keepdim=True) / q.shape[0]
        q = q / q.sum(0, keepdim=True) / q.shape[1]
    return (q * q.shape[1]).t()


def targets(h, center, temperature, c, centering):
    if centering == "sinkhorn":
        return sinkhorn(h, temperature)
    if c.get("teacher", {}).get("center_update") == "before":
        center = 0.9 * center + 0.1 * h.mean(0)
    return ((h - center) / temperature).softmax(-1)


def cross_entropy(p, z):
    return -(p * (z / 0.1).log_softmax(-1)).sum(-1)


def koleo(x):
    u = F.normalize(x, dim=-1)
    with torch.no_grad():
        products = u @ u.t()
        products.fill_diagonal_(-2)
        nearest = products.argmax(1)
    return -((u - u[nearest]).norm(dim=1) + 1e-8).log().mean()


def views_of(arrays):
    batch = len(arrays["globals"])
    both = torch.tensor(arrays["globals"]).double().reshape(batch, 2, ROWS, COLUMNS, CHANNELS)
    local = torch.tensor(arrays["locals"]).double().reshape(batch, -1, LOCAL, LOCAL, CHANNELS)
    return [both[:, 0], both[:, 1]], [local[:, i] for i in range(local.shape[1])]


def byol(student, teacher, arrays):
    whole, _ = views_of(arrays)
    with torch.no_grad():
        z = [F.normalize(teacher.mlp(teacher.encode(v)[:, 0], "projector."), dim=-1) for v in whole]
    q = [student.mlp(student.mlp(student.encode(v)[:, 0], "projector."), "predictor.")
         for v in whole]
    return sum((2 - 2 * (F.normalize(q[v], dim=-1) * z[1 - v]).sum(-1)).mean() for v in range(2))


def distill(method, student, teacher, arrays, c):
    whole, local = views_of(arrays)
    centering = "sinkhorn" if method == "dinov2" else "center"
    patches = method != "dino"
    patch_head = "patch_head." if any(n.startswith("patch_head.") for n in student.w) else "head."
    masks = [None, None]
    if patches:
        chosen = torch.tensor(arrays["chosen"]).reshape(-1, 2, 1).bool()
        both = torch.tensor(arrays["masked"]).bool() & chosen
        masks = [both[:, 0], both[:, 1]]
    with torch.no_grad():
        t = [teacher.encode(v) for v in whole]
        h = torch.stack([teacher.head(x[:, 0]) for x in t], 1)
        p = targets(h.flatten(0, 1), torch.tensor(arrays["center"]).double().flatten(), 0.04, c,
                    centering).reshape(h.shape)
    s = [student.encode(v, m) for v, m in zip(whole, masks)]
    outputs = [student.head(x[:, 0]) for x in s]
    outputs += [student.head(student.encode(v)[:, 0]) for v in local]
    terms = [cross_entropy(p[:, q], outputs[v]).mean()
             for q in range(2) for v in range(len(outputs)) if v != q]
    loss = sum(terms) / len(terms)
    if not patches:
        return loss
    with torch.no_grad():  # in the order of images, views, tokens
        flat = both.flatten()
        h = teacher.head(torch.stack([x[:, 1:] for x in t], 1).flatten(0, 2)[flat], patch_head)
        temperature = c.get("teacher", {}).get("patch_temperature", 0.04)
        p = targets(h, torch.tensor(arrays["patch_center"]).double().flatten(), temperature, c,
                    centering)
        full = torch.zeros(len(flat), p.shape[1], dtype=torch.float64)
        full[flat] = p
        full = full.reshape(*both.shape, -1)
    part = 0
    for v in range(2):
        ce = cross_entropy(full[:, v], student.head(s[v][:, 1:], patch_head)) * masks[v]
        part = part + (ce.sum(-1) / masks[v].sum(-1).clamp(min=1)).mean() / 2
    loss = loss + c.get("patch_weight", 1) * part
    if method == "dinov2":  # of each shard: images 0-2, 3-4
        for v in range(2):
            for first, last in ((0, 3), (3, 5)):
                share = (last - first) / 5
                loss = loss + c["koleo_weight"] * share * koleo(s[v][first:last, 0])
    return loss


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    for name in CASES:
        path = f"{sys.argv[1]}/siamese-{name}.safetensors"
        metadata, arrays = read(path)
        c = json.loads(metadata["parameters"])
        block = {prefix: {n[len(prefix):]: torch.tensor(a).double() for n, a in arrays.items()
                          if n.startswith(prefix)} for prefix in ("weight.", "teacher.")}
        for w in block["weight."].values():
            w.requires_grad_()
        student, teacher = Net(block["weight."], c), Net(block["teacher."], c)
        if metadata["method"] == "byol":
            loss = byol(student, teacher, arrays)
        else:
            loss = distill(metadata["method"], student, teacher, arrays, c)
        loss.backward()
        arrays = {n: a for n, a in arrays.items() if not n.startswith("gradient.")}
        arrays["loss"] = numpy.array([loss.item()])
        for n, w in block["weight."].items():
            arrays["gradient." + n] = w.grad.float().numpy()
        write(path, arrays, metadata)
        print(name, loss.item())
