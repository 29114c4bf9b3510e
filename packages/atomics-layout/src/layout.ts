import type { RecordLayout } from "./region-plan.ts";
import type { Groups } from "./layout-group.ts";
import { planLayout } from "./layout-plan.ts";
import type { Updates } from "./layout-update.ts";
import type { FieldPlacement, LayoutPlan } from "./planned-layout.ts";
import { compileView } from "./view.ts";
import type { RecordView, ViewClass } from "./view-records.ts";
import type { FieldNameOf, ViewOf } from "./view-type.ts";

/** How a layout is made. */
export interface LayoutOptions<LayoutUpdates> {
  /** What a cache line, or a pair that the processor fetches together, has: 64 by default. */
  readonly lineBytes?: 64 | 128 | undefined;
  /** Compound updates: methods of the view, one WebAssembly call each. */
  readonly updates?: LayoutUpdates | undefined;
}

/** A layout with its class: what `compileLayout` returns and what a generated file exports. */
export interface Layout<
  View extends RecordView = RecordView,
  FieldName extends string = string,
> extends RecordLayout {
  readonly fields: Readonly<Record<FieldName, FieldPlacement>>;
  /** `new Player.View(region).at(slot)`; make one a thread, and move it. */
  readonly View: ViewClass<View>;
}

/** A layout without its class: what a `*.layout.ts` file exports, for `atomics-layout generate` to read. */
export interface LayoutDefinition<
  View extends RecordView = RecordView,
  FieldName extends string = string,
> extends LayoutPlan {
  readonly [DEFINITION]: true;
  readonly fields: Readonly<Record<FieldName, FieldPlacement>>;
  /** Never there: it carries the type from `defineLayout` to `compileLayout`. */
  readonly viewType?: View | undefined;
}

/** Known to every copy of this package, so that the command line reads a file that imports another copy. */
const DEFINITION: unique symbol = Symbol.for("@udp-relay/atomics-layout/definition") as never;

/**
 * Decides the place of every field of a record, and refuses what cannot be laid out.
 *
 * @param name of the generated class and of regions, such as "Player"
 * @throws LayoutError ERR_LAYOUT_NAME, _FIELD, _LINE, _OVERLAP, _ALIGNMENT, _WRITERS, _UPDATE; the message names the field
 */
export function defineLayout<
  const LayoutGroups extends Groups,
  const LayoutUpdates extends Updates<FieldNameOf<LayoutGroups>>,
>(
  name: string,
  groups: LayoutGroups,
  options: LayoutOptions<LayoutUpdates> = {},
): LayoutDefinition<ViewOf<LayoutGroups, LayoutUpdates>, FieldNameOf<LayoutGroups>> {
  const plan = planLayout(name, groups, options.lineBytes ?? 64, options.updates ?? {});
  return { ...plan, [DEFINITION]: true };
}

/**
 * The class that `atomics-layout generate` would write, made now: by closures, without `eval`.
 *
 * @throws LayoutError as `defineLayout` does
 */
export function compileLayout<View extends RecordView, FieldName extends string>(
  definition: LayoutDefinition<View, FieldName>,
): Layout<View, FieldName>;
export function compileLayout<
  const LayoutGroups extends Groups,
  const LayoutUpdates extends Updates<FieldNameOf<LayoutGroups>>,
>(
  name: string,
  groups: LayoutGroups,
  options?: LayoutOptions<LayoutUpdates>,
): Layout<ViewOf<LayoutGroups, LayoutUpdates>, FieldNameOf<LayoutGroups>>;
export function compileLayout(
  what: LayoutDefinition | string,
  groups: Groups = {},
  options: LayoutOptions<Updates> = {},
): Layout {
  const definition = typeof what === "string" ? defineLayout(what, groups, options) : what;
  const { name, hash, byteLength, lineBytes, fields, updates } = definition;
  return { name, hash, byteLength, lineBytes, fields, updates, View: compileView(definition) };
}

/** Whether a value of unknown origin, such as a module's export, is what `defineLayout` returns. */
export function isLayoutDefinition(value: unknown): value is LayoutDefinition {
  return typeof value === "object" && value !== null && DEFINITION in value;
}
