"""--starttls: the words before TLS, against servers that say them well, badly, or with a trap."""
import os
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import unittest

BUILD = os.environ.get("HF_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
PROGRAM = os.path.join(BUILD, "handfast")
TIMEOUT = 60
DONE, NO_CONNECTION = 0, 3

LDAP_OK = bytes.fromhex("300c02010178070a010004000400")
MYSQL_GREETING = b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"12345678\0"
STREAM = (b"<?xml version='1.0'?><stream:stream from='localhost' version='1.0'>"
          b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
          b"<required/></starttls></stream:features>")


def mysql_packet(capabilities):
    body = MYSQL_GREETING + struct.pack("<H", capabilities) + bytes(30)
    return struct.pack("<I", len(body))[:3] + b"\0" + body


# What a server says, and what it must have heard before it goes on (None: nothing, a prefix else).
GOOD = {
    "smtp": [(b"220-mail\r\n220 ready\r\n", b"EHLO "),
             (b"250-mail\r\n250-SIZE 100\r\n250 STARTTLS\r\n", b"STARTTLS\r\n"),
             (b"220 go ahead\r\n", None)],
    "imap": [(b"* OK hello\r\n", b"h1 STARTTLS\r\n"),
             (b"* CAPABILITY IMAP4rev2\r\nh1 OK begin\r\n", None)],
    "pop3": [(b"+OK hello\r\n", b"STLS\r\n"), (b"+OK begin\r\n", None)],
    "ftp": [(b"220-Welcome\r\n to this server\r\n220 ready\r\n", b"AUTH TLS\r\n"),
            (b"234 begin\r\n", None)],
    "ldap": [(b"", b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"),
             (LDAP_OK, None)],
    "postgres": [(b"", b"\0\0\0\x08\x04\xd2\x16\x2f"), (b"S", None)],
    "mysql": [(mysql_packet(0xffff), b"\x20\0\0\x01")],
    "xmpp": [(b"", b"<?xml version='1.0'?><stream:stream to='localhost'"),
             (STREAM, b"<starttls"),
             (b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", None)],
}

# One last word in place of consent, and what the error must name.
BAD = {
    "smtp": [([(b"220 hello\r\n", b"EHLO "), (b"250-mail\r\n250 SIZE 9\r\n", None)],
              "a list without it"),
             ([(b"554 go away\r\n", None)], "554 go away"),
             ([(b"SSH-2.0-OpenSSH_9.2\r\n", None)], "SSH-2.0-OpenSSH_9.2"),
             ([(b"220 hello\r\n", b"EHLO "), (b"250 STARTTLS\r\n", b"STARTTLS"),
               (b"454 not now\r\n", None)], "454 not now"),
             ([(b"220 ", None)], "the end of the connection"),
             ([(b"220-again\r\n" * 8000, None)], "an answer without end"),
             ([(b"x" * 20000, None)], "an answer without end")],
    "imap": [([(b"* OK hi\r\n", b"h1 STARTTLS"), (b"h1 NO TLS\r\n", None)], "h1 NO TLS"),
             ([(b"* BYE\x1b[2J\r\n", None)], "* BYE\\x1b[2J")],
    "pop3": [([(b"-ERR busy\r\n", None)], "-ERR busy")],
    "ftp": [([(b"220 hi\r\n", b"AUTH TLS"), (b"502 what?\r\n", None)], "502 what?")],
    "ldap": [([(b"", b"\x30"), (LDAP_OK[:9] + b"\x34" + LDAP_OK[10:], None)], "resultCode 52"),
             ([(b"", b"\x30"), (b"HTTP/1.1 400 Bad\r\n", None)], "not LDAP"),
             ([(b"", b"\x30"), (b"\x30\x84\xff\xff\xff\xff", None)], "unlikely length"),
             ([(b"", b"\x30"), (LDAP_OK[:-3], None)], "the end of the connection")],
    "postgres": [([(b"", b"\0"), (b"N", None)], "without TLS"),
                 ([(b"", b"\0"), (b"E", None)], "not PostgreSQL")],
    "mysql": [([(mysql_packet(0x0200), None)], "without TLS"),
              ([(b"HTTP/1.1 400\r\n\r\n", None)], "not MySQL"),
              ([(mysql_packet(0xffff)[:20], None)], "the end of the connection")],
    "xmpp": [([(b"", b"<"), (b"<stream:stream><stream:features></stream:features>", None)],
              "</stream:features>"),
             ([(b"", b"<"), (STREAM, b"<starttls"), (b"<failure/>", None)], "<failure")],
}


class Server:
    """Says a script to one client, then (with a certificate) goes on in TLS."""

    def __init__(self, script, context=None, extra=b"", one_by_one=False):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.script, self.context, self.extra = script, context, extra
        self.one_by_one = one_by_one
        self.wrong = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def say(self, client, text):
        for part in ([bytes([b]) for b in text] if self.one_by_one else [text]):
            client.sendall(part)

    def run(self):
        client, _ = self.listener.accept()
        client.settimeout(20)
        try:
            for at, (says, hears) in enumerate(self.script):
                last = at == len(self.script) - 1
                self.say(client, says + (self.extra if last else b""))
                heard = b""
                while hears is not None and len(heard) < len(hears):
                    part = client.recv(len(hears) - len(heard))
                    if not part:
                        return
                    heard += part
                if hears is not None and heard != hears:
                    self.wrong = heard
                if hears is not None:
                    self.rest(client, hears)
            if self.context is not None:
                with self.context.wrap_socket(client, server_side=True) as tls:
                    tls.recv(1)
        except OSError:
            pass
        finally:
            client.close()
            self.listener.close()

    @staticmethod
    def rest(client, heard):
        """The rest of a request that was recognised by its start."""
        if heard.endswith(b"\r\n") or heard[:1] in b"\0" or heard.endswith(b"20037"):
            return
        if heard[:4] == b"\x20\0\0\x01":
            client.recv(32, socket.MSG_WAITALL)
        elif heard[:1] == b"<":
            while client.recv(1) != b">" if heard != b"<?xml version='1.0'?>" else False:
                pass
        elif heard[:1].isalpha():
            while client.recv(1) != b"\n":
                pass


@unittest.skipUnless(os.path.exists(PROGRAM), f"{PROGRAM} is not built")
class StartTlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="handfast-starttls-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        for command in (["ca"], ["issue", "localhost", "127.0.0.1"]):
            subprocess.run([PROGRAM, "cert", *command], cwd=cls.dir, check=True, timeout=TIMEOUT,
                           capture_output=True)
        cls.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.context.load_cert_chain(os.path.join(cls.dir, "localhost.pem"),
                                    os.path.join(cls.dir, "localhost.key"))

    def explain(self, protocol, server, *more):
        return subprocess.run(
            [PROGRAM, "explain", "--starttls", protocol, "--cacert", "ca.pem", "--servername",
             "localhost", "--timeout", "20", *more, f"127.0.0.1:{server.port}"], cwd=self.dir,
            timeout=TIMEOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def test_each_protocol_leads_to_tls(self):
        for protocol, script in GOOD.items():
            for one_by_one in (False, True):
                with self.subTest(protocol=protocol, one_by_one=one_by_one):
                    server = Server(script, self.context, one_by_one=one_by_one)
                    done = self.explain(protocol, server)
                    self.assertEqual(done.returncode, DONE, done.stdout + done.stderr)
                    self.assertIsNone(server.wrong)
                    self.assertIn("ServerHello", done.stdout)

    def test_bytes_in_clear_after_consent_are_refused(self):
        """CVE-2011-0411: what came in clear must not pass for protected."""
        for protocol, script in GOOD.items():
            if protocol == "mysql":
                continue  # the server says nothing after the request
            with self.subTest(protocol=protocol):
                done = self.explain(protocol, Server(script, self.context, b"250 INJECTED\r\n"))
                self.assertEqual(done.returncode, NO_CONNECTION, done.stdout + done.stderr)
                self.assertIn("nothing in clear after the consent", done.stderr)

    def test_refusals_and_other_protocols_are_named(self):
        for protocol, cases in BAD.items():
            for script, words in cases:
                with self.subTest(protocol=protocol, words=words):
                    done = self.explain(protocol, Server(script))
                    self.assertEqual(done.returncode, NO_CONNECTION, done.stdout + done.stderr)
                    self.assertIn("did not change from plain text to TLS", done.stderr)
                    self.assertIn(words, done.stderr)

    def test_silence_ends_in_time(self):
        silent = socket.create_server(("127.0.0.1", 0))
        with silent:
            done = subprocess.run(
                [PROGRAM, "explain", "--starttls", "smtp", "--timeout", "0.3", "--cacert", "ca.pem",
                 f"127.0.0.1:{silent.getsockname()[1]}"], cwd=self.dir, timeout=TIMEOUT,
                stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, NO_CONNECTION)
        self.assertIn("did not answer in time", done.stderr)

    def test_an_unknown_protocol_is_a_usage_error(self):
        done = subprocess.run([PROGRAM, "explain", "--starttls", "gopher", "localhost"],
                              timeout=TIMEOUT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("smtp", done.stderr)


if __name__ == "__main__":
    unittest.main()
