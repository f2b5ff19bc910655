"""Training steps of masked pre-training in PyTorch, as `key value` lines.

    nets_peer.py CONFIG RATIO THREADS ROUNDS [SECONDS]

CONFIG: small (28x28x1, patch 4, encoder width 64, 4 layers, 4 heads, decoder width 32, 1 layer),
larger (32x32x3, patch 4, encoder 192, 6 layers, 3 heads, decoder 96, 2 layers): masked autoencoders
after He et al. 2021 and their published code; mlm (64 symbols, length 128, width 128, 4 layers, 4
heads): a masked language model after Devlin et al. 2018 with pre-LN blocks, logits at masked
positions alone; small_ibot, larger_ibot (images and encoders of small and larger): iBOT after Zhou et
al. 2022 and their published code, with ibot_peer.py. Batch 64, float32, AdamW, one batch of random data in memory, masks drawn in each
step. `round` is the mean time of a step in a stretch of SECONDS (default 0.5): ROUNDS times, or where
ROUNDS is 0 once for each line of the standard input. `milliseconds` is their median,
`cpu_milliseconds` the least processor time of all threads, `mebibytes` the peak of the resident
memory, `imports` what it was before the network was made.

Written to be as fast as this PyTorch allows without leaving its public operations: each choice that
was measured and taken is noted where it stands.
"""
import ctypes
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

BATCH = 64


def peak_mebibytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return float("nan")


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        batch, length, width = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        p = ((q * self.scale) @ k.transpose(-2, -1)).softmax(-1)
        return self.proj((p @ v).transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-6), nn.LayerNorm(width, 1e-6)
        self.attn = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def stack(width, depth, heads):
    return nn.Sequential(*[Block(width, heads) for _ in range(depth)], nn.LayerNorm(width, 1e-6))


