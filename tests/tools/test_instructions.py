"""bench/instructions/check.py: reads callgrind's dumps right, and fails when a count is off its budget."""

import contextlib
import importlib.util
import io
import os
import tempfile
import unittest

SOURCE = os.environ.get("HF_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
spec = importlib.util.spec_from_file_location(
    "check", os.path.join(SOURCE, "bench", "instructions", "check.py"))
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)

DUMP = """# callgrind format
desc: Trigger: Client Request: a_part
events: Ir

ob=(1) /build/libhandfast.so.0
fl=(1) script.c
fn=(1) hf_step
10 100
+2 7
cob=(2) /lib/libcrypto.so.3
cfn=(2) EC_POINT_mul
calls=1 0
* 5000
cob=(1)
cfn=(4) hf_trace_state
calls=2 0
* 14
cfn=(5) hf_read_u16
calls=10 0
* 300

ob=(2)
fn=(2)
0 5000

ob=(1)
fn=(3) hf_feed
3 20

fn=(4)
4 10
cfn=(6) hf_trace_error
calls=2 0
* 4

fn=(5)
5 300

fn=(6)
6 4

totals: 5441
"""


class Instructions(unittest.TestCase):
    def judge(self, budget, found):
        for counts in found.values():
            counts.setdefault("trace", 0)
        with contextlib.redirect_stdout(io.StringIO()):
            return check.judge(budget, found)

    def counts(self):
        with tempfile.NamedTemporaryFile("w", suffix=".out") as dump:
            dump.write(DUMP)
            dump.flush()
            return check.counts_of(dump.name)

    def test_counts_self_cost_by_object_and_leaves_calls_out(self):
        title, counts = self.counts()
        self.assertEqual((title, counts["own"], counts["all"]), ("a_part", 441, 5441))

    def test_counts_what_goes_into_the_trace_once_and_a_branch_for_each_field(self):
        self.assertEqual(self.counts()[1]["trace"], 14 + 10 * check.FIELD_COST)

    def test_fails_when_a_trace_that_is_not_there_costs_more_than_a_hundredth(self):
        for trace, wrong in ((90, 0), (91, 1)):
            found = {"x": {"own": 1000, "all": 9000, "trace": trace}}
            self.assertEqual(len(self.judge({"x": {"own": 1000, "all": 9000}}, found)), wrong)

    def test_passes_within_the_tolerance(self):
        self.assertEqual(self.judge({"x": {"own": 1000, "all": 9000}},
                                    {"x": {"own": 1040, "all": 9800}}), [])

    def test_fails_over_budget(self):
        self.assertEqual(len(self.judge({"x": {"own": 1000, "all": 9000}},
                                        {"x": {"own": 1060, "all": 9000}})), 1)

    def test_fails_below_budget_so_that_a_gain_is_kept(self):
        self.assertEqual(len(self.judge({"x": {"own": 1000, "all": 9000}},
                                        {"x": {"own": 900, "all": 9000}})), 1)

    def test_fails_for_a_part_without_budget_and_for_one_that_is_gone(self):
        self.assertEqual(len(self.judge({"x": {"own": 1, "all": 1}}, {"y": {"own": 1, "all": 1}})), 2)


if __name__ == "__main__":
    unittest.main()
