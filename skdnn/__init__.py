"""Choose a dense neural network with scikit-learn."""

__version__ = "0.1.0.dev0"
