"""What every test stands on: loopback only, the same random seeds in CI, no colours."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil

import pytest
from hypothesis import HealthCheck, settings

# One slow example on a shared machine is no defect; the time limit of a test is pytest's.
settings.register_profile("dev", max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# Before anything imports rich or typer: their tables and usage errors are compared as plain text.
os.environ["NO_COLOR"] = "1"
os.environ["TERM"] = "dumb"
os.environ["COLUMNS"] = "200"
# A developer's own settings are not part of what is tested.
for _name in ("EMBARGO_CONFIG", "FORCE_COLOR", "GNUPGHOME"):
    os.environ.pop(_name, None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the side stories to who asks for them: with ``-m side``, by ``EMBARGO_TEST_LONG``, or by name."""
    by_name = any(".py" in argument for argument in config.args)
    if by_name or config.option.markexpr or os.environ.get("EMBARGO_TEST_LONG"):
        return
    left = [item for item in items if item.get_closest_marker("side")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]


def _load_everything() -> None:
    """Load all that is ours: hypothesis also tries what stands in whatever modules are loaded, by whichever test."""
    for top in ("gateway", "keys", "policy", "storage", "tools"):
        for found in pkgutil.walk_packages(importlib.import_module(top).__path__, f"{top}."):
            if not found.name.endswith("__main__") and not found.name.startswith("storage.migrations."):
                importlib.import_module(found.name)


def pytest_collection_finish() -> None:
    """Let the collector look past five thousand tests that live to the end: a twentieth of the time of a run."""
    if os.environ.get("CI"):
        _load_everything()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
