"""Keras callbacks as hyperparameters, alone, in lists and by name."""

import pickle
import sys
import threading

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor

EarlyStopping = keras.callbacks.EarlyStopping
ReduceLROnPlateau = keras.callbacks.ReduceLROnPlateau


def stopper(patience=1):
    """Return a callback that sees no gain: it stops one epoch after its patience began."""
    return EarlyStopping("loss", min_delta=1e9, patience=patience)


def plateau():
    return ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)


class Counter(keras.callbacks.Callback):
    """Counts epochs, over fits if it is shared."""

    def __init__(self, most=3):
        super().__init__()
        self.most = most
        self.seen = 0

    def on_epoch_end(self, epoch, logs=None):
        self.seen += 1
        logs["seen"] = self.seen
        if self.seen >= self.most:
            self.model.stop_training = True


def epochs_of(estimator, X=None, y=None):
    """Score an estimator by how long it was trained."""
    return estimator.n_iter_


@pytest.fixture
def network():
    return KerasDNNClassifier((8,), optimizer="sgd", epochs=9, random_state=0)


# -- forms --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("callbacks", "n_epochs"),
    [
        (None, 9),
        ([], 9),
        ((), 9),
        ({}, 9),
        (stopper(2), 3),
        ([stopper(2)], 3),
        ((stopper(4), stopper(2)), 3),
        ({"late": stopper(4), "soon": stopper(2)}, 3),
        (Counter, 3),
        ([Counter, stopper(1)], 2),
        ({"count": Counter}, 3),
        ({"count": None}, 9),
        ([None, stopper(2)], 3),
    ],
    ids=[
        "none",
        "empty list",
        "empty tuple",
        "empty dict",
        "one",
        "list",
        "tuple",
        "dict",
        "class",
        "class in a list",
        "class in a dict",
        "none in a dict",
        "none in a list",
    ],
)
def test_every_form_is_followed(network, iris, callbacks, n_epochs):
    network.set_params(callbacks=callbacks).fit(*iris)
    assert network.n_iter_ == len(network.history_["loss"]) == n_epochs
    assert clone(network).fit(*iris).n_iter_ == n_epochs


@pytest.mark.parametrize(
    "engine",
    ["fused", pytest.param("keras", marks=pytest.mark.long_form(row="parity", only=True))],
)
def test_callbacks_are_called_in_their_order(network, iris, engine):
    order = []

    def noting(name):
        return keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: order.append(name))

    network.set_params(epochs=1, engine=engine)
    network.set_params(callbacks={"z": noting("z"), "a": noting("a")}).fit(*iris)
    network.set_params(callbacks=[noting("1"), noting("0")]).fit(*iris)
    assert order == ["z", "a", "1", "0"]


@pytest.mark.parametrize(
    ("callbacks", "name"),
    [
        (stopper(5), "callbacks__patience"),
        ([plateau(), stopper(5)], "callbacks__1__patience"),
        ((stopper(5),), "callbacks__0__patience"),
        ({"stop": stopper(5), "slow": plateau()}, "callbacks__stop__patience"),
        (Counter, "callbacks__most"),
        ([Counter], "callbacks__0__most"),
        ({"stop": Counter}, "callbacks__stop__most"),
    ],
    ids=["one", "list", "tuple", "dict", "class", "list of a class", "dict of a class"],
)
def test_settings_are_hyperparameters(network, iris, callbacks, name):
    network.set_params(callbacks=callbacks)
    longest = network.fit(*iris).n_iter_
    network.set_params(**{name: 1}).fit(*iris)
    assert network.n_iter_ == 2 if name.endswith("patience") else 1
    assert network.n_iter_ < longest
    assert network.get_params()[name] == 1


def test_a_class_takes_all_settings_of_its_constructor(network, iris):
    network.set_params(
        callbacks=EarlyStopping,
        callbacks__monitor="loss",
        callbacks__min_delta=1e9,
        callbacks__patience=3,
    )
    assert network.fit(*iris).n_iter_ == 4


