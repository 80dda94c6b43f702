"""`KerasDNNClassifier`: a scikit-learn classifier built with Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.callback import with_callbacks

from skdnn._estimator.base import KerasDNNBase
from skdnn._estimator.classes import Classes, check_same_classes, fit_classes, target_of_classes
from skdnn._estimator.hyperparameters import (
    CLASSIFIER_CONSTRAINTS,
    CONSTRAINTS,
    VALIDATION_FRACTION,
)
from skdnn._estimator.labels import check_labels, is_multilabel
from skdnn._estimator.parameter_hints import CLASSIFIER_HINTS, explains_keywords
from skdnn._estimator.rows import LabelledRows, Table
from skdnn._estimator.targets import SampleWeight, Target

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from skdnn.network.layer_settings import Activation
    from skdnn.network.losses import CrossEntropy


class KerasDNNClassifier(ClassifierMixin, KerasDNNBase):
    """Dense neural network classifier (multilayer perceptron) built with Keras.

    A scikit-learn estimator for use in ``Pipeline``, ``GridSearchCV`` and ``cross_val_score``.
    Layers, optimizer and the optimizer's settings are hyperparameters.

    Parameters
    ----------
    hidden_units : tuple of int, default=(100,)
        Number of units in each hidden layer. ``()`` is a linear model (softmax regression).
        The default is that of `MLPClassifier`.

    activation : str, callable, or sequence of those, default="relu"
        Activation of the hidden layers: one for all, or one per layer. A name known to
        :func:`keras.activations.get`, or a function of a tensor. The output layer uses sigmoid
        for two classes and softmax for more. ReLU is the default because its gradient does not
        saturate [1]_.

    kernel_initializer : str, Initializer, callable or sequence, default="glorot_uniform"
        Initializer of the kernel weights: one for all layers, including the output layer, or
        one per layer, the output layer's last. A name known to
        :func:`keras.initializers.get`, an instance, or a function of shape and dtype. Seeds
        are drawn from `random_state`.

    batch_normalization : bool or sequence of bool, default=False
        Whether to apply batch normalization before the activation of the hidden layers [3]_:
        one value for all, or one per hidden layer. If the last batch of an epoch is shorter,
        only the samples it has are counted.

    dropout : float or sequence of float, default=0.0
        Fraction of the outputs of a hidden layer, in [0, 1), to drop at each training step
        [4]_. One value for all hidden layers, or one per hidden layer.

    l2 : float or sequence of float, default=0.0
        L2 regularization: `l2` times the sum of the squared kernel weights is added to the
        loss, as in :class:`keras.regularizers.L2`. One value for all layers, including the
        output layer, or one per layer, the output layer's last. In terms of `MLPClassifier`,
        ``alpha`` is ``2 * batch_size * l2``; for multilabel targets, multiply by the number of
        labels, because its loss is their sum and Keras's their mean.

    optimizer : str, class or instance, default="adam"
        A name known to :func:`keras.optimizers.get`, a subclass of
        :class:`keras.optimizers.Optimizer`, or an instance, which is copied and never
        changed. With a name or a class, the optimizer's arguments can be set as
        ``set_params(optimizer__momentum=0.9)`` or in a grid. Replacing `optimizer` resets
        those that are not given in the same call. Adam is the default because it needs the
        least tuning [2]_.

    learning_rate : float or LearningRateSchedule, default=None
        Learning rate of the optimizer. If None, the default of the Keras optimizer is used.
        Can't be combined with ``optimizer__learning_rate`` or an optimizer instance.

    label_smoothing : float, default=0.0
        Label smoothing in [0, 1): the fraction of a label that is spread evenly over all
        classes, as in Keras's losses [5]_.

    epochs : int, default=100
        Number of passes over the training data. The default suits small data sets: iris has
        four steps per epoch. Tens of thousands of samples need fewer epochs; see
        :doc:`/defaults` for measurements.

    batch_size : int, default=32
        Number of samples per gradient update, as in Keras's ``Model.fit``. The last batch of
        an epoch may be shorter.

    class_weight : dict or "balanced", default=None
        Weights of the classes as ``{label: weight}``; "balanced" uses weights inversely
        proportional to class frequencies. They are multiplied with `sample_weight`. Not
        supported for multilabel targets.

    early_stopping : bool, default=False
        Whether to stop training when the score on validation data no longer improves, and to
        restore the weights of the best epoch. The validation data are `X_val` and `y_val` if
        passed to `fit`, otherwise a part of the training data.

    validation_fraction : float or int, default=0.1
        Fraction or number of training samples to set aside for early stopping, stratified by
        class and drawn with `random_state`. Can't be set if `X_val` is passed.

    scoring : str, callable or None, default="loss"
        Score for early stopping: "loss" for the negative loss, any scorer name or callable
        of scikit-learn, or None for the accuracy. Greater is better.

    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping stops.

    tol : float, default=1e-4
        Minimum increase over the best previous score that counts as an improvement.

    memory : str or object with the joblib.Memory interface, default=None
        Directory for caching trained weights. A fit on the same data with the same
        hyperparameters and seed, but more epochs, continues from the cache, with the same
        result as training from scratch. Useful for successive halving with
        ``resource="epochs"``. Requires an int `random_state`; can't be combined with
        `early_stopping` or `callbacks`. As in `Pipeline`, the cache holds pickles, so use a
        directory you trust.

    random_state : int, RandomState instance or None, default=None
        Determines the initial weights and the shuffling of samples. Pass an int for
        reproducible results across calls. None draws a new seed from the operating system. No
        global random generator (Python's, NumPy's or TensorFlow's) is read or changed.

    warm_start : bool, default=False
        If True, `fit` continues from the weights, optimizer state and history of the
        previous call, and trains for `epochs` more epochs.

    engine : {"auto", "fused", "keras"}, default="auto"
        Training engine. "fused" runs many training steps in one compiled program, which all
        fits of the same network structure share. "keras" runs Keras's ``Model.fit`` on the
        same batches, from the same weights, and is several times slower. "auto" uses "fused"
        unless a callback needs single batches or changes how the network is trained (for
        instance, freezes a layer), or the optimizer can't be compiled as a pure function
        (`use_ema`, gradient accumulation, loss scaling, ``ScheduleFreeAdamW``, custom
        optimizer classes). `verbose` prints which engine is used and why.

    callbacks : keras.callbacks.Callback, class, list or dict of those, default=None
        Keras callbacks, such as ``EarlyStopping``, ``ReduceLROnPlateau`` or
        ``ModelCheckpoint``. Each fit uses copies; see `history_` and `n_iter_` for what
        happened. Their settings are hyperparameters: ``callbacks__patience`` for a single
        callback, ``callbacks__0__patience`` in a list, ``callbacks__stop__patience`` in a dict
        with the key "stop". ``callbacks__stop=None`` removes that callback.

    verbose : int, default=0
        If 1 or more, print the engine used and a line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the column indices.

    n_features_in_ : int
        Number of features seen during :term:`fit`, which is ``X.shape[1]``.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`. Defined only when `X` has feature names
        that are all strings.

    input_shape_ : tuple of int
        Shape of a sample, such as ``(784,)`` or ``(28, 28)``.

    history_ : dict of list of float
        ``"loss"`` and ``"accuracy"`` of every epoch, averaged over the epoch while the
        weights change, as in Keras's ``History``. With a validation set also ``"val_loss"``
        and ``"val_accuracy"`` at the end of the epoch, and what callbacks add. For multilabel
        targets, this accuracy counts single labels, as in Keras, whereas `score` is the subset
        accuracy, as in scikit-learn.

    validation_scores_ : ndarray of shape (`n_iter_`,)
        Score on the validation data after each epoch; NaN for epochs of earlier calls without
        early stopping. Only available if `early_stopping` is True.

    best_iteration_ : int
        Epoch with the best validation score, counted from 1, whose weights were restored. Only
        available if `early_stopping` is True.

    n_iter_ : int
        Number of epochs trained, over all calls.

    n_parameters_ : int
        Number of weights in the network.

    model_ : keras.Sequential
        The compiled Keras model with its weights and optimizer state, ready for ``save``,
        ``summary`` or further training in Keras. Each access returns a new copy, so changing
        it does not change the estimator. It is not listed by ``dir()``, so that inspecting an
        estimator builds no model.

    See Also
    --------
    skdnn.KerasDNNRegressor : The same for regression.
    skdnn.make_image_pipeline : Pipeline of image scaling, flattening and this classifier.
    skdnn.build_network : The function that builds the Keras model.
    sklearn.neural_network.MLPClassifier : Multilayer perceptron of scikit-learn.

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = (
        CONSTRAINTS | CLASSIFIER_CONSTRAINTS
    )

    _kind: ClassVar[type[Target]] = Classes

    _parameter_hints: ClassVar[Mapping[str, str]] = CLASSIFIER_HINTS

    classes_: NDArray[Any]

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
            Training data: samples of features, or images, which the network flattens. uint8,
            bool and other small integers are cast batch by batch, other dtypes to float32 at
            once. Sparse data are made dense batch by batch. `X` is never modified.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels of any type, with at least two classes; or, for multilabel
            classification, zeros and ones with one column per label. One-hot encoded labels
            have that form too: pass ``y.argmax(axis=1)`` instead.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weight of each sample in the loss. A sample with weight 0 is ignored.
            A weight of 2 counts like a repeated sample in the loss only: batches, batch
            normalization, dropout and the split of early stopping count each sample once,
            whatever its weight.
        X_val : array-like, default=None
            Validation data, on which the network is evaluated after each epoch.
        y_val : array-like, default=None
            Labels of `X_val`. Required if `X_val` is given.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Sample weights of `X_val`.

        Returns
        -------
        self : KerasDNNClassifier
            The fitted estimator. If the call fails, an earlier fit stays unchanged.

        Raises
        ------
        ValueError
            If a hyperparameter or the data are invalid, or the loss becomes NaN or infinite.

        Warns
        -----
        UserWarning
            If `y` looks one-hot encoded: five samples or more, each with exactly one label.
        """
        return self._fit_epochs(X, y, sample_weight, X_val, y_val, sample_weight_val)

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
        """Train the network for one more epoch on a batch of samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Training data, as for `fit`.
        y : array-like of shape (n_samples,)
            Class labels. Not every class has to occur.
        classes : array-like of shape (n_classes,), default=None
            All classes that can occur. Required at the first call, optional in later calls.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weight of each sample.

        Returns
        -------
        self : KerasDNNClassifier
            The estimator after one more epoch. If the call fails, it stays unchanged.

        Raises
        ------
        ValueError
            If `classes` is missing at the first call or differs in a later one, a label is
            not among them, or `fit` would raise it.
        """
        if classes is None and not self.__sklearn_is_fitted__():
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._fit_one_epoch(X, y, sample_weight, classes)

    # -- prediction -----------------------------------------------------------------------

    @explains_keywords
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Samples of the same shape as in `fit`, of any numeric dtype.

        Returns
        -------
        probabilities : ndarray of float32, shape (n_samples, n_classes)
            Columns in the order of `classes_`, two for binary classification. For multilabel
            targets, the probability of each label.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If samples have another shape than in `fit`, or contain NaN or infinity.
        """
        outputs = self._outputs(X)
        return self._fitted_target().probabilities(outputs)

    @explains_keywords
    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Samples, as for `predict_proba`.

        Returns
        -------
        log_probabilities : ndarray of float32, shape (n_samples, n_classes)
            Natural logarithm of the probabilities; -inf for a probability of 0 in float32.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @explains_keywords
    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            Samples, as for `predict_proba`.

        Returns
        -------
        labels : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable class of each sample, the first one if several are equally
            probable. For multilabel targets, 1 for labels with a probability above 0.5, else 0.
        """
        probabilities = self.predict_proba(X)
        return self._fitted_target().decode(probabilities)

    # -- targets --------------------------------------------------------------------------

    def _check_y(self, y: Any) -> dict[str, Any]:
        check_labels(y)
        return {"multi_output": is_multilabel(y)}

    def _new_target(
        self,
        y: NDArray[Any],
        sample_weight: SampleWeight | None,
        *,
        classes: ArrayLike | None,
        incremental: bool,  # noqa: ARG002
    ) -> Classes:
        target = fit_classes(y, sample_weight, classes)
        self.classes_ = target.classes
        return target

    def _continued_target(
        self,
        y: NDArray[Any],  # noqa: ARG002
        sample_weight: SampleWeight | None,  # noqa: ARG002
        *,
        classes: ArrayLike | None,
    ) -> Classes:
        check_same_classes(classes, self.classes_)
        return self._fitted_target()

    def _fitted_target(self) -> Classes:
        return target_of_classes(self.classes_, self._fitted_state["multilabel"])

    def _loss(self) -> CrossEntropy:
        from skdnn.network.losses import CrossEntropy

        return CrossEntropy(float(self.label_smoothing))

    def _training_table(
        self, rows: LabelledRows, target: Any, sample_weight: SampleWeight | None
    ) -> Table:
        return rows.table(target, self.class_weight, sample_weight)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.class_weight is None
        return tags
