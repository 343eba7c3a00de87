// dom.js: making elements, and words for numbers. Everything that a peer sent becomes a text node:
// nothing here or elsewhere parses HTML from data.

const SVG_NS = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

// h("button.quiet", {title: "..."}, "text", [more]) makes <button class="quiet">.
export function h(what, attributes, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  return fill(element, attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG_NS, tag), attributes, children);
}

export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

export function plural(n, word) {
  return `${number(n)} ${word}${n === 1 ? "" : "s"}`;
}

export function number(n) {
  return Number(n).toLocaleString("en");
}

export function size(n) {
  if (n < 10000) return plural(n, "byte");
  return n < 10e6 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;
}

export function duration(us) {
  if (us === undefined || us === null) return "";
  if (us < 1000) return `${us < 10 ? us.toFixed(1) : us.toFixed(0)} µs`;
  if (us < 1e6) return `${(us / 1000).toFixed(us < 1e5 ? 2 : 0)} ms`;
  return `${(us / 1e6).toFixed(2)} s`;
}

export function hexByte(b) {
  return b.toString(16).padStart(2, "0");
}

export function hexText(bytes, gap = "") {
  return Array.from(bytes, hexByte).join(gap);
}

// A name like ecdsa_secp256r1_sha256 may be broken after each underscore, and nowhere else.
export function breakable(text) {
  return String(text).split(/(?<=_)/).flatMap((part, i) => i ? [h("wbr"), part] : [part]);
}

// "RFC 9846 section 4.2.2" becomes a link; nothing is fetched unless someone follows it.
export function section(text) {
  const found = /^RFC (\d+)(?: section ([\w.]+))?/.exec(text || "");
  if (!found) return text || "";
  const kind = found[2] && /^[A-Z]/.test(found[2]) ? "appendix" : "section";
  return h("a.rfc", { href: `https://www.rfc-editor.org/rfc/rfc${found[1]}${found[2] ? `#${kind}-${found[2]}` : ""}`,
    rel: "noreferrer noopener", target: "_blank" }, text);
}

// A definition list; empty values are left out.
export function facts(pairs, name = "dl.facts") {
  return h(name, {}, pairs.filter(p => p && p[1] !== undefined && p[1] !== null && String(p[1]) !== "")
    .map(([term, value, extra]) => h("div", extra || {}, h("dt", {}, term), h("dd", {}, value))));
}

// Left and right arrows and the like among `items` of a toolbar or a list.
export function step(items, at, key) {
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1,
    Home: 0, End: items.length - 1 }[key];
  return to === undefined || to < 0 || to >= items.length ? undefined : items[to];
}
