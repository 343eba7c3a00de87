"""Foreign clients into `handfast serve`: curl, openssl s_client, gnutls-cli, Node. Each must get the page,
each must refuse what it should, and both sides must tell the same story about what was agreed."""
import os
import re
import socket
import unittest

from peers import TLS, PeerCase, environment, needs, read, run

PAGE = "<h1>hello, peer</h1>"
LOG_LINE = r'"GET /" 200 \d+ [\d.]+ms TLS 1\.3 (\S+) (\S+) '

NODE_GET = """
const [port, ca, options] = process.argv.slice(1);
require('https').get({host: '127.0.0.1', servername: 'localhost', port, agent: false,
        ca: require('fs').readFileSync(ca), ...JSON.parse(options || '{}')}, res => {
    const s = res.socket;
    console.log(res.statusCode, s.getProtocol(), s.getCipher().standardName, s.getEphemeralKeyInfo().name,
        s.authorized, s.alpnProtocol);
    res.pipe(process.stdout);
}).on('error', e => { console.log('error', e.code, e.message); process.exitCode = 1; });
"""


class Curl(PeerCase):
    @needs("curl")
    def test_curl_gets_the_page_over_tls_1_3(self):
        server = self.serve()
        done = self.curl(server, "--tlsv1.3", "-v")
        self.assertEqual((done.status, done.out.strip()), (0, PAGE), done)
        suite, group = server.wait_for(LOG_LINE).groups()
        self.assertIn(f"SSL connection using TLSv1.3 / {suite}", done.err)
        self.assertIn("ALPN: server accepted http/1.1", done.err)
        self.assertIn("SSL certificate verify ok", done.err)
        self.assertEqual(group, "X25519")

    @needs("curl")
    def test_curl_keeps_a_connection_for_several_requests(self):
        server = self.serve()
        url = f"https://localhost:{server.port}/"
        done = self.curl(server, "-w", "(%{num_connects})", url, url)
        self.assertEqual(done.status, 0, done)
        self.assertEqual(re.findall(r"\((\d)\)", done.out), ["1", "0", "0"])

    @needs("curl")
    def test_curl_refuses_a_wrong_authority_and_a_wrong_name(self):
        server = self.serve()
        other = self.certs.issue("other.test")
        done = self.curl(server, ca=other.cert)
        self.assertEqual(done.status, 60, done)
        server.wait_for(r"unknown_ca")
        wrong = self.serve(pair=other)
        self.assertEqual(self.curl(wrong).status, 60)
        self.assertEqual(self.curl(server).out.strip(), PAGE)

    @needs("curl")
    def test_curl_that_knows_only_tls_1_2_is_told_protocol_version(self):
        server = self.serve("--min-version", "1.3")
        done = self.curl(server, "--tlsv1.2", "--tls-max", "1.2")
        self.assertEqual(done.status, 35, done)
        self.assertIn("protocol version", done.err)
        server.wait_for("protocol version")


