import type { RelayReport } from "../report/relay-report.ts";
import { byteRate, count, duration } from "../report/quantities.ts";
import { type ClientOrder, clientOrders, orderClients } from "./client-order.ts";
import { clientTable } from "./client-table.ts";
import type { RateHistory } from "./rate-history.ts";
import { sparkline } from "./sparkline.ts";

/** One line of the screen; what it stands for decides its looks where there is colour. */
export interface DashboardLine {
  readonly text: string;
  readonly kind: "title" | "plain" | "head" | "warning" | "keys";
}

export interface DashboardView {
  readonly columns: number;
  readonly rows: number;
  readonly order: ClientOrder;
  readonly title: string;
  /** Extra lines under the title, such as what the demo does. */
  readonly notes: readonly string[];
}

/** From here on there is room for more than the numbers themselves. */
const WIDE_COLUMNS = 110;
/** Of a rate, and with its peak. */
const LABEL_COLUMNS = 26;
const WIDE_LABEL_COLUMNS = 36;
/** A worker's load has a sparkline of so many columns at least, and at most. */
const LOAD_COLUMNS = { least: 8, most: 40 };
/** Reasons of drops take so many lines at most. */
const MOST_DROP_LINES = 3;

/** The whole screen, at most `rows` lines of at most `columns` columns: what is drawn, and what tests read. */
export function dashboardFrame(
  report: RelayReport,
  history: RateHistory,
  view: DashboardView,
): DashboardLine[] {
  const { columns } = view;
  const isWide = columns >= WIDE_COLUMNS;
  const line = (kind: DashboardLine["kind"], text: string): DashboardLine => ({
    kind,
    text: text.slice(0, columns),
  });
  const live = orderClients(
    report.clients.filter(({ live }) => live),
    view.order,
  );
  const rate = (name: string, values: readonly number[]): DashboardLine => {
    const label = isWide ? WIDE_LABEL_COLUMNS : LABEL_COLUMNS;
    const shown = values.slice(label - columns);
    const peak = isWide ? `  peak ${byteRate(Math.max(0, ...shown))}` : "";
    const words = `${name} ${byteRate(values.at(-1) ?? 0)}${peak}`;
    return line("plain", `${words.padEnd(label)}${sparkline(shown, columns - label)}`);
  };
  const perSecond = isWide ? ` (${count(Math.round(history.datagramsPerSecond.at(-1) ?? 0))}/s)` : "";
  const head = [
    line("title", report.maintenance ? `${view.title}  MAINTENANCE` : view.title),
    ...view.notes.map((note) => line("plain", note)),
    line(
      "plain",
      `up ${duration(report.durationMs)}  ${live.length} clients  received ${count(report.received)}${perSecond}  forwarded ${count(report.forwarded)}  clock ${duration(report.clockStalenessMs)} old`,
    ),
    line(asAsked(report) ? "plain" : "warning", workerLoads(report, history.loads, columns)),
    rate("in ", history.bytesPerSecondIn),
    rate("out", history.bytesPerSecondOut),
    ...dropLines(report, columns),
    line("plain", ""),
  ];
  const [titles = "", ...rows] = clientTable(live, columns, (client) => history.ofClient(client));
  const room = Math.max(0, view.rows - head.length - 2);
  const shown = rows.length <= room ? rows : rows.slice(0, Math.max(0, room - 1));
  const more = rows.length - shown.length;
  const body = shown.map((text) => line("plain", text));
  if (more > 0) body.push(line("plain", `… and ${count(more)} more`));
  // The frame is as tall as the screen, so that nothing of what stood there before shows through.
  while (body.length < room) body.push(line("plain", ""));
  const keys = line("keys", keysLine(view.order, columns));
  return [...[...head, line("head", titles), ...body].slice(0, view.rows - 1), keys];
}

/** The keys that there is room for; the others work, too. */
function keysLine(order: ClientOrder, columns: number): string {
  return clientOrders.reduce((text, { key, title }) => {
    const longer = `${text} ${key} ${title}`;
    return longer.length <= columns ? longer : text;
  }, `q quit | by ${order.title} |`);
}

/** Drops by reason, the most frequent first, as many as there is room for. */
function dropLines({ socketDropped, dropped }: RelayReport, columns: number): DashboardLine[] {
  const drops = Object.entries({ ...socketDropped, ...dropped }).sort(([, a], [, b]) => b - a);
  if (drops.length === 0) return [{ kind: "plain", text: "dropped 0" }];
  const lines = ["dropped"];
  for (const [reason, n] of drops) {
    const word = `${lines.at(-1) === "dropped" ? " " : "  "}${reason} ${count(n)}`;
    if (lines.at(-1)!.length + word.length <= columns) lines[lines.length - 1] += word;
    else if (lines.length < MOST_DROP_LINES) lines.push(`        ${word.trimStart()}`);
    else {
      lines[lines.length - 1] = `${lines.at(-1)!.slice(0, columns - 2)} …`;
      break;
    }
  }
  return lines.map((text) => ({ kind: "warning", text: text.slice(0, columns) }));
}

/** Whether every thread that was asked for relays. */
function asAsked({ workers, threadsRefused }: RelayReport): boolean {
  return threadsRefused === null && workers.every(({ state }) => state === "running");
}

/** `load 0 node 12 %  1 node 9 % (2 restarts)`, and how each was busy where there is room for it. */
function workerLoads(
  { workers, threadsRefused }: RelayReport,
  loads: readonly (readonly number[])[],
  columns: number,
): string {
  const words = workers.map(({ index, state, transport, load, restarts }) => {
    const doing = state === "running" ? `${Math.round(load * 100)} %` : state;
    return `${index} ${transport} ${doing}${restarts === 0 ? "" : ` (${restarts} restarts)`}`;
  });
  const line = (shown: readonly string[]): string =>
    `load ${shown.join("  ")}${threadsRefused === null ? "" : `  no threads: ${threadsRefused}`}`;
  const spare = columns - line(words).length;
  const each = Math.min(LOAD_COLUMNS.most, Math.floor(spare / words.length) - 1);
  if (columns < WIDE_COLUMNS || each < LOAD_COLUMNS.least) return line(words);
  return line(words.map((word, i) => `${word} ${sparkline(loads[workers[i]!.index] ?? [], each, 1)}`));
}
