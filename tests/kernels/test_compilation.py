"""Whether machine code of an earlier use is found."""

import os
import subprocess
import sys

SAID = "from autodisco_kernels.compilation import is_compiled; print(is_compiled())"
USED = "from autodisco_kernels.cells import fold; fold(5, 3)"


def test_kernels_are_compiled_after_their_first_use(tmp_path):
    def run(code):
        known = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-c", code], env=known, capture_output=True, text=True, check=True
        ).stdout

    assert run(SAID).strip() == "False"
    run(USED)
    assert run(SAID).strip() == "True"
