// The panel of other weights: while a slider moves, figures and map follow; the address keeps what is tried.

const PAUSE_MS = 120; // without a movement before the service is asked

/** Have the sliders of the panel act at once; without a script its button does. */
export function tryWeights() {
  const form = document.getElementById("trial");
  if (!form) return;
  const sliders = [...form.querySelectorAll("input[type=range]")];
  const loadedTried = !document.getElementById("trial-told").hidden;
  const published = new Map(); // pieces of the page by their place, before anything was tried on it
  let waiting = null;
  let asked = 0;
  form.addEventListener("formdata", ({ formData }) => {
    for (const { name, value, dataset } of sliders) if (value === dataset.neutral) formData.delete(name);
  });
  const follow = async () => {
    asked += 1;
    const mine = asked;
    const moved = sliders.filter(({ value, dataset }) => value !== dataset.neutral);
    if (!moved.length && loadedTried) {
      window.location.assign(document.getElementById("trial-end").href); // the page has never been without a trial
      return;
    }
    const found = moved.length ? await ask(form, moved) : null;
    if (mine !== asked) return; // a later one is on its way
    document.getElementById("trial-state").textContent = moved.length && !found ? form.dataset.fault : "";
    if (moved.length && !found) return;
    tell(found, published);
    keep(sliders);
  };
  for (const slider of sliders) {
    const output = form.querySelector(`output[for="${slider.id}"]`);
    slider.addEventListener("input", () => {
      output.textContent = `${slider.value} %`;
      window.clearTimeout(waiting);
      waiting = window.setTimeout(follow, PAUSE_MS);
    });
  }
  document.getElementById("trial-end").addEventListener("click", (event) => {
    event.preventDefault();
    for (const slider of sliders) {
      slider.value = slider.dataset.neutral;
      form.querySelector(`output[for="${slider.id}"]`).textContent = `${slider.value} %`;
    }
    follow();
  });
}

/** Return what the service says of the plots by these weights; null where it says nothing. */
async function ask(form, moved) {
  const address = new URL(form.dataset.address, window.location.href);
  for (const { name, value } of moved) address.searchParams.set(name, value);
  try {
    const answer = await fetch(address);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** Show a trial, or the published result again, in sentence, figures and map. */
function tell(trial, published) {
  const told = document.getElementById("trial-told");
  told.hidden = !trial;
  if (trial) told.querySelector("strong").textContent = capitalised(trial.told);
  for (const [id, html] of trial ? Object.entries(trial.parts) : published) {
    const place = document.getElementById(id);
    if (!place) continue;
    if (!published.has(id)) published.set(id, place.innerHTML);
    place.innerHTML = html;
  }
  const detail = trial && { ...trial, told: capitalised(trial.told) };
  document.getElementById("map").dispatchEvent(new CustomEvent("obod:trial", { detail }));
}

/** Keep the weights in the address of the page, and in the links and forms that stay with these plots. */
function keep(sliders) {
  const detail = Object.fromEntries(
    sliders.map(({ name, value, dataset }) => [name, value === dataset.neutral ? null : value]),
  );
  document.getElementById("map").dispatchEvent(new CustomEvent("obod:view", { detail }));
  const save = document.getElementById("trial-save");
  if (!save) return;
  const target = new URL(save.href);
  for (const [name, value] of Object.entries(detail)) {
    if (value === null) target.searchParams.delete(name);
    else target.searchParams.set(name, value);
  }
  save.href = target.href;
}

function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
