"""Keras callbacks around both engines."""

import csv

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skdnn import KerasDNNClassifier

C = keras.callbacks


@pytest.fixture
def classifier():
    return KerasDNNClassifier((8,), optimizer="sgd", epochs=6, random_state=0)


@pytest.fixture
def train(iris):
    """Fit with validation rows; returns the fitted clone."""
    X, y = iris

    def fit(classifier, **params):
        fold = np.arange(150) % 3 > 0
        classifier = clone(classifier).set_params(**params)
        return classifier.fit(X[fold], y[fold], X_val=X[~fold], y_val=y[~fold])

    return fit


@pytest.fixture(params=["fused", "keras"])
def engine(request):
    return request.param


def test_early_stopping_restores_the_best_weights(classifier, train, engine, iris):
    stop = C.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    fitted = train(classifier, engine=engine, callbacks=stop, epochs=200, learning_rate=3.0)
    losses = fitted.history_["val_loss"]
    assert fitted.n_iter_ == len(losses) < 200
    assert int(np.argmin(losses)) == len(losses) - 3
    fold = np.arange(150) % 3 == 0
    proba = fitted.predict_proba(iris[0][fold])
    loss = -np.log(proba[np.arange(50), iris[1][fold]]).mean()
    assert loss == pytest.approx(min(losses), rel=1e-4)
    assert not hasattr(stop, "best_weights") or stop.best_weights is None  # a copy was used


def test_hooks_get_what_keras_gives_them(classifier, train, engine):
    """Functions of two arguments, as Keras documents for LambdaCallback."""
    told = []
    fitted = train(
        classifier,
        engine=engine,
        epochs=2,
        callbacks=C.LambdaCallback(
            on_train_begin=lambda logs: told.append(("train begins", dict(logs))),
            on_epoch_begin=lambda epoch, logs: told.append((f"{epoch} begins", dict(logs))),
            on_epoch_end=lambda epoch, logs: told.append((f"{epoch} ends", dict(logs))),
            on_train_end=lambda logs: told.append(("train ends", dict(logs))),
        ),
    )
    first, last = ({k: v[n] for k, v in fitted.history_.items()} for n in (0, 1))
    assert told == [
        *(("train begins", {}), ("0 begins", {}), ("0 ends", first)),
        *(("1 begins", {}), ("1 ends", last), ("train ends", last)),
    ]


def test_a_scheduler_sets_the_learning_rate(classifier, train, engine):
    scheduler = C.LearningRateScheduler(lambda epoch, rate: 0.1 if epoch < 2 else 1e-9)
    fitted = train(classifier, engine=engine, callbacks=[scheduler])
    assert fitted.history_["learning_rate"] == pytest.approx([0.1, 0.1] + [1e-9] * 4)
    assert fitted.history_["val_loss"][2:] == pytest.approx(
        [fitted.history_["val_loss"][1]] * 4
    )
    assert fitted.history_["val_loss"][1] < fitted.history_["val_loss"][0]


def test_the_learning_rate_falls_on_a_plateau(classifier, train, engine):
    plateau = C.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100)
    fitted = train(classifier, engine=engine, callbacks=[plateau])
    rates = fitted.history_["learning_rate"]
    assert rates[-1] < rates[0] / 4


def test_files_are_written(classifier, train, engine, tmp_path, iris):
    fitted = train(
        classifier,
        engine=engine,
        callbacks=[
            C.ModelCheckpoint(str(tmp_path / "{epoch}.weights.h5"), save_weights_only=True),
            C.CSVLogger(str(tmp_path / "log.csv")),
            C.TensorBoard(str(tmp_path / "board"), write_graph=False),
        ],
    )
    assert len(list(tmp_path.glob("*.weights.h5"))) == 6
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [float(row["loss"]) for row in rows] == pytest.approx(fitted.history_["loss"])
    assert list((tmp_path / "board").rglob("events*"))
    model = fitted.model_
    model.load_weights(tmp_path / "6.weights.h5")
    np.testing.assert_allclose(
        model.predict(iris[0], verbose=0), fitted.predict_proba(iris[0]), atol=1e-6
    )


