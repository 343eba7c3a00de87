"""Captures by tcpdump of openssl, curl, Chromium, Python and handfast itself: what `handfast explain` tells of
them is what the key log and the two peers say.
"""
import json
import os
import pwd
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import unittest

from peers import DONE, LOCAL_FILE, SLOW, USAGE, PROGRAM, PeerCase, check, environment, find, needs, read, run
from test_chromium import ChromiumCase


class Tcpdump:
    """tcpdump on the loopback, from its being ready until a packet of its own end was seen."""

    def __init__(self, path, port, *options):
        self.path, self.port, self.any = path, port, "any" in options
        interface = [] if self.any else ["-i", "lo"]
        # what it writes goes through our descriptor, whatever user it becomes
        self.file = open(path, "wb")
        user = ["-Z", pwd.getpwuid(os.geteuid()).pw_name] if os.geteuid() == 0 else []
        options = [o for o in options if o != "any"]
        self.process = subprocess.Popen(
            [find("tcpdump"), *interface, *(["-i", "any"] if self.any else []), *user, "--immediate-mode",
             "-B", "65536", "-n", "-U", "-w", "-", *options, f"tcp port {port}"],
            stdin=subprocess.DEVNULL, stdout=self.file, stderr=subprocess.PIPE, start_new_session=True)
        self.said = b""
        while b"listening on" not in self.said:
            line = self.process.stderr.readline()
            self.said += line
            if not line:
                self.close()
                raise PermissionError(self.said.decode("utf-8", "replace").strip())

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        self.file.close()

    def end(self, family=socket.AF_INET):
        """Knocks at the port and waits until a knock is in the file: all before it is there too."""
        host, numbers = "::1" if family == socket.AF_INET6 else "127.0.0.1", []
        until = time.monotonic() + SLOW
        while not any(number in read(self.path) for number in numbers):
            if time.monotonic() > until:
                self.close()
                raise AssertionError(f"tcpdump did not write: {self.said}")
            if len(numbers) * 1.0 <= time.monotonic() - until + SLOW:
                with socket.socket(family) as knock:
                    knock.bind((host, 0))
                    numbers.append(struct.pack("!HH", knock.getsockname()[1], self.port))
                    knock.connect_ex((host, self.port))
            time.sleep(0.02)
        self.close()


def can_capture():
    """None, or why tcpdump cannot capture here."""
    if find("tcpdump") is None:
        return "tcpdump is not installed"
    try:
        Tcpdump(os.devnull, 9).close()
        return None
    except (PermissionError, OSError) as e:
        return f"tcpdump cannot capture as this user: {str(e)[-120:]}"


def libpcap_is_there():
    return "without libpcap" not in run(PROGRAM, "explain", "/dev/null.pcap").text


def steps(document, kind):
    return [s for s in document["steps"] if s["kind"] == kind]


def messages(document):
    return [(m["direction"], m["bytes"]) for m in steps(document, "message") if m["type"] != 254]


def application_data(document, direction):
    return b"".join(bytes.fromhex(r.get("plaintext", "")) for r in steps(document, "record")
                    if r["inner_type"] == 23 and r["direction"] == direction and "key" in r)


def keylog(path):
    """The key log as {label: secret} by client random."""
    found = {}
    for line in read(path).decode().splitlines():
        if not line.startswith("#") and len(line.split()) == 3:
            label, random, secret = line.split()
            found.setdefault(random.lower(), {})[label] = secret.lower()
    return found


