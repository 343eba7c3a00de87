"""What the install tests share: one installation of the build, into a folder of its own."""
import functools
import os
import shutil
import subprocess
import tempfile
import atexit

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("HF_SOURCE", os.path.join(HERE, "..", ".."))
BUILD = os.environ.get("HF_BUILD", os.path.join(SOURCE, "build"))
PREFIX = "/opt/handfast"


def run(*command, status=0, **how):
    """Runs a command; a status other than the one wanted fails the test with all that was printed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False,
                          timeout=120, **how)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{' '.join(map(str, command))}\n  expected status {status}, got "
                             f"{done.returncode}\n{done.stdout}{done.stderr}")
    return done


@functools.cache
def scratch():
    folder = tempfile.mkdtemp(prefix="handfast-install-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def root():
    """Installs with DESTDIR, as a packager does; the folder that holds bin/, lib/ and include/."""
    destination = os.path.join(scratch(), "destdir")
    run("cmake", "--install", BUILD, "--prefix", PREFIX, env=dict(os.environ, DESTDIR=destination))
    return destination + PREFIX


def find(name):
    """The one installed file of this name."""
    found = [os.path.join(where, name) for where, _, names in os.walk(root()) if name in names]
    if len(found) != 1:
        raise AssertionError(f"expected one {name} below {root()}, got {found or 'none'}")
    return found[0]


def libdir():
    return os.path.dirname(find("libhandfast.a"))
