"""What an estimator is made of: hyperparameters, rows, targets, fits, fitted state."""
