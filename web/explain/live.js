// live.js: on a page that `handfast serve --explain` sends: the server's recent connections, as they come.
// Elsewhere there is nothing to ask, and it draws nothing.
import { h, replace, duration } from "./dom.js";

const EVERY_MS = 2000;

function row(app, c) {
  const kind = c.state === "failed" ? "bad" : c.version ? "good" : "open";
  return h(`tr${c.own ? ".own" : ""}`, {}, h("td", {}, h("time", {}, c.started.slice(11, 19)), c.own ? h("b", {}, " this page") : ""),
    h("td", {}, c.peer), h("td.version", {}, c.version || ""), h("td", {}, c.cipher_suite || ""), h("td", {}, c.group || ""),
    h(`td.${kind}`, {}, c.verdict, c.duration_us ? h("span.quiet", {}, ` in ${duration(c.duration_us)}`) : ""),
    h("td.actions", {}, h("button", { type: "button", "aria-label": `show connection ${c.id}`, onclick: () => open(app, c, 0) }, "show"), " ",
      h("button", { type: "button", "aria-label": `compare with connection ${c.id}`, onclick: () => open(app, c, 1) }, "compare")));
}

async function open(app, c, index) {
  try {
    const answer = await fetch(`connection/${c.id}.json`, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status === 404 ? "it has made room for newer ones" : `status ${answer.status}`);
    app.take(await answer.text(), app.models.length ? index : 0, `connection ${c.id}`);
    if (index === 0) app.shown = 0;
  } catch (e) {
    app.problem = `Connection ${c.id} cannot be shown: ${e.message}.`;
  }
  app.draw();
  app.go(index && !app.problem ? "compare" : "verdict");
}

// Other ways to come here: over a new connection, over TLS 1.2 alone, over all versions.
function waysOn(list) {
  const there = port => `https://${location.hostname}${port === 443 ? "" : `:${port}`}/.handfast/`;
  const here = Number(location.port || 443);
  return ["This page explains the connection over which it came. Look again: ",
    h("button", { type: "button", onclick: async () => { await fetch("close", { cache: "no-store" }).catch(() => {}); location.reload(); } }, "over a new connection"), " ",
    list.port_tls12 && list.port_tls12 !== here && [h("a.button", { href: there(list.port_tls12) }, "over TLS 1.2"), " "],
    list.port && list.port !== here && h("a.button", { href: there(list.port) }, "over the newest TLS")];
}

export function drawLive(app) {
  const data = document.getElementById("explain-data");
  if (!data || data.dataset.live === undefined) return null;
  const body = h("tbody", {}), note = h("p.small.quiet", { role: "status" }), ways = h("p", {});
  const section = h("section", { id: "live", "aria-label": "Recent connections" }, h("h2", {}, "Recent connections"), ways,
    h("div.scroll.tall", { tabindex: "0", role: "region", "aria-label": "Recent connections to this server" }, h("table.recent", {},
      h("thead", {}, h("tr", {}, ["time (UTC)", "from", "version", "cipher suite", "group", "verdict", "look"].map(t => h("th", { scope: "col" }, t)))), body)),
    note);
  let last = "";
  const ask = async () => {
    try {
      const answer = await fetch("recent.json", { cache: "no-store" });
      if (answer.status === 403) {
        section.remove();
        app.live = null;
        return; // the list is for this machine only
      }
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const text = await answer.text();
      if (text !== last) {
        last = text;
        const list = JSON.parse(text);
        const known = Number(data.dataset.connection);
        const focus = section.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
        replace(body, list.connections.map(c => row(app, { ...c, own: c.id === known })));
        if (focus) [...section.querySelectorAll("[aria-label]")].find(e => e.getAttribute("aria-label") === focus)?.focus();
        replace(ways, waysOn(list));
        replace(note, list.total > list.connections.length ? `The newest ${list.connections.length} of ${list.total}.` : "");
      }
    } catch (e) {
      replace(note, `The server does not answer (${e.message}); asking again.`);
    }
    setTimeout(ask, EVERY_MS);
  };
  ask();
  return section;
}
