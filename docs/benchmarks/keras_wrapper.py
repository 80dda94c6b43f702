"""Keras's own wrapper, repaired just enough to train all its epochs inside a search.

``clone`` drops its `fit_kwargs`, so every fit of a search would train one epoch.
"""

from __future__ import annotations

from typing import Any

from keras.wrappers import SKLearnClassifier


class KerasWrapper(SKLearnClassifier):
    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        network = self.model_kwargs["network"]
        self.fit_kwargs = {
            "epochs": network.epochs,
            "batch_size": network.batch_size,
            "verbose": 0,
        }
        return super().fit(X, y, **kwargs)

    def predict(self, X: Any) -> Any:
        # The wrapper's own prints a progress bar.
        return self._reverse_process_target(self.model_.predict(X, verbose=0))

    def predict_proba(self, X: Any) -> Any:
        return self.model_.predict(X, verbose=0)