class CaptureCase(PeerCase):
    @classmethod
    def setUpClass(cls):
        why = can_capture()
        if why:
            raise unittest.SkipTest(f"skipped: {why}")
        if not libpcap_is_there():
            raise unittest.SkipTest("skipped: handfast was built without libpcap")
        super().setUpClass()

    def capture(self, port, *options):
        tcpdump = Tcpdump(self.path("it.pcap"), port, *options)
        self.addCleanup(lambda: tcpdump.process.poll() is None and tcpdump.close())
        return tcpdump

    def explain(self, *options, expect=DONE, pcap="it.pcap"):
        done = self.handfast("explain", "--json", *options, self.path(pcap), expect=expect, ca=False)
        return json.loads(done.out) if expect == DONE else done

    def decrypted(self, log="keys.log", *options, whole=True):
        """The explanation, which must tell every secret that the log has for its connection."""
        document = self.explain("--keylog", self.path(log), "--secrets", "--data", *options)
        hello = next(m for m in steps(document, "message") if m["name"] == "ClientHello")
        random = hello["bytes"][12:76]
        logged = keylog(self.path(log))
        self.assertIn(random, logged)
        told = {s["name"]: s.get("bytes") for s in steps(document, "secret")}
        for label, secret in logged[random].items():
            if label.endswith("_N"):  # openssl's name for what KeyUpdate made
                self.assertIn(secret, [s.get("bytes") for s in steps(document, "secret")])
            else:
                self.assertEqual(told.get(label), secret, label)
        notes = " ".join(document["notes"])
        if whole:
            self.assertIn("both Finished were computed again", notes)
            self.assertTrue(document["connection"]["established"])
            self.assertTrue(document["verdict"]["ok"])
        self.assertNotIn("stayed closed", notes)
        self.assertNotIn("lacks bytes", notes)
        return document


def spoken(path):
    """The handshake messages that openssl's -msgfile says were sent (>>>) and received (<<<)."""
    found, now = [], None
    for line in read(path).decode().splitlines():
        head = re.match(r"(>>>|<<<) .*?, (\w+)(?: \[length ([0-9a-f]+)\])?(?:, (.*))?$", line)
        if head:
            now = None
            if head[2] == "Handshake":
                now = ["sent" if head[1] == ">>>" else "received", ""]
                found.append(now)
        elif now is not None and re.match(r"    ([0-9a-f]{2} ?)+$", line):
            now[1] += line.replace(" ", "")
    return [tuple(m) for m in found]