def test_a_callback_is_left_out_or_replaced_by_its_name(network, iris):
    network.set_params(callbacks={"stop": stopper(1), "count": Counter(5)})
    assert network.fit(*iris).n_iter_ == 2
    network.set_params(callbacks__stop=None)
    assert network.fit(*iris).n_iter_ == 5
    network.set_params(callbacks__stop=stopper(2))
    assert network.fit(*iris).n_iter_ == 3
    network.set_params(callbacks__stop=Counter, callbacks__stop__most=1)
    assert network.fit(*iris).n_iter_ == 1
    network.set_params(callbacks=[stopper(1), stopper(3)], callbacks__0=None)
    assert network.fit(*iris).n_iter_ == 4
    assert set(network.callbacks) == set(network.get_params()["callbacks"])


# -- in searches --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("callbacks", "name"),
    [
        (stopper(8), "callbacks__patience"),
        ([stopper(8)], "callbacks__0__patience"),
        ({"stop": stopper(8)}, "callbacks__stop__patience"),
    ],
    ids=["one", "list", "dict"],
)
def test_fits_of_a_grid_differ(network, iris, callbacks, name):
    network.set_params(callbacks=callbacks)
    search = GridSearchCV(network, {name: [1, 3, 5]}, scoring=epochs_of, cv=2).fit(*iris)
    for fold in ("split0", "split1"):
        assert search.cv_results_[f"{fold}_test_score"].tolist() == [2, 4, 6]
    assert search.best_estimator_.n_iter_ == 6
    assert search.best_params_ == {name: 5}
    assert f"{name}=5" in repr(search.best_estimator_)


def test_a_grid_chooses_between_callbacks_and_none(network, iris):
    pipeline = make_pipeline(
        StandardScaler(), network.set_params(callbacks={"stop": stopper(8)})
    )
    prefix = "kerasdnnclassifier__callbacks__stop"
    grid = [
        {prefix: [None, stopper(1), Counter(4)]},
        {f"{prefix}__patience": [2]},
        {"kerasdnnclassifier__callbacks": [None, stopper(4)]},
    ]

    def epochs_of_last(pipeline, X, y):
        return pipeline[-1].n_iter_

    search = GridSearchCV(pipeline, grid, scoring=epochs_of_last, cv=2).fit(*iris)
    assert search.cv_results_["mean_test_score"].tolist() == [9, 2, 4, 3, 9, 5]


def test_clones_and_fits_share_no_callback(network, iris):
    given = {"count": Counter(4), "stop": stopper(8)}
    network.set_params(callbacks=given)
    twin = clone(network)
    for name, callback in given.items():
        assert twin.callbacks[name] is not callback
    for _ in range(2):
        assert network.fit(*iris).history_["seen"] == [1, 2, 3, 4]
        assert twin.fit(*iris).history_["seen"] == [1, 2, 3, 4]
    assert network.callbacks is given
    assert given["count"].seen == 0
    assert given["count"].model is None


def test_settings_do_not_change_the_callers_callback(network, iris):
    given = stopper(8)
    network.set_params(callbacks=given, callbacks__patience=1).fit(*iris)
    assert network.n_iter_ == 2
    assert given.patience == 8


def test_a_pickle_keeps_settings(network, iris):
    network.set_params(callbacks={"stop": stopper(8)}, callbacks__stop__patience=1)
    loaded = pickle.loads(pickle.dumps(network))
    assert loaded.get_params()["callbacks__stop__patience"] == 1
    assert loaded.fit(*iris).n_iter_ == 2


# -- get_params, set_params, clone, repr --------------------------------------------------


def test_settings_are_seen_and_cloned_but_not_shared():
    network = KerasDNNClassifier(callbacks={"stop": stopper()})
    network.set_params(callbacks__stop__patience=3, optimizer__beta_1=0.8)
    assert network.get_params()["callbacks__stop__patience"] == 3
    assert "callbacks__stop__patience=3" in repr(network)
    assert "callbacks__stop__patience" in network._repr_html_()
    twin = clone(network)
    assert twin.get_params()["callbacks__stop__patience"] == 3
    assert twin.get_params()["optimizer__beta_1"] == 0.8
    twin.set_params(callbacks__stop__patience=4)
    assert network.get_params()["callbacks__stop__patience"] == 3


