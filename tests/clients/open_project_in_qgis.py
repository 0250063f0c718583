"""A program for the Python that QGIS comes with: opens a project, says what its layers are, adds a row to one, draws.

Arguments: project, file for the picture. It prints JSON: layer -> whether it is valid, its rows, colours, widgets of
fields, values of maps, hard constraints, and what a new canal gets as its key.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

PREFIX = "obod_layer_"
os.environ["QT_QPA_PLATFORM"] = "offscreen"

core, qt, gui = (import_module(f"qgis.{name}") for name in ("core", "PyQt.QtCore", "PyQt.QtGui"))
path, picture = sys.argv[1:]
core.QgsApplication.setPrefixPath("/usr", True)
application = core.QgsApplication([], False)
application.initQgis()
project = core.QgsProject.instance()
opened = project.read(path)
told: dict[str, object] = {"opened": opened, "title": project.title(), "crs": project.crs().authid()}
layers = {}
for key, layer in project.mapLayers().items():
    renderer = layer.renderer()
    categories = renderer.categories() if hasattr(renderer, "categories") else []
    fields = {}
    for index, field in enumerate(layer.fields()):
        setup = layer.editorWidgetSetup(index)
        limits = field.constraints()
        kinds = core.QgsFieldConstraints
        fields[field.name()] = {
            "alias": field.alias(),
            "widget": setup.type(),
            "values": [next(iter(one.items())) for one in setup.config().get("map", [])],
            "needed": limits.constraintStrength(kinds.ConstraintNotNull) == kinds.ConstraintStrengthHard,
            "condition": limits.constraintExpression(),
        }
    layers[key.removeprefix(PREFIX)] = {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "rows": layer.featureCount(),
        "read_only": layer.readOnly(),
        "colours": {str(one.value()): one.symbol().color().name() for one in categories},
        "fields": fields,
    }
told["layers"] = layers
canals = project.mapLayer(f"{PREFIX}canals")
feature = core.QgsVectorLayerUtils.createFeature(canals)
told["new_key"] = feature["code"]
feature["capacity_m3_s"] = 2000
feature["type"] = "main"
index = canals.fields().indexOf("capacity_m3_s")
told["too_much"] = core.QgsVectorLayerUtils.validateAttribute(canals, feature, index)[0]
feature["capacity_m3_s"] = 2
told["right"] = core.QgsVectorLayerUtils.validateAttribute(canals, feature, index)[0]
settings = core.QgsMapSettings()
settings.setLayers(project.layerTreeRoot().layerOrder())
settings.setDestinationCrs(project.crs())
extent = core.QgsCoordinateTransform(canals.crs(), project.crs(), project).transform(canals.extent())
settings.setExtent(extent.buffered(200))
settings.setOutputSize(qt.QSize(300, 300))
settings.setBackgroundColor(gui.QColor("white"))
job = core.QgsMapRendererParallelJob(settings)
job.start()
job.waitForFinished()
image = job.renderedImage()
image.save(picture)
told["pixels"] = sorted({gui.QColor(image.pixel(x, y)).name() for x in range(300) for y in range(300)})
sys.stdout.write(json.dumps(told, default=str))
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 crashes at times while it ends
