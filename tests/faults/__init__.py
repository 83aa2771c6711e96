"""Every row of the table of failures, with a real fault."""

import pytest

pytest.register_assert_rewrite("faults.outside")
