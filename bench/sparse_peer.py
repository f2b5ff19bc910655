"""One mask of a large Gaussian field in SciPy, as `key value` lines.

    sparse_peer.py ROWS COLUMNS NEIGHBORS KAPPA RATIO SEED

What one writes down with scipy.sparse.linalg.splu (SuperLU): log-determinants of Q_mm, Q_vv and Q
from the factors, and the diagonal of Q_mm^-1 by solves for blocks of unit vectors, because SciPy has
no selected inversion. One thread.
"""
import os
import sys
import time

if len(sys.argv) != 7:
    sys.exit(__doc__)
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np  # noqa: E402  (the number of threads is read when it is loaded)
import scipy.sparse as sp  # noqa: E402
from scipy.sparse.linalg import splu  # noqa: E402

ROWS, COLUMNS, NEIGHBORS = (int(a) for a in sys.argv[1:4])
KAPPA, RATIO, SEED = float(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6])
N, BLOCK = ROWS * COLUMNS, 256


def path(n):
    return sp.diags([np.ones(n - 1), np.ones(n - 1)], [-1, 1])


def precision():
    rows, columns = path(ROWS), path(COLUMNS)
    near = sp.kron(rows, sp.eye(COLUMNS)) + sp.kron(sp.eye(ROWS), columns)
    if NEIGHBORS == 8:
        near = near + sp.kron(rows, columns)
    degree = np.asarray(near.sum(1)).ravel()
    return (sp.diags(KAPPA + degree) - near).tocsc()


def factor(block):
    return splu(block, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
                options={"SymmetricMode": True})


def log_determinant(lu):
    return np.log(np.abs(lu.U.diagonal())).sum()


def inverse_diagonal(lu, n):
    diagonal = np.empty(n)
    for first in range(0, n, BLOCK):
        width = min(BLOCK, n - first)
        units = np.zeros((n, width))
        units[first + np.arange(width), np.arange(width)] = 1
        diagonal[first:first + width] = lu.solve(units)[first + np.arange(width), np.arange(width)]
    return diagonal


def main():
    q = precision()
    order = np.random.default_rng(SEED).permutation(N)
    m, v = np.sort(order[N - int(RATIO * N):]), np.sort(order[:N - int(RATIO * N)])
    whole = log_determinant(factor(q))
    start = time.perf_counter()
    lu = factor(q[m][:, m].tocsc())
    determinants = log_determinant(lu)
    factored = time.perf_counter() - start
    variance = inverse_diagonal(lu, len(m))
    determinants += log_determinant(factor(q[v][:, v].tocsc()))
    print(f"seconds {time.perf_counter() - start:.6e}")
    print(f"factor_seconds {factored:.6e}")
    print(f"log_determinant {whole:.12g}")
    print(f"conditional_entropy {0.5 * np.log(2 * np.pi * np.e * variance).mean():.10f}")
    print(f"joint_information {0.5 * (determinants - whole) / N:.10f}")


main()
