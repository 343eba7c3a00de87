"""Resumption with each peer, both ways: TLS 1.3 by ticket, TLS 1.2 by ticket and by id, one-way and
two-way; and what the program does with the files it keeps sessions and ticket keys in."""
import base64
import os
import re
import signal
import stat
import time
import unittest

from peers import LOCAL_FILE, USAGE, Pair, needs, read, write
from test_chromium import ChromiumCase
from test_matrix import PAGE, MatrixCase

VERSIONS = {"1.3": "-tls1_3", "1.2": "-tls1_2"}
GNUTLS = {"1.3": "NORMAL:-VERS-ALL:+VERS-TLS1.3", "1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2"}


def resumed(done):
    """Whether `get -v` or `connect -v` says so of its last connection."""
    return re.findall(r"\* TLS [\d.]+, .*", done.err)[-1].endswith(", resumed")


class ResumptionCase(MatrixCase):
    def twice(self, server, *options, expect=True, name="s"):
        """Two runs of `get` with the same --session; the second one resumes, or not."""
        first = self.get("-v", "--session", name, *options, self.url(server))
        self.assertFalse(resumed(first))
        second = self.get("-v", "--session", name, *options, self.url(server))
        self.assertEqual(resumed(second), expect, second)
        return second

    def reused(self, server, *options, expect=True):
        """Two runs of openssl s_client, the second with what the first was given."""
        kept = self.path("openssl.session")
        first = self.s_client(server, *options, "-sess_out", kept)
        self.assertIn(PAGE, first.out, first)
        self.assertIn("New, TLSv1", first.out)
        second = self.s_client(server, *options, "-sess_in", kept)
        self.assertIn(PAGE, second.out, second)
        self.assertIn("Reused, TLSv1" if expect else "New, TLSv1", second.out)
        return second


class Clients(ResumptionCase):
    @needs("openssl")
    def test_openssl_client(self):
        server = self.serve()
        for version, option in VERSIONS.items():
            with self.subTest(version):
                self.reused(server, option)
                server.wait_for(rf"TLS {version} \S+ \S+ resumed")

    @needs("openssl")
    def test_openssl_client_by_id(self):
        server = self.serve("--no-tickets")
        self.reused(server, "-tls1_2", "-no_ticket")
        self.reused(server, "-tls1_2")  # it says that it could take one, and gets none
        server.wait_for(r"TLS 1\.2 \S+ - resumed")
        without = self.serve("--no-tickets", "--session-cache", "0")
        done = self.s_client(without, "-tls1_2", "-sess_out", self.path("none"))
        self.assertIn("Session-ID: \n", done.out, done)

    @needs("openssl")
    def test_openssl_client_reconnects_five_times(self):
        server = self.serve()
        done = self.s_client(server, "-tls1_2", "-reconnect", "-no_ign_eof", stdin=b"")
        self.assertEqual(len(re.findall(r"^Reused, TLSv1\.2", done.out, re.M)), 5, done)

    @needs("openssl")
    def test_openssl_client_two_way(self):
        server = self.serve("--client-ca", self.certs.ca)
        for version, option in VERSIONS.items():
            with self.subTest(version):
                self.reused(server, option, *self.certs.client().options("-cert", "-key"))

    @needs("gnutls-cli")
    def test_gnutls_client(self):
        server = self.serve()
        for version, priority in GNUTLS.items():
            for options in ((), ("--priority", priority + ":%NO_TICKETS")) if version == "1.2" else ((),):
                with self.subTest(version, options=options):
                    done = self.gnutls_cli(server, "--resume", *options, priority=priority)
                    self.assertIn("*** This is a resumed session", done.out, done)
                    self.assertIn(PAGE, done.out)
                    server.wait_for(rf"TLS {version} \S+ \S+ resumed")

    @needs("gnutls-cli")
    def test_gnutls_client_two_way(self):
        server = self.serve("--client-ca", self.certs.ca)
        pair = self.certs.client()
        for version, priority in GNUTLS.items():
            with self.subTest(version):
                done = self.gnutls_cli(server, "--resume", "--x509certfile", pair.cert, "--x509keyfile",
                                       pair.key, priority=priority)
                self.assertIn("*** This is a resumed session", done.out, done)
                server.wait_for(rf"TLS {version} \S+ \S+ resumed")

    @needs("curl")
    def test_curl(self):
        for version in VERSIONS:
            with self.subTest(version):
                server = self.serve("--max-version", version)
                done = self.curl(server, "-H", "Connection: close", self.url(server))
                self.assertEqual(done.out.count(PAGE), 2, done)
                server.wait_for(rf"TLS {version} \S+ \S+ resumed")


