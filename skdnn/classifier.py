"""`KerasDNNClassifier`: scikit-learn's contract around a Keras network."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from skdnn import _learner
from skdnn._targets import (
    Weights,
    check_same_classes,
    checked_sample_weight,
    class_numbers,
    find_classes,
    row_weights,
)

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from skdnn._optimizers import OptimizerChoice
    from skdnn.network import Activation

# Kept as they are and cast batch by batch; anything else becomes float32 once.
_KEPT_DTYPES = (np.float32, np.uint8, np.int8, np.uint16, np.int16, np.bool_)


class KerasDNNClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Dense neural network classifier: a Keras network under scikit-learn's contract.

    Layers and optimizer are hyperparameters, so that ``Pipeline``, ``GridSearchCV`` and
    ``cross_val_score`` choose between networks as they choose between any estimators.

    Parameters
    ----------
    hidden_units : tuple of int, default=(100,)
        Units of each hidden layer. ``()`` is a linear model (softmax regression). The default
        is `MLPClassifier`'s.

    activation : str, callable, or sequence of those, default="relu"
        Activation of the hidden layers: one for all, or one per layer. A name known to
        :func:`keras.activations.get`, or a function of a tensor. The output layer's is set by
        the classes: sigmoid for two, softmax for more. ReLU is the default because its
        gradient does not saturate [1]_.

    optimizer : str, class or instance, default="adam"
        A name known to :func:`keras.optimizers.get`, a subclass of
        :class:`keras.optimizers.Optimizer`, or a configured instance, which is copied and
        never changed. Beside a name or a class, every setting of the optimizer is a
        hyperparameter of its own: ``set_params(optimizer__momentum=0.9)``, also in a grid.
        Replacing `optimizer` drops settings that are not given in the same call. Adam is
        the default because it needs the least tuning [2]_.

    learning_rate : float or LearningRateSchedule, default=None
        Step size of the optimizer. None takes the optimizer's own default (Keras's). Can't be
        given beside ``optimizer__learning_rate`` or an optimizer instance.

    epochs : int, default=100
        Passes over the training rows. Enough for small tables: iris has four steps an epoch.
        Tens of thousands of rows need fewer; see :doc:`/defaults` for the measurements.

    batch_size : int, default=32
        Rows of a gradient step, as in Keras's ``Model.fit``. The last batch of an epoch may
        be shorter.

    class_weight : dict or "balanced", default=None
        Weights of the classes, ``{label: weight}``; "balanced" weighs each inversely to its
        rows. They multiply `sample_weight`.

    random_state : int, RandomState instance or None, default=None
        Decides start weights and the order of rows. Pass an int for the same result at every
        call; None draws anew, from the operating system. No global generator (Python's,
        NumPy's, TensorFlow's) is read or changed.

    warm_start : bool, default=False
        If True, `fit` goes on from the weights, the optimizer state and the history of the
        last call and adds `epochs` epochs.

    engine : {"auto", "fused", "keras"}, default="auto"
        What trains. "fused" runs chunks of steps as one compiled program, shared by all fits
        of the same structure; "keras" runs Keras's ``Model.fit`` over the same batches, from
        the same weights, several times slower. "auto" takes the fused engine unless a
        callback needs single batches or the optimizer can't be compiled as a pure function
        (`use_ema`, gradient accumulation, loss scaling, ``ScheduleFreeAdamW``, classes of
        your own); `verbose` tells which was taken and why.

    callbacks : keras.callbacks.Callback or list of those, default=None
        Keras callbacks: ``EarlyStopping``, ``ReduceLROnPlateau``, ``ModelCheckpoint`` and so
        on. Each fit works on a copy, so that fits share none; what happened is in
        `history_` and `n_iter_`.

    verbose : int, default=0
        1 or more prints the engine taken and a line for each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.

    n_features_in_ : int
        Number of features seen during :term:`fit`: the length of a row's first dimension.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`. Defined only when `X` has feature names
        that are all strings.

    input_shape_ : tuple of int
        Shape of a row of `X`, such as ``(784,)`` or ``(28, 28)``.

    history_ : dict of list of float
        ``"loss"`` and ``"accuracy"`` of every epoch: means over the epoch while the weights
        changed, as in Keras's ``History``; with a validation set also ``"val_loss"`` and
        ``"val_accuracy"`` at the epoch's end; and what callbacks add.

    n_iter_ : int
        Number of epochs trained, all calls together.

    n_parameters_ : int
        Number of weights of the network.

    model_ : keras.Sequential
        The network with its weights, compiled, with the optimizer's state: ready for
        ``save``, ``summary`` or further training in Keras. A new copy at each access:
        nothing that is done to it changes the estimator. It is not listed by ``dir()``, so
        that looking at an estimator builds no model.

    See Also
    --------
    skdnn.make_image_pipeline : This classifier behind scaling and flattening of images.
    skdnn.build_network : The function that puts the layers together.
    sklearn.neural_network.MLPClassifier : The network that scikit-learn brings.

    References
    ----------
    .. [1] Glorot, Bordes and Bengio, "Deep sparse rectifier neural networks", AISTATS 2011.
       https://proceedings.mlr.press/v15/glorot11a.html
    .. [2] Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
       https://arxiv.org/abs/1412.6980

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skdnn import KerasDNNClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = KerasDNNClassifier(hidden_units=(20, 10), random_state=0)
    >>> scores = cross_val_score(make_pipeline(StandardScaler(), network), X, y)
    >>> bool(scores.mean() > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_units": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [str, callable, "array-like"],
        "optimizer": [str, callable, HasMethods(["get_config", "apply_gradients"])],
        "learning_rate": [
            Interval(Real, 0, None, closed="neither"),
            HasMethods("get_config"),
            None,
        ],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "engine": [StrOptions({"auto", "fused", "keras"})],
        "callbacks": ["array-like", HasMethods(["on_epoch_begin", "on_epoch_end"]), None],
        "verbose": ["verbose"],
    }

    # Values of optimizer__<name> parameters, without the prefix. Not set in __init__: an
    # estimator without any has no such attribute of its own.
    _routed_to_optimizer: Mapping[str, Any] = {}

    def __init__(
        self,
        hidden_units: int | Sequence[int] = (100,),
        *,
        activation: Activation | Sequence[Activation] = "relu",
        optimizer: Any = "adam",
        learning_rate: Any = None,
        epochs: int = 100,
        batch_size: int = 32,
        class_weight: Mapping[Any, float] | str | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        engine: str = "auto",
        callbacks: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_units = hidden_units
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.class_weight = class_weight
        self.random_state = random_state
        self.warm_start = warm_start
        self.engine = engine
        self.callbacks = callbacks
        self.verbose = verbose

    # -- hyperparameters ------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the hyperparameters, with the ``optimizer__<name>`` values that were set.

        Parameters
        ----------
        deep : bool, default=True
            Kept for scikit-learn; the routed values are there either way, so that every
            representation of the estimator shows them.

        Returns
        -------
        params : dict
            Names and values.
        """
        routed = {f"optimizer__{name}": v for name, v in self._routed_to_optimizer.items()}
        return {**super().get_params(deep=deep), **routed}

    def set_params(self, **params: Any) -> Self:
        """Set hyperparameters, ``optimizer__<name>`` included.

        Parameters
        ----------
        **params : dict
            Names and values. ``optimizer__<name>`` is kept for the optimizer's constructor
            and checked there, at `fit`. Another `optimizer` drops what was kept for the old.

        Returns
        -------
        self : KerasDNNClassifier
            This estimator.

        Raises
        ------
        ValueError
            If a name is not a hyperparameter.
        """
        prefix = "optimizer__"
        routed = {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}
        # A grid may name the optimizer that is there: that replaces nothing.
        given = params.get("optimizer", self.optimizer)
        named = isinstance(given, str) and isinstance(self.optimizer, str)
        replaced = given != self.optimizer if named else given is not self.optimizer
        super().set_params(**{k: v for k, v in params.items() if not k.startswith(prefix)})
        kept = {} if replaced else self._routed_to_optimizer
        if kept or routed:
            self._routed_to_optimizer = {**kept, **routed}
        else:
            self.__dict__.pop("_routed_to_optimizer", None)
        return self

    def __sklearn_clone__(self) -> Self:
        bare = copy.copy(self)
        bare.__dict__.pop("_routed_to_optimizer", None)
        twin: Self = super(KerasDNNClassifier, bare).__sklearn_clone__()
        if self._routed_to_optimizer:
            twin._routed_to_optimizer = copy.deepcopy(self._routed_to_optimizer)
        return twin

    # -- training -------------------------------------------------------------------------

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network for `epochs` epochs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows, or images that the network flattens. uint8, bool and other small integers
            are cast batch by batch; other dtypes are cast to float32 once. Never written.
        y : array-like of shape (n_samples,)
            Labels of any type, at least two different ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weight of each row; a weight of 2 counts like a repeated row, a
            weight of 0 like a removed one.
        X_val : array-like, default=None
            Rows to evaluate the network on after each epoch.
        y_val : array-like of shape (n_val_samples,), default=None
            Their labels; given together with `X_val`.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Their weights.

        Returns
        -------
        self : KerasDNNClassifier
            The fitted estimator. If the call fails, what was fitted before is as it was.

        Raises
        ------
        ValueError
            If a hyperparameter or the data break a rule, or the loss turns NaN or infinite.
        """
        return self._fit(
            X,
            y,
            sample_weight,
            classes=None,
            epochs=self.epochs,
            afresh=not (self.warm_start and self.__sklearn_is_fitted__()),
            validation=(X_val, y_val, sample_weight_val),
        )

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train the network for one epoch on these rows, from where it stands.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows, as for `fit`.
        y : array-like of shape (n_samples,)
            Labels. A class may be missing.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever occur. Required at the first call, optional later.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weight of each row.

        Returns
        -------
        self : KerasDNNClassifier
            The estimator after one more epoch. If the call fails, it is as it was.

        Raises
        ------
        ValueError
            If `classes` is missing at the first call or differs at a later one, a label is
            not among them, or a rule of `fit` is broken.
        """
        afresh = not self.__sklearn_is_fitted__()
        if afresh and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._fit(X, y, sample_weight, classes=classes, epochs=1, afresh=afresh)

    def _fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        classes: ArrayLike | None,
        epochs: int,
        afresh: bool,
        validation: tuple[ArrayLike | None, ...] = (None, None, None),
    ) -> Self:
        task = self._init_callback_context(max_subtasks=epochs)
        task.call_on_fit_task_begin(estimator=self, X=X, y=y)
        with self._unchanged_on_failure():
            rows, labels = validate_data(
                self, X, y, reset=afresh, dtype=_KEPT_DTYPES, allow_nd=True
            )
            table = self._learn_classes(rows, labels, sample_weight, classes, afresh)
            fit = _learner.Fit(
                self._settings(epochs, afresh),
                table,
                self._validation_table(*validation),
                None if afresh else self._learnt,
            )
            if self.verbose:
                print(f"engine: {fit.engine} ({fit.why})")
            with fit.under_way():
                self._run_epochs(fit, epochs, task, X, y)
            self._keep(fit.learnt())
        task.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @contextmanager
    def _unchanged_on_failure(self) -> Iterator[None]:
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _learn_classes(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        sample_weight: ArrayLike | None,
        classes: ArrayLike | None,
        afresh: bool,
    ) -> _learner.Table:
        """Learn or check classes and row shape; return the rows with numbers for labels."""
        weight = checked_sample_weight(sample_weight, X)
        if afresh:
            self.classes_ = find_classes(y if weight is None else y[weight > 0], classes)
            self.input_shape_ = X.shape[1:]
        else:
            self._check_row_shape(X)
            check_same_classes(classes, self.classes_)
        return self._table(X, y, weight, self.class_weight)

    def _validation_table(
        self,
        X_val: ArrayLike | None,
        y_val: ArrayLike | None,
        sample_weight_val: ArrayLike | None,
    ) -> _learner.Table | None:
        if (X_val is None) != (y_val is None):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(f"X_val and y_val must be given together, got {missing}=None")
        if X_val is None:
            if sample_weight_val is not None:
                raise ValueError("sample_weight_val must be given with X_val and y_val")
            return None
        try:
            X, y = validate_data(
                self, X_val, y_val, reset=False, dtype=_KEPT_DTYPES, allow_nd=True
            )
            self._check_row_shape(X)
            return self._table(X, y, checked_sample_weight(sample_weight_val, X), None)
        except ValueError as error:
            raise ValueError(f"in X_val, y_val or sample_weight_val: {error}") from error

    def _table(
        self, X: NDArray[Any], y: NDArray[Any], weight: Weights | None, class_weight: Any
    ) -> _learner.Table:
        kept = slice(None) if weight is None else weight > 0
        numbers = np.zeros(len(y), np.int32)
        numbers[kept] = class_numbers(y[kept], self.classes_)
        return {
            "X": X,
            "y": numbers,
            "weight": row_weights(weight, class_weight, self.classes_, numbers),
        }

    def _settings(self, epochs: int, afresh: bool) -> _learner.Settings:
        from skdnn.network import Architecture

        return _learner.Settings(
            architecture=Architecture.from_parameters(
                self.input_shape_, len(self.classes_), self.hidden_units, self.activation
            ),
            optimizer=self._optimizer_choice(),
            batch_size=self.batch_size,
            epochs=epochs,
            seed=_drawn_seed(self.random_state) if afresh else self._learnt["seed"],
            engine=self.engine,
            callbacks=_learner.listed_callbacks(self.callbacks),
        )

    def _optimizer_choice(self) -> OptimizerChoice:
        from skdnn._optimizers import choose_optimizer

        return choose_optimizer(self.optimizer, self.learning_rate, self._routed_to_optimizer)

    def _run_epochs(self, fit: _learner.Fit, epochs: int, task: Any, X: Any, y: Any) -> None:
        earlier = self.history_ if fit.epoch else {}
        self.history_: dict[str, list[float]] = {k: list(v) for k, v in earlier.items()}
        last = fit.epoch + epochs
        for _ in range(epochs):
            epoch = task.subcontext(task_name="epoch")
            epoch.call_on_fit_task_begin(estimator=self, X=X, y=y)
            logs, stop = fit.run_epoch()
            self._record(logs, f"Epoch {fit.epoch}/{last}")
            stop |= epoch.call_on_fit_task_end(
                estimator=self,
                X=X,
                y=y,
                reconstruction_attributes=lambda: {"_learnt": fit.learnt()},
            )
            if stop:
                break

    def _record(self, logs: Mapping[str, float], title: str) -> None:
        for name, value in logs.items():
            self.history_.setdefault(name, []).append(float(value))
        if self.verbose:
            print(" - ".join([title, *(f"{name}: {v:.4f}" for name, v in logs.items())]))

    def _keep(self, learnt: _learner.Learnt) -> None:
        self._learnt = learnt
        self.n_iter_ = learnt["epoch"]
        self.n_parameters_ = sum(w.size for w in learnt["weights"])

    # -- prediction -----------------------------------------------------------------------

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows of the shape seen in `fit`; any numeric dtype.

        Returns
        -------
        probabilities : ndarray of float32, shape (n_samples, n_classes)
            Columns in the order of `classes_`; two columns for two classes.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the rows have another shape than in `fit`, or hold NaN or infinity.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=_KEPT_DTYPES, allow_nd=True)
        self._check_row_shape(rows)
        return _learner.class_probabilities(self._learnt, rows)

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows, as for `predict_proba`.

        Returns
        -------
        log_probabilities : ndarray of float32, shape (n_samples, n_classes)
            Natural logarithm; -inf where a probability is 0 in float32.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows, as for `predict_proba`.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Of the type of `classes_`; of classes equally probable, the first.
        """
        numbers = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[numbers]
        return labels

    def _check_row_shape(self, X: NDArray[Any]) -> None:
        if X.shape[1:] != self.input_shape_:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but {type(self).__name__} was fitted on "
                f"rows of shape {self.input_shape_}"
            )

    # -- the network in Keras's form ------------------------------------------------------

    def summary(self, print_fn: Callable[[str], object] | None = None) -> None:
        """Print the layers and the number of weights, as Keras does.

        Parameters
        ----------
        print_fn : callable, default=None
            Called with the text instead of printing it.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted: the data decide the first and the last layer.
        """
        check_is_fitted(self)
        self.model_.summary(print_fn=print_fn)

    def __getattr__(self, name: str) -> Any:
        # Not a property: dir(), the HTML representation and completion read every property
        # there is, and each access builds a Keras model.
        if name == "model_" and "_learnt" in self.__dict__:
            return _learner.keras_model(self._learnt, self._optimizer_choice())
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # -- what scikit-learn asks an estimator ----------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return "_learnt" in self.__dict__

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _drawn_seed(random_state: int | np.random.RandomState | None) -> int:
    # Not check_random_state(None): that is NumPy's global generator.
    rng = np.random.RandomState() if random_state is None else check_random_state(random_state)
    return int(rng.randint(2**31 - 1))
