"""The shim keeps the contract of the conformance runner, which is not needed to check it: how it ends,
how it connects, what it echoes, and that it can fail. The peer here is Python's own ssl module."""
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from peers import needs, run as run_program

BUILD = os.environ.get("HF_BUILD", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build"))
SHIM = os.path.join(BUILD, "tests", "bogo_shim")
OK, FAILED, UNIMPLEMENTED = 0, 1, 89
ID = 0x1122334455667788
SECONDS = 60


def shim(*arguments):
    return subprocess.run([SHIM, *arguments], capture_output=True, timeout=SECONDS, check=False)


class Runner:
    """Listens as the runner does, starts the shim, and speaks TLS with it by Python."""

    def __init__(self, *arguments, family=socket.AF_INET):
        self.listener = socket.socket(family)
        self.listener.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        self.listener.listen(1)
        self.listener.settimeout(SECONDS)
        port = self.listener.getsockname()[1]
        self.process = subprocess.Popen([SHIM, "-port", str(port), "-shim-id", str(ID), *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.socket, _ = self.listener.accept()
        self.socket.settimeout(SECONDS)
        self.id = self.socket.recv(8, socket.MSG_WAITALL)

    def finish(self):
        out, err = self.process.communicate(timeout=SECONDS)
        self.listener.close()
        return self.process.returncode, out, err.decode()


@unittest.skipUnless(os.path.exists(SHIM), f"skipped: {SHIM} is not built")
class Endings(unittest.TestCase):
    def test_an_unknown_option_is_not_implemented(self):
        done = shim("-port", "1", "-no-such-option")
        self.assertEqual(done.returncode, UNIMPLEMENTED)
        self.assertIn(b"-no-such-option", done.stderr)

    def test_an_unknown_option_for_one_leg_is_not_implemented(self):
        self.assertEqual(shim("-on-resume-no-such-option").returncode, UNIMPLEMENTED)

    def test_a_code_point_that_handfast_lacks_is_not_implemented(self):
        self.assertEqual(shim("-port", "1", "-curves", "65000").returncode, UNIMPLEMENTED)

    def test_versions_that_handfast_lacks_are_not_implemented(self):
        self.assertEqual(shim("-port", "1", "-max-version", "769").returncode, UNIMPLEMENTED)

    def test_a_value_that_is_none_is_a_failure(self):
        self.assertEqual(shim("-port", "many").returncode, FAILED)
        self.assertEqual(shim("-port").returncode, FAILED)

    def test_the_handshaker_is_not_supported(self):
        done = shim("-is-handshaker-supported")
        self.assertEqual((done.returncode, done.stdout), (OK, b"No\n"))

    def test_nobody_listens(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.assertEqual(shim("-port", str(s.getsockname()[1])).returncode, FAILED)


@unittest.skipUnless(os.path.exists(SHIM), f"skipped: {SHIM} is not built")
@needs("openssl")
class Connections(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.key, cls.cert = (os.path.join(cls.folder.name, n) for n in ("key.pem", "cert.pem"))
        done = run_program("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                           "-nodes", "-subj", "/CN=test", "-days", "1", "-keyout", cls.key, "-out", cls.cert)
        assert done.status == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def server_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context

    def client_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def echo(self, runner, context, **more):
        self.assertEqual(runner.id, ID.to_bytes(8, "little"))
        with context.wrap_socket(runner.socket, **more) as tls:
            for message in (b"hello", bytes(range(256)) * 200):
                sender = threading.Thread(target=tls.sendall, args=(message,))
                sender.start()
                got = b""
                while len(got) < len(message):
                    got += tls.recv(65536)
                sender.join()
                self.assertEqual(got, bytes(b ^ 0xff for b in message))
            version = tls.version()
            runner.socket = tls.unwrap() if not more.get("keep") else None
        status, _, err = runner.finish()
        self.assertEqual(status, OK, err)
        self.assertEqual(err, "--- DONE ---\n")
        return version

    def test_a_client_connects_says_its_id_and_echoes_inverted(self):
        runner = Runner("-check-close-notify")
        self.assertEqual(self.echo(runner, self.server_context(), server_side=True), "TLSv1.3")

    def test_a_server_connects_too(self):
        runner = Runner("-server", "-cert-file", self.cert, "-key-file", self.key, "-check-close-notify")
        self.assertEqual(self.echo(runner, self.client_context()), "TLSv1.3")

    @unittest.skipUnless(socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"), "skipped: no IPv6 here")
    def test_ipv6(self):
        runner = Runner("-ipv6", "-check-close-notify", family=socket.AF_INET6)
        self.echo(runner, self.server_context(), server_side=True)

    def fails(self, *arguments):
        """The handshake works, and yet an expectation is not met."""
        runner = Runner(*arguments)
        with self.assertRaises(OSError):
            with self.server_context().wrap_socket(runner.socket, server_side=True) as tls:
                if tls.recv(1) == b"":
                    raise ConnectionError("the shim left")
        status, _, err = runner.finish()
        self.assertEqual(status, FAILED, err)
        return err

    def test_expectations_that_are_not_met_are_failures(self):
        self.assertIn("version", self.fails("-expect-version", "771"))
        self.assertIn("application protocol", self.fails("-expect-alpn", "foo"))
        self.assertIn("HelloRetryRequest", self.fails("-expect-hrr"))
        self.assertIn("peer sent a certificate", self.fails("-expect-no-peer-cert"))

    def test_an_option_for_another_leg_has_no_effect_on_the_first(self):
        runner = Runner("-on-resume-expect-version", "771", "-check-close-notify")
        self.echo(runner, self.server_context(), server_side=True)

    def test_a_peer_that_speaks_no_tls_is_a_failure_with_its_name(self):
        runner = Runner()
        runner.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        runner.socket.shutdown(socket.SHUT_WR)
        while runner.socket.recv(4096):
            pass
        status, _, err = runner.finish()
        runner.socket.close()
        self.assertEqual(status, FAILED)
        self.assertIn(":NOT_TLS:", err)


if __name__ == "__main__":
    unittest.main()
