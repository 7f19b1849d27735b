// Imports as an icicle: each module as wide as it takes with all that it loads, what it loads below it. One drawing for a
// single parse and for the difference of two; the nodes say how they look.
//
// A node: {name, width, own, text, shown, kind, mark, children}. `kind` gives the colour, `mark` a sign in front of the name.

const ROW = 21;
const LETTER = 6.7;
const NARROWEST = 0.7;

class Icicle {
  constructor(label, nodes, options) {
    this.root = { name: label, children: nodes, width: nodes.reduce((sum, node) => sum + node.width, 0), text: options.rootText, kind: "root", parent: null };
    this.link(this.root);
    this.options = options;
    this.zoomed = this.root;
    this.order = "time";
    this.drawing = svg("svg", { class: "icicle", role: "tree", "aria-label": label, onkeydown: (event) => this.key(event) });
    this.line = el("p", { class: "about", role: "status" }, options.hint);
    this.matches = el("output", { class: "quiet" });
    this.place = el("div", { class: "icicle-place" }, el("div", { class: "icicle-scroll" }, this.drawing), this.line);
    new ResizeObserver(() => this.place.clientWidth !== this.lastWidth && this.draw()).observe(this.place);
  }

  link(root) {
    const waiting = [root];
    while (waiting.length) {
      const node = waiting.pop();
      for (const child of node.children) { child.parent = node; waiting.push(child); }
    }
  }

  setOrder(order) { this.order = order; this.draw(); }

  find(text) {
    this.sought = text.toLowerCase();
    let found = 0, ms = 0;
    const waiting = this.sought ? [[this.root, false]] : [];
    while (waiting.length) {
      const [node, isInside] = waiting.pop();
      const hit = node !== this.root && this.isMatch(node);
      if (hit) { found++; if (!isInside) ms += node.width; }
      for (const child of node.children) waiting.push([child, isInside || hit]);
    }
    this.matches.textContent = this.sought ? count(found, "module") + (this.options.isMerged ? "" : `, ${duration(ms)}`) : "";
    this.draw();
  }

  isMatch(node) { return Boolean(this.sought) && node.name.toLowerCase().includes(this.sought); }

  zoom(node, focuses) {
    this.zoomed = node;
    this.options.zoomed?.(node === this.root ? "" : this.pathOf(node));
    this.draw();
    this.tell(node);
    if (focuses) this.focus(node);
  }

  pathOf(node) {
    const parts = [];
    for (let each = node; each.parent; each = each.parent) parts.unshift(each.parent.children.indexOf(each));
    return parts.join(".");
  }

  zoomTo(path) {
    let node = this.root;
    for (const part of path ? path.split(".") : []) node = node.children[Number(part)] || node;
    this.zoomed = node;
  }

  tell(node) { this.line.textContent = node.text; }

  childrenOf(node) {
    return this.order === "size" ? node.children.slice().sort((one, other) => other.width - one.width) : node.children;
  }

  draw() {
    const width = this.place.clientWidth;
    if (!width) return;
    const focused = this.drawing.contains(document.activeElement) ? document.activeElement.node : null;
    this.lastWidth = width;
    this.shapes = new Map();
    const path = [];
    for (let node = this.zoomed; node; node = node.parent) path.unshift(node);
    const drawn = path.slice(0, -1).map((node, depth) => this.shape(node, 0, depth, width, true));
    const scale = this.zoomed.width ? width / this.zoomed.width : 0;
    const waiting = [[this.zoomed, 0, path.length - 1]];
    let deepest = 0;
    while (waiting.length) {
      const [node, x, depth] = waiting.pop();
      deepest = Math.max(deepest, depth);
      drawn.push(this.shape(node, x, depth, node === this.zoomed ? width : node.width * scale, false));
      let at = x;
      for (const child of this.childrenOf(node)) {
        if (child.width * scale >= NARROWEST) waiting.push([child, at, depth + 1]);
        at += child.width * scale;
      }
    }
    const height = (deepest + 1) * ROW + 2;
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) this.drawing.setAttribute(name, value);
    this.drawing.replaceChildren(...drawn);
    this.shapes.get(this.zoomed).setAttribute("tabindex", "0");
    if (focused) this.focus(this.shapes.has(focused) ? focused : this.zoomed);
  }

  shape(node, x, depth, width, isAbove) {
    const wide = Math.max(width - 1, 0.5);
    const letters = Math.floor((wide - 8) / LETTER);
    const label = `${node.mark ? node.mark + " " : ""}${node.name}${node.shown ? "  " + node.shown : ""}`;
    const name = letters >= 3 ? (label.length > letters ? label.slice(0, letters - 1) + "\u2026" : label) : "";
    const faded = this.sought && !this.isMatch(node) && node !== this.root;
    const shape = svg("g", {
      role: "treeitem", tabindex: "-1", "aria-level": depth + 1, "aria-label": node.text,
      class: `node kind-${node.kind}${wide < 12 ? " narrow" : ""}${isAbove ? " above" : ""}${faded ? " faded" : ""}${this.isMatch(node) ? " match" : ""}`,
      onclick: () => this.zoom(node, true), onmouseenter: () => this.tell(node), onfocus: () => this.tell(node),
    },
    svg("rect", { x: x.toFixed(2), y: depth * ROW + 1, width: wide.toFixed(2), height: ROW - 2, rx: wide > 6 ? 2 : 0 }),
    name ? svg("text", { x: (x + 4).toFixed(2), y: depth * ROW + 15 }, name) : null);
    shape.node = node;
    this.shapes.set(node, shape);
    return shape;
  }

  focus(node) {
    const shape = this.shapes.get(node);
    if (!shape) return;
    for (const other of this.drawing.querySelectorAll("[tabindex='0']")) other.setAttribute("tabindex", "-1");
    shape.setAttribute("tabindex", "0");
    shape.focus({ preventScroll: true });
  }

  key(event) {
    const node = event.target.node;
    if (!node) return;
    const visible = (nodes) => nodes.filter((each) => this.shapes.has(each));
    const beside = node.parent ? visible(this.childrenOf(node.parent)) : [node];
    const steps = {
      ArrowDown: () => visible(this.childrenOf(node))[0], ArrowUp: () => node.parent,
      ArrowRight: () => beside[beside.indexOf(node) + 1], ArrowLeft: () => beside[beside.indexOf(node) - 1],
      Home: () => this.zoomed,
    };
    if (event.key in steps) { const next = steps[event.key](); if (next) this.focus(next); }
    else if (event.key === "Enter" || event.key === " ") this.zoom(node, true);
    else if (event.key === "Escape" || event.key === "Backspace") this.zoom(this.zoomed.parent || this.root, true);
    else return;
    event.preventDefault();
  }

  // Search and order above the drawing.
  controls(query) {
    const find = el("input", { type: "search", autocomplete: "off", oninput: () => { this.find(find.value); remember({ find: find.value }); } });
    const order = el("select", { onchange: () => { this.setOrder(order.value); remember({ order: order.value === "time" ? "" : order.value }); } },
      el("option", { value: "time" }, "time"), el("option", { value: "size" }, "size"));
    const out = el("button", { type: "button", onclick: () => this.zoom(this.root) }, "Whole parse");
    find.value = query.get("find") || "";
    order.value = query.get("order") === "size" ? "size" : "time";
    this.order = order.value;
    this.zoomTo(query.get("zoom"));
    queueMicrotask(() => this.find(find.value));
    return el("p", { class: "controls" }, el("label", {}, "Search ", find), el("label", {}, "Order by ", order), out, this.matches);
  }
}
