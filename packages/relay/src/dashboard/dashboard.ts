import { Box, render, Text, useInput, useWindowSize } from "ink";
import { createElement as h, type ReactElement, useState } from "react";
import type { RelayReport } from "../report/relay-report.ts";
import { clientOrders } from "./client-order.ts";
import { dashboardFrame, type DashboardLine, type RateHistory } from "./dashboard-frame.ts";

/** Points of a rate that are kept for the sparkline: more than any terminal has columns. */
const HISTORY_POINTS = 400;

export interface DashboardOptions {
  readonly title: string;
  readonly notes: readonly string[];
  /** Called once when the person presses q, Escape or Ctrl-C. */
  readonly onQuit: () => void;
}

/** The live table on the terminal's alternate screen; the terminal is restored by {@link close}. */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #history: { bytesPerSecondIn: number[]; bytesPerSecondOut: number[] } = {
    bytesPerSecondIn: [],
    bytesPerSecondOut: [],
  };
  readonly #instance: ReturnType<typeof render>;
  #previous: RelayReport | undefined;

  constructor(first: RelayReport, options: DashboardOptions) {
    this.#options = options;
    this.#instance = render(this.#screen(first), {
      alternateScreen: true,
      exitOnCtrlC: false,
      patchConsole: false,
    });
  }

  update(report: RelayReport): void {
    const previous = this.#previous;
    if (previous !== undefined) {
      const seconds = Math.max(1e-3, (report.durationMs - previous.durationMs) / 1000);
      push(this.#history.bytesPerSecondIn, (report.receivedBytes - previous.receivedBytes) / seconds);
      push(this.#history.bytesPerSecondOut, (report.forwardedBytes - previous.forwardedBytes) / seconds);
    }
    this.#previous = report;
    this.#instance.rerender(this.#screen(report));
  }

  async close(): Promise<void> {
    this.#instance.unmount();
    await this.#instance.waitUntilExit();
  }

  #screen(report: RelayReport): ReactElement {
    return h(Screen, { report, history: { ...this.#history }, options: this.#options });
  }
}

function push(values: number[], value: number): void {
  values.push(value);
  if (values.length > HISTORY_POINTS) values.shift();
}

interface ScreenProps {
  readonly report: RelayReport;
  readonly history: RateHistory;
  readonly options: DashboardOptions;
}

function Screen({ report, history, options }: ScreenProps): ReactElement {
  const { columns, rows } = useWindowSize();
  const [order, setOrder] = useState(clientOrders[0]!);
  useInput((input, key) => {
    if (input === "q" || key.escape || (key.ctrl && input === "c")) {
      options.onQuit();
      return;
    }
    const chosen = clientOrders.find((candidate) => candidate.key === input);
    if (chosen) setOrder(chosen);
  });
  const lines = dashboardFrame(report, history, {
    columns,
    rows: rows - 1,
    order,
    title: options.title,
    notes: options.notes,
  });
  return h(
    Box,
    { flexDirection: "column" },
    lines.map((line, i) =>
      h(Text, { key: i, wrap: "truncate", ...looks[line.kind] }, line.text === "" ? " " : line.text),
    ),
  );
}

/** Without colour (https://no-color.org) the words carry everything. */
const hasColour = (process.env.NO_COLOR ?? "") === "";

const looks: Readonly<
  Record<DashboardLine["kind"], { bold?: boolean; dimColor?: boolean; inverse?: boolean; color?: string }>
> = {
  title: { bold: true },
  plain: {},
  head: { inverse: true },
  warning: hasColour ? { color: "yellow" } : { bold: true },
  keys: { dimColor: true },
};
