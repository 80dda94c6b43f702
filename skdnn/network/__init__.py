"""Build Keras networks from hyperparameters: layers, initial weights, loss, optimizer."""

from skdnn.network.building import build_network

__all__ = ["build_network"]