@needs("chromium", "certutil")
class Chromium(ChromiumCase):
    def test_its_second_connection_resumes(self):
        servers = {v: self.serve("--idle-timeout", "1", "--max-version", v) for v in VERSIONS}
        browser = self.browser()  # after the servers, so that it ends before them
        for version, server in servers.items():
            with self.subTest(version):
                url = f"https://localhost:{server.port}/"
                self.assertEqual(self.security(browser, url)[0], "secure")
                time.sleep(2.5)  # the server closes the idle connections
                self.assertEqual(self.security(browser, url)[0], "secure")
                server.wait_for(rf"TLS {version} \S+ \S+ resumed")


class Servers(ResumptionCase):
    @needs("openssl")
    def test_openssl_server(self):
        server = self.s_server("-www")
        for version in VERSIONS:
            with self.subTest(version):
                done = self.twice(server, "--max-version", version, name=version)
                self.assertIn("Reused, TLSv1", done.out)

    @needs("openssl")
    def test_openssl_server_by_id(self):
        server = self.s_server("-www", "-no_ticket", "-tls1_2")
        self.assertIn("Reused, TLSv1.2", self.twice(server).out)
        server = self.s_server("-www", "-no_ticket", "-tls1_3")  # a ticket that is an id
        self.assertIn("Reused, TLSv1.3", self.twice(server, name="3").out)

    @needs("openssl")
    def test_openssl_server_each_suite(self):
        server = self.s_server("-www")
        suites = {"TLS_AES_128_GCM_SHA256": "1.3", "TLS_AES_256_GCM_SHA384": "1.3",
                  "TLS_CHACHA20_POLY1305_SHA256": "1.3", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "1.2"}
        for suite, version in suites.items():
            with self.subTest(suite):
                self.twice(server, "--max-version", version, "--suites", suite, name=suite)

    @needs("openssl")
    def test_openssl_server_behind_a_hello_retry_request(self):
        server = self.s_server("-www", "-groups", "P-384")
        relay = self.relay(server)
        self.twice(server)
        self.assertTrue(resumed(self.get("-v", "--session", "s", self.url(relay))))
        self.assertTrue(relay.retried())

    @needs("openssl")
    def test_openssl_server_two_way(self):
        server = self.s_server("-www", "-Verify", "1", "-CAfile", self.certs.ca)
        for version in VERSIONS:
            with self.subTest(version):
                done = self.twice(server, "--max-version", version, *self.certs.client().options(),
                                  name=version)
                self.assertIn("Reused, TLSv1", done.out)

    @needs("gnutls-serv")
    def test_gnutls_server(self):
        for version, priority in GNUTLS.items():
            with self.subTest(version):
                self.twice(self.gnutls_serv("--http", priority=priority), name=version)
        with self.subTest("1.2 by id"):
            server = self.gnutls_serv("--http", "--noticket", priority=GNUTLS["1.2"])
            self.twice(server, name="id")

    @needs("nginx")
    def test_nginx(self):
        for settings in ("ssl_session_tickets on;", "ssl_session_cache shared:s:1m; ssl_session_tickets off;"):
            server = self.nginx(settings + " add_header X-Reused $ssl_session_reused;")
            for version in VERSIONS:
                with self.subTest(version, settings=settings):
                    second = self.twice(server, "-I", "--max-version", version,
                                        name=f"{version}{len(settings)}")
                    self.assertRegex(second.out, r"(?i)x-reused: r")


