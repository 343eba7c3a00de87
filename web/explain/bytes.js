// bytes.js: the byte pane: a message or record as a tree of fields and as bytes coloured by field, each
// leading to the other; as sent on the wire, or as decrypted.
import { h, replace, facts, section, hexByte, hexText, plural, number, step } from "./dom.js";
import { messageBytes, bytesOf, fieldTree, leaves, speaker, wordFor, recordsOf } from "./model.js";

const COLOURS = 10, FIRST_BYTES = 2048, MANY_NODES = 220;

/* ---- what is shown: bytes, and pieces that colour them ---- */

function printable(bytes) {
  return bytes.length > 1 && bytes.every(b => b >= 0x20 && b < 0x7f) ? new TextDecoder().decode(bytes) : "";
}

function valueOf(node, bytes) {
  if (node.meaning) return `${node.meaning}${node.value !== undefined ? ` (0x${node.value.toString(16).padStart(2 * node.length, "0")})` : ""}`;
  if (node.value !== undefined) return number(node.value);
  const own = bytes.subarray(node.offset, node.offset + node.length);
  const text = printable(own);
  if (text) return `“${text.length > 80 ? `${text.slice(0, 80)}…` : text}”`;
  return own.length ? `${hexText(own.subarray(0, 16), " ")}${own.length > 16 ? " …" : ""}` : "empty";
}

function decryptedMessage(message) {
  const bytes = messageBytes(message), tree = fieldTree(message);
  const pieces = leaves(tree).map(node => ({ name: node.name, offset: node.offset, length: node.length, node }));
  return { bytes, tree, pieces, whole: message.length };
}

function recordHeader(r, at) {
  const version = (bytesOf(r.wire)[1] << 8 | bytesOf(r.wire)[2]) || 0x0303;
  return [{ name: "ContentType", offset: at, length: 1, text: `${r.type_name} (${r.type})` },
    { name: "legacy_record_version", offset: at + 1, length: 2, text: `0x${version.toString(16).padStart(4, "0")}` },
    { name: "record_length", offset: at + 3, length: 2, text: number(r.wire_length - 5) }];
}

// The bytes of one record as they went over the wire. Which message's fields lie where is known for a
// record in the clear; a sealed one is ciphertext and tag.
function sentRecord(r, message, view) {
  const at = view.bytes.length, wire = bytesOf(r.wire);
  view.bytes.push(...wire);
  view.missing += r.wire_length - wire.length;
  view.pieces.push(...recordHeader(r, at));
  if (wire.length <= 5) return;
  if (r.encrypted) {
    const tag = Math.min(16, wire.length - 5);
    view.pieces.push({ name: "encrypted_record", offset: at + 5, length: wire.length - 5 - tag, text: `${number(wire.length - 5 - tag)} bytes of ciphertext` },
      { name: "authentication_tag", offset: at + wire.length - tag, length: tag, text: hexText(wire.subarray(wire.length - tag), " ") });
    return;
  }
  for (const part of r.parts) {
    const from = at + 5 + part.inRecord;
    if (part.message !== message) {
      view.pieces.push({ name: part.message.name, offset: from, length: part.length, text: "another message in the same record", other: true });
      continue;
    }
    for (const leaf of view.leaves) {
      const start = Math.max(leaf.offset, part.inMessage), end = Math.min(leaf.offset + leaf.length, part.inMessage + part.length);
      if (start < end) view.pieces.push({ name: leaf.name, offset: from + start - part.inMessage, length: end - start, node: leaf });
    }
  }
}

function viewOf(item, asSent) {
  const tree = item.kind === "message" ? fieldTree(item) : [];
  const view = { bytes: [], pieces: [], tree, leaves: leaves(tree), missing: 0, records: recordsOf(item) };
  if (!asSent && item.kind === "message") return { ...view, ...decryptedMessage(item) };
  for (const r of [...new Set(view.records)]) {
    if (asSent) {
      sentRecord(r, item, view);
      continue;
    }
    const at = view.bytes.length, plain = bytesOf(r.plaintext);
    view.bytes.push(...plain);
    view.missing += r.plaintext_length - plain.length;
    if (item.kind === "alert" && plain.length === 2)
      view.pieces.push({ name: "level", offset: at, length: 1, text: plain[0] === 2 ? "fatal (2)" : `warning (${plain[0]})` },
        { name: "description", offset: at + 1, length: 1, text: `${item.name} (${plain[1]})` });
    else if (plain.length) view.pieces.push({ name: item.name, offset: at, length: plain.length, text: printable(plain.subarray(0, 400)) || `${number(plain.length)} bytes` });
  }
  view.bytes = Uint8Array.from(view.bytes);
  return view;
}