def test_new_callbacks_drop_the_settings_of_the_old():
    network = KerasDNNClassifier(callbacks=stopper())
    network.set_params(callbacks__patience=3, optimizer__beta_1=0.8)
    network.set_params(callbacks=stopper())
    assert "callbacks__patience" not in network.get_params()
    assert network.get_params()["optimizer__beta_1"] == 0.8  # another parameter's
    network.set_params(callbacks=stopper(), callbacks__patience=5)
    assert network.get_params()["callbacks__patience"] == 5
    network.set_params(callbacks=network.callbacks, epochs=3)  # nothing is replaced
    assert network.get_params()["callbacks__patience"] == 5
    network.set_params(callbacks=None)
    assert "callbacks__patience" not in network.get_params()


def test_a_new_optimizer_leaves_the_settings_of_callbacks():
    network = KerasDNNClassifier(callbacks=stopper()).set_params(callbacks__patience=3)
    network.set_params(optimizer="sgd")
    assert network.get_params()["callbacks__patience"] == 3


# -- validation rows ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "callback", [EarlyStopping(), EarlyStopping("val_accuracy"), ReduceLROnPlateau()]
)
def test_a_callback_that_needs_validation_rows_is_refused_without(network, iris, callback):
    X, y = iris
    network.set_params(callbacks=[callback], epochs=2)
    message = (
        rf"callback {type(callback).__name__} has monitor='{callback.monitor}', but there are "
        rf"no validation rows: pass X_val and y_val .* or monitor '{callback.monitor[4:]}'"
    )
    with pytest.raises(ValueError, match=message):
        network.fit(X, y)
    assert not network.__sklearn_is_fitted__()
    assert clone(network).fit(X, y, X_val=X, y_val=y).n_iter_ == 2
    assert clone(network).set_params(early_stopping=True).fit(X, y).n_iter_ == 2
    network.set_params(callbacks__0__monitor="loss")
    assert network.fit(X, y).n_iter_ == 2


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_the_accuracy_can_be_monitored(network, iris, engine):
    X, y = iris
    network.set_params(engine=engine, epochs=60, learning_rate=0.5)
    network.set_params(callbacks=EarlyStopping("val_accuracy", patience=3))
    network.fit(X, y, X_val=X, y_val=y)
    accuracies = network.history_["val_accuracy"]
    assert network.n_iter_ == len(accuracies) < 60
    assert np.argmax(accuracies) == len(accuracies) - 4


@pytest.mark.parametrize(
    ("target", "params"),
    [
        (lambda y: y > 0, {}),
        (lambda y: y, {"label_smoothing": 0.1}),
        (lambda y: np.tri(3, dtype=int)[y], {}),
    ],
    ids=["two classes", "label smoothing", "multilabel"],
)
def test_more_accuracy_is_better_for_every_target(network, iris, target, params):
    X, y = iris[0], target(iris[1])
    network.set_params(callbacks=EarlyStopping("val_accuracy", patience=40), **params)
    network.set_params(epochs=60, optimizer="adam", learning_rate=0.02)
    network.fit(X, y, X_val=X, y_val=y)
    accuracies = network.history_["val_accuracy"]
    assert accuracies[-1] > accuracies[0]
    assert np.argmax(accuracies) > 0  # where less were better, it would stop at the first
    assert len(accuracies) == min(60, np.argmax(accuracies) + 41)


def test_the_model_that_callbacks_see_can_be_evaluated(network, iris):
    X, y = iris

    class Evaluates(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            found = self.model.evaluate(X, y, verbose=0, return_dict=True)
            logs |= {f"own_{name}": value for name, value in found.items()}

    history = (
        network.set_params(callbacks=Evaluates(), epochs=2).fit(X, y, X_val=X, y_val=y).history_
    )
    assert history["own_loss"] == pytest.approx(history["val_loss"], rel=1e-5)
    assert history["own_accuracy"] == pytest.approx(history["val_accuracy"])


def test_a_checkpoint_of_every_epoch_needs_no_validation_rows(network, iris, tmp_path):
    checkpoint = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "{epoch}.weights.h5"), save_weights_only=True
    )
    network.set_params(callbacks=checkpoint, epochs=2).fit(*iris)
    assert len(list(tmp_path.iterdir())) == 2
    best = keras.callbacks.ModelCheckpoint(str(tmp_path / "b.keras"), save_best_only=True)
    with pytest.raises(ValueError, match="ModelCheckpoint has monitor='val_loss', but"):
        network.set_params(callbacks=best).fit(*iris)


