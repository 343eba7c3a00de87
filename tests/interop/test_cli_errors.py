"""What the program says when a person errs: a typo, a file that is not there, a key that does not fit.
Each has its exit status and its three parts (what, on what and why, what to try), in words that a
person who knows no TLS can act on, and without escape codes where nobody can see colours."""
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time
import unittest

from peers import (DONE, LOCAL_FILE, NO_CONNECTION, OTHER, PROGRAM, SLOW, TLS, USAGE, PeerCase, check,
                   environment, needs, read, run)

COMMANDS = ("serve", "get", "connect", "cert", "explain")


class ErrorCase(PeerCase):
    def says(self, *arguments, expect, words=(), stdin=b"", ca=False, env=None):
        done = self.handfast(*arguments, expect=expect, stdin=stdin, ca=ca, env=env)
        for word in words:
            self.assertIn(word, done.err, done)
        self.assertEqual(done.out, "")
        return done


class Typing(ErrorCase):
    def test_a_command_that_is_nearly_right(self):
        for typed, meant in (("sevre", "serve"), ("gte", "get"), ("conect", "connect"), ("certs", "cert"),
                             ("explian", "explain")):
            with self.subTest(typed):
                done = self.says(typed, expect=USAGE, words=(typed,))
                self.assertRegex(done.err, rf"try +handfast {meant}\b")
        done = self.says("cert", "isue", "localhost", expect=USAGE, words=("isue",))
        self.assertRegex(done.err, r"try +handfast cert issue\b")

    def test_a_command_that_is_nothing(self):
        done = self.says("xyzzy", expect=USAGE, words=("xyzzy",))
        self.assertRegex(done.err, r"try +handfast --help")
        for nothing in ("", " ", "--", "\x1b[31m", "a" * 5000, "ünïcödé"):
            with self.subTest(nothing[:10]):
                self.handfast(nothing, expect=USAGE)

    def test_an_option_that_is_nearly_right(self):
        for command, typed, meant in (("get", "--insecre", "--insecure"), ("get", "--cacerts", "--cacert"),
                                      ("serve", "--lisen", "--listen"), ("serve", "--certt", "--cert"),
                                      ("connect", "--servernme", "--servername"),
                                      ("explain", "--jsn", "--json")):
            with self.subTest(typed):
                self.says(command, typed, "x", expect=USAGE, words=(typed, meant))

    def test_an_option_of_another_command_or_none(self):
        for arguments in (("get", "--listen", "x"), ("serve", "--fail"), ("get", "-Z", "x"), ("connect", "--"),
                          ("get", "--zzz=1", "x"), ("connect", "--echo", "x:1")):
            with self.subTest(arguments):
                self.says(*arguments, expect=USAGE)

    def test_values_that_are_missing_too_many_or_wrong(self):
        for arguments, words in (
                (("get", "--cacert"), ("--cacert",)), (("get", "https://h/", "--timeout"), ("--timeout",)),
                (("get", "--insecure=yes", "h"), ("--insecure",)), (("get",), ("URL",)),
                (("connect",), ("HOST:PORT",)), (("connect", "a:1", "b:2"), ("b:2",)),
                (("serve", "a", "b"), ("b",)), (("get", "--timeout", "soon", "h"), ("soon",)),
                (("get", "--timeout", "-1", "h"), ("-1",)),
                (("get", "--min-version", "1.1", "h"), ("1.1", "1.2")),
                (("get", "--min-version", "tls1.3", "h"), ("1.3",)), (("connect", "host:99999"), ("99999",)),
                (("connect", "host:http"), ("host:http",)), (("serve", "--threads", "many"), ("many",)),
                (("get", "--resolve", "nonsense", "h"), ("nonsense", "HOST:PORT:ADDR")),
                (("connect", "--resolve", "h:443:", "h"), ("h:443:",)),
                (("explain", "--resolve", "h:x:127.0.0.1", "h"), ("h:x:127.0.0.1",)),
                (("cert", "issue", "localhost", "--key-type", "p257"), ("p257", "p256")),
                (("serve", "--client-auth", "maybe"), ("maybe", "required")),
                (("get", "--color", "blue", "h"), ("blue", "never"))):
            with self.subTest(arguments):
                self.says(*arguments, expect=USAGE, words=words)

    def test_names_in_lists(self):
        for option, value, bad, meant in (
                ("--groups", "X25519:P-257", "P-257", "P-256"),
                ("--suites", "TLS_AES_128_GCM_SHA265", "TLS_AES_128_GCM_SHA265", "TLS_AES_128_GCM_SHA256"),
                ("--sigschemes", "ed22519", "ed22519", "ed25519")):
            for command in (("get", "localhost"), ("connect", "localhost:1"), ("serve",)):
                with self.subTest((option, command)):
                    self.says(*command, option, value, expect=USAGE, words=(bad, meant))
        for value in ("", ":", "X25519::P-256", "X25519:X25519"):
            with self.subTest(value):
                done = run(PROGRAM, "get", "--groups", value, "--timeout", "0.5", "https://127.0.0.1:1/")
                self.assertIn(done.status, (USAGE, NO_CONNECTION), done)
                self.explained(done)

    def test_urls_that_are_none(self):
        for url in ("http://localhost/", "ftp://localhost/", "https://", "https:///x", "https://h:x/",
                    "https://h:0/", "https://h:70000/", "https://a b/", "https://[::1/", "https://h\n/",
                    "https://-h-.invalid:1/", "https://" + "a" * 300 + "/"):
            with self.subTest(url[:30]):
                done = self.handfast("get", "--timeout", "5", url, expect=None)
                self.assertIn(done.status, (USAGE, NO_CONNECTION), done)
                self.explained(done)


