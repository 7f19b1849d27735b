// Against the baseline: which files changed, how sure that is, and for one file both import trees in one picture.

function samplesPlot(before, now) {
  const every = [...before, ...now];
  if (!every.length) return null;
  const most = Math.max(...every) * 1.04 || 1, x = (ms) => ((284 * ms) / most + 8).toFixed(1);
  const median = (values) => { const sorted = values.slice().sort((a, b) => a - b), half = sorted.length >> 1; return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2; };
  const row = (values, y, kind) => values.length ? [
    svg("line", { x1: x(median(values)), x2: x(median(values)), y1: y - 7, y2: y + 7, class: `median ${kind}` }),
    values.map((ms) => (kind === "before" ? svg("circle", { cx: x(ms), cy: y, r: 3.2, class: kind }) : svg("rect", { x: x(ms) - 3, y: y - 3, width: 6, height: 6, class: kind }))),
  ] : [];
  const text = (values, name) => (values.length ? `${name}: ${values.map((ms) => ms.toFixed(0)).join(", ")} ms` : `${name}: no parse`);
  const label = `${text(before, "before")}; ${text(now, "now")}`;
  const largest = Math.max(...every);
  const axis = [
    svg("line", { x1: x(0), x2: x(largest), y1: 41, y2: 41, class: "axis" }),
    [0, largest].map((ms) => svg("line", { x1: x(ms), x2: x(ms), y1: 38, y2: 44, class: "axis" })),
    svg("text", { x: x(0), y: 54, class: "axis-label" }, "0 ms"),
    svg("text", { x: x(largest), y: 54, "text-anchor": "end", class: "axis-label" }, duration(largest)),
  ];
  return svg("svg", { class: "samples", viewBox: "0 0 300 57", role: "img", "aria-label": label }, svg("title", {}, label), row(before, 11, "before"), row(now, 29, "now"), axis);
}

// Both trees as one: a module is the same where it was loaded below the same ones. As wide as the wider side.
function mergedTree(before, now) {
  const root = { name: "", children: [], byName: new Map() };
  const add = (tree, side) => {
    const nodes = [];
    (tree ? tree.name : []).forEach((name, place) => {
      const above = tree.parent[place] < 0 ? root : nodes[tree.parent[place]];
      let node = above.byName.get(name);
      if (!node) {
        node = { name, before: null, now: null, ownBefore: 0, ownNow: 0, children: [], byName: new Map() };
        above.byName.set(name, node);
        above.children.push(node);
      }
      node[side] = (node[side] || 0) + tree.total[place] / 1000;
      node[side === "now" ? "ownNow" : "ownBefore"] += tree.own[place] / 1000;
      nodes.push(node);
    });
  };
  add(before, "before");
  add(now, "now");
  const every = [];
  const waiting = [...root.children];
  while (waiting.length) { const node = waiting.pop(); every.push(node); waiting.push(...node.children); }
  for (const node of every.reverse()) {
    node.width = Math.max(node.ownBefore, node.ownNow) + node.children.reduce((sum, child) => sum + child.width, 0);
    const change = (node.now || 0) - (node.before || 0);
    const [kind, mark] = node.before === null ? ["new", "new"] : node.now === null ? ["gone", "gone"] : change >= 1 ? ["slower", "\u25b2"] : change <= -1 ? ["faster", "\u25bc"] : ["same", ""];
    Object.assign(node, { kind, mark, shown: kind === "same" ? "" : signed(change), text:
      `${node.name}: ${node.before === null ? "not loaded" : duration(node.before)} before, ${node.now === null ? "not loaded" : duration(node.now)} now (${signed(change)})` });
  }
  return root.children;
}

const COMPARE_COLUMNS = [
  { name: "File", key: "path", value: (row) => row.path },
  { name: "Change", key: "change", value: (row) => row.change },
  { name: "Before", key: "before", figure: true, value: (row) => row.before ?? 0 },
  { name: "Now", key: "now", figure: true, value: (row) => row.now ?? 0 },
  { name: "Difference", key: "difference", figure: true, value: (row) => Math.abs((row.now ?? 0) - (row.before ?? 0)) },
  { name: "Parses before \u25cf and now \u25a0" },
];

class CompareView {
  constructor(place, data) {
    this.data = data;
    this.list = el("div", {});
    this.one = el("div", {});
    this.body = el("tbody");
    this.table = el("table", { id: "compare-table" }, el("caption", { class: "quiet" }, "Files that changed"), this.body);
    this.sort = { key: "", down: true };
    this.list.append(el("h2", { tabindex: "-1" }, "Comparison with the baseline"), el("p", {}, data.sentence),
      ...data.breaks.map(([path, missing]) => el("p", { class: "note bad" }, el("code", {}, path), ` ${missing} now.`)),
      ...data.fixed.map((path) => el("p", { class: "note good" }, el("code", {}, path), " produces DAGs again.")),
      ...data.warnings.map((text) => el("p", { class: "note" }, text)), scrolling(this.table, "Files that changed"));
    place.append(this.list, this.one);
    this.refresh();
  }

