"""The benchmarks: fastsgd beside its peers and beside the limits of the machine.

Everything runs on one thread, which most libraries must be told before they are imported.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

# All that the extra brings but Vowpal Wabbit, which is a peer alone and may be absent like others.
NEEDED = ("matplotlib", "pytest", "pytest_benchmark", "scipy", "sklearn")

if missing := [name for name in NEEDED if find_spec(name) is None]:
    sys.exit(f"bench needs {', '.join(missing)}, not installed here: pip install '.[bench]'")
