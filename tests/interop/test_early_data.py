"""Early data (0-RTT, RFC 8470): `serve --early-data` answers what is safe, tells others to come again, and takes
nothing unless it is told to."""
import re
import unittest

from peers import USAGE, needs, write
from test_matrix import PAGE
from test_resumption import ResumptionCase

GET = b"GET / HTTP/1.0\r\n\r\n"
TAKEN = "Early data was accepted"


class Serve(ResumptionCase):
    def early(self, server, request, stdin=b""):
        """openssl s_client's second connection, with `request` in its first flight and `stdin` behind it."""
        kept = self.path("openssl.session")
        self.assertIn(PAGE, self.s_client(server, "-tls1_3", "-sess_out", kept).out)
        write(self.path("request"), request)
        return self.s_client(server, "-tls1_3", "-sess_in", kept, "-early_data", self.path("request"), stdin=stdin)

    @needs("openssl")
    def test_a_get_is_answered(self):
        server = self.serve("--early-data", "4096")
        done = self.early(server, GET)
        self.assertIn(TAKEN, done.out, done)
        self.assertIn(PAGE, done.out, done)
        server.wait_for(r'"GET /" 200 .* resumed early')

    @needs("openssl")
    def test_none_is_taken_by_default(self):
        server = self.serve()
        done = self.early(server, GET, stdin=GET)
        self.assertNotIn(TAKEN, done.out, done)
        self.assertIn(PAGE, done.out, done)
        self.assertNotIn(" early", server.log)

    @needs("openssl")
    def test_what_is_not_safe_comes_too_early(self):
        server = self.serve("--early-data", "4096", "--echo")
        done = self.early(server, b"POST /.echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi")
        self.assertIn(TAKEN, done.out, done)
        self.assertIn("HTTP/1.1 425 Too Early", done.out, done)
        self.assertNotIn("200 OK", done.out)
        server.wait_for(r'"POST /.echo" 425')

    @needs("openssl")
    def test_what_shows_the_connection_comes_too_early(self):
        server = self.serve("--early-data", "4096", "--explain")
        done = self.early(server, b"GET /.handfast/ HTTP/1.0\r\n\r\n")
        self.assertIn("HTTP/1.1 425 Too Early", done.out, done)

    @needs("openssl")
    def test_a_proxy_says_that_a_request_came_early(self):
        server = self.serve("--echo")
        post = "POST /.echo HTTP/1.1\r\nHost: localhost\r\n%sConnection: close\r\nContent-Length: 2\r\n\r\nhi"
        for field, status in (("", 200), ("Early-Data: 1\r\n", 425), ("early-data: 1\r\nEarly-Data: 1\r\n", 425)):
            with self.subTest(field):
                done = self.s_client(server, stdin=(post % field).encode())
                self.assertIn(f"HTTP/1.1 {status} ", done.out, done)
        done = self.s_client(server, stdin=b"GET / HTTP/1.0\r\nEarly-Data: 1\r\n\r\n")
        self.assertIn(PAGE, done.out, done)

    @needs("gnutls-cli")
    def test_gnutls_client(self):
        server = self.serve("--early-data", "4096")
        write(self.path("request"), GET)
        done = self.gnutls_cli(server, "--resume", "--waitresumption", "--earlydata", self.path("request"),
                               priority="NORMAL:-VERS-ALL:+VERS-TLS1.3")
        self.assertIn("*** This is a resumed session", done.out, done)
        server.wait_for(r'"GET /" 200 .* resumed early')


class Get(ResumptionCase):
    def twice_early(self, server, *options, target="/"):
        """Two runs of `get --early-data`: the first has no session yet."""
        command = ("-v", "--session", "s", "--early-data", *options, self.url(server).rstrip("/") + target)
        first = self.get(*command)
        self.assertIn("no session at hand allows any", first.err)
        return self.get(*command)

    def test_the_request_goes_with_the_first_flight(self):
        server = self.serve("--early-data", "4096")
        for done in (self.twice_early(server),
                     self.get("-v", "-I", "--session", "s", "--early-data", self.url(server))):
            self.assertEqual(done.status, 0, done)
            self.assertRegex(done.err, r"early data: \d+ bytes went with the first flight")
        self.assertEqual(len(re.findall(r"200 .* resumed early", server.log)), 2, server.log)

    def test_too_early_is_asked_again(self):
        server = self.serve("--early-data", "4096", "--explain")
        done = self.twice_early(server, target="/.handfast/")
        self.assertEqual(done.status, 0, done)
        self.assertIn("425 Too Early: the request is sent again", done.err)
        self.assertIn("<html", done.out)
        server.wait_for(r'"GET /.handfast/" 425')

    def test_what_is_not_taken_is_sent_again(self):
        server = self.serve("--early-data", "4096", "--groups", "P-256")  # a retry leaves early data behind
        done = self.twice_early(server)
        self.assertEqual(done.status, 0, done)
        self.assertIn("the server did not take it; the request is sent again", done.err)
        self.assertIn(PAGE, done.out)
        self.assertNotIn(" early", server.log)

    def test_a_server_that_allows_none(self):
        self.assertIn("no session at hand allows any", self.twice_early(self.serve()).err)

    @needs("nginx")
    def test_nginx(self):
        server = self.nginx("ssl_early_data on; ssl_session_tickets on;")
        done = self.twice_early(server)
        self.assertRegex(done.err, r"early data: \d+ bytes went with the first flight")
        self.assertIn(PAGE, done.out)

    def test_only_for_what_may_be_repeated(self):
        for options in (("-d", "x"), ("-X", "POST"), ("-X", "DELETE")):
            done = self.get("--early-data", "--session", "s", *options, "https://localhost:1/", expect=USAGE)
            self.assertIn("--early-data is for GET and HEAD without data", done.err)
        done = self.get("--early-data", "https://localhost:1/", expect=USAGE)
        self.assertIn("--session FILE", done.err)


if __name__ == "__main__":
    unittest.main()
