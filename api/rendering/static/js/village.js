// The village that was looked for: a ring with its name, so that it is found again among its neighbours.

const RING = { radius: 11, color: "#111111", weight: 3, fill: false, interactive: false };

/** Mark the village of the address; without one, nothing. */
export function markVillage(map, { marked }) {
  if (!marked) return;
  const place = [marked.lat, marked.lon];
  L.circleMarker(place, { ...RING, color: "#ffffff", weight: 7 }).addTo(map);
  const name = Object.assign(document.createElement("span"), { textContent: marked.name }); // never read as markup
  const beside = { permanent: true, direction: "top", offset: [0, -10], className: "village" };
  L.circleMarker(place, RING).bindTooltip(name, beside).addTo(map);
}
