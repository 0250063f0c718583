// Two maps that move together. Where they show one place, either follows the other, and the address keeps the view.

const maps = [...document.querySelectorAll("iframe[data-together]")];

for (const map of maps) {
  map.addEventListener("obod:view", ({ detail }) => {
    if (!detail.at) return;
    for (const other of maps) {
      if (other !== map) other.dispatchEvent(new CustomEvent("obod:follow", { detail: { at: detail.at } }));
    }
    const address = new URL(window.location.href);
    address.searchParams.set("at", detail.at);
    window.history.replaceState(null, "", address);
  });
}
