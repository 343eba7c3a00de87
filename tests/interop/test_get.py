"""`handfast get` and `handfast connect` against a scripted HTTPS server (python's ssl, which is OpenSSL)."""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

BUILD = os.environ.get("HF_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
PROGRAM = os.path.join(BUILD, "handfast")
TIMEOUT = 60
DONE, OTHER, USAGE, NO_CONNECTION, TLS, UNTRUSTED, WRONG_NAME, EXPIRED, LOCAL_FILE, HTTP = range(10)
BIG = bytes(range(256)) * 4096  # 1 MiB


def answer(body=b"", status="200 OK", *headers, length=True):
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body


def chunked(*chunks, end=b"0\r\n\r\n"):
    body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + end
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


class Peer:
    """A TLS server that answers each connection by what `script` says for the request's target.

    A script's value is bytes, or a function (connection, head, peer) -> None. Bytes are sent, and then
    close_notify; `abrupt` in the target leaves close_notify out."""

    def __init__(self, chain, key, script, client_ca=None, version=None):
        self.script, self.requests = script, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain, key)
        if version is not None:
            self.context.minimum_version = self.context.maximum_version = version
        if client_ca is not None:
            self.context.load_verify_locations(client_ca)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def url(self, target="/", host="localhost"):
        return f"https://{host}:{self.port}{target}"

    def close(self):
        self.socket.close()

    def run(self):
        while True:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        plain.settimeout(TIMEOUT)
        try:
            with plain, self.context.wrap_socket(plain, server_side=True) as connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = connection.recv(65536)
                    if not data:
                        return
                    head += data
                head, _, body = head.partition(b"\r\n\r\n")
                text = head.decode("latin-1")
                length = [int(line.split(":")[1]) for line in text.split("\r\n")
                          if line.lower().startswith("content-length:")]
                act = self.script.get(text.split(" ")[1], answer(b"not found\n", "404 Not Found"))
                while not callable(act) and len(body) < sum(length):
                    body += connection.recv(65536)
                self.requests.append((text, body))
                if callable(act):
                    act(connection, text, self)
                else:
                    connection.sendall(act)
                    if "abrupt" not in text.split(" ")[1]:
                        connection.unwrap()
        except OSError:
            pass


