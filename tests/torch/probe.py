"""The values of tests/test_probe.c: multinomial logistic regression by Newton's method.

    /usr/bin/python3 tests/torch/probe.py

What scikit-learn's LogisticRegression(C = 1 / (count * ridge)) minimises after StandardScaler.
"""

import numpy as np

CLASSES, SIZE, RIDGE = 3, 4, 0.01


def examples(first, count):
    i = np.arange(first, first + count)[:, None]
    j = np.arange(SIZE)[None, :]
    x = np.sin(1 + 0.7 * i + 1.3 * j + 0.11 * i * j) * (1 + j) + j
    score = x[:, 0] + 0.5 * np.sin(2.3 * i[:, 0])
    labels = np.where(score < -0.6, 0, np.where(x[:, 1] < 1.5, 1, 2))
    return x.astype(np.float32).astype(float), labels


def loss(w, z, labels):
    logits = z @ w.T
    logits -= logits.max(axis=1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    value = -np.log(p[np.arange(len(z)), labels]).mean() + RIDGE / 2 * (w[:, :-1] ** 2).sum()
    return value, p


def newton(z, labels):
    width = SIZE + 1
    w = np.zeros((CLASSES, width))
    penalty = np.tile(np.r_[np.full(SIZE, RIDGE), 0], CLASSES)
    for _ in range(30):
        _, p = loss(w, z, labels)
        residual = p - np.eye(CLASSES)[labels]
        gradient = (residual.T @ z / len(z)).ravel() + penalty * w.ravel()
        hessian = np.diag(penalty)
        for a in range(CLASSES):
            for b in range(CLASSES):
                weight = p[:, a] * ((a == b) - p[:, b])
                hessian[a * width:(a + 1) * width, b * width:(b + 1) * width] += (
                    z * weight[:, None]).T @ z / len(z)
        w -= np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0].reshape(w.shape)
    return w


x, labels = examples(0, 300)
mean, deviation = x.mean(axis=0), x.std(axis=0)
z = np.c_[(x - mean) / deviation, np.ones(len(x))]
w = newton(z, labels)
w[:, -1] -= w[:, -1].mean()
value, _ = loss(w, z, labels)
held_x, held_labels = examples(300, 100)
held_z = np.c_[(held_x - mean) / deviation, np.ones(len(held_x))]
told = (held_z @ w.T).argmax(axis=1)
print("counts", np.bincount(labels), np.bincount(held_labels))
print("loss %.12f" % value)
print(",\n".join(", ".join("%.8f" % v for v in row) for row in w))
print("accuracy", (told == held_labels).mean())
