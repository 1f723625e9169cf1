// What the pages need beside htmx: a word when they have stopped, and the charts.
"use strict";
(() => {
  const body = document.body;
  const frozen = document.getElementById("frozen");
  const patience = 3000 * Number(body.dataset.heartbeat);
  let heard = Date.now();
  body.addEventListener("htmx:sseMessage", () => { heard = Date.now(); });
  setInterval(() => { frozen.hidden = Date.now() - heard < patience; }, 1000);

  const DASHES = [[], [9, 5], [2, 3], [12, 3, 2, 3]];
  const charts = new Map();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function options(node, data) {
    const size = parseFloat(getComputedStyle(node).fontSize);
    const number = new Intl.NumberFormat(data.language, { maximumFractionDigits: 2 });
    const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: `${size * 0.85}px sans-serif` };
    const [year, day, time] = data.language === "vi" ? ["{MM}/{YYYY}", "{DD}/{MM}", "{HH}:{mm}"] : ["{YYYY}-{MM}", "{MM}-{DD}", "{HH}:{mm}"];
    const local = (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone);
    const date = (seconds, step) => uPlot.fmtDate(step < 86400 ? time : step < 2419200 ? day : year)(local(seconds));
    return {
      width: node.clientWidth,
      height: node.clientHeight,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      tzDate: local,
      scales: { y: { range: (_, low, high) => low === null ? [0, 1] : [Math.min(0, low), high > 0 ? high * 1.05 : Math.min(0, low) === 0 ? 1 : 0] } },
      axes: [
        { ...axis, space: size * 5, size: size * 2.2, values: (_, marks, __, ___, step) => marks.map((mark) => date(mark, step)) },
        { ...axis, size: size * 4.2, values: (_, marks) => marks.map((mark) => number.format(mark)) },
      ],
      series: [{}, ...data.series.map((one, place) => {
        const paint = colour(`--s${(place % 4) + 1}`);
        return data.bars
          ? { label: one.label, stroke: paint, fill: paint, paths: uPlot.paths.bars({ size: [0.7, 60] }), points: { show: false } }
          : { label: one.label, stroke: paint, width: 2, dash: DASHES[place % 4] };
      })],
      hooks: { setCursor: [(plot) => {
        const at = plot.cursor.idx;
        node.title = at == null ? "" : [`${date(data.times[at], 86400)} ${date(data.times[at], 0)}`.replace(" 00:00", ""),
          ...data.series.map((one) => `${one.label}: ${one.values[at] == null ? "—" : number.format(one.values[at])}`)].join("\n");
      }] },
    };
  }

  function draw(node, anew) {
    const chart = charts.get(node);
    if (chart && !anew && chart.text === node.dataset.lines) return;
    const data = JSON.parse(node.dataset.lines);
    if (chart) chart.plot.destroy();
    charts.set(node, { text: node.dataset.lines, plot: new uPlot(options(node, data), [data.times, ...data.series.map((one) => one.values)], node) });
    if (!chart) resized.observe(node);
  }

  const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    const chart = charts.get(target);
    if (chart) chart.plot.setSize({ width: target.clientWidth, height: target.clientHeight });
  }));

  function drawAll(anew) {
    for (const [node, chart] of charts) {
      if (!node.isConnected) { resized.unobserve(node); chart.plot.destroy(); charts.delete(node); }
    }
    document.querySelectorAll("[data-lines]").forEach((node) => draw(node, anew));
  }

  // A chart is ours: what the server sends of its place is an empty one, and must not take it away.
  Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => !node.parentElement?.classList.contains("plot");
  body.addEventListener("htmx:sseMessage", () => drawAll(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
  drawAll(false);
})();
