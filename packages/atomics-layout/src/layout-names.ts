import { LayoutError } from "./atomics-layout-error.ts";
import { accessorsOf } from "./field-accessors.ts";
import type { FieldPlacement, PlannedUpdate } from "./planned-layout.ts";

/** Members of every view, and of every object: no field, accessor or update may hide them. */
const RESERVED_MEMBERS = new Set([
  "at",
  "slot",
  "region",
  "byteOffset",
  "constructor",
  "prototype",
  // An object with a `then` is taken for a promise.
  "then",
  ...Object.getOwnPropertyNames(Object.prototype),
]);

/** Words that cannot name a parameter or a variable (ECMA-262, 12.7.2, strict mode), and what shadowing would break. */
const RESERVED_WORDS = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends
  false finally for function if implements import in instanceof interface let new null package private protected
  public return static super switch this throw true try typeof var void while with yield undefined`.split(
    /\s+/,
  ),
);

const CAMEL_CASE = /^[a-z][A-Za-z0-9]{0,39}$/;
const PASCAL_CASE = /^[A-Z][A-Za-z0-9]{0,39}$/;

export function checkLayoutName(name: string): void {
  if (!PASCAL_CASE.test(name))
    refuse(`layout "${name}": a name such as "PlayerRecord" is needed, of 40 at most`);
}

export function checkGroupName(layoutName: string, name: string): void {
  if (!CAMEL_CASE.test(name))
    refuse(`${layoutName}.${name}: the group needs a name such as "hotPath", of 40 at most`);
}

export function checkFieldName(path: string, name: string): void {
  if (RESERVED_MEMBERS.has(name)) refuse(`${path}: "${name}" is reserved, every view has such a member`);
  if (!CAMEL_CASE.test(name)) refuse(`${path}: the field needs a name such as "lastSeenMs", of 40 at most`);
}

export function checkUpdateName(path: string, name: string): void {
  if (RESERVED_MEMBERS.has(name)) refuse(`${path}: "${name}" is reserved, every view has such a member`);
  if (!CAMEL_CASE.test(name)) refuse(`${path}: the update needs a name such as "received", of 40 at most`);
}

export function checkParameterName(path: string, name: string): void {
  if (RESERVED_WORDS.has(name)) refuse(`${path}: the parameter "${name}" is a word of the language`);
  if (!CAMEL_CASE.test(name))
    refuse(`${path}: the parameter "${name}" needs a name such as "nowMs", of 40 at most`);
}

/** Two fields may not give the view one and the same member: "packets" has "addPackets", and so may nobody else. */
export function checkMembers(
  layoutName: string,
  fields: readonly FieldPlacement[],
  updates: readonly PlannedUpdate[],
): void {
  const owners = new Map<string, string>();
  const claim = (member: string, owner: string): void => {
    const other = owners.get(member);
    if (RESERVED_MEMBERS.has(member)) refuse(`${owner} needs the member "${member}", which is reserved`);
    if (other !== undefined && other !== owner)
      refuse(`${owner} and ${other} both need the member "${member}"`);
    owners.set(member, owner);
  };
  for (const field of fields) {
    const path = `${layoutName}.${field.group}.${field.name}`;
    for (const { member } of accessorsOf(field)) claim(member, path);
  }
  for (const { name } of updates) claim(name, `${layoutName}.${name}()`);
}

function refuse(message: string): never {
  throw new LayoutError("ERR_LAYOUT_NAME", message);
}
