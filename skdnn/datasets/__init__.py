"""Named sets of images, as NumPy arrays."""

from skdnn.datasets._fashion_mnist import fetch_fashion_mnist, load_fashion_mnist_sample

__all__ = ["fetch_fashion_mnist", "load_fashion_mnist_sample"]
