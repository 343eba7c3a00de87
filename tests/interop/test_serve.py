"""`handfast serve` against clients that are not ours: Python's ssl (OpenSSL) and curl.

Every test starts a server of its own on a free port with a folder and a local authority of its own.
"""
import hashlib
import http.client
import json
import os
import re
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
TIMEOUT = 20


class Server:
    """A running server; `log` grows while it runs."""

    def __init__(self, root, *options, state=None, local=True):
        arguments = [PROGRAM, "serve", root, "--listen", "127.0.0.1:0", *options]
        if local:
            arguments += ["--state", state]
        environment = {k: v for k, v in os.environ.items() if k != "SSLKEYLOGFILE"}
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=environment)
        self.log = ""
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        try:
            self.port = int(self.wait_for(r"handfast serves .* at https://localhost:(\d+)/")[1])
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise
        self.ca = os.path.join(state, "ca.pem") if local else None

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.log += line.decode("utf-8", "replace")
                self.changed.notify_all()
        self.process.stderr.close()

    def wait_for(self, pattern, seconds=TIMEOUT):
        with self.changed:
            end = time.monotonic() + seconds
            while True:
                found = re.search(pattern, self.log)
                if found:
                    return found
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    raise AssertionError(f"no {pattern!r} in the log:\n{self.log}")
                self.changed.wait(min(left, 0.2))

    def stop(self, number=signal.SIGTERM, seconds=TIMEOUT):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop:\n{self.log}")
        self.reader.join(TIMEOUT)
        return status

    def context(self):
        return ssl.create_default_context(cafile=self.ca)

    def connect(self, context=None, name="localhost"):
        plain = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
        try:
            return (context or self.context()).wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise

    def http(self):
        return http.client.HTTPSConnection("localhost", self.port, timeout=TIMEOUT,
                                           context=self.context())


def text_of(path):
    with open(path) as f:
        return f.read()


def read_all(sock):
    data = b""
    while True:
        try:
            piece = sock.recv(65536)
        except (ssl.SSLZeroReturnError, ConnectionResetError):
            return data
        if not piece:
            return data
        data += piece


@unittest.skipUnless(os.path.exists(PROGRAM), f"skipped: {PROGRAM} is not built")
class ServeCase(unittest.TestCase):
    options = ()

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.root = os.path.join(self.dir, "root")
        self.state = os.path.join(self.dir, "state")
        os.makedirs(os.path.join(self.root, "sub folder"))
        os.makedirs(os.path.join(self.root, "empty"))
        self.put("index.html", b"<h1>hello</h1>\n")
        self.put("sub folder/a.txt", b"0123456789")
        self.put(".secret", b"no")
        self.put("empty/<b>&.txt", b"x")
        with open(os.path.join(self.dir, "outside.txt"), "wb") as f:
            f.write(b"outside")
        os.symlink("../outside.txt", os.path.join(self.root, "link-out"))
        os.symlink("sub folder/a.txt", os.path.join(self.root, "link-in"))
        os.mkfifo(os.path.join(self.root, "pipe"))
        self.server = self.start(*self.options)

    def start(self, *options, **more):
        server = Server(self.root, *options, **{"state": self.state, **more})
        self.addCleanup(server.stop)
        return server

    def put(self, name, data):
        with open(os.path.join(self.root, name), "wb") as f:
            f.write(data)

    def raw(self, request, server=None):
        with (server or self.server).connect() as s:
            s.sendall(request)
            return read_all(s)

    def ask(self, method, target, headers=None, body=None):
        c = self.server.http()
        try:
            c.request(method, target, body=body, headers=headers or {})
            r = c.getresponse()
            return r, r.read()
        finally:
            c.close()


