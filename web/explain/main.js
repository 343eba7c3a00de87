// main.js: puts the page together: reads the document (or two) that stand in it, draws the sections, and
// leads from one to another. Opened from this folder without a document it asks for a file.
import { h, replace } from "./dom.js";
import { indexDocument } from "./model.js";
import { drawVerdict, drawFailure, verdictLine } from "./verdict.js";
import { drawTimeline } from "./timeline.js";
import { BytePane } from "./bytes.js";
import { drawChoices } from "./choices.js";
import { drawKeys } from "./keys.js";
import { drawCertificates } from "./certs.js";
import { drawLessons } from "./lessons.js";
import { drawDifferences } from "./diff.js";
import { drawLive } from "./live.js";

const LETTERS = ["A", "B"];

class App {
  constructor(root) {
    this.root = root;
    this.models = []; // one, or two that are compared
    this.shown = 0; // which of them the sections below show
    this.problem = "";
    this.live = drawLive(this);
  }

  get model() {
    return this.models[this.shown];
  }

  // Takes a document as number `index`; what it cannot be is said on the page.
  take(text, index, name) {
    try {
      const model = indexDocument(typeof text === "string" ? JSON.parse(text) : text);
      model.label = name || model.connection.target || model.connection.host || "a connection";
      this.models[index] = model;
      this.problem = "";
    } catch (e) {
      this.problem = `${name || "The document"} cannot be shown: ${e.message}`;
    }
  }

  async takeFile(file, index) {
    if (!file) return;
    this.take(await file.text(), index, file.name);
    if (index === 0) this.shown = 0;
    this.draw();
  }

  // Shows a message or record, and with an offset that byte of it.
  show({ model = this.shown, step, offset, focus, sent }) {
    if (model !== this.shown) this.use(model);
    if (sent !== undefined) this.pane.setSent(sent);
    this.pane.show(step, offset);
    for (const old of this.root.querySelectorAll('.message[aria-current="true"]')) old.setAttribute("aria-current", "false");
    const rung = document.getElementById(`rung-${this.pane.item.step}`);
    if (rung) rung.setAttribute("aria-current", "true");
    if (focus) this.go("bytes", "bytes-title");
  }

  go(section, id) {
    const target = document.getElementById(id || section) || document.getElementById(section);
    if (!target) return;
    for (let d = target.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
    target.scrollIntoView({ block: "start" });
    if (!target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
  }

  use(index) {
    this.shown = index;
    this.draw();
  }

  picker(label, index) {
    const input = h("input", { type: "file", accept: ".json,application/json", "aria-label": label,
      onchange: e => this.takeFile(e.target.files[0], index) });
    return h("label.button", {}, label, input);
  }

  header(sections) {
    const names = { verdict: "Verdict", failure: "What failed", compare: "Compared", timeline: "Handshake", bytes: "Bytes",
      negotiation: "Agreed", keys: "Keys", certificates: "Certificates", lessons: "Nine steps" };
    return h("header.top", {}, h("span.brand", {}, "handfast", h("span.quiet", {}, " explain")),
      h("nav", { "aria-label": "Sections" }, sections.filter(s => names[s.id]).map(s =>
        h("a", { href: `#${s.id}`, onclick: e => { e.preventDefault(); this.go(s.id); } }, names[s.id]))),
      this.models.length > 1 && h("div.segmented", { role: "group", "aria-label": "Which connection is shown below" },
        this.models.map((m, i) => h("button", { type: "button", "aria-pressed": String(i === this.shown), onclick: () => this.use(i) },
          `${LETTERS[i]}: ${m.label}`))));
  }

  footer() {
    const model = this.model;
    return h("footer", {}, h("div.bar", {}, this.picker("Open another connection", 0),
      model && this.picker(this.models.length > 1 ? "Compare with another" : "Compare with a second", 1),
      this.models.length > 1 && h("button", { type: "button", onclick: () => { this.models.length = 1; this.use(0); } }, "Stop comparing")),
    h("p.small.quiet", {}, model ? `Made by ${model.doc.made_by}. ` : "", "This page holds all that it needs: it asks nobody for anything."));
  }

  empty() {
    if (this.live)
      return [h("section.verdict.open", { "aria-label": "Begin" }, h("h1", {}, "This connection is no longer recorded"),
        h("p.lead", {}, "It has made room for newer ones. Look again over a new one."))];
    return [h("section.verdict.open", { "aria-label": "Begin" }, h("h1", {}, "Which connection?"),
      h("p.lead", {}, "Choose a file that ", h("code", {}, "handfast explain --json HOST:PORT"), " wrote, or drop it here."))];
  }

  draw() {
    const model = this.model;
    this.pane = model && model.rungs.length ? new BytePane(model, this) : null;
    const sections = (model ? [drawVerdict(model), this.live, drawFailure(model, this), drawDifferences(this),
      drawTimeline(model, this), this.pane && this.pane.element, drawChoices(model), drawKeys(model, this),
      drawCertificates(model), drawLessons(model, this)] : [this.live, ...this.empty()]).filter(Boolean);
    replace(this.root, h("a.skip", { href: "#verdict", onclick: e => { e.preventDefault(); this.go("verdict"); } }, "To the verdict"),
      this.header(sections),
      h("main", {}, this.problem && h("p.note.warn", { role: "alert" }, this.problem), sections), this.footer());
    document.title = model ? `${verdictLine(model).title} · handfast explain` : "handfast explain";
    if (this.pane) this.open(model);
  }

  // Failure first: the pane opens at the byte that failed, else at the first message.
  open(model) {
    const e = model.error;
    if (e && model.failed) this.show({ step: model.failed.step, offset: model.failed.name === e.message ? e.offset : undefined });
    else if (e && model.rungs.some(r => r.kind === "alert")) this.show({ step: model.rungs.filter(r => r.kind === "alert").pop().step });
    else this.show({ step: model.rungs[0].step });
  }
}

const app = new App(document.getElementById("app"));
["explain-data", "explain-data-2"].forEach((id, i) => {
  const element = document.getElementById(id);
  if (element && element.textContent.trim()) app.take(element.textContent, i, element.dataset.name);
});
app.draw();
addEventListener("dragover", e => e.preventDefault());
addEventListener("drop", e => {
  e.preventDefault();
  app.takeFile(e.dataTransfer.files[0], app.models.length ? 1 : 0);
});
// For print everything is opened; afterwards as it was.
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach(d => { d.dataset.printed = ""; d.open = true; }));
addEventListener("afterprint", () => document.querySelectorAll("details[data-printed]").forEach(d => { delete d.dataset.printed; d.open = false; }));
