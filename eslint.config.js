import nx from "@nx/eslint-plugin";
import { importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";
import sharedMemory from "./tools/lint/shared-memory.js";

const floors = [0, 1, 2, 3, 4, 5];

export default tseslint.config(
  {
    ignores: ["**/dist", "**/out-tsc", "**/node_modules", "**/*.generated.ts", "**/target", "**/tmp", ".nx"],
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { nx: nx, "import-x": importX, "udp-relay": sharedMemory },
    settings: {
      "import-x/extensions": [".ts"],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts"] },
    },
    rules: {
      // A package of floor N imports lower floors only; floor 1's packages do not know each other.
      "nx/enforce-module-boundaries": [
        "error",
        {
          allow: [],
          // A package imports its own memory module by name, so that the model checker's condition can swap it.
          allowCircularSelfDependency: true,
          enforceBuildableLibDependency: false,
          banTransitiveDependencies: false,
          checkDynamicDependenciesExceptions: [".*"],
          depConstraints: [
            ...floors.map((floor) => ({
              sourceTag: `floor:${floor}`,
              onlyDependOnLibsWithTags: floors
                .filter((lower) => lower < floor)
                .map((lower) => `floor:${lower}`),
            })),
          ],
        },
      ],
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "udp-relay/shared-memory": "error",
      "udp-relay/memory-by-name": "error",

      // `using guard = map.enter()`: it is there for its end.
      "@typescript-eslint/no-unused-vars": [
        "error",
        { ignoreUsingDeclarations: true, argsIgnorePattern: "^_" },
      ],
      // Counters and word arithmetic are what this code is about.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/restrict-plus-operands": ["error", { allowNumberAndString: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Indexed reads of a typed array are `number | undefined` only to the type checker: in bounds by construction.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/unified-signatures": "off",
      "@typescript-eslint/prefer-literal-enum-member": "off",
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
    },
  },
  {
    files: ["**/test/**/*.ts", "**/examples/**/*.ts", "**/model-check/**/*.ts", "tools/**/*.ts"],
    rules: {
      "udp-relay/shared-memory": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-empty-function": "off",
    },
  },
  {
    // An option that is undefined is as if it were absent, for callers with `exactOptionalPropertyTypes`, too: whoever
    // hands on an option of his own need not leave it out. Holds for the
    // optional properties of every interface, so that nobody has to ask.
    files: ["packages/*/src/**/*.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        ...[":not(TSUnionType)", "TSUnionType:not(:has(> TSUndefinedKeyword))"].map((type) => ({
          selector: `TSInterfaceBody > TSPropertySignature[optional=true] > TSTypeAnnotation > ${type}`,
          message: "An optional property takes an explicit undefined: say `| undefined`.",
        })),
      ],
    },
  },
  {
    // The two places that touch shared words: the memory module (and its hooked twin), and clock's access file.
    files: ["packages/atomics-layout/src/memory*.ts", "packages/clock/src/shared-cell*.ts"],
    rules: { "udp-relay/shared-memory": "off" },
  },
);
