// One file: where its time goes, its source with the time in the margin, its imports, calls, effects and experiments.

const FOLD_FROM = 80;
const CONTEXT = 3;

async function fileView(place, address, query, isCurrent) {
  const position = positions.get(address);
  if (position === undefined) {
    place.replaceChildren(el("p", { class: "note" }, "This report has no such file. ", el("a", { href: "#/" }, "All files")));
    return;
  }
  const [detail, modules] = await Promise.all([detailOf(position), unpack("modules")]);
  if (!isCurrent()) return;
  const part = (title, ...content) => (content.flat().filter(Boolean).length ? el("section", {}, el("h3", {}, title), content) : null);
  const left = detail.left_out || {};
  const rest = (name, noun) => (left[name] ? el("p", { class: "quiet" }, `${count(left[name], noun)} ${left[name] === 1 ? "is" : "are"} not shown.`) : []);
  const icicle = detail.loads && detail.loads.module.length ? importsIcicle(position, detail, modules) : null;
  place.replaceChildren(...[
    el("p", { class: "crumbs" }, el("a", { href: "#/" }, "All files"), " / ", el("code", {}, files.path[position])),
    el("h2", { tabindex: "-1" }, headline(position, detail)),
    el("p", {}, stageBar(position, files.parse[position] || 1), el("span", { class: "legend" }, stageKeys((number) => files.stages[position][number] >= 0.05, files.stages[position]))),
    ...(detail.doubts || []).map((text) => el("p", { class: "note" }, text)),
    detail.detail ? el("p", {}, detail.detail) : null,
    detail.wall_us === undefined && files.is_timed[position] ? el("p", { class: "quiet" }, "This file was not traced, so the imports and statements of the file are unknown. To trace all files, use --depth full.") : null,
    part("Failures", (detail.failures || []).map(failure)),
    part("Imports", icicle ? [icicle.controls(query), icicle.place] : [], rest("loads", "shorter import"), free(detail)),
    part("Source", sourceOf(detail, Number(query.get("line"))), rest("statements", "shorter statement")),
    part("Sampled calls of slow statements (scaled to remove the sampling overhead)", detail.stack ? scrolling(el("div", { class: "calls" }, callTree(detail.stack)), "Calls") : [], rest("calls", "shorter call")),
    part("Effects during parsing", effectsTable(detail), rest("effects", "more effect"), rest("accesses", "more lookup")),
    part("Experiments", experiments(detail), rest("experiments", "more experiment")),
    part("Stability", (detail.unstable || []).map(([dag, field, first, second, between]) =>
      el("p", {}, "In DAG ", el("code", {}, dag), `, the field ${field} differs between ${between}. First value: `, el("code", {}, first), ". Second value: ", el("code", {}, second), ". Airflow 3 stores each variant as a new DAG version.")), rest("unstable", "more field")),
    part("Figures", facts(detail)),
    ...(detail.outputs || []).map(([name, text, total, isCut]) => part(`Written to ${name}`, el("pre", {}, text), isCut ? el("p", { class: "quiet" }, `dagprof shortened this output from ${grouped(total)} bytes.`) : null)),
  ].filter(Boolean));
  place.querySelector(".line-asked")?.scrollIntoView({ block: "center" });
}

function headline(position, detail) {
  if (!files.is_timed[position]) return `${files.path[position]}: ${files.status[position]}`;
  const spread = files.spread[position] === null ? " (one parse)" : ` \u00b1 ${files.spread[position].toFixed(1)} ms`;
  const status = files.is_failure[position] ? `, ${files.status[position]}` : "";
  const composed = files.is_composed[position] ? " (composed)" : "";
  return `${duration(files.parse[position])}${spread} to parse${composed}${status}`;
}

function failure([type, message, cause, traceback, , place]) {
  return el("div", {}, el("p", {}, el("strong", {}, type), type ? ": " : "", message, cause ? el("span", { class: "quiet" }, ` Caused by: ${cause}`) : null, place ? el("span", { class: "quiet" }, ` At ${place}`) : null),
    traceback ? el("pre", {}, traceback) : null);
}

function importsIcicle(position, detail, modules) {
  const { module, parent, own, total, importer, line } = detail.loads;
  const nodes = module.map((id, place) => {
    const name = modules.name[id], group = index.groups[modules.group[id]];
    const from = importer[place] === -1 ? `line ${line[place]}` : importer[place] >= 0 ? `${modules.name[importer[place]]}, line ${line[place]}` : "";
    const ms = total[place] / 1000;
    return {
      name, width: ms, shown: duration(ms), children: [], mark: modules.is_own[id] ? "\u25cf" : "",
      kind: modules.is_own[id] ? "own" : group === "standard library" ? "stdlib" : "installed",
      text: `${name}: ${duration(ms)} including nested imports, ${duration(own[place] / 1000)} own time; ${group}${from ? `; imported by ${from}` : ""}`,
    };
  });
  const outermost = [];
  nodes.forEach((node, place) => (parent[place] < 0 ? outermost : nodes[parent[place]].children).push(node));
  const sum = outermost.reduce((ms, node) => ms + node.width, 0);
  return new Icicle("Imports of this parse", outermost, {
    rootText: `All imports of this parse: ${duration(sum)} in the tracing pass`,
    hint: "The width of a module shows the import time, including nested imports. \u25cf marks your own code. To zoom in, click a module or press Enter. To zoom out, press Escape. To move, press the arrow keys.",
    zoomed: (path) => remember({ zoom: path }),
  });
}

function free(detail) {
  if (!detail.free) return [];
  return el("p", { class: "quiet" }, "These imports cost no time, because Airflow has already imported the modules: ",
    detail.free.flatMap(([line, name], place) => [place ? ", " : "", el("code", {}, name), ` (line ${line})`]), ".");
}

