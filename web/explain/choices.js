// choices.js: what was negotiated: offered, supported, chosen, the rule, and what else it might have been.
import { h } from "./dom.js";
import { isGrease, namesOf } from "./model.js";

function names(list, chosen, other) {
  const all = namesOf(list);
  if (!all.length) return h("span.quiet", {}, "not told");
  const known = new Set(namesOf(other));
  return h("ul.names", {}, all.map(n => {
    const kind = n === chosen ? "chosen" : isGrease(n) ? "grease" : known.size && !known.has(n) ? "alone" : "common";
    const title = { chosen: "chosen", grease: "made up on purpose (GREASE, RFC 8701)", alone: "only one side has it",
      common: "" }[kind];
    return h(`li.${kind}`, { title }, n, kind === "chosen" ? h("span.sr", {}, " (chosen)") : "");
  }));
}

export function drawChoices(model) {
  if (!model.choices.length) return null;
  return h("section", { id: "negotiation", "aria-label": "Negotiation" }, h("h2", {}, "What was agreed, and why"),
    h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Table of what was agreed" }, h("table.choices", {},
      h("thead", {}, h("tr", {}, ["what", "chosen", "offered by the client", "supported by this side", "rule", "otherwise"]
        .map(t => h("th", { scope: "col" }, t)))),
      h("tbody", {}, model.choices.map(c => h("tr", {},
        h("th", { scope: "row" }, c.what), h("td", { "data-label": "chosen" }, h("b.chosen", {}, c.chosen || "nothing")),
        h("td", { "data-label": "offered" }, names(c.offered, c.chosen, c.supported)),
        h("td", { "data-label": "supported" }, names(c.supported, c.chosen, c.offered)),
        h("td", { "data-label": "rule" }, c.rule), h("td", { "data-label": "otherwise" }, c.otherwise || "")))))));
}
