// The table of all files: sorted and filtered in the index, drawn a few hundred rows at a time.

const ROWS_AT_ONCE = 200;
const STAGES = index.stages;

function stageBar(position, longest) {
  const stages = files.stages[position];
  const text = STAGES.map((name, number) => [name, stages[number]]).filter(([, ms]) => ms >= 0.05)
    .map(([name, ms]) => `${name} ${duration(ms)}`).join(", ");
  let start = 0;
  const pieces = stages.map((ms, number) => {
    const x = start;
    start += longest ? (100 * ms) / longest : 0;
    return start - x >= 0.05 ? svg("rect", { x: x.toFixed(2), width: (start - x).toFixed(2), height: 6, class: `stage-${number}` }) : null;
  });
  return svg("svg", { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": text || "not timed" }, svg("title", {}, text), pieces);
}

// The stages that `takesTime` says of, with their colours and, where `ms` is given, their times.
function stageKeys(takesTime, ms) {
  return STAGES.map((name, number) => takesTime(number)
    ? el("span", {}, svg("svg", { class: "key", viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { width: 10, height: 10, class: `stage-${number}` })), ms ? `${name} ${duration(ms[number])}` : name) : null);
}

const FILE_COLUMNS = [
  { name: "File", key: "path", value: (row) => files.path[row] },
  { name: "Parse", key: "parse", figure: true, value: (row) => files.parse[row] },
  { name: "\u00b1 ms", key: "spread", figure: true, value: (row) => files.spread[row] ?? -1 },
  { name: "CPU", key: "cpu", figure: true, value: (row) => files.cpu[row] },
  { name: "Time by stage" },
  { name: "DAGs", key: "dags", figure: true, value: (row) => files.dags[row] },
  { name: "Tasks", key: "tasks", figure: true, value: (row) => files.tasks[row] },
  { name: "Status", key: "status", value: (row) => files.status[row] },
];

function fileRow(row, longest) {
  const timed = files.is_timed[row];
  return el("tr", {},
    el("th", { scope: "row" }, el("a", { href: addressOf("file", files.address[row]) }, el("code", {}, files.path[row] || "(no name)"))),
    el("td", { class: "figure" }, timed ? duration(files.parse[row]) : "\u2013"),
    el("td", { class: "figure quiet" }, files.spread[row] === null ? "" : files.spread[row].toFixed(1)),
    el("td", { class: "figure" }, timed ? duration(files.cpu[row]) : "\u2013"),
    el("td", {}, stageBar(row, longest)),
    el("td", { class: "figure" }, grouped(files.dags[row])),
    el("td", { class: "figure" }, grouped(files.tasks[row])),
    el("td", {}, files.is_failure[row] ? el("span", { class: "tag tag-failed" }, files.status[row]) : files.status[row],
      files.is_composed[row] ? el("span", { class: "quiet" }, " composed") : null,
      files.doubts[row] ? el("span", { class: "quiet" }, " with notes") : null));
}

class FilesView {
  constructor(place) {
    this.longest = Math.max(0, ...files.parse);
    this.text = el("input", { type: "search", id: "find-file", autocomplete: "off", oninput: () => this.changed() });
    this.status = el("select", { id: "find-status", onchange: () => this.changed() }, el("option", { value: "" }, "all"),
      [...new Set(files.status)].sort().map((name) => el("option", { value: name }, name)));
    this.package = el("input", { type: "search", id: "find-package", list: "package-names", autocomplete: "off", oninput: () => this.changed() });
    this.shown = el("output", { class: "quiet" });
    this.body = el("tbody");
    this.table = el("table", { id: "file-table", "aria-describedby": "file-words" }, this.body);
    const words = el("p", { class: "quiet", id: "file-words" }, "The table shows the median parse time of each file, divided into stages. The stage gc (garbage collection) is known only for traced files."
      + (files.is_composed.some(Boolean) ? " A composed parse time is the sum of the file's own time and the time of packages that dagprof measured once for all files." : ""));
    this.more = el("button", { type: "button", class: "more", onclick: () => this.draw() });
    const label = (text, input) => el("label", {}, `${text} `, input);
    place.append(
      el("p", { class: "legend" }, stageKeys((number) => files.stages.some((stages) => stages[number] >= 0.05))),
      el("p", { class: "controls" }, label("Name", this.text), label("Status", this.status), label("Loads", this.package), this.shown),
      el("datalist", { id: "package-names" }, index.groups.slice(0, 500).map((name) => el("option", { value: name }))),
      words, scrolling(this.table, "Files"), this.more);
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.draw(), { rootMargin: "400px" }).observe(this.more);
  }

  show(query) {
    this.text.value = query.get("q") || "";
    this.status.value = query.get("status") || "";
    this.package.value = query.get("loads") || "";
    this.sort = sortOf(query.get("sort") || "", FILE_COLUMNS, { key: "parse", down: true });
    this.refresh();
  }

  changed() {
    const sort = sortText(this.sort);
    remember({ q: this.text.value, status: this.status.value, loads: this.package.value, sort: sort === "-parse" ? "" : sort });
    this.refresh();
  }

  matching() {
    const words = this.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const group = this.package.value ? index.groups.findIndex((name) => name === this.package.value) : -1;
    const parts = group < 0 && this.package.value
      ? new Set(index.groups.flatMap((name, place) => (name.toLowerCase().includes(this.package.value.toLowerCase()) ? [place] : []))) : null;
    const rows = [];
    for (let row = 0; row < FILES; row++) {
      const path = files.path[row].toLowerCase();
      if (!words.every((word) => path.includes(word))) continue;
      if (this.status.value && files.status[row] !== this.status.value) continue;
      if (group >= 0 && !files.groups[row].includes(group)) continue;
      if (parts && !files.groups[row].some((place) => parts.has(place))) continue;
      rows.push(row);
    }
    return rows;
  }

  refresh() {
    const column = FILE_COLUMNS.find((each) => each.key === this.sort.key);
    const found = this.matching();
    this.rows = ordered(found, column, this.sort.down);
    this.shown.textContent = found.length < FILES ? `${grouped(found.length)} of ${count(FILES, "file")}` : "";
    this.table.querySelector("thead")?.remove();
    this.body.before(sortableHead(FILE_COLUMNS, this.sort, (key, down) => {
      this.sort = { key, down };
      this.changed();
      [...this.table.querySelectorAll("thead button")].find((button) => button.closest("[aria-sort]"))?.focus();
    }));
    this.body.replaceChildren();
    this.drawn = 0;
    this.draw();
  }

  drawTo(wanted) {
    while (this.drawn < Math.min(wanted, this.rows.length)) this.draw();
  }

  draw() {
    if (!this.rows) return;
    const next = this.rows.slice(this.drawn, this.drawn + ROWS_AT_ONCE);
    this.body.append(...next.map((row) => fileRow(row, this.longest)));
    this.drawn += next.length;
    if (!this.rows.length && !this.body.children.length) {
      this.body.append(el("tr", {}, el("td", { colspan: FILE_COLUMNS.length, class: "quiet" }, FILES ? "No file matches." : "There are no files.")));
    }
    const left = this.rows.length - this.drawn;
    this.more.hidden = left <= 0;
    this.more.textContent = `Show ${grouped(Math.min(left, ROWS_AT_ONCE))} of ${count(left, "more file")}`;
  }
}
