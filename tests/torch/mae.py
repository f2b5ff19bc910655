"""A masked autoencoder in PyTorch 1.13, written from He et al. 2021 and from the names of its
published checkpoints, for tests/test_mae.c: weights, a batch, loss, gradients, and the weights
after twenty steps of AdamW.

    /usr/bin/python3 tests/torch/mae.py tests/torch/data
"""
import math
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

from safetensors_write import write

STEPS = 20


def sine_cosine(rows, columns, width):
    """Half of the numbers tell the column, half the row: sines, then cosines, of it over
    10000^(i/quarter)."""
    quarter = width // 4
    frequency = 1.0 / 10000.0 ** (numpy.arange(quarter) / quarter)
    table = numpy.zeros((rows * columns + 1, width))
    for row in range(rows):
        for column in range(columns):
            parts = []
            for place in (column, row):
                parts += [numpy.sin(place * frequency), numpy.cos(place * frequency)]
            table[1 + row * columns + column] = numpy.concatenate(parts)
    return torch.tensor(table, dtype=torch.float32)[None]


class Scale(nn.Module):
    def __init__(self, width, start):
        super().__init__()
        self.gamma = nn.Parameter(start * torch.ones(width))

    def forward(self, x):
        return x * self.gamma


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):  # (length, width)
        length, width = x.shape
        q, k, v = self.qkv(x).reshape(length, 3, self.heads, width // self.heads).permute(1, 2, 0, 3)
        scores = q @ k.transpose(1, 2) / math.sqrt(width // self.heads)
        y = scores.softmax(-1) @ v
        return self.proj(y.transpose(0, 1).reshape(length, width))


class MLP(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads, hidden, layer_scale):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = MLP(width, hidden)
        self.ls1 = Scale(width, layer_scale) if layer_scale else nn.Identity()
        self.ls2 = Scale(width, layer_scale) if layer_scale else nn.Identity()

    def forward(self, x):
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class MAE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        rows, columns = c["rows"] // c["patch"], c["columns"] // c["patch"]
        width, narrow = c["width"], c["decoder_width"]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.mask_token = nn.Parameter(torch.zeros(1, 1, narrow))
        learned = c["positions"] == "learned"
        self.pos_embed = nn.Parameter(sine_cosine(rows, columns, width), learned)
        self.decoder_pos_embed = nn.Parameter(sine_cosine(rows, columns, narrow), learned)
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(c["channels"], width, c["patch"], c["patch"])
        self.blocks = nn.Sequential(
            *[Block(width, c["heads"], c["hidden"], c["layer_scale"]) for _ in range(c["depth"])])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.decoder_embed = nn.Linear(width, narrow)
        self.decoder_blocks = nn.Sequential(
            *[Block(narrow, c["decoder_heads"], 4 * narrow, 0) for _ in range(c["decoder_depth"])])
        self.decoder_norm = nn.LayerNorm(narrow, eps=1e-6)
        self.decoder_pred = nn.Linear(narrow, c["patch"] ** 2 * c["channels"])

    def targets(self, image):  # (rows, columns, channels) -> (tokens, values)
        p, channels = self.c["patch"], self.c["channels"]
        rows, columns = image.shape[0] // p, image.shape[1] // p
        tokens = torch.stack([image[y * p:(y + 1) * p, x * p:(x + 1) * p].reshape(-1)
                              for y in range(rows) for x in range(columns)])
        if self.c["target"] == "normalized":
            mean = tokens.mean(1, keepdim=True)
            variance = tokens.var(1, keepdim=True)
            tokens = (tokens - mean) / (variance + 1e-6).sqrt()
        return tokens

    def predict(self, image, masked):
        """Predictions of the masked tokens of one image."""
        embedded = self.patch_embed.proj(image.permute(2, 0, 1)[None])[0].flatten(1).T
        tokens = embedded + self.pos_embed[0, 1:]
        first = self.cls_token[0] + self.pos_embed[0, :1]
        latent = self.norm(self.blocks(torch.cat([first, tokens[~masked]])))
        seen = self.decoder_embed(latent)
        full = self.mask_token[0].repeat(len(masked) + 1, 1)
        full = full.index_put((torch.cat([torch.zeros(1, dtype=torch.long),
                                          1 + (~masked).nonzero()[:, 0]]),), seen)
        full = self.decoder_norm(self.decoder_blocks(full + self.decoder_pos_embed[0]))
        return self.decoder_pred(full[1:][masked])

    def loss(self, pixels, masked):
        total = 0
        for image, hidden in zip(pixels, masked):
            errors = self.predict(image, hidden) - self.targets(image)[hidden]
            total = total + (errors ** 2).mean(1).sum()
        return total / masked.sum()


def parameters(model):
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def record(name, c, folder):
    torch.manual_seed(c["seed"])
    model = MAE(c)
    with torch.no_grad():  # nothing at 0 or 1, so that every term counts
        for p in parameters(model).values():
            p += 0.2 * torch.randn_like(p)
    tokens = (c["rows"] // c["patch"]) * (c["columns"] // c["patch"])
    pixels = torch.randn(c["batch"], c["rows"], c["columns"], c["channels"])
    masked = torch.rand(c["batch"], tokens) < 0.6
    masked[0] = True   # nothing visible
    masked[1] = False  # nothing masked
    arrays = {"pixels": pixels.numpy(), "masked": masked.numpy().astype(numpy.uint8)}
    for n, p in parameters(model).items():
        arrays["weight." + n] = p.detach().clone().numpy()

    decay = [p for n, p in parameters(model).items() if p.ndim > 1 and "token" not in n and
             "pos_embed" not in n]
    rest = [p for p in parameters(model).values() if not any(p is d for d in decay)]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05},
                                   {"params": rest, "weight_decay": 0.0}],
                                  lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = model.loss(pixels, masked)
        loss.backward()
        if step == 0:
            for n, p in parameters(model).items():
                arrays["gradient." + n] = p.grad.clone().numpy()
        optimizer.step()
        losses.append(loss.item())
    losses.append(model.loss(pixels, masked).item())
    for n, p in parameters(model).items():
        arrays["after." + n] = p.detach().clone().numpy()
    arrays["losses"] = numpy.array(losses, dtype=numpy.float64)
    write(f"{folder}/{name}.safetensors", arrays, {k: str(v) for k, v in c.items()})
    print(name, losses[0], losses[-1])


COMMON = {"rows": 12, "columns": 8, "channels": 2, "patch": 4, "width": 16, "depth": 2, "heads": 4,
          "hidden": 32, "decoder_width": 8, "decoder_depth": 1, "decoder_heads": 2, "batch": 5}

if __name__ == "__main__":
    torch.set_num_threads(1)
    record("mae-raw", dict(COMMON, positions="fixed", target="raw", layer_scale=0, seed=1),
           sys.argv[1])
    record("mae-normalized", dict(COMMON, positions="learned", target="normalized",
                                  layer_scale=0.3, seed=2), sys.argv[1])
