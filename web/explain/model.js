// model.js: questions about a document (docs/EXPLAIN.md). Reads it, never changes it.

export const FORMAT = "handfast-explain";
const CCS = 254, HANDSHAKE = 22, ALERT_RECORD = 21, DATA_RECORD = 23, FINISHED = 20, CERTIFICATE = 11, COMPRESSED = 25;

export function bytesOf(hex) {
  if (!hex) return new Uint8Array(0);
  const bytes = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.substr(2 * i, 2), 16);
  return bytes;
}

// GREASE (RFC 8701): "0x1a1a", "0x2a2a", ...
export function isGrease(name) {
  return /^0x([0-9a-f])a\1a$/.test(name);
}

export function namesOf(list) {
  return (list || "").match(/(?:TLS|SSL) \d\.\d|\S+/g) || [];
}

// Which part of which record carries which part of which message, both ways. Handshake bytes are one
// stream in each direction: the records' contents in order, and the messages in order.
function carry(model) {
  for (const direction of ["sent", "received"]) {
    const own = model.messages.filter(m => m.direction === direction && m.type !== CCS);
    own.forEach((m, i) => { // what a CompressedCertificate held never was on the wire itself
      if (m.type === CERTIFICATE && i > 0 && own[i - 1].type === COMPRESSED) m.within = own[i - 1];
    });
    const messages = own.filter(m => !m.within);
    let at = 0, i = 0, start = 0;
    for (const record of model.records.filter(r => r.direction === direction && r.inner_type === HANDSHAKE)) {
      const end = at + record.plaintext_length;
      while (i < messages.length && start < end) {
        const length = messages[i].length;
        const from = Math.max(at, start), to = Math.min(end, start + length);
        if (to > from) {
          const part = { record, message: messages[i], inRecord: from - at, inMessage: from - start, length: to - from };
          record.parts.push(part);
          messages[i].parts.push(part);
        }
        if (start + length > end) break;
        start += length;
        i++;
      }
      at = end;
    }
    const switches = model.messages.filter(m => m.direction === direction && m.type === CCS);
    model.records.filter(r => r.direction === direction && r.inner_type === 20).forEach((record, k) => {
      if (!switches[k]) return;
      const part = { record, message: switches[k], inRecord: 0, inMessage: 0, length: record.plaintext_length };
      record.parts.push(part);
      switches[k].parts.push(part);
    });
  }
}

// An encrypted record whose content nobody here knows: only its length on the wire does.
export function isClosed(s) {
  return s.kind === "record" && s.encrypted && !s.key;
}

// What stands on the ladder: messages, alerts, runs of application data, lone change_cipher_specs.
function rungsOf(model) {
  const rungs = [];
  let data = null;
  for (const s of model.steps) {
    if (s.kind === "record" && (s.inner_type === DATA_RECORD || isClosed(s))) {
      const closed = isClosed(s), length = closed ? s.wire_length : s.plaintext_length;
      if (data && data.direction === s.direction && data.closed === closed && data.type === s.inner_type) {
        data.records.push(s);
        data.length += length;
      } else {
        data = { kind: "data", name: closed ? `closed ${s.inner_type === DATA_RECORD ? "record" : s.inner_type_name}` : "application data", direction: s.direction,
          t_us: s.t_us, step: s.step, records: [s], length, encrypted: true, closed, type: s.inner_type };
        rungs.push(data);
      }
    } else if (s.kind === "record" && s.inner_type === 20 && !s.parts.length) {
      rungs.push({ kind: "ccs", name: "ChangeCipherSpec", direction: s.direction, t_us: s.t_us, step: s.step,
        record: s, length: s.plaintext_length, encrypted: s.encrypted });
    } else if (s.kind === "message") {
      data = null;
      rungs.push(s);
    } else if (s.kind === "alert") {
      data = null;
      s.record = model.records.filter(r => r.direction === s.direction && r.inner_type === ALERT_RECORD)
        .sort((a, b) => Math.abs(a.step - s.step) - Math.abs(b.step - s.step))[0];
      s.encrypted = !!(s.record && s.record.encrypted);
      s.length = 2;
      rungs.push(s);
    }
  }
  return rungs;
}

// A flight is what one side says before the other answers. A lone change_cipher_spec of TLS 1.3 means
// nothing and ends no flight.
function flightsOf(model) {
  const flights = [];
  for (const rung of model.rungs) {
    let flight = flights[flights.length - 1];
    const empty = model.is13 && (rung.kind === "ccs" || rung.type === CCS);
    if (!flight || (flight.direction !== rung.direction && !empty)) {
      flight = { index: flights.length, direction: rung.direction, rungs: [], start: rung.t_us, records: new Set() };
      flights.push(flight);
    }
    flight.rungs.push(rung);
    if (rung.direction !== flight.direction) continue;
    for (const r of recordsOf(rung)) flight.records.add(r);
    flight.end = rung.t_us;
  }
  for (const f of flights) {
    f.records = [...f.records];
    f.bytes = f.records.reduce((n, r) => n + r.wire_length, 0);
    f.end = Math.max(f.end ?? f.start, ...f.records.map(r => r.t_us));
  }
  return flights;
}

