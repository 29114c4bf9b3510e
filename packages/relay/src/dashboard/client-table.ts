import type { ClientReport } from "../report/relay-report.ts";
import { byteCount, byteRate, clientId, datagramCount, duration, percent } from "../report/quantities.ts";
import { sparkline } from "./sparkline.ts";

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (client: ClientReport) => string;
  readonly alignLeft?: boolean | undefined;
}

const endpointColumn = (width: number): Column => ({
  title: "endpoint",
  width,
  alignLeft: true,
  cell: ({ endpoint }) => endpoint,
});
const ENDPOINT_COLUMNS = 15;
/** The widest an endpoint column grows to on a wide terminal: an IPv6 address with its port. */
const WIDEST_ENDPOINT = 47;

const name: Column = {
  title: "client",
  width: 8,
  alignLeft: true,
  cell: ({ id, protocol }) => clientId(id, protocol),
};
const rates: readonly Column[] = [
  { title: "in", width: 9, cell: ({ bytesPerSecondIn }) => byteRate(bytesPerSecondIn) },
  { title: "out", width: 9, cell: ({ bytesPerSecondOut }) => byteRate(bytesPerSecondOut) },
];
const path: readonly Column[] = [
  { title: "RTT", width: 7, cell: ({ rttMs }) => duration(rttMs) },
  { title: "jitter", width: 7, cell: ({ jitterMs }) => duration(jitterMs) },
  { title: "loss", width: 6, cell: ({ lossPerMille }) => percent(lossPerMille) },
  { title: "prio", width: 4, cell: ({ priority }) => String(priority) },
  { title: "idle", width: 6, cell: ({ idleMs }) => `${(idleMs / 1000).toFixed(1)} s` },
];
/** What 80 columns show. */
const narrow: readonly Column[] = [name, endpointColumn(ENDPOINT_COLUMNS), ...rates, ...path];

const protocolColumn: Column = {
  title: "proto",
  width: 5,
  alignLeft: true,
  cell: ({ protocol }) => protocol,
};
const datagrams: readonly Column[] = [
  { title: "pkts in", width: 9, cell: ({ packetsReceived }) => datagramCount(packetsReceived) },
  { title: "pkts out", width: 9, cell: ({ packetsSent }) => datagramCount(packetsSent) },
];
const bytes: readonly Column[] = [
  { title: "total in", width: 9, cell: ({ bytesReceived }) => byteCount(bytesReceived) },
  { title: "total out", width: 9, cell: ({ bytesSent }) => byteCount(bytesSent) },
];

/** A client's sparkline is shown from this width on, and no wider than its history is long. */
const NARROWEST_TRACE = 8;
const WIDEST_TRACE = 60;

const widthOf = (columns: readonly Column[]): number =>
  columns.reduce((sum, { width }) => sum + width + 1, 0);

/**
 * The table's lines, title first, each at most `width` columns wide. 80 columns show the narrow table; what a wider
 * terminal has goes to whole endpoints first, then to counts, and the rest to a sparkline of each client's rate.
 *
 * @param historyOf bytes a second of a client, newest last; without it there are no sparklines
 */
export function clientTable(
  clients: readonly ClientReport[],
  width: number,
  historyOf?: (client: ClientReport) => readonly number[],
): string[] {
  const columns = columnsFor(clients, width, historyOf);
  const line = (cells: readonly string[]): string => cells.join(" ").slice(0, width);
  return [
    line(columns.map((column) => fitted(column, column.title))),
    ...clients.map((client) => line(columns.map((column) => fitted(column, column.cell(client))))),
  ];
}

function columnsFor(
  clients: readonly ClientReport[],
  width: number,
  historyOf?: (client: ClientReport) => readonly number[],
): Column[] {
  let spare = Math.max(0, width + 1 - widthOf(narrow));
  const take = (columns: readonly Column[]): readonly Column[] => {
    if (widthOf(columns) > spare) return [];
    spare -= widthOf(columns);
    return columns;
  };
  const longest = clients.reduce((most, { endpoint }) => Math.max(most, endpoint.length), 0);
  const wanted = Math.max(ENDPOINT_COLUMNS, Math.min(longest, WIDEST_ENDPOINT));
  const endpoint = endpointColumn(Math.min(wanted, ENDPOINT_COLUMNS + spare));
  spare -= endpoint.width - ENDPOINT_COLUMNS;
  const isMixed = clients.some(({ protocol }) => protocol !== clients[0]!.protocol);
  const protocol = isMixed ? take([protocolColumn]) : [];
  const counts = [...take(datagrams), ...take(bytes)];
  const traceWidth = Math.min(WIDEST_TRACE, spare - 1);
  const trace: Column[] =
    historyOf === undefined || traceWidth < NARROWEST_TRACE
      ? []
      : [{ title: "rate", width: traceWidth, cell: (client) => sparkline(historyOf(client), traceWidth) }];
  return [name, ...protocol, endpoint, ...rates, ...trace, ...counts, ...path];
}

function fitted({ width, alignLeft }: Column, cell: string): string {
  const cut = cell.length > width ? `${cell.slice(0, width - 1)}~` : cell;
  return alignLeft === true ? cut.padEnd(width) : cut.padStart(width);
}
