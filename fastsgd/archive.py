"""Models in files: a ``.npz`` archive of arrays, and a description in JSON."""

from __future__ import annotations

import errno
import io
import json
import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from shutil import copymode
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.lib.npyio import NpzFile

from . import checks
from .arrays import Array
from .custom import is_custom
from .kernels.averages import Averaged, NotAveraged
from .kernels.epoch import Memory, Parameters
from .losses import LOSSES
from .losses.own import values_of
from .members import PACKAGE
from .optimizers import OPTIMIZERS
from .penalties import PENALTIES
from .schedules import Adaptive
from .state import State, Watch

FORMAT = "fastsgd model 1"


def write(path: str | os.PathLike[str], about: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Write a description and arrays to a file."""
    archive = io.BytesIO()
    np.savez(archive, about=json.dumps({"format": FORMAT, **about}), **arrays)
    put(path, archive.getvalue())


def put(path: str | os.PathLike[str], content: bytes) -> None:
    """Put bytes in a file, which is whole at every moment."""
    name = os.fsdecode(path)
    given = Path(name)
    if not name:  # which `Path` would take for the folder that is worked in
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    if given.is_dir() or os.path.basename(name) in ("", os.curdir):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    try:
        with suppress(FileNotFoundError):
            given.stat()  # which fails for a link that leads to itself
        if given.exists() and not given.is_file():  # a device or a pipe, which stays what it is
            given.write_bytes(content)
        else:
            _replace(given.resolve(), content)
    except OSError as error:  # which would name the unfinished file
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from None


def _replace(file: Path, content: bytes) -> None:
    """Write a file beside another, which is whole until the new one is, and put it in its place."""
    # Of a name of its own, as one made of the file's might be too long.
    unfinished = file.with_name(f".fastsgd.{uuid4().hex}")
    if file.exists() and not os.access(file, os.W_OK):  # which asks the folder alone for leave
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    try:
        unfinished.write_bytes(content)
        if file.exists():
            copymode(file, unfinished)
        unfinished.replace(file)
    finally:
        with suppress(OSError):
            unfinished.unlink()


def read(file: Any) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the description and the arrays in a file."""
    try:
        archive = np.load(file, allow_pickle=False)
    except (ValueError, EOFError):
        raise ValueError("it is no archive of arrays") from None
    if not isinstance(archive, NpzFile) or "about" not in archive.files:
        raise ValueError("it does not say what it holds")
    parts = {name: archive[name] for name in archive.files}
    about = json.loads(str(parts.pop("about")))
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']!r}, expected {FORMAT!r}")
    return about, parts


def parts_of_loss(loss: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the description of a loss; one of the user's own is known by its name and values."""
    if is_custom(loss, "loss"):
        return {"custom_loss": loss.name}, {"loss_values": values_of(loss)}
    cls, names = type(loss), {cls: name for name, cls in LOSSES.items()}
    # Losses of the estimators, whose models are in the errors that they raise, have no such name.
    name = names.get(cls, f"{cls.__module__}.{cls.__qualname__}")
    return {"loss": name, "loss_parameters": loss._asdict()}, {}


def loss_of(about: dict[str, Any], arrays: dict[str, Array]) -> Any:
    """Return the loss that was written as this description; None for one of the user's own."""
    if "custom_loss" in about:
        dtype = arrays["loss_values"].dtype
        if dtype.kind != "f":
            raise ValueError(f"the values of its loss have dtype {dtype}")
        return None
    name = about["loss"]
    cls = LOSSES[name] if name in LOSSES else _loss_of_estimators(name)
    return cls(**about["loss_parameters"])


def _loss_of_estimators(name: str) -> Any:
    """Return the class of that name, if it is one of a loss."""
    module, _, own_name = name.rpartition(".")
    if not module.startswith(f"{PACKAGE}.sklearn."):
        raise ValueError(f"there is no loss {name!r}")
    try:
        cls = getattr(import_module(module), own_name)
    except ModuleNotFoundError as error:
        if error.name != module:  # but one that it needs
            raise
        raise ValueError(f"there is no loss {name!r}") from None
    if not issubclass(cls, tuple(LOSSES.values())):
        raise ValueError(f"{name!r} is no loss")
    return cls


def supplied_loss(loss: Any, about: dict[str, Any], arrays: dict[str, Array]) -> Any:
    """Return the loss of the user's own, if it is the one that was written."""
    name, other = about["custom_loss"], ""
    if is_custom(loss, "loss") and loss.name == name:
        mine, saved = values_of(loss), arrays["loss_values"]
        # Machines and versions differ in the last bits of exp and log.
        off = 1e-9 * min(1.0, float(np.nan_to_num(abs(saved)).max(initial=0.0)))
        if mine.shape == saved.shape and np.allclose(mine, saved, 1e-9, off, equal_nan=True):
            return loss
        other = ", with other values"
    raise ValueError(
        f"loss: the model was fitted with a loss of your own, whose function is {name!r}{other}; "
        f"expected load(path, loss=fastsgd.losses.custom({name}, ...)), got {loss!r}"
    )


# By how many numbers each goes.
WATCHES = {"watched": 2, "paced": len(Adaptive._fields)}


def parts_of_state(state: State) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the description and the arrays of a state."""
    names = {cls: name for name, cls in OPTIMIZERS.items()}
    averages = state.memory.averages
    both = zip(WATCHES, (state.watched, state.paced), strict=True)
    watches = {name: watch for name, watch in both if watch is not None}
    about = {
        "optimizer": names[type(state.optimizer)],
        "optimizer_parameters": state.optimizer._asdict(),
        "steps": state.steps,
        "intercept": state.b_scale,
        "averages_first": averages.first if isinstance(averages, Averaged) else None,
        "rules": {name: watch.rule for name, watch in watches.items()},
    }
    arrays = {
        "state_w": state.parameters.w,
        "state_b": state.parameters.b,
        "slots_w": state.memory.w,
        "slots_b": state.memory.b,
        "pace": state.memory.pace,
        "stopped": state.stopped,
    }
    arrays |= {name: np.stack((watch.lowest, watch.since)) for name, watch in watches.items()}
    if state.best is not None:
        arrays |= {"best_w": state.best.w, "best_b": state.best.b}
    if isinstance(averages, Averaged):
        arrays |= {"averages_w": averages.w, "averages_b": averages.b}
    return about, arrays


def state_of(about: dict[str, Any], arrays: dict[str, Array]) -> State:
    """Return the state that was written as this description and these arrays."""
    optimizer = OPTIMIZERS[about["optimizer"]](**about["optimizer_parameters"])
    slots = optimizer.rule().slots
    _check_arrays(arrays, slots, {slots + getattr(kind, "slots", 0) for kind in PENALTIES.values()})
    averages: Any = NotAveraged()
    if about["averages_first"] is not None:
        first = checks.integer(
            "averages_first", about["averages_first"], at_least=0, at_most=checks.MOST_STEPS
        )
        averages = Averaged(arrays["averages_w"], arrays["averages_b"], first)
    watched, paced = (
        Watch(arrays[name][0], arrays[name][1].astype(np.int64), _rule(name, about["rules"][name]))
        if name in about["rules"]
        else None
        for name in WATCHES
    )
    steps = checks.integer("steps", about["steps"], at_least=0, at_most=checks.MOST_STEPS)
    remembered = arrays["slots_w"], arrays["slots_b"]
    return State(
        optimizer,
        Parameters(arrays["state_w"], arrays["state_b"]),
        Memory(*remembered, averages, arrays["pace"], np.array([steps], np.int64)),
        watched,
        paced,
        arrays["stopped"],
        Parameters(arrays["best_w"], arrays["best_b"]) if "best_w" in arrays else None,
        checks.non_negative("intercept", about["intercept"]),
    )


def _rule(name: str, numbers: Any) -> tuple[float, ...]:
    """Return what a watch goes by, if it is made of as many numbers as it should be."""
    if len(numbers) != WATCHES[name]:
        raise ValueError(f"{name} goes by {len(numbers)} numbers")
    return tuple(number if type(number) is int else float(number) for number in numbers)


def _check_arrays(arrays: dict[str, Array], slots: int, with_penalty: set[int]) -> None:
    """Refuse arrays that do not fit each other, or hold what is no number.

    An intercept has so many slots, and a weight one of the numbers that there are with penalties.
    """
    (k, d), dtype = arrays["state_w"].shape, arrays["state_w"].dtype
    wide, counts = np.dtype(np.float64), np.dtype(np.int64)
    sizes = [arrays[name].shape[-1] for name in WATCHES if name in arrays]
    losses = k if max(sizes, default=1) > 1 else 1
    expected = {
        "state_w": ((k, d), dtype),
        "state_b": ((k,), dtype),
        "slots_w": ((len(arrays["slots_w"]), k, d), dtype),
        "slots_b": ((slots, k, 1), dtype),
        "pace": ((k,), wide),
        "averages_w": ((k, d), wide),
        "averages_b": ((k,), wide),
        "watched": ((2, losses), wide),
        "paced": ((2, losses), wide),
        "stopped": ((k,), counts),
        "best_w": ((k, d), dtype),
        "best_b": ((k,), dtype),
    }
    for name in filter(arrays.__contains__, expected):
        array, (shape, kind) = arrays[name], expected[name]
        if array.shape != shape or array.dtype != kind:
            raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}")
        # The lowest loss, in the first row of a watch, is infinite before there is any.
        if not np.isfinite(array[1:] if name in WATCHES else array).all():
            raise ValueError(f"{name} is not finite")
        if name in WATCHES and not (array[1].min() >= 0 and array[1].max() <= checks.MOST_STEPS):
            raise ValueError(f"{name} has not improved for {array[1].tolist()} epochs")
    if len(arrays["slots_w"]) not in with_penalty:
        raise ValueError(f"slots_w has shape {arrays['slots_w'].shape}")
    is_watched = any(name in arrays for name in WATCHES)  # by which an output may have stopped
    if (arrays["pace"] < 0).any() or not (is_watched or arrays["pace"].all()):
        raise ValueError(f"pace is {arrays['pace'].min():g}")
