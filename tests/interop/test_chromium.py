"""Chromium against `handfast serve`: it trusts our authority the way a person would make it (the NSS
database of a fresh home), loads the page, and reports itself what was agreed. Nothing is ignored: without
the authority it must refuse.

Chromium is driven through its DevTools protocol over a pair of pipes: JSON objects, each ended by NUL.
"""
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import unittest

from peers import SLOW, PeerCase, check, environment, find, needs

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--no-proxy-server"]
# Chromium wants its commands at descriptor 3 and writes its answers to 4.
START = ("import os, sys; r, w = int(sys.argv[1]), int(sys.argv[2]); r, w = os.dup(r), os.dup(w); "
         "r, w = [d if d > 4 else os.dup2(d, d + 40) for d in (r, w)]; os.dup2(r, 3); os.dup2(w, 4); "
         "os.execv(sys.argv[3], sys.argv[3:])")


class Browser:
    """A headless Chromium with a home and a profile of its own, and one page."""

    def __init__(self, folder, *flags):
        self.home = os.path.join(folder, "home")
        os.makedirs(os.path.join(self.home, ".pki/nssdb"), exist_ok=True)
        to_r, self.to = os.pipe()
        self.answers, from_w = os.pipe()
        self.errors = open(os.path.join(folder, "chromium.log"), "wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, str(to_r), str(from_w), find("chromium"), *FLAGS, *flags,
             "--remote-debugging-pipe", f"--user-data-dir={folder}/profile", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors, start_new_session=True,
            pass_fds=[to_r, from_w], env=environment(HOME=self.home, XDG_CONFIG_HOME=self.home,
                                                     XDG_CACHE_HOME=self.home, DISPLAY=""))
        os.close(to_r)
        os.close(from_w)
        self.kept, self.events, self.last, self.session = b"", [], 0, None
        try:
            pages = self.call("Target.getTargets")["targetInfos"]
            page = next((p["targetId"] for p in pages if p["type"] == "page"), None) or \
                self.call("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
            self.call("Network.enable", maxPostDataSize=0)
            self.call("Security.enable")
            self.call("Page.enable")
        except BaseException:
            self.stop()
            raise

    def receive(self, until):
        while b"\0" not in self.kept:
            ready, _, _ = select.select([self.answers], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise AssertionError(f"Chromium does not answer; it said {self.said()}")
            data = os.read(self.answers, 1 << 16)
            if not data:
                raise AssertionError(f"Chromium ended; it said {self.said()}")
            self.kept += data
        message, _, self.kept = self.kept.partition(b"\0")
        return json.loads(message)

    def said(self):
        with open(self.errors.name, "rb") as f:
            return f.read()[-2000:].decode("utf-8", "replace")

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + SLOW
        while True:
            answer = self.receive(until)
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def event(self, method, wanted=lambda params: True):
        """The first event of that name, from the last navigation on."""
        until = time.monotonic() + SLOW
        seen = 0
        while True:
            for e in self.events[seen:]:
                if e.get("method") == method and wanted(e["params"]):
                    return e["params"]
            seen = len(self.events)
            self.events.append(self.receive(until))

    def go(self, url):
        self.events = []
        return self.call("Page.navigate", url=url)

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    def stop(self):
        if self.process.poll() is None:
            try:
                self.session = None
                self.call("Browser.close")
                self.process.wait(10)
            except (AssertionError, OSError, subprocess.TimeoutExpired):
                pass
        try:  # whatever of its processes is left, in the session that was made for it
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)
        os.close(self.to)
        os.close(self.answers)
        self.errors.close()


class ChromiumCase(PeerCase):
    def browser(self, trusted=True, *flags):
        home = self.path("home")
        if trusted:
            database = os.path.join(home, ".pki/nssdb")
            os.makedirs(database)
            check("certutil", "-d", f"sql:{database}", "-N", "--empty-password")
            check("certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", "interop", "-i",
                  self.certs.ca)
        browser = Browser(self.dir, *flags)
        self.addCleanup(browser.stop)
        return browser

    def security(self, browser, url):
        """Loads a page; what Chromium says of it and of its connection."""
        browser.go(url)
        response = browser.event("Network.responseReceived",
                                 lambda p: p["response"]["url"] == url)["response"]
        browser.event("Page.loadEventFired")
        return response["securityState"], response["securityDetails"]


@needs("chromium", "certutil")
class Trusted(ChromiumCase):
    def test_the_page_loads_and_chromium_reports_the_hybrid_group(self):
        server = self.serve()
        browser = self.browser()
        state, details = self.security(browser, f"https://localhost:{server.port}/")
        self.assertEqual(state, "secure")
        self.assertEqual(details["protocol"], "TLS 1.3")
        self.assertEqual(details["keyExchangeGroup"], "X25519MLKEM768")
        self.assertEqual(details["cipher"], "AES_128_GCM")
        self.assertEqual(details["issuer"], "Interop Root")
        self.assertEqual(details["serverSignatureAlgorithm"], 0x0403)
        self.assertIn("hello, peer", browser.value("document.documentElement.outerHTML"))
        self.assertTrue(browser.value("isSecureContext"))
        visible = browser.event("Security.visibleSecurityStateChanged", lambda p:
                                p["visibleSecurityState"].get("certificateSecurityState"))
        certificate = visible["visibleSecurityState"]["certificateSecurityState"]
        self.assertEqual((certificate["protocol"], certificate["keyExchangeGroup"], certificate["cipher"]),
                         ("TLS 1.3", "X25519MLKEM768", "AES_128_GCM"))
        for fault in ("obsoleteSslProtocol", "obsoleteSslKeyExchange", "obsoleteSslCipher",
                      "obsoleteSslSignature", "certificateHasWeakSignature"):
            self.assertFalse(certificate[fault], fault)
        server.wait_for(r"TLS 1\.3 TLS_AES_128_GCM_SHA256 X25519MLKEM768")

    def test_every_suite_group_and_certificate_key_that_chromium_has(self):
        cases = [(("--suites", "TLS_AES_256_GCM_SHA384"), "p256", "AES_256_GCM", "X25519MLKEM768"),
                 (("--suites", "TLS_CHACHA20_POLY1305_SHA256"), "p256", "CHACHA20_POLY1305",
                  "X25519MLKEM768"),
                 (("--groups", "X25519"), "p256", "AES_128_GCM", "X25519"),
                 (("--groups", "P-256"), "p256", "AES_128_GCM", "P-256"),  # HelloRetryRequest
                 (("--groups", "P-384"), "p384", "AES_128_GCM", "P-384"),  # HelloRetryRequest
                 ((), "rsa", "AES_128_GCM", "X25519MLKEM768")]
        servers = [self.serve(*options, pair=self.certs.issue("localhost", kind))
                   for options, kind, _, _ in cases]
        browser = self.browser()  # after the servers, so that it ends before them
        for (options, kind, cipher, group), server in zip(cases, servers):
            with self.subTest(options=options, kind=kind):
                state, details = self.security(browser, f"https://localhost:{server.port}/")
                self.assertEqual((state, details["protocol"], details["cipher"],
                                  details["keyExchangeGroup"]), ("secure", "TLS 1.3", cipher, group))

    def test_a_page_moves_data_both_ways(self):
        self.put("root/data.bin", data := os.urandom(8 << 20))
        server = self.serve("--echo")
        browser = self.browser()
        self.security(browser, f"https://localhost:{server.port}/")
        browser.call("Network.disable")  # or every byte of the upload would come here as JSON too
        answer = browser.value("""(async () => {
            const data = await (await fetch('/data.bin')).arrayBuffer();
            const echo = await fetch('/.echo', {method: 'PUT', body: data});
            return [data.byteLength, await echo.text()];
        })()""")
        self.assertEqual(answer, [len(data), f"{hashlib.sha256(data).hexdigest()} {len(data)}\n"])
        many = browser.value("""(async () => (await Promise.all(Array.from({length: 60}, (_, i) =>
            fetch('/?' + i).then(r => r.text())))).filter(t => t.includes('hello, peer')).length)()""")
        self.assertEqual(many, 60)


@needs("chromium", "certutil")
class Refused(ChromiumCase):
    def test_without_the_authority_chromium_refuses(self):
        server = self.serve()
        browser = self.browser(trusted=False)
        result = browser.go(f"https://localhost:{server.port}/")
        self.assertEqual(result.get("errorText"), "net::ERR_CERT_AUTHORITY_INVALID")
        browser.event("Page.loadEventFired")
        self.assertNotIn("hello, peer", browser.value("document.documentElement.outerHTML"))
        self.assertNotIn('"GET /" 200', server.log)

    @needs("openssl")
    def test_a_wrong_name_and_an_expired_certificate_are_refused(self):
        browser = self.browser()
        for pair, error in ((self.certs.issue("other.test"), "net::ERR_CERT_COMMON_NAME_INVALID"),
                            (self.certs.by_openssl("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                                                   start="-20 days", end="-10 days"),
                             "net::ERR_CERT_DATE_INVALID")):
            with self.subTest(error):
                server = self.serve(pair=pair)
                result = browser.go(f"https://localhost:{server.port}/")
                self.assertEqual(result.get("errorText"), error)
                self.assertNotIn('"GET /" 200', server.log)


if __name__ == "__main__":
    unittest.main()
