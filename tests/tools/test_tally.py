"""The closing line of a test run counts cases, never hides a failure, and names what was skipped."""
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("HF_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
TALLY = os.path.join(SOURCE, "tools", "tally")


def case(name, status, output, inside=""):
    return (f'<testcase name="{name}" status="{status}">{inside}'
            f"<system-out>{output}</system-out></testcase>")


def tally(*cases, failed=()):
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as f:
        f.write("<testsuite>" + "".join(cases) + "</testsuite>")
        f.flush()
        words = [word for what in failed for word in ("--failed", what)]
        done = subprocess.run([sys.executable, TALLY, *words, f.name], capture_output=True, text=True,
                              check=False)
    return done.returncode, done.stdout.split("\n")[-2], done.stdout


CMOCKA_GOOD = """[==========] Running 3 test(s).
[ RUN      ] reads_a_byte
[       OK ] reads_a_byte
[ RUN      ] vectors_agree
[  SKIPPED ] vectors_agree
[==========] 3 test(s) run.
[  PASSED  ] 2 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] vectors_agree
"""
CMOCKA_BAD = """[ RUN      ] wipes_the_key
[  FAILED  ] wipes_the_key
[  PASSED  ] 4 test(s).
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] wipes_the_key
"""
UNITTEST = """curl_fetches (test_curl.Curl) ... ok
curl_resumes (test_curl.Curl) ... skipped 'curl is not installed'
----
Ran 5 tests in 1.2s

OK (skipped=1)
"""
UNITTEST_BAD = """FAIL: curl_fetches (test_curl.Curl)
Ran 5 tests in 1.2s

FAILED (failures=1, errors=1)
"""
FAILURE = '<failure message="Timeout"/>'


class Tally(unittest.TestCase):
    def test_cases_inside_a_cmocka_program_are_counted(self):
        status, last, text = tally(case("test_reader", "run", CMOCKA_GOOD))
        self.assertEqual((status, last), (0, "2 passed, 0 failed, 1 skipped"))
        self.assertIn("test_reader: vectors_agree", text)

    def test_a_failed_case_is_named_and_fails_the_run(self):
        status, last, text = tally(case("test_keys", "fail", CMOCKA_BAD, FAILURE))
        self.assertEqual((status, last), (1, "4 passed, 1 failed, 0 skipped"))
        self.assertIn("test_keys: wipes_the_key", text)

    def test_a_program_that_fails_after_its_cases_passed_is_a_failure(self):
        status, last, text = tally(case("test_reader", "fail", CMOCKA_GOOD, FAILURE))
        self.assertEqual((status, last), (1, "2 passed, 1 failed, 1 skipped"))
        self.assertIn("test_reader: Timeout", text)

    def test_unittest_output_is_counted(self):
        status, last, text = tally(case("test_curl", "run", UNITTEST))
        self.assertEqual((status, last), (0, "4 passed, 0 failed, 1 skipped"))
        self.assertIn("curl is not installed", text)
        status, last, _ = tally(case("test_curl", "fail", UNITTEST_BAD, FAILURE))
        self.assertEqual((status, last), (1, "3 passed, 2 failed, 0 skipped"))

    def test_a_plain_test_counts_as_one(self):
        status, last, _ = tally(case("layers", "run", "layers: 9 files"), case("x", "fail", "", FAILURE))
        self.assertEqual((status, last), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_skip_says_why(self):
        skipped = '<skipped message="SKIP_RETURN_CODE=77"/>'
        status, last, text = tally(case("fuzz_x509", "notrun", "skipped: no seeds", skipped),
                                   case("layers", "run", ""))
        self.assertEqual((status, last), (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("fuzz_x509: skipped: no seeds", text)

    def test_a_program_that_was_never_built_is_a_failure(self):
        missing = '<skipped message="Unable to find executable: test_reader"/>'
        status, last, _ = tally(case("test_reader", "notrun", "", missing), case("layers", "run", ""))
        self.assertEqual((status, last), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_build_that_failed_is_a_failure(self):
        status, last, _ = tally(case("layers", "run", ""), failed=["portable: did not build"])
        self.assertEqual((status, last), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_run_without_tests_is_a_failure(self):
        self.assertEqual(tally()[:2], (1, "0 passed, 1 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
