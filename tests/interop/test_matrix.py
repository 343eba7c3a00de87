"""Every suite, group and kind of certificate key, between handfast and each peer that has it, both ways;
and HelloRetryRequest both ways. What one side says was agreed, the other must say too."""
import re
import unittest

from peers import PROGRAM, SUITES, UNTRUSTED, Pair, PeerCase, Relay, check, needs, run

PAGE = "<h1>hello, peer</h1>"
# handfast's name -> openssl's (-groups), what s_client prints, gnutls's priority, what gnutls prints
GROUPS = {
    "X25519": ("X25519", "X25519", "GROUP-X25519", "ECDHE-X25519"),
    "P-256": ("P-256", "ECDH, prime256v1", "GROUP-SECP256R1", "ECDHE-SECP256R1"),
    "P-384": ("P-384", "ECDH, secp384r1", "GROUP-SECP384R1", "ECDHE-SECP384R1"),
    "P-521": ("P-521", "ECDH, secp521r1", "GROUP-SECP521R1", "ECDHE-SECP521R1"),
}
GNUTLS_SUITES = {"TLS_AES_128_GCM_SHA256": "AES-128-GCM", "TLS_AES_256_GCM_SHA384": "AES-256-GCM",
                 "TLS_CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305"}
GNUTLS = "NORMAL:-VERS-ALL:+VERS-TLS1.3"
# handfast cert's kinds, and openssl's alone: (how to make it, handfast's name of the scheme,
# s_client's name of it)
KEYS = {
    "p256": (None, "ecdsa_secp256r1_sha256", "ECDSA"),
    "p384": (None, "ecdsa_secp384r1_sha384", "ECDSA"),
    "p521": (None, "ecdsa_secp521r1_sha512", "ECDSA"),
    "rsa": (None, "rsa_pss_rsae_sha256", "RSA-PSS"),
    "ed25519": (None, "ed25519", "ed25519"),
    "rsa-pss": (("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"), "rsa_pss_pss_sha256", "RSA-PSS"),
    "rsa-pss for SHA-384 only": (("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt",
                                  "rsa_pss_keygen_md:sha384", "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha384",
                                  "-pkeyopt", "rsa_pss_keygen_saltlen:48"), "rsa_pss_pss_sha384", "RSA-PSS"),
    "rsa of 4096 bits": (("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"), "rsa_pss_rsae_sha256",
                         "RSA-PSS"),
    "ed448": (("-algorithm", "ED448"), "ed448", "ed448"),
}


class MatrixCase(PeerCase):
    def url(self, server):
        return f"https://localhost:{server.port}/"

    def logged(self, server):
        """Suite and group of the next request that the server's log has, one for each call."""
        server.seen = getattr(server, "seen", 0) + 1
        line = r'"GET /" 200 \d+ [\d.]+ms TLS 1\.3 (\S+) (\S+) '
        server.wait_for(rf"(?s)(?:{line}.*?){{{server.seen}}}")
        return re.findall(line, server.log)[server.seen - 1]

    def relay(self, server):
        relay = Relay(server.port)
        self.addCleanup(relay.stop)
        return relay

    def pair(self, kind):
        made = KEYS[kind][0]
        return self.certs.issue("localhost", kind) if made is None else self.certs.by_openssl(*made)


class Suites(MatrixCase):
    @needs("openssl")
    def test_openssl_client(self):
        for suite in SUITES:
            with self.subTest(suite):
                server = self.serve("--suites", suite)
                done = self.s_client(server, "-brief")
                self.assertIn(PAGE, done.out, done)
                self.assertIn(f"Ciphersuite: {suite}\n", done.err)
                self.assertEqual(self.logged(server)[0], suite)
        server = self.serve()
        for suite in SUITES:  # and as the client wishes
            with self.subTest(client=suite):
                self.assertIn(PAGE, self.s_client(server, "-ciphersuites", suite).out)
                server.wait_for(suite)

    @needs("openssl")
    def test_openssl_server(self):
        server = self.s_server("-www")
        for suite in SUITES:
            with self.subTest(suite):
                done = self.get("-v", "--suites", suite, self.url(server))
                self.assertEqual(self.agreed(done)[1], suite)
                self.assertIn(f"Cipher is {suite}\n", done.out)

    @needs("gnutls-cli")
    def test_gnutls_client(self):
        server = self.serve()
        for suite, name in GNUTLS_SUITES.items():
            with self.subTest(suite):
                done = self.gnutls_cli(server, priority=f"{GNUTLS}:-CIPHER-ALL:+{name}")
                self.assertIn(PAGE, done.out, done)
                self.assertIn(f"-({name})", done.out)
                server.wait_for(suite)

    @needs("gnutls-serv")
    def test_gnutls_server(self):
        server = self.gnutls_serv("--http")
        for suite, name in GNUTLS_SUITES.items():
            with self.subTest(suite):
                done = self.get("-v", "--suites", suite, self.url(server))
                self.assertEqual(self.agreed(done)[1], suite)
                self.assertIn(f"-({name})", done.out)

    @needs("nginx")
    def test_nginx_and_its_order(self):
        server = self.nginx("ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256:"
                            "TLS_AES_256_GCM_SHA384; ssl_prefer_server_ciphers on;")
        self.assertEqual(self.agreed(self.get("-v", self.url(server)))[1], "TLS_CHACHA20_POLY1305_SHA256")


