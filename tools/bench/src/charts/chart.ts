import { formatValue } from "../report.ts";
import type { RunReport } from "../report.ts";

/** A table of a report as a picture beside the README that shows it. */
export interface Chart {
  readonly area: string;
  /** The table's title. */
  readonly table: string;
  /** Below packages/. */
  readonly file: string;
  /** Longer bars are the better ones. */
  readonly moreIsBetter?: true;
}

export const charts: readonly Chart[] = [
  { area: "clock", table: "One read of the time, Node", file: "clock/figures/reads.svg" },
  {
    area: "address",
    table: "A verdict on an endpoint, 10,000 denied prefixes, random global peers",
    file: "address-validation/figures/verdicts.svg",
  },
  {
    area: "map",
    table: "hit, u32 keys, 100,000 entries",
    file: "sharded-map/figures/hits.svg",
  },
  {
    area: "client",
    table: "A datagram's state path, u32 keys, 1,000 clients",
    file: "tunnel-client/figures/state-path.svg",
  },
  {
    area: "quality",
    table: "One sample recorded or read, Node",
    file: "quality-analyzer/figures/samples.svg",
  },
  {
    area: "io",
    table: "forwarding 128 bytes at 120,000/s, 1,000 receivers, 16 sources, 1 to a receiver in a row",
    file: "adapters/figures/forwarding.svg",
    moreIsBetter: true,
  },
  {
    area: "relay",
    table: "CnCNet V3, 200 clients, 120,000 datagrams/s",
    file: "relay/figures/throughput.svg",
    moreIsBetter: true,
  },
  {
    area: "proxy",
    table: "session proxy, 1,000 sessions",
    file: "relay/figures/proxy.svg",
    moreIsBetter: true,
  },
];

/** Where the longest bar is as many times the shortest, the others would be as good as none beside it. */
const LOGARITHMIC_FROM = 200;

/** Fewer say too little for a picture. */
const LEAST_ROUNDS = 5;

/**
 * The README with the chart shown: after the paragraph that names the bench's area, if it does not show it yet.
 * `undefined` where no paragraph does.
 */
export function readmeWith(chart: Chart, readme: string): string | undefined {
  const link = chart.file.replace(/^[^/]+\//, "");
  if (readme.includes(`(${link})`)) return readme;
  const named = readme.indexOf(`npm run bench -- ${chart.area}`);
  const end = readme.indexOf("\n\n", named);
  if (named < 0 || end < 0) return undefined;
  return `${readme.slice(0, end)}\n\n![${chart.table}](${link})${readme.slice(end)}`;
}

/** What echarts draws of a chart, or why it cannot. */
export function drawingOf(
  chart: Chart,
  report: RunReport,
): { readonly height: number; readonly option: object } | string {
  const result = report.suites.find(({ suite }) => suite.area === chart.area && suite.title === chart.table);
  if (result === undefined) return `the report has no table "${chart.area}: ${chart.table}"`;
  if (result.roundsRun < LEAST_ROUNDS) return `${result.roundsRun} of at least ${LEAST_ROUNDS} rounds`;
  const bars = result.cases
    .flatMap((one) => (one.state === "measured" ? [{ name: one.name, spread: one.spread }] : []))
    .reverse();
  if (bars.length === 0) return `no case of "${chart.table}" was measured`;
  const medians = bars.map(({ spread }) => spread.median);
  const shortest = Math.min(...medians);
  const isLogarithmic = shortest > 0 && Math.max(...medians) / shortest > LOGARITHMIC_FROM;
  const { machine } = report;
  const colour = (name: string): string => (name === result.suite.reference ? "#9aa4b2" : "#3b82c4");
  const option = {
    animation: false,
    backgroundColor: "#ffffff",
    title: {
      text: result.suite.title,
      subtext: [
        `median ${result.suite.unit}${isLogarithmic ? ", logarithmic" : ""}, ${chart.moreIsBetter ? "more" : "less"} is better, lines: quartiles, ${result.roundsRun} interleaved rounds, grey: the reference`,
        `${machine.cpu}, ${machine.cpuCount} CPUs, ${machine.system}, node ${machine.versions.node ?? ""}, ${report.startedAt.slice(0, 10)}`,
      ].join("\n"),
      textStyle: { fontSize: 15 },
      subtextStyle: { fontSize: 11, color: "#57606a" },
      left: 12,
      top: 8,
    },
    grid: { left: 290, right: 80, top: 84, bottom: isLogarithmic ? 28 : 12 },
    xAxis: {
      ...(isLogarithmic
        ? { type: "log", min: 10 ** Math.floor(Math.log10(shortest)) }
        : { type: "value", axisLabel: { show: false } }),
      splitLine: { show: isLogarithmic },
    },
    yAxis: { type: "category", data: bars.map(({ name }) => name), axisTick: { show: false } },
    series: [
      {
        type: "bar",
        barWidth: 16,
        data: bars.map(({ name, spread }) => ({ value: spread.median, itemStyle: { color: colour(name) } })),
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: "#24292f", type: "solid", width: 2 },
          data: bars.map(({ spread }, place) => [
            { coord: [spread.q1, place] },
            { coord: [spread.q3, place] },
          ]),
        },
      },
      {
        // The figures stand behind the quartiles' lines.
        type: "scatter",
        symbolSize: 0,
        data: bars.map(({ spread }, place) => [Math.max(spread.median, spread.q3), place]),
        label: {
          show: true,
          position: "right",
          distance: 8,
          color: "#24292f",
          formatter: ({ dataIndex }: { dataIndex: number }) => formatValue(bars[dataIndex]!.spread.median),
        },
      },
    ],
  };
  return { height: (isLogarithmic ? 120 : 104) + bars.length * 30, option };
}
