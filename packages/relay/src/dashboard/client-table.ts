import type { ClientReport } from "../report/relay-report.ts";
import { byteRate, clientId, duration, percent } from "../report/quantities.ts";

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (client: ClientReport) => string;
  readonly alignLeft?: boolean;
}

const columns: readonly Column[] = [
  { title: "client", width: 8, alignLeft: true, cell: ({ id, protocol }) => clientId(id, protocol) },
  { title: "endpoint", width: 15, alignLeft: true, cell: ({ endpoint }) => endpoint },
  { title: "in", width: 9, cell: ({ bytesPerSecondIn }) => byteRate(bytesPerSecondIn) },
  { title: "out", width: 9, cell: ({ bytesPerSecondOut }) => byteRate(bytesPerSecondOut) },
  { title: "RTT", width: 7, cell: ({ rttMs }) => duration(rttMs) },
  { title: "jitter", width: 7, cell: ({ jitterMs }) => duration(jitterMs) },
  { title: "loss", width: 6, cell: ({ lossPerMille }) => percent(lossPerMille) },
  { title: "prio", width: 4, cell: ({ priority }) => String(priority) },
  { title: "idle", width: 6, cell: ({ idleMs }) => `${(idleMs / 1000).toFixed(1)} s` },
];

/** The widest an endpoint column grows to on a wide terminal: an IPv6 address with its port. */
const WIDEST_ENDPOINT = 47;

/** The table's lines, title first, each at most `width` columns wide. 80 columns show everything of an IPv4 client. */
export function clientTable(clients: readonly ClientReport[], width: number): string[] {
  const fixed = columns.reduce((sum, column) => sum + column.width + 1, -1);
  const spare = Math.max(0, width - fixed);
  const longest = clients.reduce((most, { endpoint }) => Math.max(most, endpoint.length), 0);
  const widen = Math.min(spare, Math.max(0, Math.min(longest, WIDEST_ENDPOINT) - columns[1]!.width));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const column = columns[i]!;
        const columnWidth = column.width + (i === 1 ? widen : 0);
        const cut = cell.length > columnWidth ? `${cell.slice(0, columnWidth - 1)}~` : cell;
        return column.alignLeft === true ? cut.padEnd(columnWidth) : cut.padStart(columnWidth);
      })
      .join(" ")
      .slice(0, width);
  return [
    line(columns.map(({ title }) => title)),
    ...clients.map((client) => line(columns.map(({ cell }) => cell(client)))),
  ];
}
