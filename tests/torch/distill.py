"""Recorded values of heads, losses, Sinkhorn-Knopp and KoLeo in PyTorch for tests/test_distill.c:

    /usr/bin/python3 tests/torch/distill.py >tests/torch/distill.h

Written from the papers and the published description of DINO's head (Caron et al. 2021), SwAV's and
DINOv2's Sinkhorn-Knopp in the plain domain, and KoLeo (Sablayrolles et al. 2019). Inputs are
formulas, so that the test makes the same ones.
"""
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
IN, HIDDEN, BOTTLENECK, PROTOTYPES, ROWS = 6, 10, 4, 9, 5


def waves(count, scale, speed, phase):
    i = torch.arange(count)
    return scale * torch.sin(speed * i + phase)


def show(name, values):
    body = ", ".join(f"{v:.9g}" for v in values.detach().reshape(-1).tolist())
    print(f"static const double {name}[] = {{{body}}};")


def head():
    mlp = nn.Sequential(nn.Linear(IN, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN), nn.GELU(),
                        nn.Linear(HIDDEN, BOTTLENECK))
    last = nn.utils.weight_norm(nn.Linear(BOTTLENECK, PROTOTYPES, bias=False))
    last.weight_g.data.fill_(1)
    last.weight_g.requires_grad = False
    parameters = list(mlp.parameters()) + [last.weight_v]
    for k, p in enumerate(parameters):
        p.data = waves(p.numel(), 0.8, 1.3 + 0.1 * k, 0.2 * k).reshape(p.shape)
    x = waves(ROWS * IN, 1.1, 0.7, 0.3).reshape(ROWS, IN).requires_grad_()
    logits = last(F.normalize(mlp(x), dim=-1, p=2))
    teacher = waves(ROWS * PROTOTYPES, 0.1, 2.1, 0.5).reshape(ROWS, PROTOTYPES)
    centre = waves(PROTOTYPES, 0.05, 0.9, 0.1)
    targets = F.softmax((teacher - centre) / 0.04, dim=-1)
    loss = torch.sum(-targets * F.log_softmax(logits / 0.1, dim=-1), dim=-1).mean()
    loss.backward()
    show("head_logits", logits)
    show("head_targets", targets)
    show("head_loss", loss)
    show("head_dx", x.grad)
    show("head_dfirst", mlp[0].weight.grad)
    show("head_dprototypes", last.weight_v.grad)


def sinkhorn():
    x = waves(7 * 5, 0.3, 1.7, 0.2).reshape(7, 5)
    q = torch.exp(x / 0.06).t()
    q /= q.sum()
    for _ in range(3):
        q /= q.sum(dim=1, keepdim=True) * q.shape[0]
        q /= q.sum(dim=0, keepdim=True) * q.shape[1]
    show("sinkhorn_targets", (q * q.shape[1]).t())


def koleo():
    x = waves(8 * 6, 1.2, 2.3, 0.4).reshape(8, 6).requires_grad_()
    u = F.normalize(x, eps=1e-8, p=2, dim=-1)
    with torch.no_grad():
        dots = u @ u.t()
        dots.view(-1)[:: len(u) + 1].fill_(-1)
        nearest = dots.max(dim=1)[1]
    distances = nn.PairwiseDistance(2, eps=1e-8)(u, u[nearest])
    loss = -torch.log(distances + 1e-8).mean()
    loss.backward()
    show("koleo_loss", loss)
    show("koleo_dx", x.grad)


print(f"/* Made by tests/torch/distill.py with PyTorch {torch.__version__}. */")
print("/* clang-format off */")
head()
sinkhorn()
koleo()
print("/* clang-format on */")
