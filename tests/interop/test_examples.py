"""The examples do what their first lines say, and stay short enough to be read."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

BUILD = os.environ.get("HF_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
SOURCE = os.environ.get("HF_SOURCE", os.path.join(os.path.dirname(__file__), "../.."))
EXAMPLES = os.path.join(BUILD, "examples")
TIMEOUT = 60


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


@unittest.skipUnless(os.path.isdir(EXAMPLES), f"{EXAMPLES} is not built")
class ExamplesTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="handfast-examples-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def run_program(self, name, *arguments, expect=0, stdin=b""):
        done = subprocess.run([os.path.join(EXAMPLES, name), *arguments], cwd=self.dir, input=stdin,
                              timeout=TIMEOUT, capture_output=True)
        self.assertEqual(done.returncode, expect, (name, arguments, done.stdout, done.stderr))
        return done.stdout.decode(), done.stderr.decode()

    def openssl(self, *arguments, stdin=b""):
        return subprocess.run(["openssl", *arguments], cwd=self.dir, timeout=TIMEOUT, input=stdin,
                              check=True, capture_output=True).stdout

    def make_certificate(self):
        if shutil.which("openssl") is None:
            self.skipTest("openssl is not installed (apt install openssl)")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "2",
                     "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                     "-addext", "extendedKeyUsage=serverAuth")

    def start(self, name, *arguments):
        """Starts a server and waits until it listens; returns it and its address."""
        address = f"127.0.0.1:{free_port()}"
        process = subprocess.Popen([os.path.join(EXAMPLES, name), address, "cert.pem", "key.pem",
                                    *arguments], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, address

    def until_it_listens(self, address, process):
        """By /proc, as a connection would be one that the server serves."""
        port = f":{int(address.split(':')[1]):04X} "
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline and process.poll() is None:
            with open("/proc/net/tcp", encoding="ascii") as f:
                if any(port in line and " 0A " in line for line in f):
                    return
            time.sleep(0.02)
        self.fail(f"the server does not listen on {address}")

    def test_each_is_under_120_lines(self):
        for path in sorted(glob.glob(os.path.join(SOURCE, "examples", "*.c"))):
            with open(path, encoding="utf-8") as f:
                self.assertLess(len(f.readlines()), 120, path)

    def test_without_arguments_each_says_how_it_is_used(self):
        names = [os.path.basename(p)[:-2] for p in glob.glob(os.path.join(SOURCE, "examples", "*.c"))]
        self.assertGreaterEqual(len(names), 5)
        for name in names:
            if name == "shared_store" and not os.path.exists(os.path.join(EXAMPLES, name)):
                continue  # without libhiredis it is not built
            out, err = self.run_program(name, expect=2)
            self.assertTrue(err.startswith(f"usage: {name}"), err)

    def test_client_and_server(self):
        self.make_certificate()
        server, address = self.start("server", "3")
        self.until_it_listens(address, server)
        out, _ = self.run_program("client", address, "cert.pem")
        self.assertIn("hello, client", out)
        out, err = self.run_program("client", address, expect=1)  # not trusted by the system
        self.assertIn("does not lead to an authority", err)
        out, _ = self.run_program("client", address.replace("127.0.0.1", "localhost"), "cert.pem")
        self.assertIn("hello, client", out)
        self.assertEqual(server.wait(TIMEOUT), 0)
        self.assertIn(b"unknown_ca", server.stderr.read())
        self.run_program("client", address, "cert.pem", expect=1)
        self.run_program("client", address, "missing.pem", expect=1)
        self.run_program("server", address, "missing.pem", "key.pem", expect=1)

    def test_resumption_goes_on_within_a_run_and_into_the_next(self):
        self.make_certificate()
        server, address = self.start("server", "6")
        self.until_it_listens(address, server)
        out, _ = self.run_program("resumption", address, "cert.pem")
        self.assertEqual(out, "TLS 1.3, a full handshake\nTLS 1.3, resumed\n")
        out, _ = self.run_program("resumption", address, "cert.pem", "kept")
        self.assertEqual(out, "TLS 1.3, a full handshake\nTLS 1.3, resumed\n")
        self.assertEqual(os.stat(os.path.join(self.dir, "kept")).st_mode & 0o777, 0o600)
        out, _ = self.run_program("resumption", address, "cert.pem", "kept")
        self.assertEqual(out, "TLS 1.3, resumed\nTLS 1.3, resumed\n")
        self.assertEqual(server.wait(TIMEOUT), 0)
        with open(os.path.join(self.dir, "kept"), "w", encoding="ascii") as f:
            f.write("something else")
        _, err = self.run_program("resumption", address, "cert.pem", "kept", expect=1)
        self.assertIn("kept holds no session", err)

    def start_store(self, redis):
        """A server of the fleet; its address, and what it prints."""
        server, address = self.start("shared_store", redis)
        self.until_it_listens(address, server)
        return server, address

    def s_client(self, address, *arguments):
        return self.openssl("s_client", "-connect", address, "-CAfile", "cert.pem", "-verify_return_error",
                            "-ign_eof", *arguments, stdin=b"GET / HTTP/1.0\r\n\r\n").decode(errors="replace")

    def test_servers_share_sessions_and_early_data_in_a_store(self):
        for needed, package in ((os.path.join(EXAMPLES, "shared_store"), "libhiredis-dev, then build anew"),
                                (shutil.which("redis-server") or "redis-server", "redis-server")):
            if not os.path.exists(needed):
                self.skipTest(f"{needed} is not there (apt install {package})")
        self.make_certificate()
        redis = os.path.join(self.dir, "redis.sock")
        store = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", redis, "--save", "",
                                  "--appendonly", "no", "--dir", self.dir], stdout=subprocess.DEVNULL)
        self.addCleanup(store.wait)
        self.addCleanup(store.kill)
        deadline = time.monotonic() + TIMEOUT
        while not os.path.exists(redis) and time.monotonic() < deadline:
            time.sleep(0.02)
        first, here = self.start_store(redis)
        second, there = self.start_store(redis)
        with open(os.path.join(self.dir, "early"), "w", encoding="ascii") as f:
            f.write("GET / HTTP/1.0\r\n\r\n")
        self.assertIn("New, TLSv1.3", self.s_client(here, "-sess_out", "13.pem"))
        self.assertIn("Reused, TLSv1.3", self.s_client(there, "-sess_in", "13.pem"))
        self.assertIn("New, TLSv1.2", self.s_client(here, "-tls1_2", "-sess_out", "12.pem"))
        self.assertIn("Reused, TLSv1.2", self.s_client(there, "-tls1_2", "-sess_in", "12.pem"))
        self.s_client(here, "-sess_out", "13.pem")
        self.assertIn("Early data was accepted",
                      self.s_client(there, "-sess_in", "13.pem", "-early_data", "early"))
        # without its store a server serves all the same, and resumes nothing
        store.kill()
        store.wait()
        self.assertIn("New, TLSv1.3", self.s_client(there, "-sess_in", "13.pem"))
        for server, said in ((first, ["full", "full", "full"]),
                             (second, ["resumed", "resumed", "early data", "full"])):
            server.terminate()
            self.assertEqual(server.stdout.read().decode().split("\n")[:-1], said)
            self.assertNotIn(b"Sanitizer", server.stderr.read())

    def test_mutual_says_who_the_peer_is(self):
        out, _ = self.run_program("mutual", "Alice")
        self.assertIn("server: the peer is CN=Alice\n", out)
        self.assertIn("client: the peer is CN=Shop\n", out)

    def test_own_provider_counts_the_records(self):
        few, _ = self.run_program("own_provider", "1")
        many, _ = self.run_program("own_provider", "200000")
        pattern = r"sealed (\d+) records, (\d+) bytes; opened (\d+) records"
        few, many = (re.search(pattern, text) for text in (few, many))
        self.assertGreater(int(many[1]), int(few[1]) + 10)
        self.assertGreaterEqual(int(many[2]), 200000)

    def test_own_event_loop_serves_many_at_once(self):
        self.make_certificate()
        loop, address = self.start("own_event_loop")
        self.until_it_listens(address, loop)
        data = b"line\n" * 100000
        clients = [subprocess.Popen(["openssl", "s_client", "-connect", address, "-CAfile", "cert.pem",
                                     "-verify_return_error", "-quiet", "-no_ign_eof"], cwd=self.dir,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL) for _ in range(3)]
        for client in clients:  # each has a place before the first has said anything
            client.stdin.write(b"hello\n")
            client.stdin.flush()
        for client in clients:
            self.assertEqual(client.stdout.read(6), b"hello\n")
        for client in reversed(clients):
            client.stdin.write(b"second\n")
            client.stdin.flush()
            self.assertEqual(client.stdout.read(7), b"second\n")
        with socket.create_connection(("127.0.0.1", int(address.split(":")[1]))) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")  # no TLS: must not disturb the others
            plain.recv(100)
        clients[0].stdin.write(data)
        clients[0].stdin.flush()
        self.assertTrue(clients[0].stdout.read(len(data)) == data)
        for client in clients:
            client.stdin.close()
            client.stdout.close()
            client.wait(TIMEOUT)
        self.assertIsNone(loop.poll())
        loop.send_signal(signal.SIGTERM)
        loop.wait(TIMEOUT)
        self.assertNotIn(b"Sanitizer", loop.stderr.read())


if __name__ == "__main__":
    unittest.main()
