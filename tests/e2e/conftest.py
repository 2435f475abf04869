"""Where the end-to-end tests find the real tools; `make e2e` installed them before."""

from collections.abc import Callable

import pytest

from tests.e2e.tools import PACKAGES, find, how_to_get


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Return what finds the path of a command; a command that is missing fails the test, and none is installed."""

    def get(command: str) -> str:
        path = find(command)
        if path is None:
            package = PACKAGES[command]
            pytest.fail(f"{command} is missing; `make e2e` installs it as root; on Debian: {how_to_get([package])}")
        return path

    return get
