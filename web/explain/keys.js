// keys.js: the key schedule as a graph: from the shared secret, step by step, to the keys of the records.
import { h, svg, replace, facts, plural, number, hexText } from "./dom.js";
import { transcriptOf, wordFor, bytesOf } from "./model.js";

const H = 58, GAP_X = 40, GAP_Y = 14;

// TLS 1.3's own ladder, for what the recording only names: RFC 9846 section 7.1.
const EXTRACTED = { "Early Secret": "HKDF-Extract, from zeros or a pre-shared key", "Handshake Secret": "HKDF-Extract, salted with the Early Secret (label “derived”)",
  "Main Secret": "HKDF-Extract, salted with the Handshake Secret (label “derived”)" };
const ABOVE = { "Handshake Secret": ["Early Secret", "shared secret"], "Main Secret": ["Handshake Secret"] };

// Hybrid groups put two shared secrets one after the other: which, and how long each is.
const HYBRIDS = {
  X25519MLKEM768: [["ML-KEM-768 shared secret", 32], ["X25519 shared secret", 32]],
  SecP256r1MLKEM768: [["P-256 shared secret", 32], ["ML-KEM-768 shared secret", 32]],
  SecP384r1MLKEM1024: [["P-384 shared secret", 48], ["ML-KEM-1024 shared secret", 32]],
};

function halvesOf(secret) {
  let at = 0;
  return (HYBRIDS[secret.from] || []).map(([name, length]) => {
    const bytes = secret.redacted || !secret.bytes ? undefined : secret.bytes.slice(2 * at, 2 * (at + length));
    at += length;
    return { name, length, bytes };
  });
}

// Nodes by name, with what each came from. A name that is only mentioned becomes a node of its own.
function nodesOf(model) {
  const nodes = new Map();
  const node = name => {
    if (!nodes.has(name)) nodes.set(name, { name, from: [], records: [] });
    return nodes.get(name);
  };
  for (const s of model.secrets) {
    let name = s.name === "CLIENT_RANDOM" ? "master secret" : s.name; // the key log's word for it
    for (let n = 2; nodes.has(name) && nodes.get(name).secret; n++) name = `${s.name}, ${n}`;
    const to = node(name);
    to.secret = s;
    if (s.name === "shared secret") {
      for (const half of halvesOf(s)) {
        const part = node(half.name);
        part.half = half;
        to.from.push({ name: half.name, label: "" });
      }
      if (!halvesOf(s).length && s.from) to.from.push({ name: node(s.from).name, label: "" });
      continue;
    }
    for (const from of (s.from || "").split(" + ").filter(Boolean)) to.from.push({ name: node(from).name, label: s.label || "" });
  }
  for (const [name, above] of Object.entries(ABOVE)) {
    const to = nodes.get(name);
    if (!to || to.from.length) continue;
    for (const from of above) if (from !== "shared secret" || nodes.has(from)) to.from.push({ name: node(from).name, label: "" });
  }
  for (const r of model.records) {
    if (!r.encrypted || !r.key) continue;
    const to = node(`${r.key} records`);
    to.isRecords = r.key;
    to.records.push(r);
    if (!to.from.length) for (const from of keysFor(nodes, r.key)) to.from.push({ name: from, label: "" });
  }
  return [...nodes.values()];
}

// Which secret (or key and iv) protects records "under the key for client handshake traffic".
function keysFor(nodes, key) {
  const own = [...nodes.keys()].filter(n => n.startsWith(`${key} `) && !n.endsWith(" records"));
  if (own.length) return own;
  const [side] = key.split(" ");
  const wanted = /handshake/.test(key) ? `${side.toUpperCase()}_HANDSHAKE_TRAFFIC_SECRET`
    : /early/.test(key) ? "CLIENT_EARLY_TRAFFIC_SECRET" : `${side.toUpperCase()}_TRAFFIC_SECRET_0`;
  return nodes.has(wanted) ? [wanted] : nodes.has("master secret") ? ["master secret"] : nodes.has("CLIENT_RANDOM") ? ["CLIENT_RANDOM"] : [];
}

