"""tools/coverage adds up what gcov counted, by folder, and names what nothing entered."""
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import unittest

SOURCE = os.environ.get("HF_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))


def tool():
    loader = importlib.machinery.SourceFileLoader("coverage_tool", os.path.join(SOURCE, "tools", "coverage"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def file(lines, functions):
    return {"lines": [{"line_number": n, "count": c} for n, c in lines],
            "functions": [{"name": name, "start_line": n, "execution_count": c} for name, n, c in functions]}


class Coverage(unittest.TestCase):
    def setUp(self):
        self.tool = tool()
        self.files = {}

    def take(self, path, lines, functions=()):
        into = self.files.setdefault(path, (self.tool.collections.Counter(), {}))
        self.tool.take(into, file(lines, functions))

    def report(self):
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            whole = self.tool.report(self.files, None)
        return whole, text.getvalue()

    def test_a_line_ran_when_any_program_ran_it(self):
        self.take("src/base/a.c", [(1, 0), (2, 3), (3, 0)])
        self.take("src/base/a.c", [(1, 1), (2, 0), (3, 0)])
        self.take("src/io/b.c", [(9, 0)])
        whole, text = self.report()
        self.assertEqual(whole, 50.0)
        self.assertRegex(text, r"src/base +3 lines +2 ran +66\.67%")
        self.assertRegex(text, r"src/io +1 lines +0 ran +0\.00%")
        self.assertRegex(text, r"src +4 lines +2 ran +50\.00%")

    def test_a_function_is_named_when_no_program_entered_it(self):
        self.take("src/base/a.c", [(1, 1)], [("entered", 1, 0), ("missed", 5, 0)])
        self.take("src/base/a.c", [(1, 1)], [("entered", 1, 2), ("missed", 5, 0)])
        _, text = self.report()
        self.assertIn("src/base/a.c:5: missed", text)
        self.assertNotIn("entered\n", text.split("functions that no test entered:")[1])


if __name__ == "__main__":
    unittest.main()
