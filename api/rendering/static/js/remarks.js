// Remarks on plots of the short list. They are held after the # of the address, which a browser sends to nobody.

/** Give every plot of the short list a field for a remark; what is written is in the address at once. */
export function writeRemarks() {
  const list = document.querySelector("ul.shortlist");
  if (!list) return;
  document.getElementById("remarks-note").hidden = false;
  const remarks = read();
  for (const item of list.querySelectorAll("li")) {
    const { plot } = item.dataset;
    const field = Object.assign(document.createElement("input"), {
      type: "text",
      maxLength: Number(list.dataset.most),
      value: (remarks.get(plot) ?? "").slice(0, Number(list.dataset.most)),
    });
    field.setAttribute("aria-label", `${list.dataset.label}: ${plot}`);
    field.setAttribute("aria-describedby", "remarks-note");
    field.addEventListener("input", () => {
      const now = read();
      if (field.value) now.set(plot, field.value);
      else now.delete(plot);
      window.history.replaceState(null, "", `${window.location.pathname}${window.location.search}${hashOf(now)}`);
    });
    item.append(" ", field);
  }
}

/** Take remarks along to pages that have the short list; to files, reports and other pages they do not go. */
export function keepRemarks() {
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[href]");
    if (!link || link.hasAttribute("download") || link.origin !== window.location.origin) return;
    const goes = new URL(link.href);
    if (!goes.searchParams.has("shortlist") || !read().size) return;
    link.hash = window.location.hash;
  }, true);
  document.addEventListener("submit", ({ target }) => {
    if (!read().size || target.id === "picker" || target.id === "search") return;
    const goes = new URL(target.action);
    goes.hash = window.location.hash;
    target.action = goes.href;
  }, true);
}

function read() {
  return new URLSearchParams(window.location.hash.slice(1));
}

function hashOf(remarks) {
  const text = remarks.toString();
  return text ? `#${text}` : "";
}