// Columns by the longest way from a source; rows so that a source stands between what comes from it.
function place(nodes) {
  const by = new Map(nodes.map(n => [n.name, n]));
  const depth = (n, seen = new Set()) => {
    if (n.column !== undefined) return n.column;
    if (seen.has(n)) return 0;
    seen.add(n);
    n.column = n.from.length ? 1 + Math.max(...n.from.map(f => depth(by.get(f.name), seen))) : 0;
    return n.column;
  };
  for (const n of nodes) n.children = [];
  for (const n of nodes) depth(n);
  for (const n of nodes) for (const f of n.from) by.get(f.name).children.push(n);
  for (const n of nodes) // a source stands just before the first thing that is made of it
    if (!n.from.length && n.children.length) n.column = Math.min(...n.children.map(c => c.column)) - 1;
  let row = 0;
  const put = n => {
    if (n.row !== undefined) return;
    n.row = -1;
    // the one whose first source this is stands beside it
    const own = n.children.filter(c => c.from[0].name === n.name && c.row === undefined);
    own.forEach(put);
    n.row = own.length ? (own[0].row + own[own.length - 1].row) / 2 : row++;
  };
  const roots = nodes.filter(n => !n.from.length);
  roots.forEach(put);
  nodes.forEach(put);
  const taken = new Map(); // two in one place move apart
  for (const n of [...nodes].sort((a, b) => a.row - b.row)) {
    const last = taken.get(n.column);
    if (last !== undefined && n.row < last + 1) n.row = last + 1;
    taken.set(n.column, n.row);
  }
  const columns = []; // each as wide as its widest title
  for (const n of nodes) columns[n.column] = Math.max(columns[n.column] || 0, widthOf(n));
  for (const n of nodes) {
    n.w = columns[n.column];
    n.x = 8 + columns.slice(0, n.column).reduce((x, w) => x + w + GAP_X, 0);
    n.y = 8 + n.row * (H + GAP_Y);
  }
  return by;
}

function titleOf(n) {
  if (n.isRecords) return plural(n.records.length, "record");
  return n.name;
}

function subtitle(n) {
  if (n.isRecords) return n.isRecords;
  if (n.half) return n.half.bytes ? `${n.half.bytes.slice(0, 22)}…` : `${n.half.length} bytes, redacted`;
  const s = n.secret;
  if (!s) return n.name in EXTRACTED ? "HKDF-Extract" : "";
  if (s.redacted) return "redacted";
  return s.bytes ? `${s.bytes.slice(0, 22)}${s.bytes.length > 22 ? "…" : ""}` : "";
}

function isLong(n) {
  return titleOf(n).length > 26;
}

function widthOf(n) {
  return Math.max(150, 26 + Math.min(titleOf(n).length, 34) * (isLong(n) ? 7.9 : 8.2), 26 + Math.min(subtitle(n).length, 36) * 6.5);
}

