"""The fast layers beside keras.layers and torch.nn: `python -m benchmarks.recurrence`.

The layers without a product in the loop (MinGRU, MinLSTM, QRNN, SRU) stand beside the LSTM of equal
width of either library. Three parts. `times`: a forward pass and a training step (forward, and the
gradients of the inputs and of every weight), in turns in one process, without padding and with half
of the steps padded. `growth`: our LSTM's training step as the sequence and as the batch grow.
`memory`: the peak of training steps, each in a process of its own. A ratio is the peer's time over
ours: above 1, ours is faster.

    python -m benchmarks.recurrence [--peers keras,torch] [--csv benchmarks/results]
    python -m benchmarks.recurrence --precision bfloat16 --peers keras --parts times

bfloat16 is Keras's policy `mixed_bfloat16`: products and states in bfloat16, weights in float32.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import tensorflow as tf

from benchmarks.turns import file_name, hardware, time_in_turns, write_csv
from zoo import recurrence

CELLS = ("LSTM", "GRU", "SimpleRNN")
AVERAGES = ("MinGRU", "MinLSTM", "QRNN", "SRU")
# batch, time, input, units
SIZES = (
    (16, 128, 64, 64),
    (64, 64, 128, 128),
    (64, 64, 256, 512),
    (128, 20, 256, 256),
    (256, 10, 256, 256),
    (16, 1024, 64, 64),
)
LENGTHS = (64, 128, 256, 512, 1024, 2048)
BATCHES = (1, 4, 16, 64, 256)
# A sequence whose training a loop must fit into memory.
LONG = (4, 16384, 64, 64)
PARTS = ("times", "growth", "memory")
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
Size = tuple[int, int, int, int]
Pair = tuple[Callable[[], object], Callable[[], object]]


def half_lengths(batch: int, time: int) -> np.ndarray:
    """Lengths of which the longest is `time` and about half of all steps are padding."""
    return np.linspace(1, time, batch).round().astype("int32")[::-1].copy()


def tensorflow_pair(layer_type: type, size: Size, half: bool) -> Pair:
    """A forward pass and a training step of a Keras layer."""
    batch, time, width, units = size
    layer = layer_type(units, return_sequences=True)
    sequences = tf.random.normal([batch, time, width], dtype=layer.compute_dtype)
    mask = tf.sequence_mask(half_lengths(batch, time), time) if half else None
    layer.build(sequences.shape)

    @tf.function(autograph=False)
    def forward(sequences):
        return layer(sequences, mask=mask)

    @tf.function(autograph=False)
    def step(sequences):
        with tf.GradientTape() as tape:
            tape.watch(sequences)
            outputs = layer(sequences, mask=mask, training=True)
            loss = tf.reduce_sum(outputs * outputs)
        return tape.gradient(loss, [sequences, *layer.trainable_variables])

    return lambda: forward(sequences), lambda: step(sequences)


def torch_pair(name: str, size: Size, half: bool) -> Pair:
    """The same of torch's layer; a padded batch is packed, as torch wants it."""
    import torch

    batch, time, width, units = size
    layer_type = {"LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU, "SimpleRNN": torch.nn.RNN}[name]
    layer = layer_type(width, units, batch_first=True)
    plain = torch.randn(batch, time, width)
    watched = plain.clone().requires_grad_()
    lengths = torch.tensor(half_lengths(batch, time), dtype=torch.int64)

    def outputs(sequences):
        if not half:
            return layer(sequences)[0]
        from torch.nn.utils import rnn

        packed = rnn.pack_padded_sequence(sequences, lengths, batch_first=True)
        return rnn.pad_packed_sequence(layer(packed)[0], batch_first=True)[0]

    def forward():
        with torch.no_grad():
            outputs(plain)

    def step():
        result = outputs(watched)
        (result * result).sum().backward()

    return forward, step


def pair(library: str, cell: str, size: Size, half: bool = False) -> Pair:
    if library != "zoo" and cell in AVERAGES:
        cell = "LSTM"
    if library == "torch":
        return torch_pair(cell, size, half)
    module = recurrence if library == "zoo" else keras.layers
    return tensorflow_pair(getattr(module, cell), size, half)


def compare(cells, sizes, libraries, seconds, hold: Path | None = None) -> list[dict]:
    """One row for each cell, size, padding, pass and library; all are built before any is timed."""
    cases = []
    for cell in cells:
        for size in sizes:
            for half in (False, True):
                pairs = {library: pair(library, cell, size, half) for library in libraries}
                for both in pairs.values():
                    both[0](), both[1]()
                cases.append((cell, size, half, pairs))
    if hold:
        print(f"built; the timing begins when {hold} is there", flush=True)
        while not hold.exists():
            time.sleep(0.2)
    rows = []
    for cell, size, half, pairs in cases:
        for place, work in enumerate(("forward", "step")):
            turns = {library: both[place] for library, both in pairs.items()}
            times = time_in_turns(turns, seconds)
            for library, taken in times.items():
                row = describe(cell, size, "half" if half else "full", work, library)
                for kind in ("median", "best", "cpu"):
                    row[f"{kind}_ms"] = round(taken[kind], 3)
                    row[f"{kind}_ratio"] = round(taken[kind] / times["zoo"][kind], 3)
                rows.append(row)
            shown = "  ".join(
                f"{library} {taken['median']:.2f} ms"
                + ("" if library == "zoo" else f" ({ratios(taken, times)})")
                for library, taken in times.items()
            )
            padding = "half" if half else "full"
            print(f"{cell:9} {size} {padding} {work:7}  {shown}", flush=True)
    return rows


def ratios(taken: dict, times: dict) -> str:
    kinds = ("median", "best", "cpu")
    return ", ".join(f"{kind} {taken[kind] / times['zoo'][kind]:.2f}x" for kind in kinds)


def describe(cell, size, lengths, work, library) -> dict:
    keys = ("batch", "time", "input", "units")
    named = dict(zip(keys, size, strict=True))
    return {"cell": cell, **named, "lengths": lengths, "work": work, "library": library}


def growth(cell: str, sizes: list[Size], libraries, seconds) -> list[dict]:
    """Nanoseconds for each step of each sample, sizes in turns too."""
    turns = {}
    for library in libraries:
        for size in sizes:
            turns[library, size] = pair(library, cell, size)[1]
    times = time_in_turns(turns, seconds * len(sizes))
    rows = []
    for (library, size), taken in times.items():
        row = describe(cell, size, "full", "growth", library)
        row["median_ms"], row["best_ms"] = round(taken["median"], 3), round(taken["best"], 3)
        row["ns_per_step_and_sample"] = round(taken["median"] * 1e6 / (size[0] * size[1]))
        print(f"{cell:9} {size} {library:6} {row['ns_per_step_and_sample']} ns a step and sample")
        rows.append(row)
    return rows


def peak_memory(library: str, cell: str, size: Size) -> dict:
    """Peak memory of training steps above what was held before them, from a fresh process."""
    command = [sys.executable, "-m", "benchmarks.recurrence", "--memory-of", library, cell]
    command += [",".join(map(str, size))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    row = describe(cell, size, "full", "memory", library)
    row["peak_mib"] = round(float(done.stdout.split()[-1]), 1)
    print(f"{cell:9} {size} {library:6} {row['peak_mib']} MiB")
    return row


def measure_memory(library: str, cell: str, size: Size) -> float:
    step = pair(library, cell, size)[1]
    pair(library, cell, (2, 3, size[2], size[3]))[1]()
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    for _ in range(3):
        step()
    return (_status("VmHWM") - before) / 1024


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def summary(rows: list[dict]) -> list[dict]:
    """The geometric mean and the least of the ratios, for each peer, pass and padding."""
    groups: dict[tuple, list[float]] = {}
    for row in rows:
        if row["work"] in ("forward", "step") and row["library"] != "zoo":
            for kind in ("median", "best", "cpu"):
                key = (row["library"], row["work"], row["lengths"], kind)
                # What has an LSTM for its peer says nothing of like against like.
                alike = () if row["cell"] in AVERAGES else ("every cell",)
                for cell in (*alike, row["cell"]):
                    groups.setdefault((*key, cell), []).append(row[f"{kind}_ratio"])
    keys = ("peer", "work", "lengths", "time", "cell")
    return [
        dict(zip(keys, key, strict=True))
        | {"mean": round(statistics.geometric_mean(found), 2), "least": round(min(found), 2)}
        for key, found in sorted(groups.items())
    ]


def main() -> int:
    given = _arguments()
    if given.memory_of:
        library, cell, size = given.memory_of
        print(measure_memory(library, cell, tuple(map(int, size.split(",")))))
        return 0
    keras.config.set_dtype_policy(POLICIES[given.precision])
    libraries, machine = ["zoo", *given.peers], hardware()
    sizes, cells = (SIZES[1:5:3], given.cells[:1]) if given.quick else (SIZES, given.cells)
    found = {}
    if "times" in given.parts:
        found["times"] = compare(cells, sizes, libraries, given.seconds, given.hold)
    if "growth" in given.parts and not given.quick:
        lengths, batches = [(16, n, 64, 64) for n in LENGTHS], [(n, 64, 128, 128) for n in BATCHES]
        found["growth"] = growth("LSTM", lengths, ["zoo"], given.seconds)
        found["growth"] += growth("LSTM", batches, ["zoo"], given.seconds)
    if "memory" in given.parts and not given.quick:
        found["memory"] = [
            peak_memory(each, cell, size)
            for cell in cells
            for size in ((SIZES[2], LONG) if cell in AVERAGES else (SIZES[2],))
            for each in libraries
        ]
    totals = summary(found.get("times", []))
    print("\npeer's time over ours: geometric mean (least)")
    for total in totals:
        line = "  {peer:6} {work:8} {lengths:5} {time:7} {cell:11} {mean:5.2f} ({least:.2f})"
        print(line.format(**total))
    machine["load_average_after"] = hardware()["load_average"]
    if given.json:
        document = {"machine": machine, "precision": given.precision, "summary": totals, **found}
        Path(given.json).write_text(json.dumps(document, indent=1) + "\n")
    for part, rows in found.items() if given.csv else ():
        write_csv(Path(given.csv) / file_name(f"recurrence-{part}", given.precision), rows)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recurrence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--peers", default="keras,torch", help="of keras and torch")
    parser.add_argument("--cells", default=",".join(CELLS + AVERAGES))
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--precision", choices=POLICIES, default="float32")
    parser.add_argument("--seconds", type=float, default=6.0, help="for each comparison")
    parser.add_argument("--hold", metavar="FILE", type=Path, help="build, then wait for FILE")
    parser.add_argument("--json", metavar="FILE", help="write everything as one document")
    parser.add_argument("--csv", metavar="FOLDER", help="write rows, e.g. to benchmarks/results")
    parser.add_argument("--quick", action="store_true", help="the times of two sizes of an LSTM")
    parser.add_argument("--memory-of", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    for kind, known in (
        ("peers", ("keras", "torch")),
        ("cells", CELLS + AVERAGES),
        ("parts", PARTS),
    ):
        names = [name for name in getattr(given, kind).split(",") if name]
        setattr(given, kind, names)
        for name in names:
            if name not in known:
                parser.error(f"unknown {kind[:-1]} {name!r}; known: {', '.join(known)}")
    if "torch" in given.peers and given.precision != "float32":
        parser.error("torch is compared in float32; with another precision give --peers keras")
    if "torch" in given.peers:
        try:
            import torch  # noqa: F401
        except ImportError:
            parser.error(
                "the peer torch is not installed; pip install 'rnn-zoo[benchmark]' or --peers keras"
            )
    return given


if __name__ == "__main__":
    sys.exit(main())
