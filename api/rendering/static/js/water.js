// The page of water: it works as plain links and a form; this makes it quicker and keeps its address shareable.

import { shortenAddresses } from "./addresses.js";

const form = document.getElementById("water-choice");
const frames = [...document.querySelectorAll("iframe[data-tells]")]; // as it is, and with a scenario where one is chosen
const place = document.getElementById("canal");
let asked = 0; // number of the canal last asked for, so that a slow answer cannot replace a newer one

shortenAddresses();
showOnPick();
if (frames.length) {
  followMaps();
  chooseMonth();
  chooseCanals();
  showChanges();
}

/** Keep what a framed map shows in the address, in links and in the form; show its month, tell of its canal. */
function followMaps() {
  for (const frame of frames) {
    const others = frames.filter((one) => one !== frame);
    frame.addEventListener("obod:view", ({ detail }) => {
      keep(detail);
      if (detail.at) send(others, "obod:follow", { at: detail.at });
      if (detail.month !== undefined) {
        showMonth(detail.month);
        send(others, "obod:month", { month: detail.month });
      }
      if (detail.canal) tellCanal(detail.canal);
    });
  }
}

function send(maps, name, detail) {
  for (const map of maps) map.dispatchEvent(new CustomEvent(name, { detail }));
}

function keep(change) {
  const address = new URL(window.location.href);
  apply(address, change);
  window.history.replaceState(null, "", address);
  for (const link of document.querySelectorAll("a[data-keep-view]")) {
    const target = new URL(link.href);
    const { canal, ...rest } = change;
    apply(target, link.dataset.canal ? rest : change);
    link.href = target.href;
  }
  for (const link of document.querySelectorAll(".tongues a")) {
    const target = new URL(link.href);
    apply(target, change);
    link.href = target.href;
  }
  for (const [key, value] of Object.entries(change)) {
    if (key === "at" || key === "month") continue; // a place keeps its own view; the month is a choice of the form
    const field = form.querySelector(`input[type="hidden"][name="${key}"]`) ?? document.createElement("input");
    Object.assign(field, { type: "hidden", name: key, value: value ?? "", disabled: value === null });
    form.append(field);
  }
}

function apply(address, change) {
  for (const [key, value] of Object.entries(change)) {
    if (value === null) address.searchParams.delete(key);
    else address.searchParams.set(key, value);
  }
}

/** Show what is said of a month: all months came with the page. */
function showMonth(month) {
  for (const part of document.querySelectorAll("[data-period]")) part.hidden = part.dataset.period !== String(month);
  for (const row of document.querySelectorAll("[data-month]")) {
    if (row.dataset.month === String(month)) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  form.elements.month.value = month;
}

/** A month that is picked is shown at once, here and on the map. */
function chooseMonth() {
  form.elements.month.addEventListener("change", ({ target }) => {
    showMonth(target.value);
    keep({ month: target.value });
    send(frames, "obod:month", { month: target.value });
  });
}

/** Show the rest of what is picked at once. Not on keys: there every step through a list would be a choice. */
function showOnPick() {
  let byKey = false;
  form.addEventListener("keydown", () => { byKey = true; });
  form.addEventListener("pointerdown", () => { byKey = false; });
  form.addEventListener("change", ({ target }) => {
    if (target.name === "district") form.querySelector('input[name="canal"]').disabled = true;
    if (!byKey && target.name !== "month") form.requestSubmit();
  });
}

/** Tell of a canal whose name is clicked beside the page, without loading the page anew, and have the map go to it. */
function chooseCanals() {
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[data-canal]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { canal } = link.dataset;
    keep({ canal });
    if (!(await tellCanal(canal))) return;
    const title = document.getElementById("canal-title");
    title.focus();
    const bounds = title.dataset.bounds ? JSON.parse(title.dataset.bounds) : null;
    send(frames, "obod:canal", { canal, bounds });
  });
}

/** Have both maps go to what the scenario changes. */
function showChanges() {
  document.querySelector("a[data-changes]")?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    send(frames, "obod:place", { bounds: JSON.parse(event.currentTarget.dataset.changes) });
  });
}

/** Tell of a canal, of the balance the page shows; return whether it is told, and by no later one replaced. */
async function tellCanal(canal) {
  asked += 1;
  const mine = asked;
  const wanted = new URL(place.dataset.part, window.location.href);
  wanted.searchParams.set("canal", canal);
  wanted.searchParams.set("month", form.elements.month.value);
  const answer = await fetch(wanted).catch(() => null);
  const told = answer?.ok ? await answer.text().catch(() => null) : null;
  if (mine !== asked) return false;
  if (told === null) sayFault();
  else place.innerHTML = told;
  place.hidden = false;
  return told !== null;
}

/** What was told of another canal must not stand beside the one that was chosen. */
function sayFault() {
  const said = document.createElement("p");
  said.className = "notice-text";
  said.setAttribute("role", "alert");
  said.textContent = place.dataset.fault;
  place.replaceChildren(said);
}
