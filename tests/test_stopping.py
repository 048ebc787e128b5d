"""Fits stop when they no longer improve, keep the best, and go on where others ended."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastsgd
from fastsgd import losses
from fastsgd.optimizers import SGD
from fastsgd.schedules import Adaptive, Cosine, InvScaling


def data(n=200):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, X @ [1.0, -2.0, 0.5] + rng.normal(size=n)


def epochs_until_it_stops(history, tol, patience):
    """Return what the docstring of `tol` says of a history."""
    lowest, since = np.inf, 0
    for epoch, loss in enumerate(history):
        since = 0 if loss < lowest - tol else since + 1
        lowest = min(lowest, loss)
        if since == patience:
            return epoch + 1
    return len(history)


@pytest.mark.parametrize("epoch_loss", ["running", "full"])
@pytest.mark.parametrize(("tol", "patience"), [(1e-3, 1), (1e-3, 4), (0.0, 2), (1.0, 3)])
def test_tol_stops_a_fit_that_no_longer_improves(epoch_loss, tol, patience):
    X, y = data()
    options = {"epoch_loss": epoch_loss, "penalty": "l2", "seed": 0, "lr": 0.003, "epochs": 300}
    whole = fastsgd.fit(X, y, **options)
    model = fastsgd.fit(X, y, tol=tol, patience=patience, **options)
    expected = epochs_until_it_stops(whole.history.loss, tol, patience)
    assert len(model.history.loss) == expected < 300
    np.testing.assert_array_equal(model.history.loss, whole.history.loss[:expected])
    again = fastsgd.fit(X, y, **{**options, "epochs": expected})
    np.testing.assert_array_equal(model.w, again.w)


def test_tol_watches_the_rows_held_out_if_there_are_any():
    X, y = data()
    options = {"validation": data(80), "seed": 0, "lr": 0.003, "epochs": 300, "epoch_loss": None}
    whole = fastsgd.fit(X, y, **options)
    model = fastsgd.fit(X, y, tol=1e-3, patience=2, **options)
    expected = epochs_until_it_stops(whole.history.validation_loss, 1e-3, 2)
    assert len(model.history.validation_loss) == expected < 300
    assert model.history.loss == ()


def test_an_output_that_has_stopped_is_frozen_and_the_others_go_on():
    X, score = data()
    y = np.digitize(score, [-2, 2])
    options = {"loss": "logistic", "lr": 0.05, "epochs": 60, "seed": 0, "tol": 1e-3, "patience": 2}
    start = np.zeros((3, 3)), np.zeros(3)
    model = fastsgd.fit(X, y, init=start, **options)
    lengths = []
    for j in range(3):
        alone = fastsgd.fit(X, y == j, init=(start[0][:, j], 0.0), **options)
        lengths.append(len(alone.history.loss))
        np.testing.assert_allclose(model.w[:, j], alone.w, rtol=1e-10)
        np.testing.assert_allclose(model.b[j], alone.b, rtol=1e-10)
    assert len(set(lengths)) > 1
    assert len(model.history.loss) == max(lengths) < 60


def test_a_frozen_output_keeps_its_average_and_its_momentum():
    X, score = data()
    y = np.digitize(score, [-2, 2])
    options = {"loss": "logistic", "lr": 0.05, "epochs": 60, "seed": 0, "tol": 1e-3, "patience": 2}
    options |= {"optimizer": SGD(0.5), "average": True, "init": (np.zeros((3, 3)), np.zeros(3))}
    model = fastsgd.fit(X, y, **options)
    options["init"] = np.zeros(3), 0.0
    for j in range(3):
        alone = fastsgd.fit(X, y == j, **options)
        np.testing.assert_allclose(model.w[:, j], alone.w, rtol=1e-10)


@given(
    share=st.floats(0.05, 0.9),
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    seed=st.integers(0, 2**64 - 1),
)
def test_held_out_rows_are_of_each_class_alike(share, sizes, seed):
    y = np.repeat(np.arange(len(sizes)), sizes)
    # The feature tells which rows were seen: only their weights move.
    X = np.eye(len(y))
    start = np.zeros((len(y), len(sizes))) if len(sizes) > 2 else np.zeros(len(y))
    b = np.zeros(len(sizes)) if len(sizes) > 2 else 0.0
    try:
        model = fastsgd.fit(
            X,
            y,
            loss="perceptron",
            validation=share,
            seed=seed,
            init=(start, b),
            epochs=1,
            fit_intercept=False,
        )
    except ValueError as error:  # so few rows that none is held out
        assert str(error).startswith("validation:")  # noqa: PT017
        return
    last = model.state.parameters.w
    seen = (last.reshape(-1, len(y)) != 0).any(axis=0)
    for c, size in enumerate(sizes):
        held = size - seen[y == c].sum()
        assert held <= max(size - 1, 0)
        assert abs(held - share * size) <= 1 or held == size - 1


def test_the_share_held_out_is_drawn_from_the_seed_and_never_learned_from():
    X, y = np.eye(100), np.ones(100)
    options = {"init": (np.zeros(100), 0.0), "epochs": 2, "fit_intercept": False}
    seen = [
        fastsgd.fit(X, y, validation=0.25, seed=seed, **options).state.parameters.w[0] != 0
        for seed in (0, 0, 1)
    ]
    assert [s.sum() for s in seen] == [75, 75, 75]
    np.testing.assert_array_equal(seen[0], seen[1])
    assert (seen[0] != seen[2]).any()


def test_the_held_out_loss_is_the_data_loss_on_other_rows_and_the_best_model_is_returned():
    X, y = data()
    held = data(90)
    weights = np.random.default_rng(0).uniform(0, 2, 200)
    seen = []
    model = fastsgd.fit(
        X,
        y,
        sample_weight=weights,
        validation=held,
        lr=0.3,
        batch_size=2,
        epochs=20,
        seed=0,
        callback=lambda m, e: seen.append(m),
    )
    of_epochs = [m.evaluate(*held) for m in seen]
    np.testing.assert_allclose(model.history.validation_loss, of_epochs, rtol=1e-12)
    best = int(np.argmin(of_epochs))
    assert best != 19
    np.testing.assert_array_equal(model.w, seen[best].w)
    assert model.b == seen[best].b
    without = fastsgd.fit(X, y, sample_weight=weights, lr=0.3, batch_size=2, epochs=20, seed=0)
    np.testing.assert_array_equal(seen[-1].w, without.w)


def test_validation_with_labels_and_with_several_outputs():
    X, score = data()
    y = np.where(score > 0, "up", "down")
    model = fastsgd.fit(X, y, loss="logistic", validation=(X[:50], y[:50]), epochs=4, seed=0)
    assert min(model.history.validation_loss) == pytest.approx(model.evaluate(X[:50], y[:50]))
    two = np.column_stack([score, -score])
    model = fastsgd.fit(X, two, validation=(X[:50], two[:50]), epochs=4, seed=0)
    assert min(model.history.validation_loss) == pytest.approx(model.evaluate(X[:50], two[:50]))
    with pytest.raises(ValueError, match="validation: y: row 0 is 'left', which is not among"):
        fastsgd.fit(X, y, loss="logistic", validation=(X[:1], ["left"]))


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_other_rows_to_validate_on_have_the_class_weights_of_the_fit(loss):
    X, score = data()
    y = np.digitize(score, [-2, 2])
    held = X[:50], np.digitize(score[:50] + 1, [-2, 2])
    by_hand = 200 / (3 * np.bincount(y))
    weights = by_hand[held[1]]
    if loss == "logistic":  # one-versus-rest, those of a class's own rows alone
        weights = np.where(held[1][:, None] == np.arange(3), by_hand, 1.0)
    for class_weight in ("balanced", dict(enumerate(by_hand))):
        options = {"loss": loss, "class_weight": class_weight, "epochs": 1, "seed": 0}
        model = fastsgd.fit(X, y, validation=held, **options)
        expected = model.evaluate(*held, sample_weight=weights)
        np.testing.assert_allclose(model.history.validation_loss, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("validation", "error", "message"),
    [
        (0.0, ValueError, "validation: expected a number above 0 and below 1"),
        (1, ValueError, "validation: expected a number above 0 and below 1, got 1"),
        ("tenth", TypeError, "validation: expected a number above 0"),
        ((np.ones((2, 3)),), TypeError, r"validation: expected a share of the rows, or \(X, y\)"),
        ((np.ones((2, 2)), np.ones(2)), ValueError, "validation: expected 3 features"),
        ((np.ones((2, 3)), np.ones(3)), ValueError, "validation: y: expected one entry for each"),
        (0.001, ValueError, "validation: 0.001 of 200 rows leaves 200 to learn from and 0 to"),
    ],
)
def test_wrong_validations_are_refused(validation, error, message):
    with pytest.raises(error, match=message):
        fastsgd.fit(*data(), validation=validation)


def test_there_must_be_a_loss_to_watch():
    with pytest.raises(ValueError, match="tol: there is no loss to watch"):
        fastsgd.fit(*data(), tol=0.0, epoch_loss=None)


@pytest.mark.parametrize("epoch_loss", ["running", None])
def test_a_held_out_loss_that_overflows_is_not_passed_on(epoch_loss):
    X, y = data()
    message = r"validation: .* epoch 0 .* is inf.* reaches from 1e\+200 to 1e\+200"
    with pytest.raises(fastsgd.DivergenceError, match=message):
        fastsgd.fit(X, y, validation=(np.full((1, 3), 1e200), [0.0]), epoch_loss=epoch_loss)


RESUMED = {
    "plain": {},
    "adam, averaged": {"optimizer": "adam", "average": 15},
    "momentum, scaled": {"optimizer": SGD(0.9), "lr": InvScaling(0.01), "penalty": "l1"},
    "watched": {"tol": 1e-4, "patience": 3, "lr": 0.01},
    "adaptive": {"lr": Adaptive(0.03, tol=1e-2, patience=1)},
    "one-versus-rest": {"loss": "logistic", "tol": 3e-2, "patience": 2, "optimizer": "adagrad"},
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
    assert len(fastsgd.fit(X, y, resume=first, tol=10.0, patience=1).history.loss) == 2
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
    assert len(fastsgd.fit(X, y, resume=first, tol=10.0, patience=1, **options).history.loss) == 2


def test_an_adaptive_rate_that_has_ended_the_fit_begins_anew_as_another():
    X, y = data()
    options = {"epochs": 9, "seed": 0}
    first = fastsgd.fit(X, y, lr=Adaptive(0.01, tol=9.0, patience=1, smallest=0.005), **options)
    assert len(first.history.loss) == 2
    same = Adaptive(0.01, tol=9.0, patience=1, smallest=0.005)
    assert len(fastsgd.fit(X, y, lr=same, resume=first, **options).history.loss) == 2
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
        ({"optimizer": "adam"}, "resume: optimizer: expected SGD, as in the model, got Adam"),
        ({"optimizer": SGD(0.5)}, "resume: momentum"),
        ({"X": np.ones((200, 2))}, "resume: features of X: expected 3, as in the model, got 2"),
        ({"X": np.ones((200, 3), np.float32)}, "resume: dtype of X: expected float64"),
        ({"y": np.ones((200, 2))}, "resume: outputs of y: expected None"),
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


def test_only_a_model_can_be_resumed():
    with pytest.raises(TypeError, match=r"resume: expected a Model or None, got 'model.npz'"):
        fastsgd.fit(*data(), resume="model.npz")


def test_clip_norm_shortens_the_mean_data_gradient_of_w_and_b_together():
    X, y = data()
    penalty = fastsgd.penalties.L2(0.5)
    start = np.array([5.0, -5.0, 5.0]), 3.0
    for batch_size in (10, 200):  # within a chunk, and carried from one to the next
        rows = slice(0, batch_size)
        residual = X[rows] @ start[0] + start[1] - y[rows]
        g = np.append(X[rows].T @ residual, residual.sum()) / batch_size
        for clip_norm in (0.25, 2 * np.linalg.norm(g)):
            clipped = g * min(1.0, clip_norm / np.linalg.norm(g))
            model = fastsgd.fit(
                X[rows],
                y[rows],
                penalty=penalty,
                clip_norm=clip_norm,
                batch_size=batch_size,
                lr=0.1,
                epochs=1,
                init=start,
            )
            w = start[0] - 0.1 * (clipped[:3] + 0.5 * start[0])
            np.testing.assert_allclose(model.w, w, rtol=1e-12)
            np.testing.assert_allclose(model.b, start[1] - 0.1 * clipped[3], rtol=1e-12)


@pytest.mark.parametrize("size", [1e160, 1.5e308])
def test_gradients_whose_squares_overflow_are_shortened_as_well(size):
    # The derivatives are 1: each row is its own gradient.
    model = fastsgd.fit(
        np.array([[3.0, -3.0, 1.0]]) / 3 * size,
        [-1.0],
        loss="absolute",
        clip_norm=0.5,
        lr=1.0,
        epochs=1,
        init=(np.zeros(3), 0.0),
    )
    direction = np.array([3.0, -3.0, 1.0]) / np.sqrt(19)
    np.testing.assert_allclose(model.w, -0.5 * direction, rtol=1e-12)


def test_outputs_of_one_loss_are_clipped_together():
    X, y = data()
    two = np.column_stack([y, 3 * y])
    start = np.ones((3, 2)), np.ones(2)
    g = fastsgd.gradient(X, two, *start, reduction="mean")
    norm = np.sqrt((g.w**2).sum() + (g.b**2).sum())
    model = fastsgd.fit(X, two, clip_norm=0.5, batch_size=300, lr=0.1, epochs=1, init=start)
    np.testing.assert_allclose(model.w, start[0] - 0.1 * g.w * 0.5 / norm, rtol=1e-12)
    np.testing.assert_allclose(model.b, start[1] - 0.1 * g.b * 0.5 / norm, rtol=1e-12)


def test_wrong_clip_norms_are_refused():
    with pytest.raises(ValueError, match="clip_norm: expected a positive, finite number, got 0"):
        fastsgd.fit(*data(), clip_norm=0)


def test_a_log_link_that_overflows_is_a_divergence():
    X, y = np.array([[1.0], [1000.0]]), np.array([1.0, 1.0])
    for loss in ("poisson", losses.Tweedie(1.5)):
        with pytest.raises(fastsgd.DivergenceError):
            fastsgd.fit(X, y, loss=loss, init=([1.0], 0.0), epoch_loss=None)


@pytest.mark.parametrize("loss", ["poisson", "squared", "softmax"])
def test_a_row_of_weight_0_counts_for_nothing_though_its_loss_overflows(loss):
    X, score = data()
    y = np.digitize(score, [-2, 2])
    options = {"loss": loss, "validation": 0.25, "seed": 0, "lr": 1e-3, "epoch_loss": "full"}
    options |= {"init": (np.ones((3, 3)), np.zeros(3)) if loss == "softmax" else (np.ones(3), 0.0)}
    models = []
    for outlier in (1.5e308, 1.0):
        X[:20] = outlier
        models.append(fastsgd.fit(X, y, sample_weight=np.arange(200) >= 20, **options))
    np.testing.assert_array_equal(models[0].w, models[1].w)
    assert models[0].history.loss == models[1].history.loss
    assert models[0].history.validation_loss == models[1].history.validation_loss
    X[0] = 1.5e308
    gradient = fastsgd.gradient(
        X, y, *options["init"], loss=loss, sample_weight=np.arange(200) >= 20
    )
    assert np.isfinite(gradient.w).all()


def test_a_class_that_stops_before_averages_begin_keeps_its_weights():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = np.where(X[:, 0] > 0, 2, np.where(X[:, 1] > 0, 1, 0))
    options = {"loss": "logistic", "tol": 0.004, "patience": 1, "epochs": 40, "seed": 0, "lr": 0.05}
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


def test_an_intercept_that_is_not_learned_does_not_count_for_the_norm():
    options = {"init": ([0.0], 0.0), "fit_intercept": False, "clip_norm": 1.0, "lr": 1.0}
    model = fastsgd.fit([[1.0]], [10.0], epochs=1, **options)
    np.testing.assert_allclose(model.w, [1.0], rtol=1e-12)
