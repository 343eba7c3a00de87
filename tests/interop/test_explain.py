"""`handfast explain` and `cert show|verify HOST:PORT` against openssl's server."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

BUILD = os.environ.get("HF_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
PROGRAM = os.path.join(BUILD, "handfast")
TIMEOUT = 60
DONE, OTHER, USAGE, NO_CONNECTION, TLS, UNTRUSTED, WRONG_NAME, EXPIRED, LOCAL_FILE = range(9)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@unittest.skipUnless(os.path.exists(PROGRAM), f"{PROGRAM} is not built")
@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class ExplainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="handfast-explain-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        for command in (["ca"], ["issue", "localhost", "127.0.0.1"]):
            subprocess.run([PROGRAM, "cert", *command], cwd=cls.dir, check=True, timeout=TIMEOUT,
                           capture_output=True)
        cls.port = cls.start_server()

    @classmethod
    def start_server(cls, *options):
        port = free_port()
        process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert",
                                    "localhost.pem", "-key", "localhost.key", "-www", "-quiet",
                                    *options], cwd=cls.dir, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def stop():
            process.kill()
            process.wait()
        cls.addClassCleanup(stop)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return port
            except OSError:
                time.sleep(0.05)
        raise AssertionError("openssl s_server did not start")

    def run_program(self, *arguments, expect=DONE):
        env = {k: v for k, v in os.environ.items() if k != "SSLKEYLOGFILE"}
        done = subprocess.run([PROGRAM, *arguments], cwd=self.dir, timeout=TIMEOUT, env=env,
                              stdin=subprocess.DEVNULL, capture_output=True)
        out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        self.assertEqual(done.returncode, expect, f"{arguments}\n{out}\n{err}")
        return out, err

    def explain(self, *arguments, port=None, host="localhost", expect=DONE, trust=True):
        where = f"{host}:{port or self.port}"
        more = ["--cacert", "ca.pem"] if trust else []
        resolve = ["--resolve", f"{where}:127.0.0.1"]
        return self.run_program("explain", where, *resolve, *more, *arguments, expect=expect)

    def test_the_ladder_fits_80_columns_at_every_level(self):
        for level in ([], ["-v"], ["-vv"], ["-vv", "--http"]):
            out, _ = self.explain(*level)
            self.assertIn("the server proved that it is localhost", out)
            self.assertIn("ClientHello", out)
            self.assertIn("CertificateVerify", out)
            self.assertLessEqual(max(map(len, out.splitlines())), 80)
            self.assertNotIn("\033", out)

    def test_color_on_demand(self):
        out, _ = self.explain("--color=always")
        self.assertIn("\033[1m", out)

    def test_json_has_the_whole_story_and_reads_back(self):
        out, _ = self.explain("--json", "--http")
        document = json.loads(out)
        self.assertEqual(document["connection"]["version"], "TLS 1.3")
        self.assertTrue(document["verdict"]["ok"])
        messages = [s["name"] for s in document["steps"] if s["kind"] == "message"]
        wanted = ["ClientHello", "ServerHello", "EncryptedExtensions", "Certificate",
                  "CertificateVerify", "Finished", "Finished", "NewSessionTicket"]
        self.assertEqual([m for m in messages if m != "ChangeCipherSpec"][:8], wanted)
        for s in document["steps"]:
            if s["kind"] != "message":
                continue
            data = bytes.fromhex(s["bytes"])
            self.assertEqual(len(data), s["length"])
            covered = bytearray(len(data))
            for f in s["fields"]:
                if f["form"] in ("number", "bytes", "length"):
                    for i in range(f["offset"], f["offset"] + f["length"]):
                        self.assertEqual(covered[i], 0, (s["name"], f))
                        covered[i] = 1
                if f["form"] in ("number", "length"):
                    at = f["offset"]
                    self.assertEqual(int.from_bytes(data[at:at + f["length"]], "big"), f["value"])
            if s["name"] != "ChangeCipherSpec":
                self.assertEqual(bytes(covered), b"\1" * len(data), s["name"])
        self.assertNotIn("bytes", [k for s in document["steps"] if s["kind"] == "secret" for k in s])
        plain = b"".join(bytes.fromhex(s.get("plaintext", "")) for s in document["steps"]
                         if s["kind"] == "record" and s["inner_type"] == 23)
        self.assertIn(b"GET / HTTP/1.1", plain)
        with open(os.path.join(self.dir, "kept.json"), "w") as f:
            f.write(out)
        text, _ = self.run_program("explain", "kept.json")
        self.assertIn("the server proved that it is localhost", text)
        again, _ = self.run_program("explain", "--json", "--replay", "kept.json")
        self.assertEqual(json.loads(again)["steps"], document["steps"])

    def test_secrets_are_those_of_the_key_log(self):
        log = os.path.join(self.dir, "keys.log")
        out, err = self.explain("--json", "--secrets", "--keylog", log)
        self.assertIn("--secrets", err)
        shown = {s["name"]: s.get("bytes") for s in json.loads(out)["steps"] if s["kind"] == "secret"}
        with open(log) as f:
            logged = {line.split()[0]: line.split()[2] for line in f}
        self.assertGreaterEqual(len(logged), 4)
        for name, value in logged.items():
            self.assertEqual(shown[name], value)

    def test_each_failure_is_explained_with_its_exit_status(self):
        out, err = self.explain(trust=False, expect=UNTRUSTED)
        self.assertIn("Failed:", out)
        self.assertIn("--cacert FILE", out)
        self.assertIn("unknown_ca (48), sent to the peer", out)
        self.assertTrue(err.startswith("handfast: "))
        out, _ = self.explain(host="other.test", expect=WRONG_NAME)
        self.assertIn("needed     other.test", out)
        out, _ = self.explain("--json", host="other.test", expect=WRONG_NAME)
        document = json.loads(out)
        self.assertEqual(document["verdict"]["error"]["name"], "CERT_WRONG_NAME")
        step = document["steps"][document["verdict"]["step"]]
        self.assertEqual(step["name"], "Certificate")
        _, err = self.run_program("explain", f"127.0.0.1:{free_port()}", expect=NO_CONNECTION)
        self.assertTrue(err.startswith("handfast: "))
        out, _ = self.explain("-k", trust=False)
        self.assertIn("nobody knows with whom", out)

    def test_a_server_that_wants_another_group_is_asked_again(self):
        port = self.start_server("-groups", "P-384")
        out, _ = self.explain(port=port)
        self.assertIn("HelloRetryRequest", out)
        self.assertIn("2 round trips", out)

    def test_what_is_not_tls_is_explained(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def answer():
            try:
                connection, _ = listener.accept()
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.close()
            except OSError:
                pass
        threading.Thread(target=answer, daemon=True).start()
        out, _ = self.explain(port=listener.getsockname()[1], expect=TLS)
        self.assertIn("the peer does not speak TLS on this port", out)

    def test_a_file_that_is_no_explanation(self):
        for name, content in (("a.json", "{}"), ("b.json", "no"), ("c.json", "")):
            with open(os.path.join(self.dir, name), "w") as f:
                f.write(content)
            _, err = self.run_program("explain", name, expect=LOCAL_FILE)
            self.assertIn("not an explanation", err)
        self.run_program("explain", "./missing.json", expect=LOCAL_FILE)
        self.run_program("explain", expect=USAGE)

    def test_two_kept_ones_are_compared(self):
        for name, options in (("one", []), ("again", []), ("old", ["--max-version", "1.2"])):
            out, _ = self.explain("--json", *options)
            with open(os.path.join(self.dir, f"{name}.json"), "w") as f:
                f.write(out)
        out, _ = self.run_program("explain", "--diff", "--json", "one.json", "again.json")
        agreed = [r for r in json.loads(out)["rows"] if r["group"] in ("result", "agreed", "extensions", "certificates")]
        self.assertGreater(len(agreed), 10)
        self.assertEqual([r for r in agreed if r["result"] != "same"], [])
        out, _ = self.run_program("explain", "--diff", "--json", "one.json", "old.json")
        rows = {r["what"]: r for r in json.loads(out)["rows"]}
        self.assertEqual((rows["version"]["a"], rows["version"]["b"]), ("TLS 1.3", "TLS 1.2"))
        self.assertEqual(rows["version"]["result"], "differs")
        self.assertEqual(rows["server's, number 1"]["result"], "same")
        out, _ = self.run_program("explain", "--diff", "one.json", "old.json")
        self.assertIn("What was agreed", out)
        self.assertLessEqual(max(map(len, out.splitlines())), 80)
        self.run_program("explain", "--diff", "--html", "both.html", "one.json", "old.json")
        with open(os.path.join(self.dir, "both.html")) as f:
            self.assertIn('id="explain-data-2"', f.read())

    def test_what_cannot_be_compared_is_refused(self):
        for name, content in (("kept.json", self.explain("--json")[0]), ("none.json", "{}")):
            with open(os.path.join(self.dir, name), "w") as f:
                f.write(content)
        for pair in (("kept.json", "none.json"), ("none.json", "kept.json")):
            _, said = self.run_program("explain", "--diff", *pair, expect=LOCAL_FILE)
            self.assertIn("none.json", said)
            self.assertIn("not an explanation", said)
        for pair in (("kept.json", "missing.json"), ("missing.json", "kept.json")):
            _, said = self.run_program("explain", "--diff", *pair, expect=LOCAL_FILE)
            self.assertIn("missing.json: No such file", said)
        for wrong in (["--diff"], ["--diff", "kept.json"], ["kept.json", "kept.json"],
                      ["--diff", "--replay", "kept.json", "kept.json", "kept.json"],
                      ["--diff", "--http", "kept.json", "kept.json"],
                      ["--diff", "kept.json", "kept.json", "kept.json"]):
            self.run_program("explain", *wrong, expect=USAGE)

    def test_a_name_that_only_a_file_has_is_not_dialled(self):
        for name in ("missing.json", "there/is/none"):
            _, said = self.run_program("explain", name, expect=LOCAL_FILE)
            self.assertIn("No such file", said)

    def test_the_client_says_what_it_supports(self):
        told = json.loads(self.explain("--json")[0])
        choices = {s["what"]: s for s in told["steps"] if s["kind"] == "choice"}
        for what in ("version", "cipher suite", "group"):
            names = choices[what]["supported"]
            self.assertIn(choices[what]["chosen"], names)
            self.assertNotIn("0x", names)  # GREASE is offered, not supported

    def test_a_page_is_a_file_and_is_not_replaced_unasked(self):
        target = f"localhost:{self.port}"
        page = os.path.join(self.dir, "page.html")
        self.run_program("explain", target, "--cacert", "ca.pem", "--html", "page.html")
        with open(page, "rb") as f:
            first = f.read()
        self.assertTrue(first.startswith(b"<!doctype html>") and first.endswith(b"</html>\n"))
        _, said = self.run_program("explain", target, "--cacert", "ca.pem", "--html", "page.html", expect=LOCAL_FILE)
        self.assertIn("--force", said)
        with open(page, "rb") as f:
            self.assertEqual(f.read(), first)
        self.run_program("explain", target, "--cacert", "ca.pem", "--html", "page.html", "--force")
        with open(page, "rb") as f:
            self.assertNotEqual(f.read(), first)
        self.run_program("explain", target, "--html", "failed.html", expect=UNTRUSTED)
        self.assertTrue(os.path.exists(os.path.join(self.dir, "failed.html")))
        self.run_program("explain", target, "--html", "x.html", "--json", expect=USAGE)

    def test_a_page_with_secrets_is_for_its_owner_alone(self):
        target = f"localhost:{self.port}"
        self.run_program("explain", target, "--cacert", "ca.pem", "--html", "secret.html", "--secrets")
        self.assertEqual(os.stat(os.path.join(self.dir, "secret.html")).st_mode & 0o777, 0o600)

    def test_a_page_of_a_kept_document_is_as_secret_as_the_document(self):
        for name, options in (("open", []), ("secret", ["--secrets"])):
            out, _ = self.explain("--json", *options)
            with open(os.path.join(self.dir, f"{name}.json"), "w", encoding="utf-8") as f:
                f.write(out)
        for arguments, mode in ((["--replay", "open.json"], 0o644), (["--replay", "secret.json"], 0o600),
                                (["--diff", "open.json", "open.json"], 0o644),
                                (["--diff", "open.json", "secret.json"], 0o600)):
            page = os.path.join(self.dir, "kept.html")
            if os.path.exists(page):
                os.unlink(page)
            self.run_program("explain", *arguments, "--html", "kept.html")
            self.assertEqual(os.stat(page).st_mode & 0o777, mode, arguments)

    def test_the_trace_file_has_an_event_a_line(self):
        path = os.path.join(self.dir, "trace.jsonl")
        self.explain("--trace", path)
        with open(path) as f:
            events = [json.loads(line) for line in f]
        kinds = {e["kind"] for e in events}
        self.assertLessEqual({"record", "message", "field", "message_end", "choice", "secret",
                              "check"}, kinds)

    def test_a_servers_certificate_is_shown_and_judged(self):
        out, _ = self.run_program("cert", "show", f"127.0.0.1:{self.port}")
        self.assertIn("DNS localhost", out)
        out, _ = self.run_program("cert", "verify", f"127.0.0.1:{self.port}", "--cacert", "ca.pem")
        self.assertIn("it is valid for 127.0.0.1", out)
        self.run_program("cert", "verify", f"127.0.0.1:{self.port}", expect=UNTRUSTED)
        self.run_program("cert", "verify", f"127.0.0.1:{self.port}", "--cacert", "ca.pem", "--name",
                         "x.test", expect=WRONG_NAME)


if __name__ == "__main__":
    unittest.main()
