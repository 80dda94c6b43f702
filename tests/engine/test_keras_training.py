"""Keras's own trainer as the second engine."""

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skdnn import KerasDNNClassifier
from skdnn._engine.randomness import epoch_permutation
from skdnn.network.architecture import Architecture
from skdnn.network.outputs import output_of_classes


@pytest.fixture
def classifier():
    return KerasDNNClassifier((8,), epochs=3, batch_size=16, random_state=0)


def both(classifier, X, y, **fit):
    return [
        clone(classifier).set_params(engine=engine).fit(X, y, **fit)
        for engine in ("fused", "keras")
    ]


@pytest.mark.parametrize(
    ("labels", "weighted"),
    [
        *((3, True), (2, False)),
        *(
            pytest.param(*case, marks=pytest.mark.long_form(row="parity", only=True))
            for case in ((3, False), (2, True))
        ),
    ],
)
def test_the_engines_train_alike(classifier, iris, weighted, labels):
    X, y = iris[0], iris[1] % labels
    weight = np.random.default_rng(0).integers(0, 3, 150) if weighted else None
    classifier.set_params(class_weight="balanced" if weighted else None)
    fused, by_keras = both(classifier, X, y, sample_weight=weight, X_val=X[:40], y_val=y[:40])
    assert list(fused.history_) == list(by_keras.history_)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(fused.history_[name], by_keras.history_[name], rtol=1e-4)
    for name in ("accuracy", "val_accuracy"):
        np.testing.assert_allclose(fused.history_[name], by_keras.history_[name], atol=0.02)
    np.testing.assert_allclose(fused.predict_proba(X), by_keras.predict_proba(X), atol=1e-4)


def test_going_on_across_engines(classifier, iris):
    one = clone(classifier).set_params(epochs=4).fit(*iris)
    two = clone(classifier).set_params(epochs=2, warm_start=True).fit(*iris)
    two.set_params(engine="keras").fit(*iris)
    assert two.n_iter_ == 4
    np.testing.assert_allclose(two.history_["loss"], one.history_["loss"], rtol=1e-4)
    two.set_params(engine="fused", learning_rate=0.01).partial_fit(*iris)
    assert two.n_iter_ == 5
    assert float(two.model_.optimizer.learning_rate.numpy()) == pytest.approx(0.01)


def own_loop(optimizer, classifier, X, y, epochs):
    """A Keras user's own loop over the estimator's order of rows."""
    seed = clone(classifier).set_params(epochs=1).fit(X, y)._fitted_state["seed"]
    model = Architecture.from_parameters((4,), output_of_classes(3), (8,), "relu").build(seed)
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(optimizer, loss, run_eagerly=True)  # few steps: tracing would take longer
    # Keras 3.15 builds an optimizer symbolically where the user has not, and then loses that
    # ScheduleFreeAdamW starts from the weights.
    optimizer.build(model.trainable_variables)
    for epoch in range(epochs):
        order = epoch_permutation(np.arange(len(y)), seed, epoch)
        for start in range(0, len(y), 32):
            taken = order[start : start + 32]
            model.train_on_batch(X[taken].astype(np.float32), y[taken])
    optimizer.finalize_variable_values(model.trainable_weights)
    return model.get_weights()


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8),
        lambda: keras.optimizers.SGD(0.1, gradient_accumulation_steps=3),
        lambda: keras.optimizers.Adam(0.01, loss_scale_factor=2.0),
        lambda: keras.optimizers.ScheduleFreeAdamW(0.01),
    ],
    ids=["use_ema", "gradient_accumulation", "loss_scale", "schedule_free"],
)
def test_what_cannot_be_fused_goes_to_keras_by_itself(optimizer, classifier, iris, capsys):
    X, y = iris
    classifier.set_params(epochs=2, batch_size=32)
    auto = clone(classifier).set_params(optimizer=optimizer(), verbose=1).fit(X, y)
    assert capsys.readouterr().out.startswith("engine: keras (optimizer ")
    for a, b in zip(
        auto._fitted_state["weights"], own_loop(optimizer(), classifier, X, y, 2), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-4)
    with pytest.raises(ValueError, match="engine='fused' can't be used: optimizer"):
        auto.set_params(engine="fused").fit(X, y)
    assert auto.n_iter_ == 2


def test_an_optimizer_of_ones_own_trains(classifier, iris):
    @keras.saving.register_keras_serializable("test")
    class Mine(keras.optimizers.SGD):
        pass

    mine = clone(classifier).set_params(optimizer=Mine, learning_rate=0.1).fit(*iris)
    sgd = clone(classifier).set_params(optimizer="sgd", learning_rate=0.1).fit(*iris)
    np.testing.assert_allclose(mine.history_["loss"], sgd.history_["loss"], rtol=1e-4)


def test_huge_steps_are_an_error_here_too(classifier, iris):
    classifier.set_params(
        engine="keras", optimizer="sgd", learning_rate=1e30, activation="linear"
    )
    with pytest.raises(ValueError, match=r"loss became nan .*learning_rate=1e\+30"):
        classifier.fit(*iris)


@pytest.mark.full_data
@pytest.mark.long_form(row="parity")
def test_curves_of_both_engines_agree_on_fashion_mnist(fashion_mnist, count):
    n = count(1_500, 4_000)
    X = fashion_mnist.images[:n].reshape(-1, 784) / np.float32(255)
    y = fashion_mnist.target[:n]
    fused, by_keras = (
        KerasDNNClassifier(epochs=5, random_state=0, engine=engine).fit(X, y).history_
        for engine in ("fused", "keras")
    )
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(fused[name], by_keras[name], rtol=0, atol=0.005)
