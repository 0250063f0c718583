// The page of a job: while it goes on it is looked at again; what is told is replaced where it has changed.

const AGAIN_MS = 3000;

async function freshJob() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** Replace what is told, which is read aloud only where it differs; at the end the whole, with its buttons. */
function replaced(page) {
  const now = document.getElementById("job");
  const fresh = page.getElementById("job");
  if (!fresh) return false;
  document.title = page.title;
  const [told, anew] = [now, fresh].map((job) => job.querySelector("#job-told"));
  if (told.textContent !== anew.textContent) told.replaceChildren(...anew.childNodes);
  if ("open" in fresh.dataset) {
    const [bar, further] = [now, fresh].map((job) => job.querySelector("#job-bar"));
    if (bar && further) bar.replaceWith(further);
    else if (further) told.after(further);
    else bar?.remove();
    return true;
  }
  const focused = now.contains(document.activeElement);
  fresh.querySelector("#job-told").replaceWith(told);
  now.replaceWith(fresh);
  if (focused) fresh.querySelector("h1").focus();
  return false;
}

async function look() {
  let goesOn = true;
  try {
    goesOn = replaced(await freshJob());
  } catch {
    // the service is away for a moment: what is shown stays, and is looked at again
  }
  if (goesOn) setTimeout(look, AGAIN_MS);
}

if ("open" in document.getElementById("job").dataset) setTimeout(look, AGAIN_MS);
