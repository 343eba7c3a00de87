// diff.js: two connections side by side: what was agreed, message by message, field by field.
import { h, size, duration, number, hexText } from "./dom.js";
import { fieldTree, leaves, messageBytes, speaker, times } from "./model.js";

// What differs between any two connections, whatever they agreed on.
const ALWAYS = /^(random|legacy_session_id(_echo)?|session_id|key_exchange|verify_data|signature|ticket(_nonce|_age_add)?|pubkey|public|cookie|identity|binder.*|obfuscated_ticket_age)$/;

function valueText(leaf, bytes) {
  if (leaf.meaning) return leaf.meaning;
  if (leaf.value !== undefined) return number(leaf.value);
  const own = bytes.subarray(leaf.offset, leaf.offset + leaf.length);
  if (own.length > 1 && own.every(b => b >= 0x20 && b < 0x7f)) return `“${new TextDecoder().decode(own.subarray(0, 60))}”`;
  return `${hexText(own.subarray(0, 8), " ")}${own.length > 8 ? ` … (${number(own.length)} bytes)` : ""}`;
}

// Leaves by their path; the second of the same name under one parent is "name 2", and so on. An
// extension is named by its type, so that a different order is not a different content.
function flat(message) {
  const out = new Map(), bytes = messageBytes(message);
  const walk = (nodes, path) => {
    const seen = new Map();
    for (const n of nodes) {
      const type = n.children.find(c => c.meaning && /type$/.test(c.name));
      let name = type ? `${n.name} ${type.meaning}` : n.name;
      const count = (seen.get(name) || 0) + 1;
      seen.set(name, count);
      if (count > 1) name += ` ${count}`;
      if (n.children.length) walk(n.children, [...path, name]);
      else if (n.form !== "length") out.set([...path, name].join(" › "), { leaf: n, text: valueText(n, bytes), whole: hexText(bytes.subarray(n.offset, n.offset + n.length)) });
    }
  };
  walk(fieldTree(message), []);
  return out;
}

export function fieldDifferences(a, b) {
  const left = flat(a), right = flat(b), out = [];
  for (const [path, l] of left) {
    const r = right.get(path);
    if (r && (r.whole === l.whole)) continue;
    out.push({ path, left: l.text, right: r && r.text, always: !!r && ALWAYS.test(l.leaf.name) });
  }
  for (const [path, r] of right) if (!left.has(path)) out.push({ path, right: r.text });
  return out;
}

// The longest sequence that both have, by who says what.
export function align(a, b) {
  const key = (m, r) => `${speaker(m, r)} ${r.kind} ${r.name}`;
  const left = a.rungs.slice(0, 200), right = b.rungs.slice(0, 200);
  const best = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      best[i][j] = key(a, left[i]) === key(b, right[j]) ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
  const rows = [];
  let i = 0, j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && key(a, left[i]) === key(b, right[j])) rows.push([left[i++], right[j++]]);
    else if (j >= right.length || (i < left.length && best[i + 1][j] >= best[i][j + 1])) rows.push([left[i++], null]);
    else rows.push([null, right[j++]]);
  }
  return rows;
}

function factRows(a, b) {
  const facts = m => {
    const c = m.connection, t = times(m);
    return { verdict: m.error ? m.error.sentence : m.verdict.ok ? "encrypted" : "not finished", "where it failed": m.error && m.error.message,
      expected: m.error && m.error.expected, got: m.error && m.error.got, version: c.version, "cipher suite": c.cipher_suite, group: c.group,
      "signature scheme": c.peer_signature_scheme || c.own_signature_scheme, ALPN: c.alpn, "round trips": c.round_trips === undefined ? "" : String(c.round_trips),
      resumed: c.resumed ? "yes" : "no", HelloRetryRequest: c.hello_retry ? "yes" : "no", sent: size(c.bytes_sent || 0), received: size(c.bytes_received || 0),
      "certificates shown": String(m.certificates.filter(x => !x.from_store).length), time: duration(t.total) };
  };
  const left = facts(a), right = facts(b);
  return Object.keys(left).map(what => ({ what, left: left[what] || "", right: right[what] || "", measured: what === "time" }))
    .filter(r => r.left || r.right);
}

