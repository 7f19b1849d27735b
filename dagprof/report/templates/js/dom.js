"use strict";
// Elements, figures and words. Values become text nodes and attributes, never markup: a DAG file may be called anything.

const SVG = "http://www.w3.org/2000/svg";

function make(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const el = (name, attributes, ...children) => make(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) => make(document.createElementNS(SVG, name), attributes, children);
const byId = (id) => document.getElementById(id);

function duration(ms) {
  if (ms >= 120000) {
    const seconds = Math.round(ms / 1000);
    return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  }
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

const signed = (ms) => (ms < 0 ? "\u2212" : "+") + duration(Math.abs(ms));
const grouped = (number) => number.toLocaleString("en-US");
const count = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;

// A table whose heads sort it. Columns: {name, key, figure, value(row)}; `state` is {key, down} and is kept by the
// caller, which gets every change.
function sortableHead(columns, state, changed) {
  return el("thead", {}, el("tr", {}, columns.map((column) => {
    const isSorted = state.key === column.key;
    const head = column.key
      ? el("button", { type: "button", onclick: () => changed(column.key, isSorted ? !state.down : column.figure === true) }, column.name)
      : column.name;
    return el("th", { scope: "col", class: column.figure ? "figure" : null, "aria-sort": isSorted ? (state.down ? "descending" : "ascending") : null }, head);
  })));
}

// How a sort stands in the address: the key of a column, with a minus in front where it goes down.
const sortText = ({ key, down }) => (down ? "-" : "") + key;

function sortOf(text, columns, otherwise) {
  const key = text.replace(/^-/, "");
  return columns.some((column) => column.key === key) ? { key, down: text.startsWith("-") } : otherwise;
}

function ordered(rows, column, down) {
  const values = new Map(rows.map((row) => [row, column.value(row)]));
  const sign = down ? -1 : 1;
  return rows.slice().sort((one, other) => {
    const [a, b] = [values.get(one), values.get(other)];
    const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
    return sign * order;
  });
}

function scrolling(table, label) {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);
}
