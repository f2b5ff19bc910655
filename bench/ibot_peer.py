"""A training step of iBOT in PyTorch, for nets_peer.py: Zhou et al. 2022 (arXiv 2111.07832) and their
published code, with the views, masks, head and losses of docs/distill.md.

Each step draws 64 of 256 images, makes two views of each (random resized crop, mirroring, brightness and
contrast), masks blocks of tokens in half of the views, and takes the teacher without a gradient, the
student forward and back, AdamW, the teacher's moving average and the centres. As in the other cases it
does not clip.

Written to be as fast as this PyTorch allows without leaving its public operations. Measured and taken: both
views and all crops in one call of grid_sample; class tokens and masked patches, picked before the head,
through it in one call; the numbers of crops and masks of many steps drawn at once; all weights views of one
block, so that the teacher's average is one operation.
"""
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

from nets_peer import BATCH, lattice, stack

EXAMPLES, VIEWS, AHEAD = 256, 2 * BATCH, 16  # AHEAD: steps whose random numbers are drawn at once
PROTOTYPES, HIDDEN, BOTTLENECK = 512, 256, 64
STUDENT_TEMPERATURE, TEMPERATURE, MOMENTUM, CENTER_MOMENTUM = 0.1, 0.04, 0.996, 0.9
MASKED_VIEWS, LEAST, ASPECT = 0.5, 4, 0.3


def first_true(x):
    return x.float().argmax(1)


def crops(count):
    """(count, 2, 3) of affine_grid, and contrast and brightness (count): area share uniform on [0.5, 1], the
    log of width/height on that of [3/4, 4/3], the first of ten draws that fits, else the middle."""
    share, shape = 0.5 + 0.5 * torch.rand(count, 10), (16 / 9) ** torch.rand(count, 10) * 0.75
    width, height = (share * shape).sqrt(), (share / shape).sqrt()
    fits = (width <= 1) & (height <= 1)
    pick, any_fits = first_true(fits)[:, None], fits.any(1)
    width = torch.where(any_fits, width.gather(1, pick)[:, 0], torch.ones(()))
    height = torch.where(any_fits, height.gather(1, pick)[:, 0], torch.ones(()))
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = torch.where(torch.rand(count) < 0.5, -width, width)
    theta[:, 1, 1] = height
    theta[:, 0, 2] = (1 - width) * (2 * torch.rand(count) - 1)
    theta[:, 1, 2] = (1 - height) * (2 * torch.rand(count) - 1)
    return theta, 0.2 * (2 * torch.rand(2, count, 1, 1, 1) - 1)


def masks(count, side, ratio):
    """(count, tokens): rectangles until the ratio is hidden, the last one cut (BEiT's, as src/masks/block.c),
    in MASKED_VIEWS of the views."""
    chosen = torch.rand(count) < MASKED_VIEWS
    left = (ratio * side * side + torch.rand(count)).floor() * chosen
    masked, places = torch.zeros(count, side * side, dtype=torch.bool), torch.arange(side)
    while left.any():
        least = left.clamp(max=LEAST)
        area = least + (left - least) * torch.rand(count)
        aspect = torch.exp(math.log(ASPECT) * (2 * torch.rand(count) - 1))
        sides = torch.stack([(area * aspect).sqrt(), (area / aspect).sqrt()]).round().clamp(1, side)
        first = (torch.rand(2, count) * (side - sides + 1)).floor()
        inside = (places >= first[..., None]) & (places < (first + sides)[..., None])
        new = (inside[0][:, :, None] & inside[1][:, None, :]).flatten(1) & ~masked
        new &= new.cumsum(1) <= left[:, None]
        masked |= new
        left -= new.sum(1)
    return masked


class Head(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN), nn.GELU(),
                                 nn.Linear(HIDDEN, BOTTLENECK))
        self.last_layer = nn.Parameter(torch.randn(PROTOTYPES, BOTTLENECK))

    def forward(self, x):
        return F.linear(F.normalize(self.mlp(x), dim=-1), F.normalize(self.last_layer, dim=-1))


