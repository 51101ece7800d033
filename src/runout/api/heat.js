/* The heat of a map in a notebook: a tile (docs/api.md) with the price on it, and what it is of. Fetches nothing. */
const STOPS = {
  dark: ["#1a1240", "#4a1580", "#8f2391", "#cc4274", "#f0803f", "#fbc02f", "#fff6a8"],
  light: ["#fdeadb", "#f9c49b", "#ee8f6c", "#d2556f", "#9c2f82", "#5d1a7d", "#23093f"],
};
const INKS = {
  dark: { ground: "#161b21", ink: "#eef1f5", muted: "#a3aeb9", grid: "#8b97a340", loud: "#f2964f" },
  light: { ground: "#ffffff", ink: "#1d232b", muted: "#56616c", grid: "#7d879140", loud: "#a8480a" },
};
const [HIDE, FULL] = [0.3, 0.9]; // shares of the root of the scale, as the page opens
const [HEIGHT, RIGHT, BOTTOM, HOUR] = [420, 74, 24, 3600];
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const dollars = (usd) => `$${compact.format(usd)}`;
const price = (usd) => `$${usd.toLocaleString("en", { maximumSignificantDigits: 6 })}`;
const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

function read(view) {
  const length = view.getUint32(0, true), start = view.byteOffset + 4;
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(view.buffer, start, length)));
  const size = header.rows * header.columns, cells = new Uint8Array(view.buffer, start + length, 2 * size);
  const until = Math.max(Date.parse(header.as_of) / 1000, header.times.at(-1));
  return { ...header, until, sides: [cells.subarray(0, size), cells.subarray(size)] };
}

