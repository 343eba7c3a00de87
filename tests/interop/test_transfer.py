"""64 MiB each way with checksums, and many connections at once, between handfast and foreign programs."""
import hashlib
import os
import ssl
import unittest

from peers import PROGRAM, PeerCase, Relay, needs, read, run, write

SIZE = 64 << 20

NODE_DOWNLOAD = """
const [port, ca, file] = process.argv.slice(1);
const fs = require('fs'), hash = require('crypto').createHash('sha256');
const options = {host: '127.0.0.1', servername: 'localhost', port, ca: fs.readFileSync(ca), agent: false};
if (file) {  // up
    const req = require('https').request({...options, method: 'PUT', path: '/.echo',
        headers: {'Content-Length': fs.statSync(file).size}}, res => res.pipe(process.stdout));
    fs.createReadStream(file).pipe(req);
} else {
    let n = 0;
    require('https').get({...options, path: '/big.bin'}, res => {
        res.on('data', d => { hash.update(d); n += d.length; });
        res.on('end', () => console.log(hash.digest('hex'), n));
    });
}
"""

# Opens all connections, and only when all of them are open asks on each: each must be answered.
NODE_MANY = """
const [port, ca, count] = process.argv.slice(1), tls = require('tls');
const cert = require('fs').readFileSync(ca), open = [];
let good = 0, bad = 0;
function ended() { if (good + bad == count) { console.log('good', good, 'bad', bad); process.exit(0); } }
for (let i = 0; i < count; i++) {
    const s = tls.connect({host: '127.0.0.1', servername: 'localhost', port, ca: cert}, () => {
        open.push(s);
        if (open.length == count)
            for (const c of open)
                c.write('GET /some.bin HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n');
    });
    let n = 0;
    s.on('data', d => n += d.length);
    s.on('end', () => { n > 100000 ? good++ : bad++; ended(); });
    s.on('error', e => { console.log(e.message); bad++; ended(); });
}
"""


