// Which view the address asks for, and what belongs to all of them.

const views = new Map([...document.querySelectorAll("main > [data-view]")].map((place) => [place.dataset.view, place]));
const filesView = new FilesView(byId("files"));
const TITLE = document.title;
let packagesView = null, compareView = null, shownView = "";

let turn = 0;

// A view may have to be unpacked first; what was asked for meanwhile wins.
async function show() {
  const mine = ++turn, isCurrent = () => mine === turn;
  const { view, name, query } = readAddress();
  const wanted = views.has(view) ? view : "overview";
  for (const [each, place] of views) place.hidden = each !== wanted;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === wanted || (wanted === "file" && link.dataset.view === "overview")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const place = views.get(wanted);
  try {
    if (wanted === "overview") filesView.show(query);
    const data = wanted === "packages" ? await unpack("packages") : wanted === "compare" ? await unpack("comparison") : null;
    if (!isCurrent()) return;
    if (wanted === "packages") (packagesView ||= new PackagesView(place, data)).show(query);
    if (wanted === "compare") (compareView ||= new CompareView(place, data)).show(name, query);
    if (wanted === "file") await fileView(place, name, query, isCurrent);
    if (!isCurrent()) return;
  } catch (error) {
    if (!isCurrent()) return;
    place.replaceChildren(el("p", { class: "note bad" }, `This browser cannot show this view: ${error.message}`));
  }
  const now = `${wanted}/${name}`;
  if (shownView && now !== shownView) {
    const kept = history.state;
    if (kept && wanted === "overview") { filesView.drawTo(kept.drawn); scrollTo(0, kept.y); }
    else if (wanted === "overview" && query.size) byId("files").scrollIntoView();
    else if (!query.get("line")) scrollTo(0, 0);
    [...place.querySelectorAll("h1[tabindex], h2[tabindex]")].find((head) => head.offsetParent)?.focus({ preventScroll: true });
  }
  document.title = wanted === "overview" ? TITLE : `dagprof: ${wanted === "file" || (wanted === "compare" && name) ? files.path[positions.get(name)] ?? name : place.querySelector("h2")?.textContent}`;
  shownView = now;
  document.body.dataset.shown = now;
}

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.textContent = (await copied(button.dataset.copy)) ? "Copied" : "Not copied";
    button.focus();
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = el("textarea", { class: "aside" }, text);
    document.body.append(box);
    box.select();
    const isCopied = document.execCommand("copy");
    box.remove();
    return isCopied;
  }
}

// Where the list was left, for the way back.
document.addEventListener("click", (event) => {
  if (event.target.closest("a[href^='#/']") && shownView.startsWith("overview/")) {
    history.replaceState({ y: scrollY, drawn: filesView.drawn }, "");
  }
}, true);

byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("main").focus(); });
window.addEventListener("beforeprint", () => filesView.drawTo(FILES));
document.body.classList.add("scripted");
window.addEventListener("hashchange", show);
show();
