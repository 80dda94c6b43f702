"""``python -m skdnn``: the main job as a command."""

from skdnn._cli import entry

if __name__ == "__main__":
    entry()
