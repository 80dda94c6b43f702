"""What becomes rows of numbers for a network: images and tables."""

from skdnn.preprocessing.images import (
    _pixel_names,  # noqa: F401 # pickles from when this was one module name it here
    make_image_transformer,
    scale_and_flatten,
)
from skdnn.preprocessing.tables import make_table_transformer

__all__ = ["make_image_transformer", "make_table_transformer", "scale_and_flatten"]
