// The generic part of the page: charts, theme, tables, printing. No text of the data becomes markup here.
(() => {
  const html = document.documentElement;
  const css = (name) => getComputedStyle(html).getPropertyValue(name).trim();
  const charts = [];
  let drawn;  // the palette that the charts have on the screen

  const names = typeof Intl.DisplayNames === "function" ? new Intl.DisplayNames(["en"], {type: "region"}) : null;
  const regionName = (code) => {
    try { const name = names?.of(code); return name && name !== code ? name : ""; } catch { return ""; }
  };
  window.report = {
    region: (code) => { const name = regionName(code); return name ? `${code} ${name}` : code; },
  };
  for (const place of document.querySelectorAll("[data-region]")) place.textContent = regionName(place.dataset.region);

  // A model's tag "line_color=--accent" names the CSS variable of its colour.
  function paint(root) {
    for (const model of root.references()) {
      for (const tag of model.tags ?? []) {
        if (typeof tag !== "string") continue;
        const [property, variable] = tag.split("=");
        const old = model[property], color = css(variable);
        model[property] = old !== null && typeof old === "object" && "value" in old ? {value: color} : color;
      }
    }
  }

  function theme() {
    drawn = palette();
    for (const {root} of charts) paint(root);
    document.dispatchEvent(new CustomEvent("theme"));
  }

  async function embed(block) {
    const id = block.dataset.chart;
    const views = await Bokeh.embed.embed_item(JSON.parse(block.textContent));
    const view = views.roots[0], root = view.model;
    charts.push({id, view, root});
    paint(root);
    document.dispatchEvent(new CustomEvent("chart", {detail: {id, root}}));
    document.getElementById(id).dataset.ready = "true";
  }

  // Paper gets vector drawings in the light colours, whatever the screen shows. Bokeh takes new colours
  // of data only later, and printing does not wait: so the finished drawings are recoloured.
  function beforePrint() {
    if (html.classList.contains("printing")) return;
    html.classList.add("printing");
    const printed = palette(), onPaper = new Map(drawn.map((color, i) => [color, printed[i]]));
    for (const {id, view} of charts) {
      const drawings = view.child_views.map((child) => drawing(child, onPaper));
      document.getElementById(id).nextElementSibling.replaceChildren(...drawings);
    }
  }

  const afterPrint = () => html.classList.remove("printing");

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
    const numeric = head.classList.contains("num"), body = table.tBodies[0];
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
    const rows = [...document.getElementById(id).querySelectorAll("tbody tr")];
    for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
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
  document.querySelectorAll("script[data-chart]").forEach(embed);
})();
