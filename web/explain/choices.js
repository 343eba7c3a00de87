// choices.js: what was negotiated: offered, supported, chosen, the rule, and what else it might have been.
import { h, breakable } from "./dom.js";
import { isGrease, namesOf } from "./model.js";

// A group has two names: "P-256" is secp256r1.
const CURVES = { "p-256": "secp256r1", "p-384": "secp384r1", "p-521": "secp521r1" };

function same(a, b) {
  const plain = name => { const low = (name || "").toLowerCase(); return CURVES[low] || low; };
  return plain(a) === plain(b);
}

// Of some things what is offered is a text, not names.
const TEXTS = new Set(["certificate", "resumption"]);

function names(list, chosen, other, what) {
  const all = TEXTS.has(what) ? [list].filter(Boolean) : namesOf(list);
  if (!all.length) return h("span.quiet", {}, "not told");
  const known = TEXTS.has(what) ? [] : namesOf(other);
  return h("ul.names", {}, all.map(n => {
    const kind = same(n, chosen) ? "chosen" : isGrease(n) ? "grease" : known.length && !known.some(o => same(n, o)) ? "alone" : "common";
    const title = { chosen: "chosen", grease: "made up on purpose (GREASE, RFC 8701)", alone: "only one side has it",
      common: "" }[kind];
    return h(`li.${kind}`, { title }, breakable(n), kind === "chosen" ? h("span.sr", {}, " (chosen)") : "");
  }));
}

// A suite goes with one version, and in TLS 1.2 with one kind of key; which the other server's is, a client
// cannot know.
function fits(model, name, chosen) {
  const old = n => n.includes("_WITH_"), ecdsa = n => n.includes("_ECDSA_");
  return old(name) === old(chosen) && (model.connection.role !== "server" || ecdsa(name) === ecdsa(chosen));
}

// What would have been chosen if the chosen one had not been there. A server takes the first of its own
// list that the client offers; what another server's list is, a client cannot know.
function otherwise(model, c) {
  const offered = namesOf(c.offered).filter(n => !isGrease(n) && n !== "..."), supported = namesOf(c.supported);
  const common = supported.filter(n => offered.some(o => same(n, o)) && !same(n, c.chosen) && fits(model, n, c.chosen || ""));
  if (!supported.length || !offered.length || TEXTS.has(c.what) || c.what === "signature scheme") return "";
  if (!common.length) return "nothing: the handshake would have failed";
  if (model.connection.role === "server") return common[0];
  return common.length === 1 ? `${common[0]}, if the server has it` : `one of the other ${common.length}, by the server's own order`;
}

export function drawChoices(model) {
  if (!model.choices.length) return null;
  return h("section", { id: "negotiation", "aria-label": "Negotiation" }, h("h2", {}, "What was agreed, and why"),
    h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Table of what was agreed" }, h("table.choices", {},
      h("thead", {}, h("tr", {}, ["what", "chosen", "offered by the client", "supported by this side", "rule", "otherwise"]
        .map(t => h("th", { scope: "col" }, t)))),
      h("tbody", {}, model.choices.map(c => h("tr", {},
        h("th", { scope: "row" }, c.what), h("td", { "data-label": "chosen" }, h("b.chosen", {}, breakable(c.chosen || "nothing"))),
        h("td", { "data-label": "offered" }, names(c.offered, c.chosen, c.supported, c.what)),
        h("td", { "data-label": "supported" }, names(c.supported, c.chosen, c.offered, c.what)),
        h("td", { "data-label": "rule" }, c.rule), h("td", { "data-label": "otherwise" }, breakable(c.otherwise || otherwise(model, c)))))))));
}