function shorten(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

class Graph {
  constructor(model, app) {
    this.model = model;
    this.app = app;
    this.nodes = nodesOf(model);
    this.by = place(this.nodes);
    this.info = h("div.info", { "aria-live": "polite" }, h("p.quiet", {}, "Choose a key to see how it was made, and which records it protects."));
  }

  edge(from, to, label) {
    const x1 = from.x + from.w, y1 = from.y + H / 2, x2 = to.x, y2 = to.y + H / 2, m = x2 - GAP_X / 2;
    return [svg("path", { class: "edge", d: `M${x1},${y1} C${m},${y1} ${m},${y2} ${x2 - 5},${y2}`, "marker-end": "url(#arrow)",
      "data-from": from.name, "data-to": to.name })];
  }

  node(n) {
    const kind = n.isRecords ? "records" : n.half ? "half" : !n.secret ? "named" : n.secret.redacted ? "redacted" : "bare";
    const label = n.secret && n.secret.label ? `label “${n.secret.label}”` : "";
    const g = svg("g", { class: `node ${kind}`, transform: `translate(${n.x},${n.y})`, tabindex: "0", role: "button",
      onclick: () => this.choose(n), onkeydown: e => this.key(e, n) },
    svg("rect", { width: n.w, height: H, rx: 9 }),
    svg("text", { x: 12, y: 20, class: isLong(n) ? "title long" : "title" }, shorten(titleOf(n), 34)),
    svg("text", { x: 12, y: 36, class: "sub" }, shorten(subtitle(n), 36)),
    label && svg("text", { x: 12, y: 50, class: "label" }, label));
    n.element = g;
    return g;
  }

  draw() {
    const wide = Math.max(...this.nodes.map(n => n.x + n.w)) + 12, high = Math.max(...this.nodes.map(n => n.y)) + H + 12;
    const marker = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" },
      svg("path", { d: "M0,0 L8,4 L0,8 z" }));
    const edges = this.nodes.flatMap(n => n.from.flatMap(f => this.edge(this.by.get(f.name), n, f.label)));
    return svg("svg", { viewBox: `0 0 ${wide} ${high}`, width: wide, height: high, role: "group", "aria-label": "Key schedule" },
      svg("defs", {}, marker), edges, this.nodes.map(n => this.node(n)));
  }

  key(event, n) {
    if (event.key === "Enter" || event.key === " ") this.choose(n);
    else {
      const to = event.key === "ArrowRight" ? n.children[0] : event.key === "ArrowLeft" ? n.from[0] && this.by.get(n.from[0].name)
        : event.key === "ArrowDown" || event.key === "ArrowUp" ? this.beside(n, event.key === "ArrowDown" ? 1 : -1) : null;
      if (!to) return;
      to.element.focus();
    }
    event.preventDefault();
  }

  beside(n, by) {
    return this.nodes.filter(o => o.column === n.column && (o.row - n.row) * by > 0).sort((a, b) => (a.row - b.row) * by)[0];
  }

  // All that a key was made of lights up.
  light(n) {
    const names = new Set();
    const up = o => { if (!names.has(o.name)) { names.add(o.name); o.from.forEach(f => up(this.by.get(f.name))); } };
    const down = o => { names.add(o.name); o.children.forEach(down); };
    up(n);
    n.children.forEach(down);
    for (const o of this.nodes) {
      o.element.classList.toggle("lit", names.has(o.name));
      o.element.classList.toggle("selected", o === n);
    }
    for (const e of this.element.querySelectorAll(".edge")) e.classList.toggle("lit", names.has(e.dataset.from) && names.has(e.dataset.to));
  }

  protects(n, out = new Set()) {
    n.records.forEach(r => out.add(r));
    n.children.forEach(c => this.protects(c, out));
    return [...out];
  }

  async choose(n) {
    this.light(n);
    const s = n.secret, word = wordFor(this.model, s ? s.name : n.name);
    const covers = h("span.quiet", {}, "…");
    const records = n.isRecords || (s && s.name !== "shared secret") ? this.protects(n) : [];
    const bytes = s && !s.redacted ? s.bytes : n.half && n.half.bytes;
    replace(this.info, h("h4", {}, titleOf(n)), word.what && h("p", {}, word.what),
      facts([["made from", n.from.map(f => f.name).join(" and ")], ["by", n.isRecords ? (this.model.is13 ? "HKDF-Expand-Label, label “key” for the key and “iv” for the start of the nonce" : "") : s ? operation(s, this.model) : EXTRACTED[n.name]],
        ["label", s && s.label && h("code", {}, s.label)],
        ["context", s && s.context && h("code.wrap", {}, s.context)], ["which covers", s && s.context && s.label && covers],
        ["bytes", bytes ? h("code.wrap", {}, hexText(bytesOf(bytes))) : s || n.half ? h("b.redacted", {}, "redacted: recorded without --secrets") : ""],
        ["rule", word.section]]),
      records.length ? h("div", {}, h("p.small", {}, `It protects ${plural(records.length, "record")}:`),
        h("div.jumps", {}, records.slice(0, 24).map(r => h("button", { type: "button", onclick: () => this.app.show({ step: r.step, focus: true, sent: true }) },
          `${r.inner_type_name} no. ${r.sequence}, ${number(r.wire_length)} bytes`)))) : null);
    if (!s || !s.context || !s.label) return;
    const found = await transcriptOf(this.model, s.context).catch(() => null);
    replace(covers, found ? [`${found.messages[0].name} to ${found.messages[found.messages.length - 1].name}, ${number(found.bytes)} bytes. `,
      h("b.good", {}, `This page hashed them with ${found.hash}, and it is the same.`)] : "not a hash of messages that are kept here");
  }
}

function operation(s, model) {
  if (/^(pre)?(shared|master) secret$/.test(s.name) && !s.label) return "key agreement";
  if (!model.is13 && s.label) return "the PRF of TLS 1.2";
  if (s.name in EXTRACTED) return EXTRACTED[s.name];
  return s.label ? "HKDF-Expand-Label" : "";
}

export function drawKeys(model, app) {
  if (!model.secrets.length) return null;
  const graph = new Graph(model, app);
  graph.element = graph.draw();
  return h("section", { id: "keys", "aria-label": "Key schedule" }, h("h2", {}, "From one secret to every key"),
    h("p", {}, model.doc.secrets === "included" ? "The secrets are in this file." : "The secrets themselves are redacted; record with --secrets to have them here.",
      " Arrows lead from what a key was made of to what it protects."),
    h("div.graph.scroll", { tabindex: "0", role: "region", "aria-label": "Key schedule graph, scrolls sideways" }, graph.element), graph.info);
}