/* ---- the tree ---- */

function labelOf(node) {
  const type = node.children.find(c => c.meaning && /type$/.test(c.name));
  if (node.name === "Extension" && type) return `Extension: ${type.meaning}`;
  return node.name;
}

class Tree {
  constructor(pane) {
    this.pane = pane;
    this.element = h("ul.tree", { role: "tree", "aria-label": "Fields", onkeydown: e => this.key(e) });
    this.items = [];
  }

  draw(view) {
    this.items = [];
    let count = 0;
    (function countAll(nodes) { for (const n of nodes) { count++; countAll(n.children); } })(view.tree);
    this.closeBelow = count > MANY_NODES ? 2 : 99;
    if (view.tree.length) this.element.setAttribute("role", "tree");
    else this.element.removeAttribute("role"); // an empty tree is none
    replace(this.element, view.tree.map(n => this.item(n, 1, view)));
    if (this.items[0]) this.items[0].element.tabIndex = 0;
  }

  item(node, level, view) {
    const open = level < this.closeBelow;
    const line = h("span.line", { onclick: () => this.pane.select(node) },
      node.children.length ? h("span.twist", { "aria-hidden": "true", onclick: e => { e.stopPropagation(); this.toggle(node); } }) : h("span.dot"),
      h("span.name", {}, labelOf(node)),
      node.children.length ? null : h("span.value", {}, node.form === "length" ? `length ${number(node.value)}` : valueOf(node, view.whole === undefined ? messageBytes(this.pane.item) : view.bytes)));
    const element = h(`li.${node.form}`, { role: "treeitem", "aria-level": level, tabindex: "-1", "aria-selected": "false",
      "aria-expanded": node.children.length ? String(open) : null }, line);
    element.addEventListener("mouseover", e => { e.stopPropagation(); this.pane.hover(node); });
    element.addEventListener("focus", () => this.pane.hover(node));
    node.element = element;
    node.line = line;
    this.items.push(node);
    if (node.children.length) element.append(h("ul", { role: "group" }, node.children.map(c => this.item(c, level + 1, view))));
    return element;
  }

  toggle(node, open = node.element.getAttribute("aria-expanded") !== "true") {
    if (node.children.length) node.element.setAttribute("aria-expanded", String(open));
  }

  shown() {
    return this.items.filter(n => {
      for (let p = n.parent; p && p.element; p = p.parent)
        if (p.element.getAttribute("aria-expanded") === "false") return false;
      return true;
    });
  }

  key(event) {
    const node = this.items.find(n => n.element === event.target);
    if (!node) return;
    const open = node.element.getAttribute("aria-expanded");
    if (event.key === "Enter" || event.key === " ") this.pane.select(node);
    else if (event.key === "ArrowRight" && open === "false") this.toggle(node, true);
    else if (event.key === "ArrowLeft" && open === "true") this.toggle(node, false);
    else if (event.key === "ArrowLeft" && node.parent.element) this.focus(node.parent);
    else {
      const shown = this.shown(), next = step(shown, shown.indexOf(node), event.key);
      if (!next) return;
      this.focus(next);
    }
    event.preventDefault();
  }

  focus(node) {
    for (const n of this.items) n.element.tabIndex = n === node ? 0 : -1;
    node.element.focus();
  }

  select(node) {
    for (const n of this.items) n.element.setAttribute("aria-selected", String(n === node));
    if (!node || !node.element) return;
    for (let p = node.parent; p && p.element; p = p.parent) this.toggle(p, true);
    for (const n of this.items) n.element.tabIndex = n === node ? 0 : -1;
    reveal(this.element, node.line);
  }
}

// Scrolls only the box, never the page.
function reveal(box, element) {
  const b = box.getBoundingClientRect(), e = element.getBoundingClientRect();
  if (e.top < b.top || e.bottom > b.bottom) box.scrollTop += e.top - b.top - b.height / 3;
}

/* ---- the pane ---- */

