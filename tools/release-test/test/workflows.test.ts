import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../../", import.meta.url);
const folder = new URL(".github/workflows/", root);
const workflows = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(new URL(name, folder), "utf8"),
}));
const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
  scripts: Record<string, string>;
};

/** The jobs of a workflow, each with its own lines. */
function jobs(text: string): Map<string, string> {
  const [, body = ""] = text.split(/^jobs:\n/m);
  const parts = body.split(/^ {2}([\w-]+):\n/m).slice(1);
  return new Map(parts.flatMap((part, i) => (i % 2 === 0 ? [[part, parts[i + 1] ?? ""] as const] : [])));
}

describe("the workflows", () => {
  it("run scripts that exist", () => {
    const asked = workflows.flatMap(({ text }) => [
      ...text.matchAll(/\brun ([\w:-]+:[\w-]+|check|release-test|size)\b/g),
    ]);
    expect(asked.length).toBeGreaterThan(5);
    for (const [, script] of asked) expect(Object.keys(scripts)).toContain(script);
  });

  it("let only the job that publishes prove who it is, and that job runs no code of the packages", () => {
    for (const { text } of workflows) {
      for (const [name, job] of jobs(text)) {
        expect({ name, identity: job.includes("id-token: write") }).toEqual({
          name,
          identity: name === "publish",
        });
      }
    }
    const publish = jobs(workflows.find(({ name }) => name === "release.yml")!.text).get("publish")!;
    expect([...publish.matchAll(/- run: (.*)/g)].map((match) => match[1])).toEqual([
      expect.stringMatching(/^npm install --global ".*packageManager.*"$/),
      "pnpm install --frozen-lockfile --ignore-scripts",
    ]);
  });

  it("name each action by a commit, with the release that it is of", () => {
    for (const { text } of workflows) {
      const used = [...text.matchAll(/uses: (.*)/g)].map((match) => match[1]);
      expect(used.length).toBeGreaterThan(0);
      for (const action of used) expect(action).toMatch(/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  it("leave setup-node's cache off: it looks for a pnpm that is not there yet, and a release trusts no cache", () => {
    for (const { text } of workflows) {
      const setups = text.match(/uses: actions\/setup-node@/g) ?? [];
      expect(text.match(/package-manager-cache: false/g) ?? []).toHaveLength(setups.length);
    }
  });

  it("hold no registry token: npm trusts the workflow itself", () => {
    for (const { text } of workflows) expect(text).not.toMatch(/NPM_TOKEN|NODE_AUTH_TOKEN|_authToken/);
  });

  it("check every supported Node, Bun, macOS and Windows", () => {
    const check = workflows.find(({ name }) => name === "check.yml")!.text;
    for (const row of [
      '"20", "22", "24", "26", bun',
      "macos-latest, windows-latest, ubuntu-24.04-arm",
      "test, run test:bun",
    ]) {
      expect(check).toContain(`[${row}]`);
    }
  });
});
