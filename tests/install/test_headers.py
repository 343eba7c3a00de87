"""Every public header compiles alone, as C17 and as C++17, from the installed place, without a warning;
and the shared library exports exactly what the headers declare."""
import os
import re
import shutil
import subprocess
import unittest

import installed

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]


def headers():
    folder = os.path.join(installed.root(), "include", "handfast")
    return sorted(name for name in os.listdir(folder) if name.endswith(".h"))


class Headers(unittest.TestCase):
    def compile_each(self, language, standard, *compilers):
        present = [c for c in compilers if shutil.which(c)]
        if not present:
            self.skipTest(f"none of {', '.join(compilers)} is installed")
        self.assertIn("handfast.h", headers())
        for compiler in present:
            for header in headers():
                with self.subTest(compiler=compiler, header=header):
                    done = subprocess.run(
                        [compiler, "-x", language, f"-std={standard}", *STRICT,
                         "-I", os.path.join(installed.root(), "include"), "-"],
                        input=f"#include <handfast/{header}>\n#include <handfast/{header}>\n",
                        capture_output=True, text=True, check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_each_header_compiles_alone_as_c17(self):
        self.compile_each("c", "c17", "gcc", "clang")

    def test_each_header_compiles_alone_as_cpp17(self):
        self.compile_each("c++", "c++17", "g++", "clang++")


def declared():
    names = set()
    folder = os.path.join(installed.root(), "include", "handfast")
    for header in headers():
        with open(os.path.join(folder, header), encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/|^\s*#.*?$", "", f.read(), flags=re.S | re.M)
        for declaration in re.findall(r"\bHF_API\b([^;]*);", text):
            names.add(re.search(r"\b(hf_\w+)\s*(?:\(|\[|$)", declaration.strip()).group(1))
    return names


def exported():
    listed = installed.run("nm", "-D", "--defined-only", installed.find("libhandfast.so")).stdout
    symbols = [line.split()[-2:] for line in listed.splitlines()]
    return {name.split("@")[0] for kind, name in symbols if kind != "A"}


class Exports(unittest.TestCase):
    def test_nothing_is_exported_that_no_header_declares(self):
        self.assertEqual(sorted(exported() - declared()), [])

    def test_everything_that_a_header_declares_is_exported(self):
        self.assertGreater(len(declared()), 50)
        self.assertEqual(sorted(declared() - exported()), [])

    def test_exports_carry_the_version_node(self):
        listed = installed.run("nm", "-D", "--defined-only", installed.find("libhandfast.so")).stdout
        self.assertIn("hf_version@@HANDFAST_0", listed)

    def test_the_library_needs_libcrypto_and_never_libssl(self):
        dynamic = installed.run("readelf", "-d", installed.find("libhandfast.so")).stdout
        self.assertRegex(dynamic, r"NEEDED.*libcrypto\.so")
        self.assertNotRegex(dynamic, r"NEEDED.*libssl")
        self.assertRegex(dynamic, r"SONAME.*\[libhandfast\.so\.0\]")


if __name__ == "__main__":
    unittest.main()