def sines(positions, width):
    frequencies = 10000.0 ** (-torch.arange(width // 2) / (width / 2))
    angles = positions[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], 1)


def lattice(side, width):
    """(1, 1 + side^2, width) with a row of zeros for the class token."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    grid = torch.cat([sines(x.flatten(), width // 2), sines(y.flatten(), width // 2)], 1)
    return torch.cat([torch.zeros(1, width), grid])[None]


class MaskedAutoencoder(nn.Module):
    def __init__(self, side, channels, patch, width, depth, heads, narrow, decoder_depth, decoder_heads):
        super().__init__()
        self.patch, self.tokens = patch, (side // patch) ** 2
        values = patch * patch * channels
        self.patch_embed = nn.Conv2d(channels, width, patch, patch)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, narrow))
        self.register_buffer("pos", lattice(side // patch, width))
        self.register_buffer("decoder_pos", lattice(side // patch, narrow))
        self.encoder = stack(width, depth, heads)
        self.decoder_embed = nn.Linear(width, narrow)
        self.decoder = stack(narrow, decoder_depth, decoder_heads)
        self.decoder_pred = nn.Linear(narrow, values)

    def patchify(self, images):
        batch, channels, side, _ = images.shape
        h = side // self.patch
        x = images.reshape(batch, channels, h, self.patch, h, self.patch)
        return x.permute(0, 2, 4, 3, 5, 1).reshape(batch, h * h, -1)

    def forward(self, images, ratio):
        batch, keep = images.shape[0], int(self.tokens * (1 - ratio))
        x = self.patch_embed(images).flatten(2).transpose(1, 2) + self.pos[:, 1:]
        shuffle = torch.rand(batch, self.tokens).argsort(1)
        restore = shuffle.argsort(1)
        x = x.gather(1, shuffle[:, :keep, None].expand(-1, -1, x.shape[2]))
        x = torch.cat([self.cls_token.expand(batch, -1, -1), x], 1)
        x = self.decoder_embed(self.encoder(x))
        hidden = self.mask_token.expand(batch, self.tokens - keep, -1)
        y = torch.cat([x[:, 1:], hidden], 1)
        y = y.gather(1, restore[:, :, None].expand(-1, -1, y.shape[2]))
        y = torch.cat([x[:, :1], y], 1) + self.decoder_pos
        predicted = self.decoder_pred(self.decoder(y))[:, 1:]
        target = self.patchify(images)
        mean, variance = target.mean(-1, keepdim=True), target.var(-1, keepdim=True)
        target = (target - mean) / (variance + 1e-6) ** 0.5
        masked = (restore >= keep).float()
        return (((predicted - target) ** 2).mean(-1) * masked).sum() / masked.sum()


class LanguageModel(nn.Module):
    def __init__(self, symbols, length, width, depth, heads):
        super().__init__()
        self.symbols = symbols
        self.embed = nn.Embedding(symbols + 1, width)
        self.register_buffer("pos", sines(torch.arange(length), width)[None])
        self.encoder = stack(width, depth, heads)
        self.head = nn.Linear(width, symbols)

    def forward(self, text, ratio):
        batch, length = text.shape
        masked = torch.zeros(batch, length, dtype=torch.bool)
        hidden = torch.rand(batch, length).argsort(1)[:, : round(ratio * length)]
        masked.scatter_(1, hidden, True)
        x = self.embed(text.masked_fill(masked, self.symbols)) + self.pos
        # Only masked positions go to the head: faster than logits at all positions.
        return F.cross_entropy(self.head(self.encoder(x)[masked]), text[masked])


def network(config):
    if config == "small":
        return MaskedAutoencoder(28, 1, 4, 64, 4, 4, 32, 1, 4), torch.randn(BATCH, 1, 28, 28)
    if config == "larger":
        return MaskedAutoencoder(32, 3, 4, 192, 6, 3, 96, 2, 3), torch.randn(BATCH, 3, 32, 32)
    if config == "mlm":
        return LanguageModel(64, 128, 128, 4, 4), torch.randint(64, (BATCH, 128))
    sys.exit(__doc__)


class Training:
    """Steps of a network whose loss follows from data and ratio alone."""

    def __init__(self, config, ratio):
        self.ratio = ratio
        self.model, self.data = network(config)
        # foreach=True: faster than the loop over tensors that is PyTorch 1.13's default.
        self.optimizer = torch.optim.AdamW(self.model.parameters(), 1.5e-4, (0.9, 0.95), weight_decay=0.05,
                                           foreach=True)

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.model(self.data, self.ratio)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def kernel():
    """What OpenBLAS runs: the library that PyTorch has loaded is found by its name."""
    blas = ctypes.CDLL("libopenblas.so.0")
    blas.openblas_get_corename.restype = ctypes.c_char_p
    return blas.openblas_get_corename().decode()


def main():
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    config, ratio, threads, rounds = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    seconds = float(sys.argv[5]) if len(sys.argv) == 6 else 0.5
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    imports = peak_mebibytes()
    if config.endswith("ibot"):
        import ibot_peer

        training = ibot_peer.Training(config, ratio)
    else:
        training = Training(config, ratio)
    step = training.step
    for _ in range(3):
        step()
    times, cpu = [], []
    for _ in range(rounds) if rounds > 0 else sys.stdin:
        begin, busy, count = time.perf_counter(), time.process_time(), 0
        while count == 0 or time.perf_counter() - begin < seconds:
            loss = step()
            count += 1
        times.append(1e3 * (time.perf_counter() - begin) / count)
        print(f"round {times[-1]:.3f}", flush=True)
        cpu.append(1e3 * (time.process_time() - busy) / count)
    print(f"milliseconds {statistics.median(times):.3f}")
    print(f"cpu_milliseconds {min(cpu):.3f}")
    print(f"mebibytes {peak_mebibytes():.0f}")
    print(f"imports {imports:.0f}")
    print(f"parameters {sum(p.numel() for p in training.model.parameters())}")
    print(f"kernel {kernel()}")
    print(f"loss {loss:.5f}")


if __name__ == "__main__":
    main()
