// Time of the fleet's imports as a treemap: distribution, package, module, each area its own time over all files.
// Squarified layout after Bruls, Huizing and van Wijk (2000). Every cell is a link, so it has a place in the address.

function squarify(nodes, x, y, width, height, placed) {
  const total = nodes.reduce((sum, node) => sum + node.ms, 0);
  let rest = nodes.filter((node) => node.ms > 0);
  const scale = total ? (width * height) / total : 0;
  while (rest.length && width > 0 && height > 0) {
    const side = Math.min(width, height);
    let row = [], best = Infinity;
    for (const node of rest) {
      const areas = [...row, node].map((each) => each.ms * scale);
      const sum = areas.reduce((a, b) => a + b, 0);
      const worst = Math.max((side * side * Math.max(...areas)) / (sum * sum), (sum * sum) / (side * side * Math.min(...areas)));
      if (worst > best) break;
      row.push(node);
      best = worst;
    }
    const area = row.reduce((sum, node) => sum + node.ms * scale, 0), thick = area / side;
    let at = 0;
    for (const node of row) {
      const long = (node.ms * scale) / thick;
      placed.push(width >= height ? { node, x, y: y + at, width: thick, height: long } : { node, x: x + at, y, width: long, height: thick });
      at += long;
    }
    if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    rest = rest.slice(row.length);
  }
  return placed;
}

class Treemap {
  constructor(tree) {
    const node = ([name, ms, inside]) => ({ name, ms, inside: inside.map(node) });
    this.root = { name: "All imports", inside: tree.map(node), ms: tree.reduce((sum, each) => sum + each[1], 0) };
    this.crumbs = el("p", { class: "crumbs", tabindex: "-1" });
    this.drawing = svg("svg", { class: "treemap", role: "group", "aria-label": "Import time by distribution, package and module" });
    this.place = el("div", { class: "treemap-place" }, this.crumbs, this.drawing);
    new ResizeObserver(() => this.here && this.drawing.clientWidth !== this.lastWidth && this.draw()).observe(this.drawing);
  }

  show(names) {
    const wasInside = this.place.contains(document.activeElement);
    this.path = [this.root];
    for (const name of names) {
      const next = this.path[this.path.length - 1].inside.find((node) => node.name === name);
      if (!next) break;
      this.path.push(next);
    }
    this.here = this.path[this.path.length - 1];
    this.crumbs.replaceChildren(...this.path.flatMap((node, depth) => [
      depth ? " / " : "",
      depth === this.path.length - 1 ? el("strong", {}, node.name) : el("a", { href: this.addressTo(depth) }, node.name),
    ]), el("span", { class: "quiet" }, ` ${duration(this.here.ms)} own time over all files`));
    this.draw();
    if (wasInside) this.crumbs.focus({ preventScroll: true });
  }

  addressTo(depth, name) {
    const names = this.path.slice(1, depth + 1).map((node) => node.name);
    return addressOf("packages", "", { sort: readAddress().query.get("sort"), at: JSON.stringify(name === undefined ? names : [...names, name]) });
  }

  draw() {
    const width = this.drawing.clientWidth, height = Math.max(220, Math.min(460, width * 0.5));
    this.lastWidth = width;
    if (!width) return;
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.drawing.setAttribute("height", height);
    const nodes = this.here.inside.length ? this.here.inside : [{ ...this.here, inside: [] }];
    const cells = squarify(nodes, 0, 0, width, height, []);
    this.drawing.replaceChildren(...cells.filter((cell) => cell.width > 1.5 && cell.height > 1.5).map((cell, number) => this.cell(cell, number)));
  }

  cell({ node, x, y, width, height }, number) {
    const share = this.root.ms ? ` (${Math.round((100 * node.ms) / this.root.ms)} % of all)` : "";
    const label = `${node.name}: ${duration(node.ms)}${share}`;
    const letters = Math.floor((width - 10) / 7);
    const fits = (text) => (text.length > letters ? text.slice(0, letters - 1) + "\u2026" : text);
    const shape = [
      svg("title", {}, label),
      svg("rect", { x: x + 0.75, y: y + 0.75, width: width - 1.5, height: height - 1.5, rx: 3, class: `cell-${number % 6}` }),
      letters >= 4 && height >= 20 ? svg("text", { x: x + 7, y: y + 16 }, fits(node.name)) : null,
      letters >= 6 && height >= 36 ? svg("text", { x: x + 7, y: y + 31, class: "small" }, duration(node.ms)) : null,
    ];
    if (!node.inside.length) return svg("g", { role: "img", "aria-label": label }, shape);
    return svg("a", { href: this.addressTo(this.path.length - 1, node.name), "aria-label": `${label}, open` }, shape);
  }
}
