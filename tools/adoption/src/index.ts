export { adoptedProgram } from "./adopted-program.ts";
export { LoopbackSockets } from "./loopback-sockets.ts";
export { runProgram } from "./run-program.ts";