@needs("openssl", "tcpdump")
class Openssl(CaptureCase):
    def talk(self, server, *options, stdin=b"GET / HTTP/1.0\r\n\r\n", **more):
        done = self.s_client(server, "-keylogfile", self.path("keys.log"), "-msg", "-msgfile",
                             self.path("messages"), *options, stdin=stdin, **more)
        self.assertEqual(done.status, 0, done)
        return done

    def compare(self, document, done, version, cipher):
        """Version, cipher, every handshake message, and the data, as s_client says itself."""
        connection = document["connection"]
        self.assertEqual(connection["version"].replace(" ", "v"), version)
        self.assertIn(f"Cipher is {cipher}", done.out)
        self.assertEqual([m for m in messages(document)], spoken(self.path("messages")))
        answer = application_data(document, "received")
        self.assertTrue(answer.startswith(b"HTTP/1.0 200"), answer[:100])
        self.assertIn(answer, done.stdout)

    def test_tls_13_each_suite(self):
        for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                      "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"):
            with self.subTest(suite):
                server = self.s_server("-www", "-ciphersuites", suite)
                tcpdump = self.capture(server.port)
                done = self.talk(server, "-ciphersuites", suite)
                tcpdump.end()
                document = self.decrypted()
                self.compare(document, done, "TLSv1.3", suite)
                self.assertEqual(document["connection"]["cipher_suite"], suite)
                self.assertEqual(application_data(document, "sent"), b"GET / HTTP/1.0\r\n\r\n")
                server.stop()

    def test_tls_12_each_kind_of_suite(self):
        ecdsa, rsa = self.certs.issue(), self.certs.issue("localhost", "rsa")
        for pair, cipher in ((ecdsa, "ECDHE-ECDSA-AES128-GCM-SHA256"),
                             (ecdsa, "ECDHE-ECDSA-AES256-GCM-SHA384"),
                             (ecdsa, "ECDHE-ECDSA-CHACHA20-POLY1305"), (ecdsa, "ECDHE-ECDSA-AES128-CCM"),
                             (rsa, "ECDHE-RSA-AES128-GCM-SHA256"), (rsa, "DHE-RSA-AES128-GCM-SHA256"),
                             (rsa, "DHE-RSA-CHACHA20-POLY1305"), (rsa, "AES256-GCM-SHA384"),
                             (rsa, "AES128-CCM")):
            with self.subTest(cipher):
                server = self.s_server("-www", "-cipher", cipher, "-tls1_2", pair=pair)
                tcpdump = self.capture(server.port)
                done = self.talk(server, "-cipher", cipher)
                tcpdump.end()
                document = self.decrypted()
                self.compare(document, done, "TLSv1.2", cipher)
                der = run("openssl", "x509", "-in", pair.cert, "-outform", "DER").stdout
                self.assertEqual(document["certificates"][0]["der"], der.hex())
                server.stop()

    def test_what_has_no_aead_stays_closed_and_that_is_said(self):
        server = self.s_server("-www", "-cipher", "ECDHE-ECDSA-AES128-SHA256", "-tls1_2")
        tcpdump = self.capture(server.port)
        self.talk(server, "-cipher", "ECDHE-ECDSA-AES128-SHA256")
        tcpdump.end()
        document = self.explain("--keylog", self.path("keys.log"))
        self.assertIn("the cipher suite is none that is decrypted here", " ".join(document["notes"]))
        self.assertEqual(document["certificates"][0]["names"], "localhost, 127.0.0.1")

    def test_a_hello_retry_request(self):
        server = self.s_server("-www", "-groups", "P-384")
        tcpdump = self.capture(server.port)
        done = self.talk(server, "-groups", "X25519:P-384")
        tcpdump.end()
        document = self.decrypted()
        self.compare(document, done, "TLSv1.3", "TLS_AES_256_GCM_SHA384")
        self.assertTrue(document["connection"]["hello_retry"])
        self.assertEqual(document["connection"]["group"], "P-384")
        self.assertIn("HelloRetryRequest", [m["name"] for m in steps(document, "message")])

    def test_resumed_in_both_versions(self):
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version):
                server = self.s_server("-www", version)
                self.talk(server, "-sess_out", self.path("session"))
                os.remove(self.path("messages"))
                tcpdump = self.capture(server.port)
                done = self.talk(server, "-sess_in", self.path("session"))
                self.assertIn("Reused", done.out)
                tcpdump.end()
                document = self.decrypted()
                self.assertTrue(document["connection"]["resumed"])
                self.assertEqual(document["certificates"], [])
                self.assertEqual(messages(document), spoken(self.path("messages")))
                server.stop()

    def test_early_data(self):
        server = self.s_server("-early_data")
        options = ("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", self.certs.ca,
                   "-tls1_3", "-keylogfile", self.path("keys.log"))
        first = self.begin(*options, "-sess_out", self.path("session"))
        first.say("one\n")
        server.wait_for("one\n")
        first.say("Q\n")
        first.wait()
        self.put("early", b"this came early\n")
        tcpdump = self.capture(server.port)
        client = self.begin(*options, "-sess_in", self.path("session"), "-early_data", self.path("early"))
        client.wait_for("Early data was accepted")
        server.wait_for("this came early")
        client.say("two\n")
        server.wait_for("two\n")
        client.say("Q\n")
        client.wait()
        tcpdump.end()
        document = self.decrypted()
        first = next(r for r in steps(document, "record") if r["inner_type"] == 23)
        self.assertEqual((first["key"], bytes.fromhex(first["plaintext"])),
                         ("client early traffic", b"this came early\n"))
        choice = next(c for c in steps(document, "choice") if c["what"] == "early data")
        self.assertEqual(choice["chosen"], "accepted")
        self.assertEqual(application_data(document, "sent"), b"this came early\ntwo\n")

    def test_certificates_both_ways(self):
        mine = self.certs.client()
        server = self.s_server("-www", "-Verify", "2", "-CAfile", self.certs.ca)
        tcpdump = self.capture(server.port)
        done = self.talk(server, "-cert", mine.cert, "-key", mine.key)
        tcpdump.end()
        document = self.decrypted("keys.log", "--cacert", self.certs.ca)
        self.compare(document, done, "TLSv1.3", "TLS_AES_256_GCM_SHA384")
        self.assertIn("lead to an authority of those given here, and are for localhost",
                      " ".join(document["notes"]))
        self.assertTrue(all(k["code"] == 0 for k in steps(document, "check")))
        self.assertEqual([c["sent_by_peer"] for c in document["certificates"]][:2], [True, False])

    def test_key_updates(self):
        server = self.s_server("-rev")
        tcpdump = self.capture(server.port)
        client = self.begin("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile",
                            self.certs.ca, "-keylogfile", self.path("keys.log"), "-tls1_3")
        client.wait_for(r"Verify return code: 0 \(ok\)")
        for i in range(3):
            client.say("K\n")
            client.wait_for("(KEYUPDATE\n(.|\n)*){%d}" % (i + 1))
            client.say(f"line {i}\n")
            client.wait_for(f"{i} enil")
        client.say("Q\n")
        client.wait()
        tcpdump.end()
        document = self.decrypted()
        updates = [m["direction"] for m in steps(document, "message") if m["name"] == "KeyUpdate"]
        self.assertGreaterEqual(updates.count("sent"), 3)
        self.assertEqual(application_data(document, "sent"), b"line 0\nline 1\nline 2\n")
        self.assertEqual(application_data(document, "received"), b"0 enil\n1 enil\n2 enil\n")

    def test_a_refusal_names_who_refused_and_why(self):
        server = self.s_server("-www")
        tcpdump = self.capture(server.port)
        run("curl", "-sS", "--noproxy", "*", f"https://localhost:{server.port}/", "--resolve",
            f"localhost:{server.port}:127.0.0.1", env=environment(SSLKEYLOGFILE=self.path("keys.log")))
        tcpdump.end()
        document = self.decrypted(whole=False)
        error = document["verdict"]["error"]
        self.assertEqual((error["name"], error["alert"], error["alert_direction"]),
                         ("ALERT_SEEN", "unknown_ca", "sent"))
        self.assertTrue(document["verdict"]["causes"])
        text = self.handfast("explain", "--keylog", self.path("keys.log"), self.path("it.pcap"), ca=False).out
        self.assertIn("unknown_ca (48), sent by the client", text)

    def test_over_ipv6_and_on_any_interface(self):
        server = self.begin("openssl", "s_server", "-6", "-accept", "[::1]:0", "-cert",
                            self.certs.issue().cert, "-key", self.certs.issue().key, "-www")
        port = int(server.wait_for(r"ACCEPT \S+:(\d+)\n")[1])
        for options in ((), ("any",), ("any", "-y", "LINUX_SLL")):
            with self.subTest(options):
                tcpdump = self.capture(port, *options)
                check("openssl", "s_client", "-connect", f"[::1]:{port}", "-CAfile", self.certs.ca,
                      "-keylogfile", self.path("keys.log"), "-ign_eof", stdin=b"GET / HTTP/1.0\r\n\r\n")
                tcpdump.end(socket.AF_INET6)
                document = self.decrypted()
                self.assertRegex(" ".join(document["notes"]), rf"\[::1\]:\d+ to \[::1\]:{port}")
                self.assertTrue(application_data(document, "received").startswith(b"HTTP/1.0 200"))

    def test_without_a_key_log_and_with_another_ones(self):
        server = self.s_server("-www")
        tcpdump = self.capture(server.port)
        self.talk(server)
        tcpdump.end()
        for options, why in (((), "no key log was given"),
                             (("--keylog", self.put("other.log", "CLIENT_RANDOM " + "00" * 32 + " " +
                                                    "11" * 48 + "\n")),
                              "the key log has no secret for this connection")):
            with self.subTest(why):
                document = self.explain(*options)
                self.assertIn(why, " ".join(document["notes"]))
                self.assertEqual([m["name"] for m in steps(document, "message") if m["type"] != 254],
                                 ["ClientHello", "ServerHello"])
                self.assertEqual([m for m in messages(document)], spoken(self.path("messages"))[:2])
                self.assertEqual(document["certificates"], [])
                self.assertFalse(document["verdict"]["ok"])
                self.assertNotIn("error", document["verdict"])
        text = self.handfast("explain", self.path("it.pcap"), ca=False).out
        self.assertIn("what is encrypted stayed closed", text)
        self.assertIn("closed record", text)

    def test_cut_packets_are_said(self):
        server = self.s_server("-www")
        tcpdump = self.capture(server.port, "-s", "200")
        self.talk(server)
        tcpdump.end()
        document = self.explain("--keylog", self.path("keys.log"))
        notes = " ".join(document["notes"])
        self.assertIn("captured in part: use tcpdump -s 0", notes)
        self.assertIn("the capture lacks bytes", notes)


