"""What goes along with certificates, against openssl and Chromium: stapled OCSP responses both ways,
certificates that promise one, names of authorities, names that a server does not have, compression."""
import re
import unittest

from peers import DONE, LOCAL_FILE, TLS, UNTRUSTED, USAGE, check, needs
from test_chromium import ChromiumCase

STAPLED = "tlsfeature=status_request\nextendedKeyUsage=serverAuth"
P256 = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


@needs("openssl")
class Stapling(ChromiumCase):
    def setUp(self):
        super().setUp()
        self.pair = self.certs.by_openssl(*P256, extensions=STAPLED)
        self.ocsp = self.response(self.pair)

    def response(self, pair):
        """An OCSP response by the authority itself: the certificate is good."""
        index, request, response = map(self.path, ("index.txt", "request.der", "ocsp.der"))
        serial = check("openssl", "x509", "-in", pair.cert, "-noout", "-serial").out.strip().split("=")[1]
        self.put("index.txt", f"V\t491231235959Z\t\t{serial}\tunknown\t/CN=localhost\n")
        check("openssl", "ocsp", "-issuer", self.certs.ca, "-cert", pair.cert, "-reqout", request, "-no_nonce")
        check("openssl", "ocsp", "-index", index, "-rsigner", self.certs.ca, "-rkey", self.certs.ca_key, "-CA",
              self.certs.ca, "-reqin", request, "-respout", response, "-ndays", "7")
        return response

    def test_openssl_gets_the_response_that_serve_staples(self):
        server = self.serve("--ocsp", self.ocsp, pair=self.pair)
        done = self.s_client(server, "-status")
        self.assertEqual(done.status, 0, done)
        self.assertIn("OCSP Response Status: successful (0x0)", done.out)
        self.assertIn("Cert Status: good", done.out)
        self.assertIn("OCSP response: no response sent", self.s_client(self.serve(pair=self.pair), "-status").out)

    def test_get_takes_the_response_that_openssl_staples(self):
        server = self.s_server("-www", "-status_file", self.ocsp, pair=self.pair)
        done = self.get("-v", f"https://localhost:{server.port}/")
        self.assertIn("* stapled: OCSP response", done.err)

    def test_get_refuses_a_certificate_whose_promised_response_is_missing(self):
        url = f"https://localhost:{self.s_server('-www', pair=self.pair).port}/"
        done = self.get(url, expect=UNTRUSTED)
        self.assertIn("must come with a stapled OCSP response", done.err)
        self.get("--no-ocsp", url)

    def test_serve_refuses_a_file_that_is_no_response(self):
        self.put("no.der", b"no response")
        for options, words in ((("--ocsp", "no.der"), "no.der"), (("--ocsp", "missing.der"), "missing.der"),
                               (("--scts", "no.der"), "no.der")):
            done = self.handfast("serve", "root", "--listen", "127.0.0.1:0", *self.pair.options(), *options,
                                 expect=LOCAL_FILE)
            self.assertIn(words, done.err)
        done = self.handfast("serve", "root", "--ocsp", self.ocsp, *self.pair.options(), expect=USAGE)
        self.assertIn("a --ocsp stands without a --cert before it", done.err)


@needs("openssl")
class Naming(ChromiumCase):
    def test_openssl_sees_the_names_of_the_client_authorities(self):
        acceptable = "Acceptable client certificate CA names"
        done = self.s_client(self.serve("--client-ca", self.certs.ca, "--client-auth", "optional"))
        self.assertRegex(done.out, acceptable + r"\nCN = Interop Root\n")
        done = self.s_client(self.serve("--client-ca", self.certs.ca, "--client-auth", "optional",
                                        "--no-authorities"))
        self.assertNotIn(acceptable, done.out)

    def test_a_name_that_the_server_does_not_have_is_refused_when_asked_to(self):
        done = self.s_client(self.serve("--known-names-only"), name="elsewhere.test")
        self.assertRegex(done.text, r"unrecognized name|alert number 112")
        self.assertEqual(self.s_client(self.serve("--known-names-only")).status, 0)

    def test_openssl_accepts_the_names_that_a_client_sends(self):
        server = self.s_server("-www")
        self.get("--name-authorities", "--ask-scts", f"https://localhost:{server.port}/")

    def test_a_list_of_signatures_for_chains_is_sent_and_demanded(self):
        url = f"https://localhost:{self.s_server('-www').port}/"
        self.get("--cert-sigschemes", "ecdsa_secp256r1_sha256", url)
        # openssl has no such chain, and says so itself
        self.get("--cert-sigschemes", "ed25519", url, expect=TLS)


class Compression(ChromiumCase):
    @needs("chromium", "certutil")
    def test_chromium_expands_the_certificate_that_serve_compresses(self):
        trace = self.path("trace.jsonl")
        server = self.serve("--cert-compression", "brotli", "--trace", trace)
        browser = self.browser()
        browser.go(f"https://localhost:{server.port}/")
        browser.event("Page.loadEventFired")
        self.assertIn("hello, peer", browser.value("document.documentElement.outerHTML"))
        with open(trace, encoding="utf-8") as f:
            text = f.read()
        self.assertRegex(text, r'"CompressedCertificate"')

    def test_get_and_serve_compress_by_each_algorithm(self):
        for name in ("brotli", "zstd", "zlib"):
            with self.subTest(name=name):
                trace = self.path(f"{name}.jsonl")
                server = self.serve("--cert-compression", name)
                self.get("--trace", trace, f"https://localhost:{server.port}/")
                with open(trace, encoding="utf-8") as f:
                    text = f.read()
                self.assertTrue(re.search(r'"CompressedCertificate"', text), text[-2000:])
                self.get("--cert-compression", "none", f"https://localhost:{server.port}/")


@needs("openssl")
class Purposes(ChromiumCase):
    """`cert verify --purpose` of certificates that openssl made."""

    def test_each_purpose_is_what_the_certificate_says(self):
        purposes = {"server": "serverAuth", "client": "clientAuth", "email": "emailProtection",
                    "code-signing": "codeSigning", "time-stamping": "timeStamping", "ocsp": "OCSPSigning"}
        for made_for, oid in purposes.items():
            pair = self.certs.by_openssl(*P256, extensions=f"extendedKeyUsage={oid}")
            for asked in (*purposes, "any"):
                self.handfast("cert", "verify", pair.cert, "--cacert", self.certs.ca, "--purpose", asked,
                              expect=DONE if asked in (made_for, "any") else UNTRUSTED)

    def test_crl_sign_is_what_key_usage_says(self):
        verify = ("--cacert", self.certs.ca, "--purpose", "crl-sign")
        self.handfast("cert", "verify", self.certs.ca, *verify)
        done = self.handfast("cert", "verify", self.certs.issue().cert, *verify, expect=UNTRUSTED)
        self.assertIn("keyUsage", done.err)
        self.handfast("cert", "verify", self.certs.ca, "--cacert", self.certs.ca, "--purpose", "crl", expect=USAGE)


if __name__ == "__main__":
    unittest.main()
