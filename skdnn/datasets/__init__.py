"""Load image data sets, and folders of image files, as NumPy arrays."""

from skdnn.datasets._fashion_mnist import fetch_fashion_mnist, load_fashion_mnist_sample
from skdnn.datasets._image_folder import load_image_folder

__all__ = ["fetch_fashion_mnist", "load_fashion_mnist_sample", "load_image_folder"]