class Files(ServeCase):
    def test_page_and_header_fields(self):
        r, body = self.ask("GET", "/")
        self.assertEqual((r.status, body), (200, b"<h1>hello</h1>\n"))
        self.assertEqual(r.getheader("Content-Type"), "text/html; charset=utf-8")
        self.assertEqual(r.getheader("X-Content-Type-Options"), "nosniff")
        self.assertRegex(r.getheader("ETag"), r'^"[0-9a-f-]+"$')

    def test_head_has_the_fields_and_no_content(self):
        with self.server.connect() as s:
            s.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            head, _, rest = read_all(s).partition(b"\r\n\r\n")
        self.assertIn(b"Content-Length: 15", head)
        self.assertEqual(rest, b"")

    def test_other_methods_are_refused_with_allow(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
            r, _ = self.ask(method, "/")
            self.assertEqual((method, r.status, r.getheader("Allow")), (method, 405, "GET, HEAD"))

    def test_percent_decoding_and_index_and_slash(self):
        self.assertEqual(self.ask("GET", "/sub%20folder/a%2Etxt?q=1")[1], b"0123456789")
        r, _ = self.ask("GET", "/sub%20folder?x=%2F")
        self.assertEqual((r.status, r.getheader("Location")), (301, "/sub%20folder/?x=%2F"))
        self.assertEqual(self.ask("GET", "/index.html/")[0].status, 404)
        self.assertEqual(self.ask("GET", "/empty/")[0].status, 404)  # no --list

    def test_nothing_outside_the_folder_and_nothing_hidden(self):
        targets = ["/../outside.txt", "/%2e%2e/outside.txt", "/%2E./outside.txt", "/..%2foutside.txt",
                   "/sub%20folder/../../outside.txt", "/..\\outside.txt", "/%5c..%5coutside.txt",
                   "/%252e%252e/outside.txt", "//etc/passwd", "/.//etc/passwd", "/link-out",
                   "/.secret", "/%2esecret", "/./index.html", "/pipe", "/sub%20folder/a.txt/x",
                   "/" + "a" * 300, "/" + "x/" * 3000]
        for target in targets:
            reply = self.raw(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            self.assertRegex(reply, rb"^HTTP/1\.1 40[04] ", target)
            self.assertNotIn(b"outside", reply.partition(b"\r\n\r\n")[2], target)
        for target in ["/%00", "/a%0d%0ab", "/%zz", "/%4", "*", "index.html"]:
            reply = self.raw(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            self.assertRegex(reply, rb"^HTTP/1\.1 400 ", target)

    def test_links_inside_the_folder_work(self):
        self.assertEqual(self.ask("GET", "/link-in")[1], b"0123456789")

    def test_ranges(self):
        path = "/sub%20folder/a.txt"
        for value, status, content, where in (
                ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
                ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
                ("bytes=-2", 206, b"89", "bytes 8-9/10"),
                ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
                ("bytes=5-99999999999999999999999", 206, b"56789", "bytes 5-9/10"),
                ("bytes=3-1", 200, b"0123456789", None),
                ("bytes=0-1,3-4", 200, b"0123456789", None),
                ("pages=1-2", 200, b"0123456789", None)):
            r, body = self.ask("GET", path, {"Range": value})
            self.assertEqual((value, r.status, body, r.getheader("Content-Range")),
                             (value, status, content, where))
        for value in ("bytes=10-", "bytes=-0"):
            r, _ = self.ask("GET", path, {"Range": value})
            self.assertEqual((r.status, r.getheader("Content-Range")), (416, "bytes */10"))
        r, body = self.ask("GET", path, {"Range": "bytes=0-1", "If-Range": '"other"'})
        self.assertEqual((r.status, body), (200, b"0123456789"))

    def test_conditions(self):
        r, _ = self.ask("GET", "/")
        etag, modified = r.getheader("ETag"), r.getheader("Last-Modified")
        for fields, status in (({"If-None-Match": etag}, 304), ({"If-None-Match": "*"}, 304),
                               ({"If-None-Match": f'"x", W/{etag}'}, 304),
                               ({"If-None-Match": '"x"', "If-Modified-Since": modified}, 200),
                               ({"If-Modified-Since": modified}, 304),
                               ({"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 200),
                               ({"If-Modified-Since": "yesterday"}, 200)):
            r, body = self.ask("GET", "/", fields)
            self.assertEqual((fields, r.status), (fields, status))
            self.assertEqual(body == b"", status == 304)

    def test_large_file_arrives_whole(self):
        data = os.urandom(1 << 20) * 64
        self.put("big.bin", data)
        r, body = self.ask("GET", "/big.bin")
        self.assertEqual((r.status, len(body)), (200, 64 << 20))
        self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(data).digest())

    def test_a_file_that_shrinks_does_not_end_well(self):
        self.put("shrinks.bin", b"x" * (32 << 20))
        with self.server.connect() as s:
            s.sendall(b"GET /shrinks.bin HTTP/1.1\r\nHost: a\r\n\r\n")
            s.recv(1000)
            os.truncate(os.path.join(self.root, "shrinks.bin"), 10)
            with self.assertRaises(ssl.SSLError):
                while s.recv(65536):
                    pass
        self.server.wait_for("could not be read to its end")


class SystemCalls(ServeCase):
    WRITES = "write,writev,sendto,sendmsg"

    def traced(self, what):
        """The sizes asked for and the sizes taken, of each write of more than a kilobyte during `what`."""
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        path = os.path.join(self.state, "strace.txt")
        tracer = subprocess.Popen(["strace", "-f", "-s", "0", "-e", "trace=" + self.WRITES, "-o", path,
                                   "-p", str(self.server.process.pid)], stderr=subprocess.PIPE)
        line = tracer.stderr.readline().decode()
        if "attached" not in line:
            tracer.wait()
            tracer.stderr.close()
            self.skipTest("strace may not attach here: " + line.strip())
        try:
            what()
        finally:
            tracer.terminate()
            tracer.communicate()
        found = []
        with open(path, encoding="ascii", errors="replace") as log:
            for call in log:
                m = re.search(r"(write|sendto)\(\d+, \"\"\.*, (\d+).* = (\d+)$", call)
                v = re.search(r"(writev|sendmsg)\(.* = (\d+)$", call)
                if m:
                    found.append((int(m[2]), int(m[3])))
                elif v:
                    found.append((sum(map(int, re.findall(r"iov_len=(\d+)", call))), int(v[2])))
        return [pair for pair in found if pair[0] > 1024]

    def test_a_file_is_written_64_kib_and_more_at_a_time(self):
        data = os.urandom(8 << 20)
        self.put("big.bin", data)
        got = []
        writes = self.traced(lambda: got.append(self.ask("GET", "/big.bin")[1]))
        self.assertEqual(got[0], data)
        total = sum(taken for _, taken in writes)
        self.assertGreaterEqual(total, len(data))
        # the kernel may take less than it is offered: the rest is offered again
        fresh = [asked for asked, _ in writes if asked >= 65536]
        self.assertGreaterEqual(len(fresh) * 65536, len(data) * 3 // 4, writes[:40])
        self.assertLess(len(writes), 3 * len(data) // 65536, writes[:40])


class Listing(ServeCase):
    options = ("--list",)

    def test_listing_is_escaped_and_hides(self):
        r, body = self.ask("GET", "/empty/")
        self.assertEqual(r.status, 200)
        self.assertIn(b'href="./%3Cb%3E%26.txt">&lt;b&gt;&amp;.txt</a>', body)
        self.assertNotIn(b"<b>", body)
        os.unlink(os.path.join(self.root, "index.html"))
        body = self.ask("GET", "/")[1]
        self.assertNotIn(b".secret", body)
        self.assertNotIn(b"pipe", body)
        self.assertIn(b'href="./sub%20folder/"', body)


class Http(ServeCase):
    options = ("--echo", "--idle-timeout", "1", "--handshake-timeout", "1")

    def test_pipelined_requests_are_answered_in_order(self):
        request = b"".join(b"GET /%s HTTP/1.1\r\nHost: a\r\n%s\r\n" % (p, c) for p, c in (
            (b"", b""), (b"missing", b""), (b"sub%20folder/a.txt", b"Connection: close\r\n")))
        statuses = re.findall(rb"HTTP/1\.1 (\d+)", self.raw(request))
        self.assertEqual(statuses, [b"200", b"404", b"200"])

    def test_http_1_0_and_keep_alive(self):
        self.assertTrue(self.raw(b"GET / HTTP/1.0\r\n\r\n").endswith(b"hello</h1>\n"))
        c = self.server.http()
        for _ in range(3):
            c.request("GET", "/")
            self.assertEqual(c.getresponse().read(), b"<h1>hello</h1>\n")
        c.close()

    def test_a_request_in_single_bytes_is_the_same_request(self):
        with self.server.connect() as s:
            for byte in b"POST /.echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" \
                        b"Connection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
                s.sendall(bytes([byte]))
            self.assertIn(hashlib.sha256(b"abc").hexdigest().encode() + b" 3\n", read_all(s))

    def test_what_is_not_http_is_refused(self):
        for request, status in (
                (b"\x00\x01\x02\x03\r\n\r\n", b"400"), (b"GET / HTTP/9.9\r\n\r\n", b"(400|505)"),
                (b"GET / HTTP/1.1\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
                (b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", b"400"),
                (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", b"400"),
                (b"POST /.echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
                 b"\r\n\r\n", b"400"),
                (b"POST /.echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", b"400"),
                (b"POST /.echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
                (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
                (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20000 + b"\r\n\r\n", b"431"),
                (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
                (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n" + b"x" * 999999, b"413"),
                (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n", b"405"),
                (b"PUT /.echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: x\r\n\r\n", b"417"),
                (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"405")):
            reply = self.raw(request)
            self.assertRegex(reply, rb"^HTTP/1\.1 " + status + b" ", request[:60])
            self.assertIn(b"Connection: close", reply, request[:60])
        self.assertEqual(self.ask("GET", "/")[0].status, 200)

    def test_upgrade_is_ignored(self):
        reply = self.raw(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                         b"Connection: Upgrade, close\r\n\r\n")
        self.assertRegex(reply, rb"^HTTP/1\.1 200 ")

    def test_large_upload_is_hashed(self):
        data = os.urandom(1 << 20) * 64
        r, body = self.ask("PUT", "/.echo", body=data)
        self.assertEqual((r.status, body.decode()),
                         (200, f"{hashlib.sha256(data).hexdigest()} {len(data)}\n"))

    def test_chunked_upload_and_100_continue(self):
        with self.server.connect() as s:
            s.sendall(b"POST /.echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                      b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
            self.assertEqual(s.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
            s.sendall(b"3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n")
            reply = read_all(s)
        self.assertIn(hashlib.sha256(b"abcde").hexdigest().encode() + b" 5\n", reply)

    def test_plain_http_gets_a_helpful_answer(self):
        with socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            reply = read_all(s)
        self.assertRegex(reply, rb"^HTTP/1\.1 400 ")
        self.assertIn(b"https://", reply)
        self.server.wait_for("plain HTTP on the HTTPS port")

    def test_garbage_in_place_of_tls_gets_an_alert(self):
        with socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT) as s:
            s.sendall(b"\x16\x03\x01\x00\x05hello")
            reply = read_all(s)
        self.assertRegex(reply, rb"(?s)^\x15\x03.\x00\x02\x02.$")
        self.server.wait_for("handshake failed")

    def test_silence_is_ended_by_the_timeouts(self):
        start = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT) as s:
            self.assertEqual(read_all(s), b"")  # handshake
        with self.server.connect() as s:
            self.assertEqual(read_all(s), b"")  # idle: close_notify
        self.assertLess(time.monotonic() - start, 8)
        with self.server.connect() as s:  # content that never comes
            s.sendall(b"PUT /.echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
            self.assertRegex(read_all(s), rb"^HTTP/1\.1 408 ")

    def test_a_peer_that_takes_nothing_neither_blocks_nor_stays(self):
        self.put("big.bin", bytes(64 << 20))
        plain = socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with self.server.context().wrap_socket(plain, server_hostname="localhost") as slow:
            slow.sendall(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.1)
            start = time.monotonic()
            self.assertEqual(self.ask("GET", "/")[0].status, 200)
            self.assertLess(time.monotonic() - start, 1)
            with open(f"/proc/{self.server.process.pid}/statm") as f:
                resident = int(f.read().split()[1]) * 4096
            if "asan" not in BUILD:
                self.assertLess(resident, 48 << 20)
            self.server.wait_for("took nothing of its response")

    def test_an_abandoned_download_leaves_the_server_well(self):
        self.put("big.bin", bytes(16 << 20))
        for _ in range(5):
            s = self.server.connect()
            s.sendall(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n")
            s.recv(1000)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            s.close()  # a reset
        self.assertEqual(self.ask("GET", "/")[0].status, 200)


class Threads(ServeCase):
    options = ("--threads", "2", "--max-connections", "16")

    def test_many_connections_at_once(self):
        self.put("some.bin", os.urandom(300000))
        with open(os.path.join(self.root, "some.bin"), "rb") as f:
            want = f.read()
        failures = []

        def fetch():
            try:
                for _ in range(3):
                    r, body = self.ask("GET", "/some.bin")
                    if (r.status, body) != (200, want):
                        failures.append(r.status)
            except Exception as e:  # noqa: the test reports it
                failures.append(repr(e))
        threads = [threading.Thread(target=fetch) for _ in range(24)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])

    def test_idle_connections_make_room(self):
        idle = [self.server.connect() for _ in range(16)]
        for s in idle:
            self.addCleanup(s.close)
        for s in idle:
            s.sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertRegex(s.recv(2000), rb"^HTTP/1\.1 200 ")
        self.assertEqual(self.ask("GET", "/")[0].status, 200)

    def test_handshakes_cut_short_with_jobs_in_flight(self):
        for i in range(40):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = self.server.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
            with self.assertRaises(ssl.SSLWantReadError):
                client.do_handshake()
            with socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT) as s:
                s.sendall(outgoing.read())
                if i % 2:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.assertEqual(self.ask("GET", "/")[0].status, 200)
        self.assertEqual(self.server.stop(), 0)


class Life(ServeCase):
    def test_sigterm_lets_a_response_end_and_exits_0(self):
        self.put("big.bin", bytes(24 << 20))
        with self.server.connect() as s:
            s.sendall(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n")
            data = s.recv(10000)
            self.server.process.send_signal(signal.SIGTERM)
            self.server.wait_for("terminated: stopping")
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.1", self.server.port), 2).close()
            data += read_all(s)
        self.assertEqual(len(data.partition(b"\r\n\r\n")[2]), 24 << 20)
        self.assertEqual(self.server.stop(), 0)

    def test_sigint_closes_idle_connections_and_exits_0(self):
        with self.server.connect() as s:
            s.sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            s.recv(2000)
            self.server.process.send_signal(signal.SIGINT)
            self.assertEqual(read_all(s), b"")
        self.assertEqual(self.server.stop(), 0)

    def test_the_grace_time_ends(self):
        server = self.start("--grace", "0.5")
        self.put("big.bin", bytes(64 << 20))
        with server.connect() as s:
            s.sendall(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n")
            s.recv(100)
            start = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - start, 5)

    def test_the_authority_stays_and_its_key_is_private(self):
        with open(self.server.ca) as f:
            first = f.read()
        for name in ("ca.key", "server.key"):
            self.assertEqual(os.stat(os.path.join(self.state, name)).st_mode & 0o777, 0o600)
        self.server.stop()
        self.server = self.start()
        with open(self.server.ca) as f:
            self.assertEqual(f.read(), first)
        self.assertNotIn("made a certificate authority", self.server.log)
        self.assertEqual(self.ask("GET", "/")[0].status, 200)

    def test_a_damaged_leaf_is_replaced_and_a_damaged_authority_is_not(self):
        self.server.stop()
        with open(os.path.join(self.state, "server.pem"), "w") as f:
            f.write("nonsense")
        self.server = self.start()
        self.assertEqual(self.ask("GET", "/")[0].status, 200)
        self.server.stop()
        os.unlink(os.path.join(self.state, "ca.key"))
        r = subprocess.run([PROGRAM, "serve", self.root, "--listen", "127.0.0.1:0", "--state",
                            self.state], stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual(r.returncode, 8)
        self.assertIn(b"the local authority cannot be used", r.stderr)

    def test_the_authority_lives_in_the_users_data_folder(self):
        self.server.stop()
        for variables, where in (({"XDG_DATA_HOME": self.dir + "/x"}, "/x/handfast"),
                                 ({"HOME": self.dir + "/h"}, "/h/.local/share/handfast")):
            clean = {k: v for k, v in os.environ.items() if k not in ("XDG_DATA_HOME", "HOME")}
            process = subprocess.Popen([PROGRAM, "serve", self.root, "--listen", "127.0.0.1:0"],
                                       env={**clean, **variables}, stderr=subprocess.PIPE)
            line = process.stderr.readline()
            process.terminate()
            process.communicate(timeout=TIMEOUT)
            self.assertEqual(process.returncode, 0)
            self.assertIn((self.dir + where + "/ca.pem").encode(), line)

    def test_a_folder_that_others_may_write_to_is_refused(self):
        self.server.stop()
        os.chmod(self.state, 0o777)
        r = subprocess.run([PROGRAM, "serve", self.root, "--listen", "127.0.0.1:0", "--state",
                            self.state], stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual(r.returncode, 8)

    def test_names_and_addresses_of_the_local_certificate(self):
        for name in ("localhost", "127.0.0.1", "::1"):
            with self.server.connect(name=name):
                pass
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.server.connect(name="example.test")

    def test_the_log_line_names_what_was_agreed(self):
        self.ask("GET", '/a%22b"c')
        self.server.wait_for(r'127\.0\.0\.1:\d+ "GET /a%22b\'c" 4\d\d \d+ [\d.]+ms TLS 1\.3 TLS_\w+ '
                             r'X25519')

    def test_wrong_options_and_files_say_so(self):
        for arguments, status, words in (
                (["serve", "/nowhere"], 8, b"No such file"),
                (["serve", self.root, "--listen", "nonsense"], None, b"listening"),
                (["serve", self.root, "--cert", "/nowhere.pem"], 8, b"/nowhere.pem"),
                (["serve", self.root, "--key", "x.pem"], 2, b"without a --cert"),
                (["serve", self.root, "--client-auth", "required"], 2, b"--client-ca"),
                (["serve", self.root, "--groups", "nonsense"], 2, b"nonsense"),
                (["serve", self.root, "--threads", "65"], 2, b"0 to 64"),
                (["serve", self.root, "--min-version", "1.3", "--max-version", "1.2"], 2, b"newer")):
            r = subprocess.run([PROGRAM, *arguments, "--state", self.state], stderr=subprocess.PIPE,
                               timeout=TIMEOUT)
            self.assertNotEqual(r.returncode, 0, arguments)
            if status is not None:
                self.assertEqual((arguments, r.returncode), (arguments, status))
            self.assertIn(words, r.stderr)
            self.assertTrue(r.stderr.startswith(b"handfast: "), r.stderr)


@unittest.skipUnless(shutil.which("openssl"), "skipped: no openssl program")
class Certificates(ServeCase):
    def make(self, name, subject="/CN=localhost"):
        cert, key = (os.path.join(self.dir, f"{name}.{e}") for e in ("pem", "key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", subject,
                        "-addext", f"subjectAltName=DNS:{name}.test", "-keyout", key, "-out", cert],
                       check=True, stderr=subprocess.DEVNULL)
        return cert, key

    def fetch(self, server, name, ca, client=None):
        context = ssl.create_default_context(cafile=ca)
        if client:
            context.load_cert_chain(*client)
        with server.connect(context, name) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return read_all(s), s.getpeercert()

    def test_sni_chooses_the_certificate(self):
        a, b = self.make("a"), self.make("b")
        server = self.start("--cert", a[0], "--key", a[1], "--cert", b[0], "--key", b[1],
                            local=False)
        for name, pair in (("a", a), ("b", b)):
            self.assertIn(b" 200 OK", self.fetch(server, f"{name}.test", pair[0])[0])

    def test_key_in_the_same_file(self):
        a = self.make("a")
        both = os.path.join(self.dir, "both.pem")
        with open(both, "w") as out:
            out.write(text_of(a[1]) + text_of(a[0]))
        server = self.start("--cert", both, local=False)
        self.assertIn(b" 200 OK", self.fetch(server, "a.test", a[0])[0])

    def test_encrypted_key(self):
        a = self.make("a")
        locked, word = (os.path.join(self.dir, n) for n in ("locked.key", "word"))
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", a[1], "-out", locked, "-passout",
                        "pass:opensesame"], check=True)
        with open(word, "w") as f:
            f.write("opensesame\n")
        server = self.start("--cert", a[0], "--key", locked, "--password-file", word, local=False)
        self.assertIn(b" 200 OK", self.fetch(server, "a.test", a[0])[0])
        r = subprocess.run([PROGRAM, "serve", self.root, "--cert", a[0], "--key", locked],
                           stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual(r.returncode, 8)
        self.assertIn(b"--password-file", r.stderr)

    def test_sighup_reads_certificates_anew_and_keeps_the_old_ones_on_failure(self):
        a = self.make("a")
        server = self.start("--cert", a[0], "--key", a[1], local=False)
        first = text_of(a[0])
        with open(a[0], "w") as f:
            f.write("nonsense")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("the certificates stay as they were")
        with open(a[0], "w") as f:
            f.write(first)
        self.assertIn(b" 200 OK", self.fetch(server, "a.test", a[0])[0])
        old = self.server_certificate(server, a[0])
        self.make("a")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("certificates read anew")
        self.assertNotEqual(self.server_certificate(server, a[0]), old)

    def server_certificate(self, server, ca):
        with server.connect(ssl.create_default_context(cafile=ca), "a.test") as s:
            return s.getpeercert(True)

    def test_client_certificates(self):
        a, me = self.make("a"), self.make("me", "/CN=me")
        required = self.start("--cert", a[0], "--key", a[1], "--client-ca", me[0], local=False)
        self.assertIn(b" 200 OK", self.fetch(required, "a.test", a[0], me)[0])
        with self.assertRaises(ssl.SSLError):
            self.fetch(required, "a.test", a[0])
        with self.assertRaises(ssl.SSLError):
            self.fetch(required, "a.test", a[0], self.make("other", "/CN=other"))
        optional = self.start("--cert", a[0], "--key", a[1], "--client-ca", me[0], "--client-auth",
                              "optional", local=False)
        self.assertIn(b" 200 OK", self.fetch(optional, "a.test", a[0])[0])

    def test_key_log_and_trace(self):
        a = self.make("a")
        log, trace = (os.path.join(self.dir, n) for n in ("keys.log", "trace.jsonl"))
        server = self.start("--cert", a[0], "--key", a[1], "--keylog", log, "--trace", trace,
                            local=False)
        self.fetch(server, "a.test", a[0])
        self.assertEqual(server.stop(), 0)
        self.assertEqual(os.stat(log).st_mode & 0o777, 0o600)
        with open(log) as f:
            lines = f.read()
        self.assertTrue(lines.endswith("\n"))
        for label in ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"):
            self.assertRegex(lines, rf"(?m)^{label} [0-9a-f]{{64}} [0-9a-f]{{64,96}}$")
        with open(trace) as f:
            events = [json.loads(line) for line in f]
        self.assertGreater(len(events), 20)


@unittest.skipUnless(shutil.which("curl"), "skipped: no curl")
class Curl(ServeCase):
    def test_curl_fetches_and_resumes_a_download(self):
        data = os.urandom(3 << 20)
        self.put("file.bin", data)
        out = os.path.join(self.dir, "out")
        url = f"https://localhost:{self.server.port}/file.bin"
        with open(out, "wb") as f:
            f.write(data[:1 << 20])
        subprocess.run(["curl", "-sS", "--fail", "--cacert", self.server.ca, "-C", "-", "-o", out,
                        url], check=True, timeout=TIMEOUT)
        with open(out, "rb") as f:
            self.assertEqual(f.read(), data)


if __name__ == "__main__":
    unittest.main()
