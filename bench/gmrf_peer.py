"""The gmrf profile in NumPy, as `key value` lines.

    gmrf_peer.py natural ROWS COLUMNS NEIGHBORS KAPPA ORDERS SEED THREADS
    gmrf_peer.py factor  ROWS COLUMNS NEIGHBORS KAPPA ORDERS SEED THREADS

`natural` is what one writes down from the formulas: for each of 49 ratios .02, .04, ... .98 and each
of ORDERS random masks the log-determinants of both blocks of the precision matrix and the conditional
variances. `factor` is one Cholesky factor of the permuted covariance per random order, with the
logarithm of its diagonal as the profile. Standard errors are root mean squares over the 49 ratios.
THREADS becomes OPENBLAS_NUM_THREADS: a NumPy program has its threads inside the linear algebra.
"""
import os
import sys
import time

if len(sys.argv) != 9 or sys.argv[1] not in ("natural", "factor"):
    sys.exit(__doc__)
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = sys.argv[8]
import numpy as np  # noqa: E402  (the number of threads is read when it is loaded)

MODE = sys.argv[1]
ROWS, COLUMNS, NEIGHBORS = (int(a) for a in sys.argv[2:5])
KAPPA = float(sys.argv[5])
ORDERS, SEED = int(sys.argv[6]), int(sys.argv[7])
N = ROWS * COLUMNS
MASKED = np.rint(0.02 * np.arange(1, 50) * N).astype(int)


def precision():
    row, column = np.divmod(np.arange(N), COLUMNS)
    down = abs(row[:, None] - row[None, :])
    across = abs(column[:, None] - column[None, :])
    near = (down + across == 1) if NEIGHBORS == 4 else (np.maximum(down, across) == 1)
    return np.diag(KAPPA + near.sum(1)) - near


def natural(q, rng):
    entropy = np.empty((ORDERS, len(MASKED)))
    joint = np.empty_like(entropy)
    whole = np.linalg.slogdet(q)[1]
    for column, masked in enumerate(MASKED):
        for r in range(ORDERS):
            order = rng.permutation(N)
            m, v = order[:masked], order[masked:]
            q_mm = q[np.ix_(m, m)]
            q_vv = q[np.ix_(v, v)]
            variance = np.diag(np.linalg.inv(q_mm))
            entropy[r, column] = 0.5 * np.log(2 * np.pi * np.e * variance).mean()
            logs = np.linalg.slogdet(q_mm)[1] + np.linalg.slogdet(q_vv)[1]
            joint[r, column] = 0.5 * (logs - whole) / N
    return entropy, joint


def factor(q, rng):
    sigma = np.linalg.inv(q)
    h = np.empty((ORDERS, N))
    for r in range(ORDERS):
        p = rng.permutation(N)
        h[r] = np.log(np.diag(np.linalg.cholesky(sigma[np.ix_(p, p)])))
    h += 0.5 * np.log(2 * np.pi * np.e)
    before = np.hstack([np.zeros((ORDERS, 1)), h.cumsum(1)])
    joint = (before[:, MASKED] + before[:, N - MASKED] - before[:, [N]]) / N
    return h[:, N - MASKED], joint


def rms_error(values):
    return np.sqrt((values.var(0, ddof=1) / len(values)).mean())


def main():
    q, rng = precision(), np.random.default_rng(SEED)
    start = time.perf_counter()
    entropy, joint = (natural if MODE == "natural" else factor)(q, rng)
    seconds = time.perf_counter() - start
    half = len(MASKED) // 2
    print(f"seconds {seconds:.6e}")
    print(f"seconds_per_order {seconds / ORDERS:.6e}")
    print(f"conditional_entropy_half {entropy[:, half].mean():.8f}")
    print(f"joint_information_half {joint[:, half].mean():.8f}")
    print(f"standard_error {rms_error(entropy):.6e}")
    print(f"joint_standard_error {rms_error(joint):.6e}")


main()
