"""TLS 1.2 between handfast and each peer, both ways: suites, groups, kinds of key, two-way; and the
versions on which two sides that have both agree."""
import unittest

from peers import TLS, needs
from test_matrix import KEYS, PAGE, MatrixCase

# IANA's name -> openssl's, gnutls's cipher, the kinds of key
SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": ("ECDHE-ECDSA-AES128-GCM-SHA256", "AES-128-GCM", "p256"),
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": ("ECDHE-ECDSA-AES256-GCM-SHA384", "AES-256-GCM", "p384"),
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": ("ECDHE-ECDSA-CHACHA20-POLY1305", "CHACHA20-POLY1305",
                                                      "p256"),
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": ("ECDHE-RSA-AES128-GCM-SHA256", "AES-128-GCM", "rsa"),
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": ("ECDHE-RSA-AES256-GCM-SHA384", "AES-256-GCM", "rsa"),
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": ("ECDHE-RSA-CHACHA20-POLY1305", "CHACHA20-POLY1305", "rsa"),
}
GNUTLS = "NORMAL:-VERS-ALL:+VERS-TLS1.2"


class Suites(MatrixCase):
    @needs("openssl")
    def test_openssl_client(self):
        for suite, (name, _, key) in SUITES.items():
            with self.subTest(suite):
                server = self.serve("--suites", suite, pair=self.pair(key))
                done = self.s_client(server, "-tls1_2", "-cipher", name)
                self.assertIn(PAGE, done.out, done)
                self.assertIn(f"Cipher is {name}\n", done.out)
                self.assertIn("Extended master secret: yes", done.out)
                self.assertIn("Secure Renegotiation IS supported", done.out)

    @needs("openssl")
    def test_openssl_server(self):
        for suite, (name, _, key) in SUITES.items():
            with self.subTest(suite):
                server = self.s_server("-www", "-tls1_2", pair=self.pair(key))
                done = self.get("-v", "--suites", suite, self.url(server))
                self.assertEqual(self.agreed(done)[:2], ("TLS 1.2", suite))
                self.assertIn(f"Cipher is {name}\n", done.out)

    @needs("gnutls-cli")
    def test_gnutls_client(self):
        for suite, (_, name, key) in SUITES.items():
            with self.subTest(suite):
                server = self.serve(pair=self.pair(key))
                done = self.gnutls_cli(server, priority=f"{GNUTLS}:-CIPHER-ALL:+{name}")
                self.assertIn(PAGE, done.out, done)
                self.assertIn("(TLS1.2", done.out)
                server.wait_for(suite)

    @needs("gnutls-serv")
    def test_gnutls_server(self):
        for suite, (_, name, key) in SUITES.items():
            with self.subTest(suite):
                server = self.gnutls_serv("--http", priority=GNUTLS, pair=self.pair(key))
                done = self.get("-v", "--suites", suite, self.url(server))
                self.assertEqual(self.agreed(done)[:2], ("TLS 1.2", suite))
                self.assertIn(f"-({name})", done.out)

    @needs("curl")
    def test_curl(self):
        server = self.serve()
        self.assertIn(PAGE, self.curl(server, "--tls-max", "1.2").text)
        server.wait_for("TLS 1.2")


TRANSPORT = {
    "TLS_RSA_WITH_AES_128_GCM_SHA256": ("AES128-GCM-SHA256", "AES-128-GCM"),
    "TLS_RSA_WITH_AES_256_GCM_SHA384": ("AES256-GCM-SHA384", "AES-256-GCM"),
}
ALLOW = "--insecure-rsa-key-transport"


