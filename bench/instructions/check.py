#!/usr/bin/env python3
"""Counts the instructions of fixed handshakes and records, and compares them with a budget.

    check.py PROGRAM              fails when a count is off its budget
    check.py PROGRAM --update     writes the counts of this run into budget.json

A budget changes on purpose only, in a commit that says why. Two counts are kept of each part: "own" are
the instructions in libhandfast itself, which depend on the compiler alone; "all" adds libcrypto and the C
library, which depend on their versions too. Processor features beyond those of every x86-64 of the last ten
years are hidden from libcrypto, so that machines agree. More than the tolerance above the budget is a
regression; more than that below is a gain that the budget should keep.

No part has a trace attached. What the possibility of one costs is counted too, against a limit rather than a
budget: the functions that tell the trace and name lists for it, with all they call, and for each field that a
reader takes the load, the test and the branch by which it finds that nobody listens.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUDGET = os.path.join(HERE, "budget.json")
TOLERANCE = {"own": 0.05, "all": 0.10}
SKIPPED = 77

TRACE = re.compile(r"^(hf_trace_\w+|hf_names_text|hf_own_(versions|suites)|trace_record)$")
FIELD = re.compile(r"^hf_read_\w+$")
FIELD_COST = 3
TRACE_LIMIT = 0.01  # of "all"

COST = re.compile(r"^(?:\+\d+|-\d+|\*|\d+) (\d+)$")
NAME = re.compile(r"^\((\d+)\)(?: (.*))?$")


def counts_of(path):
    """Self costs of one dump, by object: calls' inclusive costs are left out, but for those into the trace."""
    objects, current, own, total, title = {}, "", 0, 0, None
    functions, caller, called, calls, after_call, trace = {}, "", "", 0, False, 0

    def name_in(table, text):
        match = NAME.match(text)
        if match.group(2) is not None:
            table[match.group(1)] = match.group(2)
        return table[match.group(1)]

    with open(path, encoding="utf-8", errors="replace") as dump:
        for line in dump:
            line = line.rstrip("\n")
            if line.startswith("desc: Trigger: Client Request: "):
                title = line.rsplit(": ", 1)[1]
            elif line.startswith("ob="):
                current = name_in(objects, line[3:])
            elif line.startswith("cob="):
                name_in(objects, line[4:])
            elif line.startswith("fn="):
                caller = name_in(functions, line[3:])
            elif line.startswith("cfn="):
                called = name_in(functions, line[4:])
            elif line.startswith("calls="):
                after_call, calls = True, int(line[6:].split()[0])
            else:
                match = COST.match(line)
                if match is None:
                    continue
                if after_call:
                    after_call = False
                    if TRACE.match(called) and not TRACE.match(caller):
                        trace += int(match.group(1))
                    elif FIELD.match(called):
                        trace += FIELD_COST * calls
                    continue
                total += int(match.group(1))
                if "libhandfast" in os.path.basename(current):
                    own += int(match.group(1))
    return title, {"own": own, "all": total, "trace": trace}


def run(program):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, OPENSSL_ia32cap="~0x1000000000000000:~0xffffffffffffffff")
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--quiet",
             "--callgrind-out-file=" + os.path.join(folder, "out"), program],
            env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{program} failed under valgrind:\n{done.stderr}")
        found = dict(counts_of(os.path.join(folder, name)) for name in sorted(os.listdir(folder)))
    found.pop(None, None)
    return {name: counts for name, counts in found.items() if counts["all"] != 0}


def judge(budget, found):
    wrong = []
    for name in sorted(set(budget) | set(found)):
        if name not in found or name not in budget:
            wrong.append(f"{name}: {'not measured' if name in budget else 'has no budget'}")
            continue
        share = found[name]["trace"] / found[name]["all"]
        print(f"{name:24} trace {found[name]['trace']:>11} {share:>24.2%} of all")
        if share > TRACE_LIMIT:
            wrong.append(f"{name}: a trace that is not there takes {share:.2%} of the instructions")
        for kind in ("own", "all"):
            want, got = budget[name][kind], found[name][kind]
            off = got / want - 1
            mark = ""
            if abs(off) > TOLERANCE[kind]:
                mark = "  <-- " + ("over budget" if off > 0 else "below: lower the budget")
                wrong.append(f"{name}, {kind}: {got} instructions, budget {want} ({off:+.1%})")
            print(f"{name:24} {kind:4} {got:>12} of {want:>12} {off:+7.2%}{mark}")
    return wrong


def main():
    if platform.machine() != "x86_64" or shutil.which("valgrind") is None:
        print("skipped: instruction counts are kept for x86-64, and need valgrind")
        return SKIPPED
    found = run(sys.argv[1])
    if "--update" in sys.argv[2:]:
        kept = {name: {"own": c["own"], "all": c["all"]} for name, c in found.items()}
        with open(BUDGET, "w", encoding="utf-8") as out:
            json.dump(kept, out, indent=1, sort_keys=True)
            out.write("\n")
        print(f"written: {BUDGET}")
        return 0
    with open(BUDGET, encoding="utf-8") as source:
        wrong = judge(json.load(source), found)
    for line in wrong:
        print("FAILED:", line)
    if wrong:
        print("If this is on purpose: bench/instructions/check.py PROGRAM --update, and say why in the commit.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
