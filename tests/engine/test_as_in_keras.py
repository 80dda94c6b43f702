"""Callbacks in both engines against plain Keras: each hook, each callback that Keras ships."""

import functools
import inspect
import itertools
import pickle
import warnings

import keras
import numpy as np
import pytest

from skdnn import KerasDNNClassifier

C = keras.callbacks

HOOKS = sorted(name for name in vars(C.Callback) if name.startswith("on_"))


ENGINES = ("auto", "keras")


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def start(iris):
    """Return the weights that fits of the module start from."""
    seen = []
    _network(epochs=1, callbacks=_Start(seen)).fit(*iris)
    return seen[0]


@pytest.fixture(scope="module")
def untouched(iris):
    """Return the losses of a fit without callbacks."""
    return by_network(iris, None, validation=False).history_["loss"]


class _Start(C.Callback):
    def __init__(self, seen):
        super().__init__()
        self.see = lambda weights: seen.append(weights)

    def on_train_begin(self, logs=None):
        self.see(self.model.get_weights())


def _network(**params):
    params = {"optimizer": keras.optimizers.SGD(0.05, momentum=0.5), "epochs": 3, **params}
    # As many rows as there are make the order of no account.
    return KerasDNNClassifier((8,), **{"batch_size": 150, "random_state": 0, **params})