  show(address, query) {
    const row = this.data.files.find((each) => each.address === address);
    this.list.hidden = Boolean(row);
    if (!row && query.get("sort")) { this.sort = sortOf(query.get("sort"), COMPARE_COLUMNS, this.sort); this.refresh(); }
    this.one.replaceChildren(...(row ? this.detail(row, query) : []));
  }

  refresh() {
    const column = COMPARE_COLUMNS.find((each) => each.key && each.key === this.sort.key);
    const rows = column ? ordered(this.data.files, column, this.sort.down) : this.data.files;
    this.table.querySelector("thead")?.remove();
    this.body.before(sortableHead(COMPARE_COLUMNS, this.sort, (key, down) => {
      this.sort = { key, down };
      remember({ sort: sortText(this.sort) });
      this.refresh();
      this.table.querySelector("[aria-sort] button")?.focus();
    }));
    this.body.replaceChildren(...rows.map((row) => this.row(row)));
    if (!rows.length) this.body.append(el("tr", {}, el("td", { colspan: COMPARE_COLUMNS.length, class: "quiet" }, "No parse time changed by more than the limits.")));
  }

  difference(row) {
    if (row.before === null || row.now === null || !row.is_comparable) return "";
    return signed(row.now - row.before) + (row.share === null ? "" : ` (${row.share < 0 ? "\u2212" : "+"}${Math.abs(Math.round(100 * row.share))} %)`);
  }

  row(row) {
    const names = [...row.new_imports.map((name) => `+ ${name}`), ...row.gone_imports.map((name) => `\u2212 ${name}`)];
    const changes = names.slice(0, 6).join(", ") + (names.length > 6 ? ` and ${names.length - 6} more` : "");
    return el("tr", {},
      el("th", { scope: "row" }, el("a", { href: addressOf("compare", row.address) }, el("code", {}, row.path)),
        row.reason ? el("div", { class: "quiet" }, row.reason) : null, changes ? el("div", { class: "quiet" }, `imports: ${changes}`) : null),
      el("td", {}, el("span", { class: `tag tag-${row.change}` }, row.change === "unsure" ? "inconclusive" : row.change)),
      el("td", { class: "figure" }, row.before === null ? "\u2013" : duration(row.before)),
      el("td", { class: "figure" }, row.now === null ? "\u2013" : duration(row.now)),
      el("td", { class: "figure" }, this.difference(row)),
      el("td", {}, samplesPlot(row.samples_before, row.samples_now)));
  }

  detail(row, query) {
    const list = (title, names, more) => (names.length ? el("section", {}, el("h3", {}, title), el("ul", {}, names.map((name) => el("li", {}, el("code", {}, name)))),
      more ? el("p", { class: "quiet" }, `${count(more, "more import")} ${more === 1 ? "is" : "are"} not shown.`) : null) : null);
    const parts = [
      el("p", { class: "crumbs" }, el("a", { href: "#/compare" }, "All changes"), " / ", el("code", {}, row.path), " ", row.now === null ? "" : el("a", { href: addressOf("file", row.address) }, "file view")),
      el("h2", { tabindex: "-1" }, `${row.before === null ? "new" : duration(row.before)} \u2192 ${row.now === null ? "gone" : duration(row.now)} `, this.difference(row)),
      row.reason ? el("p", {}, row.reason) : null,
      el("figure", {}, samplesPlot(row.samples_before, row.samples_now), el("figcaption", { class: "quiet" }, `The chart shows all parses of both runs, from 0 to ${duration(Math.max(0, ...row.samples_before, ...row.samples_now) * 1.04)}: \u25cf before, \u25a0 now. The lines mark the medians.`)),
    ];
    if (row.tree_before || row.tree_now) {
      const sum = (tree) => (tree ? tree.total.reduce((us, each, place) => us + (tree.parent[place] < 0 ? each : 0), 0) / 1000 : 0);
      const was = sum(row.tree_before), is = sum(row.tree_now);
      const icicle = new Icicle("Imports of both runs", mergedTree(row.tree_before, row.tree_now), {
        rootText: `All imports in the tracing passes: ${duration(was)} before, ${duration(is)} now (${signed(is - was)})`,
        hint: "This view merges the import trees of both runs. The width of a module shows the import time in the slower run, including nested imports. Marks: \u25b2 slower, \u25bc faster, new, gone.",
        isMerged: true,
        zoomed: (path) => remember({ zoom: path }),
      });
      parts.push(el("section", {}, el("h3", {}, "Imports of both runs"), icicle.controls(query), icicle.place));
    }
    parts.push(list("New imports", row.new_imports, row.more_new), list("Removed imports", row.gone_imports, row.more_gone), list("New effects", row.new_effects), list("Removed effects", row.gone_effects));
    return parts.filter(Boolean);
  }
}
