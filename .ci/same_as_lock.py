"""Fail unless this environment has the packages of a lock file, no more and no less."""

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name

lock = Path(sys.argv[1])
locked = {
    canonicalize_name(name): version
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE)
}
installed = {canonicalize_name(each.name): each.version for each in distributions()}
del installed["skdnn"]
differences = [
    f"{name}: installed {installed.get(name)}, locked {locked.get(name)}"
    for name in sorted(installed.keys() | locked.keys())
    if installed.get(name) != locked.get(name)
]
if differences:
    sys.exit("\n".join([*differences, f"not as locked in {lock}: write it anew with .ci/lock"]))
print(f"{len(installed)} packages are installed, all as locked in {lock}")