@unittest.skipUnless(os.path.exists(PROGRAM), f"{PROGRAM} is not built")
class GetTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certs = tempfile.mkdtemp(prefix="handfast-get-certs-")
        for arguments in (["ca", "Get Test"], ["issue", "localhost", "127.0.0.1"],
                          ["issue", "other.test"], ["issue", "--client", "alice@example.test"]):
            subprocess.run([PROGRAM, "cert", *arguments], cwd=cls.certs, check=True, timeout=TIMEOUT,
                           capture_output=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.certs, ignore_errors=True)

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="handfast-get-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def cert(self, name):
        return os.path.join(self.certs, name)

    def peer(self, script, name="localhost", **more):
        p = Peer(self.cert(name + ".pem"), self.cert(name + ".key"), script, **more)
        self.addCleanup(p.close)
        return p

    def run_program(self, *arguments, expect=DONE, stdin=b"", trust=True, command="get"):
        env = {k: v for k, v in os.environ.items() if k not in ("SSLKEYLOGFILE", "SSL_CERT_FILE")}
        trusted = ["--cacert", self.cert("ca.pem")] if trust else []
        done = subprocess.run([PROGRAM, command, *trusted, *arguments], cwd=self.dir, env=env,
                              timeout=TIMEOUT, input=stdin, capture_output=True)
        err = done.stderr.decode("utf-8")
        self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout[:500]}\n{err}")
        self.assertNotIn("\033", err)
        if expect not in (DONE, USAGE):
            self.assertIn("handfast: ", err)
        return done.stdout, err

    # ---- bodies ----

    def test_a_body_by_length_by_chunks_and_by_the_end(self):
        p = self.peer({"/length": answer(BIG), "/chunks": chunked(b"a", BIG, b"z"),
                       "/end": answer(BIG, length=False), "/empty": answer(b""),
                       "/none": answer(b"", "204 No Content", length=False),
                       "/early": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(b"late")})
        for target, body in (("/length", BIG), ("/chunks", b"a" + BIG + b"z"), ("/end", BIG),
                             ("/empty", b""), ("/none", b""), ("/early", b"late")):
            with self.subTest(target):
                out, err = self.run_program(p.url(target))
                self.assertTrue(out == body)
                self.assertEqual(err, "")

    def test_a_body_that_is_cut_short_is_an_error_and_leaves_no_file(self):
        short = answer(b"0123456789").replace(b": 10", b": 11")
        p = self.peer({"/short": short, "/abrupt-short": short,
                       "/abrupt-end": answer(b"data", length=False),
                       "/chunks": chunked(b"data", end=b""),
                       "/nothing": b"", "/half": b"HTTP/1.1 200 OK\r\nContent-Le"})
        for target in p.script:
            with self.subTest(target):
                _, err = self.run_program("-o", "file", p.url(target), expect=TLS)
                self.assertEqual(os.listdir(self.dir), [])
        _, err = self.run_program(p.url("/short"), expect=TLS)
        self.assertIn("11 bytes (Content-Length)", err)
        self.assertIn("10 bytes of body", err)

    def test_what_is_whole_needs_no_close_notify(self):
        p = self.peer({"/abrupt": answer(b"whole"), "/abrupt-chunks": chunked(b"whole")})
        for target in p.script:
            self.assertEqual(self.run_program(p.url(target))[0], b"whole")

    def test_what_is_no_http_is_refused(self):
        head = b"HTTP/1.1 200 OK\r\n"
        p = self.peer({
            "/1": b"SSH-2.0-OpenSSH\r\n\r\n",
            "/2": head + b"Content-Length: 1x\r\n\r\na",
            "/3": head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "/4": head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            "/5": head + b"Bad Header: x\r\n\r\n",
            "/6": head + b"X: " + b"a" * 70000 + b"\r\n\r\n",
            "/7": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50 + answer(b"late"),
            "/8": head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "/9": b"HTTP/1.1 99 No\r\n\r\n",
        })
        for target in p.script:
            with self.subTest(target):
                out, _ = self.run_program(p.url(target), expect=TLS)
                self.assertEqual(out, b"")

    # ---- where it goes ----

    def test_a_file_appears_whole_and_keeps_its_mode(self):
        p = self.peer({"/a/file.bin?q": answer(BIG), "/": answer(b"x")})
        self.run_program("-O", p.url("/a/file.bin?q"))
        self.run_program("-o", "named", p.url("/a/file.bin?q"))
        path = os.path.join(self.dir, "named")
        os.chmod(path, 0o640)
        os.symlink("named", os.path.join(self.dir, "link"))
        self.run_program("-o", "link", p.url("/a/file.bin?q"))
        self.assertTrue(os.path.islink(os.path.join(self.dir, "link")))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
        for name in ("file.bin", "named"):
            with open(os.path.join(self.dir, name), "rb") as f:
                self.assertTrue(f.read() == BIG)
        self.assertEqual(sorted(os.listdir(self.dir)), ["file.bin", "link", "named"])
        self.run_program("-o", "/dev/null", p.url("/"))
        self.assertEqual(self.run_program("-o", "-", p.url("/"))[0], b"x")
        self.run_program("-O", p.url("/"), expect=USAGE)

    def test_a_file_that_cannot_be_written_is_reported(self):
        p = self.peer({"/": answer(BIG)})
        _, err = self.run_program("-o", "no/such/folder", p.url(), expect=LOCAL_FILE)
        self.assertIn("no/such/folder", err)
        if os.path.exists("/dev/full"):
            _, err = self.run_program("-o", "/dev/full", p.url(), expect=LOCAL_FILE)
            self.assertIn("No space left", err)

    def test_a_pipe_that_nobody_reads_ends_it_without_a_complaint(self):
        p = self.peer({"/": answer(BIG * 8)})
        program = subprocess.Popen([PROGRAM, "get", "--cacert", self.cert("ca.pem"), p.url()],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        program.stdout.read(10)
        program.stdout.close()
        self.assertEqual(program.stderr.read(), b"")
        program.stderr.close()
        self.assertEqual(program.wait(TIMEOUT), DONE)

    def test_a_signal_takes_the_half_file_away(self):
        started = threading.Event()

        def slowly(connection, head, peer):
            connection.sendall(answer(BIG)[:500000])
            started.set()
            time.sleep(20)
        p = self.peer({"/": slowly})
        program = subprocess.Popen([PROGRAM, "get", "--cacert", self.cert("ca.pem"), "-o", "file",
                                    p.url()], cwd=self.dir)
        self.assertTrue(started.wait(TIMEOUT))
        deadline = time.monotonic() + TIMEOUT
        while not os.listdir(self.dir) and time.monotonic() < deadline:
            time.sleep(0.02)
        program.send_signal(signal.SIGTERM)
        self.assertEqual(program.wait(TIMEOUT), -signal.SIGTERM)
        self.assertEqual(os.listdir(self.dir), [])

    # ---- requests ----

    def test_what_is_asked(self):
        p = self.peer({"/": answer(b"x"), "/range": answer(b"56", "206 Partial Content")})
        self.run_program("-H", "X-One: 1", "-H", "User-Agent:", "-H", "accept: text/plain", p.url())
        head, _ = p.requests[-1]
        self.assertTrue(head.startswith("GET / HTTP/1.1\r\n"))
        self.assertIn(f"\r\nHost: localhost:{p.port}\r\n", head)
        self.assertIn("\r\nX-One: 1\r\n", head)
        self.assertNotIn("user-agent", head.lower())
        self.assertEqual(head.lower().count("accept:"), 1)
        self.run_program("-r", "5-6", p.url("/range"))
        self.assertIn("\r\nRange: bytes=5-6", p.requests[-1][0])
        _, err = self.run_program("-r", "5-6", p.url("/"))
        self.assertIn("ignores --range", err)

    def test_data_is_posted(self):
        p = self.peer({"/": answer(b"x")})
        with open(os.path.join(self.dir, "data"), "wb") as f:
            f.write(BIG)
        self.run_program("-d", "a=1", "-d", "b=2", p.url())
        self.assertTrue(p.requests[-1][0].startswith("POST / "))
        self.assertEqual(p.requests[-1][1], b"a=1&b=2")
        self.run_program("-X", "PUT", "-d", "@data", p.url())
        self.assertTrue(p.requests[-1][0].startswith("PUT / "))
        self.assertTrue(p.requests[-1][1] == BIG)
        self.run_program("-d", "@-", p.url(), stdin=b"typed")
        self.assertEqual(p.requests[-1][1], b"typed")
        self.run_program("-d", "@missing", p.url(), expect=LOCAL_FILE)

    def test_an_answer_before_the_end_of_the_upload_counts(self):
        def refuse(connection, head, peer):
            connection.sendall(answer(b"too large\n", "413 Content Too Large"))
            time.sleep(0.3)  # the answer is out; closing over what was not read then resets
        p = self.peer({"/": refuse})
        with open(os.path.join(self.dir, "data"), "wb") as f:
            f.write(BIG * 16)
        out, _ = self.run_program("-d", "@data", p.url())
        self.assertEqual(out, b"too large\n")

    def test_head_shows_the_headers(self):
        p = self.peer({"/": answer(b"", "200 OK", "X-Two: 2").replace(b": 0", b": 12345")})
        out, _ = self.run_program("-I", p.url())
        self.assertTrue(p.requests[-1][0].startswith("HEAD / "))
        self.assertIn(b"HTTP/1.1 200 OK\nX-Two: 2\nContent-Length: 12345\n", out)

    def test_fail_is_exit_status_9_and_no_output(self):
        p = self.peer({"/500": answer(b"oops", "500 Internal Server Error")})
        self.assertEqual(self.run_program(p.url("/500"))[0], b"oops")
        for target, text in (("/500", "500 Internal Server Error"), ("/none", "404 Not Found")):
            out, err = self.run_program("--fail", "-o", "file", p.url(target), expect=HTTP)
            self.assertIn(text, err)
            self.assertEqual(os.listdir(self.dir), [])

    def test_verbose_shows_tls_and_headers_and_hides_passwords(self):
        p = self.peer({"/": answer(b"x", "200 OK", "X-Evil: \u202ered")})
        _, err = self.run_program("-v", "-H", "Authorization: Basic c2VjcmV0", p.url())
        for text in ("TLS 1.3", "CN=localhost", "> GET / HTTP/1.1", "< HTTP/1.1 200 OK",
                     "Authorization: (hidden)", "\\xe2\\x80\\xaered"):
            self.assertIn(text, err)
        self.assertNotIn("c2VjcmV0", err)
        self.assertIn("Authorization: Basic c2VjcmV0", p.requests[-1][0])

    # ---- redirects ----

    def test_redirects_are_followed(self):
        def to(location, status="302 Found"):
            return answer(b"no", status, f"Location: {location}")
        p = self.peer({"/a/1": to("2"), "/a/2": to("../3?x"), "/3?x": to("/4"), "/4": answer(b"end"),
                       "/post303": to("/4", "303 See Other"), "/post307": to("/4", "307 Temporary"),
                       "/post301": to("/4", "301 Moved")})
        self.assertEqual(self.run_program(p.url("/a/1"))[0], b"end")
        for target, method in (("/post303", "GET"), ("/post301", "GET"), ("/post307", "POST")):
            self.run_program("-d", "x", p.url(target))
            self.assertTrue(p.requests[-1][0].startswith(f"{method} /4"))
            self.assertEqual(p.requests[-1][1], b"x" if method == "POST" else b"")
        self.assertEqual(self.run_program("--no-redirect", p.url("/4"))[0], b"end")
        self.assertEqual(self.run_program("--no-redirect", p.url("/a/1"))[0], b"no")

    def test_redirects_that_lead_nowhere_good_are_refused(self):
        def to(location):
            return answer(b"no", "302 Found", f"Location: {location}")
        script = {"/plain": to("http://localhost/"), "/file": to("file:///etc/passwd"),
                  "/password": to("https://user:pw@localhost/"), "/loop": to("/loop"),
                  "/ping": to("/pong"), "/pong": to("/ping")}
        for i in range(12):
            script[f"/n{i}"] = to(f"/n{i + 1}")
        p = self.peer(script)
        for target, text in (("/plain", "plain http"), ("/file", "no https URL"),
                             ("/password", "no https URL"), ("/loop", "circle"), ("/ping", "circle"),
                             ("/n0", "more than 10")):
            with self.subTest(target):
                _, err = self.run_program(p.url(target), expect=OTHER)
                self.assertIn(text, err)
        self.assertLessEqual(len(p.requests), 6 + 11)

    def test_secrets_are_not_carried_to_another_host(self):
        q = self.peer({"/": answer(b"end")})
        p = self.peer({"/": answer(b"", "302 Found", f"Location: {q.url()}")})
        secret = ["-H", "Authorization: Basic x", "-H", "Cookie: c=1", "-H", "X-Fine: 1"]
        self.assertEqual(self.run_program(*secret, p.url())[0], b"end")
        self.assertIn("Authorization: Basic x", p.requests[-1][0])
        self.assertNotIn("Authorization", q.requests[-1][0])
        self.assertNotIn("Cookie", q.requests[-1][0])
        self.assertIn("X-Fine: 1", q.requests[-1][0])

    # ---- TLS ----

    def test_names_and_trust(self):
        p = self.peer({"/": answer(b"x")})
        other = self.peer({"/": answer(b"x")}, name="other.test")
        self.run_program(p.url(), trust=False, expect=UNTRUSTED)
        out, err = self.run_program("-k", p.url(), trust=False)
        self.assertEqual(out, b"x")
        self.assertIn("--insecure", err)
        self.run_program(other.url(), expect=WRONG_NAME)
        self.run_program("--servername", "other.test", other.url())
        self.run_program("--resolve", f"other.test:{other.port}:127.0.0.1",
                         other.url(host="other.test"))
        self.run_program(p.url(host="127.0.0.1"))

    def test_both_versions(self):
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLS 1.2"), (ssl.TLSVersion.TLSv1_3, "TLS 1.3")):
            own = subprocess.run([PROGRAM, "get", "--max-version", name[-3:], "https://127.0.0.1:1/"],
                                 timeout=TIMEOUT, capture_output=True)
            if own.returncode != NO_CONNECTION:
                print(f"skipped: this build of handfast has no {name}")
                continue
            p = self.peer({"/": answer(BIG)}, version=version)
            out, err = self.run_program("-v", p.url())
            self.assertTrue(out == BIG)
            self.assertIn(name, err)

    def test_a_client_certificate_is_shown(self):
        p = self.peer({"/": answer(b"x")}, client_ca=self.cert("ca.pem"))
        own = ["--cert", self.cert("alice_example.test.pem"), "--key",
               self.cert("alice_example.test.key")]
        self.assertEqual(self.run_program(*own, p.url())[0], b"x")
        _, err = self.run_program(p.url(), expect=TLS)
        self.assertIn("certificate_required", err)

    def test_no_server_and_a_silent_server(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            before = time.monotonic()
            self.run_program("--timeout", "0.3", f"https://127.0.0.1:{port}/", expect=NO_CONNECTION)
            self.assertLess(time.monotonic() - before, 10)
        self.run_program(f"https://127.0.0.1:{port}/", expect=NO_CONNECTION)
        self.run_program("https://no-such-host.invalid/", "--timeout", "20", expect=NO_CONNECTION)

    def test_usage(self):
        for arguments in ([], ["ftp://h/"], ["http://h/"], ["https://u:p@h/"], ["-H", "bad", "h"],
                          ["-H", "A: b\r\nC: d", "h"], ["-H", "Content-Length: 1", "h"],
                          ["-o", "x", "h", "h"], ["-o", "x", "-O", "h"], ["-X", "G T", "h"],
                          ["-r", "x", "h"], ["-I", "-d", "x", "h"], ["https://h/\r\nX: y"]):
            with self.subTest(arguments):
                self.run_program(*arguments, expect=USAGE)

    # ---- connect ----

    def test_connect_is_a_pipe_with_both_ends(self):
        def echo(connection, head, peer):
            connection.sendall(b"start\n")
            while True:
                data = connection.recv(65536)
                if not data:
                    break
                connection.sendall(data)
            connection.unwrap()
        p = self.peer({"/": echo})
        head = b"GET / HTTP/1.1\r\n\r\n"
        out, err = self.run_program(f"localhost:{p.port}", command="connect", stdin=head + BIG)
        self.assertTrue((b"start\n" + BIG).startswith(out[:6]))
        self.assertTrue(out.endswith(BIG[-1000:]), out[-100:])

    def test_connect_writes_line_ends_as_asked(self):
        p = self.peer({"/": answer(b"x")})
        out, _ = self.run_program("--crlf", f"localhost:{p.port}", command="connect",
                                  stdin=b"GET / HTTP/1.1\nX: y\r\n\n")
        self.assertTrue(out.endswith(b"\r\n\r\nx"))
        self.assertEqual(p.requests[-1][0], "GET / HTTP/1.1\r\nX: y")

    def test_connect_says_when_the_peer_leaves_without_a_word(self):
        def leave(connection, head, peer):
            connection.sendall(b"x")
            while connection.recv(100):  # what is not read would reset the connection
                pass
        p = self.peer({"/": leave})
        out, err = self.run_program(f"localhost:{p.port}", command="connect", expect=TLS,
                                    stdin=b"GET / HTTP/1.1\r\n\r\n")
        self.assertTrue(out.endswith(b"x"))
        self.assertIn("without saying so", err)

    def test_connect_ends_in_order_on_a_signal(self):
        said = []
        connected = threading.Event()

        def wait(connection, head, peer):
            connected.set()
            said.append(connection.recv(10))  # b"" only after close_notify
        p = self.peer({"/": wait})
        program = subprocess.Popen([PROGRAM, "connect", "-q", "--cacert", self.cert("ca.pem"),
                                    f"localhost:{p.port}"], stdin=subprocess.PIPE)
        program.stdin.write(b"GET / HTTP/1.1\r\n\r\n")
        program.stdin.flush()
        self.assertTrue(connected.wait(TIMEOUT))
        program.send_signal(signal.SIGINT)
        self.assertEqual(program.wait(TIMEOUT), -signal.SIGINT)
        program.stdin.close()
        deadline = time.monotonic() + TIMEOUT
        while not said and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(said, [b""])


if __name__ == "__main__":
    unittest.main()