// Lines of source with the time of the statements that begin there, and what else happens there.
function sourceOf(detail, asked) {
  if (!detail.source) return detail.no_source ? el("p", { class: "quiet" }, detail.no_source) : [];
  const lines = detail.source.replace(/\n$/, "").split("\n");
  const times = new Map(), marks = new Map(), whole = detail.wall_us || 1;
  for (const [, line, , , wall, cpu, runs, isPartial] of detail.statements || []) {
    const known = times.get(line);
    if (!known || known.wall < wall) times.set(line, { wall, cpu, runs, isPartial });
  }
  const mark = (line, text) => line && marks.set(line, [...(marks.get(line) || []), text]);
  for (const [kind, what, , times_, , , line] of detail.effects || []) mark(line, `${kind} ${what}${times_ > 1 ? ` \u00d7${times_}` : ""}`);
  for (const [kind, key, answered, , , line] of detail.accesses || []) mark(line, `${kind} ${key} (${answered})`);
  const matters = (line) => marks.has(line) || line === asked || (times.get(line)?.wall || 0) >= 0.01 * whole;
  const near = (line) => { for (let other = line - CONTEXT; other <= line + CONTEXT; other++) if (matters(other)) return true; return false; };
  const row = (line) => {
    const time = times.get(line), width = time ? Math.min(100, (100 * time.wall) / whole) : 0;
    return el("tr", { class: line === asked ? "line-asked" : null },
      el("td", { class: "figure margin" }, time && time.wall >= 50 ? [
        svg("svg", { class: "share", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { width: width.toFixed(1), height: 4, class: "stage-3" })),
        (time.isPartial ? "\u2265 " : "") + duration(time.wall / 1000)] : ""),
      el("td", { class: "figure quiet" }, String(line)),
      el("td", {}, el("code", { class: "line" }, lines[line - 1]), (marks.get(line) || []).slice(0, 4).map((text) => el("span", { class: "tag tag-unsure" }, text))));
  };
  const body = [];
  for (let line = 1; line <= lines.length;) {
    let end = line;
    const isNear = lines.length < FOLD_FROM || near(line);
    while (end <= lines.length && (lines.length < FOLD_FROM || near(end)) === isNear) end++;
    const rows = () => Array.from({ length: end - line }, (_, step) => row(line + step));
    if (isNear || end - line < 6) body.push(el("tbody", {}, rows()));
    else body.push(folded(line, end - 1, row));
    line = end;
  }
  return [el("p", { class: "quiet" }, "Times come from the tracing pass. Times include nested statements and exclude garbage collection. The sign \u2265 marks a time that covers only the first iterations of a loop."), scrolling(el("table", { class: "source" }, el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "figure" }, "Time"), el("th", { scope: "col", class: "figure" }, "Line"), el("th", { scope: "col" }, "Source"))), body), "Source")];
}

function folded(first, last, row) {
  const body = el("tbody", {});
  const open = () => body.replaceChildren(...Array.from({ length: last - first + 1 }, (_, step) => row(first + step)));
  body.append(el("tr", {}, el("td", { colspan: 3 }, el("button", { type: "button", class: "more", onclick: open }, `Show lines ${first} to ${last}, which take almost no time`))));
  return body;
}

function callTree([name, where, ms, children], depth = 0, whole = ms) {
  const label = [el("span", { class: "figure" }, duration(ms)), " ", el("code", {}, name), where ? el("span", { class: "quiet" }, ` ${where}`) : null];
  const deep = depth < 12 ? "" : " deep";
  if (!children.length) return el("div", { class: `call leaf${deep}` }, label);
  const below = el("details", { class: `call${deep}`, open: depth < 12 && (depth < 3 || ms > 0.3 * whole) }, el("summary", {}, label));
  below.append(...children.map((child) => callTree(child, depth + 1, whole)));
  return below;
}

function effectsTable(detail) {
  const rows = [
    ...(detail.accesses || []).map(([kind, key, answered, where, times]) => [kind, key, where, null, times, answered]),
    ...(detail.effects || []).map(([kind, what, where, times, ms, bytes]) => [kind, what, where, ms, times, bytes ? `${grouped(bytes)} bytes` : ""]),
  ];
  if (!rows.length) return [];
  const head = ["Kind", "What", "Where", "Time", "Times", ""].map((name, place) => el(name ? "th" : "td", name ? { scope: "col", class: place === 3 || place === 4 ? "figure" : null } : {}, name));
  return scrolling(el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows.map(([kind, what, where, ms, times, more]) => el("tr", {},
    el("td", {}, kind), el("td", {}, el("code", {}, what)), el("td", {}, el("code", {}, where)),
    el("td", { class: "figure" }, ms === null ? "" : duration(ms)), el("td", { class: "figure" }, grouped(times)), el("td", { class: "quiet" }, more))))), "Effects");
}

function experiments(detail) {
  if (!detail.experiments) return [];
  return [el("p", { class: "quiet" }, "dagprof parsed the file again without these statements. The source file stays unchanged."),
    el("ul", {}, detail.experiments.map(([text, isProof, cautions]) => el("li", {}, isProof ? el("span", { class: "tag tag-faster" }, "proved") : null, isProof ? " " : null, text,
      cautions.map((caution) => el("div", { class: "quiet" }, `Note: this statement also affects: ${caution}`)))))];
}

function facts(detail) {
  const rows = [...(detail.samples && detail.samples.length ? [["Parses (ms)", detail.samples.map((ms) => ms.toFixed(1)).join(", ")]] : []), ...(detail.facts || [])];
  return el("dl", { class: "facts" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
