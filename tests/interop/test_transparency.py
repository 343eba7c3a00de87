"""Certificate Transparency beside openssl: timestamps made here, in handshakes and in certificates, are
checked by both; and what the program says of them: lists of logs, policies, OCSP responses of files."""
import base64
import hashlib
import json
import struct
import time
import unittest

from peers import DONE, LOCAL_FILE, TLS, UNTRUSTED, USAGE, PeerCase, check, needs, read

LIST_OID = bytes.fromhex("060a2b06010401d679020402")


def der(tag, content):
    n = len(content)
    length = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b"\x82" + struct.pack(">H", n)
    return bytes([tag]) + length + content


def inside(data):
    """The content of the first element, and what follows it."""
    n, at = data[1], 2
    if n & 0x80:
        at += n & 0x7f
        n = int.from_bytes(data[2:at], "big")
    return data[at:at + n], data[at + n:]


def elements(data):
    while data:
        rest = inside(data)[1]
        yield data[:len(data) - len(rest)]
        data = rest


def vec16(data):
    return struct.pack(">H", len(data)) + data


@needs("openssl")
class Transparency(PeerCase):
    def setUp(self):
        super().setUp()
        self.logs = {}
        for name in ("elm", "fir"):
            key, public = self.path(name + ".key"), self.path(name + ".der")
            check("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
            check("openssl", "pkey", "-in", key, "-pubout", "-outform", "DER", "-out", public)
            self.logs[name] = read(public)
        self.write_list()

    def write_list(self, **changes):
        def log(name):
            spki = self.logs[name]
            return {"description": f"the {name} log", "log_id": base64.b64encode(hashlib.sha256(spki).digest()).decode(),
                    "key": base64.b64encode(spki).decode(), "url": "https://ct.invalid/", "mmd": 86400,
                    "state": {"usable": {"timestamp": "2024-01-01T00:00:00Z"}}, **changes.get(name, {})}
        operators = [{"name": f"{name}'s", "email": [], "logs": [log(name)], "tiled_logs": []} for name in self.logs]
        operators[1]["tiled_logs"], operators[1]["logs"] = operators[1]["logs"], []
        self.list = self.put("logs.json", json.dumps({"version": "1.0", "operators": operators}))
        self.conf = self.put("logs.cnf", "enabled_logs = elm, fir\n" + "".join(
            f"[{name}]\ndescription = {name}\nkey = {base64.b64encode(spki).decode()}\n"
            for name, spki in self.logs.items()))

    def sct(self, name, entry, at_ms=None):
        """A SerializedSCT with its length: RFC 6962 section 3.2."""
        at_ms = at_ms or int(time.time() * 1000) - 1000
        message = self.put("message", struct.pack(">BBQ", 0, 0, at_ms) + entry + b"\0\0")
        check("openssl", "dgst", "-sha256", "-sign", self.path(name + ".key"), "-out", self.path("signature"), message)
        log_id = hashlib.sha256(self.logs[name]).digest()
        return vec16(b"\0" + log_id + struct.pack(">Q", at_ms) + b"\0\0\x04\x03" + vec16(read(self.path("signature"))))

    def certificate(self, pair):
        check("openssl", "x509", "-in", pair.cert, "-outform", "DER", "-out", self.path("leaf.der"))
        return read(self.path("leaf.der"))

    def beside(self, pair, *names, at_ms=None):
        leaf = self.certificate(pair)
        entry = b"\0\0" + len(leaf).to_bytes(3, "big") + leaf
        return self.put("scts.bin", vec16(b"".join(self.sct(name, entry, at_ms) for name in names)))

    def embedded(self, pair, *names, first=False):
        """The same certificate with timestamps in it, signed anew by the authority's key."""
        tbs, rest = list(elements(inside(self.certificate(pair))[0]))[:2]
        check("openssl", "x509", "-in", self.certs.ca, "-noout", "-pubkey", "-out", self.path("ca.pub"))
        check("openssl", "pkey", "-pubin", "-in", self.path("ca.pub"), "-pubout", "-outform", "DER", "-out",
              self.path("ca.spki"))
        entry = b"\0\1" + hashlib.sha256(read(self.path("ca.spki"))).digest() + len(tbs).to_bytes(3, "big") + tbs
        value = der(4, vec16(b"".join(self.sct(name, entry) for name in names)))
        extension = der(0x30, LIST_OID + der(4, value))
        parts = list(elements(inside(tbs)[0]))
        listed = inside(inside(parts[-1])[0])[0]
        parts[-1] = der(0xa3, der(0x30, extension + listed if first else listed + extension))
        tbs = der(0x30, b"".join(parts))
        check("openssl", "dgst", "-sha256", "-sign", self.certs.ca_key, "-out", self.path("signature"),
              self.put("tbs", tbs))
        whole = der(0x30, tbs + rest + der(3, b"\0" + read(self.path("signature"))))
        pem = self.path("stamped.pem")
        check("openssl", "x509", "-inform", "DER", "-in", self.put("stamped.der", whole), "-out", pem)
        return type(pair)(pem, pair.key)

    # ---- beside openssl ----

    def test_openssl_finds_the_timestamps_valid_that_serve_sends(self):
        pair = self.certs.issue()
        server = self.serve("--scts", self.beside(pair, "elm", "fir"))
        for version in ("-tls1_3", "-tls1_2"):
            done = self.s_client(server, "-ct", "-ctlogfile", self.conf, version)
            self.assertEqual(done.out.count("SCT validation status: valid"), 2, done)
            flag = "1." + version[-1]
            self.get("--ct-logs", self.list, "--max-version", flag, "--min-version", flag,
                     f"https://localhost:{server.port}/")

    def test_both_find_the_timestamps_valid_that_are_in_the_certificate(self):
        for first in (False, True):
            pair = self.embedded(self.certs.issue("localhost", "p256", "--days", "90"), "elm", "fir", first=first)
            server = self.serve(pair=pair)
            done = self.s_client(server, "-ct", "-ctlogfile", self.conf)
            self.assertEqual(done.out.count("SCT validation status: valid"), 2, done)
            self.get("--ct-logs", self.list, f"https://localhost:{server.port}/")
            done = self.handfast("cert", "verify", pair.cert, "--cacert", self.certs.ca, "--ct-logs", self.list)
            self.assertIn("2 of 2 timestamps count, of 2 logs that 2 operators run", done.out)
            self.assertIn("by the elm log (elm's), in the certificate", done.out)

    # ---- of clients ----

    def test_serve_demands_timestamps_of_its_clients(self):
        client = self.certs.client()
        url = "https://localhost:{}/"
        server = self.serve("--client-ca", self.certs.ca, "--ct-logs", self.list)
        for names, refused in ((("elm", "fir"), False), (("elm",), True), ((), True)):
            with self.subTest(names):
                scts = ["--scts", self.beside(client, *names)] if names else []
                done = self.get("--cert", client.cert, "--key", client.key, *scts, url.format(server.port),
                                expect=TLS if refused else DONE)
                if refused:
                    server.wait_for("too few logs")
                else:
                    self.assertNotEqual(done.out, "")
        report = self.serve("--client-ca", self.certs.ca, "--ct-logs", self.list, "--ct-policy", "report")
        self.get("--cert", client.cert, "--key", client.key, url.format(report.port))

    def test_serve_refuses_demands_on_clients_that_it_does_not_ask(self):
        for option in (["--ct-logs", self.list], ["--revocation", "hard"], ["--profile", "webpki"], ["--ask-ocsp"],
                       ["--crl", self.list]):
            with self.subTest(option):
                done = self.handfast("serve", *option, "--listen", "127.0.0.1:0", expect=USAGE)
                self.assertIn(f"{option[0]} is about certificates of clients", done.err)
                self.assertIn("--client-ca FILE", done.err)

    # ---- the program ----

    def test_a_server_without_enough_is_refused_and_told_why(self):
        pair = self.certs.issue()
        server = self.serve("--scts", self.beside(pair, "elm"))
        url = f"https://localhost:{server.port}/"
        done = self.get("--ct-logs", self.list, url, expect=UNTRUSTED)
        self.assertIn("too few logs of Certificate Transparency", done.err)
        self.get("--ct-logs", self.list, "--ct-policy", "1", url)
        self.get("--ct-logs", self.list, "--ct-policy", "report", url)
        self.handfast("connect", "--ct-logs", self.list, f"localhost:{server.port}", expect=UNTRUSTED)
        done = self.handfast("explain", "--ct-logs", self.list, f"localhost:{server.port}", expect=UNTRUSTED)
        self.assertIn("certificateTransparency", done.out)
        # an unknown log beside a known one: told, and no failure of the connection
        self.put("one.pem", b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(self.logs["fir"])
                 + b"-----END PUBLIC KEY-----\n")
        done = self.handfast("explain", "--json", "--ct-logs", "one.pem", "--ct-policy", "report",
                             f"localhost:{server.port}")
        checks = [s for s in json.loads(done.out)["steps"] if s["kind"] == "check" and s["name"] == "SCT"]
        self.assertEqual([(s["result"], s["advisory"]) for s in checks], [("SCT_UNKNOWN_LOG", True)])
        self.put("it.json", done.out)
        done = self.handfast("explain", "--from", "it.json", ca=False, expect=None)
        done = self.handfast("explain", "--ct-logs", "one.pem", "--ct-policy", "report", f"localhost:{server.port}")
        self.assertIn("not counted", done.out)

    def verify(self, *options, expect=DONE, pair=None):
        pair = pair or self.certs.issue()
        done = self.handfast("cert", "verify", pair.cert, "--cacert", self.certs.ca, "--json", *options, expect=expect)
        return json.loads(done.out)

    def rows(self, report, name="SCT"):
        return [c["result"] for c in report["checks"] if c["check"] == name]

    def test_verify_judges_by_files(self):
        pair = self.certs.issue()
        good = self.beside(pair, "elm", "fir")
        self.assertEqual(self.rows(self.verify("--ct-logs", self.list, "--scts", good)), ["OK", "OK"])
        future = self.put("future.bin", read(self.beside(pair, "elm", "fir", at_ms=int(time.time() + 3600) * 1000)))
        report = self.verify("--ct-logs", self.list, "--scts", future, expect=UNTRUSTED)
        self.assertEqual(self.rows(report), ["SCT_TIME", "SCT_TIME"])
        self.assertEqual(self.rows(report, "certificateTransparency"), ["CT_NOT_ENOUGH"])
        self.assertEqual(report["error"]["name"], "CT_NOT_ENOUGH")
        other = self.beside(self.certs.issue("other.test"), "elm", "fir")
        report = self.verify("--ct-logs", self.list, "--scts", other, expect=UNTRUSTED)
        self.assertEqual(self.rows(report), ["SCT_BAD_SIGNATURE"] * 2)
        self.handfast("cert", "verify", pair.cert, "--scts", pair.cert, expect=LOCAL_FILE)

    def test_what_the_list_says_of_a_log_counts(self):
        pair = self.certs.issue()
        scts = self.beside(pair, "elm", "fir")
        year = {"start_inclusive": "2020-01-01T00:00:00Z", "end_exclusive": "2021-01-01T00:00:00Z"}
        for change, count in (({"state": {"readonly": {"timestamp": "2024-01-01T00:00:00Z"}}}, 2),
                              ({"state": {"qualified": {"timestamp": "2024-01-01T00:00:00Z"}}}, 2),
                              ({"state": {"rejected": {"timestamp": "2024-01-01T00:00:00Z"}}}, 1),
                              ({"state": {"retired": {"timestamp": "2024-01-01T00:00:00Z"}}}, 1),
                              ({"state": {"pending": {"timestamp": "2024-01-01T00:00:00Z"}}}, 1),
                              ({"state": None}, None), ({"temporal_interval": year}, 1)):
            self.write_list(fir=change)
            if count is None:
                self.handfast("cert", "verify", pair.cert, "--ct-logs", self.list, expect=LOCAL_FILE)
                continue
            report = self.verify("--ct-logs", self.list, "--scts", scts, expect=DONE if count == 2 else UNTRUSTED)
            self.assertEqual(self.rows(report).count("OK"), count, change)

    def test_a_log_that_changed_hands_counts_for_who_ran_it_then(self):
        scts = self.beside(self.certs.issue(), "elm", "fir")
        for end, expect in (("2020-01-01T00:00:00Z", DONE), ("2040-01-01T00:00:00Z", UNTRUSTED)):
            self.write_list(fir={"previous_operators": [{"name": "elm's", "end_time": end},
                                                        {"name": "x", "end_time": "2019-01-01T00:00:00Z"}]})
            self.verify("--ct-logs", self.list, "--scts", scts, expect=expect)
        for wrong in ({}, [1], [{"name": "x"}], [{"end_time": "2020-01-01T00:00:00Z"}]):
            self.write_list(fir={"previous_operators": wrong})
            self.handfast("cert", "verify", self.certs.issue().cert, "--ct-logs", self.list, expect=LOCAL_FILE)

    def test_files_that_are_no_list_of_logs_are_refused_in_words(self):
        pair = self.certs.issue()
        for text, words in (("{", "not well-formed"), ("{}", "this is no list of logs"),
                            ('{"operators": []}', "no log that could be used"),
                            ('{"operators": [{"logs": []}]}', "an operator of logs is not understood"),
                            ('{"operators": [{"name": "x", "logs": {}}]}', "logs are not understood"),
                            ('{"operators": [{"name": "x", "logs": [1]}]}', "a log is not understood"),
                            ('{"operators": [{"name": "x", "logs": [{"key": "-"}]}]}', "a log's key"),
                            ('{"operators": [{"name": "x", "logs": [{"key": "AAAA"}]}]}', "a log's id"),
                            ("nothing", "there is no list of logs")):
            done = self.handfast("cert", "verify", pair.cert, "--ct-logs", self.put("bad", text), expect=LOCAL_FILE)
            self.assertIn(words, done.err)
        self.write_list(elm={"log_id": base64.b64encode(b"i" * 32).decode()})
        done = self.handfast("cert", "verify", pair.cert, "--ct-logs", self.list, expect=None)
        self.assertIn("the SHA-256 of the log's public key", done.err)
        self.write_list(elm={"temporal_interval": {"start_inclusive": "yesterday"}})
        self.handfast("cert", "verify", pair.cert, "--ct-logs", self.list, expect=LOCAL_FILE)
        self.write_list()
        for policy in ("", "0", "17", "2/3", "2/", "x", "2x", "-1"):
            self.handfast("cert", "verify", pair.cert, "--ct-logs", self.list, "--ct-policy", policy, expect=USAGE)
        self.handfast("cert", "verify", pair.cert, "--ct-policy", "2", expect=USAGE)

    def test_a_log_with_a_key_of_another_kind_is_passed_over(self):
        check("openssl", "genpkey", "-algorithm", "ED25519", "-out", self.path("ed.key"))
        check("openssl", "pkey", "-in", self.path("ed.key"), "-pubout", "-outform", "DER", "-out", self.path("ed.der"))
        spki = read(self.path("ed.der"))
        self.write_list(elm={"key": base64.b64encode(spki).decode(),
                             "log_id": base64.b64encode(hashlib.sha256(spki).digest()).decode()})
        done = self.handfast("cert", "verify", self.certs.issue().cert, "--cacert", self.certs.ca, "--ct-logs",
                             self.list, "--ct-policy", "report")
        self.assertIn("log the elm log is passed over", done.err)

    def test_show_tells_each_timestamp(self):
        pair = self.embedded(self.certs.issue(), "elm", "fir")
        out = self.handfast("cert", "show", pair.cert).out
        log_id = hashlib.sha256(self.logs["elm"]).digest().hex(":")
        self.assertIn("log " + log_id, out)
        self.assertEqual(out.count("ECDSA with SHA-256"), 2)


@needs("openssl")
class OcspFiles(PeerCase):
    def response(self, pair, flag):
        serial = check("openssl", "x509", "-in", pair.cert, "-noout", "-serial").out.strip().split("=")[1]
        revoked = "251231235959Z" if flag == "R" else ""
        self.put("index.txt", f"{flag}\t491231235959Z\t{revoked}\t{serial}\tunknown\t/CN=localhost\n")
        check("openssl", "ocsp", "-issuer", self.certs.ca, "-cert", pair.cert, "-reqout", self.path("request.der"),
              "-no_nonce")
        check("openssl", "ocsp", "-index", self.path("index.txt"), "-rsigner", self.certs.ca, "-rkey",
              self.certs.ca_key, "-CA", self.certs.ca, "-reqin", self.path("request.der"), "-respout",
              self.path(flag + ".der"), "-ndays", "7")
        return self.path(flag + ".der")

    def test_verify_judges_by_a_response_of_a_file(self):
        pair = self.certs.issue()
        verify = ("cert", "verify", pair.cert, "--cacert", self.certs.ca, "--revocation", "hard-leaf")
        done = self.handfast(*verify, "--ocsp", self.response(pair, "V"))
        self.assertIn("not revoked, says the OCSP response", done.out)
        self.handfast(*verify, expect=UNTRUSTED)
        done = self.handfast(*verify, "--ocsp", self.response(pair, "R"), expect=UNTRUSTED)
        self.assertIn("revoked on 2025-12-31", done.err)
        done = self.handfast(*verify, "--ocsp", pair.cert, expect=LOCAL_FILE)
        self.assertIn("OCSP response", done.err)

    def test_verify_judges_by_what_the_server_staples(self):
        pair = self.certs.issue()
        server = self.serve("--ocsp", self.response(pair, "R"))
        done = self.handfast("cert", "verify", f"localhost:{server.port}", "--cacert", self.certs.ca, expect=UNTRUSTED)
        self.assertIn("revoked on 2025-12-31", done.err)


if __name__ == "__main__":
    unittest.main()
