"""Compiled loops are kept on disk for the next run, and the user's JAX settings stay as they were."""

import os
import subprocess
import sys

import jax
import pytest

from simtheory.validation.nets.devices import compiled_folder, computing_on

pytestmark = pytest.mark.slow

NAMES = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)

RUN = """
import jax, jax.monitoring
from tests.nets.teaching import teach
from simtheory.validation.nets.architectures import MLP
found = []
jax.monitoring.register_event_listener(lambda name, **_: found.append(name))
teach(MLP(2, 5), steps=2, looks=2)
print(found.count("/jax/compilation_cache/cache_hits"))
"""


def hits(folder):
    """How many compiled functions a fresh process loads."""
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env=os.environ | {"SIMTHEORY_JAX_CACHE": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def settings():
    return {name: getattr(jax.config, name) for name in NAMES}


def test_a_second_process_loads_what_the_first_compiled(tmp_path):
    assert hits(tmp_path / "kept") == 0
    assert hits(tmp_path / "kept") > 0
    assert any((tmp_path / "kept").iterdir())
    assert hits("off") == 0


def test_the_settings_of_jax_stay_the_users(tmp_path, monkeypatch):
    (cpu,) = jax.devices("cpu")[:1]
    monkeypatch.setenv("SIMTHEORY_JAX_CACHE", str(tmp_path / "kept"))
    before = settings()

    def interrupted():
        with computing_on(cpu):
            assert jax.config.jax_compilation_cache_dir == str(tmp_path / "kept")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert settings() == before
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    try:
        with computing_on(cpu):
            assert jax.config.jax_compilation_cache_dir == str(tmp_path / "own")
    finally:
        jax.config.update("jax_compilation_cache_dir", before["jax_compilation_cache_dir"])
    assert not (tmp_path / "own").exists()


def test_where_it_cannot_be_written_training_goes_on(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SIMTHEORY_JAX_CACHE", str(tmp_path / "file" / "below"))
    before = settings()
    (cpu,) = jax.devices("cpu")[:1]
    with computing_on(cpu):
        assert settings() == before


def test_the_variable_chooses_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMTHEORY_JAX_CACHE", str(tmp_path))
    assert compiled_folder() == tmp_path
    for word in ("off", "0", ""):
        monkeypatch.setenv("SIMTHEORY_JAX_CACHE", word)
        assert compiled_folder() is None
    monkeypatch.delenv("SIMTHEORY_JAX_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiled_folder() == tmp_path / "simtheory" / "jax"
