"""`handfast serve --explain`: a visitor sees his own connection, this machine sees the list, and nobody
else anything that was not allowed. The clients are Python's ssl (OpenSSL)."""
import http.client
import json
import os
import re
import socket
import ssl
import unittest

from peers import PeerCase


def other_address():
    """An address of this machine that is no loopback address, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # sends nothing
            return s.getsockname()[0]
        except OSError:
            return None


class ServeExplain(PeerCase):
    def connection(self, server, port=None, host="127.0.0.1", **wanted):
        context = ssl.create_default_context(cafile=server.ca)
        context.keylog_filename = wanted.get("keylog")
        c = http.client.HTTPSConnection("localhost", port or server.port, context=context, timeout=20)
        c._create_connection = lambda address, *more: socket.create_connection((host, address[1]), *more[:1])
        self.addCleanup(c.close)
        return c

    def ask(self, c, target, method="GET"):
        c.request(method, target)
        answer = c.getresponse()
        return answer, answer.read()

    def document(self, page):
        found = re.search(rb'<script type="application/json" id="explain-data"[^>]*>(.*?)</script>', page, re.S)
        return json.loads(found[1])

    def door_12(self, server):
        return int(server.wait_for(r"TLS 1\.2 alone: https://[^:]*:(\d+)/")[1])

    def test_the_page_tells_of_the_connection_over_which_it_came(self):
        server = self.serve("--explain")
        keylog = self.path("keys")
        c = self.connection(server, keylog=keylog)
        answer, page = self.ask(c, "/.handfast/")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        told = self.document(page)
        cipher, version, _ = c.sock.cipher()
        self.assertEqual((told["connection"]["cipher_suite"], version), (cipher, "TLSv1.3"))
        self.assertEqual((told["connection"]["role"], told["verdict"]["ok"]), ("server", True))
        hello = next(s for s in told["steps"] if s["kind"] == "message")
        random = next(f for f in hello["fields"] if f["name"] == "random")
        at = 2 * random["offset"]
        with open(keylog) as f:
            logged = {line.split()[1] for line in f if not line.startswith("#")}
        self.assertEqual(logged, {hello["bytes"][at:at + 64]})
        mine = f"127.0.0.1:{c.sock.getsockname()[1]}"
        self.assertEqual(told["connection"]["target"], mine)
        number = re.search(rb'data-connection="(\d+)"', page)[1].decode()
        answer, text = self.ask(c, "/.handfast/recent.json")
        entry = next(e for e in json.loads(text)["connections"] if str(e["id"]) == number)
        self.assertEqual((entry["peer"], entry["version"], entry["verdict"]), (mine, "TLS 1.3", "encrypted"))
        answer, text = self.ask(c, f"/.handfast/connection/{number}.json")
        self.assertEqual(json.loads(text)["connection"]["cipher_suite"], cipher)

    def test_the_second_door_speaks_tls_12_alone(self):
        server = self.serve("--explain")
        c = self.connection(server, port=self.door_12(server))
        told = self.document(self.ask(c, "/.handfast/")[1])
        self.assertEqual(c.sock.version(), "TLSv1.2")
        self.assertEqual(told["connection"]["version"], "TLS 1.2")

    def test_failures_are_in_the_list_with_their_verdict(self):
        server = self.serve("--explain")
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(bytes.fromhex("16030100050100000100"))
            s.recv(100)
        server.wait_for("handshake failed")
        c = self.connection(server)
        _, text = self.ask(c, "/.handfast/recent.json")
        failed = [e for e in json.loads(text)["connections"] if e["state"] == "failed"]
        self.assertEqual(len(failed), 1)
        _, text = self.ask(c, f"/.handfast/connection/{failed[0]['id']}.json")
        error = json.loads(text)["verdict"]["error"]
        self.assertEqual(error["sentence"], failed[0]["verdict"])
        self.assertTrue(error["remedy"])

    def test_only_the_newest_are_kept_and_older_ones_go_on_without(self):
        server = self.serve("--explain")
        first = self.connection(server)
        number = re.search(rb'data-connection="(\d+)"', self.ask(first, "/.handfast/")[1])[1].decode()
        last = None
        for _ in range(40):
            last = self.connection(server)
            self.ask(last, "/")
        _, text = self.ask(last, "/.handfast/recent.json")
        told = json.loads(text)
        self.assertEqual((len(told["connections"]), told["total"]), (told["kept"], 41))
        answer, _ = self.ask(last, f"/.handfast/connection/{number}.json")
        self.assertEqual(answer.status, 404)
        answer, page = self.ask(first, "/.handfast/")  # it lives, but nobody knows of it any more
        self.assertEqual((answer.status, b'data-connection="0"' in page), (200, True))
        self.assertEqual(self.ask(first, "/")[0].status, 200)

    def test_secrets_only_when_the_operator_says_so(self):
        for options, expected in ((("--explain",), "redacted"), (("--explain", "--explain-secrets"), "included")):
            server = self.serve(*options)
            told = self.document(self.ask(self.connection(server), "/.handfast/")[1])
            self.assertEqual(told["secrets"], expected)
            bare = [s for s in told["steps"] if s["kind"] == "secret" and "bytes" in s]
            self.assertEqual(bool(bare), expected == "included")

    def test_without_the_option_there_is_no_such_page(self):
        server = self.serve()
        answer, _ = self.ask(self.connection(server), "/.handfast/")
        self.assertEqual(answer.status, 404)
        self.assertNotIn("TLS 1.2 alone", server.log)

    def test_what_is_no_page_is_refused(self):
        server = self.serve("--explain")
        c = self.connection(server)
        for target, method, status in (("/.handfast", "GET", 301), ("/.handfast/none", "GET", 404),
                                       ("/.handfast/", "HEAD", 200), ("/.handfast/recent.json", "OPTIONS", 405),
                                       ("/.handfast/connection/", "GET", 404), ("/.handfast/connection/0.json", "GET", 404),
                                       ("/.handfast/connection/-1.json", "GET", 404),
                                       ("/.handfast/connection/99999999999999999999.json", "GET", 404),
                                       ("/.handfast/connection/1.json/x", "GET", 404), ("/.handfastx", "GET", 404)):
            with self.subTest(target):
                self.assertEqual(self.ask(c, target, method)[0].status, status)
        answer, _ = self.ask(c, "/.handfast/close")
        self.assertEqual(answer.headers["Connection"], "close")

    def test_close_ends_the_idle_connections_of_that_visitor(self):
        server = self.serve("--explain")
        idle, asking = self.connection(server), self.connection(server)
        self.ask(idle, "/")
        self.assertEqual(self.ask(asking, "/.handfast/close")[1], b"closing\n")
        idle.sock.settimeout(20)
        self.assertEqual(idle.sock.recv(1), b"")
        self.assertEqual(self.ask(self.connection(server), "/")[0].status, 200)

    def test_from_elsewhere_nothing_or_only_the_own_connection(self):
        address = other_address()
        if address is None:
            self.skipTest("this machine has no address but loopback ones")
        for options, page, own in ((("--explain",), 403, 403), (("--explain-anyone",), 200, 200)):
            with self.subTest(options):
                server = self.serve(*options, "--listen", "0.0.0.0:0")
                port = int(re.findall(r"handfast serves .* at https://localhost:(\d+)/", server.wait_for(
                    r"(?s)handfast serves.*handfast serves[^\n]*\n")[0])[1])
                here = self.connection(server)
                other = re.search(rb'data-connection="(\d+)"', self.ask(here, "/.handfast/")[1])[1].decode()
                c = self.connection(server, port=port, host=address)
                answer, text = self.ask(c, "/.handfast/")
                self.assertEqual(answer.status, page)
                mine = re.search(rb'data-connection="(\d+)"', text)
                mine = mine[1].decode() if mine else "2"
                self.assertEqual(self.ask(c, f"/.handfast/connection/{mine}.json")[0].status, own)
                self.assertEqual(self.ask(c, f"/.handfast/connection/{other}.json")[0].status, 403)
                self.assertEqual(self.ask(c, "/.handfast/recent.json")[0].status, 403)


if __name__ == "__main__":
    unittest.main()
