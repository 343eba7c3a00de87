"""The explain page in Chromium, driven by playwright-core and looked over by axe-core. Both come from npm
into build/browser (nothing of the build needs them); where they cannot be had, these tests are skipped by
name. Each test makes its connections with `handfast` and gives them to a script beside this file."""
import json
import os
import shutil
import struct
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../interop"))
from peers import PROGRAM, PeerCase, check, environment, find, needs, read  # noqa: E402
import peers  # noqa: E402

SOURCE = os.environ.get("HF_SOURCE", os.path.join(HERE, "../.."))
MODULES = os.path.join(SOURCE, "build/browser")
WHY_NOT = None


def install():
    """Puts the two packages there, once; returns why that could not be."""
    with open(os.path.join(HERE, "package.json")) as f:
        wanted = json.load(f)["dependencies"]
    for name, version in wanted.items():
        try:
            with open(os.path.join(MODULES, "node_modules", name, "package.json")) as f:
                if json.load(f)["version"] != version:
                    break
        except OSError:
            break
    else:
        return None
    os.makedirs(MODULES, exist_ok=True)
    shutil.copy(os.path.join(HERE, "package.json"), MODULES)
    done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"],
                          cwd=MODULES, stdin=subprocess.DEVNULL, capture_output=True, timeout=180)
    return None if done.returncode == 0 else "npm cannot install playwright-core and axe-core"


def setUpModule():
    global WHY_NOT
    missing = [t for t in ("node", "npm", "chromium", "certutil") if find(t) is None]
    try:
        WHY_NOT = f"not installed: {', '.join(missing)}" if missing else install()
    except (OSError, subprocess.TimeoutExpired):
        WHY_NOT = "npm cannot install playwright-core and axe-core"


class PageCase(PeerCase):
    def setUp(self):
        if WHY_NOT:
            self.skipTest(f"skipped: {WHY_NOT}")
        super().setUp()
        self.home = self.path("home")
        database = os.path.join(self.home, ".pki/nssdb")
        os.makedirs(database)
        check("certutil", "-d", f"sql:{database}", "-N", "--empty-password")
        check("certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", "page", "-i", self.certs.ca)

    def script(self, name, *arguments, cases=None):
        done = subprocess.run(["node", os.path.join(HERE, name), *arguments], cwd=self.dir, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=240, env=environment(
                                  HF_NODE_MODULES=MODULES, HF_FOLDER=self.dir, HF_HOME=self.home, HF_CHROMIUM=find("chromium"),
                                  HF_CASES=json.dumps(cases), SSLKEYLOGFILE=self.path("keys"), DISPLAY=""))
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        self.assertEqual(done.returncode, 0, said)
        return said

    def page(self, name, target, *options, **more):
        """Writes NAME.html and NAME.json of two connections to the same place."""
        for kind in ("--html", "--json"):
            out = [kind, f"{name}.html"] if kind == "--html" else [kind]
            done = self.handfast("explain", target, *options, *out, expect=None, **more)
            if kind == "--json":
                self.put(f"{name}.json", done.out)


class Page(PageCase):
    def test_it_shows_what_chromium_says_of_the_same_connection(self):
        server = self.serve("--explain")
        door = int(server.wait_for(r"TLS 1\.2 alone: https://[^:]*:(\d+)/")[1])
        self.script("live.mjs", cases=[[f"https://localhost:{server.port}/.handfast/", "TLS 1.3"],
                                       [f"https://localhost:{door}/.handfast/", "TLS 1.2"]])

    def make_three(self):
        server = self.serve("--explain")
        door = int(server.wait_for(r"TLS 1\.2 alone: https://[^:]*:(\d+)/")[1])
        self.page("good", f"localhost:{server.port}", "--http")
        self.page("tls12", f"localhost:{door}", "--http")
        self.page("wrong-name", f"localhost:{server.port}", "--servername", "other.test")

    def test_pointing_clicking_and_keys_lead_from_bytes_to_fields_and_back(self):
        self.make_three()
        self.script("file.mjs", "pointing")

    def test_two_connections_stand_side_by_side(self):
        self.make_three()
        self.script("file.mjs", "comparing")

    def test_every_candidate_path_is_shown(self):
        self.make_three()
        self.script("file.mjs", "candidates")

    def test_the_modules_work_as_they_lie_in_the_tree(self):
        self.make_three()
        self.root = os.path.join(SOURCE, "web/explain")
        self.script("file.mjs", "modules", f"https://localhost:{self.serve().port}/")

    def test_light_dark_wide_and_narrow_have_no_serious_fault(self):
        self.make_three()
        self.script("file.mjs", "appearances")

    def test_a_megabyte_opens_within_a_second(self):
        self.put("root/index.html", os.urandom(600 << 10))
        server = self.serve()
        self.page("large", f"localhost:{server.port}", "--http")
        print(self.script("large.mjs"), end="")


class Heard(bytearray):
    """The bytes of one side, which a relay adds; `order` has the pieces of both as they came."""

    def __init__(self, side, order):
        super().__init__()
        self.side, self.order = side, order

    def __iadd__(self, data):
        self.order.append((self.side, bytes(data)))
        self.extend(data)
        return self