class SessionFile(ResumptionCase):
    def test_it_is_secret_and_one_for_each_host(self):
        server = self.serve()
        self.twice(server)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("s")).st_mode), 0o600)
        self.assertEqual(os.listdir(self.dir).count("s"), 1)
        self.assertFalse([n for n in os.listdir(self.dir) if n.startswith("s.") or n.startswith(".s")])
        other = f"https://127.0.0.1:{server.port}/"
        self.assertFalse(resumed(self.get("-v", "--session", "s", other)))
        for url in (self.url(server), other):
            self.assertTrue(resumed(self.get("-v", "--session", "s", url)))
        self.assertEqual(read(self.path("s")).count(b"BEGIN HANDFAST SESSION"), 2)

    def test_several_addresses_in_one_run(self):
        server = self.serve()
        done = self.get("-v", "--session", "s", self.url(server), self.url(server))
        self.assertEqual(done.err.count(", resumed\n"), 1)

    def test_connect_and_explain(self):
        server = self.serve()
        for version in VERSIONS:
            with self.subTest(version):
                target, kept = f"localhost:{server.port}", ("--session", "c" + version, "--max-version", version)
                self.handfast("connect", "-v", *kept, target, stdin=b"GET / HTTP/1.0\r\n\r\n")
                done = self.handfast("connect", "-v", *kept, target, stdin=b"GET / HTTP/1.0\r\n\r\n")
                self.assertIn(", resumed\n", done.err)
                self.assertIn(PAGE, done.out)
                done = self.handfast("explain", *kept, target)
                self.assertIn("resumption", done.out)
                self.assertIn("resumed", done.out[done.out.index("Verdict"):])
                self.assertNotIn("CertificateVerify", done.out)
                fresh = ("--session", "e" + version, "--max-version", version)
                self.assertNotIn("resumption", self.handfast("explain", *fresh, target).out)
                self.assertIn("resumption", self.handfast("explain", *fresh, target).out)

    def test_a_session_that_is_not_taken_up_is_said(self):
        self.twice(self.serve())
        done = self.get("-v", "--session", "s", self.url(self.serve()))  # another server, other keys
        self.assertIn("the session in s was not taken up: this is a full handshake", done.err)

    def test_a_session_past_its_life_is_said_and_replaced(self):
        server = self.serve("--session-life", "1")
        self.get("--session", "s", self.url(server))
        before = read(self.path("s"))
        time.sleep(1.2)
        done = self.get("-v", "--session", "s", self.url(server))
        self.assertRegex(done.err, r"the session for localhost in s is past its life since 20\d\d-")
        self.assertFalse(resumed(done))
        self.assertNotEqual(read(self.path("s")), before)

    def test_a_used_session_is_kept_in_tls_12_alone(self):
        key, pair = self.put("key", os.urandom(48)), self.certs.issue()
        giving = self.serve("--ticket-key", key, pair=pair)
        taking = self.serve("--ticket-key", key, "--no-tickets", "--session-cache", "0", pair=pair)
        for version in VERSIONS:
            kept = ("-v", "--max-version", version, "--session", version)
            self.get(*kept, self.url(giving))
            self.assertTrue(resumed(self.get(*kept, self.url(taking))))
            again = self.get(*kept, self.url(taking))
            self.assertEqual(resumed(again), version == "1.2", again)

    def test_a_server_that_gives_none(self):
        server = self.serve("--no-tickets", "--session-cache", "0")
        for version in VERSIONS:
            done = self.get("--session", "s", "--max-version", version, self.url(server))
            self.assertIn("the server gave no session: s was not written", done.err)
            self.assertFalse(os.path.exists(self.path("s")))

    def test_what_is_no_session_file(self):
        server = self.serve()
        self.get("--session", "good", self.url(server))
        good = read(self.path("good"))
        der = bytearray(base64.b64decode(b"".join(good.splitlines()[1:-1])))
        block = b"-----BEGIN HANDFAST SESSION-----\n%s\n-----END HANDFAST SESSION-----\n"
        cases = {"text": b"this is no session\n", "other": read(self.certs.ca), "cut": good[:len(good) // 2],
                 "short": block % base64.b64encode(bytes(der[:-1])),
                 "form": block % base64.b64encode(bytes([der[0] ^ 1]) + bytes(der[1:]))}
        for name, data in cases.items():
            with self.subTest(name):
                write(self.path(name), data)
                os.chmod(self.path(name), 0o600)
                done = self.get("--session", name, self.url(server), expect=LOCAL_FILE)
                self.assertIn(name, done.err)
                self.assertIn("session", done.err)
                self.assertEqual(read(self.path(name)), data)  # it may be something else of value
        self.get("--session", "/dev/null", self.url(server), expect=LOCAL_FILE)
        self.get("--session", ".", self.url(server), expect=LOCAL_FILE)
        self.get("--session", "-", self.url(server), expect=USAGE)
        self.get("--session", "no/such/folder", self.url(server), expect=LOCAL_FILE)

    def test_others_that_may_read_it_are_warned_of(self):
        server = self.serve()
        self.get("--session", "s", self.url(server))
        os.chmod(self.path("s"), 0o644)
        done = self.get("--session", "s", self.url(server))
        self.assertIn("others may read the sessions in s (mode 644)", done.err)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("s")).st_mode), 0o600)

    def test_sessions_without_verification_are_not_taken_by_who_verifies(self):
        server = self.serve()
        self.get("-k", "--session", "s", self.url(server))
        self.assertFalse(resumed(self.get("-v", "--session", "s", self.url(server))))