class Several(CaptureCase):
    @needs("curl", "tcpdump")
    def test_curl_and_which_of_several(self):
        server = self.serve()
        tcpdump = self.capture(server.port)
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(b"no TLS at all\r\n")
            s.settimeout(SLOW)
            while s.recv(1000):
                pass
        for version in ("1.3", "1.2"):
            done = run("curl", "-sS", "--noproxy", "*", "--cacert", self.certs.ca, "--tls-max", version,
                       f"https://localhost:{server.port}/", env=environment(SSLKEYLOGFILE=self.path("keys.log")))
            self.assertEqual(done.out, "<h1>hello, peer</h1>\n", done)
        tcpdump.end()
        for options, version in (((), "TLS 1.3"), (("--stream", "1"), "TLS 1.3"), (("--stream", "2"), "TLS 1.2")):
            with self.subTest(options):
                document = self.decrypted("keys.log", *options)
                self.assertEqual(document["connection"]["version"], version)
                self.assertEqual(document["connection"]["host"], "localhost")
                self.assertEqual(document["connection"]["target"], f"localhost:{server.port}")
        said = self.handfast("explain", "--keylog", self.path("keys.log"), self.path("it.pcap"), ca=False)
        self.assertIn("the capture has 2 TLS connections; --stream N chooses:", said.err)
        self.assertRegex(said.err, r"--stream 1 .*\(this one\)\n +--stream 2 ")
        plain = self.explain("--stream", "0")
        self.assertEqual(plain["verdict"]["error"]["name"], "NOT_TLS")
        refused = self.explain("--stream", "9", expect=LOCAL_FILE)
        self.assertIn("--stream 9", refused.err)
        self.assertIn("0 to 3", refused.err)

    @needs("tcpdump")
    def test_it_is_what_handfast_says_of_its_own_connection(self):
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                server = self.serve()
                tcpdump = self.capture(server.port)
                own = self.handfast("explain", "--json", "--secrets", "--http", "--max-version", version,
                                    "--keylog", self.path("keys.log"), f"localhost:{server.port}")
                tcpdump.end()
                own, document = json.loads(own.out), self.decrypted()

                def said(d):
                    return [(m["direction"], m["name"], m["bytes"], m["fields"]) for m in steps(d, "message")]
                self.assertEqual(said(document), said(own))
                for member in ("version", "cipher_suite", "group", "alpn", "peer_signature_scheme", "host",
                               "resumed", "hello_retry", "established"):
                    self.assertEqual(document["connection"].get(member), own["connection"].get(member), member)
                for direction in ("sent", "received"):
                    self.assertEqual(application_data(document, direction), application_data(own, direction))

    @needs("tcpdump")
    def test_behind_plain_text_and_the_page_and_a_pipe(self):
        pair = self.certs.issue()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]

        def act():
            s, _ = listener.accept()
            s.sendall(b"220 mail.test ESMTP\r\n")
            s.recv(1000)
            s.sendall(b"220 go ahead\r\n")
            with context.wrap_socket(s, server_side=True) as tls:
                tls.sendall(tls.recv(1000).upper())
        thread = threading.Thread(target=act)
        thread.start()
        tcpdump = self.capture(port)
        client = ssl.create_default_context(cafile=self.certs.ca)
        client.keylog_filename = self.path("keys.log")
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.recv(1000)
            s.sendall(b"STARTTLS\r\n")
            s.recv(1000)
            with client.wrap_socket(s, server_hostname="localhost") as tls:
                cipher = tls.cipher()[0]
                tls.sendall(b"hello")
                self.assertEqual(tls.recv(1000), b"HELLO")
        thread.join(SLOW)
        tcpdump.end()
        document = self.decrypted()
        self.assertIn("plain text was said before TLS began", " ".join(document["notes"]))
        self.assertEqual(document["connection"]["cipher_suite"], cipher)
        self.assertEqual(application_data(document, "received"), b"HELLO")
        piped = self.handfast("explain", "--json", "--keylog", self.path("keys.log"), "-",
                              stdin=read(self.path("it.pcap")), ca=False)
        self.assertEqual(json.loads(piped.out)["connection"], document["connection"])
        kept = self.put("kept.json", piped.out)
        again = self.handfast("explain", kept, ca=False).out
        self.assertIn("both sides hold the same keys", again)
        self.handfast("explain", "--html", self.path("it.html"), "--keylog", self.path("keys.log"),
                      self.path("it.pcap"), ca=False)
        self.assertIn(b"both Finished were computed again", read(self.path("it.html")))


