// Addresses of forms, as short as what is asked for.

/** Leave out of the address what nobody filled in. */
export function shortenAddresses() {
  document.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) {
      if (value === "") formData.delete(name);
    }
  });
}