def keras_model(optimizer=None):
    """Build in plain Keras what `_network` describes."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, "relu", name="hidden_1"),
            keras.layers.Dense(3, "softmax", name="output"),
        ],
        name="dnn",
    )
    model.compile(
        optimizer or keras.optimizers.SGD(0.05, momentum=0.5),
        keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


def trained(model, X, y, callbacks, *, validation=True, **fit):
    """Train in plain Keras as `_network` is trained."""
    fit = {"epochs": 3, "batch_size": 150, "shuffle": False, "verbose": 0, **fit}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's own
        if validation:
            fit["validation_data"] = (X, y)
        history = model.fit(X, y, callbacks=callbacks, **fit).history
    return model, history


def by_keras(start, X, y, callbacks, *, optimizer=None, **fit):
    """Train a model of plain Keras that callbacks may change."""
    model = keras_model(optimizer)
    model.set_weights(start)
    return trained(model, X, y, callbacks, **fit)


@pytest.fixture(scope="module")
def by_one_model(iris, start):
    """Train in plain Keras one model after the other, for callbacks that leave it as it is.

    It is one that was compiled once, put back to where all start.
    """
    model = keras_model()
    model.optimizer.build(model.trainable_variables)
    first = [variable.numpy() for variable in model.optimizer.variables]

    def train(callbacks, **fit):
        model.set_weights(start)
        for variable, value in zip(model.optimizer.variables, first, strict=True):
            variable.assign(value)
        model.stop_training = False
        return trained(model, *iris, callbacks, **fit)

    return train


def by_network(iris, callbacks, *, validation=True, **params):
    X, y = iris
    given = {"X_val": X, "y_val": y} if validation else {}
    return _network(callbacks=callbacks, **params).fit(X, y, **given)


def assert_same(fitted, model, history):
    assert sorted(fitted.history_) == sorted(history)
    for name, values in history.items():
        np.testing.assert_allclose(fitted.history_[name], values, rtol=1e-4, atol=1e-5)
    for ours, keras_own in zip(
        fitted._fitted_state["weights"], model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, keras_own, atol=1e-5)


# -- hooks --------------------------------------------------------------------------------


def noting(hooks, told):
    """Return a callback with those hooks; `told` gets what each is called with."""

    def make(hook):
        def note(self, *args, logs=None):
            *number, logs = (*args, logs) if hook.count("batch") else args
            model = self.model
            seen = (
                sorted(self.params.items()),
                int(model.optimizer.iterations),
                round(float(model.optimizer.learning_rate), 6),
                model.stop_training,
                sorted(model.history.history),
                list(getattr(model.history, "epoch", [])),
            )
            told.append((hook, number, sorted(logs), [type(v) for v in logs.values()], seen))

        return note

    return type("Noting", (C.Callback,), {hook: make(hook) for hook in hooks})()


@pytest.fixture(scope="module")
def noted_in_keras(by_one_model):
    """Train in plain Keras with all hooks, once with and once without validation."""

    @functools.cache
    def train(validation):
        told = []
        by_one_model([noting(HOOKS, told)], validation=validation, epochs=2, batch_size=64)
        return told

    return train


HOOKS_OF = {
    "epochs": [name for name in HOOKS if "batch" not in name],
    "batches": [name for name in HOOKS if "test_batch" not in name],
    "all": HOOKS,
    "test batches": ["on_test_batch_end"],
}


# For single batches "auto" takes Keras's engine.
QUICK_HOOKS = {
    *(("auto", "epochs", True), ("auto", "epochs", False), ("keras", "epochs", True)),
    *(("auto", "all", True), ("auto", "all", False), ("auto", "test batches", True)),
}


@pytest.mark.parametrize(
    ("engine", "hooks", "validation"),
    [
        pytest.param(
            *case,
            marks=pytest.mark.long_form(row="parity", only=case not in QUICK_HOOKS),
            id=f"{case[0]}-{case[1]}-{'validated' if case[2] else 'not validated'}",
        )
        for case in itertools.product(ENGINES, HOOKS_OF, (True, False))
    ],
)
def test_hooks_are_called_as_in_keras(iris, noted_in_keras, engine, hooks, validation):
    """In the same order, with the same logs, parameters and state of the model."""
    hooks = HOOKS_OF[hooks]
    told = []
    by_network(
        iris,
        [noting(hooks, told)],
        validation=validation,
        engine=engine,
        epochs=2,
        batch_size=64,
        verbose=0,
    )
    assert told == [call for call in noted_in_keras(validation) if call[0] in hooks]
    assert told or not validation


def test_params_tell_how_verbose_the_fit_is(iris, capsys):
    told = []

    class Params(C.Callback):
        def set_params(self, params):
            super().set_params(params)
            told.append(params)

    for verbose in (True, 7):
        by_network(iris, Params, epochs=2, verbose=verbose)
    assert [(params["verbose"], params["steps"]) for params in told] == [(1, 1), (2, 1)]
    capsys.readouterr()


def stopping(hook, told):
    """Return a callback that stops in a hook, and one that notes how the fit ends."""

    def stop(self, *args):
        self.model.stop_training = True

    return [type("Stop", (C.Callback,), {hook: stop})(), noting(["on_train_end"], told)]


@pytest.fixture(scope="module")
def stopped_in_keras(by_one_model):
    """Return how a fit in plain Keras ends, once for each hook that stops it."""

    @functools.cache
    def train(hook):
        told = []
        by_one_model(stopping(hook, told), batch_size=64)
        return told

    return train


STOPS = {
    **dict.fromkeys(("on_train_begin", "on_epoch_begin", "on_test_begin"), 1),
    **{"on_test_end": 1, "on_epoch_end": 1, "on_train_end": 3},
}


@pytest.mark.parametrize(
    ("engine", "hook"),
    [
        pytest.param(
            *(engine, hook),
            marks=pytest.mark.long_form(
                row="parity",
                only=engine == "keras" and hook not in ("on_train_begin", "on_epoch_end"),
            ),
        )
        for engine in ENGINES
        for hook in STOPS
    ],
)
def test_a_callback_stops_when_keras_stops(iris, stopped_in_keras, engine, hook):
    """Before an epoch's first batch, it stops after that batch."""
    told = []
    fitted = by_network(iris, stopping(hook, told), engine=engine, batch_size=64)
    assert fitted.n_iter_ == STOPS[hook]
    assert told == stopped_in_keras(hook)


# -- callbacks that Keras ships -----------------------------------------------------------

