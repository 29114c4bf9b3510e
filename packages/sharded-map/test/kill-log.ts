/** What a worker knows of a key of its own: it is out of the map, in it, or an operation on it is under way. */
export const OUT = 0;
export const IN = 1;
export const BETWEEN = 2;
