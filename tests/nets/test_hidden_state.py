"""The random numbers of a training run depend on its seeds, not on the settings of JAX."""

import jax
import numpy as np
import pytest

from simtheory.errors import ArgumentError
from simtheory.validation.nets import _training
from simtheory.validation.nets.architectures import MLP
from simtheory.validation.nets.devices import random_stream
from tests.nets.teaching import teach

pytestmark = pytest.mark.slow

SHORT = {"steps": 5, "looks": 2, "batch": 4}


def draws():
    return np.asarray(jax.random.bits(jax.random.key(0), (4,), "uint32"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jax_threefry_partitionable", False),
        ("jax_default_prng_impl", "rbg"),
        ("jax_random_seed_offset", 7),
    ],
)
def test_settings_of_random_numbers_change_no_run(name, value):
    whole, stream, before, theirs = teach(MLP(2, 5), **SHORT), random_stream(), draws(), None
    random_stream.cache_clear()
    kept = getattr(jax.config, name)
    jax.config.update(name, value)
    try:
        other, again, theirs = teach(MLP(2, 5), **SHORT), random_stream(), draws()
        assert getattr(jax.config, name) == value
    finally:
        jax.config.update(name, kept)
    assert not np.array_equal(before, theirs)  # the setting does change what JAX draws
    np.testing.assert_array_equal(other.outputs, whole.outputs)
    assert again == stream


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jax_numpy_rank_promotion", "raise"),
        ("jax_numpy_dtype_promotion", "strict"),
        ("jax_debug_key_reuse", True),
        ("jax_enable_x64", True),
    ],
)
def test_settings_that_forbid_change_no_run(name, value):
    whole, kept = teach(MLP(2, 5), **SHORT), getattr(jax.config, name)
    jax.config.update(name, value)
    try:
        other = teach(MLP(2, 5), **SHORT)
    finally:
        jax.config.update(name, kept)
    np.testing.assert_array_equal(other.outputs, whole.outputs)


def test_a_checkpoint_of_another_stream_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "run.npz"
    with monkeypatch.context() as patch:
        patch.setattr(_training, "random_stream", lambda: "0" * 64)
        teach(MLP(2, 5), checkpoint=file, **SHORT)
    with pytest.raises(ArgumentError, match="belongs to another run: `random_stream` is another"):
        teach(MLP(2, 5), checkpoint=file, **SHORT)
