// Reading of Mapbox vector tiles (specification 2.1): one layer, its features with their properties and outlines.

const LAYER = 3; // field numbers of a tile, a layer and a feature
const [NAME, FEATURE, KEY, VALUE, EXTENT] = [1, 2, 3, 4, 5];
const [ID, TAGS, TYPE, GEOMETRY] = [1, 2, 3, 4];
const [MOVE, LINE] = [1, 2]; // commands; 7 closes a ring
const TENTH = 2 ** 63; // place of a tenth byte, which only a negative number has
export const POLYGON = 3; // type of a feature; 1 points, 2 lines

/** Return the features of the layer `name` in the bytes of a tile: `id`, `type`, `properties`, and `trace` for its outline. */
export function featuresOf(bytes, name) {
  for (const [field, layer] of messages(new Reader(bytes))) {
    if (field !== LAYER) continue;
    const found = { name: "", extent: 4096, keys: [], values: [], features: [] };
    for (const [part, value] of messages(layer)) {
      if (part === NAME) found.name = value.text();
      else if (part === FEATURE) found.features.push(value);
      else if (part === KEY) found.keys.push(value.text());
      else if (part === VALUE) found.values.push(valueOf(value));
      else if (part === EXTENT) found.extent = value;
    }
    if (found.name === name) return found.features.map((feature) => featureOf(feature, found));
  }
  return [];
}

function featureOf(reader, { extent, keys, values }) {
  const properties = {};
  let id = null;
  let type = 0;
  let geometry = null;
  for (const [field, value] of messages(reader)) {
    if (field === ID) id = value;
    else if (field === TYPE) type = value;
    else if (field === GEOMETRY) geometry = value;
    else if (field === TAGS) while (!value.ended()) properties[keys[value.varint()]] = values[value.varint()];
  }
  return { id, type, properties, trace: (path, side) => trace(path, geometry, side / extent) };
}

/** Add an outline to a `path` (Path2D); a unit of the tile is `scale` pixels. */
function trace(path, geometry, scale) {
  const commands = new Reader(geometry.bytes, geometry.at, geometry.end);
  let x = 0;
  let y = 0;
  while (!commands.ended()) {
    const command = commands.varint();
    const [kind, count] = [command & 7, command >> 3];
    if (kind !== MOVE && kind !== LINE) {
      path.closePath();
      continue;
    }
    for (let n = 0; n < count; n += 1) {
      x += commands.zigzag();
      y += commands.zigzag();
      if (kind === MOVE) path.moveTo(x * scale, y * scale);
      else path.lineTo(x * scale, y * scale);
    }
  }
}

/** The one field of a value; its kind is told by the field's number. */
function valueOf(reader) {
  for (const [field, value] of messages(reader)) {
    if (field === 1) return value.text();
    if (field === 6) return value % 2 ? -(value + 1) / 2 : value / 2; // zigzag
    return field === 7 ? value === 1 : value; // truth value; float, double, integers
  }
  return null;
}

/** Fields of a protocol buffer: number, and a number or a reader of what is nested. */
function* messages(reader) {
  while (!reader.ended()) {
    const head = reader.varint();
    yield [head >> 3, reader.field(head & 7)];
  }
}

class Reader {
  constructor(bytes, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  ended() {
    return this.at >= this.end;
  }

  varint() {
    let value = 0;
    let complement = 0;
    let place = 1; // not by shifting: numbers of features have more than 32 bits
    for (;;) {
      const byte = this.bytes[this.at];
      this.at += 1;
      if (place === TENTH) return -1 - complement;
      value += (byte & 127) * place;
      complement += (~byte & 127) * place;
      if (byte < 128) return value;
      place *= 128;
    }
  }

  zigzag() {
    const value = this.varint();
    return (value >>> 1) ^ -(value & 1);
  }

  text() {
    return new TextDecoder().decode(this.bytes.subarray(this.at, this.end));
  }

  /** Read a field by its wire type: 0 varint, 1 of 8 bytes, 2 with its length before it, 5 of 4 bytes. */
  field(wire) {
    if (wire === 0) return this.varint();
    const length = wire === 2 ? this.varint() : wire === 1 ? 8 : 4;
    const start = this.at;
    this.at += length;
    if (wire === 2) return new Reader(this.bytes, start, this.at);
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + start, length);
    return wire === 1 ? view.getFloat64(0, true) : view.getFloat32(0, true);
  }
}
