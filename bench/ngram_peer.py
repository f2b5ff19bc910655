"""Exact posteriors of letters of order 3 in NumPy, as `key value` lines.

    ngram_peer.py TEXT SEQUENCES BATCH

Forward-backward over all 27^3 windows, visible letters by zeroing the others, for the sequences and
masks of bench_ngram: a step is one batched matrix product, for each middle pair of letters that of
BATCH sequences' messages with a 27 x 27 matrix. One thread: NumPy's batched product of small matrices
does not use more.
"""
import gzip
import os
import re
import sys
import time

if len(sys.argv) != 4:
    sys.exit(__doc__)
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np  # noqa: E402  (the number of threads is read when it is loaded)

SEQUENCES, BATCH = int(sys.argv[2]), int(sys.argv[3])
V, LENGTH, STRIDE, ROUNDS, SMOOTHING = 27, 64, 1000, 5, 0.5


def read_letters(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        text = re.sub(b"[^a-z]+", b" ", file.read().lower())
    codes = np.frombuffer(text, np.uint8).astype(np.int64)
    return np.where(codes == 32, 26, codes - 97)


def fit(text):
    windows = ((text[:-3] * V + text[1:-2]) * V + text[2:-1]) * V + text[3:]
    counts = np.bincount(windows, minlength=V**4).reshape(V, V, V, V) + SMOOTHING
    p = counts / counts.sum(-1, keepdims=True)
    start = np.full((V, V, V), V**-3.0)
    for _ in range(200):
        start = np.einsum("abc,abcd->bcd", start, p)
    # (b, c, a, d) and (b, c, d, a), so that a step is a batched product over (b, c)
    ahead = np.ascontiguousarray(p.transpose(1, 2, 0, 3))
    return start, ahead, np.ascontiguousarray(ahead.swapaxes(2, 3))


def allowed(letters, hidden):
    mask = np.zeros((LENGTH, V))
    mask[np.arange(LENGTH), letters] = 1
    mask[hidden] = 1
    return mask


def posteriors(start, ahead, back, masks):
    """masks is (B, LENGTH, 27); messages are (a, b, B, c) for windows of letters a, b, c."""
    last = LENGTH - 3
    masks = masks.transpose(1, 0, 2)
    forward = np.empty((last + 1, V, V, masks.shape[1], V))
    forward[0] = start[:, :, None] * masks[2]
    forward[0] *= masks[0].T[:, None, :, None] * masks[1].T[None, :, :, None]
    for t in range(last):
        np.matmul(forward[t].transpose(1, 3, 2, 0), ahead, out=forward[t + 1])
        forward[t + 1] *= masks[t + 3]
        forward[t + 1] /= forward[t + 1].sum((0, 1, 3))[:, None]
    backward = np.ones(forward.shape[1:])
    result = np.empty(masks.shape)
    for t in range(last, -1, -1):
        if t < last:
            backward = ((backward * masks[t + 3]) @ back).transpose(3, 0, 2, 1)
            backward = backward / backward.sum((0, 1, 3))[:, None]
        window = forward[t] * backward
        result[t + 2] = window.sum((0, 1))
    result[0], result[1] = window.sum((1, 3)).T, window.sum((0, 3)).T
    return (result / result.sum(-1, keepdims=True)).transpose(1, 0, 2)


def hidden_sites(sequence, ratio):
    number, hidden = sequence, []
    for _ in range(LENGTH):
        number = (number * 1664525 + 1013904223) % 2**32
        hidden.append(number < ratio * 2**32)
    return np.array(hidden)


def main():
    text = read_letters(sys.argv[1])
    start, ahead, back = fit(text)
    for ratio in (0.15, 0.5, 0.9):
        masks, hidden = [], []
        for j in range(SEQUENCES):
            hidden.append(hidden_sites(j, ratio))
            masks.append(allowed(text[j * STRIDE : j * STRIDE + LENGTH], hidden[-1]))
        batches = [np.array(masks[j : j + BATCH]) for j in range(0, SEQUENCES, BATCH)]
        seconds = []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            found = [posteriors(start, ahead, back, m) for m in batches]
            seconds.append((time.perf_counter() - begin) / SEQUENCES)
        p = np.concatenate(found)[np.array(hidden)]
        entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(-1).mean()
        print(f"seconds_{ratio:.2f} {np.median(seconds):.6e}")
        print(f"entropy_{ratio:.2f} {entropy:.8f}")


main()