@needs("chromium", "certutil", "tcpdump")
class Chromium(CaptureCase, ChromiumCase):
    def test_what_chromium_reports_is_what_the_capture_shows(self):
        server = self.serve()
        tcpdump = self.capture(server.port)
        browser = self.browser(True, f"--ssl-key-log-file={self.path('keys.log')}")
        url = f"https://localhost:{server.port}/"
        state, details = self.security(browser, url)
        self.assertEqual(state, "secure")
        browser.stop()
        self._cleanups = [c for c in self._cleanups if c[0] != browser.stop]
        tcpdump.end()
        document = self.decrypted(whole=False)
        connection = document["connection"]
        self.assertEqual(connection["version"], details["protocol"])
        self.assertEqual(connection["group"], details["keyExchangeGroup"])
        self.assertEqual(connection["cipher_suite"], f"TLS_{details['cipher']}_SHA256")
        self.assertEqual(connection["host"], "localhost")
        self.assertIn("both Finished", " ".join(document["notes"]))


class Refused(PeerCase):
    """Needs no tcpdump: files that are none, and options that do not fit."""

    def setUp(self):
        super().setUp()
        if not libpcap_is_there():
            self.skipTest("skipped: handfast was built without libpcap")

    def refused(self, name, data, *words, status=LOCAL_FILE, options=()):
        path = self.put(name, data)
        done = self.handfast("explain", *options, path, expect=status, ca=False)
        for word in words:
            self.assertIn(word, done.err)
        return done

    def test_files_that_are_no_capture(self):
        self.refused("it.pcap", b"hello", "not a capture")
        self.refused("empty.pcap", b"", "the file is empty")
        self.refused("it.pcap.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\0", "gunzip")
        head = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 105)
        self.refused("radio", head, "link type 105", "Ethernet, Linux cooked, loopback or raw IP")
        self.refused("cut", head[:10], "truncated")
        good = head[:20] + struct.pack("<I", 1)
        self.refused("nothing", good, "no such TLS connection", "0 TCP connections")
        self.refused("nothing", good, "--stream 0", options=("--stream", "0"))
        self.handfast("explain", self.path("missing.pcap"), expect=LOCAL_FILE, ca=False)

    def test_key_logs_that_are_none(self):
        packet = bytes.fromhex("020000000001" "020000000002" "0800" "4500002e00004000" "40060000"
                               "7f000001" "7f000001" "9c4001bb" "00000001" "00000001" "5010ffff00000000"
                               "160301000201")
        capture = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + \
            struct.pack("<IIII", 1, 0, len(packet), len(packet)) + packet
        path = self.put("no.log", "-----BEGIN PRIVATE KEY-----\nMIIB\n")
        self.refused("it.pcap", capture, "not a key log", "line 1", options=("--keylog", path))
        path = self.put("comments.log", "# nothing yet\n")
        done = self.handfast("explain", "--keylog", path, self.path("it.pcap"), ca=False)
        self.assertIn("the key log holds no secret", done.err)
        self.handfast("explain", "--keylog", self.path("missing"), self.path("it.pcap"), expect=LOCAL_FILE,
                      ca=False)

    def test_options_of_captures_are_for_captures(self):
        done = self.handfast("explain", "--stream", "1", "localhost:1", expect=USAGE, ca=False)
        self.assertIn("--stream", done.err)


if __name__ == "__main__":
    unittest.main()
