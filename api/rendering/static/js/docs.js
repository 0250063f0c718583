// Shows the description of the API; its address is on the element, so that no script is written into the page.
const docs = document.getElementById("docs");
SwaggerUIBundle({
  domNode: docs,
  url: docs.dataset.description,
  deepLinking: true,
  validatorUrl: null,
});
