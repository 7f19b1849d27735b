// What all files import: the treemap, and the table of distributions beside it.

const PACKAGE_COLUMNS = [
  { name: "Distribution", key: "name", value: (row) => row.name },
  { name: "Total", key: "total", figure: true, value: (row) => row.total },
  { name: "Own", key: "own", figure: true, value: (row) => row.own },
  { name: "Would save", key: "alone", figure: true, value: (row) => row.alone ?? -1 },
  { name: "Maximum in one file", key: "largest", figure: true, value: (row) => row.largest },
  { name: "Files", key: "files", figure: true, value: (row) => row.files },
  { name: "Loaded by" },
];

class PackagesView {
  constructor(place, data) {
    this.rows = data.table;
    this.treemap = new Treemap(data.treemap);
    this.table = el("table", { id: "package-table", "aria-describedby": "package-words" });
    const words = el("p", { class: "quiet", id: "package-words" },
      "Total: import time of the distribution, including nested imports. Own: import time of the distribution, without nested imports of other distributions. " +
      "Would save: time that all files would save if no file loaded the distribution. This time includes modules that only the distribution imports. " +
      "All times are scaled to a parse without tracing. The table omits modules that the DAG processor imports before it forks, " +
      "because these modules cost no time in a parse.");
    this.body = el("tbody");
    this.table.append(this.body);
    place.append(el("h2", { tabindex: "-1" }, "Packages"), this.treemap.place, words, scrolling(this.table, "Distributions"));
  }

  show(query) {
    let at = [];
    try { at = JSON.parse(query.get("at") || "[]"); } catch { /* a mistyped address shows everything */ }
    this.sort = sortOf(query.get("sort") || "", PACKAGE_COLUMNS, { key: "total", down: true });
    this.treemap.show(Array.isArray(at) ? at : []);
    this.refresh();
  }

  refresh() {
    const column = PACKAGE_COLUMNS.find((each) => each.key === this.sort.key);
    this.table.querySelector("thead")?.remove();
    this.body.before(sortableHead(PACKAGE_COLUMNS, this.sort, (key, down) => {
      this.sort = { key, down };
      remember({ sort: sortText(this.sort) });
      this.treemap.draw();
      this.refresh();
      this.table.querySelector("[aria-sort] button")?.focus();
    }));
    this.body.replaceChildren(...ordered(this.rows, column, this.sort.down).map((row) => this.row(row)));
    if (!this.rows.length) this.body.append(el("tr", {}, el("td", { colspan: PACKAGE_COLUMNS.length, class: "quiet" }, index.is_traced ? "The parses loaded no modules." : "No file was traced. To trace all files, use --depth full.")));
  }

  row(row) {
    return el("tr", {},
      el("th", { scope: "row" }, el("code", {}, row.name), " ", el("span", { class: "quiet" }, row.version || row.origin)),
      el("td", { class: "figure" }, duration(row.total)),
      el("td", { class: "figure quiet" }, duration(row.own)),
      el("td", { class: "figure" }, row.alone === null ? "\u2013" : duration(row.alone)),
      el("td", { class: "figure quiet" }, duration(row.largest)),
      el("td", { class: "figure" }, el("a", { href: addressOf("overview", "", { loads: row.name }) + "", "aria-label": `${count(row.files, "file")} that ${row.files === 1 ? "loads" : "load"} ${row.name}` }, grouped(row.files))),
      el("td", {}, row.importers.map(([where, times, ms]) => el("div", {}, el("code", {}, where), el("span", { class: "quiet" }, ` ${count(times, "file")}, ${duration(ms)}`)))));
  }
}
