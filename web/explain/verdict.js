// verdict.js: what came of it, first of all; and when it failed: where, why, and what mends it.
import { h, facts, breakable, section, duration, size, plural, hexByte, hexText } from "./dom.js";
import { isClosed, messageBytes, speaker, times } from "./model.js";

export function verdictLine(model) {
  const c = model.connection;
  if (model.error) return { mark: "✗", kind: "bad", title: "The handshake failed", text: model.error.sentence };
  if (!model.verdict.ok && c.observed && model.records.some(isClosed))
    return { mark: "…", kind: "open", title: "What is encrypted stayed closed",
      text: "The rest is as anybody on the way sees it." };
  if (!model.verdict.ok)
    return { mark: "…", kind: "open", title: "The handshake did not come to its end", text: "" };
  if (c.insecure)
    return { mark: "!", kind: "open", title: "Encrypted, but nobody knows with whom",
      text: "the certificate was not checked" };
  if (c.observed)
    return { mark: "✓", kind: "good", title: "The handshake came to its end: both sides hold the same keys", text: "" };
  if (c.role === "client" && c.host)
    return { mark: "✓", kind: "good", title: `Encrypted, and the server proved that it is ${c.host}`, text: "" };
  return { mark: "✓", kind: "good", title: "Encrypted: both sides hold the same keys, and nobody else does", text: "" };
}

function timeBar(model) {
  const t = times(model);
  if (!t.total) return null;
  const share = 100 * t.computing / t.total;
  const bar = h("div.timebar", { role: "img",
    "aria-label": `${duration(t.total)}: ${duration(t.computing)} of it computing, ${duration(t.waiting)} on the wire and waiting` },
  h("span.computing"), h("span.waiting"));
  bar.firstChild.style.flexGrow = String(share);
  bar.lastChild.style.flexGrow = String(100 - share);
  return h("div.times", {}, bar, h("p.small", {},
    h("span.key.computing"), ` computing ${duration(t.computing)}  `,
    h("span.key.waiting"), ` on the wire and waiting ${duration(t.waiting)}`));
}

export function drawVerdict(model) {
  const c = model.connection, line = verdictLine(model);
  const resumed = c.resumed ?? model.choices.some(s => s.what === "resumption");
  return h(`section.verdict.${line.kind}`, { id: "verdict", "aria-label": "Verdict" },
    h("div.headline", {}, h("span.mark", { "aria-hidden": "true" }, line.mark),
      h("div", {}, h("h1", {}, line.title), line.text && h("p.lead", {}, line.text),
        h("p.small", {}, [c.target || c.host, c.started].filter(Boolean).join(" · ")))),
    facts([["version", c.version], ["cipher suite", c.cipher_suite && breakable(c.cipher_suite)], ["keys by", c.group],
      ["proof by", breakable(c.peer_signature_scheme || c.own_signature_scheme || "")], ["inside", c.alpn],
      ["kind", resumed ? "resumed" : ""],
      ["round trips", c.round_trips === undefined ? "" : String(c.round_trips) + (c.hello_retry ? " (HelloRetryRequest)" : "")],
      ["sent", size(c.bytes_sent || 0)], ["received", size(c.bytes_received || 0)],
      ["AES by", c.aead_from]], "dl.facts.chips"),
    model.connection.observed ? null : timeBar(model), remarks(model), leftOut(model), secretsNote(model));
}

function remarks(model) {
  const notes = (model.doc.notes || []).filter(t => typeof t === "string");
  return notes.length ? h("ul.small", { "aria-label": "Remarks" }, notes.map(t => h("li", {}, t))) : null;
}

function leftOut(model) {
  const l = model.doc.left_out || {};
  if (!l.events && !l.bytes) return null;
  return h("p.note", {}, `Not everything is here: ${plural(l.events || 0, "event")} and ${size(l.bytes || 0)} did not fit `,
    l.out_of_memory ? "because memory ran out." : "into the recorder's limit.");
}

function secretsNote(model) {
  return model.doc.secrets === "included"
    ? h("p.note.warn", {}, h("b", {}, "This page holds the connection's secrets. "),
      "Whoever has it can read what was sent.") : null;
}

// The bytes around the failure, three lines at most.
function excerpt(model, app) {
  const e = model.error, m = model.failed;
  if (!m || e.offset === undefined || !m.bytes || m.name !== e.message) return null;
  const bytes = messageBytes(m);
  if (e.offset > bytes.length) return null;
  const leaf = (m.fields || []).filter(f => f.length && f.form !== "open" && f.offset <= e.offset && e.offset < f.offset + f.length).pop();
  const from = leaf ? leaf.offset : e.offset, n = leaf ? Math.min(leaf.length, 48) : 1;
  const start = Math.max(0, from - 12), end = Math.min(bytes.length, from + n + 12);
  return h("div.excerpt", {}, h("p.small", {}, `byte ${e.offset} of ${m.name}${leaf ? `, in ${leaf.name}` : ""}`),
    h("code.hexline", { "aria-label": "the bytes around the failure" },
      start > 0 ? "… " : "", hexText(bytes.subarray(start, from), " "), " ",
      h("mark", {}, Array.from(bytes.subarray(from, from + n), hexByte).join(" ") || "(the message ends here)"), " ",
      hexText(bytes.subarray(from + n, end), " "), end < bytes.length ? " …" : ""),
    h("p", {}, h("button", { type: "button", onclick: () => app.show({ step: m.step, offset: e.offset, focus: true }) },
      "Show this byte among its fields")));
}

export function drawFailure(model, app) {
  const e = model.error;
  if (!e) return null;
  const bad = model.checks.find(s => s.code && !s.advisory), { causes, command } = model.verdict;
  const where = [e.message || (e.alert_direction === "received" ? `an alert from the ${model.client === "sent" ? "server" : "client"}` : ""), model.failed ? `from the ${speaker(model, model.failed)}` : ""].filter(Boolean).join(" ");
  return h("section.failure", { id: "failure", "aria-label": "What failed" },
    h("h2", {}, "What failed"),
    facts([["where", [where, model.verdict.t_us !== undefined ? ` after ${duration(model.verdict.t_us)}` : ""]],
      ["field", e.field && h("code", {}, e.field)], ["on", e.subject], ["expected", e.expected && h("b.expected", {}, e.expected)],
      ["got", e.got && h("b.got", {}, e.got)],
      ["clock", bad && /validity/.test(bad.name) ? bad.limit : ""],
      ["alert", e.alert && `${e.alert} (${e.alert_number}), ${model.connection.observed ? `sent by the ${e.alert_direction === "sent" ? "client" : "server"}`
        : e.alert_direction === "sent" ? "sent to the peer" : "received from the peer"}`],
      ["rule", e.section && section(e.section)]]),
    excerpt(model, app),
    bad && h("p", {}, h("button", { type: "button", onclick: () => app.go("certificates", `check-${bad.step}`) },
      `Show the check that failed: ${bad.name}`)),
    causes && causes.length ? [h("h3", {}, "Likely causes"), h("ul", {}, causes.map(t => h("li", {}, t)))] : null,
    h("h3", {}, "What mends it"), h("p", {}, e.remedy), command && h("pre.command", { tabindex: "0" }, command));
}
