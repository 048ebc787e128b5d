"""The report of a run as Markdown: the machine, the versions and the table."""

from __future__ import annotations

from .contestants import CONTESTANTS
from .limits import LIMITS
from .peers import PEERS
from .results import Results

NOTES = """\
- rows/s and ms are those of `fastsgd.fit`, the whole call: checks, the random order, the epoch with
  its loss. Under each peer: how many times as long it takes for a row. Under each limit: how many
  times as long `fastsgd.fit` takes as one full-batch gradient by BLAS (`r = X @ w - y; g = r @ X`),
  as one read of X from first to last, and as one of all rows and targets in a random order that is
  there already.
- The original program is 1000x2/10 in float64, three epochs with lr = 0.03 in one call. There
  fastsgd and scikit-learn check all that they check by default. Elsewhere neither checks each
  number of X (`check_finite=False`, `assume_finite=True`), and scikit-learn not its parameters
  either (`skip_parameter_validation=True`), which fastsgd still does.
- Sparse rows: logistic loss, columns by a Zipf law, mini-batches of 32. There BLAS is scipy's
  `X @ w` and `X.T @ r`, and a read of X is one of its data and indices.
- One thread everywhere, but that MXNet's engine and Vowpal Wabbit's parser each have a thread
  beside the one that learns. Compilation is never timed, the making of the random order always.
- Contestants take turns, pass after pass; a ratio is the median of the ratios within each pass.
- `-`: not installed, or does not read sparse rows as its users would write it.
- `*`: timed on another number of rows than the workload has, mostly its first mini-batches only.
- scikit-learn and Vowpal Wabbit have no mini-batches and take a step a row. Vowpal Wabbit reads
  its own binary cache, in the order of the file, and computes in float32."""

QUICK = "A quick run, which only shows that everything works: its numbers mean nothing."


def report(results: Results) -> str:
    """Return all of it."""
    parts = [_machine(results), _table(results), NOTES]
    if results.cold_start:
        parts.insert(2, _cold_start(results))
    if results.about["quick"]:
        parts.insert(0, QUICK)
    return "\n\n".join(parts)


def _machine(results: Results) -> str:
    """Name the CPU and the versions of everything that ran."""
    machine, about = results.machine, results.about
    cpu = machine["cpu"]
    packages = [f"Python {about['python']}", f"numba {about['numba']}"]
    packages += [
        f"{CONTESTANTS[name].distribution} {about['versions'][name] or 'absent'}"
        for name in ("fastsgd", *PEERS)
    ]
    return (
        f"CPU: {cpu.get('brand_raw', machine['machine'])}, {cpu['count']} cores; "
        f"{machine['system']}. {', '.join(packages)}."
    )


def _table(results: Results) -> str:
    """Return the table of all workloads on which fastsgd was measured."""
    header = ["rows x features / batch", "fastsgd rows/s", "ms/epoch"]
    header += [f"x faster than {PEERS[name].title}" for name in PEERS]
    header += [f"time / {LIMITS[name].title}" for name in LIMITS]
    lines = [header, ["---", *["---:"] * (len(header) - 1)]]
    lines += [_line(results, name) for name in results.turns if results.rate(name, "fastsgd")]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(results: Results, workload: str) -> list[str]:
    rate = results.rate(workload, "fastsgd")
    assert rate is not None
    cells = [workload, f"{number(rate / 1e6)}M", number(1e3 * results.rows[workload] / rate)]
    for name in PEERS:
        ratio = results.ratio(workload, name, "fastsgd")
        if ratio is None:
            cells.append("-")
        else:
            mark = "" if results.turns[workload][name].is_whole else "*"
            cells.append(number(ratio) + mark)
    for name in LIMITS:
        ratio = results.ratio(workload, "fastsgd", name)
        cells.append("-" if ratio is None else number(ratio))
    return cells


def _cold_start(results: Results) -> str:
    """Say what the first fit of a process takes."""
    ms = {part: number(1e3 * seconds) for part, seconds in results.cold_start.items()}
    return (
        f"`import fastsgd` takes {ms['import']} ms beyond `import numba`. The first fit takes "
        f"{ms['default']} ms where nothing\nis compiled yet, {ms['heavy']} ms with the logistic "
        f"loss, L1 and Adam, and {ms['warm']} ms in a later\nprocess, which finds the machine "
        "code on disk."
    )


def number(value: float) -> str:
    """Write a positive number with at most three digits that mean something."""
    for limit, decimals in ((1, 3), (10, 2), (100, 1)):
        if value < limit:
            return f"{value:.{decimals}f}"
    return f"{value:,.0f}"
