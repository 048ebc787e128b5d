"""A fit goes on where another one ended."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from noisy_rows import data

import fastsgd
from fastsgd.optimizers import SGD
from fastsgd.penalties import CumulativeL1
from fastsgd.schedules import Adaptive, Cosine, InvScaling

ADAM_AVERAGED = {"optimizer": "adam", "average": 15}
RESUMED = {
    "plain": {},
    "adam, averaged": ADAM_AVERAGED,
    "averaged later": {"average": 99, "lr": 0.05},
    "momentum, scaled": {"optimizer": SGD(0.9), "lr": InvScaling(0.01), "penalty": "l1"},
    "cumulative": {"penalty": CumulativeL1(0.3, 0.5)},
    "watched": {"tol": 1e-4, "patience": 3, "lr": 0.01},
    "adaptive": {"lr": Adaptive(0.03, tol=1e-2, patience=1)},
    "one-versus-rest": {"loss": "logistic", "tol": 3e-2, "patience": 2, **ADAM_AVERAGED},
    "cosine": {"lr": Cosine(0.1, steps=100)},
    "no losses": {"epoch_loss": None},
    "validated": {"validation": 0.25, "lr": 0.3, "batch_size": 2},
    "validated by class": {"loss": "logistic", "validation": data(50)[0], "lr": 5.0},
}


@pytest.mark.parametrize("name", RESUMED)
@pytest.mark.parametrize("through_disk", [False, True])
def test_3_and_3_epochs_equal_6_to_the_bit(name, through_disk, tmp_path):
    X, y = data()
    options = RESUMED[name]
    if "loss" in options:
        y = np.digitize(y, [-2, 2])
    if "by class" in name:
        options = {**options, "validation": (options["validation"], y[:50])}
    first = fastsgd.fit(X, y, seed=5, epochs=3, **options)
    first.w[...] += 1  # of what is learned, it is a copy
    if through_disk:
        first.save(tmp_path / "model")
        first = fastsgd.load(tmp_path / "model")
    kept = first.w.copy()
    second = fastsgd.fit(X, y, resume=first, epochs=3, **options)
    whole = fastsgd.fit(X, y, seed=5, epochs=6, **options)
    assert second.w.tobytes() == whole.w.tobytes()
    assert second.b.tobytes() == whole.b.tobytes()
    assert second.history.loss == whole.history.loss
    assert len(second.history.seconds) == len(whole.history.seconds)
    assert second.state.steps == whole.state.steps
    np.testing.assert_array_equal(first.w, kept)
    third = fastsgd.fit(X, y, resume=first, epochs=3, **options)
    assert third.w.tobytes() == whole.w.tobytes()


@pytest.mark.parametrize("through_disk", [False, True])
def test_the_best_model_is_not_lost_where_a_fit_goes_on(through_disk, tmp_path):
    X, y = data()
    seen = []
    options = {"validation": data(90), "batch_size": 2, "seed": 0}
    first = fastsgd.fit(X, y, lr=5e-3, epochs=3, callback=lambda m, e: seen.append(m), **options)
    np.testing.assert_array_equal(first.w, seen[2].w)
    for begun in (first, seen[2]):
        if through_disk:
            begun.save(tmp_path / "model")
            begun = fastsgd.load(tmp_path / "model")
        worse = fastsgd.fit(X, y, resume=begun, lr=0.3, epochs=2, **options)
        assert min(worse.history.validation_loss[3:]) > min(first.history.validation_loss)
        np.testing.assert_array_equal(worse.w, first.w)
        again = fastsgd.fit(X, y, resume=worse, epochs=0, **options)
        np.testing.assert_array_equal(again.w, first.w)
        better = fastsgd.fit(X, y, resume=begun, lr=1e-3, epochs=1, **options)
        assert (better.w != first.w).any()


def test_the_best_model_is_measured_on_the_rows_held_out_now():
    X, y = data()
    first = fastsgd.fit(X, y, lr=1e-3, epochs=9, validation=(X, y), seed=0)
    # On the opposite of the targets, no weights are better than those.
    begun = {"resume": first, "lr": 1e-3, "epochs": 2, "validation": (X, -y)}
    worse = fastsgd.fit(X, y, **begun)
    assert min(worse.history.validation_loss[9:]) > min(first.history.validation_loss)
    np.testing.assert_array_equal(worse.w, first.w)
    better = fastsgd.fit(X, -y, **begun)
    assert min(better.history.validation_loss[9:]) > min(first.history.validation_loss)
    assert (better.w != first.w).any()


def test_the_callback_of_a_resumed_fit_counts_on():
    X, y = data()
    seen = []
    first = fastsgd.fit(X, y, epochs=2)
    fastsgd.fit(X, y, resume=first, epochs=2, callback=lambda m, e: seen.append(e))
    assert seen == [2, 3]


def test_a_stopped_fit_goes_on_when_nothing_is_watched():
    X, y = data()
    first = fastsgd.fit(X, y, tol=10.0, patience=1, epochs=9, seed=0)
    assert len(first.history.loss) == 2
    with pytest.warns(UserWarning, match="resume: all of it has stopped") as caught:
        assert len(fastsgd.fit(X, y, resume=first, tol=10.0, patience=1).history.loss) == 2
    assert caught[0].filename == __file__
    assert len(fastsgd.fit(X, y, resume=first).history.loss) == 5


@pytest.mark.parametrize("through_disk", [False, True])
@pytest.mark.parametrize("classes", [1, 3])
def test_a_stopped_fit_goes_on_when_it_is_watched_otherwise(classes, through_disk, tmp_path):
    X, y = data()
    loss = "squared"
    if classes == 3:
        y, loss = np.digitize(y, [-2, 2]), "logistic"
    options = {"loss": loss, "penalty": "l2", "epochs": 9, "lr": 0.01, "seed": 0}
    first = fastsgd.fit(X, y, tol=10.0, patience=1, **options)
    if through_disk:
        first.save(tmp_path / "model")
        first = fastsgd.load(tmp_path / "model")
    assert len(first.history.loss) == 2
    for changes in ({"tol": 1e-9}, {"patience": 99}):
        watch = {"tol": 10.0, "patience": 1, **changes}
        more = fastsgd.fit(X, y, resume=first, **watch, **options)
        assert len(more.history.loss) == 11
        whole = fastsgd.fit(X, y, **{**options, "epochs": 11})
        np.testing.assert_array_equal(more.w, whole.w)
    with pytest.warns(UserWarning, match="stopped"):
        fastsgd.fit(X, y, resume=first, tol=10.0, patience=1, **options)


def test_an_adaptive_rate_that_has_ended_the_fit_begins_anew_as_another():
    X, y = data()
    options = {"epochs": 9, "seed": 0}
    first = fastsgd.fit(X, y, lr=Adaptive(0.01, tol=9.0, patience=1, smallest=0.005), **options)
    assert len(first.history.loss) == 2
    same = Adaptive(0.01, tol=9.0, patience=1, smallest=0.005)
    with pytest.warns(UserWarning, match="stopped"):
        fastsgd.fit(X, y, lr=same, resume=first, **options)
    more = fastsgd.fit(X, y, lr=Adaptive(0.01, patience=99), resume=first, **options)
    whole = fastsgd.fit(X, y, lr=0.01, seed=0, epochs=11)
    np.testing.assert_array_equal(more.w, whole.w)


@pytest.mark.parametrize("average", [True, 6])
@pytest.mark.parametrize("through_disk", [False, True])
def test_averages_of_a_class_that_goes_on_count_the_steps_in_which_it_rested(
    average, through_disk, tmp_path
):
    X, score = data()
    y = np.digitize(score, [-2, 2])
    seen = []
    options = {"loss": "logistic", "lr": 1.0, "seed": 0, "batch_size": 200, "average": average}
    options |= {"callback": lambda m, e: seen.append(m.state.parameters.w.copy())}
    first = fastsgd.fit(X, y, tol=0.005, patience=1, epochs=40, **options)
    lengths = [next(i for i, w in enumerate(seen) if (w[j] == seen[-1][j]).all()) for j in range(3)]
    assert len(set(lengths)) > 1
    assert len(seen) < 40
    if through_disk:
        first.save(tmp_path / "model")
        first = fastsgd.load(tmp_path / "model")
    model = fastsgd.fit(X, y, resume=first, epochs=3, **options)
    expected = np.mean(seen[int(average) - 1 :], axis=0)
    np.testing.assert_allclose(model.w.T, expected, rtol=1e-12)


def test_averages_that_begin_where_a_class_goes_on_are_of_the_steps_since_alone():
    X, score = data()
    y = np.digitize(score, [-2, 2])
    options = {"loss": "logistic", "lr": 1.0, "seed": 0, "batch_size": 200}
    first = fastsgd.fit(X, y, tol=0.005, patience=1, epochs=40, **options)
    assert (first.state.stopped < first.state.steps).any()
    seen = []
    options["callback"] = lambda m, e: seen.append(m.state.parameters.w.copy())
    model = fastsgd.fit(X, y, resume=first, epochs=3, average=True, **options)
    np.testing.assert_allclose(model.w.T, np.mean(seen, axis=0), rtol=1e-12)


def test_an_interrupted_fit_can_be_resumed():
    X, y = data()

    def press_ctrl_c(model, epoch):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(X, y, optimizer="adam", epochs=6, seed=1, callback=press_ctrl_c)
    model = fastsgd.fit(X, y, optimizer="adam", epochs=3, resume=caught.value.model)
    whole = fastsgd.fit(X, y, optimizer="adam", epochs=6, seed=1)
    np.testing.assert_array_equal(model.w, whole.w)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "huber"}, "resume: loss: expected Squared"),
        ({"loss": "absolute"}, "resume: loss: expected Squared"),
        ({"loss": "logistic"}, "resume: loss: expected Squared"),
        ({"optimizer": "adam"}, "resume: optimizer: expected SGD, as in the model, got Adam"),
        ({"optimizer": SGD(0.5)}, "resume: momentum"),
        ({"X": np.ones((200, 2))}, "resume: features of X: expected 3, as in the model, got 2"),
        ({"X": np.ones((200, 3), np.float32)}, "resume: dtype of X: expected float64"),
        (
            {"y": np.ones((200, 2))},
            r"resume: shape of y: expected \(n,\), .* got \(n, 2\)",
        ),
        ({"epoch_loss": None}, "resume: losses in the history"),
        ({"validation": 0.5}, "resume: validation"),
        ({"init": (np.zeros(3), 0.0)}, "init: expected None, as resume brings"),
    ],
)
def test_a_fit_that_is_not_like_the_one_before_is_refused(changes, message):
    X, y = data()
    model = fastsgd.fit(X, y)
    with pytest.raises(ValueError, match=message):
        fastsgd.fit(**{"X": X, "y": y, "resume": model, **changes})


def test_the_loss_is_named_where_it_is_one_for_other_targets():
    X, y = data()
    model = fastsgd.fit(X, y > 0, loss="logistic")
    with pytest.raises(ValueError, match=r"resume: loss: expected Logistic\(\), .* got Squared"):
        fastsgd.fit(X, y > 0, resume=model)


def test_only_a_model_can_be_resumed():
    with pytest.raises(TypeError, match=r"resume: expected a Model or None, got 'model.npz'"):
        fastsgd.fit(*data(), resume="model.npz")


def classes_that_stop():
    """Return rows of three classes, and options by which these stop at different times."""
    X = np.random.default_rng(0).normal(size=(300, 3))
    y = np.where(X[:, 0] > 0, 2, np.where(X[:, 1] > 0, 1, 0))
    options = {"loss": "logistic", "tol": 0.004, "patience": 1, "epochs": 40, "seed": 0, "lr": 0.05}
    return X, y, options


def test_a_class_that_stops_before_averages_begin_keeps_its_weights():
    X, y, options = classes_that_stop()
    plain = fastsgd.fit(X, y, **options)
    late = fastsgd.fit(X, y, average=500, **options)
    stopped = late.state.memory.pace == 0
    assert stopped.any()
    frozen_early = [j for j in range(3) if np.array_equal(late.w[:, j], plain.w[:, j])]
    assert frozen_early
    assert (abs(late.w).max(axis=0) > 0.1).all()


def test_a_constant_rate_is_what_it_says_after_an_adaptive_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = X @ [1.0, 2.0] + rng.normal(size=100)
    adaptive = fastsgd.schedules.Adaptive(0.1, patience=3, tol=1e-2)
    begun = fastsgd.fit(X, y, lr=adaptive, epochs=12, seed=0)
    assert begun.state.memory.pace[0] < 1
    free = fastsgd.fit(X, y, lr=0.1, epochs=1, resume=begun)
    watched = fastsgd.fit(X, y, lr=0.1, tol=1e-9, patience=99, epochs=1, resume=begun)
    np.testing.assert_array_equal(free.w, watched.w)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("averages_first", 10**30),
        ("averages_first", -5),
        ("rules", {"watched": []}),
        ("rules", {"watched": ["a", "b"]}),
        ("watched", [[1.0], [1e300]]),
    ],
)
def test_a_saved_model_that_could_not_go_on_is_refused(tmp_path, part, value):
    path = tmp_path / "model.npz"
    fastsgd.fit(*data(), tol=0.1, average=True, seed=0).save(path)
    with np.load(path) as archive:
        parts = dict(archive)
    if part in parts:
        parts[part] = np.array(value)
    else:
        about = json.loads(str(parts["about"]))
        assert part in about["state"]
        about["state"][part] = value
        parts["about"] = json.dumps(about)
    np.savez(path, **parts)
    with pytest.raises(ValueError, match="is not a saved model"):
        fastsgd.load(path)


def arrays_in(part):
    """Return the arrays in a state."""
    if isinstance(part, np.ndarray):
        return [part]
    return [array for one in part for array in arrays_in(one)] if isinstance(part, tuple) else []


def test_states_of_models_share_no_memory():
    X, score = data()
    y, seen = np.digitize(score, [-2, 2]), []
    options = {"loss": "logistic", "lr": Adaptive(0.03), "tol": 0.0, "average": True}
    options |= {"optimizer": "adam", "validation": 0.25}
    first = fastsgd.fit(X, y, epochs=2, callback=lambda m, e: seen.append(m), **options)
    same = fastsgd.fit(X, y, epochs=0, resume=first, **options)
    states = [arrays_in(model.state) for model in (*seen, first, same)]
    # w and b: of the last step, in the slots, in averages, of the best; two watches of two; the
    # pace, the steps, and when each class stopped.
    assert {len(arrays) for arrays in states} == {15}
    for one, other in itertools.combinations(states, 2):
        for mine, theirs in itertools.product(one, other):
            assert not np.shares_memory(mine, theirs)


def test_a_class_that_stops_where_averages_begin_keeps_its_weights():
    X, y, options = classes_that_stop()
    plain = fastsgd.fit(X, y, **options)
    stopped = np.flatnonzero(plain.state.stopped < plain.state.steps)
    assert stopped.size > 0
    for j in stopped:
        late = fastsgd.fit(X, y, average=int(plain.state.stopped[j]) + 1, **options)
        np.testing.assert_array_equal(late.w[:, j], plain.w[:, j])


def test_a_class_that_tol_has_stopped_stays_so_where_an_adaptive_rate_begins():
    X, score = data()
    y = np.digitize(score, [-2, 2])
    options = {"loss": "logistic", "tol": 3e-2, "patience": 2, "epochs": 6, "seed": 0}
    first = fastsgd.fit(X, y, lr=0.05, **options)
    has_stopped = first.state.memory.pace == 0
    assert 0 < has_stopped.sum() < 3
    model = fastsgd.fit(X, y, lr=Adaptive(0.05), resume=first, **options)
    goes_on = (model.w != first.w).any(axis=0)
    np.testing.assert_array_equal(goes_on, ~has_stopped)


# After no epoch there is no loss yet.
@pytest.mark.parametrize("epochs", [0, 3])
@pytest.mark.parametrize("loss", ["squared", "softmax", "logistic"])
def test_models_of_several_outputs_that_watch_a_loss_come_back(loss, epochs, tmp_path):
    X, score = data()
    y = np.column_stack([score] * 3) if loss == "squared" else np.digitize(score, [-2, 2])
    options = {"loss": loss, "tol": 1e-3, "seed": 0}
    first = fastsgd.fit(X, y, epochs=epochs, **options)
    first.save(tmp_path / "model")
    loaded = fastsgd.load(tmp_path / "model")
    models = [fastsgd.fit(X, y, resume=model, **options) for model in (first, loaded)]
    np.testing.assert_array_equal(models[0].w, models[1].w)


def test_averages_that_there_are_go_on_whatever_the_number():
    X, y = data()
    options = {"lr": 0.1, "seed": 0, "epochs": 1}
    first = fastsgd.fit(X, y, average=True, **options)
    one, other = (fastsgd.fit(X, y, average=a, resume=first, **options) for a in (True, 30))
    np.testing.assert_array_equal(one.w, other.w)