export function recordsOf(rung) {
  if (rung.records) return rung.records;
  if (rung.record && typeof rung.record === "object") return [rung.record];
  return ((rung.within || rung).parts || []).map(p => p.record);
}

export function indexDocument(doc) {
  if (!doc || doc.format !== FORMAT || doc.version !== 1 || !Array.isArray(doc.steps))
    throw new Error("this is not an explanation that handfast wrote (format handfast-explain, version 1)");
  const model = { doc, words: doc.words || {}, certificates: doc.certificates || [],
    connection: doc.connection || {}, verdict: doc.verdict || {} };
  model.steps = doc.steps.map(s => ({ ...s, parts: [] }));
  const of = kind => model.steps.filter(s => s.kind === kind);
  [model.records, model.messages, model.choices, model.secrets, model.checks, model.jobs, model.paths] =
    ["record", "message", "choice", "secret", "check", "job", "path"].map(of);
  for (const m of model.messages) m.recordStep = m.record, delete m.record;
  model.client = model.connection.role === "server" ? "received" : "sent";
  model.is13 = model.connection.version === "TLS 1.3";
  carry(model);
  model.rungs = rungsOf(model);
  model.flights = flightsOf(model);
  model.error = model.verdict.error;
  model.failed = model.error ? model.steps[model.verdict.step] : undefined;
  return model;
}

export function speaker(model, s) {
  return s.direction === model.client ? "client" : "server";
}

export function wordFor(model, name) {
  return model.words[name] || {};
}

export function messageBytes(m) {
  return m.cache || (m.cache = bytesOf(m.bytes));
}

// The tree that the flat list of fields stands for. Lengths join what they measure.
export function fieldTree(message) {
  const root = { children: [], depth: -1 };
  const stack = [root];
  (message.fields || []).forEach((f, index) => {
    if (f.form === "close") {
      if (stack.length > 1) {
        const closed = stack.pop();
        closed.length = Math.max(closed.length, f.offset - closed.offset);
      }
      return;
    }
    const parent = stack[stack.length - 1];
    const node = { ...f, index, children: [], parent };
    parent.children.push(node);
    if (f.form === "open") stack.push(node);
  });
  return root.children;
}

// The fields that hold bytes themselves, in order: what colours the bytes.
export function leaves(nodes, out = []) {
  for (const n of nodes) {
    if (n.children.length) leaves(n.children, out);
    else if (n.length > 0) out.push(n);
  }
  return out;
}

// Time in computation, and time spent on the wire and waiting.
export function times(model) {
  const end = model.rungs.filter(r => r.kind === "message" && r.type === FINISHED).pop();
  const total = end ? end.t_us : model.connection.duration_us || 0;
  const computing = model.jobs.filter(j => j.done && j.t_us <= total + 1).reduce((n, j) => n + (j.took_us || 0), 0);
  return { total, computing: Math.min(computing, total), waiting: Math.max(0, total - computing) };
}

// The handshake messages that a transcript hash covers: every prefix is hashed, and the one that fits
// is the answer. RFC 9846 section 4.5: after HelloRetryRequest the first ClientHello counts as its hash.
export async function transcriptOf(model, context) {
  const hash = { 64: "SHA-256", 96: "SHA-384", 128: "SHA-512" }[(context || "").length];
  if (!hash || !globalThis.crypto || !crypto.subtle) return null;
  const messages = model.messages.filter(m => m.type !== CCS && m.type !== 0 && m.bytes && !m.within);
  let whole = new Uint8Array(0);
  for (let i = 0; i < messages.length; i++) {
    if (messages[i].name === "HelloRetryRequest" && i === 1) {
      const digest = new Uint8Array(await crypto.subtle.digest(hash, whole));
      whole = Uint8Array.from([254, 0, 0, digest.length, ...digest]);
    }
    const next = new Uint8Array(whole.length + messageBytes(messages[i]).length);
    next.set(whole);
    next.set(messageBytes(messages[i]), whole.length);
    whole = next;
    const digest = new Uint8Array(await crypto.subtle.digest(hash, whole));
    if (Array.from(digest, b => b.toString(16).padStart(2, "0")).join("") === context)
      return { hash, messages: messages.slice(0, i + 1), bytes: whole.length };
  }
  return null;
}
