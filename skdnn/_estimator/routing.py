"""Routed hyperparameters: ``optimizer__<name>`` and ``callbacks__<name>``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator

from skdnn._estimator.keras_callbacks import check_copies
from skdnn._estimator.parameter_hints import check_parameter_names


class RoutedParametersMixin(BaseEstimator):
    """Lets ``set_params`` set parameters of optimizers and callbacks, as of nested estimators.

    An optimizer or a callback has no ``set_params``, and may be given as a name or a class. Its
    parameters are kept here, returned by ``get_params``, copied by ``clone``, and passed on at
    `fit`. A new value of the parameter drops them, unless they are set in the same call. The
    constructor does not take them: one of scikit-learn's checks calls a constructor with each
    name in its signature, that of ``**kwargs`` included.
    """

    _routing_parameters: ClassVar[tuple[str, ...]] = ()

    # By parameter, names without the prefix. Not set in __init__: an estimator without any
    # has no such attribute of its own.
    _routed: Mapping[str, Mapping[str, Any]] = {}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the hyperparameters, with the routed values that were set.

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
        routed = {
            f"{parameter}__{name}": value
            for parameter, settings in self._routed.items()
            for name, value in settings.items()
        }
        return {**super().get_params(deep=deep), **routed}

    def set_params(self, **params: Any) -> Self:
        """Set hyperparameters, ``optimizer__<name>`` and ``callbacks__<name>`` included.

        Parameters
        ----------
        **params : dict
            Names and values. A routed value is kept for what the parameter names and checked
            there, at `fit`. Another `optimizer` drops what was kept for the old, and so do
            other `callbacks`; another ``callbacks__stop`` drops ``callbacks__stop__<name>``.

        Returns
        -------
        self : estimator
            This estimator.

        Raises
        ------
        ValueError
            If a name is not a hyperparameter.
        """
        routed: dict[str, dict[str, Any]] = {name: {} for name in self._routing_parameters}
        own = {}
        for key, value in params.items():
            parameter, _, name = key.partition("__")
            if name and parameter in routed:
                routed[parameter][name] = value
            else:
                own[key] = value
        check_parameter_names(self, own)
        replaced = {
            name for name in routed if name in own and self._is_replaced(name, own[name])
        }
        super().set_params(**own)
        kept = {
            name: {
                **({} if name in replaced else self._still_routed(name, settings)),
                **settings,
            }
            for name, settings in routed.items()
        }
        self._set_routed({name: settings for name, settings in kept.items() if settings})
        return self

    def __sklearn_clone__(self) -> Self:
        unrouted = copy.copy(self)
        unrouted.__dict__.pop("_routed", None)
        try:
            cloned: Self = super(RoutedParametersMixin, unrouted).__sklearn_clone__()
        except Exception:
            check_copies(getattr(self, "callbacks", None))  # says which can't be copied
            raise
        cloned._set_routed(copy.deepcopy(self._routed))
        return cloned

    def _is_replaced(self, parameter: str, value: Any) -> bool:
        # A grid may name the optimizer that is there: that replaces nothing.
        current = getattr(self, parameter)
        both_names = isinstance(value, str) and isinstance(current, str)
        return value != current if both_names else value is not current

    def _still_routed(self, parameter: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the routed settings without those of callbacks that are replaced."""
        kept = self._routed.get(parameter, {})
        replaced = {key for key, value in settings.items() if kept.get(key, kept) is not value}
        return {
            key: value for key, value in kept.items() if key.partition("__")[0] not in replaced
        }

    def _set_routed(self, routed: Mapping[str, Mapping[str, Any]]) -> None:
        if routed:
            self._routed = routed
        else:
            self.__dict__.pop("_routed", None)
