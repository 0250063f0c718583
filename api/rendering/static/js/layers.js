// Which layers are on, and how strongly plots are painted, as the address of the map says it.

const NONE = "none"; // stands in the address for no layer at all

/** Have switches, slider and `config.style` be as the address asks, before anything is drawn. */
export function asAsked(config) {
  const asked = new URLSearchParams(window.location.search);
  const names = asked.get("layers")?.split(",");
  if (names) {
    for (const box of boxes()) box.checked = names.includes(box.dataset.layer);
    config.style.layers = config.style.layers.map((part) => {
      const box = part.metadata && boxes().find(({ dataset }) => dataset.layer === part.metadata.obod);
      return box ? { ...part, layout: { ...part.layout, visibility: box.checked ? "visible" : "none" } } : part;
    });
  }
  const fade = document.getElementById("opacity");
  if (fade && asked.get("opacity")) {
    fade.value = asked.get("opacity");
    config.style.layers = config.style.layers.map((part) => (
      /^plots(-cells)?-(fill|hatch)$/.test(part.id)
        ? { ...part, paint: { ...part.paint, "fill-opacity": Number(fade.value) / 100 } } : part
    ));
  }
}

/** Return the layers that are on, for the address; null where they are those of a map nobody has changed. */
export function layersOn() {
  if (boxes().every((box) => box.checked === box.defaultChecked)) return null;
  return boxes().filter((box) => box.checked).map((box) => box.dataset.layer).join() || NONE;
}

function boxes() {
  return [...document.querySelectorAll("input[data-layer]")];
}
