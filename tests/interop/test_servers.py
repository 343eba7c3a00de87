"""`handfast get` and `handfast connect` out to foreign servers: openssl s_server, gnutls-serv, nginx, Node;
and to what is no good server: another protocol, an old version, a peer that is silent or leaves early."""
import os
import re
import socket
import struct
import threading
import time
import unittest

from peers import (EXPIRED, HTTP, NO_CONNECTION, PROGRAM, TLS, UNTRUSTED, WRONG_NAME, Listener, PeerCase, Relay,
                   needs)
from test_clients import secrets

PAGE = "<h1>hello, peer</h1>\n"


def url(server, target="/"):
    return f"https://localhost:{server.port}{target}"


class OpenSSL(PeerCase):
    @needs("openssl")
    def test_get_of_a_status_page_and_of_a_file(self):
        data = os.urandom(300_000)
        self.put("file.bin", data)
        done = self.get("-v", url(self.s_server("-www")))
        version, suite, group, scheme = self.agreed(done)
        self.assertEqual((version, scheme), ("TLS 1.3", "ecdsa_secp256r1_sha256"))
        self.assertIn(f"Cipher is {suite}", done.out)
        self.assertRegex(done.out, rf"(?i)Shared groups: {group}")
        done = self.get(url(self.s_server("-WWW"), "/file.bin"))
        self.assertTrue(done.stdout == data)

    @needs("openssl")
    def test_connect_is_a_pipe(self):
        server = self.s_server("-rev")
        done = self.handfast("connect", f"localhost:{server.port}", stdin=b"stressed\nlive\n")
        self.assertEqual(done.out, "desserts\nevil\n")

    @needs("openssl")
    def test_key_updates_of_the_server_are_followed_and_answered(self):
        trace = self.path("trace.jsonl")
        server = self.s_server("-msg")
        client = self.begin(PROGRAM, "connect", "--cacert", self.certs.ca, "--trace", trace,
                            f"localhost:{server.port}")
        server.wait_for(r"CIPHER is")
        received = r"<<< TLS 1\.3.*KeyUpdate"
        for command, answers in (("k", 0), ("K", 1), ("K", 2)):
            word = f"{command}{answers} from the server"
            server.say(f"{command}\n")
            server.wait_for(r"(?s)" + r">>> TLS 1\.3[^\n]*KeyUpdate.*" * (answers + 1))
            server.say(f"- {word}\n")
            client.wait_for(f"- {word}\n")
            client.say(f"{word}, back\n")
            server.wait_for(f"{word}, back")
            self.assertEqual(len(re.findall(received, server.log)), answers)
        client.end_input()
        self.assertEqual(client.wait(), 0, client.log)
        names = [e.get("name") for e in self.events(trace) if e["kind"] == "message"]
        self.assertEqual(names.count("KeyUpdate"), 5)

    @needs("openssl")
    def test_both_sides_log_the_same_secrets(self):
        ours, theirs = self.path("ours.log"), self.path("theirs.log")
        self.get("--keylog", ours, url(self.s_server("-www", "-keylogfile", theirs)))
        self.assertEqual(secrets(ours), secrets(theirs))
        self.assertEqual(os.stat(ours).st_mode & 0o777, 0o600)

    @needs("openssl")
    def test_alpn_is_shown_and_a_refusal_is_named(self):
        server = self.s_server("-www", "-alpn", "http/1.1")
        self.assertIn("* ALPN http/1.1", self.get("-v", url(server)).err)
        done = self.handfast("connect", "--alpn", "smtp", f"localhost:{server.port}", expect=TLS)
        self.assertIn("no_application_protocol", done.err)

    @needs("openssl")
    def test_versions_that_are_too_old_are_named(self):
        server = self.s_server("-www", "-tls1_2")
        done = self.get("--min-version", "1.3", url(server), expect=TLS)
        self.assertRegex(done.err, r"protocol_version|TLS 1\.2")
        server = self.s_server("-www", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        done = self.get(url(server), expect=TLS)
        self.assertRegex(done.err, r"protocol_version|TLS 1\.1")

    @needs("openssl")
    def test_nothing_in_common_is_named(self):
        for theirs, ours in ((("-groups", "P-521"), ("--groups", "X25519")),
                             (("-ciphersuites", "TLS_AES_256_GCM_SHA384"),
                              ("--suites", "TLS_CHACHA20_POLY1305_SHA256")),
                             ((), ("--sigschemes", "rsa_pss_rsae_sha256"))):
            with self.subTest(theirs):
                done = self.get("--min-version", "1.3", *ours, url(self.s_server("-www", *theirs)), expect=TLS)
                self.assertIn("handshake_failure", done.err)


class OldVersions(PeerCase):
    """A peer that has TLS 1.2 at most, asked for 1.3: the exit status is 4 and the version is named."""

    def refused(self, server, words=r"protocol_version|TLS 1\.2"):
        done = self.get("--min-version", "1.3", url(server), expect=TLS)
        self.assertRegex(done.err, words)
        self.assertIn("-version", done.err)  # what to try

    @needs("gnutls-serv")
    def test_gnutls_serv(self):
        # GnuTLS looks for a common suite first, and has no other word for what it finds
        self.refused(self.gnutls_serv("--http", priority="NORMAL:-VERS-ALL:+VERS-TLS1.2"),
                     "protocol_version|handshake_failure")

    @needs("nginx")
    def test_nginx(self):
        self.refused(self.nginx(versions="TLSv1.2"))

    @needs("node")
    def test_node(self):
        self.refused(self.node_server("maxVersion: 'TLSv1.2'"))

    def test_a_server_that_answers_by_1_2_all_the_same(self):
        for version, name in ((0x0303, "TLS 1.2"), (0x0302, "TLS 1.1"), (0x0301, "TLS 1.0"),
                              (0x0300, "SSL 3.0")):
            def act(s):
                hello = s.recv(65536)
                id_ = hello[44:44 + hello[43]]
                body = (struct.pack("!H", version) + os.urandom(32) + bytes([len(id_)]) + id_ +
                        b"\xc0\x2f\x00" + b"\x00\x05\xff\x01\x00\x01\x00")
                message = b"\x02" + len(body).to_bytes(3, "big") + body
                s.sendall(b"\x16" + struct.pack("!HH", version, len(message)) + message)
                alerts.append(s.recv(100))
            with self.subTest(name):
                alerts = []
                listener = Listener(act)
                self.addCleanup(listener.stop)
                self.refused(listener, re.escape(name))
                self.assertEqual(alerts, [b"\x15\x03\x03\x00\x02\x02" + bytes([70])])


class Certificates(PeerCase):
    """Each fault of a certificate: its own exit status and words here, its own alert over there."""

    def judged(self, pair, expect, alert, *words, name="localhost", ca=True):
        server = self.s_server("-www", pair=pair)
        done = self.get("--resolve", f"{name}:{server.port}:127.0.0.1", f"https://{name}:{server.port}/",
                        expect=expect, ca=ca)
        for word in words:
            self.assertIn(word, done.err)
        server.wait_for(rf"alert {alert}")
        return done

    @needs("openssl")
    def test_expired(self):
        pair = self.certs.by_openssl("-algorithm", "ED25519", start="-20 days", end="-10 days")
        self.judged(pair, EXPIRED, "certificate expired", "past its validity")

    @needs("openssl")
    def test_not_yet_valid(self):
        pair = self.certs.by_openssl("-algorithm", "ED25519", start="+10 days", end="+20 days")
        self.judged(pair, EXPIRED, "certificate expired", "not valid yet")

    @needs("openssl")
    def test_wrong_name(self):
        done = self.judged(self.certs.issue(), WRONG_NAME, "(bad certificate|unrecognized name)",
                           "www.example.test", name="www.example.test")
        self.assertIn("localhost", done.err)  # what it covers

    @needs("openssl")
    def test_untrusted(self):
        self.judged(self.certs.issue(), UNTRUSTED, "unknown ca", "--cacert", ca=False)

    @needs("openssl")
    def test_wrong_usage(self):
        pair = self.certs.by_openssl("-algorithm", "ED25519", extensions="extendedKeyUsage=clientAuth")
        self.judged(pair, UNTRUSTED, "unsupported certificate", "extendedKeyUsage")
        self.judged(self.certs.issue("localhost", "p256", "--client"), UNTRUSTED, "unsupported certificate")

    @needs("openssl")
    def test_bad_signature(self):
        self.judged(self.certs.damaged(self.certs.issue()), UNTRUSTED, "(bad certificate|unknown ca)",
                    "signature")

    @needs("openssl")
    def test_unknown_critical_extension(self):
        pair = self.certs.by_openssl("-algorithm", "ED25519", extensions="1.2.3.4.5=critical,DER:0500")
        self.judged(pair, UNTRUSTED, "unsupported certificate", "critical")

    @needs("openssl")
    def test_small_rsa_key(self):
        pair = self.certs.by_openssl("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
        server = self.begin("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pair.cert, "-key",
                            pair.key, "-www", "-cipher", "DEFAULT@SECLEVEL=0")
        server.port = int(server.wait_for(r"ACCEPT \S+:(\d+)\n")[1])
        done = self.get(url(server), expect=UNTRUSTED)
        self.assertIn("too small", done.err)

    @needs("openssl")
    def test_insecure_goes_on_and_says_so(self):
        pair = self.certs.by_openssl("-algorithm", "ED25519", start="-20 days", end="-10 days")
        done = self.get("-k", url(self.s_server("-www", pair=pair)), ca=False)
        self.assertIn("Cipher is", done.out)
        self.assertIn("insecure", done.err)


class GnuTLS(PeerCase):
    @needs("gnutls-serv")
    def test_get_of_its_page(self):
        server = self.gnutls_serv("--http")
        done = self.get("-v", url(server))
        self.assertIn("Protocol version:</TD><TD>TLS1.3", done.out)
        _, suite, group, _ = self.agreed(done)
        server.wait_for(rf"ECDHE-{group}")
        self.assertIn(suite.removeprefix("TLS_").rsplit("_", 1)[0].replace("_", "-"), server.log)

    @needs("gnutls-serv")
    def test_connect_to_its_echo(self):
        server = self.gnutls_serv("--echo")
        client = self.begin(PROGRAM, "connect", "--cacert", self.certs.ca, f"localhost:{server.port}")
        for i in range(3):
            client.say(f"word {i}\n")
            client.wait_for(f"word {i}\n")
        client.end_input()
        self.assertEqual(client.wait(), 0, client.log)

    @needs("gnutls-serv")
    def test_alpn(self):
        server = self.gnutls_serv("--http", "--alpn", "http/1.1", "--alpn-fatal")
        self.assertIn("* ALPN http/1.1", self.get("-v", url(server)).err)
        done = self.handfast("connect", "--alpn", "smtp", f"localhost:{server.port}", expect=TLS)
        self.assertIn("no_application_protocol", done.err)


class Nginx(PeerCase):
    @needs("nginx")
    def test_get_over_1_3(self):
        self.put("root/file.bin", data := os.urandom(100_000))
        server = self.nginx()
        done = self.get("-v", url(server))
        self.assertEqual(done.out, PAGE)
        self.assertEqual(self.agreed(done)[0], "TLS 1.3")
        self.assertTrue(self.get(url(server, "/file.bin")).stdout == data)
        self.get("--fail", url(server, "/missing"), expect=HTTP)

    @needs("nginx")
    def test_several_requests_in_one_run(self):
        server = self.nginx()
        self.assertEqual(self.get(url(server), url(server), url(server)).out, PAGE * 3)


class Node(PeerCase):
    @needs("node")
    def test_get_from_node(self):
        server = self.node_server()
        done = self.get("-v", url(server))
        self.assertEqual(done.out, PAGE)
        _, suite, _, _ = self.agreed(done)
        server.wait_for(rf"secure TLSv1\.3 {suite} ")

    @needs("node")
    def test_a_chunked_answer_that_ends_early(self):
        server = self.node_server(answer="res.write('part'); setImmediate(() => res.socket.destroy())")
        done = self.get("-o", "file", url(server), expect=TLS)
        self.assertFalse(os.path.exists(self.path("file")), done)


class NoServer(PeerCase):
    """What answers, or does not, where a TLS server should be."""

    def listener(self, act):
        listener = Listener(act)
        self.addCleanup(listener.stop)
        return listener

    def test_plain_http(self):
        def act(s):
            s.recv(4096)
            s.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        done = self.get(url(self.listener(act)), expect=TLS)
        self.assertIn("does not speak TLS", done.err)
        self.assertIn("HTTP", done.err)

    def test_a_banner_of_ssh(self):
        def act(s):
            s.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
            s.recv(4096)
        done = self.get(url(self.listener(act)), expect=TLS)
        self.assertIn("does not speak TLS", done.err)

    def test_a_banner_that_speaks_first_and_then_waits(self):
        for banner in (b"220 mail.test ESMTP\r\n", b"+OK\r\n", b"\0", b"HTT"):
            with self.subTest(banner):
                def act(s):
                    s.sendall(banner)
                    while s.recv(4096):
                        pass
                start = time.monotonic()
                done = self.get("--timeout", "1", url(self.listener(act)), expect=None)
                self.assertIn(done.status, (TLS, NO_CONNECTION))
                self.assertLess(time.monotonic() - start, 15)

    def test_a_silent_peer(self):
        def act(s):
            while s.recv(4096):
                pass
        start = time.monotonic()
        done = self.get("--timeout", "0.5", url(self.listener(act)), expect=NO_CONNECTION)
        self.assertLess(time.monotonic() - start, 15)
        self.assertIn("in time", done.err)

    def test_a_peer_that_sends_a_byte_now_and_then_cannot_hold_it_for_ever(self):
        stop = threading.Event()

        def act(s):
            s.recv(4096)
            s.sendall(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76")
            while not stop.wait(0.2):
                s.sendall(b"\x03")
        self.addCleanup(stop.set)
        start = time.monotonic()
        done = self.get("--timeout", "1", url(self.listener(act)), expect=None)
        self.assertIn(done.status, (TLS, NO_CONNECTION), done)
        self.assertLess(time.monotonic() - start, 40)

    def test_a_peer_that_closes_before_it_says_anything(self):
        done = self.get(url(self.listener(lambda s: s.recv(4096))), expect=TLS)
        self.assertIn("closed the connection", done.err)

    def test_a_peer_that_resets(self):
        def act(s):
            s.recv(4096)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        done = self.get(url(self.listener(act)), expect=None)
        self.assertIn(done.status, (NO_CONNECTION, TLS))
        self.explained(done)

    @needs("openssl")
    def test_a_connection_cut_at_every_part_of_the_handshake_and_after(self):
        server = self.s_server("-WWW")
        self.put("file.bin", bytes(400_000))
        for cut in (1, 5, 60, 127, 133, 140, 300, 800, 1200, 200_000):
            with self.subTest(cut):
                relay = Relay(server.port, cut_after=cut)
                self.addCleanup(relay.stop)
                done = self.get("-o", "out", url(relay, "/file.bin"), expect=None)
                self.assertIn(done.status, (TLS, NO_CONNECTION), done)
                self.explained(done)
                self.assertFalse(os.path.exists(self.path("out")))

    @needs("openssl")
    def test_a_bit_turned_on_the_way_is_noticed(self):
        """In any record of the server's: the handshake or the response ends with an error, not with data."""
        server = self.s_server("-WWW")
        self.put("file.bin", bytes(100))

        class Turning(Relay):
            at = 0

            def _pump(self, source, sink, kept, cut_after):
                try:
                    while data := bytearray(source.recv(65536)):
                        if kept is self.from_server and len(kept) <= self.at < len(kept) + len(data):
                            data[self.at - len(kept)] ^= 1
                        kept += data
                        sink.sendall(data)
                    sink.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
        whole = Relay(server.port)
        self.addCleanup(whole.stop)
        self.get(url(whole, "/file.bin"))
        for at in range(0, len(whole.from_server), max(1, len(whole.from_server) // 25)):
            with self.subTest(at):
                relay = Turning(server.port)
                relay.at = at
                self.addCleanup(relay.stop)
                done = self.get("--timeout", "2", url(relay, "/file.bin"), expect=None)
                # What comes after the whole body (alert or tickets) may be broken with the body intact.
                if done.status == 0:
                    self.assertEqual(done.stdout, bytes(100))
                    self.assertGreater(at, 900)
                else:
                    self.assertIn(done.status, (TLS, NO_CONNECTION, UNTRUSTED), done)

    def test_connection_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        done = self.get(f"https://localhost:{port}/", expect=NO_CONNECTION)
        self.assertIn(str(port), done.err)
        self.assertIn("refused", done.err)

    def test_unknown_host_name(self):
        done = self.get("--timeout", "20", "https://no-such-host.invalid/", expect=NO_CONNECTION)
        self.assertIn("no-such-host.invalid", done.err)


if __name__ == "__main__":
    unittest.main()
