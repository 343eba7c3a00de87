// certs.js: every path that was tried, from the leaf up to an authority of the local store, and each check.
import { h, facts, section } from "./dom.js";

function drawCheck(model, s) {
  const bad = s.code !== 0;
  return h(`li.${bad ? "bad" : "good"}`, { id: `check-${s.step}`, tabindex: bad ? "-1" : null },
    h("span.mark", { "aria-hidden": "true" }, bad ? "✗" : "✓"),
    h("div", {}, h("b", {}, s.name), h("span.sr", {}, bad ? " failed" : " passed"), " ",
      h("span.value", {}, s.value || ""), s.limit && h("span.limit", {}, h("span.quiet", {}, " must be "), s.limit), " ",
      h("span.quiet.small", {}, section(s.section)), bad && h("p.small", {}, `result: ${s.result}`)));
}

function drawCertificate(model, index, checks, place) {
  const c = model.certificates.find(i => i.index === index) || {};
  const bad = checks.some(s => s.code), store = checks.some(s => s.from_store);
  const body = h("ul.checks", {}, checks.map(s => drawCheck(model, s)));
  return h(`li.certificate${bad ? ".bad" : ""}${store ? ".store" : ""}`, {},
    h("h4", {}, h("span.place", {}, store ? "in the local store" : place === 0 ? "the server's own" : "sent along"),
      c.subject || "a certificate"),
    facts([["issued by", c.issuer], ["names", c.names], ["valid", c.not_before && `${c.not_before} to ${c.not_after}`],
      ["key", c.key && `${c.key}${c.key_bits ? `, ${c.key_bits} bits` : ""}`], ["signed with", c.signature],
      ["serial", c.serial && h("code", {}, c.serial)]]),
    h("details", { open: bad || checks.length < 4 }, h("summary", {},
      bad ? `${checks.filter(s => s.code).length} of ${checks.length} checks failed` : `all ${checks.length} checks passed`), body));
}

function drawPath(model, path, checks, count) {
  const depths = [...new Set(checks.map(s => s.depth))].sort((a, b) => a - b);
  const bad = checks.some(s => s.code);
  return h("div.path", {}, count > 1 && h("h3", {}, `Path ${path + 1}`, h(`span.result.${bad ? "bad" : "good"}`, {}, bad ? "refused" : "accepted")),
    h("ol.chain", {}, depths.map(d => {
      const own = checks.filter(s => s.depth === d);
      const with_cert = own.find(s => s.certificate !== undefined);
      return drawCertificate(model, with_cert && with_cert.certificate, own, d);
    })));
}

function unchecked(model) {
  return h("ol.chain", {}, model.certificates.map((c, i) => drawCertificate(model, c.index, [], i)));
}

export function drawCertificates(model) {
  if (!model.certificates.length && !model.checks.length) return null;
  const paths = [...new Set(model.checks.map(s => s.path))].sort((a, b) => a - b);
  const intro = paths.length ? "Each certificate is signed by the one after it; the last one is in the local store, which is why it is trusted."
    : model.connection.role === "server" ? "This side showed these; the client checks them."
      : "These came, and nothing was checked.";
  return h("section", { id: "certificates", "aria-label": "Certificates" }, h("h2", {}, "Certificates"), h("p", {}, intro),
    paths.length ? paths.map(p => drawPath(model, p, model.checks.filter(s => s.path === p), paths.length)) : unchecked(model));
}