class Files(ErrorCase):
    def test_files_that_are_missing(self):
        pair = self.certs.issue()
        for arguments, word in (
                (("get", "--cacert", "no.pem", "localhost:1"), "no.pem"),
                (("get", "--cert", "no.pem", "localhost:1"), "no.pem"),
                (("get", "--cert", pair.cert, "--key", "no.key", "localhost:1"), "no.key"),
                (("serve", "--cert", "no.pem"), "no.pem"), (("serve", "no-folder"), "no-folder"),
                (("serve", "--cert", pair.cert, "--key", pair.key, "--client-ca", "no.pem"), "no.pem"),
                (("cert", "show", "no.pem"), "no.pem"), (("cert", "verify", "no.pem"), "no.pem"),
                (("cert", "sign", "no.csr", "--ca", self.certs.ca, "--ca-key", self.certs.ca_key), "no.csr"),
                (("cert", "issue", "h", "--ca", "no.pem", "--ca-key", "no.key"), "no.pem"),
                (("get", "-d", "@no.txt", "localhost:1"), "no.txt"),
                (("explain", "--replay", "no.json"), "no.json")):
            with self.subTest(arguments):
                self.says(*arguments, expect=LOCAL_FILE, words=(word, "No such file"))

    def test_a_folder_in_the_place_of_a_file(self):
        pair = self.certs.issue()
        for arguments in (("get", "--cacert", self.root, "localhost:1"), ("serve", "--cert", self.root),
                          ("serve", "--cert", pair.cert, "--key", self.root), ("cert", "show", self.root),
                          ("get", "--cert", self.root, "localhost:1")):
            with self.subTest(arguments):
                self.says(*arguments, expect=LOCAL_FILE, words=(self.root,))

    def test_a_file_in_the_place_of_a_folder(self):
        self.says("serve", self.path("root/index.html"), expect=LOCAL_FILE, words=("index.html",))

    def test_a_file_of_another_kind(self):
        pair = self.certs.issue()
        text, empty = self.put("text.pem", "no certificate at all\n"), self.put("empty.pem", "")
        noise = self.put("noise.pem", os.urandom(5000))
        broken = self.put("broken.pem", read(pair.cert)[:400] + b"\n-----END CERTIFICATE-----\n")
        huge = self.put("huge.pem", b"-----BEGIN CERTIFICATE-----\n" + b"QUJD" * 4_000_000)
        for bad in (text, empty, noise, broken, huge, pair.key):
            with self.subTest(os.path.basename(bad)):
                self.says("get", "--cacert", bad, "localhost:1", expect=LOCAL_FILE, words=(bad,))
                self.says("serve", "--cert", bad, "--key", pair.key, expect=LOCAL_FILE, words=(bad,))
        for bad in (text, empty, noise, pair.cert):
            with self.subTest("key", file=os.path.basename(bad)):
                self.says("serve", "--cert", pair.cert, "--key", bad, expect=LOCAL_FILE, words=(bad,))

    def test_a_key_that_does_not_fit_the_certificate(self):
        one, two = self.certs.issue(), self.certs.issue("other.test")
        for command in (("serve",), ("get", "localhost:1"), ("connect", "localhost:1")):
            with self.subTest(command):
                self.says(*command, "--cert", one.cert, "--key", two.key, expect=LOCAL_FILE,
                          words=("not the key of the certificate", two.key))
        rsa = self.certs.issue("localhost", "rsa")
        self.says("serve", "--cert", one.cert, "--key", rsa.key, expect=LOCAL_FILE)

    def test_a_certificate_without_its_key(self):
        one = self.certs.issue()
        self.says("serve", "--cert", one.cert, expect=LOCAL_FILE, words=("--key",))
        self.says("get", "--key", one.key, "localhost:1", expect=USAGE, words=("--cert",))

    @needs("openssl")
    def test_an_encrypted_key(self):
        one = self.certs.issue()
        locked, right = self.path("locked.key"), self.put("right", "opensesame\n")
        check("openssl", "pkcs8", "-topk8", "-in", one.key, "-out", locked, "-passout", "pass:opensesame")
        wrong, empty = self.put("wrong", "opensaysme\n"), self.put("empty", "")
        for command in (("serve",), ("get", "localhost:1")):
            own = (*command, "--cert", one.cert, "--key", locked)
            with self.subTest(command):
                self.says(*own, expect=LOCAL_FILE, words=("encrypted", "--password-file"))
                self.says(*own, "--password-file", wrong, expect=LOCAL_FILE, words=("password",))
                self.says(*own, "--password-file", empty, expect=LOCAL_FILE)
                self.says(*own, "--password-file", self.path("none"), expect=LOCAL_FILE, words=("none",))
        self.says("get", "--cert", one.cert, "--key", locked, "--password-file", right, "--timeout", "2",
                  "https://127.0.0.1:1/", expect=NO_CONNECTION)

    @unittest.skipIf(os.geteuid() == 0 and not os.path.exists("/usr/bin/setpriv"),
                     "skipped: root may read everything, and there is no setpriv")
    def test_a_key_that_may_not_be_read(self):
        one = self.certs.issue()
        locked = self.put("locked.key", read(one.key))
        cert = self.put("public.pem", read(one.cert))
        os.chmod(locked, 0)
        os.chmod(cert, 0o644)
        os.chmod(self.dir, 0o755)
        plain = [] if os.geteuid() else ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if plain and run(*plain, PROGRAM, "--version").status != 0:
            self.skipTest("skipped: the program cannot be run by another user here")
        done = run(*plain, PROGRAM, "serve", self.root, "--cert", cert, "--key", locked)
        self.assertEqual(done.status, LOCAL_FILE, done)
        self.explained(done)
        for word in ("locked.key", "Permission denied"):
            self.assertIn(word, done.err)

    def test_output_that_cannot_be_written(self):
        server = self.serve()
        url = f"https://localhost:{server.port}/"
        for place in ("no-folder/file", self.root):
            with self.subTest(place):
                self.says("get", "-o", place, url, ca=True, expect=LOCAL_FILE, words=(place,))
        if os.path.exists("/dev/full"):
            self.says("get", "--keylog", "/dev/full", "-o", "file", url, ca=True, expect=None)
            with open("/dev/full", "wb") as full:
                status = subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE,
                                        timeout=SLOW)
            self.assertNotEqual(status.returncode, 0)
            self.assertIn(b"No space left", status.stderr)

    def test_a_key_log_and_a_trace_that_cannot_be_written(self):
        for option in ("--keylog", "--trace"):
            with self.subTest(option):
                self.says("get", option, "no-folder/file", "https://127.0.0.1:1/", expect=LOCAL_FILE,
                          words=("no-folder/file",))


