// Two handles below the bars of a criterion; they move what is typed in the fields of least and most.

/** Give every histogram a handle at its lower and at its upper end. */
export function addHandles() {
  for (const row of document.querySelectorAll("tr.spread")) {
    const { of, least, most, step } = row.dataset;
    const ends = [["min", least], ["max", most]].map(([end, resting]) => {
      const field = row.closest("form").querySelector(`input[name="${end}_${of}"]`);
      const handle = Object.assign(document.createElement("input"), { type: "range", min: least, max: most, step });
      handle.setAttribute("aria-labelledby", `of-${of}`);
      const follow = () => { handle.value = field.value === "" ? resting : field.value; };
      field.addEventListener("input", follow);
      follow();
      row.querySelector(".handles").append(handle);
      return { handle, field, resting };
    });
    ends.forEach(({ handle, field, resting }, at) => {
      handle.addEventListener("input", () => {
        const other = Number(ends[1 - at].handle.value);
        const reached = at === 0 ? Math.min(handle.value, other) : Math.max(handle.value, other); // they never cross
        handle.value = reached;
        const atEnd = Math.abs(handle.value - resting) < 1.5 * Number(step); // no bound at all
        field.value = atEnd ? "" : String(Number(Number(handle.value).toPrecision(6)));
      });
    });
  }
}
