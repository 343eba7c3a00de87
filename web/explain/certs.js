// certs.js: every path that was tried, from the leaf up to an authority of the local store, and each check.
import { h, facts, section } from "./dom.js";

// One timestamp that does not count is told, and decides nothing by itself.
const fails = s => s.code !== 0 && !s.advisory;

function drawCheck(model, s) {
  const bad = fails(s), uncounted = s.code !== 0 && !bad;
  return h(`li.${bad ? "bad" : uncounted ? "aside" : "good"}`, { id: `check-${s.step}`, tabindex: bad ? "-1" : null },
    h("span.mark", { "aria-hidden": "true" }, bad ? "✗" : uncounted ? "–" : "✓"),
    h("div", {}, h("b", {}, s.name), h("span.sr", {}, bad ? " failed" : uncounted ? " does not count" : " passed"), " ",
      h("span.value", {}, s.value || ""), s.limit && h("span.limit", {}, h("span.quiet", {}, " must be "), s.limit), " ",
      h("span.quiet.small", {}, section(s.section)), s.code !== 0 && h("p.small", {}, `result: ${s.result}`)));
}

function drawCertificate(model, index, checks, place, anchor) {
  const c = model.certificates.find(i => i.index === index) || {};
  const bad = checks.some(fails), store = anchor || checks.some(s => s.from_store);
  const body = h("ul.checks", {}, checks.map(s => drawCheck(model, s)));
  return h(`li.certificate${bad ? ".bad" : ""}${store ? ".store" : ""}`, {},
    h("h4", {}, h("span.place", {}, store ? "in the local store" : place === 0 ? "the server's own" : "sent along"),
      c.subject || "a certificate"),
    facts([["issued by", c.issuer], ["names", c.names], ["valid", c.not_before && `${c.not_before} to ${c.not_after}`],
      ["key", c.key && `${c.key}${c.key_bits ? `, ${c.key_bits} bits` : ""}`], ["signed with", c.signature],
      ["serial", c.serial && h("code", {}, c.serial)]]),
    checks.length > 0 && h("details", { open: bad || checks.length < 4 }, h("summary", {},
      bad ? `${checks.filter(fails).length} of ${checks.length} checks failed` : checks.some(s => s.code) ? "no check failed" : `all ${checks.length} checks passed`), body));
}

function drawPath(model, path, checks, count) {
  const depths = [...new Set(checks.map(s => s.depth))].sort((a, b) => a - b);
  const bad = checks.some(fails);
  return h("div.path", {}, count > 1 && h("h3", {}, `Path ${path + 1}`, h(`span.result.${bad ? "bad" : "good"}`, {}, bad ? "refused" : "accepted")),
    h("ol.chain", {}, depths.map(d => {
      const own = checks.filter(s => s.depth === d);
      const with_cert = own.find(s => s.certificate !== undefined);
      return drawCertificate(model, with_cert && with_cert.certificate, own, d);
    })));
}

// The checks of the certificate at `depth` in a candidate; one that it shares with an earlier candidate was
// checked there.
function checksOf(model, path, index, depth) {
  for (let number = path.path; number >= 0; number--) {
    const own = model.checks.filter(s => s.path === number && s.depth === depth && (s.certificate === undefined || s.certificate === index));
    if (own.some(s => s.certificate === index)) return own;
    if (own.length && number === path.path) return own;
  }
  return [];
}

function drawCandidate(model, path, count) {
  const bad = path.code !== 0, last = path.certificates.length - 1;
  const chain = path.certificates.map((index, depth) =>
    drawCertificate(model, index, checksOf(model, path, index, depth), depth, path.anchored && depth === last));
  return h("div.path", {}, (count > 1 || bad) && h("h3", {}, count > 1 ? `Candidate ${path.path + 1}` : "The only way that was found",
    h(`span.result.${bad ? "bad" : "good"}`, {}, bad ? "left" : "taken")),
  bad && h("p.small", {}, path.sentence, path.check ? [" (", h("code", {}, path.check), ")"] : "", "."),
  h("ol.chain", {}, chain, bad && path.check === "issuer" && h("li.certificate.bad.missing", {},
    h("h4", {}, "nobody leads on from here"), h("p.small", {}, "No certificate of this issuer was sent, and none is in the local store."))));
}

function drawUnused(model) {
  const used = new Set(model.paths.flatMap(p => p.certificates));
  const unused = model.certificates.filter(c => c.sent_by_peer && !used.has(c.index));
  return unused.length ? h("div.path", {}, h("h3", {}, "Sent, but on no way that was tried"),
    h("ol.chain.loose", {}, unused.map(c => drawCertificate(model, c.index, [], 1)))) : null;
}

function unchecked(model) {
  return h("ol.chain", {}, model.certificates.map((c, i) => drawCertificate(model, c.index, [], i)));
}

export function drawCertificates(model) {
  if (!model.certificates.length && !model.checks.length) return null;
  const paths = [...new Set(model.checks.map(s => s.path))].sort((a, b) => a - b);
  const failed = model.paths.length ? !model.paths.some(p => p.code === 0) : model.checks.some(fails);
  const intro = paths.length && failed ? "What is wanted is a way from the server's own certificate to one of the local store, each signed by the next."
    : paths.length ? "Each certificate is signed by the one after it; the last one is in the local store, which is why it is trusted."
    : model.connection.role === "server" ? "This side showed these; the client checks them."
      : "These came, and nothing was checked.";
  return h("section", { id: "certificates", "aria-label": "Certificates" }, h("h2", {}, "Certificates"), h("p", {}, intro),
    model.paths.length ? [model.paths.map(p => drawCandidate(model, p, model.paths.length)), drawUnused(model)]
      : paths.length ? paths.map(p => drawPath(model, p, model.checks.filter(s => s.path === p), paths.length)) : unchecked(model));
}
