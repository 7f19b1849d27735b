// Everything that can be chosen stands in the address, behind the "#": a link shows what its sender saw.

function decoded(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

function readAddress() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path.split("/").map(decoded);
  return { view: parts[0] || "overview", name: parts.slice(1).join("/"), query: new URLSearchParams(query || "") };
}

function addressOf(view, name, query) {
  const path = [view === "overview" ? "" : view, ...(name ? name.split("/") : [])].filter(Boolean).map(encodeURIComponent).join("/");
  const text = query ? new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString() : "";
  return `#/${path}${text ? "?" + text : ""}`;
}

// Change what the address says of the present view, without a step in the history.
function remember(changes) {
  const { view, name, query } = readAddress();
  history.replaceState(history.state, "", addressOf(view, name, { ...Object.fromEntries(query), ...changes }));
}