class Retry(ResumptionCase):
    """A client whose first key share is of a group that the server lacks."""

    GROUPS = ("-groups", "secp521r1:prime256v1")

    @needs("openssl")
    def test_a_retry_that_keeps_nothing(self):
        server = self.serve("--stateless-retry")
        for options in ((), ("-no_middlebox",)):
            done = self.s_client(server, "-tls1_3", *self.GROUPS, "-msg", *options)
            self.assertIn(PAGE, done.out, done)
            self.assertEqual(len(re.findall(r"<<< TLS 1\.3, Handshake .*ServerHello", done.out)), 2, done)
            self.assertIn("prime256v1", done.out)
        self.reused(server, "-tls1_3", *self.GROUPS)
        self.reused(server, "-tls1_2", *self.GROUPS)

    @needs("gnutls-cli")
    def test_gnutls_goes_through_it_too(self):
        server = self.serve("--stateless-retry")
        done = self.gnutls_cli(server, "--single-key-share", "-d", "4",
                               priority="NORMAL:-GROUP-ALL:+GROUP-SECP521R1:+GROUP-SECP256R1")
        self.assertIn(PAGE, done.out, done)
        self.assertIn("HELLO RETRY REQUEST", done.out + done.err)


class TicketKeys(ResumptionCase):
    def key(self, name, n):
        return self.put(name, os.urandom(n))

    def test_two_servers_with_the_same_keys(self):
        pair = self.certs.issue()
        for name, data in (("nginx-48", os.urandom(48)), ("nginx-80", os.urandom(80)), ("haproxy", b"".join(
                base64.b64encode(os.urandom(48)) + b"\n" for _ in range(3)))):
            for version in VERSIONS:
                with self.subTest(name, version=version):
                    key = self.put(name, data)
                    one, two = (self.serve("--ticket-key", key, pair=pair) for _ in range(2))
                    kept = ("-v", "--max-version", version, "--session", name + version)
                    self.get(*kept, self.url(one))
                    self.assertTrue(resumed(self.get(*kept, self.url(two))))

    def test_sighup_reads_the_keys_anew(self):
        old, new = os.urandom(48), os.urandom(48)
        self.put("first", old)
        self.put("second", os.urandom(48))
        server = self.serve("--ticket-key", self.path("first"), "--ticket-key", self.path("second"))
        self.twice(server)
        self.put("first", new)
        self.put("second", old)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("ticket keys read anew")
        done = self.get("-v", "--session", "s", self.url(server))  # opened by the key that was first
        self.assertTrue(resumed(done))
        self.put("second", os.urandom(48))
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("(?s)ticket keys read anew.*ticket keys read anew")
        done = self.get("-v", "--session", "s", self.url(server))  # sealed by the new first, in between
        self.assertTrue(resumed(done))
        self.put("first", b"too short")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("the ticket keys stay as they were")
        self.assertTrue(resumed(self.get("-v", "--session", "s", self.url(server))))

    def test_keys_of_its_own_stay_over_sighup(self):
        server = self.serve()
        for version in VERSIONS:
            kept = ("-v", "--max-version", version, "--session", version)
            self.get(*kept, self.url(server))
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("read anew")
        for version in VERSIONS:
            kept = ("-v", "--max-version", version, "--session", version)
            self.assertTrue(resumed(self.get(*kept, self.url(server))))

    def test_a_new_certificate_ends_the_sessions_of_the_old(self):
        first, second = self.certs.issue(), self.certs.issue("localhost", "p384")
        for pair, end in ((first, "pem"), (first, "key")):
            write(self.path("site." + end), read(pair.cert if end == "pem" else pair.key))
        server = self.serve(pair=Pair(self.path("site.pem"), self.path("site.key")))
        self.twice(server)
        write(self.path("site.pem"), read(second.cert))
        write(self.path("site.key"), read(second.key))
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("read anew")
        self.assertFalse(resumed(self.get("-v", "--session", "s", self.url(server))))

    def refused(self, *options):
        done = self.handfast("serve", self.root, *self.certs.issue().options(), "--listen", "127.0.0.1:0",
                             *options, expect=None)
        self.assertIn(done.status, (LOCAL_FILE, USAGE), done)
        return done

    def test_what_is_no_key(self):
        short = self.key("short", 47)
        done = self.refused("--ticket-key", self.key("good", 48), "--ticket-key", short)
        self.assertIn(short, done.err)
        self.assertIn("48 or 80 bytes", done.err)
        self.refused("--ticket-key", self.path("missing"))
        self.refused("--ticket-key", self.put("empty", b""))
        self.refused(*(["--ticket-key", self.path("good")] * 17))
        self.refused("--no-tickets", "--tickets", "3")
        self.refused("--tickets", "9")
        self.refused("--session-life", "604801")

    def test_how_many_tickets(self):
        for count in (0, 1, 8):
            with self.subTest(count):
                server = self.serve("--tickets", str(count))
                done = self.handfast("explain", "--session", f"n{count}", f"localhost:{server.port}",
                                     "--http")
                self.assertEqual(done.out.count("= NewSessionTicket"), count)


if __name__ == "__main__":
    unittest.main()
