"""What is timed of a peer is what is timed of fastsgd."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import config_context, get_config
from sklearn.linear_model import SGDClassifier, SGDRegressor

from .contestants import CONTESTANTS
from .workloads import ORIGINAL, WORKLOADS

SPARSE = WORKLOADS["sparse 1Mx1M, 30 a row"].scaled_down()


def test_reading_what_vowpal_wabbit_learned_is_no_part_of_its_run(monkeypatch) -> None:
    vowpalwabbit = pytest.importorskip("vowpalwabbit")
    read: list[int] = []
    monkeypatch.setattr(vowpalwabbit.Workspace, "get_weight", lambda self, f: read.append(f) or 0.0)
    task = SPARSE.task()
    visit = CONTESTANTS["vw"].prepare(task)(1)
    assert not read
    visit.parameters()
    assert len(read) == task.X.shape[1] + 1


@pytest.mark.parametrize("name", ["fastsgd", "sklearn"])
def test_both_that_check_x_do_so_in_the_original_program_and_nowhere_else(name) -> None:
    task = ORIGINAL.task()
    task.X[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"row 0, column 0|X contains NaN"):
        CONTESTANTS[name].prepare(task)(len(task.X))
    with pytest.raises(ValueError, match="epoch"):
        CONTESTANTS[name].prepare(task._replace(check_finite=False))(len(task.X))


def test_only_the_original_program_is_one_that_checks_x() -> None:
    tasks = {name: workload.scaled_down().task() for name, workload in WORKLOADS.items()}
    assert [name for name, task in tasks.items() if task.check_finite] == [ORIGINAL.name]


def test_settings_of_scikit_learn_are_those_of_the_task_and_last_as_long_as_its_run(
    monkeypatch,
) -> None:
    during: list[tuple[bool, bool]] = []
    former, fit = get_config(), SGDRegressor.fit

    def noting(self, X, y):
        found = get_config()
        during.append((found["assume_finite"], found["skip_parameter_validation"]))
        return fit(self, X, y)

    monkeypatch.setattr(SGDRegressor, "fit", noting)
    task, prepare = ORIGINAL.task(), CONTESTANTS["sklearn"].prepare
    for run in [prepare(task._replace(check_finite=checks)) for checks in (True, False)]:
        run(1)
        assert get_config() == former
    assert during == [(False, False), (True, True)]


def test_a_run_that_fails_leaves_no_settings_of_scikit_learn_behind() -> None:
    task = ORIGINAL.task()._replace(check_finite=False)
    task.X[0, 0] = np.nan
    with config_context(assume_finite=False, skip_parameter_validation=False):
        former = get_config()
        with pytest.raises(ValueError, match="epoch"):
            CONTESTANTS["sklearn"].prepare(task)(len(task.X))
        assert get_config() == former


def test_scikit_learn_is_given_the_same_slice_of_sparse_rows_in_each_run(monkeypatch) -> None:
    given: list[object] = []
    fit = SGDClassifier.fit
    monkeypatch.setattr(SGDClassifier, "fit", lambda self, X, y: given.append(X) or fit(self, X, y))
    run = CONTESTANTS["sklearn"].prepare(SPARSE.task())
    for batches in (10, 10, 20):
        run(batches)
    assert given[0] is given[1]
    assert [X.shape[0] for X in given] == [320, 320, 640]