# -- what is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("callbacks", "label"),
    [
        (int, r"callbacks"),
        (keras.layers.Dense, r"callbacks"),
        (["early"], r"callbacks\[0\]"),
        ([stopper(), keras.optimizers.SGD], r"callbacks\[1\]"),
        ((stopper(), 3), r"callbacks\[1\]"),
        ({"stop": "early"}, r"callbacks\['stop'\]"),
        ([[stopper()]], r"callbacks\[0\]"),
    ],
    ids=["type", "layer", "list", "class in a list", "tuple", "dict", "nested"],
)
def test_what_is_no_callback_is_named(network, iris, callbacks, label):
    network.set_params(callbacks=callbacks)
    message = rf"^{label} must be an instance or a subclass of keras.callbacks.Callback, got"
    with pytest.raises(TypeError, match=message):
        network.fit(*iris)
    assert not network.__sklearn_is_fitted__()


@pytest.mark.parametrize("callbacks", ["early", 3, 1.5])
def test_values_of_another_kind_are_refused(network, iris, callbacks):
    with pytest.raises(ValueError, match="The 'callbacks' parameter of KerasDNNClassifier"):
        network.set_params(callbacks=callbacks).fit(*iris)


@pytest.mark.parametrize(
    ("callbacks", "name", "message"),
    [
        (None, "patience", "callbacks__patience names no callback: callbacks has none"),
        ([stopper()], "1__patience", r"callbacks__1__patience names .* has \['0'\]"),
        ([stopper()], "patience", r"callbacks__patience names no callback: .* \['0'\]"),
        ({"stop": stopper()}, "halt", r"callbacks__halt names no callback: .* \['stop'\]"),
        ({"stop": stopper()}, "halt__patience", r"callbacks__halt__patience names no"),
        (stopper(), "patienze", r"callbacks: EarlyStopping has no setting 'patienze'"),
        ([stopper()], "0__wait", r"callbacks\[0\]: EarlyStopping has no setting 'wait'.*'pat"),
        ({"stop": stopper()}, "stop__x", r"callbacks\['stop'\]: EarlyStopping has no setting"),
        (EarlyStopping, "patienze", "callbacks: EarlyStopping can't be made: .*patienze"),
        ([Counter], "0__least", r"callbacks\[0\]: Counter can't be made: .*least"),
    ],
)
def test_unknown_names_and_settings_are_named(network, iris, callbacks, name, message):
    network.set_params(callbacks=callbacks, **{f"callbacks__{name}": 2})
    with pytest.raises(ValueError, match=message):
        network.fit(*iris)
    assert not network.__sklearn_is_fitted__()


@pytest.mark.parametrize(
    ("callbacks", "params", "message"),
    [
        (
            {"stop": stopper()},
            {"callbacks__stop": None, "callbacks__stop__patience": 1},
            "^callbacks__stop=None leaves out the callback that callbacks__stop__patience=1 is",
        ),
        (
            [stopper()],
            {"callbacks__0": None, "callbacks__0__patience": 1, "callbacks__0__verbose": 1},
            "^callbacks__0=None .* callbacks__0__patience=1, callbacks__0__verbose=1 is for",
        ),
        (
            {"stop": None},
            {"callbacks__stop__patience": 1},
            r"^callbacks\['stop'\]=None leaves out .* callbacks__stop__patience=1 is for",
        ),
        (
            {"stop": stopper()},
            {"callbacks__stop": Counter(), "callbacks__stop__patience": 1},
            r"callbacks\['stop'\]: Counter has no setting 'patience'",
        ),
        ([stopper()], {"callbacks__-1__patience": 1}, "callbacks__-1__patience names no"),
        (
            stopper(),
            {"callbacks__0__patience": 1},
            "EarlyStopping has no setting '0__patience'",
        ),
        ({1: stopper(), "1": None}, {}, "callbacks must have names that differ as text"),
    ],
)
def test_settings_that_belong_to_no_callback_are_named(
    network, iris, callbacks, params, message
):
    network.set_params(callbacks=callbacks).set_params(**params)
    with pytest.raises(ValueError, match=message):
        network.fit(*iris)


