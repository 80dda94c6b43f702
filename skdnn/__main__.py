"""``python -m skdnn``: the main job as a command."""

import sys

from skdnn._cli import main

if __name__ == "__main__":
    sys.exit(main())
