"""Early data (0-RTT, RFC 8470): `serve --early-data` answers what is safe, tells others to come again, and takes
nothing unless it is told to."""
import unittest

from peers import needs, write
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


if __name__ == "__main__":
    unittest.main()
