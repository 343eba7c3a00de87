"""The program's frame: help, man pages, completions, usage errors. The same for every command."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.environ.get("HF_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
PROGRAM = os.path.join(BUILD, "handfast")


def run(*arguments, **environment):
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "SSLKEYLOGFILE")}
    env.update(environment)
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30, env=env)


def listed(text):
    """The names under "Commands" in a help text."""
    part = text.split("\nCommands\n")[1].split("\n\n")[0] if "\nCommands\n" in text else ""
    return re.findall(r"(?m)^  (\S+)", part)


def every_command():
    """(words,) of each command and subcommand."""
    for name in listed(run("--help").stdout):
        yield (name,)
        for sub in listed(run(name, "--help").stdout):
            yield (name, sub)


@unittest.skipUnless(os.path.exists(PROGRAM), f"skipped: {PROGRAM} is not built")
class Program(unittest.TestCase):
    def test_overview_fits_a_screen(self):
        r = run("--help")
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        lines = r.stdout.splitlines()
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)
        for name in ("serve", "get", "connect", "cert", "explain"):
            self.assertIn(name, listed(r.stdout))

    def test_every_help_starts_with_examples_and_fits_80_columns(self):
        for words in every_command():
            for form in ((*words, "--help"), (*words, "-h"), ("help", *words)):
                r = run(*form)
                self.assertEqual((form, r.returncode, r.stderr), (form, 0, ""))
                self.assertLessEqual(max(map(len, r.stdout.splitlines())), 80, form)
                self.assertNotIn("\x1b", r.stdout)
            if not listed(r.stdout):
                self.assertLess(r.stdout.index("\nExamples\n"), r.stdout.index("\nUsage\n"), words)

    def test_nothing_typed_is_a_usage_error_with_the_overview(self):
        r = run()
        self.assertEqual((r.returncode, r.stdout), (2, ""))
        self.assertIn("Commands", r.stderr)

    def test_version(self):
        self.assertRegex(run("--version").stdout, r"^handfast \d+\.\d+\.\d+\n$")

    def test_usage_errors_are_short_and_have_status_2(self):
        for arguments in (["srve"], ["--frobnicate"], ["-x"], ["help", "nonsense"], [""],
                          ["cert", "shwo"], ["help", "--completions", "csh"]):
            r = run(*arguments)
            self.assertEqual((arguments, r.returncode, r.stdout), (arguments, 2, ""))
            self.assertTrue(r.stderr.startswith("handfast: "), r.stderr)
            self.assertLessEqual(r.stderr.count("\n"), 4)
            self.assertIn("\n  try ", r.stderr)
        for words in every_command():
            if listed(run(*words, "--help").stdout):
                continue
            r = run(*words, "--no-such-option-at-all")
            self.assertEqual((words, r.returncode, r.stdout), (words, 2, ""))
            self.assertIn("unknown option --no-such-option-at-all", r.stderr)

    def test_suggestions(self):
        self.assertIn("handfast serve", run("srve").stderr)
        self.assertIn("handfast cert show", run("cert", "shwo").stderr)
        self.assertIn("did you mean --listen?", run("serve", "--lisen=x").stderr)

    def test_colours_only_when_asked_for_or_on_a_terminal(self):
        self.assertIn("\x1b[", run("serve", "--color=always", "/nowhere").stderr)
        for arguments, environment in ((["serve", "/nowhere"], {}),
                                       (["serve", "--color=never", "/nowhere"], {}),
                                       (["serve", "--color=auto", "/nowhere"], {"NO_COLOR": "1"})):
            self.assertNotIn("\x1b", run(*arguments, **environment).stderr)

    def test_output_to_a_full_disk_is_an_error_and_to_a_closed_pipe_is_none(self):
        with open("/dev/full", "w") as full:
            r = subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(r.returncode, 1)
        self.assertIn("standard output", r.stderr)
        reader, writer = os.pipe()
        os.close(reader)
        r = subprocess.run([PROGRAM, "help", "--man"], stdout=writer, stderr=subprocess.PIPE,
                           text=True)
        os.close(writer)
        self.assertEqual((r.returncode, r.stderr), (0, ""))

    def test_closed_standard_descriptors_are_survived(self):
        r = subprocess.run(["sh", "-c", f'"{PROGRAM}" --version 0<&- 1>&- 2>&-'])
        self.assertIn(r.returncode, (0, 1))

    @unittest.skipUnless(shutil.which("groff"), "skipped: no groff")
    def test_man_pages_are_clean_roff(self):
        for words in (*every_command(), ()):
            page = run("help", "--man", *words)
            self.assertEqual(page.returncode, 0)
            r = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=page.stdout,
                               capture_output=True, text=True)
            self.assertEqual((words, r.stderr), (words, ""))
            self.assertIn("EXIT STATUS", re.sub("\x1b\\[[0-9;]*m|.\b", "", r.stdout))

    @unittest.skipUnless(shutil.which("bash"), "skipped: no bash")
    def test_bash_completes(self):
        script = run("help", "--completions", "bash").stdout

        def complete(*words):
            cword = len(words) - 1
            line = " ".join("'" + w + "'" for w in words)
            body = (f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={cword}; _handfast; "
                    'printf "%s\\n" "${COMPREPLY[@]}"')
            r = subprocess.run(["bash", "-c", body], capture_output=True, text=True)
            self.assertEqual(r.stderr, "")
            return r.stdout.split()
        self.assertEqual(complete("handfast", "ser"), ["serve"])
        self.assertEqual(complete("handfast", "serve", "--lis"), ["--listen", "--list"])
        self.assertEqual(complete("handfast", "serve", "--client-auth", "re"), ["required"])
        self.assertEqual(complete("handfast", "serve", "--client-auth", "=", "o"), ["optional"])
        self.assertIn("show", complete("handfast", "cert", "s"))
        self.assertIn("--help", complete("handfast", "cert", "show", "--h"))

    def test_zsh_and_fish_completions_name_every_command(self):
        for shell in ("zsh", "fish"):
            script = run("help", "--completions", shell).stdout
            for name in listed(run("--help").stdout):
                self.assertIn(name, script)
            if shutil.which(shell):
                with tempfile.NamedTemporaryFile("w", suffix=shell) as f:
                    f.write(script)
                    f.flush()
                    r = subprocess.run([shell, "-n", f.name], capture_output=True, text=True)
                self.assertEqual((shell, r.returncode, r.stderr), (shell, 0, ""))


if __name__ == "__main__":
    unittest.main()
