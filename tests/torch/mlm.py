"""Recorded values of a masked language model in PyTorch for tests/test_mlm.c:

    /usr/bin/python3 tests/torch/mlm.py        writes tests/torch/data/mlm.safetensors

Written from the papers: BERT (Devlin et al. 2018) with plain [MASK], pre-LN blocks (Xiong et al. 2020),
sine-cosine positions (Vaswani et al. 2017, section 3.5; on lattices He et al. 2021, appendix A.1),
LayerScale (Touvron et al. 2021a). For each case: random weights, batches of random symbols and masks,
the loss and the gradients of the first batch, twenty losses and the weights after twenty steps of
AdamW with a clipped gradient.
"""
import os

import numpy
import torch
from torch.nn import functional as F

import safetensors

STEPS, BATCH, CLIP = 20, 6, 1.0
# The gradient of the keys' biases is 0 but for rounding; with 1e-8 AdamW would divide noise by noise.
EPSILON = 1e-6
CASES = {
    "sequence": dict(rows=1, columns=12, vocabulary=11, width=16, depth=2, heads=2, hidden=40),
    "tied": dict(rows=1, columns=10, vocabulary=16, width=12, depth=2, heads=3, hidden=24,
                 learned=True, tied=True, layer_scale=True),
    "lattice": dict(rows=3, columns=4, vocabulary=3, width=16, depth=1, heads=4, hidden=16),
}


def sines(places, width):
    """(len(places), width): the sines of p / 10000^(2k/width), then the cosines."""
    k = torch.arange(width // 2, dtype=torch.float64)
    angles = places.double()[:, None] / 10000 ** (k / (width / 2))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def positions(rows, columns, width):
    if rows == 1:  # PE(p, 2k) = sin, PE(p, 2k+1) = cos
        halves = sines(torch.arange(columns), width).reshape(columns, 2, width // 2)
        return halves.transpose(1, 2).reshape(columns, width).float()
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    halves = [sines(column.flatten(), width // 2), sines(row.flatten(), width // 2)]
    return torch.cat(halves, dim=1).float()


def shapes(case):
    """name -> (shape, does weight decay apply)."""
    v, w, h = case["vocabulary"], case["width"], case["hidden"]
    table = {"token_embed.weight": ((v + 1, w), True)}
    if case.get("learned"):
        table["pos_embed"] = ((1, case["rows"] * case["columns"], w), False)
    for i in range(case["depth"]):
        b = f"blocks.{i}."
        for name, out, inner in (("attn.qkv", 3 * w, w), ("attn.proj", w, w), ("mlp.fc1", h, w),
                                 ("mlp.fc2", w, h)):
            table[b + name + ".weight"] = ((out, inner), True)
            table[b + name + ".bias"] = ((out,), False)
        for name in ("norm1", "norm2"):
            table[b + name + ".weight"] = ((w,), False)
            table[b + name + ".bias"] = ((w,), False)
        if case.get("layer_scale"):
            table[b + "ls1.gamma"] = ((w,), False)
            table[b + "ls2.gamma"] = ((w,), False)
    table["norm.weight"] = ((w,), False)
    table["norm.bias"] = ((w,), False)
    if not case.get("tied"):
        table["head.weight"] = ((v, w), True)
    table["head.bias"] = ((v,), False)
    return table


def attention(p, b, x, heads):
    n, length, width = x.shape
    qkv = F.linear(x, p[b + "attn.qkv.weight"], p[b + "attn.qkv.bias"])
    q, k, v = qkv.reshape(n, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    weights = (q @ k.transpose(-2, -1) / (width // heads) ** 0.5).softmax(dim=-1)
    mixed = (weights @ v).transpose(1, 2).reshape(n, length, width)
    return F.linear(mixed, p[b + "attn.proj.weight"], p[b + "attn.proj.bias"])


def loss_of(case, p, symbols, masked):
    v, w = case["vocabulary"], case["width"]

    def norm(x, name):
        return F.layer_norm(x, (w,), p[name + ".weight"], p[name + ".bias"], eps=1e-6)

    seen = torch.where(masked, torch.full_like(symbols, v), symbols)
    place = p["pos_embed"][0] if case.get("learned") else positions(case["rows"], case["columns"], w)
    x = p["token_embed.weight"][seen] + place
    for i in range(case["depth"]):
        b = f"blocks.{i}."
        one = attention(p, b, norm(x, b + "norm1"), case["heads"])
        x = x + p.get(b + "ls1.gamma", 1) * one
        hidden = F.gelu(F.linear(norm(x, b + "norm2"), p[b + "mlp.fc1.weight"], p[b + "mlp.fc1.bias"]))
        two = F.linear(hidden, p[b + "mlp.fc2.weight"], p[b + "mlp.fc2.bias"])
        x = x + p.get(b + "ls2.gamma", 1) * two
    head = p["token_embed.weight"][:v] if case.get("tied") else p["head.weight"]
    logits = F.linear(norm(x, "norm")[masked], head, p["head.bias"])
    return F.cross_entropy(logits, symbols[masked])


def record(name, case, arrays):
    def keep(kind, tensors):
        for key, tensor in tensors.items():
            arrays[f"{name}.{kind}.{key}"] = tensor.detach().numpy().copy()

    table, sites = shapes(case), case["rows"] * case["columns"]
    p = {}
    for key, (shape, decay) in table.items():
        x = 0.3 * torch.randn(shape)
        p[key] = torch.nn.Parameter(1 + x if key.endswith(("norm.weight", "norm1.weight",
                                                           "norm2.weight")) else x)
    symbols = torch.randint(case["vocabulary"], (STEPS, BATCH, sites))
    masked = torch.rand(STEPS, BATCH, sites) < 0.4
    keep("weights", p)
    groups = [{"params": [p[k] for k, (_, d) in table.items() if d is decay],
               "weight_decay": 0.05 if decay else 0.0} for decay in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.95), eps=EPSILON)
    losses = []
    for t in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(case, p, symbols[t], masked[t])
        loss.backward()
        losses.append(loss.item())
        if t == 0:
            keep("gradient", {k: x.grad for k, x in p.items()})
        torch.nn.utils.clip_grad_norm_(p.values(), CLIP)
        for group in optimizer.param_groups:
            group["lr"] = 0.003 * (1 - t / STEPS)
        optimizer.step()
    keep("after", p)
    arrays[f"{name}.symbols"] = symbols.numpy().astype(numpy.uint8)
    arrays[f"{name}.masked"] = masked.numpy().astype(numpy.uint8)
    arrays[f"{name}.losses"] = numpy.array(losses, dtype=numpy.float64)


torch.manual_seed(4)
recorded = {}
for case_name, values in CASES.items():
    record(case_name, values, recorded)
folder = os.path.dirname(os.path.abspath(__file__))
safetensors.write(os.path.join(folder, "data", "mlm.safetensors"), recorded,
                  {"torch": torch.__version__})
