"""docs/FEATURES.md names, for each feature, tests that exist and run."""
import os
import re
import unittest

SOURCE = os.environ.get("HF_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
PAGE = os.path.join(SOURCE, "docs", "FEATURES.md")
REFERENCE = re.compile(r"`(\w+)/(test_\w+): (\w+)`")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def missing(folder, file, case):
    """Why the reference leads nowhere, or None."""
    base = os.path.join(SOURCE, "tests", folder, file)
    if os.path.exists(base + ".py"):
        return None if re.search(rf"^    def {case}\(self", read(base + ".py"), re.M) else "no such case"
    if not os.path.exists(base + ".c"):
        return "no such file"
    text = read(base + ".c")
    if not re.search(rf"^static void {case}\(\s*void \*\*", text, re.M):
        return "no such case"
    named = len(re.findall(rf"\b{case}\b", text))
    return None if named > 1 else "the case is never run"


def rows(text):
    """The rows of the tables, without their heads."""
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        yield from block.splitlines()[2:]


class Features(unittest.TestCase):
    def test_every_test_that_a_row_names_exists(self):
        wrong = [f"{folder}/{file}: {case}: {why}" for folder, file, case in REFERENCE.findall(read(PAGE))
                 if (why := missing(folder, file, case))]
        self.assertEqual(wrong, [])

    def test_every_row_names_a_test(self):
        without = [row for row in rows(read(PAGE)) if not REFERENCE.search(row)]
        self.assertEqual(without, [])
        self.assertGreater(len(list(rows(read(PAGE)))), 50)

    def test_nothing_that_looks_like_a_reference_is_overlooked(self):
        text = read(PAGE)
        self.assertEqual(len(re.findall(r"`[^`\n]*test_\w+: [^`\n]*`", text)), len(REFERENCE.findall(text)))

    def test_a_test_that_does_not_exist_is_noticed(self):
        self.assertEqual(missing("pair", "test_handshake", "every_group_is_agreed_on"), None)
        self.assertEqual(missing("interop", "test_serve", "test_ranges"), None)
        for reference, why in ((("pair", "test_handshake", "nothing_of_the_kind"), "no such case"),
                               (("pair", "test_nothing", "x"), "no such file"),
                               (("interop", "test_serve", "test_nothing_of_the_kind"), "no such case")):
            self.assertEqual(missing(*reference), why)


if __name__ == "__main__":
    unittest.main()
