"""Hyperparameters become a Keras network: layers, start weights, loss, optimizer."""

from skdnn.network.building import build_network

__all__ = ["build_network"]
