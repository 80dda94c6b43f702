"""The command ``python -m skdnn``."""
