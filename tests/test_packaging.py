"""The package: built from an exported tree without git, it holds what it needs and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("gateway", "keys", "policy", "storage")
LOCKS = ("requirements.txt", "requirements-dev.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def run(*command: str, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, **options)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    for name in (*PACKAGES, "tests", "docs"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "config.example.toml"):
        shutil.copy(ROOT / name, tree)
    out = tree / "out"
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(out),
        ".",
        cwd=tree,
    )
    (built,) = out.glob("*.whl")
    return built


def test_it_is_named_and_numbered_as_the_contract_has_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        told = Parser().parsestr(archive.read(metadata).decode())
        (scripts,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        commands = archive.read(scripts).decode()

    assert (told["Name"], told["Version"]) == ("embargo-gateway", PROJECT["version"])
    assert told["License-Expression"] == "Apache-2.0"
    assert "postgres" in told.get_all("Provides-Extra")
    assert re.findall(r"(?m)^(\w+) = ", commands) == ["embargo"]


def test_it_carries_every_file_of_the_four_packages_and_no_test(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    here = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == here
    assert {f"{package}/py.typed" for package in PACKAGES} <= packed
    assert "storage/migrations/env.py" in packed


@pytest.mark.side
def test_what_is_installed_makes_its_database_without_the_tree(wheel, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (tmp_path / "config.toml").write_text('[lists.a]\naddress = "a@lists.example.org"\n')

    # PYTHONPATH comes before an editable install of the tree.
    environ = {"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    where = run(sys.executable, "-c", "import storage; print(storage.__file__)", cwd=tmp_path, env=environ)
    done = run(sys.executable, "-m", "gateway", "init", cwd=tmp_path, env=environ)

    assert where.stdout.startswith(str(site))
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert "Traceback" not in done.stderr


# ----------------------------------------------------------------------------------------- locks


def locked(name: str) -> dict[str, tuple[str, list[str]]]:
    """Version and hashes of every package of a lock."""
    text = (ROOT / name).read_text("utf-8")
    found = {}
    for match in re.finditer(r"(?m)^([\w.-]+)==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})+)$", text):
        found[match[1]] = (match[2], re.findall(r"sha256:([0-9a-f]{64})", match[3]))
    assert len(found) == len(re.findall(r"(?m)^[A-Za-z]", text)), "each line is a package, a version and hashes"
    return found


def normal(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name[0]).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_hashes_and_no_address(lock):
    text = (ROOT / lock).read_text("utf-8")

    assert "://" not in text
    assert "--find-links" not in text
    assert not re.search(r"(?m)^-", text)
    for name, (_, hashes) in locked(lock).items():
        assert hashes, name


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_serves_other_machines_than_this_one(lock):
    packages = locked(lock)

    # A source archive and a wheel at least; compiled ones have a wheel for each platform.
    assert all(len(hashes) >= 2 for _, hashes in packages.values())
    assert all(len(packages[name][1]) > 20 for name in ("cffi", "cryptography", "greenlet", "psycopg-binary"))


def test_the_locks_hold_what_is_asked_for_and_agree():
    runtime, everything = locked("requirements.txt"), locked("requirements-dev.txt")
    extras = PROJECT["optional-dependencies"]

    assert {normal(one) for one in [*PROJECT["dependencies"], *extras["postgres"]]} <= set(runtime)
    assert {normal(one) for one in extras["dev"]} <= set(everything)
    assert {name: everything[name] for name in runtime} == runtime


def test_the_tools_of_the_tests_are_not_installed_on_a_server():
    assert not {"pytest", "hypothesis", "ruff", "mypy", "pysequoia", "trustme"} & set(locked("requirements.txt"))


def test_bounds_are_open_above():
    for requirement in [
        *PROJECT["dependencies"],
        *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
    ]:
        assert not re.search(r"<|==|~=", requirement), requirement