class Network(nn.Module):
    """Encoder and head: the logits of the rows that are picked."""

    def __init__(self, side, channels, patch, width, depth, heads):
        super().__init__()
        self.patch_embed = nn.Conv2d(channels, width, patch, patch)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.register_buffer("pos", lattice(side // patch, width))
        self.encoder = stack(width, depth, heads)
        self.head = Head(width)

    def forward(self, images, masked, rows):
        x = self.patch_embed(images).flatten(2).transpose(1, 2)
        if masked is not None:
            x = torch.where(masked[:, :, None], self.mask_token, x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos
        return self.head(self.encoder(x).flatten(0, 1).index_select(0, rows))


def flatten_parameters(module):
    """All parameters become views of one block."""
    parameters = list(module.parameters())
    flat = torch.cat([p.detach().flatten() for p in parameters])
    for p, part in zip(parameters, flat.split([p.numel() for p in parameters])):
        p.data = part.view_as(p)
    return flat


class Training:
    def __init__(self, config, ratio):
        size = {"small_ibot": (28, 1, 4, 64, 4, 4), "larger_ibot": (32, 3, 4, 192, 6, 3)}[config]
        self.side, self.ratio, self.count = size[0] // size[2], ratio, 0
        self.images = torch.rand(EXAMPLES, size[1], size[0], size[0]) - 0.5
        self.model = Network(*size)
        self.teacher = copy.deepcopy(self.model).requires_grad_(False)
        self.flat, self.teacher_flat = flatten_parameters(self.model), flatten_parameters(self.teacher)
        self.centers = [torch.zeros(PROTOTYPES), torch.zeros(PROTOTYPES)]
        self.other = torch.arange(VIEWS).roll(BATCH)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), 1.5e-4, (0.9, 0.95), weight_decay=0.05,
                                           foreach=True)

    def draw(self):
        """Views (VIEWS, channels, side, side), the first ones of all images and then the second ones, and their
        masks."""
        at = self.count % AHEAD
        if at == 0:
            theta, changes = crops(AHEAD * VIEWS)
            self.theta, self.changes = theta.split(VIEWS), changes.split(VIEWS, 1)
            self.masks = masks(AHEAD * VIEWS, self.side, self.ratio).split(VIEWS)
        self.count += 1
        images = self.images.index_select(0, torch.randint(EXAMPLES, (BATCH,))).repeat(2, 1, 1, 1)
        grid = F.affine_grid(self.theta[at], images.shape, align_corners=False)
        x = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
        contrast, brightness = self.changes[at]
        mean = x.mean((1, 2, 3), keepdim=True)
        # (x - mean) (1 + contrast) + mean + brightness
        return torch.addcmul(brightness - mean * contrast, x, 1 + contrast), self.masks[at]

    def targets(self, logits):
        """Of class tokens and masked patches, and the centres of the next step."""
        parts = []
        for i, h in enumerate(logits.split([VIEWS, len(logits) - VIEWS])):
            parts.append(torch.softmax((h - self.centers[i]) / TEMPERATURE, -1))
            if len(h) > 0:
                self.centers[i] = torch.lerp(h.mean(0), self.centers[i], CENTER_MOMENTUM)
        return torch.cat([parts[0].index_select(0, self.other), parts[1]])

    def step(self):
        images, masked = self.draw()
        tokens = self.side * self.side
        views, places = masked.nonzero(as_tuple=True)
        rows = torch.cat([torch.arange(VIEWS) * (tokens + 1), views * (tokens + 1) + 1 + places])
        weights = torch.cat([torch.full((VIEWS,), 1 / VIEWS),
                             (1 / (VIEWS * masked.sum(1))).index_select(0, views)])
        with torch.no_grad():
            targets = self.targets(self.teacher(images, None, rows))
        self.optimizer.zero_grad(set_to_none=True)
        logits = self.model(images, masked, rows)
        log_q = F.log_softmax(logits / STUDENT_TEMPERATURE, -1)
        loss = -torch.dot((targets * weights[:, None]).flatten(), log_q.flatten())
        loss.backward()
        self.optimizer.step()
        self.teacher_flat.lerp_(self.flat, 1 - MOMENTUM)
        return loss.item()