export class BytePane {
  constructor(model, app) {
    this.model = model;
    this.app = app;
    this.asSent = false;
    this.tree = new Tree(this);
    this.hex = h("div.hex", { role: "grid", "aria-label": "Bytes", onkeydown: e => this.key(e),
      onclick: e => this.click(e), onmouseover: e => this.over(e), onfocusin: e => this.over(e) });
    this.info = h("div.info", { "aria-live": "polite" });
    this.title = h("h3", { id: "bytes-title" });
    this.about = h("div.about", {});
    this.picker = h("select", { "aria-label": "Message or record", onchange: e => this.show(Number(e.target.value)) },
      model.rungs.map((r, i) => h("option", { value: r.step }, `${i + 1}. ${r.kind === "alert" ? "Alert: " : ""}${r.name} (${speaker(model, r)})`)));
    this.toggles = ["decrypted", "as sent"].map((t, i) => h("button", { type: "button", "aria-pressed": String(i === 0),
      onclick: () => this.setSent(i === 1) }, t));
    this.element = h("section", { id: "bytes", "aria-label": "Bytes" }, h("h2", {}, "Byte by byte"),
      h("div.bar", {}, h("button", { type: "button", "aria-label": "the message before", onclick: () => this.move(-1) }, "◀"), this.picker,
        h("button", { type: "button", "aria-label": "the next message", onclick: () => this.move(1) }, "▶"),
        h("div.segmented", { role: "group", "aria-label": "Form" }, this.toggles)),
      this.title, this.about,
      h("div.pane", {}, this.tree.element, h("div.right", {}, this.hex, this.info)));
  }

  move(by) {
    const next = this.model.rungs[this.model.rungs.indexOf(this.item) + by];
    if (next) this.app.show({ step: next.step });
  }

  setSent(asSent) {
    this.asSent = asSent;
    this.toggles.forEach((b, i) => b.setAttribute("aria-pressed", String(asSent === (i === 1))));
    const selected = this.selected;
    this.draw();
    const again = selected && this.tree.items.find(n => n.index === selected.index);
    if (again) this.select(again);
  }

  // The rung with that step, or the one that the record or message with that step belongs to.
  find(stepIndex) {
    const rungs = this.model.rungs;
    return rungs.find(r => r.step === stepIndex) ||
      rungs.find(r => recordsOf(r).some(x => x.step === stepIndex)) || rungs[0];
  }

  show(stepIndex, offset) {
    this.item = this.find(stepIndex);
    if (!this.item) return;
    this.picker.value = String(this.item.step);
    this.all = false;
    this.draw();
    if (offset === undefined) return;
    const piece = this.pieceAt(offset);
    if (piece && piece.node) this.select(piece.node);
    const cell = this.cells[Math.min(offset, this.cells.length - 1)]; // past the end: where it ended
    if (cell) {
      cell.classList.add("failed");
      reveal(this.hex, cell);
    }
  }

  draw() {
    const item = this.item, view = this.view = viewOf(item, this.asSent);
    const word = wordFor(this.model, item.name);
    const records = [...new Set(view.records)];
    this.selected = null;
    replace(this.title, `${item.kind === "alert" ? "Alert: " : ""}${item.name}`, h("span.quiet", {}, ` from the ${speaker(this.model, item)}`));
    replace(this.about, word.what && h("p", {}, word.what, " ", h("span.quiet", {}, section(word.section))),
      word.why && h("p.small", {}, word.why), word.attack && h("p.small", {}, h("span.label", {}, "guards against"), word.attack),
      h("p.small.quiet", {}, records.map(r => `record ${r.encrypted ? `number ${r.sequence} under the key for ${r.key}` : "in the clear"}, ${number(r.wire_length)} bytes on the wire${r.padding ? `, ${number(r.padding)} of them padding` : ""}`).join("; ")),
      item.within && h("p.small.quiet", {}, "It came inside CompressedCertificate, which is what was on the wire."),
      item.kind === "message" && item.complete === false && h("p.small.warn", {}, "The message was not read to its end."));
    this.tree.draw(view);
    this.drawHex();
    this.drawInfo(null);
  }

  drawHex() {
    const { bytes, pieces, missing } = this.view;
    const width = matchMedia("(max-width: 40rem)").matches ? 8 : 16;
    const colour = new Array(bytes.length).fill(-1), of = this.of = new Array(bytes.length);
    pieces.forEach((p, k) => {
      for (let i = p.offset; i < p.offset + p.length && i < bytes.length; i++) {
        colour[i] = p.other ? -1 : k % COLOURS;
        of[i] = p;
      }
    });
    const shown = this.all ? bytes.length : Math.min(bytes.length, FIRST_BYTES);
    const rows = [];
    this.cells = [];
    for (let at = 0; at < shown; at += width) {
      const row = h("div.row", { role: "row" }, h("span.at", { role: "rowheader" }, at.toString(16).padStart(5, "0")));
      let text = "";
      for (let i = at; i < at + width && i < shown; i++) {
        const cell = document.createElement("span");
        cell.className = colour[i] < 0 ? "b" : `b k${colour[i]}`;
        cell.setAttribute("role", "gridcell");
        cell.tabIndex = i === 0 ? 0 : -1;
        cell.dataset.i = i;
        cell.textContent = hexByte(bytes[i]);
        this.cells.push(cell);
        row.append(cell);
        text += bytes[i] >= 0x20 && bytes[i] < 0x7f ? String.fromCharCode(bytes[i]) : "·";
      }
      row.append(h("span.text", { "aria-hidden": "true" }, text));
      rows.push(row);
    }
    if (rows.length) this.hex.setAttribute("role", "grid");
    else this.hex.removeAttribute("role");
    replace(this.hex, rows);
    this.hex.classList.toggle("wide", width === 16);
    if (this.more) this.more.remove();
    const notes = [];
    if (shown < bytes.length) notes.push(h("button", { type: "button", onclick: () => { this.all = true; this.drawHex(); } }, `Show all ${number(bytes.length)} bytes`));
    if (!bytes.length && !missing) notes.push("No bytes were kept.");
    if (missing > 0) notes.push(this.asSent ? `${plural(missing, "more byte")} on the wire: the record was opened in place, and only its header was kept.`
      : `${plural(missing, "byte")} of content, not kept here (--http keeps them).`);
    this.more = h("p.small", {}, notes);
    this.hex.after(this.more);
  }

