"""Files are written whole or not at all, and an error names the file."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simtheory._files import digest, given_array, given_text, given_toml, whole, write_text
from simtheory.errors import ArgumentError, MissingFileError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_when_the_block_ends(tmp_path):
    target = tmp_path / "a.txt"
    with whole(target) as partial:
        partial.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_an_exception_leaves_the_old_file_alone(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError), whole(target) as partial:
        partial.write_text("half, then \udc80", encoding="utf-8")
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_killed_process_leaves_the_old_file_and_the_next_write_clears_up(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    script = (
        "import os, signal, sys\n"
        "from simtheory._files import whole\n"
        "with whole(sys.argv[1]) as partial:\n"
        "    partial.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(target)], timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert target.read_text() == "old"
    assert (tmp_path / "a.txt.part").exists()
    write_text(target, "new")
    assert target.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_names_the_file_and_keeps_the_old_one(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    (tmp_path / "a.txt.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space left on device.*a\.txt'$") as caught:
        write_text(target, "new")
    assert caught.value.errno == errno.ENOSPC
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_read_only_folder_names_the_file(tmp_path):
    tmp_path.chmod(0o500)
    folder = tmp_path if os.geteuid() else Path("/sys")  # root may write to a folder of mode 500
    if not folder.exists():
        pytest.skip("no folder that root cannot write to")
    try:
        with pytest.raises(OSError, match=r"/a\.txt'$"):
            write_text(folder / "a.txt", "new")
    finally:
        tmp_path.chmod(0o700)
    assert not list(folder.glob("a.txt*"))


def test_a_folder_that_is_a_file_or_missing_names_the_file(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(NotADirectoryError, match=r"file/a\.txt'$"):
        write_text(tmp_path / "file" / "a.txt", "new")
    with pytest.raises(FileNotFoundError, match=r"none/a\.txt'$"):
        write_text(tmp_path / "none" / "a.txt", "new")


def test_a_file_that_is_a_folder_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(ArgumentError, match=r"The file .*a\.txt cannot be written.*is a folder"):
        write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == ["a.txt"]


def test_an_error_about_another_file_stays_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"source'$"), whole(tmp_path / "a.txt"):
        Path(tmp_path / "source").read_text(encoding="utf-8")
    assert names(tmp_path) == []


def test_a_digest_is_the_sha256_of_the_parts_in_their_order():
    array = np.arange(6.0).reshape(2, 3)
    expected = hashlib.sha256(b"word" + array.tobytes() + array.T.copy().tobytes()).hexdigest()
    assert digest("word", array, array.T) == expected
    assert digest("ab", b"c") == digest("abc") != digest("ac", b"b")


def test_files_that_users_bring_are_read_or_named(tmp_path):
    path = tmp_path / "given.toml"
    path.write_bytes(b"\xef\xbb\xbfn = 3\n")  # with a byte-order mark
    assert given_toml(path) == {"n": 3}
    for read, content, noun in (
        (given_toml, b"n = ", "TOML"),
        (given_text, b"\xff", "text in UTF-8"),
        (given_array, b"no array", "array"),
    ):
        path.write_bytes(content)
        with pytest.raises(ArgumentError, match=rf"given\.toml is no readable {noun}: "):
            read(path)
        with pytest.raises(MissingFileError, match="does not exist"):
            read(tmp_path / "none")
