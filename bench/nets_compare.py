"""Training steps of bench_nets and of nets_peer.py, in turns, in one table.

    nets_compare.py BUILD PYTHON [ROUNDS [SECONDS [CONFIG...]]]

For each network, masking ratio and number of threads all programs are started, and then run one after
the other for a stretch of SECONDS (default 0.5), ROUNDS (default 7) times: what else the machine does
meets all alike. CONFIGs of bench_nets: of these networks alone. Times are medians. Where OPENBLAS_CORETYPE or OPENBLAS_L2_SIZE is set, every program
also runs without them, for OpenBLAS then chooses its kernels itself; ratios are to the faster of
PyTorch's, and the fraction of what sgemm reaches is given for both.
"""
import os
import signal
import statistics
import subprocess
import sys

SWITCHES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
# Name, CONFIG, RATIO, aims: ratio to PyTorch, fraction of sgemm's, scaling (None: no aim).
CASES = (
    ("small MAE", "small", "0.75", 3, 0.55, None),
    ("small MAE", "small", "0.15", 2, 0.55, None),
    ("larger MAE", "larger", "0.75", 1.4, 0.8, 1.7),
    ("larger MAE", "larger", "0.15", 1.3, 0.8, 1.7),
    ("MLM", "mlm", "0.15", 1.6, None, None),
    ("small iBOT", "small_ibot", "0.3", 1.8, None, None),
    ("larger iBOT", "larger_ibot", "0.3", 1.35, None, None),
)


def environments():
    """As it is, and without the switches where there are any."""
    here = dict(os.environ)
    bare = {k: v for k, v in here.items() if k not in SWITCHES}
    return [here] if bare == here else [here, bare]


# PyTorch frees and takes blocks of megabytes in each step: malloc that keeps them saves it a fifth of the
# small steps.
KEEP = {"MALLOC_TRIM_THRESHOLD_": "2147483647", "MALLOC_MMAP_THRESHOLD_": "1073741824",
        "MALLOC_TOP_PAD_": "67108864"}


def peer_environments(threads):
    """Each also with OpenMP threads that sleep when they wait: PyTorch's share their processors with
    those of OpenBLAS, which are as many, and which way is faster depends on the machine."""
    both = {**KEEP, "OPENBLAS_NUM_THREADS": str(threads)}
    return [{**e, **both, **policy} for policy in ({}, {"OMP_WAIT_POLICY": "passive"}) for e in environments()]


def values_of(lines):
    return dict(line.split(" ", 1) for line in lines if " " in line)


class Program:
    """A program that runs a stretch for each line it is given, and is stopped in between: threads of
    one that waits would go on spinning for a while."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.rounds = []

    def round(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("round "):
                self.rounds.append(float(line.split()[1]))
                self.process.send_signal(signal.SIGSTOP)
                return
        sys.exit(f"{' '.join(self.process.args)} has stopped")

    def finish(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        values = values_of(self.process.stdout.read().splitlines())
        self.process.wait()
        self.milliseconds = statistics.median(self.rounds)
        self.mebibytes, self.kernel = int(values["mebibytes"]), values["kernel"]
        self.imports = int(values.get("imports", 0))


def compare(build, python, config, ratio, threads, rounds, seconds):
    """Programs of both sides, one for each environment (the faster of PyTorch's ways to wait), and
    sgemm's limit in each."""
    rest = [config, ratio, str(threads), "0", str(seconds)]
    bench = f"{build}/bench/bench_nets"
    ours = [Program([bench, "steps", *rest], e) for e in environments()]
    peers = [Program([python, "bench/nets_peer.py", *rest], e) for e in peer_environments(threads)]
    for _ in range(rounds):
        for program in ours + peers:
            program.round()
    for program in ours + peers:
        program.finish()
    kinds = len(ours)
    peers = [min(peers[i::kinds], key=lambda p: p.milliseconds) for i in range(kinds)]
    limits = []
    for e in environments():
        command = [bench, "limit", config, ratio, str(threads)]
        out = subprocess.run(command, env=e, text=True, check=True, capture_output=True).stdout
        limits.append(values_of(out.splitlines()))
    return ours, peers, limits


def show(aim):
    return "" if aim is None else f" (aim {aim})"


def report(threads, ours, peers, limits, aims):
    us, peer = ours[0], min(peers, key=lambda p: p.milliseconds)
    ratio_aim, fraction_aim = aims
    times = ", ".join(f"{p.milliseconds:.1f} ms on {p.kernel}" for p in peers)
    print(f"  {threads} thread(s): ours {us.milliseconds:.1f} ms, PyTorch {times}: ratio "
          f"{peer.milliseconds / us.milliseconds:.2f}{show(ratio_aim if threads == 2 else None)}")
    for program, theirs, limit in zip(ours, peers, limits):
        reached = float(limit["limit_milliseconds"])
        rate = float(limit["gigaflop"]) / reached * 1e3
        print(f"    OpenBLAS as {program.kernel}: sgemm alone {reached:.1f} ms ({rate:.0f} GFLOP/s), "
              f"ours {program.milliseconds:.1f} ms, fraction reached "
              f"{reached / program.milliseconds:.2f}{show(fraction_aim)}, by PyTorch "
              f"{reached / theirs.milliseconds:.2f}")
    print(f"    peak memory: ours {us.mebibytes} MiB, PyTorch {peer.mebibytes} MiB, of which imports "
          f"{peer.imports}")


def spread(program):
    return f"{min(program.rounds):.1f} to {max(program.rounds):.1f}"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build, python = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 0.5
    print(f"  medians of {rounds} rounds of {seconds} s, in turns")
    for name, config, ratio, ratio_aim, fraction_aim, scaling_aim in CASES:
        if len(sys.argv) > 5 and config not in sys.argv[5:]:
            continue
        print(f"  {name}, r = {ratio}")
        of_threads = {}
        for threads in (1, 2):
            ours, peers, limits = compare(build, python, config, ratio, threads, rounds, seconds)
            report(threads, ours, peers, limits, (ratio_aim, fraction_aim))
            print(f"    rounds: ours {spread(ours[0])}, PyTorch {spread(min(peers, key=lambda p: p.milliseconds))}")
            of_threads[threads] = (ours[0].milliseconds, min(p.milliseconds for p in peers))
        print(f"  1 to 2 threads: ours {of_threads[1][0] / of_threads[2][0]:.2f} times as fast"
              f"{show(scaling_aim)}, PyTorch {of_threads[1][1] / of_threads[2][1]:.2f} times", flush=True)


if __name__ == "__main__":
    main()