def test_a_setting_for_a_callback_that_was_left_out_before_is_refused(network, iris):
    network.set_params(callbacks={"stop": stopper()}).set_params(callbacks__stop=None)
    with pytest.raises(ValueError, match="callbacks__stop=None leaves out the callback that"):
        network.set_params(callbacks__stop__patience=1).fit(*iris)


def test_a_replaced_callback_takes_its_settings_with_it(network, iris):
    network.set_params(callbacks={"stop": stopper(), "slow": plateau()})
    network.set_params(callbacks__stop__patience=1, callbacks__slow__patience=5)
    network.set_params(callbacks__stop=stopper(3))
    assert "callbacks__stop__patience" not in network.get_params()
    assert network.get_params()["callbacks__slow__patience"] == 5
    assert network.fit(*iris).n_iter_ == 4
    network.set_params(callbacks__stop__patience=1)
    assert clone(network).set_params(**network.get_params()).fit(*iris).n_iter_ == 2


def test_a_setting_is_taken_as_the_constructor_takes_it(network, iris, tmp_path):
    """It may refuse a value, or keep what follows from it."""
    callbacks = keras.callbacks
    network.set_params(callbacks=plateau(), callbacks__factor=2.0)
    with pytest.raises(ValueError, match=r"ReduceLROnPlateau can't have factor=2.0: .* >= 1.0"):
        network.fit(*iris)
    backup = callbacks.BackupAndRestore(tmp_path / "a", delete_checkpoint=False)
    network.set_params(callbacks=backup, callbacks__backup_dir=str(tmp_path / "b"), epochs=1)
    network.fit(*iris)
    assert (tmp_path / "b" / "latest.weights.h5").exists()
    assert not (tmp_path / "a").exists()
    network.set_params(callbacks=EarlyStopping("loss", patience=1), epochs=9)
    assert network.set_params(callbacks__min_delta=-1e9).fit(*iris).n_iter_ == 2


# -- copies -------------------------------------------------------------------------------


class Holder(keras.callbacks.Callback):
    """Holds what can't be copied."""

    def __init__(self, held=threading.Lock):
        super().__init__()
        self.held = held()

    def on_epoch_end(self, epoch, logs=None):
        logs["held"] = 1


@pytest.mark.parametrize(
    "held",
    [threading.Lock, lambda: (n for n in ()), lambda: sys.stdout],
    ids=["lock", "generator", "stream"],
)
def test_a_callback_that_cannot_be_copied_is_named(network, iris, held):
    for callbacks, label in (
        (Holder(held), "callbacks"),
        ([stopper(), Holder(held)], r"callbacks\[1\]"),
        ({"hold": Holder(held)}, r"callbacks\['hold'\]"),
    ):
        network.set_params(callbacks=callbacks)
        message = (
            rf"^{label}: each fit works on a copy, and this Holder can't .*class Holder in"
        )
        with pytest.raises(TypeError, match=message):
            network.fit(*iris)
        with pytest.raises(TypeError, match=message):
            clone(network)
    network.set_params(callbacks=Holder, epochs=2)
    assert clone(network).fit(*iris).history_["held"] == [1, 1]


def test_a_callback_used_in_keras_before_is_taken_without_its_model(network, iris):
    stop = stopper()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, lambda x: x)])
    stop.set_model(model)
    assert network.set_params(callbacks=stop).fit(*iris).n_iter_ == 2
    assert stop.model is model


