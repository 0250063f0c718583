// The planner's page: it works as plain links and forms; this makes it quicker and keeps its address shareable.

import { shortenAddresses } from "./addresses.js";
import { addHandles } from "./handles.js";
import { keepRemarks } from "./remarks.js";
import { showRows } from "./rows.js";
import { tryWeights } from "./trial.js";

const MIN_LETTERS = 2; // fewer letters find half the country

keepAddress();
narrowDistricts();
showOnPick();
findAsTyped();
shortenAddresses();
addHandles();
keepRemarks();
tryWeights();
showRows();

/** Keep what the framed map shows in the address of this page and of the links that stay on the same view. */
function keepAddress() {
  document.getElementById("map").addEventListener("obod:view", ({ detail }) => {
    const address = new URL(window.location.href);
    apply(address, detail);
    window.history.replaceState(null, "", address);
    for (const told of document.querySelectorAll(".address")) told.textContent = address.origin + address.pathname + address.search;
    for (const link of document.querySelectorAll("a[data-keep-view], .parts a")) {
      const target = new URL(link.href);
      apply(target, link.closest(".parts") ? elsewhere(detail) : detail);
      link.href = target.href;
    }
    if ("sortby" in detail) {
      for (const link of document.querySelectorAll('.downloads a, .figures a[href*="/report?"]')) {
        const target = new URL(link.href);
        apply(target, { sortby: detail.sortby });
        link.href = target.href;
      }
    }
    for (const form of document.querySelectorAll("#picker, form.narrow")) keepIn(form, detail);
  });
}

/** What goes along to another place: not where the map is, nor what is chosen on it. */
function elsewhere(change) {
  return Object.fromEntries(Object.entries(change).filter(([key]) => key !== "at" && key !== "plot"));
}

function apply(address, change) {
  for (const [key, value] of Object.entries(change)) {
    if (value === null) address.searchParams.delete(key);
    else address.searchParams.set(key, value);
  }
}

/** Keep what changed on the map in the hidden fields of a form; where the map is and what is chosen there are of a place. */
function keepIn(form, change) {
  for (const [key, value] of Object.entries(change)) {
    if (form.id === "picker" && (key === "at" || key === "plot")) continue;
    const field = form.querySelector(`input[type="hidden"][name="${key}"]`) ?? document.createElement("input");
    Object.assign(field, { type: "hidden", name: key, value: value ?? "", disabled: value === null });
    form.append(field);
  }
}

/** Offer only the districts of the chosen region. */
function narrowDistricts() {
  const region = document.getElementById("region");
  const district = document.getElementById("district");
  const narrow = () => {
    for (const option of district.querySelectorAll("option[data-region]")) {
      option.hidden = region.value !== "" && option.dataset.region !== region.value;
      if (option.hidden && option.selected) district.value = "";
    }
  };
  region.addEventListener("change", narrow);
  narrow();
}

/** Show a picked place at once. Not on keys: there every step through a list would be a choice; the button is next. */
function showOnPick() {
  const form = document.getElementById("picker");
  let byKey = false;
  form.classList.add("at-once");
  form.addEventListener("keydown", () => {
    byKey = true;
    form.dataset.keys = "used";
  });
  form.addEventListener("pointerdown", () => { byKey = false; });
  form.addEventListener("change", ({ target }) => {
    if (target.id === "district") form.querySelector("#jamoat")?.setAttribute("disabled", "");
    if (!byKey && target.id !== "region") form.requestSubmit();
  });
}

/** List places while a name is typed; the button gives the same list without a script. */
function findAsTyped() {
  const form = document.getElementById("search");
  const list = document.getElementById("found");
  const note = document.getElementById("found-note");
  const field = document.getElementById("q");
  let asked = 0;
  field.addEventListener("input", async () => {
    const name = field.value.trim();
    asked += 1;
    const mine = asked;
    if (name.length < MIN_LETTERS) {
      list.replaceChildren();
      note.textContent = "";
      return;
    }
    const lang = document.documentElement.lang;
    const answer = await fetch(`${form.action}found?${new URLSearchParams({ q: name, lang })}`);
    if (mine !== asked || !answer.ok) return;
    list.innerHTML = await answer.text();
    note.textContent = list.children.length ? "" : form.dataset.none;
  });
}
