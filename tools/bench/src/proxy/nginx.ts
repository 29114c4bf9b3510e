import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";

// Arguments: PORT BACKEND_PORT. Runs nginx's stream module as a UDP proxy, one process, with a configuration and a
// folder of its own; says "ready PID" and ends it when this process is told to end.
const [port = "", backendPort = ""] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "udp-relay-nginx-"));
const module = "/usr/lib/nginx/modules/ngx_stream_module.so";
const configuration = `
${existsSync(module) ? `load_module ${module};` : ""}
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
worker_rlimit_nofile 65536;
events { worker_connections 30000; }
stream {
  server {
    listen 127.0.0.1:${port} udp;
    proxy_pass 127.0.0.1:${backendPort};
    proxy_timeout 60s;
  }
}
`;
writeFileSync(join(folder, "nginx.conf"), configuration);
const nginx = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "inherit" });
const end = (): void => {
  nginx.kill("SIGTERM");
};
process.on("SIGTERM", end);
process.on("SIGINT", end);
nginx.on("exit", (code) => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(code ?? 1);
});
setTimeout(() => {
  console.log(`ready ${nginx.pid}`);
}, 500);
