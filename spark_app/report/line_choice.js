// Which lines of a chart are drawn: all together, and the groups that the reader chooses.
(() => {
  const COLORS = 8, DASHES = [[], [7, 4], [2, 3]], MOST = COLORS * DASHES.length, LARGEST = 6, FEW_GROUPS = 40;
  const DAY = 86_400_000, SPANS = [["2 years", 728], ["1 year", 364], ["3 months", 91], ["1 month", 30]];
  const SHAPES = ["circle", "square", "triangle"], UNSETTLED = "diamond", LABEL_LENGTH = 14;
  const TOGETHER = "All together", TOGETHER_SLOT = -1;
  const {css, region, number, percent} = window.report;

  function lineChart(section, data) {
    const role = (name) => section.querySelector(`[data-role="${name}"]`);
    const isRatio = data.base !== null, last = data.at.length - 1, {by} = data;
    const slots = new Map();  // place of a group -> its colour and dash, kept while it is shown
    const placeOf = new Map(data.names.map((name, i) => [name, i]));
    const groups = data.names.map((_, i) => points(data.groups, i)), together = points(data.together, 0);
    const chart = window.report.linePlots(data, context());
    const nameOf = (i) => by.isRegion ? region(data.names[i]) : data.names[i];

    function points(from, i) {
      if (!isRatio) return {value: from.value[i].map((v) => v ?? NaN), marks: from.marks[i]};
      const part = from.part[i], base = from.base[i].map((n) => n || NaN);  // zero has no place on a log scale
      return {value: base.map((n, j) => part[j] / n), part, base, marks: from.marks[i]};
    }

    // All groups as one line, with a gap behind each.
    function context() {
      const joined = (pick) => Float64Array.from(groups.flatMap((group) => [...pick(group), NaN]));
      const columns = {at: joined(() => data.at), value: joined(({value}) => value)};
      return isRatio ? {...columns, base: joined(({base}) => base)} : columns;
    }

    const isLone = ({value}, j) => Number.isNaN(value[j - 1] ?? NaN) && Number.isNaN(value[j + 1] ?? NaN);
    const applying = (marks) => data.marks.map((_, i) => i).filter((i) => marks >> i & 1);
    const variable = (slot) => slot === TOGETHER_SLOT ? "--ink" : `--series-${slot % COLORS + 1}`;
    const dashOf = (slot) => slot < 0 ? [] : DASHES[Math.floor(slot / COLORS)];
    const isTogetherShown = () => by === null || role("together").checked;

    function shownLines() {
      const lines = isTogetherShown() ? [[by ? TOGETHER : data.value, by ? "All" : "", together, by ? TOGETHER_SLOT : 0]] : [];
      for (const [i, slot] of slots) lines.push([nameOf(i), data.names[i], groups[i], slot]);
      return lines;
    }

    function wordsOf({value, part, base, marks}, j) {
      const notes = applying(marks[j]).map((i) => data.marks[i].words);
      if (!data.isSettled[j]) notes.unshift(`incomplete ${data.unit}`);
      const known = isRatio
        ? `${percent(value[j])}: ${number(part[j])} ${data.part} of ${number(base[j])} ${data.base}`
        : `${number(value[j])} ${data.value}`;
      return [known, ...notes].join("; ");
    }

    function look(group, j) {
      const marks = applying(group.marks[j]);
      if (!data.isSettled[j]) return [UNSETTLED, 10, 1];
      if (marks.length) return [SHAPES[marks.at(-1)], 6, 1];
      return isLone(group, j) ? ["circle", 5, 1] : ["circle", 9, 0];  // there for the pointer, not to be seen
    }

    function draw() {
      const lines = {at: [], value: [], base: [], color: [], dash: [], width: []}, ends = [];
      const dots = {at: [], value: [], base: [], color: [], marker: [], size: [], alpha: [], who: [], when: [], words: []};
      const push = (columns, row) => Object.entries(row).forEach(([name, value]) => columns[name].push(value));
      for (const [who, label, group, slot] of shownLines()) {
        const color = css(variable(slot)), base = group.base ?? group.value;
        push(lines, {at: data.at, value: group.value, base, color, dash: dashOf(slot), width: slot < 0 ? 3 : 2});
        let end = -1;
        group.value.forEach((value, j) => {
          if (Number.isNaN(value)) return;
          const [marker, size, alpha] = look(group, j);
          push(dots, {at: data.at[j], value, base: base[j], color, marker, size, alpha, who, when: data.labels[j], words: wordsOf(group, j)});
          end = j;
        });
        if (end >= 0) ends.push({text: cut(label), color, at: data.at[end], value: group.value[end], base: base[end]});
      }
      chart.sources.lines.data = lines;
      chart.sources.points.data = dots;
      for (const plot of chart.plots) scale(plot, dots[plot.kind], ends);
      zoom();
    }

    const cut = (label) => label.length > LABEL_LENGTH ? `${label.slice(0, LABEL_LENGTH - 1)}…` : label;

    // The range fits what is chosen; names at the line ends move apart until they can be read.
    function scale({kind, range, labels, plot, isLog, formatter}, values, ends) {
      let low = Math.min(...values), high = Math.max(...values);
      if (!values.length) [low, high] = isLog ? [1, 1000] : [0, 1];
      if (isLog) { low = Math.max(0.7, low / 1.6); high *= 1.6; }
      else {
        const room = Math.max(isRatio ? 0.02 : Math.abs(high) * 0.02 || 1, (high - low) * 0.08);
        low -= room; high += room;
        if (isRatio) { low = Math.max(-0.03, low); high = Math.min(1.03, high); }
      }
      range.setv({start: low, end: high});
      if (!isLog) formatter.format = isRatio ? (high - low < 0.05 ? "0.0%" : "0%") : "0,0.[00]a";
      const to = isLog ? Math.log : (v) => v, back = isLog ? Math.exp : (v) => v;
      const gap = (to(high) - to(low)) * 15 / (plot.height - 50);
      const sorted = ends.map((end) => ({...end, y: to(end[kind])})).sort((a, b) => a.y - b.y);
      spread(sorted, gap, to(low), to(high));
      labels.data = {
        at: sorted.map((e) => e.at), value: sorted.map((e) => back(e.y)),
        color: sorted.map((e) => e.color), text: sorted.map((e) => e.text),
      };
    }

    function spread(sorted, gap, low, high) {
      for (let i = 0; i < sorted.length; i++)
        sorted[i].y = Math.max(sorted[i].y, i ? sorted[i - 1].y + gap : low + gap / 2);
      for (let i = sorted.length - 1; i >= 0; i--)
        sorted[i].y = Math.min(sorted[i].y, i < sorted.length - 1 ? sorted[i + 1].y - gap : high - gap / 2);
    }

    function zoom() {
      const days = Number(section.querySelector("button[data-days][aria-pressed=true]").dataset.days);
      const end = data.at[last], first = days ? Math.max(data.at[0], end - (days - 1) * DAY) : data.at[0];
      const span = end - first || 2 * data.step;
      const width = Math.max(150, section.querySelector(".chart").clientWidth - 120);
      const letters = Math.max(4, ...chart.plots[0].labels.data.text.map((text) => text.length));
      for (const {ticker} of chart.plots) ticker.desired_num_ticks = Math.max(2, Math.round(width / 130));
      chart.time.setv({
        start: first - Math.max(span * 0.015, data.step / 2),
        end: end + Math.max(span * (13 + 8 * letters) / width, data.step),
      });
    }

    function band() {
      let first = last + 1;
      while (first > 0 && !data.isSettled[first - 1]) first--;
      if (first > last) return;
      const left = data.at[first] - data.step / 2, right = data.at[last] + data.step / 2;
      for (const plot of chart.plots) plot.band.setv({left, right, visible: true});
    }

    function swatch(slot) {
      return `<svg width="22" height="8" aria-hidden="true"><line x1="1" x2="21" y1="4" y2="4" style="stroke:var(${variable(slot)})" stroke-width="${slot < 0 ? 3 : 2.5}" stroke-dasharray="${dashOf(slot).join(" ")}"/></svg>`;
    }

    function chips() {
      role("chosen").replaceChildren(...[...slots].map(([i, slot]) => {
        const chip = document.createElement("button");
        Object.assign(chip, {type: "button", className: "chip", innerHTML: swatch(slot)});  // no data in it
        chip.append(nameOf(i));
        chip.setAttribute("aria-label", `Remove ${data.names[i]}`);
        chip.onclick = () => { slots.delete(i); update(); };
        return chip;
      }));
      for (const button of picks()) button.setAttribute("aria-pressed", String(slots.has(placeOf.get(button.dataset.group))));
    }

    const picks = () => [...document.querySelectorAll("button.pick")].filter((button) => button.dataset.by === by.name);
    const showRest = () => { for (const {rest} of chart.plots) rest.visible = by !== null && role("rest").checked; };

    function update() {
      draw();
      showRest();
      if (by) chips();
    }

    function add(i) {
      if (slots.has(i)) return true;
      const used = new Set(slots.values());
      const free = Array.from({length: MOST}, (_, slot) => slot).find((slot) => !used.has(slot));
      if (free === undefined) return false;
      slots.set(i, free);
      return true;
    }

    function choose(places) {
      const isFull = !places.map(add).every(Boolean);
      role("note").textContent = isFull ? `At most ${MOST} lines at a time: remove one first.` : "";
      update();
    }

    function chooseTyped() {
      const input = role("add"), typed = input.value.trim();
      const found = [typed, typed.toUpperCase()].find((name) => placeOf.has(name));
      if (found === undefined) return false;
      choose([placeOf.get(found)]);
      input.value = "";
      return true;
    }

    function toggle(i) {
      if (i === undefined) return;
      if (slots.has(i)) { slots.delete(i); update(); } else choose([i]);
    }

    const largest = () => { slots.clear(); choose(groups.slice(0, LARGEST).map((_, i) => i)); };

    function controls() {
      role("options").replaceChildren(...data.names.map((name, i) => new Option(nameOf(i), name)));
      role("add").addEventListener("input", (event) => {
        if (event.inputType === "insertReplacementText" || !event.inputType) chooseTyped();
      });
      role("add").addEventListener("keydown", (event) => {
        const typed = role("add").value.trim();
        if (event.key === "Enter" && typed && !chooseTyped()) role("note").textContent = `There is no ${typed} here.`;
      });
      role("largest").onclick = largest;
      role("none").onclick = () => { slots.clear(); choose([]); };
      role("rest").checked = data.names.length <= FEW_GROUPS;
      role("rest").onchange = showRest;
      role("together").checked = isRatio;  // the sum of counts would press its parts to the bottom
      role("together").onchange = draw;
      role("swatch").innerHTML = swatch(TOGETHER_SLOT);
      for (const button of picks()) button.addEventListener("click", () => toggle(placeOf.get(button.dataset.group)));
    }

    function zoomButtons() {
      const extent = (data.at[last] - data.at[0]) / DAY, step = data.step / DAY;
      const spans = SPANS.filter(([, days]) => days < extent * 0.95 && days / step >= 8).slice(0, 2);
      const buttons = [["All", 0], ...spans].map(([text, days], i) => {
        const button = document.createElement("button");
        Object.assign(button, {type: "button", textContent: text});
        Object.assign(button.dataset, {days});
        button.setAttribute("aria-pressed", String(i === 0));
        button.onclick = () => {
          for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
          zoom();
        };
        return button;
      });
      role("zoom").replaceChildren(...buttons);
      role("zoom").hidden = !spans.length;
    }

    zoomButtons();
    band();
    if (by) { controls(); largest(); } else update();
    document.addEventListener("theme", () => { chart.paint(); update(); });
    addEventListener("resize", zoom);
    return chart;
  }

  async function open(block) {
    const section = document.getElementById(block.dataset.line), place = section.querySelector(".chart");
    const chart = lineChart(section, JSON.parse(block.textContent));
    window.report.charts.push({place, view: await chart.show(place)});
    place.dataset.ready = "true";
  }

  document.querySelectorAll("script[data-line]").forEach(open);
})();