def test_a_callback_may_hold_what_keras_could_not_make_anew(network, iris):
    class Rate(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5**step

        def get_config(self):
            raise NotImplementedError

    class Scheduled(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.rate = Rate()

        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = float(self.rate(epoch))

        def on_epoch_end(self, epoch, logs=None):
            logs["rate"] = float(self.model.optimizer.learning_rate)

    network.set_params(callbacks=Scheduled(), epochs=3)
    assert clone(network).fit(*iris).history_["rate"] == [1, 0.5, 0.25]


def test_partial_fit_is_told_what_helps_there(network, iris):
    network.set_params(callbacks=EarlyStopping())
    message = "no validation rows: partial_fit takes none; set callbacks=None or monitor 'loss'"
    with pytest.raises(ValueError, match=message):
        network.partial_fit(*iris, classes=[0, 1, 2])
    network.set_params(callbacks__monitor="loss")
    assert network.partial_fit(*iris, classes=[0, 1, 2]).n_iter_ == 1


def test_every_fold_begins_at_the_learning_rate_that_was_set(network, iris):
    """As in MIScnn pull request 71: what one fold reduced was the next one's."""
    network.set_params(callbacks=plateau(), learning_rate=0.5, epochs=3)
    folds = cross_validate(network, *iris, cv=2, return_estimator=True)["estimator"]
    assert [fold.history_["learning_rate"] for fold in folds] == [[0.5, 0.5, 0.25]] * 2


# -- what there is to watch (keras issues 13689, 17593 and 18798) -------------------------


@pytest.mark.parametrize(
    ("monitor", "meant"),
    [
        ("val_acc", "did you mean 'val_accuracy'"),
        ("acc", "did you mean 'accuracy'"),
        ("val_binary_accuracy", "did you mean 'val_accuracy'"),
        ("val_los", "did you mean 'val_loss'"),
        ("val_mae", "early_stopping=True watches any score"),
        ("val_auc", "early_stopping=True watches any score"),
    ],
)
@pytest.mark.parametrize("mode", ["auto", "max"])
def test_a_metric_that_there_is_not_is_refused(network, iris, monitor, meant, mode):
    X, y = iris
    message = (
        rf"callback EarlyStopping has monitor='{monitor}', but the metrics are \['loss', "
        rf"'accuracy', 'val_loss', 'val_accuracy'\]; {meant}"
    )
    network.set_params(callbacks=EarlyStopping(monitor, mode=mode))
    with pytest.raises(ValueError, match=message):
        network.fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match=message):
        network.partial_fit(X, y, classes=[0, 1, 2])


@pytest.mark.parametrize(
    ("callback", "meant"),
    [
        (EarlyStopping("val_mae"), "did you mean 'val_mean_absolute_error'"),
        (ReduceLROnPlateau("accuracy"), "early_stopping=True watches"),
        (
            keras.callbacks.ModelCheckpoint("best.keras", "mae", save_best_only=True),
            "did you mean 'mean_absolute_error'",
        ),
    ],
)
def test_the_metric_of_numbers_is_another(iris, callback, meant):
    X, y = iris
    network = KerasDNNRegressor((8,), epochs=1, callbacks=callback)
    with pytest.raises(ValueError, match=rf"'val_mean_absolute_error'\]; {meant}"):
        network.fit(X, y, X_val=X, y_val=y)


def test_metrics_that_callbacks_put_into_the_logs_can_be_watched(network, iris):
    class OwnMonitor(EarlyStopping):
        def get_monitor_value(self, logs):
            return 1.0

    watching = EarlyStopping("f1", mode="max", patience=1)
    score = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: logs.update(f1=0.5))
    steady = keras.callbacks.LearningRateScheduler(lambda _, rate: rate)
    for callbacks in (
        [score, watching],
        [steady, EarlyStopping("learning_rate", mode="min", patience=1)],
        [OwnMonitor("f1", mode="max", patience=1)],
    ):
        assert clone(network).set_params(callbacks=callbacks, epochs=5).fit(*iris).n_iter_ == 2
    with pytest.raises(ValueError, match="EarlyStopping has monitor='f1', but the metrics are"):
        network.set_params(callbacks=[watching, score]).fit(*iris)
