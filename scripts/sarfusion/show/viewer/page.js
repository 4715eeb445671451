// The script of the viewer's page: unpacks the layers, draws them on Bokeh's maps, and handles
// mouse, touch and keyboard. Rows and columns are those of the stack's grid; they may be fractions.
"use strict";
(async () => {
const $ = (id) => document.getElementById(id);
const study = JSON.parse($("study").textContent);
const SIDES = ["left", "right"];
const [ROWS, COLUMNS] = study.size;
const [ACROSS_M, DOWN_M] = study.pixel_m;
const WIDTH_M = COLUMNS * ACROSS_M, HEIGHT_M = ROWS * DOWN_M;
const COLOUR = "colour", DEVIATION = "standard deviation";
const COLOURS = ["red", "green", "blue"];
const VIEW_NAMES = { [COLOUR]: "true colour", value: "value", classes: "classes" };

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Layers

async function numbersIn(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = planes.length / 2, numbers = new Uint16Array(count);
  let number = 0;
  for (let i = 0; i < count; i++) {
    number = (number + planes[i] + (planes[count + i] << 8)) & 0xffff;
    numbers[i] = number;
  }
  return numbers;
}

function valuesOf(numbers, { offset, step }) {
  const values = new Float32Array(numbers.length);
  numbers.forEach((number, i) => {
    values[i] = number === study.nothing ? NaN : offset + step * number;
  });
  return values;
}

const layers = new Map();
const split = await numbersIn(study.split);
const gaps = study.gaps && await numbersIn(study.gaps);
for (const entry of study.layers) {
  const layer = { ...entry, values: {}, digits: 4 };
  for (const [band, packed] of Object.entries(entry.bands)) {
    layer.values[band] = valuesOf(await numbersIn(packed.data), packed);
    layer.digits = Math.max(0, Math.ceil(-Math.log10(packed.step) - 1e-6));
    layer.step = Math.max(layer.step ?? 0, packed.step);
    packed.data = null;
  }
  if (layer.classes) layer.numbers = Uint16Array.from(Object.values(layer.values)[0]);
  layers.set(layer.id, layer);
  if (layer.id === "measured" && gaps) {
    const values = Object.fromEntries(Object.entries(layer.values).map(
      ([band, all]) => [band, all.map((value, i) => (gaps[i] === 1 ? NaN : value))]));
    layers.set("gapped", { ...layer, id: "gapped", label: "Measured, with gaps", values });
  }
}
layers.set("split", { id: "split", group: "Ground", label: "Split of the ground", grid: "1", values: {},
  classes: study.classes, numbers: split });

// The sampled blocks of each grid (see sampling.py), with the index of their first pixel.
const BLOCKS = Object.fromEntries(Object.entries(study.grids).map(([ratio, blocks]) => {
  let first = 0;
  return [ratio, blocks.map(([row, column, rows, columns, step]) => {
    const block = { row, column, rows, columns, step, first, ratio: Number(ratio) };
    first += rows * columns;
    return block;
  })];
}));

// Return the pixel at a place, or the sampled pixel that represents it: {index, row, column, step}.
function pixelAt(grid, place) {
  const row = Math.floor(place.row * grid), column = Math.floor(place.column * grid);
  for (const block of [...BLOCKS[grid]].reverse()) {
    const i = Math.floor((row - block.row) / block.step);
    const j = Math.floor((column - block.column) / block.step);
    if (i < 0 || j < 0 || i >= block.rows || j >= block.columns) continue;
    const middle = Math.floor(block.step / 2);
    return {
      index: block.first + i * block.columns + j, step: block.step,
      row: block.row + i * block.step + middle, column: block.column + j * block.step + middle,
    };
  }
  return null;
}

function valueAt(layer, band, place) {
  const pixel = pixelAt(layer.grid, place);
  return pixel && layer.values[band] ? layer.values[band][pixel.index] : NaN;
}

function errorsOf(layer, band) {
  const reference = layers.get(layer.reference).values[band];
  return layer.values[band].map((value, i) => value - reference[i]);
}

// Views

function viewsOf(layer) {
  if (layer.classes) return ["classes"];
  if (layer.unit === "dB") return ["value"];
  const bands = Object.keys(layer.values);
  const reference = layers.get(layer.reference);
  return [
    ...(COLOURS.every((band) => bands.includes(band)) && layer.unit === "reflectance" ? [COLOUR] : []),
    ...bands,
    ...bands.filter((band) => reference?.values[band]).map((band) => `error ${band}`),
  ];
}

function viewName(view) {
  return VIEW_NAMES[view] ?? (view.startsWith("error ") ? `error in ${view.slice(6)}` : `${view} band`);
}

const percentileCache = new Map();
function percentiles(key, arrays) {
  if (!percentileCache.has(key)) {
    // The first block is the whole scene, at full resolution or thinned.
    const count = BLOCKS["1"][0].rows * BLOCKS["1"][0].columns;
    const all = arrays.flatMap((values) => Array.from(values.subarray(0, count))).filter(Number.isFinite);
    all.sort((a, b) => a - b);
    const at = (share) => all[Math.round(share * (all.length - 1))] ?? 0;
    const [low, high] = [at(0.02), at(0.98)];
    percentileCache.set(key, high > low ? [low, high] : [low - 1e-3, low + 1e-3]);
  }
  return percentileCache.get(key);
}

function limitsOf(layer, view) {
  if (view === "value") return percentiles(layer.id, Object.values(layer.values));
  if (view.startsWith("error ")) {
    const limit = study.errors[layer.group] ?? 0.01;
    return [-limit, limit];
  }
  if (layer.unit === DEVIATION) return [0, percentiles(layer.id, Object.values(layer.values))[1]];
  const measured = layers.get("measured").values;
  if (view === COLOUR) return percentiles(COLOUR, COLOURS.map((band) => measured[band]));
  return percentiles(view, [measured[view]]);
}

// Return a colour "#RRGGBB" as an opaque pixel of a canvas: alpha, blue, green, red.
function asPixel(hex) {
  const rgb = Number.parseInt(hex.slice(1), 16);
  return (0xff000000 | (rgb & 0xff) << 16 | (rgb & 0xff00) | rgb >> 16) >>> 0;
}

function paletteOf(layer, view) {
  if (view.startsWith("error ")) return study.palettes.error;
  return study.palettes[layer.unit];
}

// Return the colours of all pixels of a layer, transparent where there is no data.
function paint(layer, view) {
  if (view === "classes") {
    const colours = Object.values(layer.classes).map(([, colour]) => (colour ? asPixel(colour) : 0));
    return Uint32Array.from(layer.numbers, (number) => colours[number]);
  }
  const [low, high] = limitsOf(layer, view);
  const level = (value) => Math.max(0, Math.min(255, Math.round((value - low) / (high - low) * 255)));
  if (view === COLOUR) {
    const [red, green, blue] = COLOURS.map((band) => layer.values[band]);
    return Uint32Array.from(red, (value, i) => {
      if (Number.isNaN(value + green[i] + blue[i])) return 0;
      return (0xff000000 | level(blue[i]) << 16 | level(green[i]) << 8 | level(value)) >>> 0;
    });
  }
  const values = view === "value" ? Object.values(layer.values)[0]
    : view.startsWith("error ") ? errorsOf(layer, view.slice(6)) : layer.values[view];
  const colours = paletteOf(layer, view).map(asPixel);
  return Uint32Array.from(values, (value) => (Number.isNaN(value) ? 0 : colours[level(value)]));
}

// Maps

$("maps").style.setProperty("--aspect", WIDTH_M / HEIGHT_M);
const roots = study.maps.roots.map((root) => root.id);
await Bokeh.embed.embed_items({ site: study.maps }, [{
  docid: "site", root_ids: roots,
  roots: Object.fromEntries(roots.map((id, i) => [id, `map-${SIDES[i]}`])),
}]);
const drawing = Bokeh.documents.at(-1);
const model = (name) => drawing.get_model_by_name(name);
const { x_range: across, y_range: up } = model("left");
const { ndarray } = Bokeh.require("core/util/ndarray");

function show(side) {
  const { layer, view } = state[side];
  const colours = paint(layer, view);
  const data = { image: [], x: [], y: [], dw: [], dh: [] };
  for (const { row, column, rows, columns, step, first, ratio } of BLOCKS[layer.grid]) {
    const pixels = colours.slice(first, first + rows * columns);
    data.image.push(ndarray(pixels.buffer, { dtype: "uint32", shape: [rows, columns] }));
    data.x.push(column * ACROSS_M / ratio);
    data.y.push(HEIGHT_M - row * DOWN_M / ratio);
    data.dw.push(columns * step * ACROSS_M / ratio);
    data.dh.push(rows * step * DOWN_M / ratio);
  }
  model(`${side}-images`).data = data;
  $(`${side}-title`).textContent = `${layer.group}: ${layer.label}, ${viewName(view)}`;
  showScale(side);
}

// Return the borders of a mask on the first block of the stack's grid, merged into long lines.
function edgesOf(isInside) {
  const { rows, columns, step } = BLOCKS["1"][0];
  const inside = (i, j) => i >= 0 && j >= 0 && i < rows && j < columns && isInside(i * columns + j);
  const edges = { x0: [], y0: [], x1: [], y1: [] };
  const x = (j) => j * step * ACROSS_M, y = (i) => HEIGHT_M - i * step * DOWN_M;
  const runs = (length, isEdge, add) => {
    for (let start = -1, k = 0; k <= length; k++) {
      const edge = k < length && isEdge(k);
      if (edge && start < 0) start = k;
      if (!edge && start >= 0) { add(start, k); start = -1; }
    }
  };
  const push = (x0, y0, x1, y1) => { edges.x0.push(x0); edges.y0.push(y0); edges.x1.push(x1); edges.y1.push(y1); };
  for (let i = 0; i <= rows; i++) {
    runs(columns, (j) => inside(i - 1, j) !== inside(i, j), (a, b) => push(x(a), y(i), x(b), y(i)));
  }
  for (let j = 0; j <= columns; j++) {
    runs(rows, (i) => inside(i, j - 1) !== inside(i, j), (a, b) => push(x(j), y(a), x(j), y(b)));
  }
  return edges;
}

function showLines() {
  const none = { x0: [], y0: [], x1: [], y1: [] };
  model("test").data = $("line-test").checked ? edgesOf((i) => split[i] === 3) : none;
  model("gap").data = gaps && $("line-gap").checked ? edgesOf((i) => gaps[i] === 1) : none;
}

// Centre the maps on a place; `columns` is the width that they show.
function centreOn(row, column, columns) {
  const wide = Math.max(across.min_interval, Math.min(across.max_interval, columns * ACROSS_M));
  const high = wide * HEIGHT_M / WIDTH_M;
  const x = column * ACROSS_M, y = HEIGHT_M - row * DOWN_M;
  across.setv({ start: x - wide / 2, end: x + wide / 2 });
  up.setv({ start: y - high / 2, end: y + high / 2 });
}

// Centre the maps on a place as far as the scene's edges allow.
function goTo({ row, column }, columns) {
  const clamp = (at, side, half) => Math.max(half, Math.min(side - half, at));
  const rows = columns * ROWS / COLUMNS;
  centreOn(clamp(row, ROWS, rows / 2), clamp(column, COLUMNS, columns / 2), columns);
}

function whole() { centreOn(ROWS / 2, COLUMNS / 2, COLUMNS); }

// Zoom around the cursor if it is visible, else around the middle.
function zoom(factor) {
  const wide = across.end - across.start, high = up.end - up.start;
  let x = (across.start + across.end) / 2, y = (up.start + up.end) / 2;
  if (state.cursor && isSeen(state.cursor)) {
    x = state.cursor.column * ACROSS_M;
    y = HEIGHT_M - state.cursor.row * DOWN_M;
  }
  const next = Math.max(across.min_interval, Math.min(across.max_interval, wide / factor));
  const scale = next / wide;
  across.setv({ start: x - (x - across.start) * scale, end: x + (across.end - x) * scale });
  up.setv({ start: y - (y - up.start) * scale, end: y + (up.end - y) * scale });
}

function isSeen({ row, column }) {
  const x = column * ACROSS_M, y = HEIGHT_M - row * DOWN_M;
  return x >= across.start && x <= across.end && y >= up.start && y <= up.end;
}

// Beside the maps

function inWords(value, layer, isError = false) {
  if (!Number.isFinite(value)) return "no data";
  if (layer.classes) return layer.classes[value][0];
  const text = value.toFixed(layer.digits).replace("-", "\u2212");
  return isError && value > 0 ? `+${text}` : text;
}

function showScale(side) {
  const { layer, view } = state[side];
  const target = $(`${side}-scale`);
  if (view === "classes") {
    const swatch = ([name, colour]) => make("span", {},
      Object.assign(make("i", { className: "swatch" }), { style: colour ? `background: ${colour}` : "" }), name);
    target.replaceChildren(make("div", { className: "classes" }, ...Object.values(layer.classes).slice(1).map(swatch)));
    return;
  }
  const limits = limitsOf(layer, view).map((value) => inWords(value, layer, view.startsWith("error ")));
  if (view === COLOUR) {
    target.replaceChildren(`One linear stretch for the three bands: ${limits[0]} to ${limits[1]} reflectance `
      + "(2 to 98 % of the measured).");
    return;
  }
  const palette = paletteOf(layer, view).filter((_, i) => i % 15 === 0);
  const unit = view.startsWith("error ") ? "method \u2212 reference (reflectance)"
    : layer.unit === DEVIATION ? "one standard deviation (reflectance)" : layer.unit;
  const bar = make("div", { className: "bar" });
  bar.style.background = `linear-gradient(to right, ${palette.join(", ")})`;
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", `Colours from ${limits[0]} to ${limits[1]} ${unit}`);
  target.replaceChildren(bar, make("div", { className: "ends" },
    make("span", {}, `\u2264 ${limits[0]}`), make("span", {}, unit), make("span", {}, `\u2265 ${limits[1]}`)));
}

function showScores() {
  const tables = SIDES.map((side) => {
    const { layer } = state[side];
    const { scores: table } = layer;
    if (!table) return null;
    const metrics = Object.entries(study.metrics).filter(([name]) =>
      Object.values(table.bands).some((scores) => name in scores));
    const head = make("tr", {}, make("th", { scope: "col" }, "Scores"),
      ...metrics.map(([, title]) => make("th", { scope: "col" }, title)));
    const rows = Object.entries(table.bands).map(([band, scores]) => make("tr", {},
      make("th", { scope: "row" }, band),
      ...metrics.map(([name]) => make("td", {}, name in scores ? scores[name].toFixed(4).replace("-", "\u2212") : ""))));
    const element = make("table", {}, make("caption", {}, `${layer.label} (${side})`),
      make("thead", {}, head), make("tbody", {}, ...rows));
    const note = `${table.region}, ${table.n.toLocaleString("en")} pixels`
      + (layer.seed ? `, seed ${layer.seed}` : "");
    return make("div", { id: `${side}-scores` }, element, make("p", { className: "note" }, note));
  });
  $("scores").replaceChildren(...tables.filter(Boolean));
}

const cells = []; // {layer, band, cell}
function buildValues() {
  const groups = new Map();
  for (const layer of layers.values()) {
    if (layer.id === "split" || layer.id === "gapped") continue;
    if (!groups.has(layer.group)) groups.set(layer.group, []);
    groups.get(layer.group).push(layer);
  }
  for (const [group, members] of groups) {
    const unit = members[0].unit;
    const body = make("tbody", {}, make("tr", {}, make("th", { scope: "rowgroup", colSpan: study.bands.length + 1 },
      `${group} (${unit})`)));
    for (const layer of members) {
      const row = make("tr", {}, make("th", { scope: "row" }, layer.label));
      row.dataset.layer = layer.id;
      const alone = layer.unit === "dB" || layer.unit === "class";
      const columns = alone ? Object.keys(layer.values) : study.bands;
      for (const band of columns) {
        const cell = make("td", { colSpan: alone ? study.bands.length : 1 });
        cell.dataset.band = band;
        row.append(cell);
        cells.push({ layer, band, cell });
      }
      body.append(row);
    }
    $("values").append(body);
  }
}

function showValues() {
  const place = state.cursor;
  if (!place) return;
  const asErrors = $("as-errors").checked;
  for (const { layer, band, cell } of cells) {
    const value = valueAt(layer, band, place);
    const reference = layers.get(layer.reference);
    cell.textContent = !layer.values[band] ? ""
      : asErrors && reference ? inWords(value - valueAt(reference, band, place), layer, true)
        : inWords(value, layer);
  }
  $("position").textContent = placeInWords(place);
}

function placeInWords(place) {
  const pixel = pixelAt("1", place);
  const [a, b, c, d, e, f] = study.transform;
  const [column, row] = [pixel.column + 0.5, pixel.row + 0.5];
  const east = a * column + b * row + c, north = d * column + e * row + f;
  const digits = Math.hypot(a, d) < 1 ? 5 : 0;
  const use = study.classes[split[pixel.index]][0];
  const thin = pixel.step > 1 ? ` (thinned: the middle of ${pixel.step} × ${pixel.step} pixels)` : "";
  return `Row ${pixel.row}, column ${pixel.column}${thin}; x ${east.toFixed(digits)}, y ${north.toFixed(digits)}`
    + ` in ${study.crs}; ${use} ground${gaps?.[pixel.index] === 1 ? ", inside a gap" : ""}.`;
}

function markShown() {
  const shown = SIDES.map((side) => state[side].layer.id);
  for (const row of $("values").querySelectorAll("tr[data-layer]")) {
    row.classList.toggle("shown", shown.includes(row.dataset.layer));
  }
}

let announcement;
// Have a screen reader read the result of `text`, once no key was pressed for half a second.
function announce(text) {
  clearTimeout(announcement);
  announcement = setTimeout(() => { $("status").textContent = text(); }, 500);
}

function shownInWords() {
  const place = state.cursor;
  const sentences = SIDES.map((side) => {
    const { layer, view } = state[side];
    if (view === "classes") return "";
    const bands = view === COLOUR ? COLOURS : view === "value" ? Object.keys(layer.values) : [view.replace("error ", "")];
    const isError = view.startsWith("error ");
    const values = bands.map((band) => {
      const value = valueAt(layer, band, place);
      const shown = isError ? value - valueAt(layers.get(layer.reference), band, place) : value;
      return `${view === "value" ? "" : `${band} `}${inWords(shown, layer, isError)}`;
    });
    return ` ${side === "left" ? "Left" : "Right"}, ${layer.label}${isError ? ", error" : ""}: ${values.join(", ")}`
      + ` ${layer.unit}.`;
  });
  return placeInWords(place) + sentences.join("");
}

function moveCursor(place, aloud) {
  state.cursor = {
    row: Math.max(0, Math.min(ROWS - 1e-6, place.row)),
    column: Math.max(0, Math.min(COLUMNS - 1e-6, place.column)),
  };
  const { row, column } = state.cursor;
  model("cursor").data = { x: [column * ACROSS_M], y: [HEIGHT_M - row * DOWN_M] };
  showValues();
  if (aloud) announce(shownInWords);
}

// Worst places

const ranked = [...layers.values()].filter((layer) => layer.worst?.length);
function showWorst() {
  const layer = layers.get($("worst-layer").value);
  $("worst").replaceChildren(...(layer?.worst ?? []).map((place) => {
    const button = make("button", { type: "button" },
      `RMSE ${place.rmse.toFixed(4)} at row ${place.row}, column ${place.column}`);
    button.addEventListener("click", () => {
      if (!SIDES.some((side) => state[side].layer === layer)) choose("left", layer.id);
      goTo(place, Math.min(ROWS, COLUMNS, 48));
      moveCursor({ row: place.row + 0.5, column: place.column + 0.5 }, true);
      for (const other of $("worst").querySelectorAll("button")) other.removeAttribute("aria-current");
      button.setAttribute("aria-current", "true");
    });
    return make("li", {}, button);
  }));
}

// Controls

const state = { left: {}, right: {}, mode: "side", cursor: null };

function fillLayers(select) {
  const groups = new Map();
  const order = ["Optical", "Cloud-free image", "Ground", "SAR"];
  const all = [...layers.values()];
  all.sort((a, b) => (order.indexOf(a.group) + 9) % 9 - (order.indexOf(b.group) + 9) % 9);
  for (const layer of all) {
    if (!groups.has(layer.group)) groups.set(layer.group, make("optgroup", { label: layer.group }));
    groups.get(layer.group).append(make("option", { value: layer.id }, layer.label));
  }
  select.append(...groups.values());
}

function choose(side, id, view) {
  const layer = layers.get(id);
  const views = viewsOf(layer);
  const preferred = view ?? state[side].view;
  state[side] = { layer, view: views.includes(preferred) ? preferred : views[0] };
  $(`${side}-layer`).value = id;
  const select = $(`${side}-view`);
  select.replaceChildren(...views.map((name) => make("option", { value: name }, viewName(name))));
  select.value = state[side].view;
  select.disabled = views.length === 1;
  show(side);
  if (state.left.layer && state.right.layer) {
    showScores();
    markShown();
    keepLink();
  }
  if (layer.worst?.length && $("worst-layer").value !== id) {
    $("worst-layer").value = id;
    showWorst();
  }
}

function arrange(mode) {
  state.mode = mode;
  $("maps").className = `maps ${mode}`;
  document.querySelector(`input[name="mode"][value="${mode}"]`).checked = true;
  $("swipe-control").hidden = mode !== "swipe";
  $("blink-control").hidden = mode !== "blink";
  showRight(false);
  blinkByItself();
  if (state.left.layer) keepLink();
}

function showRight(whether) {
  $("maps").classList.toggle("shows-right", whether);
  $("blink").setAttribute("aria-pressed", String(whether));
}

function blink() {
  if (state.mode !== "blink") arrange("blink");
  const right = !$("maps").classList.contains("shows-right");
  showRight(right);
  return right;
}

let blinking;
function blinkByItself() {
  clearInterval(blinking);
  if (state.mode === "blink" && $("by-itself").checked) blinking = setInterval(blink, 800);
}

function swap() {
  const { left, right } = state;
  choose("left", right.layer.id, right.view);
  choose("right", left.layer.id, left.view);
}

function step(event, down, along) {
  const finest = Math.max(...SIDES.map((side) => Number(state[side].layer.grid)));
  const size = (event.shiftKey ? 10 : 1) / finest;
  const from = state.cursor ?? { row: ROWS / 2, column: COLUMNS / 2 };
  const snap = (value) => (Math.floor(value * finest) + 0.5) / finest;
  moveCursor({ row: snap(from.row + down * size), column: snap(from.column + along * size) }, true);
  if (!isSeen(state.cursor)) {
    centreOn(state.cursor.row, state.cursor.column, (across.end - across.start) / ACROSS_M);
  }
}

const KEYS = {
  ArrowUp: (event) => step(event, -1, 0), ArrowDown: (event) => step(event, 1, 0),
  ArrowLeft: (event) => step(event, 0, -1), ArrowRight: (event) => step(event, 0, 1),
  "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: whole, Home: whole,
  b: () => announceBlink(blink()), x: swap,
};

function announceBlink(right) {
  const side = right ? "right" : "left";
  announce(() => `Showing the ${side} layer: ${$(`${side}-title`).textContent}`);
}

$("maps").addEventListener("keydown", (event) => {
  const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act(event);
});
for (const side of SIDES) {
  const point = (event) => {
    const box = $(`map-${side}`).getBoundingClientRect();
    const x = across.start + (event.clientX - box.left) / box.width * (across.end - across.start);
    const y = up.end - (event.clientY - box.top) / box.height * (up.end - up.start);
    if (x >= 0 && y >= 0 && x < WIDTH_M && y < HEIGHT_M) {
      moveCursor({ row: (HEIGHT_M - y) / DOWN_M, column: x / ACROSS_M }, false);
    }
  };
  $(`map-${side}`).addEventListener("pointermove", point);
  $(`map-${side}`).addEventListener("pointerdown", point);
  fillLayers($(`${side}-layer`));
  $(`${side}-layer`).addEventListener("change", (event) => choose(side, event.target.value));
  $(`${side}-view`).addEventListener("change", (event) => choose(side, state[side].layer.id, event.target.value));
}
for (const input of document.querySelectorAll('input[name="mode"]')) {
  input.addEventListener("change", () => arrange(input.value));
}
$("swipe").addEventListener("input", (event) => $("maps").style.setProperty("--swipe", `${event.target.value}%`));
$("blink").addEventListener("click", blink);
$("by-itself").addEventListener("change", blinkByItself);
$("zoom-in").addEventListener("click", () => zoom(1.5));
$("zoom-out").addEventListener("click", () => zoom(1 / 1.5));
$("whole").addEventListener("click", whole);
$("swap").addEventListener("click", swap);
$("as-errors").addEventListener("change", showValues);
$("line-test").addEventListener("change", showLines);
$("line-gap").addEventListener("change", showLines);
$("gap-control").hidden = !gaps;
$("picture-control").hidden = !layers.has("cloud_free/picture");
for (const button of $("picture-control").querySelectorAll("button")) {
  button.addEventListener("click", () => {
    for (const side of SIDES) choose(side, button.dataset[side]);
    arrange("swipe");
  });
}
$("site")?.addEventListener("change", (event) => { location.href = event.target.value; });
const rankedGroups = new Map();
for (const layer of ranked) {
  if (!rankedGroups.has(layer.group)) rankedGroups.set(layer.group, make("optgroup", { label: layer.group }));
  rankedGroups.get(layer.group).append(make("option", { value: layer.id }, layer.label));
}
$("worst-layer").append(...rankedGroups.values());
$("worst-layer").addEventListener("change", showWorst);

// The state of the page as a link, after the # of its address: left and right (layers), left-as and
// right-as (views), mode, and at=row,column,pixels across.

function asLink() {
  const link = { left: state.left.layer.id, right: state.right.layer.id,
    "left-as": state.left.view, "right-as": state.right.view, mode: state.mode };
  const middle = { row: (HEIGHT_M - (up.start + up.end) / 2) / DOWN_M, column: (across.start + across.end) / 2 / ACROSS_M };
  link.at = [middle.row, middle.column, (across.end - across.start) / ACROSS_M].map((value) => value.toFixed(1)).join(",");
  return Object.entries(link).map(([name, value]) => `${name}=${encodeURI(value)}`).join("&");
}

function follow(link) {
  for (const side of SIDES) {
    const id = link.get(side);
    if (layers.has(id)) choose(side, id, link.get(`${side}-as`) ?? undefined);
  }
  if (["side", "swipe", "blink"].includes(link.get("mode"))) arrange(link.get("mode"));
  const [row, column, columns] = (link.get("at") ?? "").split(",").map(Number);
  if ([row, column, columns].every(Number.isFinite) && columns > 0) {
    centreOn(row, column, columns);
    moveCursor({ row, column }, false);
  }
}

let keeping;
function keepLink() {
  clearTimeout(keeping);
  keeping = setTimeout(() => history.replaceState(null, "", `#${asLink()}`), 300);
}

// Precision of the values

const steps = { reflectance: 0, dB: 0 };
for (const layer of layers.values()) {
  if (layer.unit) steps[layer.unit] = Math.max(steps[layer.unit], layer.step);
}
$("precision").textContent = `Values are those of the rasters, rounded to ${steps.reflectance} reflectance (no unit) and `
  + `${steps.dB} dB: they are off by at most half of that, and errors by at most that.`;
const thin = Object.entries(BLOCKS).filter(([, blocks]) => blocks[0].step > 1).map(([ratio, blocks]) => {
  const side = blocks[0].step, places = blocks.length - 1;
  const name = ratio === "1" ? "The layers" : `Layers with ${Number((ACROSS_M / ratio).toPrecision(3))} m pixels`;
  return `${name} are thinned to keep this file small: it has one pixel of ${side} \u00d7 ${side}`
    + (places ? `, and every pixel in ${places} places around the largest errors.` : ".");
});
$("thinned").textContent = thin.join(" ");

buildValues();
showWorst();
const methods = [...layers.values()].filter((layer) => layer.reference);
// A method that fills gaps, where radar can help, if there is one; else the first method.
const first = methods.find((layer) => layer.region === "gap") ?? methods[0];
choose("right", first?.id ?? "measured");
choose("left", "measured");
showWorst();
showLines();
whole();
arrange("side");
follow(new URLSearchParams(location.hash.slice(1)));
across.change.connect(keepLink);
$("status").textContent = "Ready.";
document.documentElement.dataset.ready = "true";
})().catch((error) => {
  document.getElementById("status").textContent = `This page could not be shown: ${error.message}. `
    + "It needs a browser of 2023 or newer.";
  throw error;
});
