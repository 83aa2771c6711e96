"""One suite for every target: a folder, a little server, and real HAPI in three versions."""

import pytest

pytest.register_assert_rewrite("contract.clinic")
