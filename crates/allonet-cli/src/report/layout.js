// Where the boxes and bands of a drawing go. Pure numbers; one pixel scale for the whole drawing,
// so that widths can be compared everywhere.

const BOX_WIDTH = 12;
const LABEL_PITCH = 17;
const LANE_GAP = 10;

/** Ways to order the boxes of one column. "Others" always stand last. */
const ORDERS = {
  id: (a, b) => a.rank - b.rank,
  amount: (a, b) => b.size - a.size || a.rank - b.rank,
  crossings: (a, b) => a.rank - b.rank,
};

/**
 * Sets x, y, height of every box and x, y, width of both ends of every band.
 * Returns { columns, scale, width, height, lanes }; `scale` is pixels per base unit.
 */
function layoutFlow(flow, { width, left, right, order = "id", flowHeight = 400 }) {
  const { boxes, bands, columnCount } = flow;
  attach(boxes, bands);
  const columns = Array.from({ length: columnCount }, () => []);
  for (const box of boxes) columns[box.column].push(box);
  for (const column of columns) column.sort((a, b) => a.rest - b.rest || ORDERS[order](a, b));
  if (order === "crossings") untangle(columns);
  const heaviest = Math.max(...columns.map((column) => total(column, "size")), 0);
  const scale = heaviest > 0 ? flowHeight / heaviest : 0;
  for (const box of boxes) box.height = Math.max(1, box.size * scale);
  const needed = (column) => total(column, "height") + LABEL_PITCH * (column.length - 1);
  const height = Math.max(120, ...columns.map(needed));
  const step = columnCount > 1 ? (width - left - right - BOX_WIDTH) / (columnCount - 1) : 0;
  for (const box of boxes) box.x = left + box.column * step;
  placeVertically(columns, height);
  placeEnds(boxes, scale);
  const lanes = placeLoops(
    bands.filter((band) => band.loop),
    height,
  );
  return { columns, scale, width, height: lanes.bottom, step };
}

function total(list, name) {
  return list.reduce((all, item) => all + item[name], 0);
}

function attach(boxes, bands) {
  for (const box of boxes) Object.assign(box, { bandsIn: [], bandsOut: [] });
  for (const band of bands) {
    band.from.bandsOut.push(band);
    band.to.bandsIn.push(band);
  }
  for (const box of boxes) {
    const left = total(box.bandsOut, "flow") + box.retainedSize + box.unspentSize;
    box.size = Math.max(total(box.bandsIn, "flow"), left);
  }
}

/** Sweeps right and left, ordering each column by the mean place of its neighbours. */
function untangle(columns) {
  const number = (column) =>
    column.forEach((box, place) => {
      box.place = place / column.length;
    });
  columns.forEach(number);
  for (let sweep = 0; sweep < 8; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : [...columns].reverse()) {
      for (const box of column) {
        const near = meanOf(forward ? box.bandsIn : box.bandsOut, (band) => {
          return (forward ? band.from : band.to).place;
        });
        box.pull = near ?? box.place;
      }
      column.sort((a, b) => a.rest - b.rest || a.pull - b.pull || a.rank - b.rank);
      number(column);
    }
  }
}

/** Mean of `value` over the bands, weighted by flow; loops do not pull. */
function meanOf(bands, value) {
  const straight = bands.filter((band) => !band.loop);
  const weight = total(straight, "flow");
  if (!weight) return null;
  return straight.reduce((all, band) => all + value(band) * (band.flow / weight), 0);
}

/** Stacks each column, then moves boxes towards their neighbours without changing the order. */
function placeVertically(columns, height) {
  for (const column of columns) {
    const used = total(column, "height") + LABEL_PITCH * (column.length - 1);
    let y = (height - used) / 2;
    for (const box of column) {
      box.y = y;
      y += box.height + LABEL_PITCH;
    }
  }
  const middle = (box) => box.y + box.height / 2;
  for (let pass = 0; pass < 6; pass += 1) {
    const forward = pass % 2 === 1;
    for (const column of forward ? columns : [...columns].reverse()) {
      for (const box of column) {
        const wanted = meanOf(forward ? box.bandsIn : box.bandsOut, (band) => {
          return middle(forward ? band.from : band.to);
        });
        if (wanted !== null) box.y += (wanted - middle(box)) * 0.7;
      }
      separate(column, height);
    }
  }
}

function separate(column, height) {
  let free = 0;
  for (const box of column) {
    box.y = Math.max(box.y, free);
    free = box.y + box.height + LABEL_PITCH;
  }
  let limit = height;
  for (const box of [...column].reverse()) {
    box.y = Math.min(box.y, limit - box.height);
    limit = box.y - LABEL_PITCH;
  }
}

/** Stacks the ends of bands along each box: straight bands in the order of their other end. */
function placeEnds(boxes, scale) {
  for (const box of boxes) {
    const byOther = (end) => (a, b) => a.loop - b.loop || a[end].y - b[end].y || compareKeys(a, b);
    let y = box.y;
    for (const band of box.bandsOut.sort(byOther("to"))) {
      band.width = band.flow * scale;
      Object.assign(band, { x0: box.x + BOX_WIDTH, y0: y });
      y += band.width;
    }
    box.stubs = [];
    for (const kind of ["retained", "unspent"]) {
      const size = box[`${kind}Size`] * scale;
      if (size > 0.3) box.stubs.push({ kind, y, height: Math.max(1, size) });
      y += size;
    }
    y = box.y;
    for (const band of box.bandsIn.sort(byOther("from"))) {
      Object.assign(band, { x1: box.x, y1: y });
      y += band.flow * scale;
    }
  }
}

function compareKeys(a, b) {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Gives every loop a lane below the drawing; loops that do not overlap share one. */
function placeLoops(loops, height) {
  const lanes = [];
  const span = (band) => [Math.min(band.x0, band.x1), Math.max(band.x0, band.x1)];
  const ordered = [...loops].sort((a, b) => {
    return span(a)[1] - span(a)[0] - (span(b)[1] - span(b)[0]) || compareKeys(a, b);
  });
  for (const band of ordered) {
    const [start, end] = span(band);
    const reach = 40 + band.width;
    const fits = (lane) => lane.spans.every(([a, b]) => end + reach < a || start - reach > b);
    let lane = lanes.find(fits);
    if (!lane) lanes.push((lane = { spans: [], width: 0, bands: [] }));
    lane.spans.push([start, end]);
    lane.bands.push(band);
    lane.width = Math.max(lane.width, band.width);
  }
  let y = height;
  for (const lane of lanes) {
    y += LANE_GAP + lane.width / 2;
    for (const band of lane.bands) band.laneY = y + LANE_GAP;
    y += lane.width / 2;
  }
  return { bottom: lanes.length ? y + 2 * LANE_GAP : y };
}
