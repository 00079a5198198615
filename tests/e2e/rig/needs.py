"""What must be installed before an end-to-end test can say anything."""

from __future__ import annotations

import shutil


class MissingProgram(Exception):
    """A program is not installed; the text names the Debian package that brings it."""


def program(name: str, package: str) -> str:
    """The path of `name`.

    Raises:
        MissingProgram: it is not on this machine. The tests fail then: a skipped end-to-end test proves nothing.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise MissingProgram(f"{name} is not installed; the end-to-end tests need it: apt-get install {package}")
    return found
