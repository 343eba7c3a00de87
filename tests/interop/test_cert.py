"""`handfast cert`: certificates that openssl and gnutls accept, judged as they are, files left safe."""
import json
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import unittest

BUILD = os.environ.get("HF_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
PROGRAM = os.path.join(BUILD, "handfast")
TIMEOUT = 60
DONE, OTHER, USAGE, NO_CONNECTION, TLS, UNTRUSTED, WRONG_NAME, EXPIRED, LOCAL_FILE = range(9)


@unittest.skipUnless(os.path.exists(PROGRAM), f"{PROGRAM} is not built")
class CertTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="handfast-cert-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def run_program(self, *arguments, expect=DONE, stdin=None, environment=None):
        env = {k: v for k, v in os.environ.items() if k not in ("SSLKEYLOGFILE", "SSL_CERT_FILE")}
        env.update(environment or {})
        done = subprocess.run([PROGRAM, "cert", *arguments], cwd=self.dir, timeout=TIMEOUT, env=env,
                              input=stdin if stdin is not None else b"", capture_output=True)
        out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        self.assertEqual(done.returncode, expect, f"{arguments}\n{out}\n{err}")
        self.assertNotIn("\033", out + err)
        if "handfast-error" in out:
            self.assertEqual(json.loads(out)["exit"], expect)
        if expect != DONE:
            self.assertTrue(err.startswith("handfast: "), err)
            self.assertIn("\n  try ", err)
        return out, err

    def openssl(self, *arguments, expect=0, stdin=b""):
        done = subprocess.run(["openssl", *arguments], cwd=self.dir, timeout=TIMEOUT, input=stdin,
                              capture_output=True)
        text = (done.stdout + done.stderr).decode("utf-8", "replace")
        if expect is not None:
            self.assertEqual(done.returncode, expect, f"openssl {arguments}\n{text}")
        return text

    def mode(self, name):
        return stat.S_IMODE(os.stat(self.path(name)).st_mode)

    # ---- making ----

    def test_openssl_and_gnutls_accept_every_key_type(self):
        for kind in ("p256", "p384", "p521", "ed25519", "rsa"):
            with self.subTest(kind):
                self.run_program("ca", kind, "--key-type", kind, "--force")
                self.run_program("issue", "www.example.test", "*.example.test", "127.0.0.1", "::1",
                                 "--key-type", kind, "--force")
                self.openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname",
                             "a.example.test", "-CAfile", "ca.pem", "www.example.test.pem")
                self.openssl("verify", "-x509_strict", "-verify_ip", "127.0.0.1", "-CAfile", "ca.pem",
                             "www.example.test.pem")
                if shutil.which("certtool"):
                    subprocess.run(["certtool", "--verify", "--load-ca-certificate", "ca.pem",
                                    "--infile", "www.example.test.pem"], cwd=self.dir, check=True,
                                   timeout=TIMEOUT, capture_output=True)
                self.run_program("verify", "www.example.test.pem", "--cacert", "ca.pem", "--name",
                                 "b.example.test")

    def test_an_intermediate_goes_into_the_chain_and_the_root_does_not(self):
        self.run_program("ca", "Root")
        self.run_program("ca", "Sub", "--ca", "ca.pem", "--ca-key", "ca.key", "--cert", "sub.pem",
                         "--key", "sub.key")
        self.run_program("issue", "localhost", "--ca", "sub.pem", "--ca-key", "sub.key")
        self.assertEqual(self.read("localhost.pem").count(b"BEGIN CERTIFICATE"), 2)
        self.openssl("verify", "-x509_strict", "-CAfile", "ca.pem", "-untrusted", "localhost.pem",
                     "localhost.pem")
        out, _ = self.run_program("verify", "localhost.pem", "--cacert", "ca.pem", "--name",
                                  "localhost")
        self.assertIn("a path of 3 certificates", out)
        # an intermediate of this kind may have no authority below it
        self.run_program("ca", "Third", "--ca", "sub.pem", "--ca-key", "sub.key", "--cert", "3.pem",
                         "--key", "3.key", expect=LOCAL_FILE)
        self.assertFalse(os.path.exists(self.path("3.key")))

    def test_a_self_signed_certificate_verifies_itself(self):
        self.run_program("self", "device.local", "192.0.2.1")
        self.openssl("verify", "-CAfile", "device.local.pem", "device.local.pem")
        self.run_program("verify", "device.local.pem", "--cacert", "device.local.pem", "--name",
                         "192.0.2.1")

    def test_a_client_certificate_is_for_clients(self):
        self.run_program("ca")
        self.run_program("issue", "--client", "alice@example.test")
        name = "alice_example.test.pem"
        self.openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.pem", name)
        self.run_program("verify", name, "--cacert", "ca.pem", "--purpose", "client")
        self.run_program("verify", name, "--cacert", "ca.pem", "--purpose", "server",
                         expect=UNTRUSTED)

    def test_requests_go_both_ways_with_openssl(self):
        self.run_program("ca")
        self.run_program("csr", "www.example.test", "example.test", "--subject", "O=Example")
        self.openssl("req", "-in", "www.example.test.csr", "-verify", "-noout")
        self.run_program("sign", "www.example.test.csr")
        self.run_program("verify", "www.example.test.pem", "--cacert", "ca.pem", "--name",
                         "example.test")
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "o.key", "-subj",
                     "/CN=o.test", "-addext", "subjectAltName=DNS:o.test", "-out", "o.csr")
        out, _ = self.run_program("show", "o.csr")
        self.assertIn("DNS o.test", out)
        self.run_program("sign", "o.csr")
        self.openssl("verify", "-x509_strict", "-verify_hostname", "o.test", "-CAfile", "ca.pem",
                     "o.pem")

    def test_a_request_without_names_is_signed_with_a_warning(self):
        self.run_program("ca")
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "o.key", "-subj", "/CN=o.test",
                     "-out", "o.csr")
        _, err = self.run_program("sign", "o.csr")
        self.assertIn("no subjectAltName", err)
        self.openssl("req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", "w.key", "-subj", "/CN=w.test",
                     "-addext", "subjectAltName=DNS:w.test", "-out", "w.csr")
        _, err = self.run_program("sign", "w.csr", expect=LOCAL_FILE)
        self.assertIn("RSA of 1024 bits", err)
        self.assertFalse(os.path.exists(self.path("w.pem")))

    def test_issue_answers_a_request_too(self):
        self.run_program("ca")
        self.run_program("csr", "www.example.test")
        self.run_program("issue", "--csr", "www.example.test.csr")
        self.openssl("verify", "-x509_strict", "-verify_hostname", "www.example.test", "-CAfile",
                     "ca.pem", "www.example.test.pem")
        _, err = self.run_program("issue", expect=USAGE)
        self.assertIn("no name is given, and no request", err)
        for more in (["other.test"], ["--subject", "CN=x"], ["--key-type", "rsa"]):
            with self.subTest(more):
                self.run_program("issue", "--csr", "www.example.test.csr", *more, expect=USAGE)

    def test_a_request_is_shown_in_every_form(self):
        self.run_program("csr", "www.example.test", "192.0.2.1", "--subject", "O=Example")
        out, _ = self.run_program("show", "www.example.test.csr", "--json")
        shown = json.loads(out)
        self.assertEqual(shown["format"], "handfast-request")
        self.assertEqual(shown["subject"], "O=Example")
        self.assertEqual(shown["names"], ["DNS www.example.test", "IP 192.0.2.1"])
        der = subprocess.run(["openssl", "req", "-in", "www.example.test.csr", "-outform", "DER"], cwd=self.dir,
                             check=True, capture_output=True).stdout
        self.write("request.der", der)
        out, _ = self.run_program("show", "request.der", "--pem")
        self.assertEqual(out.encode(), self.read("www.example.test.csr"))

    def test_a_short_life_is_told_and_a_second_is_not(self):
        self.run_program("ca")
        time.sleep(1.1)  # so that the second one, of as many days, would end after the first
        _, err = self.run_program("ca", "Sub", "--ca", "ca.pem", "--ca-key", "ca.key", "--cert", "s.pem", "--key",
                                  "s.key")
        self.assertNotIn("warning", err)
        _, err = self.run_program("issue", "a.test", "--days", "3700")
        self.assertIn("it ends with its authority", err)
        _, err = self.run_program("issue", "b.test", "--key-type", "ed25519")
        self.assertIn("no browser takes", err)

    def test_show_has_both_fingerprints(self):
        self.run_program("ca")
        out, _ = self.run_program("show", "ca.pem")
        for digest in ("-sha256", "-sha1"):
            line = self.openssl("x509", "-in", "ca.pem", "-noout", "-fingerprint", digest)
            self.assertIn(line.strip().split("=")[1].lower(), out)
        self.assertIn("it proves nothing", out)

    def test_verify_tells_every_path(self):
        self.run_program("ca")
        self.run_program("ca", "Old", "--cert", "old.pem", "--key", "old.key")
        for issuer, cert in (("ca", "sub.pem"), ("old", "subold.pem")):
            self.run_program("ca", "Sub", "--ca", f"{issuer}.pem", "--ca-key", f"{issuer}.key",
                             "--cert", cert, "--key", "sub.key")
        self.run_program("issue", "localhost", "--ca", "sub.pem", "--ca-key", "sub.key")
        arguments = ["localhost.pem", "--untrusted", "sub.pem", "--untrusted", "subold.pem",
                     "--cacert", "ca.pem"]
        out, _ = self.run_program("verify", *arguments, "--json")
        paths = json.loads(out)["paths"]
        self.assertEqual(paths[-1]["subjects"], ["CN=localhost", "CN=Sub", "CN=handfast local CA"])
        self.assertTrue(paths[-1]["ok"] and paths[-1]["anchored"])
        self.assertEqual(paths[-1]["root"], "CN=handfast local CA")
        out, _ = self.run_program("verify", *arguments, "--require-policy", "--json",
                                  expect=UNTRUSTED)
        paths = json.loads(out)["paths"]
        self.assertEqual([p["check"] for p in paths], ["certificatePolicies", "issuer"])
        out, _ = self.run_program("verify", *arguments, "--require-policy", expect=UNTRUSTED)
        self.assertIn("left path 0: CN=localhost <- CN=Sub <- CN=handfast local CA", out)
        self.assertIn("because of certificatePolicies of certificate 0", out)

    def test_a_request_whose_signature_is_wrong_is_refused(self):
        self.run_program("ca")
        self.run_program("csr", "www.example.test")
        der = bytearray(subprocess.run(["openssl", "req", "-outform", "DER"], cwd=self.dir,
                                       input=self.read("www.example.test.csr"), check=True,
                                       capture_output=True).stdout)
        der[-5] ^= 1
        self.write("bad.csr", bytes(der))
        self.run_program("sign", "bad.csr", expect=LOCAL_FILE)
        self.assertFalse(os.path.exists(self.path("bad.pem")))

    def test_it_never_outlives_its_authority(self):
        self.run_program("ca", "--days", "5")
        _, err = self.run_program("issue", "localhost", "--days", "300")
        self.assertIn("it ends with its authority", err)
        self.openssl("verify", "-x509_strict", "-CAfile", "ca.pem", "localhost.pem")

    def test_json_says_what_was_made(self):
        out, _ = self.run_program("ca", "--json")
        made = json.loads(out)
        self.assertEqual(made["format"], "handfast-made")
        shown = self.openssl("x509", "-in", "ca.pem", "-noout", "-fingerprint", "-sha256")
        self.assertIn(made["sha256"].upper(), shown.replace(":", ""))

    # ---- keys and files ----

    def test_keys_are_private_and_never_overwritten(self):
        self.run_program("ca")
        self.assertEqual(self.mode("ca.key"), 0o600)
        before = self.read("ca.key"), self.read("ca.pem")
        self.run_program("ca", expect=LOCAL_FILE)
        os.unlink(self.path("ca.pem"))
        self.run_program("ca", expect=LOCAL_FILE)
        self.assertEqual(self.read("ca.key"), before[0])
        self.assertFalse(os.path.exists(self.path("ca.pem")))
        self.run_program("ca", "--force")
        self.assertNotEqual(self.read("ca.key"), before[0])
        self.assertEqual(sorted(os.listdir(self.dir)), ["ca.key", "ca.pem"])  # nothing left behind

    def test_a_symbolic_link_is_not_followed_when_writing(self):
        self.run_program("ca")
        self.write("precious", b"precious")
        os.symlink("precious", self.path("localhost.key"))
        self.run_program("issue", "localhost", expect=LOCAL_FILE)
        self.run_program("issue", "localhost", "--force")
        self.assertEqual(self.read("precious"), b"precious")
        self.assertEqual(self.mode("localhost.key"), 0o600)

    def test_a_failed_certificate_leaves_no_key(self):
        self.run_program("ca")
        self.run_program("issue", "localhost", "--cert", "missing/localhost.pem", expect=LOCAL_FILE)
        self.assertFalse(os.path.exists(self.path("localhost.key")))

    def test_force_that_fails_leaves_the_old_key(self):
        self.run_program("ca")
        before = self.read("ca.key"), self.read("ca.pem")
        os.mkdir(self.path("folder"))
        for cert in ("missing/ca.pem", "folder"):
            with self.subTest(cert):
                self.run_program("ca", "--force", "--cert", cert, "--key", "new.key",
                                 expect=LOCAL_FILE)
                self.run_program("ca", "--force", "--cert", cert, expect=LOCAL_FILE)
                self.assertEqual((self.read("ca.key"), self.read("ca.pem")), before)
        self.run_program("csr", "x.test")
        key = self.read("x.test.key")
        self.run_program("csr", "x.test", "--force", "--cert", "missing/x.csr", expect=LOCAL_FILE)
        self.assertEqual(self.read("x.test.key"), key)
        self.assertEqual(sorted(os.listdir(self.dir)),
                         ["ca.key", "ca.pem", "folder", "x.test.csr", "x.test.key"])

    def test_pipes_and_devices_are_written_to_and_never_replaced(self):
        self.run_program("ca")
        os.mkfifo(self.path("pipe"))
        for force in ([], ["--force"]):
            reader = subprocess.Popen(["cat", "pipe"], cwd=self.dir, stdout=subprocess.PIPE)
            self.run_program("issue", "localhost", "--cert", "pipe", "--key", "l.key", *force)
            got, _ = reader.communicate(timeout=TIMEOUT)
            self.assertIn(b"BEGIN CERTIFICATE", got)
            self.assertTrue(stat.S_ISFIFO(os.lstat(self.path("pipe")).st_mode))
        os.unlink(self.path("l.key"))
        os.symlink("/dev/full", self.path("full"))  # by a link, so that no test harms the device
        os.symlink("/dev/null", self.path("null"))
        for force in ([], ["--force"]):
            _, err = self.run_program("issue", "localhost", "--cert", "full", *force,
                                      expect=LOCAL_FILE)
            self.assertIn("No space left", err)
            self.assertFalse(os.path.exists(self.path("localhost.key")))
            self.assertTrue(os.path.islink(self.path("full")))
            self.run_program("crl", "--cert", "null", *force)
            self.assertTrue(os.path.islink(self.path("null")))
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "cert", "issue", "x.test", "--cert", "-"], cwd=self.dir,
                                  stdout=full, stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertNotEqual(done.returncode, DONE)
        self.assertIn(b"No space left", done.stderr)
        self.assertFalse(os.path.exists(self.path("x.test.key")))

    def test_folders_empty_and_unreadable_files_are_told(self):
        self.run_program("ca")
        os.mkdir(self.path("folder"))
        self.write("empty", b"")
        os.symlink("nowhere", self.path("dangling"))
        os.symlink("round", self.path("round"))
        for name, words in (("folder", "Is a directory"), ("empty", "an empty file"),
                            ("dangling", "No such file"), ("round", "symbolic links"),
                            ("./absent.pem", "No such file")):
            for command in (["show"], ["verify", "--cacert", "ca.pem"], ["sign"], ["trust", "--nss"],
                            ["crl", "--cert", "out.crl"]):
                with self.subTest(name=name, command=command):
                    _, err = self.run_program(*command, name, expect=LOCAL_FILE)
                    self.assertIn(words, err)
            with self.subTest(name=name, key=True):
                _, err = self.run_program("issue", "x.test", "--ca", "ca.pem", "--ca-key", name,
                                          expect=LOCAL_FILE)
                self.assertIn("empty" if name == "empty" else words, err)

    def test_international_names_are_written_as_a_labels(self):
        self.run_program("ca")
        _, err = self.run_program("issue", "bücher.example", "*.BÜCHER.example", "alice@straße.test",
                                  "xn--bcher-kva.test")
        if "libidn2" in err:
            self.skipTest("built without libidn2")
        pem = "xn--bcher-kva.example.pem"
        text = self.openssl("x509", "-in", pem, "-noout", "-ext", "subjectAltName", "-subject")
        for name in ("DNS:xn--bcher-kva.example", "DNS:*.xn--bcher-kva.example",
                     "email:alice@xn--strae-oqa.test", "DNS:xn--bcher-kva.test",
                     "CN = xn--bcher-kva.example"):
            self.assertIn(name, text)
        self.openssl("verify", "-x509_strict", "-verify_hostname", "xn--bcher-kva.example", "-CAfile",
                     "ca.pem", pem)
        for name in ("bücher.example", "Bücher.Example", "xn--bcher-kva.example", "a.bücher.example",
                     "bu\u0308cher.example"):
            self.run_program("verify", pem, "--cacert", "ca.pem", "--name", name)
        self.run_program("verify", pem, "--cacert", "ca.pem", "--name", "bucher.example",
                         expect=WRONG_NAME)
        for bad in ("bü\u202echer.example", "xn--ü.example", "ü" * 70 + ".example"):
            with self.subTest(bad):
                for command in (["issue", bad], ["self", bad], ["csr", bad],
                                ["verify", pem, "--name", bad], ["show", bad + ":443"]):
                    _, err = self.run_program(*command, expect=USAGE)
                    self.assertIn("international name", err)

    def test_an_existing_key_is_used(self):
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sec1.key")
        self.openssl("genrsa", "-traditional", "-out", "pkcs1.key", "2048")
        self.openssl("genpkey", "-algorithm", "ed25519", "-outform", "DER", "-out", "pkcs8.der")
        for key in ("sec1.key", "pkcs1.key", "pkcs8.der"):
            with self.subTest(key):
                before = self.read(key)
                self.run_program("self", "device.test", "--key", key, "--force")
                self.assertEqual(self.read(key), before)
                self.openssl("verify", "-CAfile", "device.test.pem", "device.test.pem")

    def test_encrypted_keys_need_their_password(self):
        self.write("password", b"correct horse\n")
        self.write("wrong", b"battery staple\n")
        self.run_program("ca", "--encrypt", "--password-file", "password")
        self.assertIn(b"ENCRYPTED PRIVATE KEY", self.read("ca.key"))
        self.openssl("pkey", "-in", "ca.key", "-passin", "file:password", "-noout")
        self.run_program("issue", "localhost", expect=LOCAL_FILE)
        self.run_program("issue", "localhost", "--password-file", "wrong", expect=LOCAL_FILE)
        self.run_program("issue", "localhost", "--password-file", "password")
        self.openssl("verify", "-x509_strict", "-CAfile", "ca.pem", "localhost.pem")

    def test_password_files_that_are_none_are_told(self):
        self.write("password", b"correct horse\r\nand more\n")
        self.run_program("ca", "--encrypt", "--password-file", "password")
        os.mkdir(self.path("folder"))
        for content, words in ((b"", "first line is empty"), (b"\nx\n", "first line is empty"),
                               (b"x" * 2000, "too long"), (None, "No such file"), ("folder", "Is a directory"),
                               (b"correct horse", None)):
            with self.subTest(content):
                path = "folder" if content == "folder" else "absent"
                if isinstance(content, bytes):
                    path = self.write("it", content)
                _, err = self.run_program("issue", "localhost", "--password-file", path, "--force",
                                          expect=DONE if words is None else LOCAL_FILE)
                self.assertIn(words or "", err)
                self.assertNotIn("ioctl", err)

    def test_a_key_of_another_authority_is_noticed(self):
        self.run_program("ca", "One")
        self.run_program("ca", "Two", "--cert", "2.pem", "--key", "2.key")
        _, err = self.run_program("issue", "localhost", "--ca", "ca.pem", "--ca-key", "2.key",
                                  expect=LOCAL_FILE)
        self.assertIn("not the key of the authority", err)
        self.run_program("issue", "localhost")
        _, err = self.run_program("issue", "x.test", "--ca", "localhost.pem", "--ca-key",
                                  "localhost.key", expect=LOCAL_FILE)
        self.assertIn("may not sign", err)

    def test_a_file_that_is_something_else_is_told_what_it_seems_to_be(self):
        self.run_program("ca")
        self.openssl("pkcs12", "-export", "-in", "ca.pem", "-inkey", "ca.key", "-passout",
                     "pass:secret", "-out", "ca.p12")
        self.openssl("pkey", "-in", "ca.key", "-pubout", "-out", "public.pem")
        self.run_program("csr", "x.test")
        for content, words in (
                (self.read("ca.key"), "a private key"),
                (self.read("ca.p12"), "PKCS#12"),
                (self.read("public.pem"), "a public key"),
                (b"", "an empty file"),
                (b"ssh-ed25519 AAAA", "OpenSSH"),
                (b"<!DOCTYPE html><html></html>", "HTML"),
                (b"hello there\n", "plain text"),
                (bytes(range(256)), "binary data"),
                (b"\x30\x80", "binary"),
                (b"\x30\x84\xff\xff\xff\xff\x30\x84", "")):
            with self.subTest(words):
                self.write("it", content)
                for command in (["show", "it"], ["verify", "it", "--cacert", "ca.pem"],
                                ["trust", "--nss", "it"]):
                    _, err = self.run_program(*command, expect=LOCAL_FILE)
                    self.assertIn(words, err)
        _, err = self.run_program("sign", "ca.pem", expect=LOCAL_FILE)
        self.assertIn("a certificate (PEM)", err)

    def test_files_that_are_nearly_right_are_told_apart(self):
        self.run_program("ca")
        pem = self.read("ca.pem")
        der = subprocess.run(["openssl", "x509", "-in", "ca.pem", "-outform", "DER"], cwd=self.dir, check=True,
                             capture_output=True).stdout
        for content, words in ((der + b"\n", "more bytes behind it"), (der[:-9], "cut short"), (der[:3], ""),
                               (b"\xff\xfe" + pem.decode().encode("utf-16-le"), "UTF-16"),
                               (b"".join(pem.splitlines()[1:-1]), "base64 without its lines"),
                               (b"\x30\x80" + der[4:] + b"\0\0", "")):
            with self.subTest(words):
                self.write("file", content)
                for command in (["show", "./file"], ["verify", "./file", "--cacert", "ca.pem"],
                                ["verify", "ca.pem", "--cacert", "./file"]):
                    _, err = self.run_program(*command, expect=LOCAL_FILE)
                    if "--cacert" not in command[-2]:
                        self.assertIn(words, err)
        for content in (b"\xef\xbb\xbf" + pem, pem.replace(b"\n", b"\r\n"), pem.replace(b"\n", b"\r"),
                        b"Subject: CN=x\n" + pem, pem.rstrip(b"\n"), b"\n\n" + pem + b"\ntext\n", der):
            self.write("file", content)
            self.run_program("show", "./file")

    def test_a_damaged_certificate_is_a_local_fault_with_a_place(self):
        self.run_program("ca")
        der = subprocess.run(["openssl", "x509", "-outform", "DER"], cwd=self.dir, check=True,
                             input=self.read("ca.pem"), capture_output=True).stdout
        for cut in (5, 20, 100, len(der) - 1):
            with self.subTest(cut):
                self.write("bad.der", der[:cut])
                self.run_program("show", "bad.der", expect=LOCAL_FILE)
        pem = self.read("ca.pem").replace(b"M", b"!", 1)
        self.write("bad.pem", pem)
        self.run_program("show", "bad.pem", expect=LOCAL_FILE)
        self.run_program("show", "missing.pem", expect=LOCAL_FILE)
        self.run_program("show", ".", expect=LOCAL_FILE)

    # ---- showing ----

    def test_show_agrees_with_openssl(self):
        self.run_program("ca", "--subject", "CN=Test CA, O=Example")
        self.run_program("issue", "www.example.test", "10.0.0.1")
        out, _ = self.run_program("show", "--json", "www.example.test.pem")
        shown = json.loads(out)["certificates"][0]
        serial = self.openssl("x509", "-in", "www.example.test.pem", "-noout", "-serial")
        self.assertEqual(shown["serial"].replace(":", "").upper(), serial.strip().split("=")[1])
        digest = self.openssl("x509", "-in", "www.example.test.pem", "-noout", "-fingerprint",
                              "-sha256")
        self.assertEqual(shown["sha256"].upper(), digest.strip().split("=")[1])
        self.assertEqual(shown["names"], ["DNS www.example.test", "IP 10.0.0.1"])
        self.assertEqual(shown["warnings"], [])
        self.assertFalse(shown["ca"])
        self.assertIn("O=Example", shown["issuer"])
        names = {e["name"] for e in shown["extensions"]}
        self.assertLessEqual({"basicConstraints", "keyUsage", "extKeyUsage", "subjectAltName"}, names)
        pem, _ = self.run_program("show", "--pem", "www.example.test.pem")
        self.openssl("x509", "-noout", stdin=pem.encode())
        out, _ = self.run_program("show", "-", stdin=self.read("ca.pem"))
        self.assertIn("CN=Test CA", out)

    def test_show_decodes_extensions_of_others_and_warns(self):
        self.write("c.cnf", b"""[req]
distinguished_name=dn
x509_extensions=x
prompt=no
[dn]
CN=odd.test
[x]
nameConstraints=permitted;DNS:example.test,excluded;IP:10.0.0.0/255.0.0.0
certificatePolicies=2.23.140.1.2.1,1.2.3.4
crlDistributionPoints=URI:http://crl.test/a.crl
authorityInfoAccess=OCSP;URI:http://ocsp.test/,caIssuers;URI:http://ca.test/ca.cer
tlsfeature=status_request
policyConstraints=requireExplicitPolicy:3
inhibitAnyPolicy=2
1.2.3.4.5=critical,DER:0500
""")
        self.openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "k", "-out", "odd.pem",
                     "-days", "1000", "-config", "c.cnf", "-sha1")
        out, _ = self.run_program("show", "odd.pem")
        for words in ("only DNS example.test", "not IP 10.0.0.0/255.0.0.0", "domain validated",
                      "1.2.3.4", "URI http://crl.test/a.crl", "OCSP: URI http://ocsp.test/",
                      "must-staple", "a policy is required after 3", "1.2.3.4.5", "1024 bits",
                      "critical extension", "398 at most", "no subjectAltName"):
            self.assertIn(words, out)

    def test_hostile_names_do_not_reach_the_terminal(self):
        self.write("c.cnf", b"[req]\ndistinguished_name=dn\nprompt=no\nutf8=yes\nstring_mask=utf8only\n"
                            b"[dn]\nCN=a\x1b[2Jb\xe2\x80\xaec\n")
        self.openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "k", "-out", "h.pem",
                     "-config", "c.cnf", "-utf8")
        for arguments in (["show", "h.pem"], ["show", "--json", "h.pem"],
                          ["verify", "h.pem", "--cacert", "h.pem"]):
            done = subprocess.run([PROGRAM, "cert", *arguments], cwd=self.dir, timeout=TIMEOUT,
                                  capture_output=True)
            self.assertIn(done.returncode, range(9))
            text = (done.stdout + done.stderr).decode("utf-8")
            self.assertIn("2J", text)
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\u202e", text)

    # ---- judging ----

    def test_each_kind_of_failure_has_its_exit_status(self):
        self.run_program("ca")
        self.run_program("ca", "Other", "--cert", "other.pem", "--key", "other.key")
        self.run_program("issue", "localhost")
        base = ["verify", "localhost.pem", "--name", "localhost"]
        self.run_program(*base, "--cacert", "ca.pem")
        self.run_program(*base, "--cacert", "other.pem", expect=UNTRUSTED)
        self.run_program(*base, "--cacert", "ca.pem", "--at", "2040-01-01", expect=EXPIRED)
        self.run_program(*base, "--cacert", "ca.pem", "--at", "@0", expect=EXPIRED)
        self.run_program("verify", "localhost.pem", "--name", "example.test", "--cacert", "ca.pem",
                         expect=WRONG_NAME)
        self.run_program(*base, "--cacert", "missing.pem", expect=LOCAL_FILE)
        self.run_program(*base, "--cacert", "ca.key", expect=LOCAL_FILE)
        for at in ("", "tomorrow", "2026-02-30", "2026-13-01", "2026-01-01T25:00:00Z", "@", "@1x"):
            self.run_program(*base, "--cacert", "ca.pem", "--at", at, expect=USAGE)

    LEAF = "subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"

    def by_openssl(self, name, extensions, issuer="ca", key=("ec", "ec_paramgen_curve:P-256"), digest="-sha256"):
        """name.pem and name.key: what `handfast cert` refuses to make."""
        self.openssl("req", "-new", "-newkey", key[0], *(("-pkeyopt", key[1]) if len(key) > 1 else ()), "-nodes",
                     "-keyout", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.req")
        self.write("extensions", extensions.encode())
        self.openssl("x509", "-req", "-in", f"{name}.req", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", digest,
                     "-days", "30", "-extfile", "extensions", "-out", f"{name}.pem")

    def test_every_failure_is_told_whole(self):
        """What, where, expected, got, what to do: as text and as JSON, with the check that failed."""
        ca = "basicConstraints=critical,CA:TRUE{}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        sign = "keyUsage=critical,keyCertSign,cRLSign\n"
        self.run_program("ca")
        self.run_program("ca", "Other", "--cert", "other.pem", "--key", "other.key")
        self.by_openssl("good", self.LEAF)
        self.by_openssl("nosan", "basicConstraints=CA:FALSE\n")
        self.by_openssl("foreign", self.LEAF, issuer="other")
        self.by_openssl("client", self.LEAF + "extendedKeyUsage=clientAuth\n")
        self.by_openssl("usage", self.LEAF + "keyUsage=critical,keyAgreement\n")
        self.by_openssl("critical", self.LEAF + "1.2.3.4=critical,DER:0500\n")
        self.by_openssl("poison", self.LEAF + "1.3.6.1.4.1.11129.2.4.3=critical,DER:0500\n")
        self.by_openssl("small", self.LEAF, key=("rsa:1024",))
        self.by_openssl("old", self.LEAF, digest="-sha1")
        for name, extensions in (
                ("leaf", "basicConstraints=CA:FALSE\n"), ("nosign", ca.format("") + "keyUsage=critical,cRLSign\n"),
                ("top", ca.format(",pathlen:0") + sign),
                ("named", ca.format("") + sign + "nameConstraints=critical,permitted;DNS:example.org\n"),
                ("strict", ca.format("") + sign + "policyConstraints=requireExplicitPolicy:0\n")):
            self.by_openssl(name, extensions)
            if name != "top":
                self.by_openssl(name + "-leaf", self.LEAF, issuer=name)
        self.by_openssl("low", ca.format("") + sign, issuer="top")
        self.by_openssl("low-leaf", self.LEAF, issuer="low")
        der = bytearray(subprocess.run(["openssl", "x509", "-in", "good.pem", "-outform", "DER"], cwd=self.dir,
                                       check=True, capture_output=True).stdout)
        der[-1] ^= 1
        self.write("changed.pem", bytes(der))
        self.run_program("crl", "good.pem")
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "log.key")
        self.openssl("pkey", "-in", "log.key", "-pubout", "-out", "log.pem")
        for file, more, status, error, check in (
                ("good", ["--name", "other.test"], WRONG_NAME, "CERT_WRONG_NAME", "subjectAltName"),
                ("nosan", [], WRONG_NAME, "CERT_WRONG_NAME", "subjectAltName"),
                ("good", ["--at", "2049-01-01"], EXPIRED, "CERT_EXPIRED", "validity"),
                ("good", ["--at", "1969-07-20"], EXPIRED, "CERT_NOT_YET_VALID", "validity"),
                ("foreign", [], UNTRUSTED, "CERT_UNTRUSTED", "issuer"),
                ("changed", [], UNTRUSTED, "CERT_BAD_SIGNATURE", "signature"),
                ("client", [], UNTRUSTED, "CERT_PURPOSE", "extKeyUsage"),
                ("usage", [], UNTRUSTED, "CERT_KEY_USAGE", "keyUsage"),
                ("critical", [], UNTRUSTED, "CERT_CRITICAL_EXTENSION", "criticalExtensions"),
                ("poison", [], UNTRUSTED, "CERT_CRITICAL_EXTENSION", "criticalExtensions"),
                ("small", [], UNTRUSTED, "CERT_WEAK_KEY", "key"),
                ("old", [], UNTRUSTED, "CERT_ALGORITHM", "signatureAlgorithm"),
                ("leaf-leaf", ["--untrusted", "leaf.pem"], UNTRUSTED, "CERT_NOT_A_CA", "basicConstraints"),
                ("nosign-leaf", ["--untrusted", "nosign.pem"], UNTRUSTED, "CERT_KEY_USAGE", "keyUsage"),
                ("low-leaf", ["--untrusted", "low.pem", "--untrusted", "top.pem"], UNTRUSTED, "CERT_PATH_LENGTH",
                 "pathLenConstraint"),
                ("named-leaf", ["--untrusted", "named.pem"], UNTRUSTED, "CERT_NAME_CONSTRAINTS", "nameConstraints"),
                ("strict-leaf", ["--untrusted", "strict.pem"], UNTRUSTED, "CERT_POLICY", "certificatePolicies"),
                ("good", ["--crl", "ca.crl"], UNTRUSTED, "CERT_REVOKED", "revocation"),
                ("good", ["--revocation", "hard"], UNTRUSTED, "REVOCATION_UNKNOWN", "revocation"),
                ("good", ["--ct-logs", "log.pem", "--ct-policy", "1"], UNTRUSTED, "CT_NOT_ENOUGH",
                 "certificateTransparency"),
                ("good", ["--profile", "webpki"], UNTRUSTED, "CERT_PROFILE", "commonName")):
            with self.subTest(file=file, error=error):
                name = [] if "--name" in more else ["--name", "localhost"]
                arguments = ["verify", f"{file}.pem", "--cacert", "ca.pem", *name, *more]
                out, err = self.run_program(*arguments, expect=status)
                for label in ("on", "where", "try"):
                    self.assertRegex(err, rf"\n  {label} +\S")
                self.assertIn("FAILED", out)
                report = json.loads(self.run_program(*arguments, "--json", expect=status)[0])
                self.assertFalse(report["ok"])
                self.assertEqual(report["error"]["name"], error)
                for field in ("sentence", "subject", "expected", "got", "try"):
                    self.assertTrue(report["error"][field], field)
                failed = [k for k in report["checks"] if not k["ok"] and not k["advisory"]]
                self.assertEqual([k["check"] for k in failed], [check])
                self.assertTrue(failed[0]["value"] and failed[0]["limit"] and failed[0]["section"])
                self.assertEqual([(p["ok"], p["check"]) for p in report["paths"]], [(False, check)])

    def test_the_report_is_json_as_well(self):
        self.run_program("ca")
        self.run_program("issue", "localhost")
        out, _ = self.run_program("verify", "localhost.pem", "--cacert", "ca.pem", "--name",
                                  "localhost", "--json")
        report = json.loads(out)
        self.assertTrue(report["ok"])
        self.assertEqual(len(report["path"]), 2)
        self.assertTrue(all(c["ok"] for c in report["checks"]))
        self.assertIn("subjectAltName", [c["check"] for c in report["checks"]])
        out, _ = self.run_program("verify", "localhost.pem", "--cacert", "ca.pem", "--name", "x.test",
                                  "--json", expect=WRONG_NAME)
        report = json.loads(out)
        self.assertFalse(report["ok"])
        self.assertEqual(report["error"]["name"], "CERT_WRONG_NAME")
        failed = [c for c in report["checks"] if not c["ok"]]
        self.assertEqual(failed[0]["limit"], "x.test")

    def test_what_cannot_be_issued_is_told_in_the_commands_words(self):
        self.run_program("ca")
        for arguments, words in (
                (["issue", "not good"], ("NAME", "a DNS name", '"not good"')),
                (["issue", "*.*.example.test"], ("NAME", "a DNS name", '"*.*.example.test"')),
                (["issue", "a.test", "--subject", "localhost"],
                 ("--subject", "a pair like CN=name", '"localhost"')),
                (["ca", "x", "--subject", "C=Germany", "--cert", "2.pem", "--key", "2.key"],
                 ("--subject", "C of at most 2 characters", '"Germany"'))):
            with self.subTest(arguments):
                _, err = self.run_program(*arguments, expect=USAGE)
                for word in words:
                    self.assertIn(word, err)
                self.assertNotIn("header", err)
        self.assertEqual(sorted(os.listdir(self.dir)), ["ca.key", "ca.pem"])

    def test_usage(self):
        self.run_program("issue", "localhost", expect=USAGE)  # no authority here
        self.run_program("show", expect=USAGE)
        self.run_program("show", "host:0", expect=USAGE)
        self.run_program("show", "host:70000", expect=USAGE)
        self.run_program("show", "[::1", expect=LOCAL_FILE if os.path.exists("[::1") else USAGE)
        self.run_program("show", "127.0.0.1:1", expect=NO_CONNECTION)
        self.run_program("ca", "--bits", "2048", expect=USAGE)
        self.run_program("ca", "--key-type", "dsa", expect=USAGE)
        self.run_program("ca", "--days", "0", expect=USAGE)

    def test_profiles_hold_issuers_to_their_rules(self):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "old.pem",
                     "-days", "1000", "-subj", "/CN=old.test", "-addext", "subjectAltName=DNS:old.test")
        base = ["verify", "old.pem", "--cacert", "old.pem", "--name", "old.test"]
        self.run_program(*base)
        self.run_program(*base, "--profile", "tls")
        self.run_program(*base, "--profile", "webpki", expect=UNTRUSTED)
        _, err = self.run_program(*base, "--profile", "wepki", expect=USAGE)
        self.assertIn("webpki", err)

    def test_the_local_root_completes_a_chain(self):
        self.run_program("ca", "Root")
        self.run_program("ca", "Sub", "--ca", "ca.pem", "--ca-key", "ca.key", "--cert", "sub.pem",
                         "--key", "sub.key")
        self.run_program("issue", "localhost", "--ca", "sub.pem", "--ca-key", "sub.key")
        out, _ = self.run_program("show", "--chain", "--cacert", "ca.pem", "--json", "localhost.pem")
        subjects = [c["subject"] for c in json.loads(out)["certificates"]]
        self.assertEqual(subjects, ["CN=localhost", "CN=Sub", "CN=Root"])
        pem, _ = self.run_program("show", "--chain", "--pem", "--cacert", "ca.pem", "localhost.pem")
        self.assertEqual(pem.count("BEGIN CERTIFICATE"), 3)
        pem, _ = self.run_program("show", "--chain", "--pem", "localhost.pem")  # nobody's root
        self.assertEqual(pem.count("BEGIN CERTIFICATE"), 2)

    # ---- PKCS#12 ----

    def test_pkcs12_archives_are_read(self):
        self.run_program("ca")
        self.run_program("issue", "localhost")
        self.write("password", b"correct horse\n")
        self.write("wrong", b"battery staple\n")
        for password, arguments in (("pass:", []), ("file:password", ["--password-file", "password"])):
            with self.subTest(password):
                self.openssl("pkcs12", "-export", "-in", "localhost.pem", "-inkey", "localhost.key",
                             "-certfile", "ca.pem", "-passout", password, "-out", "it.p12")
                out, _ = self.run_program("show", "--chain", "--json", "it.p12", *arguments)
                subjects = [c["subject"] for c in json.loads(out)["certificates"]]
                self.assertEqual(sorted(subjects), ["CN=handfast local CA", "CN=localhost"])
                self.assertEqual(subjects[0], "CN=localhost")
                self.run_program("verify", "it.p12", "--cacert", "ca.pem", "--name", "localhost",
                                 *arguments)
                self.run_program("self", "again.test", "--key", "it.p12", "--force", *arguments)
                key = self.openssl("pkey", "-in", "localhost.key", "-pubout")
                again = self.openssl("x509", "-in", "again.test.pem", "-noout", "-pubkey")
                self.assertEqual(key, again)
        for arguments in ([], ["--password-file", "wrong"]):
            _, err = self.run_program("show", "it.p12", *arguments, expect=LOCAL_FILE)
            self.assertIn("password", err)
        self.write("cut.p12", self.read("it.p12")[:-30])
        self.run_program("show", "cut.p12", expect=LOCAL_FILE)
        self.openssl("pkcs12", "-export", "-in", "ca.pem", "-nokeys", "-passout", "pass:", "-out",
                     "nokey.p12")
        self.run_program("self", "x.test", "--key", "nokey.p12", expect=LOCAL_FILE)

    # ---- revocation lists ----

    @unittest.skipUnless(shutil.which("pk12util"), "no pk12util")
    def test_an_archive_of_nss_is_read(self):
        """NSS (Firefox, Chromium) leaves lengths open: BER."""
        self.run_program("ca")
        self.run_program("issue", "localhost")
        self.write("password", b"secret\n")
        self.openssl("pkcs12", "-export", "-in", "localhost.pem", "-inkey", "localhost.key", "-name", "x", "-passout",
                     "pass:secret", "-out", "o.p12")
        for command in (["certutil", "-N", "-d", "sql:.", "--empty-password"],
                        ["pk12util", "-i", "o.p12", "-d", "sql:.", "-W", "secret"],
                        ["pk12util", "-o", "n.p12", "-n", "x", "-d", "sql:.", "-W", "secret"]):
            subprocess.run(command, cwd=self.dir, check=True, timeout=TIMEOUT, capture_output=True)
        self.assertEqual(self.read("n.p12")[:2], b"\x30\x80")
        out, _ = self.run_program("show", "n.p12", "--password-file", "password")
        self.assertIn("CN=localhost", out)
        self.run_program("csr", "localhost", "--key", "n.p12", "--password-file", "password")
        self.openssl("req", "-in", "localhost.csr", "-verify", "-noout")

    def test_a_promised_staple_is_missed(self):
        self.run_program("ca")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                     "m.key", "-subj", "/CN=m", "-CA", "ca.pem", "-CAkey", "ca.key", "-addext",
                     "tlsfeature=status_request", "-addext", "subjectAltName=DNS:localhost", "-addext",
                     "basicConstraints=CA:FALSE", "-out", "m.pem")
        self.run_program("verify", "m.pem", "--cacert", "ca.pem", "--name", "localhost")  # a file has no staple
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "m.pem", "-key",
                                   "m.key", "-quiet"], cwd=self.dir, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                with socket.socket() as s:
                    if s.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            target = [f"localhost:{port}", "--resolve", f"localhost:{port}:127.0.0.1", "--cacert", "ca.pem"]
            _, err = self.run_program("verify", *target, expect=UNTRUSTED)
            self.assertIn("must come with a stapled OCSP response", err)
            out, _ = self.run_program("verify", *target, "--json", expect=UNTRUSTED)
            report = json.loads(out)
            self.assertFalse(report["ok"])
            self.assertEqual(report["error"]["name"], "STAPLE_MISSING")
            self.assertEqual([k["check"] for k in report["checks"] if not k["ok"]], ["status_request"])
        finally:
            server.terminate()
            server.wait()

    def test_a_revoked_certificate_is_refused(self):
        self.run_program("ca")
        self.run_program("issue", "good.test")
        self.run_program("issue", "bad.test")
        self.run_program("crl", "bad.test.pem", "--reason", "keyCompromise")
        judge = ["--cacert", "ca.pem", "--crl", "ca.crl"]
        self.run_program("verify", "good.test.pem", *judge, "--revocation", "hard")
        out, err = self.run_program("verify", "bad.test.pem", *judge, expect=UNTRUSTED)
        self.assertIn("revoked on", out)
        self.assertIn("keyCompromise", out)
        self.run_program("verify", "bad.test.pem", *judge, "--revocation", "off")
        _, err = self.run_program("verify", "good.test.pem", "--cacert", "ca.pem", "--revocation",
                                  "hard", expect=UNTRUSTED)
        self.assertIn("nothing about this certificate was given", err)
        # openssl's list does as well, and what is no list is told
        self.openssl("crl", "-in", "ca.crl", "-outform", "DER", "-out", "der.crl")
        self.run_program("verify", "bad.test.pem", "--cacert", "ca.pem", "--crl", "der.crl",
                         expect=UNTRUSTED)
        _, err = self.run_program("verify", "good.test.pem", "--crl", "ca.pem", expect=LOCAL_FILE)
        self.assertIn("X509 CRL", err)
        self.run_program("verify", "good.test.pem", "--crl", "none.crl", expect=LOCAL_FILE)

    def test_openssl_heeds_a_revocation_list(self):
        self.run_program("ca")
        self.run_program("issue", "good.test")
        self.run_program("issue", "bad.test")
        self.run_program("crl", "bad.test.pem", "--reason", "keyCompromise")
        text = self.openssl("crl", "-in", "ca.crl", "-CAfile", "ca.pem", "-noout", "-text")
        for words in ("verify OK", "Key Compromise", "X509v3 CRL Number", "Authority Key Identifier"):
            self.assertIn(words, text)
        check = ["verify", "-x509_strict", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "ca.crl"]
        self.openssl(*check, "good.test.pem")
        self.assertIn("revoked", self.openssl(*check, "bad.test.pem", expect=2))
        # a second list keeps the first one's entries and counts on
        out, _ = self.run_program("show", "--json", "good.test.pem")
        serial = json.loads(out)["certificates"][0]["serial"]
        self.run_program("crl", "--serial", serial, "--add-to", "ca.crl", "--cert", "2.crl")
        text = self.openssl("crl", "-in", "2.crl", "-CAfile", "ca.pem", "-noout", "-text")
        self.assertEqual(text.count("Serial Number:"), 2)
        self.assertIn("X509v3 CRL Number: \n                2", text)
        if shutil.which("certtool"):
            subprocess.run(["certtool", "--verify-crl", "--load-ca-certificate", "ca.pem", "--infile",
                            "2.crl"], cwd=self.dir, check=True, timeout=TIMEOUT, capture_output=True)

    def test_revocation_lists_that_make_no_sense_are_refused(self):
        self.run_program("ca")
        self.run_program("crl")
        self.openssl("crl", "-in", "ca.crl", "-CAfile", "ca.pem", "-noout")
        self.run_program("crl", expect=LOCAL_FILE)  # it is there already
        self.run_program("ca", "Other", "--cert", "o.pem", "--key", "o.key")
        self.run_program("issue", "o.test", "--ca", "o.pem", "--ca-key", "o.key")
        _, err = self.run_program("crl", "o.test.pem", "--force", expect=LOCAL_FILE)
        self.assertIn("another authority", err)
        self.run_program("crl", "--ca", "o.pem", "--ca-key", "o.key", "--add-to", "ca.crl", "--cert",
                         "x.crl", expect=USAGE)
        self.run_program("crl", "--add-to", "ca.pem", "--force", expect=LOCAL_FILE)
        for serial in ("", "1", "xy", "00" * 22):
            self.run_program("crl", "--serial", serial, "--force", expect=USAGE)
        self.run_program("crl", "--reason", "boredom", "--force", expect=USAGE)
        self.assertFalse(os.path.exists(self.path("x.crl")))

    def test_a_revocation_list_that_is_none_is_a_local_fault(self):
        self.run_program("ca")
        self.run_program("issue", "localhost")
        self.run_program("crl")
        der = subprocess.run(["openssl", "crl", "-in", "ca.crl", "-outform", "DER"], cwd=self.dir, check=True,
                             capture_output=True).stdout
        self.write("cut.crl", der[:-3])
        self.write("bad.crl", b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n")
        self.write("delta.crl", der.replace(bytes.fromhex("0603551d14"), bytes.fromhex("0603551d1b")))
        for name, words in (("bad.crl", "not a revocation list"), ("delta.crl", "delta list"),
                            ("cut.crl", ""), ("ca.pem", ""), ("empty", "")):
            self.write("empty", b"")
            with self.subTest(name):
                _, err = self.run_program("verify", "localhost.pem", "--cacert", "ca.pem", "--crl", name,
                                          expect=LOCAL_FILE)
                self.assertIn(words, err)
                self.assertIn(name, err)

    # ---- trusting ----

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare") and
                         os.path.isdir("/usr/local/share/ca-certificates") and
                         os.path.exists("/usr/sbin/update-ca-certificates"),
                         "needs root, unshare and ca-certificates")
    def test_the_system_learns_and_forgets(self):
        self.run_program("ca", "System Test")
        for folder in ("local", "certs"):
            os.mkdir(self.path(folder))
        # a namespace whose folders are this test's: the machine's own store is not touched
        script = """set -e
mount --bind local /usr/local/share/ca-certificates
cp -a /etc/ssl/certs/. certs/
mount --bind certs /etc/ssl/certs
"$1" cert verify ca.pem && exit 10
"$1" cert trust --system ca.pem
ls /usr/local/share/ca-certificates
"$1" cert verify ca.pem --purpose any
"$1" cert trust --system --remove ca.pem
"$1" cert verify ca.pem --purpose any && exit 11
echo done
"""
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", os.path.abspath(PROGRAM)],
                              cwd=self.dir, timeout=TIMEOUT, capture_output=True,
                              env={k: v for k, v in os.environ.items() if not k.startswith("SSL_CERT")})
        text = (done.stdout + done.stderr).decode()
        if "mount" in text and "permission denied" in text.lower():
            self.skipTest("this root may not mount")
        self.assertEqual(done.returncode, 0, text)
        self.assertIn("handfast-System_Test-", text)
        self.assertTrue(text.rstrip().endswith("done") or "done\n" in text, text)
        self.assertEqual(os.listdir(self.path("local")), [])

    @unittest.skipUnless(shutil.which("certutil"), "certutil is not installed")
    def test_nss_learns_and_forgets(self):
        home = {"HOME": self.dir}
        self.run_program("ca", "NSS Test")
        for _ in range(2):  # a second time changes nothing
            self.run_program("trust", "--nss", "ca.pem", environment=home)
        listed = subprocess.run(["certutil", "-L", "-d", f"sql:{self.dir}/.pki/nssdb"], check=True,
                                capture_output=True).stdout.decode()
        self.assertEqual(listed.count("NSS Test"), 1)
        self.assertIn("C,,", listed)
        self.run_program("trust", "--nss", "--remove", "ca.pem", environment=home)
        listed = subprocess.run(["certutil", "-L", "-d", f"sql:{self.dir}/.pki/nssdb"], check=True,
                                capture_output=True).stdout.decode()
        self.assertNotIn("NSS Test", listed)
        self.run_program("trust", "--nss", "--remove", "ca.pem", environment=home)

    def test_a_certificate_that_is_no_authority_is_not_trusted(self):
        self.run_program("ca")
        self.run_program("issue", "localhost")
        _, err = self.run_program("trust", "--nss", "localhost.pem", expect=LOCAL_FILE,
                                  environment={"HOME": self.dir})
        self.assertIn("no authority", err)


if __name__ == "__main__":
    unittest.main()