SHIPPED = {
    "BackupAndRestore": lambda to: C.BackupAndRestore(to / "backup"),
    "BackupAndRestore by batches": lambda to: C.BackupAndRestore(to / "backup", save_freq=1),
    "CSVLogger": lambda to: C.CSVLogger(to / "log.csv"),
    "EarlyStopping": lambda to: C.EarlyStopping("val_loss", restore_best_weights=True),
    "EarlyStopping that stops": lambda to: C.EarlyStopping(
        "loss", min_delta=9, patience=1, restore_best_weights=True
    ),
    "LambdaCallback": lambda to: C.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(twice=2 * epoch)
    ),
    "LearningRateScheduler": lambda to: C.LearningRateScheduler(lambda epoch, rate: rate / 2),
    "ModelCheckpoint": lambda to: C.ModelCheckpoint(to / "{epoch}.keras"),
    "ModelCheckpoint of weights": lambda to: C.ModelCheckpoint(
        to / "{epoch}-{val_loss:.2f}.weights.h5", save_weights_only=True, save_best_only=True
    ),
    "ModelCheckpoint by batches": lambda to: C.ModelCheckpoint(
        to / "{epoch}.keras", save_freq=2
    ),
    "ProgbarLogger": lambda to: C.ProgbarLogger(),
    "ReduceLROnPlateau": lambda to: C.ReduceLROnPlateau("loss", min_delta=9, patience=1),
    "TensorBoard": lambda to: C.TensorBoard(to / "board", histogram_freq=1, write_images=True),
    "TensorBoard by batches": lambda to: C.TensorBoard(to / "board", update_freq="batch"),
    "TerminateOnNaN": lambda to: C.TerminateOnNaN(),
    "History": lambda to: C.History(),  # the last: what the others put into the logs is in it
}


def test_no_callback_that_keras_ships_is_left_out():
    own = {name.partition(" ")[0] for name in SHIPPED}
    shipped = {name for name, value in vars(C).items() if inspect.isclass(value)}
    # Base classes; one that needs a package; two that have tests of their own.
    assert shipped - own == {
        *("Callback", "CallbackList"),
        *("OrbaxCheckpoint", "RemoteMonitor", "SwapEMAWeights"),
    }


