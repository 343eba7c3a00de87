// timeline.js: who said what and when: two lanes, flight by flight, one rung for each message.
import { h, svg, duration, size, plural, number } from "./dom.js";
import { speaker } from "./model.js";

function notesBetween(model, from, to) {
  const notes = [];
  const inside = list => list.filter(s => s.step > from && s.step < to);
  for (const j of inside(model.jobs))
    if (j.done) notes.push({ t: j.t_us, text: `${j.name || j.job_name}: ${duration(j.took_us)} of computing`, bad: j.code !== 0 });
  const choices = inside(model.choices);
  if (choices.length)
    notes.push({ t: choices[0].t_us, go: "negotiation", text: `chose ${choices.map(c => c.chosen || "nothing").join(", ")}` });
  const secrets = inside(model.secrets);
  if (secrets.length) notes.push({ t: secrets[0].t_us, go: "keys", text: `derived ${plural(secrets.length, "secret")}` });
  const checks = inside(model.checks), bad = checks.find(c => c.code && !c.advisory);
  if (checks.length) {
    const certs = new Set(checks.map(c => c.certificate)).size;
    notes.push({ t: checks[0].t_us, go: "certificates", bad: !!bad,
      text: bad ? `the check of ${bad.name} failed` : `${plural(checks.length, "check")} of ${plural(certs, "certificate")}: all passed` });
  }
  return notes.sort((a, b) => a.t - b.t);
}

function drawNote(model, note, app) {
  const own = model.connection.role === "server" ? "server" : "client";
  const text = [h("span.when", {}, duration(note.t)), note.text];
  return h(`li.note.${own}${note.bad ? ".bad" : ""}`, {}, note.go
    ? h("button.link", { type: "button", onclick: () => app.go(note.go) }, text) : h("span", {}, text));
}

function padlock() {
  return svg("svg", { viewBox: "0 0 12 14", width: "100%", height: "100%" },
    svg("rect", { x: 1, y: 6, width: 10, height: 7.5, rx: 1.6, fill: "currentColor" }),
    svg("path", { d: "M3.2 6 V4 a2.8 2.8 0 0 1 5.6 0 V6", fill: "none", stroke: "currentColor", "stroke-width": 1.5 }));
}

function drawRung(model, rung, app) {
  const from = speaker(model, rung);
  const bad = model.failed === rung || (rung.kind === "alert" && rung.description !== 0);
  const name = rung.kind === "alert" ? `Alert: ${rung.name}` : rung.name;
  const lesson = (model.doc.tutorial || []).find(t => (t.steps || []).includes(rung.step));
  const count = rung.kind === "data" ? `${size(rung.length)} in ${plural(rung.records.length, "record")}` : size(rung.length);
  return h(`li.rung.${from}${bad ? ".bad" : ""}${rung.kind === "ccs" || rung.within ? ".faint" : ""}${rung.within ? ".inside" : ""}`, {},
    h("span.time", {}, duration(rung.t_us)),
    h("button.message", { type: "button", id: `rung-${rung.step}`, "aria-current": "false",
      onclick: () => app.show({ step: rung.step, focus: true }) },
    lesson && h("span.badge", { title: `step ${lesson.number} of the classic telling` }, lesson.number),
    h("span.name", {}, name), h("span.sr", {}, ` from the ${from}, `), h("span.size", {}, rung.within ? `${count}, expanded` : count),
    h("span.sr", {}, `, ${rung.encrypted ? "encrypted" : "readable by anyone"}, after ${duration(rung.t_us)}`),
    h("span.lock", { "aria-hidden": "true", title: rung.encrypted ? "encrypted" : "readable by anyone on the way" },
      rung.encrypted ? padlock() : "")),
    h(`span.wire.${rung.encrypted ? "sealed" : "clear"}`, { "aria-hidden": "true" }));
}

export function drawTimeline(model, app) {
  const list = h("ol.ladder", { "aria-label": "Messages in order" });
  let last = -1;
  const notes = upTo => {
    for (const n of notesBetween(model, last, upTo)) list.append(drawNote(model, n, app));
    last = upTo;
  };
  for (const flight of model.flights) {
    const from = flight.direction === model.client ? "client" : "server";
    const took = flight.end - flight.start;
    list.append(h(`li.flight.${from}`, {}, h("span", {},
      h("b", {}, `Flight ${flight.index + 1}`), ` ${from === "client" ? "client → server" : "client ← server"} · `,
      `${plural(flight.records.length, "record")}, ${number(flight.bytes)} bytes · at ${duration(flight.start)}`,
      took > 0 ? ` for ${duration(took)}` : "")));
    for (const rung of flight.rungs) {
      notes(rung.step);
      list.append(drawRung(model, rung, app));
    }
  }
  notes(Infinity);
  return h("section", { id: "timeline", "aria-label": "Timeline" }, h("h2", {}, "The handshake"),
    h("div.lanes", { "aria-hidden": "true" }, h("span", {}, "client", model.client === "sent" && !model.connection.observed ? " (this side)" : ""),
      h("span.legend", {}, h("i.wire.clear"), "readable", h("i.wire.sealed"), "encrypted"),
      h("span", {}, "server", model.client === "received" ? " (this side)" : "")),
    list);
}
