import { measure } from "../../src/index.ts";

measure((iterations) => {
  let sum = 0;
  for (let i = 0; i < iterations; i++) sum = (sum + i) | 0;
  return sum;
});
