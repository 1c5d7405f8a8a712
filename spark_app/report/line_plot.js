// The plots of a line chart, made with Bokeh: a value over time, and below it what it was divided by.
(() => {
  const {
    BoxAnnotation, ColumnDataSource, Column, CrosshairTool, DatetimeAxis, DatetimeTickFormatter, DatetimeTicker, Grid, HoverTool, Line,
    LinearAxis, LinearScale, LogAxis, LogScale, MultiLine, NumeralTickFormatter, PanTool, Plot, Range1d, Scatter,
    Span, Text,
  } = Bokeh.Models;
  const {Document} = Bokeh.require("document");
  const FEW_GROUPS = 40, TIPS_AT_ONCE = 3;
  const HEIGHTS = {value: 400, base: 230};
  const TOOLTIP = '<div style="font-size:13px;line-height:1.45;max-width:19rem;padding:2px 4px">' +
    '<strong style="color:@color">@who</strong> · @when<br>@words</div>';

  // The year stands below the first of its days.
  const dates = () => new DatetimeTickFormatter({
    days: "%b %d", months: "%b %Y", boundary_scaling: false, context_which: "all",
    context: new DatetimeTickFormatter({
      hours: "%b %d, %Y", days: "%Y", months: "", years: "", boundary_scaling: false, hide_repeats: true,
    }),
  });

  const field = (name) => ({field: name});
  const source = (names) => new ColumnDataSource({data: Object.fromEntries(names.map((name) => [name, []]))});

  window.report.linePlots = (data, context) => {
    const painted = [];  // [model, {property: CSS variable}]
    const themed = (model, colors) => { painted.push([model, colors]); return model; };
    const kinds = data.base === null ? ["value"] : ["value", "base"];
    const sources = {
      context: new ColumnDataSource({data: context}),
      lines: source(["at", "value", "base", "color", "dash", "width"]),
      points: source(["at", "value", "base", "color", "marker", "size", "alpha", "who", "when", "words"]),
    };
    const time = new Range1d({start: 0, end: 1});
    const crosshair = themed(new Span({dimension: "height", line_width: 1}), {line_color: "--line-strong"});
    const plots = kinds.map(make);
    const root = new Column({children: plots.map(({plot}) => plot), sizing_mode: "stretch_width"});

    function make(kind) {
      const isLog = kind === "base", range = new Range1d({start: 0, end: 1});
      const plot = new Plot({
        x_range: time, y_range: range, y_scale: isLog ? new LogScale() : new LinearScale(), height: HEIGHTS[kind],
        sizing_mode: "stretch_width", min_border_left: 64, min_border_right: 8, toolbar_location: null,
        background_fill_color: null, border_fill_color: null, outline_line_color: null, lod_threshold: null,
      });
      const axes = addAxes(plot, kind, isLog), labels = source(["at", "value", "color", "text"]);
      for (const mark of data.marks.filter(({of}) => of === kind)) addThreshold(plot, mark.below);
      const layers = addLayers(plot, kind);
      const text = new Text({
        x: field("at"), y: field("value"), text: field("text"), text_color: field("color"), x_offset: 8,
        text_baseline: "middle", text_font_size: "12px", text_font_style: "bold",
      });
      plot.add_glyph(text, labels);
      plot.add_tools(new CrosshairTool({overlay: crosshair, dimensions: "height"}));
      return {kind, plot, range, labels, isLog, ...axes, ...layers};
    }

    function addAxes(plot, kind, isLog) {
      const style = {
        axis_line_color: null, major_tick_line_color: null, minor_tick_line_color: null,
        major_label_text_font_size: "12px", axis_label_text_font_size: "12px", axis_label_text_font_style: "normal",
      };
      const ticker = new DatetimeTicker(), formatter = new NumeralTickFormatter({format: "0a"});
      const Vertical = isLog ? LogAxis : LinearAxis;
      const vertical = new Vertical({...style, formatter, axis_label: isLog ? `${data.base}, log scale` : data.value});
      for (const [axis, place] of [[new DatetimeAxis({...style, ticker, formatter: dates()}), "below"], [vertical, "left"]])
        plot.add_layout(themed(axis, {major_label_text_color: "--ink-2", axis_label_text_color: "--ink-2"}), place);
      const grid = new Grid({dimension: 1, ticker: vertical.ticker});
      plot.add_layout(themed(grid, {grid_line_color: "--line"}));
      return {ticker, formatter};
    }

    // From back to front: times that are not settled, all groups in grey, chosen lines, their points.
    function addLayers(plot, kind) {
      const band = new BoxAnnotation({visible: false, line_color: null, level: "underlay"});
      plot.add_layout(themed(band, {fill_color: "--band"}));
      const alpha = data.names.length <= FEW_GROUPS ? 0.5 : 0.2;
      const grey = new Line({x: field("at"), y: field(kind), line_width: 1, line_alpha: alpha});
      const rest = plot.add_glyph(themed(grey, {line_color: "--context"}), sources.context);
      plot.add_glyph(new MultiLine({
        xs: field("at"), ys: field(kind), line_color: field("color"), line_dash: field("dash"),
        line_width: field("width"), line_join: "round", line_cap: "round",
      }), sources.lines);
      const points = new Scatter({
        x: field("at"), y: field(kind), marker: field("marker"), size: field("size"), line_color: field("color"),
        line_width: 1.5, line_alpha: field("alpha"), fill_alpha: field("alpha"),
      });
      const drawn = plot.add_glyph(themed(points, {fill_color: "--surface"}), sources.points);
      plot.add_tools(new HoverTool({renderers: [drawn], tooltips: TOOLTIP, limit: TIPS_AT_ONCE}));
      plot.add_tools(new PanTool({dimensions: "width"}));
      return {band, rest};
    }

    function addThreshold(plot, location) {
      const line = new Span({dimension: "width", location, line_dash: "dashed", level: "underlay"});
      plot.add_layout(themed(line, {line_color: "--line-strong"}));
    }

    function paint() {
      for (const [model, colors] of painted)
        for (const [property, variable] of Object.entries(colors)) {
          const old = model[property], color = window.report.css(variable);
          model[property] = old !== null && typeof old === "object" && "value" in old ? {value: color} : color;
        }
    }

    async function show(place) {
      paint();
      const page = new Document();
      page.add_root(root);
      const views = await Bokeh.embed.add_document_standalone(page, place);
      return views.roots[0];
    }

    return {plots, sources, time, paint, show};
  };
})();
