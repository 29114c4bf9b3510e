/**
 * How much more is left of bytes that came evenly over `width` time constants, at the end of that time, than if all of them
 * had come at its start: (e^width - 1) / width.
 */
export function spreadOver(width: number): number {
  return width === 0 ? 1 : Math.expm1(width) / width;
}
