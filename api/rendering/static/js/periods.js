// The map of a water balance: the month that is shown. Every month is drawn already and clear; showing another one asks
// for no tile and looks at no feature again.

const NAMES_APART = "|";

/**
 * Have the slider, and the page that frames the map, choose the month that is seen; `drawing` says that the map is about
 * to change, `tell` what was chosen; `goTo` has the map go to the bounds of a canal, or of what a scenario changes.
 */
export function followPeriods(glMap, config, { drawing, tell, goTo }) {
  const slider = document.getElementById("month");
  if (!slider) return;
  const parts = config.style.layers.filter(({ metadata }) => metadata?.period !== undefined);
  const names = slider.dataset.names.split(NAMES_APART);
  const show = (month) => {
    document.getElementById("month-name").textContent = names[month];
    slider.setAttribute("aria-valuetext", names[month]);
    for (const { id, type, metadata } of parts) {
      const wanted = metadata.period === month ? metadata.opacity : 0;
      if (glMap.getPaintProperty(id, `${type}-opacity`) !== wanted) {
        drawing();
        glMap.setPaintProperty(id, `${type}-opacity`, wanted);
      }
    }
  };
  slider.addEventListener("input", () => {
    show(Number(slider.value));
    tell({ month: slider.value });
  });
  window.frameElement?.addEventListener("obod:month", ({ detail }) => {
    slider.value = detail.month;
    show(Number(slider.value));
    keep("month", slider.value);
  });
  window.frameElement?.addEventListener("obod:place", ({ detail }) => goTo(detail.bounds));
  window.frameElement?.addEventListener("obod:canal", ({ detail }) => {
    markCanal(glMap, detail.canal);
    keep("canal", detail.canal);
    if (detail.bounds) goTo(detail.bounds);
  });
}

/** Return the canal of a reach or area that was clicked, where a page around the map tells more of it. */
export function chosenCanal({ layer, properties }) {
  const ofWater = layer.metadata?.period !== undefined;
  return ofWater && window.frameElement?.dataset.tells === "canals" ? properties.canal ?? properties.code : null;
}

/** Draw a dark edge under the reaches of a canal. */
export function markCanal(glMap, canal) {
  const [id] = glMap.getStyle().layers.map((part) => part.id).filter((name) => name === "reach_balance-chosen");
  if (id) glMap.setFilter(id, ["any", ["==", ["get", "canal"], canal], ["==", ["get", "code"], canal]]);
}

/** Put what the page around has chosen in the address of this map. */
function keep(name, value) {
  const address = new URL(window.location.href);
  address.searchParams.set(name, value);
  window.history.replaceState(null, "", address);
}