def _written(directory):
    """Return the files below a directory, and the tags of what TensorBoard has."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    files = {path.relative_to(directory) for path in directory.rglob("*") if path.is_file()}
    boards = {path.parent for path in files if "tfevents" in path.name}
    tags = {}
    for board in boards:
        found = EventAccumulator(str(directory / board)).Reload().Tags()
        tags[str(board)] = {kind: sorted(each) for kind, each in found.items() if each}
    return {path for path in files if "tfevents" not in path.name}, tags


# Those that want single batches, for which "auto" takes Keras's engine; those that stop a fit
# or set its rate; those that look on and share a fit.
BY_BATCHES = tuple(name for name in SHIPPED if name.endswith("batches") or "Progbar" in name)
STEERING = ("EarlyStopping that stops", "LearningRateScheduler", "ReduceLROnPlateau")
LOOKING_ON = tuple(name for name in SHIPPED if name not in BY_BATCHES + STEERING)
QUICK_SHIPPED = (
    *(("auto", names) for names in (BY_BATCHES, LOOKING_ON, *((name,) for name in STEERING))),
    ("keras", ("EarlyStopping that stops",)),
    ("keras", ("ReduceLROnPlateau",)),
)


@pytest.mark.parametrize(
    ("engine", "names"),
    [
        pytest.param(
            *case,
            marks=pytest.mark.long_form(row="parity", only=case not in QUICK_SHIPPED),
            id=f"{case[0]}-{' and '.join(case[1])}",
        )
        for case in dict.fromkeys(
            (*QUICK_SHIPPED, *((engine, (name,)) for engine in ENGINES for name in SHIPPED))
        )
    ],
)
@pytest.mark.filterwarnings("error")  # without the exception that pyproject.toml makes
def test_callbacks_that_keras_ships_do_what_they_do_in_keras(
    iris, by_one_model, engine, names, tmp_path
):
    ours, keras_own = tmp_path / "ours", tmp_path / "keras"
    for directory, name in itertools.product((ours, keras_own), names):
        (directory / name).mkdir(parents=True)
    fitted = by_network(iris, [SHIPPED[name](ours / name) for name in names], engine=engine)
    model, history = by_one_model([SHIPPED[name](keras_own / name) for name in names])
    assert_same(fitted, model, history)
    assert _written(ours) == _written(keras_own)


@pytest.mark.parametrize(
    "on_epoch",
    [pytest.param(False, marks=pytest.mark.long_form(row="parity", only=True)), True],
)
@pytest.mark.long_form(row="parity")
def test_averages_are_swapped_in_for_the_evaluation(iris, start, on_epoch, count):
    def averaging():
        return keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)

    model, history = by_keras(start, *iris, [C.SwapEMAWeights(on_epoch)], optimizer=averaging())
    for engine in count(("auto",), ENGINES):  # "auto" is Keras's here
        swap = C.SwapEMAWeights(on_epoch)
        fitted = by_network(iris, [swap], engine=engine, optimizer=averaging())
        assert_same(fitted, model, history)


@pytest.mark.parametrize(
    "engine",
    ["auto", pytest.param("keras", marks=pytest.mark.long_form(row="parity", only=True))],
)
def test_a_remote_monitor_is_told_of_each_epoch(iris, engine):
    with pytest.warns(UserWarning, match="Could not reach RemoteMonitor root server") as told:
        by_network(iris, C.RemoteMonitor("http://localhost:9"), engine=engine, epochs=2)
    assert len(told) == 2


def test_a_callback_may_keep_an_average_of_its_own(iris, by_one_model):
    """Weights that a hook swaps in for the evaluation are evaluated, and swapped out again."""

    class Zeros(C.Callback):
        def on_test_begin(self, logs=None):
            self.kept = self.model.get_weights()
            self.model.set_weights([0 * weight for weight in self.kept])

        def on_test_end(self, logs=None):
            self.model.set_weights(self.kept)

    model, history = by_one_model([Zeros()])
    for engine in ENGINES:
        fitted = by_network(iris, Zeros, engine=engine)
        assert_same(fitted, model, history)
        assert fitted.history_["val_loss"] == pytest.approx([np.log(3)] * 3)


# -- what callbacks change ----------------------------------------------------------------


def changing(hook, change, epoch=None):
    """Return a callback that calls `change` with the model in a hook."""

    class Changing(C.Callback):
        pass

    def act(self, *args, **kwargs):
        if epoch is None or args[0] == epoch:
            change(self.model)

    setattr(Changing, hook, act)
    return Changing()


def freeze(model):
    model.layers[0].trainable = False


def freeze_a_kernel(model):
    model.layers[0].kernel.trainable = False


def momentum(model):
    model.optimizer.momentum = 0.9


def decay(model):
    model.optimizer.weight_decay = 0.5


def clip(model):
    model.optimizer.clipnorm = 0.01


def penalty(model):
    model.layers[0].kernel.regularizer = keras.regularizers.L2(0.5)


def constraint(model):
    model.layers[0].kernel.constraint = keras.constraints.MaxNorm(0.1)


def another_optimizer(model):
    model.optimizer = keras.optimizers.Adam(0.1)


def schedule(model):
    model.optimizer.learning_rate = keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)


def rate(model):
    model.optimizer.learning_rate = 0.5


CHANGES = (
    *(freeze, freeze_a_kernel, momentum, decay, clip, penalty, constraint),
    *(another_optimizer, schedule),
)
OF_SETTINGS = (momentum, decay, clip, penalty, constraint, schedule)


@pytest.mark.parametrize(
    ("hook", "changes", "engine"),
    [
        ("on_train_begin", OF_SETTINGS, "auto"),
        ("on_train_begin", (freeze_a_kernel, another_optimizer), "auto"),
        ("on_epoch_begin", (freeze,), "auto"),
        ("on_train_begin", (freeze, another_optimizer), "keras"),
        *(
            pytest.param(
                *("on_train_begin", (change,), engine),
                marks=pytest.mark.long_form(row="parity", only=True),
            )
            for engine in ENGINES
            for change in CHANGES
        ),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else " and ".join(c.__name__ for c in value)
    ),
)
def test_changes_before_the_first_step_are_followed(
    iris, start, untouched, hook, changes, engine, capsys
):
    epoch = 0 if hook == "on_epoch_begin" else None
    callback = changing(hook, lambda model: [change(model) for change in changes], epoch)
    fitted = by_network(iris, callback, engine=engine, validation=False, verbose=1)
    out = capsys.readouterr().out
    if engine == "auto":
        assert (
            "engine: fused (nothing needs single batches)\nengine: keras (callback Chang" in out
        )
    assert_same(fitted, *by_keras(start, *iris, [callback], validation=False))
    assert not np.allclose(untouched, fitted.history_["loss"], atol=1e-6)
    assert len(fitted.model_.get_weights()) == 4


def frozen_for_another_optimizer(model):
    freeze(model)
    another_optimizer(model)
    schedule(model)


@pytest.mark.parametrize(
    "change",
    [
        frozen_for_another_optimizer,
        *(
            pytest.param(change, marks=pytest.mark.long_form(row="parity", only=True))
            for change in (freeze, another_optimizer, schedule)
        ),
    ],
)
def test_what_was_changed_can_be_trained_further_and_copied(iris, change):
    fitted = by_network(iris, changing("on_train_begin", change), epochs=2)
    np.testing.assert_array_equal(
        fitted.predict_proba(iris[0]),
        pickle.loads(pickle.dumps(fitted.set_params(callbacks=None))).predict_proba(iris[0]),
    )
    assert fitted.set_params(warm_start=True).fit(*iris).n_iter_ == 4


@pytest.mark.parametrize("change", CHANGES)
def test_the_fused_engine_refuses_by_name_what_it_would_not_follow(iris, change):
    message = (
        "^engine='fused' can't be used: callback Changing changed .*(hidden_1|optimizer)"
        ".* in on_train_begin; take engine='auto'$"
    )
    with pytest.raises(ValueError, match=message):
        by_network(iris, changing("on_train_begin", change), engine="fused")


LATER = (
    ("on_epoch_end", freeze, 0),
    ("on_epoch_begin", momentum, 2),
    ("on_test_end", decay, None),
)


@pytest.mark.parametrize(
    "changes",
    [
        LATER,
        *(
            pytest.param((change,), marks=pytest.mark.long_form(row="parity", only=True))
            for change in LATER
        ),
    ],
    ids=lambda changes: " and ".join(change.__name__ for _, change, _ in changes),
)
def test_later_changes_have_no_effect_as_in_keras_and_are_told(iris, start, changes):
    callbacks = [changing(*change) for change in changes]
    model, history = by_keras(start, *iris, callbacks)
    for engine in ENGINES:
        with pytest.warns(UserWarning, match="callback Changing changed") as told:
            fitted = by_network(iris, callbacks, engine=engine)
        messages = " ".join(str(each.message) for each in told)
        for hook, *_ in changes:
            assert f" in {hook}, after the" in messages
        assert_same(fitted, model, history)


@pytest.mark.long_form(row="parity")
def test_steps_that_a_callback_has_compiled_anew_are_taken(iris, start, count):
    def freeze_now(model):
        freeze(model)
        model.make_train_function(force=True)

    model, history = by_keras(start, *iris, [changing("on_epoch_end", freeze_now, 1)])
    for engine in count(("auto",), ENGINES):
        fitted = by_network(iris, changing("on_epoch_end", freeze_now, 1), engine=engine)
        assert_same(fitted, model, history)
    with pytest.raises(
        ValueError, match=r"'fused' can't .*hidden_1.trainable.* in on_epoch_end"
    ):
        by_network(iris, changing("on_epoch_end", freeze_now, 1), engine="fused")


def test_a_learning_rate_and_what_is_put_back_decide_nothing(iris, capsys):
    def and_back(model):
        freeze(model)
        model.layers[0].trainable = True

    for change in (rate, and_back, lambda model: model.evaluate(*iris, verbose=0)):
        by_network(iris, changing("on_train_begin", change), epochs=1, verbose=1)
        assert "engine: keras" not in capsys.readouterr().out


def replaced_activation(model):
    model.layers[0].activation = keras.activations.tanh


def compiled(model):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])


def without_output(model):
    model.pop()


REFUSED = {
    replaced_activation: "hidden_1.activation in {}: predictions are made by the layers",
    compiled: "in {}: a model that is trained can't be compiled anew, in Keras neither",
    without_output: "model.layers.* in {}: predictions are made by",
}
# In Keras's engine, which has traced its step by then.
LATE_IN_KERAS = [
    ("keras", hook, change)
    for hook, change in itertools.product(("on_epoch_end", "on_test_end"), REFUSED)
]


@pytest.mark.parametrize(
    ("engine", "hook", "change"),
    [
        pytest.param(
            *case, marks=pytest.mark.long_form(row="parity", only=case in LATE_IN_KERAS[1:])
        )
        for case in itertools.product(
            ENGINES, ("set_model", "on_train_begin", "on_epoch_end", "on_test_end"), REFUSED
        )
    ],
)
def test_what_no_engine_can_follow_is_refused_by_name(iris, engine, hook, change):
    message = REFUSED[change].format(hook)
    callback = changing(hook, change)
    if hook == "set_model":

        class Changing(C.Callback):
            def set_model(self, model):
                super().set_model(model)
                change(model)

        callback = Changing()
    with pytest.raises(ValueError, match=f"callback Changing changed .*{message}"):
        by_network(iris, callback, engine=engine)


def test_an_optimizer_replaced_in_the_midst_is_refused(iris, engine):
    with pytest.raises(
        ValueError, match=r"model\.optimizer.* after the first step, which Keras"
    ):
        by_network(iris, changing("on_epoch_end", another_optimizer), engine=engine)


def test_weights_that_set_model_changes_are_trained_on(iris, by_one_model):
    class Zeros(C.Callback):
        def set_model(self, model):
            super().set_model(model)
            model.layers[1].set_weights([0 * w for w in model.layers[1].get_weights()])

    model, history = by_one_model([Zeros()])
    for engine in ENGINES:
        assert_same(by_network(iris, Zeros, engine=engine), model, history)


@pytest.mark.long_form(row="parity")
def test_frozen_batch_normalization_is_that_of_keras(iris, count):
    def freeze_normalization(model):
        model.get_layer("batch_normalization_1").trainable = False

    fits = [
        by_network(
            iris,
            changing("on_train_begin", freeze_normalization),
            engine=engine,
            batch_normalization=True,
            dropout=0.2,
            batch_size=64,
        )
        for engine in count(("auto",), ENGINES)
    ]
    for a, b in zip(
        *(fit._fitted_state["weights"] for fit in (fits[0], fits[-1])), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)
    frozen = fits[0].model_.get_layer("batch_normalization_1").get_weights()
    for weight, initial in zip(frozen, (1, 0, 0, 1), strict=True):
        np.testing.assert_array_equal(weight, initial)


def test_figures_that_are_no_numbers_are_refused_by_name(iris, engine):
    note = C.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(note="good"))
    with pytest.raises(ValueError, match=r"LambdaCallback put 'good' into logs\['note'\]"):
        by_network(iris, note, engine=engine)


# -- going on after a cut -----------------------------------------------------------------


class PowerCut(C.Callback):
    """Ends a fit once, after its third epoch."""

    def __init__(self, left):
        super().__init__()
        self.cut = lambda: left.pop() if left else None

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2 and self.cut():
            raise OSError("power")


@pytest.fixture(scope="module")
def whole(iris):
    """Return a fit that is not cut."""
    return by_network(iris, None, epochs=5, batch_size=64)


@pytest.mark.parametrize(
    ("engine", "save_freq"),
    [
        ("auto", "epoch"),
        ("keras", "epoch"),
        ("auto", 1),  # takes Keras's engine
        pytest.param("keras", 1, marks=pytest.mark.long_form(row="parity", only=True)),
    ],
)
def test_a_fit_goes_on_from_its_backup(iris, whole, engine, tmp_path, save_freq):
    backup = C.BackupAndRestore(tmp_path / "b", save_freq=save_freq)
    callbacks = [backup, PowerCut([True])]
    with pytest.raises(OSError, match="power"):
        by_network(iris, callbacks, engine=engine, epochs=5, batch_size=64)
    fitted = by_network(iris, callbacks, engine=engine, epochs=5, batch_size=64)
    assert fitted.n_iter_ == 5
    if save_freq == "epoch":
        losses = whole.history_["loss"][3:]
        np.testing.assert_allclose(fitted.history_["loss"], losses, rtol=1e-5)
        for a, b in zip(
            fitted._fitted_state["weights"], whole._fitted_state["weights"], strict=True
        ):
            np.testing.assert_allclose(a, b, atol=1e-5)
    else:  # saved before the end of the epoch, which is trained again
        assert len(fitted.history_["loss"]) == 3
    assert not (tmp_path / "b").exists()
    assert by_network(iris, callbacks, engine=engine, epochs=5).n_iter_ == 5


def test_a_backup_of_a_finished_fit_is_taken_as_it_is(iris, engine, tmp_path):
    backup = C.BackupAndRestore(tmp_path / "b", delete_checkpoint=False)
    first = by_network(iris, backup, engine=engine)
    again = by_network(iris, backup, engine=engine)
    assert again.n_iter_ == 3
    assert again.history_ == {}  # as in Keras
    np.testing.assert_array_equal(first.predict_proba(iris[0]), again.predict_proba(iris[0]))
    longer = by_network(iris, backup, engine=engine, epochs=5)
    assert (longer.n_iter_, len(longer.history_["loss"])) == (5, 2)


def test_a_backup_of_another_training_is_refused(iris, tmp_path):
    X, y = iris
    callbacks = [C.BackupAndRestore(tmp_path / "b"), PowerCut([True])]
    with pytest.raises(OSError, match="power"):
        by_network(iris, callbacks, epochs=4)
    message = "BackupAndRestore: backup_dir='.*' holds the backup of another training"
    with pytest.raises(ValueError, match=message):  # another fold of a search
        by_network((X[20:], y[20:]), callbacks, epochs=4)
    with pytest.raises(ValueError, match=message):
        by_network(iris, callbacks, epochs=4, l2=0.1)
    assert by_network(iris, callbacks, epochs=4).n_iter_ == 4


def test_backups_hold_no_scores_of_early_stopping(iris, tmp_path):
    with pytest.raises(ValueError, match=r"BackupAndRestore backs up weights .*early_stopping"):
        by_network(iris, C.BackupAndRestore(tmp_path / "b"), early_stopping=True)


# -- engines ------------------------------------------------------------------------------


def test_a_subclass_with_hooks_of_its_own_gets_them(iris, tmp_path):
    seen = []

    class Own(C.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            seen.append(batch)

    by_network(iris, Own(tmp_path / "m.keras"), epochs=1, batch_size=64)
    assert seen == [0, 1, 2]


def test_limits_of_keras_are_told(iris, engine):
    limits = {
        "epochs": keras.config.set_max_epochs,
        "steps_per_epoch": keras.config.set_max_steps_per_epoch,
    }
    for name, limit in limits.items():
        message = rf"keras.config.max_{name}\(\) is 2, .* here are \d+ {name.partition('_')[0]}"
        limit(2)
        try:
            with pytest.raises(ValueError, match=message):
                by_network(iris, None, engine=engine, batch_size=50)
        finally:
            limit(None)
    try:
        for limit in limits.values():
            limit(2)
        by_network(iris, None, engine=engine, epochs=2)
    finally:
        for limit in limits.values():
            limit(None)