  pieceAt(i) {
    return this.of[i];
  }

  cellOf(event) {
    const cell = event.target.closest && event.target.closest(".b");
    return cell ? Number(cell.dataset.i) : -1;
  }

  over(event) {
    const i = this.cellOf(event);
    if (i < 0) return;
    const piece = this.pieceAt(i);
    this.mark("hot", piece ? [piece] : []);
    this.drawInfo(piece, i);
  }

  hover(node) {
    this.mark("hot", this.piecesOf(node));
    this.drawInfo({ name: node.name, offset: node.offset, length: node.length, node });
  }

  click(event) {
    const i = this.cellOf(event), piece = i < 0 ? null : this.pieceAt(i);
    if (!piece) return;
    this.focusCell(i);
    if (piece.node) this.select(piece.node, true);
  }

  key(event) {
    const i = this.cellOf(event);
    if (i < 0) return;
    const width = this.hex.classList.contains("wide") ? 16 : 8;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: width, ArrowUp: -width }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      if (this.pieceAt(i) && this.pieceAt(i).node) this.select(this.pieceAt(i).node, true);
    } else if (by && this.cells[i + by]) this.focusCell(i + by);
    else return;
    event.preventDefault();
  }

  focusCell(i) {
    for (const c of this.hex.querySelectorAll('.b[tabindex="0"]')) c.tabIndex = -1;
    this.cells[i].tabIndex = 0;
    this.cells[i].focus({ preventScroll: true });
    reveal(this.hex, this.cells[i]);
  }

  piecesOf(node) {
    const within = leaves([node]).map(n => n.index);
    return this.view.pieces.filter(p => p.node && within.includes(p.node.index));
  }

  mark(name, pieces) {
    for (const c of this.hex.querySelectorAll(`.${name}`)) c.classList.remove(name);
    for (const p of pieces)
      for (let i = p.offset; i < p.offset + p.length; i++) if (this.cells[i]) this.cells[i].classList.add(name);
  }

  select(node, fromBytes) {
    this.selected = node;
    this.tree.select(node);
    const pieces = this.piecesOf(node);
    this.mark("selected", pieces);
    if (!fromBytes && pieces.length && this.cells[pieces[0].offset]) reveal(this.hex, this.cells[pieces[0].offset]);
    this.drawInfo({ name: node.name, offset: node.offset, length: node.length, node });
  }

  drawInfo(piece, at) {
    if (!piece) {
      replace(this.info, h("p.quiet", {}, "Point at a byte, or at a field, to see what it says."));
      return;
    }
    const node = piece.node, word = wordFor(this.model, piece.name), meaning = node && node.meaning ? wordFor(this.model, node.meaning) : {};
    const value = node ? (node.children.length ? `${plural(node.children.length, "part")}` : valueOf(node, messageBytes(this.item))) : piece.text;
    const length = node && node.length === 0 && node.children.length ? "" : plural(piece.length, "byte");
    replace(this.info, h("h4", {}, node ? labelOf(node) : piece.name, h("span.quiet", {}, ` ${length}${piece.length ? ` at ${piece.offset}` : ""}`)),
      h("p.value", {}, value), at !== undefined && h("p.small.quiet", {}, `byte ${at} is 0x${hexByte(this.view.bytes[at])}`),
      word.what && h("p", {}, word.what), word.why && h("p.small", {}, word.why),
      word.attack && h("p.small", {}, h("span.label", {}, "guards against"), word.attack),
      meaning.what && meaning !== word && h("p", {}, h("b", {}, node.meaning), ": ", meaning.what),
      meaning.attack && meaning !== word && h("p.small", {}, h("span.label", {}, "guards against"), meaning.attack),
      facts([["rule", section(meaning.section || word.section || "")]]));
  }
}
