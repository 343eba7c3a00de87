"""A stranger's program builds and runs against what was installed: by pkg-config and by find_package,
with the shared library and with the static one; and the installation is where it says it is."""
import os
import shutil
import unittest

import installed

CLIENT = os.path.join(installed.SOURCE, "examples", "client.c")


class Consumer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = os.path.join(installed.scratch(), "consumer")
        os.makedirs(cls.work, exist_ok=True)
        cls.env = dict(os.environ, LD_LIBRARY_PATH=installed.libdir(),
                       PKG_CONFIG_PATH=os.path.dirname(installed.find("handfast.pc")))

    def pkg_config(self, *arguments):
        if not shutil.which("pkg-config"):
            self.skipTest("pkg-config is not installed")
        return installed.run("pkg-config", *arguments, "handfast", env=self.env).stdout.split()

    def check_client(self, program, shared):
        """Without arguments the client says how it is used, and ends with a status that is not 0."""
        done = installed.run(program, status=None, env=self.env)
        self.assertGreater(done.returncode, 0, done)
        self.assertIn("usage", (done.stdout + done.stderr).lower())
        needed = installed.run("readelf", "-d", program).stdout
        (self.assertIn if shared else self.assertNotIn)("libhandfast.so.0", needed)

    def test_pkg_config_shared(self):
        program = os.path.join(self.work, "pc_shared")
        installed.run("cc", "-std=c17", "-o", program, CLIENT, *self.pkg_config("--cflags", "--libs"))
        self.check_client(program, shared=True)

    def test_pkg_config_static(self):
        program = os.path.join(self.work, "pc_static")
        flags = self.pkg_config("--static", "--cflags", "--libs")
        flags = ["-l:libhandfast.a" if f == "-lhandfast" else f for f in flags]
        installed.run("cc", "-std=c17", "-o", program, CLIENT, *flags)
        self.check_client(program, shared=False)

    def test_pkg_config_finds_the_place_it_lies_in(self):
        flags = self.pkg_config("--cflags", "--libs")
        folders = {os.path.realpath(f[2:]) for f in flags if f.startswith(("-I", "-L"))}
        self.assertEqual(folders, {os.path.realpath(os.path.join(installed.root(), "include")),
                                   os.path.realpath(installed.libdir())})

    def test_find_package(self):
        build = os.path.join(self.work, "build")
        installed.run("cmake", "-S", os.path.join(installed.HERE, "consumer"), "-B", build,
                      f"-DSOURCE={CLIENT}", f"-DCMAKE_PREFIX_PATH={installed.root()}")
        installed.run("cmake", "--build", build)
        self.check_client(os.path.join(build, "client_shared"), shared=True)
        self.check_client(os.path.join(build, "client_static"), shared=False)

    def test_find_package_refuses_a_version_that_is_not_there(self):
        source = os.path.join(self.work, "future")
        os.makedirs(source, exist_ok=True)
        with open(os.path.join(source, "CMakeLists.txt"), "w", encoding="utf-8") as f:
            f.write("cmake_minimum_required(VERSION 3.25)\nproject(future LANGUAGES C)\n"
                    "find_package(handfast 99.0 REQUIRED)\n")
        done = installed.run("cmake", "-S", source, "-B", os.path.join(source, "build"),
                             f"-DCMAKE_PREFIX_PATH={installed.root()}", status=1)
        self.assertIn("99.0", done.stderr)


class Installation(unittest.TestCase):
    def test_the_program_is_there_and_runs(self):
        program = installed.find("handfast")
        self.assertEqual(os.path.basename(os.path.dirname(program)), "bin")
        self.assertIn("handfast", installed.run(program, "--help").stdout)

    def test_texts_and_licences_are_there(self):
        for name in ("README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE-APACHE", "LICENSE-MIT"):
            self.assertGreater(os.path.getsize(installed.find(name)), 200, name)

    def test_no_path_of_the_build_is_left_in_what_describes_it(self):
        for name in ("handfast.pc", "handfastConfig.cmake", "handfastTargets.cmake"):
            with open(installed.find(name), encoding="utf-8") as f:
                text = f.read()
            for place in (os.path.realpath(installed.SOURCE), os.path.realpath(installed.BUILD)):
                self.assertNotIn(place, text, name)


if __name__ == "__main__":
    unittest.main()
