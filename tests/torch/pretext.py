"""Recorded values of jigsaw and colorization in PyTorch for tests/test_double_pretext.c:

    /usr/bin/python3 tests/torch/pretext.py >tests/torch/pretext.h

A vision transformer of pre-LN blocks (Dosovitskiy et al. 2021) with a class token and a linear head.
Jigsaw shows patches without positions and asks each for its place; colorization encodes the luma with
positions (He et al. 2021, appendix A.1) and predicts R - Y and B - Y of each pixel.
"""
import math

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
ROWS, COLUMNS, CHANNELS, PATCH, SAMPLES = 8, 12, 3, 4, 2
WIDTH, DEPTH, HEADS, HIDDEN = 8, 2, 2, 12
ACROSS, DOWN = COLUMNS // PATCH, ROWS // PATCH
TOKENS = ACROSS * DOWN


def waves(shape, scale, speed, phase):
    i = torch.arange(math.prod(shape))
    return (scale * torch.sin(speed * i + phase)).reshape(shape)


def stack_shapes(prefix, depth):
    for l in range(depth):
        b = f"{prefix}blocks.{l}."
        yield from [(b + "norm1.weight", (WIDTH,)), (b + "norm1.bias", (WIDTH,)),
                    (b + "attn.qkv.weight", (3 * WIDTH, WIDTH)), (b + "attn.qkv.bias", (3 * WIDTH,)),
                    (b + "attn.proj.weight", (WIDTH, WIDTH)), (b + "attn.proj.bias", (WIDTH,)),
                    (b + "norm2.weight", (WIDTH,)), (b + "norm2.bias", (WIDTH,)),
                    (b + "mlp.fc1.weight", (HIDDEN, WIDTH)), (b + "mlp.fc1.bias", (HIDDEN,)),
                    (b + "mlp.fc2.weight", (WIDTH, HIDDEN)), (b + "mlp.fc2.bias", (WIDTH,))]
    yield from [(prefix + "norm.weight", (WIDTH,)), (prefix + "norm.bias", (WIDTH,))]


def weights(shapes):
    w = {}
    for k, (name, shape) in enumerate(shapes):
        w[name] = waves(shape, 0.4, 1.3 + 0.07 * k, 0.2 * k).requires_grad_()
    return w


def stack(w, prefix, depth, x):
    for l in range(depth):
        b = f"{prefix}blocks.{l}."
        h = F.layer_norm(x, (WIDTH,), w[b + "norm1.weight"], w[b + "norm1.bias"], 1e-6)
        qkv = F.linear(h, w[b + "attn.qkv.weight"], w[b + "attn.qkv.bias"])
        q, k, v = qkv.reshape(*x.shape[:2], 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        a = ((q @ k.transpose(-2, -1)) / math.sqrt(WIDTH // HEADS)).softmax(-1) @ v
        a = a.transpose(1, 2).reshape(x.shape)
        x = x + F.linear(a, w[b + "attn.proj.weight"], w[b + "attn.proj.bias"])
        h = F.layer_norm(x, (WIDTH,), w[b + "norm2.weight"], w[b + "norm2.bias"], 1e-6)
        h = F.gelu(F.linear(h, w[b + "mlp.fc1.weight"], w[b + "mlp.fc1.bias"]))
        x = x + F.linear(h, w[b + "mlp.fc2.weight"], w[b + "mlp.fc2.bias"])
    return F.layer_norm(x, (WIDTH,), w[prefix + "norm.weight"], w[prefix + "norm.bias"], 1e-6)


def positions():
    def sines(p):
        k = torch.arange(WIDTH // 4)
        a = p[:, None] / 10000 ** (k / (WIDTH / 4))
        return torch.cat([a.sin(), a.cos()], 1)
    t = torch.arange(TOKENS)
    return torch.cat([sines(t % ACROSS), sines(t // ACROSS)], 1)


def encode(w, images, placed):
    x = F.conv2d(images, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=PATCH)
    x = x.flatten(2).transpose(1, 2)
    x = x + positions() if placed else x
    x = torch.cat([w["cls_token"].expand(SAMPLES, 1, WIDTH), x], 1)
    return stack(w, "", DEPTH, x)[:, 1:]


def show(name, w, loss):
    loss.backward()
    products = [(waves(p.shape, 1, 0.9, 0.3) * p.grad).sum().item() for p in w.values()]
    print(f"static const double {name}_loss = {loss.item():.15g};")
    print(f"static const double {name}_products[] = {{{', '.join(f'{p:.13g}' for p in products)}}};")


def front(channels):
    yield from [("cls_token", (1, 1, WIDTH)),
                ("patch_embed.proj.weight", (WIDTH, channels, PATCH, PATCH)),
                ("patch_embed.proj.bias", (WIDTH,))]
    yield from stack_shapes("", DEPTH)


PIXELS = waves((SAMPLES, ROWS, COLUMNS, CHANNELS), 1.2, 0.37, 0.1).permute(0, 3, 1, 2)

w = weights([*front(CHANNELS), ("head.weight", (TOKENS, WIDTH)), ("head.bias", (TOKENS,))])
logits = F.linear(encode(w, PIXELS, False), w["head.weight"], w["head.bias"])
jigsaw = F.cross_entropy(logits.reshape(-1, TOKENS), torch.arange(TOKENS).repeat(SAMPLES))
print(f"/* Made by tests/torch/pretext.py with PyTorch {torch.__version__}. */")
print("/* clang-format off */")
show("jigsaw", w, jigsaw)

OUT = 2 * PATCH * PATCH
w = weights([*front(1), *stack_shapes("decoder_", 1), ("pred.weight", (OUT, WIDTH)), ("pred.bias", (OUT,))])
grey = (PIXELS * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
decoded = stack(w, "decoder_", 1, encode(w, grey, True))
predicted = F.linear(decoded, w["pred.weight"], w["pred.bias"])
predicted = predicted.reshape(SAMPLES, DOWN, ACROSS, PATCH, PATCH, 2).permute(0, 5, 1, 3, 2, 4)
differences = PIXELS[:, [0, 2]] - grey
show("colorize", w, F.mse_loss(predicted.reshape(differences.shape), differences))
print("/* clang-format on */")
