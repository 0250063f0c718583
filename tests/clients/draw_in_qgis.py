"""A program for the Python that QGIS comes with: opens a table, says how it is drawn, and draws it.

Arguments: provider (ogr or postgres), address of the table, file for the picture. It prints JSON: the attribute or
expression drawn by, value -> colour, aliases of fields, and how many pixels of the picture have each of these colours.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

os.environ["QT_QPA_PLATFORM"] = "offscreen"

core, qt, gui = (import_module(f"qgis.{name}") for name in ("core", "PyQt.QtCore", "PyQt.QtGui"))
provider, address, picture = sys.argv[1:]
core.QgsApplication.setPrefixPath("/usr", True)
application = core.QgsApplication([], False)
application.initQgis()
layer = core.QgsVectorLayer(address, "drawn", provider)
renderer = layer.renderer()
categories = renderer.categories() if hasattr(renderer, "categories") else []
settings = core.QgsMapSettings()
settings.setLayers([layer])
settings.setDestinationCrs(layer.crs())
settings.setExtent(layer.extent())
settings.setOutputSize(qt.QSize(400, 400))
settings.setBackgroundColor(gui.QColor("white"))
job = core.QgsMapRendererParallelJob(settings)
job.start()
job.waitForFinished()
image = job.renderedImage()
image.save(picture)
pixels: dict[str, int] = {}
for x in range(image.width()):
    for y in range(image.height()):
        colour = gui.QColor(image.pixel(x, y)).name()
        pixels[colour] = pixels.get(colour, 0) + 1
told = {
    "valid": layer.isValid(),
    "drawn_by": renderer.classAttribute() if categories else "",
    "colours": {str(one.value()): one.symbol().color().name() for one in categories},
    "aliases": {field.name(): field.alias() for field in layer.fields()},
    "pixels": pixels,
}
sys.stdout.write(json.dumps(told))
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 crashes at times while it ends
