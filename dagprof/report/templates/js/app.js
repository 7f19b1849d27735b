// Which view the address asks for, and what belongs to all of them.

const views = new Map([...document.querySelectorAll("main > [data-view]")].map((place) => [place.dataset.view, place]));
const filesView = new FilesView(byId("files"));
let packagesView = null, compareView = null, shownView = "";

async function show() {
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
    if (wanted === "packages") (packagesView ||= new PackagesView(place, await unpack("packages"))).show(query);
    if (wanted === "compare") (compareView ||= new CompareView(place, await unpack("comparison"))).show(name, query);
    if (wanted === "file") await fileView(place, name, query);
  } catch (error) {
    place.replaceChildren(el("p", { class: "note bad" }, `This view cannot be shown by this browser: ${error.message}`));
  }
  const now = `${wanted}/${name}`;
  if (shownView && now !== shownView && !query.get("line")) scrollTo(0, 0);
  if (shownView && now !== shownView) place.querySelector("h2[tabindex]")?.focus({ preventScroll: true });
  shownView = now;
  document.body.dataset.shown = now;
}

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await copied(button.dataset.copy);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = el("textarea", { class: "aside" }, text);
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
}

document.body.classList.add("scripted");
window.addEventListener("hashchange", show);
show();
