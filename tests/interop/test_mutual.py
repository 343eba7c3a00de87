"""Certificates from both sides: `handfast serve --client-ca` with foreign clients, and `handfast get --cert`
into foreign servers; with a certificate, without one, and with one that must not do."""
import json
import os
import unittest

from peers import PROGRAM, TLS, Pair, PeerCase, check, needs, run

PAGE = "<h1>hello, peer</h1>"

NODE_GET = """
const [port, ca, cert, key] = process.argv.slice(1), fs = require('fs');
const own = cert ? {cert: fs.readFileSync(cert), key: fs.readFileSync(key)} : {};
require('https').get({host: '127.0.0.1', servername: 'localhost', port, agent: false,
        ca: fs.readFileSync(ca), ...own}, res => {
    console.log(res.statusCode);
    res.pipe(process.stdout);
}).on('error', e => { console.log('error', e.code, e.message); process.exitCode = 1; });
"""


class MutualCase(PeerCase):
    def stranger(self):
        """A client certificate of an authority that nobody here trusts."""
        folder = self.path("elsewhere")
        if not os.path.exists(folder):
            os.mkdir(folder)
            check(PROGRAM, "cert", "ca", "Elsewhere", cwd=folder)
            check(PROGRAM, "cert", "issue", "--client", "mallory@example.test", "--cert", "m.pem", "--key",
                  "m.key", cwd=folder)
        return Pair(os.path.join(folder, "m.pem"), os.path.join(folder, "m.key"))


class Serve(MutualCase):
    """Each client three times: with its certificate, without, and with wrong ones."""

    def judge(self, fetch):
        """fetch(server, pair or None) -> everything the client printed."""
        server = self.serve("--client-ca", self.certs.ca)
        self.assertIn(PAGE, fetch(server, self.certs.client()))
        for what, pair, words, logged in self.wrong():
            with self.subTest(what):
                said = fetch(server, pair)
                self.assertNotIn(PAGE, said)
                self.assertRegex(said, f"(?i){words}")
                server.wait_for(logged)
        optional = self.serve("--client-ca", self.certs.ca, "--client-auth", "optional")
        self.assertIn(PAGE, fetch(optional, self.certs.client()))
        self.assertIn(PAGE, fetch(optional, None))
        # what is shown must be good, even where none is needed
        self.assertNotIn(PAGE, fetch(optional, self.stranger()))
        none = self.serve("--client-ca", self.certs.ca, "--client-auth", "none")
        self.assertIn(PAGE, fetch(none, None))

    def wrong(self):
        alert = r"alert|error|certificate"
        return [("none", None, r"certificate.required|alert number 116|required", "sent no certificate"),
                ("stranger", self.stranger(), r"unknown.ca|alert", "does not lead to an authority"),
                ("a server's", self.certs.issue("other.test"), alert, "not meant for this purpose"),
                ("expired", self.certs.by_openssl(
                    "-algorithm", "ED25519", name="late.test", start="-20 days", end="-10 days",
                    extensions="extendedKeyUsage=clientAuth"), alert, "past its validity")]

    @needs("curl", "openssl")
    def test_curl(self):
        def fetch(server, pair):
            return self.curl(server, *(pair.options() if pair else ())).text
        self.judge(fetch)

    @needs("openssl")
    def test_s_client(self):
        def fetch(server, pair):
            return self.s_client(server, *(pair.options("-cert", "-key") if pair else ())).text
        self.judge(fetch)

    @needs("gnutls-cli", "openssl")
    def test_gnutls_cli(self):
        def fetch(server, pair):
            return self.gnutls_cli(server, *(pair.options("--x509certfile", "--x509keyfile") if pair
                                             else ())).text
        self.judge(fetch)

    @needs("node", "openssl")
    def test_node(self):
        def fetch(server, pair):
            return run("node", "-e", NODE_GET, "--", server.port, self.certs.ca,
                       *([pair.cert, pair.key] if pair else [])).text
        self.judge(fetch)

    @needs("openssl")
    def test_client_keys_of_every_kind(self):
        server = self.serve("--client-ca", self.certs.ca)
        kinds = [self.certs.client("alice@example.test", kind)
                 for kind in ("p256", "p384", "p521", "rsa", "ed25519")]
        use = "extendedKeyUsage=clientAuth"
        kinds += [self.certs.by_openssl("-algorithm", "ED448", name="alice.test", extensions=use),
                  self.certs.by_openssl("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048",
                                        name="alice.test", extensions=use)]
        for pair in kinds:
            with self.subTest(pair.cert):
                self.assertIn(PAGE, self.s_client(server, *pair.options("-cert", "-key")).out)
                done = self.get("-v", *pair.options(), f"https://localhost:{server.port}/")
                self.assertIn(PAGE, done.out)


