import { ESLintUtils } from "@typescript-eslint/utils";

const isSharedArray = (type) => {
  const name = type.symbol?.name ?? "";
  if (!/^(Big)?(Ui|I)nt\d+(Clamped)?Array$|^Float\d+Array$|^DataView$/.test(name)) return false;
  const [buffer] = type.typeArguments ?? type.aliasTypeArguments ?? [];
  return buffer?.symbol?.name === "SharedArrayBuffer";
};

/** Shared words are touched through the memory module only, so that the model checker runs the shipped code. */
const sharedMemory = {
  meta: {
    type: "problem",
    docs: { description: "no Atomics and no indexing of shared arrays outside the memory module" },
    messages: {
      atomics: "Use the functions of @udp-relay/atomics-layout/memory: Atomics is named nowhere else.",
      index:
        "Use peek/poke or load/store of @udp-relay/atomics-layout/memory: a shared array is indexed nowhere else.",
    },
    schema: [],
  },
  create(context) {
    const services = ESLintUtils.getParserServices(context);
    return {
      'MemberExpression[object.name="Atomics"]'(node) {
        context.report({ node, messageId: "atomics" });
      },
      "MemberExpression[computed=true]"(node) {
        const type = services.getTypeAtLocation(node.object);
        const members = type.isUnion() ? type.types : [type];
        if (members.some(isSharedArray)) context.report({ node, messageId: "index" });
      },
    };
  },
};

/** The export condition swaps the module by its package name; a relative import would bypass the checker. */
const memoryByName = {
  meta: {
    type: "problem",
    docs: { description: "the memory module is imported by its package name" },
    messages: {
      relative:
        "Import @udp-relay/atomics-layout/memory by name: a relative import escapes the model checker.",
    },
    schema: [],
  },
  create(context) {
    return {
      "ImportDeclaration, ExportNamedDeclaration[source]"(node) {
        if (
          /^\.{1,2}\/(.*\/)?memory(-model)?\.[jt]s$/.test(node.source.value) &&
          /atomics-layout/.test(context.filename)
        ) {
          context.report({ node, messageId: "relative" });
        }
      },
    };
  },
};

export default { rules: { "shared-memory": sharedMemory, "memory-by-name": memoryByName } };