class Groups(MatrixCase):
    @needs("openssl")
    def test_openssl_client(self):
        server = self.serve("--groups", ":".join(GROUPS))
        for group, (name, shown, _, _) in GROUPS.items():
            with self.subTest(group):
                relay = self.relay(server)
                done = self.s_client(server, "-brief", "-groups", name, port=relay.port)
                self.assertIn(PAGE, done.out, done)
                self.assertIn(f"Server Temp Key: {shown},", done.err)
                self.assertFalse(relay.retried())
                self.assertEqual(self.logged(server)[1], group)

    @needs("openssl")
    def test_openssl_server(self):
        for group, (name, _, _, _) in GROUPS.items():
            with self.subTest(group):
                relay = self.relay(self.s_server("-www", "-groups", name))
                done = self.get("-v", "--groups", group, self.url(relay))
                self.assertEqual(self.agreed(done)[2], group)
                self.assertFalse(relay.retried())

    @needs("gnutls-cli")
    def test_gnutls_client(self):
        server = self.serve("--groups", ":".join(GROUPS))
        for group, (_, _, name, shown) in GROUPS.items():
            with self.subTest(group):
                done = self.gnutls_cli(server, priority=f"{GNUTLS}:-GROUP-ALL:+{name}")
                self.assertIn(PAGE, done.out, done)
                self.assertIn(f"-({shown})-", done.out)
                self.assertEqual(self.logged(server)[1], group)

    @needs("gnutls-serv")
    def test_gnutls_server(self):
        for group, (_, _, name, shown) in GROUPS.items():
            with self.subTest(group):
                server = self.gnutls_serv("--http", priority=f"{GNUTLS}:-GROUP-ALL:+{name}")
                done = self.get("-v", "--groups", group, self.url(server))
                self.assertEqual(self.agreed(done)[2], group)
                self.assertIn(f"-({shown})-", done.out)

    def test_hybrid_group_of_our_own_both_ends(self):
        server = self.serve()
        self.assertEqual(self.agreed(self.get("-v", self.url(server)))[2], "X25519MLKEM768")
        self.assertEqual(self.logged(server)[1], "X25519MLKEM768")


class Retry(MatrixCase):
    """The client's first key share is not one that the server takes."""

    @needs("openssl")
    def test_openssl_client(self):
        for first, then in (("X25519", "P-256"), ("P-256", "X25519"), ("P-521", "P-384")):
            with self.subTest(then):
                server = self.serve("--groups", then)
                relay = self.relay(server)
                done = self.s_client(server, "-groups", f"{first}:{then}", port=relay.port)
                self.assertIn(PAGE, done.out, done)
                self.assertTrue(relay.retried())
                self.assertEqual(self.logged(server)[1], then)

    @needs("openssl")
    def test_openssl_server(self):
        for then in ("P-256", "P-384"):
            for suite in SUITES:
                with self.subTest(then=then, suite=suite):
                    relay = self.relay(self.s_server("-www", "-groups", then))
                    done = self.get("-v", "--suites", suite, self.url(relay))
                    self.assertTrue(relay.retried())
                    self.assertEqual(self.agreed(done)[1:3], (suite, then))

    @needs("gnutls-cli")
    def test_gnutls_client(self):
        server = self.serve("--groups", "P-384")
        relay = self.relay(server)
        done = self.gnutls_cli(server, "--single-key-share", port=relay.port,
                               priority=f"{GNUTLS}:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP384R1")
        self.assertIn(PAGE, done.out, done)
        self.assertTrue(relay.retried())

    @needs("gnutls-serv")
    def test_gnutls_server(self):
        relay = self.relay(self.gnutls_serv("--http", priority=f"{GNUTLS}:-GROUP-ALL:+GROUP-SECP384R1"))
        done = self.get("-v", self.url(relay))
        self.assertTrue(relay.retried())
        self.assertEqual(self.agreed(done)[2], "P-384")

    @needs("nginx")
    def test_nginx(self):
        relay = self.relay(self.nginx("ssl_ecdh_curve secp384r1;"))
        done = self.get("-v", self.url(relay))
        self.assertTrue(relay.retried())
        self.assertEqual((self.agreed(done)[2], done.out.strip()), ("P-384", PAGE))

    @needs("node")
    def test_node_client(self):
        server = self.serve("--groups", "P-256")
        relay = self.relay(server)
        done = run("node", "-e", """
            const [port, ca] = process.argv.slice(1);
            require('https').get({host: '127.0.0.1', servername: 'localhost', port, ecdhCurve: 'X25519:P-256',
                ca: require('fs').readFileSync(ca)}, r => r.pipe(process.stdout));""", "--", relay.port,
                   self.certs.ca)
        self.assertIn(PAGE, done.out, done)
        self.assertTrue(relay.retried())

    @needs("curl")
    def test_curl(self):
        server = self.serve("--groups", "P-521")
        relay = self.relay(server)
        done = self.curl(relay, "--curves", "X25519:P-521")
        self.assertIn(PAGE, done.out, done)
        self.assertTrue(relay.retried())


