// The page itself: names of regions, theme, tables, printing. No text of the data becomes markup here.
(() => {
  const html = document.documentElement;
  const css = (name) => getComputedStyle(html).getPropertyValue(name).trim();
  const charts = [];  // {place, view}
  let drawn;  // the palette that the charts have on the screen

  const names = typeof Intl.DisplayNames === "function" ? new Intl.DisplayNames(["en"], {type: "region"}) : null;
  const regionName = (code) => {
    try { const name = names?.of(code); return name && name !== code ? name : ""; } catch { return ""; }
  };
  const percents = new Intl.NumberFormat("en", {style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1});
  const numbers = new Intl.NumberFormat("en", {maximumFractionDigits: 2});
  window.report = {
    charts, css,
    region: (code) => { const name = regionName(code); return name ? `${code} ${name}` : code; },
    percent: (value) => percents.format(value),
    number: (value) => numbers.format(value),
  };
  for (const place of document.querySelectorAll("[data-region]")) place.textContent = regionName(place.dataset.region);

  function theme() {
    drawn = palette();
    document.dispatchEvent(new CustomEvent("theme"));
  }

  // Paper gets vector drawings in the light colours, whatever the screen shows. Bokeh takes new colours
  // of data only later, and printing does not wait: so the finished drawings are recoloured.
  function beforePrint() {
    if (html.classList.contains("printing")) return;
    html.classList.add("printing");
    const printed = palette(), onPaper = new Map(drawn.map((color, i) => [color, printed[i]]));
    for (const {place, view} of charts) {
      const drawings = view.child_views.map((child) => drawing(child, onPaper));
      place.nextElementSibling.replaceChildren(...drawings);
    }
    for (const folded of document.querySelectorAll("details:not([open])")) {
      folded.open = true;
      folded.dataset.wasFolded = "";
    }
  }

  function afterPrint() {
    html.classList.remove("printing");
    for (const folded of document.querySelectorAll("details[data-was-folded]")) {
      folded.open = false;
      delete folded.dataset.wasFolded;
    }
  }
  const VARIABLES = ["ink", "ink-2", "surface", "line", "line-strong", "context", "band"].concat(
    Array.from({length: 8}, (_, i) => `series-${i + 1}`));
  const palette = () => VARIABLES.map((name) => rgb(css(`--${name}`)).join());

  function rgb(color) {
    const probe = new Option();
    probe.style.color = color;
    return (probe.style.color.match(/[\d.]+/g) ?? []).map(Number);
  }

  function drawing(view, onPaper) {
    const svg = view.export("svg", false).canvas, {width, height} = view.bbox;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    for (const element of svg.querySelectorAll("[fill], [stroke]"))
      for (const name of ["fill", "stroke"]) {
        const [r, g, b, alpha = 1] = rgb(element.getAttribute(name) ?? "");
        const color = onPaper.get([r, g, b].join());
        if (color) element.setAttribute(name, `rgba(${color},${alpha})`);
      }
    return svg;
  }

  function sortTable(table, column) {
    const heads = [...table.tHead.rows[0].cells], head = heads[column];
    const down = head.getAttribute("aria-sort") !== "descending";
    const numeric = head.dataset.sort === "number", body = table.tBodies[0];
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[column].dataset.value ?? "";
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = numeric ? x - y : x < y ? -1 : x > y ? 1 : 0;
      return down ? -order : order;
    });
    body.append(...rows);
  }

  function filterTable(input) {
    const id = input.dataset.filter, wanted = input.value.trim().toLowerCase();
    const table = document.getElementById(id).querySelector("table"), rows = [...table.tBodies[0].rows];
    const keys = (row) => [...row.cells].slice(0, table.dataset.keys ?? 1).map((cell) => cell.textContent);
    for (const row of rows) row.hidden = !keys(row).some((text) => text.toLowerCase().includes(wanted));
    const count = document.querySelector(`[data-filter-count="${id}"]`);
    if (count) count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  }

  for (const table of document.querySelectorAll("table[data-sortable]"))
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      head.querySelector("button")?.addEventListener("click", () => sortTable(table, column));
    });
  for (const input of document.querySelectorAll("input[data-filter]")) {
    input.addEventListener("input", () => filterTable(input));
    filterTable(input);
  }
  addEventListener("beforeprint", beforePrint);
  addEventListener("afterprint", afterPrint);
  matchMedia("print").addEventListener("change", ({matches}) => matches ? beforePrint() : afterPrint());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
  drawn = palette();
})();