class OpenSSL(PeerCase):
    @needs("openssl")
    def test_s_client_verifies_the_name_and_gets_the_page(self):
        server = self.serve()
        done = self.s_client(server, "-brief")
        self.assertEqual(done.status, 0, done)
        self.assertIn(PAGE, done.out)
        self.assertIn("Verification: OK", done.err)
        self.assertIn("Verified peername: localhost", done.err)
        suite, _ = server.wait_for(LOG_LINE).groups()
        self.assertIn(f"Ciphersuite: {suite}\n", done.err)

    @needs("openssl")
    def test_alpn_is_agreed_or_refused(self):
        server = self.serve()
        done = self.s_client(server, "-alpn", "h3,http/1.1")
        self.assertIn("ALPN protocol: http/1.1", done.out)
        self.assertIn("No ALPN negotiated", self.s_client(server).out)
        done = self.s_client(server, "-alpn", "smtp,imap")
        self.assertNotEqual(done.status, 0)
        self.assertIn("no application protocol", done.err)
        server.wait_for("application protocol")

    @needs("openssl")
    def test_key_updates_of_the_client_are_followed_and_answered(self):
        trace = self.path("trace.jsonl")
        server = self.serve("--trace", trace)
        client = self.begin("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername",
                            "localhost", "-CAfile", self.certs.ca, "-verify_return_error", "-msg")
        client.wait_for(r"Verify return code: 0")
        sent, received = r">>> TLS 1\.3[^\n]*KeyUpdate", r"<<< TLS 1\.3[^\n]*KeyUpdate"
        client.say("k\n")  # this side's keys only
        client.wait_for(sent)
        client.say("K\n")  # and the other side's too
        client.wait_for(rf"(?s){sent}.*{sent}")
        client.say("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.wait_for(r"HTTP/1\.1 200 OK")
        client.wait_for(received)
        client.say("K\n")
        client.wait_for(rf"(?s){sent}.*{sent}.*{sent}")  # answered before the next data, not sooner
        client.say("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        client.wait_for(PAGE)
        self.assertEqual(len(re.findall(received, client.log)), 2)  # none for the first, `k`
        server.stop()
        names = [e.get("name") for e in self.events(trace) if e["kind"] == "message"]
        self.assertEqual(names.count("KeyUpdate"), 5)

    @needs("openssl")
    def test_both_sides_log_the_same_secrets(self):
        ours, theirs = self.path("ours.log"), self.path("theirs.log")
        server = self.serve("--keylog", ours)
        done = self.s_client(server, "-keylogfile", theirs)
        self.assertIn(PAGE, done.out)
        server.stop()
        self.assertEqual(secrets(ours), secrets(theirs))

    @needs("openssl")
    def test_nothing_in_common_ends_with_the_right_alert(self):
        server = self.serve("--groups", "X25519", "--suites", "TLS_AES_128_GCM_SHA256", "--min-version",
                            "1.3")
        for options, alert in ((("-groups", "P-521"), "handshake failure"),
                               (("-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"), "handshake failure"),
                               (("-sigalgs", "RSA-PSS+SHA256"), "handshake failure"),
                               (("-tls1_2",), "protocol version")):
            with self.subTest(options):
                done = self.s_client(server, *options)
                self.assertNotEqual(done.status, 0)
                self.assertRegex(done.err, rf"alert {alert}")
        for words in ("no key agreement group in common", "no cipher suite in common",
                      "signature schemes the peer accepts", "no protocol version in common"):
            server.wait_for(words)
        self.assertIn(PAGE, self.s_client(server).out)

    @needs("openssl")
    def test_old_versions_are_refused_by_name(self):
        server = self.serve()
        done = self.s_client(server, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        self.assertNotEqual(done.status, 0)
        self.assertIn("alert protocol version", done.err)
        server.wait_for("protocol version")


class GnuTLS(PeerCase):
    @needs("gnutls-cli")
    def test_gnutls_cli_trusts_the_certificate_and_gets_the_page(self):
        server = self.serve()
        done = self.gnutls_cli(server)
        self.assertEqual(done.status, 0, done)
        self.assertIn(PAGE, done.out)
        self.assertIn("Status: The certificate is trusted.", done.out)
        self.assertIn("(TLS1.3-X.509)", done.out)
        self.assertIn("Peer has closed the GnuTLS connection", done.out)  # close_notify came

    @needs("gnutls-cli")
    def test_gnutls_cli_refuses_a_wrong_authority(self):
        server = self.serve()
        done = self.gnutls_cli(server, ca=self.certs.issue("other.test").cert)
        self.assertNotEqual(done.status, 0)
        self.assertIn("NOT trusted", done.text)

    @needs("gnutls-cli")
    def test_alpn_is_agreed(self):
        done = self.gnutls_cli(self.serve(), "--alpn", "h3", "--alpn", "http/1.1")
        self.assertIn("Application protocol: http/1.1", done.out)

    @needs("gnutls-cli")
    def test_a_rekey_in_the_middle_is_followed(self):
        trace = self.path("trace.jsonl")
        server = self.serve("--trace", trace)
        client = self.begin("gnutls-cli", "-p", server.port, "localhost", "--x509cafile", self.certs.ca,
                            "--inline-commands")
        client.wait_for("Simple Client Mode")
        client.say("^rekey^\n")
        client.say("GET / HTTP/1.0\r\n\r\n")
        client.wait_for(PAGE)
        server.stop()
        names = [e.get("name") for e in self.events(trace) if e["kind"] == "message"]
        self.assertGreaterEqual(names.count("KeyUpdate"), 1)

    @needs("gnutls-cli")
    def test_both_sides_log_the_same_secrets(self):
        ours, theirs = self.path("ours.log"), self.path("theirs.log")
        server = self.serve("--keylog", ours)
        done = run("gnutls-cli", "-p", server.port, "localhost", "--x509cafile", self.certs.ca,
                   stdin=b"GET / HTTP/1.0\r\n\r\n", env=environment(SSLKEYLOGFILE=theirs))
        self.assertIn(PAGE, done.out)
        server.stop()
        mine, other = secrets(ours), secrets(theirs)
        common = set(mine) & set(other)
        self.assertGreaterEqual(len(common), 4, (mine, other))
        for key in common:
            self.assertEqual(mine[key], other[key], key)


class Node(PeerCase):
    def node_get(self, server, options="{}", ca=None):
        return run("node", "-e", NODE_GET, "--", server.port, ca or self.certs.ca, options, cwd=self.dir)

    @needs("node")
    def test_node_gets_the_page(self):
        server = self.serve()
        done = self.node_get(server)
        self.assertEqual(done.status, 0, done)
        self.assertIn(PAGE, done.out)
        suite, group = server.wait_for(LOG_LINE).groups()
        self.assertIn(f"200 TLSv1.3 {suite} {group} true", done.out)

    @needs("node")
    def test_node_refuses_a_wrong_authority_and_a_wrong_name(self):
        server = self.serve()
        done = self.node_get(server, ca=self.certs.issue("other.test").cert)
        self.assertRegex(done.out, "error UNABLE_TO_\\w+")
        done = self.node_get(self.serve(pair=self.certs.issue("other.test")))
        self.assertIn("error ERR_TLS_CERT_ALTNAME_INVALID", done.out)

    @needs("node")
    def test_node_with_other_groups_and_suites(self):
        server = self.serve()
        for options, words in (('{"ecdhCurve": "P-384"}', "secp384r1|P-384"),
                               ('{"ciphers": "TLS_CHACHA20_POLY1305_SHA256"}', "TLS_CHACHA20_POLY1305_SHA256")):
            with self.subTest(options):
                done = self.node_get(server, options)
                self.assertIn(PAGE, done.out)
                self.assertRegex(done.out, words)

    @needs("node")
    def test_node_with_the_hybrid_group(self):
        if "error" in run("node", "-e", "require('tls').createSecureContext({ecdhCurve: 'X25519MLKEM768'})"
                          ).err.lower():
            self.skipTest("skipped: this node's OpenSSL has no X25519MLKEM768")
        server = self.serve()
        self.assertIn(PAGE, self.node_get(server, '{"ecdhCurve": "X25519MLKEM768"}').out)
        server.wait_for("X25519MLKEM768")


class Strange(PeerCase):
    """What is no client at all leaves the server well, and its log says what came."""

    def test_bytes_that_are_no_tls(self):
        server = self.serve()
        for data in (b"SSH-2.0-OpenSSH_9.2\r\n", bytes(1000), os.urandom(4000),
                     b"\x16\x03\x01\xff\xff" + bytes(70000), b"\x16\x03\x01\x00\x00" * 100,
                     b"\x15\x03\x03\x00\x02\x02\x28", b"\x80\x2e\x01\x00\x02" + bytes(44)):
            with self.subTest(data[:8]):
                with socket.create_connection(("127.0.0.1", server.port), 20) as s:
                    try:
                        s.sendall(data)
                        s.shutdown(socket.SHUT_WR)
                        answer = b""
                        while piece := s.recv(4096):
                            answer += piece
                        self.assertLess(len(answer), 600)
                    except OSError:
                        pass
        self.assertEqual(self.get(f"https://localhost:{server.port}/").out.strip(), PAGE)

    def test_our_own_client_with_nothing_in_common(self):
        server = self.serve("--groups", "P-384")
        done = self.get("--groups", "X25519", f"https://localhost:{server.port}/", expect=TLS)
        self.assertIn("handshake_failure", done.err)


def secrets(path):
    """A key log as {(label, client random): secret}; RFC 9850."""
    lines = [line.split() for line in read(path).decode().splitlines() if line and line[0] != "#"]
    return {(label, random.lower()): secret.lower() for label, random, secret in lines}


if __name__ == "__main__":
    unittest.main()
