"""``python -m skdnn``: words on a command line become the main job."""
