"""peers.py: what the tests against foreign programs share: certificates, processes, a relay that watches.

Everything is on 127.0.0.1 and ends with its test: a program is started in a session of its own, waited
for by what it prints (never by sleeping) and stopped by its id. A test whose peer is not installed is
skipped by name.
"""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from test_serve import PROGRAM, TIMEOUT, Server

DONE, OTHER, USAGE, NO_CONNECTION, TLS, UNTRUSTED, WRONG_NAME, EXPIRED, LOCAL_FILE, HTTP = range(10)
SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
SLOW = 60  # seconds that one program may take, also when it is built with sanitizers
BUILT = unittest.skipUnless(os.path.exists(PROGRAM), f"skipped: {PROGRAM} is not built")
HELLO_RETRY_RANDOM = bytes.fromhex(
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def find(tool):
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin:/sbin")


def needs(*tools):
    missing = [t for t in tools if find(t) is None]
    return unittest.skipIf(missing, f"skipped: not installed: {', '.join(missing)}")


def environment(**more):
    left_out = ("SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "ALL_PROXY")
    return {**{k: v for k, v in os.environ.items() if k not in left_out}, **more}


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


class Done:
    """What a program left behind."""

    def __init__(self, completed):
        self.status, self.stdout = completed.returncode, completed.stdout
        self.out = completed.stdout.decode("utf-8", "replace")
        self.err = (completed.stderr or b"").decode("utf-8", "replace")
        self.text = self.out + self.err

    def __repr__(self):
        return f"exit status {self.status}\n{self.out[:3000]}\n{self.err[:3000]}"


def run(*arguments, stdin=b"", seconds=SLOW, cwd=None, env=None):
    """Runs a program to its end, which must come within `seconds`."""
    program = find(arguments[0]) or arguments[0]
    return Done(subprocess.run([program, *map(str, arguments[1:])], input=stdin, timeout=seconds, cwd=cwd,
                               env=env or environment(), capture_output=True))


def check(*arguments, **more):
    done = run(*arguments, **more)
    if done.status != 0:
        raise AssertionError(f"{arguments}: {done}")
    return done


class Process:
    """A foreign program that runs beside the test; `log` holds what it printed on both outputs."""

    def __init__(self, *arguments, cwd=None, env=None, pass_fds=()):
        program = find(arguments[0]) or arguments[0]
        self.process = subprocess.Popen([program, *map(str, arguments[1:])], cwd=cwd, pass_fds=pass_fds,
                                        env=env or environment(), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        start_new_session=True)
        self.log = ""
        self.changed = threading.Condition()
        self.ended = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        descriptor = self.process.stdout.fileno()
        while True:
            data = os.read(descriptor, 65536)
            with self.changed:
                self.log += data.decode("utf-8", "replace")
                self.ended = not data
                self.changed.notify_all()
            if not data:
                return

    def wait_for(self, pattern, seconds=TIMEOUT):
        """Waits until the log has the pattern; the program's end without it is a failure at once."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                found = re.search(pattern, self.log)
                if found:
                    return found
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    raise AssertionError(f"no {pattern!r} in what {self.process.args[0]} printed:\n"
                                         f"{self.log}")
                self.changed.wait(left)

    def say(self, data):
        self.process.stdin.write(data if isinstance(data, bytes) else data.encode())
        self.process.stdin.flush()

    def end_input(self):
        self.process.stdin.close()

    def wait(self, seconds=SLOW):
        status = self.process.wait(seconds)
        self.reader.join(TIMEOUT)
        return status

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                try:
                    os.killpg(self.process.pid, number)
                    self.process.wait(5)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    pass
        self.reader.join(5)
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except OSError:
                pass


class Listener:
    """A plain TCP server: each connection is a call of `act(socket)` on a thread of its own."""

    def __init__(self, act):
        self.act = act
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(s,), daemon=True).start()

    def _one(self, s):
        s.settimeout(TIMEOUT)
        try:
            with s:
                self.act(s)
        except OSError:
            pass

    def stop(self):
        self.socket.close()


class Relay(Listener):
    """Carries bytes to another port and keeps them; may cut after so many bytes from the server."""

    def __init__(self, port, cut_after=None):
        self.to, self.cut_after = port, cut_after
        self.from_client, self.from_server = bytearray(), bytearray()
        super().__init__(self._carry)

    def _carry(self, client):
        with socket.create_connection(("127.0.0.1", self.to), TIMEOUT) as server:
            other = threading.Thread(target=self._pump, args=(client, server, self.from_client, None),
                                     daemon=True)
            other.start()
            self._pump(server, client, self.from_server, self.cut_after)
            if self.cut_after is None:
                other.join(TIMEOUT)

    @staticmethod
    def _pump(source, sink, kept, cut_after):
        try:
            while cut_after is None or len(kept) < cut_after:
                data = source.recv(65536 if cut_after is None else cut_after - len(kept))
                if not data:
                    break
                kept += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @staticmethod
    def records(data):
        """The records in `data`, as (type, content) pairs."""
        list_, at = [], 0
        while at + 5 <= len(data):
            type_, _, length = struct.unpack_from("!BHH", data, at)
            list_.append((type_, bytes(data[at + 5:at + 5 + length])))
            at += 5 + length
        return list_

    def retried(self):
        """Whether the server's first message was a HelloRetryRequest (RFC 9846 section 4.2.4)."""
        first = self.records(self.from_server)[0]
        return first[0] == 22 and first[1][6:38] == HELLO_RETRY_RANDOM


class Pair:
    """A certificate chain and its private key, as files."""

    def __init__(self, cert, key):
        self.cert, self.key = cert, key

    def options(self, cert="--cert", key="--key"):
        return [cert, self.cert, key, self.key]


class Certificates:
    """An authority in a folder of its own, and what it issues; each is made once."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="handfast-interop-certs-")
        self.made = {}
        check(PROGRAM, "cert", "ca", "Interop Root", cwd=self.dir)
        self.ca, self.ca_key = self.path("ca.pem"), self.path("ca.key")

    def path(self, name):
        return os.path.join(self.dir, name)

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def issue(self, name="localhost", kind="p256", *options):
        """A certificate made by `handfast cert issue`; a server's also covers 127.0.0.1."""
        key = (name, kind, *options)
        if key not in self.made:
            stem = self.path(f"issued-{len(self.made)}")
            names = [name, "127.0.0.1"] if name == "localhost" else [name]
            check(PROGRAM, "cert", "issue", *names, "--key-type", kind, "--cert", stem + ".pem", "--key",
                  stem + ".key", *options, cwd=self.dir)
            self.made[key] = Pair(stem + ".pem", stem + ".key")
        return self.made[key]

    def client(self, name="alice@example.test", kind="p256"):
        return self.issue(name, kind, "--client")

    def by_openssl(self, *algorithm, name="localhost", start="-1 day", end="+30 days",
                   extensions="extendedKeyUsage=serverAuth"):
        """A certificate made by openssl alone, of any kind of key and any validity, by the same
        authority. `algorithm` are genpkey's arguments."""
        key = (algorithm, name, start, end, extensions)
        if key in self.made:
            return self.made[key]
        stem = self.path(f"openssl-{len(self.made)}")
        check("openssl", "genpkey", *algorithm, "-out", stem + ".key")
        check("openssl", "req", "-new", "-key", stem + ".key", "-subj", f"/CN={name}", "-out",
              stem + ".csr")
        alternative = f"DNS:{name},IP:127.0.0.1" if name == "localhost" else f"DNS:{name}"
        write(stem + ".cnf", f"""
[ca]
default_ca = one
[one]
database = {stem}.db
new_certs_dir = {self.dir}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
subjectAltName = {alternative}
basicConstraints = CA:FALSE
keyUsage = digitalSignature
{extensions}
""")
        write(stem + ".db", "")
        check("openssl", "ca", "-batch", "-notext", "-config", stem + ".cnf", "-cert", self.ca, "-keyfile",
              self.ca_key, "-in", stem + ".csr", "-out", stem + ".pem", "-startdate", utc(start), "-enddate",
              utc(end))
        self.made[key] = Pair(stem + ".pem", stem + ".key")
        return self.made[key]

    def damaged(self, pair):
        """The same certificate with one bit of its signature turned."""
        der, damaged = pair.cert + ".der", pair.cert + ".damaged"
        check("openssl", "x509", "-in", pair.cert, "-outform", "DER", "-out", der)
        data = bytearray(read(der))
        data[-5] ^= 1
        write(der, bytes(data))
        check("openssl", "x509", "-inform", "DER", "-in", der, "-out", damaged)
        return Pair(damaged, pair.key)


def utc(offset):
    number, unit = offset.split()
    seconds = int(number) * {"d": 86400, "h": 3600}[unit[0]]
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))


