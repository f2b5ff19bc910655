"""Recorded values of torch.optim.AdamW for tests/test_optimizer.c:

    /usr/bin/python3 tests/torch/adamw.py >tests/torch/adamw.h

Twenty steps on two groups (a matrix with decay, a bias without) whose gradient depends on the
values, at a learning rate that changes from step to step and a gradient that is clipped by a given
factor, as after clip_grad_norm_.
"""
import math

import torch

ROWS, COLUMNS, STEPS = 3, 5, 20
matrix = torch.nn.Parameter(
    torch.tensor([math.sin(1 + i) for i in range(ROWS * COLUMNS)], dtype=torch.float32)
)
bias = torch.nn.Parameter(
    torch.tensor([math.cos(2 + i) for i in range(ROWS)], dtype=torch.float32)
)
optimizer = torch.optim.AdamW(
    [{"params": [matrix], "weight_decay": 0.3}, {"params": [bias], "weight_decay": 0.0}],
    lr=1.0,
    betas=(0.9, 0.95),
    eps=1e-3,
)


def gradient(x, t, phase):
    i = torch.arange(len(x), dtype=torch.float32)
    return 0.3 * x + torch.cos(0.9 * i + 0.7 * t + phase)


def show(name, x):
    numbers = ", ".join("%.9g" % v for v in x.tolist())
    print(f"static const double {name}[] = {{{numbers}}};")


print("/* Made by tests/torch/adamw.py with PyTorch %s. */" % torch.__version__)
print("/* clang-format off */")
for t in range(1, STEPS + 1):
    for group in optimizer.param_groups:
        group["lr"] = 0.05 / math.sqrt(t)
    factor = 0.5 + 0.5 / t
    with torch.no_grad():
        matrix.grad = factor * gradient(matrix, t, 0.0)
        bias.grad = factor * gradient(bias, t, 1.0)
    optimizer.step()
    if t in (1, STEPS):
        show(f"adamw_matrix_{t}", matrix)
        show(f"adamw_bias_{t}", bias)
show("adamw_first", optimizer.state[matrix]["exp_avg"])
show("adamw_second", optimizer.state[matrix]["exp_avg_sq"])
print("/* clang-format on */")