class Get(MutualCase):
    @needs("openssl")
    def test_s_server(self):
        me = self.certs.client()
        for key in (me, self.certs.client("bob@example.test", "rsa"),
                    self.certs.client("eve@example.test", "ed25519")):
            server = self.s_server("-www", "-Verify", "2", "-CAfile", self.certs.ca, "-verify_return_error")
            url = f"https://localhost:{server.port}/"
            self.assertIn("Interop Root", self.get(*key.options(), url).out)
            server.wait_for("verify return:1")
        done = self.get(url, expect=TLS)
        self.assertIn("certificate_required", done.err)
        self.assertIn("--cert", done.err)
        done = self.get(*self.stranger().options(), url, expect=TLS)
        self.assertIn("unknown_ca", done.err)

    @needs("openssl")
    def test_a_server_that_asks_for_other_authorities_still_gets_an_answer(self):
        server = self.s_server("-www", "-verify", "2", "-CAfile", self.certs.ca)
        url = f"https://localhost:{server.port}/"
        self.assertIn("Cipher is", self.get(url).out)
        self.assertIn("Cipher is", self.get(*self.certs.client().options(), url).out)

    @needs("nginx")
    def test_nginx(self):
        server = self.nginx(f"ssl_client_certificate {self.certs.ca}; ssl_verify_client on;"
                            "add_header X-Client $ssl_client_s_dn;")
        url = f"https://localhost:{server.port}/"
        done = self.get("-v", *self.certs.client().options(), url)
        self.assertEqual(done.out.strip(), PAGE)
        self.assertIn("alice@example.test", done.err)
        for pair in (None, self.stranger()):  # nginx says it in HTTP, by its own status 400
            done = self.get("--fail", *(pair.options() if pair else ()), url, expect=9)
            self.assertIn("400", done.err)

    @needs("gnutls-serv")
    def test_gnutls_serv(self):
        server = self.gnutls_serv("--http", "--require-client-cert", "--verify-client-cert", "--x509cafile",
                                  self.certs.ca)
        url = f"https://localhost:{server.port}/"
        self.assertIn("Protocol version:</TD><TD>TLS1.3", self.get(*self.certs.client().options(), url).out)
        server.wait_for("alice@example.test")
        done = self.get(url, expect=TLS)
        self.assertRegex(done.err, "certificate_required|handshake_failure|alert")

    @needs("node")
    def test_node(self):
        server = self.node_server("ca, requestCert: true, rejectUnauthorized: true")
        url = f"https://localhost:{server.port}/"
        self.assertEqual(self.get(*self.certs.client().options(), url).out.strip(), PAGE)
        found = server.wait_for(r"secure TLSv1\.3 \S+ true (\{.*\})")
        self.assertEqual(json.loads(found[1])["CN"], "alice@example.test")
        for pair in (None, self.stranger()):
            self.get(*(pair.options() if pair else ()), url, expect=TLS)

    @needs("openssl")
    def test_the_certificate_that_fits_is_chosen(self):
        """Of an Ed25519 and a P-256 certificate, a server that takes no Ed25519 gets the other."""
        server = self.s_server("-www", "-Verify", "2", "-CAfile", self.certs.ca, "-client_sigalgs",
                               "ECDSA+SHA256")
        done = self.get(*self.certs.client("eve@example.test", "ed25519").options(),
                        *self.certs.client().options(), f"https://localhost:{server.port}/")
        self.assertRegex(done.out, r"CN ?= ?alice@example\.test")


if __name__ == "__main__":
    unittest.main()