class Places(ErrorCase):
    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            pair = self.certs.issue()
            done = self.handfast("serve", self.root, *pair.options(), "--listen", f"127.0.0.1:{port}",
                                 expect=None)
        self.assertIn(done.status, (OTHER, NO_CONNECTION, LOCAL_FILE))
        for word in (str(port), "in use", "--listen"):
            self.assertIn(word, done.err, done)

    def test_addresses_that_are_not_ours_or_none(self):
        pair = self.certs.issue()
        for listen, word in (("192.0.2.1:0", "192.0.2.1"), ("nonsense", "nonsense"), (":x", "x"), ("", ""),
                             ("127.0.0.1:99999", "99999"), ("127.0.0.1:", "127.0.0.1"),
                             ("no-such-host.invalid:0", "no-such-host.invalid")):
            with self.subTest(listen):
                done = self.handfast("serve", self.root, *pair.options(), "--listen", listen, expect=None)
                self.assertNotIn(done.status, (DONE, TLS), done)
                self.assertIn(word, done.err)


class Screen(ErrorCase):
    def test_help_fits_a_screen(self):
        done = self.handfast("--help")
        lines = done.out.splitlines()
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertEqual(done.err, "")
        for command in COMMANDS:
            self.assertRegex(done.out, rf"(?m)^  {command} ")
        self.assertEqual(self.handfast("help").out, done.out)

    def test_no_arguments_is_a_question_that_help_answers(self):
        done = run(PROGRAM)
        self.assertEqual(done.status, USAGE)
        self.assertIn("handfast COMMAND --help", done.text)

    def test_help_of_each_command_shows_examples_first(self):
        for command in COMMANDS:
            with self.subTest(command):
                done = self.handfast(command, "--help")
                self.assertLessEqual(max(map(len, done.out.splitlines())), 80)
                self.assertIn("\nExamples\n", done.out)
                self.assertLess(done.out.index("Examples"), done.out.index("Usage"))
                self.assertEqual(self.handfast("help", command).out, done.out)
                for example in re.findall(r"(?m)^  (handfast .*)$", done.out[:done.out.index("\nUsage")]):
                    self.assertIn(f"handfast {command}", example)

    def test_version(self):
        self.assertRegex(self.handfast("--version").out, r"^handfast \d+\.\d+\.\d+")

    def test_no_escape_codes_in_a_pipe(self):
        for arguments in (["--help"], ["get", "--help"], ["nonsense"], ["get", "--nonsense"],
                          ["get", "https://127.0.0.1:1/"], ["cert", "show", "no-such-file"]):
            with self.subTest(arguments):
                self.assertNotIn("\033", run(PROGRAM, *arguments).text)
                if arguments[0] in COMMANDS:  # and asked for, they come
                    self.assertIn("\033", run(PROGRAM, *arguments, "--color=always").text)

    def on_terminal(self, *arguments, **env):
        """What the program prints where both outputs are a terminal."""
        main, side = pty.openpty()
        try:
            process = subprocess.Popen([PROGRAM, *arguments], stdin=side, stdout=side, stderr=side,
                                       env=environment(TERM="xterm", **env), start_new_session=True)
            os.close(side)
            side = -1
            text, until = b"", time.monotonic() + SLOW
            while select.select([main], [], [], max(0, until - time.monotonic()))[0]:
                try:
                    data = os.read(main, 65536)
                except OSError:  # the program ended
                    break
                if not data:
                    break
                text += data
            process.wait(SLOW)
            return text.decode("utf-8", "replace")
        finally:
            os.close(main)
            if side >= 0:
                os.close(side)

    def test_colours_on_a_terminal_unless_no_color(self):
        arguments = ("get", "https://127.0.0.1:1/")
        self.assertIn("\033[", self.on_terminal(*arguments))
        self.assertNotIn("\033[", self.on_terminal(*arguments, NO_COLOR="1"))
        self.assertNotIn("\033[", self.on_terminal(*arguments, "--color=never"))
        self.assertIn("\033[", self.on_terminal(*arguments, "--color=always", NO_COLOR="1"))

    def test_what_a_peer_sends_never_reaches_a_terminal_raw(self):
        done = self.handfast("get", "https://\x1b]0;owned\x07.invalid/", expect=None)
        self.assertNotEqual(done.status, DONE)
        done = self.handfast("\x1b[31mred", expect=USAGE)
        self.assertIn("\\x1b", done.err)

    def test_an_error_in_json(self):
        done = run(PROGRAM, "explain", "--json", "--timeout", "5", "127.0.0.1:1")
        self.assertEqual(done.status, NO_CONNECTION, done)
        found = json.loads(done.out)
        self.assertIsInstance(found, dict)

    def test_interrupted(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            process = subprocess.Popen([PROGRAM, "get", f"https://127.0.0.1:{silent.getsockname()[1]}/"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=SLOW)
        self.assertEqual((process.returncode, out), (-signal.SIGINT, b""))
        self.assertNotIn(b"Sanitizer", err)


if __name__ == "__main__":
    unittest.main()