class KeyTransport(MatrixCase):
    """The secret encrypted to the server's RSA key, where it is asked for."""

    @needs("openssl")
    def test_openssl_client(self):
        server = self.serve(ALLOW, pair=self.pair("rsa"))
        for suite, (name, _) in TRANSPORT.items():
            with self.subTest(suite):
                done = self.s_client(server, "-tls1_2", "-cipher", name)
                self.assertIn(PAGE, done.out, done)
                self.assertIn(f"Cipher is {name}\n", done.out)

    @needs("openssl")
    def test_openssl_server(self):
        for suite, (name, _) in TRANSPORT.items():
            with self.subTest(suite):
                server = self.s_server("-www", "-tls1_2", pair=self.pair("rsa"))
                done = self.get("-v", ALLOW, "--suites", suite, self.url(server))
                self.assertIn(f"* TLS 1.2, {suite}\n", done.err)
                self.assertIn(f"Cipher is {name}\n", done.out)
                self.assertIn("forward secrecy", done.err)

    @needs("gnutls-cli")
    def test_gnutls_client(self):
        for suite, (_, name) in TRANSPORT.items():
            with self.subTest(suite):
                server = self.serve(ALLOW, pair=self.pair("rsa"))
                done = self.gnutls_cli(server, priority=f"{GNUTLS}:-KX-ALL:+RSA:-CIPHER-ALL:+{name}")
                self.assertIn(PAGE, done.out, done)
                server.wait_for(suite)

    @needs("gnutls-serv")
    def test_gnutls_server(self):
        for suite in TRANSPORT:
            with self.subTest(suite):
                server = self.gnutls_serv("--http", priority=f"{GNUTLS}:+RSA", pair=self.pair("rsa"))
                done = self.get("-v", ALLOW, "--suites", suite, self.url(server))
                self.assertIn(f"* TLS 1.2, {suite}\n", done.err)

    @needs("openssl")
    def test_it_is_refused_unasked(self):
        server = self.serve(pair=self.pair("rsa"))
        done = self.s_client(server, "-tls1_2", "-cipher", "AES128-GCM-SHA256")
        self.assertIn("handshake failure", done.err)
        done = self.get("--suites", "TLS_RSA_WITH_AES_128_GCM_SHA256", self.url(server), expect=None)
        self.assertNotEqual(done.status, 0)
        self.assertIn("insecure", done.err)

    @needs("openssl")
    def test_forward_secrecy_comes_first(self):
        server = self.serve(ALLOW, pair=self.pair("rsa"))
        done = self.s_client(server, "-tls1_2", "-cipher", "AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384")
        self.assertIn("Cipher is ECDHE-RSA-AES256-GCM-SHA384\n", done.out)


class Versions(MatrixCase):
    @needs("openssl")
    def test_the_newest_that_both_have(self):
        server = self.serve()
        self.assertIn("TLSv1.3, Cipher is", self.s_client(server).out)
        server = self.s_server("-www")
        self.assertEqual(self.agreed(self.get("-v", self.url(server)))[0], "TLS 1.3")
        done = self.get("-v", "--max-version", "1.2", self.url(server))
        self.assertEqual(self.agreed(done)[0], "TLS 1.2")

    @needs("openssl")
    def test_a_version_that_one_side_does_not_want(self):
        server = self.serve("--min-version", "1.3")
        self.assertIn("protocol version", self.s_client(server, "-tls1_2").err)
        server = self.s_server("-www", "-tls1_2")
        done = self.get("--min-version", "1.3", self.url(server), expect=TLS)
        self.assertIn("version", done.err)


class TwoWay(MatrixCase):
    @needs("openssl")
    def test_openssl_client(self):
        for key in ("p256", "rsa", "ed25519"):
            with self.subTest(key):
                server = self.serve("--client-ca", self.certs.ca, "--client-auth", "required")
                pair = self.certs.client("me.test", key)
                done = self.s_client(server, "-tls1_2", *pair.options("-cert", "-key"))
                self.assertIn(PAGE, done.out, done)
                self.assertNotIn(PAGE, self.s_client(server, "-tls1_2").out)

    @needs("openssl")
    def test_openssl_server(self):
        for key in ("p256", "p384", "rsa", "ed25519"):
            with self.subTest(key):
                server = self.s_server("-www", "-tls1_2", "-Verify", "1", "-CAfile", self.certs.ca)
                pair = self.certs.client("me.test", key)
                done = self.get("-v", *pair.options(), self.url(server))
                self.assertEqual(self.agreed(done)[0], "TLS 1.2")


if __name__ == "__main__":
    unittest.main()