class TransferCase(PeerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        block = os.urandom(1 << 20)
        data = b"".join(i.to_bytes(8, "big") + block[8:] for i in range(SIZE >> 20))  # no two MiB alike
        cls.big = write(cls.certs.path("big.bin"), data)
        cls.digest = hashlib.sha256(data).hexdigest()

    def setUp(self):
        super().setUp()
        os.link(self.big, self.path("root/big.bin"))

    def digest_of(self, name):
        return hashlib.sha256(read(self.path(name))).hexdigest()


class Serve(TransferCase):
    @needs("curl")
    def test_curl_down_and_up(self):
        for suite in ("TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"):
            with self.subTest(suite):
                server = self.serve("--echo", "--suites", suite)
                done = self.curl(server, "--fail", "-o", "down.bin", target="/big.bin")
                self.assertEqual(done.status, 0, done)
                self.assertEqual(self.digest_of("down.bin"), self.digest)
                for more in ((), ("-H", "Transfer-Encoding: chunked")):
                    done = self.curl(server, "--fail", "-T", self.big, *more, target="/.echo")
                    self.assertEqual((done.status, done.out), (0, f"{self.digest} {SIZE}\n"), done)

    @needs("node")
    def test_node_down_and_up(self):
        server = self.serve("--echo")
        for more in ((), (self.big,)):
            done = run("node", "-e", NODE_DOWNLOAD, "--", server.port, self.certs.ca, *more)
            self.assertEqual(done.out, f"{self.digest} {SIZE}\n", done)

    @needs("openssl")
    def test_s_client_down(self):
        done = self.s_client(self.serve(), "-quiet", stdin=b"GET /big.bin HTTP/1.0\r\n\r\n")
        body = done.stdout.partition(b"\r\n\r\n")[2]
        self.assertEqual((hashlib.sha256(body).hexdigest(), len(body)), (self.digest, SIZE), done.err[:500])

    @needs("gnutls-cli")
    def test_gnutls_cli_up(self):
        data = read(self.big)[:16 << 20]
        head = ("PUT /.echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                f"Content-Length: {len(data)}\r\n\r\n")
        done = self.gnutls_cli(self.serve("--echo"), stdin=head.encode() + data)
        self.assertIn(f"{hashlib.sha256(data).hexdigest()} {len(data)}\n", done.out)

    @needs("curl")
    def test_curl_with_ten_transfers_side_by_side(self):
        self.put("root/some.bin", os.urandom(3_000_000))
        server = self.serve("--threads", "2")
        url = f"https://localhost:{server.port}/some.bin?"
        done = self.curl(server, "-Z", "--parallel-max", "10", "--parallel-immediate", "--fail",
                         *[word for i in range(10) for word in ("-o", f"copy{i}", f"{url}{i}")], "-o",
                         "last")
        self.assertEqual(done.status, 0, done)
        self.assertEqual({self.digest_of(f"copy{i}") for i in range(10)}, {self.digest_of("root/some.bin")})

    @needs("node")
    def test_200_connections_at_once(self):
        self.put("root/some.bin", os.urandom(100_000))
        for threads in ("0", "2"):
            with self.subTest(threads=threads):
                server = self.serve("--threads", threads, "--handshake-timeout", "60")
                done = run("node", "-e", NODE_MANY, "--", server.port, self.certs.ca, 200)
                self.assertEqual(done.out, "good 200 bad 0\n")

    def test_200_connections_of_python(self):
        server = self.serve("--handshake-timeout", "60")
        context = ssl.create_default_context(cafile=self.certs.ca)
        open_ = []
        for _ in range(200):
            open_.append(server.connect(context))
            self.addCleanup(open_[-1].close)
        for s in open_:
            s.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for s in open_:
            self.assertTrue(s.recv(1000).startswith(b"HTTP/1.1 200 "))


class Get(TransferCase):
    def both(self, server, uploaded):
        """64 MiB down and up; uploaded(output) -> the digest of what the peer says it has."""
        url = f"https://localhost:{server.port}"
        self.get("--fail", "-o", "down.bin", url + "/big.bin")
        self.assertEqual(self.digest_of("down.bin"), self.digest)
        done = self.get("--fail", "-X", "PUT", "-d", "@" + self.big, url + "/up.bin")
        self.assertEqual(uploaded(done.out.strip()), self.digest)

    @needs("nginx")
    def test_nginx_down_and_up(self):
        server = self.nginx(location="dav_methods PUT;")
        self.both(server, lambda _: self.digest_of("root/up.bin"))

    @needs("node")
    def test_node_down_and_up(self):
        server = self.node_server(answer=f"""
            if (req.method != 'PUT') return require('fs').createReadStream('{self.big}').pipe(res);
            const hash = require('crypto').createHash('sha256');
            req.on('data', d => hash.update(d));
            req.on('end', () => res.end(hash.digest('hex')));""")
        self.both(server, lambda out: out)

    @needs("openssl")
    def test_s_server_down(self):
        server = self.s_server("-WWW")
        os.link(self.big, self.path("big.bin"))
        done = self.get(f"https://localhost:{server.port}/big.bin")
        self.assertEqual(hashlib.sha256(done.stdout).hexdigest(), self.digest)

    @needs("gnutls-serv")
    def test_connect_through_the_echo_of_gnutls(self):
        server = self.gnutls_serv("--echo")
        client = self.begin(PROGRAM, "connect", "--cacert", self.certs.ca, f"localhost:{server.port}")
        lines = b"".join(b"%08d %s\n" % (i, b"x" * 60) for i in range(3000))
        client.say(lines)
        client.wait_for("00002999 x{60}\n")
        client.end_input()
        self.assertEqual(client.wait(), 0)
        self.assertEqual(client.log.encode(), lines)


class Record(TransferCase):
    @needs("gnutls-cli")
    def test_a_record_size_limit_of_the_client_is_kept(self):
        """RFC 8449: no record's content, its type byte included, is longer than the client said."""
        server = self.serve()
        relay = Relay(server.port)
        self.addCleanup(relay.stop)
        self.put("root/some.bin", data := os.urandom(100_000))
        done = self.gnutls_cli(relay, "--recordsize", "1024", stdin=b"GET /some.bin HTTP/1.0\r\n\r\n")
        self.assertIn(data[-1000:], done.stdout)
        longest = max(len(content) for type_, content in relay.records(relay.from_server) if type_ == 23)
        self.assertLessEqual(longest, 1024 + 1 + 16)
        self.assertGreater(longest, 1000)


if __name__ == "__main__":
    unittest.main()
