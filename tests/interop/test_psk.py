"""Pre-shared keys from outside TLS with each peer, both ways, and what the program says about its
files of them."""
import os
import unittest

from peers import DONE, LOCAL_FILE, USAGE, needs, run
from test_matrix import PAGE, MatrixCase

KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
OTHER = "ff" * 32
WHO = "device 7"
TLS13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3"
WITH_DHE, WITHOUT_DHE = ":-KX-ALL:+DHE-PSK:+ECDHE-PSK", ":-KX-ALL:+PSK"


class PskCase(MatrixCase):
    def keys(self, text=f"# who has what\n\n{WHO}:{KEY}\n", name="keys.psk", mode=0o600):
        path = self.put(name, text.encode())
        os.chmod(path, mode)
        return path

    def serve_psk(self, *options, text=f"other:{OTHER}\n{WHO}:{KEY}\n"):
        return self.serve_bare("--psk-file", self.keys(text, "server.psk"), *options)


class Clients(PskCase):
    def openssl(self, server, *options, key=KEY, who=WHO):
        return run("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", "localhost",
                   "-ign_eof", "-tls1_3", "-psk", key, "-psk_identity", who, *options,
                   stdin=b"GET / HTTP/1.0\r\n\r\n", cwd=self.dir)

    @needs("openssl")
    def test_openssl_client(self):
        server = self.serve_psk()
        for suite in ("TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"):
            with self.subTest(suite):
                done = self.openssl(server, "-ciphersuites", suite)
                self.assertIn(PAGE, done.out, done)
                self.assertIn("no peer certificate available", done.out)

    @needs("openssl")
    def test_openssl_client_behind_a_retry(self):
        done = self.openssl(self.serve_psk("--groups", "P-384"), "-groups", "X25519:P-384")
        self.assertIn(PAGE, done.out, done)

    @needs("openssl")
    def test_a_wrong_key_and_a_wrong_identity_end_alike(self):
        server = self.serve_psk()
        for key, who in ((OTHER, WHO), (KEY, "nobody")):
            done = self.openssl(server, key=key, who=who)
            self.assertNotIn(PAGE, done.out)
            self.assertIn("decrypt error", done.err, done)

    def gnutls(self, server, kx, key=KEY, who="alice"):
        return run("gnutls-cli", "-p", server.port, "localhost", "--priority", TLS13 + kx,
                   "--pskusername", who, "--pskkey", key, stdin=b"GET / HTTP/1.0\r\n\r\n", cwd=self.dir)

    @needs("gnutls-cli")
    def test_gnutls_client(self):
        server = self.serve_psk(text=f"alice:{KEY}\n")
        self.assertIn(PAGE, self.gnutls(server, WITH_DHE).out)
        self.assertNotIn(PAGE, self.gnutls(server, WITH_DHE, OTHER).out)

    @needs("gnutls-cli")
    def test_gnutls_client_without_a_key_agreement_is_refused_unless_it_is_allowed(self):
        refused = self.gnutls(self.serve_psk(text=f"alice:{KEY}\n"), WITHOUT_DHE)
        self.assertNotIn(PAGE, refused.out)
        server = self.serve_psk("--insecure-psk-ke", text=f"alice:{KEY}\n")
        self.assertIn(PAGE, self.gnutls(server, WITHOUT_DHE).out)

    def test_handfast_client(self):
        server = self.serve_psk("--psk-context", "garage")
        done = self.get("-v", "--psk-file", self.keys(), "--psk-context", "garage", self.url(server), ca=False)
        self.assertIn(PAGE, done.out)
        self.assertRegex(done.err, r"\* TLS 1\.3, \S+, \S+, pre-shared key\n")


class Servers(PskCase):
    def openssl(self, *options, key=KEY):
        process = self.begin("openssl", "s_server", "-accept", "127.0.0.1:0", "-nocert", "-www", "-tls1_3",
                             "-psk", key, "-psk_identity", WHO, *options)
        process.port = int(process.wait_for(r"ACCEPT \S+:(\d+)\n")[1])
        return process

    @needs("openssl")
    def test_openssl_server(self):
        server = self.openssl()
        done = self.get("-v", "--psk-file", self.keys(), self.url(server), ca=False)
        self.assertRegex(done.err, r"\* TLS 1\.3, \S+, \S+, pre-shared key\n")
        self.assertIn("s_server", done.out)

    @needs("openssl")
    def test_a_client_says_why_a_certificate_is_of_no_use_to_it(self):
        server = self.s_server("-www")
        done = self.get("--psk-file", self.keys(), self.url(server), ca=False, expect=None)
        self.assertNotEqual(done.status, DONE)
        self.assertIn("none of the pre-shared keys", done.err)
        self.assertIn("--cacert", done.err)
        beside = self.get("--psk-file", self.keys(), self.url(server))
        self.assertIn("s_server", beside.out)

    @needs("openssl")
    def test_a_wrong_key(self):
        done = self.get("--psk-file", self.keys(), self.url(self.openssl(key=OTHER)), ca=False, expect=None)
        self.assertNotEqual(done.status, DONE)

    def gnutls(self, kx):
        path = self.put("passwd.psk", f"{WHO}:{KEY}\n".encode())
        return self.gnutls_serv("--pskpasswd", path, "--http", priority=TLS13 + kx)

    @needs("gnutls-serv")
    def test_gnutls_server(self):
        done = self.get("-v", "--psk-file", self.keys(), self.url(self.gnutls(WITH_DHE)), ca=False)
        self.assertRegex(done.err, r"\* TLS 1\.3, \S+, \S+, pre-shared key\n")

    @needs("gnutls-serv")
    def test_gnutls_server_without_a_key_agreement(self):
        done = self.get("-v", "--psk-file", self.keys(), "--insecure-psk-ke",
                        self.url(self.gnutls(WITHOUT_DHE)), ca=False)
        self.assertRegex(done.err, r"\* TLS 1\.3, \S+, pre-shared key\n")

    def test_explain(self):
        server = self.serve_psk()
        done = self.handfast("explain", "--psk-file", self.keys(), f"localhost:{server.port}", ca=False)
        self.assertIn(WHO, done.out)
        self.assertIn("pre-shared key", done.out)
        self.assertNotIn(KEY, done.out)


class Files(PskCase):
    def test_files_that_are_wrong(self):
        server = self.serve_psk()
        for text in ("nothing", f":{KEY}", f"{WHO}:", f"{WHO}:{KEY}0", f"{WHO}:xx{KEY}", f"{WHO}:0011",
                     f"{WHO}:{KEY}\n{WHO}:{OTHER}", "\n".join(f"{i}:{KEY}" for i in range(9))):
            with self.subTest(text[:20]):
                done = self.get("--psk-file", self.keys(text), self.url(server), ca=False, expect=LOCAL_FILE)
                self.assertIn(", line ", done.err)
                self.assertNotIn(KEY[:20], done.err)

    def test_a_file_that_others_may_read_is_told(self):
        done = self.get("--psk-file", self.keys(mode=0o644), self.url(self.serve_psk()), ca=False)
        self.assertIn("others may read the pre-shared keys", done.err)

    def test_options_without_a_file(self):
        self.handfast("get", "--psk-context", "garage", "https://localhost/", ca=False, expect=USAGE)


if __name__ == "__main__":
    unittest.main()