@needs("openssl")
class Keys(MatrixCase):
    """A server's certificate of every kind of key, into and out of each peer."""

    def test_openssl_client(self):
        for kind, (_, scheme, shown) in KEYS.items():
            with self.subTest(kind):
                done = self.s_client(self.serve(pair=self.pair(kind)), "-brief")
                self.assertIn(PAGE, done.out, done)
                self.assertIn(f"Signature type: {shown}\n", done.err)

    def test_openssl_server(self):
        for kind, (_, scheme, _) in KEYS.items():
            with self.subTest(kind):
                done = self.get("-v", self.url(self.s_server("-www", pair=self.pair(kind))))
                self.assertEqual(self.agreed(done)[3], scheme)

    @needs("gnutls-cli")
    def test_gnutls_client(self):
        for kind in KEYS:
            with self.subTest(kind):
                done = self.gnutls_cli(self.serve(pair=self.pair(kind)))
                self.assertIn(PAGE, done.out, done)
                self.assertIn("The certificate is trusted", done.out)

    @needs("gnutls-serv")
    def test_gnutls_server(self):
        for kind, (_, scheme, _) in KEYS.items():
            with self.subTest(kind):
                done = self.get("-v", self.url(self.gnutls_serv("--http", pair=self.pair(kind))))
                self.assertEqual(self.agreed(done)[3], scheme)

    def test_our_own_both_ends(self):
        for kind, (_, scheme, _) in KEYS.items():
            with self.subTest(kind):
                done = self.get("-v", self.url(self.serve(pair=self.pair(kind))))
                self.assertEqual((self.agreed(done)[3], done.out.strip()), (scheme, PAGE))

    def test_the_certificate_that_the_client_can_check_is_chosen(self):
        """Of three, by the client's signature schemes; the client's own order does not matter."""
        pairs = {kind: self.pair(kind) for kind in ("ed25519", "rsa", "p256")}
        server = self.serve(*pairs["rsa"].options(), *pairs["p256"].options(), pair=pairs["ed25519"])
        for sigalgs, shown in (("ed25519", "ed25519"), ("RSA-PSS+SHA256", "RSA-PSS"), ("ECDSA+SHA256", "ECDSA"),
                               ("RSA-PSS+SHA512:RSA-PSS+SHA384", "RSA-PSS")):
            with self.subTest(sigalgs):
                done = self.s_client(server, "-brief", "-sigalgs", sigalgs)
                self.assertIn(PAGE, done.out, done)
                self.assertIn(f"Signature type: {shown}\n", done.err)

    def test_intermediate_authorities_are_sent_and_used(self):
        check(PROGRAM, "cert", "ca", "Sub", "--ca", self.certs.ca, "--ca-key", self.certs.ca_key, "--cert",
              "sub.pem", "--key", "sub.key", cwd=self.dir)
        check(PROGRAM, "cert", "issue", "localhost", "--ca", "sub.pem", "--ca-key", "sub.key", cwd=self.dir)
        pair = Pair(self.path("localhost.pem"), self.path("localhost.key"))
        self.assertIn(PAGE, self.s_client(self.serve(pair=pair)).out)
        self.assertIn("Cipher is", self.get(self.url(self.s_server("-www", pair=pair))).out)
        self.get(self.url(self.gnutls_serv("--http", pair=pair)))
        # a server that forgets its intermediate is told so
        server = self.begin("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pair.cert, "-key",
                            pair.key, "-www")
        server.port = int(server.wait_for(r"ACCEPT \S+:(\d+)\n")[1])
        self.get(self.url(server), expect=UNTRUSTED)


if __name__ == "__main__":
    unittest.main()
