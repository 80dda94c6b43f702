"""`KerasDNNClassifier`: scikit-learn's contract around a Keras network."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skdnn._engine.interrupts import interrupts_kept
from skdnn._estimator import fitting
from skdnn._estimator.hyperparameters import (
    CONSTRAINTS,
    VALIDATION_FRACTION,
    chosen_optimizer,
    chosen_regularization,
    chosen_settings,
    refuse_contradictions,
)
from skdnn._estimator.labels import is_multilabel, refuse_other_targets
from skdnn._estimator.memory import TrainingMemory
from skdnn._estimator.other_names import explains_keywords
from skdnn._estimator.routing import RoutedParametersMixin
from skdnn._estimator.rows import LabelledRows, hold_out, warn_of_lost_digits
from skdnn._estimator.skops_files import StorableBySkopsMixin
from skdnn._estimator.state import checked_state
from skdnn._estimator.stopping import StoppingRule
from skdnn._estimator.targets import (
    Coding,
    check_same_classes,
    checked_sample_weight,
)

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from skdnn.network.layer_settings import Activation, Regularization

# Kept as they are and cast batch by batch; anything else becomes float32 once.
_KEPT_DTYPES = (np.float32, np.uint8, np.int8, np.uint16, np.int16, np.bool_)

_CHECKS = {"dtype": _KEPT_DTYPES, "accept_sparse": "csr", "allow_nd": True}


class KerasDNNClassifier(
    CallbackSupportMixin,
    ClassifierMixin,
    RoutedParametersMixin,
    StorableBySkopsMixin,
    BaseEstimator,
):
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

    kernel_initializer : str, Initializer, callable or sequence, default="glorot_uniform"
        Start weights of the layers: one for all, the output layer included, or one per
        layer, the output's last. A name known to :func:`keras.initializers.get`, an instance,
        or a function of shape and dtype. What takes a seed gets one from `random_state`.

    batch_normalization : bool or sequence of bool, default=False
        Whether hidden layers are normalised over the batch before their activation [3]_: all
        of them, or each as told. The last short batch counts with the rows it has.

    dropout : float or sequence of float, default=0.0
        Share of a hidden layer's outputs, in [0, 1), that are dropped in each training step
        [4]_; one for all, or one per hidden layer.

    l2 : float or sequence of float, default=0.0
        Penalty added to the loss: `l2` times the sum of the squared kernel weights, as in
        :class:`keras.regularizers.L2`. One for all layers, the output layer included, or one
        per layer, the output's last. `MLPClassifier`'s ``alpha`` is ``2 * batch_size * l2``;
        for multilabel targets that times the number of labels, because its loss is their sum
        and Keras's their mean.

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

    label_smoothing : float, default=0.0
        Share of a label, in [0, 1), that is spread evenly over all classes, as in Keras's
        losses [5]_.

    epochs : int, default=100
        Passes over the training rows. Enough for small tables: iris has four steps an epoch.
        Tens of thousands of rows need fewer; see :doc:`/defaults` for the measurements.

    batch_size : int, default=32
        Rows of a gradient step, as in Keras's ``Model.fit``. The last batch of an epoch may
        be shorter.

    class_weight : dict or "balanced", default=None
        Weights of the classes, ``{label: weight}``; "balanced" weighs each inversely to its
        rows. They multiply `sample_weight`. Not for multilabel targets.

    early_stopping : bool, default=False
        Whether to stop when the score on validation rows does not become better, and to take
        back the weights that had the best. The rows are `X_val` and `y_val` if they are given
        to `fit`, or else a part of the training rows.

    validation_fraction : float or int, default=0.1
        Share or number of the training rows that early stopping sets aside, each class by
        its share, drawn by `random_state`. Can't be set beside `X_val`.

    scoring : str, callable or None, default="loss"
        What early stopping looks at: "loss" for the loss, any scorer name or callable of
        scikit-learn, or None for the accuracy. Greater is better; of the loss the negative is
        taken.

    n_iter_no_change : int, default=10
        Epochs without a better score after which early stopping stops.

    tol : float, default=1e-4
        A score is better if it is more than this above the best before.

    memory : str or object with the joblib.Memory interface, default=None
        Directory where fits keep what they have learnt. A fit of the same rows with the same
        hyperparameters and seed, but more epochs, goes on from there and learns what it would
        have learnt anew: for searches whose resource is the epochs. Needs an int for
        `random_state`; not beside `early_stopping` or `callbacks`. As in `Pipeline`, the
        directory holds pickles: use your own.

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
        callback needs single batches or changes how the network is trained (it freezes a
        layer, say), or the optimizer can't be compiled as a pure function
        (`use_ema`, gradient accumulation, loss scaling, ``ScheduleFreeAdamW``, classes of
        your own); `verbose` tells which was taken and why.

    callbacks : keras.callbacks.Callback, class, list or dict of those, default=None
        Keras callbacks: ``EarlyStopping``, ``ReduceLROnPlateau``, ``ModelCheckpoint`` and so
        on. Each fit works on copies, so that fits share none; what happened is in `history_`
        and `n_iter_`. Their settings are hyperparameters: ``callbacks__patience`` of a single
        one, ``callbacks__0__patience`` in a list, ``callbacks__stop__patience`` in a dict with
        the key "stop", where ``callbacks__stop=None`` leaves it out.

    verbose : int, default=0
        1 or more prints the engine taken and a line for each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the numbers of the columns.

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
        ``"val_accuracy"`` at the epoch's end; and what callbacks add. For multilabel targets
        the accuracy is that of the single labels, as Keras has it; `score` is that of whole
        rows, as scikit-learn has it.

    validation_scores_ : ndarray of shape (`n_iter_`,)
        Score on the validation rows after each epoch, NaN for epochs of earlier calls that
        had no early stopping. Only with `early_stopping`.

    best_iteration_ : int
        Epoch with the best of those scores, counted from 1; its weights were taken back. Only
        with `early_stopping`.

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
    .. [3] Ioffe and Szegedy, "Batch normalization", ICML 2015.
       https://arxiv.org/abs/1502.03167
    .. [4] Srivastava et al., "Dropout", JMLR 15, 2014.
       https://jmlr.org/papers/v15/srivastava14a.html
    .. [5] Szegedy et al., "Rethinking the Inception architecture", CVPR 2016.
       https://arxiv.org/abs/1512.00567

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    _routing_parameters: ClassVar[tuple[str, ...]] = ("optimizer", "callbacks")

    _learnt: fitting.Learnt
    best_iteration_: int
    classes_: NDArray[Any]
    history_: dict[str, list[float]]

    @explains_keywords
    def __init__(
        self,
        hidden_units: int | Sequence[int] = (100,),
        *,
        activation: Activation | Sequence[Activation] = "relu",
        kernel_initializer: Any = "glorot_uniform",
        batch_normalization: bool | Sequence[bool] = False,
        dropout: float | Sequence[float] = 0.0,
        l2: float | Sequence[float] = 0.0,
        optimizer: Any = "adam",
        learning_rate: Any = None,
        label_smoothing: float = 0.0,
        epochs: int = 100,
        batch_size: int = 32,
        class_weight: Mapping[Any, float] | str | None = None,
        early_stopping: bool = False,
        validation_fraction: float = VALIDATION_FRACTION,
        scoring: str | Callable[..., float] | None = "loss",
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        memory: Any = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        engine: str = "auto",
        callbacks: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_units = hidden_units
        self.activation = activation
        self.kernel_initializer = kernel_initializer
        self.batch_normalization = batch_normalization
        self.dropout = dropout
        self.l2 = l2
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.label_smoothing = label_smoothing
        self.epochs = epochs
        self.batch_size = batch_size
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.memory = memory
        self.random_state = random_state
        self.warm_start = warm_start
        self.engine = engine
        self.callbacks = callbacks
        self.verbose = verbose

    # -- training -------------------------------------------------------------------------

    @explains_keywords
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
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Rows, or images that the network flattens. uint8, bool and other small integers
            are cast batch by batch; other dtypes are cast to float32 once. A sparse one is
            made dense batch by batch. Never written.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any type, at least two different ones; or zeros and ones, a column for
            each label that a row may have (multilabel). One-hot labels are such columns too:
            pass ``y.argmax(axis=1)`` for them.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weight of each row in the loss. A weight of 0 is a removed row. A
            weight of 2 counts there like a repeated row; the two train the same network only if
            a batch holds all rows, without batch normalization, dropout and early stopping that
            draws rows: there a row is one row, whatever its weight.
        X_val : array-like, default=None
            Rows to evaluate the network on after each epoch.
        y_val : array-like, default=None
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

        Warns
        -----
        UserWarning
            If `y` looks one-hot: five rows or more, each with exactly one label.
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

    @explains_keywords
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
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
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
        if self.early_stopping:
            raise ValueError(
                "partial_fit is one epoch: it can't be used with early_stopping=True; call "
                "fit, or set early_stopping=False"
            )
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
        validation: tuple[ArrayLike | None, ...] = (),
    ) -> Self:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        # X as it was given: whoever predicts on the checked one is warned of missing names.
        told = {"estimator": self, "X": X, "y": y, "metadata": metadata}
        task = self._init_callback_context(max_subtasks=epochs)
        task.call_on_fit_task_begin(**told)
        before = self.__dict__.copy()
        try:
            with interrupts_kept(patience=1.0):  # a chunk takes less, as a rule
                self._train(
                    task, told, X, y, sample_weight, classes, epochs, afresh, validation
                )
            task.call_on_fit_task_end(**told, reconstruction_attributes={})
        except BaseException:
            self.__dict__ = before  # in one step: all that was learnt before, or nothing
            raise
        return self

    def _train(
        self,
        task: Any,
        told: Mapping[str, Any],
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        classes: ArrayLike | None,
        epochs: int,
        afresh: bool,
        validation: tuple[ArrayLike | None, ...],
    ) -> None:
        rows = self._validated(X, y, sample_weight, reset=afresh)
        coding = self._coding_of(rows, classes, afresh)
        seed = _drawn_seed(self.random_state) if afresh else self._learnt["seed"]
        settings = chosen_settings(self, self.input_shape_, coding, epochs, seed)
        held_out = given = self._given(coding, *validation)
        refuse_contradictions(self, settings, given is not None, takes_rows=bool(validation))
        weight = None
        if self.early_stopping and given is None:
            weight, held_out = hold_out(rows, coding, self.validation_fraction, seed)
        fit = fitting.Fit(
            settings,
            rows.table(coding, self.class_weight, weight),
            None if held_out is None else held_out.table(coding),
            None if afresh else self._learnt,
        )
        if self.verbose:
            print(f"engine: {fit.engine} ({fit.why})")
        last = fit.epoch + epochs
        memory = self._recalled(fit, epochs) if self.memory is not None and afresh else None
        earlier = fit.epoch
        rule = self._begin(earlier)
        with fit.under_way():
            self._run_epochs(fit, last, task, told, held_out, rule, earlier)
        self.__dict__.update(self._fitted_attributes(fit.learnt(), rule, earlier))
        if memory is not None:
            memory.keep(self.n_iter_, self._learnt, self.history_)

    # -- rows, and what is held out of them -----------------------------------------------

    def _validated(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool
    ) -> LabelledRows:
        refuse_other_targets(y)
        rows, labels = validate_data(
            self, X, y, reset=reset, multi_output=is_multilabel(y), **_CHECKS
        )
        if reset:
            warn_of_lost_digits(X, rows)
        else:
            self._check_row_shape(rows)
        labels = labels.toarray() if hasattr(labels, "toarray") else labels
        if isinstance(sample_weight, Number):  # Keras's third argument is batch_size
            raise ValueError(
                f"sample_weight must hold a weight for each row, got {sample_weight!r}; "
                "batch_size and epochs are parameters of the estimator"
            )
        return LabelledRows(rows, labels, checked_sample_weight(sample_weight, rows))

    def _given(
        self,
        coding: Coding,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> LabelledRows | None:
        if (X_val is None) != (y_val is None):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(f"X_val and y_val must be given together, got {missing}=None")
        if X_val is None or y_val is None:
            if sample_weight_val is not None:
                raise ValueError("sample_weight_val must be given with X_val and y_val")
            return None
        try:
            given = self._validated(X_val, y_val, sample_weight_val, reset=False)
            coding.numbers(given.y, given.weight)
            return given
        except ValueError as error:
            raise ValueError(f"in X_val, y_val or sample_weight_val: {error}") from error

    def _coding_of(self, rows: LabelledRows, classes: ArrayLike | None, afresh: bool) -> Coding:
        """Learn the classes and the shape of a row, or check them."""
        if not afresh:
            check_same_classes(classes, self._coding.classes)
            return self._coding
        coding = Coding.learn(rows.y, rows.weight, classes)
        self.__dict__.pop("_learnt", None)  # it belongs to other classes
        self.classes_ = coding.classes
        self.input_shape_ = rows.X.shape[1:]
        return coding

    # -- epochs ---------------------------------------------------------------------------

    def _run_epochs(
        self,
        fit: fitting.Fit,
        last: int,
        task: Any,
        told: Mapping[str, Any],
        held_out: LabelledRows | None,
        rule: StoppingRule | None,
        earlier: int,
    ) -> None:
        def fitted_until_now() -> dict[str, Any]:
            return self._fitted_attributes(fit.learnt(), rule, earlier)

        while fit.epoch < last:
            epoch = task.subcontext(task_name="epoch")
            epoch.call_on_fit_task_begin(**told, reconstruction_attributes=fitted_until_now)
            logs, stop = fit.run_epoch()
            self._record(logs, f"Epoch {fit.epoch}/{last}")
            if rule is not None and held_out is not None:
                learnt = fit.learnt()
                stop |= rule.update(self._validation_score(learnt, logs, held_out), learnt)
            stop |= epoch.call_on_fit_task_end(
                **told, reconstruction_attributes=fitted_until_now
            )
            if stop:
                break

    def _recalled(self, fit: fitting.Fit, epochs: int) -> TrainingMemory:
        """Let a fit go on from what was kept of one with fewer epochs."""
        memory = TrainingMemory(self.memory, fit.identity)
        found = memory.recall(epochs)
        if found is not None:
            learnt, self.history_ = found[0], dict(found[1])
            fit.resume(learnt)
        return memory

    def _begin(self, earlier: int) -> StoppingRule | None:
        """Go on with the history of earlier calls, or drop it; return what decides to stop."""
        history = self.history_ if earlier else {}
        self.history_ = {k: list(v) for k, v in history.items()}
        if not (earlier and self.early_stopping):
            for name in ("validation_scores_", "best_iteration_"):
                self.__dict__.pop(name, None)
        if not self.early_stopping:
            return None
        if self.scoring != "loss":
            check_scoring(self, self.scoring)  # a wrong name is told before the first epoch
        return StoppingRule(self.n_iter_no_change, self.tol)

    def _validation_score(
        self, learnt: fitting.Learnt, logs: Mapping[str, float], held_out: LabelledRows
    ) -> float:
        if self.scoring == "loss":
            return -logs["val_loss"]
        scored = copy.copy(self)
        scored._learnt = learnt
        scored.__dict__.pop("feature_names_in_", None)  # the rows held out have lost them
        weight = {} if held_out.weight is None else {"sample_weight": held_out.weight}
        scorer = check_scoring(scored, self.scoring)
        return float(scorer(scored, held_out.X, held_out.y, **weight))

    def _record(self, logs: Mapping[str, float], title: str) -> None:
        for name, value in logs.items():
            self.history_.setdefault(name, []).append(float(value))
        if self.verbose:
            print(" - ".join([title, *(f"{name}: {v:.4f}" for name, v in logs.items())]))

    def _fitted_attributes(
        self, learnt: fitting.Learnt, rule: StoppingRule | None, earlier: int
    ) -> dict[str, Any]:
        """Return what an estimator gets from a fit that ends here."""
        attributes = {
            "_learnt": learnt,
            "history_": {name: list(values) for name, values in self.history_.items()},
            "n_iter_": learnt["epoch"],
            "n_parameters_": sum(w.size for w in learnt["weights"]),
        }
        if rule is None or not rule.scores:
            return attributes
        best, number = rule.best, earlier + rule.best_position + 1
        before = getattr(self, "validation_scores_", np.full(earlier, np.nan))
        if not np.isnan(before).all() and np.nanmax(before) >= max(rule.scores):
            best, number = self._learnt, self.best_iteration_  # of an earlier call
        for name in ("weights", "slots", "optimizer"):
            learnt[name] = best[name]
        scores = np.append(before, rule.scores)
        return attributes | {"validation_scores_": scores, "best_iteration_": number}

    # -- prediction -----------------------------------------------------------------------

    @explains_keywords
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Rows of the shape seen in `fit`; any numeric dtype.

        Returns
        -------
        probabilities : ndarray of float32, shape (n_samples, n_classes)
            Columns in the order of `classes_`; two columns for two classes. For multilabel
            targets the probability of each label.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the rows have another shape than in `fit`, or hold NaN or infinity.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, **_CHECKS)
        self._check_row_shape(rows)
        return fitting.class_probabilities(self._learnt, rows)

    @explains_keywords
    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Rows, as for `predict_proba`.

        Returns
        -------
        log_probabilities : ndarray of float32, shape (n_samples, n_classes)
            Natural logarithm; -inf where a probability is 0 in float32.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @explains_keywords
    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the most probable class, or the labels more probable than not.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Rows, as for `predict_proba`.

        Returns
        -------
        labels : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Of the type of `classes_`; of classes equally probable, the first. Zeros and ones
            for multilabel targets.
        """
        probabilities = self.predict_proba(X)
        return self._coding.labels(probabilities)

    @property
    def _coding(self) -> Coding:
        return Coding(self.classes_, self._learnt["multilabel"])

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
            return fitting.keras_model(
                self._learnt, chosen_optimizer(self), self._regularization_of_fitted()
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _regularization_of_fitted(self) -> Regularization | None:
        n_hidden = len(self._learnt["hidden_units"])
        try:
            return chosen_regularization(self, n_hidden)
        except (TypeError, ValueError):  # set since the fit, for other layers
            return None

    # -- what scikit-learn asks an estimator ----------------------------------------------

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(checked_state(self, state))

    def __sklearn_is_fitted__(self) -> bool:
        return "_learnt" in self.__dict__

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = self.class_weight is None
        return tags


def _drawn_seed(random_state: int | np.random.RandomState | None) -> int:
    # Not check_random_state(None): that is NumPy's global generator.
    rng = np.random.RandomState() if random_state is None else check_random_state(random_state)
    return int(rng.randint(2**31 - 1))