function isDark() {
  const theme = document.body.dataset.jpThemeLight ?? document.body.dataset.vscodeThemeKind;
  return theme ? theme === "false" || theme.includes("dark") : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Paint a pixel a cell, the highest price on top. */
function painted(tile, stops) {
  const canvas = Object.assign(document.createElement("canvas"), { width: tile.columns, height: tile.rows });
  const context = canvas.getContext("2d"), image = context.createImageData(tile.columns, tile.rows);
  const [longs, shorts] = tile.sides;
  for (let i = 0; i < longs.length; i++) {
    const part = Math.min((Math.hypot(longs[i], shorts[i]) / 255 - HIDE) / (FULL - HIDE), 1);
    if (part < 0) continue;
    const at = Math.min(Math.floor(part * 6), 5), row = tile.rows - 1 - Math.floor(i / tile.columns);
    const mixed = [1, 3, 5].map((n) => {
      const [low, high] = [stops[at], stops[at + 1]].map((hex) => Number.parseInt(hex.slice(n, n + 2), 16));
      return low + (high - low) * (part * 6 - at);
    });
    image.data.set([...mixed, 255 * Math.min(1, 0.25 + 1.6 * part)], 4 * (row * tile.columns + (i % tile.columns)));
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function steps(low, high, sizes, most = 8) {
  const size = sizes.find((one) => (high - low) / one <= most) ?? sizes.at(-1);
  const first = Math.ceil(low / size);
  return { size, at: Array.from({ length: Math.floor(high / size) - first + 1 }, (_, n) => (first + n) * size) };
}

function render({ model, el }) {
  const [title, canvas, caption, pointed] = ["div", "canvas", "div", "div"].map((name) => document.createElement(name));
  el.replaceChildren(title, canvas, caption, pointed);
  title.style.fontWeight = 600;
  canvas.setAttribute("role", "img");
  pointed.setAttribute("aria-live", "polite");
  let tile, width, x, y, back;

  function draw() {
    const colours = isDark() ? "dark" : "light", inks = INKS[colours], ratio = devicePixelRatio || 1;
    const context = canvas.getContext("2d"), high = HEIGHT - BOTTOM;
    el.style.cssText = `background:${inks.ground};color:${inks.ink};font:13px/1.5 system-ui,sans-serif;padding:8px 12px`;
    caption.style.color = pointed.style.color = inks.muted;
    title.querySelector("b")?.style.setProperty("color", inks.loud);
    width = Math.max(el.clientWidth - 24, 240) - RIGHT;
    canvas.style.cssText = `display:block;width:${width + RIGHT}px;height:${HEIGHT}px`;
    [canvas.width, canvas.height] = [(width + RIGHT) * ratio, HEIGHT * ratio];
    context.scale(ratio, ratio);
    const [begin, bottom] = [tile.times[0], tile.first_price_usd], top = bottom + tile.rows * tile.step_usd;
    x = (seconds) => (width * (seconds - begin)) / (tile.until - begin || 1);
    y = (usd) => (high * (top - usd)) / (top - bottom);
    back = (left, down) => [begin + (left / width) * (tile.until - begin), top - (down / high) * (top - bottom)];
    const image = painted(tile, STOPS[colours]), pixel = (left) => Math.round(left * ratio) / ratio;
    context.imageSmoothingEnabled = tile.rows > high * ratio;
    tile.times.forEach((from, n) => {
      const left = pixel(x(from)), right = pixel(x(tile.times[n + 1] ?? tile.until));
      context.drawImage(image, n, 0, 1, tile.rows, left, 0, right - left, high);
    });
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    const rule = (left, up, wide, tall) => ((context.fillStyle = inks.grid), context.fillRect(left, up, wide, tall));
    const write = (text, left, up) => ((context.fillStyle = inks.muted), context.fillText(text, left, up));
    const powers = Array.from({ length: 12 }, (_, n) => [1, 2, 5].map((one) => one * 10 ** (n - 5))).flat();
    for (const usd of steps(bottom, top, powers).at) {
      rule(0, y(usd), width, 1);
      if (Math.abs(y(usd) - y(tile.price_usd)) > 14) write(price(usd), width + 6, y(usd));
    }
    const hours = [1, 3, 6, 12, 24, 48, 96, 168, 336, 720].map((one) => one * HOUR);
    const marks = steps(begin, tile.until, hours, Math.min(width / 64, 8));
    context.textAlign = "center";
    for (const at of marks.at) {
      rule(x(at), 0, 1, high);
      if (x(at) > 20 && x(at) < width - 20) write(marks.size < 24 * HOUR ? utc(at).slice(11) : utc(at).slice(5, 10), x(at), high + 13);
    }
    context.textAlign = "start";
    context.beginPath();
    tile.closes_usd.forEach((usd, n) => usd !== null && context.lineTo(x(tile.times[n]), y(usd)));
    context.lineTo(x(tile.until), y(tile.price_usd));
    for (const [colour, wide] of [[inks.ground, 4], [inks.ink, 1.5]])
      Object.assign(context, { strokeStyle: colour, lineWidth: wide, lineJoin: "round" }).stroke();
    context.fillRect.call(Object.assign(context, { fillStyle: inks.ink }), width + 2, y(tile.price_usd) - 9, RIGHT - 2, 18);
    Object.assign(context, { fillStyle: inks.ground }).fillText(price(tile.price_usd), width + 6, y(tile.price_usd));
  }

  function take() {
    tile = read(model.get("tile"));
    const [hide, full] = [HIDE, FULL].map((share) => dollars(tile.scale_usd * share ** 2));
    title.textContent = `Liquidation map of ${tile.coin} on ${tile.venue}, inferred, as of ${utc(Date.parse(tile.as_of) / 1000)} UTC `;
    if (tile.synthetic) title.append(Object.assign(document.createElement("b"), { textContent: "SYNTHETIC MARKET" }));
    caption.textContent = `${tile.note} A cell is ${price(tile.step_usd)} high; colour from ${hide} to ${full} and more; line: price. Times are UTC.`;
    pointed.textContent = "Point at a cell for its dollars.";
    canvas.setAttribute("aria-label", `${title.textContent}: heat of expected liquidations by time and price, price ${price(tile.price_usd)}`);
    draw();
  }

  canvas.onpointermove = ({ offsetX, offsetY }) => {
    const [seconds, usd] = back(offsetX, offsetY), row = Math.floor((usd - tile.first_price_usd) / tile.step_usd);
    const column = tile.times.findLastIndex((from) => from <= seconds);
    if (row < 0 || row >= tile.rows || column < 0 || offsetX > width) return;
    const [long, short] = tile.sides.map((side) => dollars(tile.scale_usd * (side[row * tile.columns + column] / 255) ** 2));
    pointed.textContent = `${utc(seconds)} UTC, ${price(tile.first_price_usd + row * tile.step_usd)}: longs ${long}, shorts ${short} (inferred)`;
  };
  const resized = new ResizeObserver(draw), themed = new MutationObserver(draw), system = matchMedia("(prefers-color-scheme: dark)");
  take();
  resized.observe(el);
  themed.observe(document.body, { attributes: true });
  system.addEventListener("change", draw);
  model.on("change:tile", take);
  return () => {
    resized.disconnect();
    themed.disconnect();
    system.removeEventListener("change", draw);
    model.off("change:tile", take);
  };
}

export default { render };
