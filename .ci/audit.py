"""Ask for known vulnerabilities of what is installed, and say how much could be asked about.

pip-audit asks for the page of each release. Where a mirror or a firewall keeps those pages back
it skips the packages, finds nothing and succeeds. What it skips is therefore looked up on the
package's own page, which tells of the newest release; an older one stays unaudited and is
named. A vulnerability fails, a service that can't be reached does not.
"""

import json
import subprocess  # nosec B404 # runs pip-audit
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distributions

import requests
from packaging.utils import canonicalize_name
from pip._internal.models.index import PyPI  # the address that pip itself takes

Found = dict[str, list[str]]  # the vulnerabilities of a package, by its name


def of_releases() -> Found:
    """Return what pip-audit finds, without the packages that it skips."""
    ran = subprocess.run(  # nosec B603 # a command without words from outside
        [sys.executable, "-m", "pip_audit", "--skip-editable", "-f", "json"],
        capture_output=True,
        text=True,
    )
    if not ran.stdout:
        print(f"pip-audit ended with {ran.returncode}:", *ran.stderr.splitlines()[-1:])
        return {}
    packages = json.loads(ran.stdout)["dependencies"]
    return {
        canonicalize_name(package["name"]): [
            vulnerability["id"] for vulnerability in package["vulns"]
        ]
        for package in packages
        if "skip_reason" not in package
    }


def of_newest(name: str, version: str) -> list[str] | None:
    """Return what the package's own page tells, or None if that is not of this version."""
    try:
        answer = requests.get(f"{PyPI.pypi_url}/{name}/json", timeout=30)
        page = answer.json() if answer.ok else {}
    except (OSError, ValueError):
        return None
    if page.get("info", {}).get("version") != version or "vulnerabilities" not in page:
        return None
    return [each["id"] for each in page["vulnerabilities"] if not each.get("withdrawn")]


def main() -> None:
    """Audit, and print what was audited and what was not."""
    installed = {canonicalize_name(each.name): each.version for each in distributions()}
    installed.pop("skdnn", None)
    found = of_releases()
    print(f"pip-audit could ask about {len(found)} of {len(installed)} packages")

    skipped = sorted(installed.keys() - found.keys())
    with ThreadPoolExecutor(8) as pool:
        pages = dict(
            zip(skipped, pool.map(of_newest, skipped, map(installed.get, skipped)), strict=True)
        )
    newest = {name: ids for name, ids in pages.items() if ids is not None}
    print(f"{len(newest)} more are the newest release, which the package's page tells of")
    found |= newest

    unknown = [f"{name} {installed[name]}" for name in skipped if name not in newest]
    if unknown:
        print(f"NOT audited, no service tells of them: {len(unknown)} packages:", *unknown)
    vulnerable = {name: ids for name, ids in found.items() if ids}
    for name, ids in vulnerable.items():
        print(f"vulnerable: {name} {installed[name]}:", *ids)
    if vulnerable:
        sys.exit(
            f"{len(vulnerable)} of {len(found)} audited packages have known vulnerabilities"
        )
    if found:
        print(f"audited {len(found)} packages: clean")
    else:
        print("no vulnerability service can be reached: NOT audited")


main()