def test_hooks_are_called_in_order_with_a_live_model(classifier, train, engine):
    calls, norms = [], []

    class Watch(C.Callback):
        def on_train_begin(self, logs=None):
            calls.append("begin")

        def on_epoch_begin(self, epoch, logs=None):
            calls.append(epoch)

        def on_epoch_end(self, epoch, logs=None):
            norms.append(float(np.abs(self.model.get_weights()[0]).sum()))
            calls.append(sorted(logs))

        def on_train_end(self, logs=None):
            calls.append("end")

    train(classifier, engine=engine, callbacks=[Watch()], epochs=2)
    logs = ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert calls == ["begin", 0, logs, 1, logs, "end"]
    assert norms[0] != norms[1]


@pytest.mark.parametrize(
    ("callback", "engine"),
    [
        (lambda: C.EarlyStopping(), "fused"),
        (lambda: C.ModelCheckpoint("x.keras"), "fused"),
        (lambda: C.ModelCheckpoint("x.keras", save_freq=10), "keras"),
        (lambda: C.TensorBoard("x"), "fused"),
        (lambda: C.TensorBoard("x", update_freq="batch"), "keras"),
        (lambda: C.TensorBoard("x", profile_batch=2), "keras"),
        (lambda: C.TerminateOnNaN(), "fused"),
        (lambda: C.LambdaCallback(on_epoch_end=lambda *_: None), "fused"),
        (lambda: C.LambdaCallback(on_train_batch_end=lambda *_: None), "keras"),
    ],
    ids=range(9),
)
def test_auto_takes_keras_only_for_callbacks_that_need_batches(callback, engine):
    from skdnn._engine.choice import choose_engine

    assert choose_engine("auto", keras.optimizers.SGD(), [callback()])[0] == engine


def test_batches_are_seen_by_those_that_need_them(classifier, train, capsys):
    seen = []
    watch = C.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    train(classifier, callbacks=[watch], epochs=2, verbose=1)
    assert seen == [0, 1, 2, 3] * 2  # 100 rows in batches of 32
    out = capsys.readouterr().out
    assert "engine: keras (callback LambdaCallback has on_train_batch_end" in out
    with pytest.raises(ValueError, match="engine='fused' can't be used: callback Lambda"):
        train(classifier, callbacks=[watch], engine="fused")


def test_a_clone_and_a_search_share_no_callback(classifier, iris):
    from sklearn.model_selection import GridSearchCV

    stop = C.EarlyStopping("loss", patience=0, min_delta=10)
    search = GridSearchCV(
        classifier.set_params(callbacks=[stop]), {"epochs": [5, 9]}, cv=2, error_score="raise"
    ).fit(*iris)
    assert search.best_estimator_.n_iter_ == 2  # stopped once it saw no gain, in each fit
    assert clone(classifier).callbacks[0] is not stop


def test_validation_rows_are_checked(classifier, iris):
    X, y = iris
    for given, message in (
        ({"X_val": X}, "must be given together, got y_val=None"),
        ({"y_val": y}, "must be given together, got X_val=None"),
        ({"sample_weight_val": y}, "must be given with X_val and y_val"),
        ({"X_val": X[:, :2], "y_val": y}, "in X_val, .*: X has 2 features, but"),
        ({"X_val": X, "y_val": y + 1}, r"in X_val, .*: y has labels \[3\] that are not in"),
    ):
        with pytest.raises(ValueError, match=message):
            classifier.fit(X, y, **given)
        assert not classifier.__sklearn_is_fitted__()


def test_validation_weights(classifier, iris):
    X, y = iris
    weight = (y < 2).astype(float)
    weighted = clone(classifier).fit(X, y, X_val=X, y_val=y, sample_weight_val=weight)
    removed = clone(classifier).fit(X, y, X_val=X[y < 2], y_val=y[y < 2])
    assert weighted.history_["val_loss"] == pytest.approx(removed.history_["val_loss"])
    assert weighted.history_["val_accuracy"] == pytest.approx(removed.history_["val_accuracy"])


def test_validation_is_routed_and_transformed_by_a_pipeline(classifier, iris):
    import sklearn
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = iris[0] * 100 + 7, iris[1]
    with sklearn.config_context(enable_metadata_routing=True):
        classifier.set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("dnn", classifier)], transform_input=["X_val"]
        )
        pipeline.fit(X, y, X_val=X, y_val=y)
    direct = clone(classifier).fit(StandardScaler().fit_transform(X), y, X_val=iris[0], y_val=y)
    assert pipeline[-1].history_["val_loss"] == pytest.approx(
        direct.history_["val_loss"], rel=1e-4
    )
