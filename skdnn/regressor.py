"""`KerasDNNRegressor`: scikit-learn's contract around a Keras network that learns numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin, _fit_context
from sklearn.callback import with_callbacks

from skdnn._estimator.base import KerasDNNBase
from skdnn._estimator.hyperparameters import CONSTRAINTS, OF_NUMBERS, VALIDATION_FRACTION
from skdnn._estimator.numbers import Numbers, learn_numbers, refuse_other_numbers
from skdnn._estimator.other_names import SAID_OF_NUMBERS, explains_keywords
from skdnn._estimator.targets import Target, Weights

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from skdnn.network.layer_settings import Activation
    from skdnn.network.losses import NumberLoss


# What `partial_fit` knows of its numbers.
_MORE_TO_COME = "more to come"


class KerasDNNRegressor(RegressorMixin, KerasDNNBase):
    """Dense neural network regressor: a Keras network under scikit-learn's contract.

    Layers, optimizer and loss are hyperparameters, so that ``Pipeline``, ``GridSearchCV`` and
    ``cross_val_score`` choose between networks as they choose between any estimators. Targets
    may be of any size: prices in millions and rates of a millionth train alike.

    Parameters
    ----------
    hidden_units : tuple of int, default=(100,)
        Units of each hidden layer. ``()`` is a linear model. The default is
        `MLPRegressor`'s.

    activation : str, callable, or sequence of those, default="relu"
        Activation of the hidden layers: one for all, or one per layer. A name known to
        :func:`keras.activations.get`, or a function of a tensor. The output layer is
        linear, or exponential for ``loss="poisson"``. ReLU is the default because its
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
        per layer, the output's last. `MLPRegressor`'s ``alpha`` is ``batch_size * l2`` for
        standardized `y`, times the number of outputs: its loss is half the sum of their
        squared errors, Keras's the mean.

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

    loss : str, default="squared_error"
        What is minimized, as the mean over rows and outputs. "squared_error" learns the mean,
        "absolute_error" the median, "huber" something between, which a few wild rows move
        little; "quantile" the `quantile`; "poisson" the mean of counts and rates, which are not
        negative: what is predicted is above 0. Names as in `HistGradientBoostingRegressor`.

    delta : float, default=1.0
        Where "huber" goes over from squares to absolute values, in standard deviations of `y`
        (in its units if ``standardize_y=False``); `delta` of :class:`keras.losses.Huber`.

    quantile : float, default=0.5
        Which quantile "quantile" learns, in (0, 1).

    standardize_y : bool, default=True
        Whether the network learns ``(y - mean) / standard deviation``, each output by its own,
        weighted by `sample_weight`; for "poisson" ``y / mean``. Without it targets of another
        size than 1 are learnt badly or not at all. What is predicted is in units of `y` either
        way. Mean and deviation are learnt by the first call and kept by `partial_fit` and
        `warm_start`, unless a `fit` before had one and the same number for all rows.

    epochs : int, default=100
        Passes over the training rows. Enough for small tables: a hundred rows have four steps
        an epoch. Tens of thousands of rows need fewer; see :doc:`/defaults`.

    batch_size : int, default=32
        Rows of a gradient step, as in Keras's ``Model.fit``. The last batch of an epoch may
        be shorter.

    early_stopping : bool, default=False
        Whether to stop when the score on validation rows does not become better, and to take
        back the weights that had the best. The rows are `X_val` and `y_val` if they are given
        to `fit`, or else a part of the training rows.

    validation_fraction : float or int, default=0.1
        Share or number of the training rows that early stopping sets aside, drawn by
        `random_state`. Can't be set beside `X_val`.

    scoring : str, callable or None, default="loss"
        What early stopping looks at: "loss" for the loss, any scorer name or callable of
        scikit-learn, or None for R². Greater is better; of the loss the negative is
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
    n_features_in_ : int
        Number of features seen during :term:`fit`: the length of a row's first dimension.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`. Defined only when `X` has feature names
        that are all strings.

    input_shape_ : tuple of int
        Shape of a row of `X`, such as ``(784,)`` or ``(28, 28)``.

    history_ : dict of list of float
        ``"loss"`` and ``"mean_absolute_error"`` of every epoch: means over the epoch while the
        weights changed, as in Keras's ``History``; with a validation set also ``"val_loss"``
        and ``"val_mean_absolute_error"`` at the epoch's end; and what callbacks add. They are
        of standardized `y`: an absolute error of 0.1 is a tenth of its standard deviation
        (for "poisson" of its mean), and a squared error is 1 - R². With
        ``standardize_y=False`` they are in units of `y`.

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
        ``save``, ``summary`` or further training in Keras. It predicts in units of `y`: where
        `y` was standardized, a last layer ``units`` undoes it. A new copy at each access:
        nothing that is done to it changes the estimator. It is not listed by ``dir()``, so
        that looking at an estimator builds no model.

    See Also
    --------
    skdnn.KerasDNNClassifier : The same for classes.
    sklearn.neural_network.MLPRegressor : The network that scikit-learn brings.
    sklearn.compose.TransformedTargetRegressor : Learns a function of `y`: its logarithm, say.

    Notes
    -----
    Keras callbacks see the network as it is trained, in units of standardized `y`; so does what
    they save. `model_` answers in units of `y`, and is compiled for them: its loss is then as
    large as these units make it, which a plain `SGD` may have to be told by its learning rate.

    Keras has no loss for quantiles: a `model_` that was saved with ``loss="quantile"`` is
    loaded by ``keras.saving.load_model`` after ``import skdnn.network.pinball``, or, without
    skdnn, with ``compile=False``.

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

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skdnn import KerasDNNRegressor
    >>> X, y = make_friedman1(n_samples=500, random_state=0)
    >>> network = KerasDNNRegressor(hidden_units=(50,), learning_rate=0.01, random_state=0)
    >>> scores = cross_val_score(make_pipeline(StandardScaler(), network), X, 1e6 * y)
    >>> bool(scores.mean() > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS | OF_NUMBERS

    _kind: ClassVar[type[Target]] = Numbers

    _said_of_names: ClassVar[Mapping[str, str]] = SAID_OF_NUMBERS

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
        loss: str = "squared_error",
        delta: float = 1.0,
        quantile: float = 0.5,
        standardize_y: bool = True,
        epochs: int = 100,
        batch_size: int = 32,
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
        self.loss = loss
        self.delta = delta
        self.quantile = quantile
        self.standardize_y = standardize_y
        self.epochs = epochs
        self.batch_size = batch_size
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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers, within float32's range; `predict` gives the same shape back.
            After the first call, a single column may come in either form.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weight of each row in the loss. A weight of 0 is a removed row. A
            weight of 2 counts there like a repeated row; the two train the same network only if
            a batch holds all rows, without batch normalization, dropout and early stopping that
            draws rows: there a row is one row, whatever its weight.
        X_val : array-like, default=None
            Rows to evaluate the network on after each epoch.
        y_val : array-like, default=None
            Their numbers; given together with `X_val`.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Their weights.

        Returns
        -------
        self : KerasDNNRegressor
            The fitted estimator. If the call fails, what was fitted before is as it was.

        Raises
        ------
        ValueError
            If a hyperparameter or the data break a rule, or the loss turns NaN or infinite.
        """
        return self._fit_all(X, y, sample_weight, X_val, y_val, sample_weight_val)

    @explains_keywords
    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train the network for one epoch on these rows, from where it stands.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Rows, as for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers. Those of the first call decide how `y` is standardized, so that it should
            hold numbers as they will come.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weight of each row.

        Returns
        -------
        self : KerasDNNRegressor
            The estimator after one more epoch. If the call fails, it is as it was.

        Raises
        ------
        ValueError
            If `y` has another shape than at the first call, or a rule of `fit` is broken.
        """
        return self._fit_one_epoch(X, y, sample_weight, known=_MORE_TO_COME)

    # -- prediction -----------------------------------------------------------------------

    @explains_keywords
    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict numbers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Rows of the shape seen in `fit`; any numeric dtype.

        Returns
        -------
        y : ndarray of float64, shape (n_samples,) or (n_samples, n_outputs)
            In the units and the shape of `y`, as the first call had it.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the rows have another shape than in `fit`, or hold NaN or infinity, or the
            network's sums overflow.
        """
        outputs = self._outputs(X)
        return self._fitted_target().decode(outputs)

    # -- what is about numbers ------------------------------------------------------------

    def _checks_of_y(self, y: Any) -> dict[str, Any]:
        refuse_other_numbers(y)
        return {"multi_output": True, "y_numeric": True}

    def _new_target(self, y: NDArray[Any], weight: Weights | None, known: Any) -> Numbers:
        return learn_numbers(
            y,
            weight,
            standardize=self.standardize_y,
            positive=self._loss().positive,
            more_to_come=known is _MORE_TO_COME,
        )

    def _target_to_go_on(
        self,
        y: NDArray[Any],
        weight: Weights | None,
        known: Any,  # noqa: ARG002
    ) -> Numbers:
        target = self._fitted_target()
        if target.positive != self._loss().positive:
            raise ValueError(
                "a fitted network is trained further with the outputs it has, which are "
                f"{target.output.activation}: they can't be used with loss={self.loss!r}; to "
                "start afresh, call fit with warm_start=False"
            )
        return target.for_more(y, weight)

    def _fitted_target(self) -> Numbers:
        return Numbers.of_record(self._learnt)

    def _loss(self) -> NumberLoss:
        from skdnn.network.losses import NumberLoss

        settings = {"huber": self.delta, "quantile": self.quantile}
        return NumberLoss(self.loss, float(settings.get(self.loss, 0.0)))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
