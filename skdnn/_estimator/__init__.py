"""Parts of the estimators: hyperparameters, training data, targets, fits, fitted state."""
