/** The record of the stress runs: its key and the key's complement, both written by `init`. */
export const MIX_RECORD_BYTES = 8;