class Captures(PageCase):
    def listen(self, server):
        relay, order = peers.Relay(server.port), []
        relay.from_client, relay.from_server, relay.order = Heard(0, order), Heard(1, order), order
        self.addCleanup(relay.stop)
        return relay

    def capture(self, name, relay):
        """What a relay carried, as a capture of one connection."""
        out, next_ = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101), [1000, 1000]
        for side, data in relay.order:
            for at in range(0, len(data), 1000):
                piece = data[at:at + 1000]
                tcp = struct.pack("!HHIIHHI", (50000, 443)[side], (443, 50000)[side], next_[side], next_[1 - side],
                                  0x5010, 65535, 0) + piece
                ip = struct.pack("!BBHIBBH4s4s", 0x45, 0, 20 + len(tcp), 0x4000, 64, 6, 0, bytes((192, 0, 2, 1 + side)),
                                 bytes((192, 0, 2, 2 - side)))
                out += struct.pack("<IIII", int(time.time()), 0, len(ip + tcp), len(ip + tcp)) + ip + tcp
                next_[side] += len(piece)
        return self.put(name, out)

    def test_what_is_closed_and_what_a_key_log_opens(self):
        if "without libpcap" in self.handfast("explain", self.put("no.pcap", ""), expect=None, ca=False).err:
            self.skipTest("skipped: handfast was built without libpcap")
        cases, server = [], self.serve()
        for version in ("1.2", "1.3"):
            relay = self.listen(server)
            self.handfast("get", "--max-version", version, "--keylog", self.path("keys"),
                          f"https://localhost:{relay.port}/")
            pcap = self.capture(f"{version}.pcap", relay)
            for name, options in (("closed", ()), ("opened", ("--keylog", self.path("keys"), "--cacert", self.certs.ca))):
                self.handfast("explain", *options, "--html", self.path(f"{name}-{version}.html"), pcap, ca=False)
            cases += [{"file": f"closed-{version}.html", "title": "What is encrypted stayed closed",
                       "rungs": ["ClientHello", "ServerHello", "closed record"] +
                       (["Certificate", "closed handshake"] if version == "1.2" else []),
                       "remark": "no key log was given"},
                      {"file": f"opened-{version}.html", "title": "The handshake came to its end",
                       "rungs": ["ClientHello", "ServerHello", "Certificate", "Finished", "application data"],
                       "remark": "both Finished were computed again"}]
        relay = self.listen(server)
        self.handfast("get", f"https://localhost:{relay.port}/", "--max-version", "1.2", expect=None, ca=False)
        pcap = self.capture("refused.pcap", relay)
        self.handfast("explain", "--html", self.path("refused.html"), pcap, ca=False)
        cases.append({"file": "refused.html", "title": "The handshake failed", "rungs": ["ClientHello", "Alert: unknown_ca"],
                      "remark": "", "verdict": "sent by the client"})
        self.script("captures.mjs", cases=cases)


@needs("openssl")
class Failures(PageCase):
    def cases(self):
        """name, server's options, client's options, the sentence, where it is seen."""
        openssl = lambda **more: self.certs.by_openssl("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", **more)
        good = self.certs.issue()
        return [("expired", {"pair": openssl(start="-20 days", end="-10 days")}, (), "past its validity", "check"),
                ("not-yet", {"pair": openssl(start="+10 days", end="+20 days")}, (), "not valid yet", "check"),
                ("wrong-name", {}, ("--servername", "other.test"), "not valid for this name", "check"),
                ("damaged", {"pair": self.certs.damaged(good)}, (), "signature", "check"),
                ("wrong-purpose", {"pair": openssl(extensions="extendedKeyUsage=clientAuth")}, (), "purpose", "check"),
                ("untrusted", {}, None, "trusts", "check"),
                ("no-version", {"options": ("--max-version", "1.2")}, ("--min-version", "1.3"), "", "alert"),
                ("no-suite", {"options": ("--suites", "TLS_AES_256_GCM_SHA384")}, ("--suites", "TLS_AES_128_GCM_SHA256", "--min-version", "1.3"), "", "alert"),
                ("no-group", {"options": ("--groups", "P-256")}, ("--groups", "X25519", "--min-version", "1.3"), "", "alert")]

    def test_each_opens_at_the_failure(self):
        shown = []
        for name, server, client, sentence, at in self.cases():
            running = self.serve(*server.get("options", ()), pair=server.get("pair"))
            self.page(name, f"localhost:{running.port}", *(client or ()), ca=client is not None)
            error = json.loads(read(self.path(f"{name}.json")))["verdict"]["error"]
            self.assertIn(sentence, error["sentence"])
            shown.append({"file": f"{name}.html", "sentence": error["sentence"], "at": at})
        self.script("failures.mjs", cases=shown)

    def test_a_broken_message_is_shown_at_its_byte(self):
        def answer(s):
            s.recv(4096)
            body = bytes.fromhex("0303") + bytes(32) + bytes([33]) + bytes(33)  # a session ID that is too long
            s.sendall(bytes.fromhex("160303") + (len(body) + 4).to_bytes(2, "big") + b"\x02" + len(body).to_bytes(3, "big") + body)
            s.recv(4096)
        listener = peers.Listener(answer)
        self.addCleanup(listener.stop)
        self.page("broken", f"localhost:{listener.port}")
        error = json.loads(read(self.path("broken.json")))["verdict"]["error"]
        self.assertIn("offset", error)
        self.script("failures.mjs", cases=[{"file": "broken.html", "sentence": error["sentence"], "at": "byte"}])


if __name__ == "__main__":
    unittest.main()
