// Choosing countries: copies their points from the source `all` into the sources that are drawn.
(() => {
  const SMALL_WINDOW = 1, SMALL_BASE = 2, INCOMPLETE = 4, LONE = 8;
  const COLORS = 8, DASHES = [[], [7, 4], [2, 3]], MOST = COLORS * DASHES.length, LARGEST = 6, WEEK = 6048e5;
  const TOTAL = "All countries";
  const percent = new Intl.NumberFormat("en", {style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1});
  const whole = new Intl.NumberFormat("en");
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const byId = (id) => document.getElementById(id);

  document.addEventListener("chart", ({detail: {id, root}}) => {
    if (id !== "chart-shares") return;
    const models = new Map([...root.references()].filter((m) => m.name).map((m) => [m.name, m]));
    const data = (name) => models.get(name).data;
    const list = data("countries"), all = data("all"), total = data("total"), weeks = data("weeks");
    const weekOf = new Map(Array.from(weeks.at, (at, i) => [at, weeks.label[i]]));
    const position = new Map(Array.from(list.country, (country, i) => [country, i]));
    const bySize = [...position.keys()].sort((a, b) => list.size[position.get(b)] - list.size[position.get(a)]);
    const slots = new Map();  // country -> its colour and dash, kept while it is shown

    const variable = (slot) => slot < 0 ? "--ink" : `--series-${slot % COLORS + 1}`;
    const colorOf = (slot) => css(variable(slot));
    const dashOf = (slot) => slot < 0 ? [] : DASHES[Math.floor(slot / COLORS)];

    function add(country) {
      if (!position.has(country) || slots.has(country)) return true;
      const used = new Set(slots.values());
      const free = Array.from({length: MOST}, (_, i) => i).find((i) => !used.has(i));
      if (free === undefined) return false;
      slots.set(country, free);
      return true;
    }

    function note(mark) {
      const words = [];
      if (mark & INCOMPLETE) words.push("incomplete week");
      if (mark & SMALL_WINDOW) words.push("fewer than four weeks in the window");
      if (mark & SMALL_BASE) words.push("fewer than 200 installs");
      return words.length ? `; ${words.join(", ")}` : "";
    }

    function marker(mark) {
      if (mark & INCOMPLETE) return "diamond";
      return mark & SMALL_WINDOW ? "square" : "circle";
    }

    function shownLines() {
      const lines = byId("show-total").checked ? [[TOTAL, total, 0, total.at.length, -1]] : [];
      for (const [country, slot] of slots) {
        const i = position.get(country);
        lines.push([country, all, list.start[i], list.stop[i], slot]);
      }
      return lines;
    }

    function draw() {
      const lines = {at: [], share: [], installs: [], color: [], dash: [], width: []};
      const points = {at: [], share: [], installs: [], color: [], marker: [], size: [], alpha: [], who: [], when: [], told: []};
      const ends = [];
      for (const [country, from, start, stop, slot] of shownLines()) {
        const cut = (name) => Array.from(from[name].slice(start, stop));
        const at = cut("at"), share = cut("share"), mark = cut("mark"), organic = cut("organic");
        const installs = cut("installs").map((n) => n || NaN);
        const color = colorOf(slot);
        lines.at.push(at); lines.share.push(share); lines.installs.push(installs);
        lines.color.push(color); lines.dash.push(dashOf(slot)); lines.width.push(slot < 0 ? 3 : 2);
        let last = -1;
        share.forEach((value, i) => {
          if (Number.isNaN(value)) return;
          last = i;
          const seen = mark[i] & (SMALL_WINDOW | SMALL_BASE | INCOMPLETE);
          points.at.push(at[i]); points.share.push(value); points.installs.push(installs[i]);
          points.color.push(color); points.marker.push(marker(mark[i]));
          points.size.push(mark[i] & INCOMPLETE ? 10 : seen ? 6 : mark[i] & LONE ? 5 : 9);
          points.alpha.push(seen || mark[i] & LONE ? 1 : 0);
          points.who.push(country === TOTAL ? TOTAL : window.report.region(country));
          points.when.push(weekOf.get(at[i]));
          points.told.push(`${percent.format(value)} organic: ${whole.format(organic[i])} of ${whole.format(installs[i])} installs${note(mark[i])}`);
        });
        if (last >= 0) ends.push({text: slot < 0 ? "All" : country, color, at: at[last], share: share[last], installs: installs[last]});
      }
      models.get("lines").data = lines;
      models.get("points").data = points;
      scale("share", points.share, ends, false);
      scale("installs", points.installs, ends, true);
    }

    // The y range fits what is chosen; names at the line ends move apart until they can be read.
    function scale(name, values, ends, isLog) {
      const range = models.get(`${name}_range`), height = name === "share" ? 350 : 180;
      let low = Math.min(...values), high = Math.max(...values);
      if (!values.length) [low, high] = isLog ? [1, 1000] : [0, 1];
      if (isLog) { low = Math.max(0.7, low / 1.6); high *= 1.6; }
      else {
        const room = Math.max(0.02, (high - low) * 0.08);
        low = Math.max(-0.03, low - room); high = Math.min(1.03, high + room);
      }
      range.setv({start: low, end: high});
      const to = isLog ? Math.log : (v) => v, back = isLog ? Math.exp : (v) => v;
      const gap = (to(high) - to(low)) * 15 / height;
      const sorted = ends.map((end) => ({...end, y: to(end[name])})).sort((a, b) => a.y - b.y);
      spread(sorted, gap, to(low), to(high));
      models.get(`${name}_labels`).data = {
        at: sorted.map((e) => e.at), value: sorted.map((e) => back(e.y)),
        color: sorted.map((e) => e.color), text: sorted.map((e) => e.text),
      };
    }

    function spread(sorted, gap, low, high) {
      for (let i = 0; i < sorted.length; i++) {
        const floor = i ? sorted[i - 1].y + gap : low + gap / 2;
        sorted[i].y = Math.max(sorted[i].y, floor);
      }
      for (let i = sorted.length - 1; i >= 0; i--) {
        const ceiling = i < sorted.length - 1 ? sorted[i + 1].y - gap : high - gap / 2;
        sorted[i].y = Math.min(sorted[i].y, ceiling);
      }
    }

    function swatch(slot) {
      const dash = dashOf(slot).join(" ");
      return `<svg width="22" height="8" aria-hidden="true"><line x1="1" x2="21" y1="4" y2="4" style="stroke:var(${variable(slot)})" stroke-width="${slot < 0 ? 3 : 2.5}" stroke-dasharray="${dash}"/></svg>`;
    }

    function chips() {
      byId("chosen").replaceChildren(...[...slots].map(([country, slot]) => {
        const chip = document.createElement("button");
        chip.type = "button";
        chip.className = "chip";
        chip.innerHTML = swatch(slot);  // no data in it
        chip.append(window.report.region(country));
        chip.setAttribute("aria-label", `Remove ${country}`);
        chip.onclick = () => { slots.delete(country); update(); };
        return chip;
      }));
      byId("total-swatch").innerHTML = swatch(-1);
      for (const button of document.querySelectorAll("button[data-country]"))
        button.setAttribute("aria-pressed", String(slots.has(button.dataset.country)));
    }

    function context() {
      for (const name of ["share_context", "installs_context"]) models.get(name).visible = byId("show-rest").checked;
    }

    function update() { draw(); chips(); context(); }

    function choose(countries) {
      const full = !countries.map(add).every(Boolean);
      byId("picker-note").textContent = full ? `At most ${MOST} countries at a time: remove one first.` : "";
      update();
    }

    function zoom(weeksShown) {
      const time = models.get("time"), count = weeks.at.length;
      const first = weeks.at[weeksShown ? Math.max(0, count - weeksShown) : 0] ?? 0, last = weeks.at[count - 1] ?? 1;
      const span = last - first || 2 * WEEK;
      const width = Math.max(150, byId("chart-shares").clientWidth - 120);
      const room = 45 / width;  // for the names at the line ends
      for (const name of ["share_ticks", "installs_ticks"]) models.get(name).desired_num_ticks = Math.max(2, Math.round(width / 130));
      time.setv({start: first - Math.max(span * 0.015, WEEK / 2), end: last + Math.max(span * room, WEEK)});
    }

    function band() {
      const mark = total.mark, count = total.at.length;
      if (!count || !(mark[count - 1] & INCOMPLETE)) return;
      let first = count - 1;
      while (first > 0 && mark[first - 1] & INCOMPLETE) first--;
      for (const name of ["share_incomplete", "installs_incomplete"])
        models.get(name).setv({left: total.at[first] - WEEK / 2, right: total.at[count - 1] + WEEK / 2, visible: true});
    }

    function controls() {
      const options = bySize.map((country) => new Option(window.report.region(country), country));
      byId("country-options").replaceChildren(...options);
      const input = byId("country-input");
      const take = () => {
        const typed = input.value.trim();
        const country = [typed, typed.toUpperCase()].find((name) => position.has(name));
        if (country !== undefined) { choose([country]); input.value = ""; }
        return country !== undefined;
      };
      input.addEventListener("input", (event) => { if (event.inputType === "insertReplacementText" || !event.inputType) take(); });
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !take() && input.value) byId("picker-note").textContent = `No country ${input.value.trim()} here.`;
      });
      byId("choose-largest").onclick = () => { slots.clear(); choose(bySize.slice(0, LARGEST)); };
      byId("choose-none").onclick = () => { slots.clear(); choose([]); };
      byId("show-rest").checked = bySize.length <= 40;
      byId("show-rest").onchange = context;
      byId("show-total").onchange = draw;
      for (const button of document.querySelectorAll("button[data-weeks]"))
        button.onclick = () => {
          zoom(Number(button.dataset.weeks));
          for (const other of document.querySelectorAll("button[data-weeks]")) other.setAttribute("aria-pressed", String(other === button));
        };
      for (const button of document.querySelectorAll("button[data-country]"))
        button.onclick = () => {
          const country = button.dataset.country;
          if (slots.has(country)) { slots.delete(country); update(); } else choose([country]);
        };
    }

    controls(); zoom(0); band();
    choose(bySize.slice(0, LARGEST));
    document.addEventListener("theme", update);
    addEventListener("resize", () => zoom(Number(document.querySelector("button[data-weeks][aria-pressed=true]").dataset.weeks)));
  });
})();
