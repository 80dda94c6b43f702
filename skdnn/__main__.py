"""``python -m skdnn``: the main job as a command."""

from skdnn._command.options import entry

if __name__ == "__main__":
    entry()