def on_a_free_port(start):
    """start(port) for a program that cannot take a port of the system's choice; once more where
    another program took the port in between."""
    for last in (False, False, True):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        try:
            return start(port), port
        except AssertionError:
            if last:
                raise


@BUILT
class PeerCase(unittest.TestCase):
    """A test with an authority, a folder, and the programs it starts."""

    @classmethod
    def setUpClass(cls):
        cls.certs = Certificates()
        cls.addClassCleanup(cls.certs.remove)

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="handfast-interop-")
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.root = os.path.join(self.dir, "root")
        os.mkdir(self.root)
        self.put("root/index.html", "<h1>hello, peer</h1>\n")

    def path(self, name):
        return os.path.join(self.dir, name)

    def put(self, name, data):
        return write(self.path(name), data)

    def begin(self, *arguments, **more):
        process = Process(*arguments, **{"cwd": self.dir, **more})
        self.addCleanup(process.stop)
        return process

    # ---- handfast ----

    def serve(self, *options, pair=None):
        """`handfast serve`; that it ends well, with no report of a sanitizer, is part of each test."""
        pair = pair or self.certs.issue()
        return self.serve_bare(*pair.options(), *options)

    def serve_bare(self, *options):
        """The same without a certificate, unless the options have one."""
        server = Server(self.root, *options, local=False)
        server.ca = self.certs.ca

        def stop():
            self.assertEqual(server.stop(), 0, server.log)
            self.assertNotIn("Sanitizer", server.log)
            self.assertNotIn("runtime error", server.log)
        self.addCleanup(stop)
        return server

    def handfast(self, *arguments, expect=DONE, stdin=b"", ca=True, env=None, cwd=None):
        """Runs the program; what it says of a failure has its three parts and no escape codes."""
        trust = ["--cacert", self.certs.ca] if ca and arguments[0] in ("get", "connect", "explain") else []
        done = run(PROGRAM, arguments[0], *trust, *arguments[1:], stdin=stdin, cwd=cwd or self.dir, env=env)
        if expect is not None:
            self.assertEqual(done.status, expect, f"{arguments}: {done}")
        self.assertNotIn("\033", done.err)
        self.assertNotIn("Sanitizer", done.err)
        self.assertNotIn("runtime error", done.err)
        if done.status != DONE:
            self.explained(done)
        return done

    def explained(self, done):
        """An error in three parts: what failed, on what and why, what to do."""
        at = done.err.find("handfast: ")
        self.assertGreaterEqual(at, 0, done)
        lines = done.err[at:].splitlines()
        self.assertRegex(lines[0], r"^handfast: \S", done)
        self.assertTrue(any(re.match(r"  try  +\S", line) for line in lines[1:]), done)
        self.assertLessEqual(len(lines), 8, done)
        self.assertNotRegex(done.err, r"HF_E_|errno|\(null\)|0x[0-9a-f]{6}", done)

    def get(self, *arguments, **more):
        return self.handfast("get", *arguments, **more)

    def agreed(self, done):
        """What `get -v` or `connect -v` says was agreed: version, suite, group, signature scheme."""
        found = re.search(r"\* (TLS [\d.]+), (\S+), (\S+), (\S+)", done.err)
        self.assertIsNotNone(found, done)
        return found.groups()

    # ---- foreign clients ----

    def s_client(self, server, *options, stdin=b"GET / HTTP/1.0\r\n\r\n", name="localhost", port=None,
                 ca=None):
        return run("openssl", "s_client", "-connect", f"127.0.0.1:{port or server.port}", "-servername", name,
                   "-verify_hostname", name, "-CAfile", ca or self.certs.ca, "-verify_return_error",
                   "-ign_eof", *options, stdin=stdin, cwd=self.dir)

    def gnutls_cli(self, server, *options, stdin=b"GET / HTTP/1.0\r\n\r\n", priority="NORMAL", port=None,
                   ca=None):
        return run("gnutls-cli", "-p", port or server.port, "localhost", "--x509cafile", ca or self.certs.ca,
                   "--priority", priority, *options, stdin=stdin, cwd=self.dir)

    def curl(self, server, *options, target="/", ca=None, host="localhost"):
        return run("curl", "-sS", "--noproxy", "*", "--max-time", SLOW, "--cacert", ca or self.certs.ca,
                   *options, f"https://{host}:{server.port}{target}", cwd=self.dir)

    # ---- foreign servers; each returns something with .port and .log ----

    def s_server(self, *options, pair=None):
        pair = pair or self.certs.issue()
        process = self.begin("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pair.cert, "-key",
                             pair.key, "-cert_chain", pair.cert, *options)
        process.port = int(process.wait_for(r"ACCEPT \S+:(\d+)\n")[1])
        return process

    def gnutls_serv(self, *options, pair=None, priority="NORMAL"):
        pair = pair or self.certs.issue()

        def start(port):
            process = self.begin("gnutls-serv", "-p", port, "--x509certfile", pair.cert, "--x509keyfile",
                                 pair.key, "--priority", priority, *options)
            process.wait_for(r"listening on IPv4 \S+ port \d+\.\.\.done")
            return process
        process, process.port = on_a_free_port(start)
        return process

    def nginx(self, settings="", location="", versions="TLSv1.2 TLSv1.3", pair=None):
        """nginx for self.root, with every file of its own in the test's folder. It
        inherits its listening socket, so that a connection waits until nginx is there."""
        pair = pair or self.certs.issue()
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.put("nginx.conf", f"""
daemon off;
worker_processes 1;
{"user root root;" if os.geteuid() == 0 else ""}
pid {self.dir}/nginx.pid;
error_log stderr info;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {self.dir}/body;
    proxy_temp_path {self.dir}/proxy;
    fastcgi_temp_path {self.dir}/fastcgi;
    uwsgi_temp_path {self.dir}/uwsgi;
    scgi_temp_path {self.dir}/scgi;
    client_max_body_size 100m;
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name localhost;
        ssl_certificate {pair.cert};
        ssl_certificate_key {pair.key};
        ssl_protocols {versions};
        {settings}
        location / {{ root {self.root}; {location} }}
    }}
}}
""")
        process = self.begin("nginx", "-e", "stderr", "-p", self.dir, "-c", self.path("nginx.conf"),
                             env=environment(NGINX=f"{listener.fileno()};"), pass_fds=[listener.fileno()])
        listener.close()
        process.port = port
        process.wait_for(r"start worker processes")
        return process

    def node(self, program, *arguments):
        """A program for node that prints "PORT n" once it listens."""
        process = self.begin("node", "-e", program, "--", *arguments)
        process.port = int(process.wait_for(r"PORT (\d+)")[1])
        return process

    def node_server(self, options="", answer="res.end('<h1>hello, peer</h1>\\n')", pair=None):
        pair = pair or self.certs.issue()
        return self.node(f"""
const [cert, key, ca] = process.argv.slice(1).map(f => require('fs').readFileSync(f));
const server = require('https').createServer({{cert, key, {options}}}, (req, res) => {{ {answer} }});
server.on('tlsClientError', e => console.log('tlsClientError', e.code, e.message));
server.on('secureConnection', s => console.log('secure', s.getProtocol(), s.getCipher().standardName,
    s.authorized, JSON.stringify(s.getPeerCertificate().subject || null), s.alpnProtocol));
server.listen(0, '127.0.0.1', () => console.log('PORT ' + server.address().port));
""", pair.cert, pair.key, self.certs.ca)

    # ---- traces ----

    def events(self, path):
        with open(path) as f:
            return [json.loads(line) for line in f]
