// lessons.js: the nine steps by which SSL is usually taught, where they are in this handshake, and what
// the telling gets wrong.
import { h, section } from "./dom.js";

export function drawLessons(model, app) {
  const lessons = model.doc.tutorial || [];
  if (!lessons.length) return null;
  return h("section", { id: "lessons", "aria-label": "The nine steps" }, h("h2", {}, "The nine steps, as they are usually told"),
    h("p", {}, model.is13 ? "The classic telling of SSL has nine steps. TLS 1.3 does the same work in another order, in one round trip less."
      : "The classic telling of SSL has nine steps. Their numbers stand on the messages above."),
    h("ol.lessons", {}, lessons.map(l => h("li", { value: l.number },
      h("details", {}, h("summary", {}, h("b", {}, l.title), (l.steps || []).length ? "" : h("span.quiet", {}, " not in this handshake")),
        h("p", {}, h("span.label", {}, "the telling"), l.tells),
        l.differs && h("p", {}, h("span.label", {}, "the standard"), l.differs, " ", section(l.section)),
        h("p", {}, h("span.label", {}, "in TLS 1.3"), l.moved, " ", section(l.moved_section)),
        (l.steps || []).length ? h("p", {}, l.steps.map(s => h("button", { type: "button",
          onclick: () => app.show({ step: s, focus: true }) }, "Show the message"))) : null)))));
}