function mark(same, quiet) {
  return h(`td.mark${same || quiet ? "" : ".differs"}`, {}, same ? "=" : quiet ? "≈" : "≠",
    h("span.sr", {}, same ? " the same" : quiet ? " differs every time" : " differs"));
}

function drawFacts(rows) {
  return h("table.compare", {}, h("thead", {}, h("tr", {}, ["what", "A", "", "B"].map(t => t ? h("th", { scope: "col" }, t) : h("td", {})))),
    h("tbody", {}, rows.map(r => h(`tr${r.left === r.right || r.measured ? "" : ".differs"}`, {}, h("th", { scope: "row" }, r.what),
      h("td", {}, r.left || h("span.quiet", {}, "none")), mark(r.left === r.right, r.measured), h("td", {}, r.right || h("span.quiet", {}, "none"))))));
}

function side(app, index, model, rung) {
  if (!rung) return h("td.none", {}, h("span.quiet", {}, "not here"));
  return h(`td.${speaker(model, rung)}`, {}, h("button.link", { type: "button", onclick: () => app.show({ model: index, step: rung.step, focus: true }) },
    rung.kind === "alert" ? `Alert: ${rung.name}` : rung.name), h("span.small.quiet", {}, ` ${size(rung.length)}`));
}

function drawFields(list) {
  const real = list.filter(d => !d.always), always = list.length - real.length;
  return h("details.fields", {}, h("summary", {}, real.length ? `${real.length} field${real.length === 1 ? "" : "s"} differ` : "only what is new each time differs"),
    h("table.compare", {}, h("thead", {}, h("tr", {}, ["field", "A", "B"].map(t => h("th", { scope: "col" }, t)))),
      h("tbody", {}, real.slice(0, 120).map(d => h("tr.differs", {}, h("th", { scope: "row" }, d.path),
        h("td", {}, d.left === undefined ? h("span.quiet", {}, "not here") : d.left),
        h("td", {}, d.right === undefined ? h("span.quiet", {}, "not here") : d.right))))),
    real.length > 120 && h("p.small.quiet", {}, `and ${real.length - 120} more`),
    always > 0 && h("p.small.quiet", {}, `${always} more differ every time: randoms, key shares, signatures.`));
}

function drawMessages(app, a, b) {
  const rows = [];
  for (const [left, right] of align(a, b)) {
    const both = left && right, fields = both && left.kind === "message" ? fieldDifferences(left, right) : [];
    const differs = !both || fields.some(f => !f.always) || (left.kind === "alert" && left.description !== right.description);
    rows.push(h(`tr${differs ? ".differs" : ""}`, {}, h("th", { scope: "row" }, speaker(left ? a : b, left || right)),
      side(app, 0, a, left), mark(!differs && !fields.length, !differs), side(app, 1, b, right)));
    if (fields.length) rows.push(h("tr.inner", {}, h("td", {}), h("td", { colspan: 3 }, drawFields(fields))));
  }
  return h("table.compare", {}, h("thead", {}, h("tr", {}, ["from", "A", "", "B"].map(t => t ? h("th", { scope: "col" }, t) : h("td", {})))),
    h("tbody", {}, rows));
}

export function drawDifferences(app) {
  const [a, b] = app.models;
  if (!a || !b) return null;
  const facts = factRows(a, b), count = facts.filter(r => r.left !== r.right && !r.measured).length;
  return h("section", { id: "compare", "aria-label": "Compared" }, h("h2", {}, "Side by side"),
    h("p", {}, h("b", {}, "A"), ` is ${a.label}; `, h("b", {}, "B"), ` is ${b.label}. `,
      count ? `${count} of ${facts.length} facts differ (≠); ≈ differs every time.` : "They agreed on the same."),
    h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Facts of both connections" }, drawFacts(facts)),
    h("h3", {}, "Message by message"),
    h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Messages of both connections" }, drawMessages(app, a, b)));
}
